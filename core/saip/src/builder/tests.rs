extern crate std;

use alloc::format;

use proptest::prelude::*;

use super::*;
use crate::coding;
use crate::filesystem::{Capabilities, resolve};
use crate::image::{Algorithm, ApplicationKind, FileKind, Image, NaaKind};

fn subscriber() -> Subscriber {
    Subscriber::new("89000123456789012341", "001010123456789", [0x11; 16], [0x22; 16], "Example")
}

fn install(subscriber: &Subscriber) -> Image {
    let bytes = build(subscriber).unwrap().to_der();
    // Through octets, as a card gets it.
    resolve(&Package::parse(&bytes).unwrap(), Capabilities::default()).unwrap()
}

fn usim(image: &Image, path: &[u16]) -> Vec<u8> {
    let path = [&[0x3F00, USIM_FID], path].concat();
    image.file(&path).unwrap_or_else(|| panic!("{path:04X?}")).data().to_vec()
}

#[test]
fn smallest_subscriber_gets_a_whole_card() {
    let image = install(&subscriber());
    assert_eq!(image.version, (2, 3));
    assert_eq!(hex::encode(image.iccid), "98001032547698103214");
    assert_eq!(hex::encode(usim(&image, &[0x6F07])), "080910101032547698");
    assert_eq!(hex::encode(usim(&image, &[0x6F78])), "0200");
    assert_eq!(hex::encode(usim(&image, &[0x6FAD])), "00000002");
    assert_eq!(coding::decode_spn(&usim(&image, &[0x6F46])).unwrap().0, "Example");
    assert_eq!(hex::encode(usim(&image, &[0x6FB7])), "11f2ff0019f1ff00");
    assert_eq!(hex::encode(usim(&image, &[0x6F62])), "00f110c880");
    assert_eq!(hex::encode(usim(&image, &[0x6F73])), "ffffffffffffffffffff0000ff01");
    assert_eq!(hex::encode(usim(&image, &[0x6F7E])), "ffffffffffffff0000ff01");
    assert_eq!(hex::encode(usim(&image, &[0x6FE3])), format!("{}000001", "ff".repeat(15)));
    assert_eq!(hex::encode(usim(&image, &[0x6F5B])), "f00000f00000");
    assert_eq!(hex::encode(usim(&image, &[0x5FC0, 0x4F0A])), "f0ffffff");
    assert_eq!(
        coding::services(&usim(&image, &[0x6F38])),
        [10, 12, 19, 20, 27, 33, 38, 42, 43, 85, 122, 123, 126]
    );
    let kinds: Vec<_> = image.naas.iter().map(|naa| naa.kind).collect();
    assert_eq!(kinds, [NaaKind::Usim, NaaKind::Isim]);
    let dir = image.file(&[0x3F00, 0x2F00]).unwrap();
    assert_eq!(coding::decode_dir(dir.record(1).unwrap()).unwrap(), (USIM_AID.to_vec(), "USIM".into()));
    let impi = image.file(&[0x3F00, ISIM_FID, 0x6F02]).unwrap().data();
    assert_eq!(&impi[2..], b"001010123456789@ims.mnc001.mcc001.3gppnetwork.org");
    for naa in &image.naas {
        let Algorithm::Milenage { key, opc, rotation, xoring } = naa.aka.as_ref().unwrap().algorithm.clone()
        else {
            panic!()
        };
        assert_eq!((key, opc, rotation), ([0x11; 16], [0x22; 16], [0x40, 0, 0x20, 0x40, 0x60]));
        assert_eq!(xoring.map(|constant| constant[15]), [0, 1, 2, 4, 8]);
    }
}

#[test]
fn access_rules_are_those_of_the_templates() {
    let image = install(&subscriber());
    for file in &image.files {
        let rule = image.access_rule(file).unwrap_or_else(|| panic!("{:04X?}", file.path));
        let number = file.arr.unwrap().record;
        assert!(rule.starts_with(&crate::templates::access_rule(number).unwrap()));
        assert!(rule[..2] == [0x80, 0x01]);
    }
}

#[test]
fn every_option_reaches_its_file() {
    let mut full = subscriber();
    full.imsi = "310410123456780".into();
    full.mnc_len = 3;
    full.msisdn = Some("+491701234567".into());
    full.smsc = Some("+15551112222".into());
    full.languages = vec!["de".into(), "en".into()];
    full.preferred_networks = vec![("26201".into(), 0x4000)];
    full.equivalent_networks = vec!["310380".into()];
    full.forbidden_networks = vec!["00101".into()];
    full.gid1 = Some(vec![0xAB]);
    full.home_network_keys = vec![HomeNetworkKey { identifier: 27, scheme: 1, key: vec![9; 32] }];
    full.ota = Some(OtaKeys { version: 1, keys: [[1; 16], [2; 16], [3; 16]] });
    full.codes.pin1_enabled = true;
    let image = install(&full);

    let own = image.file(&[0x3F00, USIM_FID, 0x6F40]).unwrap();
    assert_eq!(coding::decode_number(own.record(1).unwrap()).unwrap().1, "+491701234567");
    assert_eq!(
        hex::encode(&usim(&image, &[0x6F42])[10..]),
        "fdffffffffffffffffffffffff07915155112122f2ffffffffffffff"
    );
    assert_eq!(&usim(&image, &[0x6F05]), b"deen\xFF\xFF");
    assert_eq!(&usim(&image, &[0x6F61])[..10], &hex::decode("62f2104000ffffff0000").unwrap()[..]);
    assert_eq!(hex::encode(usim(&image, &[0x6FD9])), "130014130083");
    assert_eq!(hex::encode(&usim(&image, &[0x6F7B])[..6]), "00f110ffffff");
    assert_eq!(usim(&image, &[0x6F3E]), [0xAB]);
    assert_eq!(usim(&image, &[0x6FAD])[3], 3);
    assert_eq!(hex::encode(&usim(&image, &[0x5FC0, 0x4F07])[..9]), "a0020101a12580011b");
    let services = coding::services(&usim(&image, &[0x6F38]));
    assert!([17, 21, 71, 124].iter().all(|number| services.contains(number)));
    assert_eq!(image.pins[0].attributes, 7);
    let ApplicationKind::SecurityDomain { keys } = &image.applications[0].kind else { panic!() };
    assert_eq!(
        keys.iter().map(|key| (key.id, key.version, key.usage[0])).collect::<Vec<_>>(),
        [(1, 1, 0x18), (2, 1, 0x14), (3, 1, 0x48)]
    );
    let tars: Vec<_> =
        image.applications.iter().flat_map(|application| application.tars.iter()).map(hex::encode).collect();
    assert_eq!(tars, ["b20100", "000000", "b00120", "b00011", "b00141"]);
    assert!(image.applications.iter().all(|application| application.minimum_security == [0x16]));

    let shown = format!("{full:?} {:?} {:?} {:?}", full.codes, full.ota, build(&full).unwrap());
    assert!(
        !shown.contains("17, 17, 17") && !shown.contains("34, 34") && !shown.contains("2, 2, 2"),
        "{shown}"
    );
}

#[test]
fn usim_alone_without_5g() {
    let small = Subscriber { isim: false, five_g: false, ..subscriber() };
    let image = install(&small);
    assert_eq!(image.naas.len(), 1);
    assert!(image.file(&[0x3F00, USIM_FID, 0x5FC0]).is_none());
    assert!(
        image
            .files
            .iter()
            .all(|file| !matches!(&file.kind, FileKind::Df { aid: Some(aid), .. } if aid[..] == ISIM_AID))
    );
}

#[test]
fn other_algorithms() {
    let tuak = Authentication::Tuak { key: vec![5; 32], topc: [6; 32], iterations: 2 };
    let image = install(&Subscriber { authentication: tuak, ..subscriber() });
    let expected = Algorithm::Tuak { key: vec![5; 32], topc: [6; 32], iterations: 2 };
    assert!(image.naas[0].aka.as_ref().unwrap().algorithm == expected);
    let image =
        install(&Subscriber { authentication: Authentication::UsimTest { key: [7; 16] }, ..subscriber() });
    assert!(image.naas[0].aka.as_ref().unwrap().algorithm == Algorithm::UsimTest { key: [7; 16] });
}

#[test]
fn errors_name_the_field() {
    let fault = |change: fn(&mut Subscriber)| {
        let mut subscriber = subscriber();
        change(&mut subscriber);
        build(&subscriber).map(|_| ()).unwrap_err().field
    };
    assert_eq!(fault(|it| it.iccid = "8900".into()), "iccid");
    assert_eq!(fault(|it| it.imsi = "é01010123456789".into()), "imsi");
    assert_eq!(fault(|it| it.imsi.clear()), "imsi");
    assert_eq!(fault(|it| it.mnc_len = 4), "mnc_len");
    assert_eq!(fault(|it| it.spn = "far too long a name".into()), "spn");
    assert_eq!(fault(|it| it.msisdn = Some("+".into())), "msisdn");
    assert_eq!(fault(|it| it.smsc = Some("abc".into())), "smsc");
    assert_eq!(fault(|it| it.languages = vec!["EN".into()]), "languages");
    assert_eq!(fault(|it| it.codes.pin1 = "123".into()), "pin1");
    assert_eq!(fault(|it| it.codes.puk2 = "1234567".into()), "puk2");
    assert_eq!(fault(|it| it.preferred_networks = vec![("1".into(), 0)]), "preferred_networks");
    assert_eq!(fault(|it| it.emergency_numbers.clear()), "emergency_numbers");
    assert_eq!(fault(|it| it.profile_type.clear()), "profile_type");
    assert_eq!(fault(|it| it.gid1 = Some(vec![])), "gid1");
    assert_eq!(
        fault(|it| it.home_network_keys = vec![HomeNetworkKey { identifier: 0, scheme: 2, key: vec![] }]),
        "home_network_keys"
    );
    assert_eq!(
        build(&Subscriber { spn: "😀".into(), ..subscriber() }).unwrap_err().reason,
        "has a character beyond UCS2"
    );
}

#[test]
fn same_input_same_octets() {
    assert_eq!(build(&subscriber()).unwrap().to_der(), build(&subscriber()).unwrap().to_der());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn subscriber_comes_back_from_the_card(
        iccid in "[0-9]{18,20}", imsi in "[0-9]{6,15}", spn in "\\PC{0,16}", ki: [u8; 16], opc: [u8; 16], mnc_len in 2u8..=3,
    ) {
        let subscriber = Subscriber { mnc_len, ..Subscriber::new(&iccid, &imsi, ki, opc, &spn) };
        match build(&subscriber) {
            Err(error) => prop_assert_eq!(error.field, "spn"),
            Ok(package) => {
                let bytes = package.to_der();
                let image = resolve(&Package::parse(&bytes).unwrap(), Capabilities::default()).unwrap();
                prop_assert_eq!(coding::decode_iccid(&image.iccid), iccid);
                prop_assert_eq!(coding::decode_imsi(&usim(&image, &[0x6F07])).unwrap(), imsi);
                prop_assert_eq!(coding::decode_spn(&usim(&image, &[0x6F46])).unwrap(), (spn, 1));
                let aka = image.naas[0].aka.as_ref().unwrap();
                let own = matches!(&aka.algorithm, Algorithm::Milenage { key, opc: own, .. } if (*key, *own) == (ki, opc));
                prop_assert!(own);
            }
        }
    }
}

prop_compose! {
    /// Any subscriber that an operator may have.
    fn any_subscriber()(
        body in "8900[0-9]{15}", imsi in "00101[0-9]{5,10}", spn in "[a-zA-Z0-9 ]{0,16}", isim: bool, five_g: bool,
        algorithm in 0..4, key: [u8; 32], topc: [u8; 32], msisdn in proptest::option::of("\\+[1-9][0-9]{6,12}"),
        ota in proptest::option::of((1u8..16, any::<[[u8; 16]; 3]>())), concealed: bool, pin1_enabled: bool,
    ) -> Subscriber {
        let iccid = format!("{body}{}", coding::luhn_digit(&body).unwrap());
        let short = core::array::from_fn(|i| key[i]);
        let mut subscriber = Subscriber::new(&iccid, &imsi, short, core::array::from_fn(|i| topc[i]), &spn);
        match algorithm {
            0 => {}
            1 => subscriber.authentication = Authentication::UsimTest { key: short },
            2 => subscriber.authentication = Authentication::Tuak { key: short.to_vec(), topc, iterations: 1 },
            _ => subscriber.authentication = Authentication::Tuak { key: key.to_vec(), topc, iterations: 2 },
        }
        (subscriber.isim, subscriber.five_g, subscriber.msisdn) = (isim, five_g, msisdn);
        subscriber.codes.pin1_enabled = pin1_enabled;
        subscriber.ota = ota.map(|(version, keys)| OtaKeys { version, keys });
        if concealed && five_g {
            subscriber.home_network_keys = vec![HomeNetworkKey { identifier: 1, scheme: 1, key: key.to_vec() }];
        }
        subscriber
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What is built parses to itself, each element encodes to its own octets, and it installs.
    #[test]
    fn every_subscribers_package_round_trips(subscriber in any_subscriber()) {
        let package = build(&subscriber).unwrap();
        let octets = package.to_der();
        let parsed = Package::parse(&octets).unwrap();
        prop_assert_eq!(parsed.to_der(), octets);
        for element in &parsed.elements {
            let again = crate::pe::Element::new(element.value().clone()).unwrap();
            prop_assert_eq!(again.raw(), element.raw(), "{}", element.name());
        }
        let image = crate::resolve(&parsed, crate::Capabilities::default()).unwrap();
        prop_assert_eq!(coding::decode_iccid(&image.iccid), subscriber.iccid);
    }
}
