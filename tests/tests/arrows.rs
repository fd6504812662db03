//! The architecture's arrows, held against `cargo metadata`: a crate sees only
//! what its role would see in the field.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// Who may see whom, among the project's own crates.
const ARROWS: &[(&str, &[&str])] = &[
    ("esim-disk", &[]),
    ("esim-rsp", &[]),
    ("esim-crypto", &["esim-rsp"]),
    ("esim-saip", &["esim-rsp"]),
    // An LPA cannot read keys: its crate cannot see the crate that holds them.
    ("esim-lpa", &["esim-rsp"]),
    ("esim-net", &["esim-crypto"]),
    // What is read in a picture is told from what is no activation code.
    ("esim-qr", &["esim-rsp"]),
    // Framing for whatever card, modem and reader there is.
    ("esim-reader", &[]),
    ("esim-euicc", &["esim-rsp", "esim-crypto", "esim-saip"]),
    ("esim-smdp", &["esim-rsp", "esim-crypto", "esim-saip"]),
    ("esim-sm-edge", &["esim-rsp", "esim-crypto", "esim-smdp"]),
    ("esim-sm-native", &["esim-disk", "esim-rsp", "esim-crypto", "esim-smdp", "esim-sm-edge"]),
    // Measures what has been built, and sees nothing of how.
    ("esim-size", &[]),
    // What the tests of every host share; no host is in it.
    ("esim-sm-lab", &["esim-rsp", "esim-crypto", "esim-smdp", "esim-sm-edge"]),
    ("esim-worker", &["esim-rsp", "esim-crypto", "esim-smdp", "esim-sm-edge"]),
    (
        "esim-world",
        &[
            "esim-disk",
            "esim-rsp",
            "esim-crypto",
            "esim-saip",
            "esim-euicc",
            "esim-lpa",
            "esim-sm-edge",
            "esim-net",
        ],
    ),
    (
        "esim-cli",
        &[
            "esim-disk",
            "esim-rsp",
            "esim-crypto",
            "esim-saip",
            "esim-euicc",
            "esim-lpa",
            "esim-qr",
            "esim-reader",
            "esim-sm-edge",
            "esim-sm-native",
            "esim-net",
            "esim-world",
        ],
    ),
    // Ways to whatever card there is.
    ("esim-cards", &["esim-reader"]),
    // A module of its own, loaded by whoever looks for codes.
    ("esim-wasm-qr", &["esim-qr"]),
    (
        "esim-wasm",
        &["esim-rsp", "esim-crypto", "esim-euicc", "esim-lpa", "esim-sm-edge", "esim-net", "esim-world"],
    ),
];

/// Crates that may see everything.
const FREE: &[&str] = &["esim-tests"];

/// What makes a crate depend on the machine it runs on: never below `core/`, but for the command, nor in the SM that all
/// hosts share.
const HOST_ONLY: &[&str] = &[
    "tokio",
    "reqwest",
    "rusqlite",
    "hyper",
    "getrandom",
    "rustls",
    "wasm-bindgen",
    "worker",
    "serialport",
    "pcsc",
];

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    metadata["packages"].as_array().expect("packages").clone()
}

/// Names of ordinary dependencies; those for tests alone do not count.
fn dependencies(package: &Value) -> Vec<String> {
    let all = package["dependencies"].as_array().expect("dependencies");
    let ordinary = all.iter().filter(|dependency| dependency["kind"].is_null());
    ordinary.map(|dependency| dependency["name"].as_str().expect("a name").to_string()).collect()
}

#[test]
fn no_arrow_is_broken() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut broken = Vec::new();
    for package in packages() {
        let name = package["name"].as_str().expect("a name").to_string();
        if FREE.contains(&name.as_str()) {
            continue;
        }
        let Some(may_see) = allowed.get(name.as_str()) else {
            broken.push(format!("{name} is in no row of the table of arrows"));
            continue;
        };
        for seen in dependencies(&package) {
            if seen.starts_with("esim-") && seen != name && !may_see.contains(&seen.as_str()) {
                broken.push(format!("{name} sees {seen}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn core_and_service_know_no_host() {
    for package in packages() {
        let manifest = package["manifest_path"].as_str().expect("a path");
        let name = package["name"].as_str().expect("a name");
        let is_shared = manifest.contains("/core/") || name == "esim-sm-edge";
        if !is_shared || name == "esim-cli" {
            continue;
        }
        for seen in dependencies(&package) {
            assert!(!HOST_ONLY.contains(&seen.as_str()), "{name} depends on {seen}");
        }
    }
}

/// The secrets of a session are told to whomever [`esim_rsp::check::Checks::with_secrets`] names. The call is there with a
/// feature that the world alone switches on, and nobody else makes it.
#[test]
fn the_world_alone_hears_secrets() {
    for package in packages() {
        let name = package["name"].as_str().expect("a name");
        let all = package["dependencies"].as_array().expect("dependencies");
        let rsp = all.iter().filter(|dependency| dependency["name"] == "esim-rsp");
        let asked: Vec<_> = rsp.flat_map(|it| it["features"].as_array().expect("features")).collect();
        let passed_on = package["features"].to_string().contains("esim-rsp/secrets");
        let asks = asked.iter().any(|feature| *feature == "secrets") || passed_on;
        assert_eq!(asks, name == "esim-world", "{name}");
        if ["esim-rsp", "esim-world"].contains(&name) {
            continue;
        }
        let manifest = std::path::Path::new(package["manifest_path"].as_str().expect("a path"));
        let mut folders = vec![manifest.with_file_name("src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(text) = std::fs::read_to_string(&path) {
                    assert!(!text.contains("with_secrets"), "{}", path.display());
                }
            }
        }
    }
}

/// Types as TypeScript has them are for the test that writes them down: nothing that is shipped knows of them.
#[test]
fn nothing_shipped_speaks_typescript() {
    for package in packages() {
        let name = package["name"].as_str().expect("a name");
        let by_default = package["features"]["default"].as_array();
        let default: Vec<_> = by_default.into_iter().flatten().filter_map(Value::as_str).collect();
        assert!(!default.contains(&"ts"), "{name} has it by default");
        let all = package["dependencies"].as_array().expect("dependencies");
        for dependency in all.iter().filter(|dependency| dependency["kind"] != "dev") {
            let seen = dependency["name"].as_str().expect("a name");
            let features = dependency["features"].as_array().expect("features");
            assert!(!features.contains(&Value::from("ts")), "{name} switches it on in {seen}");
            assert!(seen != "ts-rs" || dependency["optional"] == true, "{name} depends on {seen}");
        }
    }
}

/// A crate's tests are one program: a file that it does not name is none of them.
#[test]
fn every_file_of_tests_is_in_its_program() {
    let (mut files, mut forgotten) = (0, Vec::new());
    for package in packages() {
        let target = package["targets"].as_array().unwrap().iter().find(|target| target["name"] == "it");
        let Some(path) = target.and_then(|target| target["src_path"].as_str()).map(PathBuf::from) else {
            continue;
        };
        let main = std::fs::read_to_string(&path).unwrap();
        let own: Vec<_> =
            package["targets"].as_array().unwrap().iter().map(|target| &target["name"]).collect();
        for entry in path.parent().unwrap().read_dir().unwrap() {
            let entry = entry.unwrap().path();
            let is_module = entry.extension().is_some_and(|it| it == "rs") || entry.join("mod.rs").exists();
            let name = entry.file_stem().unwrap().to_string_lossy().into_owned();
            if !is_module || name == "main" || own.iter().any(|own| **own == *name) {
                continue;
            }
            files += 1;
            if !main.lines().any(|line| line == format!("mod {name};")) {
                forgotten.push(entry.display().to_string());
            }
        }
    }
    assert!(files > 70, "{files} files");
    assert!(forgotten.is_empty(), "in no program: {forgotten:?}");
}
