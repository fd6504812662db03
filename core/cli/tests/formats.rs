//! Card files and data folders of builds of before still open, as they were.

use crate::common;

use common::{Running, card_notifications, esim_lab, run};
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

/// What `expected.json` says of a generation.
fn expected(generation: &Path) -> Value {
    let text = fs::read_to_string(generation.join("expected.json")).expect("expected.json");
    serde_json::from_str(&text).expect("JSON")
}

fn lpa(card: &Path, arguments: &[&str]) -> Value {
    let card = card.display().to_string();
    let mut all = vec!["lpa", "--state", &card, "--json"];
    all.extend(arguments);
    common::result_of(&run(&all))
}

/// A card as `expected.json` tells it.
fn told(card: &Path) -> Value {
    let profiles: Value = lpa(card, &["list"])
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| json!({"iccid": it["iccid"], "enabled": it["enabled"], "nickname": it["nickname"]}))
        .collect();
    let notifications = card_notifications(&card.display().to_string());
    json!({"eid": lpa(card, &["info"])["eid"], "profiles": profiles, "notifications": notifications})
}

#[test]
fn cards_open_with_what_they_have() {
    for generation in generations() {
        let place = generation.display();
        let cards = expected(&generation)["cards"].as_object().expect("cards").clone();
        assert!(!cards.is_empty(), "{place} has no cards");
        for (name, wanted) in cards {
            let folder = tempfile::tempdir().expect("a folder");
            let card = folder.path().join("card");
            copy(&generation.join(&name), &card);
            assert_eq!(told(&card), wanted, "{name} of {place}");

            // It goes on living, and what it writes is read again.
            let mut profiles = wanted["profiles"].as_array().expect("a list").clone();
            let Some(other) = profiles.iter().position(|profile| profile["enabled"] == false) else {
                continue;
            };
            let iccid = profiles[other]["iccid"].as_str().expect("an ICCID").to_string();
            lpa(&card, &["enable", &iccid]);
            lpa(&card, &["nickname", &iccid, "Pocket"]);
            profiles.iter_mut().for_each(|profile| profile["enabled"] = json!(false));
            profiles[other] = json!({"iccid": iccid, "enabled": true, "nickname": "Pocket"});
            assert_eq!(told(&card)["profiles"], json!(profiles), "{name} of {place}");
        }
    }
}

#[test]
fn orders_are_there_and_can_be_fetched() {
    for generation in generations() {
        let place = generation.display();
        let wanted = expected(&generation)["sm"].clone();
        let address = wanted["address"].as_str().expect("an address");
        let folder = tempfile::tempdir().expect("a folder");
        copy(&generation.join("sm"), &folder.path().join("sm"));
        let data = folder.path().join("sm").display().to_string();
        let (_running, listens) = serve(&data, address);
        let orders = run(&["sm", "orders", "--sm", &listens, "--data", &data]);
        let before =
            fs::read_to_string(generation.join("sm-orders.csv")).expect("what was said of the orders");
        assert_eq!(states(&orders), states(&before), "{place}");
        let sound = || {
            run(&["sm", "check", "--data", &data]);
            run(&["sm", "audit", "--sm", &listens, "--data", &data]);
        };
        sound();

        let fetched = wanted["fetched"].as_array().expect("orders to fetch");
        assert!(!fetched.is_empty(), "{place} has nothing to fetch");
        for order in fetched {
            let member = |name: &str| order[name].as_str().expect(name);
            let card = folder.path().join("card");
            copy(&generation.join(member("card")), &card);
            let reached = format!("{address}=127.0.0.1:{}", port(&listens));
            let code = format!("LPA:1${address}${}", member("matchingId"));
            lpa(&card, &["--connect", &reached, "download", "-y", &code]);
            let installed = lpa(&card, &["list"]);
            assert!(installed.to_string().contains(member("iccid")), "{order} of {place}: {installed}");
        }
        sound();
    }
}

/// The SM under the address that its orders were made with, on a free port; where it listens.
fn serve(data: &str, address: &str) -> (Running, String) {
    let child = esim_lab()
        .args(["sm", "serve", "--listen", "127.0.0.1:0", "--address", address, "--data", data])
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
