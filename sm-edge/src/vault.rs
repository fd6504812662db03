//! Records are sealed at rest: the store never sees what is in them.

use crate::Fault;
use esim_crypto::{SealKey, seal_key_of};
use esim_smdp::store::{Alias, Change, IMSI_ALIAS, Lookup, Row};

/// The keys that records are sealed with. The first one seals, all of them open:
/// keys are changed by putting a new one first and sealing every row anew.
#[derive(Clone, Debug)]
pub struct Vault {
    first: SealKey,
    older: Vec<SealKey>,
}

impl Vault {
    /// `secret` seals; 32 octets of a random generator.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self { first: SealKey::new(secret), older: Vec::new() }
    }

    /// The same, and opens what has been sealed with an older key.
    pub fn with_older(mut self, secret: &[u8; 32]) -> Self {
        self.older.push(SealKey::new(secret));
        self
    }

    /// Whether a body is sealed with the first key.
    pub fn is_current(&self, body: &[u8]) -> bool {
        seal_key_of(body) == Ok(self.first.id())
    }

    /// A row with its body in clear.
    ///
    /// # Errors
    /// A body that is sealed with another key or has been altered; its name, not its content.
    pub fn open(&self, mut row: Row) -> Result<Row, Fault> {
        let faulty = |error| Fault::new(format!("{}: {error}", row.name));
        let id = seal_key_of(&row.body).map_err(faulty)?;
        let key = self.older.iter().find(|key| key.id() == id).unwrap_or(&self.first);
        row.body = key.open(&row.name, &row.body).map_err(faulty)?;
        Ok(row)
    }

    /// A question as the store understands it: one for each key, where what is asked for is disguised.
    pub fn lookups(&self, lookup: Lookup) -> Vec<Lookup> {
        match lookup {
            Lookup::Alias { alias, limit } if alias.starts_with(IMSI_ALIAS) => {
                let keys = std::iter::once(&self.first).chain(&self.older);
                keys.map(|key| Lookup::Alias { alias: disguised(key, &alias), limit }).collect()
            }
            other => vec![other],
        }
    }

    /// A body sealed under the name of its row.
    pub fn seal_body(&self, name: &str, body: &[u8]) -> Vec<u8> {
        self.first.seal(name, body)
    }

    /// A change with its body sealed, and IMSIs in its aliases disguised.
    pub fn seal(&self, change: Change) -> Change {
        match change {
            Change::Put { name, expected, body, aliases, expires, due } => {
                let body = self.seal_body(&name, &body);
                let aliases = aliases.into_iter().map(|alias| self.disguise(alias)).collect();
                Change::Put { name, expected, body, aliases, expires, due }
            }
            other => other,
        }
    }

    fn disguise(&self, alias: Alias) -> Alias {
        match alias.name.starts_with(IMSI_ALIAS) {
            true => Alias { name: disguised(&self.first, &alias.name), unique: alias.unique },
            false => alias,
        }
    }
}

fn disguised(key: &SealKey, alias: &str) -> String {
    let octets: String = key.disguise(alias).iter().map(|octet| format!("{octet:02x}")).collect();
    format!("{IMSI_ALIAS}{octets}")
}
