//! Notifications that wait for the LPA: which give way where there are too many (SGP.22 3.5).
//!
//! The standard has them kept until they are delivered, and leaves it to the eUICC how many that are. Room is shared
//! out so that no operator's profile pushes out what another's has to report: an installed profile has room of its
//! own, those that are gone share some and the one with most of it gives way first, and downloads that failed, whose
//! ICCID is what their server says it is, have theirs.

use crate::state::{State, StoredNotification};
use alloc::vec::Vec;
use esim_rsp::Iccid;
use esim_rsp::notification::NotificationMetadata;

/// Notifications of each installed profile.
pub(crate) const OF_A_PROFILE: usize = 32;
/// Notifications of all profiles that were deleted.
const OF_THE_GONE: usize = 64;
/// Results of downloads that failed.
const OF_FAILURES: usize = 16;

/// Those that share room.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Crowd {
    Installed(Iccid),
    Gone,
    Failures,
}

impl Crowd {
    fn room(self) -> usize {
        match self {
            Self::Installed(_) => OF_A_PROFILE,
            Self::Gone => OF_THE_GONE,
            Self::Failures => OF_FAILURES,
        }
    }
}

/// A notification as far as it counts here.
#[derive(Clone, Copy)]
struct Waiting {
    sequence_number: u32,
    crowd: Crowd,
    iccid: Option<Iccid>,
}

/// Sequence numbers of the notifications that give way.
pub(crate) fn surplus(state: &State) -> Vec<u32> {
    let least = OF_A_PROFILE.min(OF_FAILURES);
    if state.notifications.len() <= least {
        return Vec::new();
    }
    let installed: Vec<Iccid> = state.profiles.iter().filter_map(|profile| profile.iccid()).collect();
    let mut waiting: Vec<Waiting> =
        state.notifications.iter().map(|stored| classify(stored, state, &installed)).collect();
    let own = installed.into_iter().map(Crowd::Installed);
    let mut surplus = Vec::new();
    for crowd in own.chain([Crowd::Gone, Crowd::Failures]) {
        while let Some(at) = first_to_go(&waiting, crowd) {
            surplus.push(waiting.remove(at).sequence_number);
        }
    }
    surplus
}

fn classify(stored: &StoredNotification, state: &State, installed: &[Iccid]) -> Waiting {
    let iccid = esim_rsp::decode::<NotificationMetadata>(&stored.metadata).ok().and_then(|it| it.iccid);
    let sequence_number = stored.sequence_number;
    let crowd = match iccid {
        _ if state.failed.contains(&sequence_number) => Crowd::Failures,
        Some(iccid) if installed.contains(&iccid) => Crowd::Installed(iccid),
        _ => Crowd::Gone,
    };
    Waiting { sequence_number, crowd, iccid: iccid.filter(|_| crowd != Crowd::Failures) }
}

/// Index of the notification that goes first, if a crowd has more than it has room for: the oldest of the profile that
/// has most.
fn first_to_go(waiting: &[Waiting], crowd: Crowd) -> Option<usize> {
    let members = || waiting.iter().enumerate().filter(|(_, it)| it.crowd == crowd);
    if members().count() <= crowd.room() {
        return None;
    }
    let share = |iccid| members().filter(|(_, it)| it.iccid == iccid).count();
    // The first of those that are equal: the oldest.
    let most = members().map(|(_, it)| share(it.iccid)).max()?;
    members().find(|(_, it)| share(it.iccid) == most).map(|(at, _)| at)
}
