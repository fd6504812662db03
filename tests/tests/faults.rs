//! Each message of the whole story with some fault, and each fault at some fifty messages. All faults at all messages,
//! for any seed: `cargo run --release --example faults`.

use esim_tests::faults::Story;

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
    let plan = story.plan(TIMES);
    let mine = plan.into_iter().enumerate().filter(|(at, _)| is_mine(*at));
    mine.filter_map(|(_, (message, fault))| story.with_fault(message, fault).err())
        .map(|violation| violation.to_string())
        .collect()
}
