//! Identities of subscribers, networks and registrations (3GPP TS 23.003).

use alloc::string::String;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Text that is no identity: which one was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAnIdentity(&'static str);

/// International mobile subscriber identity: 6 to 15 digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "string"))]
pub struct Imsi {
    digits: u8,
    number: u64,
}

impl FromStr for Imsi {
    type Err = NotAnIdentity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (6..=15).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit());
        let number = text.parse().ok().filter(|_| fits);
        let number = number.ok_or(NotAnIdentity("an IMSI has 6 to 15 digits"))?;
        Ok(Self { digits: text.len() as u8, number })
    }
}

impl fmt::Display for Imsi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$}", self.number, width = usize::from(self.digits))
    }
}

impl Imsi {
    /// Whether the digits begin so.
    pub fn starts_with(&self, prefix: &str) -> bool {
        let Some(rest) = usize::from(self.digits).checked_sub(prefix.len()) else { return false };
        let head = self.number / 10u64.pow(rest as u32);
        prefix.parse() == Ok(head) && prefix.bytes().all(|digit| digit.is_ascii_digit())
    }

    /// The digits two to an octet, low nibble first, `F` behind an odd one (TS 29.274 8.3).
    pub fn tbcd(&self) -> alloc::vec::Vec<u8> {
        tbcd(&alloc::format!("{self}"))
    }
}

/// Digits two to an octet, low nibble first, `F` behind an odd one; what is no digit is left out.
pub fn tbcd(digits: &str) -> alloc::vec::Vec<u8> {
    let nibbles: alloc::vec::Vec<u8> =
        digits.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    nibbles.chunks(2).map(|pair| pair[0] | pair.get(1).unwrap_or(&0xF) << 4).collect()
}

/// The reverse of [`tbcd`].
pub fn from_tbcd(octets: &[u8]) -> String {
    let nibbles = octets.iter().flat_map(|octet| [octet & 0xF, octet >> 4]);
    nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 10)).collect()
}

/// A network: MCC of 3 digits and MNC of 2 or 3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "string"))]
pub struct Plmn {
    /// TS 24.008 10.5.1.3: MCC2 MCC1, MNC3 MCC3, MNC2 MNC1.
    octets: [u8; 3],
}

impl FromStr for Plmn {
    type Err = NotAnIdentity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = NotAnIdentity("a PLMN is an MCC of 3 and an MNC of 2 or 3 digits");
        if !text.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(error);
        }
        let digit = |at: usize| text.as_bytes().get(at).map_or(0xF, |digit| digit - b'0');
        match text.len() {
            5 | 6 => Ok(Self {
                octets: [digit(0) | digit(1) << 4, digit(2) | digit(5) << 4, digit(3) | digit(4) << 4],
            }),
            _ => Err(error),
        }
    }
}

impl fmt::Display for Plmn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c] = self.octets;
        write!(f, "{:X}{:X}{:X}{:X}{:X}", a & 0xF, a >> 4, b & 0xF, c & 0xF, c >> 4)?;
        if b >> 4 == 0xF { Ok(()) } else { write!(f, "{:X}", b >> 4) }
    }
}

impl Plmn {
    /// From three octets as in messages.
    pub fn from_octets(octets: [u8; 3]) -> Self {
        Self { octets }
    }

    /// Three octets as in messages (TS 24.008 10.5.1.3).
    pub fn octets(&self) -> [u8; 3] {
        self.octets
    }

    /// Whether the subscriber is at home here.
    pub fn is_home_of(&self, imsi: &Imsi) -> bool {
        imsi.starts_with(&alloc::format!("{self}"))
    }

    /// The serving network name of 5G (TS 24.501 9.12.1).
    pub fn serving_network_name(&self) -> String {
        let text = alloc::format!("{self}");
        let (mcc, mnc) = text.split_at(3);
        alloc::format!("5G:mnc{mnc:0>3}.mcc{mcc}.3gppnetwork.org")
    }
}

/// Globally unique temporary identity of a registration (TS 23.003 2.8); in a 3G network the
/// P-TMSI and the routing area take its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Guti {
    /// Where it was given.
    pub plmn: Plmn,
    /// Group of nodes.
    pub group: u16,
    /// Node in the group.
    pub node: u8,
    /// Temporary number.
    pub tmsi: u32,
}

impl Guti {
    /// The value of an EPS mobile identity (TS 24.301 9.9.3.12).
    pub fn octets(&self) -> alloc::vec::Vec<u8> {
        let mut value = alloc::vec![0xF6];
        value.extend(self.plmn.octets());
        value.extend(self.group.to_be_bytes());
        value.push(self.node);
        value.extend(self.tmsi.to_be_bytes());
        value
    }

    /// From the value of an EPS mobile identity.
    pub fn read(value: &[u8]) -> Option<Self> {
        let [0xF6, a, b, c, g1, g2, node, t1, t2, t3, t4] = *value else { return None };
        Some(Self {
            plmn: Plmn::from_octets([a, b, c]),
            group: u16::from_be_bytes([g1, g2]),
            node,
            tmsi: u32::from_be_bytes([t1, t2, t3, t4]),
        })
    }
}

/// The value of a mobile identity that is an IMSI (TS 24.008 10.5.1.4, TS 24.301 9.9.3.12).
pub fn imsi_identity(imsi: &Imsi) -> alloc::vec::Vec<u8> {
    let digits = alloc::format!("{imsi}");
    let odd = digits.len() % 2 == 1;
    let first = digits.as_bytes()[0] - b'0';
    let mut value = alloc::vec![first << 4 | u8::from(odd) << 3 | 1];
    value.extend(tbcd(&digits[1..]));
    value
}

/// The IMSI in a mobile identity, if it is one.
pub fn read_imsi_identity(value: &[u8]) -> Option<Imsi> {
    let (first, rest) = value.split_first()?;
    if first & 7 != 1 {
        return None;
    }
    let mut digits = String::new();
    digits.push(char::from_digit(u32::from(first >> 4), 10)?);
    digits.push_str(&from_tbcd(rest));
    digits.parse().ok()
}

macro_rules! as_text {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )*};
}
as_text!(Imsi, Plmn);

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn identities_go_to_octets_and_back() {
        let imsi: Imsi = "001010123456789".parse().unwrap();
        assert_eq!(imsi.to_string(), "001010123456789");
        assert_eq!(hex::encode(imsi_identity(&imsi)), "0910101032547698");
        assert_eq!(read_imsi_identity(&imsi_identity(&imsi)), Some(imsi));
        let even: Imsi = "00101012345678".parse().unwrap();
        assert_eq!(hex::encode(imsi_identity(&even)), "01101010325476f8");
        assert_eq!(read_imsi_identity(&imsi_identity(&even)), Some(even));
        assert!(
            imsi.starts_with("00101") && !imsi.starts_with("00102") && !even.starts_with("001010123456789")
        );
        for (text, octets) in [("00101", "00f110"), ("310260", "130062"), ("44010", "44f001")] {
            let plmn: Plmn = text.parse().unwrap();
            assert_eq!((hex::encode(plmn.octets()), plmn.to_string()), (octets.into(), text.into()));
        }
        assert!("0010".parse::<Plmn>().is_err() && "00101".parse::<Imsi>().is_err());
        let guti = Guti { plmn: "310260".parse().unwrap(), group: 1, node: 2, tmsi: 0xC000_0001 };
        assert_eq!(Guti::read(&guti.octets()), Some(guti));
        assert_eq!(guti.plmn.serving_network_name(), "5G:mnc260.mcc310.3gppnetwork.org");
    }
}
