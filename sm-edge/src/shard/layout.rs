//! Which shares of the orders there are.

use crate::Fault;
use esim_smdp::Place;
use std::collections::BTreeSet;
use std::str::FromStr;

/// Bits of a place that tell the first shares apart.
const FIRST_BITS: usize = 8;
/// What names of objects with orders begin with.
pub(super) const ORDERS: &str = "orders:";

/// The shares of the orders: 256 at first, by the first bits of a place; one that has split is two from then on, by one bit
/// more. Whoever knows an earlier layout is told so by the share that has split.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Names of those that have split.
    split: BTreeSet<String>,
}

impl Layout {
    /// Name of the share that has the orders of a place.
    pub fn share_of(&self, place: Place) -> String {
        let mut share = format!("{ORDERS}{}", &bits(place)[..FIRST_BITS]);
        while self.split.contains(&share) {
            match halves(&share).into_iter().flatten().find(|half| holds(half, place)) {
                Some(half) => share = half,
                None => break,
            }
        }
        share
    }

    /// Takes note of a share that has split.
    pub fn learn(&mut self, share: &str) {
        if halves(share).is_some() {
            self.split.insert(share.into());
        }
    }

    /// Takes note of a share that there is: those that it was a part of have split.
    pub fn is_there(&mut self, share: &str) {
        let bits = share.strip_prefix(ORDERS).unwrap_or_default();
        for part in (FIRST_BITS..bits.len()).filter_map(|length| bits.get(..length)) {
            self.learn(&format!("{ORDERS}{part}"));
        }
    }

    /// Whether it has this share: what it was a part of has split, and it has not.
    pub fn has(&self, share: &str) -> bool {
        let bits = share.strip_prefix(ORDERS).unwrap_or_default();
        let parts = FIRST_BITS..bits.len();
        let is_part =
            |length| bits.get(..length).is_some_and(|part| self.split.contains(&format!("{ORDERS}{part}")));
        bits.len() >= FIRST_BITS && !self.split.contains(share) && parts.into_iter().all(is_part)
    }

    /// Names of those that have split.
    pub fn split(&self) -> impl Iterator<Item = &str> {
        self.split.iter().map(String::as_str)
    }
}

/// Names of the two that a share becomes. None of one that has all the bits of a place, and of what is no share.
pub fn halves(share: &str) -> Option<[String; 2]> {
    let bits = share.strip_prefix(ORDERS)?;
    let is_share = bits.bytes().all(|bit| matches!(bit, b'0' | b'1'));
    let can_split = (FIRST_BITS..Place::BITS as usize).contains(&bits.len());
    (is_share && can_split).then(|| ["0", "1"].map(|bit| format!("{share}{bit}")))
}

/// Whether a share is that of a place, or of more.
pub(super) fn holds(share: &str, place: Place) -> bool {
    share.strip_prefix(ORDERS).is_some_and(|of| bits(place).starts_with(of))
}

fn bits(place: Place) -> String {
    format!("{:0width$b}", place.bits(), width = Place::BITS as usize)
}

/// When a share splits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// Its storage has more octets than this.
    pub octets: u64,
    /// It executes more functions within a minute.
    pub per_minute: u32,
}

impl Growth {
    /// Orders that a share has at least when it splits by itself: of fewer, it is single ones that are asked for, or large.
    pub const FEW: u64 = 64;
}

impl Default for Growth {
    /// A tenth of what an object may hold, and some half of what one can do.
    fn default() -> Self {
        Self { octets: 1 << 30, per_minute: 6000 }
    }
}

impl FromStr for Growth {
    type Err = Fault;

    /// Megabytes and functions a minute, `1024 MB, 6000 a minute`.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let read = || {
            let (size, pace) = text.split_once(',')?;
            let megabytes: u64 = size.trim().strip_suffix("MB")?.trim().parse().ok()?;
            let per_minute: u32 = pace.trim().strip_suffix("a minute")?.trim().parse().ok()?;
            let octets = megabytes.checked_mul(1 << 20).filter(|octets| *octets > 0)?;
            (per_minute > 0).then_some(Self { octets, per_minute })
        };
        read().ok_or_else(|| Fault::new("no measure such as \"1024 MB, 6000 a minute\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_that_has_split_is_two() {
        let mut layout = Layout::default();
        let place = Place::of_digits("1");
        let first = layout.share_of(place);
        assert_eq!(first, "orders:01101011");
        layout.learn(&first);
        let second = layout.share_of(place);
        assert_eq!(second, "orders:011010111");
        layout.learn("orders:");
        layout.learn("index:1");
        layout.is_there("orders:111");
        layout.is_there("limit:key-of-somebody");
        layout.learn(&second);
        assert_eq!((layout.share_of(place).len(), layout.split().count()), (17, 2));
        let has = |share: &str| layout.has(share);
        assert!(has("orders:11111111") && has("orders:011010110") && has("orders:0110101110"));
        assert!(
            !has(&first)
                && !has(&second)
                && !has("orders:0111111")
                && !has("orders:111111110")
                && !has("index:1")
        );
        for _ in 0..20 {
            let share = layout.share_of(place);
            layout.learn(&share);
        }
        assert_eq!(layout.share_of(place), format!("{ORDERS}{}", bits(place)));
    }

    #[test]
    fn measures_are_read() {
        let read = |text: &str| text.parse::<Growth>().ok().map(|it| (it.octets, it.per_minute));
        assert_eq!(read("1024 MB, 6000 a minute"), Some((1 << 30, 6000)));
        for wrong in [
            "",
            "1 GB, 2 a minute",
            "0 MB, 1 a minute",
            "1 MB, 0 a minute",
            "1 MB",
            "99999999999999999999 MB, 1 a minute",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
