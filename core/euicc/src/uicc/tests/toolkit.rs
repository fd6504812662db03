//! Proactive commands between queue and terminal response.

use super::Card;
use crate::uicc::UiccEvent;
use crate::uicc::toolkit::RefreshMode;

#[test]
fn refresh_from_queue_to_event() {
    let mut card = Card::new();
    assert!(!card.uicc.terminal_supports_refresh());
    card.talk(&[("8012000000", "6985"), ("8010000004FFFF7F00", "9000")]);
    assert!(!card.uicc.terminal_supports_refresh());
    card.talk(&[("8010000003000080", "9000")]);
    assert!(card.uicc.terminal_supports_refresh());
    card.uicc.queue_refresh();
    card.uicc.toolkit().queue_refresh(RefreshMode::EuiccProfileStateChange);
    assert_eq!(card.uicc.proactive_length(), Some(11));
    card.talk(&[("801200000A", "6C0B"), ("801200000B", "D009 8103010104 82028182 9000")]);
    assert_eq!(card.uicc.proactive_length(), None);
    card.talk(&[
        ("8012000000", "6985"),
        ("801400000C 8103020104 82028281 830100", "6A80"),
        ("8014000009 8103010104 82028281", "6A80"),
        ("801400000C 8103010104 82028281 830100", "9000"),
        ("801400000C 8103010104 82028281 830100", "6985"),
    ]);
    assert_eq!(card.uicc.take_event(), Some(UiccEvent::RefreshDone));
    assert_eq!(card.uicc.take_event(), None);
    card.talk(&[
        ("8012000000", "D009 8103020109 82028182 9000"),
        ("801400000D 0103020109 02028281 03022001", "9000"),
    ]);
    assert_eq!(card.uicc.take_event(), Some(UiccEvent::RefreshFailed(0x20)));
}

#[test]
fn other_commands_and_envelopes() {
    let mut card = Card::new();
    card.uicc.toolkit().queue_command(0x26, 0x00, 0x82, &[]);
    card.talk(&[
        ("8012000000", "D009 8103012600 82028182 9000"),
        ("801400000C 8103012600 82028281 830100", "9000"),
        ("80C2000004D6021901", "9000"),
        ("80C2000004D6031901", "6A80"),
        ("80C2000002A000", "6A80"),
        ("80C20001 02D100", "6A86"),
        ("8010000000", "6700"),
        ("00C2000004D6021901", "6E00"),
    ]);
    assert_eq!(card.uicc.take_event(), Some(UiccEvent::Answered { command: 0x26, result: 0 }));
    assert!(card.uicc.take_changes().is_empty());
}
