//! A row as it comes: columns by name, texts, and nothing checked yet but that.

use crate::admin::of_cell;
use crate::profile::SecretText;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// A column of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// ICCID.
    Iccid,
    /// IMSI.
    Imsi,
    /// MSISDN.
    Msisdn,
    /// Ki.
    Ki,
    /// OPc or TOPc.
    Opc,
    /// Algorithm.
    Algorithm,
    /// Digits of the network code.
    MncLength,
    /// Service provider name on the card and in the metadata.
    Spn,
    /// Profile name in the metadata.
    ProfileName,
    /// Short message service centre.
    Smsc,
    /// Group identifier level 1.
    Gid1,
    /// Policy rules.
    PolicyRules,
    /// Icon.
    Icon,
    /// EID.
    Eid,
    /// MatchingId.
    MatchingId,
    /// Confirmation code.
    ConfirmationCode,
    /// PIN 1.
    Pin1,
    /// PUK 1.
    Puk1,
    /// PIN 2.
    Pin2,
    /// PUK 2.
    Puk2,
    /// ADM 1.
    Adm1,
    /// Key version number of the OTA keys.
    OtaVersion,
    /// Enciphers.
    Kic,
    /// Makes checksums.
    Kid,
    /// Enciphers other keys.
    Kik,
}

/// A column with its name, the names that other systems have for it, and what it holds.
pub struct ColumnName {
    /// Which.
    pub column: Column,
    /// As reports write it.
    pub name: &'static str,
    /// Other names.
    pub others: &'static [&'static str],
    /// Form of its values.
    pub form: &'static str,
    /// Whether its values are kept from whoever looks over a shoulder: keys, PINs and codes.
    pub is_secret: bool,
}

const fn column(
    column: Column,
    name: &'static str,
    others: &'static [&'static str],
    form: &'static str,
) -> ColumnName {
    ColumnName { column, name, others, form, is_secret: false }
}

const fn secret(
    column: Column,
    name: &'static str,
    others: &'static [&'static str],
    form: &'static str,
) -> ColumnName {
    ColumnName { column, name, others, form, is_secret: true }
}

/// Every column. Case, blanks, `_` and `-` in names do not matter.
pub const COLUMNS: &[ColumnName] = &[
    column(Column::Iccid, "iccid", &[], "18 to 20 digits, the last one the check digit"),
    column(Column::Imsi, "imsi", &[], "6 to 15 digits"),
    column(Column::Msisdn, "msisdn", &[], "1 to 15 digits, + in front for international"),
    secret(Column::Ki, "ki", &["k"], "32 hexadecimal digits; 32 or 64 for TUAK"),
    secret(Column::Opc, "opc", &["topc"], "OPc: 32 hexadecimal digits; TOPc: 64"),
    column(Column::Algorithm, "algorithm", &["algo"], "milenage, tuak, usim-test; the template's if empty"),
    column(Column::MncLength, "mncLength", &[], "2 or 3; the template's if empty"),
    column(Column::Spn, "spn", &["serviceProviderName"], "at most 16 characters"),
    column(Column::ProfileName, "profileName", &[], "at most 64 characters; the template's if empty"),
    column(Column::Smsc, "smsc", &[], "1 to 20 digits, + in front for international"),
    column(Column::Gid1, "gid1", &[], "2 to 32 hexadecimal digits"),
    column(Column::PolicyRules, "policyRules", &["ppr"], "ppr1, ppr2 or both, with a blank between"),
    column(Column::Icon, "icon", &[], "base64 of a PNG or JPEG of at most 1024 octets"),
    column(Column::Eid, "eid", &[], "32 digits: only this eUICC may have it"),
    column(Column::MatchingId, "matchingId", &[], "letters, digits and -; drawn if empty"),
    secret(Column::ConfirmationCode, "confirmationCode", &[], "what the user must enter"),
    secret(Column::Pin1, "pin1", &[], "4 to 8 digits; PIN 1 is off if empty"),
    secret(Column::Puk1, "puk1", &[], "8 digits; drawn and told once if empty, but for test profiles"),
    secret(Column::Pin2, "pin2", &[], "4 to 8 digits"),
    secret(Column::Puk2, "puk2", &[], "8 digits; as puk1"),
    secret(Column::Adm1, "adm1", &["adm"], "16 hexadecimal digits; as puk1"),
    column(Column::OtaVersion, "otaVersion", &["keyVersion"], "1 to 15; 1 if empty"),
    secret(Column::Kic, "kic", &[], "32 hexadecimal digits; kic, kid and kik go together"),
    secret(Column::Kid, "kid", &[], "32 hexadecimal digits"),
    secret(Column::Kik, "kik", &[], "32 hexadecimal digits"),
];

impl Column {
    /// The column that somebody calls this.
    pub fn of(name: &str) -> Option<Self> {
        let plain = |name: &str| -> String {
            let kept = name.chars().filter(|c| !matches!(c, '_' | '-') && !c.is_whitespace());
            kept.map(|c| c.to_ascii_lowercase()).collect()
        };
        let wanted = plain(name);
        let is_it = |known: &&ColumnName| {
            plain(known.name) == wanted || known.others.iter().any(|other| plain(other) == wanted)
        };
        COLUMNS.iter().find(is_it).map(|known| known.column)
    }

    /// As reports write it.
    pub fn name(self) -> &'static str {
        COLUMNS.iter().find(|known| known.column == self).map_or("", |known| known.name)
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a row cannot be used: one sentence with the column in it, and none of the row's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The column to blame, where it is one.
    pub column: Option<Column>,
    /// `ki has 32 hexadecimal digits`.
    pub reason: String,
}

impl Flaw {
    /// A flaw of one column; `reason` goes on behind its name.
    pub fn of(column: Column, reason: impl fmt::Display) -> Self {
        Self { column: Some(column), reason: format!("{column} {reason}") }
    }

    /// A flaw of the row as a whole.
    pub fn whole(reason: impl ToString) -> Self {
        Self { column: None, reason: reason.to_string() }
    }
}

/// A row as it comes. `Debug` shows its line alone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Where it stands in the file, from 1; 0 if nobody has said.
    pub line: u64,
    values: BTreeMap<Column, SecretText>,
    flaw: Option<Flaw>,
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row(line {}, {} columns)", self.line, self.values.len())
    }
}

impl Row {
    /// An empty row.
    pub fn new(line: u64) -> Self {
        Self { line, ..Self::default() }
    }

    /// A row that cannot be read at all.
    pub fn flawed(line: u64, flaw: Flaw) -> Self {
        Self { line, flaw: Some(flaw), ..Self::default() }
    }

    /// Puts a value into a column. Blanks around it are dropped, and the mark that keeps spreadsheets from reading it;
    /// an empty one is none.
    pub fn set(&mut self, column: Column, value: &str) {
        let value = of_cell(value.trim()).trim();
        if value.is_empty() {
            return;
        }
        if self.values.insert(column, Zeroizing::new(value.into())).is_some() {
            self.blame(Flaw::of(column, "is there twice"));
        }
    }

    /// Notes what is wrong, unless something is already.
    pub fn blame(&mut self, flaw: Flaw) {
        self.flaw.get_or_insert(flaw);
    }

    /// What is wrong with its form.
    pub fn flaw(&self) -> Option<&Flaw> {
        self.flaw.as_ref()
    }

    /// The value of a column, if it is not empty.
    pub fn get(&self, column: Column) -> Option<&str> {
        self.values.get(&column).map(|value| value.as_str())
    }

    /// The columns that are not empty, with their values.
    pub fn values(&self) -> impl Iterator<Item = (Column, &str)> {
        self.values.iter().map(|(column, value)| (*column, value.as_str()))
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.values.len() + 1))?;
        map.serialize_entry("line", &self.line)?;
        for (column, value) in self.values() {
            map.serialize_entry(column.name(), value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Row {
    /// Takes any object: what is wrong with it becomes the row's flaw, so that the other rows can be used.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RowVisitor)
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the columns of a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
        let mut row = Row::default();
        while let Some(name) = map.next_key::<String>()? {
            if name == "line" {
                row.line = map.next_value()?;
                continue;
            }
            let Some(column) = Column::of(&name) else {
                map.next_value::<IgnoredAny>()?;
                row.blame(Flaw::whole(format!("there is no column {name:?}")));
                continue;
            };
            match map.next_value::<Cell>()? {
                Cell::Empty => {}
                Cell::Text(text) => row.set(column, &text),
                Cell::Other => row.blame(Flaw::of(column, "is not text: put it in quotes")),
            }
        }
        Ok(row)
    }
}

/// A value of a row in JSON.
enum Cell {
    Empty,
    /// A text, or texts joined by blanks.
    Text(SecretText),
    Other,
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CellVisitor)
    }
}

struct CellVisitor;

impl<'de> Visitor<'de> for CellVisitor {
    type Value = Cell;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Cell, E> {
        Ok(Cell::Text(Zeroizing::new(text.into())))
    }

    fn visit_unit<E>(self) -> Result<Cell, E> {
        Ok(Cell::Empty)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Cell, E> {
        Ok(Cell::Other)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Cell, E> {
        // A small number loses nothing: no leading zeros are to be expected in `2`.
        Ok(if number < 10 { Cell::Text(Zeroizing::new(number.to_string())) } else { Cell::Other })
    }

    fn visit_i64<E>(self, _: i64) -> Result<Cell, E> {
        Ok(Cell::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Cell, E> {
        Ok(Cell::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Cell, A::Error> {
        let mut joined = Zeroizing::new(String::new());
        let mut other = false;
        while let Some(cell) = list.next_element::<Cell>()? {
            match cell {
                Cell::Text(text) => {
                    joined.push_str(&text);
                    joined.push(' ');
                }
                Cell::Empty => {}
                Cell::Other => other = true,
            }
        }
        Ok(if other { Cell::Other } else { Cell::Text(joined) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cell, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Cell::Other)
    }
}
