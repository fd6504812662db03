//! The card's logical channels: which are open, and what is selected on each (TS 102 221 11.1.17).

use crate::apdu::{Command, Status};
use crate::channel::Channel;
use alloc::vec::Vec;
use esim_rsp::check::{Checks, Rule};

/// Channels of an extended class byte (TS 102 221 10.1.1).
const CHANNELS: usize = 20;

const FREE: Rule = Rule::new("TS 102 221 11.1.17", "a logical channel is free");
const CLOSED: Rule = Rule::new("TS 102 221 11.1.17", "the logical channel to be opened is closed");
const OPEN: Rule = Rule::new("TS 102 221 11.1.17", "the logical channel to be closed is open");

/// The basic channel, which is always open, and the others.
#[derive(Clone)]
pub(crate) struct Channels([Option<Channel>; CHANNELS]);

/// MANAGE CHANNEL carried out.
pub(crate) struct Managed {
    pub data: Vec<u8>,
    pub status: Status,
    /// The channel that was closed, and with it what was selected there.
    pub closed: Option<u8>,
}

impl Default for Channels {
    /// After a reset: the basic channel alone.
    fn default() -> Self {
        let mut channels = [const { None }; CHANNELS];
        channels[0] = Some(Channel::default());
        Self(channels)
    }
}

impl Channels {
    /// # Errors
    /// 6881 for a channel that is not open.
    pub fn open(&mut self, number: u8) -> Result<&mut Channel, Status> {
        let channel = self.0.get_mut(usize::from(number));
        channel.and_then(Option::as_mut).ok_or(Status::LOGICAL_CHANNEL_NOT_SUPPORTED)
    }

    /// MANAGE CHANNEL, given on channel `number`.
    ///
    /// # Errors
    /// 6A81 if no channel is free or the wanted one is open, 6881 to close one that is not, 6A86 for other parameters.
    pub fn manage(
        &mut self,
        number: u8,
        command: &Command<'_>,
        checks: Checks<'_>,
    ) -> Result<Managed, Status> {
        let named = || [command.p2];
        match (command.p1, usize::from(command.p2)) {
            (0x00, 0) => {
                let free = self.0.iter().position(Option::is_none);
                let free = checks.that(&FREE, named, free).ok_or(Status::FUNCTION_NOT_SUPPORTED)?;
                self.0[free] = Some(Channel::default());
                let le = Some(command.le.unwrap_or(1));
                let (data, status) = self.open(number)?.answer(alloc::vec![free as u8], Status::OK, le);
                Ok(Managed { data, status, closed: None })
            }
            (0x00, wanted @ 1..CHANNELS) => {
                if !checks.that(&CLOSED, named, self.0[wanted].is_none()) {
                    return Err(Status::FUNCTION_NOT_SUPPORTED);
                }
                self.0[wanted] = Some(Channel::default());
                Ok(Managed { data: Vec::new(), status: Status::OK, closed: None })
            }
            (0x80, closed @ 1..CHANNELS) => {
                let taken = checks.that(&OPEN, named, self.0[closed].take());
                taken.ok_or(Status::LOGICAL_CHANNEL_NOT_SUPPORTED)?;
                Ok(Managed { data: Vec::new(), status: Status::OK, closed: Some(command.p2) })
            }
            _ => Err(Status::INCORRECT_P1_P2),
        }
    }

    /// Other files have come into use: all channels are as after a reset, but for the one that is kept.
    pub fn start_over(&mut self, kept: Option<u8>) {
        let kept =
            kept.and_then(|number| Some((usize::from(number), self.0.get_mut(usize::from(number))?.take())));
        *self = Self::default();
        if let Some((number, channel)) = kept {
            self.0[number] = channel;
        }
    }
}
