//! `esim-size NAMED_MODULE DIST PACKAGE`: what the main module weighs by part, the page over the wire, and the package's other
//! modules, held against `budget.toml`. Ends with 1 where anything is more than a tenth above it; `ESIM_LAB_BLESS=1` writes it anew.

mod parts;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// All sizes in octets.
#[derive(Deserialize, Serialize)]
struct Budget {
    /// What the page sends in Brotli, by kind of file.
    sent: BTreeMap<String, u64>,
    /// The module by part, before it is compressed; small parts together.
    parts: BTreeMap<String, u64>,
    /// Files of the package's other modules, as they are.
    beside: BTreeMap<String, u64>,
}

/// Parts below this are one line of a new budget.
const SMALL: u64 = 20_000;
const HEAD: &str = "# What the page sends in Brotli and what its module is made of, in octets: `./check sizes` fails where one of them\n\
                    # is more than a tenth above. `ESIM_LAB_BLESS=1 ./check sizes` writes this; the commit says why it has grown.\n\n";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [module, dist, package] = &arguments[..] else { bail!("usage: esim-size NAMED_MODULE DIST PACKAGE") };
    let module = std::fs::read(module).with_context(|| module.clone())?;
    let (sent, parts, beside) = (sent(Path::new(dist))?, parts::parts(&module)?, beside(Path::new(package))?);
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("budget.toml");
    if std::env::var_os("ESIM_LAB_BLESS").is_some() {
        let budget = Budget {
            sent: sent.clone(),
            parts: together(&parts, |_, octets| octets >= SMALL),
            beside: beside.clone(),
        };
        std::fs::write(&file, HEAD.to_string() + &toml::to_string(&budget)?)?;
    }
    let budget: Budget = toml::from_str(&std::fs::read_to_string(&file)?)?;
    let mut wrong = held("sent in Brotli", &sent, &budget.sent);
    let parts = together(&parts, |name, _| budget.parts.contains_key(name));
    wrong.extend(held("of the module", &parts, &budget.parts));
    wrong.extend(held("of modules beside it", &beside, &budget.beside));
    if !wrong.is_empty() {
        bail!("not as wasm/size/budget.toml allows: {}", wrong.join(", "));
    }
    Ok(())
}

/// Prints each line beside its budget; those that are too large, or that nobody has allowed.
fn held(what: &str, weighed: &BTreeMap<String, u64>, budget: &BTreeMap<String, u64>) -> Vec<String> {
    println!(
        "{:>9}  {:>9}  octets {what}, and allowed",
        weighed.values().sum::<u64>(),
        budget.values().sum::<u64>()
    );
    let mut lines: Vec<_> = weighed.iter().collect();
    lines.sort_by_key(|(_, octets)| std::cmp::Reverse(**octets));
    // What is no longer there was not weighed: somebody says that it is gone.
    let gone = budget.keys().filter(|name| !weighed.contains_key(*name));
    let mut wrong: Vec<String> = gone.map(|name| format!("{name} (not there)")).collect();
    for (name, octets) in lines {
        let allowed = budget.get(name).copied().unwrap_or_default();
        let too_large = *octets * 10 > allowed * 11;
        println!("{octets:>9}  {allowed:>9}  {name}{}", if too_large { "  TOO LARGE" } else { "" });
        if too_large {
            wrong.push(name.clone());
        }
    }
    wrong
}

/// A line for each that has one of its own, and one for the others.
fn together(parts: &BTreeMap<String, u64>, has_its_own: impl Fn(&str, u64) -> bool) -> BTreeMap<String, u64> {
    let mut lines = BTreeMap::new();
    for (name, octets) in parts {
        let name = if has_its_own(name, *octets) { name } else { "small libraries" };
        *lines.entry(name.to_string()).or_default() += octets;
    }
    lines
}

/// Octets of the files of a package that a browser loads, but for those of its main module.
fn beside(package: &Path) -> Result<BTreeMap<String, u64>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(package).with_context(|| package.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_loaded = path.extension().is_some_and(|it| it == "wasm" || it == "js");
        if is_loaded && !name.starts_with("esim_lab") {
            files.insert(name, path.metadata()?.len());
        }
    }
    Ok(files)
}

/// Octets of the compressed files by their kind: `wasm`, `js`, …
fn sent(folder: &Path) -> Result<BTreeMap<String, u64>> {
    let mut kinds = BTreeMap::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            for (kind, octets) in sent(&path)? {
                *kinds.entry(kind).or_default() += octets;
            }
        } else if path.extension().is_some_and(|it| it == "br") {
            let kind = path.file_stem().map(Path::new).and_then(Path::extension).context("a kind of file")?;
            *kinds.entry(kind.to_string_lossy().into_owned()).or_default() += path.metadata()?.len();
        }
    }
    Ok(kinds)
}
