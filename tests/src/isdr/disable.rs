//! ES10c.DisableProfile and ES10c.DeleteProfile.

use super::*;

pub(super) fn rows() -> Vec<Row> {
    [disable(), delete()].into_iter().flatten().collect()
}

fn enabled(rules: &[usize]) -> Forge {
    let mut forge = Forge::new();
    forge.install(&with_rules(ICCID, rules), &subscriber(ICCID));
    assert_eq!(enables(&mut forge, ICCID), "ok (0)");
    forge
}

fn disable() -> Vec<Row> {
    const DISABLE: &str = Function::DisableProfile.name();
    vec![
        case(DISABLE, "ok (0)", "at_once", || disables(&mut enabled(&[]), ICCID)),
        case(DISABLE, "ok (0)", "a_test_profile_gives_ppr1_its_place_back", || {
            let mut forge = enabled(&[1]);
            install_test_profile(&mut forge, OTHER);
            assert_eq!(enables(&mut forge, OTHER), "ok (0)");
            let seen = disables(&mut forge, OTHER);
            assert_eq!(listed(&mut forge, None), format!("{ICCID}* {OTHER}"));
            seen
        }),
        case(DISABLE, "iccidOrAidNotFound (1)", "unknown_profile", || disables(&mut Forge::new(), ICCID)),
        case(DISABLE, "profileNotInEnabledState (2)", "disabled_already", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            disables(&mut forge, ICCID)
        }),
        case(DISABLE, "disallowedByPolicy (3)", "ppr1", || disables(&mut enabled(&[1]), ICCID)),
        case(DISABLE, "catBusy (5)", "a_switch_waits_for_the_terminal", || {
            let mut forge = enabled(&[]);
            forge.install_plain(OTHER);
            announce_refresh(&mut forge);
            forge.es10(&enable_command(OTHER, true)).unwrap();
            disables(&mut forge, ICCID)
        }),
        blank(DISABLE, "undefinedError (127)", "every refusal here has a code of its own"),
    ]
}

fn delete() -> Vec<Row> {
    const DELETE: &str = Function::DeleteProfile.name();
    vec![
        case(DELETE, "ok (0)", "a_disabled_profile", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            let seen = deletes(&mut forge, ICCID);
            assert_eq!(listed(&mut forge, None), "");
            seen
        }),
        case(DELETE, "iccidOrAidNotFound (1)", "unknown_profile", || deletes(&mut Forge::new(), ICCID)),
        case(DELETE, "profileNotInDisabledState (2)", "an_enabled_profile", || {
            deletes(&mut enabled(&[]), ICCID)
        }),
        case(DELETE, "profileNotInDisabledState (2)", "a_profile_about_to_be_enabled", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            forge.es10(&enable_command(ICCID, true)).unwrap();
            deletes(&mut forge, ICCID)
        }),
        case(DELETE, "disallowedByPolicy (3)", "ppr2", || {
            let mut forge = Forge::new();
            forge.install(&with_rules(ICCID, &[2]), &subscriber(ICCID));
            deletes(&mut forge, ICCID)
        }),
        blank(DELETE, "undefinedError (127)", "every refusal here has a code of its own"),
    ]
}
