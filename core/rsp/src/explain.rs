//! Any RSP message as a tree, drawn while the protocol's own types read it.

pub use crate::node::Node;

use crate::codec::{Explainer, MAX_DEPTH, typed};
use crate::node::module_name;
use crate::tlv::Tlv;
use crate::{
    Error, asn1_binding, es8p, es9p, es10, es10a, es10b, es10c, json_binding, notification, status, tlv,
};
use alloc::borrow::ToOwned;
use alloc::vec::Vec;
use core::ops::Range;

/// TLVs that a message may have: the longest package has some thousands.
const MOST: usize = 100_000;

/// How deep TLVs of no known type are opened.
const DEPTH: u8 = 16;

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
    walk(octets, 0..octets.len(), 0)
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
fn walk(octets: &[u8], range: Range<usize>, depth: u8) -> Result<Vec<Node>, Error> {
    let found = tlv::read_all(octets, range)?;
    Ok(found
        .into_iter()
        .map(|tlv| known(octets, &tlv, depth).unwrap_or_else(|| plain(octets, &tlv, depth)))
        .collect())
}

/// As the first of the types of its tag that knows every field of it says, or else the first that reads it.
fn known(octets: &[u8], found: &Tlv, depth: u8) -> Option<Node> {
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
    node.finish(message, "", depth);
    Some(node.shifted(found.whole.start))
}

/// As it is: opened if it is constructed, octets if not.
fn plain(octets: &[u8], found: &Tlv, depth: u8) -> Node {
    let mut node = Node::new("", "", found.tag, found.whole.clone(), found.value.clone());
    let inside =
        (found.is_constructed() && depth < DEPTH).then(|| walk(octets, found.value.clone(), depth + 1));
    match inside {
        Some(Ok(children)) => node.children = children,
        _ => node.text = hex::encode_upper(octets.get(found.value.clone()).unwrap_or_default()),
    }
    node
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
    fn finish(&mut self, message: &[u8], parent: &str, depth: u8) {
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
            self.open(message, depth);
            return;
        }
        for child in &mut self.children {
            child.finish(message, &self.type_name, depth);
        }
    }

    /// Looks into what the protocol's types take as it is, such as a certificate, or pass over.
    fn open(&mut self, message: &[u8], depth: u8) {
        if depth >= DEPTH {
            self.text = hex::encode_upper(message.get(self.value.clone()).unwrap_or_default());
            return;
        }
        let opaque = walk(message, self.whole.clone(), depth + 1).ok().and_then(|mut nodes| nodes.pop());
        let Some(Node { type_name, clause, children, text, .. }) = opaque else { return };
        if !type_name.is_empty() {
            (self.type_name, self.clause) = (type_name, clause);
        }
        (self.children, self.text) = (children, text);
    }
}
