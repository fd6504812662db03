//! Octets of a message changed: at an offset, in a named field, a certificate for another; signed anew or left broken.

use super::tampering::{Certificate, Edit, Other, Place, Put, Signer};
use crate::seed::{Seed, Stream};
use esim_crypto::PrivateKey;
use esim_crypto::pki::TestPki;
use esim_rsp::explain::{Node, explain};
use esim_rsp::json::Base64;
use esim_rsp::tlv;
use esim_rsp::trace::Record;
use serde_json::Value;

/// Keys and certificates of this world's PKI, and one that nobody trusts.
pub(crate) struct Forge {
    own: TestPki,
    seed: Seed,
}

impl Forge {
    pub fn new(pki: &TestPki, seed: &Seed) -> Self {
        Self { own: pki.clone(), seed: seed.clone() }
    }

    /// The same names under another CI, made when it is needed.
    fn foreign(&self) -> TestPki {
        TestPki::generate(self.own.parameters(), &mut self.seed.stream(Stream::Forge))
    }

    fn key(&self, signer: Signer) -> Option<PrivateKey> {
        Some(match signer {
            Signer::DpAuth => self.own.dp_auth.key.clone(),
            Signer::DpPb => self.own.dp_pb.key.clone(),
            Signer::Euicc => self.seed.card_key(&self.own).ok()?,
            Signer::Stranger => self.foreign().dp_auth.key,
        })
    }

    fn certificate(&self, other: Other) -> Vec<u8> {
        match other {
            Other::AnotherCi => self.foreign().dp_auth.certificate,
            Other::DpAuth => self.own.dp_auth.certificate.clone(),
            Other::DpPb => self.own.dp_pb.certificate.clone(),
            Other::DsAuth => self.own.ds_auth.certificate.clone(),
        }
    }

    /// The message with the edit made; none if the place is not in it.
    pub fn edit(&self, message: &[u8], edit: &Edit, before: &[Record]) -> Option<Vec<u8>> {
        let value = match &edit.value {
            Put::Hex(digits) => hex::decode(digits).ok()?,
            Put::Text(text) => text.clone().into_bytes(),
        };
        match &edit.place {
            Place::Octet(at) => {
                let mut changed = message.to_vec();
                changed.get_mut(*at..at.checked_add(value.len())?)?.copy_from_slice(&value);
                Some(changed)
            }
            Place::Field(field) => {
                let text = matches!(edit.value, Put::Text(_));
                let put = Field { name: field, value: &value, text, keep_lengths: edit.keep_lengths };
                let changed = put.in_message(message)?;
                match edit.sign {
                    Some(signer) => self.sign(&changed, field, signer, before),
                    None => Some(changed),
                }
            }
        }
    }

    /// The message with another certificate in a field.
    pub fn replace(&self, message: &[u8], certificate: &Certificate) -> Option<Vec<u8>> {
        let der = self.certificate(certificate.with);
        let inside = tlv::read_only(&der).ok()?.value;
        let value = der.get(inside)?;
        Field { name: &certificate.field, value, text: false, keep_lengths: false }.in_message(message)
    }

    /// Signs the part that a field is in: `serverSigned1` by `serverSignature1`, and so on. What follows on something
    /// signed covers that signature, too (SGP.22 5.7.5).
    fn sign(&self, message: &[u8], field: &str, signer: Signer, before: &[Record]) -> Option<Vec<u8>> {
        let signed = field.split('.').find(|name| name.contains("Signed"))?;
        let (with, follows) = match signed {
            "serverSigned1" => ("serverSignature1", None),
            "euiccSigned1" => ("euiccSignature1", None),
            "smdpSigned2" => ("smdpSignature2", Some("euiccSignature1")),
            "euiccSigned2" => ("euiccSignature2", Some("smdpSignature2")),
            _ => return None,
        };
        let last = |name| before.iter().rev().find_map(|it| find(&it.bytes, name));
        let covered = match follows {
            Some(name) => last(name)?,
            None => Vec::new(),
        };
        let signature = self.key(signer)?.sign(&[&find(message, signed)?, &covered]);
        Field { name: with, value: &signature, text: false, keep_lengths: false }.in_message(message)
    }
}

/// A field that is to have another value.
struct Field<'a> {
    name: &'a str,
    value: &'a [u8],
    text: bool,
    keep_lengths: bool,
}

impl Field<'_> {
    fn in_message(self, message: &[u8]) -> Option<Vec<u8>> {
        match serde_json::from_slice::<Value>(message) {
            Ok(mut json) => {
                self.in_json(&mut json)?;
                Some(esim_rsp::json::to_vec(&json))
            }
            Err(_) => self.in_der_at(message, self.name),
        }
    }

    /// A member by its name, or a field within one that is base64 of TLVs; the member's name may be left out.
    fn in_json(&self, json: &mut Value) -> Option<()> {
        let (first, rest) = self.name.split_once('.').unwrap_or((self.name, ""));
        let members = json.as_object_mut()?;
        if let Some(member) = members.get_mut(first) {
            *member = match (rest, octets(member)) {
                ("", Some(whole)) if !self.text => base64(&self.whole(&whole)?),
                ("", _) => Value::String(self.as_text()),
                (_, Some(whole)) => base64(&self.in_der_at(&whole, rest)?),
                _ => return self.in_json_of(member, rest),
            };
            return Some(());
        }
        members.values_mut().find_map(|member| {
            *member = base64(&self.in_der_at(&octets(member)?, self.name)?);
            Some(())
        })
    }

    fn in_json_of(&self, member: &mut Value, rest: &str) -> Option<()> {
        Field { name: rest, ..*self }.in_json(member)
    }

    /// A whole TLV with this value.
    fn whole(&self, octets: &[u8]) -> Option<Vec<u8>> {
        let only = tlv::read_only(octets).ok()?;
        let at = only.value.start;
        match self.keep_lengths {
            true => Some([octets.get(..at)?, self.value].concat()),
            false => Some(tlv::wrap(only.tag, &[self.value])),
        }
    }

    fn as_text(&self) -> String {
        match self.text {
            true => String::from_utf8_lossy(self.value).into_owned(),
            false => hex::encode_upper(self.value),
        }
    }

    fn in_der_at(&self, message: &[u8], name: &str) -> Option<Vec<u8>> {
        let tree = explain(message).ok()?;
        let names: Vec<&str> = name.split('.').collect();
        let chain = tree.iter().find_map(|node| chain(node, &names))?;
        let leaf = chain.last()?;
        if self.keep_lengths {
            let (before, after) = (message.get(..leaf.value.start)?, message.get(leaf.value.end..)?);
            return Some([before, self.value, after].concat());
        }
        let mut inner = tlv::wrap(leaf.tag, &[self.value]);
        let mut last = leaf.whole.clone();
        for around in chain.iter().rev().skip(1) {
            let before = message.get(around.value.start..last.start)?;
            let after = message.get(last.end..around.value.end)?;
            inner = tlv::wrap(around.tag, &[before, &inner, after]);
            last = around.whole.clone();
        }
        Some([message.get(..last.start)?, &inner, message.get(last.end..)?].concat())
    }
}

/// The nodes from the outermost to the one with these names.
fn chain<'a>(node: &'a Node, names: &[&str]) -> Option<Vec<&'a Node>> {
    let (first, rest) = names.split_first()?;
    let is_first = *first == node.name || *first == node.type_name;
    if is_first && rest.is_empty() {
        return Some(Vec::from([node]));
    }
    let names = if is_first { rest } else { names };
    let inner = node.children.iter().find_map(|child| chain(child, names))?;
    Some([&[node], &inner[..]].concat())
}

/// The whole TLV of a field, wherever it is in a message.
fn find(message: &[u8], name: &str) -> Option<Vec<u8>> {
    let in_der = |octets: &[u8]| {
        let tree = explain(octets).ok()?;
        let chain = tree.iter().find_map(|node| chain(node, &[name]))?;
        octets.get(chain.last()?.whole.clone()).map(<[u8]>::to_vec)
    };
    match serde_json::from_slice::<Value>(message) {
        Ok(json) => {
            let members = json.as_object()?;
            let own = members.get(name).and_then(octets);
            own.or_else(|| members.values().filter_map(octets).find_map(|octets| in_der(&octets)))
        }
        Err(_) => in_der(message),
    }
}

fn octets(member: &Value) -> Option<Vec<u8>> {
    let octets = serde_json::from_value::<Base64>(member.clone()).ok()?.0;
    tlv::read_only(&octets).is_ok().then_some(octets)
}

fn base64(octets: &[u8]) -> Value {
    serde_json::to_value(Base64(octets.to_vec())).unwrap_or(Value::Null)
}
