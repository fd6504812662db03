//! `POST /esim-lab/import`: a batch of subscribers, as JSON or CSV.

use crate::admit::Requester;
use crate::handler::{Note, Outcome, failed, faulty, method_is, read_json, refuse};
use crate::run::{Executed, run};
use crate::{Host, HttpRequest, HttpResponse, Store, csv};
use esim_rsp::es9p::Answer;
use esim_rsp::json::{RequestHeader, ResponseHeader};
use esim_rsp::{Error, Refusal};
use esim_smdp::admin::{ImportOk, ImportRequest, prepare};
use futures_util::stream::{self, StreamExt as _};
use std::collections::BTreeSet;

/// An order and its package.
const RECORDS_PER_ORDER: usize = 2;

/// Makes orders of the rows that can be used and says of every row what became of it.
///
/// A fault in the middle leaves the orders made until then: who sends the same rows again finds them known.
pub(crate) async fn import<H: Host>(request: &HttpRequest, requester: &Requester, host: &H) -> Outcome {
    let mut batch = match read(request) {
        Ok(batch) => batch,
        Err(refused) => return refused,
    };
    if let Err(denied) = requester.speaks(&mut batch) {
        return refuse(denied, request, host).await;
    }
    if request.is_of("text/csv") {
        match csv::read_rows(&request.body) {
            Ok(rows) => batch.rows = rows,
            Err(error) => return unsound(error),
        }
    }
    let correlation = batch.header.as_ref().map(|header| header.function_call_identifier.clone());
    let per_commit = H::Store::COMMIT_RECORDS / RECORDS_PER_ORDER;
    let (parts, refused) = match prepare(batch, host.config(), per_commit) {
        Ok(prepared) => prepared,
        Err(refusal) => return failed(200, refusal),
    };
    let by = requester.called_by(&request.caller);
    let mut made = ImportOk::default();
    made.add(refused);
    let mut conflicts = 0;
    let parts = stream::iter(parts).map(async |part| run(&part, Some(&by), host).await);
    let mut parts = parts.buffered(H::Store::COMMITS_AT_ONCE);
    while let Some(executed) = parts.next().await {
        match executed {
            Ok(Executed { answer: Ok(results), conflicts: again }) => {
                conflicts += again;
                made.add(results);
            }
            Ok(Executed { answer: Err(refusal), .. }) => return failed(200, refusal),
            Err(fault) => return faulty(fault),
        }
    }
    let outcome = format!("{} created, {} known, {} refused", made.created, made.known, made.refused);
    let answer = Answer { header: ResponseHeader::success(), body: Some(made) };
    let note = Note { correlation, outcome: Some(outcome), conflicts };
    (HttpResponse::json(200, &answer), note)
}

/// A batch: of JSON all of it, of CSV what its query says.
fn read(request: &HttpRequest) -> Result<ImportRequest, Outcome> {
    method_is(request, "POST")?;
    match request.is_of("text/csv") {
        true => options(request.query()).map_err(unsound),
        false => read_json(request),
    }
}

fn unsound(error: Error) -> Outcome {
    failed(200, Refusal::new("1.6", "2.1").because(error.kind))
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
