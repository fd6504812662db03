//! Card, LPA, SM and network joined by one trace: what the command line, the
//! page and the tests share.
#![forbid(unsafe_code)]

mod attach;
mod device;
mod explained;
mod operator;
mod port;
mod story;
mod trace;
mod transport;
mod world;

pub use device::{Clock, Device};
pub use explained::{Explained, Part, explain_octets, explain_record};
pub use operator::{Operator, OrderError, Ordered, Wish};
pub use port::{Agreeable, Joined, User};
pub use story::{Story, StoryStep, in_memory, tell};
pub use trace::Trace;
pub use transport::{Reply, Request, Transport};
pub use world::{ADDRESS, NOW, Phone, Seed, Stream, World, WorldError};
