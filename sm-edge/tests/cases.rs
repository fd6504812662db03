//! Every case in memory: its answer, its octets as they were reviewed, and its line in `docs/CONFORMANCE.md`.
//! `ESIM_LAB_BLESS=1` writes the octets anew.

#[path = "../../tests/src/conformance.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod conformance;

use conformance::{Row, blank, case, hold_with_checks as hold};
use esim_rsp::Code;
use esim_rsp::json_binding::{Function, Interface};
use esim_sm_lab::cases::{Case, folder, table};
use esim_sm_lab::recorder;
use std::collections::BTreeSet;

/// The lines of some interfaces, each with what stands before its functions' names.
fn rows(interfaces: &[(&'static str, &'static str)]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (interface, before) in interfaces {
        let cases = table().into_iter().filter(|it| it.interface == *interface);
        rows.extend(cases.map(|it| row(it, before)));
    }
    let blanks = folder::blanks();
    for (interface, before) in interfaces {
        for (function, lines) in blanks.get(*interface).into_iter().flatten() {
            let function = shown(before, function);
            for line in lines {
                // Lines without a case stand behind those of the same function.
                let last = rows.iter().rposition(|row| row.function == function);
                let line = blank(function.clone(), line.code.clone(), line.why.clone());
                rows.insert(last.map_or(rows.len(), |at| at + 1), line);
            }
        }
    }
    rows
}

/// A function as the document names it.
fn shown(before: &str, function: &str) -> String {
    match function {
        "AnyFunction" => format!("{before}any function"),
        function => format!("{before}{function}"),
    }
}

fn row(it: Case, before: &str) -> Row {
    let expected = it.expected().unwrap_or_else(|why| panic!("{why}"));
    let code = expected.outcome.to_string();
    let (function, shown) = (shown(before, it.function), code.clone());
    let path = expected.path.strip_prefix(folder::root()).unwrap();
    let link = format!("../tests/cases/sm/{}", path.display());
    let row = case(function, code, it.name, move || match it.in_memory() {
        Ok(()) => shown.clone(),
        Err(why) => why,
    });
    let row = row.linked(link);
    match expected.note() {
        Some(note) => row.noted(note),
        None => row,
    }
}

#[test]
fn every_answer_of_es9p() {
    hold("es9p", &rows(&[("es9p", "")]));
}

#[test]
fn every_answer_of_es2p() {
    hold("es2p", &rows(&[("es2p", "")]));
}

#[test]
fn every_answer_of_es11() {
    hold("es11", &rows(&[("es11", "")]));
}

#[test]
fn every_answer_of_es12_and_es15() {
    hold("es12", &rows(&[("es12", "ES12."), ("es15", "ES15.")]));
}

/// Each case has its folder, each folder its case, and both say the same of where it runs.
#[test]
fn cases_and_folders_are_the_same() {
    let mut known = BTreeSet::new();
    for case in table() {
        let expected = case.expected().unwrap_or_else(|why| panic!("{why}"));
        assert!(known.insert(expected.path.clone()), "{}: two cases of one name", expected.path.display());
        assert_eq!(expected.hosts, case.hosts(), "{}", expected.path.display());
    }
    let idle: Vec<_> =
        folder::all().iter().filter(|it| !known.contains(&it.path)).map(|it| &it.path).collect();
    assert!(idle.is_empty(), "folders without a case: {idle:?}");
}

/// Each code of the table is shown by a case, or a line says why not.
#[test]
fn every_code_is_shown() {
    let mut shown: BTreeSet<String> = BTreeSet::new();
    for it in folder::all() {
        shown.extend(
            it.outcome.subject.as_ref().zip(it.outcome.reason.as_ref()).map(|(s, r)| format!("{s}/{r}")),
        );
    }
    for line in folder::blanks().into_values().flat_map(|functions| functions.into_values().flatten()) {
        shown.extend(line.code.split(' ').map(str::to_string));
    }
    let missing: Vec<_> = Code::ALL.iter().filter(|code| !shown.contains(&code.to_string())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Each function that others call here has a case.
#[test]
fn every_function_is_shown() {
    let shown: BTreeSet<_> =
        table().into_iter().map(|it| (it.interface, it.function.to_lowercase())).collect();
    for (folder, interface) in [
        ("es2p", Interface::Es2Plus),
        ("es9p", Interface::Es9Plus),
        ("es11", Interface::Es11),
        ("es12", Interface::Es12),
        ("es15", Interface::Es15),
    ] {
        for function in Function::ALL.iter().filter(|it| it.clause(interface).is_some()) {
            let name = function.name().to_lowercase();
            assert!(shown.contains(&(folder, name)), "no case of {}.{}", interface.name(), function.name());
        }
    }
}
