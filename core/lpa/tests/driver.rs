//! The driver over a card that is spoken to in APDUs.

use crate::peers;

use esim_lpa::apdu::{CardOptions, OpenError, TerminalCapability};
use esim_lpa::driver::{self, Failure, Observed, Refresh};
use esim_lpa::{
    Answer, Download, DownloadParams, Effect, Ending, Event, HttpCall, HttpReply, Lost, Outcome, Phase, Port,
    ProfileRef, Progress, Question, Session, Step, Unanswered,
};
use esim_rsp::tlv;
use peers::*;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Runs a future of a port that is always ready.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a ready port made somebody wait"),
    }
}

#[derive(Default)]
struct Desk {
    peers: Peers,
    chain: Vec<u8>,
    answer: Vec<u8>,
    /// Status word after a whole command.
    sw: Option<u16>,
    open: Vec<u8>,
    opened: usize,
    /// No ISD-R on this card.
    plain: bool,
    /// The card is pulled out at this APDU.
    gone_at: Option<usize>,
    apdus: Vec<Vec<u8>>,
    progress: Vec<Progress>,
    observed: Vec<(String, bool)>,
}

impl Desk {
    fn card(&mut self, apdu: &[u8]) -> Vec<u8> {
        let channel = apdu[0] & 3;
        match apdu[1] {
            0xAA => vec![0x6E, 0x00],
            0x70 if apdu[2] == 0 => {
                self.opened += 1;
                self.open.push(1);
                vec![1, 0x90, 0]
            }
            0x70 => {
                self.open.retain(|open| *open != apdu[3]);
                vec![0x90, 0]
            }
            0xA4 if self.plain => vec![0x6A, 0x82],
            0xA4 => vec![0x90, 0],
            0xC0 => self.rest(),
            0xE2 => {
                assert!(self.open.contains(&channel), "on a closed channel");
                if apdu[3] == 0 {
                    self.chain.clear();
                }
                self.chain.extend_from_slice(&apdu[5..]);
                if apdu[2] == 0x11 { vec![0x90, 0] } else { self.command() }
            }
            other => panic!("INS {other:02X}"),
        }
    }

    fn command(&mut self) -> Vec<u8> {
        let chain = std::mem::take(&mut self.chain);
        let (_, function) = esim_lpa_name(&chain);
        match self.peers.card(function, &chain) {
            Event::Card(data) => {
                self.answer = data;
                self.rest()
            }
            Event::CardStatus(sw) => sw.to_be_bytes().to_vec(),
            other => panic!("{other:?}"),
        }
    }

    /// 61xx until nothing is left.
    fn rest(&mut self) -> Vec<u8> {
        if self.answer.is_empty() {
            return self.sw.unwrap_or(0x9000).to_be_bytes().to_vec();
        }
        if self.answer.len() > 256
            || self.chain.is_empty() && self.apdus.last().is_some_and(|apdu| apdu[1] == 0xE2)
        {
            let now = if self.apdus.last().is_some_and(|apdu| apdu[1] == 0xE2) { 0 } else { 256 };
            let mut part: Vec<u8> = self.answer.drain(..now).collect();
            part.extend([0x61, u8::try_from(self.answer.len()).unwrap_or(0)]);
            return part;
        }
        let mut part = std::mem::take(&mut self.answer);
        part.extend(self.sw.unwrap_or(0x9000).to_be_bytes());
        part
    }
}

fn esim_lpa_name(chain: &[u8]) -> (&'static str, &'static str) {
    let es10 = esim_lpa::Es10::new(chain.to_vec());
    let function: &'static str = Box::leak(es10.function.into_owned().into_boxed_str());
    ("", function)
}

impl Port for Desk {
    async fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        if self.gone_at.is_some_and(|at| self.apdus.len() >= at) {
            return Err(Lost("card removed".into()));
        }
        self.apdus.push(apdu.to_vec());
        Ok(self.card(apdu))
    }

    async fn http(&mut self, call: &HttpCall) -> Result<HttpReply, Unanswered> {
        match self.peers.http(call) {
            Event::Http { status, body } => Ok(HttpReply { status, body }),
            _ => Err(Unanswered::Lost("no route".into())),
        }
    }

    async fn ask(&mut self, _question: &Question) -> Answer {
        if self.peers.answers.is_empty() { Answer::Timeout } else { self.peers.answers.remove(0) }
    }

    fn progress(&mut self, progress: &Progress) {
        self.progress.push(*progress);
    }

    fn observe(&mut self, message: &Observed<'_>) {
        self.observed.push((format!("{}.{}", message.interface, message.function), message.response));
    }
}

fn options(block_size: u8) -> CardOptions {
    CardOptions { block_size, terminal_capability: TerminalCapability::Always, ..CardOptions::default() }
}

#[test]
fn downloads_on_one_channel_and_gives_it_back() {
    for block in [63, 120, 255] {
        let mut desk = Desk::default();
        desk.peers.notifications = vec![(0, ADDRESS.into())];
        let outcome = now(driver::download(&mut desk, &options(block), params()));
        assert!(outcome.is_installed(), "{outcome:?}");
        assert_eq!((desk.opened, desk.open.len()), (1, 0));
        assert!(desk.peers.notifications.is_empty());
    }
}

#[test]
fn progress_moves_with_every_apdu_while_loading() {
    let mut desk = Desk::default();
    now(driver::download(&mut desk, &options(120), params()));
    let loading: Vec<&Progress> = desk.progress.iter().filter(|it| it.phase == Phase::Loading).collect();
    assert!(loading.len() > 30);
    assert!(loading.is_sorted_by_key(|it| it.done));
    let total = u32::try_from(desk.peers.package().len()).unwrap();
    assert!(loading.iter().all(|it| it.total == total && it.done <= total));
    assert!(desk.progress.is_sorted_by_key(|it| it.percent()));
    assert!(desk.progress.is_sorted_by_key(|it| it.apdus));
    assert_eq!(desk.progress.last().unwrap().percent(), 100);
}

#[test]
fn every_message_is_observed_with_its_answer() {
    let mut desk = Desk::default();
    now(driver::download(&mut desk, &options(120), params()));
    assert_eq!(desk.observed[0], ("ES10b.GetEUICCInfo1".into(), false));
    assert_eq!(desk.observed[1], ("ES10b.GetEUICCInfo1".into(), true));
    assert!(desk.observed.contains(&("ES9+.getBoundProfilePackage".into(), true)));
    assert!(desk.observed.contains(&("ES10c.GetProfilesInfo".into(), true)));
    assert_eq!(desk.observed.iter().filter(|(_, response)| *response).count() * 2, desk.observed.len());
}

#[test]
fn a_result_beside_an_error_status_word_counts() {
    let mut desk = Desk { sw: Some(0x6985), ..Desk::default() };
    let result = failure(esim_rsp::notification::ErrorReason::scp03tSecurityError);
    desk.peers.result = result;
    desk.peers.say.insert("GetRAT", Say::Status(0x6D00));
    desk.peers.result_at = Some(0);
    let outcome = now(driver::download(&mut desk, &options(255), params()));
    assert!(matches!(&outcome.ending, Ending::NotInstalled(error) if error.reason.value == 8), "{outcome:?}");
}

#[test]
fn a_card_that_is_pulled_out_ends_it() {
    for at in [0, 1, 2, 5, 40] {
        let mut desk = Desk { gone_at: Some(at), ..Desk::default() };
        let outcome = now(driver::download(&mut desk, &options(63), params()));
        match outcome.ending {
            Ending::NoEuicc { error: OpenError::NoCard { .. } } => assert!(at < 3),
            Ending::Lost(_) => assert!(at >= 3),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_plain_sim_is_told_as_such() {
    let mut desk = Desk { plain: true, ..Desk::default() };
    let outcome = now(driver::download(&mut desk, &CardOptions::default(), params()));
    assert!(matches!(outcome.ending, Ending::NoEuicc { error: OpenError::NotEuicc { .. } }));
    let listed = now(driver::list(&mut desk, &CardOptions::default()));
    assert!(matches!(listed, Err(Failure::Open(OpenError::NotEuicc { .. }))));
    assert!(desk.open.is_empty());
}

#[test]
fn a_switch_says_how_it_takes_effect() {
    let profile = ProfileRef::Iccid(iccid());
    for (sw, refresh) in [(0x910B, Refresh::Proactive), (0x9000, Refresh::Reset)] {
        let mut desk = Desk { sw: Some(sw), ..Desk::default() };
        desk.peers.say.insert("EnableProfile", Say::Data(vec![0xBF, 0x31, 3, 0x80, 1, 0]));
        let switched = now(driver::enable(&mut desk, &options(120), profile.clone(), true));
        assert_eq!(switched, Ok(refresh));
        assert!(desk.open.is_empty());
    }
    let mut desk = Desk::default();
    desk.peers.say.insert("DisableProfile", Say::Data(vec![0xBF, 0x32, 3, 0x80, 1, 3]));
    let refused = now(driver::disable(&mut desk, &options(120), profile, true));
    assert!(matches!(refused, Err(Failure::Command(_))));
}

#[test]
fn an_m2m_card_is_told_apart() {
    let mut desk = Desk::default();
    desk.peers.say.insert("GetEID", Say::Status(0x6D00));
    let failure = now(driver::chip_info(&mut desk, &options(120))).unwrap_err();
    assert!(failure.to_string().contains("SGP.02"), "{failure}");
    assert!(desk.open.is_empty());
}

#[test]
fn the_chip_is_read_on_one_channel() {
    let mut desk = Desk::default();
    let eid = [&[0xBF, 0x3E, 0x12, 0x5A, 0x10][..], &[0x89; 16]].concat();
    desk.peers.say.insert("GetEID", Say::Data(eid));
    desk.peers.say.insert("GetEuiccConfiguredAddresses", Say::Status(0x6A88));
    let chip = now(driver::chip_info(&mut desk, &options(120))).unwrap();
    assert_eq!((chip.addresses, chip.rat), (None, Some(Vec::new())));
    assert_eq!((chip.isdr_variant.as_str(), desk.opened), ("GSMA", 1));
}

#[test]
fn a_session_steps_pauses_and_goes_on_elsewhere() {
    let mut desk = Desk::default();
    let mut session = Session::new(Download::new(params()), options(120));
    let outcome: Outcome = loop {
        let text = serde_json::to_string(&session).unwrap();
        session = serde_json::from_str(&text).unwrap();
        match now(session.next(&mut desk)) {
            Step::More { performed, event } => assert!(performed.is_answered_by(&event)),
            Step::Done(outcome) => break outcome,
        }
    };
    assert!(outcome.is_installed());
    assert_eq!((desk.opened, desk.open.len()), (1, 0));
    assert_eq!(now(session.next(&mut desk)), Step::Done(outcome));
}

#[test]
fn a_session_can_be_rewound() {
    let mut desk = Desk::default();
    let mut session = Session::new(Download::new(params()), options(120));
    while !matches!(session.pending(), Effect::Http(call) if call.function == "getBoundProfilePackage") {
        now(session.next(&mut desk));
    }
    let before = session.clone();
    now(session.next(&mut desk));
    session = before;
    assert!(now(session.finish(&mut desk)).is_installed());
}

#[test]
fn what_goes_out_and_what_comes_in_can_be_tampered_with() {
    let mut desk = Desk::default();
    let mut session = Session::new(Download::new(params()), options(120));
    loop {
        let offer =
            matches!(session.pending(), Effect::Http(call) if call.function == "getBoundProfilePackage");
        if let Effect::Card(es10) = session.pending_mut() {
            let first = tlv::read_header(&es10.payload, 0).unwrap().0;
            assert_ne!(first, 0);
        }
        let mut event = now(session.perform(&mut desk));
        if let (Event::Http { body, .. }, true) = (&mut event, offer) {
            body.truncate(body.len() / 2);
        }
        if let Effect::Done(outcome) = session.feed(event) {
            assert!(matches!(outcome.ending, Ending::Misbehaved(_)));
            assert_eq!(desk.peers.cancel_reason(), Some(127));
            return;
        }
    }
}

#[test]
fn the_user_is_asked_through_the_port() {
    let mut desk = Desk::default();
    desk.peers.answers = vec![Answer::Postpone];
    let outcome =
        now(driver::download(&mut desk, &options(120), DownloadParams { auto_consent: false, ..params() }));
    assert!(
        outcome
            .cancelled
            .is_some_and(|cancelled| cancelled.reason.name == "postponed" && cancelled.by_server)
    );
}
