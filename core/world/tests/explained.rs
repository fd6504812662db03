//! Every message of the story as a tree in which all has a name.

use esim_rsp::explain::Node;
use esim_rsp::trace::{Party, Record};
use esim_world::explain_record;

fn record(interface: &str, to: Party, bytes: Vec<u8>) -> Record {
    let function = String::from("function");
    Record { n: 0, at: 0, from: Party::Lpa, to, interface: interface.into(), function, bytes }
}

fn named<'a>(nodes: &'a [Node], name: &str) -> &'a Node {
    let found = nodes.iter().find(|node| node.name == name);
    found.unwrap_or_else(|| panic!("no {name} among {:?}", nodes.iter().map(|n| &n.name).collect::<Vec<_>>()))
}

#[test]
fn a_member_of_json_stands_where_its_text_says() {
    let text = r#" { "a":1, "b\u00e9" : {"c": ["x", "ü"], "d": null}, "e": "" } "#;
    let explained = explain_record(&record("ES9+", Party::Sm, text.trim().as_bytes().to_vec()));
    let [part] = &explained.parts[..] else { panic!("{explained:?}") };
    let of = |node: &Node| text.trim()[node.whole.clone()].to_string();
    assert_eq!(part.label, "");
    assert_eq!(part.nodes.iter().map(of).collect::<Vec<_>>()[0], r#""a":1"#);
    let second = named(&part.nodes, "bé");
    assert!(of(second).starts_with(r#""b\u00e9" : {"c""#), "{}", of(second));
    let list = &second.children[0];
    assert_eq!((list.name.as_str(), list.type_name.as_str()), ("c", "array"));
    assert_eq!((of(&list.children[1]), list.children[1].text.as_str()), ("\"ü\"".to_string(), "ü"));
    assert_eq!(&text.trim()[part.nodes[2].value.clone()], "\"\"");
    assert_eq!(part.nodes[2].text, "\"\"");
}

#[test]
fn each_octet_of_an_apdu_is_named() {
    let apdu = hex::decode("81E2110006BF3E035C015A").unwrap();
    let explained = explain_record(&record("APDU", Party::Euicc, apdu));
    let nodes = &explained.parts[0].nodes;
    let names: Vec<_> = nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["CLA", "INS", "P1", "P2", "Lc", "data"]);
    assert_eq!(nodes[0].text, "81 (proprietary, logical channel 1)");
    assert_eq!(nodes[2].text, "11 (more blocks follow, BER-TLV, answers)");
    let answer = hex::decode("62178202782183023F00A5068001718701018A0105C6029000").unwrap();
    let explained = explain_record(&record("APDU", Party::Modem, [&answer[..], &[0x90, 0x00]].concat()));
    let nodes = &explained.parts[0].nodes;
    assert_eq!(nodes[1].text, "9000 (executed)");
    let fcp = named(&nodes[0].children, "FCP template");
    assert_eq!(named(&fcp.children, "file identifier").text, "3F00 (MF)");
    assert_eq!(named(&fcp.children, "life cycle status").text, "05 (operational, activated)");
}

/// The records of the story, told once.
fn story() -> Vec<Record> {
    let mut world = esim_world::in_memory(7).unwrap();
    let scenario = esim_world::Scenario::story().unwrap();
    esim_sm_edge::block_on(esim_world::play_in(&mut world, &scenario, &mut |_| ())).unwrap();
    world.trace().records().to_vec()
}

/// Types that a tag alone tells: who shows one of them has found no name.
const UNIVERSAL: [&str; 10] = [
    "BOOLEAN",
    "INTEGER",
    "BIT STRING",
    "OCTET STRING",
    "OBJECT IDENTIFIER",
    "SEQUENCE",
    "SEQUENCE OF",
    "SET",
    "UTF8String",
    "unknown extension",
];

fn nameless(path: &str, node: &Node, out: &mut Vec<String>) {
    let is_type = !node.type_name.is_empty() && !UNIVERSAL.contains(&node.type_name.as_str());
    let own = if node.name.is_empty() { &node.type_name } else { &node.name };
    let path = format!("{path}/{own}");
    let says_nothing = node.children.is_empty() && node.text.is_empty();
    let is_unknown = node.type_name == "unknown extension" || node.name.starts_with("unknown");
    if (node.name.is_empty() && !is_type) || says_nothing || is_unknown {
        out.push(format!("{path} {:X} {}", node.tag, node.text));
    }
    node.children.iter().for_each(|child| nameless(&path, child, out));
}

/// Octets of a part that no node has: before, between and after the children of each.
fn uncovered(path: &str, nodes: &[Node], within: std::ops::Range<usize>, out: &mut Vec<String>) {
    let mut at = within.start;
    for node in nodes {
        let path = format!("{path}/{}{}", node.name, node.type_name);
        // Two half octets share one.
        if node.whole.start > at {
            out.push(format!("{path}: octets {at} to {} before it", node.whole.start));
        }
        at = at.max(node.whole.end);
        if !node.children.is_empty() {
            uncovered(&path, &node.children, node.value.clone(), out);
        }
    }
    if at < within.end {
        out.push(format!("{path}: octets {at} to {} after all", within.end));
    }
}

#[test]
fn no_node_of_the_story_is_without_a_name() {
    let records = story();
    let (mut out, mut parts) = (Vec::new(), 0);
    for n in 0..records.len() {
        let explained = esim_world::explain_record_in(&records, n).unwrap();
        for part in &explained.parts {
            parts += 1;
            let path = format!("{} [{}]", explained.title, part.label);
            if part.nodes.is_empty() && !part.hex.is_empty() {
                out.push(format!("{path}: no tree"));
            }
            part.nodes.iter().for_each(|node| nameless(&path, node, &mut out));
        }
    }
    assert!(parts > 800, "{parts} parts");
    assert!(out.is_empty(), "{} nodes without a name:\n{}", out.len(), out.join("\n"));
    assert!(esim_world::explain_record_in(&records, records.len()).is_none());
}

#[test]
fn every_octet_of_the_story_is_some_nodes() {
    let records = story();
    let mut out = Vec::new();
    for (n, record) in records.iter().enumerate() {
        let explained = esim_world::explain_record_in(&records, n).unwrap();
        for part in explained.parts.iter().filter(|part| !part.nodes.is_empty()) {
            // Braces and commas of JSON are no member's.
            if record.bytes.starts_with(b"{") && part.label.is_empty() {
                continue;
            }
            let path = format!("{} [{}]", explained.title, part.label);
            uncovered(&path, &part.nodes, 0..part.hex.len() / 2, &mut out);
        }
    }
    assert!(out.is_empty(), "{} gaps:\n{}", out.len(), out.join("\n"));
}

#[test]
fn a_file_that_is_read_is_known_by_what_was_selected() {
    let records = story();
    let read = |name: &str| {
        let found = (0..records.len()).filter(|n| records[*n].interface == "APDU").find_map(|n| {
            let explained = esim_world::explain_record_in(&records, n)?;
            let data = explained.parts.first()?.nodes.iter().find(|node| node.name == "data")?.clone();
            data.children.into_iter().find(|node| node.name == name && !node.children.is_empty())
        });
        found.unwrap_or_else(|| panic!("nobody reads {name}"))
    };
    assert_eq!(named(&read("EF.IMSI").children, "IMSI").text.len(), 15);
    assert_eq!(named(&read("EF.ICCID").children, "ICCID").text.len(), 19);
}
