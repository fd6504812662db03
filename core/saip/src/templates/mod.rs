//! File structure templates of the TCA profile package, annex A: one table per element, one row per field.

mod access;
mod csim;
mod names;
mod subdirectories;
mod telecom;
mod usim;

use crate::image::NaaKind;
use crate::pe::TemplateKind;

pub use access::{ACCESS_RULES, access_rule};
pub use names::name;

/// A template in one version.
#[derive(Debug)]
pub struct Template {
    /// Arcs below `2.23.143.1.2`: `[5, 2]` is version 2 of the optional USIM files.
    pub arcs: &'static [u32],
    /// The element that may name it.
    pub kind: TemplateKind,
    /// Whether files that the package does not mention are made all the same.
    pub created_by_default: bool,
    /// Where the files go.
    pub place: Place,
    /// Row k describes field k of the element. A directory row is the parent of the rows after it.
    pub rows: &'static [Row],
    /// Rows that another version of the template sizes differently.
    pub resized: &'static [(&'static str, Shape)],
}

/// Where the files of a template go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The first row is the MF itself.
    Mf,
    /// The first row is a directory under the MF.
    UnderMf,
    /// The first row is the ADF of a new application.
    NewAdf(NaaKind),
    /// Files directly in the latest ADF of this kind.
    InAdf(NaaKind),
    /// The first row is a directory in the latest ADF of this kind.
    UnderAdf(NaaKind),
    /// The first row is a directory in the latest ADF of any kind.
    UnderLatestAdf,
}

/// A file of a template.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// ASN.1 name of the field.
    pub name: &'static str,
    /// FID; 0 where the package must give it.
    pub fid: u16,
    /// Structure and default size.
    pub shape: Shape,
    /// Record of EF.ARR, see [`ACCESS_RULES`].
    pub rule: u8,
    /// Short file identifier; 0 for none.
    pub sfi: u8,
    /// File special information: `80` high update activity.
    pub special: u8,
    /// Default content.
    pub fill: Fill,
}

/// Structure of a file. A number that the package must give is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// MF, DF, ADF.
    Directory,
    /// Octets.
    Transparent(u16),
    /// Records, octets of each.
    Linear(u16, u8),
    /// Records, octets of each.
    Cyclic(u16, u8),
    /// Octets.
    BerTlv(u16),
}

/// Default content of a file, or of each of its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// The package must give it; what it leaves open is `FF`.
    Required,
    /// The last octet repeats.
    Pattern(&'static [u8]),
    /// Repeats as a whole.
    Repeat(&'static [u8]),
    /// `FF`, then this at the end.
    Ending(&'static [u8]),
}

const FF: Fill = Fill::Pattern(&[0xFF]);
const ZERO: Fill = Fill::Pattern(&[0]);
const ZERO_FF: Fill = Fill::Pattern(&[0, 0xFF]);
const REQUIRED: Fill = Fill::Required;

const fn dir(name: &'static str, fid: u16) -> Row {
    Row { name, fid, shape: Shape::Directory, rule: 14, sfi: 0, special: 0, fill: Fill::Required }
}

const fn tr(name: &'static str, fid: u16, size: u16, rule: u8, sfi: u8, fill: Fill) -> Row {
    Row { name, fid, shape: Shape::Transparent(size), rule, sfi, special: 0, fill }
}

const fn lf(name: &'static str, fid: u16, records: (u16, u8), rule: u8, sfi: u8, fill: Fill) -> Row {
    Row { name, fid, shape: Shape::Linear(records.0, records.1), rule, sfi, special: 0, fill }
}

const fn cy(name: &'static str, fid: u16, records: (u16, u8), rule: u8, sfi: u8, fill: Fill) -> Row {
    Row { name, fid, shape: Shape::Cyclic(records.0, records.1), rule, sfi, special: 0, fill }
}

const fn bt(name: &'static str, fid: u16, rule: u8, sfi: u8) -> Row {
    Row { name, fid, shape: Shape::BerTlv(0), rule, sfi, special: 0, fill: Fill::Pattern(&[]) }
}

impl Row {
    /// The same file with high update activity.
    const fn busy(self) -> Self {
        Self { special: 0x80, ..self }
    }
}

/// Arcs above every template: `joint-iso-itu-t(2) international-organizations(23) tca(143) euicc-profile(1) templates(2)`.
pub const TEMPLATE_ARCS: [u32; 5] = [2, 23, 143, 1, 2];

/// Every template this crate knows. Unknown: 17 and 18, the IoT minimal profile.
#[rustfmt::skip]
pub static TEMPLATES: &[Template] = &[
    plain(&[1], TemplateKind::Mf, true, Place::Mf, telecom::MF),
    plain(&[2], TemplateKind::Cd, false, Place::UnderMf, telecom::CD),
    plain(&[3], TemplateKind::Telecom, false, Place::UnderMf, telecom::TELECOM),
    plain(&[3, 2], TemplateKind::Telecom, false, Place::UnderMf, telecom::TELECOM),
    resized(&[4], TemplateKind::Usim, true, Place::NewAdf(NaaKind::Usim), usim::USIM, &[("ef-ust", Shape::Transparent(14))]),
    plain(&[4, 2], TemplateKind::Usim, true, Place::NewAdf(NaaKind::Usim), usim::USIM),
    plain(&[5], TemplateKind::OptUsim, false, Place::InAdf(NaaKind::Usim), usim::OPT_USIM),
    plain(&[5, 2], TemplateKind::OptUsim, false, Place::InAdf(NaaKind::Usim), usim::OPT_USIM),
    plain(&[5, 3], TemplateKind::OptUsim, false, Place::InAdf(NaaKind::Usim), usim::OPT_USIM),
    plain(&[6], TemplateKind::Phonebook, false, Place::UnderAdf(NaaKind::Usim), telecom::PHONEBOOK),
    plain(&[7], TemplateKind::GsmAccess, false, Place::UnderAdf(NaaKind::Usim), subdirectories::GSM_ACCESS),
    plain(&[8], TemplateKind::Isim, true, Place::NewAdf(NaaKind::Isim), usim::ISIM),
    plain(&[9], TemplateKind::OptIsim, false, Place::InAdf(NaaKind::Isim), usim::OPT_ISIM),
    plain(&[9, 2], TemplateKind::OptIsim, false, Place::InAdf(NaaKind::Isim), usim::OPT_ISIM),
    plain(&[10], TemplateKind::Csim, true, Place::NewAdf(NaaKind::Csim), csim::CSIM),
    plain(&[10, 2], TemplateKind::Csim, true, Place::NewAdf(NaaKind::Csim), csim::CSIM),
    plain(&[11], TemplateKind::OptCsim, false, Place::InAdf(NaaKind::Csim), csim::OPT_CSIM),
    plain(&[11, 2], TemplateKind::OptCsim, false, Place::InAdf(NaaKind::Csim), csim::OPT_CSIM),
    plain(&[12], TemplateKind::Eap, false, Place::UnderLatestAdf, subdirectories::EAP),
    resized(&[13], TemplateKind::Df5gs, false, Place::UnderAdf(NaaKind::Usim), subdirectories::DF_5GS, subdirectories::NSC_1X57),
    resized(&[13, 2], TemplateKind::Df5gs, false, Place::UnderAdf(NaaKind::Usim), subdirectories::DF_5GS, subdirectories::NSC_1X57),
    plain(&[13, 3], TemplateKind::Df5gs, false, Place::UnderAdf(NaaKind::Usim), subdirectories::DF_5GS),
    plain(&[13, 4], TemplateKind::Df5gs, false, Place::UnderAdf(NaaKind::Usim), subdirectories::DF_5GS),
    plain(&[14], TemplateKind::DfSaip, false, Place::UnderAdf(NaaKind::Usim), subdirectories::DF_SAIP),
    plain(&[15], TemplateKind::DfSnpn, false, Place::UnderAdf(NaaKind::Usim), subdirectories::DF_SNPN),
    plain(&[16], TemplateKind::Df5gProse, false, Place::UnderAdf(NaaKind::Usim), subdirectories::DF_5G_PROSE),
];

const fn plain(
    arcs: &'static [u32],
    kind: TemplateKind,
    created_by_default: bool,
    place: Place,
    rows: &'static [Row],
) -> Template {
    resized(arcs, kind, created_by_default, place, rows, &[])
}

const fn resized(
    arcs: &'static [u32],
    kind: TemplateKind,
    created_by_default: bool,
    place: Place,
    rows: &'static [Row],
    resized: &'static [(&'static str, Shape)],
) -> Template {
    Template { arcs, kind, created_by_default, place, rows, resized }
}

/// The template with this OID.
pub fn find(oid: &[u32]) -> Option<&'static Template> {
    let arcs = oid.strip_prefix(&TEMPLATE_ARCS[..])?;
    TEMPLATES.iter().find(|template| template.arcs == arcs)
}

impl Template {
    /// Structure and default size of a row in this version.
    pub fn shape(&self, row: &Row) -> Shape {
        self.resized.iter().find(|(name, _)| *name == row.name).map_or(row.shape, |(_, shape)| *shape)
    }

    /// Index of the directory row that holds this row; `None` if that is the place of the template itself.
    pub fn directory_of(&self, index: usize) -> Option<usize> {
        let first_is_directory = self.rows.first().is_some_and(|row| row.shape == Shape::Directory);
        if index == 0 || !first_is_directory {
            return None;
        }
        if self.rows.get(index).is_some_and(|row| row.shape == Shape::Directory) {
            return Some(0);
        }
        (0..index).rev().find(|earlier| self.rows[*earlier].shape == Shape::Directory)
    }
}

impl Fill {
    /// Default content of `len` octets: a transparent file or one record.
    pub fn octets(self, len: usize) -> alloc::vec::Vec<u8> {
        match self {
            Fill::Required => alloc::vec![0xFF; len],
            Fill::Pattern(pattern) => fill_pattern(pattern, len),
            Fill::Repeat(pattern) => repeat_pattern(pattern, len),
            Fill::Ending(ending) => {
                let mut octets = alloc::vec![0xFF; len.saturating_sub(ending.len())];
                octets.extend_from_slice(&ending[ending.len().saturating_sub(len)..]);
                octets
            }
        }
    }
}

/// `fillPattern`: the pattern once, then its last octet (TS 102 222 6.3.2.2.2). `FF` without a pattern.
pub fn fill_pattern(pattern: &[u8], len: usize) -> alloc::vec::Vec<u8> {
    let last = pattern.last().copied().unwrap_or(0xFF);
    pattern.iter().copied().chain(core::iter::repeat(last)).take(len).collect()
}

/// `repeatPattern`: the pattern again and again. `FF` without a pattern.
pub fn repeat_pattern(pattern: &[u8], len: usize) -> alloc::vec::Vec<u8> {
    let pattern = if pattern.is_empty() { &[0xFF] } else { pattern };
    pattern.iter().copied().cycle().take(len).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_found_by_its_oid_and_names_are_unique() {
        for template in TEMPLATES {
            let oid = [&TEMPLATE_ARCS[..], template.arcs].concat();
            assert_eq!(find(&oid).unwrap().kind, template.kind);
            for (name, _) in template.resized {
                assert!(template.rows.iter().any(|row| row.name == *name), "{name}");
            }
        }
        assert!(find(&[2, 23, 143, 1, 2, 99]).is_none());
    }

    #[test]
    fn no_two_files_of_a_directory_share_a_short_identifier() {
        for template in TEMPLATES {
            for (index, row) in template.rows.iter().enumerate().filter(|(_, row)| row.sfi != 0) {
                let twin = template.rows[..index].iter().enumerate().find(|(earlier, other)| {
                    other.sfi == row.sfi && template.directory_of(*earlier) == template.directory_of(index)
                });
                assert!(twin.is_none(), "{} and {:?}", row.name, twin.map(|(_, row)| row.name));
            }
        }
    }

    #[test]
    fn fills() {
        assert_eq!(ZERO_FF.octets(3), [0, 0xFF, 0xFF]);
        assert_eq!(Fill::Ending(&[7]).octets(3), [0xFF, 0xFF, 7]);
        assert_eq!(Fill::Ending(&[1, 2]).octets(1), [2]);
        assert_eq!(Fill::Repeat(&[1, 2]).octets(3), [1, 2, 1]);
        assert_eq!(fill_pattern(b"en\xFF", 6), b"en\xFF\xFF\xFF\xFF");
    }
}
