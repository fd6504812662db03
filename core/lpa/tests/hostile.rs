//! Whatever arrives, nothing panics and everything ends.

use crate::peers;

use esim_lpa::apdu::{CardOptions, Exchange, Next, OpenStep, Opening};
use esim_lpa::download::SimaResponse;
use esim_lpa::manage::*;
use esim_lpa::resume::{Kept, Resumable};
use esim_lpa::{
    Answer, CertificateFault, Discover, DiscoverParams, Download, DownloadParams, Effect, Event, Lang,
    Machine, Notify, NotifyParams, Outcome, ProfileRef, Untrusted, certificate,
};
use peers::*;
use proptest::prelude::*;

/// Any event at all.
fn event() -> impl Strategy<Value = Event> {
    let octets = || prop::collection::vec(any::<u8>(), 0..80);
    prop_oneof![
        Just(Event::Start),
        octets().prop_map(Event::Card),
        any::<u16>().prop_map(Event::CardStatus),
        (any::<u16>(), octets()).prop_map(|(status, body)| Event::Http { status, body }),
        Just(Event::Lost("gone".into())),
        Just(Event::TooLong),
        Just(Event::Waited),
        Just(Event::Untrusted(Untrusted { fault: CertificateFault::Expired, detail: "expired".into() })),
        Just(Event::Answer(Answer::Accept)),
        Just(Event::Answer(Answer::ConfirmationCode("1".into()))),
    ]
}

/// Runs a machine honestly except for step `at`, where `odd` happens.
fn disturbed<M: Machine<Done = Outcome>>(make: impl Fn(DownloadParams) -> M, at: usize, odd: &Event) {
    let mut peers =
        Peers { code_required: true, notifications: vec![(0, ADDRESS.into())], ..Peers::default() };
    peers.answers = vec![Answer::Accept, Answer::ConfirmationCode("1".into())];
    let mut machine = make(DownloadParams { auto_consent: false, ..params() });
    let mut effect = machine.step(Event::Start);
    for step in 0..200 {
        if step == at {
            effect = machine.step(odd.clone());
        }
        // A result that the odd event made the card skip is beside the point.
        peers.loaded = peers.loaded.min(peers.segments() - 1);
        let event = match &effect {
            Effect::Card(es10) => peers.card(&es10.function, &es10.payload),
            Effect::Http(call) => peers.http(call),
            Effect::Ask(question) => {
                assert!(!question.text(Lang::Ja).is_empty());
                Event::Answer(peers.answers.pop().unwrap_or(Answer::Reject))
            }
            Effect::Wait(_) => Event::Waited,
            Effect::Done(outcome) => {
                assert!(!outcome.text(Lang::En).is_empty() && !outcome.text(Lang::Ja).is_empty());
                return;
            }
        };
        effect = machine.step(event);
    }
    panic!("no end");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_disturbed_download_ends(at in 0usize..30, odd in event()) {
        disturbed(Download::new, at, &odd);
        disturbed(Resumable::new, at, &odd);
    }

    #[test]
    fn a_stream_of_anything_ends_or_waits(events in prop::collection::vec(event(), 0..60)) {
        let mut download = Download::new(params());
        let mut notify = Notify::new(NotifyParams::default());
        let (mut discover, mut resumable) =
            (Discover::new(DiscoverParams::default()), Resumable::new(params()));
        for event in events {
            download.step(event.clone());
            notify.step(event.clone());
            discover.step(event.clone());
            resumable.step(event);
            // What was put away at any time can be read.
            if let Some(kept) = resumable.kept() {
                assert_eq!(Kept::read(&kept.to_octets()), Ok(kept));
            }
            download.progress().percent();
        }
    }

    #[test]
    fn a_flipped_bit_in_any_answer_is_borne(function in 0usize..9, position in any::<prop::sample::Index>(), bit in 0u8..8) {
        let functions = ["GetEUICCInfo1", "GetEUICCInfo2", "GetEUICCChallenge", "AuthenticateServer", "GetRAT",
            "GetProfilesInfo", "PrepareDownload", "initiateAuthentication", "authenticateClient"];
        let mut peers = Peers { notifications: vec![(0, ADDRESS.into())], ..Peers::default() };
        let mut machine = Download::new(params());
        let mut effect = machine.step(Event::Start);
        loop {
            let (name, mut event) = match &effect {
                Effect::Card(es10) => (es10.function.to_string(), peers.card(&es10.function, &es10.payload)),
                Effect::Http(call) => (call.function.to_string(), peers.http(call)),
                Effect::Ask(_) => (String::new(), Event::Answer(Answer::Reject)),
                Effect::Wait(_) => (String::new(), Event::Waited),
                Effect::Done(_) => break,
            };
            if let Event::Card(octets) | Event::Http { body: octets, .. } = &mut event
                && name == functions[function]
            {
                let at = position.index(octets.len());
                octets[at] ^= 1 << bit;
            }
            effect = machine.step(event);
        }
    }

    #[test]
    fn no_answer_upsets_a_reader(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        certificate::registered_id(&octets);
        certificate::is_smds(&octets);
        assert!(Kept::read(&octets).is_err());
        SimaResponse::read(&octets);
        CardResources::read(&octets);
        let profile = ProfileRef::Aid(octets.clone());
        let _results = (
            ListProfiles::default().response(&octets).is_ok(),
            Enable { profile: profile.clone(), refresh: true }.response(&octets).is_ok(),
            Delete { profile }.response(&octets).is_ok(),
            GetInfo2 {}.response(&octets).is_ok(),
            GetRat {}.response(&octets).is_ok(),
            GetEid {}.response(&octets).is_ok(),
        );
    }

    #[test]
    fn a_card_that_answers_anything_is_left(
        payload in prop::collection::vec(any::<u8>(), 0..600),
        block in any::<u8>(), channel in any::<u8>(),
        answers in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..6), 1..40),
    ) {
        let mut answers = answers.iter().cycle();
        let mut exchange = Exchange::new(channel, payload, block);
        let mut next = exchange.next(None);
        for _ in 0..3_000 {
            let Next::Apdu(apdu) = next else { break };
            assert!(apdu.len() <= 261);
            next = exchange.next(answers.next().map(Vec::as_slice));
        }
        let mut opening = Opening::new(&CardOptions::default());
        let mut step = opening.next(None);
        for _ in 0..300 {
            let OpenStep::Apdu(_) = step else { break };
            step = opening.next(answers.next().map(Vec::as_slice));
        }
        assert!(!matches!(step, OpenStep::Apdu(_)));
    }
}
