//! Every way of SELECT, the FCP, STATUS.

use super::profile::{ISIM_AID, USIM_AID};
use super::{Card, unhex};
use crate::apdu::{Command, Status};
use crate::uicc::{ChannelState, Uicc};

const SELECT_USIM: &str = "00A4040C0CA0000000871002FF49FF0589";

/// FCPs as real cards give them.
#[test]
fn fcp_of_known_files() {
    let mut card = Card::new();
    card.talk(&[
        (
            "00A40004023F0000",
            "6226 82027821 83023F00 A506800171870101 8A0105 8B032F0601 C60C9001C0 830101 83010A 83010B 9000",
        ),
        ("00A40004022FE200", "6217 82024121 83022FE2 8A0105 8B032F0601 8002000A 880110 9000"),
        (
            "00A4040407A000000087100200",
            "622C 82027821 83027FFF 840CA0000000871002FF49FF0589 8A0105 8B032F0601 C60C9001E0 830101 830181 83010A 9000",
        ),
        ("00A40004026F0700", "6217 82024121 83026F07 8A0105 8B036F0602 80020009 880138 9000"),
        ("00A40004026F3A00", "6219 82054221000203 83026F3A 8A0105 8B036F0605 80020006 8800 9000"),
        ("00A40004026F3900", "621A 82054621000303 83026F39 8A0105 8B036F0604 80020009 880128 9000"),
        (
            "00A40004026F4D00",
            "6220 82027921 83026F4D A507 840101 86020258 8A0105 8B036F0606 80020000 880130 9000",
        ),
    ]);
}

/// By identifier: what TS 102 221 8.4.1 allows from each place, and nothing else.
#[test]
fn by_identifier_from_each_place() {
    let mut card = Card::new();
    card.talk(&[
        ("00A4000C022FE2", "9000"),
        ("00A4000C026F3A", "6A82"),
        ("00A4000C027FFF", "6A82"),
        ("00A4000C027FD0", "6A82"),
        ("00A4000C027F10", "9000"),
        ("00A4000C026F3A", "9000"),
        ("00A4000C025F3A", "9000"),
        ("00A4000C024F09", "9000"),
        ("00A4000C025F3A", "9000"),
        ("00A4000C022FE2", "6A82"),
        ("00A4000C027F10", "9000"),
        (SELECT_USIM, "9000"),
        ("00A4000C027F10", "9000"),
        ("00A4000C027FFF", "9000"),
        ("00A4000C025FC0", "9000"),
        ("00A4000C026F07", "6A82"),
        ("00A4000C027FFF", "9000"),
        ("00A4000C026F07", "9000"),
        ("00A4000C023F00", "9000"),
        ("00A4000C00", "9000"),
        ("00A4000C", "9000"),
    ]);
}

#[test]
fn by_path_child_and_parent() {
    let mut card = Card::new();
    card.talk(&[
        ("00A4080C022FE2", "9000"),
        ("00A4080C047F106F3A", "9000"),
        ("00A4080C067F105F3A4F09", "9000"),
        ("00A4080C063F007F106F3A", "9000"),
        ("00A4080C047FFF6F07", "6A82"),
        ("00A4080C047FD06F07", "6A82"),
        ("00A4080C042FE26F07", "6A82"),
        ("00A4090C026F3A", "9000"),
        ("00A4090C045F3A4F09", "9000"),
        (SELECT_USIM, "9000"),
        ("00A4080C022FE2", "9000"),
        ("00A4080C047FFF6F07", "9000"),
        ("00A4090C045FC04F09", "9000"),
        ("00A4030C00", "9000"),
        ("00A4010C025FC0", "9000"),
        ("00A4010C024F09", "6A82"),
        ("00A4030C", "9000"),
        ("00A4030C", "9000"),
        ("00A4030C", "6A82"),
    ]);
}

#[test]
fn by_aid_whole_cut_and_repeated() {
    let mut card = Card::new();
    let with = |p2: &str, aid: &str| alloc::format!("00A404{p2}{:02X}{aid}", aid.len() / 2);
    let rid = "A000000087";
    let script: &[(&str, &str, Result<&str, &str>)] = &[
        ("0C", USIM_AID, Ok(USIM_AID)),
        ("0C", "A0000000871004", Ok(ISIM_AID)),
        ("0C", rid, Ok(USIM_AID)),
        ("0E", rid, Ok(ISIM_AID)),
        ("0E", rid, Err("6A82")),
        ("0F", rid, Ok(USIM_AID)),
        ("0F", rid, Err("6A82")),
        ("0D", rid, Ok(ISIM_AID)),
        ("0C", "A0000000871002FF49FF058900", Err("6A82")),
        ("0C", "A0000005591010FFFFFFFF8900000100", Err("6A82")),
    ];
    for (p2, aid, expected) in script {
        let answer = card.send(&with(p2, aid));
        match expected {
            Ok(aid) => {
                assert_eq!(answer, "9000");
                assert_eq!(card.uicc.active_application(&card.channel), Some(&unhex(aid)[..]));
                assert_eq!(card.send("80F2000100"), alloc::format!("84{:02X}{aid}9000", aid.len() / 2));
            }
            Err(status) => assert_eq!(answer, *status, "{p2} {aid}"),
        }
    }
}

#[test]
fn ending_a_session_closes_application_and_pin() {
    let mut card = Card::new();
    card.expect_ok(&[SELECT_USIM, "002000010831323334FFFFFFFF", "00A4000C026F07", "00B0000009"]);
    card.talk(&[
        ("00A4044C0CA0000000871002FF49FF0589", "9000"),
        ("00A4000C027FFF", "6A82"),
        (SELECT_USIM, "9000"),
        ("00A4000C026F07", "9000"),
        ("00B0000009", "6982"),
    ]);
}

#[test]
fn status_words_of_select_and_status() {
    let mut card = Card::new();
    card.talk(&[
        ("00A4020C023F00", "6A86"),
        ("00A40008023F00", "6A86"),
        ("00A4001C023F00", "6A86"),
        ("00A4000D023F00", "6A86"),
        ("00A4800C023F00", "6A86"),
        ("00A4000C033F0000", "6A87"),
        ("00A4000C043F002FE2", "6A87"),
        ("00A4080C", "6A87"),
        ("00A4040C", "6A87"),
        ("80A4000C023F00", "6E00"),
        ("A0A4000C023F00", "6E00"),
        ("10A4000C023F00", "6884"),
        ("04A4000C023F00", "6882"),
        ("00AE000000", "6D00"),
        ("80F2030000", "6A86"),
        ("80F2000200", "6A86"),
        ("80F2000C00", "9000"),
        ("80F2000010", "6C28"),
        // No application was selected.
        ("80F2000100", "6A88"),
        ("80F20001", "6A88"),
        ("00F2000000", "6E00"),
    ]);
    assert_eq!(card.send("80F2000028"), card.send("00A40004023F0000"));
    assert_eq!(card.send("80F20000000000"), card.send("80F2000000"));
}

#[test]
fn channels_do_not_disturb_each_other() {
    let mut card = Card::new();
    let mut other = ChannelState::default();
    card.expect_ok(&[SELECT_USIM, "00A4000C026F38"]);
    let select_mf = [0x01, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00];
    card.uicc.command(&mut other, &Command::parse(&select_mf).unwrap(), &mut |_, _| Ok(())).unwrap();
    card.talk(&[("00B0000002", "FFFF9000"), ("00A4000C027FFF", "9000")]);
    let select_adf = [0x01, 0xA4, 0x00, 0x0C, 0x02, 0x7F, 0xFF];
    let refused = card.uicc.command(&mut other, &Command::parse(&select_adf).unwrap(), &mut |_, _| Ok(()));
    assert_eq!(refused, Err(Status::FILE_NOT_FOUND));
}

/// The card without an enabled profile.
#[test]
fn bare_card() {
    let mut card = Card { uicc: Uicc::empty(), ..Card::new() };
    card.talk(&[
        ("00A40004023F0000", "6217 82027821 83023F00 A506800171870101 8A0105 C6029000 9000"),
        ("00A4000C022FE2", "6A82"),
        ("00A4000C022F00", "6A82"),
        ("00B0820000", "6A82"),
        ("00B0000000", "6986"),
        ("00A4040C07A0000000871002", "6A82"),
        ("00200001", "6A88"),
        ("0088008122", "6985"),
    ]);
}

#[test]
fn selection_of_another_profile_is_forgotten() {
    let mut card = Card::new();
    card.expect_ok(&[SELECT_USIM, "00A4000C026F3A"]);
    card.uicc.replace(None);
    card.talk(&[("00B0000000", "6986"), ("00A4000C023F00", "9000")]);
    assert_eq!(card.uicc.active_application(&card.channel), None);
}
