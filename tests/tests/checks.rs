//! Verifications of a sound download, each of them broken by a case; and the secrets that both ends have.

use esim_euicc::MemoryNvm;
use esim_rsp::check::Secret;
use esim_rsp::trace::Party;
use esim_sm_edge::{MemoryHost, block_on};
use esim_world::{Act, Checked, Known, World, in_memory};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A world of which every verification is written down, after acts.
fn watched(acts: &[&str]) -> (World<MemoryNvm, MemoryHost>, Vec<Checked>) {
    let mut world = in_memory(7).unwrap();
    world.watch();
    let mut checks = Vec::new();
    for act in acts {
        let act: Act = serde_json::from_str(act).unwrap();
        let performed = block_on(world.perform(&act)).unwrap();
        assert!(performed.good, "{act:?}: {:?}", performed.outcome);
        checks.extend(performed.checks);
    }
    (world, checks)
}

/// Ordered, downloaded, enabled, registered, reported, disabled and deleted: as a phone's owner does it.
const SOUND: [&str; 8] = [
    r#"{"order":{"id":"op"}}"#,
    r#"{"download":"op"}"#,
    r#"{"enable":"op"}"#,
    r#""radio-on""#,
    r#""notify""#,
    r#"{"disable":"op"}"#,
    r#"{"delete":"op"}"#,
    r#""notify""#,
];

/// What is told of a package that passes, and one of the rules that are told in its place where an element breaks it.
const INSTEAD: [(&str, &str); 2] = [
    ("the profile element can be processed", "elements come in the order of header, mf, others, end"),
    ("the profile package ends as it must", "the last element of the package is its end"),
];

/// What was shown of the document's cases: of each line the answer and the check.
fn shown(document: &str) -> impl Iterator<Item = (&str, &str)> {
    document.lines().filter_map(|line| {
        let mut cells = line.split('|').skip(2).map(str::trim);
        Some((cells.next()?, cells.next()?))
    })
}

fn document() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/CONFORMANCE.md");
    std::fs::read_to_string(path).unwrap()
}

/// Whoever verifies something new writes a case that breaks it: the document shows what the cases have broken.
#[test]
fn every_check_of_a_sound_download_is_broken_by_a_case() {
    let (_, checks) = watched(&SOUND);
    let document = document();
    let broken: BTreeSet<&str> = shown(&document).map(|(_, check)| check).collect();
    // The card itself has told it, in the installation of a package.
    let instead = |what| INSTEAD.iter().find(|(general, _)| *general == what).map(|(_, rule)| *rule);
    let refused = |rule| {
        shown(&document).any(|(answer, check)| answer.ends_with("PEProcessingError (12)") && check == rule)
    };
    let is_broken = |what| instead(what).map_or_else(|| broken.contains(what), refused);
    for party in [Party::Euicc, Party::Sm, Party::Lpa, Party::Mme, Party::Modem] {
        assert!(checks.iter().any(|check| check.party == party), "{party:?} verifies nothing");
    }
    // A terminal looks for files that a profile need not have.
    let is_look = |check: &Checked| check.what == "the file that is named is there";
    let failed: Vec<_> = checks.iter().filter(|check| !check.passed && !is_look(check)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(checks.iter().all(|check| check.record.is_some()));
    let unbroken: BTreeSet<_> =
        checks.iter().filter(|check| !is_broken(check.what)).map(|it| (it.party, it.what)).collect();
    assert!(unbroken.is_empty(), "no case breaks {unbroken:#?}");
}

/// No two verifications of one party have one name, so that a name says which it is.
#[test]
fn a_name_has_one_clause() {
    let (_, checks) = watched(&SOUND);
    let rules: BTreeSet<_> = checks.iter().map(|check| (check.party, check.what, check.clause)).collect();
    let mut clauses = BTreeMap::<_, Vec<_>>::new();
    for (party, what, clause) in rules {
        clauses.entry((party, what)).or_default().push(clause);
    }
    clauses.retain(|_, clauses| clauses.len() > 1);
    assert!(clauses.is_empty(), "{clauses:#?}");
}

/// What the rules ask for that stand in the sources of a crate.
fn written(crates: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders: Vec<_> = crates.iter().map(|name| root.join(name).join("src")).collect();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.extend(written_in(&std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

/// `const NAME: Rule = Rule::new("SGP.22 5.7.13", "what must hold");`: the last string of each.
fn written_in(source: &str) -> impl Iterator<Item = String> {
    let rules = source.split("const ").filter(|it| {
        let kind = it.split_once(':').map(|(_, rest)| rest.trim_start()).unwrap_or_default();
        kind.starts_with("Rule =") || kind.starts_with("Requirement =")
    });
    rules.map(|rule| rule.split(';').next().unwrap().rsplit('"').nth(1).unwrap().to_string())
}

/// The same of all that a party can verify, also where a sound download does not come by.
#[test]
fn no_two_rules_of_a_party_have_one_name() {
    let parties: [(&[&str], usize); 4] = [
        (&["core/euicc", "core/saip"], 150),
        (&["core/smdp", "sm-edge"], 60),
        (&["core/lpa"], 4),
        (&["core/net"], 5),
    ];
    for (crates, least) in parties {
        let mut rules = written(crates);
        assert!(rules.len() > least, "{} rules of {crates:?} are found", rules.len());
        rules.sort();
        let pairs = rules.windows(2).filter(|pair| pair[0] == pair[1]);
        let twice: Vec<_> = pairs.map(|pair| &pair[0]).collect();
        assert!(twice.is_empty(), "{crates:?}: {twice:#?}");
    }
}

/// Whoever asks more of an element writes a case that breaks it.
#[test]
fn every_rule_of_elements_is_broken_by_a_case() {
    let document = document();
    let (_, section) = document.split_once("<!-- pe -->").unwrap();
    let (section, _) = section.split_once("<!-- end of pe -->").unwrap();
    let broken: BTreeSet<&str> = shown(section).map(|(_, check)| check).collect();
    let rules = written(&["core/saip"]);
    assert!(rules.len() > 50, "{} rules of elements are found", rules.len());
    let unbroken: Vec<_> = rules.iter().filter(|rule| !broken.contains(rule.as_str())).collect();
    assert!(unbroken.is_empty(), "no case breaks {unbroken:#?}");
    assert!(!broken.contains("decoding"), "a refusal does not say what it is for");
}

/// The keys that protect a package are the same at both ends, and nobody else's: each is told once by each.
#[test]
fn both_ends_of_a_session_have_the_same_secrets() {
    let (world, _) = watched(&SOUND[..2]);
    let secrets = world.secrets();
    let of = |party, secret| -> Vec<&[u8]> {
        let its = |known: &&Known| known.party == party && known.secret == secret;
        secrets.iter().filter(its).map(|known| known.octets.as_slice()).collect()
    };
    for secret in [Secret::SharedSecret, Secret::SEnc, Secret::SMac, Secret::Mcv] {
        let (card, sm) = (of(Party::Euicc, secret), of(Party::Sm, secret));
        assert!(!card.is_empty() && card.iter().all(|octets| octets.iter().any(|octet| *octet != 0)));
        assert_eq!(card, sm, "{secret:?}");
    }
    let keys = (of(Party::Euicc, Secret::OneTimeKey), of(Party::Sm, Secret::OneTimeKey));
    assert_eq!((keys.0.len(), keys.1.len()), (1, 1));
    assert_ne!(keys.0, keys.1);
    // A world that nobody watches has none.
    let mut unwatched = in_memory(7).unwrap();
    for act in &SOUND[..2] {
        let performed = block_on(unwatched.perform(&serde_json::from_str(act).unwrap())).unwrap();
        assert!(performed.checks.is_empty());
    }
    assert!(unwatched.secrets().is_empty());
    assert_eq!(unwatched.trace().digest(), watched(&SOUND[..2]).0.trace().digest());
}
