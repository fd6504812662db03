//! ES10b: notifications.

use super::*;

pub(super) fn rows() -> Vec<Row> {
    [list(), room(), retrieve(), remove()].into_iter().flatten().collect()
}

const LIST: &str = Function::ListNotification.name();
const LIST_ALL: [u8; 3] = [0xBF, 0x28, 0x00];

fn events_of(forge: &mut Forge, command: &[u8]) -> Vec<(u32, NotificationEvent)> {
    let response = forge.es10(command);
    let Ok(ListNotificationResponse::NotificationMetadataList(list)) = read(&response) else {
        return Vec::new();
    };
    list.iter().map(|it| (it.seq_number, it.profile_management_operation.first().unwrap())).collect()
}

/// Installed, enabled, disabled, deleted: four notifications.
fn a_life(forge: &mut Forge, iccid: &str) {
    forge.install_plain(iccid);
    assert_eq!(enables(forge, iccid), "ok (0)");
    assert_eq!(disables(forge, iccid), "ok (0)");
    assert_eq!(deletes(forge, iccid), "ok (0)");
}

fn retrieves(forge: &mut Forge, search_criteria: Option<NotificationSearch>) -> String {
    let request = RetrieveNotificationsListRequest { search_criteria };
    match read(&forge.es10(&encode(&request))) {
        Ok(RetrieveNotificationsListResponse::NotificationList(list)) => format!("{} given", list.len()),
        Ok(RetrieveNotificationsListResponse::NotificationsListResultError(code)) => format!("error {code}"),
        Err(other) => other,
    }
}

fn removes(forge: &mut Forge, seq_number: u32) -> String {
    let response = forge.es10(&encode(&NotificationSentRequest { seq_number }));
    told(read::<NotificationSentResponse>(&response).map(|it| match it.delete_notification_status {
        0 => "ok (0)".to_string(),
        1 => "nothingToDelete (1)".to_string(),
        other => other.to_string(),
    }))
}

fn list() -> Vec<Row> {
    use NotificationEvent::{Delete, Disable, Enable, Install};
    vec![
        case(LIST, "none", "fresh_card", || {
            let seen = events_of(&mut Forge::new(), &LIST_ALL);
            expect(seen, Vec::new(), "none")
        }),
        case(LIST, "all four", "life_of_a_profile", || {
            let mut forge = Forge::new();
            a_life(&mut forge, ICCID);
            let expected = vec![(0, Install), (1, Enable), (2, Disable), (3, Delete)];
            expect(events_of(&mut forge, &LIST_ALL), expected, "all four")
        }),
        case(LIST, "those asked for", "one_event_only", || {
            let mut forge = Forge::new();
            a_life(&mut forge, ICCID);
            let only = NotificationEvents::of(&[Delete]);
            let request = ListNotificationRequest { profile_management_operation: Some(only) };
            expect(events_of(&mut forge, &encode(&request)), vec![(3, Delete)], "those asked for")
        }),
        case(LIST, "numbers go on", "reset_and_memory_reset_between", || {
            let mut forge = Forge::new();
            a_life(&mut forge, ICCID);
            forge.device.reset().unwrap();
            bench::select_isdr(&mut forge.device);
            forge.install_plain(OTHER);
            assert_eq!(resets(&mut forge, &[0]), "ok (0)");
            let numbers: Vec<u32> = events_of(&mut forge, &LIST_ALL).iter().map(|it| it.0).collect();
            expect(numbers, (0..6).collect(), "numbers go on")
        }),
    ]
}

/// Which give way where there is no more room.
fn room() -> Vec<Row> {
    vec![
        case(LIST, "the oldest gives way", "full_memory", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            for _ in 0..40 {
                assert_eq!(enables(&mut forge, ICCID), "ok (0)");
                assert_eq!(disables(&mut forge, ICCID), "ok (0)");
            }
            let seen = events_of(&mut forge, &LIST_ALL);
            expect((seen.len(), seen.first().map(|it| it.0)), (32, Some(49)), "the oldest gives way")
        }),
        case(LIST, "another's stay", "a_profile_with_more_than_there_is_room_for", || {
            let mut forge = Forge::new();
            a_life(&mut forge, THIRD);
            forge.install_plain(OTHER);
            forge.install_plain(ICCID);
            for _ in 0..40 {
                assert_eq!(enables(&mut forge, ICCID), "ok (0)");
                assert_eq!(disables(&mut forge, ICCID), "ok (0)");
            }
            let numbers: Vec<u32> = events_of(&mut forge, &LIST_ALL).iter().map(|it| it.0).collect();
            expect(numbers[..6] == [0, 1, 2, 3, 4, 54], true, "another's stay")
        }),
        case(LIST, "another's stay", "downloads_that_fail_under_its_iccid", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            for _ in 0..40 {
                forge.install(&metadata(ICCID), &subscriber(ICCID));
            }
            let numbers: Vec<u32> = events_of(&mut forge, &LIST_ALL).iter().map(|it| it.0).collect();
            expect(numbers[..2] == [0, 25] && numbers.len() == 17, true, "another's stay")
        }),
        blank(LIST, "undefinedError (127)", "nothing leads to it"),
    ]
}

fn retrieve() -> Vec<Row> {
    use NotificationEvent::{Disable, Enable};
    const RETRIEVE: &str = Function::RetrieveNotificationsList.name();
    vec![
        case(RETRIEVE, "4 given", "all", || {
            let mut forge = Forge::new();
            a_life(&mut forge, ICCID);
            retrieves(&mut forge, None)
        }),
        case(RETRIEVE, "1 given", "by_number_zero", || {
            let mut forge = Forge::new();
            a_life(&mut forge, ICCID);
            retrieves(&mut forge, Some(NotificationSearch::SeqNumber(0)))
        }),
        case(RETRIEVE, "2 given", "by_event", || {
            let mut forge = Forge::new();
            a_life(&mut forge, ICCID);
            let events = NotificationEvents::of(&[Enable, Disable]);
            retrieves(&mut forge, Some(NotificationSearch::ProfileManagementOperation(events)))
        }),
        case(RETRIEVE, "0 given", "unknown_number", || {
            retrieves(&mut Forge::new(), Some(NotificationSearch::SeqNumber(9)))
        }),
        blank(RETRIEVE, "noResultAvailable (1)", "of early versions; an empty list stands for it"),
        blank(RETRIEVE, "undefinedError (127)", "nothing leads to it"),
    ]
}

fn remove() -> Vec<Row> {
    const REMOVE: &str = Function::RemoveNotificationFromList.name();
    vec![
        case(REMOVE, "ok (0)", "number_zero", || {
            let mut forge = Forge::new();
            a_life(&mut forge, ICCID);
            let seen = removes(&mut forge, 0);
            assert_eq!(events_of(&mut forge, &LIST_ALL).len(), 3);
            seen
        }),
        case(REMOVE, "nothingToDelete (1)", "removed_already", || {
            let mut forge = Forge::new();
            a_life(&mut forge, ICCID);
            assert_eq!(removes(&mut forge, 2), "ok (0)");
            removes(&mut forge, 2)
        }),
        blank(REMOVE, "undefinedError (127)", "nothing leads to it"),
    ]
}
