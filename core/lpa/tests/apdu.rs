//! APDUs: blocks, collected answers, and the search for the ISD-R.

use esim_lpa::apdu::{
    CardOptions, Channel, Exchange, ISD_R, ISD_R_CANDIDATES, Next, OpenError, OpenStep, Opening, Reply,
    TerminalCapability,
};

fn octets(hex: &str) -> Vec<u8> {
    esim_rsp::common::from_hex(hex).unwrap()
}

/// Runs an exchange against answers given in turn; the APDUs sent and the reply.
fn exchange(mut exchange: Exchange, answers: &[&str]) -> (Vec<String>, Reply) {
    let mut sent = Vec::new();
    let mut answers = answers.iter();
    let mut next = exchange.next(None);
    loop {
        match next {
            Next::Apdu(apdu) => {
                sent.push(hex::encode(&apdu));
                next = exchange.next(Some(&octets(answers.next().expect("no more answers"))));
            }
            Next::Done(reply) => {
                assert!(answers.next().is_none(), "answers are left");
                return (sent, reply);
            }
        }
    }
}

#[test]
fn a_short_command_is_one_block() {
    let (sent, reply) = exchange(Exchange::new(1, octets("BF2E00"), 120), &["BF2E 00 9000"]);
    assert_eq!(sent, ["81e2910003bf2e00"]);
    assert_eq!(reply, Reply { data: octets("BF2E00"), sw: 0x9000 });
}

#[test]
fn blocks_are_counted_and_the_last_is_marked() {
    for (block, lengths) in [(63, vec![63, 63, 63, 63, 48]), (120, vec![120, 120, 60]), (255, vec![255, 45])]
    {
        let payload: Vec<u8> = (0..300u16).map(|i| i as u8).collect();
        let answers = vec!["9000"; lengths.len()];
        let (sent, reply) = exchange(Exchange::new(2, payload.clone(), block), &answers);
        assert_eq!((reply.data.len(), reply.sw), (0, 0x9000));
        let mut joined = Vec::new();
        for (number, (apdu, length)) in sent.iter().map(|apdu| octets(apdu)).zip(&lengths).enumerate() {
            let p1 = if number + 1 == lengths.len() { 0x91 } else { 0x11 };
            assert_eq!(apdu[..5], [0x82, 0xE2, p1, number as u8, *length as u8]);
            assert_eq!(apdu.len(), 5 + length);
            joined.extend_from_slice(&apdu[5..]);
        }
        assert_eq!(joined, payload);
    }
}

#[test]
fn answers_are_collected_over_61xx() {
    let (sent, reply) = exchange(Exchange::new(1, octets("BF2200"), 120), &["6102", "AABB6101", "CC9000"]);
    assert_eq!(sent, ["81e2910003bf2200", "01c0000002", "01c0000001"]);
    assert_eq!(reply, Reply { data: octets("AABBCC"), sw: 0x9000 });
}

#[test]
fn the_length_that_the_card_names_is_used() {
    let (sent, reply) = exchange(Exchange::new(1, octets("BF2200"), 120), &["6C02", "AABB9000"]);
    assert_eq!(sent, ["81e2910003bf2200", "81e2910003bf220002"]);
    assert_eq!(reply.data, octets("AABB"));
    let (sent, reply) = exchange(Exchange::new(1, octets("BF2200"), 120), &["6105", "6C02", "AABB9000"]);
    assert_eq!(sent[1..], ["01c0000005", "01c0000002"]);
    assert_eq!(reply.data, octets("AABB"));
}

#[test]
fn a_pending_proactive_command_is_success() {
    let (_, reply) = exchange(Exchange::new(1, octets("BF3100"), 120), &["BF3103800100 910B"]);
    assert!(reply.proactive_pending());
    assert_eq!(reply.data, octets("BF3103800100"));
    let (_, reply) = exchange(Exchange::new(1, octets("BF3100"), 120), &["6106", "BF3103800100 910B"]);
    assert!(reply.proactive_pending());
}

#[test]
fn an_error_ends_the_chain() {
    let payload = vec![0x86; 300];
    let (sent, reply) = exchange(Exchange::new(1, payload, 120), &["9000", "6A88"]);
    assert_eq!((sent.len(), reply.sw), (2, 0x6A88));
    // Data beside an error is kept: it may be the installation result.
    let (_, reply) = exchange(Exchange::new(1, octets("8600"), 120), &["BF37006A88"]);
    assert_eq!(reply, Reply { data: octets("BF3700"), sw: 0x6A88 });
}

#[test]
fn get_response_is_tried_in_the_other_class() {
    let (sent, reply) = exchange(Exchange::new(1, octets("BF2200"), 120), &["6101", "6E00", "AA9000"]);
    assert_eq!(sent[1..], ["01c0000001", "81c0000001"]);
    assert_eq!(reply.data, [0xAA]);
}

#[test]
fn channels_above_three_have_their_own_class() {
    let (sent, _) = exchange(Exchange::new(4, octets("BF2E00"), 120), &["6101", "AA9000"]);
    assert_eq!(sent, ["c0e2910003bf2e00", "40c0000001"]);
    let (sent, _) = exchange(Exchange::new(19, octets("BF2E00"), 120), &["9000"]);
    assert_eq!(sent, ["cfe2910003bf2e00"]);
}

#[test]
fn payloads_at_the_edge() {
    let (_, reply) = exchange(Exchange::new(1, Vec::new(), 120), &[]);
    assert_eq!(reply.sw, 0x6700);
    let (_, reply) = exchange(Exchange::new(1, vec![0; 65_281], 255), &[]);
    assert_eq!(reply.sw, 0x6700);
    let (sent, reply) = exchange(Exchange::new(1, vec![0; 65_280], 1), &["9000"; 256]);
    assert_eq!((sent.len(), reply.sw), (256, 0x9000));
    let (sent, _) = exchange(Exchange::new(1, vec![0; 256], 0), &["9000"; 256]);
    assert_eq!(sent.len(), 256);
}

#[test]
fn a_card_that_promises_for_ever_is_left() {
    for answer in ["6101", "6C01", "6E00", "", "90"] {
        let mut exchange = Exchange::new(1, octets("BF2E00"), 120);
        let mut next = exchange.next(None);
        for _ in 0..20 {
            if let Next::Apdu(_) = next {
                next = exchange.next(Some(&octets(answer)));
            }
        }
        assert!(matches!(next, Next::Done(_)), "{answer}");
    }
}

/// Runs a search against a card that answers by APDU.
fn open(
    options: &CardOptions,
    mut card: impl FnMut(&str) -> &'static str,
) -> (Vec<String>, Result<Channel, OpenError>) {
    let mut opening = Opening::new(options);
    let mut sent = Vec::new();
    let mut step = opening.next(None);
    loop {
        match step {
            OpenStep::Apdu(apdu) => {
                let apdu = hex::encode(apdu);
                step = opening.next(Some(&octets(card(&apdu))));
                sent.push(apdu);
            }
            OpenStep::Open(channel) => return (sent, Ok(channel)),
            OpenStep::Failed(error) => return (sent, Err(error)),
        }
    }
}

const SELECT: &str = "01a4040010a0000005591010ffffffff8900000100";

#[test]
fn selects_the_isd_r_on_a_channel_of_its_own() {
    let (sent, channel) = open(&CardOptions::default(), |apdu| match apdu {
        "0070000001" => "019000",
        SELECT => "6F1F8410A0000005591010FFFFFFFF8900000100A5049F6501FFE0058203020600 9000",
        other => panic!("{other}"),
    });
    let channel = channel.unwrap();
    assert_eq!(sent, ["0070000001", SELECT]);
    assert_eq!((channel.number, &channel.aid[..], channel.variant.as_str()), (1, &ISD_R[..], "GSMA"));
    assert_eq!(channel.svn.as_deref(), Some("2.6.0"));
    assert_eq!(channel.close(), octets("0070800100"));
}

#[test]
fn the_answer_to_select_may_come_in_parts_or_not_at_all() {
    let (sent, channel) = open(&CardOptions::default(), |apdu| match apdu {
        "0070000001" => "029000",
        "02a4040010a0000005591010ffffffff8900000100" => "6102",
        "02c0000002" => "6F009000",
        other => panic!("{other}"),
    });
    assert_eq!(sent.len(), 3);
    assert_eq!(channel.unwrap().svn, None);
    let (_, channel) =
        open(&CardOptions::default(), |apdu| if apdu == "0070000001" { "019000" } else { "9000" });
    assert_eq!(channel.unwrap().number, 1);
}

#[test]
fn other_aids_are_tried_and_named() {
    let (_, channel) = open(&CardOptions::default(), |apdu| match apdu {
        "0070000001" => "019000",
        "01a4040010a0000005591010ffffffff8900050500" => "9000",
        _ => "6A82",
    });
    assert_eq!(channel.unwrap().variant, "5ber");
    let custom = CardOptions { aid: Some(octets("A000000559FF")), ..CardOptions::default() };
    let (sent, channel) = open(&custom, |apdu| if apdu == "0070000001" { "019000" } else { "9000" });
    assert_eq!(sent[1], "01a4040006a000000559ff");
    assert_eq!(channel.unwrap().variant, "custom");
}

#[test]
fn a_plain_sim_is_no_euicc_and_gets_its_channel_back() {
    let (sent, error) =
        open(&CardOptions::default(), |apdu| if apdu == "0070000001" { "019000" } else { "6A82" });
    assert_eq!(
        error,
        Err(OpenError::NotEuicc {
            tried: ISD_R_CANDIDATES.iter().map(|(_, aid)| hex::encode_upper(aid)).collect()
        })
    );
    let opened = sent.iter().filter(|apdu| *apdu == "0070000001").count();
    let closed = sent.iter().filter(|apdu| *apdu == "0070800100").count();
    assert_eq!((opened, closed), (2, 2));
}

#[test]
fn terminal_capability_opens_a_shy_card() {
    let mut told = false;
    let (sent, channel) = open(&CardOptions::default(), |apdu| match apdu {
        "80aa00000aa9088100820101830107" => {
            told = true;
            "9000"
        }
        "0070000001" => "019000",
        SELECT if told => "9000",
        "0070800100" => "9000",
        _ => "6A82",
    });
    assert!(channel.is_ok());
    assert_eq!(sent.iter().filter(|apdu| apdu.starts_with("80aa")).count(), 1);

    let always = CardOptions { terminal_capability: TerminalCapability::Always, ..CardOptions::default() };
    let (sent, channel) = open(&always, |apdu| match apdu {
        "0070000001" => "019000",
        SELECT => "9000",
        _ => "6D00",
    });
    assert!(channel.is_ok());
    assert_eq!(sent[0], "80aa00000aa9088100820101830107");

    let never = CardOptions { terminal_capability: TerminalCapability::Never, ..CardOptions::default() };
    let (sent, error) = open(&never, |apdu| if apdu == "0070000001" { "019000" } else { "6985" });
    assert!(matches!(error, Err(OpenError::Refused { sw, .. }) if sw.name == "6985"));
    assert!(sent.iter().all(|apdu| !apdu.starts_with("80aa")));
}

#[test]
fn no_card_and_no_channel_are_told_apart() {
    let (_, error) = open(&CardOptions::default(), |_| "");
    assert!(matches!(error, Err(OpenError::NoCard { .. })));
    let (_, error) = open(&CardOptions::default(), |_| "6A81");
    assert!(matches!(error, Err(OpenError::NoChannel { sw }) if sw.value == 0x6A81));
    let (_, error) = open(&CardOptions::default(), |_| "6101");
    assert!(error.is_err());
}

/// What lpac 2.3.0 sent to a card while it loaded a package, block by block.
#[test]
fn loads_a_package_with_the_same_apdus_as_lpac() {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/recordings/lpac_vs_veuicc_download.jsonl");
    let Ok(recording) = std::fs::read_to_string(path) else {
        println!("skipped: ../shared/data not found");
        return;
    };
    let sent: Vec<Vec<u8>> = recording
        .lines()
        .filter_map(|line| line.strip_prefix("> "))
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|line| line["payload"]["param"].as_str().map(str::to_string))
        .filter(|apdu| apdu.starts_with("81e2"))
        .map(|apdu| octets(&apdu))
        .collect();
    let start = sent.iter().position(|apdu| apdu[5..].starts_with(&[0xBF, 0x36])).unwrap();
    let package: Vec<u8> = sent[start..].iter().flat_map(|apdu| apdu[5..].to_vec()).collect();
    let mut ours = Vec::new();
    for segment in esim_rsp::bpp::segments(&package).unwrap() {
        let mut exchange = Exchange::new(1, segment.to_vec(), 120);
        let mut next = exchange.next(None);
        while let Next::Apdu(apdu) = next {
            ours.push(apdu);
            next = exchange.next(Some(&[0x90, 0x00]));
        }
    }
    assert_eq!(ours, sent[start..]);
}
