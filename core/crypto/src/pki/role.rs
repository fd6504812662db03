//! What a certificate is for.

use der::asn1::ObjectIdentifier;

/// Roles of certificates (SGP.22 4.5.2.1.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Certificate issuer, the root.
    Ci,
    /// eUICC manufacturer.
    Eum,
    /// eUICC.
    Euicc,
    /// SM-DP+, for authentication.
    DpAuth,
    /// SM-DP+, for profile binding.
    DpPb,
    /// SM-DP+, for TLS.
    DpTls,
    /// SM-DS, for authentication.
    DsAuth,
    /// SM-DS, for TLS.
    DsTls,
}

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

impl Role {
    /// The policies that stand for it: of v2, and of v3.
    pub fn policies(self) -> &'static [ObjectIdentifier] {
        const CI: &[ObjectIdentifier] = &[oid("2.23.146.1.2.1.0")];
        const EUICC: &[ObjectIdentifier] = &[oid("2.23.146.1.2.1.1"), oid("2.23.146.1.2.1.0.0.0.0.0")];
        const EUM: &[ObjectIdentifier] = &[oid("2.23.146.1.2.1.2"), oid("2.23.146.1.2.1.0.0.0")];
        const DP_TLS: &[ObjectIdentifier] = &[oid("2.23.146.1.2.1.3"), oid("2.23.146.1.2.1.0.0.1.0")];
        const DP_AUTH: &[ObjectIdentifier] = &[oid("2.23.146.1.2.1.4"), oid("2.23.146.1.2.1.0.0.1.1")];
        const DP_PB: &[ObjectIdentifier] = &[oid("2.23.146.1.2.1.5"), oid("2.23.146.1.2.1.0.0.1.2")];
        const DS_TLS: &[ObjectIdentifier] = &[oid("2.23.146.1.2.1.6"), oid("2.23.146.1.2.1.0.0.2.0")];
        const DS_AUTH: &[ObjectIdentifier] = &[oid("2.23.146.1.2.1.7"), oid("2.23.146.1.2.1.0.0.2.1")];
        match self {
            Self::Ci => CI,
            Self::Eum => EUM,
            Self::Euicc => EUICC,
            Self::DpAuth => DP_AUTH,
            Self::DpPb => DP_PB,
            Self::DpTls => DP_TLS,
            Self::DsAuth => DS_AUTH,
            Self::DsTls => DS_TLS,
        }
    }
}
