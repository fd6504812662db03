/// bDescriptorType of an interface (USB 2.0, table 9-5).
const INTERFACE: u8 = 4;

/// What a reader says of itself: the functional descriptor behind its interface descriptor (CCID 5.1, 54 octets).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// bcdCCID, `0x0110` for revision 1.1.
    pub release: u16,
    /// bMaxSlotIndex: slots less one.
    pub last_slot: u8,
    /// bVoltageSupport: 1 for 5 V, 2 for 3 V, 4 for 1.8 V.
    pub voltages: u8,
    /// dwProtocols: 1 for T=0, 2 for T=1.
    pub protocols: u32,
    /// dwMaxIFSD, for T=1.
    pub ifsd: u32,
    /// dwFeatures.
    pub features: u32,
    /// dwMaxCCIDMessageLength: octets of the longest message, its header of ten included.
    pub message_length: u32,
}

/// What is exchanged with a card (CCID 5.1, dwFeatures).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Single characters. Not carried here.
    Character,
    /// TPDUs: whoever drives the reader speaks T=0 or T=1.
    Tpdu,
    /// APDUs of at most 261 octets.
    ShortApdu,
    /// APDUs of any length, over several messages if need be.
    ExtendedApdu,
}

/// What is wrong with a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorError {
    /// Fewer octets than it has.
    #[error("a CCID class descriptor has 54 octets, not {0}")]
    Short(usize),
    /// Another one: its length or its type is not 36 21.
    #[error("no CCID class descriptor: it begins with {length:02X} {kind:02X}, not with 36 21")]
    Kind {
        /// bLength.
        length: u8,
        /// bDescriptorType.
        kind: u8,
    },
}

impl Descriptor {
    /// Octets of one.
    pub const LENGTH: usize = 54;
    /// dwFeatures: parameters follow the ATR by themselves.
    pub const AUTO_PARAMETERS: u32 = 0x0000_0002;
    /// dwFeatures: the reader finds the voltage.
    pub const AUTO_VOLTAGE: u32 = 0x0000_0008;
    /// dwFeatures: the reader negotiates parameters, or does PPS.
    pub const AUTO_NEGOTIATION: u32 = 0x0000_00C0;
    const LEVELS: u32 = 0x0007_0000;

    /// Reads one; a type of `0x21` or, as some readers have it, `0xFF`.
    ///
    /// # Errors
    /// [`DescriptorError`].
    pub fn parse(octets: &[u8]) -> Result<Self, DescriptorError> {
        let octets: &[u8; Self::LENGTH] = octets
            .get(..Self::LENGTH)
            .and_then(|octets| octets.try_into().ok())
            .ok_or(DescriptorError::Short(octets.len()))?;
        let [length, kind, release_low, release_high, last_slot, voltages, ..] = *octets;
        if usize::from(length) != Self::LENGTH || !matches!(kind, 0x21 | 0xFF) {
            return Err(DescriptorError::Kind { length, kind });
        }
        let double = |at: usize| {
            let octets = octets.get(at..).and_then(|rest| rest.first_chunk());
            octets.copied().map(u32::from_le_bytes).unwrap_or_default()
        };
        Ok(Self {
            release: u16::from_le_bytes([release_low, release_high]),
            last_slot,
            voltages,
            protocols: double(6),
            ifsd: double(28),
            features: double(40),
            message_length: double(44),
        })
    }

    /// That of an interface, out of a whole configuration descriptor (USB 2.0 9.6.3): interface, class and endpoint
    /// descriptors in a row. None if the interface is not there, or is no reader's.
    pub fn find(configuration: &[u8], interface: u8) -> Option<Self> {
        let (mut rest, mut is_inside) = (configuration, false);
        while let [length, kind, ..] = *rest {
            // Nothing can be said of what follows one that is no descriptor.
            let one = rest.get(..usize::from(length)).filter(|one| one.len() >= 2)?;
            match (kind, one) {
                (INTERFACE, [_, _, number, ..]) => is_inside = *number == interface,
                _ if is_inside => {
                    if let Ok(found) = Self::parse(one) {
                        return Some(found);
                    }
                }
                _ => {}
            }
            rest = rest.get(usize::from(length)..)?;
        }
        None
    }

    /// Writes one, with what it does not keep at zero.
    pub fn to_octets(&self) -> [u8; Self::LENGTH] {
        let mut octets = [0; Self::LENGTH];
        let mut put = |at: usize, value: &[u8]| {
            octets.iter_mut().skip(at).zip(value).for_each(|(octet, value)| *octet = *value);
        };
        put(0, &[Self::LENGTH as u8, 0x21]);
        put(2, &self.release.to_le_bytes());
        put(4, &[self.last_slot, self.voltages]);
        put(6, &self.protocols.to_le_bytes());
        put(28, &self.ifsd.to_le_bytes());
        put(40, &self.features.to_le_bytes());
        put(44, &self.message_length.to_le_bytes());
        octets
    }

    /// What the reader exchanges.
    pub fn level(&self) -> Level {
        match self.features & Self::LEVELS {
            0x0001_0000 => Level::Tpdu,
            0x0002_0000 => Level::ShortApdu,
            0x0004_0000 => Level::ExtendedApdu,
            _ => Level::Character,
        }
    }

    /// Whether it has one of these features.
    pub fn has(&self, features: u32) -> bool {
        self.features & features != 0
    }

    /// Whether it speaks a protocol.
    pub fn speaks(&self, protocol: u8) -> bool {
        1u32.checked_shl(protocol.into()).is_some_and(|bit| self.protocols & bit != 0)
    }
}
