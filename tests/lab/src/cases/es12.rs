//! ES12 and ES15 (SGP.22 5.9, 5.10), what SM-DP+s and other SM-DSs call at the SM-DS.

use super::*;

const REGISTER: (&str, &str) = ("es12", "RegisterEvent");
const DELETE: (&str, &str) = ("es12", "DeleteEvent");
const FORWARD: (&str, &str) = ("es15", "RegisterEvent");
const WITHDRAW: (&str, &str) = ("es15", "DeleteEvent");

/// A call of a server with this OID.
fn call(lab: &Lab, path: &str, caller: &str, mut request: Value) -> Value {
    request["header"] = json!({"functionRequesterIdentifier": caller, "functionCallIdentifier": "call"});
    lab.operator(&format!("/gsma/rsp2/{path}"), request)
}

/// An event of an EID that no other case has.
fn event(lab: &Lab) -> Value {
    let body = format!("89049032{:0>22}", &lab.provision()[7..18]);
    json!({"eid": Eid::from_body(&body).unwrap(), "rspServerAddress": "smdp.example", "eventId": "EVENT",
        "forwardingIndicator": true})
}

fn register(lab: &Lab, caller: &str, request: &Value) -> Seen {
    told(lab, &call(lab, "es12/registerEvent", caller, request.clone()))
}

fn delete(lab: &Lab, caller: &str, event: &Value) -> Seen {
    let request = json!({"eid": event["eid"], "eventId": event["eventId"]});
    told(lab, &call(lab, "es12/deleteEvent", caller, request))
}

/// An event registered and deleted again.
fn deletes(lab: &Lab) -> Seen {
    let event = event(lab);
    register(lab, OWNER, &event);
    delete(lab, OWNER, &event)
}

const OWNER: &str = "2.999.1";

/// Another root above, which the laboratory's network has.
fn below(config: &mut Config, root: &str) {
    config.smds = Some(smds(Some(root)));
}

pub(super) fn cases() -> Vec<Case> {
    [any::es12(), events(), any::es15()].into_iter().flatten().collect()
}

fn events() -> Vec<Case> {
    [register_event(), delete_event(), forwarded()].into_iter().flatten().collect()
}

fn register_event() -> Vec<Case> {
    [register_taken(), register_refused()].into_iter().flatten().collect()
}

fn register_taken() -> Vec<Case> {
    let case = |what, name, run| Case::new(what, name, Setup::Smds, run);
    let memory = |what, change, name, run| Case::new(what, name, Setup::Memory(change), run);
    vec![
        case(REGISTER, "new-event", |lab| register(lab, OWNER, &event(lab))),
        case(REGISTER, "same-event-again", |lab| {
            let event = event(lab);
            register(lab, OWNER, &event);
            register(lab, OWNER, &event)
        }),
        memory(
            REGISTER,
            |config| below(config, "willing.example"),
            "forwarded-to-the-root",
            |lab| {
                let event = event(lab);
                let seen = register(lab, OWNER, &event);
                let calls = lab.calls.borrow();
                assert_eq!(calls[0].path, "/gsma/rsp2/es15/registerEvent");
                let told: Value = serde_json::from_str(&calls[0].body).unwrap();
                assert_eq!(
                    (&told["rspServerAddress"], &told["forwardingIndicator"]),
                    (&json!(SMDS), &json!(false))
                );
                assert_ne!(told["eventId"], event["eventId"]);
                seen
            },
        ),
        case(REGISTER, "identifier-that-another-server-has", |lab| {
            let event = event(lab);
            register(lab, OWNER, &event);
            register(lab, "2.999.1.2", &event)
        }),
        case(REGISTER, "same-identifier-another-address", |lab| {
            let mut event = event(lab);
            register(lab, OWNER, &event);
            event["rspServerAddress"] = json!("elsewhere.example");
            register(lab, OWNER, &event)
        }),
    ]
}

fn register_refused() -> Vec<Case> {
    let case = |what, name, run| Case::new(what, name, Setup::Smds, run);
    let memory = |what, change, name, run| Case::new(what, name, Setup::Memory(change), run);
    vec![
        case(REGISTER, "too-many-events-of-one-euicc", |lab| {
            let mut event = event(lab);
            for i in 0..64 {
                event["eventId"] = json!(format!("E{i}"));
                register(lab, OWNER, &event);
            }
            event["eventId"] = json!("ONE-TOO-MANY");
            register(lab, OWNER, &event)
        }),
        memory(
            REGISTER,
            |config| below(config, "unwilling.example"),
            "root-refuses",
            |lab| register(lab, OWNER, &event(lab)),
        ),
        memory(
            REGISTER,
            |config| below(config, "nobody.example"),
            "root-does-not-answer",
            |lab| register(lab, OWNER, &event(lab)),
        ),
        case(REGISTER, "empty-identifier", |lab| {
            let mut event = event(lab);
            event["eventId"] = json!("");
            register(lab, OWNER, &event)
        }),
        case(REGISTER, "empty-address", |lab| {
            let mut event = event(lab);
            event["rspServerAddress"] = json!("");
            register(lab, OWNER, &event)
        }),
    ]
}

fn delete_event() -> Vec<Case> {
    let case = |what, name, run| Case::new(what, name, Setup::Smds, run);
    let memory = |what, change, name, run| Case::new(what, name, Setup::Memory(change), run);
    vec![
        case(DELETE, "own-event", deletes),
        memory(
            DELETE,
            |config| below(config, "willing.example"),
            "forwarded-to-the-root",
            |lab| {
                let event = event(lab);
                register(lab, OWNER, &event);
                let seen = delete(lab, OWNER, &event);
                assert_eq!(lab.calls.borrow()[1].path, "/gsma/rsp2/es15/deleteEvent");
                seen
            },
        ),
        case(DELETE, "unknown-event", |lab| delete(lab, OWNER, &event(lab))),
        case(DELETE, "another-servers-event", |lab| {
            let event = event(lab);
            register(lab, OWNER, &event);
            delete(lab, "2.999.1.2", &event)
        }),
        case(DELETE, "twice", |lab| {
            let event = event(lab);
            register(lab, OWNER, &event);
            delete(lab, OWNER, &event);
            delete(lab, OWNER, &event)
        }),
        memory(DELETE, |config| below(config, "vanishing.example"), "root-does-not-answer", deletes),
        memory(DELETE, |config| below(config, "fickle.example"), "root-refuses", deletes),
        memory(DELETE, |config| below(config, "forgetful.example"), "root-has-forgotten-it", deletes),
    ]
}

fn forwarded() -> Vec<Case> {
    let case = |what, name, run| Case::new(what, name, Setup::Smds, run);
    vec![
        case(FORWARD, "event-of-an-alternative-sm-ds", |lab| {
            told(lab, &call(lab, "es15/registerEvent", "2.999.1", event(lab)))
        }),
        case(FORWARD, "same-identifier-another-address", |lab| {
            let mut event = event(lab);
            call(lab, "es15/registerEvent", OWNER, event.clone());
            event["rspServerAddress"] = json!("elsewhere.example");
            told(lab, &call(lab, "es15/registerEvent", OWNER, event))
        }),
        case(FORWARD, "identifier-that-another-server-has", |lab| {
            let event = event(lab);
            call(lab, "es15/registerEvent", OWNER, event.clone());
            told(lab, &call(lab, "es15/registerEvent", "2.999.1.2", event))
        }),
        case(WITHDRAW, "unknown-event", |lab| {
            let event = event(lab);
            let request = json!({"eid": event["eid"], "eventId": event["eventId"]});
            told(lab, &call(lab, "es15/deleteEvent", OWNER, request))
        }),
        case(WITHDRAW, "event-of-an-alternative-sm-ds", |lab| {
            let event = event(lab);
            call(lab, "es15/registerEvent", OWNER, event.clone());
            let request = json!({"eid": event["eid"], "eventId": event["eventId"]});
            told(lab, &call(lab, "es15/deleteEvent", OWNER, request))
        }),
    ]
}
