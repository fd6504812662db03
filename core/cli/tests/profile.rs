//! `esim-lab profile`: packages looked at, checked, made and compared.

use crate::common;

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Output;

fn example() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/profile/subscriber.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn profile(&self, arguments: &[&str]) -> Output {
        common::esim_lab().arg("profile").args(arguments).current_dir(self.0.path()).output().unwrap()
    }

    /// Builds a package of a description; its name.
    fn build(&self, name: &str, description: &Value) -> Output {
        let from = format!("{name}.json");
        std::fs::write(self.path(&from), description.to_string()).unwrap();
        self.profile(&["build", &from, "-o", name])
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

#[test]
fn a_description_becomes_a_sound_package() {
    let bench = Bench::new();
    assert_eq!(code(&bench.build("a.der", &example())), 0);
    let checked = bench.profile(&["check", "a.der"]);
    assert_eq!((code(&checked), common::text(&checked).contains("nothing to say")), (0, true));

    let shown = common::text(&bench.profile(&["show", "a.der"]));
    for part in
        ["ICCID 89000123456789012341", "akaParameter", "3F00/7FD0/6F07", "ef-imsi", "ef-msisdn", "Milenage"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let (ki, opc) = ("465B5CE8B199B49FAA5F0A2EE238A6BC", "CD63CB71954A9F4E48A5994E37A02BAF");
    assert!(!shown.contains(ki) && !shown.contains("30303030"), "no key is shown unasked");
    let secrets = common::text(&bench.profile(&["show", "a.der", "--secrets"]));
    assert!(secrets.contains(ki) && secrets.contains(opc));
    let json: Value = serde_json::from_slice(&bench.profile(&["show", "a.der", "--json"]).stdout).unwrap();
    assert_eq!(json["elements"][0]["name"], "header");
    assert_eq!(json["files"][0]["path"], "3F00");

    // Hexadecimal is as good.
    std::fs::write(bench.path("a.hex"), hex::encode(std::fs::read(bench.path("a.der")).unwrap())).unwrap();
    assert_eq!(code(&bench.profile(&["diff", "a.der", "a.hex"])), 0);
}

#[test]
fn every_algorithm_can_be_had() {
    let bench = Bench::new();
    let mut description = example();
    for (algorithm, ki, opc, name) in [
        ("tuak", "ab".repeat(32), "55".repeat(32), "TUAK"),
        ("tuak", "ab".repeat(16), "55".repeat(32), "TUAK"),
        ("usim-test", "ab".repeat(16), String::new(), "test algorithm"),
    ] {
        let subscriber = &mut description["subscriber"];
        (subscriber["algorithm"], subscriber["ki"], subscriber["opc"]) =
            (json!(algorithm), json!(ki), json!(opc));
        let built = bench.build("b.der", &description);
        assert_eq!(code(&built), 0, "{}", common::text(&built));
        assert!(common::text(&bench.profile(&["show", "b.der"])).contains(name));
    }
}

#[test]
fn differences_are_told_by_element_and_file() {
    let bench = Bench::new();
    bench.build("a.der", &example());
    let mut other = example();
    other["subscriber"]["imsi"] = json!("001010123456780");
    bench.build("b.der", &other);
    assert_eq!(code(&bench.profile(&["diff", "a.der", "a.der"])), 0);
    let differ = bench.profile(&["diff", "a.der", "b.der"]);
    let told = common::text(&differ);
    assert_eq!(code(&differ), 1, "{told}");
    assert!(told.contains("element 5 usim: from octet"), "{told}");
    assert!(told.contains("file 3F00/7FD0/6F07 ef-imsi: from octet 8: 98 | 08"), "{told}");
    assert!(!told.contains("6F46"), "the name is the same: {told}");
}

#[test]
fn what_is_wrong_is_named() {
    let bench = Bench::new();
    let bend = |field: &str, value: Value| {
        let mut bent = example();
        bent["subscriber"][field] = value;
        bent
    };
    for (description, words) in [
        (bend("imsi", json!("12")), "imsi"),
        (bend("ki", json!("xyz")), "ki has 32 hexadecimal digits"),
        (bend("spm", json!("x")), "no field spm"),
        (bend("algorithm", json!("cave")), "cave"),
        (bend("spn", json!("a name that is too long")), "spn"),
        (json!({ "iccid": "123", "subscriber": {} }), "ICCID"),
        (json!([]), "expected"),
    ] {
        let output = bench.build("x.der", &description);
        let said = common::text(&output);
        assert_eq!((code(&output), said.contains(words)), (2, true), "{words}: {said}");
        assert!(!bench.path("x.der").exists(), "nothing is left behind");
    }
    std::fs::write(bench.path("cut.der"), [0xA0, 0x10, 0x80]).unwrap();
    std::fs::write(bench.path("text"), "not a profile").unwrap();
    for file in ["cut.der", "text", "missing"] {
        for command in ["show", "check"] {
            let output = bench.profile(&[command, file]);
            let said = common::text(&output);
            assert_eq!((code(&output), said.trim().lines().count()), (2, 1), "{said}");
        }
    }
    // One that parses and does not work.
    bench.build("a.der", &example());
    let mut octets = std::fs::read(bench.path("a.der")).unwrap();
    octets.truncate(octets.len() - 9);
    std::fs::write(bench.path("endless.der"), octets).unwrap();
    let checked = bench.profile(&["check", "endless.der"]);
    assert_eq!((code(&checked), common::text(&checked).contains("no element end")), (1, true));
}
