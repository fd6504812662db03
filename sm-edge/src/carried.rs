//! Functions that are executed where their order lies, on hosts whose records are spread.

use crate::admit::Requester;
use crate::outcome::{Note, Rejection, Served};
use crate::run::{Execution, with_env};
use crate::shard::Carried;
use crate::{CommitError, Fault, Host, HttpRequest, HttpResponse};
use esim_rsp::{Code, Refusal};
use esim_smdp::Records;
use serde::{Deserialize, Serialize};

/// What is carried.
#[derive(Serialize, Deserialize)]
pub(crate) struct Request {
    /// As it came, without what is a secret of its sender.
    pub request: HttpRequest,
    /// Who has been let in.
    pub requester: Requester,
}

/// What comes back.
#[derive(Serialize, Deserialize)]
struct Response {
    response: HttpResponse,
    correlation: Option<String>,
    outcome: Option<String>,
    conflicts: u32,
}

impl Request {
    /// From octets.
    ///
    /// # Errors
    /// Octets of another version.
    pub fn read(octets: &[u8]) -> Result<Self, Fault> {
        postcard::from_bytes(octets).map_err(Fault::new)
    }
}

/// What was served, as octets.
///
/// # Errors
/// None is known.
pub(crate) fn write(served: Served) -> Result<Vec<u8>, Fault> {
    let Served { response, note: Note { correlation, outcome, conflicts, .. } } = served;
    postcard::to_allocvec(&Response { response, correlation, outcome, conflicts }).map_err(Fault::new)
}

/// Has a function executed where its order lies; nothing if it is to be executed here.
pub(crate) async fn carry<H: Host>(
    function: &(impl Execution + ?Sized),
    request: &HttpRequest,
    requester: &Requester,
    host: &H,
) -> Result<Option<Served>, Rejection> {
    let Some(place) = Some(function).filter(|_| host.is_spread()).and_then(Execution::place) else {
        return Ok(None);
    };
    let pointer = with_env(host, |env| function.pointer(env));
    let pointer = host.vault().seal_writes(&Records::default(), pointer.as_slice())?.pop();
    let is_secret = |name: &str| name.eq_ignore_ascii_case("Authorization");
    let mut request = request.clone();
    request.headers.retain(|(name, _)| !is_secret(name));
    let request = Request { request, requester: requester.clone() };
    let request = postcard::to_allocvec(&request).map_err(Fault::new)?;
    match host.carry(&Carried { place, pointer, request }).await {
        Ok(None) => Ok(None),
        Ok(Some(octets)) => {
            let Response { response, correlation, outcome, conflicts } =
                postcard::from_bytes(&octets).map_err(Fault::new)?;
            // A function that was executed has an outcome only where it has refused. There its order has paid.
            let is_refused_try = function.tries().is_some() && response.status == 200 && outcome.is_some();
            let note = Note { correlation, outcome, conflicts, is_refused_try };
            Ok(Some(Served { response, note }))
        }
        Err(CommitError::Conflict) => {
            let detail = "The session has gone on with another order";
            Err(Refusal::of(Code::TransactionIdUnknown).because(detail).into())
        }
        Err(CommitError::Fault(fault)) => Err(fault.into()),
    }
}
