//! `POST /esim-lab/import`: a batch of subscribers, as JSON or CSV.

use crate::admit::{self, Requester, SPEAKS};
use crate::outcome::{Note, Rejection, Served};
use crate::read::{method_is, read_json};
use crate::run::run;
use crate::{Fault, Host, HttpRequest, Store, csv};
use esim_rsp::check::Checks;
use esim_rsp::json::RequestHeader;
use esim_rsp::{Code, Error, Refusal};
use esim_smdp::admin::{ImportOk, ImportRequest, prepare};
use esim_smdp::guest;
use futures_util::stream::{self, StreamExt as _};
use std::collections::BTreeSet;

/// An order and its package.
const RECORDS_PER_ORDER: usize = 2;

/// Makes orders of the rows that can be used and says of every row what became of it.
///
/// A fault in the middle leaves the orders made until then: who sends the same rows again finds them known.
pub(crate) async fn import<H: Host>(
    request: &HttpRequest,
    requester: &Requester,
    host: &H,
) -> Result<Served, Rejection> {
    let mut batch = read(request, host.checks())?;
    let spoken = admit::speaks(requester, &mut batch, &request.caller, host).await;
    host.checks().that(&SPEAKS, || request.path_only(), spoken)?;
    if request.is_of("text/csv") {
        batch.rows = csv::read_rows(&request.body).map_err(unsound)?;
    }
    let correlation = batch.header.as_ref().map(|header| header.function_call_identifier.clone());
    // Of a guest's rows each is made as long as there are orders left.
    let is_guest = requester.oid().is_some_and(guest::is);
    let per_commit = if is_guest { 1 } else { H::Store::COMMIT_RECORDS / RECORDS_PER_ORDER };
    let (parts, refused) = prepare(batch, host.config(), per_commit)?;
    let by = requester.called_by(&request.caller);
    let mut made = ImportOk::default();
    made.add(refused);
    let mut conflicts = 0;
    let parts = stream::iter(parts).map(async |part| {
        let rows = is_guest.then(|| part.clone());
        let mut executed = run(part, Some(&by), host).await?;
        if let (Some(rows), Err(refusal)) = (rows, &executed.answer) {
            executed.answer = Ok(rows.refuse(&refusal.message()));
        }
        Ok::<_, Fault>(executed)
    });
    let mut parts = parts.buffered(H::Store::COMMITS_AT_ONCE);
    while let Some(executed) = parts.next().await {
        let executed = executed?;
        made.add(executed.answer?);
        conflicts += executed.conflicts;
    }
    let outcome = format!("{} created, {} known, {} refused", made.created, made.known, made.refused);
    let outcome = Some(outcome);
    Ok(Served::success(made, Note { correlation, outcome, conflicts, ..Note::default() }))
}

/// A batch: of JSON all of it, of CSV what its query says.
fn read(request: &HttpRequest, checks: Checks<'_>) -> Result<ImportRequest, Rejection> {
    method_is(request, "POST", checks)?;
    match request.is_of("text/csv") {
        true => Ok(options(request.query()).map_err(unsound)?),
        false => read_json(request, checks),
    }
}

fn unsound(error: Error) -> Refusal {
    Refusal::of(Code::FunctionInvalid).because(error.kind)
}

/// What JSON says beside the rows: `template`, `stock`, `release`, `defaultSmdp`, `requester`, `call`.
fn options<'a>(query: impl Iterator<Item = (&'a str, &'a str)>) -> Result<ImportRequest, Error> {
    let mut batch = ImportRequest::default();
    let (mut requester, mut call) = (None, String::new());
    let mut seen = BTreeSet::new();
    for (name, value) in query {
        if !seen.insert(name) {
            return Err(Error::text(format!("parameter {name:?} is there twice")));
        }
        match name {
            "template" => batch.template = value.into(),
            "stock" => batch.stock = flag(name, value)?,
            "release" => batch.release = flag(name, value)?,
            "defaultSmdp" => batch.default_smdp = flag(name, value)?,
            "requester" => requester = Some(value.to_string()),
            "call" => call = value.into(),
            _ => return Err(Error::text(format!("there is no parameter {name:?}"))),
        }
    }
    batch.header = requester.map(|requester| RequestHeader {
        function_requester_identifier: requester,
        function_call_identifier: call,
    });
    Ok(batch)
}

fn flag(name: &str, value: &str) -> Result<bool, Error> {
    value.parse().map_err(|_| Error::text(format!("{name} is true or false")))
}
