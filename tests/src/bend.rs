//! Certificates in which one thing is wrong, signed anew.

use esim_crypto::PrivateKey;
use esim_rsp::tlv;

/// DER, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Der {
    /// Tag and content.
    Leaf(u8, Vec<u8>),
    /// Tag and what is inside.
    Node(u8, Vec<Der>),
}

/// `validity`.
pub const VALIDITY: usize = 4;
/// `subject`.
pub const SUBJECT: usize = 5;
/// `subjectPublicKeyInfo`.
pub const KEY: usize = 6;
/// `extensions`.
pub const EXTENSIONS: usize = 7;

impl Der {
    /// Takes apart one value.
    ///
    /// # Panics
    /// For octets that are none.
    pub fn read(octets: &[u8]) -> Self {
        let outer = tlv::read_only(octets).expect("one TLV");
        let tag = octets[0];
        let content = &octets[outer.value];
        if tag & 0x20 == 0 {
            return Self::Leaf(tag, content.to_vec());
        }
        let inner = tlv::read_all(content, 0..content.len()).expect("TLVs");
        Self::Node(tag, inner.into_iter().map(|it| Self::read(&content[it.whole])).collect())
    }

    /// Puts it together again.
    pub fn write(&self) -> Vec<u8> {
        match self {
            Self::Leaf(tag, content) => tlv::wrap((*tag).into(), &[content]),
            Self::Node(tag, inner) => {
                let parts: Vec<_> = inner.iter().map(Self::write).collect();
                let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
                tlv::wrap((*tag).into(), &parts)
            }
        }
    }

    /// What is inside.
    ///
    /// # Panics
    /// For a leaf.
    pub fn inside(&mut self) -> &mut Vec<Self> {
        match self {
            Self::Node(_, inner) => inner,
            Self::Leaf(tag, _) => panic!("{tag:02X} has nothing inside"),
        }
    }

    /// The content of a leaf.
    ///
    /// # Panics
    /// For anything else.
    pub fn content(&mut self) -> &mut Vec<u8> {
        match self {
            Self::Leaf(_, content) => content,
            Self::Node(tag, _) => panic!("{tag:02X} is no leaf"),
        }
    }

    /// The leaf that follows an object identifier, wherever it is.
    pub fn after(&mut self, oid: &[u8]) -> Option<&mut Vec<u8>> {
        let Self::Node(_, inner) = self else { return None };
        let named = Self::Leaf(6, oid.to_vec());
        if inner.first() == Some(&named) {
            return inner.last_mut().map(Self::content);
        }
        inner.iter_mut().find_map(|it| it.after(oid))
    }
}

/// Object identifiers, as they are encoded.
pub mod oid {
    /// keyUsage.
    pub const KEY_USAGE: [u8; 3] = [0x55, 0x1D, 0x0F];
    /// subjectAltName.
    pub const ALT_NAME: [u8; 3] = [0x55, 0x1D, 0x11];
    /// certificatePolicies.
    pub const POLICIES: [u8; 3] = [0x55, 0x1D, 0x20];
    /// authorityKeyIdentifier.
    pub const AUTHORITY: [u8; 3] = [0x55, 0x1D, 0x23];
    /// organizationName.
    pub const ORGANIZATION: [u8; 3] = [0x55, 0x04, 0x0A];
    /// serialNumber.
    pub const SERIAL_NUMBER: [u8; 3] = [0x55, 0x04, 0x05];
}

/// A certificate with something done to what is signed, signed by `key`.
///
/// # Panics
/// For octets that are no certificate.
pub fn bent(certificate: &[u8], key: &PrivateKey, bend: impl FnOnce(&mut Vec<Der>)) -> Vec<u8> {
    let mut whole = Der::read(certificate);
    let parts = whole.inside();
    bend(parts[0].inside());
    let signature = key.sign(&[&parts[0].write()]);
    let integer = |octets: &[u8]| {
        let rest: Vec<u8> = octets.iter().copied().skip_while(|octet| *octet == 0).collect();
        let sign = rest.first().is_none_or(|first| *first >= 0x80).then_some(0);
        Der::Leaf(2, sign.into_iter().chain(rest).collect())
    };
    let signature = Der::Node(0x30, vec![integer(&signature[..32]), integer(&signature[32..])]).write();
    parts[2] = Der::Leaf(3, [&[0][..], &signature].concat());
    whole.write()
}

/// The value of an extension.
///
/// # Panics
/// Where there is none.
pub fn extension<'a>(tbs: &'a mut [Der], oid: &[u8]) -> &'a mut Vec<u8> {
    tbs[EXTENSIONS].after(oid).expect("the extension")
}

/// Adds an extension that is critical and that nobody knows.
pub fn add_critical(tbs: &mut [Der]) {
    let unknown = [Der::Leaf(6, vec![0x55, 0x1D, 0x63]), Der::Leaf(1, vec![0xFF]), Der::Leaf(4, vec![5, 0])];
    tbs[EXTENSIONS].inside()[0].inside().push(Der::Node(0x30, unknown.to_vec()));
}

/// Turns a policy into one that is no role's.
pub fn spoil_role(tbs: &mut [Der]) {
    flip_last(extension(tbs, &oid::POLICIES));
}

/// The key may be used for nonRepudiation alone.
pub fn spoil_usage(tbs: &mut [Der]) {
    *extension(tbs, &oid::KEY_USAGE) = vec![3, 2, 6, 0x40];
}

/// Valid from 2049 on.
pub fn too_early(tbs: &mut [Der]) {
    set_year(&mut tbs[VALIDITY].inside()[0], b"49");
}

/// Valid until 2001.
pub fn too_late(tbs: &mut [Der]) {
    set_year(&mut tbs[VALIDITY].inside()[1], b"01");
}

/// Changes the last octet.
pub fn flip_last(octets: &mut [u8]) {
    if let Some(last) = octets.last_mut() {
        *last ^= 0x70;
    }
}

/// The last two digits of the year, of UTCTime and GeneralizedTime alike.
fn set_year(time: &mut Der, year: &[u8; 2]) {
    let text = time.content();
    let at = text.len() - 13;
    text[at..at + 2].copy_from_slice(year);
}
