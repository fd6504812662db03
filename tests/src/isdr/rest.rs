//! ES10c.SetNickname, and LPAe activation.

use super::*;

pub(super) fn rows() -> Vec<Row> {
    const F: &str = Function::SetNickname.name();
    fn names(iccid: &str, nickname: &str) -> String {
        let mut forge = Forge::new();
        forge.install_plain(ICCID);
        let request =
            SetNicknameRequest { iccid: iccid.parse().unwrap(), profile_nickname: nickname.to_string() };
        let response = forge.es10(&encode(&request));
        told(read::<SetNicknameResponse>(&response).map(|it| it.set_nickname_result.to_string()))
    }
    vec![
        case(F, "ok (0)", "a_name_of_64_octets", || names(ICCID, &"ん".repeat(21))),
        case(F, "ok (0)", "an_empty_name_removes_it", || names(ICCID, "")),
        case(F, "iccidNotFound (1)", "unknown_profile", || names(OTHER, "x")),
        case(F, "undefinedError (127)", "a_name_of_65_octets", || names(ICCID, &"x".repeat(65))),
        case(Function::LpaeActivation.name(), "notSupported (1)", "no_lpa_in_this_euicc", || {
            let request = LpaeActivationRequest { lpae_option: bit_string(&[0]) };
            let response = Forge::new().es10(&encode(&request));
            told(read::<LpaeActivationResponse>(&response).map(|it| match it.lpae_activation_result {
                1 => "notSupported (1)".to_string(),
                other => other.to_string(),
            }))
        }),
    ]
}
