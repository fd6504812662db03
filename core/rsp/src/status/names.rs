//! Names of the values and bits of fields, and clauses of types.

use crate::asn1_binding::{
    AuthenticateClientError, AuthenticateClientErrorEs11, CancelSessionError, GetBoundProfilePackageError,
    InitiateAuthenticationError,
};
use crate::es8p::ProfileClass;
use crate::es10;
use crate::es10b::{AuthenticateErrorCode, CancelSessionReason, DownloadErrorCode};
use crate::es10c::{DeleteResult, DisableResult, EnableResult, ProfileState, ResetResult, SetNicknameResult};
use crate::json_binding;
use crate::node::module_name;
use crate::notification::{BppCommandId, ErrorReason};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

type Names = &'static [(u8, &'static str)];

/// INTEGER fields and the names of their values.
const CODES: &[(&str, Names)] = &[
    ("authenticateErrorCode", AuthenticateErrorCode::NAMED),
    ("downloadErrorCode", DownloadErrorCode::NAMED),
    ("reason", CancelSessionReason::NAMED),
    ("cancelSessionResponseError", &[(5, "invalidTransactionId"), (127, "undefinedError")]),
    ("bppCommandId", BppCommandId::NAMED),
    ("errorReason", ErrorReason::NAMED),
    ("enableResult", EnableResult::NAMED),
    ("disableResult", DisableResult::NAMED),
    ("deleteResult", DeleteResult::NAMED),
    ("resetResult", ResetResult::NAMED),
    ("setNicknameResult", SetNicknameResult::NAMED),
    ("profileState", ProfileState::NAMED),
    ("profileClass", ProfileClass::NAMED),
    ("iconType", &[(0, "jpg"), (1, "png")]),
    ("remoteOpId", &[(1, "installBoundProfilePackage")]),
    ("profileInfoListError", &[(1, "incorrectInputValues"), (127, "undefinedError")]),
    ("deleteNotificationStatus", &[(0, "ok"), (1, "nothingToDelete"), (127, "undefinedError")]),
    ("setDefaultDpAddressResult", &[(0, "ok"), (127, "undefinedError")]),
    ("notificationsListResultError", &[(1, "noResultAvailable"), (127, "undefinedError")]),
    ("initiateAuthenticationError", InitiateAuthenticationError::NAMED),
    ("authenticateClientError", AuthenticateClientError::NAMED),
    ("AuthenticateClientResponseEs11.authenticateClientError", AuthenticateClientErrorEs11::NAMED),
    ("getBoundProfilePackageError", GetBoundProfilePackageError::NAMED),
    ("cancelSessionError", CancelSessionError::NAMED),
];

/// BIT STRING fields and the names of their bits.
const BITS: &[(&str, &[&str])] = &[
    (
        "profileManagementOperation",
        &["notificationInstall", "notificationEnable", "notificationDisable", "notificationDelete"],
    ),
    ("profilePolicyRules", &["pprUpdateControl", "ppr1", "ppr2"]),
    ("pprIds", &["pprUpdateControl", "ppr1", "ppr2"]),
    ("pprFlags", &["consentRequired"]),
    ("forbiddenProfilePolicyRules", &["pprUpdateControl", "ppr1", "ppr2"]),
    (
        "rspCapability",
        &[
            "additionalProfile",
            "crlSupport",
            "rpmSupport",
            "testProfileSupport",
            "deviceInfoExtensibilitySupport",
            "serviceSpecificDataSupport",
        ],
    ),
    (
        "uiccCapability",
        &[
            "contactlessSupport",
            "usimSupport",
            "isimSupport",
            "csimSupport",
            "akaMilenage",
            "akaCave",
            "akaTuak128",
            "akaTuak256",
            "usimTestAlgorithm",
            "rfu2",
            "gbaAuthenUsim",
            "gbaAuthenISim",
            "mbmsAuthenUsim",
            "eapClient",
            "javacard",
            "multos",
            "multipleUsimSupport",
            "multipleIsimSupport",
            "multipleCsimSupport",
            "berTlvFileSupport",
            "dfLinkSupport",
            "catTp",
            "getIdentity",
            "profile-a-x25519",
            "profile-b-p256",
            "suciCalculatorApi",
        ],
    ),
    (
        "resetOptions",
        &["deleteOperationalProfiles", "deleteFieldLoadedTestProfiles", "resetDefaultSmdpAddress"],
    ),
];

/// The name of a code in a field, by the field's ASN.1 name: `("enableResult", "5")` → `catBusy`; where two types have
/// a field of one name and other codes, with the type's before it: `Type.field`;
/// for bit strings `"bits {0, 3}"` → `notificationInstall, notificationDelete`.
pub fn name_of_code(field: &str, text: &str) -> Option<String> {
    if let Some((_, names)) = CODES.iter().find(|(name, _)| *name == field) {
        let value: u8 = text.parse().ok()?;
        return names.iter().find(|(n, _)| *n == value).map(|(_, name)| name.to_string());
    }
    let (_, names) = BITS.iter().find(|(name, _)| *name == field)?;
    let inside = text.strip_prefix("bits {")?.strip_suffix('}')?;
    let named = inside.split(", ").filter_map(|bit| names.get(bit.parse::<usize>().ok()?).copied());
    let joined = named.collect::<Vec<_>>().join(", ");
    (!joined.is_empty()).then_some(joined)
}

/// Every field that [`name_of_code`] knows, with its values or bits and their names.
pub fn coded_fields() -> impl Iterator<Item = (&'static str, Vec<(usize, &'static str)>)> {
    let numbers = CODES.iter().map(|(field, names)| {
        (*field, names.iter().map(|(value, name)| (usize::from(*value), *name)).collect())
    });
    numbers.chain(BITS.iter().map(|(field, names)| (*field, names.iter().copied().enumerate().collect())))
}

/// The clause of SGP.22 v2.6 that defines a type.
pub fn clause_of(type_name: &str) -> Option<&'static str> {
    let is_it = |name: &&str| module_name(name) == type_name;
    if let Some(function) = es10::Function::ALL.iter().find(|it| it.messages().iter().any(is_it)) {
        return Some(function.clause());
    }
    if json_binding::MESSAGE_NAMES.iter().any(is_it) {
        return Some("6.6.2");
    }
    CLAUSES.iter().find(|(name, _)| *name == type_name).map(|(_, clause)| *clause)
}

/// Types that are no function's own, and their clauses.
const CLAUSES: &[(&str, &str)] = &[
    ("PrepareDownloadResponseOk", "5.7.5"),
    ("PrepareDownloadResponseError", "5.7.5"),
    ("EUICCSigned2", "5.7.5"),
    ("CertificationDataObject", "5.7.8"),
    ("AuthenticateResponseOk", "5.7.13"),
    ("AuthenticateResponseError", "5.7.13"),
    ("EuiccSigned1", "5.7.13"),
    ("CtxParamsForCommonAuthentication", "5.7.13"),
    ("DeviceInfo", "4.2"),
    ("DeviceCapabilities", "4.2"),
    ("CancelSessionResponseOk", "5.7.14"),
    ("EuiccCancelSessionSigned", "5.7.14"),
    ("ProfileInfo", "5.7.15"),
    ("ProfilePolicyAuthorisationRule", "2.9.2"),
    ("LoadCRLResponseOk", "5.7.12"),
    ("RemoteProfileProvisioningRequest", "6.6.2"),
    ("RemoteProfileProvisioningResponse", "6.6.2"),
    ("InitiateAuthenticationOkEs9", "6.6.2"),
    ("AuthenticateClientOk", "6.6.2"),
    ("GetBoundProfilePackageOk", "6.6.2"),
    ("AuthenticateClientResponseEs11", "6.6.2"),
    ("AuthenticateClientOkEs11", "6.6.2"),
    ("EventEntries", "6.6.2"),
    ("ServerSigned1", "5.6.1"),
    ("SmdpSigned2", "5.6.3"),
    ("BoundProfilePackage", "2.5.4"),
    ("InitialiseSecureChannelRequest", "5.5.1"),
    ("ControlRefTemplate", "5.5.1"),
    ("ConfigureISDPRequest", "5.5.2"),
    ("DpProprietaryData", "2.4a.1.4"),
    ("StoreMetadataRequest", "5.5.3"),
    ("NotificationConfigurationInformation", "2.4a.1.1"),
    ("OperatorId", "2.4a.1.2"),
    ("ReplaceSessionKeysRequest", "5.5.4"),
    ("UpdateMetadataRequest", "5.4.1"),
    ("ProfileInstallationResult", "2.5.6"),
    ("ProfileInstallationResultData", "2.5.6"),
    ("SuccessResult", "2.5.6"),
    ("ErrorResult", "2.5.6"),
    ("NotificationMetadata", "5.7.9"),
    ("OtherSignedNotification", "5.7.10"),
    ("ISDRProprietaryApplicationTemplate", "5.7.1"),
];
