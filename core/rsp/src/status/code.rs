//! Every pair of subject and reason code, once: name, clause, cause and remedy (SGP.22 5.2.6; 5.3, 5.6, 5.8, 5.9).

use alloc::string::String;
use core::fmt;

/// `Variant: subject reason name clause cause remedy`.
macro_rules! codes {
    ($($code:ident: $subject:literal $reason:literal $name:literal $clause:literal $cause:literal $remedy:literal;)*) => {
        /// A pair of subject and reason code, named by both.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = concat!($subject, "/", $reason, ": ", $cause, " (SGP.22 ", $clause, ").")] $code,)*
        }

        impl Code {
            /// All of them, in the order of the standard.
            pub const ALL: &'static [Self] = &[$(Self::$code),*];

            /// Subject code, `8.2.6`.
            pub const fn subject(self) -> &'static str {
                match self { $(Self::$code => $subject,)* }
            }

            /// Reason code, `3.8`.
            pub const fn reason(self) -> &'static str {
                match self { $(Self::$code => $reason,)* }
            }

            /// Names of both in the specification: `MatchingID · Refused`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }

            /// Clause of SGP.22 v2.6 where the pair is used.
            pub const fn clause(self) -> &'static str {
                match self { $(Self::$code => $clause,)* }
            }

            /// Why it comes, without a full stop.
            pub const fn cause(self) -> &'static str {
                match self { $(Self::$code => $cause,)* }
            }

            /// What to do, as a sentence.
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$code => $remedy,)* }
            }

            /// The code that a pair is; none if the table does not have it.
            pub fn of(subject: &str, reason: &str) -> Option<Self> {
                match (subject, reason) {
                    $(($subject, $reason) => Some(Self::$code),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    FunctionRequesterUnknown: "1.1" "1.1" "Function Requester · Unknown" "5.3"
        "The caller did not show that it is the operator"
        "Send the token that the SM-DP+ gave the operator.";
    FunctionRequesterNotAllowed: "1.1" "1.2" "Function Requester · Not allowed" "5.3"
        "The caller is known, or shows who it is, but is not admitted here"
        "Call with a certificate or identity that the SM-DP+ admits; the message says which.";
    FunctionProviderUnknown: "1.2" "1.1" "Function Provider · Unknown" "5.3"
        "The function is not known here"
        "Check the path of the request.";
    FunctionProviderUnavailable: "1.2" "3.7" "Function Provider · Unavailable" "5.2.6"
        "There have been too many requests from the caller, or too many tries of one order"
        "Wait as long as Retry-After says, then try again.";
    FunctionInvalid: "1.6" "2.1" "Function · Invalid" "6.5.1"
        "The request is not the JSON that the function expects"
        "Correct the request; the message says how.";
    RspExecutionError: "8" "4.2" "RSP · Execution error" "5.3.5"
        "Something failed while the function was executed"
        "Try again later.";
    EuiccInsufficientMemory: "8.1" "4.8" "eUICC · Insufficient memory" "5.6.3"
        "The profile does not fit into the eUICC"
        "Delete a profile and try again.";
    EuiccVerificationFailed: "8.1" "6.1" "eUICC · Verification failed" "5.6.3"
        "The eUICC's signature or its echo of the challenge is wrong"
        "Start the download again; if it comes back, the eUICC or the LPA alters signed data.";
    EidMandatoryElementMissing: "8.1.1" "2.2" "EID · Mandatory element missing" "5.3.2"
        "An EID is needed for this kind of order"
        "Name the eUICC, or give a matchingId.";
    EidRefused: "8.1.1" "3.8" "EID · Refused" "5.6.3"
        "The profile is reserved for another eUICC"
        "Use the device that the order was made for.";
    EidInvalidAssociation: "8.1.1" "3.10" "EID · Invalid association" "5.3.2"
        "The order is linked to another EID"
        "Give the EID of the order, or none.";
    EumCertificateVerificationFailed: "8.1.2" "6.1" "EUM Certificate · Verification failed" "5.6.3"
        "The eUICC manufacturer's certificate is not valid under the CI"
        "The eUICC does not belong to this ecosystem; a test eUICC needs a test SM-DP+.";
    EumCertificateExpired: "8.1.2" "6.3" "EUM Certificate · Expired" "5.6.3"
        "The eUICC manufacturer's certificate has expired"
        "The manufacturer must renew it.";
    EuiccCertificateVerificationFailed: "8.1.3" "6.1" "eUICC Certificate · Verification failed" "5.6.3"
        "The eUICC's certificate is not valid under its manufacturer's"
        "The eUICC does not belong to this ecosystem.";
    EuiccCertificateExpired: "8.1.3" "6.3" "eUICC Certificate · Expired" "5.6.3"
        "The eUICC's certificate has expired"
        "The eUICC can no longer be used.";
    ProfileNotAllowed: "8.2" "1.2" "Profile · Not allowed" "5.6.3"
        "The profile is not released"
        "The operator must release the order first.";
    ProfileUnavailable: "8.2" "3.7" "Profile · Unavailable" "5.6.2"
        "The package is bound already and cannot be bound again"
        "Ask the operator for a new order.";
    IccidNotAllowed: "8.2.1" "1.2" "ICCID · Not allowed" "5.3"
        "The profile belongs to another operator"
        "Use a profile of your own.";
    IccidMandatoryElementMissing: "8.2.1" "2.2" "ICCID · Mandatory element missing" "5.3.3"
        "The order is linked to an eUICC, and its EID is not given"
        "Name the EID of the order, too.";
    IccidInvalidAssociation: "8.2.1" "3.10" "ICCID · Invalid association" "5.3.3"
        "The order is not linked to this EID"
        "Name the EID of the order, or none where it has none.";
    IccidAlreadyInUse: "8.2.1" "3.3" "ICCID · Already in use" "5.3.1"
        "The profile is ordered already"
        "Order another profile.";
    IccidInvalidTransition: "8.2.1" "3.5" "ICCID · Invalid transition" "5.3.4"
        "The order is not in a state that allows this"
        "Confirm the order first; a downloaded profile cannot be released again.";
    IccidUnknown: "8.2.1" "3.9" "ICCID · Unknown" "5.3"
        "No profile has this ICCID"
        "Check the ICCID.";
    ProfileTypeUnavailable: "8.2.5" "3.7" "Profile Type · Unavailable" "5.3.1"
        "No profile of this type is left"
        "Provide more profiles of this type.";
    ProfileTypeRefused: "8.2.5" "3.8" "Profile Type · Refused" "5.3.1"
        "The profile is not of this type"
        "Give the ICCID or the type, or two that belong together.";
    ProfileTypeUnknown: "8.2.5" "3.9" "Profile Type · Unknown" "5.3.1"
        "No such profile type"
        "Check the name of the type.";
    ProfileTypeStoppedOnWarning: "8.2.5" "4.3" "Profile Type · Stopped on warning" "5.6.3"
        "No profile of the order suits this eUICC or device"
        "Order a profile that the device supports.";
    MatchingIdInvalid: "8.2.6" "2.1" "MatchingID · Invalid" "5.3.2"
        "A matchingId has letters, digits and '-' only"
        "Choose another one.";
    MatchingIdInvalidAssociation: "8.2.6" "3.10" "MatchingID · Invalid association" "5.3.3"
        "The matchingId is not the one of this order"
        "Name the order's own matchingId, or none.";
    MatchingIdAlreadyInUse: "8.2.6" "3.3" "MatchingID · Already in use" "5.3.2"
        "The matchingId names another order"
        "Choose another one, or leave it to the SM-DP+.";
    MatchingIdRefused: "8.2.6" "3.8" "MatchingID · Refused" "5.6.3"
        "No order is waiting under this matchingId"
        "Check the activation code; a code works once.";
    ConfirmationCodeMandatoryElementMissing: "8.2.7" "2.2" "Confirmation Code · Mandatory element missing" "5.6.2"
        "The order needs a confirmation code"
        "Ask the operator for it and enter it.";
    ConfirmationCodeRefused: "8.2.7" "3.8" "Confirmation Code · Refused" "5.6.2"
        "The confirmation code is wrong"
        "Enter it again.";
    ConfirmationCodeMaximumExceeded: "8.2.7" "6.4" "Confirmation Code · Maximum exceeded" "5.6.2"
        "The confirmation code was wrong too often"
        "Ask the operator for a new order.";
    PprNotAllowed: "8.2.8" "1.2" "PPR · Not allowed" "5.3.5"
        "The eUICC does not allow the profile's policy rules"
        "Order a profile without them.";
    ProfileMetadataValueHasChanged: "8.2.9" "3.11" "Profile Metadata · Value has changed" "5.3.5"
        "The package's metadata is not what was announced"
        "The SM-DP+ must be mended.";
    BppExecutionError: "8.2.10" "4.2" "BPP · Execution error" "5.3.5"
        "The eUICC could not load the package"
        "See the installation result.";
    SmdpInvalidAssociation: "8.8" "3.10" "SM-DP+ · Invalid association" "5.6.5"
        "The signed OID is not this SM-DP+'s"
        "Cancel at the SM-DP+ of the session.";
    SmdpAddressRefused: "8.8.1" "3.8" "SM-DP+ Address · Refused" "5.6.1"
        "The address dialled is not this SM-DP+'s"
        "Use the address of the activation code as it is.";
    SmdpSecurityConfigurationUnsupported: "8.8.2" "3.1" "Security configuration · Unsupported" "5.6.1"
        "The eUICC signs under no CI that this SM-DP+ accepts"
        "Test eUICCs need a test SM-DP+, live ones a live one.";
    SmdpSvnUnsupported: "8.8.3" "3.1" "SVN · Unsupported" "5.6.1"
        "The eUICC speaks a version of SGP.22 that this SM-DP+ does not"
        "Versions 2.x are served.";
    SmdpCertificateUnavailable: "8.8.4" "3.7" "SM-DP+ Certificate · Unavailable" "5.6.1"
        "The eUICC can verify none of this SM-DP+'s certificates"
        "Test eUICCs need a test SM-DP+, live ones a live one.";
    DownloadOrderRefused: "8.8.5" "3.8" "Download order · Refused" "5.3.5"
        "The user refused the download"
        "Order again if the user changes their mind.";
    DownloadOrderExpired: "8.8.5" "4.10" "Download order · Time to live expired" "5.6.3"
        "The order has expired"
        "Ask the operator for a new one.";
    DownloadOrderMaximumExceeded: "8.8.5" "6.4" "Download order · Maximum exceeded" "5.6.3"
        "The download was tried too often"
        "Ask the operator for a new order.";
    SmdsExecutionError: "8.9" "4.2" "SM-DS · Execution error" "5.3.2"
        "The SM-DS has refused the event"
        "Check with its operator; the message tells what it said.";
    SmdsInaccessible: "8.9" "5.1" "SM-DS · Inaccessible" "5.3.2"
        "The SM-DS cannot be reached"
        "Check its address and try again, or confirm without one.";
    SmdsAddressRefused: "8.9.1" "3.8" "SM-DS Address · Refused" "5.8.1"
        "This SM-DS has another address"
        "Dial the address that the eUICC names, or the one that the root SM-DS has sent.";
    SmdsSecurityConfigurationUnsupported: "8.9.2" "3.1" "Security configuration · Unsupported" "5.8.1"
        "The SM-DS knows no CI under which the eUICC can sign"
        "Use an eUICC of a CI that the SM-DS serves.";
    SmdsSvnUnsupported: "8.9.3" "3.1" "SVN · Unsupported" "5.8.1"
        "The SM-DS does not speak the eUICC's version of the specification"
        "Use an eUICC of version 2.";
    SmdsCertificateUnavailable: "8.9.4" "3.7" "SM-DS Certificate · Unavailable" "5.8.1"
        "The SM-DS has no certificate that the eUICC can verify"
        "Give the SM-DS a certificate under a CI of the eUICC.";
    EventRecordAlreadyInUse: "8.9.5" "3.3" "Event Record · Already in use" "5.9.1"
        "The SM-DS has another event of this identifier for the eUICC"
        "Choose another event identifier.";
    EventRecordUnknown: "8.9.5" "3.9" "Event Record · Unknown" "5.9.2"
        "The SM-DS has no such event for the eUICC"
        "Check EID and event identifier; an event is deleted once it is done.";
    TransactionIdUnknown: "8.10.1" "3.9" "TransactionId · Unknown" "5.6"
        "No such session, or it is not at this step"
        "Start the download again.";
    CiPublicKeyUnknown: "8.11.1" "3.9" "CI Public Key · Unknown" "5.6.3"
        "The eUICC's certificates are of a CI that is unknown here or was not chosen"
        "Test eUICCs need a test SM-DP+, live ones a live one.";
}

impl fmt::Display for Code {
    /// `8.2.6/3.8`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.subject(), self.reason())
    }
}

/// A pair as another server has given it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pair {
    /// One that the table has.
    Known(Code),
    /// One that it does not have: subject and reason code as they came.
    Unknown(String, String),
}

impl Pair {
    /// Reads a pair.
    pub fn new(subject: String, reason: String) -> Self {
        match Code::of(&subject, &reason) {
            Some(code) => Self::Known(code),
            None => Self::Unknown(subject, reason),
        }
    }
}

impl From<Code> for Pair {
    fn from(code: Code) -> Self {
        Self::Known(code)
    }
}

impl fmt::Display for Pair {
    /// `8.2.6/3.8`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(code) => code.fmt(f),
            Self::Unknown(subject, reason) => write!(f, "{subject}/{reason}"),
        }
    }
}
