//! Rules about values and about what belongs together: each broken alone, in a package that is sound but for it.

use super::{bent, cd, element, place_of, swap, template_oid, with};
use esim_rsp::tlv;
use esim_saip::Element;
use esim_saip::pe::{
    AkaParameter, AlgoConfiguration, Fcp, FileElement, FileManagement, GenericFileManagement, MandatoryAid,
    PeHeader, PinCodes, PinConfiguration, PinList, ProfileElement, ProfileHeader, PukConfiguration, Rest,
    Rfm, Secret, SecurityDomain,
};
use esim_tests::conformance::{Row, case};

const BAD_VALUES: &str = "bad-values (3)";
const NOT_SUPPORTED: &str = "pe-not-supported (1)";

pub fn rows() -> Vec<Row> {
    [header(), templates(), files(), sizes(), pins(), puks(), authentication(), applications()]
        .into_iter()
        .flatten()
        .collect()
}

/// A sound package in which the first element of a name has something changed in it.
fn edited(name: &'static str, edit: impl FnOnce(&mut ProfileElement)) -> String {
    bent(name, |elements| {
        let at = place_of(elements, name);
        let mut value = Element::parse(&elements[at]).unwrap().value().clone();
        edit(&mut value);
        elements[at] = octets(value);
    })
}

fn octets(value: ProfileElement) -> Vec<u8> {
    Element::new(value).unwrap().raw().to_vec()
}

fn header() -> Vec<Row> {
    fn header(edit: fn(&mut ProfileHeader)) -> String {
        edited("header", |value| {
            let ProfileElement::Header(header) = value else { panic!("{value:?}") };
            edit(header);
        })
    }
    vec![
        case("header", "lib-not-supported (8)", "library_that_the_card_has_not", || {
            header(|it| {
                let library = MandatoryAid { aid: vec![0xA0; 5].into(), version: vec![1, 0].into() };
                it.mandatory_aids = Some(vec![library]);
            })
        }),
        case("header", BAD_VALUES, "iccid_of_nine_octets", || header(|it| it.iccid = vec![0x89; 9].into())),
        case("header", BAD_VALUES, "iccid_of_another_profile", || {
            header(|it| it.iccid = vec![0x89; 10].into())
        }),
    ]
}

fn templates() -> Vec<Row> {
    let of_cd = |fields: &[u8]| element(0xB1, true, &[&template_oid(&[2]), fields]);
    vec![
        case("cd", BAD_VALUES, "without_its_directory", move || with("cd", of_cd(&[]))),
        case("cd", BAD_VALUES, "a_file_of_it_without_its_directory", move || {
            with("cd", of_cd(&tlv::wrap(0xA3, &[&[0x83, 0x01, 0x01]])))
        }),
        case("cd", NOT_SUPPORTED, "a_file_of_a_later_version", || {
            // DF.CD has no twentieth file.
            let mut later = cd();
            later.extend([0xB5, 0x00]);
            later[1] += 2;
            with("cd", later)
        }),
        case("usim", BAD_VALUES, "template_of_another_element", || {
            with("usim", element(0xB3, true, &[&template_oid(&[2])]))
        }),
        case("usim", BAD_VALUES, "adf_without_its_aid", || {
            edited("usim", |value| {
                let ProfileElement::Template(usim) = value else { panic!("{value:?}") };
                for part in &mut usim.files[0].elements {
                    if let FileElement::Descriptor(fcp) = part {
                        fcp.df_name = None;
                    }
                }
            })
        }),
        case("opt-usim", BAD_VALUES, "before_its_application", || {
            bent("opt-usim", |it| {
                let early = it[place_of(it, "opt-usim")].clone();
                it.insert(place_of(it, "usim"), early);
            })
        }),
    ]
}

const FILES: &str = "genericFileManagement";

fn manage(commands: Vec<FileManagement>) -> String {
    let element = GenericFileManagement {
        header: PeHeader::mandated(99),
        commands: vec![commands],
        unknown: Rest::default(),
    };
    with(FILES, octets(ProfileElement::GenericFileManagement(element)))
}

/// A transparent file of four octets, changed.
fn created(change: fn(&mut Fcp)) -> FileManagement {
    let mut fcp = Fcp {
        file_descriptor: Some(vec![0x41, 0x21].into()),
        file_id: Some(vec![0x2F, 0xAA].into()),
        security_attributes: Some(vec![0x2F, 0x06, 0x01].into()),
        size: Some(vec![4].into()),
        ..Fcp::default()
    };
    change(&mut fcp);
    FileManagement::Create(fcp)
}

fn files() -> Vec<Row> {
    let create =
        |name, change: fn(&mut Fcp)| case(FILES, BAD_VALUES, name, move || manage(vec![created(change)]));
    vec![
        create("no_identifier", |it| it.file_id = None),
        create("identifier_of_one_octet", |it| it.file_id = Some(vec![0x2F].into())),
        create("access_rule_of_two_octets", |it| it.security_attributes = Some(vec![1, 2].into())),
        create("short_identifier_31", |it| it.short_id = Some(vec![31 << 3].into())),
        create("link_to_no_file", |it| it.link_path = Some(vec![0x2F, 0xBB].into())),
        case(FILES, BAD_VALUES, "path_with_half_an_identifier", || {
            manage(vec![FileManagement::Path(vec![0x7F].into())])
        }),
        case(FILES, BAD_VALUES, "content_before_any_file", || {
            manage(vec![FileManagement::Content(vec![1].into())])
        }),
        case(FILES, BAD_VALUES, "content_for_a_link", || {
            let link = created(|it| it.link_path = Some(vec![0x2F, 0xE2].into()));
            manage(vec![link, FileManagement::Content(vec![1].into())])
        }),
    ]
}

fn sizes() -> Vec<Row> {
    let create =
        |name, change: fn(&mut Fcp)| case(FILES, BAD_VALUES, name, move || manage(vec![created(change)]));
    vec![
        create("no_descriptor", |it| it.file_descriptor = None),
        create("structure_of_no_kind", |it| it.file_descriptor = Some(vec![0x7F, 0x21].into())),
        create("records_without_a_length", |it| it.file_descriptor = Some(vec![0x42, 0x21].into())),
        create("records_of_256_octets", |it| it.file_descriptor = Some(vec![0x42, 0x21, 1, 0].into())),
        create("one_record_and_a_third", |it| it.file_descriptor = Some(vec![0x42, 0x21, 0, 3].into())),
        create("no_size", |it| it.size = None),
        create("size_of_five_octets", |it| it.size = Some(vec![0, 0, 0, 0, 4].into())),
    ]
}

fn pins() -> Vec<Row> {
    const F: &str = "pinCodes";
    let pins = |name, edit: fn(&mut Vec<PinConfiguration>)| {
        case(F, BAD_VALUES, name, move || {
            edited(F, |value| {
                let ProfileElement::PinCodes(PinCodes { pins: PinList::Configured(pins), .. }) = value else {
                    panic!("{value:?}")
                };
                edit(pins);
            })
        })
    };
    let mut rows = vec![
        pins("reference_of_no_pin", |it| it[0].key_reference = 0x09),
        pins("one_pin_twice", |it| it.push(it[0].clone())),
        pins("pin_of_seven_octets", |it| it[0].value = Secret::new(&[0x30; 7])),
        pins("four_of_three_tries_left", |it| it[0].attempts = 0x34),
    ];
    rows.push(case(F, BAD_VALUES, "those_of_no_directory", || {
        let element = PinCodes {
            header: PeHeader::mandated(99),
            pins: PinList::Shared(vec![0x7F, 0x77].into()),
            unknown: Rest::default(),
        };
        with(F, octets(ProfileElement::PinCodes(element)))
    }));
    rows.push(case(F, NOT_SUPPORTED, "of_an_application_that_was_left_out", || {
        bent(F, |it| {
            let local =
                it[it.len() - 1 - it.iter().rev().position(|it| super::name_of(it) == F).unwrap()].clone();
            let end = it.len() - 1;
            it.splice(end..end, [element(0xB9, false, &[&template_oid(&[99])]), local]);
        })
    }));
    rows
}

fn puks() -> Vec<Row> {
    const F: &str = "pukCodes";
    let puks = |name, edit: fn(&mut Vec<PukConfiguration>)| {
        case(F, BAD_VALUES, name, move || {
            edited(F, |value| {
                let ProfileElement::PukCodes(element) = value else { panic!("{value:?}") };
                edit(&mut element.puks);
            })
        })
    };
    vec![
        puks("reference_of_no_code", |it| it[0].key_reference = 0x09),
        puks("one_code_twice", |it| it.push(it[0].clone())),
        puks("code_of_seven_octets", |it| it[0].value = Secret::new(&[0x30; 7])),
        puks("no_tries_at_all", |it| it[0].attempts = 0),
    ]
}

fn authentication() -> Vec<Row> {
    const F: &str = "akaParameter";
    fn parameters(edit: fn(&mut AkaParameter)) -> String {
        edited(F, |value| {
            let ProfileElement::AkaParameter(parameters) = value else { panic!("{value:?}") };
            edit(parameters);
        })
    }
    vec![
        case(F, BAD_VALUES, "key_of_15_octets", || {
            parameters(|it| {
                let AlgoConfiguration::Algorithm(own) = &mut it.algorithm else { panic!("it is mapped") };
                own.key = Secret::new(&[1; 15]);
            })
        }),
        case(F, BAD_VALUES, "31_sequence_numbers", || parameters(|it| it.sqn_init.truncate(31))),
        case(F, BAD_VALUES, "before_any_application", || {
            bent(F, |it| {
                let early = it[place_of(it, F)].clone();
                it.insert(place_of(it, "usim"), early);
            })
        }),
    ]
}

fn applications() -> Vec<Row> {
    let domain = |name, edit: fn(&mut SecurityDomain)| {
        case("securityDomain", BAD_VALUES, name, move || {
            edited("securityDomain", |value| {
                let ProfileElement::SecurityDomain(domain) = value else { panic!("{value:?}") };
                edit(domain);
            })
        })
    };
    let rfm = |name, edit: fn(&mut Rfm)| {
        case("rfm", BAD_VALUES, name, move || {
            edited("rfm", |value| {
                let ProfileElement::Rfm(rfm) = value else { panic!("{value:?}") };
                edit(rfm);
            })
        })
    };
    vec![
        domain("key_with_an_identifier_of_two_octets", |it| {
            it.keys.as_mut().unwrap()[0].identifier = vec![0, 1].into();
        }),
        domain("key_component_without_a_type", |it| {
            it.keys.as_mut().unwrap()[0].components[0].key_type = vec![].into();
        }),
        case("securityDomain", BAD_VALUES, "toolkit_parameters_with_half_a_tar", || {
            bent("securityDomain", |it| {
                let at = place_of(it, "securityDomain");
                swap(&mut it[at], &[6, 0xB2, 0x01, 0x00, 0, 0, 0], &[5, 0xB2, 0x01, 0x00, 0, 0, 0]);
            })
        }),
        rfm("tar_of_two_octets", |it| it.tars = Some(vec![vec![0xB0, 0x00].into()])),
        rfm("aid_of_four_octets", |it| it.instance_aid = vec![0xA0; 4].into()),
        case("rfm", BAD_VALUES, "aid_of_another_application", || {
            bent("rfm", |it| {
                let again = it[place_of(it, "rfm")].clone();
                it.insert(it.len() - 1, again);
            })
        }),
    ]
}
