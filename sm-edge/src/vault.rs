//! Records are sealed at rest: the store never sees what is in them.

use crate::Fault;
use esim_crypto::{MacKey, SealKey, seal_key_of};
use esim_smdp::store::{Alias, AliasKind, Change, Kind, Lookup, Row};
use esim_smdp::{Place, Records, Write};

/// Name under which texts are veiled: no row is called so.
const VEIL: &str = "veil";

/// The keys that records are sealed with. The first one seals, all of them open:
/// keys are changed by putting a new one first and sealing every row anew.
#[derive(Clone, Debug)]
pub struct Vault {
    first: SealKey,
    older: Vec<SealKey>,
    has_clear_names: bool,
}

impl Vault {
    /// `secret` seals; 32 octets of a random generator.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self { first: SealKey::new(secret), older: Vec::new(), has_clear_names: false }
    }

    /// The same, and opens what has been sealed with an older key.
    pub fn with_older(mut self, secret: &[u8; 32]) -> Self {
        self.older.push(SealKey::new(secret));
        self
    }

    /// The same over a store in which earlier versions have left activation codes in clear: they are found there, too.
    pub fn with_clear_names(self) -> Self {
        Self { has_clear_names: true, ..self }
    }

    /// The key that histories are sealed with.
    pub fn audit_key(&self) -> &MacKey {
        self.first.audit()
    }

    /// The keys that histories may be sealed with, that of the first key first.
    pub fn audit_keys(&self) -> impl Iterator<Item = &MacKey> {
        std::iter::once(&self.first).chain(&self.older).map(SealKey::audit)
    }

    /// The keys that sessions may have begun under, that of the first key first.
    pub fn session_keys(&self) -> Vec<&MacKey> {
        std::iter::once(&self.first).chain(&self.older).map(SealKey::sessions).collect()
    }

    /// The MAC of a token that is given away ([`SealKey::mac_token`]).
    pub fn mac_token(&self, token: &[u8]) -> [u8; 32] {
        self.first.mac_token(token)
    }

    /// Whether a MAC was made of a token with any of the keys.
    pub fn is_mac_of_token(&self, token: &[u8], mac: &[u8]) -> bool {
        std::iter::once(&self.first).chain(&self.older).any(|key| key.is_mac_of_token(token, mac))
    }

    /// Whether these octets are no secret of anybody: all zeros, as of a file or variable that was never filled.
    pub fn is_no_secret(secret: &[u8; 32]) -> bool {
        secret == &[0; 32]
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

    /// A question as the store understands it: one for each key, where what is asked for is disguised, and one in clear
    /// where such rows may be left.
    pub fn lookups(&self, lookup: Lookup) -> Vec<Lookup> {
        let clear = match &lookup {
            Lookup::Alias { alias, .. } => alias,
            Lookup::Name(name) => name,
            Lookup::Due { .. } | Lookup::Range { .. } => return vec![lookup],
        };
        let Some(secret) = Secret::of(clear) else { return vec![lookup] };
        let keys = std::iter::once(&self.first).chain(&self.older);
        let left = (self.has_clear_names && secret.was_clear).then(|| clear.clone());
        let names = keys.map(|key| secret.disguised(key)).chain(left);
        let ask = |name| match &lookup {
            Lookup::Alias { after, limit, .. } => {
                Lookup::Alias { alias: name, after: after.clone(), limit: *limit }
            }
            _ => Lookup::Name(name),
        };
        names.map(ask).collect()
    }

    /// A body sealed under the name of its row.
    ///
    /// # Errors
    /// An empty body, which no record has, or one that is too long: nothing may be stored that would not open.
    pub fn seal_body(&self, name: &str, body: &[u8]) -> Result<Vec<u8>, Fault> {
        if body.is_empty() {
            return Err(Fault::new(format!("{name}: a record without a body")));
        }
        self.first.seal(name, body).map_err(|error| Fault::new(format!("{name}: {error}")))
    }

    /// A text that others give back and cannot read.
    pub fn veil(&self, text: &str) -> String {
        hex::encode(self.first.seal(VEIL, text.as_bytes()).unwrap_or_default())
    }

    /// What [`Vault::veil`] has made, in clear; none if it is anything else.
    pub fn unveil(&self, veiled: &str) -> Option<String> {
        let row = Row { name: VEIL.into(), revision: 0, body: esim_rsp::common::from_hex(veiled).ok()? };
        String::from_utf8(self.open(row).ok()?.body).ok()
    }

    /// A change with its body sealed, and what is secret in its names disguised. A row that is there keeps the name that
    /// it has.
    ///
    /// # Errors
    /// As [`Vault::seal_body`].
    pub fn seal(&self, change: Change) -> Result<Change, Fault> {
        match change {
            Change::Put { name, expected, body, aliases, expires, due } => {
                let name = if expected == 0 { self.disguise(name) } else { name };
                let body = self.seal_body(&name, &body)?;
                let disguise = |alias: Alias| Alias { name: self.disguise(alias.name), unique: alias.unique };
                let aliases = aliases.into_iter().map(disguise).collect();
                Ok(Change::Put { name, expected, body, aliases, expires, due })
            }
            other => Ok(other),
        }
    }

    /// The writes of a decision as a store gets them.
    ///
    /// # Errors
    /// As [`Vault::seal_body`].
    pub fn seal_writes(&self, records: &Records, writes: &[Write]) -> Result<Vec<Change>, Fault> {
        let changes = records.changes(writes).map_err(|error| Fault::new(error.kind))?;
        changes.into_iter().map(|change| self.seal(change)).collect()
    }

    /// What makes of a row the same as it would be written now: sealed with the first key, under the names that this
    /// version gives. `head` is the end of its history, if it is an order, which is sealed anew with it.
    ///
    /// # Errors
    /// As [`Vault::open`] and [`Vault::seal_body`]; a record that cannot be read.
    pub fn renew(&self, row: Row, head: Option<Row>) -> Result<Vec<Change>, Fault> {
        let (old, mut records) = (row.name.clone(), Records::default());
        let unread = |error: esim_rsp::Error| Fault::new(format!("{old}: {}", error.kind));
        records
            .add(self.open(row)?)
            .map_err(|_| Fault::new(format!("{old}: not a record of this version")))?;
        // A history whose end cannot be read does not hold, and stays as it is.
        if let Some(head) = head.and_then(|head| self.open(head).ok()) {
            records.add(head).map_err(unread)?;
        }
        records.seal_histories_anew(&self.audit_keys().collect::<Vec<_>>(), self.audit_key());
        let mut renewed = Vec::new();
        for change in records.rewrite().map_err(unread)? {
            match change {
                Change::Put { ref name, .. } if Kind::Head.has(name) => renewed.push(self.seal(change)?),
                Change::Put { name, expected, body, aliases, expires, due }
                    if self.disguise(name.clone()) != old =>
                {
                    renewed.push(Change::Delete { name: old.clone(), expected });
                    renewed.push(self.seal(Change::Put {
                        name,
                        expected: 0,
                        body,
                        aliases,
                        expires,
                        due,
                    })?);
                }
                Change::Put { expected, body, aliases, expires, due, .. } => {
                    renewed.push(self.seal(Change::Put {
                        name: old.clone(),
                        expected,
                        body,
                        aliases,
                        expires,
                        due,
                    })?);
                }
                other => renewed.push(other),
            }
        }
        Ok(renewed)
    }

    /// Whether a body is sealed with one of the keys, as far as it says.
    pub fn knows(&self, body: &[u8]) -> bool {
        let id = seal_key_of(body);
        std::iter::once(&self.first).chain(&self.older).any(|key| id == Ok(key.id()))
    }

    /// A name or alias as the store gets it.
    pub fn disguise(&self, name: String) -> String {
        match Secret::of(&name) {
            Some(secret) => secret.disguised(&self.first),
            None => name,
        }
    }
}

/// A name that ends in something that a store must not see.
struct Secret<'a> {
    whole: &'a str,
    /// What stands in clear before it, in the store.
    before: &'a str,
    /// Where the order of a code lies: nothing that the name of the order would not tell.
    place: Option<Place>,
    /// Whether earlier versions did not disguise it.
    was_clear: bool,
}

impl<'a> Secret<'a> {
    fn of(whole: &'a str) -> Option<Self> {
        if AliasKind::Imsi.has(whole) {
            let before = AliasKind::Imsi.prefix();
            return Some(Self { whole, before, place: None, was_clear: false });
        }
        if let Some(id) = whole.strip_prefix(AliasKind::Matching.prefix()) {
            let place = Place::of_matching_id(id);
            return Some(Self { whole, before: AliasKind::Code.prefix(), place, was_clear: place.is_none() });
        }
        let event = Kind::Event.prefix();
        let eid = whole.strip_prefix(event)?.find('/')?;
        Some(Self { whole, before: &whole[..=event.len() + eid], place: None, was_clear: true })
    }

    fn disguised(&self, key: &SealKey) -> String {
        let disguised = hex::encode(key.disguise(self.whole));
        match self.place {
            Some(place) => format!("{}{place}/{disguised}", self.before),
            None => format!("{}{disguised}", self.before),
        }
    }
}
