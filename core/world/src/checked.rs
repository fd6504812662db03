//! Verifications of an act, each with who made it and the message that it was made of; and the secrets of sessions,
//! which nobody but a world can ask for.

use esim_rsp::check::{Check, Checks, Observer, Rule, Secret, SecretObserver, Watch};
use esim_rsp::trace::Party;
use serde::{Serialize, Serializer};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A verification that a party has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Checked {
    /// Number of the message that it was made of: what the party was told last.
    pub record: Option<u32>,
    /// Who has made it.
    pub party: Party,
    /// Standard and clause: `SGP.22 5.7.13`.
    pub clause: &'static str,
    /// What must hold.
    pub what: &'static str,
    /// The public key or key identifier that decided.
    #[serde(serialize_with = "hex_if_any")]
    #[cfg_attr(feature = "ts", ts(type = "string | null"))]
    pub key: Option<Vec<u8>>,
    /// The octets judged.
    #[serde(serialize_with = "as_hex")]
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub input: Vec<u8>,
    /// Whether it holds.
    pub passed: bool,
}

/// A secret of a session, as one of its ends has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Number of the message that it came of.
    pub record: Option<u32>,
    /// Who knows it.
    pub party: Party,
    /// Which it is.
    pub secret: Secret,
    /// The secret.
    pub octets: Vec<u8>,
}

fn as_hex<S: Serializer>(octets: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(octets))
}

fn hex_if_any<S: Serializer>(octets: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    octets.as_ref().map(hex::encode).serialize(serializer)
}

/// What one party was told last.
#[derive(Debug, Default)]
struct Told {
    /// A message of a function that it has not answered yet.
    function: Option<u32>,
    /// Any message.
    any: Option<u32>,
}

/// What is written down while a world is watched.
#[derive(Debug, Default)]
struct Book {
    told: RefCell<BTreeMap<Party, Told>>,
    checks: RefCell<Vec<Checked>>,
    secrets: RefCell<Vec<Known>>,
}

impl Book {
    fn record(&self, party: Party) -> Option<u32> {
        let told = self.told.borrow();
        told.get(&party).and_then(|told| told.function.or(told.any))
    }
}

/// Writes down what one party verifies.
#[derive(Debug)]
struct Watcher {
    party: Party,
    book: Rc<Book>,
}

impl Watch for Watcher {
    fn checks(&self) -> Checks<'_> {
        Checks::told_to(self).with_secrets(self)
    }
}

impl Observer for Watcher {
    fn check(&self, check: &Check<'_>) {
        let Check { clause, what, key, input, passed } = *check;
        self.book.checks.borrow_mut().push(Checked {
            record: self.book.record(self.party),
            party: self.party,
            clause,
            what,
            key: key.map(<[u8]>::to_vec),
            input: input.to_vec(),
            passed,
        });
    }
}

impl SecretObserver for Watcher {
    fn secret(&self, secret: Secret, octets: &[u8]) {
        let (record, party) = (self.book.record(self.party), self.party);
        let known = Known { record, party, secret, octets: octets.to_vec() };
        self.book.secrets.borrow_mut().push(known);
    }
}

/// Everybody in a world who is watched.
#[derive(Clone, Debug)]
pub(crate) struct Watchers {
    book: Rc<Book>,
    lpa: Rc<Watcher>,
    modem: Rc<Watcher>,
}

impl Default for Watchers {
    fn default() -> Self {
        let book = Rc::<Book>::default();
        let of = |party| Rc::new(Watcher { party, book: book.clone() });
        Self { lpa: of(Party::Lpa), modem: of(Party::Modem), book }
    }
}

impl Watchers {
    /// For a party that keeps whoever watches it.
    pub fn of(&self, party: Party) -> Rc<dyn Watch> {
        Rc::new(Watcher { party, book: self.book.clone() })
    }

    /// For the LPA.
    pub fn lpa(&self) -> Checks<'_> {
        self.lpa.checks()
    }

    /// For the modem.
    pub fn modem(&self) -> Checks<'_> {
        self.modem.checks()
    }

    /// A message is under way: what is verified from now on is verified of it. APDUs carry messages of functions.
    pub fn noted(&self, n: u32, (from, to): (Party, Party), interface: &str) {
        let mut told = self.book.told.borrow_mut();
        let is_function = interface != "APDU";
        if is_function {
            told.entry(from).or_default().function = None;
            told.entry(to).or_default().function = Some(n);
        }
        told.entry(to).or_default().any = Some(n);
    }

    /// A party of the network has verified something of a message.
    pub fn add(&self, record: Option<u32>, party: Party, rule: Rule, input: Vec<u8>, passed: bool) {
        let Rule { clause, what } = rule;
        let checked = Checked { record, party, clause, what, key: None, input, passed };
        self.book.checks.borrow_mut().push(checked);
    }

    /// Takes what was verified so far.
    pub fn take_checks(&self) -> Vec<Checked> {
        self.book.checks.take()
    }

    /// The secrets so far.
    pub fn secrets(&self) -> Vec<Known> {
        self.book.secrets.borrow().clone()
    }

    /// Back to these secrets; nobody has been told anything that is not answered yet.
    pub fn put_back(&self, secrets: Vec<Known>) {
        self.book.secrets.replace(secrets);
        self.book.told.take();
    }
}
