//! An operator manages its profile over the air: secured packets in short messages, from order to answer.

use esim_crypto::Curve;
use esim_crypto::scp80::{
    Command, Header, Key, KeyIndication, KeyKind, Keys, Response, ResponseStatus as Sts, Spi, Tar,
};
use esim_euicc::{MemoryNvm, Nvm, NvmError, Write};
use esim_rsp::es8p::UpdateMetadataRequest;
use esim_rsp::es10c::{ProfileInfo, ProfileInfoListResponse};
use esim_rsp::sms::{Deliver, Submit, UserData, envelope};
use esim_rsp::{Iccid, OctetString, common::PprIds, decode, encode, tlv};
use esim_tests::bench::{Bench, es10, rng, select_isdr};
use esim_tests::recorder;
use esim_world::{Clock, Device};
use serde_json::{Value, json};
use std::cell::Cell;
use std::rc::Rc;

const KIC: &str = "000102030405060708090a0b0c0d0e0f";
const KID: &str = "101112131415161718191a1b1c1d1e1f";
const KIK: &str = "202122232425262728292a2b2c2d2e2f";

const OPERATOR_DOMAIN: Tar = [0xB2, 0x01, 0x00];
const USIM_FILES: Tar = [0xB0, 0x00, 0x11];
const CARD_FILES: Tar = [0xB0, 0x01, 0x20];

/// Rising counter, enciphered, with checksum; the answer always, with checksum, in clear.
const SECURE: Spi = Spi([0x16, 0x09]);
/// INSTALL [for personalization] of "the ISD-P of this profile", as SGP.23 sends it.
const INSTALL: &str = "80E6200016 0000 10A0000005591010FFFFFFFF8900000F00 000000";
const ENABLED: [u8; 16] = [0xA0, 0, 0, 5, 0x59, 0x10, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0, 0, 0x10, 0];

/// The operator's server, with the keys that the profile was ordered with.
struct Operator {
    keys: Keys,
    counter: u64,
}

impl Operator {
    fn new() -> Self {
        let key = |digits| Key::new(KeyKind::Aes, &unhex(digits)).ok();
        Self { keys: Keys { kic: key(KIC), kid: key(KID) }, counter: 0 }
    }

    fn header(spi: Spi, tar: Tar) -> Header {
        let indication = KeyIndication::new(1, KeyIndication::AES);
        Header { spi, kic: indication, kid: indication, tar }
    }

    /// The next packet.
    fn packet(&mut self, header: Header, data: &[u8]) -> Vec<u8> {
        self.counter += 1;
        Command { header, counter: self.counter, data: data.to_vec() }
            .seal(&self.keys)
            .expect("keys that fit")
    }

    /// The answer in a delivery report, secured as the header asks.
    fn open(&self, header: Header, report: &[u8]) -> Response {
        let user_data = UserData::read(report, true).expect("user data");
        assert!(user_data.begins_response());
        Response::open(&user_data.data, Some((&header, &self.keys))).expect("a response")
    }

    /// Sends a script in the ordinary way; status and data that come back.
    fn send<N: Nvm>(&mut self, device: &mut Device<N>, tar: Tar, script: &[u8]) -> (Sts, String) {
        let header = Self::header(SECURE, tar);
        let packet = self.packet(header, script);
        let report = deliver(device, &packet).expect("9000");
        let response = self.open(header, &report);
        assert_eq!((response.tar, response.counter), (tar, self.counter));
        (response.status, hex::encode_upper(response.data))
    }

    fn update_metadata(&mut self, bench: &mut Bench, request: &UpdateMetadataRequest) -> (Sts, String) {
        self.send(&mut bench.device, OPERATOR_DOMAIN, &update_script(request))
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    hex::decode(digits.replace(' ', "")).expect("hex")
}

/// INSTALL, then STORE DATA in blocks of 255 octets.
fn update_script(request: &UpdateMetadataRequest) -> Vec<u8> {
    let mut script = unhex(INSTALL);
    let request = encode(request);
    let blocks: Vec<&[u8]> = request.chunks(255).collect();
    for (i, block) in blocks.iter().enumerate() {
        let p1 = if i + 1 == blocks.len() { 0x90 } else { 0x10 };
        script.extend([0x80, 0xE2, p1, i as u8, block.len() as u8]);
        script.extend_from_slice(block);
    }
    script
}

/// Service centre, terminal, ENVELOPE: what goes into the delivery report of the last part.
fn deliver<N: Nvm>(device: &mut Device<N>, packet: &[u8]) -> Result<Vec<u8>, u16> {
    let sender = [0x08, 0x81, 0x21, 0x43, 0x65, 0x87];
    let mut report = Vec::new();
    for part in UserData::of_command(packet, 0x5A).expect("not too long") {
        assert!(report.is_empty(), "an answer before the last part");
        let data = envelope(&sender, &Deliver::for_card(&sender, part).to_octets());
        let apdu = [&[0x80, 0xC2, 0x00, 0x00, data.len() as u8][..], &data, &[0x00]].concat();
        report = device.transmit(&apdu);
        let status = report.split_off(report.len() - 2);
        if !matches!(status[..], [0x90, 0x00] | [0x91, _]) {
            return Err(u16::from_be_bytes([status[0], status[1]]));
        }
    }
    Ok(report)
}

/// A card with one enabled profile whose operator has keys.
fn enabled(metadata: Value) -> (Bench, Iccid) {
    let mut bench = Bench::new(Curve::P256);
    let ota = json!({ "version": 1, "kic": KIC, "kid": KID, "kik": KIK });
    let (iccid, matching_id) = bench.order(json!({ "ota": ota, "metadata": metadata }));
    bench.download(&matching_id);
    assert_eq!(switch(&mut bench, 0xBF31, &iccid), 0);
    (bench, iccid)
}

/// EnableProfile or DisableProfile: the result.
fn switch(bench: &mut Bench, tag: u32, iccid: &Iccid) -> u8 {
    let identifier = tlv::wrap(0xA0, &[&tlv::wrap(0x5A, &[&iccid.octets()])]);
    let response = bench.es10(&tlv::wrap(tag, &[&identifier, &[0x81, 0x01, 0x00]])).expect("a response");
    response[response.len() - 1]
}

fn info<N: Nvm>(transmit: &mut Device<N>, list: impl Fn(&mut Device<N>, &[u8]) -> Vec<u8>) -> ProfileInfo {
    let request = unhex("BF2D0A 5C08 5A919293949599B7");
    let ProfileInfoListResponse::ProfileInfoListOk(mut list) =
        decode(&list(transmit, &request)).expect("a list")
    else {
        panic!("a list");
    };
    list.remove(0)
}

fn profile(bench: &mut Bench) -> ProfileInfo {
    info(&mut bench.device, |device, request| es10(device, request).expect("a response"))
}

fn repower(bench: &mut Bench) {
    bench.device.reset().expect("a card");
    select_isdr(&mut bench.device);
}

fn names(service_provider: &str, profile: &str) -> UpdateMetadataRequest {
    UpdateMetadataRequest {
        service_provider_name: Some(service_provider.into()),
        profile_name: Some(profile.into()),
        ..Default::default()
    }
}

#[test]
fn names_change_and_stay() {
    let (mut bench, _) = enabled(json!({}));
    let mut operator = Operator::new();
    assert_eq!(profile(&mut bench).service_provider_name.as_deref(), Some("esim-lab"));
    let done = operator.update_metadata(&mut bench, &names("新しい名前", "Travel"));
    assert_eq!(done, (Sts::OK, "029000".into()));
    for _ in 0..2 {
        let shown = profile(&mut bench);
        assert_eq!(shown.service_provider_name.as_deref(), Some("新しい名前"));
        assert_eq!(shown.profile_name.as_deref(), Some("Travel"));
        repower(&mut bench);
    }
    // One field; then none at all.
    let only_profile_name = UpdateMetadataRequest { profile_name: Some(String::new()), ..Default::default() };
    assert_eq!(operator.update_metadata(&mut bench, &only_profile_name).1, "029000");
    assert_eq!(operator.update_metadata(&mut bench, &UpdateMetadataRequest::default()).1, "029000");
    let shown = profile(&mut bench);
    assert_eq!(shown.service_provider_name.as_deref(), Some("新しい名前"));
    assert_eq!(shown.profile_name.as_deref(), Some(""));
}

#[test]
fn an_icon_comes_in_parts() {
    let (mut bench, _) = enabled(json!({}));
    let mut operator = Operator::new();
    let icon = |octets: Vec<u8>| UpdateMetadataRequest {
        icon_type: Some(1),
        icon: Some(OctetString::from(octets)),
        ..Default::default()
    };
    // INSTALL and five blocks of STORE DATA, in nine short messages.
    assert_eq!(operator.update_metadata(&mut bench, &icon(vec![0x89; 1024])).1, "069000");
    let shown = profile(&mut bench);
    assert_eq!((shown.icon_type, shown.icon.map(|icon| icon.len())), (Some(1), Some(1024)));
    let nameless = UpdateMetadataRequest { icon: Some(vec![1].into()), ..Default::default() };
    for wrong in [icon(vec![0x89; 1025]), nameless, names(&"x".repeat(33), "")] {
        assert!(operator.update_metadata(&mut bench, &wrong).1.ends_with("6A80"));
    }
    assert_eq!(profile(&mut bench).icon.map(|icon| icon.len()), Some(1024));
    assert_eq!(operator.update_metadata(&mut bench, &icon(Vec::new())).1, "029000");
    let shown = profile(&mut bench);
    assert_eq!((shown.icon_type, shown.icon), (None, None));
}

#[test]
fn every_refusal_has_its_status() {
    let (mut bench, _) = enabled(json!({}));
    let mut operator = Operator::new();
    let script = update_script(&names("changed", ""));
    let header = Operator::header(SECURE, OPERATOR_DOMAIN);
    let next = Operator::header(Spi([0x1E, 0x09]), OPERATOR_DOMAIN);
    let first = operator.packet(header, &update_script(&names("first", "")));
    let in_clear = |bench: &mut Bench, packet: &[u8]| {
        let report = deliver(&mut bench.device, packet).expect("9000");
        let user_data = UserData::read(&report, true).expect("user data");
        Response::open(&user_data.data, None).expect("an answer without keys").status
    };
    let status = |bench: &mut Bench, operator: &Operator, packet: &[u8]| {
        let report = deliver(&mut bench.device, packet).expect("9000");
        operator.open(header, &report).status
    };

    let mut bent = first.clone();
    *bent.last_mut().expect("octets") ^= 1;
    assert_eq!(in_clear(&mut bench, &bent), Sts::CHECKSUM);
    assert_eq!(status(&mut bench, &operator, &first), Sts::OK);
    assert_eq!(status(&mut bench, &operator, &first), Sts::COUNTER_LOW);
    repower(&mut bench);
    assert_eq!(status(&mut bench, &operator, &first), Sts::COUNTER_LOW);

    operator.counter += 1;
    let skipping = operator.packet(next, &script);
    assert_eq!(status(&mut bench, &operator, &skipping), Sts::COUNTER_HIGH);
    operator.counter = 1;
    let following = operator.packet(next, &[]);
    assert_eq!(status(&mut bench, &operator, &following), Sts::OK);

    for tar in [[0xB0, 0x00, 0x00], [0x12, 0x34, 0x56]] {
        let packet = operator.packet(Operator::header(SECURE, tar), &script);
        assert_eq!(in_clear(&mut bench, &packet), Sts::TAR_UNKNOWN);
    }
    // No checksum; no counter; not enciphered.
    for spi in [0x14, 0x06, 0x12] {
        let packet = operator.packet(Operator::header(Spi([spi, 0x09]), OPERATOR_DOMAIN), &script);
        assert_eq!(in_clear(&mut bench, &packet), Sts::INSUFFICIENT_SECURITY, "{spi:02X}");
    }
    let elsewhere = KeyIndication::new(2, KeyIndication::AES);
    let packet = operator.packet(Header { kic: elsewhere, kid: elsewhere, ..header }, &script);
    assert_eq!(in_clear(&mut bench, &packet), Sts::UNIDENTIFIED);
    let cut = Command { header, counter: 90, data: script }.seal(&operator.keys).expect("a packet");
    assert_eq!(deliver(&mut bench.device, &cut[..cut.len() - 1]), Err(0x6A80));

    assert_eq!(profile(&mut bench).service_provider_name.as_deref(), Some("first"));
    // The last counter of all closes the key set.
    operator.counter = esim_crypto::scp80::MAX_COUNTER - 1;
    let last = operator.packet(header, &[]);
    assert_eq!(status(&mut bench, &operator, &last), Sts::OK);
    assert_eq!(status(&mut bench, &operator, &last), Sts::COUNTER_BLOCKED);
}

/// What is verified of a packet that is accepted, in the order made.
const OF_A_PACKET: [&str; 9] = [
    "an application has the TAR",
    "the application belongs to a security domain",
    "SPI is as secure as the application demands",
    "the answer can be secured as SPI asks",
    "the packet deciphers, and its checksum verifies",
    "the security domain has the key set with the counter",
    "the counter of the key set has not reached its end",
    "CNTR is higher than the counter that was kept",
    "CNTR is the next one, where SPI asks for it",
];

/// What the card tells of a packet: what has passed, and what has failed.
fn told(bench: &mut Bench, packet: &[u8]) -> (Vec<&'static str>, Vec<&'static str>) {
    recorder::forget();
    deliver(&mut bench.device, packet).expect("9000");
    let made = recorder::made();
    let of = |passed| made.iter().filter(|check| check.passed == passed).map(|check| check.what).collect();
    (of(true), of(false))
}

/// What is broken has failed, what comes before it has passed, and what comes after it is not made.
#[test]
fn the_card_tells_what_it_verifies_of_a_packet() {
    let (mut bench, _) = enabled(json!({}));
    bench.device.watch(recorder::watch());
    let mut operator = Operator::new();
    let header = Operator::header(SECURE, OPERATOR_DOMAIN);
    let broken = |bench: &mut Bench, packet: &[u8], at: usize| {
        assert_eq!(told(bench, packet), (OF_A_PACKET[..at].to_vec(), vec![OF_A_PACKET[at]]));
    };
    broken(&mut bench, &operator.packet(Operator::header(SECURE, [0x12, 0x34, 0x56]), &[]), 0);
    broken(&mut bench, &operator.packet(Operator::header(Spi([0x12, 0x09]), OPERATOR_DOMAIN), &[]), 2);
    let mut bent = operator.packet(header, &[]);
    *bent.last_mut().expect("octets") ^= 1;
    broken(&mut bench, &bent, 4);
    let ahead = operator.packet(Operator::header(Spi([0x1E, 0x09]), OPERATOR_DOMAIN), &[]);
    broken(&mut bench, &ahead, 8);
    let sound = operator.packet(header, &[]);
    assert_eq!(told(&mut bench, &sound), (OF_A_PACKET.to_vec(), vec![]));
    broken(&mut bench, &sound, 7);
    operator.counter = esim_crypto::scp80::MAX_COUNTER - 1;
    let last = operator.packet(header, &[]);
    deliver(&mut bench.device, &last).expect("9000");
    broken(&mut bench, &last, 6);
}

/// The same of what a packet brings.
#[test]
fn the_card_tells_what_it_verifies_of_a_script() {
    let (mut bench, _) = enabled(json!({}));
    bench.device.watch(recorder::watch());
    let mut operator = Operator::new();
    let header = Operator::header(SECURE, OPERATOR_DOMAIN);
    let other = "80E6200016 0000 10A0000005591010FFFFFFFF8900001100 000000".to_string();
    let with_install = |rest: &str| [INSTALL, rest].concat();
    for (script, failed) in [
        (other, "INSTALL for personalization names the profile's ISD-P"),
        ("80E2900003 BF2A00".into(), "INSTALL for personalization came before STORE DATA"),
        (with_install("80E2900003 BF2500"), "STORE DATA brings a function of ES6"),
        (with_install("80E2900007 BF2A04 9402AABB"), "an icon comes with its type"),
        (with_install("80E2900007 BF2A04 99020780"), "policy rules are updated by unsetting them"),
    ] {
        let packet = operator.packet(header, &unhex(&script));
        let (passed, refused) = told(&mut bench, &packet);
        assert_eq!(refused, [failed], "{script}");
        assert!(passed.starts_with(&OF_A_PACKET), "{passed:?}");
    }
}

#[test]
fn the_domain_does_nothing_else() {
    let (mut bench, _) = enabled(json!({}));
    let mut operator = Operator::new();
    let with_install = |rest: &str| [INSTALL, rest].concat();
    let by_own_aid = format!("80E6200016 0000 10{} 000000 80E2900003 BF2A00", hex::encode(ENABLED));
    let table = [
        (by_own_aid, "029000"),
        (with_install("80E2900004 BF2A0100"), "026A80"),
        (with_install("80E2900005 BF2A0291FF"), "026A80"),
        (with_install("80E2900003 BF2500"), "026A88"),
        (with_install("80E2880003 BF2A00"), "026A86"),
        (with_install("80E2F00003 BF2A00"), "026A86"),
        (with_install("80E2900103 BF2A00"), "026A86"),
        ("80E2900003 BF2A00".into(), "016985"),
        ("80E6200016 0000 10A0000005591010FFFFFFFF8900001100 000000".into(), "016A88"),
        ("80E6020003 000000".into(), "016A81"),
        ("80E4000002 4F00".into(), "016D00"),
        ("00E2900003 BF2A00".into(), "016E00"),
    ];
    for (script, answer) in table {
        let got = operator.send(&mut bench.device, OPERATOR_DOMAIN, &unhex(&script));
        assert_eq!(got, (Sts::OK, answer.into()), "{script}");
    }
}

#[test]
fn policy_rules_are_unset_and_never_set() {
    let rules = json!({ "profilePolicyRules": ["ppr2"], "profileOwner": { "mcc": "001", "mnc": "01" } });
    let (mut bench, iccid) = enabled(rules);
    let mut operator = Operator::new();
    let rules = |bits: &[usize]| UpdateMetadataRequest {
        profile_policy_rules: Some(PprIds::of(bits)),
        ..Default::default()
    };
    // PPR1 was not set: it is not set now. With pprUpdateControl the request is none.
    assert_eq!(operator.update_metadata(&mut bench, &rules(&[1, 2])).1, "029000");
    assert_eq!(operator.update_metadata(&mut bench, &rules(&[0, 1, 2])).1, "026A80");
    assert_eq!(profile(&mut bench).profile_policy_rules, Some(PprIds::of(&[2])));
    let delete = |bench: &mut Bench| {
        let response = bench.es10(&tlv::wrap(0xBF33, &[&tlv::wrap(0x5A, &[&iccid.octets()])]));
        *response.expect("a response").last().expect("a result")
    };
    assert_eq!(switch(&mut bench, 0xBF32, &iccid), 0);
    assert_eq!(delete(&mut bench), 3, "disallowedByPolicy");

    assert_eq!(switch(&mut bench, 0xBF31, &iccid), 0);
    assert_eq!(operator.update_metadata(&mut bench, &rules(&[])).1, "029000");
    assert_eq!(profile(&mut bench).profile_policy_rules, None);
    assert_eq!(operator.update_metadata(&mut bench, &rules(&[2])).1, "029000");
    assert_eq!(profile(&mut bench).profile_policy_rules, None);
    assert_eq!(switch(&mut bench, 0xBF32, &iccid), 0);
    assert_eq!(delete(&mut bench), 0);
}

#[test]
fn files_are_managed_remotely() {
    let (mut bench, _) = enabled(json!({}));
    let mut operator = Operator::new();
    let read_spn = |bench: &mut Bench| {
        let device = &mut bench.device;
        let aid = "A0000000871002FFFFFFFF8907090000";
        for select in [&format!("00A4040C10{aid}"), "00A4000C026F46"] {
            assert_eq!(device.transmit(&unhex(select)), [0x90, 0x00]);
        }
        device.transmit(&unhex("00B0000011"))
    };
    assert_eq!(&read_spn(&mut bench)[1..9], b"esim-lab");
    // The USIM's files: its ADF is current. EF.SPN wants ADM, which the remote file manager stands for.
    let new_spn =
        [&unhex("00A4000402 6F46 00D6000009")[..], &[0x01], b"Over air", &unhex("00B0000009")].concat();
    let answer = operator.send(&mut bench.device, USIM_FILES, &new_spn);
    assert_eq!(answer, (Sts::OK, "03900001".to_string() + &hex::encode_upper("Over air")));
    for _ in 0..2 {
        assert_eq!(&read_spn(&mut bench)[1..9], b"Over air");
        repower(&mut bench);
    }

    let files = |bench: &mut Bench, operator: &mut Operator, tar, script: &str| {
        let (status, answer) = operator.send(&mut bench.device, tar, &unhex(script));
        assert_eq!(status, Sts::OK);
        answer
    };
    let iccid = files(&mut bench, &mut operator, CARD_FILES, "00A4000402 2FE2 00B000000A");
    assert!(iccid.starts_with("02900098"), "{iccid}");
    let expanded = files(&mut bench, &mut operator, CARD_FILES, "AA10 2207 00A4000C022FE2 2205 00B000000A");
    assert_eq!(expanded, format!("AB15 800102 23029000 230C {} 9000", &iccid[6..]).replace(' ', ""));
    // What no code allows stays closed; what is not a file command is none here.
    let table = [
        ("00A4000402 2FE2 00D6000001 00", "026982"),
        ("00A4000402 6FFF 00B0000001", "016A82"),
        ("0088008100", "016D00"),
        ("0020000108 31323334FFFFFFFF", "016D00"),
        ("00A4040C10 A0000005591010FFFFFFFF8900000100", "016A86"),
    ];
    for (script, answer) in table {
        assert_eq!(files(&mut bench, &mut operator, CARD_FILES, script), answer, "{script}");
    }
    // The script's access ends with it: the terminal has presented no code.
    read_spn(&mut bench);
    assert_eq!(bench.device.transmit(&unhex("00D600000101")), [0x69, 0x82]);
}

#[test]
fn answers_go_the_way_that_is_asked_for() {
    let (mut bench, _) = enabled(json!({}));
    let mut operator = Operator::new();
    let script = unhex("00A4000402 2FE2 00B000000A");
    let mut report = |second: u8, bench: &mut Bench| {
        let header = Operator::header(Spi([0x16, second]), CARD_FILES);
        let packet = operator.packet(header, &script);
        (header, deliver(&mut bench.device, &packet).expect("9000"))
    };
    assert!(report(0x00, &mut bench).1.is_empty());
    assert!(report(0x02, &mut bench).1.is_empty());
    for second in [0x01, 0x09, 0x11, 0x19] {
        let (header, report) = report(second, &mut bench);
        let response = Operator::new().open(header, &report);
        assert_eq!((response.status, response.data.len()), (Sts::OK, 13), "{second:02X}");
    }

    // With a short message of its own, enciphered and with checksum.
    let (header, nothing) = report(0x39, &mut bench);
    assert!(nothing.is_empty());
    let submitted = fetch_short_message(&mut bench);
    assert_eq!(submitted.destination, [0x08, 0x81, 0x21, 0x43, 0x65, 0x87]);
    assert!(submitted.user_data.begins_response());
    let response =
        Response::open(&submitted.user_data.data, Some((&header, &Operator::new().keys))).expect("sound");
    assert_eq!((response.status, response.data.len()), (Sts::OK, 13));
}

#[test]
fn an_answer_too_long_for_the_report_follows() {
    let (mut bench, _) = enabled(json!({}));
    let mut operator = Operator::new();
    // The first record of EF.ARR, five times: more than the 159 octets of a report.
    let read = "2207 00A4000C026F06 2205 00B2010400";
    let body = unhex(&[read; 5].concat());
    let header = Operator::header(SECURE, USIM_FILES);
    let packet = operator.packet(header, &tlv::wrap(0xAA, &[&body]));
    let report = deliver(&mut bench.device, &packet).expect("9000");
    let response = operator.open(header, &report);
    assert_eq!((response.status, response.data.len()), (Sts::RESPONSE_BY_SUBMIT, 0));
    let (first, second) = (fetch_short_message(&mut bench), fetch_short_message(&mut bench));
    assert!(first.user_data.begins_response() && !second.user_data.begins_response());
    let packet = [first.user_data.data, second.user_data.data].concat();
    let response = Response::open(&packet, Some((&header, &operator.keys))).expect("sound");
    assert_eq!((response.status, response.data[0]), (Sts::OK, 0xAB));
}

/// FETCH of SEND SHORT MESSAGE and its TERMINAL RESPONSE.
fn fetch_short_message(bench: &mut Bench) -> Submit {
    let status = bench.device.transmit(&unhex("80F2000C00"));
    let [0x91, length] = status[..] else { panic!("nothing to fetch: {}", hex::encode(status)) };
    let command = bench.device.transmit(&[0x80, 0x12, 0x00, 0x00, length]);
    let outer = tlv::read(&command, 0).expect("a proactive command");
    let objects = tlv::read_all(&command, outer.value).expect("objects");
    let details = &command[objects[0].whole.clone()];
    assert_eq!(details[3], 0x13, "SEND SHORT MESSAGE");
    let tpdu = objects.iter().find(|object| object.tag == 0x8B).expect("a TPDU");
    let submit = Submit::read(&command[tpdu.value.clone()]).expect("an SMS-SUBMIT");
    let done = [&[0x80, 0x14, 0x00, 0x00, 0x0C][..], details, &unhex("82028281 830100")].concat();
    let status = bench.device.transmit(&done);
    assert!(matches!(status[..], [0x90, 0x00] | [0x91, _]), "{}", hex::encode(status));
    submit
}

#[test]
fn bent_messages_change_nothing() {
    let (mut bench, _) = enabled(json!({}));
    let mut operator = Operator::new();
    let header = Operator::header(SECURE, OPERATOR_DOMAIN);
    let packet = operator.packet(header, &update_script(&names("bent", "")));
    let part = UserData::of_command(&packet, 0).expect("short").remove(0);
    let data = envelope(&[0x02, 0x81, 0x21], &Deliver::for_card(&[0x02, 0x81, 0x21], part).to_octets());
    let apdu = |data: &[u8]| [&[0x80, 0xC2, 0x00, 0x00, data.len() as u8][..], data, &[0x00]].concat();
    let first_of_packet = data.len() - packet.len();
    for at in 0..data.len() {
        bench.device.transmit(&apdu(&data[..at]));
        // What stands before the packet, such as addresses and times, may be anything.
        for bits in [0x01, 0x10, 0x80, 0xFF].into_iter().filter(|_| at >= first_of_packet) {
            let mut bent = data.clone();
            bent[at] ^= bits;
            bench.device.transmit(&apdu(&bent));
        }
    }
    assert_eq!(profile(&mut bench).service_provider_name.as_deref(), Some("esim-lab"));
    bench.device.transmit(&apdu(&data));
    assert_eq!(profile(&mut bench).service_provider_name.as_deref(), Some("bent"));
}

/// A memory that can be told to take no writes.
struct Stubborn {
    memory: MemoryNvm,
    refuses: Rc<Cell<bool>>,
}

impl Nvm for Stubborn {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.memory.read(name)
    }

    fn commit(&mut self, writes: &[Write]) -> Result<(), NvmError> {
        if self.refuses.get() { Err(NvmError("worn out".into())) } else { self.memory.commit(writes) }
    }
}

#[test]
fn what_cannot_be_kept_has_not_happened() {
    let (bench, _) = enabled(json!({}));
    let refuses = Rc::new(Cell::new(false));
    let memory = Stubborn { memory: bench.device.nvm().clone(), refuses: refuses.clone() };
    let mut device = Device::power_on(memory, rng(9), Clock::Fixed(esim_tests::bench::NOW)).expect("a card");
    let shown = |device: &mut Device<Stubborn>| {
        info(device, |device, request| {
            device.transmit(&[0x00, 0x70, 0x00, 0x00, 0x01]);
            device.transmit(&unhex("01A4040010A0000005591010FFFFFFFF890000010000"));
            let apdu = [&[0x81, 0xE2, 0x91, 0x00, request.len() as u8][..], request, &[0x00]].concat();
            let mut answer = device.transmit(&apdu);
            answer.truncate(answer.len() - 2);
            device.transmit(&[0x00, 0x70, 0x80, 0x01]);
            answer
        })
    };
    let mut operator = Operator::new();
    let header = Operator::header(SECURE, OPERATOR_DOMAIN);
    let packet = operator.packet(header, &update_script(&names("after", "")));
    refuses.set(true);
    assert_eq!(deliver(&mut device, &packet), Err(0x6581));
    assert_eq!(shown(&mut device).service_provider_name.as_deref(), Some("esim-lab"));
    // The counter was not spent either.
    refuses.set(false);
    let report = deliver(&mut device, &packet).expect("9000");
    assert_eq!(operator.open(header, &report).status, Sts::OK);
    assert_eq!(shown(&mut device).service_provider_name.as_deref(), Some("after"));
}
