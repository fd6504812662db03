//! ES15: what an alternative SM-DS asks of the root (SGP.22 5.10): the functions of ES12.

pub use crate::es12::{DeleteEventRequest, RegisterEventRequest};

/// Path prefix of every function: `https://<address>/gsma/rsp2/es15/<function>`. Public sources show ES12's alone; this
/// one follows from its form.
pub const PATH: &str = "/gsma/rsp2/es15/";
