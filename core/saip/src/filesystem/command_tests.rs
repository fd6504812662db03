//! Commands that the published profiles do not use, and limits.

extern crate std;

use super::*;
use crate::image::SharedPins;
use crate::pe::{
    Fcp, FileElement, PeHeader, PinCodes, PinList, ProprietaryInfo, Rest, TemplateFile, TemplateInstance,
    TemplateKind,
};
use crate::testdata::built;

/// Our own package with elements before its end.
fn resolve_with(values: Vec<ProfileElement>) -> Result<Image, ElementError> {
    let mut package = built();
    let end = package.elements.len() - 1;
    package.elements.splice(end..end, values.into_iter().map(|value| Element::new(value).unwrap()));
    resolve(&package, Capabilities::default())
}

fn commands(commands: Vec<FileManagement>) -> ProfileElement {
    ProfileElement::GenericFileManagement(GenericFileManagement {
        header: PeHeader::mandated(99),
        commands: vec![commands],
        unknown: Rest::default(),
    })
}

fn fcp(fid: u16, descriptor: &[u8]) -> Fcp {
    Fcp {
        file_descriptor: Some(descriptor.to_vec().into()),
        file_id: Some(fid.to_be_bytes().to_vec().into()),
        ..Fcp::default()
    }
}

fn link(fid: u16, target: &[u8]) -> FileManagement {
    FileManagement::Create(Fcp { link_path: Some(target.to_vec().into()), ..fcp(fid, &[0x41, 0x21]) })
}

#[test]
fn ber_tlv_files_grow_to_their_maximum() {
    let file = |content: usize| {
        let info = ProprietaryInfo { maximum_size: Some(vec![0x10].into()), ..ProprietaryInfo::default() };
        let fcp = Fcp { size: Some(vec![4].into()), proprietary: Some(info), ..fcp(0x2F50, &[0x79, 0x21]) };
        let content = FileManagement::Content(vec![7; content].into());
        resolve_with(vec![commands(vec![FileManagement::Create(fcp), content])])
    };
    let image = file(16).unwrap();
    let own = image.file(&[MF, 0x2F50]).unwrap();
    assert_eq!(own.kind, FileKind::BerTlv { data: vec![7; 16], max: 16 });
    assert_eq!((own.sfi, own.arr), (Some(0x10), None));
    assert_eq!(file(17).unwrap_err().status, Status::BadValues);
}

#[test]
fn links_in_a_circle_lead_nowhere() {
    let circle = vec![link(0x2F50, &[0x2F, 0x51]), link(0x2F51, &[0x2F, 0x50])];
    let error = resolve_with(vec![commands(circle)]).unwrap_err();
    assert!(error.reason.ends_with("leads nowhere"), "{error}");
    let chain = vec![link(0x2F50, &[0x2F, 0x51]), link(0x2F51, &[0x2F, 0xE2])];
    let image = resolve_with(vec![commands(chain)]).unwrap();
    assert_eq!(image.file(&[MF, 0x2F50]).unwrap().data(), image.iccid);
    assert_eq!(image.file(&[MF, 0x2F50]).unwrap().linked_to.as_deref(), Some(&[MF, 0x2FE2][..]));
}

#[test]
fn commands_that_cannot_be() {
    let reason = |list| resolve_with(vec![commands(list)]).unwrap_err().reason;
    let content = || FileManagement::Content(vec![1].into());
    assert_eq!(reason(vec![content()]), "content without a file");
    assert_eq!(reason(vec![FileManagement::Path(vec![0x7F].into())]), "path with half a file identifier");
    assert_eq!(reason(vec![FileManagement::Create(fcp(0x2F50, &[0x41, 0x21]))]), "file: efFileSize missing");
    let size =
        |size: &[u8], fcp: Fcp| FileManagement::Create(Fcp { size: Some(size.to_vec().into()), ..fcp });
    let records = fcp(0x2F50, &[0x42, 0x21, 0x00, 0x03]);
    assert_eq!(reason(vec![size(&[10], records)]), "file: 10 octets are not 1 to 254 records of 3");
    assert_eq!(reason(vec![link(0x2F50, &[0x2F, 0xE2]), content()]), "content for link 2F50");
    let missing = FileManagement::Path(vec![0x7F, 0x77].into());
    assert_eq!(
        reason(vec![missing, size(&[1], fcp(0x6F01, &[0x41, 0x21]))]),
        "file [3F00, 7F77, 6F01] has no directory"
    );
    let error =
        resolve_with(vec![commands(vec![size(&[1, 0, 0, 0], fcp(0x2F50, &[0x41, 0x21]))])]).unwrap_err();
    assert_eq!((error.status, error.identification), (Status::NotEnoughMemory, Some(99)));
}

#[test]
fn number_of_files_is_limited() {
    let create = |fid| FileManagement::Create(Fcp { size: Some(vec![1].into()), ..fcp(fid, &[0x41, 0x21]) });
    let many = (0x4000..0x4000 + MAX_FILES as u16).map(create).collect();
    assert_eq!(resolve_with(vec![commands(many)]).unwrap_err().status, Status::NotEnoughMemory);
}

#[test]
fn a_field_may_bring_several_files() {
    let icon = |fid: u16, octet| {
        let fcp = Fcp {
            file_id: Some(fid.to_be_bytes().to_vec().into()),
            size: Some(vec![2].into()),
            ..Fcp::default()
        };
        [FileElement::Descriptor(fcp), FileElement::Content(vec![octet].into())]
    };
    let directory = Fcp { pin_status: Some(vec![0x01].into()), ..Fcp::default() };
    let cd = TemplateInstance {
        kind: TemplateKind::Cd,
        header: PeHeader::mandated(98),
        template: rasn::types::ObjectIdentifier::new(vec![2, 23, 143, 1, 2, 2]).unwrap(),
        files: vec![
            TemplateFile { field: 0, elements: vec![FileElement::Descriptor(directory)] },
            TemplateFile { field: 2, elements: [icon(0x6F40, 1), icon(0x6F41, 2)].concat() },
        ],
    };
    let image = resolve_with(vec![ProfileElement::Template(cd)]).unwrap();
    assert_eq!(image.file(&[MF, 0x7F11, 0x6F40]).unwrap().data(), [1, 0xFF]);
    assert_eq!(image.file(&[MF, 0x7F11, 0x6F41]).unwrap().data(), [2, 0xFF]);
    assert!(image.file(&[MF, 0x7F11, 0x6F01]).is_none());
}

#[test]
fn pins_can_be_those_of_another_directory() {
    let shared = |path: &[u8]| {
        ProfileElement::PinCodes(PinCodes {
            header: PeHeader::mandated(97),
            pins: PinList::Shared(path.to_vec().into()),
            unknown: Rest::default(),
        })
    };
    let image = resolve_with(vec![shared(&[0x7F, 0xD0])]).unwrap();
    // The latest application is the ISIM.
    assert_eq!(image.shared_pins, [SharedPins { directory: vec![MF, 0x7FB0], owner: vec![MF, 0x7FD0] }]);
    let error = resolve_with(vec![shared(&[0x7F, 0x77])]).unwrap_err();
    assert_eq!((error.status, error.element), (Status::BadValues, "pinCodes"));
}

#[test]
fn malformed_elements_are_named() {
    let mut installer = Installer::new(Capabilities::default());
    for element in &built().elements[..2] {
        installer.element(element.raw()).unwrap();
    }
    // pinCodes { pin-Header { identification 12 }, pinCodes NULL }
    let error = installer.element(&hex::decode("A207A00381010C0500").unwrap()).unwrap_err();
    assert_eq!((error.status, error.identification), (Status::InvalidRequestFormat, Some(12)));
    assert_eq!(hex::encode_upper(error.response().to_der()), "300CA008300680010581010C8100");
}

#[test]
fn capability_bits_have_their_own_order() {
    let bits = |services: &[Service]| Services::of(services).uicc_capability();
    assert_eq!(bits(&[Service::Usim, Service::Milenage]), [false, true, false, false, true]);
    assert_eq!(bits(&[Service::Cave]).len(), 6);
    assert_eq!(bits(&[Service::Eaka]).len(), 31);
    assert!(bits(&[]).is_empty());
}
