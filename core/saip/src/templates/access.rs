//! Access rules that the rule column of the templates counts in (annex A, access rules definition).

/// One access mode with its condition.
macro_rules! rule {
    ($mode:literal) => {
        &[0x80, 0x01, $mode, 0x90, 0x00]
    };
    ($mode:literal, NEVER) => {
        &[0x80, 0x01, $mode, 0x97, 0x00]
    };
    ($mode:literal, PIN1) => {
        &[0x80, 0x01, $mode, 0xA4, 0x06, 0x83, 0x01, 0x01, 0x95, 0x01, 0x08]
    };
    ($mode:literal, PIN2) => {
        &[0x80, 0x01, $mode, 0xA4, 0x06, 0x83, 0x01, 0x81, 0x95, 0x01, 0x08]
    };
    ($mode:literal, ADM1) => {
        &[0x80, 0x01, $mode, 0xA4, 0x06, 0x83, 0x01, 0x0A, 0x95, 0x01, 0x08]
    };
}

/// Rule 1 first. Each is one record of EF.ARR, a sequence of access modes and conditions (TS 102 221 9.2.1):
/// `80 01 AM`, then `90 00` always, `97 00` never, or `A4` with the key reference that opens it.
#[rustfmt::skip]
pub static ACCESS_RULES: [&[&[u8]]; 14] = [
    &[rule!(0x01), rule!(0x02, PIN1), rule!(0x58, ADM1)],
    &[rule!(0x01, PIN1), rule!(0x5A, ADM1)],
    &[rule!(0x5B, ADM1)],
    &[rule!(0x01), rule!(0x1A, NEVER), rule!(0x40, ADM1)],
    &[rule!(0x03, PIN1), rule!(0x58, ADM1)],
    &[rule!(0x11, PIN1), rule!(0x4A, ADM1)],
    &[rule!(0x03, PIN1), rule!(0x58, ADM1), &[0x84, 0x01, 0x32, 0xA4, 0x06, 0x83, 0x01, 0x01, 0x95, 0x01, 0x08]],
    &[rule!(0x01, PIN1), rule!(0x02, PIN2), rule!(0x58, ADM1)],
    &[rule!(0x01), rule!(0x1A, PIN1), rule!(0x40, ADM1)],
    &[rule!(0x01), rule!(0x5A, ADM1)],
    &[rule!(0x01), rule!(0x18, ADM1), rule!(0x42, NEVER)],
    &[rule!(0x01, PIN1), rule!(0x5A, NEVER)],
    &[rule!(0x13, PIN1), rule!(0x48, ADM1)],
    &[rule!(0x5E, ADM1)],
];

/// Content of the record for rule `number`, 1..=14.
pub fn access_rule(number: u8) -> Option<alloc::vec::Vec<u8>> {
    let parts = ACCESS_RULES.get(usize::from(number).checked_sub(1)?)?;
    Some(parts.concat())
}

#[cfg(test)]
mod tests {
    #[test]
    fn rule_1_reads_always() {
        let expected = hex::decode("8001019000800102A406830101950108800158A40683010A950108").unwrap();
        assert_eq!(super::access_rule(1).unwrap(), expected);
        assert_eq!((super::access_rule(0), super::access_rule(15)), (None, None));
    }
}
