//! ES10: every function that an eUICC has for its LPA, with tag, name and clause (SGP.22 5.7). Commands and answers are
//! those of [`es10a`](crate::es10a), [`es10b`](crate::es10b), [`es10c`](crate::es10c) and
//! [`notification`](crate::notification).

use crate::codec::{Explainer, typed};
use crate::es10a::*;
use crate::es10b::*;
use crate::es10c::*;
use crate::notification::*;
use crate::tlv;

/// `Variant: tag interface name clause [messages]`; of two messages the one that is tried first when octets are explained
/// stands first, with a reader of its own where its type has none.
macro_rules! functions {
    ($($function:ident: $tag:literal $interface:literal $name:literal $clause:literal
        [$($message:ident $(by $reader:ident)?),*];)*) => {
        /// A function of ES10a, ES10b or ES10c, or of the ISD-R itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Function {
            $(#[doc = concat!("`", stringify!($tag), "`, ", $interface, ".", $name, " (SGP.22 ", $clause, ").")] $function,)*
        }

        impl Function {
            /// All of them, in the order of the standard.
            pub const ALL: &'static [Self] = &[$(Self::$function),*];

            /// Tag of command and answer, as a number: `0xBF38`.
            pub const fn tag(self) -> u32 {
                match self { $(Self::$function => $tag,)* }
            }

            /// `ES10a`, `ES10b` or `ES10c`; `ES10` of what belongs to none of them.
            pub const fn interface(self) -> &'static str {
                match self { $(Self::$function => $interface,)* }
            }

            /// Such as `AuthenticateServer`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$function => $name,)* }
            }

            /// Clause of SGP.22 v2.6.
            pub const fn clause(self) -> &'static str {
                match self { $(Self::$function => $clause,)* }
            }

            /// Names of the types of command and answer, where the function has its own.
            pub(crate) const fn messages(self) -> &'static [&'static str] {
                match self { $(Self::$function => &[$(stringify!($message)),*],)* }
            }

            /// The function that a command calls, by its tag. Pieces of a bound profile package have their own
            /// (SGP.22 2.5.5).
            pub const fn of(tag: u32) -> Option<Self> {
                match tag {
                    $($tag => Some(Self::$function),)*
                    0xA0..=0xA3 | 0x86..=0x88 => Some(Self::LoadBoundProfilePackage),
                    _ => None,
                }
            }

            /// By its name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|function| function.name() == name)
            }
        }

        /// What may stand under each tag.
        pub(crate) const MESSAGES: &[(u32, Explainer)] = &[$($(($tag, explainer!($message $($reader)?)),)*)*];
    };
}

macro_rules! explainer {
    ($message:ident) => {
        typed::<$message>
    };
    ($message:ident $reader:ident) => {
        $reader
    };
}

functions! {
    // "ISD-R Selection and LPAe Activation" stands before the interfaces and belongs to none of them.
    LpaeActivation: 0xBF42 "ES10" "LpaeActivation" "5.7.1" [LpaeActivationRequest, LpaeActivationResponse];
    GetEuiccConfiguredAddresses: 0xBF3C "ES10a" "GetEuiccConfiguredAddresses" "5.7.3"
        [EuiccConfiguredAddressesResponse, EuiccConfiguredAddressesRequest];
    SetDefaultDpAddress: 0xBF3F "ES10a" "SetDefaultDpAddress" "5.7.4"
        [SetDefaultDpAddressResponse, SetDefaultDpAddressRequest];
    PrepareDownload: 0xBF21 "ES10b" "PrepareDownload" "5.7.5" [PrepareDownloadRequest, PrepareDownloadResponse];
    LoadBoundProfilePackage: 0xBF36 "ES10b" "LoadBoundProfilePackage" "5.7.6" [];
    GetEuiccChallenge: 0xBF2E "ES10b" "GetEUICCChallenge" "5.7.7" [GetEuiccChallengeResponse, GetEuiccChallengeRequest];
    GetEuiccInfo1: 0xBF20 "ES10b" "GetEUICCInfo1" "5.7.8" [EuiccInfo1, GetEuiccInfo1Request];
    GetEuiccInfo2: 0xBF22 "ES10b" "GetEUICCInfo2" "5.7.8" [EuiccInfo2, GetEuiccInfo2Request];
    ListNotification: 0xBF28 "ES10b" "ListNotification" "5.7.9" [ListNotificationResponse, ListNotificationRequest];
    RetrieveNotificationsList: 0xBF2B "ES10b" "RetrieveNotificationsList" "5.7.10"
        [RetrieveNotificationsListResponse, RetrieveNotificationsListRequest];
    RemoveNotificationFromList: 0xBF30 "ES10b" "RemoveNotificationFromList" "5.7.11"
        [NotificationSentRequest, NotificationSentResponse];
    LoadCrl: 0xBF35 "ES10b" "LoadCRL" "5.7.12" [LoadCrlResponse, LoadCrlRequest by load_crl];
    AuthenticateServer: 0xBF38 "ES10b" "AuthenticateServer" "5.7.13"
        [AuthenticateServerRequest, AuthenticateServerResponse];
    CancelSession: 0xBF41 "ES10b" "CancelSession" "5.7.14" [CancelSessionRequest, CancelSessionResponse];
    GetProfilesInfo: 0xBF2D "ES10c" "GetProfilesInfo" "5.7.15" [ProfileInfoListResponse, ProfileInfoListRequest];
    EnableProfile: 0xBF31 "ES10c" "EnableProfile" "5.7.16" [EnableProfileRequest, EnableProfileResponse];
    DisableProfile: 0xBF32 "ES10c" "DisableProfile" "5.7.17" [DisableProfileRequest, DisableProfileResponse];
    DeleteProfile: 0xBF33 "ES10c" "DeleteProfile" "5.7.18" [DeleteProfileRequest, DeleteProfileResponse];
    EuiccMemoryReset: 0xBF34 "ES10c" "eUICCMemoryReset" "5.7.19" [EuiccMemoryResetRequest, EuiccMemoryResetResponse];
    GetEid: 0xBF3E "ES10c" "GetEID" "5.7.20" [GetEuiccDataResponse, GetEuiccDataRequest];
    SetNickname: 0xBF29 "ES10c" "SetNickname" "5.7.21" [SetNicknameRequest, SetNicknameResponse];
    GetRat: 0xBF43 "ES10b" "GetRAT" "5.7.22" [GetRatResponse, GetRatRequest];
}

impl Function {
    /// The function that a command calls, by the tag that it begins with.
    pub fn of_command(command: &[u8]) -> Option<Self> {
        tlv::read_header(command, 0).ok().and_then(|(tag, ..)| Self::of(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_by_tag_and_by_name() {
        for function in Function::ALL.iter().copied() {
            assert_eq!(Function::of(function.tag()), Some(function));
            assert_eq!(Function::named(function.name()), Some(function));
        }
    }

    #[test]
    fn commands_have_the_tag_of_their_function() {
        use crate::encode;
        let commands = [
            (Function::GetEuiccConfiguredAddresses, encode(&EuiccConfiguredAddressesRequest {})),
            (Function::GetEuiccChallenge, encode(&GetEuiccChallengeRequest {})),
            (Function::GetEuiccInfo1, encode(&GetEuiccInfo1Request {})),
            (Function::GetEuiccInfo2, encode(&GetEuiccInfo2Request {})),
            (Function::GetProfilesInfo, encode(&ProfileInfoListRequest::default())),
            (Function::GetRat, encode(&GetRatRequest {})),
            (Function::RemoveNotificationFromList, encode(&NotificationSentRequest { seq_number: 1 })),
        ];
        for (function, command) in commands {
            assert_eq!(Function::of_command(&command), Some(function));
        }
        assert_eq!(Function::of_command(&[0x88, 0]), Some(Function::LoadBoundProfilePackage));
        assert_eq!(Function::of_command(&[0xBF, 0x39, 0]), None);
        assert_eq!(Function::of_command(&[]), None);
    }
}
