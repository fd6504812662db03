//! Guests: operators that nobody has entered anywhere. Their OID says until when they are, so that everything which is
//! theirs ends by itself.

use alloc::format;
use alloc::string::String;

/// The arc of guests' OIDs, which no configured operator may have: *guest* on the keys of a telephone.
pub const ARC: &str = "2.999.48378";

/// The OID of a guest that is until `ends_at`, seconds since 1970; 96 random bits keep guests apart. None from 2106 on.
pub fn oid(ends_at: u64, random: [u32; 3]) -> Option<String> {
    let ends_at = u32::try_from(ends_at).ok()?;
    let [a, b, c] = random;
    Some(format!("{ARC}.{ends_at}.{a}.{b}.{c}"))
}

/// Until when a guest is, seconds since 1970; none for an OID that is no guest's. Under the arc is nobody else: what
/// says no time there is over.
pub fn ends_at(oid: &str) -> Option<u64> {
    let rest = oid.strip_prefix(ARC)?;
    if rest.is_empty() {
        return Some(0);
    }
    let time = rest.strip_prefix('.')?.split('.').next().unwrap_or_default();
    Some(time.parse::<u32>().map_or(0, u64::from))
}

/// Whether an OID is a guest's.
pub fn is(oid: &str) -> bool {
    ends_at(oid).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_say_until_when_they_are() {
        let guest = oid(1_790_086_400, [1, 2, u32::MAX]).unwrap();
        assert_eq!(guest, "2.999.48378.1790086400.1.2.4294967295");
        assert_eq!((ends_at(&guest), is(&guest)), (Some(1_790_086_400), true));
        assert_eq!(oid(1 << 32, [0; 3]), None);
        for over in [ARC, "2.999.48378.", "2.999.48378.x.1", "2.999.48378.-1", "2.999.48378.4294967296"] {
            assert_eq!(ends_at(over), Some(0), "{over}");
        }
        for other in ["", "2.999", "2.999.483780", "2.999.4837", "12.999.48378.1"] {
            assert_eq!(ends_at(other), None, "{other}");
        }
    }
}
