//! Messages out of whatever pieces a bulk pipe brings.

use super::message::{MAX_MESSAGE, Message};
use alloc::vec::Vec;

/// Gathers octets until messages are whole. It keeps no more than one message's worth.
#[derive(Clone, Debug, Default)]
pub(super) struct Assembler {
    octets: Vec<u8>,
}

impl Assembler {
    /// Takes octets, and gives the first message that is whole. What begins no message is let go: some readers send zeros
    /// after a message, as many as they have asked for.
    pub(super) fn take(&mut self, octets: &[u8]) -> Option<Message> {
        let room = MAX_MESSAGE.saturating_sub(self.octets.len());
        self.octets.extend(octets.iter().take(room));
        match Message::take(&self.octets) {
            Ok(Some((message, length))) => {
                self.octets.drain(..length);
                Some(message)
            }
            Ok(None) => None,
            Err(()) => {
                self.clear();
                None
            }
        }
    }

    /// The same octets under the next name: nothing of before counts.
    pub(super) fn clear(&mut self) {
        self.octets.clear();
    }
}
