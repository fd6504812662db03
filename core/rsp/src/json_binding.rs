//! Functions between servers, and between LPA and server, as JSON binds them to paths and ASN.1 to tags (SGP.22 6.5.2,
//! 6.6.2): every one of ES2+, ES9+, ES11, ES12 and ES15 with name, interfaces and clauses.

use crate::codec::{Explainer, typed};
use crate::{asn1_binding, es2p, es9p, es12, es15};
use alloc::format;
use alloc::string::String;
use serde::Serialize;

/// An interface over HTTPS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interface {
    /// The operator's customer system and the SM-DP+ call each other (SGP.22 5.3).
    Es2Plus,
    /// The LPA calls the SM-DP+ (SGP.22 5.6).
    Es9Plus,
    /// The LPA calls the SM-DS, by the paths of ES9+ (SGP.22 5.8).
    Es11,
    /// The SM-DP+ calls the SM-DS (SGP.22 5.9).
    Es12,
    /// An alternative SM-DS calls the root (SGP.22 5.10).
    Es15,
}

impl Interface {
    /// Those that have paths of their own: ES11 has those of ES9+.
    pub const ROOTS: [Self; 4] = [Self::Es2Plus, Self::Es9Plus, Self::Es12, Self::Es15];

    /// As the standard writes it: `ES9+`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es2Plus => "ES2+",
            Self::Es9Plus => "ES9+",
            Self::Es11 => "ES11",
            Self::Es12 => "ES12",
            Self::Es15 => "ES15",
        }
    }

    /// What the paths of its functions begin with: `/gsma/rsp2/es9plus/`.
    pub const fn root(self) -> &'static str {
        match self {
            Self::Es2Plus => es2p::PATH,
            Self::Es9Plus | Self::Es11 => es9p::PATH,
            Self::Es12 => es12::PATH,
            Self::Es15 => es15::PATH,
        }
    }

    /// Where a function of it is called: `/gsma/rsp2/es9plus/initiateAuthentication`.
    pub fn path(self, function: Function) -> String {
        format!("{}{}", self.root(), function.name())
    }

    /// The function that is called at a path below [`Interface::root`], `initiateAuthentication`; none if this interface
    /// has none of that name.
    pub fn function(self, name: &str) -> Option<Function> {
        Function::ALL
            .iter()
            .copied()
            .find(|function| function.name() == name && function.clause(self).is_some())
    }

    /// The interface that a path belongs to, and what stands behind its root; ES9+ where it may be ES11.
    pub fn of(path: &str) -> Option<(Self, &str)> {
        Self::ROOTS.iter().find_map(|interface| Some((*interface, path.strip_prefix(interface.root())?)))
    }
}

/// A request in JSON.
pub trait Request: Serialize {
    /// The function that it calls.
    const FUNCTION: Function;
}

/// `Variant: name type-of-the-request [interface clause] tag [messages of the ASN.1 binding]`.
macro_rules! functions {
    ($($function:ident: $name:literal $request:path, [$($interface:ident $clause:literal),+]
        $($tag:literal [$($message:ident),*])?;)*) => {
        /// A function of ES2+, ES9+, ES11, ES12 or ES15.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Function {
            $(#[doc = concat!("`", $name, "`", $(", SGP.22 ", $clause,)+ ".")] $function,)*
        }

        impl Function {
            /// All of them, in the order of the standard.
            pub const ALL: &'static [Self] = &[$(Self::$function),*];

            /// Such as `initiateAuthentication`; in logs, too.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$function => $name,)* }
            }

            /// Clause of SGP.22 v2.6 that describes it at an interface; none if that does not have it.
            pub fn clause(self, interface: Interface) -> Option<&'static str> {
                let clauses: &[(Interface, &str)] = match self {
                    $(Self::$function => &[$((Interface::$interface, $clause)),+],)*
                };
                clauses.iter().find(|(at, _)| *at == interface).map(|(_, clause)| *clause)
            }
        }

        $(impl Request for $request {
            const FUNCTION: Function = Function::$function;
        })*

        /// What may stand under each tag of the ASN.1 binding.
        pub(crate) const MESSAGES: &[(u32, Explainer)] =
            &[$($($(($tag, typed::<asn1_binding::$message>),)*)?)*];

        /// Names of the types of the ASN.1 binding.
        pub(crate) const MESSAGE_NAMES: &[&str] = &[$($($(stringify!($message),)*)?)*];
    };
}

functions! {
    DownloadOrder: "downloadOrder" es2p::DownloadOrderRequest, [Es2Plus "5.3.1"];
    ConfirmOrder: "confirmOrder" es2p::ConfirmOrderRequest, [Es2Plus "5.3.2"];
    CancelOrder: "cancelOrder" es2p::CancelOrderRequest, [Es2Plus "5.3.3"];
    ReleaseProfile: "releaseProfile" es2p::ReleaseProfileRequest, [Es2Plus "5.3.4"];
    HandleDownloadProgressInfo: "handleDownloadProgressInfo" es2p::HandleDownloadProgressInfoRequest,
        [Es2Plus "5.3.5"];
    InitiateAuthentication: "initiateAuthentication" es9p::InitiateAuthenticationRequest,
        [Es9Plus "5.6.1", Es11 "5.8.1"] 0xBF39 [InitiateAuthenticationRequest, InitiateAuthenticationResponse];
    GetBoundProfilePackage: "getBoundProfilePackage" es9p::GetBoundProfilePackageRequest,
        [Es9Plus "5.6.2"] 0xBF3A [GetBoundProfilePackageRequest, GetBoundProfilePackageResponse];
    AuthenticateClient: "authenticateClient" es9p::AuthenticateClientRequest,
        [Es9Plus "5.6.3", Es11 "5.8.2"] 0xBF3B [AuthenticateClientRequest, AuthenticateClientResponseEs9];
    HandleNotification: "handleNotification" es9p::HandleNotificationRequest,
        [Es9Plus "5.6.4"] 0xBF3D [HandleNotification];
    CancelSession: "cancelSession" es9p::CancelSessionEs9Request,
        [Es9Plus "5.6.5"] 0xBF41 [CancelSessionRequestEs9, CancelSessionResponseEs9];
    RegisterEvent: "registerEvent" es12::RegisterEventRequest, [Es12 "5.9.1", Es15 "5.10.1"];
    DeleteEvent: "deleteEvent" es12::DeleteEventRequest, [Es12 "5.9.2", Es15 "5.10.2"];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_back_to_their_functions() {
        for interface in Interface::ROOTS {
            for function in Function::ALL.iter().copied().filter(|it| it.clause(interface).is_some()) {
                let path = interface.path(function);
                let (found, name) = Interface::of(&path).unwrap();
                assert_eq!((found, found.function(name)), (interface, Some(function)), "{path}");
            }
        }
        assert_eq!(Interface::of("/gsma/rsp2/es9plus"), None);
        assert_eq!(Interface::of("/gsma/rsp2/es9plus/x"), Some((Interface::Es9Plus, "x")));
        assert_eq!(Interface::Es9Plus.function("registerEvent"), None);
        assert_eq!(Interface::Es11.function("cancelSession"), None);
    }
}
