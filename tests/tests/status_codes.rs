//! Every pair of subject and reason code that the SM answers with has a name,
//! a cause and a remedy.

use esim_rsp::status::lookup;
use std::path::Path;

/// Pairs written down in a folder's sources, with the file.
fn pairs(folder: &Path, found: &mut Vec<(String, String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pairs(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            for call in text.split("Refusal::new(\"").skip(1) {
                let parts: Vec<&str> = call.splitn(4, '"').collect();
                found.push((parts[0].to_string(), parts[2].to_string(), path.display().to_string()));
            }
        }
    }
}

#[test]
fn every_refusal_can_be_explained() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for folder in ["core/smdp/src", "sm-edge/src"] {
        pairs(&root.join(folder), &mut found);
    }
    assert!(found.len() > 30, "the search finds {}", found.len());
    for (subject, reason, file) in found {
        let row = lookup(&subject, &reason);
        assert!(
            row.is_some_and(|row| !row.cause.is_empty() && !row.remedy.is_empty()),
            "{subject}/{reason} in {file}"
        );
    }
}
