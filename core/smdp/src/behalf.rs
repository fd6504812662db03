//! In whose name a request speaks. Hosts hold it against the credential of whoever has sent the request, after it was
//! read and before anything is decided: what is checked is what is executed.

use crate::admin::{AuditRequest, ImportRequest, ListOrdersRequest, ProvisionRequest, ShowOrderRequest};
use alloc::string::String;
use esim_rsp::es2p::{CancelOrderRequest, ConfirmOrderRequest, DownloadOrderRequest, ReleaseProfileRequest};
use esim_rsp::es9p::{
    AuthenticateClientRequest, CancelSessionEs9Request, GetBoundProfilePackageRequest,
    HandleNotificationRequest, InitiateAuthenticationRequest,
};
use esim_rsp::es12::{DeleteEventRequest, RegisterEventRequest};
use esim_rsp::json::RequestHeader;

/// A request that speaks in somebody's name, or could.
pub trait OnBehalf {
    /// OID of the operator or server in whose name it speaks; none if it names nobody.
    fn on_behalf_of(&self) -> Option<&str>;

    /// Lets it speak in the name of `oid`, where it names nobody and can name somebody.
    fn speak_for(&mut self, oid: &str);
}

/// Functions whose `header` must name the caller.
macro_rules! by_header {
    ($($request:ty),* $(,)?) => {$(
        impl OnBehalf for $request {
            fn on_behalf_of(&self) -> Option<&str> {
                Some(&self.header.function_requester_identifier)
            }

            fn speak_for(&mut self, _: &str) {}
        }
    )*};
}

by_header!(
    DownloadOrderRequest,
    ConfirmOrderRequest,
    CancelOrderRequest,
    ReleaseProfileRequest,
    RegisterEventRequest,
    DeleteEventRequest,
);

/// Functions that name nobody: LPAs are known by what the eUICC signs, and the templates are the same for everybody.
macro_rules! in_no_name {
    ($($request:ty),* $(,)?) => {$(
        impl OnBehalf for $request {
            fn on_behalf_of(&self) -> Option<&str> {
                None
            }

            fn speak_for(&mut self, _: &str) {}
        }
    )*};
}

in_no_name!(
    InitiateAuthenticationRequest,
    AuthenticateClientRequest,
    GetBoundProfilePackageRequest,
    HandleNotificationRequest,
    CancelSessionEs9Request,
    (),
);

/// Functions that may name somebody.
macro_rules! by_member {
    ($($request:ty: $member:ident),* $(,)?) => {$(
        impl OnBehalf for $request {
            fn on_behalf_of(&self) -> Option<&str> {
                self.$member.as_deref()
            }

            fn speak_for(&mut self, oid: &str) {
                self.$member.get_or_insert_with(|| oid.into());
            }
        }
    )*};
}

by_member!(ProvisionRequest: owner, ListOrdersRequest: requester, ShowOrderRequest: requester);

impl OnBehalf for AuditRequest {
    fn on_behalf_of(&self) -> Option<&str> {
        self.list.on_behalf_of()
    }

    fn speak_for(&mut self, oid: &str) {
        self.list.speak_for(oid);
    }
}

impl OnBehalf for ImportRequest {
    fn on_behalf_of(&self) -> Option<&str> {
        self.header.as_ref().map(|header| header.function_requester_identifier.as_str())
    }

    fn speak_for(&mut self, oid: &str) {
        self.header.get_or_insert_with(|| RequestHeader {
            function_requester_identifier: oid.into(),
            function_call_identifier: String::new(),
        });
    }
}
