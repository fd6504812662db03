//! What `lpa --json` prints, held against docs/lpa-1.schema.json.

use crate::common;

use boon::{Compiler, SchemaIndex, Schemas};
use common::{Sm, esim_lab};
use esim_lpa::apdu::OpenError;
use esim_lpa::download::{
    CardRefusal, InstallError, LostPeer, Misbehaviour, Peer, SimaResponse, UntrustedServer,
};
use esim_lpa::policy::Forbidden;
use esim_lpa::{CertificateFault, Code, Ending, Lang};
use serde_json::{Value, json};
use std::process::Stdio;

/// Where the schema is, for the compiler.
const SCHEMA: &str = "lpa-1.schema.json";

struct Form {
    schemas: Schemas,
    compiler: Compiler,
    whole: SchemaIndex,
}

impl Form {
    fn read() -> Self {
        let text = include_str!("../../../docs/lpa-1.schema.json");
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource(SCHEMA, serde_json::from_str(text).expect("JSON")).expect("a schema");
        let whole = compiler.compile(SCHEMA, &mut schemas).expect("a schema");
        Self { schemas, compiler, whole }
    }

    fn fits(&self, answer: &Value) -> bool {
        self.schemas.validate(answer, self.whole).is_ok()
    }

    /// Holds an answer against the whole, and its result against the definition that the command has.
    #[track_caller]
    fn holds(&mut self, answer: &Value, definition: &str) {
        if let Err(error) = self.schemas.validate(answer, self.whole) {
            panic!("{error:#}\n{answer:#}");
        }
        let part = format!("{SCHEMA}#/$defs/{definition}");
        let part = self.compiler.compile(&part, &mut self.schemas).expect("a definition");
        let results = match &answer["result"] {
            Value::Array(all) => all.clone(),
            one => vec![one.clone()],
        };
        for result in results {
            if let Err(error) = self.schemas.validate(&result, part) {
                panic!("{error:#}\n{result:#}");
            }
        }
    }
}

/// Every command of the LPA, each with what it prints in success, and those that fail with what they print then.
#[test]
fn every_command_prints_what_the_schema_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let sm = Sm::start_with(folder.path(), &["--smds-address", "127.0.0.1:0"]);
    let smds = format!("127.0.0.1:{}", sm.address.rsplit_once(':').expect("a port").1);
    let state = folder.path().join("card").display().to_string();
    common::run(&["euicc", "init", "--state", &state, "--smds", &smds]);
    let lpa = |arguments: &[&str]| {
        let mut command = esim_lab();
        command.args(["lpa", "--state", &state, "--json"]).args(arguments).stdin(Stdio::null());
        let output = command.output().expect("esim-lab runs");
        let answer = serde_json::from_slice::<Value>(&output.stdout);
        let answer =
            answer.unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", common::text(&output)));
        assert_eq!(output.status.success(), answer.get("error").is_none() && is_good(&answer), "{answer:#}");
        answer
    };
    let mut form = Form::read();
    let (iccid, _, code) = sm.order(&["--spn", "Schema"]);
    let (other, _, another) = sm.order(&[]);
    let saved = folder.path().join("saved.json").display().to_string();
    let commands: &[(&str, &[&str])] = &[
        ("info", &["info"]),
        ("preview", &["preview", &code]),
        ("outcome", &["cancel", "--reason", "postponed", &code]),
        ("outcome", &["download", "--yes", &code]),
        ("outcome", &["download", "--yes", &code]),
        ("outcome", &["preview", "LPA:1$localhost:1$NOBODY"]),
        ("profile", &["list"]),
        ("done", &["nickname", &iccid, "Work"]),
        ("done", &["enable", &iccid]),
        ("notification", &["notifications", "--list"]),
        ("done", &["notifications", "--save", &saved]),
        ("notified", &["notifications", "--from", &saved]),
        ("done", &["notifications", "--drop", "1", "--yes"]),
        ("notified", &["notifications"]),
        ("done", &["disable", &iccid]),
        ("addresses", &["default-smdp", &sm.address]),
        ("discovery", &["discover", "--yes"]),
        ("discovery", &["discover", "--smds", "localhost:1"]),
        ("outcome", &["download", "--yes", &another]),
        ("done", &["delete", &other, "--yes"]),
        ("done", &["reset", "--operational", "--yes"]),
        ("profile", &["list"]),
    ];
    for (definition, arguments) in commands {
        let answer = lpa(arguments);
        assert!(answer.get("result").is_some(), "{arguments:?}: {answer:#}");
        form.holds(&answer, definition);
    }
    // What has failed says so on standard output, too: by the card, and before it.
    for (arguments, is_told) in
        [(&["enable", "8900101000000000000"][..], true), (&["resume"], false), (&["fall-back"], false)]
    {
        let answer = lpa(arguments);
        assert!(form.fits(&answer) && answer["error"]["text"].is_string(), "{answer:#}");
        assert_eq!(answer["error"]["told"].is_object(), is_told, "{answer:#}");
    }
}

/// Endings that no command above comes to: whatever a download may end with is of the form.
#[test]
fn every_ending_is_of_the_form() {
    let code = || Code::new(10_u8, Some("installFailedDueToInsufficientMemoryForProfile"));
    let text = || "x".to_string();
    let misbehaviours = [
        Misbehaviour::WrongServerAddress { dialled: text(), signed: text() },
        Misbehaviour::WrongOid { expected: text(), found: None },
        Misbehaviour::TransactionMismatch,
        Misbehaviour::MetadataMismatch,
        Misbehaviour::Malformed { function: text(), detail: text() },
        Misbehaviour::NoResult,
    ];
    let errors = [
        OpenError::NoCard { detail: text() },
        OpenError::NoChannel { sw: Code::status_word(0x6881) },
        OpenError::NotEuicc { tried: vec![text()] },
        OpenError::Refused { aid: text(), sw: Code::status_word(0x6985) },
    ];
    let faults = [
        CertificateFault::Expired,
        CertificateFault::NotYetValid,
        CertificateFault::UnknownIssuer,
        CertificateFault::WrongName,
        CertificateFault::Unacceptable,
    ];
    let policies = [Forbidden::Ppr1, Forbidden::Ppr2, Forbidden::Ppr1BesideAnother];
    let eid = || "89049032123451234512345678901235".parse().expect("an EID");
    let sima = SimaResponse::read(&[0x30, 0x0C, 0xA0, 8, 0x30, 6, 0x80, 1, 5, 0x81, 1, 0x0C, 0x81, 0]);
    let mut endings = vec![
        Ending::NotInstalled(InstallError {
            sequence_number: 1,
            bpp_command: code(),
            reason: code(),
            sima_response: sima,
        }),
        Ending::CardRefused(CardRefusal { function: text(), code: code(), explanation: text() }),
        Ending::Declined { reason: Code::new(1_u8, Some("postponed")) },
        Ending::Lost(LostPeer { peer: Peer::Card, function: text(), detail: text() }),
        Ending::OtherCard { expected: eid(), found: eid() },
    ];
    endings.extend(misbehaviours.map(Ending::Misbehaved));
    endings.extend(errors.map(|error| Ending::NoEuicc { error }));
    endings.extend(policies.map(|why| Ending::PolicyForbids { why }));
    endings.extend(
        faults.map(|fault| Ending::Untrusted(UntrustedServer { function: text(), fault, detail: text() })),
    );
    let mut form = Form::read();
    for ending in endings {
        let result = serde_json::to_value(&ending).expect("JSON");
        let outcome = json!({"ending": result, "profile": null, "cancelled": null, "notifications": null,
            "told": ending.told(Lang::Ja)});
        form.holds(&json!({"version": 1, "result": outcome}), "outcome");
    }
}

/// Whether a result is one that ends a command well.
fn is_good(answer: &Value) -> bool {
    let ending = &answer["result"]["ending"]["type"];
    match ending.as_str() {
        Some("declined") => answer["result"]["cancelled"]["byServer"] == true,
        Some(ending) => ["installed", "found"].contains(&ending),
        None => true,
    }
}

/// The schema refuses: a member that is misspelt, missing or of another type, another version, a result beside an error.
#[test]
fn the_schema_refuses_what_is_not_of_the_form() {
    let form = Form::read();
    let notified = json!({"version": 1, "result": {"sent": [], "kept": [], "problem": null}});
    assert!(form.fits(&notified));
    let wrong = [
        json!({"version": 2, "result": {"sent": [], "kept": [], "problem": null}}),
        json!({"version": 1, "result": {"sent": [], "kept": [], "problm": null}}),
        json!({"version": 1, "result": {"sent": [], "kept": []}}),
        json!({"version": 1, "result": {"sent": [{}], "kept": [], "problem": null}}),
        json!({"version": 1, "result": {"sent": [], "kept": [], "problem": null}, "error": {"text": "", "told": null}}),
        json!({"version": 1}),
    ];
    for wrong in wrong {
        assert!(!form.fits(&wrong), "{wrong}");
    }
}
