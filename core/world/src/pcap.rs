//! A trace as a capture file.

use crate::trace::Trace;
use esim_net::pcap::Capture;
use esim_rsp::json_binding::Interface;
use esim_rsp::trace::{Party, Record};

/// The trace as a capture (pcapng) for Wireshark and tshark: APDUs and NAS of LTE in GSMTAP, S6a and S6d as Diameter
/// over SCTP, S11 and S4 as GTPv2-C, user packets in their tunnels and beyond the gateway, ES2+, ES9+ and ES11 as HTTP, ES10 as
/// exported PDUs, which Wireshark names and does not dissect. A packet's comment says which message of the trace it is, and whose.
///
/// Nothing in a world speaks TLS: heads of HTTP and segments of TCP around the bodies are made for this file. NAS of 3G, which
/// GSMTAP does not carry, structures without a standard encoding, and what an operator asks an SM of ours beside the standard
/// are left out.
pub fn pcap(trace: &Trace) -> Vec<u8> {
    pcap_of(trace.records())
}

/// The same of records.
pub fn pcap_of(records: &[Record]) -> Vec<u8> {
    let mut capture = Capture::new();
    let mut command: Option<&Record> = None;
    let mut host = String::new();
    for record in records {
        let bytes = &record.bytes;
        match record.interface.as_str() {
            "APDU" if record.to == Party::Euicc => command = Some(record),
            "APDU" => {
                if let Some(command) = command.take() {
                    capture.comment(&format!("{}; {}", about(command), about(record)));
                    capture.apdu(record.at, &command.bytes, bytes);
                }
            }
            interface if interface.starts_with("ES10") => {
                capture.comment(&about(record));
                capture.exported(record.at, &format!("{interface} {}", record.function), bytes);
            }
            interface if interface.starts_with("ES") => over_http(&mut capture, record, &mut host),
            _ => of_the_network(&mut capture, record),
        }
    }
    capture.finish()
}

/// Number, interface, function and parties: `#24 ES10b: AuthenticateServer, lpa to euicc`.
fn about(record: &Record) -> String {
    let Record { n, interface, function, from, to, .. } = record;
    let name = |party| serde_json::to_value(party).ok().and_then(|name| Some(name.as_str()?.to_string()));
    let (from, to) = (name(*from).unwrap_or_default(), name(*to).unwrap_or_default());
    format!("#{n} {interface}: {function}, {from} to {to}")
}

fn over_http(capture: &mut Capture, record: &Record, host: &mut String) {
    let interfaces = Interface::ROOTS.into_iter().chain([Interface::Es11]);
    let Some(interface) = interfaces.into_iter().find(|it| it.name() == record.interface) else { return };
    let body = String::from_utf8_lossy(&record.bytes);
    let length = body.len();
    capture.comment(&about(record));
    let json = "Content-Type: application/json\r\nX-Admin-Protocol: gsma/rsp/v2.6.0";
    match record.function.strip_suffix(" response") {
        None => {
            // Whom the LPA speaks to stands in the first request of a session.
            if let Some(address) = address_in(&record.bytes) {
                *host = address;
            }
            let (path, host) = (format!("{}{}", interface.root(), record.function), host.as_str());
            let head = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\n{json}\r\nContent-Length: {length}");
            capture.http_request(record.at, format!("{head}\r\n\r\n{body}").as_bytes());
        }
        // SGP.22 6.5.1.1: a notification is answered without a body.
        Some(_) if length == 0 => {
            capture.http_answer(record.at, b"HTTP/1.1 204 No Content\r\n\r\n");
        }
        Some(_) => {
            let head = format!("HTTP/1.1 200 OK\r\n{json}\r\nContent-Length: {length}");
            capture.http_answer(record.at, format!("{head}\r\n\r\n{body}").as_bytes());
        }
    }
}

fn address_in(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let address = body["smdpAddress"].as_str()?;
    let is_host = address.bytes().all(|c| c.is_ascii_alphanumeric() || b".-:".contains(&c));
    is_host.then(|| address.to_string())
}

fn of_the_network(capture: &mut Capture, record: &Record) {
    let (at, bytes) = (record.at, &record.bytes);
    capture.comment(&about(record));
    match record.interface.as_str() {
        "NAS" if record.from == Party::Mme || record.to == Party::Mme => capture.lte_nas(at, bytes),
        "S6a" | "S6d" => capture.diameter(at, record.from == Party::Hss, bytes),
        "S11" | "S4" => capture.gtp_c(at, record.from == Party::Gateway, bytes),
        "S1-U" | "S12" => capture.gtp_u(at, record.from == Party::Gateway, bytes),
        "SGi" => capture.ip(at, bytes),
        // No packet: no comment either.
        _ => capture.comment(""),
    }
}
