//! A download is cut off at every message and goes on: the profile arrives exactly once, the activation code is not used
//! up, and the SM-DP+ knows in the end (SGP.22 3.1.3, 3.5).

use esim_euicc::MemoryNvm;
use esim_lpa::apdu::CardOptions;
use esim_lpa::driver::{self, Carried, Observed};
use esim_lpa::resume::{Kept, Resumable};
use esim_lpa::{
    Answer, DownloadParams, Effect, Ending, HttpCall, HttpReply, Lost, Outcome, Port, ProfileRef, Question,
    Session, Unanswered,
};
use esim_rsp::Iccid;
use esim_sm_edge::{MemoryHost, block_on};
use esim_world::{Joined, Snapshot, User, Wish, World, in_memory};

type Lab = World<MemoryNvm, MemoryHost>;

/// Where a download is cut off: by the number of a message, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Nowhere,
    /// The card loses power before it has a command.
    CommandLost(u32),
    /// It has carried it out, and loses power before it answers.
    ResponseLost(u32),
    /// Somebody resets the card, and nobody tells the LPA.
    CardReset(u32),
    /// The server does not get a request.
    RequestLost(u32),
    /// It has answered, and nobody has heard it.
    AnswerLost(u32),
}

/// A port that is cut once.
struct Cutting<'p, 'j, U> {
    port: &'p mut Joined<'j, MemoryNvm, MemoryHost, U>,
    cut: Cut,
    apdus: u32,
    calls: u32,
    waits: Vec<u32>,
}

impl<U: User> Port for Cutting<'_, '_, U> {
    async fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        self.apdus += 1;
        let (command, response) = (Cut::CommandLost(self.apdus), Cut::ResponseLost(self.apdus));
        if self.cut == response {
            self.port.transmit(apdu).await?;
        }
        let is_silent = self.cut == Cut::CardReset(self.apdus);
        if self.cut == command || self.cut == response || is_silent {
            self.port.device.reset().unwrap();
        }
        match self.cut == command || self.cut == response {
            true => Err(Lost("no power".into())),
            false => self.port.transmit(apdu).await,
        }
    }

    async fn http(&mut self, call: &HttpCall) -> Result<HttpReply, Unanswered> {
        self.calls += 1;
        if self.cut == Cut::RequestLost(self.calls) {
            return Err(Unanswered::Lost("no way there".into()));
        }
        let reply = self.port.http(call).await;
        match self.cut == Cut::AnswerLost(self.calls) {
            true => Err(Unanswered::Lost("no way back".into())),
            false => reply,
        }
    }

    async fn ask(&mut self, question: &Question) -> Answer {
        self.port.ask(question).await
    }

    async fn wait(&mut self, seconds: u32) {
        self.waits.push(seconds);
    }

    fn carry(&mut self, message: &Observed<'_>) -> Carried {
        self.port.carry(message)
    }
}

/// Somebody who agrees once, and knows the code.
#[derive(Default)]
struct Once {
    consents: usize,
}

const CODE: &str = "4711";

impl User for Once {
    fn answer(&mut self, question: &Question) -> Answer {
        match question {
            Question::Consent(_) => {
                self.consents += 1;
                Answer::Accept
            }
            Question::ConfirmationCode(_) => Answer::ConfirmationCode(CODE.into()),
        }
    }
}

/// A world with an order that wants a confirmation code, before its download.
struct Ordered {
    world: Lab,
    before: Snapshot<MemoryNvm, MemoryHost>,
    iccid: Iccid,
    params: DownloadParams,
}

impl Ordered {
    fn new() -> Self {
        let mut world = in_memory(7).unwrap();
        let wish = Wish { confirmation_code: Some(CODE.into()), ..Wish::default() };
        let (ordered, _) = block_on(world.order(wish)).unwrap();
        let before = world.snapshot().unwrap();
        let params = DownloadParams::new(&ordered.activation_code);
        Self { world, before, iccid: ordered.iccid, params }
    }

    /// How many APDUs and calls an undisturbed download takes.
    fn length(&mut self) -> (u32, u32) {
        let (outcome, apdus, calls, waits) = self.run(Cut::Nowhere);
        self.arrived(&outcome, Cut::Nowhere);
        assert!(waits.is_empty());
        (apdus, calls)
    }

    /// From the order on, cut off there.
    fn run(&mut self, cut: Cut) -> (Outcome, u32, u32, Vec<u32>) {
        assert!(self.world.restore(&self.before));
        let mut user = Once::default();
        let params = self.params.clone();
        let done = block_on(self.world.over_port(&mut user, async |port| {
            let mut port = Cutting { port, cut, apdus: 0, calls: 0, waits: Vec::new() };
            let options = CardOptions { block_size: 255, ..CardOptions::default() };
            let outcome = driver::download_or_resume(&mut port, &options, Resumable::new(params)).await;
            (outcome, port.apdus, port.calls, port.waits)
        }));
        assert_eq!(user.consents, 1, "{cut:?}: the user is asked once: {:?}", done.0);
        done
    }

    /// The profile is there once, all know it, and nothing is left to do.
    fn arrived(&mut self, outcome: &Outcome, cut: impl std::fmt::Debug) {
        assert!(matches!(outcome.ending, Ending::Installed(_)), "{cut:?}: {outcome:?}");
        let phone = block_on(self.world.phone(&mut Once::default())).unwrap();
        let on_card: Vec<_> = phone.profiles.iter().filter_map(|profile| profile.metadata.iccid).collect();
        assert_eq!(on_card, [self.iccid], "{cut:?}");
        assert_eq!(phone.notifications, 0, "{cut:?}");
        let order = block_on(self.world.show_order(self.iccid)).unwrap();
        assert_eq!(order["state"], "Installed", "{cut:?}: {order}");
    }

    fn each(&mut self, count: u32, cut: fn(u32) -> Cut) {
        for number in 1..=count {
            let cut = cut(number);
            let (outcome, .., waits) = self.run(cut);
            self.arrived(&outcome, cut);
            assert!(waits.len() <= 1, "{cut:?}: one interruption is borne with one wait, not {waits:?}");
        }
    }
}

#[test]
fn a_connection_is_lost_at_every_call() {
    let mut lab = Ordered::new();
    let (_, calls) = lab.length();
    assert_eq!(calls, 4, "three of the session and a notification");
    lab.each(calls, Cut::RequestLost);
    lab.each(calls, Cut::AnswerLost);
}

#[test]
fn power_is_lost_before_every_command() {
    let mut lab = Ordered::new();
    let (apdus, _) = lab.length();
    lab.each(apdus, Cut::CommandLost);
}

#[test]
fn power_is_lost_after_every_command() {
    let mut lab = Ordered::new();
    let (apdus, _) = lab.length();
    lab.each(apdus, Cut::ResponseLost);
}

#[test]
fn the_card_is_reset_behind_the_lpas_back_before_every_command() {
    let mut lab = Ordered::new();
    let (apdus, _) = lab.length();
    lab.each(apdus, Cut::CardReset);
}

/// The process ends at every step, before or after the effect is performed: what was put away before it is enough.
#[test]
fn a_process_ends_at_every_step() {
    let mut lab = Ordered::new();
    for is_performed in [false, true] {
        for end in 0.. {
            assert!(lab.world.restore(&lab.before));
            let params = lab.params.clone();
            let mut user = Once::default();
            let options = CardOptions { block_size: 255, ..CardOptions::default() };
            let kept = block_on(lab.world.over_port(&mut user, async |port| {
                let mut session = Session::new(Resumable::new(params), options.clone());
                for _ in 0..end {
                    session.next(port).await;
                }
                if matches!(session.pending(), Effect::Done(_)) {
                    return None;
                }
                let kept = session.machine().kept().expect("a download that has not ended").to_octets();
                if is_performed {
                    session.perform(port).await;
                }
                port.device.reset().unwrap();
                Some(kept)
            }));
            let Some(kept) = kept else {
                assert!(end > 25, "a download has many steps");
                break;
            };
            let text = String::from_utf8(kept.clone()).unwrap();
            assert!(!text.contains(CODE), "the confirmation code is not put away: {text}");
            let again = Kept::read(&kept).unwrap().resume(Some(CODE.into()), false);
            let outcome =
                block_on(lab.world.over_port(&mut user, async |port| {
                    driver::download_or_resume(port, &options, again).await
                }));
            lab.arrived(&outcome, (is_performed, end));
            // An answer that was given and not put away is asked for once more, and no other.
            let most = if text.contains("\"agreed\":{") { 1 } else { 2 };
            assert!((1..=most).contains(&user.consents), "{is_performed}, {end}: {}", user.consents);
        }
    }
}

/// Another card does not go on with what this one has begun.
#[test]
fn another_card_is_refused_and_the_download_kept() {
    let mut lab = Ordered::new();
    let options = CardOptions::default();
    let params = lab.params.clone();
    let kept = block_on(lab.world.over_port(&mut Once::default(), async |port| {
        let mut session = Session::new(Resumable::new(params), options.clone());
        for _ in 0..12 {
            session.next(port).await;
        }
        session.machine().kept().unwrap()
    }));
    let mut other: Lab = in_memory(8).unwrap();
    let mut session = Session::new(kept.clone().resume(None, false), options);
    let outcome = block_on(other.over_port(&mut Once::default(), async |port| session.finish(port).await));
    assert!(matches!(outcome.ending, Ending::OtherCard { .. }), "{outcome:?}");
    let (still, kept) = (session.machine().kept().unwrap(), kept);
    assert_eq!((still.eid, still.params), (kept.eid, kept.params));
}

/// A switch of profiles that is cut off is told as the card has it, whatever was heard of it (SGP.22 3.2.1).
#[test]
fn a_switch_that_is_cut_off_is_told_as_the_card_has_it() {
    let mut lab = Ordered::new();
    let (outcome, ..) = lab.run(Cut::Nowhere);
    lab.arrived(&outcome, Cut::Nowhere);
    let installed = lab.world.snapshot().unwrap();
    let profile = ProfileRef::Iccid(lab.iccid);
    let mut reported = 0;
    for refresh in [false, true] {
        for cut in [Cut::CommandLost, Cut::ResponseLost, Cut::CardReset] {
            for number in 1..12 {
                assert!(lab.world.restore(&installed));
                let cut = cut(number);
                let profile = profile.clone();
                let done = block_on(lab.world.over_port(&mut Once::default(), async |port| {
                    let mut port = Cutting { port, cut, apdus: 0, calls: 0, waits: Vec::new() };
                    let done =
                        driver::enable_surely(&mut port, &CardOptions::default(), profile, refresh).await;
                    port.port.device.reset().unwrap();
                    done
                }));
                let profiles = block_on(lab.world.list(&mut Once::default())).unwrap();
                assert_eq!(profiles[0].enabled, done.is_ok(), "{cut:?}, {refresh}: {done:?}");
                reported += usize::from(done.is_ok() && number < 5);
            }
        }
    }
    assert!(reported > 0, "some cuts come after the switch");
}

/// The result was lost, and somebody has delivered it and removed it from the card before the download goes on.
#[test]
fn a_result_that_was_delivered_by_somebody_else_is_no_second_download() {
    let mut lab = Ordered::new();
    let params = lab.params.clone();
    let options = CardOptions { block_size: 255, ..CardOptions::default() };
    let mut user = Once::default();
    let (kept, notified) = block_on(lab.world.over_port(&mut user, async |port| {
        let mut session = Session::new(Resumable::new(params), options.clone());
        // The last piece of the package has been loaded, and its answer not been heard.
        while session.machine().state_name() != "ExpectLoaded" {
            session.next(port).await;
        }
        let mut kept = session.machine().kept().unwrap();
        while session.machine().state_name() == "ExpectLoaded" {
            kept = session.machine().kept().unwrap();
            session.next(port).await;
        }
        port.device.reset().unwrap();
        (kept, driver::notify(port, &options, Default::default()).await)
    }));
    assert_eq!(notified.sent.len(), 1);
    let again = kept.resume(Some(CODE.into()), false);
    let outcome = block_on(
        lab.world.over_port(&mut user, async |port| driver::download_or_resume(port, &options, again).await),
    );
    lab.arrived(&outcome, "delivered by somebody else");
    assert_eq!(user.consents, 1);
}

/// A server that cannot answer now is come back to; one that is never there is told as lost, and can still be.
#[test]
fn interruptions_are_borne_a_bounded_number_of_times() {
    let mut lab = Ordered::new();
    let params = lab.params.clone();
    let options = CardOptions::default();
    let (outcome, kept, waits) = block_on(lab.world.over_port(&mut Once::default(), async |port| {
        let mut down = Down { port, waits: Vec::new() };
        let mut session = Session::new(Resumable::new(params).with_patience(4), options.clone());
        let outcome = session.finish(&mut down).await;
        (outcome, session.machine().kept(), down.waits)
    }));
    let Ending::Lost(lost) = &outcome.ending else { panic!("{outcome:?}") };
    assert_eq!(lost.detail, "HTTP status 503");
    assert_eq!(waits, [1, 2, 4, 8]);
    let again = kept.unwrap().resume(Some(CODE.into()), true);
    let outcome = block_on(lab.world.over_port(&mut Once::default(), async |port| {
        driver::download_or_resume(port, &options, again).await
    }));
    lab.arrived(&outcome, "the server is back");
}

/// A way to a server that has no time.
struct Down<'p, 'j> {
    port: &'p mut Joined<'j, MemoryNvm, MemoryHost, Once>,
    waits: Vec<u32>,
}

impl Port for Down<'_, '_> {
    async fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        self.port.transmit(apdu).await
    }

    async fn http(&mut self, _: &HttpCall) -> Result<HttpReply, Unanswered> {
        Ok(HttpReply { status: 503, body: Vec::new() })
    }

    async fn ask(&mut self, question: &Question) -> Answer {
        self.port.ask(question).await
    }

    async fn wait(&mut self, seconds: u32) {
        self.waits.push(seconds);
    }
}
