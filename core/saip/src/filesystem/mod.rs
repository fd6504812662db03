//! From elements to an [`Image`]: templates resolved, content applied, links followed.
//!
//! ```text
//! decrypted octets → Splitter → Installer::element … → Installer::finish → Image
//! ```

mod applications;
mod codes;
#[cfg(test)]
mod command_tests;
mod file;
mod finish;
mod requirement;
mod template;
#[cfg(test)]
mod tests;

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use esim_rsp::check::Rule;

use crate::coding;
use crate::error::{ElementError, Status};
use crate::image::{File, FileKind, Image, MF, Path};
use crate::pe::{
    Element, FileManagement, GenericFileManagement, Package, ProfileElement, ProfileHeader, Service, Services,
};
use crate::response::{LeftOut, PeStatus};
use crate::templates::{self, TEMPLATES, Template};
use file::{Blueprint, Writer};
use requirement::{Outcome, Requirement};

/// What an eUICC can install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Services that a profile header may demand.
    pub services: Services,
    /// Templates, as arcs below [`templates::TEMPLATE_ARCS`].
    pub templates: Vec<Vec<u32>>,
    /// Highest major version of the package format.
    pub major_version: u8,
    /// AIDs of libraries that applets may demand.
    pub libraries: Vec<Vec<u8>>,
    /// Octets of file content that one profile may take.
    pub memory: usize,
    /// Whether applets run: without, PE-Application is not supported.
    pub applets: bool,
}

impl Default for Capabilities {
    /// Everything this crate can resolve for a card that runs no applets. The service `javacard` counts as offered all
    /// the same: profiles in the field demand it in the header and bring no applet.
    fn default() -> Self {
        Self {
            services: Services::of(&[
                Service::Usim,
                Service::Isim,
                Service::Csim,
                Service::Milenage,
                Service::Tuak128,
                Service::Tuak256,
                Service::UsimTestAlgorithm,
                Service::Javacard,
                Service::MultipleUsim,
                Service::MultipleIsim,
                Service::BerTlv,
                Service::GetIdentity,
                Service::ProfileAX25519,
                Service::ProfileBP256,
            ]),
            templates: TEMPLATES.iter().map(|template| template.arcs.to_vec()).collect(),
            major_version: 3,
            libraries: Vec::new(),
            memory: 512 * 1024,
            applets: false,
        }
    }
}

impl Capabilities {
    /// An eUICC that can do everything: for judging a package, not one eUICC.
    pub fn everything() -> Self {
        Self { services: Services::of(Service::ALL), memory: usize::MAX, applets: true, ..Self::default() }
    }
}

/// Installs elements one by one. Nothing counts before [`Installer::finish`].
#[derive(Clone, Debug)]
pub struct Installer {
    capabilities: Capabilities,
    stage: Stage,
    image: Image,
    /// Directory to which codes and authentication parameters belong; `None` after a skipped application.
    context: Option<Path>,
    skipped: Vec<LeftOut>,
    /// Elements with PINs, to name the one whose unblocking code is missing.
    pin_elements: Vec<(u16, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    ExpectHeader,
    ExpectMf,
    ExpectElementOrEnd,
    Ended,
}

/// Ten times the files of a rich profile; every file costs a look at all the others.
const MAX_FILES: usize = 2500;

const TYPE: Requirement = Requirement::of(
    Status::InvalidRequestFormat,
    "TCA profile package 7.1",
    "the element is of the type that its tag announces",
);
const ORDER: Requirement = Requirement::of(
    Status::InvalidRequestFormat,
    "TCA profile package 8.1.3",
    "elements come in the order of header, mf, others, end",
);
const NON_STANDARD: Requirement = Requirement::support(
    Status::PeNotSupported,
    "TCA profile package 7.2",
    "the format of a non-standard element is one that the eUICC knows",
);
const ELEMENT: Requirement = Requirement::support(
    Status::PeNotSupported,
    "TCA profile package 7.2",
    "the element is one that the eUICC knows",
);
const SERVICE: Requirement = Requirement::support(
    Status::FeatureNotSupported,
    "TCA profile package 7.2",
    "the eUICC offers the service that the element needs",
);
const VERSION: Requirement = Requirement::of(
    Status::UnsupportedProfileVersion,
    "TCA profile package 8.2.1",
    "the version of the package is one that the eUICC knows",
);
const HEADER_ICCID: Requirement =
    Requirement::values("TCA profile package 8.2.1", "iccid of the header has 10 octets");
const MANDATORY_SERVICES: Requirement = Requirement::of(
    Status::FeatureNotSupported,
    "TCA profile package 8.2.1",
    "the eUICC offers all of eUICC-Mandatory-services",
);
const MANDATORY_TEMPLATES: Requirement = Requirement::support(
    Status::TemplateNotSupported,
    "TCA profile package 8.2.1",
    "the eUICC knows all of eUICC-Mandatory-GFSTEList",
);
const MANDATORY_LIBRARIES: Requirement = Requirement::of(
    Status::LibNotSupported,
    "TCA profile package 8.2.1",
    "the eUICC has all of eUICC-Mandatory-AIDs",
);
const FILE_ONCE: Requirement = Requirement::values("TS 102 222 6.3", "a file exists once");
const DIRECTORY: Requirement =
    Requirement::values("TCA profile package 8.3.5", "a file lies in a directory that exists");
const MEMORY: Requirement = Requirement::of(
    Status::NotEnoughMemory,
    "TCA profile package 8.11",
    "the files of the profile fit into the memory",
);

/// Resolves a whole package.
///
/// # Errors
/// The first element that cannot be installed.
pub fn resolve(package: &Package, capabilities: Capabilities) -> Result<Image, ElementError> {
    let mut installer = Installer::new(capabilities);
    for element in &package.elements {
        installer.install(element)?;
    }
    installer.finish()
}

impl Installer {
    /// Waits for the profile header.
    pub fn new(capabilities: Capabilities) -> Self {
        let image = Image {
            iccid: [0xFF; 10],
            profile_type: String::new(),
            version: (0, 0),
            files: Vec::new(),
            pins: Vec::new(),
            puks: Vec::new(),
            shared_pins: Vec::new(),
            naas: Vec::new(),
            applications: Vec::new(),
        };
        Self {
            capabilities,
            stage: Stage::ExpectHeader,
            image,
            context: None,
            skipped: Vec::new(),
            pin_elements: Vec::new(),
        }
    }

    /// Installs the next element from its octets.
    ///
    /// # Errors
    /// If the profile cannot be installed because of it. [`ElementError::response`] says so on the wire.
    pub fn element(&mut self, raw: &[u8]) -> Result<(), ElementError> {
        let element = Element::parse(raw).map_err(|error| ElementError {
            status: TYPE.status,
            identification: crate::pe::identification_of(raw),
            element: crate::pe::name_of(raw),
            // A wrong type is only known to be somewhere in the element.
            offset: u32::try_from(error.at).ok().filter(|at| *at > 0),
            reason: error.to_string(),
            rule: TYPE.rule,
        })?;
        self.install(&element)
    }

    /// Installs the next element.
    ///
    /// # Errors
    /// As [`Installer::element`].
    pub fn install(&mut self, element: &Element) -> Result<(), ElementError> {
        let mandated = element.header().is_none_or(|header| header.mandated.is_some());
        // A skipped element must leave no trace.
        let before = (!mandated).then(|| (self.image.clone(), self.pin_elements.clone()));
        match (self.dispatch(element), before) {
            (Err(fail), Some((image, pin_elements))) if fail.requirement.may_be_left_out => {
                self.image = image;
                self.pin_elements = pin_elements;
                self.skip(element, fail.requirement.rule);
                Ok(())
            }
            (outcome, _) => outcome.map_err(|fail| ElementError {
                status: fail.requirement.status,
                identification: element.header().map(|header| header.identification),
                element: element.name(),
                offset: None,
                reason: fail.reason,
                rule: fail.requirement.rule,
            }),
        }
    }

    /// Elements left out so far because they were neither supported nor mandated.
    pub fn skipped(&self) -> &[LeftOut] {
        &self.skipped
    }

    /// Whether the `end` element has come.
    pub fn is_complete(&self) -> bool {
        self.stage == Stage::Ended
    }

    /// Completes the image.
    ///
    /// # Errors
    /// If the end is missing, or a reference between elements leads nowhere.
    pub fn finish(self) -> Result<Image, ElementError> {
        finish::finish(self)
    }

    fn skip(&mut self, element: &Element, rule: Rule) {
        if let ProfileElement::Template(template) = element.value() {
            use crate::pe::TemplateKind::{Cd, Csim, Isim, Telecom, Usim};
            if matches!(template.kind, Usim | Isim | Csim | Telecom | Cd) {
                self.context = None;
            }
        }
        let status = PeStatus {
            status: Status::PeNotSupported as u16,
            identification: element.header().map(|header| header.identification),
            additional_information: None,
            offset: None,
        };
        self.skipped.push(LeftOut { status, rule });
    }

    fn dispatch(&mut self, element: &Element) -> Outcome<()> {
        self.check_stage(element)?;
        match element.value() {
            ProfileElement::Header(header) => self.header(header),
            ProfileElement::Template(instance) => self.template(instance),
            ProfileElement::GenericFileManagement(commands) => self.file_management(commands),
            ProfileElement::PinCodes(codes) => self.pin_codes(codes),
            ProfileElement::PukCodes(codes) => self.puk_codes(codes),
            ProfileElement::AkaParameter(parameters) => self.aka_parameter(parameters),
            ProfileElement::SecurityDomain(domain) => self.security_domain(domain),
            ProfileElement::Rfm(rfm) => self.rfm(rfm),
            ProfileElement::Application(application) => self.application(application),
            ProfileElement::NonStandard(_) => NON_STANDARD.refuse("a format of its issuer"),
            ProfileElement::End(_) => {
                self.stage = Stage::Ended;
                Ok(())
            }
            // The keys of a CDMA application serve no network that exists here; the application is installed without.
            ProfileElement::Unknown(_) if element.name() == "cdmaParameter" => self.require(Service::Csim),
            ProfileElement::Unknown(_) => ELEMENT.refuse("unknown element"),
        }
    }

    fn check_stage(&mut self, element: &Element) -> Outcome<()> {
        let fits = match self.stage {
            Stage::ExpectHeader => element.name() == "header",
            Stage::ExpectMf => element.name() == "mf",
            Stage::ExpectElementOrEnd => !matches!(element.name(), "header" | "mf"),
            Stage::Ended => false,
        };
        if !fits {
            return ORDER.refuse("not at this place: a package is header, mf, others, end");
        }
        Ok(())
    }

    fn header(&mut self, header: &ProfileHeader) -> Outcome<()> {
        if !(1..=self.capabilities.major_version).contains(&header.major_version) {
            let (major, minor) = (header.major_version, header.minor_version);
            return VERSION.refuse(alloc::format!("version {major}.{minor}"));
        }
        let Ok(iccid) = <[u8; 10]>::try_from(&header.iccid[..]) else {
            return HEADER_ICCID.refuse("iccid has not 10 octets");
        };
        let missing = header.mandatory_services.minus(self.capabilities.services);
        if !missing.is_empty() {
            return MANDATORY_SERVICES.refuse(alloc::format!("mandatory services {missing:?}"));
        }
        for oid in &header.mandatory_templates {
            self.known_template(&MANDATORY_TEMPLATES, oid)?;
        }
        for library in header.mandatory_aids.iter().flatten() {
            if !self.capabilities.libraries.iter().any(|aid| aid[..] == library.aid[..]) {
                return MANDATORY_LIBRARIES.refuse("mandatory library");
            }
        }
        self.image.iccid = coding::swap_nibbles(iccid);
        self.image.version = (header.major_version, header.minor_version);
        self.image.profile_type = header.profile_type.clone().unwrap_or_default();
        self.stage = Stage::ExpectMf;
        Ok(())
    }

    fn known_template(&self, required: &Requirement, oid: &[u32]) -> Outcome<&'static Template> {
        let known = templates::find(oid)
            .filter(|template| self.capabilities.templates.iter().any(|own| own == template.arcs));
        match known {
            Some(template) => Ok(template),
            None => required.refuse(alloc::format!("template {oid:?}")),
        }
    }

    fn require(&self, service: Service) -> Outcome<()> {
        if self.capabilities.services.contains(service) {
            return Ok(());
        }
        SERVICE.refuse(service.name())
    }

    fn put(&mut self, writer: &mut Option<Writer>, first: &mut Option<Path>) -> Outcome<()> {
        let Some(writer) = writer.take() else {
            return Ok(());
        };
        let file = writer.file;
        first.get_or_insert_with(|| file.path.clone());
        self.add(file)
    }

    /// Adds a file to the tree.
    fn add(&mut self, file: File) -> Outcome<()> {
        let name = || alloc::format!("file {:04X?}", file.path);
        if self.image.file(&file.path).is_some() {
            return FILE_ONCE.refuse(alloc::format!("{} exists already", name()));
        }
        if let Some(parent) = file.parent() {
            let parent = self.image.file(parent);
            if !parent.is_some_and(|parent| matches!(parent.kind, FileKind::Df { .. })) {
                return DIRECTORY.refuse(alloc::format!("{} has no directory", name()));
            }
        }
        match &file.kind {
            FileKind::BerTlv { .. } => self.require(Service::BerTlv)?,
            FileKind::Df { .. } if file.linked_to.is_some() => self.require(Service::DfLink)?,
            _ => {}
        }
        let used: usize = self.image.files.iter().map(|file| file.data().len()).sum();
        if used + file.data().len() > self.capabilities.memory || self.image.files.len() >= MAX_FILES {
            return MEMORY.refuse(alloc::format!("{} does not fit", name()));
        }
        self.image.files.push(file);
        Ok(())
    }

    fn file_management(&mut self, element: &GenericFileManagement) -> Outcome<()> {
        for sequence in &element.commands {
            let mut directory = vec![MF];
            let mut current: Option<Writer> = None;
            for command in sequence {
                match command {
                    FileManagement::Path(path) => directory = file::absolute(path)?,
                    FileManagement::Create(fcp) => {
                        self.put(&mut current, &mut None)?;
                        current = Some(Writer::new(Blueprint::of_fcp(&directory, fcp).file()?));
                    }
                    FileManagement::Offset(gap) => file::opened(&mut current)?.skip(*gap)?,
                    FileManagement::Content(octets) => file::opened(&mut current)?.write(octets)?,
                }
                // CREATE FILE of a DF or ADF makes it the current directory (TS 102 222 6.3.1): it must exist before
                // the next path, or the next file, leads into it.
                if current.as_ref().is_some_and(|writer| matches!(writer.file.kind, FileKind::Df { .. })) {
                    let mut made = None;
                    self.put(&mut current, &mut made)?;
                    directory = made.unwrap_or(directory);
                }
            }
            self.put(&mut current, &mut None)?;
        }
        Ok(())
    }
}
