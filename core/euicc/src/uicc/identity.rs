//! GET IDENTITY: the subscription concealed identifier, computed in the card
//! (TS 31.102 7.5, TS 33.501 6.12.2 and annex C, TS 24.501 9.11.3.4).

use alloc::vec::Vec;

use esim_crypto::suci::{Profile, conceal};
use esim_rsp::{tbcd, tlv};
use esim_saip::coding;

use super::told::Rule;
use super::{ChannelState, Uicc};
use crate::apdu::{Command, Response, Status};

const EF_IMSI: u16 = 0x6F07;
const EF_AD: u16 = 0x6FAD;
/// EF.Routing_Indicator in DF.5GS.
const ROUTING_INDICATOR: [u16; 2] = [0x5FC0, 0x4F0A];
/// EF.SUCI_Calc_Info_USIM in DF.SAIP: of the card alone, the terminal cannot read it.
const CALCULATION: [u16; 2] = [0x5FD0, 0x4F01];

/// Services of EF.UST: the identifier is concealed; the USIM does it.
const SERVICE_CONCEALED: u16 = 124;
const SERVICE_BY_USIM: u16 = 125;

/// P2: the SUCI.
const CONTEXT_SUCI: u8 = 0x01;
/// Tag of the answer.
const SUCI: u32 = 0xA1;
/// First octet of a 5GS mobile identity: SUCI of an IMSI.
const OF_IMSI: u8 = 0x01;

const OFFERED: Rule = Rule::new("TS 31.102 7.5", "EF.UST leaves concealing the identifier to the USIM");
const CONCEALED: Rule =
    Rule::new("TS 33.501 6.12.2", "the profile has what it takes to conceal its identifier");

impl Uicc {
    /// Randomness for the next command that needs some.
    pub fn set_entropy(&mut self, octets: [u8; 32]) {
        self.entropy = octets;
    }

    /// GET IDENTITY. `6985` where the profile leaves concealing to the terminal or lacks what it takes, `6982` before
    /// the PIN is verified, `6A86` for an identity of another kind.
    pub(super) fn get_identity(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
    ) -> Result<Response, Status> {
        let (adf, _) = self.active_naa(channel)?;
        if (command.p1, command.p2) != (0, CONTEXT_SUCI) {
            return Err(Status::INCORRECT_P1_P2);
        }
        let offered = self.offers(adf, SERVICE_CONCEALED) && self.offers(adf, SERVICE_BY_USIM);
        let ust = || self.path_of(adf);
        self.told.must(&OFFERED, ust, offered, Status::CONDITIONS_NOT_SATISFIED)?;
        self.require_application_pin(adf)?;
        let entropy = core::mem::take(&mut self.entropy);
        let suci = self.told.that(&CONCEALED, || self.path_of(adf), self.suci(adf, &entropy));
        let suci = suci.ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
        Ok(Response::ok(tlv::wrap(SUCI, &[&suci])))
    }

    fn offers(&self, adf: usize, service: u16) -> bool {
        let ust = self.fs.by_path(adf, None, &[super::usim::EF_UST]);
        ust.is_some_and(|ust| coding::has_service(self.fs.data(ust), service))
    }

    fn suci(&self, adf: usize, entropy: &[u8; 32]) -> Option<Vec<u8>> {
        let content = |path: &[u16]| self.fs.by_path(adf, None, path).map(|file| self.fs.data(file));
        let imsi = coding::decode_imsi(content(&[EF_IMSI])?)?;
        let network_length = 3 + usize::from(content(&[EF_AD])?.get(3)? & 0x0F);
        let (network, subscriber) = imsi.split_at_checked(network_length)?;
        let plmn = coding::encode_plmn(network).ok()?;
        let plain = tbcd::packed(subscriber.bytes().map(|c| c.wrapping_sub(b'0') & 0xF));
        let routing = content(&ROUTING_INDICATOR).and_then(|data| data.first_chunk::<2>());
        let (scheme, key, output) = match calculation(content(&CALCULATION)?)? {
            Calculation::Null => (0, 0, plain),
            Calculation::Ecies { scheme, identifier, key } => {
                (scheme, identifier, conceal(Profile::from_scheme(scheme)?, key, &plain, entropy)?)
            }
        };
        let routing = routing.unwrap_or(&[0xF0, 0xFF]);
        Some([&[OF_IMSI][..], &plmn, routing, &[scheme, key], &output].concat())
    }
}

/// How to conceal.
enum Calculation<'a> {
    Null,
    Ecies { scheme: u8, identifier: u8, key: &'a [u8] },
}

/// The scheme of highest priority, with its key (TS 31.102 4.4.11.8): `A0` pairs of scheme and index of the key, from
/// 1; `A1` identifiers `80` and keys `81`.
fn calculation(content: &[u8]) -> Option<Calculation<'_>> {
    let schemes = tlv::read(content, 0).ok().filter(|found| found.tag == 0xA0)?;
    let [scheme, index] = *content.get(schemes.value.clone())?.first_chunk::<2>()?;
    if scheme == 0 {
        return Some(Calculation::Null);
    }
    let keys = tlv::read(content, schemes.whole.end).ok().filter(|found| found.tag == 0xA1)?;
    let parts = tlv::read_all(content, keys.value).ok()?;
    let [identifier, key] = parts.chunks_exact(2).nth(usize::from(index.checked_sub(1)?))? else {
        return None;
    };
    let identifier = *content.get(identifier.value.clone())?.first()?;
    Some(Calculation::Ecies { scheme, identifier, key: content.get(key.value.clone())? })
}
