//! Elements that make files from a template.

use alloc::vec;
use alloc::vec::Vec;

use super::file::{Blueprint, Writer};
use super::requirement::{Outcome, Requirement};
use super::{Installer, Stage};
use crate::error::Status;
use crate::image::{File, MF, Naa, NaaKind, Path};
use crate::pe::{FileElement, Service, TemplateInstance};
use crate::templates::{Fill, Place, Row, Shape, Template};

const TEMPLATE: Requirement = Requirement::support(
    Status::TemplateNotSupported,
    "TCA profile package 8.11",
    "templateID is a template that the eUICC knows",
);
const OF_ELEMENT: Requirement =
    Requirement::values("TCA profile package 8.3.4", "templateID is a template of this element");
const OF_VERSION: Requirement = Requirement::support(
    Status::PeNotSupported,
    "TCA profile package 7.2",
    "each file is one that the template has in its version",
);
const DIRECTORY_FIRST: Requirement =
    Requirement::values("TCA profile package 8.3.1", "a file of a template comes with its directory");
const OWN_DIRECTORY: Requirement =
    Requirement::values("TCA profile package 8.3.1", "the directory that a template is for is made");
const FILES_AFTER_NAA: Requirement =
    Requirement::values("TCA profile package 8.1.3", "files of an application come after its ADF");
const DF_NAME: Requirement = Requirement::values("TCA profile package 8.3.3", "an ADF has a dfName");

impl Installer {
    pub(super) fn template(&mut self, instance: &TemplateInstance) -> Outcome<()> {
        let template = self.known_template(&TEMPLATE, &instance.template)?;
        if template.kind != instance.kind {
            return OF_ELEMENT
                .refuse(alloc::format!("template {:?} does not belong to this element", template.arcs));
        }
        if let Some(excess) =
            instance.files.iter().find(|file| usize::from(file.field) >= template.rows.len())
        {
            return OF_VERSION.refuse(alloc::format!("file {} of a later version", excess.field));
        }
        let place = self.place(template.place)?;
        let mut directories = vec![None; template.rows.len()];
        for (index, row) in template.rows.iter().enumerate() {
            let given = instance.file(index);
            let parent = match template.directory_of(index) {
                Some(directory) => directories[directory].clone(),
                None => Some(place.clone()),
            };
            if !wanted(template, row, given) {
                continue;
            }
            let Some(parent) = parent else {
                return DIRECTORY_FIRST.refuse(alloc::format!("{} without its directory", row.name));
            };
            directories[index] = self.template_file(template, row, &parent, given.unwrap_or_default())?;
        }
        let first = directories.into_iter().next().flatten();
        self.enter(template, first)
    }

    /// Directory that holds the first row of a template, or all of them.
    fn place(&self, place: Place) -> Outcome<Path> {
        let latest = |kind: Option<NaaKind>| {
            let naa = self.image.naas.iter().rev().find(|naa| kind.is_none_or(|kind| naa.kind == kind));
            naa.map(|naa| naa.adf.clone())
        };
        let adf = match place {
            Place::Mf => return Ok(Vec::new()),
            Place::UnderMf => return Ok(vec![MF]),
            Place::NewAdf(kind) => {
                self.require(naa_service(kind))?;
                if latest(Some(kind)).is_some() {
                    self.require(multiple_service(kind))?;
                }
                return Ok(vec![MF]);
            }
            Place::InAdf(kind) | Place::UnderAdf(kind) => {
                self.require(naa_service(kind))?;
                latest(Some(kind))
            }
            Place::UnderLatestAdf => {
                self.require(Service::Eap)?;
                latest(None)
            }
        };
        adf.map_or_else(|| FILES_AFTER_NAA.refuse("no application to put the files in"), Ok)
    }

    /// Takes up the directory that a template made, where later elements refer to it.
    fn enter(&mut self, template: &Template, directory: Option<Path>) -> Outcome<()> {
        match template.place {
            Place::Mf | Place::UnderMf => {
                let Some(directory) = directory else {
                    return OWN_DIRECTORY.refuse("its directory is missing");
                };
                self.context = Some(directory);
                self.stage = Stage::ExpectElementOrEnd;
            }
            Place::NewAdf(kind) => {
                let aid = directory.as_ref().and_then(|path| self.image.file(path)).and_then(File::aid);
                let (Some(aid), Some(adf)) = (aid, &directory) else {
                    return DF_NAME.refuse("its ADF has no dfName");
                };
                let naa = Naa { adf: adf.clone(), aid: aid.to_vec(), kind, aka: None };
                self.image.naas.push(naa);
                self.context = directory;
            }
            Place::InAdf(_) | Place::UnderAdf(_) | Place::UnderLatestAdf => {}
        }
        Ok(())
    }

    /// Makes the file of a row, or several where a field brings more than one. Returns the path of the first.
    fn template_file(
        &mut self,
        template: &Template,
        row: &Row,
        parent: &Path,
        given: &[FileElement],
    ) -> Outcome<Option<Path>> {
        let shape = template.shape(row);
        let mut first = None;
        let mut writer = None;
        for element in given {
            match element {
                FileElement::DoNotCreate(()) => {}
                FileElement::Descriptor(fcp) => {
                    self.put(&mut writer, &mut first)?;
                    writer = Some(Writer::new(Blueprint::of_row(row, shape, parent, Some(fcp)).file()?));
                }
                FileElement::Offset(_) | FileElement::Content(_) if writer.is_none() => {
                    let mut started = Writer::new(Blueprint::of_row(row, shape, parent, None).file()?);
                    started.apply(element)?;
                    writer = Some(started);
                }
                FileElement::Offset(_) | FileElement::Content(_) => {
                    writer.iter_mut().try_for_each(|writer| writer.apply(element))?;
                }
            }
        }
        if writer.is_none() {
            writer = Some(Writer::new(Blueprint::of_row(row, shape, parent, None).file()?));
        }
        self.put(&mut writer, &mut first)?;
        Ok(first)
    }
}

/// Whether a row of a template becomes a file.
fn wanted(template: &Template, row: &Row, given: Option<&[FileElement]>) -> bool {
    match given {
        Some(elements) => template.place == Place::Mf || !elements.contains(&FileElement::DoNotCreate(())),
        None => {
            template.created_by_default
                && row.fill != Fill::Required
                && template.shape(row) != Shape::Directory
        }
    }
}

fn naa_service(kind: NaaKind) -> Service {
    match kind {
        NaaKind::Usim => Service::Usim,
        NaaKind::Isim => Service::Isim,
        NaaKind::Csim => Service::Csim,
    }
}

fn multiple_service(kind: NaaKind) -> Service {
    match kind {
        NaaKind::Usim => Service::MultipleUsim,
        NaaKind::Isim => Service::MultipleIsim,
        NaaKind::Csim => Service::MultipleCsim,
    }
}
