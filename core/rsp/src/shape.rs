//! Trees of DER whose types are written down as tables: certificates, and others' profile packages.

use crate::node::Node;
use crate::tlv::{self, Tlv};
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;
use core::ops::Range;

/// Nodes of one tree. What has no room is counted in a node of its own.
pub const MOST_NODES: usize = 8_000;

/// How many nodes a tree may still have.
#[derive(Debug)]
pub struct Room(Cell<usize>);

impl Default for Room {
    fn default() -> Self {
        Self(Cell::new(MOST_NODES))
    }
}

impl Room {
    pub(crate) fn is_full(&self) -> bool {
        self.0.get() == 0
    }

    pub(crate) fn take(&self) {
        self.0.set(self.0.get().saturating_sub(1));
    }

    /// What stands for fields that have no room.
    pub(crate) fn left_out(count: usize, at: Range<usize>) -> Node {
        let text = alloc::format!("{count} fields more, from octet {} to {}", at.start, at.end);
        Node::named("left out", "", at, text)
    }
}

/// A type: what its value is made of.
#[derive(Debug)]
pub struct Shape {
    /// Name of the type, or empty.
    pub name: &'static str,
    /// Where it is defined, with the document, or empty.
    pub clause: &'static str,
    /// Its make.
    pub is: Is,
}

/// What a value is made of.
#[derive(Debug)]
pub enum Is {
    /// SEQUENCE or SET: fields in their order, any of which may be absent.
    Fields(&'static [Field]),
    /// SEQUENCE OF or SET OF; also a value around one other, as an explicit tag.
    Each(&'static Field),
    /// One of these, by its tag.
    Choice(&'static [Field]),
    /// An OCTET STRING that holds DER.
    Octets(&'static Field),
    /// Octets that end here, as a reader has them.
    Text(fn(&[u8]) -> String),
    /// What no table says: the node has name, type, clause and place.
    Own(fn(&Place<'_>, &mut Node)),
}

/// A field.
#[derive(Debug)]
pub struct Field {
    /// Its tag; 0 for any.
    pub tag: u32,
    /// Its name in the module, or empty.
    pub name: &'static str,
    /// Its type.
    pub shape: &'static Shape,
}

impl Field {
    /// A field with this tag (0: whichever comes), name and type.
    pub const fn new(tag: u32, name: &'static str, shape: &'static Shape) -> Self {
        Self { tag, name, shape }
    }
}

impl Shape {
    /// A type with this name, clause and make.
    pub const fn new(name: &'static str, clause: &'static str, is: Is) -> Self {
        Self { name, clause, is }
    }
}

/// Where a value stands: the octets of the message, its TLV, and how many nodes may still be made.
#[derive(Debug)]
pub struct Place<'a> {
    pub(crate) octets: &'a [u8],
    pub(crate) tlv: Tlv,
    pub(crate) depth: u8,
    pub(crate) room: &'a Room,
    /// How a value of no known type is shown.
    pub(crate) otherwise: fn(&Place<'_>) -> Node,
}

impl<'a> Place<'a> {
    /// The value's octets.
    pub fn value(&self) -> &'a [u8] {
        self.octets.get(self.tlv.value.clone()).unwrap_or_default()
    }

    /// TLVs of the value, or nothing if it has none.
    pub fn inside(&self) -> Vec<Place<'a>> {
        self.inside_from(0)
    }

    /// TLVs of the value after so many octets, or nothing if there are none.
    pub fn inside_from(&self, skip: usize) -> Vec<Place<'a>> {
        let range = self.tlv.value.start + skip..self.tlv.value.end;
        if self.depth >= tlv_depth() || range.start >= range.end {
            return Vec::new();
        }
        let found = tlv::read_all(self.octets, range).unwrap_or_default();
        found.into_iter().map(|tlv| Place { tlv, depth: self.depth + 1, ..*self }).collect()
    }

    /// The tag.
    pub fn tag(&self) -> u32 {
        self.tlv.tag
    }

    /// The tree of this value as a type has it, called `name`.
    pub fn node(&self, name: &str, shape: &'static Shape) -> Node {
        self.room.take();
        let tlv = &self.tlv;
        let mut node = Node::new("", shape.name, tlv.tag, tlv.whole.clone(), tlv.value.clone());
        node.name = name.to_owned();
        node.clause = shape.clause.to_owned();
        self.fill(&mut node, &shape.is);
        node
    }

    /// The tree of this value without a type: as its tags say.
    pub fn plain(&self) -> Node {
        (self.otherwise)(self)
    }

    fn fill(&self, node: &mut Node, is: &'static Is) {
        match is {
            Is::Text(show) => node.text = show(self.value()),
            Is::Own(fill) => fill(self, node),
            Is::Each(field) => {
                node.children = self.list(self.inside(), |place| Some((field.name, place.fits(field)?)));
            }
            Is::Octets(field) => {
                let inner = self.inside();
                node.children = match &inner[..] {
                    [one] if field.tag == 0 || field.tag == one.tag() => {
                        Vec::from([one.node(field.name, field.shape)])
                    }
                    _ => Vec::new(),
                };
            }
            Is::Choice(fields) => {
                node.children = self.list(self.inside(), |place| {
                    fields.iter().find_map(|field| Some((field.name, place.fits(field)?)))
                });
            }
            Is::Fields(fields) => {
                let mut rest = fields.iter();
                node.children = self.list(self.inside(), |place| {
                    let mut ahead = rest.clone();
                    let field = ahead.find(|field| place.fits(field).is_some())?;
                    rest = ahead;
                    Some((field.name, field.shape))
                });
            }
        }
        if node.children.is_empty() && node.text.is_empty() {
            node.text = match self.value() {
                [] => "empty".to_owned(),
                value => hex::encode_upper(value),
            };
        }
    }

    fn fits(&self, field: &Field) -> Option<&'static Shape> {
        (field.tag == 0 || field.tag == self.tag()).then_some(field.shape)
    }

    fn list(
        &self,
        places: Vec<Place<'a>>,
        mut named: impl FnMut(&Place<'a>) -> Option<(&'static str, &'static Shape)>,
    ) -> Vec<Node> {
        let mut nodes = Vec::new();
        let count = places.len();
        for (i, place) in places.into_iter().enumerate() {
            if self.room.is_full() {
                nodes.push(Room::left_out(count - i, place.tlv.whole.start..self.tlv.value.end));
                break;
            }
            nodes.push(match named(&place) {
                Some((name, shape)) => place.node(name, shape),
                None => place.plain(),
            });
        }
        nodes
    }
}

const fn tlv_depth() -> u8 {
    crate::codec::MAX_DEPTH
}

/// Hexadecimal.
pub fn octets(value: &[u8]) -> String {
    hex::encode_upper(value)
}

/// UTF-8 in quotation marks, or hexadecimal.
pub fn text(value: &[u8]) -> String {
    match core::str::from_utf8(value) {
        Ok(text) => alloc::format!("{text:?}"),
        Err(_) => hex::encode_upper(value),
    }
}

/// An INTEGER: its number if it is short, hexadecimal if not.
pub fn number(value: &[u8]) -> String {
    match value {
        [] => String::new(),
        [first, rest @ ..] if value.len() <= 8 => {
            let start = i64::from(i8::from_be_bytes([*first]));
            alloc::string::ToString::to_string(
                &rest.iter().fold(start, |number, octet| number << 8 | i64::from(*octet)),
            )
        }
        _ => hex::encode_upper(value),
    }
}

/// A BOOLEAN.
pub fn boolean(value: &[u8]) -> String {
    (if value.iter().any(|octet| *octet != 0) { "true" } else { "false" }).to_owned()
}

/// A NULL, or what stands in its place.
pub fn null(value: &[u8]) -> String {
    if value.is_empty() { "present".to_owned() } else { hex::encode_upper(value) }
}

/// Numbers of the bits that are set in a BIT STRING.
pub fn bits(value: &[u8]) -> Vec<usize> {
    let octets = value.get(1..).unwrap_or_default();
    (0..octets.len() * 8).filter(|bit| octets[bit / 8] & 0x80 >> (bit % 8) != 0).collect()
}
