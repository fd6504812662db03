//! Any RSP message as a tree, drawn while the protocol's own types read it.

use crate::codec::decode_recorded;
use crate::{Error, es8p, es9p, es10a, es10b, es10c, notification, tlv};
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::ops::Range;
use rasn::Decode;
use serde::Serialize;

/// One TLV of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// The field's name in the ASN.1 module (`transactionId`), or empty.
    pub name: String,
    /// The type's name for a SEQUENCE or message (`ServerSigned1`), or empty.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Clause of SGP.22 v2.6 that defines the type, or empty.
    pub clause: String,
    /// Tag octets as a number (`0xBF38`).
    pub tag: u32,
    /// Offsets of tag, length and value, in octets from the start.
    pub whole: Range<usize>,
    /// Offsets of the value.
    pub value: Range<usize>,
    /// The value for a reader: text, number, hexadecimal, named code. Empty if constructed.
    pub text: String,
    /// What the value is made of.
    pub children: Vec<Node>,
}

/// Explains a message: its ES10, ES8+ or ES9+ type is chosen by its tag, and
/// TLVs of no known type come out as a plain tree.
///
/// # Errors
/// [`Error`] if `octets` is not BER-TLV at all.
pub fn explain(octets: &[u8]) -> Result<Vec<Node>, Error> {
    let mut nodes = Vec::new();
    let mut at = 0;
    while at < octets.len() {
        let found = tlv::read(octets, at)?;
        let message = &octets[found.whole.clone()];
        let tree = KNOWN
            .iter()
            .filter(|(tag, _)| *tag == found.tag)
            .find_map(|(_, read)| read(message).ok())
            .map_or_else(|| plain(message, 0), Ok)?;
        nodes.extend(tree.into_iter().map(|node| node.shifted(at)));
        at = found.whole.end;
    }
    Ok(nodes)
}

type Explainer = fn(&[u8]) -> Result<Vec<Node>, Error>;

/// Types by their tag; where a request and its response share a tag, the
/// first that reads wins.
const KNOWN: &[(u32, Explainer)] = &[
    (0xBF3C, typed::<es10a::EuiccConfiguredAddressesResponse>),
    (0xBF3C, typed::<es10a::EuiccConfiguredAddressesRequest>),
    (0xBF3F, typed::<es10a::SetDefaultDpAddressResponse>),
    (0xBF3F, typed::<es10a::SetDefaultDpAddressRequest>),
    (0xBF20, typed::<es10b::EuiccInfo1>),
    (0xBF20, typed::<es10b::GetEuiccInfo1Request>),
    (0xBF22, typed::<es10b::EuiccInfo2>),
    (0xBF22, typed::<es10b::GetEuiccInfo2Request>),
    (0xBF2E, typed::<es10b::GetEuiccChallengeResponse>),
    (0xBF2E, typed::<es10b::GetEuiccChallengeRequest>),
    (0xBF38, typed::<es10b::AuthenticateServerRequest>),
    (0xBF38, typed::<es10b::AuthenticateServerResponse>),
    (0xBF21, typed::<es10b::PrepareDownloadRequest>),
    (0xBF21, typed::<es10b::PrepareDownloadResponse>),
    (0xBF41, typed::<es10b::CancelSessionRequest>),
    (0xBF41, typed::<es10b::CancelSessionResponse>),
    (0xBF28, typed::<notification::ListNotificationResponse>),
    (0xBF28, typed::<notification::ListNotificationRequest>),
    (0xBF2B, typed::<notification::RetrieveNotificationsListResponse>),
    (0xBF2B, typed::<notification::RetrieveNotificationsListRequest>),
    (0xBF30, typed::<notification::NotificationSentRequest>),
    (0xBF30, typed::<notification::NotificationSentResponse>),
    (0xBF35, typed::<es10b::LoadCrlResponse>),
    (0xBF42, typed::<es10c::LpaeActivationRequest>),
    (0xBF42, typed::<es10c::LpaeActivationResponse>),
    (0xBF43, typed::<es10b::GetRatResponse>),
    (0xBF43, typed::<es10b::GetRatRequest>),
    (0xBF2D, typed::<es10c::ProfileInfoListResponse>),
    (0xBF2D, typed::<es10c::ProfileInfoListRequest>),
    (0xBF31, typed::<es10c::EnableProfileRequest>),
    (0xBF31, typed::<es10c::EnableProfileResponse>),
    (0xBF32, typed::<es10c::DisableProfileRequest>),
    (0xBF32, typed::<es10c::DisableProfileResponse>),
    (0xBF33, typed::<es10c::DeleteProfileRequest>),
    (0xBF33, typed::<es10c::DeleteProfileResponse>),
    (0xBF34, typed::<es10c::EuiccMemoryResetRequest>),
    (0xBF34, typed::<es10c::EuiccMemoryResetResponse>),
    (0xBF3E, typed::<es10c::GetEuiccDataResponse>),
    (0xBF3E, typed::<es10c::GetEuiccDataRequest>),
    (0xBF29, typed::<es10c::SetNicknameRequest>),
    (0xBF29, typed::<es10c::SetNicknameResponse>),
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
    (0x30, typed::<notification::OtherSignedNotification>),
    (0x30, typed::<es9p::ServerSigned1>),
    (0x30, typed::<es9p::SmdpSigned2>),
    (0x30, typed::<es10b::EuiccSigned1>),
    (0x30, typed::<es10b::EuiccSigned2>),
    (0x30, typed::<es10b::EuiccCancelSessionSigned>),
    (0xE0, typed::<es10a::IsdrProprietaryApplicationTemplate>),
];

fn typed<T: Decode>(message: &[u8]) -> Result<Vec<Node>, Error> {
    let recorder = Recorder::default();
    decode_recorded::<T>(message, Some(&recorder))?;
    let mut nodes = recorder.finish();
    for node in &mut nodes {
        node.type_name = type_name::<T>();
        node.finish(message);
    }
    Ok(nodes)
}

fn type_name<T>() -> String {
    let full = core::any::type_name::<T>();
    full.rsplit("::").next().unwrap_or(full).to_owned()
}

/// A tree of whatever constructed TLVs there are.
fn plain(message: &[u8], depth: u8) -> Result<Vec<Node>, Error> {
    let mut nodes = Vec::new();
    for found in tlv::read_all(message, 0..message.len())? {
        let mut node = Node::new("", "", found.tag, found.whole.clone(), found.value.clone());
        let value = &message[found.value.clone()];
        let children = (found.is_constructed() && depth < 16).then(|| plain(value, depth + 1));
        match children {
            Some(Ok(children)) => {
                let start = found.value.start;
                node.children = children.into_iter().map(|child| child.shifted(start)).collect();
            }
            _ => node.text = hex::encode_upper(value),
        }
        nodes.push(node);
    }
    Ok(nodes)
}

impl Node {
    pub(crate) fn new(
        name: &str,
        type_name: &str,
        tag: u32,
        whole: Range<usize>,
        value: Range<usize>,
    ) -> Self {
        Self {
            name: camel_case(name),
            type_name: type_name.to_owned(),
            clause: String::new(),
            tag,
            whole,
            value,
            text: String::new(),
            children: Vec::new(),
        }
    }

    fn shifted(mut self, by: usize) -> Self {
        self.whole = self.whole.start + by..self.whole.end + by;
        self.value = self.value.start + by..self.value.end + by;
        self.children = self.children.into_iter().map(|child| child.shifted(by)).collect();
        self
    }

    /// Fills in what the walk could not know: clauses, names of codes, nested messages.
    fn finish(&mut self, message: &[u8]) {
        self.clause = crate::status::clause_of(&self.type_name).unwrap_or_default().to_owned();
        if let Some(meaning) = crate::status::name_of_code(&self.name, &self.text) {
            self.text = alloc::format!("{} ({meaning})", self.text);
        }
        if self.children.is_empty() && self.text.is_empty() {
            // What the protocol's types take as it is, such as a certificate.
            let opaque = message.get(self.whole.clone()).and_then(|whole| plain(whole, 0).ok());
            if let Some(Node { children, text, .. }) = opaque.and_then(|mut nodes| nodes.pop()) {
                let start = self.whole.start;
                self.children = children.into_iter().map(|child| child.shifted(start)).collect();
                self.text = text;
            }
        }
        for child in &mut self.children {
            child.finish(message);
        }
    }
}

/// `transaction_id` → `transactionId`: field names are the module's own.
fn camel_case(name: &str) -> String {
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

    fn finish(self) -> Vec<Node> {
        self.done.into_inner()
    }
}
