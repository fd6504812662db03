//! What stands behind a virtual modem or a virtual reader.

use alloc::vec::Vec;

/// A card that answers command APDUs (ISO/IEC 7816-3, 7816-4).
pub trait Card {
    /// Takes a command APDU; the response APDU, which ends with a status word of two octets.
    fn transmit(&mut self, apdu: &[u8]) -> Vec<u8>;

    /// Gives the card power anew: its answer to reset (ISO/IEC 7816-3 clause 8). By default direct convention and T=0,
    /// with no historical bytes.
    fn reset(&mut self) -> Vec<u8> {
        Vec::from([0x3B, 0x00])
    }
}

impl<T: Card + ?Sized> Card for &mut T {
    fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        (**self).transmit(apdu)
    }

    fn reset(&mut self) -> Vec<u8> {
        (**self).reset()
    }
}
