//! Profile elements: each type × installed, left out, or refused with each
//! status that it can bring (TCA profile package, EUICCResponse), and the
//! check that the installer says it has failed.

mod values;

use esim_rsp::check::Rule;
use esim_rsp::tlv;
use esim_saip::builder::{self, HomeNetworkKey, OtaKeys, Subscriber};
use esim_saip::{Capabilities, Installer, Package, Status};
use esim_tests::conformance::{Row, blank, case, hold_with_checks};
use esim_tests::forge::{Forge, ICCID, subscriber};
use esim_tests::recorder;

/// Elements that make files from a template: name, tag, arcs of the template below `2.23.143.1.2`.
const TEMPLATES: &[(&str, u32, &[u8])] = &[
    ("mf", 0xB0, &[1]),
    ("cd", 0xB1, &[2]),
    ("telecom", 0xB2, &[3]),
    ("usim", 0xB3, &[4]),
    ("opt-usim", 0xB4, &[5]),
    ("isim", 0xB5, &[8]),
    ("opt-isim", 0xB6, &[9]),
    ("phonebook", 0xB7, &[6]),
    ("gsm-access", 0xB8, &[7]),
    ("csim", 0xB9, &[10]),
    ("opt-csim", 0xBA, &[11]),
    ("eap", 0xBB, &[12]),
    ("df-5gs", 0xBC, &[13]),
    ("df-saip", 0xBD, &[14]),
    ("df-snpn", 0xBE, &[15]),
    ("df-5gprose", 0xBF1F, &[16]),
];

/// The other elements, and a body that is not of their type.
const OTHERS: &[(&str, u32)] = &[
    ("header", 0xA0),
    ("genericFileManagement", 0xA1),
    ("pinCodes", 0xA2),
    ("pukCodes", 0xA3),
    ("akaParameter", 0xA4),
    ("securityDomain", 0xA6),
    ("rfm", 0xA7),
    ("application", 0xA8),
    ("end", 0xAA),
];

#[test]
fn every_status_of_every_element() {
    let mut rows: Vec<Row> = TEMPLATES.iter().flat_map(|it| of_template(*it)).collect();
    rows.extend(header());
    rows.extend(files());
    rows.extend(codes());
    rows.extend(keys());
    rows.extend(applications());
    rows.extend(others());
    rows.extend(values::rows());
    // What is about one element stands together, in the order of first mention.
    let order: Vec<_> = rows.iter().map(|row| row.function.clone()).collect();
    rows.sort_by_key(|row| order.iter().position(|function| *function == row.function));
    hold_with_checks("pe", &rows);
}

// What cases are made of.

/// A subscriber whose profile has every element that the builder makes.
fn rich() -> Subscriber {
    let key = HomeNetworkKey { identifier: 1, scheme: 1, key: vec![9; 32] };
    Subscriber {
        home_network_keys: vec![key],
        ota: Some(OtaKeys { version: 1, keys: [[1; 16], [2; 16], [3; 16]] }),
        ..subscriber(ICCID)
    }
}

/// The octets of each element of a sound package.
fn sound() -> Vec<Vec<u8>> {
    let package = builder::build(&rich()).unwrap();
    package.elements.iter().map(|element| element.raw().to_vec()).collect()
}

fn name_of(element: &[u8]) -> &'static str {
    Package::parse(element).unwrap().elements[0].name()
}

fn place_of(elements: &[Vec<u8>], name: &str) -> usize {
    elements
        .iter()
        .position(|it| name_of(it) == name)
        .unwrap_or_else(|| panic!("the builder makes no {name}"))
}

fn code(status: Status) -> String {
    let name: String = format!("{status:?}")
        .chars()
        .flat_map(|c| c.is_uppercase().then_some('-').into_iter().chain([c.to_ascii_lowercase()]))
        .collect();
    format!("{} ({})", name.trim_start_matches('-'), status as u16)
}

/// A rule that an element breaks, as who refuses it or leaves it out says.
fn broken(rule: Rule) {
    recorder::hear(rule.clause, rule.what, false);
}

/// Installs, and tells how it went; a refusal must name the element.
fn installs(elements: &[Vec<u8>], blamed: &str, capabilities: Capabilities) -> String {
    let mut installer = Installer::new(capabilities);
    for element in elements {
        if let Err(error) = installer.element(element) {
            assert_eq!(error.element, blamed, "{error}");
            assert!(!error.reason.is_empty() && error.response().aborted.is_some());
            broken(error.rule);
            return code(error.status);
        }
    }
    let left_out = installer.skipped().to_vec();
    match installer.finish() {
        Ok(_) if left_out.is_empty() => code(Status::Ok),
        Ok(_) => {
            left_out.iter().for_each(|it| broken(it.rule));
            format!("{}, left out", code(Status::PeNotSupported))
        }
        Err(error) => {
            assert_eq!(error.element, blamed, "{error}");
            broken(error.rule);
            code(error.status)
        }
    }
}

/// A sound package, bent in one place.
fn bent(blamed: &str, bend: impl FnOnce(&mut Vec<Vec<u8>>)) -> String {
    let mut elements = sound();
    bend(&mut elements);
    installs(&elements, blamed, Capabilities::default())
}

/// A sound package with one element more, before its end.
fn with(blamed: &str, element: Vec<u8>) -> String {
    bent(blamed, |elements| elements.insert(elements.len() - 1, element))
}

/// An element of a tag: header with identification 99, then the body.
fn element(tag: u32, mandated: bool, body: &[&[u8]]) -> Vec<u8> {
    let mandated: &[u8] = if mandated { &[0x80, 0x00] } else { &[] };
    let header = tlv::wrap(0xA0, &[mandated, &[0x81, 0x01, 99]]);
    tlv::wrap(tag, &[&header, &body.concat()])
}

fn template_oid(arcs: &[u8]) -> Vec<u8> {
    // 2.23.143.1.2: 143 takes two octets.
    tlv::wrap(0x81, &[&[0x67, 0x81, 0x0F, 0x01, 0x02], arcs])
}

/// Swaps octets that occur once in an element.
fn swap(element: &mut Vec<u8>, old: &[u8], new: &[u8]) {
    let at = element.windows(old.len()).position(|it| it == old).expect("the octets are there");
    element.splice(at..at + old.len(), new.iter().copied());
}

fn of_template((name, tag, arcs): (&'static str, u32, &'static [u8])) -> Vec<Row> {
    let unknown = || template_oid(&[99]);
    let is_built = sound().iter().any(|it| name_of(it) == name);
    let mut rows = Vec::new();
    let plain = move || element(tag, true, &[&template_oid(arcs)]);
    match name {
        _ if is_built => rows.push(case(name, "ok (0)", "in_a_sound_package", || bent("", |_| {}))),
        "cd" => rows.push(case(name, "ok (0)", "added_to_a_sound_package", || with("cd", cd()))),
        "csim" | "opt-csim" => {
            rows.push(blank(name, "ok (0)", "the public TS.48 packages, whose own test is `ts48`, have one"));
        }
        "eap" => rows.push(case(name, "feature-not-supported (10)", "added_to_a_sound_package", move || {
            with(name, plain())
        })),
        _ => rows.push(case(name, "ok (0)", "added_to_a_sound_package", move || with(name, plain()))),
    }
    rows.push(case(name, "invalid-request-format (5)", "without_a_template", move || {
        bent(name, |elements| {
            let at = if name == "mf" { 1 } else { elements.len() - 1 };
            elements.insert(at, element(tag, true, &[]));
        })
    }));
    if name == "mf" {
        rows.push(case(name, "invalid-request-format (5)", "a_second_one", move || {
            with(name, element(tag, true, &[&template_oid(arcs)]))
        }));
        return rows;
    }
    rows.push(case(name, "template-not-supported (9)", "unknown_template_that_is_mandated", move || {
        with(name, element(tag, true, &[&unknown()]))
    }));
    rows.push(case(name, "pe-not-supported (1), left out", "unknown_template", move || {
        with(name, element(tag, false, &[&template_oid(&[99])]))
    }));
    if is_built {
        rows.push(case(name, "not-enough-memory (4)", "card_is_full", move || {
            let elements = sound();
            let (before, rest) = elements.split_at(place_of(&elements, name));
            let memory = full_at(before);
            let elements = [before, &rest[..1]].concat();
            installs(&elements, name, Capabilities { memory, ..Capabilities::default() })
        }));
    } else {
        rows.push(blank(name, "not-enough-memory (4)", "as for the elements that a sound package has"));
    }
    rows
}

/// Octets of file content that these elements take.
fn full_at(elements: &[Vec<u8>]) -> usize {
    let fits = |memory| {
        let mut installer = Installer::new(Capabilities { memory, ..Capabilities::default() });
        elements.iter().all(|element| installer.element(element).is_ok())
    };
    let (mut low, mut high) = (0, 1 << 20);
    while low < high {
        let middle = (low + high) / 2;
        if fits(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

/// A DF.CD of its own: the directory, and no file in it.
fn cd() -> Vec<u8> {
    let fcp = tlv::wrap(0xA1, &[&tlv::wrap(0xC6, &[&[0x90, 0x01, 0x80, 0x83, 0x01, 0x01]])]);
    element(0xB1, true, &[&template_oid(&[2]), &tlv::wrap(0xA2, &[&fcp])])
}

fn header() -> Vec<Row> {
    const F: &str = "header";
    vec![
        case(F, "ok (0)", "in_a_sound_package", || bent("", |_| {})),
        case(F, "unsupported-profile-version (31)", "major_version_4", || {
            bent(F, |it| swap(&mut it[0], &[0x80, 0x01, 0x02], &[0x80, 0x01, 0x04]))
        }),
        case(F, "feature-not-supported (10)", "service_that_the_card_has_not", || {
            let none = esim_saip::pe::Services::of(&[]);
            installs(&sound(), F, Capabilities { services: none, ..Capabilities::default() })
        }),
        case(F, "template-not-supported (9)", "template_that_the_card_has_not", || {
            installs(&sound(), F, Capabilities { templates: Vec::new(), ..Capabilities::default() })
        }),
        case(F, "invalid-request-format (5)", "not_at_the_beginning", || {
            bent("header", |it| {
                let header = it[0].clone();
                it.insert(3, header);
            })
        }),
        case(F, "invalid-request-format (5)", "left_away", || bent("mf", |it| drop(it.remove(0)))),
        case(F, "invalid-request-format (5)", "not_its_type", || {
            bent(F, |it| it[0] = tlv::wrap(0xA0, &[&[0x04, 0x01, 0x00]]))
        }),
    ]
}

fn files() -> Vec<Row> {
    const F: &str = "genericFileManagement";
    fn management(commands: &[&[u8]]) -> Vec<u8> {
        element(0xA1, true, &[&tlv::wrap(0xA1, &[&tlv::wrap(0x30, commands)])])
    }
    fn create(fid: [u8; 2], size: &[u8]) -> Vec<u8> {
        tlv::wrap(
            0x62,
            &[
                &[0x82, 0x02, 0x41, 0x21],
                &tlv::wrap(0x83, &[&fid]),
                &[0x8B, 0x03, 0x2F, 0x06, 0x01],
                &tlv::wrap(0x80, &[size]),
            ],
        )
    }
    vec![
        case(F, "ok (0)", "a_file_of_its_own", || {
            with(F, management(&[&[0x80, 0x00], &create([0x2F, 0xAA], &[4]), &[0x81, 0x02, 1, 2]]))
        }),
        case(F, "bad-values (3)", "a_file_that_is_there", || {
            with(F, management(&[&[0x80, 0x00], &create([0x2F, 0xE2], &[4])]))
        }),
        case(F, "bad-values (3)", "a_file_in_no_directory", || {
            with(F, management(&[&[0x80, 0x02, 0x7F, 0x66], &create([0x6F, 0xAA], &[4])]))
        }),
        case(F, "bad-values (3)", "more_content_than_the_file_has_room_for", || {
            with(F, management(&[&[0x80, 0x00], &create([0x2F, 0xAA], &[1]), &[0x81, 0x02, 1, 2]]))
        }),
        case(F, "not-enough-memory (4)", "a_file_larger_than_the_card", || {
            with(F, management(&[&[0x80, 0x00], &create([0x2F, 0xAA], &[0x0F, 0xFF, 0xFF])]))
        }),
        case(F, "invalid-request-format (5)", "not_its_type", || {
            with(F, tlv::wrap(0xA1, &[&[0x04, 0x01, 0x00]]))
        }),
    ]
}

fn codes() -> Vec<Row> {
    const PIN: &str = "pinCodes";
    const PUK: &str = "pukCodes";
    vec![
        case(PIN, "ok (0)", "in_a_sound_package", || bent("", |_| {})),
        case(PIN, "pin-code-missing (11)", "unblocking_code_that_no_element_brings", || {
            bent(PIN, |it| {
                let at = place_of(it, PUK);
                it.remove(at);
            })
        }),
        case(PIN, "invalid-request-format (5)", "not_its_type", || {
            with(PIN, tlv::wrap(0xA2, &[&[0x04, 0x01, 0x00]]))
        }),
        case(PUK, "ok (0)", "in_a_sound_package", || bent("", |_| {})),
        case(PUK, "invalid-request-format (5)", "not_its_type", || {
            with(PUK, tlv::wrap(0xA3, &[&[0x04, 0x01, 0x00]]))
        }),
    ]
}

fn keys() -> Vec<Row> {
    const F: &str = "akaParameter";
    fn algorithm(number: u8) -> String {
        bent(F, |it| {
            let at = place_of(it, F);
            swap(&mut it[at], &[0x80, 0x01, 0x01, 0x81, 0x01, 0x01], &[0x80, 0x01, number, 0x81, 0x01, 0x01]);
        })
    }
    vec![
        case(F, "ok (0)", "milenage", || bent("", |_| {})),
        case(F, "feature-not-supported (10)", "algorithm_of_no_kind", || algorithm(9)),
        case(F, "feature-not-supported (10)", "algorithm_that_the_card_has_not", || {
            // The header demands what the profile uses: one that demands nothing gets further.
            let mut elements = sound();
            let at = place_of(&elements, F);
            swap(
                &mut elements[at],
                &[0x80, 0x01, 0x01, 0x81, 0x01, 0x01],
                &[0x80, 0x01, 0x03, 0x81, 0x01, 0x01],
            );
            let mut services = Capabilities::default().services;
            services =
                services.minus(esim_saip::pe::Services::of(&[esim_saip::pe::Service::UsimTestAlgorithm]));
            installs(&elements, F, Capabilities { services, ..Capabilities::default() })
        }),
        case(F, "invalid-request-format (5)", "not_its_type", || {
            with(F, tlv::wrap(0xA4, &[&[0x04, 0x01, 0x00]]))
        }),
        case("cdmaParameter", "ok (0)", "taken_where_csim_is_offered", || {
            with("cdmaParameter", element(0xA5, false, &[]))
        }),
    ]
}

fn applications() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, tag) in
        OTHERS.iter().copied().filter(|it| matches!(it.0, "securityDomain" | "rfm" | "application"))
    {
        if name != "application" {
            rows.push(case(name, "ok (0)", "in_a_sound_package", || bent("", |_| {})));
        }
        rows.push(case(name, "invalid-request-format (5)", "not_its_type", move || {
            with(name, tlv::wrap(tag, &[&[0x04, 0x01, 0x00]]))
        }));
    }
    rows.push(case("application", "pe-not-supported (1)", "mandated_where_no_applet_runs", || {
        with("application", element(0xA8, true, &[]))
    }));
    rows.push(case("application", "pe-not-supported (1), left out", "where_no_applet_runs", || {
        with("application", element(0xA8, false, &[]))
    }));
    rows.push(blank(
        "application",
        "runtime-not-supported (7)",
        "for eUICCs that run applets, of another kind than these",
    ));
    rows
}

/// The operator reads it in the installation result: a profile that works, and the element that is not in it.
#[test]
fn a_card_reports_what_it_has_left_out() {
    let mut elements = sound();
    elements.insert(elements.len() - 1, element(0xA8, false, &[]));
    let mut forge = Forge::new();
    let mut parcel = forge.parcel();
    parcel.upp = elements.concat();
    let result = forge.load(&parcel.pieces()).unwrap();
    // EUICCResponse { peStatus { { status pe-not-supported, identification-number 99 } } }
    let left_out = [0x30, 0x0A, 0xA0, 0x08, 0x30, 0x06, 0x80, 0x01, 0x01, 0x81, 0x01, 99];
    assert!(result.windows(left_out.len()).any(|it| it == left_out), "{}", hex::encode(&result));
    forge.enable(ICCID);
}

/// One check is told of each element: that it is processed, or else the rule that it breaks, and nothing after it.
#[test]
fn a_card_tells_one_check_of_each_element() {
    let told = |elements: &[Vec<u8>]| {
        recorder::forget();
        let mut forge = Forge::new();
        let mut parcel = forge.parcel();
        parcel.upp = elements.concat();
        forge.load(&parcel.pieces()).unwrap();
        let made = recorder::made().into_iter();
        // Those of the segments are another matter.
        made.filter(|check| !check.clause.starts_with("SGP.22") || check.clause == "SGP.22 5.5.5")
            .filter(|check| check.what != "the profile package fits into the free memory")
            .map(|check| (check.what, check.passed))
            .collect::<Vec<_>>()
    };
    const PROCESSED: (&str, bool) = ("the profile element can be processed", true);
    let mut elements = sound();
    elements.insert(elements.len() - 1, element(0xA8, false, &[]));
    let ends = [
        ("the last profile element is whole", true),
        ("the profile package ends as it must", true),
        ("iccid of the profile header is that of the metadata", true),
        ("the installed profile fits into the memory", true),
    ];
    assert_eq!(told(&elements), [vec![PROCESSED; elements.len()], ends.to_vec()].concat());
    elements[4] = elements[0].clone();
    let broken = ("elements come in the order of header, mf, others, end", false);
    assert_eq!(told(&elements), [vec![PROCESSED; 4], vec![broken]].concat());
}

fn others() -> Vec<Row> {
    vec![
        case("nonStandard", "pe-not-supported (1), left out", "a_format_of_its_issuer", || {
            with("nonStandard", element(0xA9, false, &[&[0x81, 0x02, 0x2A, 0x03], &[0x82, 0x01, 0x00]]))
        }),
        case("nonStandard", "pe-not-supported (1)", "a_format_of_its_issuer_that_is_mandated", || {
            with("nonStandard", element(0xA9, true, &[&[0x81, 0x02, 0x2A, 0x03], &[0x82, 0x01, 0x00]]))
        }),
        case("iot", "pe-not-supported (1), left out", "the_minimal_profile", || {
            with("iot", element(0xBF20, false, &[&template_oid(&[17])]))
        }),
        case("opt-iot", "pe-not-supported (1), left out", "the_minimal_profile", || {
            with("opt-iot", element(0xBF21, false, &[&template_oid(&[18])]))
        }),
        case("unknown", "pe-not-supported (1), left out", "an_element_of_a_later_version", || {
            with("unknown", element(0xAB, false, &[]))
        }),
        case("end", "ok (0)", "in_a_sound_package", || bent("", |_| {})),
        case("end", "invalid-request-format (5)", "something_follows", || {
            bent("pukCodes", |it| {
                let again = it[place_of(it, "pukCodes")].clone();
                it.push(again);
            })
        }),
        case("end", "invalid-request-format (5)", "left_away", || bent("end", |it| drop(it.pop()))),
        blank(
            "any element",
            "memory-failure (2)",
            "the memory takes a profile whole or not at all: status word 6581",
        ),
    ]
}
