//! Card, LPA, SM and network joined by one trace: what the command line, the
//! page and the tests share.
#![forbid(unsafe_code)]

mod act;
mod apdu;
mod change;
mod checked;
mod compare;
mod device;
mod done;
mod explained;
mod file_nvm;
mod foreign;
mod handset;
mod journal;
mod json_tree;
mod kept;
mod keys;
pub mod link;
mod octets;
mod operator;
mod oracle;
mod outside;
mod package;
mod past;
mod pasted;
mod pcap;
mod perform;
mod phone;
mod picture;
mod port;
mod radio;
mod rules_file;
mod scenario;
mod seed;
mod sequence;
mod snapshot;
mod stage;
mod story;
mod telling;
mod trace;
mod transport;
pub mod words;
mod world;
mod written;

pub use act::{Act, Ruling, Said};
pub use change::change;
pub use checked::{Checked, Known};
pub use compare::{Difference, compare};
pub use device::{Clock, Device};
pub use done::{Asked, Done, Ended, Listed, NotInstalled, Service, Stage as DownloadStage, Verdict};
pub use esim_net as net;
pub use explained::{Explained, Part, explain_profile, explain_record, explain_record_in};
pub use file_nvm::FileNvm;
pub use foreign::{Foreign, read_foreign};
pub use handset::{NetworkSubscriber, home_cell};
pub use journal::{Journal, LINK_CLOCK, LinkError, VERSION};
pub use keys::{Commands, Ecdh, Kdf, KeySession, Ppk, Segment};
pub use link::{Filter, How, Line, Tampered, Tampering};
pub use octets::LONGEST;
pub use operator::{Operator, OrderError, Ordered, Wish};
pub use oracle::Expectation;
pub use outside::{Heard, Recording};
pub use past::Snapshot;
pub use pasted::{explain_pasted, octets_of};
pub use pcap::{pcap, pcap_of};
pub use perform::{ActError, Performed};
pub use picture::{ELSEWHERE, Outlook, Picture};
pub use port::{Agreeable, Joined, Plugged, Slot, User};
pub use radio::{Attempt, Outcome, Passage, Radio};
pub use rules_file::{DEFAULT_RULES, RulesMistake, read_rules};
pub use scenario::{SCENARIOS, Scenario, Step, find_scenario};
pub use seed::{Seed, Stream};
pub use stage::{Played, Stage, StepDone, play, play_in};
pub use story::{in_memory, in_memory_with};
pub use trace::Trace;
pub use transport::{Fork, Reply, Request, Transport};
pub use words::Words;
pub use world::{ADDRESS, NOW, Phone, World, WorldError};
pub use written::{Mistake, read_json};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
