//! Management functions (SGP.22 3.2, 3.3), each on a channel of its own.

use super::{Failure, Link, Port, Ran, Refresh};
use crate::apdu::CardOptions;
use crate::code::Code;
use crate::manage::{
    ChipInfo, Command, Delete, Disable, Enable, GetAddresses, GetEid, GetInfo2, GetRat, ListNotifications,
    ListProfiles, ManageError, MemoryReset, SetNickname,
};
use crate::notify::Notification;
use crate::profile::{Profile, ProfileRef};
use alloc::string::ToString;
use alloc::vec::Vec;
use esim_rsp::Iccid;
use esim_rsp::es10c::EnableResult;

/// Runs one command on a channel of its own.
///
/// # Errors
/// [`Failure`].
pub async fn run<P: Port, C: Command>(
    port: &mut P,
    options: &CardOptions,
    command: &C,
) -> Result<Ran<C::Output>, Failure> {
    let mut link = Link::new(options.clone());
    let ran = link.run(port, command).await;
    link.close(port).await;
    ran
}

/// Lists the profiles on the card with all their fields.
///
/// # Errors
/// [`Failure`].
pub async fn list<P: Port>(port: &mut P, options: &CardOptions) -> Result<Vec<Profile>, Failure> {
    Ok(run(port, options, &ListProfiles::default()).await?.output)
}

/// Enables a profile. Afterwards the card starts over as the result says, and
/// [`notify()`](super::notify()) delivers the notifications that the switch has made.
///
/// # Errors
/// [`Failure`].
pub async fn enable<P: Port>(
    port: &mut P,
    options: &CardOptions,
    profile: ProfileRef,
    refresh: bool,
) -> Result<Refresh, Failure> {
    Ok(run(port, options, &Enable { profile, refresh }).await?.refresh)
}

/// Enables the card's provisioning profile where no profile is enabled, so that
/// the device can fetch another (SGP.22 2.4.5.2). Its ICCID; none if a profile
/// is enabled or there is no provisioning profile.
///
/// # Errors
/// [`Failure`].
pub async fn fall_back<P: Port>(
    port: &mut P,
    options: &CardOptions,
    refresh: bool,
) -> Result<Option<(Iccid, Refresh)>, Failure> {
    let only_provisioning = ListProfiles { only: None, provisioning: true };
    let candidates = run(port, options, &only_provisioning).await?.output;
    let enabled = list(port, options).await?.iter().chain(&candidates).any(|profile| profile.enabled);
    let Some(iccid) = candidates.iter().find_map(|profile| profile.metadata.iccid).filter(|_| !enabled)
    else {
        return Ok(None);
    };
    let refresh = enable(port, options, ProfileRef::Iccid(iccid), refresh).await?;
    Ok(Some((iccid, refresh)))
}

/// Disables a profile; as for [`enable`].
///
/// # Errors
/// [`Failure`].
pub async fn disable<P: Port>(
    port: &mut P,
    options: &CardOptions,
    profile: ProfileRef,
    refresh: bool,
) -> Result<Refresh, Failure> {
    Ok(run(port, options, &Disable { profile, refresh }).await?.refresh)
}

/// Enables a profile as [`enable`] does, and does not take the card's silence for a failure (SGP.22 3.2.1). A REFRESH may
/// close the channel before the answer is there, and some cards then say 6985: where it is not known what came of it, the
/// card is asked, and what it says counts. A card that knows the profile by its AID alone gets that.
///
/// # Errors
/// [`Failure`], if the card does not have the profile enabled.
pub async fn enable_surely<P: Port>(
    port: &mut P,
    options: &CardOptions,
    profile: ProfileRef,
    refresh: bool,
) -> Result<Refresh, Failure> {
    match enable(port, options, profile.clone(), refresh).await {
        Err(failure) if is_unknown(&failure) => match aid_of(port, options, &profile).await {
            Some(aid) => {
                let done = enable(port, options, aid, refresh).await;
                settle(port, options, (&profile, true), done).await
            }
            None => Err(failure),
        },
        done => settle(port, options, (&profile, true), done).await,
    }
}

/// Disables a profile; as for [`enable_surely`].
///
/// # Errors
/// [`Failure`], if the card still has the profile enabled.
pub async fn disable_surely<P: Port>(
    port: &mut P,
    options: &CardOptions,
    profile: ProfileRef,
    refresh: bool,
) -> Result<Refresh, Failure> {
    match disable(port, options, profile.clone(), refresh).await {
        Err(failure) if is_unknown(&failure) => match aid_of(port, options, &profile).await {
            Some(aid) => {
                let done = disable(port, options, aid, refresh).await;
                settle(port, options, (&profile, false), done).await
            }
            None => Err(failure),
        },
        done => settle(port, options, (&profile, false), done).await,
    }
}

/// What came of a switch of which no answer tells.
async fn settle<P: Port>(
    port: &mut P,
    options: &CardOptions,
    (profile, wanted): (&ProfileRef, bool),
    done: Result<Refresh, Failure>,
) -> Result<Refresh, Failure> {
    match done {
        Err(failure) if failure.leaves_doubt() && !is_busy(&failure) => {
            let found = list(port, options).await.ok();
            let is_so = found.iter().flatten().any(|it| names(profile, it) && it.enabled == wanted);
            // It takes effect with the next start of the card, which some have made already.
            if is_so { Ok(Refresh::Reset) } else { Err(failure) }
        }
        done => done,
    }
}

/// The profile by the AID of its ISD-P, if it was named by its ICCID and is there.
async fn aid_of<P: Port>(port: &mut P, options: &CardOptions, profile: &ProfileRef) -> Option<ProfileRef> {
    let ProfileRef::Iccid(_) = profile else { return None };
    let found = list(port, options).await.ok()?;
    let aid = found.into_iter().find(|it| names(profile, it))?.isdp_aid;
    (!aid.is_empty()).then_some(ProfileRef::Aid(aid))
}

fn names(profile: &ProfileRef, listed: &Profile) -> bool {
    match profile {
        ProfileRef::Iccid(iccid) => listed.metadata.iccid == Some(*iccid),
        ProfileRef::Aid(aid) => listed.isdp_aid == *aid,
    }
}

/// iccidOrAidNotFound: the same number and name in EnableProfile and DisableProfile (SGP.22 5.7.16, 5.7.17).
fn is_unknown(failure: &Failure) -> bool {
    let unknown = EnableResult::iccidOrAidNotFound;
    is_refusal(failure, &Code::new(unknown.0, unknown.name()))
}

fn is_busy(failure: &Failure) -> bool {
    let busy = EnableResult::catBusy;
    is_refusal(failure, &Code::new(busy.0, busy.name()))
}

fn is_refusal(failure: &Failure, code: &Code) -> bool {
    matches!(failure, Failure::Command(ManageError::Refused(refusal)) if refusal.code == *code)
}

/// Numbers of the notifications that an operation has made: what is there after it and was not before (SGP.22 3.5). To
/// be delivered alone ([`NotifyParams::only`](crate::NotifyParams::only)), where others shall wait.
pub fn caused(before: &[Notification], after: &[Notification]) -> Vec<u32> {
    after.iter().filter(|it| !before.contains(it)).map(|it| it.sequence_number).collect()
}

/// Deletes a profile; [`notify()`](super::notify()) then tells its SM-DP+. The user has confirmed it.
///
/// # Errors
/// [`Failure`].
pub async fn delete<P: Port>(
    port: &mut P,
    options: &CardOptions,
    profile: ProfileRef,
) -> Result<(), Failure> {
    run(port, options, &Delete { profile }).await.map(|_| ())
}

/// Gives a profile a name; an empty one removes it.
///
/// # Errors
/// [`Failure`].
pub async fn set_nickname<P: Port>(
    port: &mut P,
    options: &CardOptions,
    iccid: Iccid,
    nickname: &str,
) -> Result<(), Failure> {
    let command = SetNickname { iccid, nickname: nickname.to_string() };
    run(port, options, &command).await.map(|_| ())
}

/// Deletes what `reset` says. The user has confirmed it.
///
/// # Errors
/// [`Failure`].
pub async fn memory_reset<P: Port>(
    port: &mut P,
    options: &CardOptions,
    reset: MemoryReset,
) -> Result<Refresh, Failure> {
    Ok(run(port, options, &reset).await?.refresh)
}

/// Lists the notifications that wait on the card.
///
/// # Errors
/// [`Failure`].
pub async fn notifications<P: Port>(
    port: &mut P,
    options: &CardOptions,
) -> Result<Vec<Notification>, Failure> {
    Ok(run(port, options, &ListNotifications {}).await?.output)
}

/// Reads all that the eUICC tells of itself, on one channel.
///
/// # Errors
/// [`Failure`]; a card that does not tell its addresses or its rules is none.
pub async fn chip_info<P: Port>(port: &mut P, options: &CardOptions) -> Result<ChipInfo, Failure> {
    let mut link = Link::new(options.clone());
    let chip = read_chip(&mut link, port).await;
    link.close(port).await;
    chip
}

async fn read_chip<P: Port>(link: &mut Link, port: &mut P) -> Result<ChipInfo, Failure> {
    let channel = link.open(port).await.map_err(Failure::Open)?;
    let eid = link.run(port, &GetEid {}).await?.output;
    let info = link.run(port, &GetInfo2 {}).await?.output;
    let addresses = told(link.run(port, &GetAddresses {}).await)?;
    let rat = told(link.run(port, &GetRat {}).await)?;
    let isdr_aid = hex::encode_upper(&channel.aid);
    Ok(ChipInfo { eid, isdr_aid, isdr_variant: channel.variant, info, addresses, rat })
}

/// What a card need not tell.
fn told<T>(ran: Result<Ran<T>, Failure>) -> Result<Option<T>, Failure> {
    match ran {
        Ok(ran) => Ok(Some(ran.output)),
        Err(Failure::Command(_)) => Ok(None),
        Err(failure) => Err(failure),
    }
}
