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
use esim_rsp::json::RequestHeader;
use esim_rsp::{Code, Iccid, Refusal};

/// The order of a profile, for the operator whose it is.
///
/// # Errors
/// 8.2.1/3.9 unknown, 8.2.1/1.2 another operator's.
fn own_order(
    records: &Records,
    iccid: &Iccid,
    header: &RequestHeader,
    config: &Config,
) -> Result<Order, Refusal> {
    let order = records.order(iccid).ok_or_else(|| Refusal::of(Code::IccidUnknown).about(iccid))?;
    check_owner(order, header, config)?;
    Ok(order.clone())
}

/// Where a profile is nobody's, whoever has ordered it is the one to go on with it. What is no operator's, stock for
/// everybody and orders that the house has made, is the house's to change, which speaks in a name that is no operator's.
fn check_owner(order: &Order, header: &RequestHeader, config: &Config) -> Result<(), Refusal> {
    let requester = &header.function_requester_identifier;
    let is_own = match order.whose() {
        Some(whose) => whose == requester,
        None => config.operator(requester).is_none(),
    };
    if is_own { Ok(()) } else { Err(Refusal::of(Code::IccidNotAllowed).about(order.iccid)) }
}
