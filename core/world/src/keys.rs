//! The keys of a download session, step by step: ECKA, key derivation, the MAC chain through the segments of the bound
//! profile package, and what is in them (SGP.22 2.6.4, 2.6.5, 5.5). Each step with commands that compute it once more
//! out of nothing but what is shown.

mod commands;

use crate::world::World;
use commands::Curves;
use esim_crypto::bsp::{Bsp, BspKeys};
use esim_crypto::{Curve, PrivateKey, PublicKey, ecka};
use esim_euicc::Nvm;
use esim_rsp::check::Secret;
use esim_rsp::es8p::{InitialiseSecureChannelRequest, ReplaceSessionKeysRequest};
use esim_rsp::json::Base64;
use esim_rsp::trace::{Party, Record};
use esim_rsp::{bpp, tlv};
use serde::Serialize;
use serde_json::Value;

/// Octets of a MAC in a segment.
const MAC_LENGTH: usize = 8;

/// The keys of a download session of a watched world. All octets are hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct KeySession {
    /// Of the session, as the SM has chosen it.
    pub transaction_id: String,
    /// Numbers in the trace of its messages, from PrepareDownload to the ProfileInstallationResult, without APDUs.
    pub records: Vec<u32>,
    /// The shared secret.
    pub ecdh: Ecdh,
    /// The session keys.
    pub kdf: Kdf,
    /// Segments in the order of the wire, up to the first one that does not verify.
    pub segments: Vec<Segment>,
    /// Keys that the profile is protected with in place of the session's, where ReplaceSessionKeys has brought some.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub ppk: Option<Ppk>,
    /// The profile package, as far as it could be decrypted; empty if nothing could.
    pub upp: String,
}

/// Key agreement (SGP.22 2.6.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Ecdh {
    /// otSK.EUICC.ECKA, 32 octets: what only the card has.
    pub ot_sk_euicc: String,
    /// otPK.EUICC.ECKA, a point that is not compressed.
    pub ot_pk_euicc: String,
    /// otPK.DP.ECKA, the same.
    pub ot_pk_dp: String,
    /// ShS, 32 octets.
    pub shs: String,
    /// The message that brought the card otPK.DP.
    pub record: u32,
    /// They print `shs`.
    pub commands: Commands,
}

/// Key derivation (SGP.22 2.6.4.1; ANSI X9.63 with SHA-256).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Kdf {
    /// `88`: AES.
    pub key_type: String,
    /// `10`: 16 octets.
    pub key_length: String,
    /// Host ID of the control reference template.
    pub host_id: String,
    /// 16 octets.
    pub eid: String,
    /// SharedInfo: key type, key length, host ID and EID, the latter two with their lengths.
    pub shared_info: String,
    /// Initial MAC chaining value.
    pub initial_mcv: String,
    /// S-ENC.
    pub s_enc: String,
    /// S-MAC.
    pub s_mac: String,
    /// They print the three, in this order, in one line.
    pub commands: Commands,
}

/// Profile protection keys (SGP.22 5.5.4): the MAC chain and the counter start over with them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Ppk {
    /// Number of the segment that brought them ([`Segment::n`]).
    pub segment: u32,
    /// Initial MAC chaining value.
    pub initial_mcv: String,
    /// PPK-ENC.
    pub ppk_enc: String,
    /// PPK-CMAC.
    pub ppk_cmac: String,
    /// They cut the three out of what is in that segment, in this order, a line each.
    pub commands: Commands,
}

/// A segment of the bound profile package (SGP.22 2.5.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Segment {
    /// From 1, in the order of the wire.
    pub n: u32,
    /// `87`, `88`, `86`.
    pub tag: String,
    /// The function that it is a part of: `ConfigureISDP`.
    pub name: String,
    /// The message that brought it to the card; none if it has not come so far.
    pub record: Option<u32>,
    /// Tag and length, which the MAC covers.
    pub header: String,
    /// What stands between header and MAC: encrypted in `87` and `86`, in clear in `88`.
    pub cipher: String,
    /// MAC chaining value before it.
    pub mcv_in: String,
    /// The chaining value behind it: AES-CMAC with S-MAC over `mcvIn`, header and cipher.
    pub mcv_out: String,
    /// Its MAC, 8 octets, as received: the beginning of `mcvOut` if it verifies.
    pub mac: String,
    /// Whether it verifies.
    pub verified: bool,
    /// Block counter, encrypted with S-ENC: what AES-CBC begins with; empty where nothing is encrypted.
    pub icv: String,
    /// Block counter, from 1; a segment that is only authenticated is counted, too.
    pub counter: u32,
    /// What is in it, without padding; empty if it does not verify.
    pub plain: String,
    /// Where in the profile package that stands; none for other segments.
    pub upp_offset: Option<u32>,
    /// They print `mcvOut`, and where it is encrypted `icv` and `plain`, in a line each.
    pub commands: Commands,
}

/// Commands for a shell (bash) that compute a step once more. They need nothing but what is in them: OpenSSL 3 and xxd,
/// or Python 3 with the package `cryptography`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Commands {
    /// With `openssl`.
    pub openssl: String,
    /// With `python3`.
    pub python: String,
}

impl<N: Nvm, T> World<N, T> {
    /// The keys of each download session whose secure channel was opened, in order; none if nobody watches the world.
    pub fn keys(&self) -> Vec<KeySession> {
        let eid = *self.handsets[self.current].device.card().eid().octets();
        let records = self.trace.records();
        let secrets = self.trace.secrets();
        let begun: Vec<(u32, &[u8])> = secrets
            .iter()
            .filter(|known| known.party == Party::Euicc && known.secret == Secret::OneTimeKey)
            .filter_map(|known| Some((known.record?, &*known.octets)))
            .collect();
        let ends = begun.iter().skip(1).map(|(n, _)| *n as usize).chain([records.len()]);
        begun
            .iter()
            .zip(ends)
            .filter_map(|((n, key), end)| session(key, records.get(*n as usize..end)?, &eid))
            .collect()
    }
}

/// A piece of the package as the card is fed it, and the message that brought it.
type Piece = (Option<u32>, Vec<u8>);

/// The session of a one-time key, out of the messages from PrepareDownload on.
fn session(one_time_key: &[u8], records: &[Record], eid: &[u8; 16]) -> Option<KeySession> {
    let pieces = pieces(records);
    let (record, first) = pieces.first()?;
    let (_, _, value_at) = tlv::read_header(first, 0).ok()?;
    let request: InitialiseSecureChannelRequest = esim_rsp::decode(first.get(value_at..)?).ok()?;
    let ot_pk_dp = &request.smdp_otpk.0;
    let (curve, peer) = [Curve::P256, Curve::BrainpoolP256r1]
        .into_iter()
        .find_map(|curve| Some((curve, PublicKey::from_sec1(curve, ot_pk_dp).ok()?)))?;
    let own = PrivateKey::from_bytes(curve, one_time_key).ok()?;
    let shs = ecka(&own, &peer).ok()?;
    let ecdh = Ecdh {
        ot_sk_euicc: hex::encode(one_time_key),
        ot_pk_euicc: hex::encode(own.public_key().to_sec1()),
        ot_pk_dp: hex::encode(ot_pk_dp),
        shs: hex::encode(&shs[..]),
        record: record.or_else(|| records.first().map(|record| record.n))?,
        commands: commands::ecdh(Curves::of(curve), one_time_key, ot_pk_dp),
    };
    let template = &request.control_ref_template;
    let (key_type, key_len, host_id) = (&template.key_type[..], &template.key_len[..], &template.host_id[..]);
    let length = |octets: &[u8]| u8::try_from(octets.len()).ok();
    let shared_info = [key_type, key_len, &[length(host_id)?], host_id, &[length(eid)?], eid].concat();
    let keys = BspKeys::derive(&shs[..], host_id, eid);
    let [initial_mcv, s_enc, s_mac] = keys.parts().map(hex::encode);
    let kdf = Kdf {
        key_type: hex::encode(key_type),
        key_length: hex::encode(key_len),
        host_id: hex::encode(host_id),
        eid: hex::encode(eid),
        commands: commands::kdf(&shs[..], &shared_info),
        shared_info: hex::encode(shared_info),
        initial_mcv,
        s_enc,
        s_mac,
    };
    let opened = Opening::new(keys).all(pieces.get(1..).unwrap_or_default());
    Some(KeySession {
        transaction_id: hex::encode_upper(&request.transaction_id.0),
        records: numbers(records),
        ecdh,
        kdf,
        segments: opened.segments,
        ppk: opened.ppk,
        upp: hex::encode(opened.upp),
    })
}

/// Whether a message is a function's, from the LPA to the card or back.
fn is_function(record: &Record, name: &str) -> bool {
    record.interface != "APDU" && record.function == name
}

/// The package as the card was fed it; what has not come to the card yet, or not as whole messages, as the LPA has it.
fn pieces(records: &[Record]) -> Vec<Piece> {
    let is_first = |record: &&Record| record.bytes.starts_with(&[0xBF, 0x36]);
    let fed = records.iter().filter(|record| is_function(record, "LoadBoundProfilePackage"));
    let mut fed: Vec<Piece> =
        fed.skip_while(|it| !is_first(it)).map(|it| (Some(it.n), it.bytes.clone())).collect();
    // A package that comes once more is not of this session: the card has ended it.
    if let Some(again) = fed.iter().skip(1).position(|(_, octets)| octets.starts_with(&[0xBF, 0x36])) {
        fed.truncate(again + 1);
    }
    let whole = records.iter().rev().find_map(package).unwrap_or_default();
    let rest = bpp::segments(&whole).unwrap_or_default().into_iter().skip(fed.len());
    let rest: Vec<Piece> = rest.map(|piece| (None, piece.to_vec())).collect();
    fed.extend(rest);
    fed
}

/// The bound profile package of an answer to getBoundProfilePackage.
fn package(record: &Record) -> Option<Vec<u8>> {
    let is_answer = is_function(record, "getBoundProfilePackage response");
    let json: Value = serde_json::from_slice(is_answer.then_some(&record.bytes)?).ok()?;
    Some(serde_json::from_value::<Base64>(json.get("boundProfilePackage")?.clone()).ok()?.0)
}

/// Numbers of a session's messages, up to the last that is answered to a piece of the package.
fn numbers(records: &[Record]) -> Vec<u32> {
    let of = ["PrepareDownload", "getBoundProfilePackage", "LoadBoundProfilePackage"];
    let is_one = |record: &&Record| {
        let name = record.function.strip_suffix(" response").unwrap_or(&record.function);
        record.interface != "APDU" && of.contains(&name)
    };
    records.iter().filter(is_one).map(|record| record.n).collect()
}

/// A package that is being opened.
struct Opening {
    bsp: Bsp,
    keys: BspKeys,
    segments: Vec<Segment>,
    ppk: Option<Ppk>,
    upp: Vec<u8>,
}

impl Opening {
    fn new(keys: BspKeys) -> Self {
        let (segments, upp) = (Vec::new(), Vec::new());
        Self { bsp: Bsp::new(keys.clone()), keys, segments, ppk: None, upp }
    }

    /// Takes pieces up to the first segment that does not verify.
    fn all(mut self, pieces: &[Piece]) -> Self {
        let mut group = 0;
        for (record, piece) in pieces {
            let Ok((tag, _, value_at)) = tlv::read_header(piece, 0) else { break };
            let is_group = matches!(tag, 0xA0..=0xA3);
            let segment = if is_group { piece.get(value_at..).unwrap_or_default() } else { piece };
            if is_group {
                group = tag;
            }
            if !segment.is_empty() && self.next(*record, group, segment).is_none() {
                break;
            }
        }
        self
    }

    /// A segment; none if it is none, or does not verify.
    fn next(&mut self, record: Option<u32>, group: u32, segment: &[u8]) -> Option<()> {
        let (tag, _, value_at) = tlv::read_header(segment, 0).ok()?;
        let steps = self.bsp.steps(segment)?;
        let (covered, mac) = segment.split_at_checked(segment.len().checked_sub(MAC_LENGTH)?)?;
        let (header, cipher) = covered.split_at_checked(value_at)?;
        let is_encrypted = tag != 0x88;
        let opened = match is_encrypted {
            true => self.bsp.open(segment),
            false => self.bsp.open_mac_only(segment),
        };
        let plain = opened.as_deref().unwrap_or_default();
        let upp_offset = (group == 0xA3).then(|| u32::try_from(self.upp.len()).ok()).flatten();
        let [_, s_enc, s_mac] = self.keys.parts();
        let n = u32::try_from(self.segments.len() + 1).ok()?;
        self.segments.push(Segment {
            n,
            tag: format!("{tag:02X}"),
            name: name(group).to_string(),
            record,
            header: hex::encode(header),
            cipher: hex::encode(cipher),
            mcv_in: hex::encode(steps.mcv),
            mcv_out: hex::encode(steps.mac),
            mac: hex::encode(mac),
            verified: opened.is_ok(),
            icv: if is_encrypted { hex::encode(steps.icv) } else { String::new() },
            counter: u32::try_from(steps.counter).ok()?,
            plain: hex::encode(plain),
            upp_offset,
            commands: commands::segment(s_enc, s_mac, &steps, covered, is_encrypted.then_some(cipher)),
        });
        let plain = opened.ok()?;
        match group {
            0xA2 => self.replace_keys(n, &plain),
            0xA3 => self.upp.extend(&plain),
            _ => {}
        }
        Some(())
    }

    /// ES8+.ReplaceSessionKeys.
    fn replace_keys(&mut self, segment: u32, plain: &[u8]) {
        let Ok(request) = esim_rsp::decode::<ReplaceSessionKeysRequest>(plain) else { return };
        let key = |octets: &[u8]| <[u8; 16]>::try_from(octets).ok();
        let keys = (key(&request.initial_mac_chaining_value), key(&request.ppk_enc), key(&request.ppk_cmac));
        let (Some(initial_mcv), Some(ppk_enc), Some(ppk_cmac)) = keys else { return };
        self.keys = BspKeys::new(initial_mcv, ppk_enc, ppk_cmac);
        self.bsp.replace_keys(self.keys.clone());
        let [initial_mcv, ppk_enc, ppk_cmac] = [initial_mcv, ppk_enc, ppk_cmac].map(hex::encode);
        self.ppk =
            commands::ppk(plain).map(|commands| Ppk { segment, initial_mcv, ppk_enc, ppk_cmac, commands });
    }
}

/// The function of ES8+ that a sequence of segments is of.
fn name(group: u32) -> &'static str {
    match group {
        0xA0 => "ConfigureISDP",
        0xA1 => "StoreMetadata",
        0xA2 => "ReplaceSessionKeys",
        0xA3 => "LoadProfileElements",
        _ => "",
    }
}
