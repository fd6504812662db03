//! A function that is asked for, whichever it is. Only its request and its outputs are its own: whatever is done for all
//! functions takes these traits, and exists once instead of once for each function.

use crate::outcome::{Note, Rejection, Served};
use crate::read::read_json;
use crate::run::{Execution, Running};
use crate::{Fault, HttpRequest};
use esim_rsp::check::Checks;
use esim_rsp::{Error, Refusal};
use esim_smdp::{Function, OnBehalf};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A request as it came, of which nothing but its form was looked at.
pub(crate) trait Asked: Send + Sync {
    /// In whose name it speaks.
    fn on_behalf(&mut self) -> &mut (dyn OnBehalf + Send);

    /// [`Function::read`].
    fn read(self: Box<Self>) -> Result<Box<dyn Answering>, Error>;
}

/// A function that answers in JSON.
pub(crate) trait Answering: Execution {
    /// What it has answered, after so many `conflicts`: HTTP 200 with its outputs, or the code of the standard. A fault
    /// before it was executed.
    fn answer(&mut self, conflicts: u32) -> Result<Result<Served, Refusal>, Fault>;
}

struct Request<F: Function>(F::Request);

impl<F> Asked for Request<F>
where
    F: Function<Request: OnBehalf + Send + Sync, Ok: Serialize> + 'static,
{
    fn on_behalf(&mut self) -> &mut (dyn OnBehalf + Send) {
        &mut self.0
    }

    fn read(self: Box<Self>) -> Result<Box<dyn Answering>, Error> {
        Ok(Box::new(Running::new(F::read(self.0)?)))
    }
}

impl<F: Function<Ok: Serialize>> Answering for Running<F> {
    fn answer(&mut self, conflicts: u32) -> Result<Result<Served, Refusal>, Fault> {
        Ok(self.take_answer()?.map(|outputs| {
            let correlation = self.function.correlation().or_else(|| F::correlation_of(&outputs));
            Served::success(outputs, Note { correlation, conflicts, ..Note::default() })
        }))
    }
}

/// A function that is asked for by `request`.
pub(crate) fn ask<F>(request: F::Request) -> Box<dyn Asked>
where
    F: Function<Request: OnBehalf + Send + Sync, Ok: Serialize> + 'static,
{
    Box::new(Request::<F>(request))
}

/// The same by POST of JSON.
pub(crate) fn post<F>(request: &HttpRequest, checks: Checks<'_>) -> Result<Box<dyn Asked>, Rejection>
where
    F: Function<Request: DeserializeOwned + OnBehalf + Send + Sync, Ok: Serialize> + 'static,
{
    Ok(ask::<F>(read_json(request, checks)?))
}
