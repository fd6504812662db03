//! Lines that people have reported, as their modems sent them, and what they come to. Sources stand beside them.

use esim_reader::at::values::{self, ValueError};
use esim_reader::at::{Cme, Driver, Error, Line, Lines, MAX_LINE, Outcome};
use esim_reader::{Effect, Event, Plug, Reply, Request};

fn lines(octets: &str) -> Vec<String> {
    let mut lines = Lines::default();
    let all = octets.bytes().filter_map(|octet| lines.push(octet));
    all.map(|line| match line {
        Line::Text(text) => text,
        Line::TooLong => panic!("too long"),
    })
    .collect()
}

/// Answers a driver with recorded octets, in the order of what it asks; `ask` names what each answers.
struct Recording<'a>(Vec<(&'a str, &'a str)>);

impl Recording<'_> {
    fn ask(
        &mut self,
        driver: &mut Driver,
        request: Request,
    ) -> Result<Reply<esim_reader::at::Opened>, Error> {
        let mut now = 0;
        let mut effect = driver.begin(request, now);
        loop {
            effect = match effect {
                Effect::Done(result) => return result,
                Effect::Wait { until } => {
                    now = until;
                    driver.step(Event::Elapsed, now)
                }
                Effect::Write { octets, until } => {
                    let text = String::from_utf8(octets).unwrap();
                    let (asked, answer) = self.0.remove(0);
                    assert_eq!(text, format!("{asked}\r"));
                    if answer.is_empty() {
                        Effect::Wait { until }
                    } else {
                        driver.step(Event::Received(answer.as_bytes()), now)
                    }
                }
            };
        }
    }

    fn open(&mut self, driver: &mut Driver) {
        self.ask(driver, Request::Open).unwrap();
    }

    fn apdu(&mut self, driver: &mut Driver, digits: &str) -> Result<String, Error> {
        match self.ask(driver, Request::Transmit(hex::decode(digits).unwrap()))? {
            Reply::Apdu(response) => Ok(hex::encode_upper(response)),
            other => panic!("{other:?}"),
        }
    }
}

const OK: &str = "\r\nOK\r\n";
const STATUS: &str = "AT+CSIM=10,\"80F2000000\"";

/// gammu/gammu issues 126 and 138: echo ends with CR, answers with CR LF; `COMMAND NOT SUPPORT` is an error as well.
#[test]
fn gammu_126_and_138_huawei_e1752() {
    let received = "AT\r\r\nOK\r\nAT+MODE=2\r\r\nERROR\r\nAT$TSSPCSW=?\r\r\nCOMMAND NOT SUPPORT\r\n";
    let expected = ["AT", "OK", "AT+MODE=2", "ERROR", "AT$TSSPCSW=?", "COMMAND NOT SUPPORT"];
    assert_eq!(lines(received), expected);
    assert_eq!(Outcome::read("COMMAND NOT SUPPORT"), Some(Outcome::Error));
    // esp-idf issue 6651: LF alone, blank lines between.
    assert_eq!(lines("\n204086457032097\n\nOK\n"), ["204086457032097", "OK"]);
}

/// estkme-group/lpac issue 138, MC7455: a session id of sixteen digits.
#[test]
fn lpac_138_a_session_id_is_no_number() {
    assert_eq!(values::handle(" 000000000385a7cf").as_deref(), Some("000000000385a7cf"));
    let name = "A0000005591010FFFFFFFF8900000100";
    let mut recording = Recording(vec![
        ("AT", "AT\r\r\nOK\r\n"),
        ("ATE0", "ATE0\r\r\nOK\r\n"),
        ("AT+CMEE=1", OK),
        ("AT+CPIN?", "\r\n+CPIN: READY\r\n\r\nOK\r\n"),
        ("AT+CCHO=?", OK),
        (STATUS, "\r\nERROR\r\n"),
        ("AT+CRSM=176,12258,0,0,10", "\r\nERROR\r\n"),
        ("AT+CCHO=\"A0000005591010FFFFFFFF8900000100\"", "\r\n+CCHO: 000000000385a7cf\r\n\r\nOK\r\n"),
        ("AT+CGLA=000000000385a7cf,22,\"80E2910006BF3E035C015A\"", "\r\n+CGLA: 4,\"6115\"\r\n\r\nOK\r\n"),
        ("AT+CCHC=000000000385a7cf", OK),
    ]);
    let mut driver = Driver::new();
    recording.open(&mut driver);
    assert_eq!(recording.apdu(&mut driver, "0070000001").unwrap(), "019000");
    assert_eq!(recording.apdu(&mut driver, &format!("01A4040010{name}")).unwrap(), "9000");
    assert_eq!(recording.apdu(&mut driver, "81E2910006BF3E035C015A").unwrap(), "6115");
    assert_eq!(recording.apdu(&mut driver, "0070800100").unwrap(), "9000");
    assert!(recording.0.is_empty());
}

/// estkme-group/lpac issues 179 and 209, FM350-GL: the session id comes bare, and test commands are not answered.
#[test]
fn lpac_209_a_session_id_comes_bare() {
    let name = "A0000005591010FFFFFFFF8900000100";
    let mut recording = Recording(vec![
        ("AT", "T\r\n\r\nOK\r\n"),
        ("ATE0", OK),
        ("AT+CMEE=1", OK),
        ("AT+CPIN?", "\r\n+CPIN: READY\r\n\r\nOK\r\n"),
        ("AT+CCHO=?", ""),
        (STATUS, ""),
        ("AT+CRSM=176,12258,0,0,10", "\r\n+CME ERROR: 4\r\n"),
        ("AT+CCHO=\"A0000005591010FFFFFFFF8900000100\"", "\r\n1\r\n\r\nOK\r\n"),
        ("AT+CGLA=1,22,\"80E2910006BF3E035C015A\"", "\r\n4,\"6115\"\r\n\r\nOK\r\n"),
    ]);
    let mut driver = Driver::new();
    recording.open(&mut driver);
    recording.apdu(&mut driver, "0070000001").unwrap();
    assert_eq!(recording.apdu(&mut driver, &format!("01A4040010{name}")).unwrap(), "9000");
    assert_eq!(recording.apdu(&mut driver, "81E2910006BF3E035C015A").unwrap(), "6115");
}

/// estkme-group/lpac issue 187, EM9191: words that are in no table.
#[test]
fn lpac_187_an_error_in_words_of_its_own() {
    let outcome = Outcome::read("+CME ERROR: Parameters error");
    assert_eq!(outcome, Some(Outcome::Cme(Cme::Text("Parameters error".into()))));
    assert_eq!(outcome.unwrap().to_string(), "+CME ERROR: Parameters error");
    // Xinyuan-LilyGO/LilyGo-T-Call-SIM800 issue 33: words of the table are its number.
    let absent = Outcome::read("+CME ERROR: SIM not inserted").unwrap();
    assert_eq!((absent.cme(), absent.to_string().as_str()), (Some(10), "+CME ERROR: 10 (SIM not inserted)"));
}

/// atsign-foundation/at_client_sdk issue 1568, Quectel EG95; Nordic's nRF9160 command reference has the same exchange.
#[test]
fn csim_opens_a_channel() {
    assert_eq!(values::apdu(" 6,\"019000\""), Ok(vec![0x01, 0x90, 0x00]));
    // Multi-Tech S000474A page 239.
    assert_eq!(values::apdu("4,\"9F19\""), Ok(vec![0x9F, 0x19]));
    // Nordic's example of +CGLA: a length of 32 over 32 digits.
    let status = values::apdu("32,\"840CA0000000871004FF49FF05899000\"").unwrap();
    assert_eq!(status.len(), 16);
}

/// openwrt/packages issue 15290: what `+CRSM` says of a file that is not there.
#[test]
fn openwrt_15290_a_file_that_is_not_there() {
    assert_eq!(values::crsm("148,8,\"\""), Ok(vec![0x94, 0x08]));
    assert_eq!(values::crsm("144,0,\"98001032\""), Ok(vec![0x98, 0x00, 0x10, 0x32, 0x90, 0x00]));
    assert_eq!(values::crsm("144,0"), Ok(vec![0x90, 0x00]));
    assert_eq!(values::crsm("READY"), Err(ValueError::Form("READY".into())));
}

#[test]
fn one_reading_is_taken_and_two_are_refused() {
    let sound = Ok(vec![0x90, 0x00]);
    for text in ["4,\"9000\"", "4,9000", " 4, \"9000\"", "2,\"9000\"", "\"9000\"", "9000", "4,\"90 00\""] {
        assert_eq!(values::apdu(text), sound, "{text}");
    }
    assert_eq!(values::apdu("6,\"6f00ab\"").unwrap(), [0x6F, 0x00, 0xAB]);
    assert_eq!(values::apdu("6,\"9000\""), Err(ValueError::Length { announced: 6, digits: 4 }));
    assert_eq!(values::apdu("3,\"900\""), Err(ValueError::NotHex("900".into())));
    assert_eq!(values::apdu("2,\"90\""), Err(ValueError::NotHex("90".into())));
    assert_eq!(values::apdu("x,\"9000\""), Err(ValueError::Form("x,\"9000\"".into())));
    for text in ["", " ", "1;AT+CFUN=0", "a b", &"1".repeat(65)] {
        assert_eq!(values::handle(text), None, "{text}");
    }
    assert_eq!(values::handle("\"1\"").as_deref(), Some("\"1\""));
}

#[test]
fn a_line_without_an_end_is_not_kept() {
    let mut lines = Lines::default();
    let long = vec![b'A'; 10 * MAX_LINE];
    assert!(long.iter().all(|octet| lines.push(*octet).is_none()));
    assert_eq!(lines.push(b'\n'), Some(Line::TooLong));
    assert_eq!(lines.push(b'O'), None);
    assert_eq!(lines.push(b'\n'), Some(Line::Text("O".into())));
}
