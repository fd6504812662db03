//! What people bring from elsewhere is read as records of a trace.

use esim_rsp::trace::{Party, Record};
use esim_sm_edge::block_on;
use esim_world::{Foreign, LONGEST, Scenario, Words, pcap, play, read_foreign};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/cases/foreign");

fn read(input: impl AsRef<[u8]>) -> Foreign {
    let input = input.as_ref();
    let shown = String::from_utf8_lossy(&input[..input.len().min(80)]).into_owned();
    read_foreign(input, None).unwrap_or_else(|reason| panic!("{shown}: {reason}"))
}

fn refused(input: impl AsRef<[u8]>) -> Words {
    read_foreign(input.as_ref(), None).expect_err("nothing that can be read")
}

/// Interface and function of the messages that are no APDUs.
fn functions(records: &[Record]) -> Vec<String> {
    let of = |record: &Record| format!("{} {}", record.interface, record.function);
    records.iter().filter(|record| record.interface.starts_with("ES")).map(of).collect()
}

fn commands(records: &[Record]) -> usize {
    records.iter().filter(|record| record.interface == "APDU" && record.to == Party::Euicc).count()
}

#[test]
fn every_case_is_read_as_it_says() {
    let mut folders = 0;
    for folder in std::fs::read_dir(CASES).expect("cases") {
        let folder = folder.expect("a folder").path();
        let Ok(expected) = std::fs::read(folder.join("expected.json")) else { continue };
        let expected: Value = serde_json::from_slice(&expected).expect("JSON");
        let files = std::fs::read_dir(&folder).expect("files").map(|file| file.expect("a file").path());
        let file = files.into_iter().find(|file| !file.ends_with("expected.json")).expect("an input");
        let read = read(std::fs::read(&file).expect("octets"));
        let mut had = json!({
            "kind": read.kind,
            "apdus": commands(&read.records),
            "functions": functions(&read.records),
            "notes": read.notes.iter().map(|note| &note.en).collect::<Vec<_>>(),
        });
        for (name, value) in [
            ("summary", json!(read.summary)),
            ("activation-code", json!(read.activation_code)),
            ("link", json!(read.link)),
        ] {
            if expected.get(name).is_some() {
                had[name] = value;
            }
        }
        assert_eq!(had, expected, "{}", folder.display());
        assert!(read.records.iter().enumerate().all(|(n, record)| record.n as usize == n));
        folders += 1;
    }
    assert!(folders > 25, "{folders} cases");
}

/// The trace of the story.
fn story() -> esim_world::Played {
    block_on(play(&Scenario::story().expect("a story"), &mut |_| ())).expect("played")
}

/// What the LPA and the card say to each other.
fn with_card(records: &[Record]) -> Vec<&Record> {
    let lpa = |record: &&Record| {
        let ends = (record.from, record.to);
        matches!(ends, (Party::Lpa, Party::Euicc) | (Party::Euicc, Party::Lpa))
    };
    records.iter().filter(lpa).collect()
}

/// Of a log with APDUs alone every message of ES10 is put together as the LPA had sent it, in the same place.
#[test]
fn messages_of_es10_are_put_together_as_they_were() {
    let played = story();
    let all = with_card(played.world.trace().records());
    let mut log = String::new();
    for record in all.iter().filter(|record| record.interface == "APDU") {
        let arrow = if record.to == Party::Euicc { ">" } else { "<" };
        writeln!(log, "{arrow} {}", hex::encode_upper(&record.bytes)).unwrap();
    }
    let read = read(&log);
    assert_eq!(read.notes, []);
    let named = |record: &Record| (record.function.clone(), record.from, record.bytes.clone());
    let had: Vec<_> = read.records.iter().map(named).collect();
    let expected: Vec<_> = all.iter().map(|record| named(record)).collect();
    assert!(expected.len() > 200);
    let differs = had.iter().zip(&expected).position(|(had, expected)| had != expected);
    if let Some(at) = differs {
        panic!("record {at}: {:?}, and not {:?}", had[at], expected[at]);
    }
    assert_eq!(had.len(), expected.len());
}

/// A capture of ours has every message that is in it as the trace has it; the Le behind data is not captured.
#[test]
fn captures_are_read_back() {
    let played = story();
    let trace = played.world.trace();
    let read = read(pcap(trace));
    assert_eq!((read.kind.as_str(), read.notes.len()), ("pcap", 0), "{:?}", read.notes);
    let named = |record: &Record| {
        let (from, to) = (record.from, record.to);
        let mut bytes = record.bytes.clone();
        if record.interface == "APDU" && record.to == Party::Euicc {
            let lc = usize::from(bytes.get(4).copied().unwrap_or_default());
            bytes.truncate(if lc > 0 && bytes.len() > 5 + lc { 5 + lc } else { bytes.len() });
        }
        (record.interface.clone(), record.function.clone(), from, to, record.at, bytes)
    };
    let left_out = |record: &&Record| {
        let umts = record.from != Party::Mme && record.to != Party::Mme;
        match record.interface.as_str() {
            "NAS" => umts,
            "operator" | "policy" | "S1AP" | "SGd" => true,
            _ => false,
        }
    };
    let mut expected: Vec<_> = trace.records().iter().filter(|it| !left_out(it)).map(named).collect();
    let mut had: Vec<_> = read.records.iter().map(named).collect();
    // A command stands where its response is.
    let key = |one: &(String, String, Party, Party, u64, Vec<u8>)| (one.0.clone(), one.5.clone());
    expected.sort_by_key(key);
    had.sort_by_key(key);
    for (had, expected) in had.iter().zip(&expected) {
        assert_eq!(had, expected);
    }
    assert_eq!(had.len(), expected.len());
    for interface in ["ES2+", "ES9+", "ES10b", "ES10c", "APDU", "NAS", "S6a", "S11", "S1-U", "SGi"] {
        assert!(read.records.iter().any(|record| record.interface == interface), "no {interface}");
    }
}

#[test]
fn a_trace_and_a_card_are_read_back() {
    let played = story();
    let trace = played.world.trace();
    let mut read_back = read(trace.to_lines());
    assert_eq!(read_back.kind, "trace");
    assert_eq!(read_back.records, trace.records());
    read_back = read(played.world.device().nvm().export());
    assert_eq!(read_back.kind, "card");
    assert!(read_back.summary.en.contains("EID 8904"), "{}", read_back.summary.en);
}

/// Recordings that other programs have made, where they are there.
#[test]
fn recordings_of_others() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/recordings"));
    if !folder.is_dir() {
        eprintln!("skipped: ../shared/data not found");
        return;
    }
    for (name, kind, apdus, some) in [
        ("lpac_pcsc_vpcd_download.txt", "apdus", 170, "ES10b PrepareDownload response"),
        ("lpac_vs_veuicc_download.jsonl", "lpac-stdio", 128, "ES10b AuthenticateServer"),
        ("es9p_pysim_osmo-smdpp.jsonl", "http", 0, "ES9+ getBoundProfilePackage response"),
    ] {
        let read = read(std::fs::read(folder.join(name)).expect(name));
        assert_eq!((read.kind.as_str(), commands(&read.records)), (kind, apdus), "{name}");
        let functions = functions(&read.records);
        assert!(functions.iter().any(|function| function == some), "{name}: {functions:?}");
        assert_eq!(read.notes, [], "{name}");
    }
}

#[test]
fn what_cannot_be_read_is_told_in_both_languages() {
    for (input, words) in [
        (&b""[..], "nothing in it"),
        (b" \n", "nothing in it"),
        (b"%PDF-1.7\0\xFF", "25 50 44 46"),
        (b"xyz!", "\"xyz!\" is nothing that is known here"),
        (b"BF2E1", "an odd number"),
        (b"BF2E...", "shortened"),
        (b"{\"a\":", "JSON that cannot be read"),
        (b"LPA:2$smdp.example.com$A", "starts with 1$"),
        (b"-----BEGIN CERTIFICATE-----\nMAMCAQU=\n", "no -----END CERTIFICATE-----"),
        (b"\xA1\xB2\xC3\xD4\0\x02\0\x04", "nothing that can be read here"),
    ] {
        let reason = refused(input);
        assert!(reason.en.contains(words), "{reason}");
        assert!(!reason.ja.is_ascii(), "{}", reason.ja);
    }
    assert!(refused(vec![0x80; LONGEST + 1]).en.contains("more than 8 MB"));
}

/// Whatever a file is cut to or turned into, reading it ends, and is bounded.
#[test]
fn anything_ends() {
    let played = story();
    let capture = pcap(played.world.trace());
    let lines = played.world.trace().to_lines();
    let mut seed = 7u32;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed as usize % below
    };
    for input in [&capture[..40_000], &lines.as_bytes()[..40_000]] {
        for _ in 0..200 {
            let mut input = input[..next(input.len())].to_vec();
            for _ in 0..4 {
                if !input.is_empty() {
                    let at = next(input.len());
                    input[at] = next(256) as u8;
                }
            }
            let _read_or_not = read_foreign(&input, None);
        }
    }
    for input in [
        "> 00A4000000\n< 9000\n",
        "[DEBUG] [HTTP] [RX] rcode: 200, data: {\n",
        "9000\n",
        "}\n",
        "[",
        "{\"type\":1}\n",
    ] {
        let long = input.repeat(1_000_000 / input.len());
        if let Ok(read) = read_foreign(long.as_bytes(), None) {
            assert!(read.records.len() <= 50_002 && read.notes.len() < 60);
        }
    }
}
