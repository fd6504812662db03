//! The world's trace: every message between any two parties, in order.

use crate::checked::{Known, Watchers};
use crate::kept::Kept;
use esim_crypto::sha256;
use esim_rsp::trace::{Party, Record};

/// Records since the world began.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    records: Vec<Record>,
    /// Those that the last snapshot keeps.
    kept: Kept<Record>,
    /// The secrets that it keeps.
    kept_secrets: Kept<Known>,
    /// Those who hear of verifications, if anybody does.
    watchers: Option<Watchers>,
}

impl Trace {
    /// Notes a message.
    pub fn note(
        &mut self,
        at: u64,
        (from, to): (Party, Party),
        interface: &str,
        function: &str,
        bytes: &[u8],
    ) {
        let n = self.next();
        if let Some(watchers) = &self.watchers {
            watchers.noted(n, (from, to), interface);
        }
        self.records.push(Record {
            n,
            at,
            from,
            to,
            interface: interface.into(),
            function: function.into(),
            bytes: bytes.to_vec(),
        });
    }

    /// Of a message something else has arrived than was sent.
    pub(crate) fn arrived(&mut self, n: u32, bytes: &[u8]) {
        if let Some(record) = self.records.get_mut(n as usize) {
            record.bytes = bytes.to_vec();
        }
    }

    /// The number of the message that is said next.
    pub(crate) fn next(&self) -> u32 {
        u32::try_from(self.records.len()).unwrap_or(u32::MAX)
    }

    /// Those who hear of verifications from now on.
    pub(crate) fn watch(&mut self) -> &Watchers {
        self.watchers.get_or_insert_default()
    }

    /// Those who hear of verifications, if anybody does.
    pub(crate) fn watchers(&self) -> Option<&Watchers> {
        self.watchers.as_ref()
    }

    /// What the ends of sessions have agreed on so far, where the world is watched.
    pub(crate) fn secrets(&self) -> Vec<Known> {
        self.watchers().map(Watchers::secrets).unwrap_or_default()
    }

    /// Keeps what there is.
    pub(crate) fn keep(&mut self) -> (Kept<Record>, Kept<Known>) {
        self.kept.grow(&self.records);
        self.kept_secrets.grow(&self.secrets());
        (self.kept.clone(), self.kept_secrets.clone())
    }

    /// Back to what was kept.
    pub(crate) fn put_back(&mut self, (records, secrets): &(Kept<Record>, Kept<Known>)) {
        self.records = records.all();
        self.kept = records.clone();
        self.kept_secrets = secrets.clone();
        if let Some(watchers) = &self.watchers {
            watchers.put_back(secrets.all());
        }
    }

    /// All records.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// SHA-256 over all canonical records, in hexadecimal: two runs with one
    /// digest exchanged the same octets.
    pub fn digest(&self) -> String {
        digest(&self.records)
    }

    /// One JSON object a line.
    pub fn to_lines(&self) -> String {
        self.records.iter().map(|record| String::from_utf8_lossy(&record.canonical()).into_owned()).collect()
    }
}

/// The digest of records.
pub(crate) fn digest(records: &[Record]) -> String {
    let lines: Vec<Vec<u8>> = records.iter().map(Record::canonical).collect();
    let parts: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
    hex::encode(sha256(&parts))
}
