//! What comes from outside a world: answers of an SM that is somebody else's. They are kept with what was done, so that
//! the same acts make the same octets once more, without that SM.

use crate::transport::{Fork, Reply, Request, Transport};
use esim_lpa::Unanswered;
use serde::{Deserialize, Serialize};

/// An answer from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Heard {
    /// It has answered.
    Reply {
        /// HTTP status.
        status: u16,
        /// JSON text, or nothing.
        body: String,
    },
    /// No answer could be had: why, in a sentence.
    Nothing(String),
}

impl Heard {
    /// Of what came, or did not.
    pub(crate) fn of(answer: &Result<Reply, Unanswered>) -> Self {
        match answer {
            Ok(Reply { status, body }) => {
                Self::Reply { status: *status, body: String::from_utf8_lossy(body).into_owned() }
            }
            Err(unanswered) => Self::Nothing(unanswered.to_string()),
        }
    }
}

/// An SM that answers what another has answered before, in the same order, whatever it is asked.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    answers: Vec<Heard>,
    at: usize,
}

impl Recording {
    /// Of answers in their order.
    pub fn new(answers: Vec<Heard>) -> Self {
        Self { answers, at: 0 }
    }
}

impl Transport for Recording {
    async fn send(&mut self, _request: &Request<'_>) -> Result<Reply, Unanswered> {
        let answer = self.answers.get(self.at).cloned();
        self.at += 1;
        match answer {
            Some(Heard::Reply { status, body }) => Ok(Reply { status, body: body.into_bytes() }),
            Some(Heard::Nothing(why)) => Err(Unanswered::Lost(why)),
            None => Err(Unanswered::Lost("what the SM has answered then is not in this recording".into())),
        }
    }
}

impl Fork for Recording {
    fn fork(&self) -> Option<Self> {
        Some(self.clone())
    }
}
