//! `notification`: what the card has to report, delivered, put away, or dropped.

use super::euicc::Euicc;
use super::input::next_line;
use super::line::{Failed, failure, progress, raw, success};
use super::options::Options;
use super::raw::Raw;
use esim_lpa::driver::Failure;
use esim_lpa::manage::{GetEid, ListNotifications, RemoveNotification};
use esim_lpa::notify::{Notification, SignedNotification};
use esim_lpa::{Effect, Notified, Notify, NotifyParams};
use esim_rsp::Iccid;
use esim_rsp::common::NotificationEvent;
use esim_rsp::es10::Function;
use esim_rsp::json::Base64;
use esim_rsp::notification::{
    NotificationSearch, RetrieveNotificationsListRequest, RetrieveNotificationsListResponse,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io::{BufRead, IsTerminal};

const LIST: &str = "es10b_list_notification";
const RETRIEVE: &str = "es10b_retrieve_notifications_list";
const DELIVER: &str = "es9p_handle_notification";
const REMOVE: &str = "es10b_remove_notification_from_list";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    seq_number: u32,
    profile_management_operation: &'static str,
    notification_address: &'a str,
    iccid: Option<String>,
}

/// A notification as it is put away: a line that is no answer of a command.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dumped<'a> {
    #[serde(rename = "type")]
    kind: Cow<'a, str>,
    eid: Cow<'a, str>,
    seq_number: u32,
    notification_address: Cow<'a, str>,
    pending_notification: Base64,
}

/// Type of such a line.
const DUMPED: &str = "notification";

/// `notification list`.
pub(super) async fn list(euicc: &mut Euicc) -> Result<(), Failed> {
    let waiting = euicc.read(LIST, &ListNotifications {}).await?;
    let listed = waiting.iter().map(|it| Listed {
        seq_number: it.sequence_number,
        profile_management_operation: operation(it.event),
        notification_address: it.address.trim(),
        iccid: it.iccid.as_ref().map(Iccid::to_string),
    });
    success(listed.collect::<Vec<_>>());
    Ok(())
}

fn operation(event: Option<NotificationEvent>) -> &'static str {
    match event {
        Some(NotificationEvent::Install) => "install",
        Some(NotificationEvent::Enable) => "enable",
        Some(NotificationEvent::Disable) => "disable",
        Some(NotificationEvent::Delete) => "delete",
        None => "unknown",
    }
}

/// `notification process`: delivers those with these numbers, or all, and stops at the first that is not taken.
pub(super) async fn process(euicc: &mut Euicc, arguments: &[String]) -> Result<(), Failed> {
    let Some(options) = Options::read(arguments, "ar") else {
        say!("Usage: process [OPTIONS] [seqNumber_0] [seqNumber_1]...");
        say!("\t -a Delivers all that wait");
        say!("\t -r Removes from the card what has been delivered");
        return Err(Failed);
    };
    for number in numbers(euicc, &options, true).await? {
        deliver(euicc, number, options.has('r')).await?;
    }
    success(());
    Ok(())
}

/// `notification remove`.
pub(super) async fn remove(euicc: &mut Euicc, arguments: &[String]) -> Result<(), Failed> {
    let Some(options) = Options::read(arguments, "a") else {
        say!("Usage: remove [OPTIONS] [seqNumber_0] [seqNumber_1]...");
        say!("\t -a Removes all, delivered or not");
        return Err(Failed);
    };
    for sequence_number in numbers(euicc, &options, true).await? {
        progress(REMOVE, sequence_number.to_string());
        euicc.change(REMOVE, &RemoveNotification { sequence_number }, &[(1, "seqNumber not found")]).await?;
    }
    success(());
    Ok(())
}

/// `notification dump`: a line for each, for `notification replay`.
pub(super) async fn dump(euicc: &mut Euicc, arguments: &[String]) -> Result<(), Failed> {
    let Some(options) = Options::read(arguments, "a") else {
        say!("Usage: dump [OPTIONS] [seqNumber_0] [seqNumber_1]...");
        say!("\t -a Prints all that wait");
        return Err(Failed);
    };
    let eid = euicc.read("es10c_get_eid", &GetEid {}).await?;
    for number in numbers(euicc, &options, false).await? {
        let Ok(Some((address, pending_notification))) = retrieve(euicc, number).await else {
            return Err(failure(RETRIEVE, ""));
        };
        raw(&Dumped {
            kind: DUMPED.into(),
            eid: eid.as_str().into(),
            seq_number: number,
            notification_address: address.trim().into(),
            pending_notification,
        });
    }
    Ok(())
}

/// `notification replay`: delivers what was put away; the card is asked for its EID alone.
pub(super) async fn replay(euicc: &mut Euicc) -> Result<(), Failed> {
    let mut input = std::io::stdin().lock();
    if input.is_terminal() {
        return Err(failure("This applet must be run with input redirection from a file or pipe.", ""));
    }
    let eid = euicc.read("es10c_get_eid", &GetEid {}).await?;
    while let Some(line) = line_of(&mut input)? {
        let dumped: Dumped<'_> = serde_json::from_slice(&line).map_err(|error| {
            tell!("esim-lab: a line is no notification that was dumped: {error}");
            failure("parse_notification", "")
        })?;
        if dumped.kind != DUMPED || dumped.eid != eid {
            tell!("esim-lab: number {} is no notification of this card, {eid}", dumped.seq_number);
            return Err(failure("parse_notification", ""));
        }
        progress(DELIVER, dumped.seq_number.to_string());
        let put_away = SignedNotification {
            notification: Notification {
                sequence_number: dumped.seq_number,
                event: None,
                address: dumped.notification_address.trim().into(),
                iccid: None,
            },
            raw: dumped.pending_notification,
        };
        let notify = Notify::from_elsewhere(NotifyParams::default(), vec![put_away]);
        let notified = euicc.play(notify, |_| {}).await;
        if let Some(kept) = notified.kept.first() {
            tell!("esim-lab: number {}: {}", dumped.seq_number, kept.why);
            failure(DELIVER, "");
            return Err(failure("handle_notification", ""));
        }
    }
    success(());
    Ok(())
}

fn line_of(input: &mut impl BufRead) -> Result<Option<Vec<u8>>, Failed> {
    next_line(input).map_err(|error| {
        tell!("esim-lab: standard input: {error}");
        failure("parse_notification", "")
    })
}

/// Those that are meant: all that wait, or the numbers that were given. What is no number is passed over with a word.
async fn numbers(euicc: &mut Euicc, options: &Options, shown: bool) -> Result<Vec<u32>, Failed> {
    if options.has('a') {
        if shown {
            progress(LIST, ());
        }
        let waiting = euicc.read(LIST, &ListNotifications {}).await?;
        return Ok(waiting.iter().map(|it| it.sequence_number).collect());
    }
    let number = |text: &String| {
        let number = text.parse().ok();
        if number.is_none() {
            tell!("esim-lab: {text} is no number of a notification, and is passed over");
        }
        number
    };
    Ok(options.free.iter().filter_map(number).collect())
}

/// Delivers one, and removes it if that is wanted.
async fn deliver(euicc: &mut Euicc, number: u32, removes: bool) -> Result<(), Failed> {
    let shown = number.to_string();
    let mut step = RETRIEVE;
    progress(step, &shown);
    let params = NotifyParams { only: Some(vec![number]), keep: !removes, ..NotifyParams::default() };
    let notified = euicc.play(Notify::new(params), |effect| {
        let next = step_of(effect).unwrap_or(step);
        if next != step {
            step = next;
            progress(step, &shown);
        }
    });
    let Notified { sent, kept, problem } = notified.await;
    match (sent.first(), kept.first()) {
        (Some(sent), _) if sent.removed || !removes => Ok(()),
        (Some(_), _) => Err(failure(REMOVE, "unknown")),
        (None, kept) => {
            let why = kept.map(|kept| kept.why.clone()).or(problem);
            tell!("esim-lab: number {number}: {}", why.as_deref().unwrap_or("it is not on the card"));
            Err(failure(step, ""))
        }
    }
}

fn step_of(effect: &Effect<Notified>) -> Option<&'static str> {
    match effect {
        Effect::Http(_) => Some(DELIVER),
        Effect::Card(es10) if es10.function == Function::RemoveNotificationFromList.name() => Some(REMOVE),
        _ => None,
    }
}

/// Receiver and octets of one; none if it is not there.
async fn retrieve(euicc: &mut Euicc, number: u32) -> Result<Option<(String, Base64)>, Failure> {
    let search_criteria = Some(NotificationSearch::SeqNumber(number));
    let command =
        Raw::<RetrieveNotificationsListResponse>::new(&RetrieveNotificationsListRequest { search_criteria });
    Ok(match euicc.run(&command).await? {
        RetrieveNotificationsListResponse::NotificationList(list) => list
            .first()
            .map(|pending| (pending.metadata().notification_address.clone(), Base64(pending.raw().to_vec()))),
        RetrieveNotificationsListResponse::NotificationsListResultError(_) => None,
    })
}
