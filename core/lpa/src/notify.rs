//! Delivery of notifications (SGP.22 3.5): list, retrieve, POST to the receiver,
//! and only then remove from the eUICC.
//!
//! In order of their numbers for each receiver: after a failure the later ones
//! for the same receiver wait, those for others go on. What is not delivered
//! stays on the eUICC.

use crate::code::{self, Code};
use crate::download::quotable;
use crate::effect::{Effect, Es10, Event, HttpCall, Machine, Phase, Progress};
use crate::octets;
use crate::transport::{Unanswered, Untrusted};
use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::Iccid;
use esim_rsp::address::{same_server, to_dial};
use esim_rsp::common::NotificationEvent;
use esim_rsp::es2p::Nothing;
use esim_rsp::es9p::HandleNotificationRequest;
use esim_rsp::json::{self, Base64};
use esim_rsp::notification::{
    ListNotificationRequest, ListNotificationResponse, NotificationMetadata, NotificationSearch,
    NotificationSentRequest, NotificationSentResponse, RetrieveNotificationsListRequest,
    RetrieveNotificationsListResponse,
};
use serde::{Deserialize, Serialize};

/// Which notifications to deliver, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NotifyParams {
    /// Only these numbers; none for all.
    pub only: Option<Vec<u32>>,
    /// A server with its port, for receivers that are that server.
    pub dialled: Option<String>,
    /// Leave delivered notifications on the eUICC.
    pub keep: bool,
    /// How often a delivery is tried again that failed by something that passes: no connection, a server that cannot
    /// answer now. The waits grow. In all, for a receiver that is down would be waited for with each notification.
    #[serde(skip_serializing_if = "is_none")]
    pub tries: u8,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_none(tries: &u8) -> bool {
    *tries == 0
}

/// A notification as the eUICC has signed it, to be kept elsewhere and delivered later (SGP.22 3.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedNotification {
    /// Which.
    #[serde(flatten)]
    pub notification: Notification,
    /// PendingNotification, DER, as retrieved.
    pub raw: Base64,
}

/// A notification on the eUICC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Its number; 0 is valid.
    pub sequence_number: u32,
    /// What happened.
    pub event: Option<NotificationEvent>,
    /// FQDN of the receiver.
    pub address: String,
    /// To which profile.
    pub iccid: Option<Iccid>,
}

impl From<&NotificationMetadata> for Notification {
    fn from(metadata: &NotificationMetadata) -> Self {
        Self {
            sequence_number: metadata.seq_number,
            event: metadata.profile_management_operation.first(),
            address: metadata.notification_address.clone(),
            iccid: metadata.iccid,
        }
    }
}

/// What became of the notifications.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notified {
    /// Delivered, in this order.
    pub sent: Vec<Sent>,
    /// Not delivered; they are on the eUICC still.
    pub kept: Vec<Kept>,
    /// Why they could not be listed, if they could not.
    pub problem: Option<String>,
}

/// A delivered notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// Which.
    #[serde(flatten)]
    pub notification: Notification,
    /// Whether it is gone from the eUICC.
    pub removed: bool,
}

/// A notification that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// Which.
    #[serde(flatten)]
    pub notification: Notification,
    /// Why.
    pub why: String,
}

/// A delivery in progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notify {
    params: NotifyParams,
    state: State,
    waiting: VecDeque<Notification>,
    /// Of notifications that need not be retrieved, by number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    given: BTreeMap<u32, Base64>,
    /// Deliveries that were tried again.
    #[serde(default)]
    tried_again: u8,
    done: Notified,
    pending: Option<Effect<Notified>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state")]
enum State {
    Begin,
    ExpectList,
    ExpectRetrieved {
        notification: Notification,
    },
    ExpectDelivered {
        notification: Notification,
        #[serde(with = "octets")]
        raw: Vec<u8>,
    },
    /// A little later, the same delivery.
    Waiting {
        notification: Notification,
        #[serde(with = "octets")]
        raw: Vec<u8>,
    },
    ExpectRemoved {
        notification: Notification,
    },
    Over,
}

impl Notify {
    /// A delivery that has not begun.
    pub fn new(params: NotifyParams) -> Self {
        Self {
            params,
            state: State::Begin,
            waiting: VecDeque::new(),
            given: BTreeMap::new(),
            tried_again: 0,
            done: Notified::default(),
            pending: None,
        }
    }

    /// A delivery of notifications that were put away, without the card: there they stay.
    pub fn from_elsewhere(params: NotifyParams, put_away: Vec<SignedNotification>) -> Self {
        let mut notify = Self::new(NotifyParams { keep: true, ..params });
        let mut listed = Vec::new();
        for SignedNotification { notification, raw } in put_away {
            notify.given.insert(notification.sequence_number, raw);
            listed.push(notification);
        }
        notify.enqueue(listed);
        notify
    }

    /// What is awaited, by the name of the state.
    pub fn state_name(&self) -> &'static str {
        match self.state {
            State::Begin => "Begin",
            State::ExpectList => "ExpectList",
            State::ExpectRetrieved { .. } => "ExpectRetrieved",
            State::ExpectDelivered { .. } => "ExpectDelivered",
            State::Waiting { .. } => "Waiting",
            State::ExpectRemoved { .. } => "ExpectRemoved",
            State::Over => "Over",
        }
    }

    fn advance(&mut self, event: Event) -> Effect<Notified> {
        match core::mem::replace(&mut self.state, State::Over) {
            State::Begin if !self.waiting.is_empty() => self.next(),
            State::Begin => {
                self.state = State::ExpectList;
                card(&ListNotificationRequest { profile_management_operation: None })
            }
            State::ExpectList => match list(event) {
                Ok(listed) => {
                    self.enqueue(listed);
                    self.next()
                }
                Err(problem) => {
                    self.done.problem = Some(problem);
                    self.next()
                }
            },
            State::ExpectRetrieved { notification } => self.retrieved(notification, event),
            State::ExpectDelivered { notification, raw } => self.delivered(notification, raw, event),
            State::Waiting { notification, raw } => self.send(notification, raw),
            State::ExpectRemoved { notification } => {
                let removed = removed(event);
                self.done.sent.push(Sent { notification, removed });
                self.next()
            }
            State::Over => Effect::Done(self.done.clone()),
        }
    }

    fn enqueue(&mut self, mut listed: Vec<Notification>) {
        if let Some(only) = &self.params.only {
            listed.retain(|it| only.contains(&it.sequence_number));
        }
        listed.sort_by_key(|it| it.sequence_number);
        self.waiting = listed.into();
    }

    /// Retrieves the next one whose receiver has not failed yet.
    fn next(&mut self) -> Effect<Notified> {
        while let Some(notification) = self.waiting.pop_front() {
            let same = |kept: &&Kept| same_server(&kept.notification.address, &notification.address);
            if let Some(before) = self.done.kept.iter().find(same) {
                let why = format!("waits for number {}", before.notification.sequence_number);
                self.done.kept.push(Kept { notification, why });
                continue;
            }
            if let Some(raw) = self.given.remove(&notification.sequence_number) {
                return self.send(notification, raw.0);
            }
            let criterion = NotificationSearch::SeqNumber(notification.sequence_number);
            self.state = State::ExpectRetrieved { notification };
            return card(&RetrieveNotificationsListRequest { search_criteria: Some(criterion) });
        }
        self.state = State::Over;
        Effect::Done(self.done.clone())
    }

    fn keep(&mut self, notification: Notification, why: String) -> Effect<Notified> {
        self.done.kept.push(Kept { notification, why });
        self.next()
    }

    fn retrieved(&mut self, notification: Notification, event: Event) -> Effect<Notified> {
        match retrieve(event, notification.sequence_number) {
            Ok(raw) => self.send(notification, raw),
            Err(why) => self.keep(notification, why),
        }
    }

    fn send(&mut self, notification: Notification, raw: Vec<u8>) -> Effect<Notified> {
        let dialled = self.params.dialled.as_deref();
        let address = to_dial(&notification.address, dialled).to_owned();
        let request = HandleNotificationRequest { pending_notification: Base64(raw.clone()) };
        self.state = State::ExpectDelivered { notification, raw };
        Effect::Http(HttpCall::es9(&address, &request))
    }

    fn delivered(&mut self, notification: Notification, raw: Vec<u8>, event: Event) -> Effect<Notified> {
        let may_pass = matches!(event, Event::Lost(_) | Event::Http { status: 408 | 429 | 500..=599, .. });
        if let Err(why) = accepted(event) {
            if may_pass && self.tried_again < self.params.tries {
                let wait = 1u32.checked_shl(self.tried_again.into()).unwrap_or(LONGEST_WAIT);
                self.tried_again += 1;
                self.state = State::Waiting { notification, raw };
                return Effect::Wait(wait.min(LONGEST_WAIT));
            }
            return self.keep(notification, why);
        }
        if self.params.keep {
            self.done.sent.push(Sent { notification, removed: false });
            return self.next();
        }
        let request = NotificationSentRequest { seq_number: notification.sequence_number };
        self.state = State::ExpectRemoved { notification };
        card(&request)
    }
}

/// Longest wait before another try, in seconds; the first one takes a second, each after it twice as long.
const LONGEST_WAIT: u32 = 30;

impl Machine for Notify {
    type Done = Notified;

    fn step(&mut self, event: Event) -> Effect<Notified> {
        let effect = match self.pending.take() {
            Some(pending) if !pending.is_answered_by(&event) => pending,
            _ => self.advance(event),
        };
        self.pending = Some(effect.clone());
        effect
    }

    fn progress(&self) -> Progress {
        let over = matches!(self.state, State::Over);
        let (settled, waiting) = (self.done.sent.len() + self.done.kept.len(), self.waiting.len());
        let phase = if over { Phase::Done } else { Phase::Notifying };
        Progress::new(phase, settled, settled + waiting + usize::from(!over))
    }
}

fn card<T: esim_rsp::codec::Encode>(request: &T) -> Effect<Notified> {
    Effect::Card(Es10::new(esim_rsp::encode(request)))
}

fn card_data(event: Event) -> Result<Vec<u8>, String> {
    match event {
        Event::Card(data) => Ok(data),
        Event::CardStatus(sw) => Err(code::explain_status_word(sw).into()),
        Event::Lost(detail) => Err(detail),
        Event::Unopened(error) => Err(error.to_string()),
        _ => Err("not an answer of the card".into()),
    }
}

fn list(event: Event) -> Result<Vec<Notification>, String> {
    match esim_rsp::decode(&card_data(event)?).map_err(|error| error.to_string())? {
        ListNotificationResponse::NotificationMetadataList(listed) => {
            Ok(listed.iter().map(Notification::from).collect())
        }
        ListNotificationResponse::ListNotificationsResultError(code) => {
            Err(format!("the eUICC answers error {code}"))
        }
    }
}

/// The octets of notification `number`, as the eUICC gave them.
fn retrieve(event: Event, number: u32) -> Result<Vec<u8>, String> {
    match esim_rsp::decode(&card_data(event)?).map_err(|error| error.to_string())? {
        RetrieveNotificationsListResponse::NotificationList(found) => {
            let found = found.iter().find(|it| it.metadata().seq_number == number);
            found.map(|it| it.raw().to_vec()).ok_or_else(|| "it is not on the eUICC any more".into())
        }
        RetrieveNotificationsListResponse::NotificationsListResultError(code) => {
            Err(Code::of_field("notificationsListResultError", code).to_string())
        }
    }
}

/// 204 is the answer of the standard; a 200 counts unless its body says `Failed`.
fn accepted(event: Event) -> Result<(), String> {
    let body = match event {
        Event::Http { status: 200..=299, body } => body,
        Event::Http { status, .. } => return Err(format!("HTTP status {status}")),
        Event::Lost(detail) | Event::Untrusted(Untrusted { detail, .. }) => return Err(detail),
        Event::TooLong => return Err(Unanswered::TooLong.to_string()),
        _ => return Err("not an answer of the server".into()),
    };
    let Ok(Err(status)) = json::read_answer::<Nothing>(&body) else {
        return Ok(());
    };
    let code = status.code().unwrap_or_else(|| "Failed, without a code".into());
    let message = status.status_code_data.and_then(|data| data.message);
    let message = message.map(|words| format!(" (\"{}\")", quotable(&words))).unwrap_or_default();
    Err(format!("the server answers {code}{message}"))
}

/// Nothing to delete is as good as deleted.
fn removed(event: Event) -> bool {
    let response =
        card_data(event).ok().and_then(|data| esim_rsp::decode::<NotificationSentResponse>(&data).ok());
    response.is_some_and(|response| response.delete_notification_status <= 1)
}
