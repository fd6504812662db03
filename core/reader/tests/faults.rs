//! What goes wrong at a modem, and what is said of it.

use crate::common::{Fake, ISD_R, Peer, Port, es10};
use esim_reader::at::values::ValueError;
use esim_reader::at::{Driver, Error};
use esim_reader::modem::{DIALECTS, Dialect, Form, Length, Modem, STANDARD};
use esim_reader::{Effect, Event, Plug, Reply, Request};

/// A modem whose answers a test may change: the command, and the octets that come back.
struct Bent<F> {
    modem: Modem<Fake>,
    bend: F,
}

impl<F: FnMut(&str, Vec<u8>) -> Vec<u8>> Peer for Bent<F> {
    fn exchange(&mut self, octets: &[u8]) -> Vec<Vec<u8>> {
        let answer = self.modem.receive(octets);
        vec![(self.bend)(&String::from_utf8_lossy(octets), answer)]
    }
}

fn bent<F: FnMut(&str, Vec<u8>) -> Vec<u8>>(dialect: Dialect, bend: F) -> Port<Driver, Bent<F>> {
    let mut port = Port::new(Driver::new(), Bent { modem: Modem::new(dialect, Fake::new()), bend });
    port.open().unwrap();
    port
}

#[test]
fn a_length_that_lies_is_an_error_with_both_numbers() {
    for dialect in [STANDARD, DIALECTS[1], DIALECTS[4]] {
        let mut port = Port::new(Driver::new(), Modem::new(dialect, Fake::new()));
        port.open().unwrap();
        port.apdu("0070000001").unwrap();
        port.apdu(&format!("01A4040010{ISD_R}")).unwrap();
        // A firmware that counts the quotes from now on.
        let form = Form { length: Length::Wrong(2), ..dialect.form };
        let lying = Modem::new(Dialect { form, ..dialect }, Fake::new());
        let mut sound = std::mem::replace(&mut port.peer, lying);
        // The session is the same, the modem lies about what comes of it.
        let session = if dialect.name == DIALECTS[1].name { "000000000385a7cf" } else { "1" };
        port.peer.receive(format!("AT+CCHO=\"{ISD_R}\"\r").as_bytes());
        port.peer.receive(b"AT+CSIM=10,\"0070000001\"\r");
        sound.receive(format!("AT+CCHC={session}\r").as_bytes());
        let error = port.apdu("81E2910003010203").unwrap_err();
        let Error::Value { command, error } = error else { panic!("{error}") };
        assert!(["AT+CGLA", "AT+CSIM"].contains(&command.as_str()));
        assert_eq!(error, ValueError::Length { announced: 6, digits: 4 });
    }
}

#[test]
fn silence_is_not_taken_for_an_answer_and_a_late_answer_not_for_another() {
    let mut late = Vec::new();
    let mut port = bent(STANDARD, move |command, answer| {
        if command.starts_with("AT+CGLA=1,16") {
            late = answer;
            return Vec::new();
        }
        // The answer comes while somebody asks for something else.
        [std::mem::take(&mut late), answer].concat()
    });
    port.apdu("0070000001").unwrap();
    port.apdu(&format!("01A4040010{ISD_R}")).unwrap();
    let begun = port.now;
    let error = port.apdu("81E2910003010203").unwrap_err();
    assert_eq!(error, Error::Timeout { command: "AT+CGLA".into(), seconds: 240 });
    assert_eq!(port.now - begun, 240_000);
    // What it says late is not the answer to STATUS.
    assert_eq!(port.apdu("81F2000000").unwrap(), "9000");
    assert_eq!(port.apdu("81C0000003").unwrap(), "0302019000");
}

/// Whoever asks for something else before the answer has come does not get that answer.
#[test]
fn a_request_that_is_abandoned_is_answered_to_nobody() {
    let mut port = bent(STANDARD, |_, answer| answer);
    let apdu = hex::decode("0070000001").unwrap();
    let select = hex::decode("00A40004022FE2").unwrap();
    for request in [apdu, select] {
        port.transmit(&request).unwrap();
    }
    let Effect::Write { octets, .. } =
        port.driver.begin(Request::Transmit(hex::decode("00B0000000").unwrap()), 0)
    else {
        panic!("it is sent")
    };
    let late = port.peer.exchange(&octets).concat();
    let status = Request::Transmit(hex::decode("80F2000000").unwrap());
    let Effect::Write { octets, .. } = port.driver.begin(status, 0) else { panic!("it is sent") };
    assert_eq!(octets, b"AT\r");
    // The late answer, and then that to AT.
    let answers = [late, port.peer.exchange(&octets).concat()].concat();
    let Effect::Write { octets, .. } = port.driver.step(Event::Received(&answers), 0) else {
        panic!("it is sent")
    };
    assert_eq!(octets, b"AT+CSIM=10,\"80F2000000\"\r");
    let answer = port.peer.exchange(&octets).concat();
    assert_eq!(
        port.driver.step(Event::Received(&answer), 0),
        Effect::Done(Ok(Reply::Apdu(vec![0x90, 0x00])))
    );
}

#[test]
fn a_busy_card_is_asked_again_only_where_that_changes_nothing() {
    let busy = |wanted: &'static str| {
        let mut left = 2;
        bent(STANDARD, move |command, answer| {
            if !command.contains(wanted) {
                return answer;
            }
            if left == 0 {
                return answer;
            }
            left -= 1;
            b"\r\n+CME ERROR: 14\r\n".to_vec()
        })
    };
    let mut port = busy("00A40004022FE2");
    assert_eq!(port.apdu("00A40004022FE2").unwrap(), "9000");
    let verify = "0020000108313233343536FFFF";
    let mut port = busy(verify);
    assert_eq!(port.apdu(verify), Err(Error::Busy));
    let sent = port.written.iter().filter(|it| String::from_utf8_lossy(it).contains(verify)).count();
    assert_eq!(sent, 1, "a PIN is presented once");
}

/// VERIFY is not sent twice whatever the modem does with its answer.
#[test]
fn a_pin_is_presented_once() {
    for broken in ["", "\r\nOK\r\n", "\r\n+CSIM: 9,\"63C2\"\r\n\r\nOK\r\n", "\r\nERROR\r\n"] {
        let mut port =
            bent(
                STANDARD,
                move |command, answer| {
                    if command.contains("\"0020") { broken.as_bytes().to_vec() } else { answer }
                },
            );
        assert!(port.apdu("0020000108313233343536FFFF").is_err(), "{broken}");
        assert_eq!(port.peer.modem.card().verified, 1, "{broken}");
    }
}

#[test]
fn what_nobody_asked_for_is_no_answer() {
    let noise =
        "\r\nRING\r\n\r\n+CMTI: \"SM\",3\r\n^MODE: 17\r\n+CREG: 1,\"00A8\",\"5355E8D\",7\r\n+CSQ: 17,99\r\n";
    let mut port =
        bent(STANDARD, move |_, answer| [noise.as_bytes(), answer.as_slice(), noise.as_bytes()].concat());
    assert_eq!(es10(&mut port, &[7; 300]).unwrap(), [7; 300]);
}

#[test]
fn an_ok_without_an_answer_says_so() {
    let mut port =
        bent(
            STANDARD,
            |command, answer| {
                if command.starts_with("AT+CGLA") { b"\r\nOK\r\n".to_vec() } else { answer }
            },
        );
    port.apdu("0070000001").unwrap();
    port.apdu(&format!("01A4040010{ISD_R}")).unwrap();
    assert_eq!(port.apdu("81F2000000"), Err(Error::NoAnswer { command: "AT+CGLA".into() }));
}

#[test]
fn an_endless_line_ends_the_command() {
    let mut port = bent(STANDARD, |command, answer| match command.starts_with("AT+CSIM=10,\"00B0") {
        true => [b"\r\n+CSIM: 4,\"".to_vec(), vec![b'9'; 100_000], b"\"\r\n".to_vec()].concat(),
        false => answer,
    });
    assert_eq!(port.apdu("00B0000000"), Err(Error::TooLong));
}

#[test]
fn a_modem_that_does_not_answer_is_given_up_after_four_tries() {
    let mut port = Port::new(Driver::new(), Dead);
    assert_eq!(port.open(), Err(Error::Silent));
    assert_eq!((port.written.len(), port.now), (4, 5_000));
    assert_eq!(Port::new(Driver::new(), Dead).apdu("00A40004023F00"), Err(Error::NotOpen));
}

struct Dead;

impl Peer for Dead {
    fn exchange(&mut self, _: &[u8]) -> Vec<Vec<u8>> {
        Vec::new()
    }
}

#[test]
fn apdus_that_no_card_sees() {
    let mut port = bent(STANDARD, |_, answer| answer);
    assert_eq!(port.apdu("00A404"), Err(Error::ShortApdu));
    assert_eq!(port.apdu("03F2000000").unwrap(), "6881");
    assert_eq!(port.apdu("0070000001").unwrap(), "019000");
    assert_eq!(port.apdu("81F2000000").unwrap(), "6985");
    for number in 2..=19 {
        assert_eq!(port.apdu("0070000001").unwrap(), format!("{number:02X}9000"));
    }
    assert_eq!(port.apdu("0070000001").unwrap(), "6A81");
    assert!(port.peer.modem.card().channels.is_empty());
}
