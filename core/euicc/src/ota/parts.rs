//! Packets that come in several short messages (3GPP TS 23.040 9.2.3.24.1). A reset forgets what came so far.

use alloc::vec::Vec;
use esim_rsp::sms::UserData;

/// The parts of one packet so far; another packet's part drops them.
#[derive(Clone, Default)]
pub(crate) struct Parts {
    reference: u16,
    is_command: bool,
    pieces: Vec<Option<Vec<u8>>>,
}

impl Parts {
    /// The command packet, if these user data complete one.
    pub fn take(&mut self, user_data: UserData) -> Option<Vec<u8>> {
        let Some(part) = user_data.part() else {
            return user_data.begins_command().then_some(user_data.data);
        };
        if (self.reference, self.pieces.len()) != (part.reference, usize::from(part.total)) {
            let pieces = alloc::vec![None; usize::from(part.total)];
            *self = Self { reference: part.reference, is_command: false, pieces };
        }
        let place = self.pieces.get_mut(usize::from(part.number).checked_sub(1)?)?;
        self.is_command |= user_data.begins_command();
        *place = Some(user_data.data);
        if self.pieces.iter().any(Option::is_none) {
            return None;
        }
        let whole = core::mem::take(self);
        whole.is_command.then(|| whole.pieces.into_iter().flatten().flatten().collect())
    }
}
