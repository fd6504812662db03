//! `esim-lab profile`: packages in the TCA interoperable format, looked at,
//! checked, made and compared.

use crate::explain;
use anyhow::{Context, Result, bail};
use esim_rsp::Iccid;
use esim_saip::check::{Severity, check};
use esim_saip::image::{ApplicationKind, File, FileKind, Naa, PinScope};
use esim_saip::templates;
use esim_saip::{Capabilities, Image, Package, coding, resolve};
use esim_sm_edge::smdp::metadata::Class;
use esim_sm_edge::smdp::profile::{Algorithm, Drawn, Subscriber};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

/// What to do with a package. A FILE is DER, hexadecimal or base64; - is standard input.
#[derive(clap::Subcommand)]
pub enum Profile {
    /// Lists its elements, and what an eUICC makes of them.
    Show {
        /// The package.
        file: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// With keys and codes.
        #[arg(long)]
        secrets: bool,
    },
    /// Says what its author would want to be told; exit code 1 if it does not install or does not work.
    Check {
        /// The package.
        file: String,
    },
    /// Makes a package from a description of the subscriber (JSON; see docs/PROFILE.md).
    Build {
        /// The description.
        description: PathBuf,
        /// Where the package goes, DER.
        #[arg(long, short)]
        output: PathBuf,
    },
    /// Compares two packages, element by element and file by file; exit code 1 if they differ.
    Diff {
        /// One package.
        a: String,
        /// The other.
        b: String,
    },
}

/// Runs one of them. Trouble with the input is exit code 2, as with diff(1).
pub fn run(command: &Profile) -> ExitCode {
    let outcome = match command {
        Profile::Show { file, json, secrets } => show(file, *json, *secrets),
        Profile::Check { file } => findings(file),
        Profile::Build { description, output } => build(description, output),
        Profile::Diff { a, b } => diff(a, b),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            tell!("esim-lab: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// A package in any of its forms.
pub fn read(file: &str) -> Result<Package> {
    let octets = explain::read(file)?;
    Package::parse(&octets).map_err(|error| anyhow::anyhow!("{file} is no profile package: {error}"))
}

/// What an eUICC that can do everything makes of it.
fn install(package: &Package) -> Result<Image> {
    resolve(package, Capabilities::everything())
        .map_err(|error| anyhow::anyhow!("it does not install: {error}"))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    profile_type: String,
    version: String,
    iccid: String,
    services: Vec<&'static str>,
    templates: Vec<String>,
    elements: Vec<ShownElement>,
    files: Vec<ShownFile>,
    pins: Vec<String>,
    puks: Vec<String>,
    applications: Vec<String>,
}

#[derive(Serialize)]
struct ShownElement {
    index: usize,
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    identification: Option<u16>,
    mandated: bool,
    octets: usize,
}

#[derive(Serialize)]
struct ShownFile {
    path: String,
    name: &'static str,
    structure: String,
    octets: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    sfi: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
}

fn show(file: &str, json: bool, secrets: bool) -> Result<bool> {
    let package = read(file)?;
    let shown = shown(&package, secrets)?;
    if json {
        say!("{}", serde_json::to_string_pretty(&shown)?);
        return Ok(true);
    }
    say!("{} (version {}), ICCID {}", shown.profile_type, shown.version, shown.iccid);
    say!("services   {}", shown.services.join(", "));
    say!("templates  {}", shown.templates.join(", "));
    say!("\nelements");
    for it in &shown.elements {
        let identification = it.identification.map(|number| format!("#{number}")).unwrap_or_default();
        let mandated = if it.mandated { "mandated" } else { "" };
        say!("{:>4}  {:<22} {identification:<5} {:>6} octets  {mandated}", it.index, it.name, it.octets);
    }
    say!("\nfiles");
    for it in &shown.files {
        let sfi = it.sfi.map(|sfi| format!("SFI {sfi:02X}")).unwrap_or_default();
        let rule = it.rule.as_deref().unwrap_or_default();
        say!("  {:<24} {:<16} {:<22} {:>6}  {sfi:<6} {rule}", it.path, it.name, it.structure, it.octets);
    }
    for (title, lines) in
        [("codes", [&shown.pins[..], &shown.puks].concat()), ("applications", shown.applications)]
    {
        say!("\n{title}");
        lines.iter().for_each(|line| say!("  {line}"));
    }
    Ok(true)
}

fn shown(package: &Package, secrets: bool) -> Result<Shown> {
    let header = package.header().context("it has no header")?;
    let image = install(package)?;
    let dotted = |oid: &[u32]| oid.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
    let elements = package.elements.iter().enumerate().map(|(index, element)| ShownElement {
        index,
        name: element.name(),
        identification: element.header().map(|header| header.identification),
        mandated: element.header().is_some_and(|header| header.mandated.is_some()),
        octets: element.raw().len(),
    });
    let value =
        |octets: &[u8]| if secrets { format!(" = {}", hex::encode_upper(octets)) } else { String::new() };
    let pins = image.pins.iter().map(|pin| {
        let enabled = if pin.attributes & 1 != 0 { "enabled" } else { "disabled" };
        let tries = format!("{}/{} tries", pin.attempts_left, pin.max_attempts);
        format!("PIN {:02X} {}, {enabled}, {tries}{}", pin.reference, scope(&pin.scope), value(&pin.value))
    });
    let puks = image.puks.iter().map(|puk| {
        let tries = format!("{}/{} tries", puk.attempts_left, puk.max_attempts);
        format!("PUK {:02X} {}, {tries}{}", puk.reference, scope(&puk.scope), value(&puk.value))
    });
    let applications = image.naas.iter().map(|naa| application(naa, secrets));
    let managed = image.applications.iter().map(|it| {
        let kind = match &it.kind {
            ApplicationKind::SecurityDomain { keys } => format!("security domain, {} keys", keys.len()),
            ApplicationKind::Rfm { .. } => "remote file management".to_string(),
            ApplicationKind::Applet { .. } => "applet, stored and not run".to_string(),
            ApplicationKind::LoadPackage => "load package".to_string(),
        };
        let tars: Vec<String> = it.tars.iter().map(hex::encode_upper).collect();
        format!("{} {kind} {}", hex::encode_upper(&it.aid), tars.join(" "))
    });
    Ok(Shown {
        profile_type: image.profile_type.clone(),
        version: format!("{}.{}", image.version.0, image.version.1),
        iccid: coding::decode_iccid(&image.iccid),
        services: header.mandatory_services.names(),
        templates: header.mandatory_templates.iter().map(|oid| dotted(oid)).collect(),
        elements: elements.collect(),
        files: image.files.iter().map(|file| shown_file(file, &image)).collect(),
        pins: pins.collect(),
        puks: puks.collect(),
        applications: applications.chain(managed).collect(),
    })
}

fn application(naa: &Naa, secrets: bool) -> String {
    use esim_saip::image::Algorithm::{Mapping, Milenage, Tuak, UsimTest};
    let algorithm = match naa.aka.as_ref().map(|aka| &aka.algorithm) {
        None => "no keys".to_string(),
        Some(Milenage { key, opc, .. }) if secrets => {
            format!("Milenage, K {}, OPc {}", hex::encode_upper(key), hex::encode_upper(opc))
        }
        Some(Tuak { key, topc, .. }) if secrets => {
            format!("TUAK, K {}, TOPc {}", hex::encode_upper(key), hex::encode_upper(topc))
        }
        Some(UsimTest { key }) if secrets => format!("test algorithm, K {}", hex::encode_upper(key)),
        Some(Milenage { .. }) => "Milenage".to_string(),
        Some(Tuak { .. }) => "TUAK".to_string(),
        Some(UsimTest { .. }) => "test algorithm".to_string(),
        Some(Mapping { aid, .. }) => format!("keys of {}", hex::encode_upper(aid)),
    };
    format!("{} {:?}, {algorithm}", hex::encode_upper(&naa.aid), naa.kind)
}

fn shown_file(file: &File, image: &Image) -> ShownFile {
    let structure = match &file.kind {
        FileKind::Df { aid: Some(_), .. } => "ADF".to_string(),
        FileKind::Df { .. } => "directory".to_string(),
        FileKind::Transparent { .. } => "transparent".to_string(),
        FileKind::LinearFixed { record_len, data } => {
            format!("{} records of {record_len}", data.len() / usize::from(*record_len).max(1))
        }
        FileKind::Cyclic { record_len, data } => {
            format!("ring of {} by {record_len}", data.len() / usize::from(*record_len).max(1))
        }
        FileKind::BerTlv { max, .. } => format!("data objects up to {max}"),
    };
    ShownFile {
        path: path(file),
        name: templates::name(&file.path, &image.naas),
        structure,
        octets: file.data().len(),
        sfi: file.sfi,
        rule: file.arr.map(|arr| format!("rule {} of {:04X}", arr.record, arr.fid)),
    }
}

fn path(file: &File) -> String {
    fids(&file.path)
}

/// Whose a code is.
fn scope(scope: &PinScope) -> String {
    match scope {
        PinScope::Global => "of the card".to_string(),
        PinScope::Local(path) => format!("of {}", fids(path)),
    }
}

fn fids(path: &[u16]) -> String {
    path.iter().map(|fid| format!("{fid:04X}")).collect::<Vec<_>>().join("/")
}

fn findings(file: &str) -> Result<bool> {
    let package = read(file)?;
    let mut findings = check(&package);
    findings.sort_by_key(|it| core::cmp::Reverse(it.severity));
    for it in &findings {
        let element = it.element.map(|index| format!(" element {index}")).unwrap_or_default();
        let severity = format!("{:?}", it.severity).to_lowercase();
        say!("{severity}{element} [{}]: {}", it.rule, it.text);
    }
    if findings.is_empty() {
        say!("nothing to say against it");
    }
    Ok(findings.iter().all(|it| it.severity < Severity::Error))
}

/// A subscriber and whose profile it becomes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    iccid: Iccid,
    #[serde(default = "operational")]
    profile_type: String,
    subscriber: serde_json::Value,
}

fn operational() -> String {
    "Operational profile".to_string()
}

/// Fields of a subscriber, so that a misspelt one is told and not passed over.
const FIELDS: [&str; 12] = [
    "imsi",
    "ki",
    "opc",
    "algorithm",
    "mncLength",
    "msisdn",
    "spn",
    "smsc",
    "gid1",
    "ota",
    "codes",
    "comment",
];

fn build(description: &PathBuf, output: &PathBuf) -> Result<bool> {
    let text = std::fs::read_to_string(description)
        .with_context(|| format!("cannot read {}", description.display()))?;
    let described: Description =
        serde_json::from_str(&text).with_context(|| description.display().to_string())?;
    let fields = described.subscriber.as_object().context("subscriber is no JSON object")?;
    if let Some(unknown) = fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        bail!("subscriber has no field {unknown}; it has {}", FIELDS.join(", "));
    }
    let subscriber: Subscriber =
        serde_json::from_value(described.subscriber).context("the subscriber's data")?;
    let class = match subscriber.algorithm {
        Algorithm::UsimTest => Class::Test,
        Algorithm::Milenage | Algorithm::Tuak => Class::Operational,
    };
    let drawn = Drawn::new(class, &mut crate::random()?);
    let built = subscriber.build(described.iccid, &described.profile_type, &drawn);
    let upp = built.map_err(|error| anyhow::anyhow!("{}: {}", description.display(), error.kind))?;
    std::fs::write(output, &upp).with_context(|| format!("cannot write {}", output.display()))?;
    say!("{}: {} octets, ICCID {}", output.display(), upp.len(), described.iccid);
    for (name, code) in drawn.told(&subscriber.codes).named() {
        say!("{:<5} {code}", name.to_uppercase());
    }
    Ok(true)
}

fn diff(a: &str, b: &str) -> Result<bool> {
    let (one, other) = (read(a)?, read(b)?);
    let mut same = true;
    let mut tell = |line: String| {
        same = false;
        say!("{line}");
    };
    let count = one.elements.len().max(other.elements.len());
    for index in 0..count {
        match (one.elements.get(index), other.elements.get(index)) {
            (Some(left), Some(right)) if left.raw() == right.raw() => {}
            (Some(left), Some(right)) if left.name() == right.name() => tell(format!(
                "element {index} {}: {}",
                left.name(),
                first_difference(left.raw(), right.raw())
            )),
            (left, right) => {
                let name = |it: Option<&esim_saip::Element>| it.map_or("nothing", |it| it.name());
                tell(format!("element {index}: {} | {}", name(left), name(right)));
            }
        }
    }
    let (left, right) = (install(&one)?, install(&other)?);
    let paths: BTreeSet<&Vec<u16>> = left.files.iter().chain(&right.files).map(|file| &file.path).collect();
    for at in paths {
        let naas = if left.file(at).is_some() { &left.naas } else { &right.naas };
        let name = |file: &File| templates::name(&file.path, naas);
        match (left.file(at), right.file(at)) {
            (Some(one), Some(other)) if one == other => {}
            (Some(one), Some(other)) if one.data() != other.data() => {
                let what = first_difference(one.data(), other.data());
                tell(format!("file {} {}: {what}", path(one), name(one)));
            }
            (Some(one), Some(_)) => tell(format!("file {} {}: other attributes", path(one), name(one))),
            (Some(one), None) => tell(format!("file {} {}: only in {a}", path(one), name(one))),
            (None, Some(other)) => tell(format!("file {} {}: only in {b}", path(other), name(other))),
            (None, None) => {}
        }
    }
    Ok(same)
}

/// Where two values part, and what stands there.
fn first_difference(a: &[u8], b: &[u8]) -> String {
    let at = a.iter().zip(b).position(|(a, b)| a != b).unwrap_or(a.len().min(b.len()));
    let some = |octets: &[u8]| {
        let rest: Vec<u8> = octets.iter().skip(at).take(8).copied().collect();
        if rest.is_empty() { "end".to_string() } else { hex::encode_upper(rest) }
    };
    format!("from octet {at}: {} | {} ({} | {} octets)", some(a), some(b), a.len(), b.len())
}
