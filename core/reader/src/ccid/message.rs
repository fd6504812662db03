use alloc::vec::Vec;

/// Octets of the longest message: an extended response APDU and its header.
pub const MAX_MESSAGE: usize = HEADER + 65_538;
/// Octets of a header.
pub(super) const HEADER: usize = 10;

/// bMessageType (CCID 6.1, 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// PC_to_RDR_SetParameters.
    SetParameters = 0x61,
    /// PC_to_RDR_IccPowerOn.
    IccPowerOn = 0x62,
    /// PC_to_RDR_IccPowerOff.
    IccPowerOff = 0x63,
    /// PC_to_RDR_GetSlotStatus.
    GetSlotStatus = 0x65,
    /// PC_to_RDR_GetParameters.
    GetParameters = 0x6C,
    /// PC_to_RDR_XfrBlock.
    XfrBlock = 0x6F,
    /// RDR_to_PC_DataBlock.
    DataBlock = 0x80,
    /// RDR_to_PC_SlotStatus.
    SlotStatus = 0x81,
    /// RDR_to_PC_Parameters.
    Parameters = 0x82,
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::SetParameters,
        Self::IccPowerOn,
        Self::IccPowerOff,
        Self::GetSlotStatus,
        Self::GetParameters,
        Self::XfrBlock,
        Self::DataBlock,
        Self::SlotStatus,
        Self::Parameters,
    ];

    pub(super) fn of(octet: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == octet)
    }

    /// What a reader answers it with.
    pub(super) fn answer(self) -> Self {
        match self {
            Self::SetParameters | Self::GetParameters => Self::Parameters,
            Self::IccPowerOff | Self::GetSlotStatus => Self::SlotStatus,
            _ => Self::DataBlock,
        }
    }
}

/// A message in either direction: a header of ten octets, and data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// bMessageType.
    pub kind: Kind,
    /// bSlot.
    pub slot: u8,
    /// bSeq: the answer has that of its command.
    pub sequence: u8,
    /// The three octets whose meaning the type decides; of an answer bStatus, bError and one more.
    pub specific: [u8; 3],
    /// abData.
    pub data: Vec<u8>,
}

impl Message {
    /// Takes the first message from octets, with how many it has. None if it is not all there yet.
    ///
    /// # Errors
    /// Octets that begin no message, or one that is longer than any.
    pub(super) fn take(octets: &[u8]) -> Result<Option<(Self, usize)>, ()> {
        let Some(kind) = octets.first() else { return Ok(None) };
        let kind = Kind::of(*kind).ok_or(())?;
        let Some((header, rest)) = octets.split_first_chunk::<HEADER>() else { return Ok(None) };
        let [_, l0, l1, l2, l3, slot, sequence, a, b, c] = *header;
        let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).map_err(|_| ())?;
        if length > MAX_MESSAGE - HEADER {
            return Err(());
        }
        let Some(data) = rest.get(..length) else { return Ok(None) };
        let message = Self { kind, slot, sequence, specific: [a, b, c], data: data.to_vec() };
        Ok(Some((message, HEADER + length)))
    }

    /// As octets.
    pub fn to_octets(&self) -> Vec<u8> {
        let length = u32::try_from(self.data.len()).unwrap_or(u32::MAX).to_le_bytes();
        let header = [&[self.kind as u8], &length[..], &[self.slot, self.sequence], &self.specific].concat();
        [header, self.data.clone()].concat()
    }
}

/// bError of a command that has failed (CCID 6.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    /// CMD_ABORTED.
    #[error("the command was aborted (CMD_ABORTED)")]
    Aborted,
    /// ICC_MUTE.
    #[error("the card does not answer (ICC_MUTE): is it inserted the right way round?")]
    Mute,
    /// XFR_PARITY_ERROR.
    #[error("a parity error in what was exchanged with the card (XFR_PARITY_ERROR)")]
    Parity,
    /// XFR_OVERRUN.
    #[error("the card sends faster than the reader takes (XFR_OVERRUN)")]
    Overrun,
    /// HW_ERROR.
    #[error("the reader's hardware has failed (HW_ERROR)")]
    Hardware,
    /// BAD_ATR_TS.
    #[error("the answer to reset begins with no convention (BAD_ATR_TS)")]
    BadTs,
    /// BAD_ATR_TCK.
    #[error("the answer to reset has a wrong check octet (BAD_ATR_TCK)")]
    BadTck,
    /// ICC_PROTOCOL_NOT_SUPPORTED.
    #[error("the reader does not speak the card's protocol (ICC_PROTOCOL_NOT_SUPPORTED)")]
    Protocol,
    /// ICC_CLASS_NOT_SUPPORTED.
    #[error("the card wants another voltage (ICC_CLASS_NOT_SUPPORTED)")]
    Class,
    /// PROCEDURE_BYTE_CONFLICT.
    #[error("the card has sent a wrong procedure octet (PROCEDURE_BYTE_CONFLICT)")]
    Procedure,
    /// DEACTIVATED_PROTOCOL.
    #[error("the protocol is not active (DEACTIVATED_PROTOCOL)")]
    Deactivated,
    /// BUSY_WITH_AUTO_SEQUENCE.
    #[error("the reader is busy making the card ready (BUSY_WITH_AUTO_SEQUENCE)")]
    AutoSequence,
    /// CMD_SLOT_BUSY.
    #[error("the slot is busy with another command (CMD_SLOT_BUSY)")]
    SlotBusy,
    /// Nought.
    #[error("the reader does not know the command")]
    NotSupported,
    /// 1 to 127: the octet of the message that is not good.
    #[error("the reader refuses octet {0} of the command")]
    Parameter(u8),
    /// The maker's own, and reserved ones.
    #[error("the reader reports error {0:02X}, which CCID does not define")]
    Other(u8),
}

impl SlotError {
    /// By its number.
    pub fn of(error: u8) -> Self {
        match error {
            0xFF => Self::Aborted,
            0xFE => Self::Mute,
            0xFD => Self::Parity,
            0xFC => Self::Overrun,
            0xFB => Self::Hardware,
            0xF8 => Self::BadTs,
            0xF7 => Self::BadTck,
            0xF6 => Self::Protocol,
            0xF5 => Self::Class,
            0xF4 => Self::Procedure,
            0xF3 => Self::Deactivated,
            0xF2 => Self::AutoSequence,
            0xE0 => Self::SlotBusy,
            0x00 => Self::NotSupported,
            1..=127 => Self::Parameter(error),
            _ => Self::Other(error),
        }
    }

    /// Whether the command was not begun, so that it may be sent again.
    pub(super) fn is_busy(self) -> bool {
        matches!(self, Self::AutoSequence | Self::SlotBusy)
    }
}

/// What a RDR_to_PC_NotifySlotChange says of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotChange {
    /// There is a card in it.
    pub is_present: bool,
    /// Since the last one, a card was put in or taken out.
    pub has_changed: bool,
}

/// The slots of a RDR_to_PC_NotifySlotChange (CCID 6.3.1), as it comes over the interrupt pipe. None of any other octets.
pub fn slot_changes(octets: &[u8]) -> Option<Vec<SlotChange>> {
    let (0x50, states) = octets.split_first()? else { return None };
    let slots = states.iter().flat_map(|octet| (0..4).map(move |slot| (octet >> (2 * slot)) & 0x03));
    Some(slots.map(|bits| SlotChange { is_present: bits & 1 != 0, has_changed: bits & 2 != 0 }).collect())
}
