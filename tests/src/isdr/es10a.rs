//! ES10a: addresses.

use super::*;

pub(super) fn rows() -> Vec<Row> {
    const SET: &str = Function::SetDefaultDpAddress.name();
    fn set(address: &str) -> String {
        let mut forge = Forge::new();
        let request = SetDefaultDpAddressRequest { default_dp_address: address.to_string() };
        let response = read::<SetDefaultDpAddressResponse>(&forge.es10(&encode(&request)));
        let addresses: EuiccConfiguredAddressesResponse = read(&forge.es10(&[0xBF, 0x3C, 0x00])).unwrap();
        let set = addresses.default_dp_address.unwrap_or_default();
        told(response.map(|it| match it.set_default_dp_address_result {
            0 if set == address => "ok (0)".to_string(),
            127 if set.is_empty() => "undefinedError (127)".to_string(),
            other => format!("{other}, and the address is {set:?}"),
        }))
    }
    vec![
        case(Function::GetEuiccConfiguredAddresses.name(), "answered", "configured_addresses", || {
            answered::<EuiccConfiguredAddressesResponse>(Forge::new().es10(&[0xBF, 0x3C, 0x00]))
        }),
        case(SET, "ok (0)", "default_address_is_set", || set("smdp.example")),
        case(SET, "ok (0)", "empty_address_removes_it", || set("")),
        case(SET, "undefinedError (127)", "address_of_256_octets", || set(&"a".repeat(256))),
    ]
}
