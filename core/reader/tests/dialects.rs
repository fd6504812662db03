//! The driver and a virtual modem in every dialect that has been reported. The driver never learns which.

use crate::common::{Fake, ISD_R, Port, es10};
use esim_reader::at::{CardState, Driver, Error, Support};
use esim_reader::modem::{Channels, Csim, DIALECTS, Dialect, Modem, STANDARD, Sim};

fn port(dialect: Dialect) -> Port<Driver, Modem<Fake>> {
    Port::new(Driver::new(), Modem::new(dialect, Fake::new()))
}

/// More than two blocks, and more than one GET RESPONSE.
fn payload() -> Vec<u8> {
    (0..700u16).map(|at| (at * 7) as u8).collect()
}

fn reversed() -> Vec<u8> {
    payload().into_iter().rev().collect()
}

/// No way leads to the ISD-R of these, whoever asks.
fn is_without_a_way(dialect: &Dialect) -> bool {
    let by_name = matches!(dialect.channels, Channels::Numbered | Channels::Opaque);
    !by_name && dialect.csim != Csim::Whole
}

#[test]
fn every_dialect_does_what_an_lpa_needs() {
    let mut done = 0;
    for dialect in DIALECTS.into_iter().filter(|it| !is_without_a_way(it)) {
        let mut port = port(dialect);
        let opened = port.open().unwrap_or_else(|error| panic!("{}: {error}", dialect.name));
        assert_eq!(opened.card, CardState::Ready, "{}", dialect.name);
        for _ in 0..2 {
            let answer =
                es10(&mut port, &payload()).unwrap_or_else(|error| panic!("{}: {error}", dialect.name));
            assert_eq!(answer, reversed(), "{}", dialect.name);
        }
        assert_eq!(port.peer.sessions(), 0, "{}", dialect.name);
        assert!(port.peer.card().channels.is_empty(), "{}: a channel is left open", dialect.name);
        done += 1;
    }
    assert_eq!(done, 14);
}

/// It does not matter in which pieces octets come.
#[test]
fn every_dialect_octet_by_octet() {
    for dialect in DIALECTS.into_iter().filter(|it| !is_without_a_way(it)) {
        let (mut whole, mut pieces) = (port(dialect), port(dialect));
        pieces.piece = 1;
        for port in [&mut whole, &mut pieces] {
            port.open().unwrap();
            assert_eq!(es10(port, &payload()).unwrap(), reversed(), "{}", dialect.name);
        }
        assert_eq!(whole.written, pieces.written, "{}", dialect.name);
        assert_eq!(whole.now, pieces.now, "{}", dialect.name);
    }
}

#[test]
fn where_no_way_leads_to_the_isd_r_the_reason_is_said() {
    let mut said = Vec::new();
    for dialect in DIALECTS.into_iter().filter(is_without_a_way) {
        let mut port = port(dialect);
        port.open().unwrap();
        let error = es10(&mut port, &payload()).unwrap_err();
        said.push((dialect.name, error.to_string()));
    }
    let expected = [
        (
            "Huawei MS2372h-517",
            "the modem opens no logical channel. +CCHO: ERROR; MANAGE CHANNEL over +CSIM: \
             the modem refuses AT+CSIM: ERROR",
        ),
        ("Moxa OnCell G2150I", "the modem refuses AT+CSIM: +CME ERROR: 3 (operation not allowed)"),
        (
            "Quectel EP06",
            "the modem opens no logical channel. +CCHO: ERROR; MANAGE CHANNEL over +CSIM: there is none",
        ),
    ];
    assert_eq!(said, expected.map(|(name, words)| (name, words.to_string())));
}

/// What the driver has found, and how, in the order of the table.
#[test]
fn what_a_modem_can_do_is_found_by_asking() {
    let found: Vec<_> = DIALECTS
        .iter()
        .map(|dialect| {
            let opened = port(*dialect).open().unwrap();
            (opened.channels == Support::Yes, opened.csim, opened.crsm)
        })
        .collect();
    let (channels, csim, crsm) = ((true, false, true), (false, true, false), (false, false, true));
    let both = (true, true, false);
    let expected = [
        both, channels, crsm, channels, csim, crsm, crsm, both, both, csim, both, csim, both, both, channels,
        csim, crsm,
    ];
    assert_eq!(found, expected);
}

/// A handle is given back letter for letter.
#[test]
fn a_session_id_is_given_back_as_it_came() {
    let dialect = DIALECTS.into_iter().find(|it| it.name.ends_with("MC7455")).unwrap();
    let mut port = port(dialect);
    port.open().unwrap();
    es10(&mut port, &[1, 2, 3]).unwrap();
    let written: Vec<String> =
        port.written.iter().map(|it| String::from_utf8_lossy(it).into_owned()).collect();
    assert!(written.contains(&"AT+CCHC=000000000385a7cf\r".to_string()), "{written:?}");
    // The channel in the class is the modem's business (TS 27.007 8.43).
    assert!(
        written.contains(&"AT+CGLA=000000000385a7cf,16,\"80E2910003010203\"\r".to_string()),
        "{written:?}"
    );
    assert!(port.peer.card().seen.iter().any(|apdu| apdu.starts_with(&[0x81, 0xE2])));
}

/// A card that does not know the name says so to whoever tries one after the other.
#[test]
fn another_name_is_not_found() {
    // By number, in no words, over +CSIM, and where ERROR may mean that there is no such command.
    for dialect in [STANDARD, DIALECTS[1], DIALECTS[2], DIALECTS[3], DIALECTS[4], DIALECTS[6], DIALECTS[9]] {
        let mut port = port(dialect);
        port.open().unwrap();
        assert_eq!(port.apdu("0070000001").unwrap(), "019000");
        assert_eq!(
            port.apdu("01A4040010A0000005591010000000008900000300").unwrap(),
            "6A82",
            "{}",
            dialect.name
        );
        let selected = port.apdu(&format!("01A4040010{ISD_R}")).unwrap();
        assert!(selected == "9000" || selected == "6102", "{}: {selected}", dialect.name);
        port.close().unwrap();
        assert!(port.peer.card().channels.is_empty(), "{}", dialect.name);
    }
}

#[test]
fn what_is_in_the_slot_is_told_apart() {
    let state = |sim| {
        let mut port = Port::new(Driver::new(), Modem::new(STANDARD, Fake::new()).with_sim(sim));
        let card = port.open().unwrap().card;
        port.apdu("0070000001").unwrap();
        (card, port.apdu(&format!("01A4040010{ISD_R}")).map_err(|error| error.to_string()), port.now)
    };
    let (card, error, _) = state(Sim::Absent);
    assert_eq!((card, error), (CardState::Absent, Err("there is no SIM in the modem".into())));
    let (card, error, _) = state(Sim::Pin);
    assert_eq!((card, error), (CardState::PinRequired, Err("the SIM wants its PIN first".into())));
    let (card, error, _) = state(Sim::Puk);
    assert_eq!((card, error), (CardState::PukRequired, Err("the SIM is blocked and wants its PUK".into())));
    // Busy for three commands: it is asked a second later, each time.
    let (card, selected, now) = state(Sim::Busy(2));
    assert_eq!((card, selected, now), (CardState::Ready, Ok("9000".into()), 4_000));
    let (card, error, _) = state(Sim::Busy(100));
    assert_eq!((card, error), (CardState::Busy, Err("the SIM is busy".into())));
}

/// Who can only read files is told which command is too much.
#[test]
fn a_modem_with_files_alone_reads_files() {
    let dialect = Dialect { channels: Channels::Missing, csim: Csim::Missing, ..STANDARD };
    let mut port = port(dialect);
    assert!(port.open().unwrap().limits().unwrap().starts_with("files can be read"));
    assert_eq!(port.apdu("00B000000A").unwrap(), "6986");
    assert_eq!(port.apdu("00A40004022FE2").unwrap(), "9000");
    assert_eq!(port.apdu("00B000000A").unwrap(), "980011223344556677F89000");
    assert_eq!(port.apdu("00A40804047FFF6F07").unwrap(), "9000");
    assert_eq!(port.apdu("00B0000009").unwrap(), "0829430500000000109000");
    assert!(port.written.contains(&b"AT+CRSM=176,28423,0,0,9,\"\",\"7FFF\"\r".to_vec()));
    assert_eq!(port.apdu("0020000108313233343536FFFF"), Err(Error::FilesOnly { instruction: 0x20 }));
    assert_eq!(port.apdu("80AA0000020102").unwrap(), "6D00");
}

/// Identity and registration, as a person at a terminal asks for them.
#[test]
fn the_virtual_modem_answers_a_person() {
    let mut modem = Modem::new(STANDARD, Fake::new());
    let mut ask = |line: &str| String::from_utf8(modem.receive(line.as_bytes())).unwrap();
    assert_eq!(ask("ATE0\r"), "ATE0\r\n\r\nOK\r\n");
    assert_eq!(ask("at\r\n"), "\r\nOK\r\n");
    assert_eq!(ask("AT+CIMI\r"), "\r\n234500000000001\r\n\r\nOK\r\n");
    assert_eq!(ask("AT+CCID\r"), "\r\n+CCID: 8900112233445566778\r\n\r\nOK\r\n");
    assert_eq!(ask("AT+CEREG?\r"), "\r\n+CEREG: 0,1\r\n\r\nOK\r\n");
    assert_eq!(ask("AT+CFUN=4\r"), "\r\nOK\r\n");
    assert_eq!(ask("AT+CREG?\r"), "\r\n+CREG: 0,0\r\n\r\nOK\r\n");
    assert_eq!(ask("AT+CMEE=2\r"), "\r\nOK\r\n");
    assert_eq!(ask("AT+CCHC=9\r"), "\r\n+CME ERROR: invalid index\r\n");
    assert_eq!(ask("AT+CSIM=10,\"0070000001\"\r"), "\r\n+CSIM: 6,\"019000\"\r\n\r\nOK\r\n");
    assert_eq!(ask("AT+CSIM=12,\"0070000001\"\r"), "\r\n+CME ERROR: incorrect parameters\r\n");
    assert_eq!(ask("AT+NONSENSE\r"), "\r\nERROR\r\n");
    assert_eq!(ask("noise\r"), "");
    assert_eq!(ask("ATI\r"), "\r\nesim-lab\r\n\r\nOK\r\n");
}

/// A table that repeats itself tests nothing.
#[test]
fn every_dialect_differs_and_names_its_source() {
    let doc = include_str!("../../../docs/MODEMS.md");
    for (at, dialect) in DIALECTS.iter().enumerate() {
        assert!(!dialect.source.is_empty() && !dialect.quote.is_empty());
        assert!(
            doc.contains(dialect.name) && doc.contains(dialect.quote),
            "docs/MODEMS.md: {}",
            dialect.name
        );
        for other in DIALECTS.iter().skip(at + 1) {
            let same = Dialect { name: dialect.name, source: dialect.source, quote: dialect.quote, ..*other };
            assert_ne!(*dialect, same, "{} and {}", dialect.name, other.name);
        }
    }
}
