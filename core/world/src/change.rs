//! A message with something changed, encoded back: by the code of the links.

use crate::link::{Edit, edited};
use crate::words::Words;
use esim_rsp::trace::Record;

/// The octets of a message with an edit made; of any message, without a world.
///
/// # Errors
/// Why it cannot be made; nobody but a world can sign ([`World::change`](crate::World::change)).
pub fn change(record: &Record, edit: &Edit) -> Result<Vec<u8>, Words> {
    match edit.sign {
        None => edited(record, edit),
        Some(_) => Err(Words::new(
            "nobody but a world has keys to sign with",
            "署名に使う鍵は、動いている環境だけが持っています",
        )),
    }
}
