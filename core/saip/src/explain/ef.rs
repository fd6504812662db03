//! Contents of elementary files (TS 102 221 13, TS 31.102 4.2).

use super::words::{key_name, unsigned};
use crate::coding::{
    decode_alpha, decode_dir, decode_iccid, decode_imsi, decode_number, decode_plmn, services,
};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::explain::Node;
use esim_rsp::shape::{octets, text};

/// What is in a file, or in a record of it, by its name in the templates (`ef-imsi`); nothing if it is not known or the
/// octets are not that long.
pub fn content(name: &str, value: &[u8]) -> Vec<Node> {
    match name {
        "ef-iccid" => iccid(value),
        "ef-imsi" => imsi(value),
        "ef-ad" => administrative(value),
        "ef-ust" => service_table(value, "TS 31.102 4.2.8"),
        "ef-est" => service_table(value, "TS 31.102 4.2.47"),
        "ef-ist" => service_table(value, "TS 31.103 4.2.7"),
        "ef-acc" => classes(value),
        "ef-loci" => location(value),
        "ef-psloci" => packet_location(value),
        "ef-epsloci" => eps_location(value),
        "ef-dir" => directory(value),
        "ef-spn" => provider(value),
        "ef-fplmn" | "ef-ehplmn" => networks(value, 3),
        "ef-plmnwact" | "ef-oplmnwact" | "ef-hplmnwact" | "ef-hpplmnwact" => networks(value, 5),
        "ef-msisdn" | "ef-fdn" | "ef-sdn" => phone_number(value),
        "ef-pl" | "ef-li" => languages(value),
        "ef-arr" => access_rules(value),
        "ef-hpplmn" => leaf(value, "search period", "TS 31.102 4.2.6", |value| {
            format!("{} × 6 minutes", unsigned(value))
        }),
        "ef-keys" | "ef-keysPS" => keys(value),
        "ef-gid1" | "ef-gid2" => leaf(value, "group identifier", "TS 31.102 4.2.10", octets),
        "ef-ecc" => emergency(value),
        "ef-umpc" => power(value),
        "ef-threshold" => leaf(value, "maximum value of START", "TS 31.102 4.2.52", octets),
        "ef-start-hfn" => pairs(value, &[("START CS", 3), ("START PS", 3)], "TS 31.102 4.2.51"),
        "ef-smss" => {
            pairs(value, &[("last used TP-MR", 1), ("memory capacity exceeded", 1)], "TS 31.102 4.2.9")
        }
        "ef-impi" | "ef-domain" | "ef-impu" => identity(value),
        _ => Vec::new(),
    }
}

fn leaf(value: &[u8], name: &str, clause: &str, show: impl Fn(&[u8]) -> String) -> Vec<Node> {
    match value {
        [] => Vec::new(),
        value => Vec::from([Node::named(name, clause, 0..value.len(), show(value))]),
    }
}

/// Parts of fixed length; nothing unless they fill the value.
fn pairs(value: &[u8], parts: &[(&str, usize)], clause: &str) -> Vec<Node> {
    if value.len() != parts.iter().map(|(_, length)| length).sum::<usize>() {
        return Vec::new();
    }
    let mut at = 0;
    let node = |(name, length): &(&str, usize)| {
        let range = at..at + length;
        at = range.end;
        Node::named(name, clause, range.clone(), value.get(range).map(octets).unwrap_or_default())
    };
    parts.iter().map(node).collect()
}

fn iccid(value: &[u8]) -> Vec<Node> {
    let Ok(ten) = <&[u8; 10]>::try_from(value) else { return Vec::new() };
    leaf(value, "ICCID", "TS 102 221 13.2", |_| decode_iccid(ten))
}

fn imsi(value: &[u8]) -> Vec<Node> {
    let Some((length, _)) = value.split_first().filter(|_| value.len() == 9) else { return Vec::new() };
    let shown = decode_imsi(value).unwrap_or_else(|| octets(value));
    Vec::from([
        Node::named("length of IMSI", "TS 31.102 4.2.2", 0..1, length.to_string()),
        Node::named("IMSI", "TS 31.102 4.2.2", 1..9, shown),
    ])
}

fn administrative(value: &[u8]) -> Vec<Node> {
    let [mode, high, low, rest @ ..] = value else { return Vec::new() };
    let named = match mode {
        0x00 => "normal operation",
        0x01 => "normal operation and specific facilities",
        0x02 => "maintenance (off line)",
        0x04 => "cell test operation",
        0x80 => "type approval operations",
        0x81 => "type approval operations and specific facilities",
        _ => "other",
    };
    let mut nodes = Vec::from([
        Node::named("UE operation mode", "TS 31.102 4.2.18", 0..1, format!("{mode:02X} ({named})")),
        Node::named("additional information", "TS 31.102 4.2.18", 1..3, octets(&[*high, *low])),
    ]);
    if let [length, ..] = rest {
        let digits = (length & 0x0F).to_string();
        nodes.push(Node::named("length of MNC in the IMSI", "TS 31.102 4.2.18", 3..4, digits));
    }
    if value.len() > 4 {
        let more = value.get(4..).map(octets).unwrap_or_default();
        nodes.push(Node::named("later information", "TS 31.102 4.2.18", 4..value.len(), more));
    }
    nodes
}

fn service_table(value: &[u8], clause: &str) -> Vec<Node> {
    let available: Vec<_> = services(value).iter().map(ToString::to_string).collect();
    leaf(value, "services available", clause, |_| match available.is_empty() {
        true => "none".into(),
        false => available.join(", "),
    })
}

fn classes(value: &[u8]) -> Vec<Node> {
    let Ok(two) = <[u8; 2]>::try_from(value) else { return Vec::new() };
    let bits = u16::from_be_bytes(two);
    let set: Vec<_> = (0..16).filter(|bit| bits >> bit & 1 == 1).map(|bit| bit.to_string()).collect();
    leaf(value, "access control classes", "TS 31.102 4.2.15", |_| match set.is_empty() {
        true => "none".into(),
        false => set.join(", "),
    })
}

fn area(value: &[u8]) -> String {
    match *value {
        [a, b, c, ref rest @ ..] => match decode_plmn([a, b, c]) {
            Some(plmn) => format!("PLMN {plmn}, {}", octets(rest)),
            None => format!("none, {}", octets(rest)),
        },
        _ => octets(value),
    }
}

fn status(value: &[u8]) -> String {
    let name = match value {
        [0] => "updated",
        [1] => "not updated",
        [2] => "PLMN not allowed, or roaming not allowed",
        [3] => "location area not allowed",
        _ => "reserved",
    };
    format!("{} ({name})", octets(value))
}

fn reworded(nodes: &mut [Node], value: &[u8], at: usize, show: fn(&[u8]) -> String) {
    if let Some(node) = nodes.get_mut(at) {
        node.text = value.get(node.whole.clone()).map(show).unwrap_or_default();
    }
}

fn location(value: &[u8]) -> Vec<Node> {
    let parts = [("TMSI", 4), ("location area information", 5), ("RFU", 1), ("location update status", 1)];
    let mut nodes = pairs(value, &parts, "TS 31.102 4.2.17");
    reworded(&mut nodes, value, 1, area);
    reworded(&mut nodes, value, 3, status);
    nodes
}

fn packet_location(value: &[u8]) -> Vec<Node> {
    let parts = [
        ("P-TMSI", 4),
        ("P-TMSI signature value", 3),
        ("routing area information", 6),
        ("routing area update status", 1),
    ];
    let mut nodes = pairs(value, &parts, "TS 31.102 4.2.23");
    reworded(&mut nodes, value, 2, area);
    reworded(&mut nodes, value, 3, status);
    nodes
}

fn eps_location(value: &[u8]) -> Vec<Node> {
    let parts = [("GUTI", 12), ("last visited registered TAI", 5), ("EPS update status", 1)];
    let mut nodes = pairs(value, &parts, "TS 31.102 4.2.91");
    reworded(&mut nodes, value, 1, area);
    reworded(&mut nodes, value, 2, |value| match value {
        [0] => "00 (updated)".into(),
        [1] => "01 (not updated)".into(),
        [2] => "02 (roaming not allowed)".into(),
        _ => octets(value),
    });
    nodes
}

fn directory(value: &[u8]) -> Vec<Node> {
    if value.iter().all(|octet| *octet == 0xFF) {
        return leaf(value, "empty record", "TS 102 221 13.1", |_| "no application".into());
    }
    let Some((aid, label)) = decode_dir(value) else { return Vec::new() };
    leaf(value, "application template", "TS 102 221 13.1", |_| format!("{} {label:?}", octets(&aid)))
}

fn provider(value: &[u8]) -> Vec<Node> {
    let Some((display, name)) = value.split_first().filter(|(_, name)| name.len() == 16) else {
        return Vec::new();
    };
    let shown = match display & 0x01 {
        0 => "registered PLMN need not be shown",
        _ => "registered PLMN is shown",
    };
    Vec::from([
        Node::named("display condition", "TS 31.102 4.2.12", 0..1, format!("{display:02X} ({shown})")),
        Node::named("service provider name", "TS 31.102 4.2.12", 1..17, format!("{:?}", decode_alpha(name))),
    ])
}

fn networks(value: &[u8], each: usize) -> Vec<Node> {
    let node = |(i, part): (usize, &[u8])| {
        let shown = match *part {
            [a, b, c, ref technology @ ..] => match decode_plmn([a, b, c]) {
                Some(plmn) if technology.is_empty() => plmn,
                Some(plmn) => format!("{plmn}, access technologies {}", octets(technology)),
                None => "none".into(),
            },
            _ => octets(part),
        };
        Node::named(&format!("PLMN {}", i + 1), "TS 31.102 4.2.5", i * each..i * each + part.len(), shown)
    };
    value.chunks(each).enumerate().map(node).collect()
}

fn phone_number(value: &[u8]) -> Vec<Node> {
    let shown = match decode_number(value) {
        Some((name, number)) => format!("{name:?} {number}"),
        None => "empty record".into(),
    };
    leaf(value, "number", "TS 31.102 4.2.26", |_| shown.clone())
}

fn languages(value: &[u8]) -> Vec<Node> {
    let each: Vec<_> = value.chunks(2).filter(|two| **two != [0xFF, 0xFF]).map(text).collect();
    leaf(value, "language codes", "TS 102 221 13.3", |_| match each.is_empty() {
        true => "none".into(),
        false => each.join(", "),
    })
}

/// Access mode and condition of each rule (TS 102 221 9.5, ISO/IEC 7816-4 5.4.3).
fn access_rules(value: &[u8]) -> Vec<Node> {
    let used = value.iter().rposition(|octet| *octet != 0xFF).map_or(0, |last| last + 1);
    let mut nodes = Vec::new();
    for tlv in esim_rsp::tlv::read_all(value, 0..used).unwrap_or_default() {
        let inner = value.get(tlv.value.clone()).unwrap_or_default();
        let (name, shown) = match tlv.tag {
            0x80 => ("access mode", modes(inner)),
            0x84 => ("access mode, by instruction", octets(inner)),
            0x90 => ("condition", "always".into()),
            0x97 => ("condition", "never".into()),
            0xA4 => ("condition", verified(inner)),
            0xA0 => ("condition", "one of several".into()),
            0xAF => ("condition", "all of several".into()),
            _ => ("security condition", octets(inner)),
        };
        let mut node = Node::named(name, "TS 102 221 9.2", tlv.whole, shown);
        (node.tag, node.value) = (tlv.tag, tlv.value);
        nodes.push(node);
    }
    if used < value.len() && !nodes.is_empty() {
        nodes.push(Node::named("padding", "TS 102 221 13.4", used..value.len(), "FF"));
    }
    nodes
}

fn modes(value: &[u8]) -> String {
    const NAMES: [(u8, &str); 6] = [
        (0x01, "read"),
        (0x02, "update"),
        (0x04, "write"),
        (0x08, "deactivate"),
        (0x10, "activate"),
        (0x40, "delete"),
    ];
    let first = value.first().copied().unwrap_or_default();
    let set: Vec<_> = NAMES.iter().filter(|(bit, _)| first & bit != 0).map(|(_, name)| *name).collect();
    format!("{} ({})", octets(value), set.join(", "))
}

fn verified(value: &[u8]) -> String {
    match *value {
        [0x83, 0x01, reference, ..] => format!("after {}", key_name(reference)),
        _ => octets(value),
    }
}

fn keys(value: &[u8]) -> Vec<Node> {
    pairs(value, &[("key set identifier", 1), ("CK", 16), ("IK", 16)], "TS 31.102 4.2.3")
}

fn emergency(value: &[u8]) -> Vec<Node> {
    let Some((number, rest)) = value.split_at_checked(3) else { return Vec::new() };
    let digits: String = esim_rsp::tbcd::halves(number)
        .filter(|digit| *digit < 10)
        .map(|digit| char::from(b'0' + digit))
        .collect();
    let mut nodes = Vec::from([Node::named("emergency call code", "TS 31.102 4.2.21", 0..3, digits)]);
    if !rest.is_empty() {
        let at = 3..value.len();
        nodes.push(Node::named("alpha identifier and category", "TS 31.102 4.2.21", at, octets(rest)));
    }
    nodes
}

fn power(value: &[u8]) -> Vec<Node> {
    let parts =
        [("maximum power consumption", 1), ("operator's waiting time", 1), ("further information", 3)];
    let nodes = pairs(value, &parts, "TS 102 221 13.7");
    if nodes.is_empty() { leaf(value, "maximum power consumption", "TS 102 221 13.7", octets) } else { nodes }
}

fn identity(value: &[u8]) -> Vec<Node> {
    let [0x80, length, rest @ ..] = value else { return Vec::new() };
    let Some(inner) = rest.get(..usize::from(*length)) else { return Vec::new() };
    let mut node = Node::named("identity", "TS 31.103 4.2", 0..2 + inner.len(), text(inner));
    node.value = 2..2 + inner.len();
    let mut nodes = Vec::from([node]);
    if inner.len() + 2 < value.len() {
        nodes.push(Node::named("padding", "TS 31.103 4.2", 2 + inner.len()..value.len(), "FF"));
    }
    nodes
}
