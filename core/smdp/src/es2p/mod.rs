//! ES2+: the functions that the operator's customer system calls (SGP.22 5.3).

mod cancel_order;
mod confirm_order;
mod discovery;
mod download_order;
mod release_profile;

pub use cancel_order::CancelOrder;
pub use confirm_order::ConfirmOrder;
pub(crate) use confirm_order::draw_matching_id;
pub use download_order::DownloadOrder;
pub use release_profile::ReleaseProfile;

use crate::{Config, Order, Records};
use esim_rsp::check::{Checks, Rule};
use esim_rsp::json::RequestHeader;
use esim_rsp::{Code, Iccid, Refusal};

const KNOWN: Rule = Rule::new("SGP.22 5.3", "iccid is that of a profile here");
const OWN: Rule = Rule::new("SGP.22 5.3", "the profile is the functionRequester's");

/// The order of a profile, for the operator whose it is.
///
/// # Errors
/// 8.2.1/3.9 unknown, 8.2.1/1.2 another operator's.
fn own_order(
    records: &Records,
    iccid: &Iccid,
    header: &RequestHeader,
    config: &Config,
    checks: Checks<'_>,
) -> Result<Order, Refusal> {
    let order = known_order(records, iccid, checks)?;
    check_owner(order, header, config, checks)?;
    Ok(order.clone())
}

/// The order of a profile, whosever it is.
fn known_order<'a>(records: &'a Records, iccid: &Iccid, checks: Checks<'_>) -> Result<&'a Order, Refusal> {
    let order = checks.that(&KNOWN, || iccid.octets(), records.order(iccid));
    order.ok_or_else(|| Refusal::of(Code::IccidUnknown).about(iccid))
}

/// Where a profile is nobody's, whoever has ordered it is the one to go on with it. What is no operator's, stock for
/// everybody and orders that the house has made, is the house's to change, which speaks in a name that is no operator's.
fn check_owner(
    order: &Order,
    header: &RequestHeader,
    config: &Config,
    checks: Checks<'_>,
) -> Result<(), Refusal> {
    owns(order, header, config, false, checks)
}

/// The same where the profile `may_be_had` besides.
fn owns(
    order: &Order,
    header: &RequestHeader,
    config: &Config,
    may_be_had: bool,
    checks: Checks<'_>,
) -> Result<(), Refusal> {
    let requester = &header.function_requester_identifier;
    let is_own = match order.whose() {
        Some(whose) => whose == requester,
        None => !config.is_somebody(requester),
    };
    let is_own = checks.that(&OWN, || requester, is_own || may_be_had);
    if is_own { Ok(()) } else { Err(Refusal::of(Code::IccidNotAllowed).about(order.iccid)) }
}
