//! Card, LPA, SM and network joined by one trace: what the command line, the
//! page and the tests share.
#![forbid(unsafe_code)]

mod device;
mod operator;
mod trace;
mod transport;

pub use device::{Clock, Device};
pub use operator::{Operator, OrderError, Ordered, Wish};
pub use trace::Trace;
pub use transport::{Reply, Request, Transport};
