//! The answer to reset, read by a program that knows nothing of this card: Debian's `ATR_analysis` (pcsc-tools).

use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_tests::bench::{Bench, EID};
use std::process::Command;

/// What the program says of an ATR, without colours; none where it is not installed.
fn analysis(atr: &[u8]) -> Option<String> {
    let digits: Vec<String> = atr.iter().map(|octet| format!("{octet:02X}")).collect();
    // A list of cards that is of today: the program fetches none.
    let cache = tempfile::tempdir().unwrap();
    std::fs::write(cache.path().join("smartcard_list.txt"), "").unwrap();
    let mut command = Command::new("ATR_analysis");
    command.args(digits).env("XDG_CACHE_HOME", cache.path()).env("HOME", cache.path());
    match command.output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(!said.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
            let coloured =
                said.split('\u{1b}').map(|part| part.split_once('m').map_or(part, |(_, text)| text));
            Some(said.split('\u{1b}').take(1).chain(coloured.skip(1)).collect())
        }
        Err(error) => {
            let required = std::env::var_os("ESIM_LAB_REQUIRE_PEERS").is_some();
            assert!(!required, "ATR_analysis is missing ({error}): apt-get install pcsc-tools");
            println!("skipped: ATR_analysis is not installed");
            None
        }
    }
}

fn atr() -> Vec<u8> {
    Bench::card(&TestPki::well_known(Curve::P256), EID).card().atr()
}

/// By ISO/IEC 7816-3 8.2 and 7816-4 12.1.1, without a program.
#[test]
fn it_has_the_octets_that_it_promises() {
    let atr = atr();
    let (t0, tck) = (atr[1], atr.last().unwrap());
    let historical = usize::from(t0 & 0x0F);
    // TA1, TD1, TD2, TA3, TB3.
    assert_eq!(atr.len(), 2 + 5 + historical + 1);
    assert_eq!(atr[1..atr.len() - 1].iter().fold(0, |sum, octet| sum ^ octet), *tck);
    let mut rest = &atr[7..7 + historical];
    assert_eq!(rest[0], 0x80, "compact TLV");
    rest = &rest[1..];
    let mut tags = Vec::new();
    while let Some((head, after)) = rest.split_first() {
        let (value, after) = after.split_at_checked(usize::from(head & 0x0F)).expect("as long as it says");
        tags.push((head >> 4, value));
        rest = after;
    }
    assert_eq!(tags.iter().map(|it| it.0).collect::<Vec<_>>(), [3, 7, 6]);
    assert_eq!(tags[1].1[2] & 0x07, 0x07, "eight logical channels or more");
}

#[test]
fn another_program_reads_it() {
    let Some(said) = analysis(&atr()) else { return };
    for expected in [
        "Y(1): 1001, K: 15 (historical bytes)",
        "TD(1) = 80 --> Y(i+1) = 1000, Protocol T = 0",
        "Protocol T = 15 - Global interface bytes following",
        "Clock stop: no preference - Class accepted by the card: (3G) A 5V B 3V C 1.8V",
        "Category indicator byte: 80",
        "Tag: 3, len: 1 (card service data byte)",
        "Tag: 7, len: 3 (card capabilities)",
        "Logical channel number assignment: by the interface device and card",
        "Maximum number of logical channels: 8",
        "Tag: 6, len: 7 (pre-issuing data)",
        "(correct checksum)",
    ] {
        let words = |text: &str| text.split_whitespace().map(str::to_string).collect::<Vec<_>>().join(" ");
        assert!(words(&said).contains(&words(expected)), "{expected:?} is not in\n{said}");
    }
    assert!(!said.contains("ERROR") && !said.contains("WRONG"), "{said}");
}
