//! The command as its users meet it. One program for all of them: each that is linked takes its seconds, and its 80 MB.

mod admittance;
mod batch;
mod bridge;
mod cards;
mod common;
mod discovery;
mod disk;
mod formats;
mod interactive;
mod json;
mod lpac;
mod lpac_alike;
mod lpac_modems;
mod lpac_stdio;
mod notifications;
mod pki_folder;
mod plugs;
mod profile;
mod profile_cases;
mod qr;
mod resume;
mod terminal;
mod tls;
mod worker;
mod worker_page;
