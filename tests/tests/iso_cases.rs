//! Every command of the card in every form that ISO/IEC 7816-4 5.1 has for one: without data and answer, with either,
//! with both, lengths short and extended. What the card answers does not depend on the form, and an answer that was not
//! asked for waits for GET RESPONSE, as T=0 has it (TS 102 221 7.3.1.1).

use esim_crypto::Curve;
use esim_crypto::milenage::Milenage;
use esim_euicc::MemoryNvm;
use esim_tests::bench::{NOW, rng};
use esim_tests::forge::{Forge, ICCID, metadata, subscriber};
use esim_world::{Clock, Device};

/// What a command brings and takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Data come back, none go in.
    Out,
    /// Data go in, none come back.
    In,
    /// Both.
    InOut,
}
use Kind::{In, InOut, Out};

struct Case {
    name: &'static str,
    kind: Kind,
    /// What comes before.
    before: &'static [&'static str],
    header: &'static str,
    /// Octets that go in; the command's own for [`Out`] where it must not have any.
    data: String,
    /// How the answer ends.
    ends: &'static str,
}

fn case(
    name: &'static str,
    kind: Kind,
    before: &'static [&'static str],
    header: &'static str,
    data: &str,
    ends: &'static str,
) -> Case {
    Case { name, kind, before, header, data: data.replace(' ', ""), ends }
}

const USIM: &str = "00A4040C07A0000000871002";
const PIN1: &str = "002000010830303030FFFFFFFF";
const ADM1: &str = "0020000A083030303030303030";
const ISDR: &str = "00A4040C10A0000005591010FFFFFFFF8900000100";
const ECASD: &str = "00A4040C10A0000005591010FFFFFFFF8900000200";
const PROFILE: &str = "8010000003000080";
const MSISDN: &str = "00A4000C026F40";
const IMSI: &str = "00A4000C026F07";

fn cases() -> Vec<Case> {
    vec![
        case("SELECT", InOut, &[], "00A40004", "3F00", "9000"),
        case("SELECT by AID", InOut, &[], "00A40404", "A0000000871002", "9000"),
        case("SELECT ISD-R", InOut, &[], "00A40400", "A0000005591010FFFFFFFF8900000100", "9000"),
        case("SELECT ECASD", InOut, &[], "00A40400", "A0000005591010FFFFFFFF8900000200", "9000"),
        case("SELECT without data", In, &[], "00A4000C", "3F00", "9000"),
        case("STATUS", Out, &[], "80F20000", "", "9000"),
        case("STATUS of an application", Out, &[USIM], "80F20001", "", "9000"),
        case("STATUS of the ISD-R", Out, &[ISDR], "80F20000", "", "9000"),
        case("READ BINARY", Out, &["00A4000C022FE2"], "00B00000", "", "9000"),
        case("READ RECORD", Out, &["00A4000C022F00"], "00B20104", "", "9000"),
        case("SEARCH RECORD", InOut, &["00A4000C022F00"], "00A20104", "61", "9000"),
        case("UPDATE BINARY", In, &[USIM, PIN1, ADM1, IMSI], "00D60000", "0809101010325476F8", "9000"),
        case("UPDATE RECORD of another length", In, &[USIM, PIN1, ADM1, MSISDN], "00DC0104", "FF", "6700"),
        case("INCREASE", InOut, &[USIM, IMSI], "80320000", "000001", "6981"),
        case("VERIFY PIN", In, &[USIM], "00200001", "30303030FFFFFFFF", "9000"),
        case("CHANGE PIN", In, &[USIM], "00240001", "30303030FFFFFFFF 31323334FFFFFFFF", "9000"),
        case("DISABLE PIN", In, &[USIM], "00260001", "30303030FFFFFFFF", "9000"),
        case("ENABLE PIN", In, &[USIM, "002600010830303030FFFFFFFF"], "00280001", "30303030FFFFFFFF", "9000"),
        case("UNBLOCK PIN", In, &[USIM], "002C0001", "3030303030303030 31323334FFFFFFFF", "9000"),
        case("DEACTIVATE FILE", In, &[USIM, PIN1, ADM1], "00040000", "6F07", "9000"),
        case("ACTIVATE FILE", In, &[USIM, PIN1, ADM1], "00440000", "6F07", "9000"),
        case("AUTHENTICATE", InOut, &[USIM, PIN1], "00880081", &challenge(), "9000"),
        case(
            "AUTHENTICATE for GSM",
            InOut,
            &[USIM, PIN1],
            "00880080",
            &format!("10{}", "23".repeat(16)),
            "9000",
        ),
        case("GET IDENTITY", InOut, &[USIM, PIN1], "80780001", "00", "6985"),
        case("GET CHALLENGE", Out, &[], "00890000", "", "6A81"),
        case("RETRIEVE DATA", InOut, &[USIM, IMSI], "80CB0080", "5C", "6981"),
        case("SET DATA", In, &[USIM, IMSI], "80DB0080", "8000", "6981"),
        case("TERMINAL PROFILE", In, &[], "80100000", "000080", "9000"),
        case("TERMINAL CAPABILITY", In, &[], "80AA0000", "A903830107", "9000"),
        case("FETCH", Out, &[PROFILE], "80120000", "", "6985"),
        case("TERMINAL RESPONSE", In, &[PROFILE], "80140000", "810301010482028281830100", "6985"),
        case("ENVELOPE", In, &[PROFILE], "80C20000", "D3078202018190 0101", "9000"),
        case("MANAGE CHANNEL", Out, &[], "00700000", "", "9000"),
        case("GET RESPONSE", Out, &["00A40004023F00"], "00C00000", "", "9000"),
        case("STORE DATA", InOut, &[ISDR], "80E29100", "BF3E035C015A", "9000"),
        case("STORE DATA, more to come", In, &[ISDR], "80E21100", "BF3E", "9000"),
        case("GET DATA", Out, &[ECASD], "80CA005A", "", "9000"),
        case("an unknown command", InOut, &[], "00FE0000", "00", "6D00"),
    ]
}

/// `10 RAND 10 AUTN` of a network that has the keys.
fn challenge() -> String {
    let (rand, amf, sqn) = ([0x23; 16], [0x80, 0x00], [0, 0, 0, 0, 0, 0x20]);
    let milenage = Milenage::new(&[1; 16], &[2; 16]);
    let ak = milenage.f2345(&rand).ak;
    let hidden: [u8; 6] = core::array::from_fn(|i| sqn[i] ^ ak[i]);
    let autn = [&hidden[..], &amf, &milenage.f1(&rand, &sqn, &amf)].concat();
    format!("10{}10{}", hex::encode(rand), hex::encode(autn))
}

fn phone() -> MemoryNvm {
    let mut forge = Forge::with(Curve::P256, |_| {});
    let mut subscriber = subscriber(ICCID);
    subscriber.msisdn = Some("+81901234567".to_string());
    subscriber.codes.pin1_enabled = true;
    forge.install(&metadata(ICCID), &subscriber);
    forge.enable(ICCID);
    forge.device.nvm().clone()
}

/// What one form of a command brings on a fresh card: data and status word, with what waited behind `61xx`, and whether
/// something waited.
fn answer(memory: &MemoryNvm, case: &Case, body: &str) -> (String, bool) {
    let mut device = Device::power_on(memory.clone(), rng(5), Clock::Fixed(NOW)).unwrap();
    let mut send = |digits: &str| hex::encode_upper(device.transmit(&hex::decode(digits).unwrap()));
    for command in case.before {
        let seen = send(command);
        assert!(seen.ends_with("9000") || seen.starts_with("61"), "{}, before: {command}: {seen}", case.name);
    }
    let mut seen = send(&format!("{}{body}", case.header));
    let waited = seen[seen.len() - 4..].starts_with("61");
    while let Some(length) = seen[seen.len() - 4..].strip_prefix("61").map(str::to_string) {
        seen.truncate(seen.len() - 4);
        seen += &send(&format!("00C00000{length}"));
    }
    (seen, waited)
}

#[test]
fn the_answer_does_not_depend_on_the_form() {
    let memory = phone();
    for case in cases() {
        let data = &case.data;
        let length = data.len() / 2;
        let (short, extended) = (format!("{length:02X}{data}"), format!("00{length:04X}{data}"));
        let ask = |body: &str| answer(&memory, &case, body);
        let name = case.name;
        match case.kind {
            Out => {
                let (expected, _) = ask("00");
                assert!(expected.ends_with(case.ends), "{name}: {expected}");
                assert_eq!(ask("000000").0, expected, "{name}, case 2 extended");
                // Without Le there is no answer at once; what T=0 cannot tell from Le 256, an APDU may have refused.
                let (seen, _) = ask("");
                let refused = ["6700", &expected].contains(&seen.as_str()) || seen.starts_with("6C");
                assert!(refused, "{name}, case 1: {seen} and not {expected}");
                for body in ["0100", "00000100", "010000", "000001000000"] {
                    let (seen, _) = ask(body);
                    assert!(seen == expected || seen.len() == 4, "{name}, {body}: {seen}");
                }
            }
            In | InOut => {
                let (expected, waited) = ask(&format!("{short}00"));
                assert!(expected.ends_with(case.ends), "{name}: {expected}");
                assert!(!waited, "{name}: all was asked for");
                assert_eq!(
                    case.kind == InOut && case.ends == "9000",
                    expected.len() > 4,
                    "{name}: {expected}"
                );
                assert_eq!(ask(&format!("{extended}0000")).0, expected, "{name}, case 4 extended");
                for (form, body) in [("case 3", &short), ("case 3 extended", &extended)] {
                    let (seen, waited) = ask(body);
                    assert_eq!(seen, expected, "{name}, {form}");
                    assert_eq!(waited, expected.len() > 4, "{name}, {form}: T=0 sends nothing unasked");
                }
                for body in ["", "00", "000000"] {
                    let (seen, _) = ask(body);
                    assert!(seen.len() >= 4 && !seen.ends_with("6F00"), "{name}, {body}: {seen}");
                }
            }
        }
    }
}

/// Answers longer than a message of 16 bits come in pieces, whatever length was asked for (and GET RESPONSE brings 256
/// octets at most).
#[test]
fn no_answer_is_longer_than_a_plug_can_carry() {
    let mut forge = Forge::talkative();
    let whole = forge.es10(&[0xBF, 0x2B, 0x00]).unwrap();
    assert!(whole.len() > 0x1_0000, "{} octets", whole.len());
    let mut seen = forge.device.transmit(&hex::decode("81E29100000003BF2B000000").unwrap());
    assert!(seen.len() > 0xFF00 && seen.len() <= 0xFFFF, "{}", seen.len());
    while seen[seen.len() - 2] == 0x61 {
        seen.truncate(seen.len() - 2);
        let piece = forge.device.transmit(&hex::decode("81C00000000000").unwrap());
        assert!(piece.len() <= 258);
        seen.extend(piece);
    }
    assert_eq!(seen, [&whole[..], &[0x90, 0x00]].concat());
}
