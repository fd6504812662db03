//! docs/WHERE.md is true: each of its files is there, and has in it what its row names.

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
