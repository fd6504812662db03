//! The card's plugs survive whoever sits at the other end: disconnects in the
//! middle of a message, garbage, lengths without octets, commands drawn at
//! random, answers longer than a message.

use crate::common;

use common::{Running, free_port, run, wait_for};
use esim_tests::forge::Forge;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(10);
const SELECT_ISDR: &[u8] = &[
    0x00, 0xA4, 0x04, 0x00, 0x10, 0xA0, 0, 0, 5, 0x59, 0x10, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0, 0, 1, 0,
    0,
];
const GET_EID: &[u8] = &[0x80, 0xE2, 0x91, 0x00, 0x06, 0xBF, 0x3E, 0x03, 0x5C, 0x01, 0x5A, 0x00];
const EID: &str = "89049032123451234512345678901235";

/// A card in a folder of its own, and a command to serve it.
fn card(folder: &tempfile::TempDir) -> Command {
    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state, "--eid", EID]);
    let mut command = common::esim_lab();
    command.args(["euicc", "serve", "--state", &state]).stderr(Stdio::null());
    command
}

/// The same with a card whose notifications take more than 65,535 octets.
fn card_with_much_to_tell(folder: &tempfile::TempDir) -> Command {
    let state = folder.path().join("card");
    std::fs::write(&state, Forge::talkative().device.nvm().export()).unwrap();
    let mut command = common::esim_lab();
    command.args(["euicc", "serve", "--state", &state.display().to_string()]).stderr(Stdio::null());
    command
}

/// RetrieveNotificationsList with an extended Le, and GET RESPONSE with one.
const RETRIEVE: &[u8] = &[0x80, 0xE2, 0x91, 0x00, 0x00, 0x00, 0x03, 0xBF, 0x2B, 0x00, 0x00, 0x00];
const GET_RESPONSE: &[u8] = &[0x00, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00];

/// Messages drawn at random; every third is nearly a command.
fn drawn(seed: u64) -> impl Iterator<Item = Vec<u8>> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let known = [
        SELECT_ISDR,
        GET_EID,
        RETRIEVE,
        GET_RESPONSE,
        &[0x00, 0x70, 0, 0, 1],
        &[0x00, 0xA4, 0, 0, 2, 0x3F, 0],
    ];
    std::iter::repeat_with(move || {
        let draw = rng.next_u32() as usize;
        if draw.is_multiple_of(3) {
            let mut octets = known[draw / 3 % known.len()].to_vec();
            let at = rng.next_u32() as usize % octets.len();
            octets[at] = rng.next_u32() as u8;
            return octets;
        }
        let length = if draw % 50 == 1 { draw / 50 % 0xFFFF } else { draw / 50 % 300 };
        let mut octets = vec![0; length];
        rng.fill_bytes(&mut octets);
        octets
    })
}

/// Much to tell, and many commands: each is answered, and the card is well afterwards.
fn is_patient(peer: &mut TcpStream) {
    is_well(peer);
    let first = ask(peer, RETRIEVE);
    assert!(first.len() > 0xFF00 && first[first.len() - 2] == 0x61, "{} octets", first.len());
    while ask(peer, GET_RESPONSE).ends_with(&[0x61, 0x00]) {}
    for octets in drawn(1).take(3000) {
        match octets[..] {
            [] | [_] => peer.write_all(&message(&octets)).unwrap(),
            _ => assert!(ask(peer, &octets).len() >= 2),
        }
        if let [4] = octets[..] {
            // It was asked for its ATR.
            let mut length = [0; 2];
            peer.read_exact(&mut length).unwrap();
            peer.read_exact(&mut vec![0; usize::from(length[1])]).unwrap();
        }
    }
    is_well(peer);
}

#[test]
fn a_plug_carries_long_answers_and_any_command() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("127.0.0.1:{}", free_port());
    {
        let _card = Running(card_with_much_to_tell(&folder).args(["--tcp", &address]).spawn().unwrap());
        is_patient(&mut wait_for("the card", LIMIT, || TcpStream::connect(&address).ok()));
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let _card = Running(card_with_much_to_tell(&folder).args(["--vpcd", &address]).spawn().unwrap());
    is_patient(&mut listener.accept().unwrap().0);
}

#[test]
fn lines_carry_long_answers_and_any_command() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = card_with_much_to_tell(&folder);
    let child = command.arg("--lpac-stdio").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut child = Running(child);
    let mut input = child.0.stdin.take().unwrap();
    let mut output = BufReader::new(child.0.stdout.take().unwrap());
    let mut ask = |function: &str, parameter: &str| {
        let payload = format!("{{\"func\":\"{function}\",\"param\":\"{parameter}\"}}");
        writeln!(input, "{{\"type\":\"apdu\",\"payload\":{payload}}}").unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        assert!(answer.contains("\"ecode\":"), "{function} {parameter}: {answer:?}");
        answer
    };
    ask("transmit", &hex::encode(SELECT_ISDR));
    assert!(ask("transmit", &hex::encode(RETRIEVE)).len() > 2 * 0xFF00);
    for octets in drawn(2).take(1000) {
        let functions = ["transmit", "logic_channel_open", "logic_channel_close", "nothing"];
        ask(functions[octets.len() % functions.len()], &hex::encode(&octets));
    }
    ask("connect", "");
    ask("transmit", &hex::encode(SELECT_ISDR));
    let eid = ask("transmit", &hex::encode(GET_EID));
    assert!(eid.contains(EID), "{eid}");
}

fn message(octets: &[u8]) -> Vec<u8> {
    [&(octets.len() as u16).to_be_bytes(), octets].concat()
}

/// Sends an APDU or a control octet that is answered; the answer.
fn ask(peer: &mut TcpStream, octets: &[u8]) -> Vec<u8> {
    peer.set_read_timeout(Some(LIMIT)).unwrap();
    peer.write_all(&message(octets)).unwrap();
    let mut length = [0; 2];
    peer.read_exact(&mut length).unwrap();
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    peer.read_exact(&mut answer).unwrap();
    answer
}

/// Power on, ATR, EID: the card is well.
fn is_well(peer: &mut TcpStream) {
    peer.write_all(&message(&[1])).unwrap();
    assert_eq!(ask(peer, &[4])[..2], [0x3B, 0x9F]);
    assert!(ask(peer, SELECT_ISDR).ends_with(&[0x90, 0x00]));
    let eid = ask(peer, GET_EID);
    assert_eq!(hex::encode(&eid[5..eid.len() - 2]), EID);
}

/// What peers do that no card should mind.
fn mischief() -> Vec<Vec<u8>> {
    vec![
        vec![0x00],
        vec![0x00, 0x16, 0x00, 0xA4],
        vec![0xFF, 0xFF, 1, 2, 3],
        message(&[]),
        message(&[0xEE]),
        message(&[0x00, 0xA4]),
        message(&[0xFF; 300]),
        [message(&[0]), message(&[0]), message(&[2])].concat(),
        b"GET / HTTP/1.1\r\nHost: card\r\n\r\n".to_vec(),
    ]
}

#[test]
fn tcp_takes_one_program_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("127.0.0.1:{}", free_port());
    let _card = Running(card(&folder).args(["--tcp", &address]).spawn().unwrap());
    let connect = || wait_for("the card", LIMIT, || TcpStream::connect(&address).ok());
    is_well(&mut connect());
    for octets in mischief() {
        let mut peer = connect();
        peer.write_all(&octets).unwrap();
        let _ = peer.shutdown(Shutdown::Write);
        drop(peer);
        is_well(&mut connect());
    }
}

#[test]
fn the_virtual_reader_may_come_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let _card = Running(card(&folder).args(["--vpcd", &address.to_string()]).spawn().unwrap());
    is_well(&mut listener.accept().unwrap().0);
    for octets in mischief() {
        let mut reader = listener.accept().unwrap().0;
        reader.write_all(&octets).unwrap();
        let _ = reader.shutdown(Shutdown::Write);
        drop(reader);
        is_well(&mut listener.accept().unwrap().0);
    }
}

#[test]
fn lines_that_are_none_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = card(&folder);
    let child = command.arg("--lpac-stdio").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut child = Running(child);
    let mut input = child.0.stdin.take().unwrap();
    let mut output = BufReader::new(child.0.stdout.take().unwrap());
    // Lines that are no requests get no answer: the next one is the next request's.
    for line in [
        &b"not JSON"[..],
        b"{}",
        b"\xFF\xFE",
        b"",
        b"{\"type\":\"apdu\"}",
        b"{\"type\":\"lpa\",\"payload\":{}}",
    ] {
        input.write_all(&[line, b"\n"].concat()).unwrap();
    }
    let mut ask = |line: &[u8]| {
        input.write_all(&[line, b"\n"].concat()).unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        answer
    };
    let bad: [&[u8]; 3] = [
        b"{\"type\":\"apdu\",\"payload\":{\"func\":\"transmit\",\"param\":\"zz\"}}",
        b"{\"type\":\"apdu\",\"payload\":{\"func\":\"nothing\"}}",
        b"{\"type\":\"apdu\",\"payload\":{\"func\":\"logic_channel_open\",\"param\":\"A0\"}}\r",
    ];
    for line in bad {
        let answer = ask(line);
        assert!(answer.contains("\"ecode\":-1"), "{}: {answer}", String::from_utf8_lossy(line));
    }
    let connected = ask(b"{\"type\":\"apdu\",\"payload\":{\"func\":\"connect\"}}");
    assert!(connected.contains("\"ecode\":0"), "{connected}");
}
