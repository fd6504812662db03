//! Admission of a device: the MME's part of attaching (3GPP TS 24.301 5.4.2,
//! 5.5.1), with the causes of TS 24.301 annex A.

use crate::auc::{Subscriber, Vector};
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use rand_core::CryptoRng;

/// EMM causes that this network gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// #2: the HSS knows no such subscriber.
    #[error("#2 IMSI unknown in HSS")]
    ImsiUnknown,
    /// #3: the response to the challenge is wrong.
    #[error("#3 illegal UE")]
    IllegalUe,
    /// #20: the card does not take the network for its own.
    #[error("#20 MAC failure")]
    MacFailure,
    /// #21: SQN out of range, and resynchronisation did not help.
    #[error("#21 synch failure")]
    SynchFailure,
    /// #98: an answer that nobody asked for.
    #[error("#98 message type not compatible with the protocol state")]
    NotExpected,
}

/// What AUTHENTICATION REQUEST carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// RAND.
    pub rand: [u8; 16],
    /// AUTN.
    pub autn: [u8; 16],
}

/// What the device answers to a challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// AUTHENTICATION RESPONSE.
    Res(alloc::vec::Vec<u8>),
    /// AUTHENTICATION FAILURE with cause #21 and AUTS.
    SynchFailure([u8; 14]),
    /// AUTHENTICATION FAILURE with cause #20.
    MacFailure,
}

/// Subscribers and attach procedures under way.
#[derive(Debug, Default)]
pub struct Network {
    subscribers: BTreeMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    subscriber: Subscriber,
    pending: Option<Pending>,
    attached: bool,
}

struct Pending {
    vector: Vector,
    resynchronised: bool,
}

impl core::fmt::Debug for Pending {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Pending(..)")
    }
}

impl Network {
    /// Admits a subscriber to the HSS, in place of one with the same IMSI.
    pub fn provision(&mut self, imsi: &str, subscriber: Subscriber) {
        let entry = Entry { subscriber, pending: None, attached: false };
        self.subscribers.insert(imsi.to_string(), entry);
    }

    /// Whether the subscriber is attached.
    pub fn is_attached(&self, imsi: &str) -> bool {
        self.subscribers.get(imsi).is_some_and(|entry| entry.attached)
    }

    /// DETACH, or the device is switched off.
    pub fn detach(&mut self, imsi: &str) {
        if let Some(entry) = self.subscribers.get_mut(imsi) {
            entry.attached = false;
            entry.pending = None;
        }
    }

    /// ATTACH REQUEST: answered by a challenge.
    ///
    /// # Errors
    /// [`Cause::ImsiUnknown`].
    pub fn attach(&mut self, imsi: &str, rng: &mut dyn CryptoRng) -> Result<Challenge, Cause> {
        let entry = self.subscribers.get_mut(imsi).ok_or(Cause::ImsiUnknown)?;
        entry.attached = false;
        Ok(entry.challenge(false, rng))
    }

    /// What the device answered: attached if `None`, challenged once more if `Some`.
    ///
    /// # Errors
    /// The cause of ATTACH REJECT.
    pub fn authenticate(
        &mut self,
        imsi: &str,
        response: &Response,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Challenge>, Cause> {
        let entry = self.subscribers.get_mut(imsi).ok_or(Cause::ImsiUnknown)?;
        let pending = entry.pending.take().ok_or(Cause::NotExpected)?;
        match response {
            Response::Res(res) if res[..] == pending.vector.xres => {
                entry.attached = true;
                Ok(None)
            }
            Response::Res(_) => Err(Cause::IllegalUe),
            Response::MacFailure => Err(Cause::MacFailure),
            Response::SynchFailure(_) if pending.resynchronised => Err(Cause::SynchFailure),
            Response::SynchFailure(auts) => {
                if !entry.subscriber.resynchronise(&pending.vector.rand, auts) {
                    return Err(Cause::SynchFailure);
                }
                Ok(Some(entry.challenge(true, rng)))
            }
        }
    }
}

impl Entry {
    fn challenge(&mut self, resynchronised: bool, rng: &mut dyn CryptoRng) -> Challenge {
        let vector = self.subscriber.vector(rng);
        let challenge = Challenge { rand: vector.rand, autn: vector.autn };
        self.pending = Some(Pending { vector, resynchronised });
        challenge
    }
}
