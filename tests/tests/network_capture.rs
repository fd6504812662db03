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
    for protocol in ["gsm_sim", "nas-eps", "gtpv2", "diameter", "tcp", "icmp", "http", "json", "exported_pdu"]
    {
        assert!(all.keys().any(|it| it.contains(protocol)), "no {protocol} among {all:?}");
    }
}

/// Messages of ES9+ and ES10 stand in a capture by their names, and a comment says which message of the trace each is.
#[test]
fn messages_of_the_lpa_have_their_names() {
    if !has_tshark() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("capture.pcap");
    let played = block_on(play(&Scenario::story().expect("a story"), &mut |_| ())).expect("played");
    let records = played.world.trace().records();
    std::fs::write(&path, pcap(played.world.trace())).expect("written");
    let of = |interface: &str, response: bool| {
        let is_meant = |it: &&esim_rsp::trace::Record| {
            it.interface.starts_with(interface) && it.function.ends_with(" response") == response
        };
        records.iter().filter(is_meant).collect::<Vec<_>>()
    };
    let uris =
        tshark(&path, &["-Y", "http.request.uri contains es9plus", "-T", "fields", "-e", "http.request.uri"]);
    let expected: Vec<String> =
        of("ES9+", false).iter().map(|it| format!("/gsma/rsp2/es9plus/{}", it.function)).collect();
    assert!(expected.len() > 5);
    assert_eq!(uris.lines().collect::<Vec<_>>(), expected);
    let exported =
        tshark(&path, &["-Y", "exported_pdu", "-T", "fields", "-e", "frame.comment", "-e", "data.data"]);
    let commented = |it: &esim_rsp::trace::Record| {
        exported.contains(&format!("#{} {}: {},", it.n, it.interface, it.function))
    };
    assert!(of("ES10", false).iter().chain(&of("ES10", true)).all(|it| commented(it)), "{exported}");
    assert!(exported.contains(&hex::encode(&of("ES10b", false)[0].bytes)));
    let list = tshark(&path, &["-Y", "exported_pdu"]);
    assert!(list.contains("ES10b AuthenticateServer response"), "{list}");
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
