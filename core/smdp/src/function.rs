//! What a function of the server is: keys, decision, answer.

use crate::{Call, Config, Key, Records, Write};
use alloc::string::String;
use alloc::vec::Vec;
use esim_crypto::MacKey;
use esim_crypto::pki::Verified;
use esim_rsp::check::Checks;
use esim_rsp::{Error, Refusal};
use rand_core::CryptoRng;

/// What a decision may use besides the records: all else is no business of it.
pub struct Env<'a> {
    /// Seconds since 1970, UTC.
    pub now: u64,
    /// Random octets.
    pub rng: &'a mut dyn CryptoRng,
    /// Random octets for what a profile has of its own ([`crate::profile::Drawn`]): a stream beside the other, so that
    /// whatever repeats by a seed keeps its ICCIDs and activation codes, however many codes are drawn.
    pub codes: &'a mut dyn CryptoRng,
    /// Who this server is.
    pub config: &'a Config,
    /// Signatures of manufacturers' certificates that are known to be good.
    pub verified: &'a dyn Verified,
    /// Makes of a text one that this server alone can read again: for whoever shall give it back and is not to know it.
    pub veil: &'a dyn Fn(&str) -> String,
    /// Keys under which sessions begin ([`crate::begun::Begun`]); the first one is for new ones.
    pub sessions: &'a [&'a MacKey],
    /// Who is told of each verification. A decision that is made once more, because records have changed meanwhile, is
    /// told of once more; what [`Function::calls`] foresees is told to nobody.
    pub checks: Checks<'a>,
}

impl Env<'_> {
    /// `N` random octets.
    pub fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut octets = [0; N];
        self.rng.fill_bytes(&mut octets);
        octets
    }
}

/// The outcome of a function: what to write, and what to say.
///
/// A refusal may write too: attempts are counted and sessions end by it.
#[derive(Debug)]
#[must_use]
pub struct Decision<T> {
    /// To be committed whole, or not at all, before the answer leaves.
    pub commit: Vec<Write>,
    /// Outputs, or the code of the standard.
    pub answer: Result<T, Refusal>,
}

impl<T> Decision<T> {
    /// An answer that changes nothing.
    pub fn only(answer: Result<T, Refusal>) -> Self {
        Self { commit: Vec::new(), answer }
    }

    /// A refusal that changes nothing.
    pub fn refuse(refusal: Refusal) -> Self {
        Self::only(Err(refusal))
    }

    /// An answer together with what it changes.
    pub fn new(commit: Vec<Write>, answer: Result<T, Refusal>) -> Self {
        Self { commit, answer }
    }
}

/// One function of ES2+, ES9+, ES11, ES12 or the operator's own interface.
pub trait Function: Sized + Send + Sync {
    /// The JSON request.
    type Request;
    /// The JSON outputs.
    type Ok: Send + Sync;

    /// Whether it decides over records of which some that it names cannot be read; others fail then.
    const BEARS_DAMAGE: bool = false;

    /// Whether it tells what of a list cannot be had; others fail then.
    const BEARS_GAPS: bool = false;

    /// Reads what is inside the request.
    ///
    /// # Errors
    /// Octets that are not the message expected, and where.
    fn read(request: Self::Request) -> Result<Self, Error>;

    /// What ties the log lines of one conversation together: the transaction id
    /// or the caller's functionCallIdentifier.
    fn correlation(&self) -> Option<String> {
        None
    }

    /// The same, where only the answer knows it.
    fn correlation_of(_answer: &Self::Ok) -> Option<String> {
        None
    }

    /// What must not be tried too often, by a name of the store: the order, or the eUICC where no order is named.
    fn tries(&self) -> Option<String> {
        None
    }

    /// The one order, or what leads to it, beside which all lies that the decision changes, as far as that can be said
    /// before anything is loaded: stores that are spread have it executed there.
    fn place(&self) -> Option<Key> {
        None
    }

    /// What must be written elsewhere, so that what comes later finds the place.
    fn pointer(&self, _env: &Env<'_>) -> Option<Write> {
        None
    }

    /// The records that the decision needs, as far as can be said from what is
    /// `known`. The host loads and asks again until nothing new is named: the
    /// order of a session, for instance, is known only with the session.
    fn keys(&self, known: &Records) -> Vec<Key>;

    /// What must be asked of other servers before the decision, as far as can
    /// be said from what is `known`, `now` being seconds since 1970. The host
    /// asks each once and adds the reply to the records, before it decides and
    /// however often that must be done again.
    fn calls(&self, _known: &Records, _now: u64, _config: &Config) -> Vec<Call> {
        Vec::new()
    }

    /// What to write and what to answer. The same arguments give the same
    /// decision, down to the octet.
    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<Self::Ok>;
}
