//! Notifications: making, listing, giving out, removing (SGP.22 3.5, 5.7.9 to 5.7.11).

use super::{Isdr, Reply, decode};
use crate::apdu::Status;
use crate::draft::Draft;
use crate::env::Env;
use crate::memory;
use alloc::vec::Vec;
use esim_rsp::check::Rule;
use esim_rsp::common::{NotificationEvent, NotificationEvents};
use esim_rsp::es8p::StoreMetadataRequest;
use esim_rsp::notification::*;
use esim_rsp::{CertificateDer, Signature, Signed, encode};

const KNOWN: Rule = Rule::new("SGP.22 5.7.11", "seqNumber is that of a stored notification");

impl Isdr {
    /// One signed notification for each receiver that the profile names for `event`.
    pub(super) fn notify(
        &self,
        draft: &mut Draft,
        profile: &StoreMetadataRequest,
        event: NotificationEvent,
        identity: usize,
    ) {
        let receivers = profile.notification_configuration_info.iter().flatten();
        for receiver in receivers.filter(|it| it.profile_management_operation.has(event)) {
            let address = &receiver.notification_address;
            let metadata = draft.next_notification(event, address, Some(profile.iccid));
            if let Some(signed) = self.sign_notification(&metadata, identity) {
                draft.store_notification(&metadata, signed);
            }
        }
    }

    fn sign_notification(&self, metadata: &NotificationMetadata, identity: usize) -> Option<Vec<u8>> {
        let own = self.identities.get(identity)?;
        let tbs = Signed::new(metadata.clone());
        let signature = Signature::from(own.key.sign(&[tbs.raw()]));
        Some(encode(&OtherSignedNotification {
            tbs_other_notification: tbs,
            euicc_notification_signature: signature,
            euicc_certificate: CertificateDer::new(own.euicc_certificate.clone()).ok()?,
            eum_certificate: CertificateDer::new(own.eum_certificate.clone()).ok()?,
        }))
    }

    pub(super) fn list_notification(&self, chain: &[u8]) -> Result<Reply, Status> {
        let request: ListNotificationRequest = decode(chain)?;
        let wanted = request.profile_management_operation;
        let list = self.stored_notifications().filter(|it| is_wanted(it, wanted.as_ref())).collect();
        Ok(Reply::of(&ListNotificationResponse::NotificationMetadataList(list)))
    }

    pub(super) fn retrieve_notifications_list(&self, chain: &[u8], env: &Env<'_>) -> Result<Reply, Status> {
        let request: RetrieveNotificationsListRequest = decode(chain)?;
        let matches = |metadata: &NotificationMetadata| match &request.search_criteria {
            None => true,
            Some(NotificationSearch::SeqNumber(number)) => metadata.seq_number == *number,
            Some(NotificationSearch::ProfileManagementOperation(events)) => is_wanted(metadata, Some(events)),
        };
        let numbers = self.stored_notifications().filter(matches).map(|metadata| metadata.seq_number);
        let stored = numbers.filter_map(|number| memory::read_notification(env.nvm, number));
        let list = stored.filter_map(|octets| esim_rsp::decode(&octets).ok()).collect();
        Ok(Reply::of(&RetrieveNotificationsListResponse::NotificationList(list)))
    }

    pub(super) fn remove_notification_from_list(
        &mut self,
        chain: &[u8],
        env: &mut Env<'_>,
    ) -> Result<Reply, Status> {
        let request: NotificationSentRequest = decode(chain)?;
        let mut draft = self.draft();
        // nothingToDelete
        let mut delete_notification_status = 1;
        let number = request.seq_number;
        if env.checks.that(&KNOWN, || number.to_be_bytes(), draft.remove_notification(number)) {
            self.commit(draft, env)?;
            delete_notification_status = 0;
        }
        Ok(Reply::of(&NotificationSentResponse { delete_notification_status }))
    }

    fn stored_notifications(&self) -> impl Iterator<Item = NotificationMetadata> {
        self.state.notifications.iter().filter_map(|stored| esim_rsp::decode(&stored.metadata).ok())
    }
}

fn is_wanted(metadata: &NotificationMetadata, events: Option<&NotificationEvents>) -> bool {
    let event = metadata.profile_management_operation.first();
    events.is_none_or(|events| event.is_some_and(|event| events.has(event)))
}
