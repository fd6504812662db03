extern crate std;

use alloc::format;
use alloc::vec;

use proptest::prelude::*;

use super::*;
use crate::testdata::{built, packages, ts48};

#[test]
fn packages_round_trip() {
    for (name, bytes) in packages() {
        let package = Package::parse(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(package.to_der(), bytes, "{name}");
        for element in &package.elements {
            assert_ne!(element.name(), "unknown", "{name}");
            // The packages spell defaults out, so their octets are not DER; the value must survive nevertheless.
            if let Some(again) = Element::new(element.value().clone()) {
                assert_eq!(
                    Element::parse(again.raw()).unwrap().value(),
                    element.value(),
                    "{name} {}",
                    element.name()
                );
            }
        }
    }
}

#[test]
fn order_of_elements_is_that_of_the_value_notation() {
    let Some((_, bytes)) = ts48().into_iter().find(|(name, _)| name.starts_with("TS48v7")) else {
        return;
    };
    let names: Vec<_> = Package::parse(&bytes).unwrap().elements.iter().map(Element::name).collect();
    let expected = "header mf pukCodes pinCodes telecom pinCodes genericFileManagement usim opt-usim pinCodes akaParameter \
                    gsm-access df-5gs df-saip csim opt-csim pinCodes cdmaParameter isim opt-isim pinCodes akaParameter \
                    genericFileManagement genericFileManagement securityDomain end";
    assert_eq!(names, expected.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn splitter_finds_borders_in_any_pieces() {
    for (_, bytes) in packages() {
        let mut splitter = Splitter::default();
        let mut joined = Vec::new();
        for piece in bytes.chunks(1007) {
            splitter.push(piece);
            while let Some(element) = splitter.next_element().unwrap() {
                Element::parse(&element).unwrap();
                joined.extend(element);
            }
        }
        assert_eq!(splitter.pending(), 0);
        assert_eq!(joined, bytes);
    }
}

#[test]
fn unknown_fields_and_elements_are_kept() {
    // end { end-header { mandated NULL, identification 27, [5] '01' }, [7] '02' }
    let raw = hex::decode("AA0DA00880008101 1B850101870102".replace(' ', "")).unwrap();
    let element = Element::parse(&raw).unwrap();
    assert_eq!(element.header().unwrap().identification, 27);
    let ProfileElement::End(end) = element.value() else { panic!("{element:?}") };
    assert_eq!((end.unknown.0.len(), end.header.unknown.0.len()), (1, 1));
    assert_eq!(Element::new(element.value().clone()).unwrap().raw(), raw);

    let later = hex::decode("BF2507A0058000810163").unwrap();
    let element = Element::parse(&later).unwrap();
    assert_eq!(*element.value(), ProfileElement::Unknown(Some(PeHeader::mandated(0x63))));
    assert_eq!(element.raw(), later);
}

#[test]
fn errors_name_element_and_octet() {
    let end = hex::decode("AA07A00580008101 1B".replace(' ', "")).unwrap();
    let mut bytes = [end.clone(), end.clone()].concat();
    bytes.truncate(15);
    let error = Package::parse(&bytes).unwrap_err();
    assert_eq!(error, Error { kind: ErrorKind::Truncated, element: 1, at: 15 });

    let mut bytes = [end.clone(), end.clone()].concat();
    bytes[9 + 7] = 5;
    let error = Package::parse(&bytes).unwrap_err();
    assert_eq!(error, Error { kind: ErrorKind::Truncated, element: 1, at: 9 + 6 });

    assert_eq!(next_element(&[0x30, 0]).unwrap_err().kind, ErrorKind::Tag);
    assert_eq!(next_element(&[0xA0, 0x80]).unwrap_err().kind, ErrorKind::Length);
    assert_eq!(next_element(&[0xA0]).unwrap(), None);
    assert_eq!(next_element(&[0xBF, 0x21, 0, 0xFF]).unwrap(), Some((0xBF21, 0..3)));
}

#[test]
fn debug_shows_no_secret() {
    for (_, bytes) in ts48() {
        let shown = format!("{:?}", Package::parse(&bytes).unwrap());
        // Key, PIN and PUK of the package, in the ways bytes are commonly printed.
        for secret in [
            "0, 1, 2, 3, 4, 5, 6, 7",
            "\\x00\\x01\\x02",
            "48, 48, 48, 48",
            "0000\\xff",
            "11111111",
            "49, 49, 49, 49",
        ] {
            assert!(!shown.contains(secret), "{secret}");
        }
    }
}

#[test]
fn values_encode_to_the_octets_they_came_from() {
    // What the builder makes is DER, so unlike in published packages the octets themselves must come back.
    for element in built().elements {
        let again = Element::new(element.value().clone()).unwrap();
        assert_eq!(again.raw(), element.raw(), "{}", element.name());
    }
}

proptest! {
    #[test]
    fn garbage_is_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Package::parse(&bytes);
    }

    #[test]
    fn garbage_inside_an_element_is_refused_without_panic(number in 0u8..31, bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let mut raw = vec![0xA0 | number, bytes.len() as u8];
        raw.extend(&bytes);
        let _ = Package::parse(&raw);
    }

    #[test]
    fn damaged_packages_are_refused_or_kept(at in 0usize..12_000, octet: u8, cut in 0usize..12_000) {
        let mut bytes = built().to_der();
        let at = at % bytes.len();
        bytes[at] = octet;
        bytes.truncate(bytes.len() - cut % 40);
        if let Ok(package) = Package::parse(&bytes) {
            prop_assert_eq!(package.to_der(), bytes);
        }
    }
}
