//! ES10c.EnableProfile.

use super::*;

const F: &str = Function::EnableProfile.name();

pub(super) fn rows() -> Vec<Row> {
    [done(), refused()].into_iter().flatten().collect()
}

fn done() -> Vec<Row> {
    vec![
        case(F, "ok (0)", "at_once", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            let seen = enables(&mut forge, ICCID);
            assert_eq!(listed(&mut forge, None), format!("{ICCID}*"));
            seen
        }),
        case(F, "ok (0)", "the_enabled_one_gives_way", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            forge.install_plain(OTHER);
            assert_eq!(enables(&mut forge, ICCID), "ok (0)");
            let seen = enables(&mut forge, OTHER);
            assert_eq!(listed(&mut forge, None), format!("{ICCID} {OTHER}*"));
            seen
        }),
        case(F, "ok (0)", "after_refresh", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            announce_refresh(&mut forge);
            assert_eq!(forge.es10(&enable_command(ICCID, true)).unwrap(), [0xBF, 0x31, 3, 0x80, 1, 0]);
            assert_eq!(listed(&mut forge, None), ICCID, "not before the terminal has carried it out");
            let refresh = forge.device.transmit(&hex::decode("8012000000").unwrap());
            assert_eq!(hex::encode_upper(&refresh), "D0098103010104820281829000");
            assert_eq!(apdu(&mut forge, "801400000C810301010482028281830100"), "9000");
            bench::select_isdr(&mut forge.device);
            expect(listed(&mut forge, None), format!("{ICCID}*"), "ok (0)")
        }),
        case(F, "ok (0)", "at_reset_if_refresh_was_not_carried_out", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            announce_refresh(&mut forge);
            forge.es10(&enable_command(ICCID, true)).unwrap();
            forge.device.reset().unwrap();
            bench::select_isdr(&mut forge.device);
            expect(listed(&mut forge, None), format!("{ICCID}*"), "ok (0)")
        }),
    ]
}

fn refused() -> Vec<Row> {
    vec![
        case(F, "iccidOrAidNotFound (1)", "unknown_profile", || enables(&mut Forge::new(), ICCID)),
        case(F, "profileNotInDisabledState (2)", "enabled_already", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            assert_eq!(enables(&mut forge, ICCID), "ok (0)");
            enables(&mut forge, ICCID)
        }),
        case(F, "disallowedByPolicy (3)", "the_enabled_one_has_ppr1", || {
            let mut forge = Forge::new();
            forge.install(&with_rules(ICCID, &[1]), &subscriber(ICCID));
            forge.install_plain(OTHER);
            assert_eq!(enables(&mut forge, ICCID), "ok (0)");
            enables(&mut forge, OTHER)
        }),
        case(F, "ok (0)", "a_test_profile_in_spite_of_ppr1", || {
            let mut forge = Forge::new();
            forge.install(&with_rules(ICCID, &[1]), &subscriber(ICCID));
            install_test_profile(&mut forge, OTHER);
            assert_eq!(enables(&mut forge, ICCID), "ok (0)");
            enables(&mut forge, OTHER)
        }),
        case(F, "wrongProfileReenabling (4)", "another_than_the_one_the_test_profile_replaced", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            forge.install_plain(OTHER);
            install_test_profile(&mut forge, THIRD);
            for iccid in [ICCID, THIRD] {
                assert_eq!(enables(&mut forge, iccid), "ok (0)");
            }
            let seen = enables(&mut forge, OTHER);
            assert_eq!(enables(&mut forge, ICCID), "ok (0)");
            seen
        }),
        case(F, "catBusy (5)", "a_switch_waits_for_the_terminal", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            announce_refresh(&mut forge);
            forge.es10(&enable_command(ICCID, true)).unwrap();
            enables(&mut forge, ICCID)
        }),
        blank(F, "undefinedError (127)", "every refusal here has a code of its own"),
    ]
}
