//! AUTHENTICATE of the USIM and the ISIM (TS 31.102 7.1, TS 31.103 7.1, TS 33.102 6.3).

use alloc::vec::Vec;

use esim_saip::image::{Algorithm, Naa, NaaKind};
use subtle::ConstantTimeEq;

use super::aka::{self, Keys};
use super::told::Rule;
use super::{Change, ChannelState, Keep, Uicc, sqn};
use crate::apdu::{Command, Response, Status};

/// FID and service numbers of EF.UST (TS 31.102 4.2.8).
pub(super) const EF_UST: u16 = 0x6F38;
const SERVICE_GSM_ACCESS: usize = 27;
const SERVICE_GSM_CONTEXT: usize = 38;

/// First octet of the answer in 3G context.
const SUCCESSFUL: u8 = 0xDB;
const SYNCHRONISATION_FAILURE: u8 = 0xDC;

/// AMF by which the test algorithm is told to answer with a synchronisation failure (TS 34.108 8.1.2).
const AMF_RESYNCH: [u8; 2] = [0xFF, 0xFF];

const MAC: Rule = Rule::new("TS 33.102 6.3.3", "MAC in AUTN is XMAC, computed with K");
const FRESH: Rule =
    Rule::new("TS 33.102 C.2", "the sequence number in AUTN was not used before, nor is it too far ahead");

const APPLICATION: Rule = Rule::new("TS 31.102 7.1.1", "an application with keys is selected");
const CONTEXT: Rule = Rule::new("TS 31.102 7.1.2", "the application supports the authentication context");
const PIN: Rule = Rule::new("TS 31.102 7.1.1", "the application's PIN is verified, or disabled");
const KEYS: Rule = Rule::new("TS 31.102 7.1.1", "the application has keys that can be used");
const COUNTER: Rule =
    Rule::new("TCA profile package, akaParameter", "authCounterMax leaves an authentication");

impl Uicc {
    /// AUTHENTICATE. `6985` outside an application that has keys, `6982` before its PIN is verified, `9862` for a
    /// wrong MAC, `9864` for a context that the application does not know.
    pub(super) fn authenticate(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
        keep: Keep<'_>,
    ) -> Result<Response, Status> {
        let (adf, naa) = self.active_naa(channel)?;
        if command.p1 != 0 {
            return Err(Status::INCORRECT_P1_P2);
        }
        let kind = self.image().naas[naa].kind;
        let is_supported = match command.p2 {
            0x81 => true,
            0x80 => kind == NaaKind::Usim && self.has_service(adf, SERVICE_GSM_CONTEXT),
            // Voice group calls, GBA, MBMS, local keys.
            0x82 | 0x84..=0x86 => false,
            _ => return Err(Status::INCORRECT_P1_P2),
        };
        self.told.must(&CONTEXT, || [command.p2], is_supported, Status::AUTHENTICATION_CONTEXT)?;
        let (rand, autn) = match command.p2 {
            0x81 => challenge(command.data)?,
            _ => (gsm_challenge(command.data)?, None),
        };
        self.require_application_pin(adf)?;
        let source = self.told.that(&KEYS, || self.path_of(adf), source(&self.image().naas, naa));
        let source = source.ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
        self.count_authentication(source, keep)?;
        let aka = self.image().naas[source].aka.as_ref().ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
        let keys = aka::keys(aka, &rand).ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
        let with_kc = kind == NaaKind::Usim && self.has_service(adf, SERVICE_GSM_ACCESS);
        match autn {
            None => Ok(Response::ok(gsm_answer(&keys))),
            Some(autn) => self.authenticate_network(source, &rand, &autn, &keys, with_kc),
        }
    }

    /// Checks AUTN as TS 33.102 6.3.3: first the MAC, then freshness.
    fn authenticate_network(
        &mut self,
        source: usize,
        rand: &[u8; 16],
        autn: &[u8; 16],
        keys: &Keys,
        with_kc: bool,
    ) -> Result<Response, Status> {
        let [s0, s1, s2, s3, s4, s5, amf @ .., _, _, _, _, _, _, _, _] = *autn;
        let received = sqn::octets(sqn::number(&[s0, s1, s2, s3, s4, s5]) ^ sqn::number(&keys.ak));
        let unavailable = Status::CONDITIONS_NOT_SATISFIED;
        let aka = self.image().naas[source].aka.as_ref().ok_or(unavailable)?;
        let mac = aka::mac(aka, rand, &received, amf).ok_or(unavailable)?;
        if !self.told.that(&MAC, || autn, bool::from(mac.ct_eq(&autn[8..]))) {
            return Err(Status::AUTHENTICATION_MAC);
        }
        let aka = self.fs.image_mut().naas[source].aka.as_mut().ok_or(unavailable)?;
        let is_test = matches!(aka.algorithm, Algorithm::UsimTest { .. });
        let fresh = if is_test { amf != AMF_RESYNCH } else { sqn::accept(aka, sqn::number(&received)) };
        if !self.told.that(&FRESH, || received, fresh) {
            let own = if is_test { received } else { sqn::octets(sqn::highest(aka)) };
            let auts = aka::auts(aka, rand, own).ok_or(unavailable)?;
            return Ok(Response::ok([&[SYNCHRONISATION_FAILURE, auts.len() as u8], &auts[..]].concat()));
        }
        if !is_test {
            self.changed(Change::Sqn(source));
        }
        let kc = aka::c3(keys);
        let mut answer = alloc::vec![SUCCESSFUL];
        for part in [&keys.res[..], &keys.ck, &keys.ik].into_iter().chain(with_kc.then_some(&kc[..])) {
            answer.push(part.len() as u8);
            answer.extend(part);
        }
        Ok(Response::ok(answer))
    }

    /// The application in whose directory the channel stands.
    pub(super) fn active_naa(&self, channel: &ChannelState) -> Result<(usize, usize), Status> {
        let naa = channel.adf.and_then(|adf| {
            let path = &self.fs.file(adf).path;
            let inside = self.fs.file(channel.directory).path.starts_with(path);
            let naa = self.image().naas.iter().position(|naa| naa.adf == *path).filter(|_| inside);
            Some((adf, naa?))
        });
        let here = || self.path_of(channel.directory);
        self.told.that(&APPLICATION, here, naa).ok_or(Status::CONDITIONS_NOT_SATISFIED)
    }

    /// The PIN of an application is the first one of its PIN status template (TS 31.101 9.4).
    pub(super) fn require_application_pin(&self, adf: usize) -> Result<(), Status> {
        let references = self.pin_references(adf);
        let pin = references.into_iter().find(|reference| matches!(reference, 0x01..=0x08 | 0x11));
        let holds = pin.is_none_or(|reference| self.is_pin_satisfied(reference, adf));
        self.told.must(&PIN, || pin.as_slice(), holds, Status::SECURITY_STATUS)
    }

    /// Uses up one of the authentications that the profile grants, before any of it is computed; `6983` when none is
    /// left.
    fn count_authentication(&mut self, source: usize, keep: Keep<'_>) -> Result<(), Status> {
        let aka = self.fs.image_mut().naas[source].aka.as_mut();
        let Some(left) = aka.and_then(|aka| aka.auth_counter_max.as_mut()) else { return Ok(()) };
        let rest = self.told.that(&COUNTER, || left.to_be_bytes(), left.checked_sub(1));
        *left = rest.ok_or(Status::METHOD_BLOCKED)?;
        self.keep_now(Change::Sqn(source), keep)
    }

    /// Whether EF.UST offers a service; without the file all are.
    fn has_service(&self, adf: usize, service: usize) -> bool {
        let Some(ust) = self.fs.by_path(adf, None, &[EF_UST]) else { return true };
        let octet = self.fs.data(ust).get((service - 1) / 8).copied().unwrap_or(0);
        octet >> ((service - 1) % 8) & 1 == 1
    }
}

/// The application whose keys count: itself, or the one that its mapping parameter names.
fn source(naas: &[Naa], naa: usize) -> Option<usize> {
    match &naas[naa].aka.as_ref()?.algorithm {
        Algorithm::Mapping { aid, .. } => naas.iter().position(|other| {
            let aka = other.aka.as_ref();
            other.aid == *aid && aka.is_some_and(|aka| !matches!(aka.algorithm, Algorithm::Mapping { .. }))
        }),
        _ => Some(naa),
    }
}

type Challenge = ([u8; 16], Option<[u8; 16]>);

/// `10 RAND 10 AUTN`; `6700` for another length, `6A80` for other length octets.
fn challenge(data: &[u8]) -> Result<Challenge, Status> {
    let (rand, autn) = data.split_at_checked(17).ok_or(Status::WRONG_LENGTH)?;
    Ok((gsm_challenge(rand)?, Some(gsm_challenge(autn)?)))
}

/// `10 RAND`.
fn gsm_challenge(data: &[u8]) -> Result<[u8; 16], Status> {
    match data.split_first() {
        Some((16, value)) => value.try_into().map_err(|_| Status::WRONG_LENGTH),
        Some(_) => Err(Status::INCORRECT_DATA),
        None => Err(Status::WRONG_LENGTH),
    }
}

/// `04 SRES 08 Kc`.
fn gsm_answer(keys: &Keys) -> Vec<u8> {
    [&[4][..], &aka::c2(keys), &[8], &aka::c3(keys)].concat()
}
