//! Notifications: order, failures, and what is left on the card.

use crate::peers;

use esim_lpa::{Lang, Notify, NotifyParams};
use esim_rsp::es9p::HandleNotificationRequest;
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
