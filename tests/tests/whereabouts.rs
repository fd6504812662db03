//! docs/WHERE.md and docs/USER_NEEDS.md are true: each of their files is there, and has in it what its row names.

use std::path::PathBuf;

fn links(cell: &str) -> Vec<&str> {
    cell.split("](../").skip(1).filter_map(|rest| rest.split(')').next()).collect()
}

fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn what_is_said_to_be_somewhere_is_there() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join("docs/WHERE.md")).unwrap();
    let (mut wrong, mut rows) = (Vec::new(), 0);
    for line in text.lines().filter(|line| line.starts_with('|') && line.contains("](../")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        let [what, files, named] = cells[..] else { panic!("three cells: {line}") };
        rows += 1;
        let mut contents = String::new();
        for file in links(files) {
            let path = root.join(file);
            match std::fs::read_to_string(&path) {
                Ok(content) => contents += &content,
                Err(_) if path.is_dir() => {}
                Err(_) => wrong.push(format!("{what}: there is no {file}")),
            }
        }
        let is_folder = links(files).iter().all(|file| root.join(file).is_dir());
        let missing = names(named).into_iter().filter(|name| !is_folder && !contents.contains(name));
        wrong.extend(missing.map(|name| format!("{what}: no {name} in {files}")));
    }
    assert!(rows > 20, "{rows} rows");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is met is met by a case, or by a file that says so.
#[test]
fn what_users_need_is_met_where_it_is_said_to_be() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join("docs/USER_NEEDS.md")).unwrap();
    let (mut wrong, mut cases) = (Vec::new(), 0);
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        let [need, _, met] = cells[..] else { panic!("three cells: {line}") };
        let mut contents = String::new();
        for file in links(met) {
            match std::fs::read_to_string(root.join(file)) {
                Ok(content) => contents += &content,
                Err(_) => wrong.push(format!("{need}: there is no {file}")),
            }
        }
        for case in names(met).into_iter().filter(|name| name.contains('_')) {
            cases += 1;
            if !contents.is_empty() && !contents.contains(case) {
                wrong.push(format!("{need}: no {case}"));
            }
        }
    }
    assert!(cases > 10, "{cases} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
