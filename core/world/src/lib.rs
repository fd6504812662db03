//! Card, LPA, SM and network joined by one trace: what the command line, the
//! page and the tests share.
#![forbid(unsafe_code)]

mod device;
mod explained;
mod operator;
mod pcap;
mod phone;
mod port;
mod radio;
mod scenario;
mod story;
mod trace;
mod transport;
mod world;

pub use device::{Clock, Device};
pub use esim_net as net;
pub use explained::{Explained, Part, explain_octets, explain_record};
pub use operator::{Operator, OrderError, Ordered, Wish};
pub use pcap::pcap;
pub use phone::{NetworkSubscriber, home_cell};
pub use port::{Agreeable, Joined, User};
pub use radio::{Attempt, Outcome, Passage, Radio};
pub use scenario::{
    Played, SCENARIOS, Scenario, ScenarioError, Step, StepDone, find_scenario, play, read_rules,
};
pub use story::{Story, StoryStep, in_memory, tell};
pub use trace::Trace;
pub use transport::{Reply, Request, Transport};
pub use world::{ADDRESS, NOW, Phone, Seed, Stream, World, WorldError};
