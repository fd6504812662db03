//! The loop that attends to orders whose time has come: expiry and errands.

use crate::NativeHost;
use crate::host::unread;
use esim_rsp::Iccid;
use esim_sm_edge::{Fault, Host, Store, attend};
use esim_smdp::{Key, Records};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// How often the store is asked.
const EVERY: Duration = Duration::from_secs(1);
/// Orders looked at in one round.
const ROUND: u32 = 256;
/// Orders attended to at once.
const AT_ONCE: usize = 32;
/// Of these, orders whose errand goes to the same address: one that does not answer must not hold up the others.
const TO_ONE: usize = 8;
/// Of these, orders of one operator, which may have as many such addresses as it likes.
const OF_ONE: usize = 16;

/// Orders in work.
type InWork = Arc<Mutex<BTreeMap<Iccid, Work>>>;

/// What an order that is attended to may hold up: both are empty where there is none.
struct Work {
    /// The address that its errand goes to.
    to: String,
    /// OID of the operator.
    of: String,
}

/// Attends to what is due, now and every second, until told to stop; then finishes the orders in work.
pub(crate) fn start(host: Arc<NativeHost>, mut stop: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let in_work = InWork::default();
        let (mut tasks, mut damaged) = (JoinSet::new(), BTreeSet::new());
        loop {
            round(&host, &in_work, &mut tasks, &mut damaged).await;
            while tasks.try_join_next().is_some() {}
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                // An error means that nobody is there any more who could stop it: stopped as well.
                _ = stop.wait_for(|stopped| *stopped) => break,
            }
        }
        while tasks.join_next().await.is_some() {}
    })
}

async fn round(
    host: &Arc<NativeHost>,
    in_work: &InWork,
    tasks: &mut JoinSet<()>,
    damaged: &mut BTreeSet<String>,
) {
    let due = match due(host, damaged).await {
        Ok(due) => due,
        Err(fault) => return tracing::error!(call = "attend", outcome = %fault),
    };
    for (iccid, work) in due {
        if !take(in_work, iccid, work) {
            continue;
        }
        let (host, in_work) = (host.clone(), in_work.clone());
        tasks.spawn(async move {
            if let Err(fault) = attend(iccid, &*host).await {
                tracing::error!(call = "attend", correlation = %iccid, outcome = %fault);
            }
            lock(&in_work).remove(&iccid);
        });
    }
}

/// Orders that are due. Those that cannot be read are told once, and keep none of the others waiting.
async fn due(host: &NativeHost, damaged: &mut BTreeSet<String>) -> Result<Vec<(Iccid, Work)>, Fault> {
    let limit = ROUND.saturating_add(u32::try_from(damaged.len()).unwrap_or(u32::MAX));
    let rows = host.store().load(&[Key::Due { by: host.now(), limit }.lookup()]).await?;
    let mut due = Vec::new();
    for row in rows {
        let mut records = Records::default();
        let name = row.name.clone();
        let read = host.vault().open(row).and_then(|row| records.add(row).map_err(|_| unread(&name)));
        if let Err(fault) = read {
            if !damaged.contains(&name) {
                host.damaged(&name, &fault);
                damaged.insert(name);
            }
            continue;
        }
        let work = |order: &esim_smdp::Order| Work {
            to: order.errands.first().map(|errand| errand.call.to.clone()).unwrap_or_default(),
            of: order.whose().unwrap_or_default().into(),
        };
        due.extend(records.orders().map(|order| (order.iccid, work(order))));
    }
    Ok(due)
}

fn take(in_work: &InWork, iccid: Iccid, work: Work) -> bool {
    let mut orders = lock(in_work);
    let to_one = orders.values().filter(|other| !work.to.is_empty() && other.to == work.to).count();
    let of_one = orders.values().filter(|other| !work.of.is_empty() && other.of == work.of).count();
    if orders.len() >= AT_ONCE || to_one >= TO_ONE || of_one >= OF_ONE || orders.contains_key(&iccid) {
        return false;
    }
    orders.insert(iccid, work);
    true
}

fn lock(in_work: &InWork) -> std::sync::MutexGuard<'_, BTreeMap<Iccid, Work>> {
    in_work.lock().unwrap_or_else(PoisonError::into_inner)
}
