//! Paths, credentials, JSON and status codes (SGP.22 6.5).

use crate::admit::{self, Requester, SPEAKS};
use crate::asked::{Answering, Asked, ask, post};
#[cfg(feature = "copies")]
use crate::backup;
use crate::carried::{Request, carry, write};
use crate::outcome::{Note, Rejection, Served};
use crate::read::{method_is, read_json};
use crate::run::{Executed, Running, execute, run};
use crate::{
    Caller, Fault, Host, HttpRequest, HttpResponse, LogLine, cors, csv, guests, import, reseal, settings,
};
#[cfg(feature = "relay")]
use crate::{relay, relaying};
use esim_rsp::check::Rule;
use esim_rsp::common::Version;
use esim_rsp::json_binding::{Function as Called, Interface};
use esim_rsp::{Code, Error, Refusal};
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
use esim_smdp::{CalledBy, Credential, Function as _};
use serde::Serialize;

const PATH: Rule = Rule::new("SGP.22 6.5.1", "the path is that of an interface here");
const FUNCTION: Rule = Rule::new("SGP.22 6.5.1", "the path is that of a function here");
const METHOD: Rule = Rule::new("SGP.22 6.5.1", "the HTTP method is GET, POST or OPTIONS");
const LENGTH: Rule = Rule::new("SGP.22 6.5.1", "the body is not too long");
const LPA: Rule =
    Rule::new("SGP.22 6.5.1", "an LPA shows a certificate of an admitted issuer, where one is asked for");
const CREDENTIAL: Rule = Rule::new("SGP.22 6.5.1", "the caller shows a credential that is known");
const PACE: Rule = Rule::new("SGP.22 6.5.1", "the caller has not asked too often");
const TRIES: Rule = Rule::new("SGP.22 6.5.1", "the order is not tried too fast");

/// Answers one request: [`admit_head`], then [`answer`].
///
/// Function errors are HTTP 200 with status `Failed`; notifications 204; HTTP
/// 4xx is for requests that no function can be made of (SGP.22 6.5.1).
///
/// ```
/// use esim_crypto::Curve;
/// use esim_crypto::pki::TestPki;
/// use esim_sm_edge::smdp::Config;
/// use esim_sm_edge::{HttpRequest, MemoryHost, block_on, handle};
///
/// let config = Config::of_test_pki("smdp.example", &TestPki::well_known(Curve::P256))?;
/// let sm = MemoryHost::new(config, [7; 32], 1_790_000_000);
/// let header = r#""header": {"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "1"}"#;
/// let order = format!(r#"{{{header}, "iccid": "8900101000000000009"}}"#);
/// let request = HttpRequest::post("/gsma/rsp2/es2plus/downloadOrder", order).with_token("memory");
/// let response = block_on(handle(request, &sm));
/// // There is no such profile: 8.2.1/3.9.
/// assert_eq!(response.status, 200);
/// assert!(String::from_utf8_lossy(&response.body).contains(r#""reasonCode":"3.9""#));
/// # Ok::<(), esim_rsp::Error>(())
/// ```
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
    body_limit: usize,
}

/// Where a request has come in, and for whom it may speak.
enum Door {
    /// What everybody may have: `OPTIONS` and `/healthz`.
    Open,
    /// ES9+ and ES11.
    Lpa,
    /// Where guests come in.
    Guests,
    /// To other servers.
    #[cfg(feature = "relay")]
    Relay,
    /// ES2+ and `/esim-lab/`.
    Operator(Requester),
    /// ES12 and ES15.
    Server(Requester),
}

impl Door {
    #[cfg_attr(not(feature = "copies"), allow(unused_variables, reason = "the path of a page of a backup"))]
    fn body_limit(&self, path: &str) -> usize {
        match self {
            Self::Open => 0,
            Self::Lpa | Self::Guests => HttpRequest::LPA_BODY_LIMIT,
            #[cfg(feature = "relay")]
            Self::Relay => HttpRequest::LPA_BODY_LIMIT,
            #[cfg(feature = "copies")]
            Self::Operator(Requester::House) if path == backup::RESTORE => HttpRequest::PAGE_LIMIT,
            Self::Operator(_) | Self::Server(_) => HttpRequest::BODY_LIMIT,
        }
    }
}

impl Admitted {
    /// Longest body of this request that is read, in octets: a host stops at the octet after it, and answers
    /// [`unread`].
    pub fn body_limit(&self) -> usize {
        self.body_limit
    }

    fn called_by(&self, request: &HttpRequest) -> CalledBy {
        match &self.door {
            Door::Open | Door::Guests => nobody(request),
            #[cfg(feature = "relay")]
            Door::Relay => nobody(request),
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
        Ok(door) => Ok(Admitted { body_limit: door.body_limit(head.path_only()), door }),
        Err(refused) => Err(tell(head, refused, nobody(head), host)),
    }
}

/// Answers a request that has been admitted.
pub async fn answer<H: Host>(request: HttpRequest, admitted: Admitted, host: &H) -> HttpResponse {
    let by = admitted.called_by(&request);
    let length = request.body.len();
    let fits = host.checks().that(&LENGTH, || length.to_be_bytes(), length <= admitted.body_limit());
    let served = match fits {
        false => Err(unreadable(413)),
        true => route(&request, admitted.door, host).await,
    };
    let served = served.unwrap_or_else(Served::from);
    if served.note.is_refused_try {
        admit::weigh_source(&request.caller, host).await;
    }
    tell(&request, served, by, host)
}

/// The response to a request whose body could not be read: 413 where it is too long, 408 where it did not come, 503
/// where too many others are being read, 400 where its sender has broken off.
pub fn unread<H: Host>(status: u16, head: &HttpRequest, host: &H) -> HttpResponse {
    tell(head, unreadable(status).into(), nobody(head), host)
}

fn unreadable(status: u16) -> Rejection {
    let (code, detail) = match status {
        413 => (Code::FunctionInvalid, "The request is too long"),
        408 => (Code::FunctionInvalid, "The request did not come in time"),
        503 => (Code::FunctionProviderUnavailable, "Too many requests are being read: try again"),
        _ => (Code::FunctionInvalid, "The request broke off"),
    };
    let retry_after = (status == 503).then_some(CROWDED);
    Rejection { retry_after, ..Rejection::new(status, Refusal::of(code).because(detail)) }
}

/// Seconds after which it is worth trying again where too many others are being read.
const CROWDED: u64 = 5;

/// Writes the line of the log, and the headers that every response has.
fn tell<H: Host>(request: &HttpRequest, served: Served, by: CalledBy, host: &H) -> HttpResponse {
    let Served { response, note } = served;
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
            Served::from(Rejection::new(503, Refusal::of(Code::RspExecutionError).because(detail))).response
        }
    };
    finish(response.with_header("Retry-After", OUT_OF_SERVICE.to_string()), request, &[])
}

/// Seconds after which it is worth trying again where a host cannot serve.
const OUT_OF_SERVICE: u32 = 60;

/// Finds the door and asks who is there.
async fn enter<H: Host>(head: &HttpRequest, host: &H) -> Result<Door, Served> {
    let (path, caller) = (head.path_only(), &head.caller);
    let is_known = ["GET", "POST", "OPTIONS"].contains(&&*head.method);
    if !host.checks().that(&METHOD, || &head.method, is_known) {
        return Err(Rejection::wrong_method("GET, POST").into());
    }
    if head.method == "OPTIONS" || path == "/healthz" {
        return Ok(Door::Open);
    }
    let who = match Interface::of(path) {
        Some((Interface::Es9Plus | Interface::Es11, _)) => Some(Who::Lpa),
        // Where this server is no SM-DS, it has no such path.
        Some((Interface::Es12 | Interface::Es15, _)) => host.config().smds.as_ref().map(|_| Who::Server),
        Some((Interface::Es2Plus, _)) => Some(Who::Operator),
        None if path == guests::PATH => Some(Who::Guest),
        #[cfg(feature = "relay")]
        None if path.starts_with(relay::PATH) => Some(Who::Relay),
        None => path.starts_with(OPERATOR).then_some(Who::Operator),
    };
    let credential = |shown| host.checks().that(&CREDENTIAL, || path, shown);
    match host.checks().that(&PATH, || path, who).ok_or_else(Rejection::unknown)? {
        Who::Lpa => {
            host.checks().that(&LPA, || path, admit::lpa(head, host))?;
            let paced = admit::pace(caller, host).await;
            host.checks().that(&PACE, || path, paced)?;
            Ok(Door::Lpa)
        }
        Who::Guest => {
            let paced = match host.admittance().guests.is_some() && head.method == "POST" {
                true => admit::pace_guests(caller, host).await,
                false => admit::pace(caller, host).await,
            };
            host.checks().that(&PACE, || path, paced)?;
            Ok(Door::Guests)
        }
        #[cfg(feature = "relay")]
        Who::Relay => {
            relaying::enter(head, host).await?;
            Ok(Door::Relay)
        }
        Who::Server => {
            let shown = credential(admit::server(head, host));
            Ok(Door::Server(admit::paced(shown, caller, host).await?))
        }
        Who::Operator => {
            let shown = credential(admit::requester(head, host));
            Ok(Door::Operator(admit::paced(shown, caller, host).await?))
        }
    }
}

/// For whom an interface is.
enum Who {
    Lpa,
    Guest,
    #[cfg(feature = "relay")]
    Relay,
    Server,
    Operator,
}

/// What no standard describes.
const OPERATOR: &str = "/esim-lab/";

async fn route<H: Host>(request: &HttpRequest, door: Door, host: &H) -> Result<Served, Rejection> {
    match &door {
        Door::Open if request.method == "OPTIONS" => Ok(HttpResponse::empty(204).into()),
        Door::Open => {
            method_is(request, "GET", host.checks())?;
            Ok(health(host).await)
        }
        Door::Guests => guests::serve(request, host),
        #[cfg(feature = "relay")]
        Door::Relay => Ok(relaying::serve(request, host).await.unwrap_or_else(Served::from)),
        Door::Lpa => standard(request, &Requester::Lpa, host).await,
        Door::Operator(requester) | Door::Server(requester) => {
            match request.path_only().strip_prefix(OPERATOR) {
                Some(rest) => operator(rest, request, requester, host).await,
                None => standard(request, requester, host).await,
            }
        }
    }
}

#[derive(Serialize)]
struct Health<'a> {
    status: &'a str,
}

async fn health<H: Host>(host: &H) -> Served {
    match host.health().await {
        Ok(()) => HttpResponse::json(200, &Health { status: "ok" }).into(),
        Err(fault) => {
            let response =
                HttpResponse::json(503, &Health { status: "the records cannot be read or written" });
            Served { response, note: Note { outcome: Some(format!("fault: {fault}")), ..Note::default() } }
        }
    }
}

/// A function of the standard, at the interface that the door is of.
async fn standard<H: Host>(
    request: &HttpRequest,
    requester: &Requester,
    host: &H,
) -> Result<Served, Rejection> {
    let called = Interface::of(request.path_only()).and_then(|(interface, name)| interface.function(name));
    // HandleDownloadProgressInfo is the operator's: this server calls it.
    let called = called.filter(|called| *called != Called::HandleDownloadProgressInfo);
    let called = host.checks().that(&FUNCTION, || request.path_only(), called);
    let posted = match called.ok_or_else(Rejection::unknown)? {
        Called::DownloadOrder => post::<DownloadOrder>,
        Called::ConfirmOrder => post::<ConfirmOrder>,
        Called::CancelOrder => post::<CancelOrder>,
        Called::ReleaseProfile => post::<ReleaseProfile>,
        Called::InitiateAuthentication => post::<InitiateAuthentication>,
        Called::GetBoundProfilePackage => post::<GetBoundProfilePackage>,
        Called::AuthenticateClient => post::<AuthenticateClient>,
        Called::HandleNotification => return notification(request, requester, host).await,
        Called::CancelSession => post::<CancelSession>,
        Called::RegisterEvent => post::<RegisterEvent>,
        Called::DeleteEvent => post::<DeleteEvent>,
        Called::HandleDownloadProgressInfo => return Err(Rejection::unknown()),
    };
    serve(posted(request, host.checks())?, requester, request, host).await
}

/// Executes a function of the standard that was carried here, to the object that holds its order.
///
/// # Errors
/// Octets of another version.
pub async fn run_carried<H: Host>(octets: &[u8], host: &H) -> Result<Vec<u8>, Fault> {
    let Request { request, requester } = Request::read(octets)?;
    write(standard(&request, &requester, host).await.unwrap_or_else(Served::from))
}

/// `/esim-lab/…`: what no standard describes.
async fn operator<H: Host>(
    rest: &str,
    request: &HttpRequest,
    requester: &Requester,
    host: &H,
) -> Result<Served, Rejection> {
    match rest {
        "provision" => {
            return serve(post::<Provision>(request, host.checks())?, requester, request, host).await;
        }
        "import" => return import::import(request, requester, host).await,
        #[cfg(feature = "copies")]
        "backup" => return backup::backup(request, requester, host).await,
        #[cfg(feature = "copies")]
        "restore" => return backup::restore(request, requester, host).await,
        "reseal" => return reseal::serve(request, requester, host).await,
        _ => {}
    }
    if let Some(name) = rest.strip_prefix("settings/") {
        return settings::serve(name, request, requester, host).await;
    }
    let known = matches!(rest, "templates" | "report" | "orders" | "audit") || rest.starts_with("orders/");
    if !known {
        return Err(Rejection::unknown());
    }
    method_is(request, "GET", host.checks())?;
    look(rest, request, requester, host).await
}

/// What operators may look at.
async fn look<H: Host>(
    rest: &str,
    request: &HttpRequest,
    requester: &Requester,
    host: &H,
) -> Result<Served, Rejection> {
    let list = || list_request(request, host).map_err(Rejection::malformed);
    let asked: Box<dyn Asked> = match rest {
        "templates" => ask::<ListTemplates>(()),
        "orders" => ask::<ListOrders>(list()?),
        "report" if request.query().any(|pair| pair == ("format", "csv")) => {
            return report_csv(list()?, requester, request, host).await;
        }
        "report" => ask::<Report>(list()?),
        "audit" => {
            let keys = host.vault().audit_keys().cloned().collect();
            ask::<Audit>(AuditRequest { list: list()?, keys })
        }
        _ => ask::<ShowOrder>(show_request(rest, request).map_err(Rejection::malformed)?),
    };
    serve(asked, requester, request, host).await
}

/// The report as CSV.
async fn report_csv<H: Host>(
    mut list: ListOrdersRequest,
    requester: &Requester,
    request: &HttpRequest,
    host: &H,
) -> Result<Served, Rejection> {
    let spoken = admit::speaks(requester, &mut list, &request.caller, host).await;
    host.checks().that(&SPEAKS, || request.path_only(), spoken)?;
    let function = Report::read(list).map_err(Rejection::malformed)?;
    let page = run(function, None, host).await?.answer?;
    let response = HttpResponse { status: 200, headers: Vec::new(), body: csv::write_report(&page.rows) };
    let response = response.with_header("Content-Type", "text/csv; charset=utf-8");
    let response = match page.next {
        Some(next) => response.with_header("X-Next", next.to_string()),
        None => response,
    };
    Ok(response.into())
}

/// `orders/ICCID`, and the operator whose it shall be.
fn show_request(rest: &str, request: &HttpRequest) -> Result<ShowOrderRequest, Error> {
    let iccid = rest.strip_prefix("orders/").unwrap_or(rest).parse()?;
    Ok(ShowOrderRequest { iccid, requester: asked_for(request)? })
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
            "search" => list.search = Some(unescaped(value)),
            "state" => {
                let state = serde_json::from_value(value.into());
                list.state = Some(state.map_err(|_| Error::text("state is none of an order"))?);
            }
            _ => {}
        }
    }
    Ok(list)
}

/// A value of a query as it was before it was escaped.
fn unescaped(value: &str) -> String {
    form_urlencoded::parse(format!("={value}").as_bytes())
        .next()
        .map_or_else(String::new, |(_, value)| value.into())
}

/// `requester` of the query: the operator whose orders are asked for.
fn asked_for(request: &HttpRequest) -> Result<Option<String>, Error> {
    let mut asked = request.query().filter(|(name, _)| *name == "requester").map(|(_, oid)| oid.to_string());
    match (asked.next(), asked.next()) {
        (_, Some(_)) => Err(Error::text("requester is there twice")),
        (asked, None) => Ok(asked),
    }
}

/// Executes what is asked for, if whoever asks may ask it, and has not tried it too often.
async fn serve<H: Host>(
    mut asked: Box<dyn Asked>,
    requester: &Requester,
    request: &HttpRequest,
    host: &H,
) -> Result<Served, Rejection> {
    let caller = &request.caller;
    let spoken = admit::speaks(requester, asked.on_behalf(), caller, host).await;
    host.checks().that(&SPEAKS, || request.path_only(), spoken)?;
    // Sound JSON around something else: the caller learns where.
    let mut function = asked.read().map_err(|error| Refusal::of(Code::FunctionInvalid).because(error))?;
    if let Some(served) = carry(&*function, request, requester, host).await? {
        return Ok(served);
    }
    let by = requester.called_by(caller);
    let served = call(&mut *function, &by, caller, host).await;
    served.map_err(|rejection| rejection.about(function.correlation()))
}

/// Runs a function whose request is sound, if it has not been tried too often.
async fn call<H: Host>(
    function: &mut dyn Answering,
    by: &CalledBy,
    caller: &Caller,
    host: &H,
) -> Result<Served, Rejection> {
    let tries = function.tries();
    let tried = admit::try_order(tries.as_deref(), caller, host).await;
    host.checks().that(&TRIES, || tries.as_deref().unwrap_or_default(), tried)?;
    let conflicts = execute(function, Some(by), host).await?;
    match function.answer(conflicts)? {
        Ok(served) => Ok(served),
        Err(refusal) => {
            if let Some(tries) = &tries {
                admit::weigh_refusal(tries, caller, host).await;
            }
            let note = Note { conflicts, is_refused_try: tries.is_some(), ..Note::default() };
            Err(Rejection { note, ..refusal.into() })
        }
    }
}

/// handleNotification answers 204 without a body whatever became of it: the
/// LPA could do nothing about it but send it again for ever (SGP.22 5.6.4).
async fn notification<H: Host>(
    request: &HttpRequest,
    lpa: &Requester,
    host: &H,
) -> Result<Served, Rejection> {
    let mut body = read_json(request, host.checks())?;
    let spoken = admit::speaks(lpa, &mut body, &request.caller, host).await;
    host.checks().that(&SPEAKS, || request.path_only(), spoken)?;
    let heard = |outcome, note| {
        let note = Note { outcome: Some(outcome), ..note };
        Ok(Served { response: HttpResponse::empty(204), note })
    };
    let function = match HandleNotification::read(body) {
        Ok(function) => function,
        Err(error) => return heard(format!("ignored: {error}"), Note::default()),
    };
    let function = Running::new(function);
    if let Some(served) = carry(&function, request, lpa, host).await? {
        return Ok(served);
    }
    let function = function.function;
    let correlation = function.correlation();
    let by = lpa.called_by(&request.caller);
    let executed = run(function, Some(&by), host).await;
    let Executed { answer, conflicts } =
        executed.map_err(|fault| Rejection::from(fault).about(correlation.clone()))?;
    let outcome = match answer {
        Ok(Heard::Recorded(iccid)) => format!("recorded for {iccid}"),
        Ok(Heard::Repeated(iccid)) => format!("known already for {iccid}"),
        Ok(Heard::Ignored(why)) => format!("ignored: {why}"),
        Err(refusal) => format!("ignored: {refusal}"),
    };
    heard(outcome, Note { correlation, conflicts, ..Note::default() })
}

/// Headers that every response has.
fn finish(response: HttpResponse, request: &HttpRequest, page_origins: &[String]) -> HttpResponse {
    let response = match response.header("X-Admin-Protocol") {
        // Of another server, whose answer this is.
        Some(_) => response,
        None => response.with_header("X-Admin-Protocol", admin_protocol(request)),
    };
    let response =
        response.with_header("Cache-Control", "no-store").with_header("X-Content-Type-Options", "nosniff");
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
