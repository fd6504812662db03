//! The commands on profiles and notifications (SGP.22 5.7.9 to 5.7.21).

use super::{Command, ManageError, check, read};
use crate::notify::{Notification, SignedNotification};
use crate::profile::{Profile, ProfileRef};
use alloc::string::String;
use alloc::vec::Vec;
use esim_rsp::common::bit_string;
use esim_rsp::es8p::ProfileClass;
use esim_rsp::es10c::{
    DeleteProfileRequest, DeleteProfileResponse, DisableProfileRequest, DisableProfileResponse,
    EnableProfileRequest, EnableProfileResponse, EuiccMemoryResetRequest, EuiccMemoryResetResponse,
    ProfileInfoListRequest, ProfileInfoListResponse, SearchCriteria, SetNicknameRequest, SetNicknameResponse,
};
use esim_rsp::json::Base64;
use esim_rsp::notification::{
    ListNotificationRequest, ListNotificationResponse, NotificationSentRequest, NotificationSentResponse,
    PendingNotification, RetrieveNotificationsListRequest, RetrieveNotificationsListResponse,
};
use esim_rsp::{Iccid, OctetString, Signed, encode};
use serde::{Deserialize, Serialize};

/// ES10c.GetProfilesInfo for every field; with none installed the list is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListProfiles {
    /// Only this one.
    pub only: Option<ProfileRef>,
    /// Only provisioning profiles, which an ordinary list leaves out (SGP.22 2.4.5.2).
    #[serde(default)]
    pub provisioning: bool,
}

/// ICCID, AID, state, nickname, names, icon, class, notification
/// configuration, owner, SM-DP+ and policy rules: without a tag list the card
/// leaves the last four out.
const ALL_TAGS: [u8; 14] =
    [0x5A, 0x4F, 0x9F, 0x70, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0xB6, 0xB7, 0xB8, 0x99];

impl Command for ListProfiles {
    type Output = Vec<Profile>;

    fn request(&self) -> Vec<u8> {
        let search_criteria = self.only.as_ref().map(|only| match only {
            ProfileRef::Iccid(iccid) => SearchCriteria::Iccid(*iccid),
            ProfileRef::Aid(aid) => SearchCriteria::IsdpAid(OctetString::from_slice(aid)),
        });
        let of_class = self.provisioning.then_some(SearchCriteria::ProfileClass(ProfileClass::provisioning));
        let search_criteria = search_criteria.or(of_class);
        let tag_list = Some(OctetString::from_slice(&ALL_TAGS));
        encode(&ProfileInfoListRequest { search_criteria, tag_list })
    }

    fn response(&self, data: &[u8]) -> Result<Vec<Profile>, ManageError> {
        match read(self, data)? {
            ProfileInfoListResponse::ProfileInfoListOk(list) => Ok(list.iter().map(Profile::from).collect()),
            ProfileInfoListResponse::ProfileInfoListError(code) => {
                let name = if code == 1 { "incorrectInputValues" } else { "undefinedError" };
                // Code 0 would be a success without a list.
                check(self, code.max(1), Some(name)).map(|()| Vec::new())
            }
        }
    }
}

/// ES10c.EnableProfile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enable {
    /// Which.
    pub profile: ProfileRef,
    /// Whether the card shall tell the modem by REFRESH. Some modems need
    /// false and a reset by the host.
    pub refresh: bool,
}

impl Command for Enable {
    type Output = ();

    fn request(&self) -> Vec<u8> {
        encode(&EnableProfileRequest {
            profile_identifier: (&self.profile).into(),
            refresh_flag: self.refresh,
        })
    }

    fn response(&self, data: &[u8]) -> Result<(), ManageError> {
        let result = read::<EnableProfileResponse>(self, data)?.enable_result;
        check(self, result.0, result.name())
    }

    fn changes_profile(&self) -> bool {
        true
    }
}

/// ES10c.DisableProfile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disable {
    /// Which.
    pub profile: ProfileRef,
    /// As for [`Enable`].
    pub refresh: bool,
}

impl Command for Disable {
    type Output = ();

    fn request(&self) -> Vec<u8> {
        encode(&DisableProfileRequest {
            profile_identifier: (&self.profile).into(),
            refresh_flag: self.refresh,
        })
    }

    fn response(&self, data: &[u8]) -> Result<(), ManageError> {
        let result = read::<DisableProfileResponse>(self, data)?.disable_result;
        check(self, result.0, result.name())
    }

    fn changes_profile(&self) -> bool {
        true
    }
}

/// ES10c.DeleteProfile. It cannot be undone: the user confirms it first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delete {
    /// Which.
    pub profile: ProfileRef,
}

impl Command for Delete {
    type Output = ();

    fn request(&self) -> Vec<u8> {
        encode(&DeleteProfileRequest((&self.profile).into()))
    }

    fn response(&self, data: &[u8]) -> Result<(), ManageError> {
        let result = read::<DeleteProfileResponse>(self, data)?.delete_result;
        check(self, result.0, result.name())
    }
}

/// ES10c.SetNickname.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetNickname {
    /// Which.
    pub iccid: Iccid,
    /// At most 64 octets; empty removes it.
    pub nickname: String,
}

impl Command for SetNickname {
    type Output = ();

    fn request(&self) -> Vec<u8> {
        encode(&SetNicknameRequest { iccid: self.iccid, profile_nickname: self.nickname.clone() })
    }

    fn response(&self, data: &[u8]) -> Result<(), ManageError> {
        let result = read::<SetNicknameResponse>(self, data)?.set_nickname_result;
        check(self, result.0, result.name())
    }
}

/// ES10c.eUICCMemoryReset. It cannot be undone: the user confirms it first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MemoryReset {
    /// Delete operational profiles, even those that must not be deleted (PPR2).
    pub operational_profiles: bool,
    /// Delete test profiles that were loaded in the field.
    pub test_profiles: bool,
    /// Restore the default SM-DP+ address.
    pub default_smdp_address: bool,
}

impl Command for MemoryReset {
    type Output = ();

    fn request(&self) -> Vec<u8> {
        let options = [self.operational_profiles, self.test_profiles, self.default_smdp_address];
        let bits: Vec<usize> = (0..).zip(options).filter(|(_, on)| *on).map(|(bit, _)| bit).collect();
        encode(&EuiccMemoryResetRequest { reset_options: bit_string(&bits) })
    }

    fn response(&self, data: &[u8]) -> Result<(), ManageError> {
        let result = read::<EuiccMemoryResetResponse>(self, data)?.reset_result;
        check(self, result.0, result.name())
    }

    fn changes_profile(&self) -> bool {
        self.operational_profiles || self.test_profiles
    }
}

/// ES10b.ListNotification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListNotifications {}

impl Command for ListNotifications {
    type Output = Vec<Notification>;

    fn request(&self) -> Vec<u8> {
        encode(&ListNotificationRequest { profile_management_operation: None })
    }

    fn response(&self, data: &[u8]) -> Result<Vec<Notification>, ManageError> {
        match read(self, data)? {
            ListNotificationResponse::NotificationMetadataList(list) => {
                Ok(list.iter().map(Notification::from).collect())
            }
            ListNotificationResponse::ListNotificationsResultError(code) => {
                check(self, code.max(1), Some("undefinedError")).map(|()| Vec::new())
            }
        }
    }
}

/// ES10b.RetrieveNotificationsList of all: what the eUICC has signed, to be kept elsewhere. It stays on the card.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetrieveNotifications {}

impl Command for RetrieveNotifications {
    type Output = Vec<SignedNotification>;

    fn request(&self) -> Vec<u8> {
        encode(&RetrieveNotificationsListRequest { search_criteria: None })
    }

    fn response(&self, data: &[u8]) -> Result<Vec<SignedNotification>, ManageError> {
        match read(self, data)? {
            RetrieveNotificationsListResponse::NotificationList(list) => {
                let signed = |pending: &Signed<PendingNotification>| SignedNotification {
                    notification: Notification::from(pending.metadata()),
                    raw: Base64(pending.raw().to_vec()),
                };
                Ok(list.iter().map(signed).collect())
            }
            // noResultAvailable: there is none.
            RetrieveNotificationsListResponse::NotificationsListResultError(1) => Ok(Vec::new()),
            RetrieveNotificationsListResponse::NotificationsListResultError(code) => {
                check(self, code.max(1), Some("undefinedError")).map(|()| Vec::new())
            }
        }
    }
}

/// ES10b.RemoveNotificationFromList. Dropping one that was not delivered leaves
/// its receiver in the dark for good: a deleted profile stays `installed`
/// there. The user confirms it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemoveNotification {
    /// Which; 0 is valid.
    pub sequence_number: u32,
}

impl Command for RemoveNotification {
    type Output = ();

    fn request(&self) -> Vec<u8> {
        encode(&NotificationSentRequest { seq_number: self.sequence_number })
    }

    fn response(&self, data: &[u8]) -> Result<(), ManageError> {
        let code = read::<NotificationSentResponse>(self, data)?.delete_notification_status;
        check(self, code, Some(if code == 1 { "nothingToDelete" } else { "undefinedError" }))
    }
}
