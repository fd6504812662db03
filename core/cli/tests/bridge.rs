//! The bridge as a page meets it: with a WebSocket of another library's making, and as whoever should not get in.

use crate::common;
use crate::lpac::Reader;

use common::{Running, Sm, card_profiles, esim_lab, fail, free_port, run, text, wait_for};
use esim_reader::bridge::{Answer, Failure, LONGEST_QUESTION, Place, Question, Refusal, SUBPROTOCOL};
use hyper_tungstenite::tungstenite::client::IntoClientRequest as _;
use hyper_tungstenite::tungstenite::handshake::HandshakeError;
use hyper_tungstenite::tungstenite::{self, Error, Message, WebSocket};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(20);
const PAGE: &str = "https://page.example";
const EID: &str = "89049032123451234512345678901235";
const SELECT_ISDR: &str = "00a4040010a0000005591010ffffffff890000010000";
const GET_EID: &str = "80e2910006bf3e035c015a00";

/// A bridge on a free port, and what it says.
struct Bridge {
    child: Running,
    said: Receiver<String>,
    address: String,
    code: String,
}

impl Bridge {
    fn start(arguments: &[&str]) -> Self {
        let mut command = esim_lab();
        command.args(["bridge", "--listen", "127.0.0.1:0"]).args(arguments).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the bridge starts");
        let errors = BufReader::new(child.stderr.take().expect("a pipe"));
        let (say, said) = channel();
        std::thread::spawn(move || errors.lines().map_while(Result::ok).try_for_each(|line| say.send(line)));
        let mut bridge = Self { child: Running(child), said, address: String::new(), code: String::new() };
        let first = bridge.hear("ws://");
        bridge.address =
            first.split("ws://").nth(1).and_then(|it| it.split('/').next()).expect("an address").into();
        bridge.code = bridge.hear_code();
        bridge
    }

    /// The next line with this in it.
    #[track_caller]
    fn hear(&self, what: &str) -> String {
        let start = Instant::now();
        loop {
            let line = self.said.recv_timeout(LIMIT.saturating_sub(start.elapsed()));
            let line = line.unwrap_or_else(|_| panic!("the bridge has not said {what}"));
            if line.contains(what) {
                return line;
            }
        }
    }

    fn hear_code(&self) -> String {
        self.hear("pairing code: ").split_whitespace().nth(2).expect("a code").to_string()
    }

    /// A page of this origin; what it is answered where it is not let in.
    fn dial(&self, origin: Option<&str>) -> Result<Page, (u16, String)> {
        self.dial_with(origin, Some(SUBPROTOCOL))
    }

    fn dial_with(&self, origin: Option<&str>, subprotocol: Option<&str>) -> Result<Page, (u16, String)> {
        let mut request = format!("ws://{}/", self.address).into_client_request().expect("a request");
        let more = [("Origin", origin), ("Sec-WebSocket-Protocol", subprotocol)];
        for (name, value) in more.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            request.headers_mut().insert(name, value.parse().expect("a value"));
        }
        let stream = TcpStream::connect(&self.address).expect("the bridge listens");
        stream.set_read_timeout(Some(LIMIT)).expect("a time limit");
        match tungstenite::client(request, stream) {
            Ok((socket, response)) => {
                let chosen = response.headers().get("Sec-WebSocket-Protocol").expect("a subprotocol");
                assert_eq!(chosen, SUBPROTOCOL);
                Ok(Page(socket))
            }
            Err(HandshakeError::Failure(Error::Http(response))) => {
                let (status, body) =
                    (response.status().as_u16(), response.body().clone().unwrap_or_default());
                Err((status, String::from_utf8(body).expect("UTF-8")))
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// A page that has been let in, and what it may choose from.
    fn pair(&self) -> (Page, Vec<Place>) {
        let mut page = wait_for("the place", LIMIT, || self.dial(Some("http://localhost:5173")).ok());
        match page.ask(&Question::Pair { code: self.code.clone() }) {
            Answer::Paired { version: 1, places } => (page, places),
            other => panic!("{other:?}"),
        }
    }

    /// A request as it is, and the whole answer.
    fn raw(&self, head: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("the bridge listens");
        stream.set_read_timeout(Some(LIMIT)).expect("a time limit");
        stream.write_all(format!("{head}\r\n\r\n").as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer, and its end");
        answer
    }
}

struct Page(WebSocket<TcpStream>);

impl Page {
    #[track_caller]
    fn ask(&mut self, question: &Question) -> Answer {
        self.say(&question.write())
    }

    #[track_caller]
    fn say(&mut self, text: &str) -> Answer {
        self.0.send(Message::text(text)).expect("it is sent");
        self.hear()
    }

    #[track_caller]
    fn hear(&mut self) -> Answer {
        let text = self.0.read().expect("a message").into_text().expect("a text");
        Answer::read(&text).expect("an answer")
    }

    #[track_caller]
    fn open(&mut self, card: &str) -> Answer {
        self.ask(&Question::Open { card: card.into() })
    }

    /// An APDU and its response in hexadecimal digits.
    #[track_caller]
    fn apdu(&mut self, digits: &str) -> String {
        match self.ask(&Question::Apdu { octets: hex::decode(digits).unwrap() }) {
            Answer::Response { octets } => hex::encode(octets),
            other => panic!("{other:?}"),
        }
    }

    /// The bridge ends it, and says so.
    #[track_caller]
    fn hears_the_end(mut self) {
        assert!(matches!(self.0.read(), Ok(Message::Close(_))));
        assert!(matches!(self.0.read(), Err(Error::ConnectionClosed)));
    }
}

#[track_caller]
fn is_failed(answer: Answer, wanted: Failure, why: &str) {
    match answer {
        Answer::Failed { reason, text } => {
            assert!(reason == wanted && text.contains(why), "{reason:?} {text}")
        }
        other => panic!("{other:?}"),
    }
}

fn card(folder: &Path) -> String {
    let state = folder.join("card").display().to_string();
    run(&["euicc", "init", "--state", &state, "--eid", EID]);
    state
}

#[test]
fn whoever_is_not_a_page_of_this_machine_is_turned_away() {
    let bridge = Bridge::start(&["--origin", PAGE, "--card", "file:/nowhere/card"]);
    for origin in [
        "https://evil.example",
        "https://page.example.evil.example",
        "https://page.example:8443",
        "http://page.example",
        "https://localhost.evil.example",
        "http://user@localhost",
        "null",
        "",
    ] {
        let (status, why) = bridge.dial(Some(origin)).err().expect(origin);
        assert!(status == 403 && why.contains("--origin"), "{origin}: {status} {why}");
    }
    let told = bridge.hear("https://evil.example was turned away");
    assert!(told.contains("--origin https://evil.example"), "{told}");
    for origin in
        [Some(PAGE), Some("http://localhost:5173"), Some("https://127.0.0.1"), Some("http://[::1]:1"), None]
    {
        wait_for("the place", LIMIT, || bridge.dial(origin).ok());
    }
    let (status, why) = bridge.dial_with(None, Some("esim-lab.bridge.2")).err().expect("another version");
    assert!(status == 400 && why.contains(SUBPROTOCOL), "{status} {why}");
    assert_eq!(bridge.dial_with(None, None).err().expect("no version").0, 400);
}

#[test]
fn what_is_no_websocket_of_this_machine_is_answered_with_a_sentence() {
    let bridge = Bridge::start(&["--origin", PAGE, "--card", "file:/nowhere/card"]);
    for host in
        ["evil.example", "127.0.0.1.evil.example:7817", "localhost.", "192.168.0.7:7817", "a@localhost"]
    {
        let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
        let answer = bridge.raw(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n{upgrade}"));
        assert!(
            answer.starts_with("HTTP/1.1 403 ") && answer.contains("localhost and [::1] alone"),
            "{host}: {answer}"
        );
    }
    for hosts in ["X: y", "Host: localhost\r\nHost: localhost"] {
        assert!(bridge.raw(&format!("GET / HTTP/1.1\r\n{hosts}")).starts_with("HTTP/1.1 4"), "{hosts}");
    }
    for host in ["localhost", "127.0.0.1:7817", "[::1]:7817"] {
        for method in ["GET", "POST", "OPTIONS", "DELETE"] {
            let answer = bridge.raw(&format!("{method} /any HTTP/1.1\r\nHost: {host}"));
            let lower = answer.to_ascii_lowercase();
            assert!(
                answer.starts_with("HTTP/1.1 426 ") && lower.contains("\r\nupgrade: websocket"),
                "{answer}"
            );
            assert!(answer.contains("speaks WebSocket") && !lower.contains("access-control"), "{answer}");
        }
    }
    // A page that may connect may read why it cannot.
    let read =
        bridge.raw(&format!("GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: {PAGE}")).to_ascii_lowercase();
    assert!(read.starts_with("http/1.1 426 "), "{read}");
    assert!(read.contains(&format!("\r\naccess-control-allow-origin: {PAGE}\r\n")), "{read}");
    assert!(!read.contains("allow-private-network"), "{read}");
}

#[test]
fn browsers_that_ask_before_they_reach_into_this_machine_are_told_of_pages_that_may() {
    let bridge = Bridge::start(&["--origin", PAGE, "--card", "file:/nowhere/card"]);
    let preflight = |origin: &str, more: &str| {
        let head = format!("OPTIONS / HTTP/1.1\r\nHost: 127.0.0.1:7817\r\nOrigin: {origin}\r\n");
        bridge.raw(&format!("{head}Access-Control-Request-Method: GET{more}")).to_ascii_lowercase()
    };
    let private = "\r\nAccess-Control-Request-Private-Network: true";
    for origin in [PAGE, "http://localhost:4173"] {
        let answer = preflight(origin, private);
        assert!(answer.starts_with("http/1.1 204 "), "{answer}");
        for header in [
            &*format!("access-control-allow-origin: {origin}"),
            "access-control-allow-private-network: true",
            "access-control-allow-methods: get",
            "vary: origin",
        ] {
            assert!(answer.contains(&format!("\r\n{header}\r\n")), "{header}: {answer}");
        }
        assert!(!preflight(origin, "").contains("private-network"));
    }
    let answer = preflight("https://evil.example", private);
    assert!(answer.starts_with("http/1.1 403 ") && !answer.contains("access-control"), "{answer}");
}

#[test]
fn five_wrong_codes_bring_a_new_one() {
    let mut bridge = Bridge::start(&["--card", "file:/nowhere/card"]);
    let attempt = |code: &str| {
        let mut page = wait_for("the place", LIMIT, || bridge.dial(None).ok());
        let start = Instant::now();
        let answer = page.ask(&Question::Pair { code: code.into() });
        (page, answer, start.elapsed())
    };
    let is_refused = |code: &str, wanted: Refusal, why: &str| {
        let (page, answer, took) = attempt(code);
        let Answer::Refused { reason, text } = answer else { panic!("{answer:?}") };
        assert!(reason == wanted && text.contains(why), "{reason:?} {text}");
        assert!(took >= Duration::from_secs(1), "a wrong code costs time");
        page.hears_the_end();
    };
    // Typed as people type.
    let (_, answer, _) = attempt(&bridge.code.to_lowercase().replace('-', ""));
    assert!(matches!(answer, Answer::Paired { .. }), "{answer:?}");
    for code in ["", "2222-2222", &bridge.code[1..], &format!("{}2", bridge.code)] {
        is_refused(code, Refusal::Code, "not the code that the bridge shows");
    }
    is_refused("3333-3333", Refusal::Tries, "the bridge shows a new one");
    let (old, new) = (bridge.code.clone(), bridge.hear_code());
    assert_ne!(old, new);
    is_refused(&old, Refusal::Code, "not the code");
    bridge.code = new;
    bridge.pair();
}

#[test]
fn one_page_at_a_time_and_who_vanishes_frees_place_and_card() {
    let folder = tempfile::tempdir().unwrap();
    let state = card(folder.path());
    let place = format!("file:{state}");
    let bridge = Bridge::start(&["--card", &place]);
    let (mut page, places) = bridge.pair();
    assert_eq!(places, [Place { card: place.clone(), state: "a software card".into(), present: true }]);
    assert!(matches!(page.open(&place), Answer::Opened { atr: Some(atr) } if atr.starts_with(&[0x3B])));
    let (status, why) = bridge.dial(Some("http://localhost")).err().expect("busy");
    assert!(status == 409 && why.contains("Another page or program is connected"), "{status} {why}");
    // Nobody else has the card.
    let taken = fail(&["lpa", "--state", &state, "list"]);
    assert!(taken.contains("in use by another"), "{taken}");
    drop(page);
    let (mut page, _) = bridge.pair();
    assert_eq!(card_profiles(&state), []);
    // Where it was given back in good order, too.
    assert!(matches!(page.open(&place), Answer::Opened { .. }));
    assert_eq!(page.ask(&Question::Close {}), Answer::Done {});
    assert_eq!(card_profiles(&state), []);
    assert_eq!(page.ask(&Question::Close {}), Answer::Done {});
}

#[test]
fn what_is_no_question_ends_the_conversation() {
    let bridge = Bridge::start(&["--card", "file:/nowhere/card"]);
    let apdu = |octets: usize| Question::Apdu { octets: vec![0; octets] }.write();
    let pair = || Question::Pair { code: bridge.code.clone() }.write();
    for (message, why) in [
        (r#"{"type":"eject"}"#.to_string(), "eject"),
        (r#"{"type":"list","all":true}"#.into(), "all"),
        ("[]".into(), "not understood"),
        ("list".into(), "not understood"),
        (apdu(3), "4 octets at least"),
        (apdu(LONGEST_QUESTION / 2), "not understood"),
        (apdu(LONGEST_QUESTION), "not understood"),
        (pair(), "taken already"),
    ] {
        let (mut page, _) = bridge.pair();
        is_failed(page.say(&message), Failure::Message, why);
        page.hears_the_end();
    }
    let (mut page, _) = bridge.pair();
    page.0.send(Message::binary(pair().into_bytes())).unwrap();
    is_failed(page.hear(), Failure::Message, "Messages are text");
    page.hears_the_end();
    // Before the code nothing else is heard.
    for question in [Question::List {}, Question::Open { card: "file:/nowhere/card".into() }] {
        let mut page = wait_for("the place", LIMIT, || bridge.dial(None).ok());
        is_failed(page.ask(&question), Failure::Message, "The pairing code comes first");
        page.hears_the_end();
    }
    // Neither WebSocket nor TCP, as others understand them.
    let mut page = wait_for("the place", LIMIT, || bridge.dial(None).ok());
    page.0.get_mut().write_all(&[0xFF; 64]).unwrap();
    is_failed(page.hear(), Failure::Message, "not understood");
    bridge.pair();
}

#[test]
fn what_is_not_listed_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let state = card(folder.path());
    let missing = format!("file:{}", folder.path().join("none").display());
    let bridge = Bridge::start(&["--card", &missing]);
    let (mut page, places) = bridge.pair();
    assert!(!places[0].present && places[0].state.contains("no card in this file"), "{places:?}");
    for card in [&*format!("file:{state}"), "reader", "modem:/dev/null", "tcp:127.0.0.1:22", "", "../card"] {
        is_failed(page.open(card), Failure::Gone, "is not among the places of this bridge");
    }
    is_failed(page.open(&missing), Failure::NoCard, "no card in");
    is_failed(page.say(r#"{"type":"apdu","octets":"00a4040000"}"#), Failure::NoCard, "No card is open");
    is_failed(page.ask(&Question::Reset {}), Failure::NoCard, "No card is open");
    // It is spoken to all the same.
    assert!(matches!(page.ask(&Question::List {}), Answer::Places { places } if places.len() == 1));
}

#[test]
fn a_card_that_is_taken_away_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (state, address) = (card(folder.path()), format!("127.0.0.1:{}", free_port()));
    let serve = || {
        let mut command = esim_lab();
        command.args(["euicc", "serve", "--state", &state, "--tcp", &address]).stderr(Stdio::null());
        let served = Running(command.spawn().expect("the card starts"));
        wait_for("the card", LIMIT, || TcpStream::connect(&address).ok());
        served
    };
    let served = serve();
    let place = format!("tcp:{address}");
    let bridge = Bridge::start(&["--card", &place]);
    let (mut page, _) = bridge.pair();
    assert!(matches!(page.open(&place), Answer::Opened { atr: Some(_) }));
    assert!(page.apdu(SELECT_ISDR).ends_with("9000"));
    drop(served);
    is_failed(
        page.say(&format!(r#"{{"type":"apdu","octets":"{GET_EID}"}}"#)),
        Failure::Gone,
        "connection ends",
    );
    is_failed(page.ask(&Question::Reset {}), Failure::NoCard, "No card is open");
    is_failed(page.open(&place), Failure::Other, "no card at 127.0.0.1");
    let _served = serve();
    assert!(matches!(page.open(&place), Answer::Opened { .. }));
    // A card that is powered anew knows of nothing that was selected.
    assert!(page.apdu(SELECT_ISDR).ends_with("9000"));
    assert!(page.apdu(GET_EID).contains(EID));
    assert_eq!(page.ask(&Question::Reset {}), Answer::Done {});
    assert!(!page.apdu(GET_EID).contains(EID));
}

/// A card of vpcd's framing, as `lpa --card tcp:…` takes it, that asks a bridge.
fn adapter(mut page: Page) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut length = [0; 2];
            while stream.read_exact(&mut length).is_ok() {
                let mut octets = vec![0; usize::from(u16::from_be_bytes(length))];
                stream.read_exact(&mut octets).unwrap();
                match octets[..] {
                    [0..=2] => assert_eq!(page.ask(&Question::Reset {}), Answer::Done {}),
                    _ => {
                        let Answer::Response { octets } = page.ask(&Question::Apdu { octets }) else {
                            panic!()
                        };
                        let length = u16::try_from(octets.len()).unwrap().to_be_bytes();
                        stream.write_all(&[&length, &octets[..]].concat()).unwrap();
                    }
                }
            }
        }
    });
    format!("tcp:{address}")
}

#[test]
fn an_lpa_does_its_work_through_the_bridge() {
    let folder = tempfile::tempdir().unwrap();
    let (state, sm) = (card(folder.path()), Sm::start(folder.path()));
    let place = format!("file:{state}");
    let bridge = Bridge::start(&["--card", &place]);
    let (mut page, _) = bridge.pair();
    assert!(matches!(page.open(&place), Answer::Opened { .. }));
    let (card, ci) = (adapter(page), crate::cards::ci(folder.path()));
    let lpa = |arguments: &[&str]| crate::cards::lpa_in(folder.path(), &card, &ci, arguments);
    assert_eq!(lpa(&["list"]), Value::Array(Vec::new()));
    let (iccid, _, code) = sm.order(&[]);
    assert_eq!(lpa(&["download", "--yes", &code])["ending"]["type"], "installed");
    lpa(&["enable", &iccid]);
    let list = lpa(&["list"]);
    assert!(list[0]["iccid"] == iccid.as_str() && list[0]["enabled"] == true, "{list}");
    // What the card itself says, once the bridge has let it go.
    drop(bridge);
    assert_eq!(card_profiles(&state), [(iccid, true)]);
}

#[test]
fn a_card_in_a_reader_is_found_used_and_missed() {
    let folder = tempfile::tempdir().unwrap();
    let state = card(folder.path());
    let output = esim_lab().arg("cards").stdin(Stdio::null()).output().expect("esim-lab runs");
    if text(&output).contains("built without readers") {
        assert!(std::env::var_os("ESIM_LAB_REQUIRE_PEERS").is_none(), "esim-lab was built without readers");
        println!("skipped: esim-lab was built without readers (--features esim-cli/pcsc)");
        return;
    }
    let reader = Reader::start(folder.path());
    let bridge = Bridge::start(&[]);
    let (mut page, _) = bridge.pair();
    let mut seen = |present: bool| {
        wait_for("the reader", Duration::from_secs(60), || {
            let Answer::Places { places } = page.ask(&Question::List {}) else { panic!() };
            places.into_iter().find(|it| it.card.contains("Virtual PCD 00 00") && it.present == present)
        })
    };
    let empty = seen(false);
    let inserted = reader.insert(&state);
    let place = seen(true);
    assert_eq!((&*empty.card, &*place.card), ("reader:Virtual PCD 00 00", "reader:Virtual PCD 00 00"));
    assert!(empty.state == "no card" && place.state.starts_with("a card, ATR 3B9F96"), "{empty:?} {place:?}");
    let Answer::Opened { atr: Some(atr) } = page.open(&place.card) else {
        panic!("it opens, and tells its ATR")
    };
    assert!(place.state.ends_with(&hex::encode_upper(&atr)), "{place:?}");
    assert!(page.apdu(SELECT_ISDR).ends_with("9000"));
    assert!(page.apdu(GET_EID).contains(EID));
    let Answer::Places { places } = page.ask(&Question::List {}) else { panic!() };
    assert!(
        places.iter().any(|it| it.card == place.card && it.state == "open, by this bridge"),
        "{places:?}"
    );
    let taken = fail(&["lpa", "--card", "reader", "list"]);
    assert!(taken.contains("another program uses the card"), "{taken}");
    assert_eq!(page.ask(&Question::Reset {}), Answer::Done {});
    assert!(page.apdu(SELECT_ISDR).ends_with("9000"));
    // Pulled out without a word.
    drop(inserted);
    let gone = page.say(&format!(r#"{{"type":"apdu","octets":"{GET_EID}"}}"#));
    assert!(matches!(gone, Answer::Failed { reason: Failure::Gone, .. }), "{gone:?}");
    let nothing = wait_for("the reader to see it", LIMIT, || match page.open(&place.card) {
        Answer::Failed { reason: Failure::NoCard, text } => Some(text),
        _ => None,
    });
    assert!(nothing.contains("there is no card in Virtual PCD"), "{nothing}");
}

#[test]
fn it_listens_to_this_machine_alone_and_ends_when_told() {
    let listen = |address: &str| fail(&["bridge", "--listen", address]);
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:7817"] {
        assert!(listen(address).contains("is not of this machine alone"), "{address}");
    }
    assert!(fail(&["bridge", "--origin", "https://page.example/app"]).contains("is no origin"));
    assert!(fail(&["bridge", "--card", "drawer:2"]).contains("drawer:2 is no place of a card"));
    let folder = tempfile::tempdir().unwrap();
    let state = card(folder.path());
    let place = format!("file:{state}");
    let mut bridge = Bridge::start(&["--card", &place]);
    let taken = listen(&bridge.address);
    assert!(taken.contains("if a bridge is there already, --listen takes another port"), "{taken}");
    let (mut page, _) = bridge.pair();
    assert!(matches!(page.open(&place), Answer::Opened { .. }));
    let pid = bridge.child.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    page.hears_the_end();
    assert!(bridge.child.0.wait().unwrap().success());
    assert_eq!(card_profiles(&state), []);
}

#[test]
fn it_speaks_japanese() {
    let mut command = esim_lab();
    command.args(["bridge", "--listen", "127.0.0.1:0", "--ja"]).stderr(Stdio::piped());
    let mut child = Running(command.spawn().expect("the bridge starts"));
    let lines = BufReader::new(child.0.stderr.take().expect("a pipe")).lines();
    let said: Vec<_> = lines.take(3).map(|line| line.expect("a line")).collect();
    assert!(
        said[0].starts_with("ブリッジ ws://127.0.0.1:") && said[2].starts_with("ペアリングコード: "),
        "{said:?}"
    );
}
