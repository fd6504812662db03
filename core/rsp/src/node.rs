//! The tree of a message, as it is recorded while the protocol's own types read it.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::ops::Range;
use serde::Serialize;

/// Type of a field that this version does not know.
pub(crate) const UNKNOWN: &str = "unknown extension";

/// One TLV of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Node {
    /// The field's name in the ASN.1 module (`transactionId`), or empty.
    pub name: String,
    /// The type's name for a SEQUENCE or message (`ServerSigned1`), or empty.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Clause of SGP.22 v2.6 that defines the type, clause of another document with its name, or empty.
    pub clause: String,
    /// Tag octets as a number (`0xBF38`).
    pub tag: u32,
    /// Offsets of tag, length and value, in octets from the start.
    pub whole: Range<usize>,
    /// Offsets of the value.
    pub value: Range<usize>,
    /// The value for a reader: text, number, hexadecimal, named code. Of a constructed one what it comes to, or empty.
    pub text: String,
    /// One sentence: what it means, and what for; absent where the name says all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional, type = "Both"))]
    pub meaning: Option<Meaning>,
    /// Remarks of a word or two: `critical`.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<String>"))]
    pub note: String,
    /// What the value is made of.
    pub children: Vec<Node>,
}

/// A sentence in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Meaning {
    /// English.
    pub en: &'static str,
    /// Japanese.
    pub ja: &'static str,
}

impl Node {
    /// A node without text, meaning and parts; the name is the field's here or in the module.
    pub fn new(name: &str, type_name: &str, tag: u32, whole: Range<usize>, value: Range<usize>) -> Self {
        Self {
            name: camel_case(name),
            type_name: type_name.to_owned(),
            clause: String::new(),
            tag,
            whole,
            value,
            text: String::new(),
            meaning: None,
            note: String::new(),
            children: Vec::new(),
        }
    }

    /// A node that has no tag, such as an octet of a header or a member of JSON: it is named as given.
    pub fn named(name: &str, clause: &str, whole: Range<usize>, text: impl Into<String>) -> Self {
        let mut node = Self::new("", "", 0, whole.clone(), whole);
        (node.name, node.clause, node.text) = (name.to_owned(), clause.to_owned(), text.into());
        node
    }

    pub(crate) fn has_unknown(&self) -> bool {
        self.type_name == UNKNOWN || self.children.iter().any(Self::has_unknown)
    }

    /// The same, so many octets further on.
    #[must_use]
    pub fn shifted(mut self, by: usize) -> Self {
        self.shift(by);
        self
    }

    fn shift(&mut self, by: usize) {
        self.whole = self.whole.start + by..self.whole.end + by;
        self.value = self.value.start + by..self.value.end + by;
        self.children.iter_mut().for_each(|child| child.shift(by));
    }
}

/// The module's name of a type, where it is not that of the type here.
pub(crate) fn module_name(name: &str) -> &str {
    match name {
        "EuiccInfo1" => "EUICCInfo1",
        "EuiccInfo2" => "EUICCInfo2",
        "EuiccSigned2" => "EUICCSigned2",
        "LoadCrlRequest" => "LoadCRLRequest",
        "LoadCrlResponse" => "LoadCRLResponse",
        "LoadCrlResponseOk" => "LoadCRLResponseOk",
        "ConfigureIsdpRequest" => "ConfigureISDPRequest",
        "IsdrProprietaryApplicationTemplate" => "ISDRProprietaryApplicationTemplate",
        name => name,
    }
}

/// `transaction_id` → `transactionId`: field names are the module's own.
pub(crate) fn camel_case(name: &str) -> String {
    let mut out = String::new();
    let mut upper = false;
    for c in name.chars() {
        if c == '_' {
            upper = true;
        } else if upper {
            out.extend(c.to_uppercase());
            upper = false;
        } else {
            out.push(c);
        }
    }
    if let Some(first) = out.get(..1).map(str::to_lowercase) {
        out.replace_range(..1, &first);
    }
    out
}

/// Collects nodes while a message is read.
#[derive(Default)]
pub(crate) struct Recorder {
    open: RefCell<Vec<Node>>,
    done: RefCell<Vec<Node>>,
}

impl Recorder {
    pub(crate) fn leaf(&self, mut node: Node, text: String) {
        node.text = text;
        self.add(node);
    }

    pub(crate) fn open(&self, node: Node) {
        self.open.borrow_mut().push(node);
    }

    pub(crate) fn close(&self) {
        let node = self.open.borrow_mut().pop();
        if let Some(node) = node {
            self.add(node);
        }
    }

    fn add(&self, node: Node) {
        match self.open.borrow_mut().last_mut() {
            Some(parent) => parent.children.push(node),
            None => self.done.borrow_mut().push(node),
        }
    }

    /// What was recorded.
    pub(crate) fn finish(self) -> Vec<Node> {
        self.done.into_inner()
    }
}
