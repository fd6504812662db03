//! A clock that jumps ends no order: the native host waits until it is plausible again.

use crate::common;

use common::server::{lab_of, options_of_lab};
use common::*;
use esim_sm_edge::Host;
use esim_sm_native::{Native, NativeHost, NativeOptions, PATIENCE, TimeSources};
use serde_json::json;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const HOUR: u64 = 3600;
const DAY: i64 = 86_400;

/// The clocks of a machine, in the hands of a test.
#[derive(Clone, Default)]
struct Machine {
    /// Seconds since the test began.
    steady: Arc<Mutex<Duration>>,
    /// Seconds that the wall clock is wrong by.
    wrong: Arc<AtomicI64>,
}

impl Machine {
    fn sources(&self) -> TimeSources {
        let begun = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let (here, there) = (self.clone(), self.clone());
        let wall = move || {
            let right = begun + *here.steady.lock().unwrap();
            let wrong = here.wrong.load(Ordering::SeqCst);
            let apart = Duration::from_secs(wrong.unsigned_abs());
            if wrong < 0 { right - apart } else { right + apart }
        };
        TimeSources { wall: Arc::new(wall), steady: Arc::new(move || *there.steady.lock().unwrap()) }
    }

    fn pass(&self, seconds: u64) {
        *self.steady.lock().unwrap() += Duration::from_secs(seconds);
    }

    /// Sets the wall clock, by so many seconds from what is right.
    fn set(&self, wrong: i64) {
        self.wrong.store(wrong, Ordering::SeqCst);
    }
}

fn open(folder: &Path, machine: &Machine) -> Arc<NativeHost> {
    let mut options = NativeOptions { now: None, clock: machine.sources(), ..options_of_lab(folder) };
    options.limits.order_seconds = Some(HOUR);
    Native::open(options).unwrap().host()
}

/// A laboratory in front of a host with that clock.
fn lab(name: &str, machine: &Machine) -> (Lab, Arc<NativeHost>, Scratch) {
    let scratch = Scratch::new(name);
    let host = open(&scratch.0, machine);
    (lab_of(&host), host, scratch)
}

#[test]
fn two_hours_ahead_for_some_seconds_end_nothing() {
    let machine = Machine::default();
    let (lab, host, _scratch) = lab("clock-ahead", &machine);
    let (iccid, matching_id) = lab.order(json!({}));
    let offer = lab.offered(&matching_id);
    let before = host.now();
    machine.set(2 * HOUR.cast_signed());
    for _ in 0..30 {
        machine.pass(1);
        lab.attend();
    }
    assert_eq!(host.now(), before + 30);
    assert_eq!(lab.state(&iccid), "Released");
    assert_success(&lab.fetch(&offer, None));
    machine.set(0);
    lab.attend();
    assert_eq!(lab.state(&iccid), "Downloaded");
    machine.pass(HOUR);
    lab.attend();
    assert_eq!(lab.state(&iccid), "Error", "time goes on");
}

#[test]
fn ten_days_behind_shorten_no_order() {
    let machine = Machine::default();
    let (lab, host, _scratch) = lab("clock-behind", &machine);
    let before = host.now();
    machine.set(-10 * DAY);
    machine.pass(60);
    let (iccid, _) = lab.order(json!({}));
    assert_eq!(lab.show(&iccid)["expiresAt"], before + 60 + HOUR);
    machine.set(0);
    lab.attend();
    assert_eq!(lab.state(&iccid), "Released");
    assert_eq!(host.now(), before + 60);
}

#[test]
fn a_clock_that_stays_where_it_is_is_believed_and_small_steps_are() {
    let machine = Machine::default();
    let (_lab, host, _scratch) = lab("clock-stays", &machine);
    let begun = host.now();
    machine.set(5);
    assert_eq!(host.now(), begun + 5);
    machine.set(-HOUR.cast_signed());
    let mut last = host.now();
    assert_eq!(last, begun + 5);
    // Looked at now and then, as requests come: nothing is believed that was not seen for so long.
    for _ in 1..PATIENCE.as_secs() / 60 {
        machine.pass(60);
        last += 60;
        assert_eq!(host.now(), last);
    }
    // Another jump, to elsewhere: waited out from its own beginning.
    machine.set(HOUR.cast_signed());
    assert_eq!(host.now(), last);
    machine.pass(PATIENCE.as_secs() - 1);
    assert_eq!(host.now(), last + PATIENCE.as_secs() - 1);
    machine.pass(1);
    assert_eq!(host.now(), begun + HOUR + 2 * PATIENCE.as_secs() - 60);
}

/// A machine without a battery for its clock begins in the past.
#[test]
fn a_start_before_the_last_write_goes_on_from_there() {
    let machine = Machine::default();
    let (lab, host, scratch) = lab("clock-start", &machine);
    let (iccid, _) = lab.order(json!({}));
    let before = host.now();
    drop((lab, host));
    machine.set(-10 * DAY);
    let host = open(&scratch.0, &machine);
    assert!(host.now().abs_diff(before) < 120, "{} and {before}", host.now());
    machine.set(0);
    assert!(host.now().abs_diff(before) < 120);
    let lab = lab_of(&host);
    lab.attend();
    assert_eq!(lab.state(&iccid), "Released");
}
