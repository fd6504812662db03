//! Codes of the user and the operator, and the keys of the operator's security domain: what is given, and what is drawn
//! in its place.

use crate::metadata::Class;
use crate::secret::SecretText;
use alloc::format;
use esim_rsp::{Error, common};
use esim_saip::builder;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// PINs and codes. `Debug` shows none.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
pub struct Codes {
    /// 4 to 8 digits. Whoever gives one wants it asked for: without it, PIN 1 is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(as = "Option<String>"))]
    pub pin1: Option<SecretText>,
    /// Unblocks PIN 1, 8 digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(as = "Option<String>"))]
    pub puk1: Option<SecretText>,
    /// 4 to 8 digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(as = "Option<String>"))]
    pub pin2: Option<SecretText>,
    /// Unblocks PIN 2, 8 digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(as = "Option<String>"))]
    pub puk2: Option<SecretText>,
    /// The operator's own: 16 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(as = "Option<String>"))]
    pub adm1: Option<SecretText>,
}

impl core::fmt::Debug for Codes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Codes(hidden)")
    }
}

impl Codes {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Those that are there, by the names that they have in JSON and in a batch.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("pin1", &self.pin1),
            ("puk1", &self.puk1),
            ("pin2", &self.pin2),
            ("puk2", &self.puk2),
            ("adm1", &self.adm1),
        ];
        all.into_iter().filter_map(|(name, code)| Some((name, code.as_ref()?.as_str())))
    }

    /// With the values of a test card where there are none.
    pub(crate) fn read(&self) -> Result<builder::Codes, Error> {
        let mut codes = builder::Codes::default();
        let given = [
            (&self.pin1, &mut codes.pin1),
            (&self.puk1, &mut codes.puk1),
            (&self.pin2, &mut codes.pin2),
            (&self.puk2, &mut codes.puk2),
        ];
        for (given, code) in given {
            if let Some(given) = given {
                code.clone_from(given);
            }
        }
        codes.pin1_enabled = self.pin1.is_some();
        if let Some(adm1) = &self.adm1 {
            let octets = common::from_hex(adm1).ok().and_then(|octets| octets.try_into().ok());
            codes.adm1 = octets.ok_or_else(|| Error::text("adm1 has 16 hexadecimal digits"))?;
        }
        Ok(codes)
    }

    /// These, and others where there is none.
    fn or(&self, others: &Self) -> Self {
        let either =
            |own: &Option<SecretText>, other: &Option<SecretText>| own.clone().or_else(|| other.clone());
        Self {
            pin1: either(&self.pin1, &others.pin1),
            puk1: either(&self.puk1, &others.puk1),
            pin2: either(&self.pin2, &others.pin2),
            puk2: either(&self.puk2, &others.puk2),
            adm1: either(&self.adm1, &others.adm1),
        }
    }
}

/// What a profile has of its own where nobody has said otherwise, drawn for it alone: ADM 1, the PUKs, and the keys of
/// the operator's security domain. It is in the package and nowhere else, but for the codes, which whoever orders the
/// profile is told once ([`Drawn::told`]). `Debug` shows nothing.
pub struct Drawn {
    codes: Codes,
    domain_keys: Zeroizing<[[u8; 16]; 3]>,
}

impl core::fmt::Debug for Drawn {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Drawn(hidden)")
    }
}

impl Drawn {
    /// For a profile of this class. The codes of test profiles are not drawn but those that everybody knows: test
    /// equipment relies on them (GSMA TS.48).
    pub fn new(class: Class, rng: &mut dyn CryptoRng) -> Self {
        let mut domain_keys = Zeroizing::new([[0; 16]; 3]);
        domain_keys.iter_mut().for_each(|key| rng.fill_bytes(key));
        let codes = match class {
            Class::Test => Codes::default(),
            Class::Operational | Class::Provisioning => Codes {
                puk1: Some(draw_puk(rng)),
                puk2: Some(draw_puk(rng)),
                adm1: Some(draw_adm1(rng)),
                ..Codes::default()
            },
        };
        Self { codes, domain_keys }
    }

    /// Of a profile that nobody will have: to see whether one can be made.
    pub(crate) fn sample() -> Self {
        Self { codes: Codes::default(), domain_keys: Zeroizing::new([[0; 16]; 3]) }
    }

    /// The codes of a profile: those given, else those drawn.
    pub(crate) fn codes(&self, given: &Codes) -> Codes {
        given.or(&self.codes)
    }

    /// The keys of the security domain where the operator has given none.
    pub(crate) fn domain_keys(&self) -> &[[u8; 16]; 3] {
        &self.domain_keys
    }

    /// What whoever has given these codes does not know yet.
    pub fn told(&self, given: &Codes) -> Codes {
        let unknown = |given: &Option<SecretText>, own: &Option<SecretText>| match given {
            Some(_) => None,
            None => own.clone(),
        };
        Codes {
            pin1: unknown(&given.pin1, &self.codes.pin1),
            puk1: unknown(&given.puk1, &self.codes.puk1),
            pin2: unknown(&given.pin2, &self.codes.pin2),
            puk2: unknown(&given.puk2, &self.codes.puk2),
            adm1: unknown(&given.adm1, &self.codes.adm1),
        }
    }
}

/// 8 digits.
fn draw_puk(rng: &mut dyn CryptoRng) -> SecretText {
    let mut octets = Zeroizing::new([0; 8]);
    rng.fill_bytes(&mut *octets);
    Zeroizing::new(format!("{:08}", u64::from_be_bytes(*octets) % 100_000_000))
}

/// Any 8 octets.
fn draw_adm1(rng: &mut dyn CryptoRng) -> SecretText {
    let mut octets = Zeroizing::new([0; 8]);
    rng.fill_bytes(&mut *octets);
    Zeroizing::new(common::hex_upper(&*octets))
}
