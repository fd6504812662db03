//! ES10c.eUICCMemoryReset.

use super::*;

pub(super) fn rows() -> Vec<Row> {
    const F: &str = Function::EuiccMemoryReset.name();
    fn full() -> Forge {
        let mut forge = Forge::new();
        forge.install(&with_rules(ICCID, &[2]), &subscriber(ICCID));
        install_test_profile(&mut forge, OTHER);
        forge.install(&of_class(THIRD, ProfileClass::provisioning), &subscriber(THIRD));
        let address = SetDefaultDpAddressRequest { default_dp_address: "smdp.example".to_string() };
        forge.es10(&encode(&address)).unwrap();
        forge
    }
    fn address(forge: &mut Forge) -> bool {
        let addresses: EuiccConfiguredAddressesResponse = read(&forge.es10(&[0xBF, 0x3C, 0x00])).unwrap();
        addresses.default_dp_address.is_some()
    }
    fn left(forge: &mut Forge) -> (String, String, bool) {
        let provisioning = SearchCriteria::ProfileClass(ProfileClass::provisioning);
        (listed(forge, None), listed(forge, Some(provisioning)), address(forge))
    }
    vec![
        case(F, "ok (0)", "operational_profiles_even_with_ppr2", || {
            let mut forge = full();
            let seen = resets(&mut forge, &[0]);
            expect(left(&mut forge), (OTHER.to_string(), THIRD.to_string(), true), &seen)
        }),
        case(F, "ok (0)", "test_profiles", || {
            let mut forge = full();
            let seen = resets(&mut forge, &[1]);
            expect(left(&mut forge), (ICCID.to_string(), THIRD.to_string(), true), &seen)
        }),
        case(F, "ok (0)", "default_address", || {
            let mut forge = full();
            let seen = resets(&mut forge, &[2]);
            expect(left(&mut forge), (format!("{ICCID} {OTHER}"), THIRD.to_string(), false), &seen)
        }),
        case(F, "ok (0)", "everything_but_the_provisioning_profile", || {
            let mut forge = full();
            assert_eq!(enables(&mut forge, ICCID), "ok (0)");
            let seen = resets(&mut forge, &[0, 1, 2]);
            expect(left(&mut forge), (String::new(), THIRD.to_string(), false), &seen)
        }),
        case(F, "nothingToDelete (1)", "fresh_card", || resets(&mut Forge::new(), &[0, 1, 2])),
        case(F, "nothingToDelete (1)", "no_bit_set", || resets(&mut full(), &[])),
        case(F, "catBusy (5)", "a_switch_waits_for_the_terminal", || {
            let mut forge = full();
            announce_refresh(&mut forge);
            forge.es10(&enable_command(ICCID, true)).unwrap();
            resets(&mut forge, &[0])
        }),
        blank(F, "undefinedError (127)", "every refusal here has a code of its own"),
    ]
}
