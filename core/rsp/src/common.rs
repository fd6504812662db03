//! Types that several interfaces share (SGP.22 2.2, 4.3, 5.7).

use crate::tbcd;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rasn::types::{BitString, FixedOctetString, OctetString};
use rasn::{AsnType, Decode, Decoder as _, Encode};

/// Declares an INTEGER with named numbers as a type that also carries numbers
/// unknown to this version.
#[macro_export]
macro_rules! integer_codes {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $value:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, rasn::AsnType, rasn::Decode, rasn::Encode)]
        #[rasn(delegate)]
        pub struct $name(pub u8);

        #[allow(non_upper_case_globals, reason = "named as in the ASN.1 module")]
        impl $name {
            $($(#[$doc])* pub const $variant: Self = Self($value);)+

            /// Every named number with its name.
            pub const NAMED: &'static [(u8, &'static str)] = &[$(($value, stringify!($variant))),+];

            /// The name in the ASN.1 module, if this version knows it.
            pub fn name(self) -> Option<&'static str> {
                Self::NAMED.iter().find(|(value, _)| *value == self.0).map(|(_, name)| *name)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => write!(f, "{name} ({})", self.0),
                    None => write!(f, "{}", self.0),
                }
            }
        }
    };
}

/// Major, minor, revision: 2.6.0 is `02 06 00`.
///
/// ```asn1
/// VersionType ::= OCTET STRING (SIZE(3))
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, AsnType, Decode, Encode)]
#[rasn(delegate)]
pub struct Version(pub FixedOctetString<3>);

impl Version {
    /// The level this project speaks on the wire.
    pub fn svn() -> Self {
        Self::new(2, 6, 0)
    }

    /// From three numbers.
    pub fn new(major: u8, minor: u8, revision: u8) -> Self {
        Self(FixedOctetString::new([major, minor, revision]))
    }

    /// Parses `2.6.0`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('.').map(|part| part.parse::<u8>().ok());
        let version = Self::new(parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(version)
    }

    /// The first number.
    pub fn major(&self) -> u8 {
        self.0[0]
    }
}

impl core::fmt::Display for Version {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}.{}.{}", self.0[0], self.0[1], self.0[2])
    }
}

/// ```asn1
/// SubjectKeyIdentifier ::= OCTET STRING
/// ```
pub type SubjectKeyIdentifier = OctetString;

/// Who owns a profile (SGP.22 2.4a.1.2).
///
/// ```asn1
/// OperatorId ::= SEQUENCE {
///   mccMnc OCTET STRING (SIZE(3)), -- as in EF.LOCI, 'E' digits wild
///   gid1   OCTET STRING OPTIONAL,
///   gid2   OCTET STRING OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags)]
pub struct OperatorId {
    /// MCC and MNC, 3 octets, nibble-swapped.
    pub mcc_mnc: FixedOctetString<3>,
    /// Group identifier level 1.
    pub gid1: Option<OctetString>,
    /// Group identifier level 2.
    pub gid2: Option<OctetString>,
}

impl OperatorId {
    /// From digits: `("001", "01")`. None unless 3 and 2–3 decimal digits.
    pub fn from_digits(mcc: &str, mnc: &str) -> Option<Self> {
        let digit = |text: &str, i: usize| text.as_bytes().get(i).map(|c| c.wrapping_sub(b'0'));
        let all = mcc.bytes().chain(mnc.bytes()).all(|c| c.is_ascii_digit());
        if !all || mcc.len() != 3 || !(2..=3).contains(&mnc.len()) {
            return None;
        }
        let third = digit(mnc, 2).unwrap_or(0xF);
        let digits = [digit(mcc, 0)?, digit(mcc, 1)?, digit(mcc, 2)?, third, digit(mnc, 0)?, digit(mnc, 1)?];
        Some(Self { mcc_mnc: FixedOctetString::new(tbcd::padded(digits)), gid1: None, gid2: None })
    }

    /// Whether this entry of a rules authorisation table means `owner`: nibble
    /// `E` is any digit, an empty group identifier any, an absent one none
    /// (SGP.22 2.9.2.1).
    pub fn covers(&self, owner: &Self) -> bool {
        let mut digits = tbcd::halves(&self.mcc_mnc[..]).zip(tbcd::halves(&owner.mcc_mnc[..]));
        let group = |rule: &Option<OctetString>, own: &Option<OctetString>| match rule {
            Some(any) if any.is_empty() => true,
            rule => rule == own,
        };
        digits.all(|(rule, own)| rule == 0xE || rule == own)
            && group(&self.gid1, &owner.gid1)
            && group(&self.gid2, &owner.gid2)
    }
}

/// A set of profile policy rules (SGP.22 2.9.1).
///
/// ```asn1
/// PprIds ::= BIT STRING { pprUpdateControl(0), ppr1(1), ppr2(2) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(delegate)]
pub struct PprIds(pub BitString);

impl PprIds {
    /// The rules with these bit numbers.
    pub fn of(bits: &[usize]) -> Self {
        Self(bit_string(bits))
    }

    /// PPR1: disabling this profile is not allowed.
    pub fn ppr1(&self) -> bool {
        has_bit(&self.0, 1)
    }

    /// PPR2: deleting this profile is not allowed.
    pub fn ppr2(&self) -> bool {
        has_bit(&self.0, 2)
    }

    /// Whether any rule is set.
    pub fn any(&self) -> bool {
        self.ppr1() || self.ppr2()
    }
}

/// What a notification reports (SGP.22 3.5).
///
/// ```asn1
/// NotificationEvent ::= BIT STRING {
///   notificationInstall(0), notificationEnable(1),
///   notificationDisable(2), notificationDelete(3) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(delegate)]
pub struct NotificationEvents(pub BitString);

/// One event of [`NotificationEvents`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotificationEvent {
    /// A profile was installed, or its installation failed.
    Install = 0,
    /// A profile was enabled.
    Enable = 1,
    /// A profile was disabled.
    Disable = 2,
    /// A profile was deleted.
    Delete = 3,
}

impl NotificationEvent {
    /// All events, in the order of their bits.
    pub const ALL: [Self; 4] = [Self::Install, Self::Enable, Self::Disable, Self::Delete];
}

impl NotificationEvents {
    /// A set with one event.
    pub fn one(event: NotificationEvent) -> Self {
        Self(bit_string(&[event as usize]))
    }

    /// A set of these events.
    pub fn of(events: &[NotificationEvent]) -> Self {
        let bits: Vec<_> = events.iter().map(|event| *event as usize).collect();
        Self(bit_string(&bits))
    }

    /// Whether `event` is in the set; trailing zero bits do not matter.
    pub fn has(&self, event: NotificationEvent) -> bool {
        has_bit(&self.0, event as usize)
    }

    /// The first event of the set.
    pub fn first(&self) -> Option<NotificationEvent> {
        NotificationEvent::ALL.into_iter().find(|event| self.has(*event))
    }
}

/// A BIT STRING with these bits set and no trailing zero bit (DER named bit list).
pub fn bit_string(bits: &[usize]) -> BitString {
    let length = bits.iter().max().map_or(0, |last| last + 1);
    let mut string = BitString::repeat(false, length);
    for bit in bits {
        string.set(*bit, true);
    }
    string
}

/// Whether bit `n` is set; bits beyond the end are not.
pub fn has_bit(bits: &BitString, n: usize) -> bool {
    bits.get(n).is_some_and(|bit| *bit)
}

/// Octets as upper-case hexadecimal with no separators.
pub fn hex_upper(octets: &[u8]) -> String {
    hex::encode_upper(octets)
}

/// Octets from base64 as people paste it: either alphabet, with line breaks, with or without the padding.
///
/// # Errors
/// [`crate::Error`] with the reason.
pub fn from_base64(text: &str) -> Result<Vec<u8>, crate::Error> {
    let usual = |c: char| match c {
        '-' => '+',
        '_' => '/',
        c => c,
    };
    let clean: String = text.chars().filter(|c| !c.is_whitespace()).map(usual).collect();
    let octets = STANDARD_NO_PAD.decode(clean.trim_end_matches('='));
    octets.map_err(|error| crate::Error::text(format!("not base64: {error}")))
}

/// Octets from hexadecimal; blanks, colons and line breaks are passed over.
///
/// # Errors
/// [`crate::Error`] with the reason, for odd lengths and other characters.
pub fn from_hex(text: &str) -> Result<Vec<u8>, crate::Error> {
    let octets = hex::decode(text).or_else(|_| {
        let clean: String = text.chars().filter(|c| !c.is_whitespace() && *c != ':').collect();
        hex::decode(clean)
    });
    octets.map_err(|error| crate::Error::text(format!("not hexadecimal: {error}")))
}
