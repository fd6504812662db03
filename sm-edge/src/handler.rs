//! Paths, credentials, JSON and status codes (SGP.22 6.5).

use crate::admit::{self, Denied, Requester};
use crate::cors;
use crate::run::{Executed, run};
use crate::settings;
use crate::{Fault, Host, HttpRequest, HttpResponse, LogLine};
use esim_rsp::common::Version;
use esim_rsp::es9p::Answer;
use esim_rsp::json::{self, ResponseHeader};
use esim_rsp::{Error, Refusal, es2p, es9p, es12, es15};
use esim_smdp::admin::{
    Audit, AuditRequest, ListOrders, ListOrdersRequest, ListTemplates, Provision, Report, ShowOrder,
    ShowOrderRequest,
};
use esim_smdp::es2p::{CancelOrder, ConfirmOrder, DownloadOrder, ReleaseProfile};
use esim_smdp::es9p::{
    AuthenticateClient, CancelSession, GetBoundProfilePackage, HandleNotification, Heard,
    InitiateAuthentication,
};
use esim_smdp::es12::{DeleteEvent, RegisterEvent};
use esim_smdp::{CalledBy, Credential, Function, OnBehalf};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Answers one request: [`admit_head`], then [`answer`].
///
/// Function errors are HTTP 200 with status `Failed`; notifications 204; HTTP
/// 4xx is for requests that no function can be made of (SGP.22 6.5.1).
pub async fn handle<H: Host>(request: HttpRequest, host: &H) -> HttpResponse {
    match admit_head(&request, host).await {
        Ok(admitted) => answer(request, admitted, host).await,
        Err(refused) => refused,
    }
}

/// A request whose body is worth reading: its path is one of ours, its caller has shown a credential where one is wanted,
/// and has not asked too often.
pub struct Admitted {
    door: Door,
}

/// Where a request has come in, and for whom it may speak.
enum Door {
    /// What everybody may have: `OPTIONS` and `/healthz`.
    Open,
    /// ES9+ and ES11.
    Lpa,
    /// ES2+ and `/esim-lab/`.
    Operator(Requester),
    /// ES12 and ES15.
    Server(Requester),
}

impl Admitted {
    /// Longest body of this request that is read, in octets: a host stops at the octet after it, and answers
    /// [`unread`].
    pub fn body_limit(&self) -> usize {
        match self.door {
            Door::Open => 0,
            Door::Lpa => HttpRequest::LPA_BODY_LIMIT,
            Door::Operator(_) | Door::Server(_) => HttpRequest::BODY_LIMIT,
        }
    }

    fn called_by(&self, request: &HttpRequest) -> CalledBy {
        match &self.door {
            Door::Open => nobody(request),
            Door::Lpa => Requester::Lpa.called_by(&request.caller),
            Door::Operator(requester) | Door::Server(requester) => requester.called_by(&request.caller),
        }
    }
}

/// Somebody who has not been let in, or needs not to be.
fn nobody(head: &HttpRequest) -> CalledBy {
    CalledBy { credential: Credential::None, oid: None, address: head.caller.source.clone() }
}

/// Looks at the head of a request (its body may be missing still) and says whether the body shall be read.
///
/// # Errors
/// The response, if it shall not.
pub async fn admit_head<H: Host>(head: &HttpRequest, host: &H) -> Result<Admitted, HttpResponse> {
    match enter(head, host).await {
        Ok(door) => Ok(Admitted { door }),
        Err(outcome) => Err(tell(head, outcome, nobody(head), host)),
    }
}

/// Answers a request that has been admitted.
pub async fn answer<H: Host>(request: HttpRequest, admitted: Admitted, host: &H) -> HttpResponse {
    let by = admitted.called_by(&request);
    let outcome = match request.body.len() > admitted.body_limit() {
        true => unreadable(413),
        false => route(&request, admitted.door, host).await,
    };
    tell(&request, outcome, by, host)
}

/// The response to a request whose body could not be read: 413 where it is too long, 408 where it did not come, 503
/// where too many others are being read, 400 where its sender has broken off.
pub fn unread<H: Host>(status: u16, head: &HttpRequest, host: &H) -> HttpResponse {
    tell(head, unreadable(status), nobody(head), host)
}

fn unreadable(status: u16) -> Outcome {
    let (subject, reason, detail) = match status {
        413 => ("1.6", "2.1", "The request is too long"),
        408 => ("1.6", "2.1", "The request did not come in time"),
        503 => ("1.2", "3.7", "Too many requests are being read: try again"),
        _ => ("1.6", "2.1", "The request broke off"),
    };
    let (response, note) = failed(status, Refusal::new(subject, reason).because(detail));
    match status {
        503 => (response.with_header("Retry-After", "5"), note),
        _ => (response, note),
    }
}

/// Writes the line of the log, and the headers that every response has.
fn tell<H: Host>(request: &HttpRequest, (response, note): Outcome, by: CalledBy, host: &H) -> HttpResponse {
    let call = format!("{} {}", request.method, request.path_only());
    host.log(&LogLine {
        call: &call,
        status: response.status,
        by: Some(by),
        correlation: note.correlation,
        outcome: note.outcome,
        conflicts: note.conflicts,
    });
    finish(response, request, &host.admittance().page_origins)
}

/// The answer to any request where a host cannot serve at all: `/healthz` says why, in a sentence that may be read by
/// everybody.
pub fn out_of_service(request: &HttpRequest, why: &str) -> HttpResponse {
    let response = match request.path_only() {
        "/healthz" => HttpResponse::json(503, &Health { status: why }),
        _ => {
            let detail = "This server is out of service; /healthz says why";
            failed(503, Refusal::new("8", "4.2").because(detail)).0
        }
    };
    finish(response.with_header("Retry-After", OUT_OF_SERVICE.to_string()), request, &[])
}

/// Seconds after which it is worth trying again where a host cannot serve.
const OUT_OF_SERVICE: u32 = 60;

/// What the log learns besides the status.
#[derive(Default)]
pub(crate) struct Note {
    pub correlation: Option<String>,
    pub outcome: Option<String>,
    pub conflicts: u32,
}

pub(crate) type Outcome = (HttpResponse, Note);

/// Finds the door and asks who is there.
async fn enter<H: Host>(head: &HttpRequest, host: &H) -> Result<Door, Outcome> {
    let path = head.path_only();
    if !["GET", "POST", "OPTIONS"].contains(&&*head.method) {
        return Err(wrong_method("GET, POST"));
    }
    if head.method == "OPTIONS" || path == "/healthz" {
        return Ok(Door::Open);
    }
    if path.starts_with(es9p::PATH) {
        admit::lpa(head, host).map_err(deny)?;
        admit::pace(&head.caller, host).await.map_err(deny)?;
        return Ok(Door::Lpa);
    }
    if path.starts_with(es2p::PATH) || path.starts_with(OPERATOR) {
        let requester = admitted(admit::requester(head, host), head, host).await?;
        return Ok(Door::Operator(requester));
    }
    let is_event = path.starts_with(es12::PATH) || path.starts_with(es15::PATH);
    // Where this server is no SM-DS, it has no such path.
    if is_event && host.config().smds.is_some() {
        let requester = admitted(admit::server(head, host), head, host).await?;
        return Ok(Door::Server(requester));
    }
    Err(unknown())
}

/// Paces who has got in as well as who has not.
async fn admitted<H: Host>(
    requester: Result<Requester, Denied>,
    head: &HttpRequest,
    host: &H,
) -> Result<Requester, Outcome> {
    match requester {
        Ok(requester) => {
            admit::pace_admitted(requester.oid(), host).await.map_err(deny)?;
            Ok(requester)
        }
        Err(denied) => Err(refuse(denied, head, host).await),
    }
}

/// What no standard describes.
const OPERATOR: &str = "/esim-lab/";

async fn route<H: Host>(request: &HttpRequest, door: Door, host: &H) -> Outcome {
    let path = request.path_only();
    let prefixes = [es9p::PATH, es2p::PATH, es12::PATH, es15::PATH, OPERATOR];
    let function = prefixes.iter().find_map(|prefix| path.strip_prefix(prefix)).unwrap_or_default();
    match &door {
        Door::Open if request.method == "OPTIONS" => plain(HttpResponse::empty(204)),
        Door::Open => match method_is(request, "GET") {
            Ok(()) => health(host).await,
            Err(refused) => refused,
        },
        Door::Lpa => es9plus(function, request, &Requester::Lpa, host).await,
        Door::Operator(requester) if path.starts_with(OPERATOR) => {
            operator(function, request, requester, host).await
        }
        Door::Operator(requester) => es2plus(function, request, requester, host).await,
        Door::Server(requester) => events(function, request, requester, host).await,
    }
}

#[derive(Serialize)]
struct Health<'a> {
    status: &'a str,
}

async fn health<H: Host>(host: &H) -> Outcome {
    match host.health().await {
        Ok(()) => plain(HttpResponse::json(200, &Health { status: "ok" })),
        Err(fault) => {
            let response =
                HttpResponse::json(503, &Health { status: "the records cannot be read or written" });
            (response, Note { outcome: Some(format!("fault: {fault}")), ..Note::default() })
        }
    }
}

async fn es9plus<H: Host>(function: &str, request: &HttpRequest, lpa: &Requester, host: &H) -> Outcome {
    match function {
        "initiateAuthentication" => post::<InitiateAuthentication, H>(request, lpa, host).await,
        "authenticateClient" => post::<AuthenticateClient, H>(request, lpa, host).await,
        "getBoundProfilePackage" => post::<GetBoundProfilePackage, H>(request, lpa, host).await,
        "handleNotification" => notification(request, lpa, host).await,
        "cancelSession" => post::<CancelSession, H>(request, lpa, host).await,
        _ => unknown(),
    }
}

async fn es2plus<H: Host>(function: &str, request: &HttpRequest, requester: &Requester, host: &H) -> Outcome {
    match function {
        "downloadOrder" => post::<DownloadOrder, H>(request, requester, host).await,
        "confirmOrder" => post::<ConfirmOrder, H>(request, requester, host).await,
        "cancelOrder" => post::<CancelOrder, H>(request, requester, host).await,
        "releaseProfile" => post::<ReleaseProfile, H>(request, requester, host).await,
        _ => unknown(),
    }
}

/// ES12 and ES15, where this server is an SM-DS.
async fn events<H: Host>(function: &str, request: &HttpRequest, requester: &Requester, host: &H) -> Outcome {
    match function {
        "registerEvent" => post::<RegisterEvent, H>(request, requester, host).await,
        "deleteEvent" => post::<DeleteEvent, H>(request, requester, host).await,
        _ => unknown(),
    }
}

/// `/esim-lab/…`: what no standard describes.
async fn operator<H: Host>(rest: &str, request: &HttpRequest, requester: &Requester, host: &H) -> Outcome {
    match rest {
        "provision" => return post::<Provision, H>(request, requester, host).await,
        "import" => return crate::import::import(request, requester, host).await,
        _ => {}
    }
    if let Some(name) = rest.strip_prefix("settings/") {
        return settings::serve(name, request, requester, host).await;
    }
    let known = matches!(rest, "templates" | "report" | "orders" | "audit") || rest.starts_with("orders/");
    match method_is(request, "GET") {
        _ if !known => unknown(),
        Err(refused) => refused,
        Ok(()) => look(rest, request, requester, host).await,
    }
}

/// What operators may look at.
async fn look<H: Host>(rest: &str, request: &HttpRequest, requester: &Requester, host: &H) -> Outcome {
    match rest {
        "templates" => get::<ListTemplates, H>(Ok(()), request, requester, host).await,
        "orders" => get::<ListOrders, H>(list_request(request, host), request, requester, host).await,
        "report" if request.query().any(|pair| pair == ("format", "csv")) => {
            report_csv(request, requester, host).await
        }
        "audit" => {
            let keys = host.vault().audit_keys().cloned().collect();
            let audit = list_request(request, host).map(|list| AuditRequest { list, keys });
            get::<Audit, H>(audit, request, requester, host).await
        }
        "report" => get::<Report, H>(list_request(request, host), request, requester, host).await,
        _ => {
            let show = rest.strip_prefix("orders/").unwrap_or(rest).parse().and_then(|iccid| {
                let requester = asked_for(request)?;
                Ok(ShowOrderRequest { iccid, requester })
            });
            get::<ShowOrder, H>(show, request, requester, host).await
        }
    }
}

/// The report as CSV.
async fn report_csv<H: Host>(request: &HttpRequest, requester: &Requester, host: &H) -> Outcome {
    let mut list = match list_request(request, host) {
        Ok(list) => list,
        Err(error) => return malformed(error),
    };
    if let Err(denied) = requester.speaks(&mut list) {
        return refuse(denied, request, host).await;
    }
    let function = match Report::read(list) {
        Ok(function) => function,
        Err(error) => return malformed(error),
    };
    match run(&function, None, host).await {
        Ok(Executed { answer: Ok(page), .. }) => {
            let body = crate::csv::write_report(&page.rows);
            let response = HttpResponse { status: 200, headers: Vec::new(), body };
            let response = response.with_header("Content-Type", "text/csv; charset=utf-8");
            plain(match page.next {
                Some(next) => response.with_header("X-Next", next.to_string()),
                None => response,
            })
        }
        Ok(Executed { answer: Err(refusal), .. }) => failed(200, refusal),
        Err(fault) => faulty(fault),
    }
}

fn list_request<H: Host>(request: &HttpRequest, host: &H) -> Result<ListOrdersRequest, Error> {
    let mut list = ListOrdersRequest { requester: asked_for(request)?, ..ListOrdersRequest::default() };
    for (name, value) in request.query() {
        match name {
            "after" => list.after = Some(host.vault().unveil(value).as_deref().unwrap_or(value).parse()?),
            "limit" => {
                let limit = value.parse().map_err(|_| Error::text("limit is a number"))?;
                list.limit = Some(limit);
            }
            // Such tokens have letters, digits and hyphens alone, which need no escaping.
            "matchingId" => list.matching_id = Some(value.into()),
            _ => {}
        }
    }
    Ok(list)
}

/// `requester` of the query: the operator whose orders are asked for.
fn asked_for(request: &HttpRequest) -> Result<Option<String>, Error> {
    let mut asked = request.query().filter(|(name, _)| *name == "requester").map(|(_, oid)| oid.to_string());
    match (asked.next(), asked.next()) {
        (_, Some(_)) => Err(Error::text("requester is there twice")),
        (asked, None) => Ok(asked),
    }
}

/// A function that is called by POST of JSON.
async fn post<F, H>(request: &HttpRequest, requester: &Requester, host: &H) -> Outcome
where
    F: Function<Request: DeserializeOwned + OnBehalf, Ok: Serialize>,
    H: Host,
{
    match read_json(request) {
        Ok(body) => execute::<F, H>(body, requester, request, host).await,
        Err(refused) => refused,
    }
}

/// A function that is called by GET.
async fn get<F, H>(
    asked: Result<F::Request, Error>,
    request: &HttpRequest,
    requester: &Requester,
    host: &H,
) -> Outcome
where
    F: Function<Request: OnBehalf, Ok: Serialize>,
    H: Host,
{
    match asked {
        Ok(asked) => execute::<F, H>(asked, requester, request, host).await,
        Err(error) => malformed(error),
    }
}

/// `body` is what was read from the `request`, which tells besides who has sent it.
async fn execute<F, H>(
    mut body: F::Request,
    requester: &Requester,
    request: &HttpRequest,
    host: &H,
) -> Outcome
where
    F: Function<Request: OnBehalf, Ok: Serialize>,
    H: Host,
{
    if let Err(denied) = requester.speaks(&mut body) {
        return refuse(denied, request, host).await;
    }
    let caller = &request.caller;
    let function = match F::read(body) {
        Ok(function) => function,
        // Sound JSON around something else: the caller learns where.
        Err(error) => return failed(200, Refusal::new("1.6", "2.1").because(error)),
    };
    let mut correlation = function.correlation();
    let tries = function.tries();
    if let Err(denied) = admit::try_order(tries.as_deref(), caller, host).await {
        let (response, note) = deny(denied);
        return (response, Note { correlation, ..note });
    }
    let by = requester.called_by(caller);
    let (response, note) = match run(&function, Some(&by), host).await {
        Ok(Executed { answer: Ok(body), conflicts }) => {
            correlation = correlation.or_else(|| F::correlation_of(&body));
            let answer = Answer { header: ResponseHeader::success(), body: Some(body) };
            (HttpResponse::json(200, &answer), Note { conflicts, ..Note::default() })
        }
        Ok(Executed { answer: Err(refusal), conflicts }) => {
            if tries.is_some() {
                admit::weigh_refusal(tries.as_deref(), caller, host).await;
            }
            let (response, note) = failed(200, refusal);
            (response, Note { conflicts, ..note })
        }
        Err(fault) => faulty(fault),
    };
    (response, Note { correlation, ..note })
}

/// handleNotification answers 204 without a body whatever became of it: the
/// LPA could do nothing about it but send it again for ever (SGP.22 5.6.4).
async fn notification<H: Host>(request: &HttpRequest, lpa: &Requester, host: &H) -> Outcome {
    let mut body = match read_json(request) {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    if let Err(denied) = lpa.speaks(&mut body) {
        return refuse(denied, request, host).await;
    }
    let noted = |outcome: String| Note { outcome: Some(outcome), ..Note::default() };
    let function = match HandleNotification::read(body) {
        Ok(function) => function,
        Err(error) => return (HttpResponse::empty(204), noted(format!("ignored: {error}"))),
    };
    let correlation = function.correlation();
    let by = lpa.called_by(&request.caller);
    let (response, note) = match run(&function, Some(&by), host).await {
        Ok(Executed { answer, conflicts }) => {
            let outcome = match answer {
                Ok(Heard::Recorded(iccid)) => format!("recorded for {iccid}"),
                Ok(Heard::Repeated(iccid)) => format!("known already for {iccid}"),
                Ok(Heard::Ignored(why)) => format!("ignored: {why}"),
                Err(refusal) => format!("ignored: {refusal}"),
            };
            (HttpResponse::empty(204), Note { conflicts, ..noted(outcome) })
        }
        Err(fault) => faulty(fault),
    };
    (response, Note { correlation, ..note })
}

pub(crate) fn read_json<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Outcome> {
    json::parse_request(json_of(request)?).map_err(malformed)
}

/// The body of a POST of JSON.
pub(crate) fn json_of(request: &HttpRequest) -> Result<&[u8], Outcome> {
    method_is(request, "POST")?;
    if !request.is_of("application/json") {
        let detail = "The request is not of Content-Type application/json";
        return Err(failed(400, Refusal::new("1.6", "2.1").because(detail)));
    }
    Ok(&request.body)
}

pub(crate) fn method_is(request: &HttpRequest, method: &str) -> Result<(), Outcome> {
    if request.method == method {
        return Ok(());
    }
    Err(wrong_method(method))
}

fn wrong_method(allowed: &str) -> Outcome {
    let detail = format!("This path is for {allowed} only");
    let (response, note) = failed(405, Refusal::new("1.6", "2.1").because(detail));
    (response.with_header("Allow", format!("{allowed}, OPTIONS")), note)
}

/// Refuses an operator or a server, which have a measured number of such tries.
pub(crate) async fn refuse<H: Host>(denied: Denied, request: &HttpRequest, host: &H) -> Outcome {
    deny(admit::pace_refused(denied, &request.caller, host).await)
}

/// Whoever is not let in learns why, and when to come again.
fn deny(denied: Denied) -> Outcome {
    let (mut response, note) = failed(denied.status, denied.refusal);
    if denied.status == 401 {
        response = response.with_header("WWW-Authenticate", "Bearer");
    }
    if let Some(seconds) = denied.retry_after {
        response = response.with_header("Retry-After", seconds.to_string());
    }
    (response, note)
}

pub(crate) fn plain(response: HttpResponse) -> Outcome {
    (response, Note::default())
}

pub(crate) fn unknown() -> Outcome {
    failed(404, Refusal::new("1.2", "1.1"))
}

pub(crate) fn malformed(error: Error) -> Outcome {
    let (response, _) = failed(400, Refusal::new("1.6", "2.1").because(error));
    // The parser may quote the request, which may hold keys: not for the log.
    (response, Note { outcome: Some("1.6/2.1".into()), ..Note::default() })
}

pub(crate) fn failed(status: u16, refusal: Refusal) -> Outcome {
    let answer: Answer<es2p::Nothing> = Answer { header: ResponseHeader::failed(&refusal), body: None };
    let outcome = Some(format!("{}/{}", refusal.subject, refusal.reason));
    (HttpResponse::json(status, &answer), Note { outcome, ..Note::default() })
}

/// A fault of ours: the log has the reason, the caller only that it was ours.
pub(crate) fn faulty(fault: Fault) -> Outcome {
    let (response, _) = failed(500, Refusal::new("8", "4.2"));
    (response, Note { outcome: Some(format!("fault: {fault}")), ..Note::default() })
}

/// Headers that every response has.
fn finish(response: HttpResponse, request: &HttpRequest, page_origins: &[String]) -> HttpResponse {
    let response = response
        .with_header("X-Admin-Protocol", admin_protocol(request))
        .with_header("Cache-Control", "no-store")
        .with_header("X-Content-Type-Options", "nosniff");
    cors::allow(response, request, page_origins)
}

/// The highest version that both sides speak (SGP.22 6.5.1.2).
fn admin_protocol(request: &HttpRequest) -> String {
    const PREFIX: &str = "gsma/rsp/v";
    let theirs = request.header("X-Admin-Protocol").and_then(|text| text.strip_prefix(PREFIX));
    let theirs = theirs.and_then(Version::parse).filter(|version| version.major() == 2);
    let version = theirs.map_or(Version::svn(), |version| version.min(Version::svn()));
    format!("{PREFIX}{version}")
}
