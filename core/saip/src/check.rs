//! Sanity of a package beyond what makes it installable: what its author would want to be told.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::coding;
use crate::filesystem::{Capabilities, resolve};
use crate::image::{Algorithm, File, FileKind, Image, MF, Naa, NaaKind, PinScope};
use crate::pe::{Package, ProfileElement, ProfileHeader, Service, Services};
use crate::templates::TEMPLATE_ARCS;

/// How bad a finding is. Ordered: the worst is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Some phone or card will behave in an unexpected way.
    Warning,
    /// The profile does not install, or does not work.
    Error,
}

/// One thing to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// Rule that found it, stable: `order`, `iccid`, `services` …
    pub rule: &'static str,
    /// Index of the element in the package, where one is to blame.
    pub element: Option<usize>,
    /// What is wrong.
    pub text: String,
}

/// Files that back a service of EF.UST: one of the paths below the ADF is enough (TS 31.102 4.2.8).
const BACKED: &[(u16, &[&[u16]])] = &[
    (2, &[&[0x6F3B]]),
    (4, &[&[0x6F49]]),
    (10, &[&[0x6F3C]]),
    (12, &[&[0x6F42]]),
    (15, &[&[0x6F45]]),
    (16, &[&[0x6F50]]),
    (17, &[&[0x6F3E]]),
    (18, &[&[0x6F3F]]),
    (19, &[&[0x6F46]]),
    (20, &[&[0x6F60]]),
    (21, &[&[0x6F40]]),
    (27, &[&[0x5F3B, 0x4F20]]),
    (35, &[&[0x6F57]]),
    (42, &[&[0x6F61]]),
    (43, &[&[0x6F62]]),
    (45, &[&[0x6FC5]]),
    (46, &[&[0x6FC6]]),
    (47, &[&[0x6FC7]]),
    (51, &[&[0x6FCD]]),
    (71, &[&[0x6FD9]]),
    (85, &[&[0x6FE3]]),
    (122, &[&[0x5FC0, 0x4F01]]),
    (123, &[&[0x5FC0, 0x4F05]]),
    (124, &[&[0x5FC0, 0x4F07], &[0x5FD0, 0x4F01]]),
    (125, &[&[0x5FD0, 0x4F01]]),
    (126, &[&[0x5FC0, 0x4F06]]),
    (129, &[&[0x5FC0, 0x4F08]]),
];

/// Every finding: those about the elements first, then those about the files.
pub fn check(package: &Package) -> Vec<Finding> {
    let mut report = Report(Vec::new());
    report.order(package);
    report.identifications(package);
    report.elements(package);
    match resolve(package, Capabilities::everything()) {
        Err(error) => {
            let index = package.elements.iter().position(|element| {
                element.name() == error.element
                    && element.header().map(|header| header.identification) == error.identification
            });
            report.add(Severity::Error, "install", index, error.to_string());
        }
        Ok(image) => {
            if let Some(header) = package.header() {
                report.iccid(header, &image);
                report.services(header, &image);
                report.templates(header, package);
            }
            report.files(&image);
            report.directory(&image);
            for naa in &image.naas {
                report.application(naa, &image);
            }
        }
    }
    report.0
}

struct Report(Vec<Finding>);

impl Report {
    fn add(
        &mut self,
        severity: Severity,
        rule: &'static str,
        element: Option<usize>,
        text: impl Into<String>,
    ) {
        self.0.push(Finding { severity, rule, element, text: text.into() });
    }

    fn error(&mut self, rule: &'static str, text: impl Into<String>) {
        self.add(Severity::Error, rule, None, text);
    }

    fn warn(&mut self, rule: &'static str, text: impl Into<String>) {
        self.add(Severity::Warning, rule, None, text);
    }

    fn order(&mut self, package: &Package) {
        let names: Vec<_> = package.elements.iter().map(|element| element.name()).collect();
        for (name, place) in [("header", 0), ("mf", 1), ("end", names.len().saturating_sub(1))] {
            match names.iter().position(|known| *known == name) {
                None => self.error("order", format!("there is no element {name}")),
                Some(found) if found != place => {
                    self.add(
                        Severity::Error,
                        "order",
                        Some(found),
                        format!("{name} stands at {found}, not at {place}"),
                    );
                }
                Some(_) => {}
            }
        }
    }

    fn identifications(&mut self, package: &Package) {
        let mut seen: Vec<u16> = Vec::new();
        for (index, element) in package.elements.iter().enumerate() {
            let Some(header) = element.header() else {
                continue;
            };
            if seen.contains(&header.identification) {
                // It installs all the same; an eUICC that reports on it names two elements.
                let text = format!("{} repeats identification {}", element.name(), header.identification);
                self.add(Severity::Warning, "identification", Some(index), text);
            }
            seen.push(header.identification);
        }
    }

    fn elements(&mut self, package: &Package) {
        for (index, element) in package.elements.iter().enumerate() {
            match element.value() {
                ProfileElement::Unknown(_) if element.name() == "unknown" => {
                    self.add(Severity::Warning, "element", Some(index), "no known version has this element");
                }
                ProfileElement::NonStandard(_) => {
                    self.add(
                        Severity::Warning,
                        "element",
                        Some(index),
                        "only eUICCs of its issuer understand it",
                    );
                }
                ProfileElement::Application(application) => {
                    let (severity, text) = match application.header.mandated {
                        Some(()) => (
                            Severity::Warning,
                            "an application is mandated: an eUICC that runs no applets refuses the profile",
                        ),
                        None => (
                            Severity::Note,
                            "an eUICC that runs no applets leaves the application out (pe-not-supported)",
                        ),
                    };
                    self.add(severity, "application", Some(index), text);
                }
                _ => {}
            }
        }
    }

    fn iccid(&mut self, header: &ProfileHeader, image: &Image) {
        let Some(file) = image.file(&[MF, 0x2FE2]) else {
            return self.error("iccid", "there is no EF.ICCID");
        };
        let Ok(content) = <[u8; 10]>::try_from(file.data()) else {
            return self.error("iccid", "EF.ICCID has not 10 octets");
        };
        let digits = coding::decode_iccid(&content);
        // That they are the same digits is a condition of installing.
        if header.iccid[..] == content && coding::swap_nibbles(content) != content {
            self.warn(
                "iccid",
                "the header has the nibble order of EF.ICCID; it should have the reading order",
            );
        }
        if !(18..=20).contains(&digits.len()) {
            self.error("iccid", format!("{digits} has not 18 to 20 digits"));
        } else if !coding::luhn_is_valid(&digits) {
            self.add(Severity::Note, "iccid", Some(0), format!("{digits} does not end in its check digit"));
        }
    }

    fn services(&mut self, header: &ProfileHeader, image: &Image) {
        let used = used_services(image);
        for name in used.minus(header.mandatory_services).names() {
            self.add(Severity::Warning, "services", Some(0), format!("uses {name} without demanding it"));
        }
        let checkable = Services::of(&[
            Service::Usim,
            Service::Isim,
            Service::Csim,
            Service::Milenage,
            Service::Tuak128,
            Service::Tuak256,
            Service::UsimTestAlgorithm,
            Service::BerTlv,
        ]);
        let idle = Services(header.mandatory_services.0 & checkable.0).minus(used);
        for name in idle.names() {
            self.add(Severity::Warning, "services", Some(0), format!("demands {name} without using it"));
        }
    }

    fn templates(&mut self, header: &ProfileHeader, package: &Package) {
        for (index, element) in package.elements.iter().enumerate() {
            let ProfileElement::Template(instance) = element.value() else {
                continue;
            };
            if !header.mandatory_templates.contains(&instance.template) {
                let arcs = instance.template.strip_prefix(&TEMPLATE_ARCS[..]).unwrap_or(&instance.template);
                let text = format!("template {arcs:?} is not among those that the header demands");
                self.add(Severity::Note, "templates", Some(index), text);
            }
        }
    }

    fn files(&mut self, image: &Image) {
        for (index, file) in image.files.iter().enumerate() {
            if image.access_rule(file).is_none_or(|rule| rule.first() == Some(&0xFF)) {
                let text = format!("no access rule for {}: nobody can ever read or change it", shown(file));
                let severity = if is_needed(image, file) { Severity::Error } else { Severity::Warning };
                self.add(severity, "access", None, text);
            }
            let twin = image.files[..index]
                .iter()
                .find(|other| file.sfi.is_some() && other.sfi == file.sfi && other.parent() == file.parent());
            if let Some(twin) = twin {
                self.warn("sfi", format!("{} and {} share a short identifier", shown(twin), shown(file)));
            }
            if let FileKind::Df { pin_status, .. } = &file.kind {
                for reference in pin_status.iter().filter(|reference| !is_defined(image, file, **reference)) {
                    self.warn(
                        "pin",
                        format!("{} names PIN {reference:02X}, which nothing defines", shown(file)),
                    );
                }
            }
        }
    }

    /// Applications that a phone will look for because EF.DIR names them (TS 102 221 13.1).
    fn directory(&mut self, image: &Image) {
        let known = image.naas.iter().map(|naa| &naa.aid);
        let known: Vec<_> = known.chain(image.applications.iter().map(|it| &it.aid)).collect();
        for aid in listed(image) {
            if !known.iter().any(|own| own.starts_with(&aid)) {
                self.warn("dir", format!("EF.DIR lists {}, which the package does not bring", hex(&aid)));
            }
        }
    }

    fn application(&mut self, naa: &Naa, image: &Image) {
        if !is_listed(naa, image) {
            self.warn("dir", format!("EF.DIR does not list {}", hex(&naa.aid)));
        }
        match (&naa.aka, naa.kind) {
            (None, NaaKind::Usim | NaaKind::Isim) => {
                // Beside a USIM that can, an ISIM that cannot costs IMS by ISIM alone (TS 33.203 6.1).
                let other = naa.kind == NaaKind::Isim && image.naas.iter().any(can_authenticate);
                let severity = if other { Severity::Warning } else { Severity::Error };
                let text = format!("{:?} cannot authenticate: no akaParameter", naa.kind);
                self.add(severity, "aka", None, text);
            }
            (Some(aka), _) if matches!(aka.algorithm, Algorithm::UsimTest { .. }) => {
                self.add(Severity::Note, "aka", None, format!("{:?} has the test algorithm", naa.kind));
            }
            _ => {}
        }
        if naa.kind == NaaKind::Usim {
            self.usim(naa, image);
        }
    }

    fn usim(&mut self, naa: &Naa, image: &Image) {
        let content = |path: &[u16]| image.file(&[&naa.adf[..], path].concat()).map(File::data);
        match content(&[0x6F07]).map(coding::decode_imsi) {
            None => self.error("imsi", "there is no EF.IMSI"),
            Some(None) => self.error("imsi", "EF.IMSI holds no IMSI"),
            Some(Some(imsi)) => {
                let class = coding::access_class(&imsi).ok();
                let own = content(&[0x6F78]);
                if own.is_some() && own != class.as_ref().map(|class| &class[..]) {
                    self.add(Severity::Note, "acc", None, "EF.ACC is not that of the last digit of the IMSI");
                }
            }
        }
        if !matches!(content(&[0x6FAD]).and_then(|ad| ad.get(3)), Some(2 | 3)) {
            self.warn("ad", "EF.AD does not say how long the network code in the IMSI is");
        }
        let Some(table) = content(&[0x6F38]) else {
            return self.error("ust", "there is no EF.UST");
        };
        for (number, files) in BACKED {
            if coding::has_service(table, *number) && !files.iter().any(|path| content(path).is_some()) {
                self.warn("ust", format!("service {number} is available, but its file is not"));
            }
        }
    }
}

fn used_services(image: &Image) -> Services {
    let mut used = Services::default();
    for naa in &image.naas {
        used = used.with(match naa.kind {
            NaaKind::Usim => Service::Usim,
            NaaKind::Isim => Service::Isim,
            NaaKind::Csim => Service::Csim,
        });
        used = match naa.aka.as_ref().map(|aka| &aka.algorithm) {
            Some(Algorithm::Milenage { .. }) => used.with(Service::Milenage),
            Some(Algorithm::Tuak { key, .. }) if key.len() == 32 => used.with(Service::Tuak256),
            Some(Algorithm::Tuak { .. }) => used.with(Service::Tuak128),
            Some(Algorithm::UsimTest { .. }) => used.with(Service::UsimTestAlgorithm),
            Some(Algorithm::Mapping { .. }) | None => used,
        };
    }
    if image.files.iter().any(|file| matches!(file.kind, FileKind::BerTlv { .. })) {
        used = used.with(Service::BerTlv);
    }
    used
}

fn can_authenticate(naa: &Naa) -> bool {
    naa.kind == NaaKind::Usim && naa.aka.is_some()
}

/// Whether a phone cannot do without reading this file: the profile cannot work then (TS 31.102 5.1.1).
fn is_needed(image: &Image, file: &File) -> bool {
    const OF_USIM: [u16; 3] = [0x6F07, 0x6F38, 0x6FAD];
    let usims = || image.naas.iter().filter(|naa| naa.kind == NaaKind::Usim);
    let below = |adf: &[u16]| {
        file.path.strip_prefix(adf).is_some_and(|rest| matches!(rest, [fid] if OF_USIM.contains(fid)))
    };
    file.path == [MF, 0x2FE2] || usims().any(|naa| below(&naa.adf))
}

/// AIDs in EF.DIR.
fn listed(image: &Image) -> impl Iterator<Item = Vec<u8>> + '_ {
    let records = image
        .file(&[MF, 0x2F00])
        .into_iter()
        .flat_map(|dir| (1..=254).map_while(move |number| dir.record(number)));
    records.filter_map(|record| coding::decode_dir(record).map(|(aid, _)| aid)).filter(|aid| !aid.is_empty())
}

fn is_listed(naa: &Naa, image: &Image) -> bool {
    // An entry may stop before the end of the AID.
    listed(image).any(|aid| naa.aid.starts_with(&aid))
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect()
}

/// Whether a directory sees this PIN: a global one, or a local one of its own, of one above, or shared.
fn is_defined(image: &Image, directory: &File, reference: u8) -> bool {
    let sees = |owner: &[u16]| directory.path.starts_with(owner);
    let shared = image.shared_pins.iter().any(|sharing| sees(&sharing.directory));
    shared
        || image.pins.iter().any(|pin| {
            pin.reference == reference
                && match &pin.scope {
                    PinScope::Global => true,
                    PinScope::Local(owner) => sees(owner),
                }
        })
}

fn shown(file: &File) -> String {
    let steps: Vec<_> = file.path.iter().map(|fid| format!("{fid:04X}")).collect();
    steps.join("/")
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::println;

    use super::*;
    use crate::builder::{self, Subscriber};
    use crate::pe::{Element, PeHeader};
    use crate::testdata::ts48;

    fn built() -> Package {
        builder::build(&Subscriber::new(
            "8988211000000430010",
            "001010123456789",
            [1; 16],
            [2; 16],
            "Example",
        ))
        .unwrap()
    }

    fn rules(package: &Package) -> Vec<(Severity, &'static str)> {
        check(package).into_iter().map(|finding| (finding.severity, finding.rule)).collect()
    }

    #[test]
    fn what_the_builder_makes_is_clean() {
        assert_eq!(check(&built()), []);
    }

    #[test]
    fn published_packages_have_no_errors() {
        for (name, bytes) in ts48() {
            let findings = check(&Package::parse(&bytes).unwrap());
            for finding in &findings {
                println!("{name}: {finding:?}");
            }
            assert!(findings.iter().all(|finding| finding.severity < Severity::Error), "{name}");
        }
    }

    #[test]
    fn faults_are_found() {
        let mut package = built();
        package.elements.pop();
        assert_eq!(rules(&package), [(Severity::Error, "order"), (Severity::Error, "install")]);

        let mut package = built();
        package.elements.swap(0, 1);
        assert_eq!(rules(&package)[..2], [(Severity::Error, "order"); 2]);

        let mut package = built();
        let last = package.elements.len() - 1;
        let ProfileElement::End(end) = package.elements[last].value() else { panic!() };
        let mut end = end.clone();
        end.header = PeHeader::mandated(1);
        package.elements[last] = Element::new(ProfileElement::End(end)).unwrap();
        assert_eq!(rules(&package), [(Severity::Warning, "identification")]);

        let mut package = built();
        package.elements.retain(|element| element.name() != "akaParameter");
        let found = rules(&package);
        assert!(
            found.contains(&(Severity::Error, "aka")) && found.contains(&(Severity::Warning, "services"))
        );

        let mut package = built();
        package.elements.retain(|element| element.name() != "opt-usim");
        assert!(
            check(&package)
                .iter()
                .any(|finding| finding.text == "service 20 is available, but its file is not")
        );

        assert!(rules(&Package::default()).contains(&(Severity::Error, "install")));
    }

    #[test]
    fn iccid_of_the_header_is_compared_in_both_orders() {
        let with_header = |iccid: [u8; 10]| {
            let mut package = built();
            let ProfileElement::Header(header) = package.elements[0].value() else { panic!() };
            let mut header = header.clone();
            header.iccid = iccid.to_vec().into();
            package.elements[0] = Element::new(ProfileElement::Header(header)).unwrap();
            rules(&package)
        };
        let coded = coding::encode_iccid("8988211000000430010").unwrap();
        assert_eq!(with_header(coding::swap_nibbles(coded)), []);
        assert_eq!(with_header(coded), [(Severity::Warning, "iccid")]);
        assert_eq!(with_header([0x89; 10]), [(Severity::Error, "install")]);
    }
}
