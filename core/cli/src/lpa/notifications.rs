//! Notifications: shown, delivered, put away, delivered from where they were put, dropped (SGP.22 3.5).

use super::json::{Done, done, print};
use super::show::print_waiting;
use super::terminal::confirm_drop;
use super::{Options, Port};
use anyhow::{Context, Result, bail};
use esim_disk::{Files, replace};
use esim_lpa::driver;
use esim_lpa::manage::{GetEid, RemoveNotification, RetrieveNotifications};
use esim_lpa::notify::{Notification, SignedNotification};
use esim_lpa::{Notified, Notify, NotifyParams, Session};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// `lpa notifications`.
#[derive(clap::Args)]
pub(super) struct Notifications {
    #[command(flatten)]
    what: What,
    /// Only these, by number; all if absent.
    #[arg(long, value_name = "N", value_delimiter = ',', conflicts_with_all = ["list", "drop"])]
    only: Option<Vec<u32>>,
    /// Leaves on the card what was delivered.
    #[arg(long, conflicts_with_all = ["list", "drop", "save"])]
    keep: bool,
    /// How often a delivery is tried again that fails by something that passes.
    #[arg(long, value_name = "N", default_value_t = 3)]
    tries: u8,
    /// With --drop: without asking.
    #[arg(long, short, requires = "drop")]
    yes: bool,
}

/// What to do; without any of these they are delivered.
#[derive(clap::Args)]
#[group(multiple = false)]
struct What {
    /// Shows them and delivers nothing.
    #[arg(long)]
    list: bool,
    /// Puts them into a file as the card has signed them, to be delivered later; they stay on the card.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Delivers those of a file; the card is not asked, and what it has stays there.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Drops one that was not delivered. Its receiver never hears of it: a profile that was deleted stays installed there.
    #[arg(long, value_name = "N")]
    drop: Option<u32>,
}

/// The form of a file with notifications, and the only one that is read.
const VERSION: u32 = 1;

/// Notifications in a file.
#[derive(Serialize, Deserialize)]
struct Saved {
    version: u32,
    eid: String,
    notifications: Vec<SignedNotification>,
}

/// Does what was asked.
pub(super) async fn run(port: &mut Port<'_>, options: &Options, args: Notifications) -> Result<ExitCode> {
    let Notifications { what, only, keep, tries, yes } = args;
    let params = NotifyParams { only, keep, tries, ..NotifyParams::default() };
    if what.list {
        let waiting = driver::notifications(port, &options.card).await?;
        print(options.json, &waiting, || waiting.iter().for_each(|it| print_waiting(it, options.lang)))?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(path) = what.save {
        return save(port, options, &path, params.only.as_deref()).await;
    }
    if let Some(number) = what.drop {
        return drop_one(port, options, number, yes).await;
    }
    let notify = match what.from {
        Some(path) => Notify::from_elsewhere(params, read(&path)?),
        None => Notify::new(params),
    };
    let notified = Session::new(notify, options.card.clone()).finish(port).await;
    delivered(options, &notified)
}

/// Delivers what one operation has made, where the user wants that.
pub(super) async fn of_this_operation(
    port: &mut Port<'_>,
    options: &Options,
    before: Option<Vec<Notification>>,
) -> Result<ExitCode> {
    let Some(before) = before else { return Ok(ExitCode::SUCCESS) };
    let after = driver::notifications(port, &options.card).await?;
    let only = Some(driver::caused(&before, &after));
    let notified = driver::notify(port, &options.card, NotifyParams { only, tries: 3, ..Default::default() });
    let notified = notified.await;
    let is_all = notified.kept.is_empty() && notified.problem.is_none();
    // What the operation has done is told in JSON already.
    if !options.json {
        tell(options, &notified);
    }
    Ok(if is_all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What waits before an operation, where it matters.
pub(super) async fn before(
    port: &mut Port<'_>,
    options: &Options,
    wanted: bool,
) -> Result<Option<Vec<Notification>>> {
    match wanted {
        true => Ok(Some(driver::notifications(port, &options.card).await?)),
        false => Ok(None),
    }
}

fn tell(options: &Options, notified: &Notified) {
    say!("{} delivered. {}", notified.sent.len(), notified.text(options.lang));
}

/// A failure if one is kept.
fn delivered(options: &Options, notified: &Notified) -> Result<ExitCode> {
    print(options.json, notified, || tell(options, notified))?;
    let is_all = notified.kept.is_empty() && notified.problem.is_none();
    Ok(if is_all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn save(port: &mut Port<'_>, options: &Options, path: &Path, only: Option<&[u32]>) -> Result<ExitCode> {
    let eid = driver::run(port, &options.card, &GetEid {}).await?.output;
    let mut notifications = driver::run(port, &options.card, &RetrieveNotifications {}).await?.output;
    notifications.retain(|it| only.is_none_or(|only| only.contains(&it.notification.sequence_number)));
    if path.exists() {
        bail!("{} is there already", path.display());
    }
    let saved = Saved { version: VERSION, eid, notifications };
    replace(&Files, path, &serde_json::to_vec_pretty(&saved)?)?;
    let what = serde_json::json!({ "done": Done::Saved, "count": saved.notifications.len() });
    print(options.json, &what, || {
        say!(
            "{} saved. They are on the card still: deliver them with --from {}.",
            saved.notifications.len(),
            path.display()
        );
    })?;
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<Vec<SignedNotification>> {
    let octets = std::fs::read(path).with_context(|| path.display().to_string())?;
    let saved: Saved = serde_json::from_slice(&octets)
        .with_context(|| format!("{} has no notifications that were saved here", path.display()))?;
    if saved.version != VERSION {
        bail!("{}: form {} is of another version of this program", path.display(), saved.version);
    }
    Ok(saved.notifications)
}

async fn drop_one(port: &mut Port<'_>, options: &Options, number: u32, yes: bool) -> Result<ExitCode> {
    let waiting = driver::notifications(port, &options.card).await?;
    let Some(notification) = waiting.iter().find(|it| it.sequence_number == number) else {
        bail!("there is no notification {number} on the card");
    };
    if !yes && !confirm_drop(notification, options.lang)? {
        bail!("nothing was dropped");
    }
    driver::run(port, &options.card, &RemoveNotification { sequence_number: number }).await?;
    done(options.json, options.lang, Done::Dropped, Some(number.to_string()))?;
    Ok(ExitCode::SUCCESS)
}
