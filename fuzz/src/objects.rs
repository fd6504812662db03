//! An object of the worker's SM, and messages of any octets at it.

#[path = "../../sm-edge/tests/shard/lite.rs"]
mod lite;

use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_sm_edge::shard::{Answer, Layout, Message, Network, Object, ShardedStore, Stage, Tx};
use esim_sm_edge::{Fault, HttpRequest, MemoryHost, block_on, handle};
use esim_smdp::Config;
use lite::Lite;
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Seconds since 1970.
const NOW: u64 = 1_790_000_000;

/// An object that holds a few rows; one has been prepared for another.
pub struct Scene {
    object: Object<Lite>,
}

impl Scene {
    /// An object that is new.
    pub fn new() -> Self {
        Self { object: Object::new(Lite::new()) }
    }

    /// Messages, a length of two octets before each. What is one is written again to the same octets and answered; what
    /// is none is refused. Whatever was asked, the object can still be read and woken.
    ///
    /// # Panics
    /// Where that is not so.
    pub fn check(&self, input: &[u8]) -> usize {
        let (mut rest, mut understood) = (input, 0);
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let (octets, after) = after.split_at(after.len().min(usize::from(u16::from_be_bytes(*length))));
            rest = after;
            let Ok(message) = Message::from_octets(octets) else { continue };
            let again = Message::from_octets(&message.to_octets().expect("octets")).expect("a message");
            assert_eq!(again, message, "a message is not what it is written as");
            understood += 1;
            if let Ok(answer) = self.object.answer(&message) {
                let octets = answer.to_octets().expect("octets");
                assert_eq!(Answer::from_octets(&octets).expect("an answer"), answer);
            }
            self.object.wake_at(NOW).expect("an object that can be woken");
        }
        let load = Message::Load { names: vec!["order/8900".into()], entries: Vec::new() };
        let loaded = self.object.answer(&load);
        let is_sound = match self.object.stage().expect("a stage") {
            Stage::Filling => loaded.is_err(),
            Stage::Moved | Stage::Noted => loaded == Ok(Answer::Moved),
            Stage::Whole | Stage::Copying | Stage::Frozen => matches!(loaded, Ok(Answer::Loaded(_))),
        };
        assert!(is_sound, "an object that cannot be read any more: {loaded:?}");
        understood
    }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

/// Objects that keep what they were asked.
#[derive(Clone, Default)]
struct Recorder(Rc<RefCell<BTreeMap<String, (Scene, Vec<Message>)>>>, Rc<RefCell<Layout>>);

impl Network for Recorder {
    async fn send(&self, object: &str, message: &Message) -> Result<Answer, Fault> {
        let mut objects = self.0.borrow_mut();
        let (scene, messages) = objects.entry(object.into()).or_default();
        messages.push(message.clone());
        scene.object.answer(message)
    }

    fn layout(&self) -> &RefCell<Layout> {
        &self.1
    }

    fn later(&self, work: impl Future<Output = ()> + 'static) {
        block_on(work);
    }

    fn now(&self) -> u64 {
        NOW * 1000
    }

    async fn pause(&self, _milliseconds: u64) {}

    fn draw(&self) -> Tx {
        let count: usize = self.0.borrow().values().map(|(_, messages)| messages.len()).sum();
        let mut tx = [0; 16];
        tx[..8].copy_from_slice(&count.to_be_bytes());
        tx
    }
}

/// What each object is asked while a profile is put into stock, ordered and released, as inputs.
pub fn conversations() -> Vec<Vec<u8>> {
    let config = Config::of_test_pki("smdp.example", &TestPki::well_known(Curve::P256)).expect("a sound PKI");
    let recorder = Recorder::default();
    let host = MemoryHost::new(config, [2; 32], NOW).with_store(ShardedStore::new(recorder.clone()));
    let header = json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "call"});
    let iccid = "8900101000000000009";
    let key = "465B5CE8B199B49FAA5F0A2EE238A6BC";
    for (path, body) in [
        (
            "/esim-lab/provision",
            json!({"iccid": iccid, "subscriber": {"imsi": "001010123456789", "ki": key, "opc": key, "spn": "Lab"}}),
        ),
        ("/gsma/rsp2/es2plus/downloadOrder", json!({"header": header, "iccid": iccid})),
        ("/gsma/rsp2/es2plus/confirmOrder", json!({"header": header, "iccid": iccid, "releaseFlag": true})),
        (
            "/gsma/rsp2/es2plus/cancelOrder",
            json!({"header": header, "iccid": iccid, "finalProfileStatusIndicator": "Available"}),
        ),
    ] {
        let response =
            block_on(handle(HttpRequest::post(path, body.to_string()).with_token("memory"), &host));
        assert_eq!(response.status, 200, "{path}");
    }
    let objects = recorder.0.borrow();
    let input = |messages: &Vec<Message>| {
        let octets = messages.iter().map(|message| message.to_octets().expect("octets"));
        octets.flat_map(|octets| [&(octets.len() as u16).to_be_bytes()[..], &octets].concat()).collect()
    };
    objects.values().map(|(_, messages)| input(messages)).collect()
}
