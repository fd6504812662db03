//! What the card tells of itself and of its profiles.

use super::*;

pub(super) fn rows() -> Vec<Row> {
    [of_itself(), profiles()].into_iter().flatten().collect()
}

fn of_itself() -> Vec<Row> {
    vec![
        case(Function::GetEuiccInfo1.name(), "answered", "euicc_info_1", || {
            answered::<EuiccInfo1>(Forge::new().es10(&[0xBF, 0x20, 0x00]))
        }),
        case(Function::GetEuiccInfo2.name(), "answered", "euicc_info_2", || {
            answered::<EuiccInfo2>(Forge::new().es10(&[0xBF, 0x22, 0x00]))
        }),
        case(Function::GetEuiccInfo2.name(), "answered", "free_memory_shrinks_and_grows", || {
            let free = |forge: &mut Forge| {
                let info: EuiccInfo2 = read(&forge.es10(&[0xBF, 0x22, 0x00])).unwrap();
                let resource = info.ext_card_resource.to_vec();
                let all = tlv::read_all(&resource, 0..resource.len()).unwrap();
                resource[all[1].value.clone()].iter().fold(0, |sum: u32, it| sum << 8 | u32::from(*it))
            };
            let mut forge = Forge::new();
            let before = free(&mut forge);
            forge.install_plain(ICCID);
            let between = free(&mut forge);
            assert_eq!(deletes(&mut forge, ICCID), "ok (0)");
            expect((between < before, free(&mut forge) == before), (true, true), "answered")
        }),
        case(Function::GetEuiccChallenge.name(), "answered", "never_the_same_twice", || {
            let mut forge = Forge::new();
            let command = [0xBF, 0x2E, 0x00];
            let both = (forge.es10(&command).unwrap(), forge.es10(&command).unwrap());
            assert_ne!(both.0, both.1);
            answered::<GetEuiccChallengeResponse>(Ok(both.1))
        }),
        case(Function::GetRat.name(), "answered", "rules_authorisation_table", || {
            answered::<GetRatResponse>(Forge::new().es10(&[0xBF, 0x43, 0x00]))
        }),
        case(Function::GetEid.name(), "answered", "eid", || {
            answered::<GetEuiccDataResponse>(Forge::new().es10(&[0xBF, 0x3E, 0x03, 0x5C, 0x01, 0x5A]))
        }),
        case(Function::GetEid.name(), "6A80", "another_tag_than_the_eids", || {
            sw(Forge::new().es10(&[0xBF, 0x3E, 0x03, 0x5C, 0x01, 0x5B]))
        }),
    ]
}

const PROFILES: &str = Function::GetProfilesInfo.name();

fn three() -> Forge {
    let mut forge = Forge::new();
    forge.install_plain(ICCID);
    forge.install(&of_class(OTHER, ProfileClass::provisioning), &subscriber(OTHER));
    install_test_profile(&mut forge, THIRD);
    assert_eq!(enables(&mut forge, ICCID), "ok (0)");
    forge
}

fn profiles() -> Vec<Row> {
    vec![
        case(PROFILES, "listed", "all_but_the_provisioning_profile", || {
            expect(listed(&mut three(), None), format!("{ICCID}* {THIRD}"), "listed")
        }),
        case(PROFILES, "listed", "by_class", || {
            let class = SearchCriteria::ProfileClass(ProfileClass::provisioning);
            expect(listed(&mut three(), Some(class)), OTHER.to_string(), "listed")
        }),
        case(PROFILES, "listed", "by_iccid", || {
            let iccid: Iccid = THIRD.parse().unwrap();
            expect(listed(&mut three(), Some(SearchCriteria::Iccid(iccid))), THIRD.to_string(), "listed")
        }),
        case(PROFILES, "listed", "by_aid", || {
            let aid = hex::decode("A0000005591010FFFFFFFF8900001000").unwrap();
            expect(
                listed(&mut three(), Some(SearchCriteria::IsdpAid(aid.into()))),
                format!("{ICCID}*"),
                "listed",
            )
        }),
        case(PROFILES, "listed", "nothing_found", || {
            let iccid: Iccid = "89000123456789012374".parse().unwrap();
            expect(listed(&mut three(), Some(SearchCriteria::Iccid(iccid))), String::new(), "listed")
        }),
        case(PROFILES, "listed", "tags_of_the_askers_choice", || {
            let tags = OctetString::from_static(&[0x5A, 0x9F, 0x70]);
            let request = ProfileInfoListRequest { search_criteria: None, tag_list: Some(tags) };
            let response = three().es10(&encode(&request)).unwrap();
            let short = tlv::wrap(
                0xE3,
                &[&tlv::wrap(0x5A, &[&ICCID.parse::<Iccid>().unwrap().octets()]), &[0x9F, 0x70, 1, 1]],
            );
            expect(response.windows(short.len()).any(|it| it == short), true, "listed")
        }),
        case(PROFILES, "incorrectInputValues (1)", "tag_list_cut_in_a_tag", || {
            let tags = OctetString::from_static(&[0x5A, 0x9F]);
            let request = ProfileInfoListRequest { search_criteria: None, tag_list: Some(tags) };
            match read(&three().es10(&encode(&request))) {
                Ok(ProfileInfoListResponse::ProfileInfoListError(1)) => {
                    "incorrectInputValues (1)".to_string()
                }
                other => format!("{other:?}"),
            }
        }),
        blank(PROFILES, "undefinedError (127)", "nothing leads to it"),
    ]
}
