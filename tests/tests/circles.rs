//! No two files of a crate use each other, but for those that say why.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Circles that stand, with the reason that docs/ARCHITECTURE.md gives. One that is there no more is struck out here.
const EXCEPTIONS: &[(&str, &[&str])] = &[
    ("core/lpa", &["download::state", "download::steps"]),
    ("sm-native", &["folder", "keep", "migrate", "sqlite", "writer"]),
    ("worker", &["configuration", "host", "network"]),
];

/// Where a module stands in its crate; the crate itself is empty.
type Module = Vec<String>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Folders with a crate in them.
fn crates() -> Vec<String> {
    let cores = std::fs::read_dir(root().join("core")).expect("core");
    let names = cores.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let all = names.map(|name| format!("core/{name}"));
    all.chain(["sm-edge", "sm-native", "worker", "wasm", "wasm/cards"].map(String::from)).collect()
}

/// Modules of a crate with their code: comments and what is for tests left out.
fn modules(source: &Path) -> BTreeMap<Module, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![source.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(source).expect("a file below").with_extension("");
                let parts = name.iter().map(|part| part.to_string_lossy().into_owned());
                let module: Module =
                    parts.filter(|part| !matches!(part.as_str(), "mod" | "lib" | "main")).collect();
                let text = std::fs::read_to_string(&path).expect("readable");
                if !module.iter().any(|part| part == "tests") {
                    found.insert(module, code(&text));
                }
            }
        }
    }
    found
}

fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join(" ")
}

/// Every path that code names from `crate` or `super` on, each of those in braces.
fn paths(code: &str) -> Vec<Vec<&str>> {
    let mut out = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let is_within = code[..at].ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c));
            if !is_within {
                read_path(&code[at..], &[], &mut out);
            }
        }
    }
    out
}

/// Reads a path, or all that a pair of braces holds; what follows it.
fn read_path<'a>(mut rest: &'a str, before: &[&'a str], out: &mut Vec<Vec<&'a str>>) -> &'a str {
    let mut path = before.to_vec();
    loop {
        rest = rest.trim_start();
        if let Some(inside) = rest.strip_prefix('{') {
            return read_braces(inside, &path, out);
        }
        let end = rest.find(|c: char| !(c.is_alphanumeric() || "_*".contains(c))).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        path.extend(Some(name).filter(|name| !name.is_empty()));
        let Some(further) = after.strip_prefix("::") else {
            out.push(path);
            return after;
        };
        rest = further;
    }
}

fn read_braces<'a>(mut rest: &'a str, path: &[&'a str], out: &mut Vec<Vec<&'a str>>) -> &'a str {
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if rest.is_empty() || rest.starts_with('}') {
            return rest.get(1..).unwrap_or_default();
        }
        let before = rest.len();
        rest = read_path(rest, path, out);
        if rest.len() == before {
            return "";
        }
        // `as another_name`
        let end = rest.find([',', '}']).unwrap_or(rest.len());
        rest = &rest[end..];
    }
}

/// The module that a path leads to: the longest part of it that is one.
fn target(own: &Module, path: &[&str], all: &BTreeMap<Module, String>) -> Module {
    let supers = path.iter().take_while(|part| **part == "super").count();
    let mut full: Module = match supers {
        0 => Vec::new(),
        supers => own[..own.len().saturating_sub(supers)].to_vec(),
    };
    full.extend(path.iter().skip(supers.max(1)).map(ToString::to_string));
    while !all.contains_key(&full) && !full.is_empty() {
        full.pop();
    }
    full
}

/// Which modules use which. A module and those within it are one room: between them nothing counts.
fn uses(all: &BTreeMap<Module, String>) -> BTreeMap<&Module, BTreeSet<Module>> {
    let arrows = all.iter().map(|(own, code)| {
        let targets = paths(code).into_iter().map(|path| target(own, &path, all));
        (own, targets.filter(|other| !own.starts_with(other) && !other.starts_with(own)).collect())
    });
    arrows.collect()
}

/// Sets of modules of which each leads to each other one.
fn circles(all: &BTreeMap<Module, String>) -> BTreeSet<BTreeSet<String>> {
    let uses = uses(all);
    let reached = |from: &Module| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(module) = open.pop() {
            let next = uses.get(&module).into_iter().flatten();
            open.extend(next.filter(|other| seen.insert((*other).clone())).cloned());
        }
        seen
    };
    let reach: BTreeMap<&Module, BTreeSet<Module>> = all.keys().map(|own| (own, reached(own))).collect();
    let circle_of = |own: &&Module| -> BTreeSet<String> {
        let own = *own;
        let others = reach[own].iter().filter(|other| reach[*other].contains(own));
        others.map(|module| module.join("::")).collect()
    };
    reach.keys().map(circle_of).filter(|circle| !circle.is_empty()).collect()
}

#[test]
fn no_files_use_each_other_without_a_reason() {
    let mut unused: Vec<_> = EXCEPTIONS.to_vec();
    let mut wrong = Vec::new();
    for name in crates() {
        let all = modules(&root().join(&name).join("src"));
        assert!(!all.is_empty(), "{name} has no code");
        for circle in circles(&all) {
            let is_known = |(of, known): &(&str, &[&str])| {
                *of == name && circle.iter().all(|module| known.contains(&module.as_str()))
            };
            if !EXCEPTIONS.iter().any(is_known) {
                wrong.push(format!("{name}: {circle:?} use each other"));
            }
            unused.retain(|it| !is_known(it));
        }
    }
    wrong.extend(unused.iter().map(|(name, circle)| format!("{name}: {circle:?} is no circle any more")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The reader of the code finds what is to be found: braces, `super`, a longer way round, and no relatives.
#[test]
fn circles_are_seen() {
    let module = |path: &str| path.split("::").map(String::from).collect::<Module>();
    let all: BTreeMap<Module, String> = [
        ("a", "use crate::{b::{self, B as C}, x}; use x::y;"),
        ("b", "fn f() { super::c::g::<u8>() }"),
        ("c", "use crate::a::A;"),
        ("d", "use crate::e::E;"),
        ("e", "// use crate::d::D;"),
        ("f", "use crate::f::g::G;"),
        ("f::g", "use super::F;"),
        ("h::i", "use super::super::h::j::J;"),
        ("h::j", "use super::i::I;"),
    ]
    .map(|(path, text)| (module(path), code(text)))
    .into();
    let found: Vec<Vec<String>> = circles(&all).into_iter().map(|it| it.into_iter().collect()).collect();
    assert_eq!(found, [vec!["a", "b", "c"], vec!["h::i", "h::j"]]);
}
