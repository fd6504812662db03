//! A function that is about one order is carried to the object that holds it: one message to find it where nothing in the
//! request says where it is, and one to have it executed.

use super::message::{Answer, Entries, Found, Message, Part, Ran};
use super::store::{FROZEN, ROUNDS, unexpected};
use super::{
    Network, Object, ShardedStore, Sql, Stage, earlier_object_of, index_of, object_of, place_of_code,
};
use crate::{CommitError, Fault, Vault};
use esim_smdp::store::{AliasKind, Change, Kind, Lookup, Name};
use esim_smdp::{Key, Place};
use futures_util::future::{join, join_all};
use std::collections::BTreeMap;

/// A function that may be executed beside its order.
#[derive(Clone, Debug)]
pub struct Carried {
    /// What leads to the order: [`esim_smdp::Function::place`].
    pub place: Key,
    /// The session that begins with it, used up, as it is to lie where its transactionId is looked for, sealed.
    pub pointer: Option<Change>,
    /// What [`crate::run_carried`] takes.
    pub request: Vec<u8>,
}

/// Beginning of the alias that says where the session of a pointer lies. No index has it.
const AT: &str = "at/";

impl<S: Sql> Object<S> {
    /// What has come of a function that was executed here over this store. Where the share has moved before anything of it
    /// was committed, nothing has: it is executed where the order lies now.
    ///
    /// # Errors
    /// That of the function; the storage has failed.
    pub fn ran<N: Network>(
        &self,
        store: &ShardedStore<N>,
        response: Result<Vec<u8>, Fault>,
    ) -> Result<Answer, Fault> {
        if matches!(self.stage()?, Stage::Moved | Stage::Noted) && !store.has_committed() {
            return Ok(Answer::Moved);
        }
        Ok(Answer::Ran(Ran { response: response?, begun: store.begun.get() }))
    }
}

impl<N: Network> ShardedStore<N> {
    /// Has a function executed where its order lies: its response. Nothing if it is not to be carried: there is no such
    /// order, or there are several that it might be about.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] if the transactionId was used elsewhere meanwhile; an object does not answer.
    pub async fn carry(&self, carried: &Carried, vault: &Vault) -> Result<Option<Vec<u8>>, CommitError> {
        let Some(at) = self.locate(&carried.place, vault).await? else { return Ok(None) };
        if at.aliases.is_empty() {
            return self.execute_at(&at, carried).await;
        }
        match self.execute(&at, carried).await? {
            Some(Ran { response, begun }) => {
                if let (true, Some(pointer)) = (begun, &carried.pointer) {
                    self.point(pointer, at.place).await?;
                }
                Ok(Some(response))
            }
            // An operator's own matchingId may look like one that was drawn.
            None => match self.by_index(&at.aliases).await? {
                Some(at) => self.execute_at(&at, carried).await,
                None => Ok(None),
            },
        }
    }

    /// The same where nothing else can be the place: nobody waits for the one before the other.
    async fn execute_at(&self, at: &At, carried: &Carried) -> Result<Option<Vec<u8>>, CommitError> {
        let point = async {
            match &carried.pointer {
                Some(pointer) => self.point(pointer, at.place).await,
                None => Ok(()),
            }
        };
        let (pointed, ran) = join(point, self.execute(at, carried)).await;
        let Some(Ran { response, begun }) = ran? else { return Ok(None) };
        // A session that did not begin needs nobody to lead to it.
        pointed.or_else(|error| if begun { Err(error) } else { Ok(()) })?;
        Ok(Some(response))
    }

    async fn execute(&self, at: &At, carried: &Carried) -> Result<Option<Ran>, Fault> {
        let beside = matches!(carried.place, Key::MatchingId(_) | Key::DefaultOf(_));
        for round in 1..=ROUNDS {
            let (object, aliases) = (self.share_of(at.place), at.aliases.clone());
            let request = carried.request.clone();
            let message = Message::Run { object: object.clone(), aliases, beside, request };
            // Never twice: what was lost may have been executed.
            match self.send(&object, &message).await? {
                Answer::Ran(ran) => return Ok(Some(ran)),
                Answer::NotHere => return Ok(None),
                // It has split, or will have soon. Nothing was executed.
                Answer::Moved => {}
                Answer::Busy(_) => self.network().pause(FROZEN * round).await,
                _ => return Err(unexpected(&object)),
            }
        }
        Err(Fault::new(format!("the share of {} is not to be had", at.place)))
    }

    async fn locate(&self, key: &Key, vault: &Vault) -> Result<Option<At>, Fault> {
        let aliases = |key: &Key| -> Vec<String> {
            // In clear, as the first versions had them, they are where orders of theirs may be.
            let is_idle = |alias: &String| AliasKind::Matching.has(alias) && !self.network().has_earlier();
            let lookups = vault.lookups(key.lookup()).into_iter();
            let aliases = lookups.filter_map(|it| match it {
                Lookup::Alias { alias, .. } => Some(alias),
                _ => None,
            });
            aliases.filter(|alias| !is_idle(alias)).collect()
        };
        match key {
            Key::Order(iccid) => Ok(Some(At { place: Place::of(iccid), aliases: Vec::new() })),
            Key::Session(id) => {
                let name = Name::Session(id.clone()).to_string();
                let row = self.pointer(&name).await?;
                Ok(row.as_ref().and_then(at).map(|place| At { place, aliases: Vec::new() }))
            }
            Key::MatchingId(_) => {
                let aliases = aliases(key);
                match aliases.iter().find_map(|alias| place_of_code(alias)) {
                    Some(place) => Ok(Some(At { place, aliases })),
                    None => self.by_index(&aliases).await,
                }
            }
            Key::DefaultOf(eid) => {
                let idle = aliases(&Key::IdleDefaultOf(*eid));
                self.by_index(&aliases(key).into_iter().chain(idle).collect::<Vec<_>>()).await
            }
            _ => Ok(None),
        }
    }

    /// The only order that has the first of these aliases that one has at all.
    async fn by_index(&self, aliases: &[String]) -> Result<Option<At>, Fault> {
        let mut objects: BTreeMap<String, Vec<Entries>> = BTreeMap::new();
        for alias in aliases {
            let entries = Entries { alias: alias.clone(), after: String::new(), limit: 2 };
            objects.entry(index_of(alias, "")).or_default().push(entries);
        }
        let asked = objects.into_iter().map(async |(object, entries)| {
            let aliases: Vec<_> = entries.iter().map(|it| it.alias.clone()).collect();
            let found = self.ask(&object, Message::Load { names: Vec::new(), entries }).await?.names;
            Ok::<_, Fault>(aliases.into_iter().zip(found).collect::<Vec<_>>())
        });
        let found: Vec<Vec<_>> = join_all(asked).await.into_iter().collect::<Result<_, _>>()?;
        let found: BTreeMap<String, Vec<String>> = found.into_iter().flatten().collect();
        let first = aliases.iter().filter_map(|alias| found.get(alias)).find(|names| !names.is_empty());
        let Some([name]) = first.map(Vec::as_slice) else { return Ok(None) };
        if let Some(earlier) = earlier_object_of(name).filter(|_| self.network().has_earlier()) {
            self.adopt(&earlier).await?;
        }
        let place = name.strip_prefix(Kind::Order.prefix()).map(Place::of_digits);
        Ok(place.map(|place| At { place, aliases: Vec::new() }))
    }

    async fn pointer(&self, name: &str) -> Result<Option<Found>, Fault> {
        let load = Message::Load { names: vec![name.into()], entries: Vec::new() };
        Ok(self.ask(&object_of(name), load).await?.rows.into_iter().next())
    }

    /// Leaves where the session lies. A transactionId leads to one place for ever.
    async fn point(&self, pointer: &Change, place: Place) -> Result<(), CommitError> {
        let Change::Put { name, expected, body, expires, .. } = pointer else { return Ok(()) };
        let part = Part::Put {
            name: name.clone(),
            expected: *expected,
            body: body.clone(),
            aliases: vec![format!("{AT}{place}")],
            expires: *expires,
            due: None,
        };
        match self.decide(&object_of(name), self.network().draw(), vec![part], false).await {
            Err(CommitError::Conflict) => match self.pointer(name).await? {
                Some(row) if at(&row) == Some(place) => Ok(()),
                _ => Err(CommitError::Conflict),
            },
            done => done,
        }
    }
}

/// Where an order lies, and the aliases that it must have there if they alone say so.
struct At {
    place: Place,
    aliases: Vec<String>,
}

fn at(row: &Found) -> Option<Place> {
    row.aliases.iter().find_map(|alias| Place::parse(alias.strip_prefix(AT)?))
}
