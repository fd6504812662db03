//! ES12 and ES15 (SGP.22 5.9, 5.10), what SM-DP+s and other SM-DSs call at the SM-DS.

use super::*;

const REGISTER: (&str, &str) = ("es12", "ES12.RegisterEvent");
const DELETE: (&str, &str) = ("es12", "ES12.DeleteEvent");
const FORWARD: (&str, &str) = ("es12", "ES15.RegisterEvent");
const WITHDRAW: (&str, &str) = ("es12", "ES15.DeleteEvent");

const SUCCESS: &str = "Executed-Success";

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

fn register(lab: &Lab, caller: &str, request: &Value) -> String {
    told(&call(lab, "es12/registerEvent", caller, request.clone()))
}

fn delete(lab: &Lab, caller: &str, event: &Value) -> String {
    let request = json!({"eid": event["eid"], "eventId": event["eventId"]});
    told(&call(lab, "es12/deleteEvent", caller, request))
}

const OWNER: &str = "2.999.1";

/// Another root above, which the laboratory's network has.
fn below(config: &mut Config, root: &str) {
    config.smds = Some(smds(Some(root)));
}

pub(super) fn cases() -> Vec<Case> {
    const ROOT: &str = "a root above it";
    let case = |what, code, name, run| Case::new(what, code, name, Setup::Smds, run);
    let memory =
        |what, change, code, name, run| Case::new(what, code, name, Setup::Memory(ROOT, change), run);
    vec![
        case(REGISTER, SUCCESS, "new_event", |lab| register(lab, OWNER, &event(lab))),
        case(REGISTER, SUCCESS, "same_event_again", |lab| {
            let event = event(lab);
            register(lab, OWNER, &event);
            register(lab, OWNER, &event)
        }),
        memory(
            REGISTER,
            |config| below(config, "willing.example"),
            SUCCESS,
            "forwarded_to_the_root",
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
        case(REGISTER, "8.9.5/3.3", "another_servers_identifier", |lab| {
            let event = event(lab);
            register(lab, OWNER, &event);
            register(lab, "2.999.1.2", &event)
        }),
        case(REGISTER, "8.9.5/3.3", "same_identifier_another_address", |lab| {
            let mut event = event(lab);
            register(lab, OWNER, &event);
            event["rspServerAddress"] = json!("elsewhere.example");
            register(lab, OWNER, &event)
        }),
        case(REGISTER, "8.9/4.2", "too_many_events_of_one_euicc", |lab| {
            let mut event = event(lab);
            let mut seen = String::new();
            for i in 0..65 {
                event["eventId"] = json!(format!("E{i}"));
                seen = register(lab, OWNER, &event);
            }
            seen
        }),
        memory(
            REGISTER,
            |config| below(config, "unwilling.example"),
            "8.9/4.2",
            "root_refuses",
            |lab| register(lab, OWNER, &event(lab)),
        ),
        memory(
            REGISTER,
            |config| below(config, "nobody.example"),
            "8.9/5.1",
            "root_does_not_answer",
            |lab| register(lab, OWNER, &event(lab)),
        ),
        case(REGISTER, "1.6/2.1", "empty_identifier", |lab| {
            let mut event = event(lab);
            event["eventId"] = json!("");
            register(lab, OWNER, &event)
        }),
        case(REGISTER, "HTTP 401 1.1/1.1", "without_credential", |lab| {
            http(&lab.send(HttpRequest::post("/gsma/rsp2/es12/registerEvent", "{}")))
        }),
        Case::new(
            REGISTER,
            "HTTP 404 1.2/1.1",
            "at_a_server_that_is_no_sm_ds",
            Setup::Memory("no SM-DS", |_| {}),
            |lab| {
                let request = HttpRequest::post("/gsma/rsp2/es12/registerEvent", "{}");
                http(&lab.send(request.with_token(&lab.token)))
            },
        ),
        case(DELETE, SUCCESS, "own_event", |lab| {
            let event = event(lab);
            register(lab, OWNER, &event);
            delete(lab, OWNER, &event)
        }),
        memory(
            DELETE,
            |config| below(config, "willing.example"),
            SUCCESS,
            "forwarded_to_the_root",
            |lab| {
                let event = event(lab);
                register(lab, OWNER, &event);
                let seen = delete(lab, OWNER, &event);
                assert_eq!(lab.calls.borrow()[1].path, "/gsma/rsp2/es15/deleteEvent");
                seen
            },
        ),
        case(DELETE, "8.9.5/3.9", "unknown_event", |lab| delete(lab, OWNER, &event(lab))),
        case(DELETE, "8.9.5/3.9", "another_servers_event", |lab| {
            let event = event(lab);
            register(lab, OWNER, &event);
            delete(lab, "2.999.1.2", &event)
        }),
        case(DELETE, "8.9.5/3.9", "twice", |lab| {
            let event = event(lab);
            register(lab, OWNER, &event);
            delete(lab, OWNER, &event);
            delete(lab, OWNER, &event)
        }),
        case(FORWARD, SUCCESS, "event_of_an_alternative_sm_ds", |lab| {
            told(&call(lab, "es15/registerEvent", "2.999.1", event(lab)))
        }),
        case(WITHDRAW, SUCCESS, "event_of_an_alternative_sm_ds", |lab| {
            let event = event(lab);
            call(lab, "es15/registerEvent", OWNER, event.clone());
            let request = json!({"eid": event["eid"], "eventId": event["eventId"]});
            told(&call(lab, "es15/deleteEvent", OWNER, request))
        }),
    ]
}
