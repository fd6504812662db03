//! `profile download` and `profile discovery`: procedures with servers, whose steps are told as they begin.

use super::euicc::Euicc;
use super::line::{Failed, failure, progress, success};
use super::options::Options;
use super::raw::Raw;
use esim_lpa::discover::{DiscoveryEnding, Unfollowed};
use esim_lpa::download::{InstallError, LostPeer, Peer, ServerRefusal};
use esim_lpa::{
    Code, Device, Discover, DiscoverParams, Download, DownloadParams, Effect, Ending, Es10, HttpCall, Lang,
    Outcome,
};
use esim_rsp::es10::Function;
use esim_rsp::es10a::{EuiccConfiguredAddressesRequest, EuiccConfiguredAddressesResponse};
use esim_rsp::json_binding;
use heck::ToSnakeCase;
use serde::Serialize;

const ADDRESSES: &str = "es10a_get_euicc_configured_addresses";
const CHALLENGE: &str = "es10b_get_euicc_challenge_and_info";
const PREPARE: &str = "es10b_prepare_download";
const LOAD: &str = "es10b_load_bound_profile_package";
const METADATA: &str = "es8p_meatadata_parse";
/// Where a card names no root SM-DS: the one of GSMA.
const ROOT_SMDS: &str = "lpa.ds.gsma.com";

/// What came of loading; `unknown` where there is nothing to tell.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Loaded {
    seq_number: u32,
    bpp_command_id: String,
    error_reason: String,
}

/// What is to be fetched.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    smdp: Option<String>,
    matching_id: Option<String>,
    oid: Option<String>,
}

/// Why that cannot be read: lpac's name of it, and its words.
type Unreadable = (&'static str, &'static str);

/// `profile download`.
pub(super) async fn download(euicc: &mut Euicc, arguments: &[String]) -> Result<(), Failed> {
    let Some(options) = Options::read(arguments, "s:m:i:c:a:p") else {
        say!("Usage: download [OPTIONS]");
        say!("\t -s SM-DP+: host name, with a port where it is not 443");
        say!("\t -m MatchingID");
        say!("\t -i IMEI of the device");
        say!("\t -c Confirmation code");
        say!("\t -a Activation code, 'LPA:1$...', in place of -s and -m");
        say!("\t -p Asks before the profile is fetched: y on standard input agrees");
        say!("\t -h This text");
        return Err(Failed);
    };
    let mut wanted =
        Wanted { smdp: options.value('s').cloned(), matching_id: options.value('m').cloned(), oid: None };
    if let Some(code) = options.value('a')
        && let Err((name, why)) = wanted.read(code, options.has('c'))
    {
        return Err(give_up(wanted.smdp.as_deref(), name, why));
    }
    let address = match wanted.smdp.clone() {
        Some(address) => address,
        None => default_smdp(euicc).await?,
    };
    if address.is_empty() {
        return Err(give_up(wanted.smdp.as_deref(), "smdp", "empty"));
    }
    let mut params = DownloadParams::at(&address);
    params.matching_id = wanted.matching_id.unwrap_or_default();
    params.smdp_oid = wanted.oid;
    params.confirmation_code = options.value('c').filter(|code| !code.is_empty()).cloned();
    params.notify = false;
    params.device = device(&options);
    euicc.host.consent.asks = options.has('p');
    let mut steps = Steps::new(&address);
    let outcome = euicc.play(Download::new(params), |effect| steps.begin(effect)).await;
    if let Ending::Installed(installed) = &outcome.ending {
        success(Loaded { seq_number: installed.sequence_number, ..Loaded::unknown() });
        return Ok(());
    }
    Err(not_installed(euicc, &mut steps, &outcome))
}

/// `profile discovery`: the servers that the SM-DS names.
pub(super) async fn discovery(euicc: &mut Euicc, arguments: &[String]) -> Result<(), Failed> {
    let Some(options) = Options::read(arguments, "s:i:") else {
        say!("Usage: discovery [OPTIONS]");
        say!(
            "\t -s SM-DS: host name, with a port where it is not 443; without it, the one that the card names"
        );
        say!("\t -i IMEI of the device");
        say!("\t -h This text");
        return Err(Failed);
    };
    let smds = match options.value('s') {
        Some(address) => address.clone(),
        None => root_smds(euicc).await,
    };
    // No further than that SM-DS: what stands behind it is for the download.
    let params = DiscoverParams { smds_address: Some(smds.clone()), device: device(&options), depth: 0 };
    let mut steps = Steps { client: "es11_authenticate_client", ..Steps::new(&smds) };
    let discovery = euicc.play(Discover::new(params), |effect| steps.begin(effect)).await;
    if let DiscoveryEnding::Failed { ending } = &discovery.ending {
        tell!("esim-lab: {}", discovery.text(Lang::En));
        let reason = if steps.now == Some(steps.client) { String::new() } else { reason(ending) };
        return Err(failure(steps.now.unwrap_or(CHALLENGE), &reason));
    }
    let passed = discovery.unfollowed.into_iter().map(|Unfollowed { event, .. }| event);
    let found = discovery.events.into_iter().chain(passed);
    success(found.map(|event| event.rsp_server_address).collect::<Vec<_>>());
    Ok(())
}

fn device(options: &Options) -> Device {
    options.value('i').map_or_else(Device::default, |imei| Device::with_imei(imei))
}

impl Wanted {
    /// Reads an activation code (SGP.22 4.1) as lpac does, and its OID besides.
    fn read(&mut self, code: &str, has_confirmation_code: bool) -> Result<(), Unreadable> {
        let code = code.strip_prefix("LPA:").unwrap_or(code);
        let mut parts = code.split('$');
        if parts.next() != Some("1") {
            return Err(("activation_code", "invalid"));
        }
        if let Some(smdp) = parts.next() {
            self.smdp = Some(smdp.into());
        }
        if let Some(matching_id) = parts.next() {
            self.matching_id = Some(matching_id.into());
            if !matching_id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
                return Err(("matching_id", "invalid format, contains character not alphanumeric or dash"));
            }
        }
        self.oid = parts.next().filter(|oid| !oid.is_empty()).map(String::from);
        match parts.next() {
            Some("1") if !has_confirmation_code => Err(("confirmation_code", "required")),
            _ => Ok(()),
        }
    }
}

/// The default SM-DP+ of the card; empty if it has none.
async fn default_smdp(euicc: &mut Euicc) -> Result<String, Failed> {
    progress(ADDRESSES, ());
    match addresses(euicc).await {
        Some(addresses) => Ok(addresses.default_dp_address.unwrap_or_default()),
        None => Err(give_up(None, ADDRESSES, "")),
    }
}

async fn root_smds(euicc: &mut Euicc) -> String {
    let told = addresses(euicc).await.map(|addresses| addresses.root_ds_address);
    told.filter(|address| !address.is_empty()).unwrap_or_else(|| ROOT_SMDS.into())
}

async fn addresses(euicc: &mut Euicc) -> Option<EuiccConfiguredAddressesResponse> {
    let command = Raw::<EuiccConfiguredAddressesResponse>::new(&EuiccConfiguredAddressesRequest {});
    euicc.run(&command).await.ok()
}

/// Ends a download: whoever reads the lines is told of the session's end before the reason.
fn give_up(address: Option<&str>, name: &str, why: &str) -> Failed {
    progress("es10b_cancel_session", address);
    progress("es9p_cancel_session", address);
    failure(name, why)
}

fn not_installed(euicc: &Euicc, steps: &mut Steps<'_>, outcome: &Outcome) -> Failed {
    let consent = euicc.host.consent;
    tell!("esim-lab: {}", outcome.text(Lang::En));
    if consent.refused {
        return give_up(Some(steps.address), "cancelled", "");
    }
    if consent.code_missing {
        steps.tell(PREPARE);
    }
    let step = steps.now.unwrap_or(CHALLENGE);
    if step == LOAD {
        let loaded = match &outcome.ending {
            Ending::NotInstalled(error) => Loaded::from(error),
            _ => Loaded::unknown(),
        };
        let why = format!("{},{}", loaded.bpp_command_id, loaded.error_reason);
        progress("es10b_load_bound_profile_package:result", loaded);
        return give_up(Some(steps.address), step, &why);
    }
    match &outcome.ending {
        Ending::PolicyForbids { .. } => give_up(Some(steps.address), METADATA, &outcome.text(Lang::En)),
        ending => give_up(Some(steps.address), step, &reason(ending)),
    }
}

/// Why a step has failed, in lpac's words where it has any: a server's own, or those for a server that cannot be reached.
/// What it leaves out is on standard error.
fn reason(ending: &Ending) -> String {
    match ending {
        Ending::Refused(refusal) => words(refusal),
        Ending::Lost(LostPeer { peer: Peer::Server, detail, .. }) if detail.starts_with("HTTP status") => {
            "HTTP status code error".into()
        }
        Ending::Lost(LostPeer { peer: Peer::Server, .. }) | Ending::Untrusted(_) => {
            "HTTP transport failed".into()
        }
        // Of a server, that is; lpac has no words for an answer of a card.
        Ending::Misbehaved(_) => "unknown".into(),
        _ => String::new(),
    }
}

/// What a server says of its refusal; else what its codes mean; else the codes.
fn words(refusal: &ServerRefusal) -> String {
    let ServerRefusal { subject, reason, .. } = refusal;
    let codes = || format!("subject-code: {subject}, reason-code: {reason}");
    refusal.message.clone().or_else(|| refusal.cause.clone()).unwrap_or_else(codes)
}

impl Loaded {
    fn unknown() -> Self {
        let unknown = || "unknown".to_string();
        Self { seq_number: 0, bpp_command_id: unknown(), error_reason: unknown() }
    }
}

impl From<&InstallError> for Loaded {
    fn from(error: &InstallError) -> Self {
        let name = |code: &Code| code.name.to_snake_case();
        Self {
            seq_number: error.sequence_number,
            bpp_command_id: name(&error.bpp_command),
            error_reason: name(&error.reason),
        }
    }
}

/// The steps of a procedure by lpac's names; each is told when it begins.
struct Steps<'a> {
    address: &'a str,
    /// What authenticateClient is called.
    client: &'static str,
    now: Option<&'static str>,
}

impl<'a> Steps<'a> {
    fn new(address: &'a str) -> Self {
        Self { address, client: "es9p_authenticate_client", now: None }
    }

    fn begin<D>(&mut self, effect: &Effect<D>) {
        let step = match effect {
            Effect::Card(es10) => card_step(es10),
            Effect::Http(call) => self.http_step(call),
            Effect::Ask(_) | Effect::Wait(_) | Effect::Done(_) => None,
        };
        // A step of several commands is told once, and nothing is told again that an SM-DS leads to.
        if let Some(step) = step.filter(|_| self.now != Some(self.client) || self.client.starts_with("es9p"))
        {
            self.tell(step);
        }
    }

    fn tell(&mut self, step: &'static str) {
        if self.now != Some(step) {
            self.now = Some(step);
            progress(step, self.address);
        }
    }

    fn http_step(&self, call: &HttpCall) -> Option<&'static str> {
        Some(match json_binding::Function::ALL.iter().find(|function| function.name() == call.function)? {
            json_binding::Function::InitiateAuthentication => "es9p_initiate_authentication",
            json_binding::Function::AuthenticateClient => self.client,
            json_binding::Function::GetBoundProfilePackage => "es9p_get_bound_profile_package",
            _ => return None,
        })
    }
}

fn card_step(es10: &Es10) -> Option<&'static str> {
    Some(match Function::named(&es10.function)? {
        Function::GetEuiccInfo1 | Function::GetEuiccInfo2 | Function::GetEuiccChallenge => CHALLENGE,
        Function::AuthenticateServer => "es10b_authenticate_server",
        Function::PrepareDownload => PREPARE,
        Function::LoadBoundProfilePackage => LOAD,
        _ => return None,
    })
}
