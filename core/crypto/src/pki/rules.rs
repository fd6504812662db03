//! What is verified of a certificate, by its name in the standard (SGP.22 4.5.2).

use super::role::Role;
use crate::check::Rule;

/// Verifications of one kind of certificate. Which of them are made depends on the kind.
#[derive(Clone, Copy, Debug)]
pub struct CertificateRules {
    /// It can be read, and its key is on a curve of SGP.22.
    pub read: Rule,
    /// certificatePolicies names its role.
    pub role: Rule,
    /// Its issuer is known.
    pub issuer: Rule,
    /// Its key may be used so.
    pub usage: Rule,
    /// Nothing in it is critical and unknown.
    pub critical: Rule,
    /// It is valid already.
    pub begun: Rule,
    /// It is valid still.
    pub not_over: Rule,
    /// Its key is on its issuer's curve.
    pub curve: Rule,
    /// The signature of its issuer.
    pub signature: Rule,
    /// It has not been revoked.
    pub revoked: Rule,
}

macro_rules! certificate_rules {
    ($name:literal, $issuer:literal, $usage:literal) => {{
        const RULES: CertificateRules = CertificateRules {
            read: Rule::new(
                "SGP.22 4.5.2.1",
                concat!($name, " is an X.509 certificate with a key on a known curve"),
            ),
            role: Rule::new(
                "SGP.22 4.5.2.1.0.2",
                concat!("certificatePolicies of ", $name, " names its role"),
            ),
            issuer: Rule::new(
                "SGP.22 4.5.2.2",
                concat!("authorityKeyIdentifier of ", $name, " is that of ", $issuer),
            ),
            usage: Rule::new("SGP.22 4.5.2.1.0.2", concat!("keyUsage of ", $name, " has ", $usage)),
            critical: Rule::new("SGP.22 4.5.2.2", concat!("no critical extension of ", $name, " is unknown")),
            begun: Rule::new("SGP.22 4.5.2.2", concat!("notBefore of ", $name, " has passed")),
            not_over: Rule::new("SGP.22 4.5.2.2", concat!("notAfter of ", $name, " has not passed")),
            curve: Rule::new("SGP.22 4.5.2.1.0", concat!($name, " is on the curve of its issuer")),
            signature: Rule::new(
                "SGP.22 4.5.2.2",
                concat!("signature of ", $name, " verifies with the key of ", $issuer),
            ),
            revoked: Rule::new("SGP.22 4.5.2.2", concat!($name, " is not revoked")),
        };
        &RULES
    }};
}

impl Role {
    /// What is verified of a certificate in this role.
    pub fn rules(self) -> &'static CertificateRules {
        match self {
            Self::Ci => certificate_rules!("CERT.CI.ECDSA", "a known CI", "keyCertSign"),
            Self::Eum => certificate_rules!("CERT.EUM.ECDSA", "a known CI", "keyCertSign"),
            Self::Euicc => certificate_rules!("CERT.EUICC.ECDSA", "CERT.EUM.ECDSA", "digitalSignature"),
            Self::DpAuth => certificate_rules!("CERT.DPauth.ECDSA", "a known CI", "digitalSignature"),
            Self::DpPb => certificate_rules!("CERT.DPpb.ECDSA", "a known CI", "digitalSignature"),
            Self::DpTls => certificate_rules!("CERT.DP.TLS", "a known CI", "digitalSignature"),
            Self::DsAuth => certificate_rules!("CERT.DSauth.ECDSA", "a known CI", "digitalSignature"),
            Self::DsTls => certificate_rules!("CERT.DS.TLS", "a known CI", "digitalSignature"),
        }
    }
}
