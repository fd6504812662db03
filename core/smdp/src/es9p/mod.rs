//! ES9+ and ES11: the functions that an LPA calls (SGP.22 5.6, 5.8). The SM-DS's two are the SM-DP+'s first two; the
//! address that the LPA has dialled tells which are meant.

mod authenticate_client;
mod cancel_session;
mod get_bound_profile_package;
mod handle_notification;
mod initiate_authentication;

pub use authenticate_client::{AuthenticateClient, Authenticated};
pub use cancel_session::CancelSession;
pub use get_bound_profile_package::GetBoundProfilePackage;
pub use handle_notification::{HandleNotification, Heard};
pub use initiate_authentication::InitiateAuthentication;

use esim_rsp::{Code, Refusal};

/// 8.1/6.1: a signature or a signed value of the eUICC is wrong.
fn euicc_unproved(detail: &str) -> Refusal {
    Refusal::of(Code::EuiccVerificationFailed).because(detail)
}

/// 8.10.1/3.9: the signed transaction id is not the session's.
fn other_transaction() -> Refusal {
    Refusal::of(Code::TransactionIdUnknown).because("The signed transactionId is not the session's")
}
