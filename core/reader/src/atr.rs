//! The answer to reset (ISO/IEC 7816-3 clause 8; TS 102 221 6.3).

use alloc::vec::Vec;

/// Octets of the longest answer to reset: TS and 32 more.
pub const MAX_ATR: usize = 33;

/// An answer to reset, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atr {
    /// Whether logic levels are inverse (TS is 3F).
    pub is_inverse: bool,
    /// Interface octets TAi, TBi, TCi and TDi, for i from 1 on.
    pub interface: Vec<Interface>,
    /// Historical octets, at most 15.
    pub historical: Vec<u8>,
}

/// The interface octets of one group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// TAi.
    pub ta: Option<u8>,
    /// TBi.
    pub tb: Option<u8>,
    /// TCi.
    pub tc: Option<u8>,
    /// TDi: which octets the next group has, and its protocol in the lower nibble.
    pub td: Option<u8>,
}

/// What is wrong with an answer to reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AtrError {
    /// The first octet is neither convention.
    #[error("an answer to reset begins with 3B or 3F, not with {0:02X}")]
    Convention(u8),
    /// It ends before all that it announces has come.
    #[error("the answer to reset ends before its {0}")]
    Short(&'static str),
    /// Something follows it.
    #[error("{0} octets follow the answer to reset")]
    Long(usize),
    /// TCK does not make the exclusive or of all octets from T0 on zero.
    #[error("the check octet of the answer to reset is {came:02X}, and should be {computed:02X}")]
    Check {
        /// TCK.
        came: u8,
        /// What it should be.
        computed: u8,
    },
}

impl Atr {
    /// Takes one apart.
    ///
    /// # Errors
    /// [`AtrError`].
    pub fn parse(octets: &[u8]) -> Result<Self, AtrError> {
        if let Some(more @ 1..) = octets.len().checked_sub(MAX_ATR) {
            return Err(AtrError::Long(more));
        }
        let mut rest = octets.iter().copied();
        let ts = rest.next().ok_or(AtrError::Short("first octet"))?;
        if !matches!(ts, 0x3B | 0x3F) {
            return Err(AtrError::Convention(ts));
        }
        let t0 = rest.next().ok_or(AtrError::Short("format octet T0"))?;
        let mut interface = Vec::new();
        let mut announced = Some(t0);
        while let Some(y) = announced {
            let mut next = |bit: u8| match y & bit {
                0 => Ok(None),
                _ => rest.next().map(Some).ok_or(AtrError::Short("interface octets")),
            };
            let group = Interface { ta: next(0x10)?, tb: next(0x20)?, tc: next(0x40)?, td: next(0x80)? };
            announced = group.td;
            if group != Interface::default() {
                interface.push(group);
            }
        }
        let historical: Vec<u8> = rest.by_ref().take(usize::from(t0 & 0x0F)).collect();
        if historical.len() < usize::from(t0 & 0x0F) {
            return Err(AtrError::Short("historical octets"));
        }
        let atr = Self { is_inverse: ts == 0x3F, interface, historical };
        if atr.has_check() {
            let came = rest.next().ok_or(AtrError::Short("check octet TCK"))?;
            let computed =
                octets.iter().skip(1).take(octets.len() - rest.len() - 2).fold(0, |sum, it| sum ^ it);
            if came != computed {
                return Err(AtrError::Check { came, computed });
            }
        }
        match rest.len() {
            0 => Ok(atr),
            more => Err(AtrError::Long(more)),
        }
    }

    /// Protocols that the card offers, in its order; T=0 where it names none.
    pub fn protocols(&self) -> Vec<u8> {
        let mut named: Vec<u8> = Vec::new();
        for protocol in self.interface.iter().filter_map(|group| group.td).map(|td| td & 0x0F) {
            // T=15 names no protocol, but octets that hold for all (ISO/IEC 7816-3 8.2.3).
            if protocol != 15 && !named.contains(&protocol) {
                named.push(protocol);
            }
        }
        if named.is_empty() {
            named.push(0);
        }
        named
    }

    /// The protocol that is spoken where nobody chooses: the one of the specific mode, else the first one offered.
    pub fn first_protocol(&self) -> u8 {
        let specific = self.group(1).and_then(|group| group.ta).map(|ta2| ta2 & 0x0F);
        specific.or_else(|| self.protocols().first().copied()).unwrap_or(0)
    }

    /// Fi and Di, as TA1 codes them, that hold without negotiation: TA1 in the specific mode, else 11.
    pub fn default_rate(&self) -> u8 {
        // Bit 5 of TA2: implicit values, which only the card knows.
        let is_specific = self.group(1).and_then(|group| group.ta).is_some_and(|ta2| ta2 & 0x10 == 0);
        self.group(0).and_then(|group| group.ta).filter(|_| is_specific).unwrap_or(0x11)
    }

    /// TC1, extra guard time.
    pub fn guard_time(&self) -> u8 {
        self.group(0).and_then(|group| group.tc).unwrap_or(0)
    }

    /// TC2, the waiting time integer of T=0.
    pub fn waiting_integer(&self) -> u8 {
        self.group(1).and_then(|group| group.tc).unwrap_or(10)
    }

    /// The first group that is for T=1 (ISO/IEC 7816-3 11.4): IFSC in TA, block and character waiting integers in TB, in TC
    /// whether blocks end with a CRC.
    pub fn t1(&self) -> Interface {
        let groups = self.interface.iter().zip(self.interface.iter().skip(1)).skip(1);
        groups
            .filter(|(before, _)| before.td.is_some_and(|td| td & 0x0F == 1))
            .map(|(_, group)| *group)
            .next()
            .unwrap_or_default()
    }

    /// TCK is there unless T=0 alone is offered.
    fn has_check(&self) -> bool {
        self.interface.iter().filter_map(|group| group.td).any(|td| td & 0x0F != 0)
    }

    fn group(&self, at: usize) -> Option<Interface> {
        self.interface.get(at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    fn parse(text: &str) -> Result<Atr, AtrError> {
        Atr::parse(&hex::decode(text.replace(' ', "")).unwrap())
    }

    /// As LudovicRousseau/CCID issue 27 takes it apart.
    #[test]
    fn an_answer_to_reset_that_another_program_has_taken_apart() {
        let atr = parse("3B F2 18 00 02 C1 0A 31 FE 58 C8 08 74").unwrap();
        let groups = [
            Interface { ta: Some(0x18), tb: Some(0x00), tc: Some(0x02), td: Some(0xC1) },
            Interface { ta: None, tb: None, tc: Some(0x0A), td: Some(0x31) },
            Interface { ta: Some(0xFE), tb: Some(0x58), tc: None, td: None },
        ];
        assert_eq!(atr.interface, groups);
        assert_eq!((atr.is_inverse, atr.historical.as_slice()), (false, [0xC8, 0x08].as_slice()));
        assert_eq!((atr.protocols(), atr.first_protocol()), (vec![1], 1));
        assert_eq!((atr.guard_time(), atr.waiting_integer(), atr.default_rate()), (2, 10, 0x11));
        assert_eq!(atr.t1(), groups[2]);
    }

    #[test]
    fn each_way_to_be_wrong_has_its_words() {
        let cases = [
            ("", AtrError::Short("first octet")),
            ("3B", AtrError::Short("format octet T0")),
            ("00 00", AtrError::Convention(0x00)),
            ("3B 10", AtrError::Short("interface octets")),
            ("3B 02 01", AtrError::Short("historical octets")),
            ("3B 80 01", AtrError::Short("check octet TCK")),
            ("3B 80 01 80", AtrError::Check { came: 0x80, computed: 0x81 }),
            ("3B 80 01 81 00 00", AtrError::Long(2)),
        ];
        for (octets, error) in cases {
            assert_eq!(parse(octets), Err(error), "{octets}");
        }
        assert!(parse("3B 80 01 81").is_ok());
        assert!(parse("3F 00").unwrap().is_inverse);
    }
}
