//! Each message of the whole story with some fault, and each fault at some fifty messages. All faults at all messages,
//! for any seed: `cargo run --release --example faults`.

use esim_tests::faults::{FAULTS, Fault, Story};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// Times that each fault happens, if there are so many messages to which it can.
const TIMES: usize = 50;

#[test]
fn whatever_happens_to_a_message_can_be_mended() {
    let threads = 2;
    let work: Vec<_> =
        (0..threads).map(|share| std::thread::spawn(move || happen(|at| at % threads == share))).collect();
    let violations: Vec<String> = work.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    assert!(violations.is_empty(), "{} violations:\n{}", violations.len(), violations.join("\n"));
}

/// Tells those stories that are one's own; what is wrong.
fn happen(is_mine: impl Fn(usize) -> bool) -> Vec<String> {
    let mut story = Story::tell(7);
    let plan = plan(&story);
    let mine = plan.into_iter().enumerate().filter(|(at, _)| is_mine(*at));
    mine.filter_map(|(_, (message, fault))| story.with_fault(message, fault).err())
        .map(|violation| violation.to_string())
        .collect()
}

/// Each message once, each fault as often as it should.
fn plan(story: &Story) -> Vec<(u32, &'static Fault)> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut pick = move |length: usize| rng.next_u32() as usize % length.max(1);
    let mut plan = Vec::new();
    for record in story.messages() {
        let faults: Vec<&Fault> = FAULTS.iter().filter(|fault| (fault.applies)(record)).collect();
        plan.extend(faults.get(pick(faults.len())).map(|fault| (record.n, *fault)));
    }
    for fault in FAULTS {
        let mut left: Vec<u32> =
            story.messages().filter(|record| (fault.applies)(record)).map(|record| record.n).collect();
        let had = |n: &u32| plan.iter().any(|(message, own)| message == n && own.name == fault.name);
        left.retain(|n| !had(n));
        let mut times = plan.iter().filter(|(_, own)| own.name == fault.name).count();
        while times < TIMES && !left.is_empty() {
            plan.push((left.swap_remove(pick(left.len())), fault));
            times += 1;
        }
    }
    plan
}
