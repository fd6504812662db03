use super::*;
use crate::metadata::Class;
use alloc::vec;
use esim_saip::image::ApplicationKind;
use esim_saip::pe::{Element, ProfileElement};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const ICCID: &str = "89000123456789012341";

fn subscriber() -> Subscriber {
    let key = || SecretText::new("0123456789ABCDEF0123456789ABCDEF".into());
    Subscriber { imsi: "001010123456789".into(), ki: key(), opc: key(), ..Subscriber::default() }
}

fn drawn(class: Class, seed: u8) -> Drawn {
    Drawn::new(class, &mut ChaCha20Rng::from_seed([seed; 32]))
}

fn package(class: Class, seed: u8) -> Package {
    let upp = subscriber().build(ICCID.parse().unwrap(), "made", &drawn(class, seed)).unwrap();
    Package::parse(&upp).unwrap()
}

/// SAIP's header has the digits in reading order. Some tools write the order of EF.ICCID: that is the same profile.
#[test]
fn one_iccid_of_header_and_file() {
    let inspected = |iccid: [u8; 10]| {
        let mut package = package(Class::Operational, 1);
        let ProfileElement::Header(header) = package.elements[0].value() else { panic!("a header") };
        let mut header = header.clone();
        header.iccid = iccid.to_vec().into();
        package.elements[0] = Element::new(ProfileElement::Header(header)).unwrap();
        inspect(&package.to_der())
    };
    let of_file = coding::encode_iccid(ICCID).unwrap();
    let reading = inspected(coding::swap_nibbles(of_file)).unwrap();
    assert_eq!((reading.iccid.to_string().as_str(), reading.findings.len()), (ICCID, 0));
    let swapped = inspected(of_file).unwrap();
    assert_eq!(swapped.iccid.to_string(), ICCID);
    assert!(swapped.findings[0].contains("nibble order"), "{:?}", swapped.findings);
    let other = inspected([0x89; 10]).unwrap_err().to_string();
    assert!(other.contains("the header says ICCID"), "{other}");
}

/// Other tools take no package whose security domain has no keys.
#[test]
fn the_security_domain_of_every_package_has_keys_of_its_own() {
    let keys = |class, seed| {
        let image = resolve(&package(class, seed), Capabilities::default()).unwrap();
        let domain = image.applications.iter().find_map(|it| match &it.kind {
            ApplicationKind::SecurityDomain { keys } => Some((it.tars.len(), keys.clone())),
            _ => None,
        });
        let (tars, keys) = domain.expect("a security domain");
        assert_eq!((tars, keys.len()), (0, 3), "it has keys, and takes no messages");
        keys.iter().map(|key| key.components[0].1.clone()).collect::<Vec<_>>()
    };
    let one = keys(Class::Operational, 1);
    assert_eq!(one, keys(Class::Operational, 1), "a seed repeats them");
    assert_ne!(one, keys(Class::Operational, 2));
    assert_ne!(one[0], one[1]);
    assert_ne!(keys(Class::Test, 1)[0], vec![0; 16]);
}

#[test]
fn codes_are_drawn_where_none_are_given_and_told() {
    let given = Codes { puk1: Some(SecretText::new("12345678".into())), ..Codes::default() };
    let codes = drawn(Class::Operational, 1);
    let told = codes.told(&given);
    assert_eq!(told.named().map(|(name, _)| name).collect::<Vec<_>>(), ["puk2", "adm1"]);
    let read = codes.codes(&given).read().unwrap();
    assert_eq!(read.puk1, "12345678");
    assert_eq!(told.puk2.as_ref().map(|puk| puk.as_str()), Some(read.puk2.as_str()));
    assert_ne!(read.adm1, builder::Codes::default().adm1);
    assert!(!read.pin1_enabled);
    let of_test = drawn(Class::Test, 1);
    assert!(of_test.told(&Codes::default()).is_empty());
    assert_eq!(of_test.codes(&Codes::default()).read().unwrap(), builder::Codes::default());
    assert_eq!(alloc::format!("{told:?} {codes:?}"), "Codes(hidden) Drawn(hidden)");
}
