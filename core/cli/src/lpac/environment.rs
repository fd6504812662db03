//! lpac's environment variables: where the card is, and how servers are reached.

use crate::card::Where;
use std::path::PathBuf;

/// Index of the reader, as `lpac driver apdu list` tells it.
pub(super) const READER_INDEX: &str = "LPAC_APDU_PCSC_DRV_IFID";
/// Serial port of a modem.
pub(super) const MODEM: &str = "LPAC_APDU_AT_DEVICE";
/// Serial port, where none is named.
const DEFAULT_MODEM: &str = "/dev/ttyUSB0";

/// Name of that folder.
const CI_FOLDER: &str = "esim-lab-ci";

/// Where the card is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Apdu {
    /// In a reader.
    Reader(Readers),
    /// At a modem's serial port.
    Modem(String),
    /// With whoever has started this program: JSON lines on standard output, answers on standard input.
    Stdio,
    /// Any place that `esim-lab lpa --card` takes.
    Place(Where),
}

/// Which readers come into question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Readers {
    /// The one with this number.
    pub index: Option<usize>,
    /// Those with this in their names.
    pub name: Option<String>,
    /// Not those with any of these in their names.
    pub ignored: Vec<String>,
}

impl Readers {
    /// The first of them is taken, where nothing is said.
    pub fn is_any(&self) -> bool {
        *self == Self::default()
    }

    /// Whether this one does.
    pub fn take(&self, index: usize, name: &str) -> bool {
        let named = self.name.as_ref().map(|part| name.contains(part.as_str()));
        let numbered = self.index.map(|wanted| wanted == index);
        let wanted = match (numbered, named) {
            (Some(numbered), named) => numbered || named == Some(true),
            (None, named) => named.unwrap_or(true),
        };
        wanted && !self.ignored.iter().any(|part| name.contains(part.as_str()))
    }
}

/// How servers are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Http {
    /// By this program itself; lpac calls that `curl`.
    Own,
    /// By whoever has started it: JSON lines.
    Stdio,
}

/// Names of the ways to a card.
pub(super) const APDU_DRIVERS: [&str; 4] = ["pcsc", "at", "stdio", "esim-lab"];
/// Names of the ways to servers.
pub(super) const HTTP_DRIVERS: [&str; 2] = ["curl", "stdio"];

/// All that is said there.
#[derive(Debug)]
pub(super) struct Environment {
    /// The way to the card.
    pub apdu: Apdu,
    /// The way to servers.
    pub http: Http,
    /// Names the ISD-R, in hexadecimal digits.
    pub aid: Option<String>,
    /// Octets of a STORE DATA block.
    pub block: Option<String>,
    /// CI certificates for TLS (DER).
    pub cis: Vec<PathBuf>,
    /// Whether APDUs are shown on standard error.
    pub shows_apdus: bool,
    /// Whether HTTP is.
    pub shows_http: bool,
}

impl Environment {
    /// Reads it.
    ///
    /// # Errors
    /// A sentence that names what is unknown.
    pub fn read() -> Result<Self, String> {
        let http = match variable("LPAC_HTTP").as_deref() {
            None | Some("curl" | "winhttp") => Http::Own,
            Some("stdio") => Http::Stdio,
            Some(other) => {
                return Err(format!("No HTTP driver found: LPAC_HTTP is {other}; there are curl and stdio"));
            }
        };
        Ok(Self {
            apdu: apdu(variable("LPAC_APDU").as_deref().unwrap_or("pcsc"))?,
            http,
            aid: variable("LPAC_CUSTOM_ISD_R_AID"),
            block: variable("LPAC_CUSTOM_ES10X_MSS"),
            cis: match std::env::var_os("ESIM_LAB_CI") {
                Some(cis) => {
                    std::env::split_paths(&cis).filter(|path| !path.as_os_str().is_empty()).collect()
                }
                None => beside(),
            },
            shows_apdus: variable("LIBEUICC_DEBUG_APDU").is_some(),
            shows_http: variable("LIBEUICC_DEBUG_HTTP").is_some(),
        })
    }
}

/// CI certificates in a folder beside this program, as it was called: some front-ends pass no variables on but lpac's own.
fn beside() -> Vec<PathBuf> {
    let called = std::env::args_os().next().map(PathBuf::from);
    let called = called.filter(|path| path.parent().is_some_and(|folder| !folder.as_os_str().is_empty()));
    let Some(program) = called.or_else(|| std::env::current_exe().ok()) else { return Vec::new() };
    // Where there is no such folder, nothing is in it.
    let entries = program.with_file_name(CI_FOLDER).read_dir().into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("der")));
    files.sort();
    files
}

fn apdu(driver: &str) -> Result<Apdu, String> {
    Ok(match driver {
        "pcsc" => {
            let ignored = variable("LPAC_APDU_PCSC_DRV_IGNORE_NAME").unwrap_or_default();
            Apdu::Reader(Readers {
                // -1 says any.
                index: renamed(READER_INDEX, "DRIVER_IFID").and_then(|index| index.trim().parse().ok()),
                name: renamed("LPAC_APDU_PCSC_DRV_NAME", "DRIVER_NAME"),
                ignored: ignored.split(';').filter(|part| !part.is_empty()).map(String::from).collect(),
            })
        }
        "at" | "at_csim" => Apdu::Modem(renamed(MODEM, "AT_DEVICE").unwrap_or_else(|| DEFAULT_MODEM.into())),
        "stdio" => Apdu::Stdio,
        other => match other.strip_prefix("esim-lab:") {
            Some(place) => Apdu::Place(place.parse().map_err(|error| format!("LPAC_APDU: {error}"))?),
            None => {
                return Err(format!(
                    "No APDU driver found: LPAC_APDU is {other}; there are pcsc, at, stdio, and esim-lab:PLACE with a place as \
                     esim-lab lpa --card takes it"
                ));
            }
        },
    })
}

/// What it says; an empty one says nothing.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The same of one that had another name before.
fn renamed(name: &str, before: &str) -> Option<String> {
    variable(name).or_else(|| {
        let value = variable(before)?;
        tell!("WARNING: Please use '{name}' instead of '{before}'");
        Some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_taken_by_number_or_name() {
        let readers = |index, name: Option<&str>, ignored: &[&str]| Readers {
            index,
            name: name.map(String::from),
            ignored: ignored.iter().map(ToString::to_string).collect(),
        };
        assert!(readers(None, None, &[]).take(3, "any"));
        assert!(readers(Some(1), None, &[]).take(1, "any") && !readers(Some(1), None, &[]).take(0, "any"));
        assert!(readers(Some(1), Some("Gem"), &[]).take(0, "Gemalto"));
        assert!(!readers(None, Some("Gem"), &[]).take(0, "Omnikey"));
        assert!(!readers(Some(0), None, &["Yubi", "Can"]).take(0, "Yubico"));
    }
}
