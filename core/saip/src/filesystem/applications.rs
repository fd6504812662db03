//! Security domains, remote file managers, applets: recorded for who runs them.

use alloc::format;
use alloc::vec::Vec;

use super::Installer;
use super::requirement::{Outcome, Requirement};
use crate::error::Status;
use crate::image::{ApplicationKind, ApplicationRecord, SdKey};
use crate::pe::{Application, ApplicationInstance, KeyObject, Rest, Rfm, SecurityDomain};
use crate::tlv;

const TAR: Requirement = Requirement::values("TCA profile package 8.8", "a TAR has three octets");
const APPLETS: Requirement =
    Requirement::support(Status::PeNotSupported, "TCA profile package 7.2", "the eUICC runs applets");
const AID_LENGTH: Requirement =
    Requirement::values("TCA profile package", "the AID of an application has 5 to 16 octets");
const AID_ONCE: Requirement = Requirement::values("TCA profile package", "no two applications have one AID");
const TOOLKIT_PARAMETERS: Requirement =
    Requirement::values("TS 102 226 8.2.1.3.2.2", "the toolkit parameters of an application are whole");
const KEY_NAME: Requirement = Requirement::values(
    "TCA profile package 8.6.3",
    "a key has an identifier and a version of one octet each",
);
const KEY_TYPE: Requirement =
    Requirement::values("TCA profile package 8.6.3", "each component of a key has a type");

impl Installer {
    pub(super) fn security_domain(&mut self, element: &SecurityDomain) -> Outcome<()> {
        let keys = element.keys.iter().flatten().map(key).collect::<Outcome<_>>()?;
        let record = instance(&element.instance, ApplicationKind::SecurityDomain { keys })?;
        self.record(record)
    }

    pub(super) fn rfm(&mut self, element: &Rfm) -> Outcome<()> {
        let mut tars = Vec::new();
        for tar in element.tars.iter().flatten() {
            let Ok(tar) = <[u8; 3]>::try_from(&tar[..]) else {
                return TAR.refuse("a TAR has not three octets");
            };
            tars.push(tar);
        }
        let adf = element.adf.as_ref();
        self.record(ApplicationRecord {
            aid: element.instance_aid.to_vec(),
            security_domain: element.security_domain_aid.as_ref().map(|aid| aid.to_vec()),
            life_cycle: 0x07,
            privileges: Vec::new(),
            tars,
            minimum_security: element.minimum_security.to_vec(),
            kind: ApplicationKind::Rfm {
                adf: adf.map(|adf| adf.aid.to_vec()),
                uicc_access: element.uicc_access.to_vec(),
                adf_access: adf.map(|adf| adf.access.to_vec()).unwrap_or_default(),
            },
        })
    }

    pub(super) fn application(&mut self, element: &Application) -> Outcome<()> {
        if !self.capabilities.applets {
            return APPLETS.refuse("this eUICC runs no applets");
        }
        if let Some(package) = &element.load_block {
            self.record(ApplicationRecord {
                aid: package.aid.to_vec(),
                security_domain: package.security_domain_aid.as_ref().map(|aid| aid.to_vec()),
                life_cycle: 0x01,
                privileges: Vec::new(),
                tars: Vec::new(),
                minimum_security: Vec::new(),
                kind: ApplicationKind::LoadPackage,
            })?;
        }
        for applet in element.instances.iter().flatten() {
            let package = applet.load_package_aid.to_vec();
            let class = applet.class_aid.to_vec();
            self.record(instance(applet, ApplicationKind::Applet { package, class })?)?;
        }
        Ok(())
    }

    fn record(&mut self, record: ApplicationRecord) -> Outcome<()> {
        if !(5..=16).contains(&record.aid.len()) {
            return AID_LENGTH.refuse("an AID has 5 to 16 octets");
        }
        if self.image.applications.iter().any(|other| other.aid == record.aid) {
            return AID_ONCE.refuse(format!("AID {:02X?} used twice", record.aid));
        }
        self.image.applications.push(record);
        Ok(())
    }
}

fn instance(instance: &ApplicationInstance, kind: ApplicationKind) -> Outcome<ApplicationRecord> {
    let toolkit = toolkit_parameters(&instance.unknown)?;
    Ok(ApplicationRecord {
        aid: instance.instance_aid.to_vec(),
        security_domain: instance.extradite_to.as_ref().map(|aid| aid.to_vec()),
        life_cycle: instance.life_cycle.first().copied().unwrap_or(0x07),
        privileges: instance.privileges.to_vec(),
        tars: toolkit.tars,
        minimum_security: toolkit.minimum_security,
        kind,
    })
}

/// By which references the network addresses an application, and how secure its messages must be.
#[derive(Default)]
struct ToolkitParameters {
    minimum_security: Vec<u8>,
    tars: Vec<[u8; 3]>,
}

/// `applicationParameters [PRIVATE 10]`, the UICC toolkit application specific parameters in it (TS 102 226
/// 8.2.1.3.2.2): priority, timers, text length, menu entries, channels, minimum security level, references.
fn toolkit_parameters(fields: &Rest) -> Outcome<ToolkitParameters> {
    const APPLICATION_PARAMETERS: u16 = 0xEA;
    const TOOLKIT: u16 = 0x80;
    for field in &fields.0 {
        let Ok(Some(parameters)) = tlv::first(field.as_bytes()) else { continue };
        if parameters.tag != APPLICATION_PARAMETERS {
            continue;
        }
        let objects = tlv::all(parameters.contents).unwrap_or_default();
        if let Some(toolkit) = objects.iter().find(|object| object.tag == TOOLKIT) {
            let Some(read) = read_toolkit(toolkit.contents) else {
                return TOOLKIT_PARAMETERS.refuse("the toolkit parameters of an application end too early");
            };
            return Ok(read);
        }
    }
    Ok(ToolkitParameters::default())
}

fn read_toolkit(octets: &[u8]) -> Option<ToolkitParameters> {
    let (_, rest) = octets.split_first_chunk::<3>()?;
    let (entries, rest) = rest.split_first()?;
    // Position and identifier of each menu entry, then the number of channels.
    let rest = rest.get(2 * usize::from(*entries) + 1..)?;
    let (length, rest) = rest.split_first()?;
    let (security, rest) = rest.split_at_checked(usize::from(*length))?;
    let (length, rest) = rest.split_first()?;
    let (tars, odd) = rest.get(..usize::from(*length))?.as_chunks::<3>();
    // `01` and the least first octet of an SPI; other ways to put it are not defined.
    let minimum_security = security.split_first().filter(|(kind, _)| **kind == 0x01);
    odd.is_empty().then(|| ToolkitParameters {
        minimum_security: minimum_security.map(|(_, level)| level.to_vec()).unwrap_or_default(),
        tars: tars.to_vec(),
    })
}

fn key(object: &KeyObject) -> Outcome<SdKey> {
    let ([id], [version]) = (&object.identifier[..], &object.version[..]) else {
        return KEY_NAME.refuse("a key has an identifier and a version of one octet each");
    };
    let mut components = Vec::new();
    for component in &object.components {
        let Some(key_type) = component.key_type.first() else {
            return KEY_TYPE.refuse("a key component without a type");
        };
        components.push((*key_type, component.data.expose().to_vec()));
    }
    let counter = object.counter.iter().flat_map(|counter| counter.iter());
    let counter = counter.fold(0, |counter, octet| counter << 8 | u64::from(*octet));
    Ok(SdKey { id: *id, version: *version, usage: object.usage.to_vec(), counter, components })
}
