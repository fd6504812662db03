//! The LPA against peers that we play. One program for all of them: each that is linked takes its seconds, and its 80 MB.

mod apdu;
mod discover;
mod download;
mod driver;
mod hostile;
mod kept;
mod manage;
mod notify;
mod peers;
mod recording;
mod spelling;
mod told;
