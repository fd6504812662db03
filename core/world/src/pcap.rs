//! A trace as a capture file.

use crate::trace::Trace;
use esim_net::pcap::Capture;
use esim_rsp::trace::{Party, Record};

/// The trace as a capture (libpcap) for Wireshark and tshark: APDUs and NAS of LTE in GSMTAP, S6a and S6d as Diameter
/// over SCTP, S11 and S4 as GTPv2-C, user packets in their tunnels and beyond the gateway. NAS of 3G, which GSMTAP does
/// not carry, and structures without a standard encoding are left out, as are ES2+, ES9+ and ES10, which the APDUs and
/// TLS would hold.
pub fn pcap(trace: &Trace) -> Vec<u8> {
    let mut capture = Capture::new();
    let mut command: Option<&Record> = None;
    for record in trace.records() {
        let bytes = &record.bytes;
        match record.interface.as_str() {
            "APDU" if record.to == Party::Euicc => command = Some(record),
            "APDU" => {
                if let Some(command) = command.take() {
                    capture.apdu(record.at, &command.bytes, bytes);
                }
            }
            "NAS" if record.from == Party::Mme || record.to == Party::Mme => {
                capture.lte_nas(record.at, bytes);
            }
            "S6a" | "S6d" => capture.diameter(record.at, record.from == Party::Hss, bytes),
            "S11" | "S4" => capture.gtp_c(record.at, record.from == Party::Gateway, bytes),
            "S1-U" | "S12" => capture.gtp_u(record.at, record.from == Party::Gateway, bytes),
            "SGi" => capture.ip(record.at, bytes),
            _ => {}
        }
    }
    capture.finish()
}
