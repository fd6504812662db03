//! What a file is called. A name belongs to a file identifier within its directory: `6F07` is EF.IMSI in an ADF.USIM
//! and EF.IST in an ADF.ISIM.

use super::{Place, Row, TEMPLATES, Template};
use crate::image::{MF, Naa};

/// ASN.1 name of the field that describes the file with this path, `ef-imsi`; empty where no template has it. The
/// applications say which directory is an ADF of which kind.
pub fn name(path: &[u16], naas: &[Naa]) -> &'static str {
    let found = TEMPLATES.iter().find_map(|template| {
        let below = template.place.below(path, naas)?;
        let row = (0..template.rows.len()).find(|index| template.is_at(*index, below))?;
        template.rows.get(row)
    });
    found.map_or("", |row: &Row| row.name)
}

impl Place {
    /// The rest of a path below this place, if it leads through it.
    fn below<'a>(self, path: &'a [u16], naas: &[Naa]) -> Option<&'a [u16]> {
        let of_application = |fits: &dyn Fn(&Naa) -> bool| {
            naas.iter().filter(|naa| fits(naa)).find_map(|naa| path.strip_prefix(&naa.adf[..]))
        };
        match self {
            Self::Mf => Some(path),
            Self::UnderMf => path.strip_prefix(&[MF]),
            // The first row is the ADF itself, whatever temporary identifier it has.
            Self::NewAdf(kind) => {
                let adf = naas.iter().filter(|naa| naa.kind == kind);
                let depth = adf.filter(|naa| path.starts_with(&naa.adf)).map(|naa| naa.adf.len()).next()?;
                path.get(depth - 1..)
            }
            Self::InAdf(kind) | Self::UnderAdf(kind) => of_application(&|naa| naa.kind == kind),
            Self::UnderLatestAdf => of_application(&|_| true),
        }
    }
}

impl Template {
    /// Whether a row is at this path, counted from the template's place. A row whose identifier the package must give
    /// is found only where it is the ADF, of which the place knows.
    fn is_at(&self, index: usize, below: &[u16]) -> bool {
        let (Some((fid, above)), Some(row)) = (below.split_last(), self.rows.get(index)) else {
            return false;
        };
        let is_adf = index == 0 && matches!(self.place, Place::NewAdf(_));
        if !is_adf && (row.fid == 0 || row.fid != *fid) {
            return false;
        }
        match self.directory_of(index) {
            None => above.is_empty(),
            Some(directory) => self.is_at(directory, above),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::image::NaaKind;
    use crate::testdata::{built, ts48};
    use crate::{Capabilities, Package, resolve};
    use alloc::string::String;
    use alloc::vec;
    use alloc::vec::Vec;

    fn names(package: &Package) -> Vec<(Vec<u16>, &'static str)> {
        let image = resolve(package, Capabilities::everything()).unwrap();
        image.files.iter().map(|file| (file.path.clone(), name(&file.path, &image.naas))).collect()
    }

    #[test]
    fn one_identifier_has_a_name_in_each_directory() {
        let naa = |adf, kind| Naa { adf: vec![MF, adf], aid: vec![0xA0; 7], kind, aka: None };
        let naas = [
            naa(0x7FD0, NaaKind::Usim),
            naa(0x7FB0, NaaKind::Isim),
            naa(0x7FC0, NaaKind::Csim),
            // A second USIM under an identifier of its own.
            naa(0x7FD1, NaaKind::Usim),
        ];
        for (path, expected) in [
            (&[0x3F00][..], "mf"),
            (&[0x3F00, 0x2FE2], "ef-iccid"),
            (&[0x3F00, 0x7F10], "df-telecom"),
            (&[0x3F00, 0x7F10, 0x5F3A, 0x4F30], "ef-pbr"),
            (&[0x3F00, 0x7F10, 0x5F50, 0x4F20], "ef-img"),
            (&[0x3F00, 0x7F10, 0x5F3C, 0x4F20], "ef-mlpl"),
            (&[0x3F00, 0x7F10, 0x5F3D, 0x4F02], "ef-mcs-config"),
            (&[0x3F00, 0x7F10, 0x5F3E, 0x4F02], "ef-v2x-config"),
            (&[0x3F00, 0x7FD0], "adf-usim"),
            (&[0x3F00, 0x7FD1], "adf-usim"),
            (&[0x3F00, 0x7FD0, 0x6F07], "ef-imsi"),
            (&[0x3F00, 0x7FD1, 0x6F07], "ef-imsi"),
            (&[0x3F00, 0x7FD0, 0x5F3A, 0x4F30], "ef-pbr"),
            (&[0x3F00, 0x7FD0, 0x5F3B, 0x4F20], "ef-kc"),
            (&[0x3F00, 0x7FD0, 0x5FC0, 0x4F01], "ef-5gs3gpploci"),
            (&[0x3F00, 0x7FD0, 0x5FC0, 0x4F04], "ef-5gsn3gppnsc"),
            (&[0x3F00, 0x7FD0, 0x5FD0, 0x4F01], "ef-suci-calc-info-usim"),
            (&[0x3F00, 0x7FB0], "adf-isim"),
            (&[0x3F00, 0x7FB0, 0x6F07], "ef-ist"),
            (&[0x3F00, 0x7FB0, 0x6F09], "ef-pcscf"),
            (&[0x3F00, 0x7FB0, 0x6FD5], "ef-gbabp"),
            (&[0x3F00, 0x7FB0, 0x6FD7], "ef-gbanl"),
            (&[0x3F00, 0x7FC0, 0x6F31], "ef-ruimid"),
            (&[0x3F00, 0x7FC0, 0x6F38], "ef-esn-meid-me"),
            // No template has these.
            (&[0x3F00, 0x6F07], ""),
            (&[0x3F00, 0x7F20, 0x6F07], ""),
            (&[0x3F00, 0x7FB0, 0x5FC0, 0x4F01], ""),
            (&[0x3F00, 0x7FD0, 0x5FC0], "df-df-5gs"),
        ] {
            assert_eq!(name(path, &naas), expected, "{path:04X?}");
        }
    }

    #[test]
    fn every_file_made_from_a_template_has_a_name() {
        for (path, name) in names(&built()) {
            assert_ne!(name, "", "{path:04X?}");
        }
        for (package, bytes) in ts48() {
            let named = names(&Package::parse(&bytes).unwrap());
            let nameless: Vec<String> = named
                .iter()
                .filter(|(_, name)| name.is_empty())
                .map(|(path, _)| alloc::format!("{path:04X?}"))
                .collect();
            std::println!("{package}: without a name: {nameless:?}");
            assert!(nameless.len() * 4 < named.len(), "{package}");
        }
    }
}
