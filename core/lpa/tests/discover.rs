//! Event retrieval: roots, alternatives behind them, and servers that lead nowhere.

use crate::peers;

use esim_lpa::discover::{DiscoveredEvent, DiscoveryEnding, Unfollowing};
use esim_lpa::download::{Misbehaviour, Peer};
use esim_lpa::{
    Discover, DiscoverParams, Discovery, DownloadParams, Effect, Ending, Event, HttpCall, Lang, Machine,
};
use esim_rsp::es9p::*;
use esim_rsp::es10a::EuiccConfiguredAddressesResponse;
use esim_rsp::es10b::{AuthenticateServerResponse, CtxParams1};
use esim_rsp::es11::{AuthenticateClientEs11Ok, EventEntry};
use esim_rsp::json::{self, Base64};
use esim_rsp::{Code, decode, encode, tlv};
use peers::*;

const ROOT: &str = "root.example";
const OTHER: &str = "alternative.example:8443";

/// Servers by address, with what each tells to whoever comes with an event id.
#[derive(Default)]
struct Net {
    smds: Vec<(&'static str, &'static str, Vec<EventEntry>)>,
    down: Vec<&'static str>,
    refuse: Option<Code>,
    signed: Option<&'static str>,
    transaction: Option<[u8; 16]>,
    asked: Vec<(String, String)>,
}

fn entry(event_id: &str, address: &str) -> EventEntry {
    EventEntry { event_id: event_id.into(), rsp_server_address: address.into() }
}

/// A certificate whose policy is id-rspRole-ds-auth.
fn smds_certificate() -> Vec<u8> {
    let policy = tlv::wrap(0x30, &[&tlv::wrap(0x06, &[&[0x67, 0x81, 0x12, 1, 2, 1, 7]])]);
    let value = tlv::wrap(0x04, &[&tlv::wrap(0x30, &[&policy])]);
    let extension = tlv::wrap(0x30, &[&[0x06, 3, 0x55, 0x1D, 0x20], &value]);
    let extensions = tlv::wrap(0xA3, &[&tlv::wrap(0x30, &[&extension])]);
    tlv::wrap(0x30, &[&tlv::wrap(0x30, &[&extensions])])
}

impl Net {
    fn smds(mut self, address: &'static str, event_id: &'static str, entries: Vec<EventEntry>) -> Self {
        self.smds.push((address, event_id, entries));
        self
    }

    fn http(&mut self, call: &HttpCall) -> Event {
        assert_eq!(call.interface, "ES11");
        assert_eq!(call.path, format!("/gsma/rsp2/es9plus/{}", call.function));
        if self.down.contains(&call.address.as_str()) {
            return Event::Lost("no route".into());
        }
        let is_smds = self.smds.iter().any(|(address, ..)| *address == call.address);
        let body = match call.function.as_ref() {
            "initiateAuthentication" => {
                let request: InitiateAuthenticationRequest = json::parse(&call.body).unwrap();
                assert_eq!(request.smdp_address, call.address);
                let signed = ServerSigned1 {
                    transaction_id: transaction(),
                    euicc_challenge: request.euicc_challenge.0.as_slice().try_into().unwrap(),
                    server_address: self.signed.unwrap_or(&call.address).into(),
                    server_challenge: [9; 16].into(),
                };
                ok(InitiateAuthenticationOk {
                    transaction_id: transaction(),
                    server_signed1: Base64(encode(&signed)),
                    server_signature1: Base64(signature().tlv()),
                    euicc_ci_pk_id_to_be_used: Base64(tlv::wrap(0x04, &[&[1; 20]])),
                    server_certificate: Base64(if is_smds {
                        smds_certificate()
                    } else {
                        server_certificate()
                    }),
                })
            }
            "authenticateClient" => {
                assert!(is_smds, "an SM-DP+ is not asked for more than its certificate");
                let request: AuthenticateClientRequest = json::parse(&call.body).unwrap();
                let AuthenticateServerResponse::AuthenticateResponseOk(proof) =
                    decode(&request.authenticate_server_response.0).unwrap()
                else {
                    panic!("a proof")
                };
                let CtxParams1::CtxParamsForCommonAuthentication(context) =
                    proof.euicc_signed1.ctx_params1.value();
                let id = context.matching_id.clone().unwrap_or_default();
                self.asked.push((call.address.clone(), id.clone()));
                if let Some(code) = self.refuse {
                    let Say::Http(status, body) = failed(code) else { panic!("an answer") };
                    return Event::Http { status, body };
                }
                let told = self.smds.iter().find(|(at, event, _)| *at == call.address && *event == id);
                let transaction_id =
                    self.transaction.map_or_else(transaction, |id| esim_rsp::TransactionId::new(&id));
                let event_entries = told.map(|(.., entries)| entries.clone()).unwrap_or_default();
                ok(AuthenticateClientEs11Ok { transaction_id, event_entries })
            }
            other => panic!("an SM-DS was asked for {other}"),
        };
        Event::Http { status: 200, body }
    }

    /// Asks with a card whose root SM-DS is [`ROOT`]; the machine is exchanged for a copy after each step.
    fn discover(&mut self, params: DiscoverParams) -> Discovery {
        self.with_root(ROOT, params, |_| false)
    }

    fn with_root(&mut self, root: &str, params: DiscoverParams, gone: impl Fn(&str) -> bool) -> Discovery {
        let addresses =
            EuiccConfiguredAddressesResponse { default_dp_address: None, root_ds_address: root.into() };
        let mut peers = Peers::default();
        peers.say.insert("GetEuiccConfiguredAddresses", Say::Data(encode(&addresses)));
        let mut machine = Discover::new(params);
        let mut event = Event::Start;
        for _ in 0..2_000 {
            let effect = machine.step(event);
            let kept = serde_json::to_string(&machine).unwrap();
            machine = serde_json::from_str(&kept).unwrap();
            assert_eq!(machine.step(Event::Start), effect, "{}", machine.state_name());
            event = match effect {
                Effect::Card(es10) if gone(&es10.function) => Event::Lost("card removed".into()),
                Effect::Card(es10) => peers.card(&es10.function, &es10.payload),
                Effect::Http(call) => self.http(&call),
                Effect::Done(discovery) => {
                    for lang in [Lang::En, Lang::Ja] {
                        assert!(!discovery.text(lang).is_empty(), "{discovery:?}");
                    }
                    return discovery;
                }
                other => panic!("{other:?}"),
            };
        }
        panic!("no end after 2,000 steps");
    }
}

fn found(event_id: &str, address: &str, smds: &str) -> DiscoveredEvent {
    DiscoveredEvent {
        event_id: event_id.into(),
        rsp_server_address: address.into(),
        smds_address: smds.into(),
    }
}

#[test]
fn the_root_tells_of_several_profiles() {
    let mut net = Net::default().smds(ROOT, "", vec![entry("E1", "a.example"), entry("E2", "b.example:99")]);
    let discovery = net.discover(DiscoverParams::default());
    assert_eq!(discovery.ending, DiscoveryEnding::Found);
    assert_eq!(discovery.smds_address.as_deref(), Some(ROOT));
    assert_eq!(discovery.events, [found("E1", "a.example", ROOT), found("E2", "b.example:99", ROOT)]);
    assert_eq!(net.asked, [(ROOT.to_string(), String::new())]);
    assert_eq!(discovery.text(Lang::En), "2 profiles wait for this card.");
    let event = &discovery.events[1];
    let params = DownloadParams::of_event(&event.rsp_server_address, &event.event_id);
    assert_eq!((params.smdp_address.as_str(), params.matching_id.as_str()), ("b.example:99", "E2"));
}

#[test]
fn nothing_waits_is_an_answer_of_its_own() {
    let mut net = Net::default().smds(ROOT, "", vec![]);
    let discovery = net.discover(DiscoverParams::default());
    assert_eq!(discovery.ending, DiscoveryEnding::Nothing);
    assert!(discovery.text(Lang::En).contains("Nothing waits for this card at root.example"));
}

#[test]
fn an_address_that_is_given_is_asked_in_place_of_the_root() {
    let mut net = Net::default().smds(OTHER, "", vec![entry("E1", "a.example")]);
    let discovery = net.discover(DiscoverParams::at(OTHER));
    assert_eq!(discovery.events, [found("E1", "a.example", OTHER)]);
    assert_eq!(net.asked, [(OTHER.to_string(), String::new())]);
}

#[test]
fn a_card_without_a_root_says_so() {
    let discovery = Net::default().with_root("", DiscoverParams::default(), |_| false);
    assert_eq!(discovery.ending, DiscoveryEnding::NoSmds);
    assert_eq!(discovery.smds_address, None);
}

#[test]
fn an_alternative_is_asked_with_the_event_that_leads_to_it() {
    let mut net = Net::default()
        .smds(ROOT, "", vec![entry("R1", OTHER), entry("R2", "a.example")])
        .smds(OTHER, "R1", vec![entry("E1", "b.example")])
        .smds(OTHER, "", vec![entry("NOT-ASKED", "c.example")]);
    let discovery = net.discover(DiscoverParams::default());
    assert_eq!(discovery.events, [found("R2", "a.example", ROOT), found("E1", "b.example", OTHER)]);
    assert_eq!(net.asked, [(ROOT.to_string(), String::new()), (OTHER.to_string(), "R1".into())]);
}

#[test]
fn circles_and_endless_cascades_are_refused() {
    let mut net =
        Net::default().smds(ROOT, "", vec![entry("R1", OTHER)]).smds(OTHER, "R1", vec![entry("R1", OTHER)]);
    let discovery = net.discover(DiscoverParams::default());
    assert_eq!(discovery.ending, DiscoveryEnding::NothingFollowed);
    assert_eq!(discovery.unfollowed[0].why, Unfollowing::Loop);
    assert_eq!(net.asked.len(), 2);

    // Each leads on under another name: no circle, and no end.
    let mut net = Net::default().smds(ROOT, "", vec![entry("R1", OTHER)]);
    for (id, next) in [("R1", "R2"), ("R2", "R3"), ("R3", "R4"), ("R4", "R5")] {
        net = net.smds(OTHER, id, vec![entry(next, OTHER)]);
    }
    let discovery = net.discover(DiscoverParams::default());
    assert_eq!(discovery.unfollowed[0].why, Unfollowing::TooDeep);
    assert_eq!(net.asked.len(), 3, "a root and two behind it");
}

#[test]
fn one_that_leads_nowhere_does_not_hide_the_others() {
    let mut net = Net::default().smds(
        ROOT,
        "",
        vec![
            entry("E1", "down.example"),
            entry("E2", "evil.example/path?"),
            entry("E3", OTHER),
            entry("E4", "a.example"),
            entry("E4", "a.example"),
        ],
    );
    net = net.smds(OTHER, "", vec![]);
    net.down.push("down.example");
    let discovery = net.discover(DiscoverParams::default());
    assert_eq!(discovery.ending, DiscoveryEnding::Found);
    assert_eq!(discovery.events, [found("E4", "a.example", ROOT)]);
    let why = |id: &str| &discovery.unfollowed.iter().find(|it| it.event.event_id == id).unwrap().why;
    assert!(
        matches!(why("E1"), Unfollowing::Failed { ending: Ending::Lost(lost) } if lost.peer == Peer::Server)
    );
    assert_eq!(*why("E2"), Unfollowing::NoAddress);
    assert_eq!(*why("E3"), Unfollowing::Gone);
    let text = discovery.text(Lang::En);
    assert!(text.contains("nothing was used up") && !text.contains("activation code"), "{text}");
}

#[test]
fn a_server_cannot_keep_the_lpa_busy_for_ever() {
    let many = (0..500).map(|n| entry(&format!("E{n}"), "a.example")).collect();
    let mut net = Net::default().smds(ROOT, "", many);
    let discovery = net.discover(DiscoverParams::default());
    assert_eq!((discovery.events.len(), discovery.unfollowed.len()), (64, 64));
    assert!(discovery.unfollowed.iter().all(|it| it.why == Unfollowing::TooMany));
}

#[test]
fn an_sm_ds_that_fails_is_told_as_a_server_is() {
    let mut net = Net::default().smds(ROOT, "", vec![]);
    net.down.push(ROOT);
    let discovery = net.discover(DiscoverParams::default());
    let DiscoveryEnding::Failed { ending: Ending::Lost(lost) } = &discovery.ending else { panic!() };
    assert_eq!((lost.peer, lost.function.as_str()), (Peer::Server, "initiateAuthentication"));

    let mut net = Net { refuse: Some(Code::EventRecordUnknown), ..Net::default() }.smds(ROOT, "", vec![]);
    let discovery = net.discover(DiscoverParams::default());
    let DiscoveryEnding::Failed { ending: Ending::Refused(refusal) } = &discovery.ending else { panic!() };
    assert_eq!(refusal.code().as_deref(), Some("8.9.5/3.9"));

    let mut net = Net { signed: Some("other.example"), ..Net::default() }.smds(ROOT, "", vec![]);
    let discovery = net.discover(DiscoverParams::default());
    let DiscoveryEnding::Failed { ending: Ending::Misbehaved(what) } = &discovery.ending else { panic!() };
    assert!(matches!(what, Misbehaviour::WrongServerAddress { .. }));

    let mut net = Net { transaction: Some([1; 16]), ..Net::default() }.smds(ROOT, "", vec![]);
    let discovery = net.discover(DiscoverParams::default());
    let DiscoveryEnding::Failed { ending: Ending::Misbehaved(what) } = &discovery.ending else { panic!() };
    assert_eq!(*what, Misbehaviour::TransactionMismatch);

    for function in [
        "GetEuiccConfiguredAddresses",
        "GetEUICCInfo1",
        "GetEUICCInfo2",
        "GetEUICCChallenge",
        "AuthenticateServer",
    ] {
        let mut net = Net::default().smds(ROOT, "", vec![]);
        let discovery = net.with_root(ROOT, DiscoverParams::default(), |asked| asked == function);
        let DiscoveryEnding::Failed { ending: Ending::Lost(lost) } = &discovery.ending else {
            panic!("{function}: {discovery:?}")
        };
        assert_eq!((lost.peer, lost.function.as_str()), (Peer::Card, function));
    }
}
