//! The rows of a batch, one at a time: a file may be longer than memory.

use anyhow::{Context, Result};
use esim_sm_edge::csv;
use esim_sm_edge::smdp::admin::{Column, Flaw, Row};
use serde::de::{DeserializeSeed, Deserializer as _, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::fmt;
use std::fs::File;
use std::hash::BuildHasher as _;
use std::io::{BufRead, BufReader, Seek};
use std::path::Path;

/// Reads a file, CSV or JSON, and hands over each row. What `take` refuses ends it.
///
/// # Errors
/// No such file, or one that is no batch; what `take` says.
pub fn each(path: &Path, mut take: impl FnMut(Row) -> Result<()>) -> Result<()> {
    let mut read = || {
        let mut file = BufReader::new(File::open(path)?);
        let is_json = matches!(first_octet(&mut file)?, Some(b'[' | b'{'));
        file.rewind()?;
        // What the reader of rows cannot pass on, as it is no error of theirs.
        let mut ended = None;
        let mut pass = |row| take(row).map_err(|error| ended = Some(error));
        let read = match is_json {
            true => each_in_json(file, &mut pass),
            false => csv::each_row(file, |row| pass(row).is_ok())
                .map_err(|error| anyhow::anyhow!("{}", error.kind)),
        };
        match ended {
            Some(error) => Err(error),
            None => read,
        }
    };
    read().with_context(|| path.display().to_string())
}

/// The first octet that is not blank.
fn first_octet(file: &mut impl BufRead) -> std::io::Result<Option<u8>> {
    loop {
        let octets = file.fill_buf()?;
        let blank = octets.iter().take_while(|octet| octet.is_ascii_whitespace()).count();
        match octets.get(blank) {
            Some(octet) => return Ok(Some(*octet)),
            None if octets.is_empty() => return Ok(None),
            None => file.consume(blank),
        }
    }
}

/// A list of rows, or an object with one. Rows that do not say where they stand are counted.
fn each_in_json(file: impl BufRead, pass: &mut dyn FnMut(Row) -> Result<(), ()>) -> Result<()> {
    let mut reader = serde_json::Deserializer::from_reader(file);
    let list = Rows { pass: RefCell::new(pass) };
    // The parser's reason may quote keys.
    let read = reader.deserialize_any(&list).and_then(|()| reader.end());
    read.map_err(|error| anyhow::anyhow!("no list of rows in JSON (line {})", error.line()))
}

/// Takes the rows of a list as they come.
struct Rows<'a> {
    pass: RefCell<&'a mut dyn FnMut(Row) -> Result<(), ()>>,
}

impl<'de> Visitor<'de> for &Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut line = 0;
        while let Some(mut row) = list.next_element::<Row>()? {
            line += 1;
            if row.line == 0 {
                row.line = line;
            }
            (self.pass.borrow_mut())(row).map_err(|()| A::Error::custom("no more rows are wanted"))?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(name) = object.next_key::<String>()? {
            match name == "rows" && !found {
                true => object.next_value_seed(self)?,
                false => object.next_value::<IgnoredAny>().map(drop)?,
            }
            found |= name == "rows";
        }
        if found { Ok(()) } else { Err(A::Error::missing_field("rows")) }
    }
}

impl<'de> DeserializeSeed<'de> for &Rows<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

/// What the rows of a file have taken so far: the server sees a part of it at a time. Of each value a digest is kept.
#[derive(Default)]
pub struct Seen {
    keys: [RandomState; 2],
    lines: HashMap<[u64; 2], u64>,
}

impl Seen {
    /// Remembers a row, unless an earlier one has something that must be its own.
    pub fn add(&mut self, row: &Row) -> Result<(), Flaw> {
        let mut new = Vec::new();
        for column in [Column::Iccid, Column::Imsi, Column::MatchingId] {
            let Some(value) = row.get(column) else { continue };
            let value = (column, value.trim_end_matches(['F', 'f']));
            let digest = [self.keys[0].hash_one(value), self.keys[1].hash_one(value)];
            match self.lines.get(&digest) {
                Some(line) if row.flaw().is_none() => {
                    return Err(Flaw::of(column, format!("is that of line {line}")));
                }
                _ => new.push(digest),
            }
        }
        for digest in new {
            if let Entry::Vacant(free) = self.lines.entry(digest) {
                free.insert(row.line);
            }
        }
        Ok(())
    }
}

/// How many rows a file has; it is read to its end.
///
/// # Errors
/// As [`each`].
pub fn count(path: &Path) -> Result<u64> {
    let mut count = 0;
    each(path, |_| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}
