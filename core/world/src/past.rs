//! What a snapshot holds.

use crate::Act;
use crate::checked::Known;
use crate::device::Clock;
use crate::handset::Handset;
use crate::kept::Kept;
use crate::link::Links;
use crate::operator::{Ordered, Wish};
use esim_lpa::{Download, Session};
use esim_net::{Cell, Network};
use esim_rsp::trace::Record;
use rand_chacha::ChaCha20Rng;
use std::sync::Arc;

/// A world as it was. What has not changed since the snapshot before is shared with it: a thousand of them take some
/// 20 MB.
pub struct Snapshot<N, T> {
    pub(crate) handsets: Vec<Handset<N>>,
    pub(crate) current: usize,
    pub(crate) transport: T,
    pub(crate) trace: (Kept<Record>, Kept<Known>),
    pub(crate) links: Links,
    pub(crate) stopped: Option<Arc<Stopped<N, T>>>,
    pub(crate) clock: Clock,
    pub(crate) ordered: u64,
    pub(crate) download: Option<Session<Download>>,
    pub(crate) orders: Kept<(Ordered, Wish)>,
    /// But for the last one, which may still grow: steps in a row are one act.
    pub(crate) acts: Kept<Act>,
    pub(crate) last_act: Option<Act>,
    pub(crate) network: Network,
    pub(crate) network_rng: ChaCha20Rng,
    pub(crate) cells: Vec<Cell>,
}

/// An act at a break point: as it was before, and what was to be done.
pub(crate) struct Stopped<N, T> {
    pub before: Snapshot<N, T>,
    pub act: Act,
}
