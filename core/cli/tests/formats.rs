//! Card files and data folders of builds of before still open, as they were.

mod common;

use common::{Running, esim_lab, run, text};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// The generations of `tests/cases/formats`.
fn generations() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/formats");
    let entries = fs::read_dir(&folder).expect("formats").map(|entry| entry.expect("an entry").path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(!folders.is_empty(), "{} has no generation", folder.display());
    folders
}

/// A copy that may be written to, and that nobody else may read: as it lay with its owner.
fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).expect("a folder");
        for entry in fs::read_dir(from).expect("a folder") {
            let entry = entry.expect("an entry");
            copy(&entry.path(), &to.join(entry.file_name()));
        }
        return;
    }
    fs::copy(from, to).expect("a copy");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(to, fs::Permissions::from_mode(0o600)).expect("permissions");
    }
}

fn lpa(card: &Path, arguments: &[&str]) -> Value {
    let card = card.display().to_string();
    let mut all = vec!["lpa", "--state", &card, "--json"];
    all.extend(arguments);
    serde_json::from_str(&run(&all)).expect("JSON")
}

#[test]
fn cards_open_with_what_they_have() {
    for generation in generations() {
        let folder = tempfile::tempdir().expect("a folder");
        let card = folder.path().join("card");
        copy(&generation.join("card.p256"), &card);
        let listed = |card: &Path| -> Vec<(String, bool, Value)> {
            let profiles = lpa(card, &["list"]);
            let profiles = profiles.as_array().expect("a list").iter();
            let field = |profile: &Value, name: &str| profile[name].clone();
            profiles
                .map(|profile| {
                    let iccid = profile["iccid"].as_str().expect("an ICCID").to_string();
                    (iccid, profile["enabled"] == true, field(profile, "nickname"))
                })
                .collect()
        };
        let before = vec![
            ("8900101474461775379".to_string(), true, json!("Fixture ポケット")),
            ("8900101542545550404".to_string(), false, Value::Null),
        ];
        assert_eq!(listed(&card), before, "{}", generation.display());
        assert_eq!(lpa(&card, &["info"])["eid"], "89049032216301490626244822466435");

        // It goes on living, and what it writes is read again.
        lpa(&card, &["enable", "8900101542545550404"]);
        lpa(&card, &["nickname", "8900101474461775379", "Pocket"]);
        let after = vec![
            ("8900101474461775379".to_string(), false, json!("Pocket")),
            ("8900101542545550404".to_string(), true, Value::Null),
        ];
        assert_eq!(listed(&card), after, "{}", generation.display());

        let card = folder.path().join("card.brainpool");
        copy(&generation.join("card.brainpool"), &card);
        assert_eq!(lpa(&card, &["info"])["eid"], "89049032550414428376424271438850");
    }
}

#[test]
fn orders_are_there_and_can_be_fetched() {
    for generation in generations() {
        let folder = tempfile::tempdir().expect("a folder");
        copy(&generation.join("sm"), &folder.path().join("sm"));
        let data = folder.path().join("sm").display().to_string();
        let (_running, listens) = serve(&data);
        let orders = run(&["sm", "orders", "--sm", &listens, "--data", &data]);
        let wanted =
            fs::read_to_string(generation.join("sm-orders.csv")).expect("what was said of the orders");
        assert_eq!(states(&orders), states(&wanted), "{}", generation.display());

        // By its activation code and by the EID alone.
        for (order, code) in [("8900101000000000012", "FIX-RELEASED-1"), ("8900101000000000043", "")] {
            let card = folder.path().join("card");
            copy(&generation.join("card.p256"), &card);
            let reached = format!("localhost:18443=127.0.0.1:{}", port(&listens));
            let output = esim_lab()
                .args([
                    "lpa",
                    "--state",
                    &card.display().to_string(),
                    "--connect",
                    &reached,
                    "download",
                    "-y",
                ])
                .arg(format!("LPA:1$localhost:18443${code}"))
                .output()
                .expect("esim-lab runs");
            assert!(output.status.success(), "{order} of {}: {}", generation.display(), text(&output));
            let installed = lpa(&card, &["list"]);
            assert!(installed.to_string().contains(order), "{order}: {installed}");
        }
    }
}

/// The SM under the address that its orders were made with, on a free port; where it listens.
fn serve(data: &str) -> (Running, String) {
    let child = esim_lab()
        .args(["sm", "serve", "--listen", "127.0.0.1:0", "--address", "localhost:18443", "--data", data])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the SM starts");
    let mut running = Running(child);
    let stdout = running.0.stdout.take().expect("a pipe");
    let serving = BufReader::new(stdout).lines().nth(1).expect("a second line").expect("a line");
    let url = serving.split_whitespace().last().expect("a URL");
    (running, url.trim_start_matches("https://").to_string())
}

fn port(address: &str) -> &str {
    address.rsplit(':').next().expect("a port")
}

/// ICCID, state and activation code of each line of a report.
fn states(report: &str) -> Vec<Vec<String>> {
    let mut lines = csv_lines(report);
    let heads = lines.remove(0);
    let columns: Vec<usize> = ["iccid", "state", "activationCode", "eid"]
        .iter()
        .map(|name| {
            heads.iter().position(|head| head == name).unwrap_or_else(|| panic!("no {name} in {heads:?}"))
        })
        .collect();
    lines.iter().map(|line| columns.iter().map(|column| plain(&line[*column])).collect()).collect()
}

/// A value without what keeps spreadsheets from calculating with it.
fn plain(value: &str) -> String {
    value.trim_start_matches("=\"").trim_end_matches('"').trim_start_matches('\'').to_string()
}

fn csv_lines(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|line| line.expect("CSV").iter().map(str::to_string).collect()).collect()
}
