//! Octets of a message changed: at an offset, in a named field, a certificate for another; signed anew or left broken.

use super::path;
use super::tampering::{Certificate, Edit, Other, Place, Put, Signer};
use crate::explained::{Part, explain_record};
use crate::seed::{Seed, Stream};
use crate::words::Words;
use esim_crypto::PrivateKey;
use esim_crypto::pki::TestPki;
use esim_rsp::explain::{Node, explain};
use esim_rsp::json::Base64;
use esim_rsp::tlv;
use esim_rsp::trace::{Party, Record};
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

    /// The octets of a message with the edit made; `before` is what was said so far, which a signature may cover.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub fn edit(&self, message: &Record, edit: &Edit, before: &[Record]) -> Result<Vec<u8>, Words> {
        let changed = edited(message, edit)?;
        match edit.sign {
            Some(signer) => self.sign(message, changed, edit, signer, before),
            None => Ok(changed),
        }
    }

    /// The message with another certificate in a field.
    ///
    /// # Errors
    /// Why there is none.
    pub fn replace(&self, message: &Record, certificate: &Certificate) -> Result<Vec<u8>, Words> {
        let der = self.certificate(certificate.with);
        let value = tlv::read_only(&der).ok().and_then(|only| der.get(only.value)).unwrap_or_default();
        Field { name: &certificate.field, value, text: false, keep_lengths: false }.in_message(message)
    }

    /// Signs the part that a field is in, or where something was changed: `serverSigned1` by `serverSignature1`, and so
    /// on. What follows on something signed covers that signature, too (SGP.22 5.7.5).
    fn sign(
        &self,
        message: &Record,
        changed: Vec<u8>,
        edit: &Edit,
        signer: Signer,
        before: &[Record],
    ) -> Result<Vec<u8>, Words> {
        let named = match &edit.place {
            Place::Field(field) => {
                SIGNED.iter().find(|(signed, ..)| field.split('.').any(|it| it == *signed))
            }
            Place::Octet(_) => None,
        };
        let is_changed = |name| {
            let now = find(&changed, name);
            now.is_some() && now != find(&message.bytes, name)
        };
        let signed = named.or_else(|| SIGNED.iter().find(|(signed, ..)| is_changed(signed)));
        let (signed, with, follows) = signed.ok_or_else(|| {
            let all = SIGNED.map(|(signed, ..)| signed).join(", ");
            Words::new(
                format!("nothing can be signed anew: what was changed is in none of {all}"),
                format!("署名し直せるものがありません。変更した箇所は次のいずれにも含まれていません: {all}"),
            )
        })?;
        let last = |name| before.iter().rev().find_map(|it| find(&it.bytes, name));
        let covered = match follows {
            Some(name) => last(name).ok_or_else(|| {
                Words::new(
                    format!("{with} covers {name}, which was not said before this message"),
                    format!("{with}は{name}も対象としますが、このメッセージより前に{name}がありません"),
                )
            })?,
            None => Vec::new(),
        };
        let key = self.key(signer).ok_or_else(|| {
            Words::new("this world does not have that key", "この環境にはその鍵がありません")
        })?;
        let octets = find(&changed, signed).unwrap_or_default();
        let signature = key.sign(&[&octets, &covered]);
        let changed = Record { bytes: changed, ..message.clone() };
        Field { name: with, value: &signature, text: false, keep_lengths: false }.in_message(&changed)
    }
}

/// What is signed, by which signature, and a signature that this one covers, too.
const SIGNED: [(&str, &str, Option<&str>); 7] = [
    ("serverSigned1", "serverSignature1", None),
    ("euiccSigned1", "euiccSignature1", None),
    ("smdpSigned2", "smdpSignature2", Some("euiccSignature1")),
    ("euiccSigned2", "euiccSignature2", Some("smdpSignature2")),
    ("profileInstallationResultData", "euiccSignPIR", None),
    ("tbsOtherNotification", "euiccNotificationSignature", None),
    ("euiccCancelSessionSigned", "euiccCancelSessionSignature", None),
];

/// The octets of a message with the edit made, but for a signature.
///
/// # Errors
/// Why it cannot be made.
pub(crate) fn edited(message: &Record, edit: &Edit) -> Result<Vec<u8>, Words> {
    let value = match &edit.value {
        Put::Hex(digits) => hex::decode(digits).map_err(|_| {
            Words::new(
                format!("{digits:?} is no hexadecimal: two digits, 0 to 9 and A to F, for each octet"),
                format!("{digits:?}は16進数ではありません。1オクテットにつき0〜9、A〜Fの2桁で書いてください"),
            )
        })?,
        Put::Text(text) => text.clone().into_bytes(),
    };
    match &edit.place {
        Place::Octet(at) => {
            let mut changed = message.bytes.clone();
            let place = at.checked_add(value.len()).and_then(|end| changed.get_mut(*at..end));
            let place = place.ok_or_else(|| {
                let (length, count) = (message.bytes.len(), value.len());
                Words::new(
                    format!("the message has {length} octets: {count} from {at} on are not in it"),
                    format!(
                        "メッセージは{length}オクテットです。{at}から{count}オクテットはその中にありません"
                    ),
                )
            })?;
            place.copy_from_slice(&value);
            Ok(changed)
        }
        Place::Field(field) => {
            let text = matches!(edit.value, Put::Text(_));
            Field { name: field, value: &value, text, keep_lengths: edit.keep_lengths }.in_message(message)
        }
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
    fn in_message(&self, message: &Record) -> Result<Vec<u8>, Words> {
        let missing = || {
            let name = self.name;
            Words::new(
                format!("this message has no field {name}"),
                format!("このメッセージに{name}というフィールドはありません"),
            )
        };
        if let Ok(mut json) = serde_json::from_slice::<Value>(&message.bytes)
            && (json.is_object() || json.is_array())
        {
            self.in_json(&mut json, self.name).ok_or_else(missing)?;
            return Ok(esim_rsp::json::to_vec(&json));
        }
        // Its own tree names what a message alone would not, such as the octets of a command.
        let tree =
            explain_record(message).parts.into_iter().next().map(|part| part.nodes).unwrap_or_default();
        let own = self.in_tree(&message.bytes, &tree, self.name);
        let changed = own.ok_or_else(missing)?;
        match message.interface == "APDU" && message.to == Party::Euicc && !self.keep_lengths {
            true => mended_lc(&message.bytes, changed),
            false => Ok(changed),
        }
    }

    /// A member by its name, or a field within one that is base64 of TLVs; the member's name may be left out.
    fn in_json(&self, json: &mut Value, name: &str) -> Option<()> {
        let is_array = json.is_array();
        let member = match json {
            Value::Object(members) => members.iter_mut().find_map(|(key, member)| {
                let (None, rest) = path::step(name, key)? else { return None };
                Some((key.clone(), member, rest))
            }),
            Value::Array(items) => {
                let (at, rest) = path::step(name, "")?;
                items.get_mut(at?).map(|item| (String::new(), item, rest))
            }
            _ => None,
        };
        if let Some((key, member, rest)) = member {
            let opened = octets(member);
            *member = match (rest, opened) {
                ("", Some(whole)) if !self.text => base64(&self.whole(&whole)?),
                ("", _) => Value::String(self.as_text()),
                (_, Some(whole)) => base64(&self.in_der(&whole, &key, rest)?),
                _ => return self.in_json(member, rest),
            };
            return Some(());
        }
        let members = json.as_object_mut().filter(|_| !is_array)?;
        members.iter_mut().find_map(|(key, member)| {
            *member = base64(&self.in_der(&octets(member)?, key, name)?);
            Some(())
        })
    }

    /// A whole TLV with this value; or with the TLV that the value is.
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

    fn in_der(&self, octets: &[u8], label: &str, name: &str) -> Option<Vec<u8>> {
        self.in_tree(octets, &Part::new(label, octets).nodes, name)
    }

    /// The value in its place; the lengths of all TLVs around it are mended, their other octets stay.
    fn in_tree(&self, octets: &[u8], tree: &[Node], name: &str) -> Option<Vec<u8>> {
        let chain = path::chain(tree, name)?;
        let leaf = chain.last()?;
        let mut puts = Vec::from([(leaf.value.clone(), self.value.to_vec())]);
        let grown = |now: usize, was: usize| isize::try_from(now).ok()?.checked_sub_unsigned(was);
        let mut more = grown(self.value.len(), leaf.value.len())?;
        for around in chain.iter().rev().filter(|_| !self.keep_lengths) {
            // What is no TLV, or begins in an earlier message, has no length here.
            let Ok((tag, length, value_at)) = tlv::read_header(octets, around.whole.start) else { continue };
            if around.tag == 0 || tag != around.tag || value_at > leaf.value.start {
                continue;
            }
            let mut header = Vec::new();
            tlv::put_header(&mut header, tag, length.checked_add_signed(more)?);
            more += grown(header.len(), value_at - around.whole.start)?;
            puts.push((around.whole.start..value_at, header));
        }
        let mut changed = octets.to_vec();
        // From the end on: what stands before stays where it was.
        for (place, value) in puts {
            changed.get(place.clone())?;
            changed.splice(place, value);
        }
        Some(changed)
    }
}

/// A command whose data has grown or shrunk, with the length that it has now.
fn mended_lc(before: &[u8], mut changed: Vec<u8>) -> Result<Vec<u8>, Words> {
    let more = changed.len().abs_diff(before.len());
    let now = match (before.get(4), changed.len() >= before.len()) {
        (Some(lc), true) => usize::from(*lc).checked_add(more),
        (Some(lc), false) => usize::from(*lc).checked_sub(more),
        (None, _) => None,
    };
    match now.map(u8::try_from) {
        _ if more == 0 => Ok(changed),
        Some(Ok(lc)) if before.len() > 5 => {
            if let Some(octet) = changed.get_mut(4) {
                *octet = lc;
            }
            Ok(changed)
        }
        _ => Err(Words::new(
            "a command has at most 255 octets of data: edit the message that it is a part of",
            "コマンドのデータは255オクテットまでです。このコマンドを含むメッセージの方を編集してください",
        )),
    }
}

/// The whole TLV of a field, wherever it is in a message.
fn find(message: &[u8], name: &str) -> Option<Vec<u8>> {
    let in_der = |octets: &[u8], label: &str| {
        let tree = match label {
            "" => explain(octets).ok()?,
            label => Part::new(label, octets).nodes,
        };
        let chain = path::chain(&tree, name)?;
        octets.get(chain.last()?.whole.clone()).map(<[u8]>::to_vec)
    };
    match serde_json::from_slice::<Value>(message) {
        Ok(json) => {
            let members = json.as_object()?;
            let own = members.get(name).and_then(octets);
            let opened = || members.iter().filter_map(|(key, member)| Some((key, octets(member)?)));
            own.or_else(|| opened().find_map(|(key, octets)| in_der(&octets, key)))
        }
        Err(_) => in_der(message, ""),
    }
}

fn octets(member: &Value) -> Option<Vec<u8>> {
    let octets = serde_json::from_value::<Base64>(member.clone()).ok()?.0;
    tlv::read_only(&octets).is_ok().then_some(octets)
}

fn base64(octets: &[u8]) -> Value {
    serde_json::to_value(Base64(octets.to_vec())).unwrap_or(Value::Null)
}
