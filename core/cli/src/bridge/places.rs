//! What a page may choose from: the places that the command line names, or all that is plugged in. Nothing else is opened.

use super::words::Words;
use crate::card::{self, Seen, Where};
use esim_reader::bridge::Place;
use std::str::FromStr;

/// A place as the command line has it.
#[derive(Clone, Debug)]
pub struct Named {
    text: String,
    place: Where,
}

impl FromStr for Named {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self { text: text.into(), place: text.parse()? })
    }
}

/// What is offered to pages.
pub struct Offer {
    named: Vec<Named>,
}

/// A place that may be opened.
pub struct Offered {
    /// What the page names it by.
    pub text: String,
    /// Where that is.
    pub place: Where,
    /// What is there; nothing where that is not seen without asking.
    pub seen: Option<Seen>,
    /// Why nothing is known.
    trouble: Option<String>,
}

impl Offer {
    /// These places; all that is plugged in if there are none.
    pub fn new(named: Vec<Named>) -> Self {
        Self { named }
    }

    /// What there is now.
    pub fn list(&self) -> Vec<Offered> {
        match self.named.is_empty() {
            true => plugged_in(),
            false => {
                let wants_readers = self.named.iter().any(|it| matches!(it.place, Where::Reader(_)));
                let readers = if wants_readers { readers() } else { Vec::new() };
                self.named.iter().map(|named| look(named, &readers)).collect()
            }
        }
    }
}

impl Offered {
    /// For the page. `open` is the place that it has open.
    pub fn told(&self, open: Option<&str>, words: Words) -> Place {
        let is_open = open == Some(&self.text);
        let present = match (&self.seen, &self.place) {
            _ if is_open => true,
            (Some(seen), _) => !matches!(seen, Seen::Empty | Seen::Port),
            (None, Where::File(path) | Where::Replay { file: path, .. }) => path.exists(),
            (None, _) => false,
        };
        let state = match (&self.trouble, &self.seen) {
            _ if is_open => words.open_here(),
            (Some(trouble), _) => trouble.clone(),
            (None, Some(seen)) => words.seen(seen),
            (None, None) => words.unseen(&self.place, present),
        };
        Place { card: self.text.clone(), state, present }
    }
}

fn plugged_in() -> Vec<Offered> {
    let ports = card::ports().into_iter().filter_map(offered);
    readers().into_iter().chain(ports).collect()
}

/// All readers; where they cannot be listed, one without a name that says why.
fn readers() -> Vec<Offered> {
    match card::readers() {
        Ok(readers) => readers.into_iter().filter_map(offered).collect(),
        Err(error) => {
            let trouble = Some(format!("{error:#}"));
            vec![Offered { text: "reader".into(), place: Where::Reader(None), seen: None, trouble }]
        }
    }
}

fn offered(listed: card::Listed) -> Option<Offered> {
    let place = listed.card.parse().ok()?;
    Some(Offered { text: listed.card, place, seen: Some(listed.seen), trouble: None })
}

/// What is at a named place: of several readers that it may mean, the first with a card.
fn look(named: &Named, readers: &[Offered]) -> Offered {
    let Named { text, place } = named.clone();
    let Where::Reader(wanted) = &place else {
        let seen = matches!(place, Where::Modem(_)).then_some(Seen::Port);
        return Offered { text, place, seen, trouble: None };
    };
    let means = |it: &&Offered| match (&it.place, wanted) {
        (Where::Reader(Some(name)), Some(wanted)) => name.contains(wanted.as_str()),
        _ => true,
    };
    let mut meant: Vec<_> = readers.iter().filter(means).collect();
    meant.sort_by_key(|it| matches!(it.seen, None | Some(Seen::Empty)));
    let (seen, trouble) = meant.first().map_or((None, None), |it| (it.seen.clone(), it.trouble.clone()));
    Offered { text, place, seen, trouble }
}
