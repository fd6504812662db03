//! `driver`: which ways there are, and what is plugged in.

use super::environment::{APDU_DRIVERS, Apdu, Environment, HTTP_DRIVERS, MODEM, READER_INDEX};
use super::line::{Failed, print};
use crate::card::readers;
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct Drivers {
    #[serde(rename = "LPAC_APDU")]
    apdu: [&'static str; 4],
    #[serde(rename = "LPAC_HTTP")]
    http: [&'static str; 2],
}

/// What can be chosen by an environment variable.
#[derive(Serialize)]
struct Choice {
    env: &'static str,
    data: Vec<Device>,
}

/// The value of the variable, and what it stands for.
#[derive(Serialize)]
struct Device {
    env: String,
    name: String,
}

/// Where Linux keeps serial ports by the names of their devices.
const SERIAL_PORTS: &str = "/dev/serial/by-id";

/// `driver list`.
pub(super) fn drivers() {
    print("driver", Drivers { apdu: APDU_DRIVERS, http: HTTP_DRIVERS });
}

/// `driver apdu list`.
pub(super) fn apdu(environment: &Environment, arguments: &[String]) -> Result<(), Failed> {
    if !matches!(environment.apdu, Apdu::Reader(_) | Apdu::Modem(_)) {
        return Ok(());
    }
    let Some(what) = arguments.first() else {
        tell!("Usage: apdu <list>");
        return Err(Failed);
    };
    if what != "list" {
        return Ok(());
    }
    let choice = match &environment.apdu {
        Apdu::Modem(_) => Choice { env: MODEM, data: ports() },
        _ => Choice { env: READER_INDEX, data: numbered()? },
    };
    print("driver", choice);
    Ok(())
}

fn numbered() -> Result<Vec<Device>, Failed> {
    let listed = readers().map_err(|error| {
        tell!("esim-lab: {error:#}");
        Failed
    })?;
    let device = |(index, card): (usize, String)| Device {
        env: index.to_string(),
        name: card.strip_prefix("reader:").unwrap_or(&card).into(),
    };
    Ok(listed.into_iter().map(|it| it.card).enumerate().map(device).collect())
}

fn ports() -> Vec<Device> {
    // Without such a folder there are none by name.
    let entries = Path::new(SERIAL_PORTS).read_dir().into_iter().flatten().flatten();
    let device = |entry: std::fs::DirEntry| Device {
        env: entry.path().display().to_string(),
        name: entry.file_name().to_string_lossy().into_owned(),
    };
    entries.map(device).collect()
}
