//! An exported capture opens in tshark (Debian's): every packet is dissected as what it is, none is malformed.
//! Where tshark is missing the test says so, and fails if peers are required.

use esim_sm_edge::block_on;
use esim_world::{SCENARIOS, Scenario, pcap, play};
use std::collections::BTreeMap;
use std::process::Command;

fn has_tshark() -> bool {
    let found = Command::new("tshark").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        assert!(
            std::env::var_os("ESIM_LAB_REQUIRE_PEERS").is_none(),
            "tshark is missing: apt-get install tshark"
        );
        eprintln!("skipped: tshark is not installed");
    }
    found
}

fn tshark(path: &std::path::Path, arguments: &[&str]) -> String {
    let output = Command::new("tshark")
        .args(["-n", "-o", "nas-eps.null_decipher:TRUE", "-r"])
        .arg(path)
        .args(arguments)
        .output()
        .expect("tshark runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn tshark_finds_nothing_malformed() {
    if !has_tshark() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut all: BTreeMap<String, usize> = BTreeMap::new();
    for (name, text) in SCENARIOS {
        let scenario = Scenario::read(text).expect("a scenario");
        let played = block_on(play(&scenario, &mut |_| ())).expect("played");
        let path = folder.path().join(format!("{name}.pcap"));
        std::fs::write(&path, pcap(played.world.trace())).expect("written");
        // Expert information of severity error: malformed packets, wrong checksums, undecodable elements.
        let errors = tshark(&path, &["-Y", "_ws.malformed || _ws.expert.severity == error"]);
        assert_eq!(errors, "", "{name}");
        for line in tshark(&path, &["-T", "fields", "-e", "frame.protocols"]).lines() {
            for layer in line.split(':') {
                *all.entry(layer.to_string()).or_default() += 1;
            }
        }
    }
    for protocol in ["gsm_sim", "nas-eps", "gtpv2", "diameter", "tcp", "icmp"] {
        assert!(all.keys().any(|it| it.contains(protocol)), "no {protocol} among {all:?}");
    }
}

/// What tshark calls the messages is what the trace calls them.
#[test]
fn tshark_reads_the_names_that_were_meant() {
    if !has_tshark() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("capture.pcap");
    let text = esim_world::find_scenario("pp-tries-web-call-sms").expect("a scenario");
    let played = block_on(play(&Scenario::read(text).expect("read"), &mut |_| ())).expect("played");
    std::fs::write(&path, pcap(played.world.trace())).expect("written");
    let fields = tshark(
        &path,
        &["-Y", "nas-eps", "-T", "fields", "-e", "nas_eps.nas_msg_emm_type", "-E", "occurrence=f"],
    );
    let seen: Vec<u8> = fields
        .lines()
        .filter_map(|line| u8::from_str_radix(line.trim_start_matches("0x"), 16).ok())
        .collect();
    let sent: Vec<u8> = played
        .world
        .trace()
        .records()
        .iter()
        .filter(|record| record.interface == "NAS")
        .filter_map(|record| {
            let plain = esim_net::nas::security::open(&record.bytes).map_or(&record.bytes[..], |it| it.plain);
            // The first octet tells EMM from ESM.
            (plain[0] == 0x07).then(|| plain[1])
        })
        .collect();
    assert_eq!(seen, sent);
    let text = tshark(&path, &["-V", "-Y", "nas-eps || gtpv2 || diameter || icmp"]);
    for expected in [
        "CS domain not available",
        "Operator determined barring",
        "Communication administratively filtered",
        "APN (Access Point Name): internet",
        "001019900000001",
    ] {
        assert!(text.contains(expected), "{expected} is not in what tshark shows");
    }
}
