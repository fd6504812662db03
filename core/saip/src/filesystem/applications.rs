//! Security domains, remote file managers, applets: recorded, not run.

use alloc::format;
use alloc::vec::Vec;

use super::{Installer, Outcome, bad};
use crate::image::{ApplicationKind, ApplicationRecord, SdKey};
use crate::pe::{Application, ApplicationInstance, KeyObject, Rfm, SecurityDomain, Service};

impl Installer {
    pub(super) fn security_domain(&mut self, element: &SecurityDomain) -> Outcome<()> {
        let keys = element.keys.iter().flatten().map(key).collect::<Outcome<_>>()?;
        let record = instance(&element.instance, ApplicationKind::SecurityDomain { keys });
        self.record(record)
    }

    pub(super) fn rfm(&mut self, element: &Rfm) -> Outcome<()> {
        let mut tars = Vec::new();
        for tar in element.tars.iter().flatten() {
            let Ok(tar) = <[u8; 3]>::try_from(&tar[..]) else {
                return bad("a TAR has not three octets");
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
        self.require(Service::Javacard).or_else(|_| self.require(Service::Multos))?;
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
            self.record(instance(applet, ApplicationKind::Applet { package, class }))?;
        }
        Ok(())
    }

    fn record(&mut self, record: ApplicationRecord) -> Outcome<()> {
        if !(5..=16).contains(&record.aid.len()) {
            return bad("an AID has 5 to 16 octets");
        }
        if self.image.applications.iter().any(|other| other.aid == record.aid) {
            return bad(format!("AID {:02X?} used twice", record.aid));
        }
        self.image.applications.push(record);
        Ok(())
    }
}

fn instance(instance: &ApplicationInstance, kind: ApplicationKind) -> ApplicationRecord {
    ApplicationRecord {
        aid: instance.instance_aid.to_vec(),
        security_domain: instance.extradite_to.as_ref().map(|aid| aid.to_vec()),
        life_cycle: instance.life_cycle.first().copied().unwrap_or(0x07),
        privileges: instance.privileges.to_vec(),
        tars: Vec::new(),
        minimum_security: Vec::new(),
        kind,
    }
}

fn key(object: &KeyObject) -> Outcome<SdKey> {
    let ([id], [version]) = (&object.identifier[..], &object.version[..]) else {
        return bad("a key has an identifier and a version of one octet each");
    };
    let mut components = Vec::new();
    for component in &object.components {
        let Some(key_type) = component.key_type.first() else {
            return bad("a key component without a type");
        };
        components.push((*key_type, component.data.expose().to_vec()));
    }
    Ok(SdKey { id: *id, version: *version, usage: object.usage.to_vec(), components })
}
