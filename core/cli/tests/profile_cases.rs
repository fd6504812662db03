//! Packages that somebody has made otherwise than we would, and what `esim-lab profile` says of them: a folder of
//! tests/cases/profile for each, with the package, `check.txt` and `show.txt`. `ESIM_LAB_BLESS=1` writes them anew.

use crate::common;

use esim_saip::builder::{self, Subscriber};
use esim_saip::pe::{
    Application, ApplicationInstance, Element, Fcp, FileElement, FileManagement, GenericFileManagement,
    LoadPackage, PeHeader, ProfileElement, Rest, TemplateInstance,
};
use esim_saip::{Package, coding};
use std::path::{Path, PathBuf};

const BLESS: &str = "ESIM_LAB_BLESS";
const ICCID: &str = "89000123456789012341";

/// What is done to a sound package.
type Change = fn(&mut Package);

/// Name of the folder, and what is done.
const CASES: &[(&str, Change)] = &[
    ("application-mandated", |it| application(it, true)),
    ("application-not-mandated", |it| application(it, false)),
    ("dir-names-a-stranger", dir_names_a_stranger),
    ("file-names", |_| ()),
    ("gfm-directory", |it| management(it, false)),
    ("iccid-in-nibble-order", |it| header_iccid(it, coding::encode_iccid(ICCID).unwrap())),
    ("iccid-of-another-profile", |it| header_iccid(it, [0x89; 10])),
    ("rule-missing-for-a-needed-file", |it| rule(it, "usim", 0x6F07)),
    ("rule-missing-for-an-optional-file", |it| rule(it, "opt-usim", 0x6F05)),
];

fn sound() -> Package {
    let mut subscriber = Subscriber::new(ICCID, "001010123456789", [0x11; 16], [0x22; 16], "case");
    subscriber.msisdn = Some("+81901234567".into());
    builder::build(&subscriber).unwrap()
}

fn before_the_end(package: &mut Package, value: ProfileElement) {
    let end = package.elements.len() - 1;
    package.elements.insert(end, Element::new(value).unwrap());
}

/// A directory and a file in it, without or with a path between.
fn management(package: &mut Package, with_path: bool) {
    let fcp = |descriptor: &[u8], fid: u16| Fcp {
        file_descriptor: Some(descriptor.to_vec().into()),
        file_id: Some(fid.to_be_bytes().to_vec().into()),
        security_attributes: Some(vec![0x2F, 0x06, 0x02].into()),
        ..Fcp::default()
    };
    let directory = Fcp { pin_status: Some(vec![0x01, 0x0A].into()), ..fcp(&[0x78, 0x21], 0x7F20) };
    let file = Fcp { size: Some(vec![2].into()), ..fcp(&[0x41, 0x21], 0x6F3E) };
    let mut commands = vec![FileManagement::Create(directory)];
    commands.extend(with_path.then(|| FileManagement::Path(vec![0x7F, 0x20].into())));
    commands.extend([FileManagement::Create(file), FileManagement::Content(vec![0x12, 0x34].into())]);
    let header = PeHeader::mandated(99);
    let commands = vec![commands];
    let value = GenericFileManagement { header, commands, unknown: Rest::default() };
    before_the_end(package, ProfileElement::GenericFileManagement(value));
}

fn application(package: &mut Package, mandated: bool) {
    let load_package = vec![0xA0, 0x00, 0x00, 0x05, 0x59, 0x50, 0x01];
    let instance = ApplicationInstance {
        load_package_aid: load_package.clone().into(),
        class_aid: [&load_package[..], &[0x01]].concat().into(),
        instance_aid: [&load_package[..], &[0x02]].concat().into(),
        extradite_to: None,
        privileges: vec![0x00].into(),
        life_cycle: vec![0x07].into(),
        parameters: vec![0x00].into(),
        unknown: Rest::default(),
    };
    let block = LoadPackage {
        aid: load_package.into(),
        security_domain_aid: None,
        code_limit: None,
        volatile_limit: None,
        data_limit: None,
        hash: None,
        load_block: vec![0xC4, 0x00].into(),
        unknown: Rest::default(),
    };
    let mut header = PeHeader::mandated(99);
    if !mandated {
        header.mandated = None;
    }
    let (load_block, instances) = (Some(block), Some(vec![instance]));
    before_the_end(
        package,
        ProfileElement::Application(Application { header, load_block, instances, unknown: Rest::default() }),
    );
}

fn header_iccid(package: &mut Package, iccid: [u8; 10]) {
    let ProfileElement::Header(header) = package.elements[0].value() else { panic!("a header") };
    let mut header = header.clone();
    header.iccid = iccid.to_vec().into();
    package.elements[0] = Element::new(ProfileElement::Header(header)).unwrap();
}

fn change(package: &mut Package, name: &str, change: impl FnOnce(&mut TemplateInstance)) {
    let element = package.elements.iter_mut().find(|element| element.name() == name).expect("the element");
    let ProfileElement::Template(template) = element.value() else { panic!("a template") };
    let mut template = template.clone();
    change(&mut template);
    *element = Element::new(ProfileElement::Template(template)).unwrap();
}

/// A third entry of EF.DIR, behind USIM and ISIM.
fn dir_names_a_stranger(package: &mut Package) {
    let stranger = coding::encode_dir(&[0xA0, 0x00, 0x00, 0x03, 0x43, 0x10, 0x02], "CSIM");
    const LENGTH: usize = 38;
    change(package, "mf", |mf| {
        let is_dir =
            |element: &FileElement| matches!(element, FileElement::Descriptor(fcp) if is_dir_shaped(fcp));
        let dir = mf.files.iter_mut().find(|file| file.elements.iter().any(is_dir)).expect("EF.DIR");
        for element in &mut dir.elements {
            if let FileElement::Descriptor(fcp) = element {
                fcp.size = Some(vec![3 * LENGTH as u8].into());
            }
        }
        let Some(FileElement::Content(last)) = dir.elements.last() else { panic!("a record") };
        let gap = (LENGTH - last.len()) as u16;
        dir.elements.extend([FileElement::Offset(gap), FileElement::Content(stranger.into())]);
    });
}

fn is_dir_shaped(fcp: &Fcp) -> bool {
    fcp.file_descriptor.as_ref().is_some_and(|descriptor| descriptor.ends_with(&[38]))
}

/// A file whose rule is a record that EF.ARR does not have.
fn rule(package: &mut Package, name: &str, fid: u16) {
    let number = esim_saip::templates::TEMPLATES
        .iter()
        .find(|template| matches!((name, template.arcs), ("usim", [4]) | ("opt-usim", [5])))
        .and_then(|template| template.rows.iter().position(|row| row.fid == fid))
        .expect("a row");
    change(package, name, |template| {
        let file =
            template.files.iter_mut().find(|file| usize::from(file.field) == number).expect("the file");
        let bare = Fcp { security_attributes: Some(vec![0x6F, 0x06, 0x63].into()), ..Fcp::default() };
        match file.elements.iter_mut().find_map(|element| match element {
            FileElement::Descriptor(fcp) => Some(fcp),
            _ => None,
        }) {
            Some(fcp) => fcp.security_attributes = bare.security_attributes,
            None => file.elements.insert(0, FileElement::Descriptor(bare)),
        }
    });
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/profile")
}

/// Package, what is said of it and what it holds.
fn files(package: &Package) -> [(&'static str, String); 3] {
    let scratch = tempfile::tempdir().unwrap();
    let octets = hex::encode_upper(package.to_der());
    let lines: Vec<_> =
        octets.as_bytes().chunks(100).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let text = lines.join("\n") + "\n";
    std::fs::write(scratch.path().join("package.hex"), &text).unwrap();
    let profile = |command: &str| {
        let mut run = common::esim_lab();
        let output =
            run.args(["profile", command, "package.hex"]).current_dir(scratch.path()).output().unwrap();
        format!("{}exit code {}\n", common::text(&output), output.status.code().unwrap())
    };
    [("package.hex", text), ("check.txt", profile("check")), ("show.txt", profile("show"))]
}

#[test]
fn what_is_said_of_packages_of_others() {
    let mut folders: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    folders.sort();
    for (name, bend) in CASES {
        let mut package = sound();
        bend(&mut package);
        let path = folder().join(name);
        for (file, text) in files(&package) {
            if std::env::var_os(BLESS).is_some() {
                std::fs::create_dir_all(&path).unwrap();
                std::fs::write(path.join(file), text).unwrap();
                continue;
            }
            let kept = std::fs::read_to_string(path.join(file)).unwrap_or_default();
            assert_eq!(text, kept, "{name}/{file}");
        }
    }
    if std::env::var_os(BLESS).is_none() {
        let known: Vec<_> = CASES.iter().map(|(name, _)| *name).collect();
        assert_eq!(folders, known, "a folder for each case, and a case for each folder");
    }
}

#[test]
fn the_directory_just_made_is_the_current_one() {
    let image = |with_path| {
        let mut package = sound();
        management(&mut package, with_path);
        esim_saip::resolve(&package, esim_saip::Capabilities::default()).unwrap()
    };
    assert_eq!(image(false), image(true));
    assert_eq!(image(false).file(&[0x3F00, 0x7F20, 0x6F3E]).unwrap().data(), [0x12, 0x34]);
}
