//! Notifications: what the eUICC reports, signed, until somebody confirms it
//! (SGP.22 2.5.6, 3.5, 5.7.9 to 5.7.11).

use crate::common::NotificationEvents;
use crate::{CertificateDer, Iccid, Signature, Signed, TransactionId, integer_codes};
use alloc::string::String;
use alloc::vec::Vec;
use rasn::types::{ObjectIdentifier, OctetString};
use rasn::{AsnType, Decode, Decoder as _, Encode, Encoder as _};

/// ```asn1
/// NotificationMetadata ::= [47] SEQUENCE { -- Tag 'BF2F'
///   seqNumber [0] INTEGER, profileManagementOperation [1] NotificationEvent,
///   notificationAddress UTF8String, iccid Iccid OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 47))]
pub struct NotificationMetadata {
    /// One counter an eUICC; 0 is valid; never used twice.
    #[rasn(tag(context, 0))]
    pub seq_number: u32,
    /// Exactly one event.
    #[rasn(tag(context, 1))]
    pub profile_management_operation: NotificationEvents,
    /// FQDN of the receiver.
    pub notification_address: String,
    /// The profile.
    pub iccid: Option<Iccid>,
}

/// The outcome of an installation (SGP.22 2.5.6).
///
/// ```asn1
/// ProfileInstallationResult ::= [55] SEQUENCE { -- Tag 'BF37'
///   profileInstallationResultData [39] ProfileInstallationResultData,
///   euiccSignPIR EuiccSignPIR }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 55))]
pub struct ProfileInstallationResult {
    /// What the eUICC signed.
    pub profile_installation_result_data: Signed<ProfileInstallationResultData>,
    /// With SK.EUICC.
    #[rasn(identifier = "euiccSignPIR")]
    pub euicc_sign_pir: Signature,
}

/// ```asn1
/// ProfileInstallationResultData ::= [39] SEQUENCE { -- Tag 'BF27'
///   transactionId [0] TransactionId, notificationMetadata [47] NotificationMetadata,
///   smdpOid OBJECT IDENTIFIER OPTIONAL, -- mandatory since v2.2
///   finalResult [2] CHOICE { successResult SuccessResult, errorResult ErrorResult } }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 39))]
pub struct ProfileInstallationResultData {
    /// Of the session.
    #[rasn(tag(context, 0))]
    pub transaction_id: TransactionId,
    /// The notification that this is.
    pub notification_metadata: NotificationMetadata,
    /// The SM-DP+; eUICCs of earlier versions leave it out.
    pub smdp_oid: Option<ObjectIdentifier>,
    /// How it went.
    #[rasn(tag(explicit(context, 2)))]
    pub final_result: FinalResult,
}

/// Success or error of an installation.
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice, automatic_tags)]
pub enum FinalResult {
    /// Installed.
    SuccessResult(SuccessResult),
    /// Not installed; nothing is left behind.
    ErrorResult(ErrorResult),
}

/// ```asn1
/// SuccessResult ::= SEQUENCE { aid [APPLICATION 15] OctetTo16, simaResponse OCTET STRING }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
pub struct SuccessResult {
    /// AID of the new ISD-P.
    #[rasn(tag(application, 15))]
    pub aid: OctetString,
    /// EUICCResponse of the TCA specification.
    pub sima_response: OctetString,
}

/// ```asn1
/// ErrorResult ::= SEQUENCE {
///   bppCommandId BppCommandId, errorReason ErrorReason, simaResponse OCTET STRING OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags)]
pub struct ErrorResult {
    /// Where.
    pub bpp_command_id: BppCommandId,
    /// Why.
    pub error_reason: ErrorReason,
    /// EUICCResponse naming the profile element, if it got that far.
    pub sima_response: Option<OctetString>,
}

integer_codes! {
    /// Which command of the package failed (SGP.22 2.5.6).
    BppCommandId {
        /// `BF23`.
        initialiseSecureChannel = 0,
        /// `BF24`.
        configureISDP = 1,
        /// `BF25`.
        storeMetadata = 2,
        /// `BF25`, continued.
        storeMetadata2 = 3,
        /// `BF26`.
        replaceSessionKeys = 4,
        /// The profile itself.
        loadProfileElements = 5,
    }
}

integer_codes! {
    /// Why an installation failed (SGP.22 2.5.6).
    ErrorReason {
        /// A field has a value that is not allowed.
        incorrectInputValues = 1,
        /// `smdpSign` does not verify.
        invalidSignature = 2,
        /// Of another session.
        invalidTransactionId = 3,
        /// keyType, keyLen or hostId is not supported.
        unsupportedCrtValues = 4,
        /// Not `installBoundProfilePackage`.
        unsupportedRemoteOperationType = 5,
        /// Test, provisioning or operational is not supported here.
        unsupportedProfileClass = 6,
        /// A segment is malformed.
        scp03tStructureError = 7,
        /// A segment's MAC is wrong.
        scp03tSecurityError = 8,
        /// The profile is installed already.
        installFailedDueToIccidAlreadyExistsOnEuicc = 9,
        /// It does not fit.
        installFailedDueToInsufficientMemoryForProfile = 10,
        /// Loading was interrupted.
        installFailedDueToInterruption = 11,
        /// A profile element was refused; simaResponse names it.
        installFailedDueToPEProcessingError = 12,
        /// The ICCID in the profile is not the metadata's.
        installFailedDueToDataMismatch = 13,
        /// A test profile with a key that is not a test key.
        testProfileInstallFailedDueToInvalidNaaKey = 14,
        /// The rules authorisation table forbids its policy rules.
        pprNotAllowed = 15,
        /// Anything else.
        installFailedDueToUnknownError = 127,
    }
}

/// ES10b.ListNotification (SGP.22 5.7.9).
///
/// ```asn1
/// ListNotificationRequest ::= [40] SEQUENCE { -- Tag 'BF28'
///   profileManagementOperation [1] NotificationEvent OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 40))]
pub struct ListNotificationRequest {
    /// Only these events; absent for all.
    #[rasn(tag(context, 1))]
    pub profile_management_operation: Option<NotificationEvents>,
}

/// ```asn1
/// ListNotificationResponse ::= [40] CHOICE {
///   notificationMetadataList SEQUENCE OF NotificationMetadata,
///   listNotificationsResultError INTEGER { undefinedError(127) } }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice, automatic_tags, tag(explicit(context, 40)))]
pub enum ListNotificationResponse {
    /// May be empty.
    NotificationMetadataList(Vec<NotificationMetadata>),
    /// undefinedError 127.
    ListNotificationsResultError(u8),
}

/// ES10b.RetrieveNotificationsList (SGP.22 5.7.10).
///
/// ```asn1
/// RetrieveNotificationsListRequest ::= [43] SEQUENCE { -- Tag 'BF2B'
///   searchCriteria CHOICE { seqNumber [0] INTEGER,
///     profileManagementOperation [1] NotificationEvent } OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 43))]
pub struct RetrieveNotificationsListRequest {
    /// Absent for all.
    #[rasn(tag(explicit(context, 0)))]
    pub search_criteria: Option<NotificationSearch>,
}

/// One criterion of [`RetrieveNotificationsListRequest`].
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice, automatic_tags)]
pub enum NotificationSearch {
    /// One notification.
    SeqNumber(u32),
    /// All of these events.
    ProfileManagementOperation(NotificationEvents),
}

/// ```asn1
/// RetrieveNotificationsListResponse ::= [43] CHOICE {
///   notificationList SEQUENCE OF PendingNotification,
///   notificationsListResultError INTEGER { noResultAvailable(1), undefinedError(127) } }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice, automatic_tags, tag(explicit(context, 43)))]
pub enum RetrieveNotificationsListResponse {
    /// With the octets to pass on.
    NotificationList(Vec<Signed<PendingNotification>>),
    /// noResultAvailable 1, undefinedError 127.
    NotificationsListResultError(u8),
}

/// ```asn1
/// PendingNotification ::= CHOICE {
///   profileInstallationResult [55] ProfileInstallationResult,
///   otherSignedNotification OtherSignedNotification }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice)]
pub enum PendingNotification {
    /// Of an installation.
    ProfileInstallationResult(ProfileInstallationResult),
    /// Of enabling, disabling or deleting.
    OtherSignedNotification(OtherSignedNotification),
}

impl PendingNotification {
    /// What every notification has.
    pub fn metadata(&self) -> &NotificationMetadata {
        match self {
            Self::ProfileInstallationResult(result) => {
                &result.profile_installation_result_data.value().notification_metadata
            }
            Self::OtherSignedNotification(other) => other.tbs_other_notification.value(),
        }
    }
}

/// ```asn1
/// OtherSignedNotification ::= SEQUENCE {
///   tbsOtherNotification NotificationMetadata,
///   euiccNotificationSignature [APPLICATION 55] OCTET STRING,
///   euiccCertificate Certificate, eumCertificate Certificate }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
pub struct OtherSignedNotification {
    /// What the eUICC signed.
    pub tbs_other_notification: Signed<NotificationMetadata>,
    /// With SK.EUICC.
    pub euicc_notification_signature: Signature,
    /// CERT.EUICC.
    pub euicc_certificate: CertificateDer,
    /// CERT.EUM.
    pub eum_certificate: CertificateDer,
}

/// ES10b.RemoveNotificationFromList (SGP.22 5.7.11).
///
/// ```asn1
/// NotificationSentRequest ::= [48] SEQUENCE { seqNumber [0] INTEGER } -- Tag 'BF30'
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 48))]
pub struct NotificationSentRequest {
    /// Of the notification that was delivered.
    #[rasn(tag(context, 0))]
    pub seq_number: u32,
}

/// ```asn1
/// NotificationSentResponse ::= [48] SEQUENCE {
///   deleteNotificationStatus INTEGER { ok(0), nothingToDelete(1), undefinedError(127) } }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags, tag(context, 48))]
pub struct NotificationSentResponse {
    /// ok 0, nothingToDelete 1, undefinedError 127.
    pub delete_notification_status: u8,
}
