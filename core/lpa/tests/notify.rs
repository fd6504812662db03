//! Notifications: order, failures, and what is left on the card.

use crate::peers;

use esim_lpa::driver::caused;
use esim_lpa::notify::{Notification, SignedNotification};
use esim_lpa::{Lang, Notify, NotifyParams};
use esim_rsp::es9p::HandleNotificationRequest;
use esim_rsp::json::Base64;
use esim_rsp::{encode, json};
use peers::*;

fn peers(notifications: &[(u32, &str)]) -> Peers {
    let notifications =
        notifications.iter().map(|(number, address)| (*number, address.to_string())).collect();
    Peers { notifications, ..Peers::default() }
}

#[test]
fn an_empty_list_is_no_problem() {
    let notified = peers(&[]).run(Notify::new(NotifyParams::default()), |it| it);
    assert!(notified.sent.is_empty() && notified.kept.is_empty() && notified.problem.is_none());
    assert_eq!(notified.text(Lang::En), "");
}

#[test]
fn delivers_in_order_and_passes_the_octets_on() {
    let mut peers = peers(&[(2, "a.test"), (0, "a.test"), (1, "b.test")]);
    let notified = peers.run(Notify::new(NotifyParams::default()), |it| it);
    let order: Vec<u32> = notified.sent.iter().map(|sent| sent.notification.sequence_number).collect();
    assert_eq!(order, [0, 1, 2]);
    assert!(notified.sent.iter().all(|sent| sent.removed));
    assert!(peers.notifications.is_empty());
    let posted: HandleNotificationRequest = json::parse(peers.sent("handleNotification").unwrap()).unwrap();
    assert_eq!(posted.pending_notification.0, encode(&other_notification(2, "a.test")));
}

#[test]
fn what_fails_holds_up_its_receiver_only() {
    let mut peers = peers(&[(1, "down.test"), (2, "up.test"), (3, "DOWN.test"), (4, "up.test")]);
    peers.down = vec!["down.test".into()];
    let notified = peers.run(Notify::new(NotifyParams::default()), |it| it);
    let sent: Vec<u32> = notified.sent.iter().map(|it| it.notification.sequence_number).collect();
    let kept: Vec<(u32, &str)> =
        notified.kept.iter().map(|it| (it.notification.sequence_number, it.why.as_str())).collect();
    assert_eq!(sent, [2, 4]);
    assert_eq!(kept, [(1, "no route"), (3, "waits for number 1")]);
    assert_eq!(peers.notifications.len(), 2);
    for lang in [Lang::En, Lang::Ja] {
        assert!(notified.text(lang).contains("no route"));
    }
}

#[test]
fn only_success_removes() {
    let refused = [
        (200, br#"{"header":{"functionExecutionStatus":{"status":"Failed"}}}"#.to_vec()),
        (404, Vec::new()),
        (500, b"oops".to_vec()),
    ];
    for (status, body) in refused {
        let mut peers = peers(&[(0, "a.test")]);
        peers.say.insert("handleNotification", Say::Http(status, body));
        let notified = peers.run(Notify::new(NotifyParams::default()), |it| it);
        assert_eq!((notified.sent.len(), notified.kept.len(), peers.notifications.len()), (0, 1, 1));
    }
    for (status, body) in [(204, Vec::new()), (200, Vec::new()), (200, b"{}".to_vec())] {
        let mut peers = peers(&[(0, "a.test")]);
        peers.say.insert("handleNotification", Say::Http(status, body));
        let notified = peers.run(Notify::new(NotifyParams::default()), |it| it);
        assert_eq!((notified.sent.len(), peers.notifications.len()), (1, 0));
    }
}

#[test]
fn takes_only_what_it_is_told_to_and_may_leave_it() {
    let mut peers = peers(&[(0, "a.test"), (1, "a.test")]);
    let params = NotifyParams { only: Some(vec![0]), keep: true, ..NotifyParams::default() };
    let notified = peers.run(Notify::new(params), |it| it);
    assert_eq!(notified.sent.len(), 1);
    assert!(!notified.sent[0].removed);
    assert_eq!(peers.notifications.len(), 2);
}

#[test]
fn trouble_of_the_card_is_told() {
    let mut listing = peers(&[(0, "a.test")]);
    listing.say.insert("ListNotification", Say::Status(0x6A88));
    assert!(listing.run(Notify::new(NotifyParams::default()), |it| it).problem.is_some());

    let mut retrieving = peers(&[(0, "a.test")]);
    retrieving.say.insert("RetrieveNotificationsList", Say::Data(vec![0xBF, 0x2B, 3, 0x81, 1, 1]));
    let notified = retrieving.run(Notify::new(NotifyParams::default()), |it| it);
    assert_eq!(notified.kept[0].why, "noResultAvailable (1)");

    let mut removing = peers(&[(0, "a.test")]);
    removing.say.insert("RemoveNotificationFromList", Say::Lost);
    let notified = removing.run(Notify::new(NotifyParams::default()), |it| it);
    assert!(!notified.sent[0].removed);
}

#[test]
fn survives_serialisation_between_any_two_steps() {
    let mut peers = peers(&[(0, "a.test"), (1, "b.test")]);
    peers.down = vec!["b.test".into()];
    let notified = peers.run(Notify::new(NotifyParams::default()), |machine| {
        serde_json::from_str(&serde_json::to_string(&machine).unwrap()).unwrap()
    });
    assert_eq!((notified.sent.len(), notified.kept.len()), (1, 1));
}

#[test]
fn what_may_pass_is_tried_again_and_what_may_not_is_kept_at_once() {
    let again = |say: Option<Say>, tries: u8| {
        let mut peers = peers(&[(0, "a.test"), (1, "a.test")]);
        match say {
            Some(say) => drop(peers.say.insert("handleNotification", say)),
            None => peers.down = vec!["a.test".into()],
        }
        let notified = peers.run(Notify::new(NotifyParams { tries, ..NotifyParams::default() }), |it| it);
        assert_eq!((notified.sent.len(), notified.kept.len(), peers.notifications.len()), (0, 2, 2));
        peers.waits
    };
    assert_eq!(again(None, 3), [1, 2, 4]);
    assert_eq!(again(Some(Say::Http(503, Vec::new())), 2), [1, 2]);
    assert_eq!(again(None, 0), [0u32; 0]);
    assert_eq!(again(Some(Say::Http(404, Vec::new())), 3), [0u32; 0]);
    assert_eq!(again(Some(Say::TooLong), 3), [0u32; 0]);
}

#[test]
fn what_was_put_away_is_delivered_without_the_card() {
    let mut card = peers(&[(0, "a.test"), (1, "b.test")]);
    let put_away: Vec<_> = [0, 1]
        .into_iter()
        .map(|number| {
            let address = if number == 0 { "a.test" } else { "b.test" };
            let pending = other_notification(number, address);
            let metadata = pending.metadata();
            SignedNotification { notification: Notification::from(metadata), raw: Base64(encode(&pending)) }
        })
        .collect();
    let kept = serde_json::to_string(&put_away).unwrap();
    let put_away: Vec<SignedNotification> = serde_json::from_str(&kept).unwrap();
    let params = NotifyParams { only: Some(vec![0]), ..NotifyParams::default() };
    let notified = card.run(Notify::from_elsewhere(params, put_away), |it| it);
    let functions: Vec<&str> = card.log.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(functions, ["handleNotification"], "the card is not asked");
    let posted: HandleNotificationRequest = json::parse(card.sent("handleNotification").unwrap()).unwrap();
    assert_eq!(posted.pending_notification.0, encode(&other_notification(0, "a.test")));
    assert!(notified.sent.len() == 1 && !notified.sent[0].removed);
    assert_eq!(card.notifications.len(), 2);
}

#[test]
fn what_an_operation_has_made_is_told_from_what_waited() {
    let waits = |number: u32| Notification::from(other_notification(number, "a.test").metadata());
    let (before, after) = ([waits(0), waits(3)], [waits(0), waits(3), waits(4), waits(5)]);
    assert_eq!(caused(&before, &after), [4, 5]);
    assert_eq!(caused(&[], &[waits(0)]), [0], "0 is a number");
    assert_eq!(caused(&after, &before), [0u32; 0]);
}
