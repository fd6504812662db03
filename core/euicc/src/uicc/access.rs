//! Access rules in expanded format (TS 102 221 9.2.4, ISO/IEC 7816-4 5.4.3.2): records of EF.ARR that name, for each
//! access mode, the PINs that open it.

use core::ops::Range;

use esim_rsp::tlv::{self, Tlv};

use super::Uicc;
use super::remote::AccessDomain;
use super::told::Rule;
use crate::apdu::Status;

const ACCESS: Rule = Rule::new("TS 102 221 9.2.4", "an access rule of the file allows the operation");

/// What a command wants to do with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Read,
    Update,
    Deactivate,
    Activate,
    Increase,
}

/// Tags of an access rule.
mod tag {
    /// Access mode byte.
    pub const MODE: u32 = 0x80;
    /// Access mode given as parts of a command header: low nibble bits CLA, INS, P1, P2.
    pub const HEADER: core::ops::RangeInclusive<u32> = 0x81..=0x8F;
    pub const ALWAYS: u32 = 0x90;
    pub const NEVER: u32 = 0x97;
    /// Control reference template: key reference `83`, usage qualifier `95`.
    pub const KEY: u32 = 0xA4;
    pub const ANY_OF: u32 = 0xA0;
    pub const NOT: u32 = 0xA7;
    pub const ALL_OF: u32 = 0xAF;
    pub const KEY_REFERENCE: u32 = 0x83;
}

impl Operation {
    /// Bit of the access mode byte for an EF (TS 102 221 table 9.1); for INCREASE only the instruction counts.
    fn mode_bit(self) -> u8 {
        match self {
            Operation::Read => 0x01,
            Operation::Update => 0x02,
            Operation::Deactivate => 0x08,
            Operation::Activate => 0x10,
            Operation::Increase => 0,
        }
    }

    /// Whether an access mode data object covers the operation.
    fn is_covered(self, mode: u32, value: &[u8]) -> bool {
        if mode == tag::MODE {
            return value.first().is_some_and(|bits| bits & 0x80 == 0 && bits & self.mode_bit() != 0);
        }
        // Only INCREASE is told by its instruction: `84 01 32`.
        self == Operation::Increase && mode == 0x84 && value == [0x32]
    }
}

impl Uicc {
    /// `6982` unless a rule of the file's EF.ARR record grants the operation. A file without a rule grants nothing.
    pub(super) fn check_access(&self, file: usize, operation: Operation) -> Result<(), Status> {
        let may_be = self.access_domain(file) != Some(AccessDomain::Nothing);
        let granted = self.fs.access_rule(file).is_some_and(|rule| self.grants(rule, file, operation));
        let rule = || self.fs.access_rule(file).unwrap_or_default();
        self.told.must(&ACCESS, rule, may_be && granted, Status::SECURITY_STATUS)
    }

    /// A record is a sequence of access modes, each followed by conditions of which one must hold.
    fn grants(&self, rule: &[u8], file: usize, operation: Operation) -> bool {
        let mut covered = false;
        for object in objects(rule, 0..rule.len()) {
            if object.tag == tag::MODE || tag::HEADER.contains(&object.tag) {
                covered = operation.is_covered(object.tag, &rule[object.value.clone()]);
            } else if covered && self.holds(rule, &object, file, 0) {
                return true;
            }
        }
        false
    }

    fn holds(&self, rule: &[u8], condition: &Tlv, file: usize, depth: u8) -> bool {
        // Records are 255 octets at most; nobody nests deeper than this.
        if depth > 8 {
            return false;
        }
        let mut parts = objects(rule, condition.value.clone());
        let holds = |part: Tlv| self.holds(rule, &part, file, depth + 1);
        match condition.tag {
            tag::ALWAYS => true,
            tag::ANY_OF => parts.any(holds),
            tag::ALL_OF => parts.all(holds),
            tag::NOT => !parts.any(holds),
            tag::KEY => self.is_key_presented(rule, condition, file),
            tag::NEVER => false,
            _ => false,
        }
    }

    fn is_key_presented(&self, rule: &[u8], condition: &Tlv, file: usize) -> bool {
        if let Some(domain) = self.access_domain(file) {
            return domain == AccessDomain::Full;
        }
        let reference = objects(rule, condition.value.clone()).find(|part| part.tag == tag::KEY_REFERENCE);
        let reference = reference.and_then(|part| rule[part.value].first().copied());
        let directory = if self.fs.is_directory(file) { file } else { self.fs.parent(file) };
        reference.is_some_and(|reference| self.is_pin_satisfied(reference, directory))
    }
}

/// Data objects up to the padding that ends a record.
fn objects(buffer: &[u8], range: Range<usize>) -> impl Iterator<Item = Tlv> + '_ {
    let mut at = range.start;
    core::iter::from_fn(move || {
        if at >= range.end || matches!(buffer.get(at), Some(0x00 | 0xFF)) {
            return None;
        }
        let object = tlv::read(buffer, at).ok().filter(|object| object.value.end <= range.end)?;
        at = object.value.end;
        Some(object)
    })
}
