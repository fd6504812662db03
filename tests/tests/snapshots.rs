//! A world can be put back between any two acts, and goes on from there as if nothing had been: the same acts make the
//! same octets, others make a branch. What snapshots weigh is in `snapshot_memory.rs`.

use esim_sm_edge::block_on;
use esim_world::{Act, SCENARIOS, Scenario, in_memory};

#[test]
fn every_act_may_be_taken_back_and_done_again() {
    let stories = SCENARIOS.iter().map(|(name, text)| (*name, Scenario::read(text).unwrap()));
    for (name, scenario) in stories.chain([("story", Scenario::story().unwrap())]) {
        let mut world = in_memory(scenario.seed).unwrap();
        world.set_rules(scenario.rules).unwrap();
        let acts: Vec<Act> = scenario.step.into_iter().map(|step| step.act).collect();
        let mut before = Vec::new();
        for act in &acts {
            before.push(world.snapshot().unwrap());
            block_on(world.perform(act)).unwrap();
        }
        let digest = world.trace().digest();
        // From the last to the first, so that each is restored over what came later.
        for at in (0..acts.len()).rev().step_by(3) {
            assert!(world.restore(&before[at]));
            assert_eq!(world.acts().len(), at, "{name}");
            for act in &acts[at..] {
                block_on(world.perform(act)).unwrap();
            }
            assert_eq!(world.trace().digest(), digest, "{name}, from act {at} on");
        }
    }
}

/// What is done on a branch changes nothing of what was kept.
#[test]
fn a_branch_leaves_the_others_alone() {
    let mut world = in_memory(7).unwrap();
    let perform = |world: &mut esim_world::World<_, _>, act: Act| {
        block_on(world.perform(&act)).unwrap();
        world.trace().digest()
    };
    perform(&mut world, Act::LeaveFactory);
    let fork = world.snapshot().unwrap();
    let attached = perform(&mut world, Act::RadioOn);
    let one = world.snapshot().unwrap();
    assert!(world.restore(&fork));
    perform(&mut world, Act::MemoryReset);
    perform(&mut world, Act::Wifi(true));
    let other = world.snapshot().unwrap();
    let (other_digest, called) = (world.trace().digest(), perform(&mut world, Act::Call));
    assert!(world.restore(&one));
    assert_eq!(world.trace().digest(), attached);
    assert!(world.restore(&other));
    assert_eq!(world.trace().digest(), other_digest);
    assert_eq!(perform(&mut world, Act::Call), called);
}
