//! ES12 and ES15: the functions that SM-DP+s, and alternative SM-DSs, call at an SM-DS (SGP.22 5.9, 5.10).

mod delete_event;
mod register_event;

pub use delete_event::DeleteEvent;
pub use register_event::RegisterEvent;

use crate::{Config, Smds};
use alloc::string::String;
use esim_rsp::check::{Checks, Rule};
use esim_rsp::json::RequestHeader;
use esim_rsp::{Code, Refusal};

const SMDS: Rule = Rule::new("SGP.22 5.9", "this server is an SM-DS");

/// The SM-DS that this server is.
///
/// # Errors
/// 1.2/1.1 if it is none.
fn own_smds<'a>(config: &'a Config, checks: Checks<'_>) -> Result<&'a Smds, Refusal> {
    let detail = "This server is no SM-DS";
    let smds = checks.that(&SMDS, || &config.smdp_address, config.smds.as_ref());
    smds.ok_or_else(|| Refusal::of(Code::FunctionProviderUnknown).because(detail))
}

/// An alternative SM-DS as the root's caller; the call keeps the name that it has come with.
fn forwarding_header(smds: &Smds, call: &str) -> RequestHeader {
    let function_call_identifier = String::from(call);
    RequestHeader { function_requester_identifier: smds.own_oid(), function_call_identifier }
}
