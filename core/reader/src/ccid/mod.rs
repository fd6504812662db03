//! Chip/smart card interface devices (USB CCID, revision 1.1) as messages, without USB.
//!
//! [`Descriptor`] says what a reader can do, [`Message`] is what goes to and fro, [`Driver`] asks as a
//! [`Plug`](crate::Plug), and [`Device`] is a virtual reader. APDU levels and TPDUs of T=0 and T=1 are carried; a reader at
//! character level is refused.

mod assembler;
mod descriptor;
mod device;
mod driver;
mod error;
mod message;
mod t0;
mod t1;

pub use descriptor::{Descriptor, DescriptorError, Level};
pub use device::{Device, Quirks};
pub use driver::{Driver, Opened};
pub use error::Error;
pub use message::{Kind, MAX_MESSAGE, Message, SlotChange, SlotError, slot_changes};
pub use t1::BlockError;
