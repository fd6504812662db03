//! Any RSP message as a tree, drawn while the protocol's own types read it.

pub use crate::node::Node;

use crate::codec::{Explainer, MAX_DEPTH, typed};
use crate::node::module_name;
use crate::shape::{Field, Place, Room};
use crate::tlv::Tlv;
use crate::{
    Error, asn1_binding, es8p, es9p, es10, es10a, es10b, es10c, json_binding, notification, status, tlv, x509,
};
use alloc::borrow::ToOwned;
use alloc::vec::Vec;
use core::ops::Range;

/// TLVs that a message may have: the longest package has some thousands.
const MOST: usize = 100_000;

/// How deep TLVs of no known type are opened.
const DEPTH: u8 = 16;

pub use crate::shape::MOST_NODES;

/// Explains a message: its ES10, ES8+, ES9+ or ES11 type is chosen by its tag. TLVs of no known type come out as a
/// plain tree, in which those of a known type have their names.
///
/// ```
/// use esim_rsp::explain::explain;
///
/// // CancelSessionResponse: the eUICC has no such transaction.
/// let octets = [0xBF, 0x41, 0x03, 0x81, 0x01, 0x05];
/// let tree = explain(&octets)?;
/// assert_eq!(tree[0].type_name, "CancelSessionResponse");
/// let code = &tree[0].children[0];
/// assert_eq!((code.name.as_str(), code.value.clone()), ("cancelSessionResponseError", 5..6));
/// println!("{}", code.text);
/// # Ok::<(), esim_rsp::Error>(())
/// ```
///
/// # Errors
/// [`Error`] if `octets` is not BER-TLV at all, or so many TLVs that nobody could read the tree.
pub fn explain(octets: &[u8]) -> Result<Vec<Node>, Error> {
    count(octets, 0..octets.len(), 0, &mut 0)?;
    walk(octets, 0..octets.len(), 0, &Room::default())
}

/// Explains TLVs of which tables tell the type: those of other tags come out as [`explain`] has them.
///
/// # Errors
/// As [`explain`].
pub fn explain_as(octets: &[u8], fields: &'static [Field]) -> Result<Vec<Node>, Error> {
    count(octets, 0..octets.len(), 0, &mut 0)?;
    let room = Room::default();
    let found = tlv::read_all(octets, 0..octets.len())?;
    let (count, mut nodes) = (found.len(), Vec::new());
    for (i, tlv) in found.into_iter().enumerate() {
        if room.is_full() {
            nodes.push(Room::left_out(count - i, tlv.whole.start..octets.len()));
            break;
        }
        let place = Place { octets, tlv, depth: 0, room: &room, otherwise };
        let field = fields.iter().find(|field| field.tag == place.tag());
        nodes.push(field.map_or_else(|| place.plain(), |field| place.node(field.name, field.shape)));
    }
    Ok(nodes)
}

/// Refuses before anything is built: a node takes a hundred times the room of a small TLV.
fn count(octets: &[u8], range: Range<usize>, depth: u8, total: &mut usize) -> Result<(), Error> {
    let inside = octets.get(..range.end).unwrap_or_default();
    let mut at = range.start;
    while let Ok(found) = tlv::read(inside, at) {
        *total += 1;
        if *total > MOST {
            let reason =
                alloc::format!("more than {MOST} TLVs, which is no message of RSP: explain a part of it");
            return Err(Error::text(reason));
        }
        if found.is_constructed() && depth < MAX_DEPTH {
            count(octets, found.value, depth + 1, total)?;
        }
        at = found.whole.end;
    }
    Ok(())
}

/// The TLVs of a range: each as its type says, or as it is.
fn walk(octets: &[u8], range: Range<usize>, depth: u8, room: &Room) -> Result<Vec<Node>, Error> {
    let found = tlv::read_all(octets, range.clone())?;
    let (count, mut nodes) = (found.len(), Vec::new());
    for (i, tlv) in found.into_iter().enumerate() {
        if room.is_full() {
            nodes.push(Room::left_out(count - i, tlv.whole.start..range.end));
            break;
        }
        nodes.push(opened(octets, &tlv, depth, room));
    }
    Ok(nodes)
}

fn otherwise(place: &Place<'_>) -> Node {
    opened(place.octets, &place.tlv, place.depth, place.room)
}

/// One TLV as its type says, or as it is.
fn opened(octets: &[u8], tlv: &Tlv, depth: u8, room: &Room) -> Node {
    let place = Place { octets, tlv: tlv.clone(), depth, room, otherwise };
    let known = x509::read(&place).or_else(|| known(octets, tlv, depth, room));
    known.unwrap_or_else(|| plain(octets, tlv, depth, room))
}

/// As the first of the types of its tag that knows every field of it says, or else the first that reads it.
fn known(octets: &[u8], found: &Tlv, depth: u8, room: &Room) -> Option<Node> {
    let message = octets.get(found.whole.clone())?;
    let alone: &[(u32, Explainer)] = if depth == 0 { ALONE } else { &[] };
    let (mut chosen, mut second) = (None, None);
    // Where a request and its response share a tag, the first that reads wins.
    let known = es10::MESSAGES.iter().chain(json_binding::MESSAGES).chain(PARTS).chain(alone);
    for (_, read) in known.filter(|(tag, _)| *tag == found.tag) {
        match read(message) {
            Ok(node) if !node.has_unknown() => {
                chosen = Some(node);
                break;
            }
            Ok(node) => second = second.or(Some(node)),
            Err(_) => {}
        }
    }
    let mut node = chosen.or(second)?;
    // Only now is anything opened within: no octet is opened for each type that might have been.
    node.finish(message, "", depth, room);
    Some(node.shifted(found.whole.start))
}

/// As it is: opened if it is constructed, octets if not.
fn plain(octets: &[u8], found: &Tlv, depth: u8, room: &Room) -> Node {
    room.take();
    let (name, type_name) = tag_name(found.tag);
    let mut node = Node::new(name, type_name, found.tag, found.whole.clone(), found.value.clone());
    let inside =
        (found.is_constructed() && depth < DEPTH).then(|| walk(octets, found.value.clone(), depth + 1, room));
    match inside {
        Some(Ok(children)) => node.children = children,
        _ => node.text = hex::encode_upper(octets.get(found.value.clone()).unwrap_or_default()),
    }
    if node.children.is_empty() && node.text.is_empty() {
        node.text = "empty".to_owned();
    }
    node
}

/// Name and type of what its tag alone tells.
fn tag_name(tag: u32) -> (&'static str, &'static str) {
    match tag {
        0x5F37 => ("signature", ""),
        0x86 => ("", "segment of sequenceOf86"),
        0x87 => ("", "segment of sequenceOf87"),
        0x88 => ("", "segment of sequenceOf88"),
        0x01 => ("", "BOOLEAN"),
        0x02 => ("", "INTEGER"),
        0x03 => ("", "BIT STRING"),
        0x04 => ("", "OCTET STRING"),
        0x05 => ("", "NULL"),
        0x06 => ("", "OBJECT IDENTIFIER"),
        0x0C => ("", "UTF8String"),
        0x13 => ("", "PrintableString"),
        0x17 => ("", "UTCTime"),
        0x18 => ("", "GeneralizedTime"),
        0x30 => ("", "SEQUENCE"),
        0x31 => ("", "SET"),
        _ => ("", ""),
    }
}

/// Types that are no function's own, by their tag.
const PARTS: &[(u32, Explainer)] = &[
    (0xBF36, typed::<es8p::BoundProfilePackage>),
    (0xBF23, typed::<es8p::InitialiseSecureChannelRequest>),
    (0xBF24, typed::<es8p::ConfigureIsdpRequest>),
    (0xBF25, typed::<es8p::StoreMetadataRequest>),
    (0xBF26, typed::<es8p::ReplaceSessionKeysRequest>),
    (0xBF2A, typed::<es8p::UpdateMetadataRequest>),
    (0xBF37, typed::<notification::ProfileInstallationResult>),
    (0xBF27, typed::<notification::ProfileInstallationResultData>),
    (0xBF2F, typed::<notification::NotificationMetadata>),
    (0xE3, typed::<es10c::ProfileInfo>),
    (0xA2, typed::<asn1_binding::RemoteProfileProvisioningRequest>),
    (0xA2, typed::<asn1_binding::RemoteProfileProvisioningResponse>),
    (0xBF40, typed::<asn1_binding::AuthenticateClientResponseEs11>),
    (0x30, typed::<notification::OtherSignedNotification>),
    (0x30, typed::<es9p::ServerSigned1>),
    (0x30, typed::<es9p::SmdpSigned2>),
    (0x30, typed::<es10b::EuiccSigned1>),
    (0x30, typed::<es10b::EuiccSigned2>),
    (0xE0, typed::<es10a::IsdrProprietaryApplicationTemplate>),
];

/// Types that are told by their place alone: within others, many a SEQUENCE looks like them.
const ALONE: &[(u32, Explainer)] = &[(0x30, typed::<es10b::EuiccCancelSessionSigned>)];

impl Node {
    /// Fills in what the walk could not know: the module's names, clauses, names of codes, nested messages.
    fn finish(&mut self, message: &[u8], parent: &str, depth: u8, room: &Room) {
        room.take();
        if self.type_name != module_name(&self.type_name) {
            self.type_name = module_name(&self.type_name).to_owned();
        }
        self.clause = status::clause_of(&self.type_name).unwrap_or_default().to_owned();
        let qualified = alloc::format!("{parent}.{}", self.name);
        let meaning = status::name_of_code(&qualified, &self.text);
        if let Some(meaning) = meaning.or_else(|| status::name_of_code(&self.name, &self.text)) {
            self.text = alloc::format!("{} ({meaning})", self.text);
        }
        if self.children.is_empty() && self.text.is_empty() {
            self.open(message, depth, room);
            return;
        }
        let (end, count) = (self.value.end, self.children.len());
        for i in 0..count {
            if room.is_full() {
                let at = self.children.get(i).map_or(end, |child| child.whole.start);
                self.children.truncate(i);
                self.children.push(Room::left_out(count - i, at..end));
                return;
            }
            if let Some(child) = self.children.get_mut(i) {
                if child.name.is_empty() && child.type_name.is_empty() {
                    match (self.name.as_str(), child.tag) {
                        ("euiccCiPKIdListForVerification" | "euiccCiPKIdListForSigning", _) => {
                            child.type_name = "SubjectKeyIdentifier".to_owned();
                        }
                        (_, 0x86..=0x88) => child.name = alloc::format!("segment {} of {count}", i + 1),
                        _ => {}
                    }
                }
                child.finish(message, &self.type_name, depth, room);
            }
        }
    }

    /// Looks into what the protocol's types take as it is, such as a certificate, or pass over.
    fn open(&mut self, message: &[u8], depth: u8, room: &Room) {
        let value = message.get(self.value.clone()).unwrap_or_default();
        if value.is_empty() {
            self.text = "empty".to_owned();
            return;
        }
        if depth >= DEPTH {
            self.text = hex::encode_upper(value);
            return;
        }
        let opaque =
            walk(message, self.whole.clone(), depth + 1, room).ok().and_then(|mut nodes| nodes.pop());
        let Some(Node { type_name, clause, children, text, .. }) = opaque else { return };
        if !type_name.is_empty() {
            (self.type_name, self.clause) = (type_name, clause);
        }
        (self.children, self.text) = (children, text);
    }
}
