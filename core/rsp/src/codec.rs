//! Octets to typed values and back.
//!
//! Encoding is `rasn`'s DER. Decoding drives the same `rasn` types through a
//! reader of our own, for three things `rasn`'s BER reader does not do: fields
//! unknown to this version are passed over at the end of a SEQUENCE (SGP.22:
//! EXTENSIBILITY IMPLIED), [`crate::Signed`] can look at the octets it is read
//! from, and [`crate::explain()`] can watch.

use crate::node::{Node, Recorder, UNKNOWN, camel_case};
use crate::tlv::{self, Tlv};
use crate::{Error, ErrorKind};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::any::type_name;
use core::cell::{Cell, RefCell};
use rasn::ber::de::{Decoder as Ber, DecoderOptions};
use rasn::de::Error as _;
use rasn::error::DecodeError;
use rasn::types::fields::{Field, Fields};
use rasn::types::{self, Class, Constraints, Tag, TagTree};
use rasn::{Codec, Decoder};
pub use rasn::{Decode, Encode};

/// `decode_any` with this tag returns the next TLV whole and does not advance.
pub(crate) const PEEK_RAW: Tag = Tag { class: Class::Private, value: u32::MAX };

/// Deepest nesting read; the deepest message of SGP.22 needs 10.
pub(crate) const MAX_DEPTH: u8 = 24;

/// Decodes one message that fills `octets`.
///
/// # Errors
/// [`Error`] with the offset of the first TLV that does not fit.
pub fn decode<T: Decode>(octets: &[u8]) -> Result<T, Error> {
    decode_recorded(octets, None)
}

/// Reads a message as some type: its fields, nothing within them opened or named yet.
pub(crate) type Explainer = fn(&[u8]) -> Result<Node, Error>;

/// A type takes fields that later versions append; of a message that has nothing else it is not the type.
pub(crate) fn typed<T: Decode>(message: &[u8]) -> Result<Node, Error> {
    let recorder = Recorder::default();
    decode_recorded::<T>(message, Some(&recorder))?;
    let not_it = || Error::new(ErrorKind::NotTlv, 0);
    let mut node = recorder.finish().pop().ok_or_else(not_it)?;
    if !node.children.is_empty() && node.children.iter().all(|child| child.type_name == UNKNOWN) {
        return Err(not_it());
    }
    let full = type_name::<T>();
    node.type_name = full.rsplit("::").next().unwrap_or(full).to_string();
    Ok(node)
}

fn decode_recorded<T: Decode>(octets: &[u8], recorder: Option<&Recorder>) -> Result<T, Error> {
    let failure = Failure::default();
    let mut reader = Reader::new(octets, 0, &failure, recorder);
    let value = T::decode(&mut reader).map_err(|error| failure.explain(&error))?;
    if reader.position < octets.len() {
        let rest = octets.len() - reader.position;
        return Err(Error::new(ErrorKind::TrailingData(rest), reader.position));
    }
    Ok(value)
}

/// Encodes a value as DER.
///
/// The types of this crate cannot fail to encode: none has a constraint that
/// DER checks. Should one ever, the result is empty, and every reader says so.
pub fn encode<T: Encode>(value: &T) -> Vec<u8> {
    let encoded = rasn::der::encode(value);
    debug_assert!(encoded.is_ok(), "{:?}", encoded.err());
    encoded.unwrap_or_default()
}

/// Where reading stands, and why it failed if it was this module that said so.
/// `rasn` wraps an error at every level and loses both.
#[derive(Default)]
struct Failure {
    at: Cell<usize>,
    kind: RefCell<Option<ErrorKind>>,
}

impl Failure {
    fn set(&self, kind: ErrorKind) -> DecodeError {
        let error = DecodeError::custom(&kind, Codec::Ber);
        self.kind.replace(Some(kind));
        error
    }

    fn explain(&self, error: &DecodeError) -> Error {
        let kind = self.kind.take().unwrap_or_else(|| {
            let text = error.kind.to_string();
            ErrorKind::Message(text.lines().next().unwrap_or_default().to_string())
        });
        Error::new(kind, self.at.get())
    }
}

struct Reader<'a> {
    input: &'a [u8],
    position: usize,
    /// Offset of `input` in the whole message.
    base: usize,
    depth: u8,
    failure: &'a Failure,
    recorder: Option<&'a Recorder>,
    /// Names for the TLVs of this level that are to come, when somebody watches.
    fields: Vec<Field>,
    variant: Option<&'static str>,
}

type Result2<T> = core::result::Result<T, DecodeError>;

impl<'a> Reader<'a> {
    fn new(input: &'a [u8], base: usize, failure: &'a Failure, rec: Option<&'a Recorder>) -> Self {
        Self { input, position: 0, base, depth: 0, failure, recorder: rec, fields: Vec::new(), variant: None }
    }

    fn peek(&self) -> Result2<Tlv> {
        self.failure.at.set(self.base + self.position);
        tlv::read(self.input, self.position).map_err(|error| self.failure.set(error.kind))
    }

    fn next(&mut self, expected: Tag, constructed: bool) -> Result2<Tlv> {
        let tlv = self.peek()?;
        if to_rasn(tlv.tag) != expected {
            let name =
                self.fields.iter().find(|field| field.tag == expected).map(|field| camel_case(field.name));
            let name = name.map(|name| format!(" {name}")).unwrap_or_default();
            let reason =
                format!("tag {:X} where {:X}{name} is due", tlv.tag, octets_of(expected, constructed));
            return Err(self.failure.set(ErrorKind::Message(reason)));
        }
        self.position = tlv.whole.end;
        Ok(tlv)
    }

    fn at_end(&self) -> bool {
        self.position >= self.input.len()
    }

    fn is_next(&self, tag: Tag, tree: TagTree) -> Result2<bool> {
        if self.at_end() {
            return Ok(false);
        }
        let next = to_rasn(self.peek()?.tag);
        Ok(if tag == Tag::EOC { tree_has(&tree, next) } else { tag == next })
    }

    /// Decodes one primitive TLV with `rasn`'s own BER reader.
    fn primitive<T>(
        &mut self,
        tag: Tag,
        read: impl FnOnce(&mut Ber<'_>) -> Result2<T>,
        show: impl FnOnce(&T) -> String,
    ) -> Result2<T> {
        let tlv = self.next(tag, false)?;
        let value = read(&mut Ber::new(&self.input[tlv.whole.clone()], DecoderOptions::ber()))?;
        if let Some(recorder) = self.recorder {
            recorder.leaf(self.node(&tlv, ""), show(&value));
        }
        Ok(value)
    }

    /// Decodes the contents of one constructed TLV.
    fn constructed<T>(
        &mut self,
        tag: Tag,
        type_name: &'static str,
        read: impl FnOnce(&mut Reader<'a>) -> Result2<T>,
    ) -> Result2<T> {
        let tlv = self.next(tag, true)?;
        if self.depth >= MAX_DEPTH {
            return Err(DecodeError::custom("nested too deep", Codec::Ber));
        }
        let input: &'a [u8] = self.input;
        let mut inner =
            Reader::new(&input[tlv.value.clone()], self.base + tlv.value.start, self.failure, self.recorder);
        inner.depth = self.depth + 1;
        if let Some(recorder) = self.recorder {
            recorder.open(self.node(&tlv, type_name));
        }
        let value = read(&mut inner)?;
        if !inner.at_end() {
            self.failure.at.set(inner.base + inner.position);
            let rest = inner.input.len() - inner.position;
            return Err(DecodeError::unexpected_extra_data(rest, Codec::Ber));
        }
        if let Some(recorder) = self.recorder {
            recorder.close();
        }
        Ok(value)
    }

    /// Passes over fields that a later version appended (EXTENSIBILITY IMPLIED).
    fn skip_unknown<const N: usize>(&mut self, known: &Fields<N>) -> Result2<()> {
        while !self.at_end() {
            let tlv = self.peek()?;
            let tag = to_rasn(tlv.tag);
            if let Some(field) = known.iter().find(|f| tree_has(&f.tag_tree, tag) || f.tag == tag) {
                let reason = format!("field {} is doubled or out of order", field.name);
                return Err(self.failure.set(ErrorKind::Message(reason)));
            }
            if let Some(recorder) = self.recorder {
                recorder.leaf(self.node(&tlv, UNKNOWN), String::new());
            }
            self.position = tlv.whole.end;
        }
        Ok(())
    }

    fn node(&mut self, tlv: &Tlv, type_name: &'static str) -> Node {
        let tag = to_rasn(tlv.tag);
        let named = |f: &&Field| f.tag == tag || (f.tag == Tag::EOC && tree_has(&f.tag_tree, tag));
        // Two fields may share a tag: each name is given once, in order.
        let at = self.fields.iter().position(|f| named(&f));
        let field = at.and_then(|at| self.fields.drain(..=at).next_back()).map(|f| f.name);
        let name = self.variant.take().or(field).unwrap_or_default();
        let shift = |range: &core::ops::Range<usize>| range.start + self.base..range.end + self.base;
        Node::new(name, type_name, tlv.tag, shift(&tlv.whole), shift(&tlv.value))
    }
}

fn to_rasn(tag: u32) -> Tag {
    let mut first = tag;
    let mut number = 0u32;
    let mut shift = 0;
    if tag > 0xFF {
        while first > 0xFF {
            number |= (first & 0x7F) << shift;
            shift += 7;
            first >>= 8;
        }
    } else {
        number = tag & 0x1F;
    }
    let class = match first >> 6 & 3 {
        0 => Class::Universal,
        1 => Class::Application,
        2 => Class::Context,
        _ => Class::Private,
    };
    Tag { class, value: number }
}

/// A tag as octets, as a person knows it: `BF38`.
fn octets_of(tag: Tag, constructed: bool) -> u32 {
    let class = match tag.class {
        Class::Universal => 0u32,
        Class::Application => 0x40,
        Class::Context => 0x80,
        Class::Private => 0xC0,
    };
    let first = class | if constructed { 0x20 } else { 0 };
    match tag.value {
        0..=30 => first | tag.value,
        31..=127 => (first | 0x1F) << 8 | tag.value,
        more => (first | 0x1F) << 16 | (0x80 | more >> 7 & 0x7F) << 8 | more & 0x7F,
    }
}

fn tree_has(tree: &TagTree, tag: Tag) -> bool {
    match tree {
        TagTree::Leaf(leaf) => *leaf == tag,
        TagTree::Choice(trees) => trees.iter().any(|tree| tree_has(tree, tag)),
    }
}

fn short_name<T>() -> &'static str {
    let full = type_name::<T>();
    let base = full.split('<').next().unwrap_or(full);
    base.rsplit("::").next().unwrap_or(base)
}

fn text(value: &impl ToString) -> String {
    value.to_string()
}

/// Types that no RSP message contains: refused, so that a slip shows at once.
macro_rules! unused_strings {
    ($($name:ident -> $type:ident),*) => { $(
        fn $name(&mut self, tag: Tag, _: &Constraints) -> Result2<types::$type> {
            Err(DecodeError::custom(format!("{tag}: no such type in RSP"), Codec::Ber))
        }
    )* };
}

impl<'a> Decoder for Reader<'a> {
    type Ok = ();
    type Error = DecodeError;
    type AnyDecoder<const R: usize, const E: usize> = Reader<'a>;

    fn codec(&self) -> Codec {
        Codec::Ber
    }

    fn decode_any(&mut self, tag: Tag) -> Result2<types::Any> {
        let tlv = self.peek()?;
        if tag == PEEK_RAW {
            return Ok(types::Any::new(self.input[tlv.whole].to_vec()));
        }
        let range = if tag == Tag::EOC {
            self.position = tlv.whole.end;
            tlv.whole.clone()
        } else {
            self.next(tag, true)?.value
        };
        if let Some(recorder) = self.recorder {
            recorder.leaf(self.node(&tlv, ""), String::new());
        }
        Ok(types::Any::new(self.input[range].to_vec()))
    }

    fn decode_bit_string(&mut self, tag: Tag, c: &Constraints) -> Result2<types::BitString> {
        let show = |bits: &types::BitString| {
            let set: Vec<_> = bits.iter_ones().map(|i| i.to_string()).collect();
            format!("bits {{{}}}", set.join(", "))
        };
        self.primitive(tag, |ber| ber.decode_bit_string(tag, c), show)
    }

    fn decode_bool(&mut self, tag: Tag) -> Result2<bool> {
        self.primitive(tag, |ber| ber.decode_bool(tag), text)
    }

    fn decode_enumerated<E: types::Enumerated>(&mut self, tag: Tag) -> Result2<E> {
        self.primitive(tag, |ber| ber.decode_enumerated(tag), |value| format!("{value:?}"))
    }

    fn decode_integer<I: types::IntegerType>(&mut self, tag: Tag, c: &Constraints) -> Result2<I> {
        let show = |value: &I| value.to_bigint().map(|v| v.to_string()).unwrap_or_default();
        self.primitive(tag, |ber| ber.decode_integer(tag, c), show)
    }

    fn decode_real<R: types::RealType>(&mut self, tag: Tag, _: &Constraints) -> Result2<R> {
        Err(DecodeError::custom(format!("{tag}: no such type in RSP"), Codec::Ber))
    }

    fn decode_null(&mut self, tag: Tag) -> Result2<()> {
        self.primitive(tag, |ber| ber.decode_null(tag), |()| String::from("NULL"))
    }

    fn decode_object_identifier(&mut self, tag: Tag) -> Result2<types::ObjectIdentifier> {
        self.primitive(tag, |ber| ber.decode_object_identifier(tag), text)
    }

    fn decode_sequence<const RC: usize, const EC: usize, D, DF, F>(
        &mut self,
        tag: Tag,
        default: Option<DF>,
        read: F,
    ) -> Result2<D>
    where
        D: types::Constructed<RC, EC>,
        DF: FnOnce() -> D,
        F: FnOnce(&mut Self) -> Result2<D>,
    {
        self.constructed(tag, short_name::<D>(), |inner| {
            if inner.recorder.is_some() {
                inner.fields = D::FIELDS.iter().collect();
            }
            let all_optional = D::FIELDS.number_of_optional_and_default_fields() == D::FIELDS.len();
            let value = match default {
                Some(default) if inner.at_end() && all_optional => default(),
                _ => read(inner)?,
            };
            inner.skip_unknown(&D::FIELDS)?;
            Ok(value)
        })
    }

    fn decode_sequence_of<D: Decode>(&mut self, tag: Tag, _: &Constraints) -> Result2<Vec<D>> {
        self.constructed(tag, "SEQUENCE OF", |inner| {
            let mut items = Vec::new();
            while !inner.at_end() {
                items.push(D::decode(inner)?);
            }
            Ok(items)
        })
    }

    fn decode_set_of<D: Decode + Eq + core::hash::Hash>(
        &mut self,
        tag: Tag,
        constraints: &Constraints,
    ) -> Result2<types::SetOf<D>> {
        self.decode_sequence_of(tag, constraints).map(types::SetOf::from)
    }

    fn decode_octet_string<'b, T: From<&'b [u8]> + From<Vec<u8>>>(
        &'b mut self,
        tag: Tag,
        constraints: &Constraints,
    ) -> Result2<T> {
        let read = |ber: &mut Ber<'_>| ber.decode_octet_string::<Vec<u8>>(tag, constraints);
        self.primitive(tag, read, |octets| hex::encode_upper(octets)).map(T::from)
    }

    fn decode_utf8_string(&mut self, tag: Tag, c: &Constraints) -> Result2<types::Utf8String> {
        self.primitive(tag, |ber| ber.decode_utf8_string(tag, c), |text| format!("{text:?}"))
    }

    unused_strings! {
        decode_visible_string -> VisibleString, decode_general_string -> GeneralString,
        decode_graphic_string -> GraphicString, decode_ia5_string -> Ia5String,
        decode_printable_string -> PrintableString, decode_numeric_string -> NumericString,
        decode_teletex_string -> TeletexString, decode_bmp_string -> BmpString
    }

    fn decode_explicit_prefix<D: Decode>(&mut self, tag: Tag) -> Result2<D> {
        self.constructed(tag, "", D::decode)
    }

    fn decode_optional_with_explicit_prefix<D: Decode>(&mut self, tag: Tag) -> Result2<Option<D>> {
        if !self.is_next(tag, TagTree::Leaf(tag))? {
            return Ok(None);
        }
        self.decode_explicit_prefix(tag).map(Some)
    }

    fn decode_utc_time(&mut self, tag: Tag) -> Result2<types::UtcTime> {
        self.primitive(tag, |ber| ber.decode_utc_time(tag), text)
    }

    fn decode_generalized_time(&mut self, tag: Tag) -> Result2<types::GeneralizedTime> {
        self.primitive(tag, |ber| ber.decode_generalized_time(tag), text)
    }

    fn decode_date(&mut self, tag: Tag) -> Result2<types::Date> {
        self.primitive(tag, |ber| ber.decode_date(tag), text)
    }

    fn decode_set<const RC: usize, const EC: usize, FIELDS, SET, D, F>(
        &mut self,
        tag: Tag,
        _: D,
        fold: F,
    ) -> Result2<SET>
    where
        SET: Decode + types::Constructed<RC, EC>,
        FIELDS: Decode,
        D: Fn(&mut Self, usize, Tag) -> Result2<FIELDS>,
        F: FnOnce(Vec<FIELDS>) -> Result2<SET>,
    {
        fold(self.decode_sequence_of(tag, &Constraints::default())?)
    }

    fn decode_choice<D: types::DecodeChoice>(&mut self, _: &Constraints) -> Result2<D> {
        let tag = to_rasn(self.peek()?.tag);
        if self.recorder.is_some() {
            let variant = D::VARIANTS.iter().position(|tree| tree_has(tree, tag));
            self.variant = variant.and_then(|i| D::IDENTIFIERS.get(i).copied());
        }
        D::from_tag(self, tag)
    }

    fn decode_optional<D: Decode>(&mut self) -> Result2<Option<D>> {
        if !self.is_next(D::TAG, D::TAG_TREE)? {
            return Ok(None);
        }
        D::decode(self).map(Some)
    }

    fn decode_optional_with_tag<D: Decode>(&mut self, tag: Tag) -> Result2<Option<D>> {
        if !self.is_next(tag, D::TAG_TREE)? {
            return Ok(None);
        }
        D::decode_with_tag(self, tag).map(Some)
    }

    fn decode_optional_with_constraints<D: Decode>(&mut self, c: &Constraints) -> Result2<Option<D>> {
        if !self.is_next(D::TAG, D::TAG_TREE)? {
            return Ok(None);
        }
        D::decode_with_constraints(self, c).map(Some)
    }

    fn decode_optional_with_tag_and_constraints<D: Decode>(
        &mut self,
        tag: Tag,
        c: &Constraints,
    ) -> Result2<Option<D>> {
        if !self.is_next(tag, D::TAG_TREE)? {
            return Ok(None);
        }
        D::decode_with_tag_and_constraints(self, tag, c).map(Some)
    }

    fn decode_extension_addition_with_explicit_tag_and_constraints<D: Decode>(
        &mut self,
        tag: Tag,
        _: &Constraints,
    ) -> Result2<Option<D>> {
        self.decode_optional_with_explicit_prefix(tag)
    }

    fn decode_extension_addition_with_tag_and_constraints<D: Decode>(
        &mut self,
        tag: Tag,
        c: &Constraints,
    ) -> Result2<Option<D>> {
        self.decode_optional_with_tag_and_constraints(tag, c)
    }

    fn decode_extension_addition_group<
        const RC: usize,
        const EC: usize,
        D: Decode + types::Constructed<RC, EC>,
    >(
        &mut self,
    ) -> Result2<Option<D>> {
        self.decode_optional()
    }
}
