//! What the LPA itself looks at in a certificate: the OID of the SM-DP+ (SGP.22 4.5.2.1.2, `subjectAltName` of
//! CERT.DPauth), and whether it is that of an SM-DS (SGP.22 4.5.2.1.0).

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write as _;
use esim_rsp::tlv::{self, Tlv};

/// `2.5.29.17`, subjectAltName.
const SUBJECT_ALT_NAME: [u8; 3] = [0x55, 0x1D, 0x11];

/// `2.5.29.32`, certificatePolicies.
const CERTIFICATE_POLICIES: [u8; 3] = [0x55, 0x1D, 0x20];

/// Policies of CERT.DSauth (SGP.22 4.5.2.1.0): `id-rspRole-ds-auth` of version 2, and of version 3.
const SMDS: [&str; 2] = ["2.23.146.1.2.1.7", "2.23.146.1.2.1.0.0.2.1"];

/// The registeredID of the subjectAltName, dotted. None if the certificate has
/// none or is not DER; the eUICC is the one that judges the certificate.
pub fn registered_id(certificate: &[u8]) -> Option<String> {
    let san = extension(certificate, SUBJECT_ALT_NAME)?;
    let names = child(certificate, &san, 0x30)?;
    let oid = child(certificate, &names, 0x88)?;
    dotted(certificate.get(oid.value)?)
}

/// Whether a server's certificate is one of an SM-DS and not of an SM-DP+: an event's rspServerAddress may be either's
/// (SGP.22 3.6.2), and the role stands in certificatePolicies (SGP.22 4.5.2.1.0).
pub fn is_smds(certificate: &[u8]) -> bool {
    let policies = || {
        let policies = extension(certificate, CERTIFICATE_POLICIES)?;
        children(certificate, &child(certificate, &policies, 0x30)?)
    };
    policies().unwrap_or_default().iter().any(|policy| {
        let id = child(certificate, policy, 0x06).and_then(|id| dotted(certificate.get(id.value)?));
        id.is_some_and(|id| SMDS.contains(&id.as_str()))
    })
}

/// The value of an extension (RFC 5280 4.2), an OCTET STRING.
fn extension(certificate: &[u8], wanted: [u8; 3]) -> Option<Tlv> {
    let whole = tlv::read_only(certificate).ok()?;
    let tbs = children(certificate, &whole)?.into_iter().next()?;
    let extensions = child(certificate, &tbs, 0xA3)?;
    let list = child(certificate, &extensions, 0x30)?;
    children(certificate, &list)?.into_iter().find_map(|extension| {
        let fields = children(certificate, &extension)?;
        let id = fields.first().filter(|id| id.tag == 0x06)?;
        let value = fields.last().filter(|value| value.tag == 0x04)?;
        (certificate.get(id.value.clone())? == wanted).then(|| value.clone())
    })
}

fn children(buffer: &[u8], parent: &Tlv) -> Option<Vec<Tlv>> {
    tlv::read_all(buffer, parent.value.clone()).ok()
}

fn child(buffer: &[u8], parent: &Tlv, tag: u32) -> Option<Tlv> {
    tlv::find(buffer, parent, tag).ok()?
}

/// The content octets of an OBJECT IDENTIFIER in dotted form.
fn dotted(octets: &[u8]) -> Option<String> {
    let mut arcs: Vec<u64> = Vec::new();
    let mut arc: u64 = 0;
    for octet in octets {
        arc = arc.checked_mul(128)?.checked_add(u64::from(octet & 0x7F))?;
        if octet & 0x80 == 0 {
            arcs.push(arc);
            arc = 0;
        }
    }
    let ended = octets.last()? & 0x80 == 0;
    let (first, rest) = arcs.split_first().filter(|_| ended)?;
    let root = (first / 40).min(2);
    let mut text = root.to_string();
    for arc in core::iter::once(&(first - root * 40)).chain(rest) {
        write!(text, ".{arc}").ok()?;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(oid: &[u8]) -> Vec<u8> {
        let names = tlv::wrap(0x30, &[&tlv::wrap(0x88, &[oid])]);
        let san = tlv::wrap(0x30, &[&tlv::wrap(0x06, &[&SUBJECT_ALT_NAME]), &tlv::wrap(0x04, &[&names])]);
        let other =
            tlv::wrap(0x30, &[&tlv::wrap(0x06, &[&[0x55, 0x1D, 0x0E]]), &tlv::wrap(0x04, &[&[4, 0]])]);
        let extensions = tlv::wrap(0xA3, &[&tlv::wrap(0x30, &[&other, &san])]);
        tlv::wrap(0x30, &[&tlv::wrap(0x30, &[&[0x02, 1, 9], &extensions]), &[0x03, 1, 0]])
    }

    #[test]
    fn finds_the_oid_of_the_sm_dp() {
        assert_eq!(registered_id(&certificate(&[0x88, 0x37, 0x0A])).as_deref(), Some("2.999.10"));
        assert_eq!(registered_id(&certificate(&[0x2B, 6, 1])).as_deref(), Some("1.3.6.1"));
    }

    #[test]
    fn an_sm_ds_is_told_by_its_policy() {
        let with = |policy: &[u8]| {
            let policies = tlv::wrap(0x30, &[&tlv::wrap(0x30, &[&tlv::wrap(0x06, &[policy])])]);
            let value = tlv::wrap(0x04, &[&policies]);
            let extension = tlv::wrap(0x30, &[&tlv::wrap(0x06, &[&CERTIFICATE_POLICIES]), &value]);
            let extensions = tlv::wrap(0xA3, &[&tlv::wrap(0x30, &[&extension])]);
            tlv::wrap(0x30, &[&tlv::wrap(0x30, &[&[0x02, 1, 9], &extensions])])
        };
        assert!(is_smds(&with(&[0x67, 0x81, 0x12, 1, 2, 1, 7])), "id-rspRole-ds-auth");
        assert!(!is_smds(&with(&[0x67, 0x81, 0x12, 1, 2, 1, 4])), "id-rspRole-dp-auth");
        assert!(!is_smds(&certificate(&[0x2B, 6, 1])) && !is_smds(&[]));
    }

    #[test]
    fn odd_certificates_have_none() {
        for odd in [&[][..], &[0x30, 0], &[0x30, 2, 0x30, 0], &certificate(&[0x88]), &certificate(&[])] {
            assert_eq!(registered_id(odd), None);
        }
    }
}
