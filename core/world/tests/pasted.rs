//! What people paste is explained, or named.

use esim_world::{Explained, LONGEST, Part, explain_pasted, octets_of};

fn explained(text: &str) -> Explained {
    explain_pasted(text.as_bytes()).unwrap_or_else(|reason| panic!("{text}: {reason}"))
}

fn refused(input: impl AsRef<[u8]>) -> String {
    let reason = explain_pasted(input.as_ref()).expect_err("nothing that can be read");
    assert!(!reason.contains("at octet 0 at"), "{reason}");
    reason
}

/// The type of the message in each part; in that of an APDU it is in the data field.
fn types(explained: &Explained) -> Vec<&str> {
    let data = |part: &Part| part.nodes.iter().position(|node| node.name == "data");
    let mut types = Vec::new();
    for part in &explained.parts {
        let node = match data(part) {
            Some(at) => part.nodes[at].children.first(),
            None => part.nodes.first().filter(|node| !matches!(node.name.as_str(), "CLA" | "SW1 SW2")),
        };
        types.extend(node.map(|node| node.type_name.as_str()));
    }
    types
}

const EID: &str = "BF3E125A1089049032000000000000000000000000";
/// EUICCInfo1.
const INFO1: &str = "vyAJggMCBgCpAKoA";

#[test]
fn one_message_however_it_is_written() {
    for text in [
        EID.to_string(),
        EID.to_lowercase(),
        format!("  {}\r\n{}\n", &EID[..10], &EID[10..]),
        "BF:3E:12:5A:10:89:04:90:32:00:00:00:00:00:00:00:00:00:00:00:00".into(),
        EID.as_bytes().chunks(2).map(|two| format!("0x{}, ", String::from_utf8_lossy(two))).collect(),
        "vz4SWhCJBJAyAAAAAAAAAAAAAAAA".into(),
        "vz4SWhCJBJ\nAyAAAAAAAAAAAA\nAAAA\n".into(),
    ] {
        assert_eq!(types(&explained(&text)), ["GetEuiccDataResponse"], "{text}");
    }
    assert_eq!(types(&explain_pasted(&hex::decode(EID).unwrap()).unwrap()), ["GetEuiccDataResponse"]);
    assert_eq!(types(&explained(INFO1)), ["EUICCInfo1"]);
    // The other alphabet of base64, without padding.
    assert_eq!(types(&explained("vy4Cr_8")), [""]);
    assert_eq!(octets_of(INFO1.as_bytes()).unwrap(), hex::decode("BF20098203020600A900AA00").unwrap());
}

#[test]
fn commands_and_responses() {
    let command = explained("81E2910006BF3E035C015A");
    assert_eq!(command.title, "command APDU: STORE DATA on logical channel 1, block 0, the last");
    assert_eq!(types(&command), ["GetEuiccDataRequest"]);
    assert_eq!(explained("81E2910006BF3E035C015A00").title, command.title, "with Le");
    let select = explained("00A4040010A0000005591010FFFFFFFF8900000100");
    assert_eq!(select.title, "command APDU: SELECT on logical channel 0");
    assert_eq!(explained("0070000001").title, "command APDU: MANAGE CHANNEL on logical channel 0");
    assert_eq!(
        explained("00CB0000000003 5C01 80 0000".replace(' ', "").as_str()).title,
        "command APDU: RETRIEVE DATA on logical channel 0"
    );

    let response = explained(&format!("{EID}9000"));
    assert_eq!(response.title, "response APDU, status word 9000: executed");
    assert_eq!(types(&response), ["GetEuiccDataResponse"]);
    let status = response.parts[0].nodes.last().unwrap();
    assert_eq!(
        (status.name.as_str(), status.whole.clone()),
        ("SW1 SW2", 21..23),
        "the status word is no TLV"
    );
    assert_eq!(
        explained(&format!("{EID}6115")).title,
        "response APDU, status word 6115: executed: 21 octets wait for GET RESPONSE"
    );
    for (sw, meaning) in [
        ("9000", "executed"),
        ("6A88", "referenced data not found"),
        ("63C2", "2 tries left"),
        ("6C15", "Le 15"),
    ] {
        assert!(explained(sw).title.contains(meaning), "{}", explained(sw).title);
    }
    // An answer that is no TLV, as EF.ICCID has it.
    assert_eq!(explained("981400123456789012349000").title, "response APDU, status word 9000: executed");
}

#[test]
fn logs_of_apdus() {
    let log = format!("81E2910006BF3E035C015A\n6115\n81C0000015\n{EID}9000\n");
    let log = explained(&log);
    assert_eq!(log.title, "log of APDUs, 2 APDUs, 1 function of ES10");
    let labels: Vec<&str> = log.parts.iter().map(|part| part.label.as_str()).collect();
    assert_eq!((labels.first(), labels.last()), (Some(&"ES10c GetEID"), Some(&"ES10c GetEID response")));
    assert!(
        types(&log).ends_with(&["GetEuiccDataResponse"]) && types(&log).starts_with(&["GetEuiccDataRequest"])
    );
    let modem = explained("AT+CGLA=1,22,\"81E2910006BF3E035C015A\"\n+CGLA: 4,\"6115\"");
    assert_eq!(types(&modem), ["GetEuiccDataRequest"]);
    let prefixed = explained("APDU> 81E2910006BF3E035C015A\nAPDU< 6115");
    assert_eq!(types(&prefixed), ["GetEuiccDataRequest"]);
    // Two blocks of one chain are one message.
    let chain = explained("81E2110003BF3E03\n9000\n81E29101035C015A\n6F00");
    assert_eq!(types(&chain)[0], "GetEuiccDataRequest");
    let lpac = explained(r#"{"type":"apdu","payload":{"func":"transmit","param":"81e2910006bf3e035c015a"}}"#);
    assert_eq!(types(&lpac), ["GetEuiccDataRequest"]);
}

#[test]
fn json_bodies() {
    let body = format!(
        r#"{{"euiccChallenge":"gG//PKMdqIUSgroHNu19Yg==","euiccInfo1":"{INFO1}","smdpAddress":"a"}}"#
    );
    for text in [
        body.clone(),
        format!("POST /gsma/rsp2/es9plus/x HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{body}"),
    ] {
        let explained = explained(&text);
        assert_eq!(explained.json.as_ref().unwrap()["smdpAddress"], "a");
        assert!(
            explained
                .parts
                .iter()
                .any(|part| part.label == "euiccInfo1" && part.nodes[0].type_name == "EUICCInfo1")
        );
    }
    let nested = explained(r#"{"transactionId":"00","serverSigned1":"MACg"}"#);
    assert!(nested.json.is_some());
    let lines = explained("{\"a\":1}\n{\"b\":2}\n");
    assert_eq!(lines.json.unwrap()[1]["b"], 2);
    assert!(refused("{\"a\":").contains("JSON that cannot be read"));
}

#[test]
fn pem_and_activation_codes() {
    let pem = explained("-----BEGIN CERTIFICATE-----\nMAMC\nAQU=\n-----END CERTIFICATE-----\n");
    assert_eq!((pem.parts[0].label.as_str(), pem.parts[0].hex.as_str()), ("CERTIFICATE", "3003020105"));
    let key = explained("-----BEGIN EC PRIVATE KEY-----\nMAMCAQU=\n-----END EC PRIVATE KEY-----\n");
    assert_eq!(key.parts[0].hex, "", "a key is not shown");
    assert!(refused("-----BEGIN CERTIFICATE-----\nMAMCAQU=\n").contains("no -----END CERTIFICATE-----"));
    for code in
        ["LPA:1$smdp.example.com$A-1$$1", "lpa:1$smdp.example.com$A-1$$1", "1$smdp.example.com$A-1$$1"]
    {
        let json = explained(code).json.unwrap();
        assert_eq!(
            (json["smdpAddress"].as_str(), json["matchingId"].as_str()),
            (Some("smdp.example.com"), Some("A-1"))
        );
        assert_eq!(json["confirmationCodeRequired"], true);
    }
    assert_eq!(refused("LPA:2$smdp.example.com$A"), "an activation code starts with 1$ (or LPA:1$)");
}

#[test]
fn what_cannot_be_read_is_named() {
    for (text, words) in [
        ("", "nothing to explain"),
        (" \n", "nothing to explain"),
        ("xyz!", "neither hexadecimal, base64, JSON, PEM, an APDU nor an activation code"),
        ("BF2E1", "an odd number"),
        ("BF2E…", "shortened"),
        ("BF2E12", "neither TLVs"),
        ("81E2910006BF3E", "nor an APDU"),
        ("hellohel", "read as base64"),
    ] {
        let reason = refused(text);
        assert!(reason.contains(words), "{text:?}: {reason}");
    }
}

#[test]
fn huge_inputs_end_with_a_sentence() {
    assert!(refused(vec![0x80; LONGEST + 1]).contains("more than 8 MB"));
    assert!(refused([0x80, 0x00].repeat(LONGEST / 2)).contains("more than 100000 TLVs"));
    assert!(refused("8000".repeat(LONGEST / 4)).contains("more than 100000 TLVs"));
    // Text without an end, and brackets without one.
    assert!(refused("!".repeat(LONGEST)).contains('…'));
    assert!(refused("[".repeat(LONGEST)).contains("JSON that cannot be read"));
    // A log longer than anybody reads.
    assert!(refused("81E2910003BF2E00\n9000\n".repeat(5000)).contains("more than 1000 parts"));
}
