//! A snapshot for each of a thousand acts fits into 32 MB. Alone in its program: what is counted is the program's memory.

use esim_sm_edge::block_on;
use esim_world::{Act, Scenario, find_scenario, in_memory};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

#[test]
fn a_thousand_snapshots_fit_into_32_megabytes() {
    let scenario = Scenario::read(find_scenario("first-power-on-pp-to-op").unwrap()).unwrap();
    let mut world = in_memory(scenario.seed).unwrap();
    for step in &scenario.step {
        block_on(world.perform(&step.act)).unwrap();
    }
    let call = Act::Text { to: "+81901234567".into(), text: "Hello".into() };
    let mut snapshots = vec![world.snapshot().unwrap()];
    // What the trace itself takes is there without a snapshot, too.
    let own = |world: &esim_world::World<_, _>| -> usize {
        world
            .trace()
            .records()
            .iter()
            .map(|it| it.bytes.len() + it.function.len() + it.interface.len() + 100)
            .sum()
    };
    let (memory, trace) = (MEMORY.current_usage(), own(&world));
    for n in 0..1000 {
        let act = match n % 10 {
            0 => Act::RadioOn,
            1 => Act::Browse("www.example.com".into()),
            2 => Act::Notify,
            _ => call.clone(),
        };
        block_on(world.perform(&act)).unwrap();
        snapshots.push(world.snapshot().unwrap());
    }
    let taken = MEMORY.current_usage() - memory;
    let grown = own(&world) - trace;
    println!("{} kB, of which {} kB are the trace's own", taken >> 10, grown >> 10);
    assert!(taken < 32 << 20, "{} kB, of which {} kB are the trace's own", taken >> 10, grown >> 10);
}
