//! The UICC of an enabled profile: each command × each status word that a
//! terminal can provoke (TS 102 221, TS 31.102, TS 31.103, TS 102 223).

use esim_crypto::Curve;
use esim_crypto::milenage::Milenage;
use esim_rsp::{Iccid, encode, tlv};
use esim_saip::builder::{self, Subscriber};
use esim_tests::conformance::{Row, blank, case, hold_with_checks};
use esim_tests::forge::{self, Forge, ICCID, metadata};
use esim_tests::recorder;

const USIM: &str = "00A4040410A0000000871002FFFFFFFF890709000000";
const ISIM: &str = "00A4040410A0000000871004FFFFFFFF890709000000";
const PIN1: &str = "002000010830303030FFFFFFFF";
const WRONG_PIN1: &str = "002000010839393939FFFFFFFF";
const WRONG_PUK1: &str = "002C0001103939393939393939 30303030FFFFFFFF";
const ADM1: &str = "0020000A083030303030303030";
/// Reads, from the USIM: transparent files, files of records.
const ICCID_FILE: &str = "00A40804022FE2";
const FPLMN: &str = "00A40004026F7B";
const DIR: &str = "00A40804022F00";
const MSISDN: &str = "00A40004026F40";

#[test]
fn every_status_word_of_the_uicc() {
    let rows: Vec<Row> = [
        channels(),
        framing(),
        selection(),
        transparent_files(),
        records(),
        pins(),
        authentication(),
        life_cycle(),
        toolkit(),
    ]
    .into_iter()
    .flatten()
    .collect();
    hold_with_checks("uicc", &rows);
}

// What cases are made of.

/// A subscriber with a telephone number.
fn subscriber() -> Subscriber {
    Subscriber { msisdn: Some("+81901234567".to_string()), ..forge::subscriber(ICCID) }
}

/// A card whose one profile is enabled.
fn phone(subscriber: &Subscriber) -> Forge {
    let mut forge = Forge::with(Curve::P256, |_| {});
    forge.install(&metadata(ICCID), subscriber);
    forge.enable(ICCID);
    forge
}

/// The same with a profile from whose package the elements with a name are left out.
fn phone_without(name: &str) -> Forge {
    let mut forge = Forge::with(Curve::P256, |_| {});
    let package = builder::build(&subscriber()).unwrap();
    let elements = package.elements.iter().filter(|element| element.name() != name);
    let mut parcel = forge.parcel();
    parcel.metadata = encode(&metadata(ICCID));
    parcel.upp = elements.flat_map(|element| element.raw().to_vec()).collect();
    forge.load(&parcel.pieces()).unwrap();
    forge.enable(ICCID);
    forge
}

/// One APDU: what is verified for it is its own, and the last one is what the case is about.
fn transmit(forge: &mut Forge, apdu: &str) -> Vec<u8> {
    recorder::begin();
    let response = forge.device.transmit(&hex::decode(apdu).unwrap());
    recorder::keep();
    response
}

/// Status word of the last APDU.
fn talk(forge: &mut Forge, apdus: &[&str]) -> String {
    let mut seen = String::new();
    for apdu in apdus {
        let response = transmit(forge, &apdu.replace(' ', ""));
        seen = hex::encode_upper(&response[response.len() - 2..]);
    }
    seen
}

/// The same on a fresh card with an ordinary profile.
fn after(apdus: &[&str]) -> String {
    talk(&mut phone(&subscriber()), apdus)
}

/// The same on a card whose user must enter PIN 1.
fn locked(apdus: &[&str]) -> String {
    let mut subscriber = subscriber();
    subscriber.codes.pin1_enabled = true;
    talk(&mut phone(&subscriber), apdus)
}

fn channels() -> Vec<Row> {
    const F: &str = "MANAGE CHANNEL";
    vec![
        case(F, "9000", "opens_a_channel", || after(&["0070000001"])),
        case(F, "9000", "opens_a_channel_by_number", || after(&["0070000300"])),
        case(F, "9000", "closes_a_channel", || after(&["0070800100"])),
        case(F, "9000", "opens_all_twenty", || {
            let mut forge = phone(&subscriber());
            // Channels 0 and 1 are open.
            let opened = (2..20).map(|_| talk(&mut forge, &["0070000001"])).filter(|it| it == "9000").count();
            assert_eq!(opened, 18);
            talk(&mut forge, &["4FA4000C023F00"])
        }),
        case(F, "6A81", "a_twenty_first_channel", || {
            let mut forge = phone(&subscriber());
            talk(&mut forge, &["0070000001"; 19])
        }),
        case(F, "6A81", "a_channel_that_is_open", || after(&["0070000100"])),
        case(F, "6881", "closes_a_channel_that_is_not_open", || after(&["0070800500"])),
        case(F, "6A86", "closes_the_basic_channel", || after(&["0070800000"])),
        case(F, "6A86", "neither_opens_nor_closes", || after(&["0070010000"])),
        case("any command", "6881", "on_a_closed_channel", || after(&["02A40004023F00"])),
        case("any command", "6881", "on_a_closed_channel_of_the_further_ones", || after(&["4AA40004023F00"])),
    ]
}

fn framing() -> Vec<Row> {
    const F: &str = "any command";
    vec![
        case(F, "6700", "octets_that_its_length_does_not_tell", || after(&["00A40004023F"])),
        case(F, "6700", "three_octets", || after(&["00A400"])),
        case(F, "6882", "secure_messaging", || after(&["0CA40004023F00"])),
        case(F, "6884", "chaining", || after(&["10D6000001FF"])),
        case(F, "6D00", "unknown_instruction", || after(&["00FE000000"])),
        case(F, "6D00", "suspend_uicc", || after(&["8076000004000A000A"])),
        case(F, "6E00", "proprietary_class_for_an_interindustry_command", || after(&["80A40004023F00"])),
        case(F, "6E00", "class_of_a_sim", || after(&["A0A40000023F00"])),
        case("GET RESPONSE", "6985", "nothing_waits", || after(&["00C0000000"])),
        case("GET RESPONSE", "9000", "what_a_select_without_le_has_to_say", || {
            let mut forge = phone(&subscriber());
            let waits = talk(&mut forge, &["00A40004023F00"]);
            assert!(waits.starts_with("61"), "{waits}");
            talk(&mut forge, &[&format!("00C00000{}", &waits[2..])])
        }),
        case("TERMINAL CAPABILITY", "9000", "told_once", || after(&["80AA000005A903830107"])),
    ]
}

fn selection() -> Vec<Row> {
    const F: &str = "SELECT";
    vec![
        case(F, "9000", "mf_by_identifier", || after(&["00A4000C023F00"])),
        case(F, "9000", "application_by_its_whole_name", || after(&[USIM])),
        case(F, "9000", "application_by_the_beginning_of_its_name", || after(&["00A4040C07A0000000871004"])),
        case(F, "9000", "next_application", || after(&["00A4040C05A000000087", "00A4040E05A000000087"])),
        case(F, "9000", "last_application", || after(&["00A4040D05A000000087"])),
        case(F, "9000", "file_by_path_from_the_mf", || after(&["00A4080C022FE2"])),
        case(F, "9000", "file_by_path_through_the_application", || after(&[USIM, "00A4080C047FFF6F07"])),
        case(F, "9000", "current_application_by_7fff", || after(&[USIM, "00A4000C023F00", "00A4000C027FFF"])),
        case(F, "9000", "directory_above", || after(&[USIM, "00A4030C"])),
        case(F, "9000", "application_is_ended", || {
            after(&[USIM, "00A4044C10A0000000871002FFFFFFFF8907090000"])
        }),
        case(F, "61xx", "without_le_the_template_waits", || {
            let seen = after(&["00A40004023F00"]);
            if seen.starts_with("61") { "61xx".to_string() } else { seen }
        }),
        case(F, "6283", "deactivated_file", || {
            after(&[USIM, ADM1, "00A4080C047FFF6F07", "0004000000", "00A4080C047FFF6F07"])
        }),
        case(F, "6A82", "unknown_file", || after(&["00A4000C026FFF"])),
        case(F, "6A82", "unknown_application", || after(&["00A4040C05A000000099"])),
        case(F, "6A82", "no_further_application", || {
            after(&["00A4040C07A0000000871002", "00A4040E07A0000000871002"])
        }),
        case(F, "6A82", "file_of_an_application_that_is_not_selected", || after(&["00A4080C047FFF6F07"])),
        case(F, "6A86", "selection_of_no_kind", || after(&["00A4050C023F00"])),
        case(F, "6A86", "answer_of_no_kind", || after(&["00A40008023F00"])),
        case(F, "6A87", "half_an_identifier", || after(&["00A4000C013F"])),
        case("STATUS", "9000", "current_directory", || after(&["80F2000000"])),
        case("STATUS", "9000", "name_of_the_application", || after(&[USIM, "80F2000100"])),
        case("STATUS", "6Cxx", "too_short_an_answer_wanted", || {
            let seen = after(&["80F2000001"]);
            if seen.starts_with("6C") { "6Cxx".to_string() } else { seen }
        }),
        case("STATUS", "6A88", "name_where_no_application_is_selected", || after(&["80F2000100"])),
        case("STATUS", "6A86", "state_of_no_kind", || after(&["80F2030000"])),
        case("STATUS", "6A86", "answer_of_no_kind", || after(&["80F2000200"])),
        case("STATUS", "6E00", "interindustry_class", || after(&["00F2000000"])),
    ]
}

fn transparent_files() -> Vec<Row> {
    const READ: &str = "READ BINARY";
    const UPDATE: &str = "UPDATE BINARY";
    vec![
        case(READ, "9000", "current_file", || after(&[ICCID_FILE, "00B000000A"])),
        case(READ, "9000", "by_short_identifier", || after(&[USIM, "00B0870009"])),
        case(READ, "6Cxx", "more_than_the_file_has", || {
            let seen = after(&[ICCID_FILE, "00B0000020"]);
            if seen == "6282" || seen.starts_with("6C") { "6Cxx".to_string() } else { seen }
        }),
        case(READ, "6981", "file_of_records", || after(&[DIR, "00B0000001"])),
        case(READ, "6982", "pin_is_not_verified", || locked(&[USIM, "00B0870009"])),
        case(READ, "6984", "deactivated_file", || {
            after(&[USIM, ADM1, "00A4080C047FFF6F07", "0004000000", "00B0000009"])
        }),
        case(READ, "6986", "no_file_is_current", || after(&["00A4000C023F00", "00B0000001"])),
        case(READ, "6A82", "unknown_short_identifier", || after(&["00B09D0001"])),
        case(READ, "6B00", "offset_behind_the_end", || after(&[ICCID_FILE, "00B0000B01"])),
        case(UPDATE, "9000", "pin_lets_it_in", || after(&[USIM, PIN1, FPLMN, "00D600000300F110"])),
        case(UPDATE, "6982", "only_the_operator_may", || after(&[USIM, PIN1, ICCID_FILE, "00D6000001FF"])),
        case(UPDATE, "6981", "file_of_records", || after(&[USIM, PIN1, MSISDN, "00D6000001FF"])),
        case(UPDATE, "6986", "no_file_is_current", || after(&["00A4000C023F00", "00D6000001FF"])),
        case(UPDATE, "6700", "beyond_the_end", || {
            after(&[USIM, PIN1, FPLMN, &format!("00D60000FF{}", "FF".repeat(255))])
        }),
        case(UPDATE, "6B00", "offset_behind_the_end", || after(&[USIM, PIN1, FPLMN, "00D67F0001FF"])),
        case("RETRIEVE DATA", "6981", "file_without_data_objects", || after(&[ICCID_FILE, "80CB008001E700"])),
        case("SET DATA", "6981", "file_without_data_objects", || {
            after(&[USIM, ADM1, ICCID_FILE, "80DB008001E7"])
        }),
        case("INCREASE", "6981", "file_that_is_not_cyclic", || after(&[USIM, PIN1, FPLMN, "80320000010100"])),
    ]
}

fn records() -> Vec<Row> {
    const READ: &str = "READ RECORD";
    const UPDATE: &str = "UPDATE RECORD";
    const SEARCH: &str = "SEARCH RECORD";
    vec![
        case(READ, "9000", "by_number", || after(&[DIR, "00B2010400"])),
        case(READ, "9000", "next", || after(&[DIR, "00B2000200"])),
        case(READ, "6A83", "number_that_is_not_there", || after(&[DIR, "00B2630400"])),
        case(READ, "6A83", "next_behind_the_last", || {
            let mut forge = phone(&subscriber());
            talk(&mut forge, &[DIR]);
            (0..20).map(|_| talk(&mut forge, &["00B2000200"])).find(|it| it != "9000").unwrap_or_default()
        }),
        case(READ, "6981", "transparent_file", || after(&[ICCID_FILE, "00B2010400"])),
        case(READ, "6982", "pin_is_not_verified", || locked(&[USIM, MSISDN, "00B2010400"])),
        case(READ, "6986", "no_file_is_current", || after(&["00A4000C023F00", "00B2010400"])),
        case(READ, "6A86", "mode_of_no_kind", || after(&[DIR, "00B2010700"])),
        case(READ, "6Cxx", "another_length_than_the_records", || {
            let seen = after(&[DIR, "00B2010401"]);
            if seen.starts_with("6C") { "6Cxx".to_string() } else { seen }
        }),
        case(UPDATE, "9000", "by_number", || {
            let mut forge = phone(&subscriber());
            talk(&mut forge, &[USIM, ADM1, MSISDN]);
            let record = transmit(&mut forge, "00B2010400");
            let record = hex::encode(&record[..record.len() - 2]);
            talk(&mut forge, &[&format!("00DC0104{:02X}{record}", record.len() / 2)])
        }),
        case(UPDATE, "6700", "another_length_than_the_records", || {
            after(&[USIM, ADM1, MSISDN, "00DC010401FF"])
        }),
        case(UPDATE, "6981", "transparent_file", || after(&[USIM, PIN1, FPLMN, "00DC010401FF"])),
        case(UPDATE, "6982", "only_the_operator_may", || after(&[USIM, PIN1, DIR, "00DC010401FF"])),
        case(SEARCH, "9000", "found", || after(&[DIR, "00A20104016100"])),
        case(SEARCH, "6282", "not_found", || after(&[DIR, "00A2010403ABCDEF"])),
        case(SEARCH, "6981", "transparent_file", || after(&[ICCID_FILE, "00A20104016100"])),
        case(SEARCH, "6A83", "from_a_record_that_is_not_there", || after(&[DIR, "00A263040161"])),
        case(SEARCH, "6700", "string_longer_than_a_record", || {
            after(&[DIR, &format!("00A20104FF{}", "61".repeat(255))])
        }),
        case(SEARCH, "6A86", "mode_of_no_kind", || after(&[DIR, "00A201010161"])),
    ]
}

fn pins() -> Vec<Row> {
    const VERIFY: &str = "VERIFY PIN";
    vec![
        case(VERIFY, "9000", "the_right_one", || locked(&[USIM, PIN1])),
        case(VERIFY, "63C3", "asks_for_the_tries_left", || locked(&[USIM, "0020000100"])),
        case(VERIFY, "63C3", "asks_for_those_of_a_disabled_pin", || after(&[USIM, "0020000100"])),
        case(VERIFY, "6984", "a_disabled_pin", || after(&[USIM, PIN1])),
        case(VERIFY, "63C2", "a_wrong_one", || locked(&[USIM, WRONG_PIN1])),
        case(VERIFY, "6983", "blocked", || locked(&[USIM, WRONG_PIN1, WRONG_PIN1, WRONG_PIN1, PIN1])),
        case(VERIFY, "6700", "seven_octets", || locked(&[USIM, "0020000107 30303030FFFFFF"])),
        case(VERIFY, "6A88", "a_pin_that_is_not_there", || locked(&[USIM, "002000070830303030FFFFFFFF"])),
        case(VERIFY, "6A86", "another_p1", || locked(&[USIM, "002001010830303030FFFFFFFF"])),
        case("CHANGE PIN", "9000", "old_and_new", || {
            locked(&[USIM, "0024000110 30303030FFFFFFFF 31323334FFFFFFFF", "002000010831323334FFFFFFFF"])
        }),
        case("CHANGE PIN", "63C2", "another_old_one", || {
            locked(&[USIM, "0024000110 39393939FFFFFFFF 31323334FFFFFFFF"])
        }),
        case("CHANGE PIN", "6A80", "letters", || {
            locked(&[USIM, "0024000110 30303030FFFFFFFF 41424344FFFFFFFF"])
        }),
        case("CHANGE PIN", "6984", "a_disabled_pin", || {
            after(&[USIM, "0024000110 30303030FFFFFFFF 31323334FFFFFFFF"])
        }),
        case("DISABLE PIN", "9000", "then_nobody_asks", || {
            locked(&[USIM, "002600010830303030FFFFFFFF", "00B0870009"])
        }),
        case("DISABLE PIN", "63C2", "a_wrong_one", || locked(&[USIM, "002600010839393939FFFFFFFF"])),
        case("DISABLE PIN", "6984", "disabled_already", || after(&[USIM, "002600010830303030FFFFFFFF"])),
        case("DISABLE PIN", "6985", "one_that_may_not_be", || locked(&[USIM, "0026000A083030303030303030"])),
        case("DISABLE PIN", "6A88", "for_a_universal_pin_that_is_not_there", || {
            locked(&[USIM, "002691010830303030FFFFFFFF"])
        }),
        case("ENABLE PIN", "9000", "then_it_is_asked_for", || after(&[USIM, "002800010830303030FFFFFFFF"])),
        case("ENABLE PIN", "6985", "enabled_already", || locked(&[USIM, "002800010830303030FFFFFFFF"])),
        case("ENABLE PIN", "63C2", "a_wrong_one", || after(&[USIM, "002800010839393939FFFFFFFF"])),
        case("UNBLOCK PIN", "9000", "a_blocked_pin", || {
            let unblock = "002C0001103030303030303030 31323334FFFFFFFF";
            locked(&[USIM, WRONG_PIN1, WRONG_PIN1, WRONG_PIN1, unblock, "002000010831323334FFFFFFFF"])
        }),
        case("UNBLOCK PIN", "6A88", "a_pin_without_an_unblocking_code", || {
            locked(&[USIM, "002C000A103030303030303030 30303030FFFFFFFF"])
        }),
        case("UNBLOCK PIN", "63CA", "asks_for_the_tries_left", || locked(&[USIM, "002C000100"])),
        case("UNBLOCK PIN", "63C9", "a_wrong_code", || locked(&[USIM, WRONG_PUK1])),
        case("UNBLOCK PIN", "6983", "blocked_for_good", || {
            let mut forge = phone(&subscriber());
            talk(&mut forge, &[USIM]);
            talk(&mut forge, &[WRONG_PUK1; 10]);
            talk(&mut forge, &["002C0001103030303030303030 30303030FFFFFFFF"])
        }),
    ]
}

/// AUTHENTICATE as an authentication centre with the subscriber's keys asks, in a context.
fn challenge(sqn: u8, context: &str) -> String {
    let (rand, amf) = ([0x23; 16], [0x80, 0x00]);
    let milenage = Milenage::new(&[1; 16], &[2; 16]);
    let sqn = [0, 0, 0, 0, 0, sqn];
    let ak = milenage.f2345(&rand).ak;
    let hidden: [u8; 6] = core::array::from_fn(|i| sqn[i] ^ ak[i]);
    let mac = milenage.f1(&rand, &sqn, &amf);
    let autn = [&hidden[..], &amf, &mac].concat();
    format!("008800{context}2210{}10{}00", hex::encode(rand), hex::encode(autn))
}

/// First octet of the answer and the status word.
fn authenticates(forge: &mut Forge, apdu: &str) -> String {
    let response = transmit(forge, apdu);
    hex::encode_upper([&response[..1], &response[response.len() - 2..]].concat())
}

fn authentication() -> Vec<Row> {
    const F: &str = "AUTHENTICATE";
    vec![
        case(F, "DB … 9000", "umts_network_is_authentic", || {
            let mut forge = phone(&subscriber());
            talk(&mut forge, &[USIM, PIN1]);
            authenticates(&mut forge, &challenge(0x20, "81")).replace("DB9000", "DB … 9000")
        }),
        case(F, "DB … 9000", "ims_network_is_authentic", || {
            let mut forge = phone(&subscriber());
            talk(&mut forge, &[ISIM, PIN1]);
            authenticates(&mut forge, &challenge(0x20, "81")).replace("DB9000", "DB … 9000")
        }),
        case(F, "DC … 9000", "sequence_number_used_before", || {
            let mut forge = phone(&subscriber());
            talk(&mut forge, &[USIM, PIN1, &challenge(0x20, "81")]);
            authenticates(&mut forge, &challenge(0x20, "81")).replace("DC9000", "DC … 9000")
        }),
        case(F, "9000", "gsm_context", || {
            after(&[USIM, PIN1, &format!("008800801110{}00", "23".repeat(16))])
        }),
        case(F, "9862", "network_with_another_key", || {
            let bent = challenge(0x20, "81");
            let (head, tail) = bent.split_at(bent.len() - 4);
            let other = if tail.starts_with("00") { "01" } else { "00" };
            after(&[USIM, PIN1, &format!("{head}{other}00")])
        }),
        case(F, "9864", "gba_context", || after(&[USIM, PIN1, &challenge(0x20, "84")])),
        case(F, "6982", "pin_is_not_verified", || locked(&[USIM, &challenge(0x20, "81")])),
        case(F, "6985", "no_application_is_selected", || after(&["00A4000C023F00", &challenge(0x20, "81")])),
        case(F, "6985", "profile_without_keys", || {
            talk(&mut phone_without("akaParameter"), &[USIM, PIN1, &challenge(0x20, "81")])
        }),
        case(F, "6A86", "context_of_no_kind", || after(&[USIM, PIN1, &challenge(0x20, "87")])),
        case(F, "6A80", "challenge_of_another_length", || {
            after(&[USIM, PIN1, &challenge(0x20, "81").replacen("2210", "2211", 1)])
        }),
        case(F, "6700", "half_a_challenge", || after(&[USIM, PIN1, "00880081021023"])),
    ]
}

fn life_cycle() -> Vec<Row> {
    const IMSI: &str = "00A4080C047FFF6F07";
    vec![
        case("DEACTIVATE FILE", "9000", "by_the_operator", || after(&[USIM, ADM1, IMSI, "0004000000"])),
        case("DEACTIVATE FILE", "6982", "by_the_user", || after(&[USIM, PIN1, IMSI, "0004000000"])),
        case("DEACTIVATE FILE", "9000", "by_its_path", || after(&[USIM, ADM1, "00040800047FFF6F07"])),
        case("DEACTIVATE FILE", "6981", "a_directory", || after(&[USIM, ADM1, "00040800027FFF"])),
        case("DEACTIVATE FILE", "6986", "no_file_is_current", || after(&[USIM, ADM1, "0004000000"])),
        case("DEACTIVATE FILE", "6A82", "unknown_file", || after(&[USIM, ADM1, "00040000026FFF"])),
        case("ACTIVATE FILE", "9000", "by_the_operator", || {
            after(&[USIM, ADM1, IMSI, "0004000000", "0044000000"])
        }),
        case("ACTIVATE FILE", "6982", "by_the_user", || after(&[USIM, PIN1, IMSI, "0044000000"])),
    ]
}

fn toolkit() -> Vec<Row> {
    /// A card that wants the terminal to execute REFRESH.
    fn refreshing() -> Forge {
        let mut forge = phone(&subscriber());
        assert_eq!(talk(&mut forge, &["8010000003000080"]), "9000");
        let iccid: Iccid = ICCID.parse().unwrap();
        let which = tlv::wrap(0xA0, &[&tlv::wrap(0x5A, &[&iccid.octets()])]);
        forge.es10(&tlv::wrap(0xBF32, &[&which, &[0x81, 1, 0xFF]])).unwrap();
        forge
    }
    vec![
        case("TERMINAL PROFILE", "9000", "what_the_terminal_can_do", || after(&["8010000003FFFFFF"])),
        case("TERMINAL PROFILE", "6700", "nothing", || after(&["8010000000"])),
        case("TERMINAL PROFILE", "6A86", "with_parameters", || after(&["8010010003FFFFFF"])),
        case("any command", "91xx", "refresh_waits", || {
            let seen = talk(&mut refreshing(), &["80F2000C"]);
            if seen.starts_with("91") { "91xx".to_string() } else { seen }
        }),
        case("FETCH", "9000", "refresh", || talk(&mut refreshing(), &["8012000000"])),
        case("FETCH", "6985", "nothing_waits", || after(&["8012000000"])),
        case("FETCH", "6Cxx", "another_length_than_told", || {
            let seen = talk(&mut refreshing(), &["8012000001"]);
            if seen.starts_with("6C") { "6Cxx".to_string() } else { seen }
        }),
        case("TERMINAL RESPONSE", "9000", "refresh_was_carried_out", || {
            talk(&mut refreshing(), &["8012000000", "801400000C810301010482028281830100"])
        }),
        case("TERMINAL RESPONSE", "6985", "nothing_was_fetched", || {
            after(&["801400000C810301010482028281830100"])
        }),
        case("TERMINAL RESPONSE", "6A80", "to_another_command", || {
            talk(&mut refreshing(), &["8012000000", "801400000C810302010482028281830100"])
        }),
        case("ENVELOPE", "9000", "event_download", || after(&["80C2000009D607990104820282 81"])),
        case("ENVELOPE", "6A80", "tag_of_no_envelope", || after(&["80C200000201FF"])),
        case("GET IDENTITY", "6985", "a_profile_that_leaves_concealing_to_the_phone", || {
            after(&[USIM, PIN1, "8078000100"])
        }),
        case("GET IDENTITY", "6985", "no_application_is_selected", || {
            after(&["00A4000C023F00", "8078000100"])
        }),
        case("GET IDENTITY", "6A86", "an_identity_of_another_kind", || after(&[USIM, PIN1, "8078000200"])),
        blank(
            "GET IDENTITY",
            "9000",
            "shown in the card's own tests, on a profile that the builder does not make",
        ),
        blank("GET IDENTITY", "6982", "shown there too"),
        blank("any command", "6581", "shown at the ISD-R: the memory is the same"),
        blank("any command", "9300", "no applet runs that could be busy"),
    ]
}
