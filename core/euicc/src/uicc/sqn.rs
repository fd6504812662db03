//! Freshness of sequence numbers (TS 33.102 annex C): SQN = SEQ · 32 + IND, and for each IND the highest SEQ accepted.

use esim_saip::image::Aka;

/// Bits of IND.
const IND_BITS: u32 = 5;

/// Accepts a sequence number or tells that it is not fresh (TS 33.102 C.2.2): its SEQ must be above the one last
/// accepted with its IND, at most delta above the highest one, and not older than the age limit. A limit of zero is
/// none.
pub(super) fn accept(aka: &mut Aka, sqn: u64) -> bool {
    let seq = sqn >> IND_BITS;
    let index = (sqn & ((1 << IND_BITS) - 1)) as usize;
    let highest = highest(aka) >> IND_BITS;
    let delta = number(&aka.sqn_delta);
    let age_limit = number(&aka.sqn_age_limit);
    let last = aka.sqn.get(index).map_or(0, number);
    let leaps = delta != 0 && seq > highest.saturating_add(delta);
    let is_old = age_limit != 0 && highest.saturating_sub(seq) >= age_limit;
    if seq <= last || leaps || is_old {
        return false;
    }
    if aka.sqn.len() <= index {
        aka.sqn.resize(1 << IND_BITS, [0; 6]);
    }
    aka.sqn[index] = octets(seq);
    true
}

/// SQN_MS: the highest sequence number accepted so far, its IND included.
pub(super) fn highest(aka: &Aka) -> u64 {
    let each = aka.sqn.iter().enumerate().map(|(index, seq)| number(seq) << IND_BITS | index as u64);
    each.max().unwrap_or(0)
}

/// Six octets as a number.
pub(super) fn number(octets: &[u8; 6]) -> u64 {
    octets.iter().fold(0, |number, octet| number << 8 | u64::from(*octet))
}

/// A number below 2^48 as six octets.
pub(super) fn octets(number: u64) -> [u8; 6] {
    let [_, _, six @ ..] = number.to_be_bytes();
    six
}
