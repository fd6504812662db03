extern crate std;

use alloc::format;
use std::println;

use super::*;
use crate::coding;
use crate::image::NaaKind;
use crate::image::{Algorithm, ApplicationKind, PinScope, pin_status_template};
use crate::pe::{FileElement, TemplateInstance};
use crate::testdata::ts48;

fn image(name: &str) -> Option<Image> {
    let (_, bytes) = ts48().into_iter().find(|(known, _)| known.starts_with(name))?;
    Some(resolve(&Package::parse(&bytes).unwrap(), Capabilities::default()).unwrap())
}

fn content(image: &Image, path: &[u16]) -> String {
    hex::encode(image.file(path).unwrap_or_else(|| panic!("{path:04X?}")).data())
}

#[test]
fn published_packages_resolve() {
    for (name, bytes) in ts48() {
        let mut installer = Installer::new(Capabilities::default());
        let mut splitter = crate::Splitter::default();
        for piece in bytes.chunks(1007) {
            splitter.push(piece);
            while let Some(element) = splitter.next_element().unwrap() {
                installer.element(&element).unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
        assert!(installer.is_complete());
        assert_eq!(installer.skipped(), [], "{name}");
        let image = installer.finish().unwrap_or_else(|error| panic!("{name}: {error}"));

        assert_eq!(hex::encode(image.iccid), "98001032547698103214");
        assert_eq!(content(&image, &[0x3F00, 0x2FE2]), "98001032547698103214");
        let imsi = coding::decode_imsi(image.file(&[0x3F00, 0x7FD0, 0x6F07]).unwrap().data()).unwrap();
        assert_eq!(imsi, if name.starts_with("TS48v7") { "001010123456789" } else { "001010123456063" });
        let naas: Vec<_> = image.naas.iter().map(|naa| (naa.kind, naa.adf[1])).collect();
        assert_eq!(naas, [(NaaKind::Usim, 0x7FD0), (NaaKind::Csim, 0x7FC0), (NaaKind::Isim, 0x7FB0)]);
        assert_eq!(hex::encode(&image.naas[0].aid), "a0000000871002ff49ff0589");
        assert_eq!(image.naas[0].adf, image.adf(&image.naas[0].aid).unwrap().path);
        let aka = image.naas[0].aka.as_ref().unwrap();
        let key = core::array::from_fn(|index| index as u8);
        assert_eq!(aka.algorithm, Algorithm::UsimTest { key });
        assert_eq!((aka.options, aka.sqn_options, aka.sqn.len()), (2, 2, 32));
        assert_eq!(aka.sqn_delta, [0, 0, 0x10, 0, 0, 0]);
        assert!(image.naas[1].aka.is_none());
        assert!(matches!(image.applications[0].kind, ApplicationKind::SecurityDomain { .. }));
        tree_is_sound(&image);
        println!("{name}: {} files", image.files.len());
    }
}

/// Parents before children, no file twice, records whole, every access rule there.
fn tree_is_sound(image: &Image) {
    for (index, file) in image.files.iter().enumerate() {
        assert!(image.files[..index].iter().all(|earlier| earlier.path != file.path));
        if let Some(parent) = file.parent() {
            assert!(image.files[..index].iter().any(|earlier| earlier.path == parent), "{:04X?}", file.path);
        }
        if let Some(len) = file.record_len() {
            assert_eq!(file.data().len() % usize::from(len), 0);
            assert!(!file.data().is_empty());
        }
        assert!(image.access_rule(file).is_some(), "{:04X?}", file.path);
    }
}

#[test]
fn defaults_patterns_and_gaps() {
    let Some(image) = image("TS48v7") else { return };
    let usim = |fid| content(&image, &[0x3F00, 0x7FD0, fid]);
    // Fill pattern whose last octet repeats.
    assert_eq!(content(&image, &[0x3F00, 0x2F05]), "656effffffff");
    assert_eq!(usim(0x6F08), format!("07{}", "ff".repeat(32)));
    // Offset 8, then the content.
    assert_eq!(content(&image, &[0x3F00, 0x7FD0, 0x5F3B, 0x4F20]), format!("{}07", "ff".repeat(8)));
    // Gaps count from the end of the previous content, so every record of EF.DIR starts with its template.
    let dir = image.file(&[0x3F00, 0x2F00]).unwrap();
    let labels: Vec<_> =
        (1..=3).map(|record| coding::decode_dir(dir.record(record).unwrap()).unwrap().1).collect();
    assert_eq!(labels, ["USIM", "ISIM", "CSIM"]);
    assert_eq!(dir.record(4).unwrap(), [0xFF; 33]);
    // Content of record files runs across records.
    assert_eq!(content(&image, &[0x3F00, 0x7F10, 0x5F3A, 0x4F16]), format!("00010002{}", "0000".repeat(8)));
    assert_eq!(
        content(&image, &[0x3F00, 0x7F10, 0x5F3A, 0x4F12]),
        format!("00{}", "ff".repeat(12)).repeat(10)
    );
    assert_eq!(content(&image, &[0x3F00, 0x7FD0, 0x5FC0, 0x4F0A]), "f0ffffff");
    assert_eq!(usim(0x6FAD), "80000002");
}

#[test]
fn attributes_of_files() {
    let Some(image) = image("TS48v7") else { return };
    let iccid = image.file(&[0x3F00, 0x2FE2]).unwrap();
    assert_eq!((iccid.sfi, iccid.special, iccid.lcs), (Some(2), 0x40, 5));
    let imsi = image.file(&[0x3F00, 0x7FD0, 0x6F07]).unwrap();
    assert_eq!(imsi.sfi, Some(7));
    let rule = imsi.arr.unwrap();
    assert_eq!((rule.fid, rule.record), (0x6F06, 10));
    assert_eq!(image.access_rule(imsi).unwrap()[..3], [0x80, 1, 1]);
    // Made by a command without short identifier: bits of the FID; with an empty one: none.
    assert_eq!(image.file(&[0x3F00, 0x7FD0, 0x5F50, 0x4F81]).unwrap().sfi, Some(1));
    assert_eq!(image.file(&[0x3F00, 0x2FFB]).unwrap().sfi, None);
    let FileKind::Df { pin_status, aid } = &image.file(&[0x3F00]).unwrap().kind else { panic!() };
    assert_eq!((&pin_status[..], aid), (&[0x01, 0x0A, 0x0B][..], &None));
    let template = pin_status_template(pin_status, |reference| reference != 1);
    assert_eq!(hex::encode(template), "90016083010183010a83010b");
    assert_eq!(image.children(&[0x3F00]).filter(|file| matches!(file.kind, FileKind::Df { .. })).count(), 6);
}

#[test]
fn links_share_structure_and_content() {
    let Some(image) = image("TS48v7") else { return };
    let link = image.file(&[0x3F00, 0x7F10, 0x6F3A]).unwrap();
    let target = image.file(&[0x3F00, 0x7F10, 0x5F3A, 0x4F3A]).unwrap();
    assert_eq!(link.linked_to.as_deref(), Some(&target.path[..]));
    assert_eq!(link.kind, target.kind);
    assert_ne!(link.arr, target.arr);
}

#[test]
fn codes_have_the_scope_of_their_directory() {
    let Some(image) = image("TS48v7") else { return };
    let global: Vec<_> =
        image.pins.iter().filter(|pin| pin.scope == PinScope::Global).map(|pin| pin.reference).collect();
    assert_eq!(global, [0x01, 0x0A, 0x0B]);
    let local = |fid| image.pins.iter().find(|pin| pin.scope == PinScope::Local(vec![0x3F00, fid])).unwrap();
    for fid in [0x7F10, 0x7FD0, 0x7FC0, 0x7FB0] {
        let pin = local(fid);
        assert_eq!(
            (pin.reference, pin.unblocking, pin.attributes, pin.max_attempts),
            (0x81, Some(0x81), 3, 3)
        );
        assert_eq!(&pin.value, b"9999\xFF\xFF\xFF\xFF");
    }
    assert_eq!(image.pins[0].attributes, 6);
    assert_eq!(
        image.puks.iter().map(|puk| (puk.reference, puk.attempts_left)).collect::<Vec<_>>(),
        [(1, 10), (0x81, 10)]
    );
    let shown = format!("{image:?}");
    assert!(!shown.contains("0, 1, 2, 3, 4, 5, 6, 7, 8"), "key or PIN in debug output");
}

#[test]
fn remote_file_managers_are_listed() {
    let Some(image) = image("TS48v5") else { return };
    let tars: Vec<_> =
        image.applications.iter().flat_map(|application| application.tars.iter()).map(hex::encode).collect();
    assert_eq!(tars, ["b20100", "000000", "b00120", "b00140", "b00141", "b00142"]);
    // CC and nothing else, in the toolkit parameters of the security domain.
    assert_eq!(image.applications[0].minimum_security, [0x02]);
}

#[test]
fn image_survives_storage() {
    let Some(image) = image("TS48v7") else { return };
    let stored = postcard::to_allocvec(&image).unwrap();
    assert_eq!(postcard::from_bytes::<Image>(&stored).unwrap(), image);
}

/// Installs the elements of a published package after a change.
fn install_changed(
    capabilities: Capabilities,
    change: impl Fn(&mut Vec<Element>),
) -> Option<Result<Installer, ElementError>> {
    let (_, bytes) = ts48().into_iter().find(|(known, _)| known.starts_with("TS48v7"))?;
    let mut elements = Package::parse(&bytes).unwrap().elements;
    change(&mut elements);
    let mut installer = Installer::new(capabilities);
    let outcome = elements.iter().try_for_each(|element| installer.install(element));
    Some(outcome.map(|()| installer))
}

fn change_template(elements: &mut [Element], name: &str, change: impl Fn(&mut TemplateInstance)) {
    let element = elements.iter_mut().find(|element| element.name() == name).unwrap();
    let ProfileElement::Template(template) = element.value() else { panic!() };
    let mut template = template.clone();
    change(&mut template);
    *element = Element::new(ProfileElement::Template(template)).unwrap();
}

#[test]
fn missing_services_and_templates_abort() {
    let without = |services| Capabilities {
        services: Capabilities::default().services.minus(services),
        ..Capabilities::default()
    };
    let Some(outcome) = install_changed(without(Services::of(&[Service::Isim])), |_| ()) else {
        return;
    };
    let error = outcome.unwrap_err();
    assert_eq!(
        (error.status, error.element, error.identification),
        (Status::FeatureNotSupported, "header", None)
    );
    assert_eq!(error.reason, "mandatory services {\"isim\"}");
    assert_eq!(hex::encode(error.response().to_der()), "3009a005300380010a8100");

    let mut capabilities = Capabilities::default();
    capabilities.templates.retain(|arcs| arcs[0] != 14);
    let error = install_changed(capabilities, |_| ()).unwrap().unwrap_err();
    assert_eq!((error.status, error.element), (Status::TemplateNotSupported, "header"));

    let newer = Capabilities { major_version: 1, ..Capabilities::default() };
    assert_eq!(
        install_changed(newer, |_| ()).unwrap().unwrap_err().status,
        Status::UnsupportedProfileVersion
    );
    let small = Capabilities { memory: 5000, ..Capabilities::default() };
    assert_eq!(install_changed(small, |_| ()).unwrap().unwrap_err().status, Status::NotEnoughMemory);
}

#[test]
fn what_is_not_mandated_is_skipped_with_all_that_belongs_to_it() {
    let mut capabilities = Capabilities::default();
    capabilities.services = capabilities.services.minus(Services::of(&[Service::Csim]));
    let relax = |elements: &mut Vec<Element>| {
        let ProfileElement::Header(header) = elements[0].value() else { panic!() };
        let mut header = header.clone();
        header.mandatory_services = header.mandatory_services.minus(Services::of(&[Service::Csim]));
        elements[0] = Element::new(ProfileElement::Header(header)).unwrap();
        change_template(elements, "csim", |template| template.header.mandated = None);
        change_template(elements, "opt-csim", |template| template.header.mandated = None);
        let position = elements.iter().position(|element| element.name() == "opt-csim").unwrap();
        let ProfileElement::PinCodes(pins) = elements[position + 1].value() else { panic!() };
        let mut pins = pins.clone();
        pins.header.mandated = None;
        elements[position + 1] = Element::new(ProfileElement::PinCodes(pins)).unwrap();
        elements.remove(position + 2);
    };
    let Some(outcome) = install_changed(capabilities, relax) else {
        return;
    };
    let installer = outcome.unwrap();
    let skipped: Vec<_> =
        installer.skipped().iter().map(|it| (it.status.status, it.status.identification)).collect();
    assert_eq!(skipped, [(1, Some(15)), (1, Some(16)), (1, Some(17))]);
    let response = crate::EuiccResponse::installed(installer.skipped());
    assert!(response.is_installed() && response.pe_status.len() == 3);
    let image = installer.finish().unwrap();
    assert!(image.naas.iter().all(|naa| naa.kind != NaaKind::Csim));
    assert!(image.files.iter().all(|file| file.path.get(1) != Some(&0x7FC0)));
}

#[test]
fn contradictions_name_the_element() {
    let too_long = |elements: &mut Vec<Element>| {
        change_template(elements, "usim", |usim| {
            usim.files[1].elements.push(FileElement::Content(vec![0].into()));
        });
    };
    let Some(outcome) = install_changed(Capabilities::default(), too_long) else {
        return;
    };
    let error = outcome.unwrap_err();
    assert_eq!((error.status, error.element, error.identification), (Status::BadValues, "usim", Some(8)));
    assert_eq!(error.reason, "content of 6F07 ends at 10, beyond the file");

    let twice = |elements: &mut Vec<Element>| elements.insert(9, elements[7].clone());
    assert_eq!(
        install_changed(Capabilities::default(), twice).unwrap().unwrap_err().status,
        Status::BadValues
    );

    let no_header = |elements: &mut Vec<Element>| drop(elements.remove(0));
    let error = install_changed(Capabilities::default(), no_header).unwrap().unwrap_err();
    assert_eq!((error.status, error.element), (Status::InvalidRequestFormat, "mf"));

    let no_end = |elements: &mut Vec<Element>| drop(elements.pop());
    let error = install_changed(Capabilities::default(), no_end).unwrap().unwrap().finish().unwrap_err();
    assert_eq!((error.status, error.element), (Status::InvalidRequestFormat, "end"));

    let no_puk = |elements: &mut Vec<Element>| drop(elements.remove(2));
    let error = install_changed(Capabilities::default(), no_puk).unwrap().unwrap().finish().unwrap_err();
    assert_eq!(
        (error.status, error.element, error.identification),
        (Status::PinCodeMissing, "pinCodes", Some(2))
    );

    let no_target = |elements: &mut Vec<Element>| {
        elements.retain(|element| element.name() != "opt-usim" && element.name() != "opt-csim");
    };
    let error = install_changed(Capabilities::default(), no_target).unwrap().unwrap().finish().unwrap_err();
    assert_eq!((error.status, error.reason.contains("leads nowhere")), (Status::BadValues, true));
}

#[test]
fn defaults_may_be_left_out_of_created_by_default_templates_only() {
    let reduce = |elements: &mut Vec<Element>| {
        change_template(elements, "usim", |usim| {
            usim.files.retain(|file| ![3, 4].contains(&file.field));
            let index = usim.files.iter().position(|file| file.field == 5).unwrap();
            usim.files[index].elements = vec![FileElement::DoNotCreate(())];
        });
        change_template(elements, "opt-usim", |usim| usim.files.retain(|file| file.field != 0));
    };
    let Some(outcome) = install_changed(Capabilities::default(), reduce) else {
        return;
    };
    let image = outcome.unwrap().finish().unwrap();
    let usim = |fid| image.file(&[0x3F00, 0x7FD0, fid]);
    let keys = usim(0x6F08).unwrap();
    assert_eq!((keys.data()[0], keys.data().len(), keys.sfi, keys.special), (7, 33, Some(8), 0x80));
    assert_eq!(keys.arr.unwrap().record, 5);
    assert!(usim(0x6F31).is_none(), "doNotCreate");
    assert!(usim(0x6F05).is_none(), "optional files exist only where given");
}

#[test]
fn service_bits_of_missing_platform_functions_are_cleared() {
    let mut capabilities = Capabilities::default();
    capabilities.services = capabilities.services.minus(Services::of(&[Service::GetIdentity]));
    let relax = |elements: &mut Vec<Element>| {
        let ProfileElement::Header(header) = elements[0].value() else { panic!() };
        let mut header = header.clone();
        header.mandatory_services = header.mandatory_services.minus(Services::of(&[Service::GetIdentity]));
        elements[0] = Element::new(ProfileElement::Header(header)).unwrap();
    };
    let Some(outcome) = install_changed(capabilities, relax) else {
        return;
    };
    let image = outcome.unwrap().finish().unwrap();
    assert!(!coding::has_service(image.file(&[0x3F00, 0x7FD0, 0x6F38]).unwrap().data(), 125));
}

mod damaged {
    use super::*;
    use crate::testdata::packages;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn packages_install_or_fail_without_panic(at: usize, octet: u8, which: usize) {
            let mut packages = packages();
            let which = which % packages.len();
            let (_, bytes) = &mut packages[which];
            let at = at % bytes.len();
            bytes[at] = octet;
            if let Ok(package) = Package::parse(bytes) {
                let _ = resolve(&package, Capabilities::default());
                let _ = crate::check::check(&package);
            }
        }
    }
}
