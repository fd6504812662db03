//! A world whose SM is somebody else's: what that SM has answered is kept with what was done, so that the same octets come
//! again without it, from a link alone.

use esim_crypto::pki::TestPki;
use esim_euicc::MemoryNvm;
use esim_lpa::Unanswered;
use esim_sm_edge::smdp::Config;
use esim_sm_edge::{MemoryHost, block_on};
use esim_world::{
    ADDRESS, Act, Clock, Done, Fork, Journal, NOW, Recording, Reply, Request, Seed, Transport, Wish, World,
};

/// An SM at the other end of a wire: nobody here can put it back, and now and then it does not answer.
struct Elsewhere {
    sm: MemoryHost,
    calls: u32,
}

impl Transport for Elsewhere {
    async fn send(&mut self, request: &Request<'_>) -> Result<Reply, Unanswered> {
        self.calls += 1;
        match self.calls {
            7 => Err(Unanswered::Lost("the line is down".into())),
            _ => self.sm.send(request).await,
        }
    }
}

impl Fork for Elsewhere {
    fn fork(&self) -> Option<Self> {
        None
    }
}

fn world<T: Transport>(seed: &Seed, pki: &TestPki, way: T) -> World<MemoryNvm, T> {
    let parties = (ADDRESS, "memory");
    World::new(MemoryNvm::default(), way, pki, seed.clone(), Clock::Fixed(NOW), parties).unwrap()
}

fn acts() -> [Act; 8] {
    [
        Act::Order(Box::new(Wish::usual())),
        // The line is down at the fourth call of this download.
        Act::Download(String::new()),
        Act::Download(String::new()),
        Act::Enable(String::new()),
        Act::RadioOn,
        Act::Notify,
        Act::Wifi(true),
        Act::ShowOrder(String::new()),
    ]
}

#[test]
fn what_came_from_outside_comes_again() {
    let seed = Seed::from_number(7);
    let pki = seed.pki(&[ADDRESS]);
    let sm = MemoryHost::new(Config::of_test_pki(ADDRESS, &pki).unwrap(), [3; 32], NOW);
    let mut lived = world(&seed, &pki, Elsewhere { sm, calls: 0 });
    let mut done = Vec::new();
    for act in &acts() {
        done.push(block_on(lived.perform(act)).unwrap().done);
        // Who only looks is not in the journal.
        block_on(lived.list_orders()).unwrap();
    }
    assert!(matches!(done[1], Done::NotInstalled(_)), "{:?}", done[1]);
    assert_eq!(done[2], Done::Installed);
    let journal = Journal {
        seed: 7,
        now: NOW,
        acts: lived.acts().to_vec(),
        sm: Some(format!("https://{ADDRESS}")),
        heard: lived.heard(),
        ..Journal::default()
    };
    let read = Journal::from_link(&journal.to_link().unwrap()).unwrap().unwrap();
    assert_eq!(read, journal);

    let mut told = world(&seed, &pki, Recording::new(read.heard));
    for (act, done) in read.acts.iter().zip(&done) {
        assert_eq!(block_on(told.perform(act)).unwrap().done, *done, "{act:?}");
    }
    assert_eq!(told.trace().digest(), lived.trace().digest());
    assert_eq!(told.heard(), lived.heard(), "it can be told again");
    // What was not lived through is not made up.
    let further = block_on(told.perform(&Act::ShowOrder(String::new()))).unwrap();
    assert!(further.outcome.en.contains("is not in this recording"), "{}", further.outcome.en);
}

/// An SM of the world's own is asked once more: nothing of it is kept.
#[test]
fn what_is_inside_is_not_kept() {
    let mut world = esim_world::in_memory(7).unwrap();
    block_on(world.perform(&Act::Order(Box::new(Wish::usual())))).unwrap();
    assert_eq!(world.heard(), []);
}
