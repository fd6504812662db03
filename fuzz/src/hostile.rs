//! A whole download against an SM-DP+ whose answers are bent on the way.

use crate::edits::bent;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_euicc::MemoryNvm;
use esim_lpa::{DownloadParams, Unanswered};
use esim_rsp::activation_code::ActivationCode;
use esim_sm_edge::{MemoryHost, block_on};
use esim_smdp::Config;
use esim_world::{ADDRESS, Agreeable, Clock, NOW, Reply, Request, Seed, Transport, Wish, World};
use serde_json::Value;

/// What is done to one answer: the third octet of an input, modulo their number.
#[derive(Clone, Copy, Debug)]
enum How {
    /// The rest of the input in place of the body.
    Replaced,
    /// Its octets edited.
    Edited,
    /// What a member holds in base64, edited.
    Member,
    /// Another HTTP status, and the octets edited.
    Status,
    /// Sent twice in one.
    Doubled,
}

const HOWS: [How; 5] = [How::Replaced, How::Edited, How::Member, How::Status, How::Doubled];

/// The SM-DP+, and who sits before it.
struct Hostile<'a> {
    sm: MemoryHost,
    calls: u8,
    input: &'a [u8],
}

impl Transport for Hostile<'_> {
    async fn send(&mut self, request: &Request<'_>) -> Result<Reply, Unanswered> {
        let reply = self.sm.send(request).await?;
        let number = self.calls;
        self.calls = self.calls.saturating_add(1);
        match self.input {
            [at, how, rest @ ..] if at % 8 == number => Ok(bend(reply, *how, rest)),
            _ => Ok(reply),
        }
    }
}

fn bend(mut reply: Reply, how: u8, rest: &[u8]) -> Reply {
    match HOWS[usize::from(how) % HOWS.len()] {
        How::Replaced => reply.body = rest.to_vec(),
        How::Edited => reply.body = bent(&reply.body, rest),
        How::Doubled => reply.body = reply.body.repeat(2),
        How::Status => {
            let [status, edits @ ..] = rest else { return reply };
            reply.status = 100 + 2 * u16::from(*status);
            reply.body = bent(&reply.body, edits);
        }
        How::Member => {
            let [which, edits @ ..] = rest else { return reply };
            let Ok(Value::Object(mut body)) = serde_json::from_slice(&reply.body) else { return reply };
            let coded = |value: &Value| value.as_str().and_then(|text| STANDARD.decode(text).ok());
            let members: Vec<_> =
                body.iter().filter_map(|(name, value)| Some((name.clone(), coded(value)?))).collect();
            if members.is_empty() {
                return reply;
            }
            let (name, octets) = &members[usize::from(*which) % members.len()];
            body.insert(name.clone(), STANDARD.encode(bent(octets, edits)).into());
            reply.body = Value::Object(body).to_string().into_bytes();
        }
    }
    reply
}

/// A card and an SM with an order for it, made once.
pub struct Scene {
    nvm: MemoryNvm,
    sm: MemoryHost,
    code: ActivationCode,
    pki: TestPki,
}

impl Scene {
    /// The same every time.
    pub fn new() -> Self {
        let (seed, pki) = (Seed::from_number(7), TestPki::well_known(Curve::P256));
        let config = Config::of_test_pki(ADDRESS, &pki).expect("a sound PKI");
        let sm = MemoryHost::new(config, seed.octets(), NOW);
        let mut world = world(MemoryNvm::default(), sm, &pki);
        let (ordered, _) = block_on(world.order(Wish::default())).expect("an order");
        let nvm = world.device().nvm().clone();
        Self { nvm, sm: world.transport().fork(), code: ordered.activation_code, pki }
    }

    /// Downloads with one answer bent: which one, how, and the rest.
    ///
    /// # Panics
    /// If the card does not go on, or has what the LPA does not tell of.
    pub fn download(&self, input: &[u8]) {
        let hostile = Hostile { sm: self.sm.fork(), calls: 0, input };
        let mut world = world(self.nvm.clone(), hostile, &self.pki);
        let outcome = block_on(world.download(DownloadParams::new(&self.code), &mut Agreeable));
        world.device_mut().reset().expect("a card stays a card");
        let listed = block_on(world.list(&mut Agreeable)).expect("a list");
        match outcome.is_installed() {
            true => assert_eq!(listed.len(), 1, "{outcome:?}"),
            // The answer of the card may be lost on the way; a profile that was not told of is none.
            false => assert!(listed.is_empty(), "{outcome:?} and {} profiles", listed.len()),
        }
    }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

fn world<T: Transport>(nvm: MemoryNvm, transport: T, pki: &TestPki) -> World<MemoryNvm, T> {
    let parties = (ADDRESS, "memory");
    World::new(nvm, transport, pki, Seed::from_number(7), Clock::Fixed(NOW), parties).expect("a world")
}
