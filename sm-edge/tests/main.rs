//! The SM's requests, from outside, on each of its hosts. One program for all of them: each that is linked takes its seconds, and its 80 MB.

mod behalf;
mod cases;
mod download;
mod events;
mod guests;
mod http;
mod import;
mod progress;
mod recording;
mod refusals;
mod remote;
mod shard;
mod tenants;
mod worker;
