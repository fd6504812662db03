//! Batches of subscribers: what is made of sound rows, what is said of others,
//! and that nothing is made twice.

use esim_sm_edge::{HttpRequest, HttpResponse};
use esim_sm_lab::*;
use serde_json::{Value, json};

const KI: &str = "465B5CE8B199B49FAA5F0A2EE238A6BC";
const OPC: &str = "CD63CB71954A9F4E48A5994E37A02BAF";

fn iccid(number: u64) -> String {
    esim_smdp::profile::draw_iccid(number).unwrap().to_string()
}

fn imsi(number: u64) -> String {
    format!("00101{number:010}")
}

fn row(number: u64) -> Value {
    json!({"iccid": iccid(number), "imsi": imsi(number), "ki": KI, "opc": OPC, "spn": "Lab"})
}

/// The same with other values; null takes one away.
fn with(mut row: Value, changes: Value) -> Value {
    row.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    row
}

fn import(lab: &Lab, template: &str, rows: &[Value]) -> Value {
    lab.operator("/esim-lab/import", json!({"template": template, "release": true, "rows": rows}))
}

fn csv(lab: &Lab, query: &str, text: &str) -> Value {
    let mut request = HttpRequest::post(format!("/esim-lab/import?{query}"), text).with_token(&lab.token);
    request.headers[0].1 = "text/csv; charset=utf-8".into();
    let response: HttpResponse = lab.send(request);
    assert_eq!(response.status, 200);
    serde_json::from_slice(&response.body).unwrap()
}

/// The reason of the one row.
fn refusal(answer: &Value) -> (String, String) {
    assert_eq!(answer["refused"], 1, "{answer}");
    let row = &answer["rows"][0];
    (row["column"].as_str().unwrap_or_default().into(), row["reason"].as_str().unwrap().into())
}

fn message(answer: &Value) -> String {
    assert_eq!(code(answer), "1.6/2.1", "{answer}");
    let status = &answer["header"]["functionExecutionStatus"]["statusCodeData"]["message"];
    status.as_str().unwrap().into()
}

#[test]
fn good_rows_go_in_and_bad_ones_are_told_by_line() {
    let lab = Lab::new();
    let file = format!(
        "\u{FEFF}opc;imsi;iccid;ki;spn;msisdn\r\n\
         {OPC};{};{};{KI};Lab;+15550100\r\n\
         {OPC};{};{};{};Lab;\r\n\
         {OPC};{};8.9001E+18;{KI};Lab;\r\n\
         {OPC};{};{};{KI};\"Lab; two\";\r\n\
         {OPC};{};{};{KI};Lab;555-0100\r\n",
        imsi(1),
        iccid(1),
        imsi(2),
        iccid(2),
        &KI[1..],
        imsi(3),
        imsi(4),
        iccid(4),
        imsi(5),
        iccid(5),
    );
    let answer = csv(&lab, "template=operational&release=true", &file);
    assert_success(&answer);
    let counts = ["created", "known", "refused"].map(|name| answer[name].as_u64().unwrap());
    assert_eq!(counts, [2, 0, 3]);
    let rows = answer["rows"].as_array().unwrap();
    assert_eq!(rows.iter().map(|row| row["line"].as_u64().unwrap()).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    let outcomes: Vec<_> = rows.iter().map(|row| row["column"].as_str().unwrap_or("-")).collect();
    assert_eq!(outcomes, ["-", "ki", "iccid", "-", "msisdn"]);
    assert!(rows[2]["reason"].as_str().unwrap().contains("spreadsheet"));
    assert!(!answer.to_string().contains(&KI[1..]));

    let shown = lab.show(&iccid(1));
    assert_eq!((&shown["state"], &shown["profileType"]), (&json!("Released"), &json!("operational")));
    assert_eq!(shown["metadata"]["serviceProviderName"], "Lab");
    let matching_id = rows[0]["matchingId"].as_str().unwrap();
    assert_eq!(rows[0]["activationCode"], json!(format!("LPA:1${ADDRESS}${matching_id}")));
    lab.download(matching_id);
    assert_eq!(lab.state(&iccid(1)), "Downloaded");
}

#[test]
fn the_same_rows_again_are_known_with_the_same_codes() {
    let lab = Lab::new();
    let rows: Vec<_> = (1..=3).map(row).collect();
    let first = import(&lab, "operational", &rows);
    assert_eq!(first["created"], 3);
    // The same in other letters.
    let again =
        with(row(1), json!({"ki": KI.to_lowercase(), "iccid": format!("{}F", iccid(1)), "spn": " Lab "}));
    let second = import(&lab, "operational", &[again, row(2), row(3), row(4)]);
    assert_eq!((&second["known"], &second["created"]), (&json!(3), &json!(1)));
    for i in 0..3 {
        assert_eq!(first["rows"][i]["activationCode"], second["rows"][i]["activationCode"]);
    }
    lab.download(first["rows"][0]["matchingId"].as_str().unwrap());
    let third = import(&lab, "operational", &[row(1)]);
    assert_eq!((&third["known"], &third["rows"][0]["state"]), (&json!(1), &json!("Downloaded")));
}

#[test]
fn another_row_of_the_same_iccid_or_imsi_is_refused_and_says_what_differs() {
    let lab = Lab::new();
    assert_eq!(
        import(&lab, "operational", &[with(row(1), json!({"confirmationCode": "8642"}))])["created"],
        1
    );
    let refused = |changes: Value| refusal(&import(&lab, "operational", &[with(row(1), changes)]));
    let other_key = refused(json!({"confirmationCode": "8642", "ki": OPC}));
    assert_eq!(other_key, ("ki".into(), "iccid is that of an order with another ki".into()));
    let (_, reason) = refused(json!({"confirmationCode": "8643", "opc": KI}));
    assert_eq!(reason, "iccid is that of an order with another confirmationCode, opc");
    let (_, reason) = refused(json!({}));
    assert_eq!(reason, "iccid is that of an order with another confirmationCode");
    let other_template = import(&lab, "provisioning", &[with(row(1), json!({"confirmationCode": "8642"}))]);
    assert!(refusal(&other_template).1.contains("template operational"));

    let same_imsi = import(&lab, "operational", &[with(row(2), json!({"imsi": imsi(1)}))]);
    let (column, reason) = refusal(&same_imsi);
    assert_eq!(column, "imsi");
    assert!(reason.contains(&iccid(1)), "{reason}");
    let provisioned = lab.provision();
    let taken = import(&lab, "operational", &[with(row(3), json!({"iccid": provisioned}))]);
    assert!(refusal(&taken).1.contains("no batch"), "{taken}");
}

#[test]
fn an_order_that_is_over_gives_its_imsi_free_and_comes_back_in_no_way() {
    let lab = Lab::new();
    let first = import(&lab, "operational", &[row(1)]);
    let cancel = json!({"iccid": iccid(1), "finalProfileStatusIndicator": "Unavailable",
        "matchingId": first["rows"][0]["matchingId"]});
    assert_success(&lab.es2("cancelOrder", cancel));
    let again = import(&lab, "operational", &[row(1)]);
    assert_eq!((&again["known"], &again["rows"][0]["state"]), (&json!(1), &json!("Unavailable")));
    assert_eq!(again["rows"][0]["activationCode"], json!(null));
    let other = import(&lab, "operational", &[with(row(2), json!({"imsi": imsi(1)}))]);
    assert_eq!(other["created"], 1, "{other}");
}

#[test]
fn rows_of_one_batch_that_clash_are_told_by_line() {
    let lab = Lab::new();
    let rows = [
        with(row(1), json!({"line": 10, "matchingId": "ONE"})),
        with(row(2), json!({"line": 11, "iccid": iccid(1)})),
        with(row(2), json!({"line": 12, "imsi": imsi(1)})),
        with(row(2), json!({"line": 13, "matchingId": "ONE"})),
        with(row(2), json!({"line": 14})),
    ];
    let answer = import(&lab, "operational", &rows);
    let told = |i: usize| answer["rows"][i]["reason"].as_str().unwrap_or("-");
    let reasons = [0, 1, 2, 3, 4].map(told);
    let line = |column| format!("{column} is that of line 10");
    assert_eq!(reasons, ["-", &line("iccid"), &line("imsi"), &line("matchingId"), "-"]);
    let later = import(&lab, "operational", &[with(row(3), json!({"matchingId": "ONE"}))]);
    assert_eq!(refusal(&later).0, "matchingId");
}

/// Every column wrong in every way that comes to mind: the column is named, its value is not quoted.
#[test]
fn wrong_values_are_refused_by_column() {
    let lab = Lab::new();
    for (template, column, values) in [
        ("operational", "iccid", &["", "89001", "8900101000000000010", "890010100000000001x"][..]),
        ("operational", "imsi", &["", "12345", "1234567890123456", "00101012345678x", "1.01E+14"]),
        ("operational", "msisdn", &["+", "abc", "+1234567890123456"]),
        (
            "operational",
            "ki",
            &["", "465B", "XY5B5CE8B199B49FAA5F0A2EE238A6BC", "465B5CE8 B199B49FAA5F0A2EE238A6BC"],
        ),
        ("operational", "opc", &["", "465B5CE8B199B49FAA5F0A2EE238A6BCAB"]),
        ("operational", "algorithm", &["comp128", "usim-test"]),
        ("operational", "mncLength", &["4", "x"]),
        ("operational", "spn", &["seventeen letters"]),
        ("operational", "smsc", &["1-2", "+123456789012345678901"]),
        ("operational", "gid1", &["A", "XY", "000102030405060708090A0B0C0D0E0F10"]),
        ("operational", "policyRules", &["ppr3", "ppr1 all"]),
        ("provisioning", "policyRules", &["ppr1"]),
        ("operational", "icon", &["!!", "AAAA"]),
        ("operational", "eid", &["89", "89049032000001000000000000000001"]),
        ("operational", "matchingId", &["A B", "A$B"]),
        ("operational", "pin1", &["123", "123456789", "12a4"]),
        ("operational", "puk1", &["1234567"]),
        ("operational", "puk2", &["123456789"]),
        ("operational", "pin2", &["x234"]),
        ("operational", "adm1", &["12345678", "000102030405060X"]),
        ("operational", "otaVersion", &["1"]),
        ("operational", "kic", &["00"]),
        ("test", "ki", &["465B5CE8B199B49FAA5F0A2EE238A6BC"]),
    ] {
        for value in values {
            let answer = import(&lab, template, &[with(row(1), json!({column: value}))]);
            let (named, reason) = refusal(&answer);
            assert!(
                named == column || column == "icon" && reason.contains("icon"),
                "{template} {column} {value:?}: {reason}"
            );
            assert!(value.len() < 3 || !reason.contains(value), "{reason}");
        }
    }
    assert_eq!(lab.show(&iccid(1))["header"]["functionExecutionStatus"]["status"], "Failed");
    let named = refusal(&import(&lab, "operational", &[with(row(1), json!({"kic": KI}))]));
    assert_eq!(named, ("kid".into(), "kid is missing".into()));
}

#[test]
fn each_template_makes_its_own_kind() {
    let lab = Lab::new();
    let key = with(row(1), json!({"ki": null, "opc": null}));
    assert_eq!(import(&lab, "test", &[key])["created"], 1);
    assert_eq!(lab.show(&iccid(1))["metadata"]["profileClass"], "test");
    assert_eq!(import(&lab, "provisioning", &[row(2)])["created"], 1);
    let shown = lab.show(&iccid(2));
    assert_eq!(
        (&shown["metadata"]["profileClass"], &shown["metadata"]["profileName"]),
        (&json!("provisioning"), &json!("Provisioning"))
    );
    let tuak = with(row(3), json!({"ki": format!("{KI}{OPC}"), "opc": format!("{OPC}{KI}")}));
    assert_eq!(import(&lab, "operational-5g", std::slice::from_ref(&tuak))["created"], 1);
    let everything = json!({
        "algorithm": "Milenage", "ki": KI, "opc": OPC, "mncLength": 3, "profileName": "Plan", "smsc": "+15550199", "gid1": "AB",
        "policyRules": ["ppr1", "ppr2"], "icon": "iVBORwA=", "matchingId": "PLAN-1", "confirmationCode": "8642",
        "pin1": "1234", "puk1": "12345678", "pin2": "2345", "puk2": "23456789", "adm1": "0001020304050607",
        "otaVersion": 2, "kic": KI, "kid": OPC, "kik": KI, "eid": lab.euicc.eid, "msisdn": "+15550100",
    });
    let all = with(with(tuak, json!({"iccid": iccid(4), "imsi": imsi(4)})), everything);
    let answer = import(&lab, "operational", &[all]);
    assert_eq!(answer["created"], 1, "{answer}");
    let shown = lab.show(&iccid(4));
    assert_eq!(shown["metadata"]["profilePolicyRules"], json!(["ppr1", "ppr2"]));
    assert_eq!((&shown["matchingId"], &shown["confirmationRequired"]), (&json!("PLAN-1"), &json!(true)));
    assert_success(&lab.fetch(&lab.offered("PLAN-1"), Some("8642")));
}

#[test]
fn an_euicc_may_ask_with_its_eid_alone() {
    let lab = Lab::new();
    let batch = |row: Value| {
        lab.operator(
            "/esim-lab/import",
            json!({"template": "operational", "release": true, "defaultSmdp": true, "rows": [row]}),
        )
    };
    assert_eq!(refusal(&batch(row(1))).0, "eid");
    assert_eq!(
        refusal(&batch(with(row(1), json!({"eid": lab.euicc.eid, "matchingId": "A"})))).0,
        "matchingId"
    );
    assert_eq!(batch(with(row(1), json!({"eid": lab.euicc.eid})))["created"], 1);
    lab.download("");
    assert_eq!(lab.state(&iccid(1)), "Downloaded");
}

#[test]
fn batches_of_which_no_row_can_be_used() {
    let lab = Lab::new();
    assert!(message(&import(&lab, "gold", &[row(1)])).contains("operational, operational-5g"));
    let many: Vec<_> = (0..501).map(row).collect();
    assert!(message(&import(&lab, "operational", &many)).contains("500"));
    assert!(message(&csv(&lab, "template=operational", "iccid,colour\n1,red\n")).contains("colour"));
    assert!(message(&csv(&lab, "template=operational&colour=red", "iccid\n")).contains("colour"));
    assert!(message(&csv(&lab, "template=operational&release=yes", "iccid\n")).contains("true or false"));
    assert_eq!(import(&lab, "operational", &[])["created"], 0);
}

#[test]
fn orders_are_their_operators() {
    let lab = Lab::new();
    let batch = |requester: &str| {
        let header = json!({"functionRequesterIdentifier": requester, "functionCallIdentifier": "batch-7"});
        lab.operator(
            "/esim-lab/import",
            json!({"header": header, "template": "operational", "rows": [row(1)]}),
        )
    };
    assert_eq!(batch("2.999.1")["rows"][0]["state"], "Confirmed");
    assert_eq!(batch("2.999.1")["known"], 1);
    assert!(refusal(&batch("2.999.2")).1.contains("another operator"));
    assert_success(&lab.es2("releaseProfile", json!({"iccid": iccid(1)})));
    assert_eq!(batch("2.999.1")["rows"][0]["state"], "Released");
    assert!(lab.host.take_log().iter().any(|line| line.contains("batch-7") && line.contains("1 created")));
}

#[test]
fn templates_are_listed_with_the_columns() {
    let lab = Lab::new();
    let request = HttpRequest::get("/esim-lab/templates").with_token(&lab.token);
    let answer: Value = serde_json::from_slice(&lab.send(request).body).unwrap();
    let names: Vec<_> = answer["templates"].as_array().unwrap().iter().map(|t| &t["name"]).collect();
    assert_eq!(names, ["operational", "operational-5g", "provisioning", "test"]);
    assert_eq!(answer["templates"][2]["class"], "provisioning");
    assert_eq!(answer["columns"][0]["name"], "iccid");
    assert_eq!(lab.send(HttpRequest::get("/esim-lab/templates")).status, 401);
}

#[test]
fn the_report_says_how_orders_stand() {
    let lab = Lab::new();
    let rows: Vec<_> = (1..=5).map(row).collect();
    let answer = import(&lab, "operational", &rows);
    lab.download(answer["rows"][1]["matchingId"].as_str().unwrap());
    let get = |query: &str| {
        let request = HttpRequest::get(format!("/esim-lab/report?{query}")).with_token(&lab.token);
        let response = lab.send(request);
        assert_eq!(response.status, 200);
        response
    };
    let page: Value = serde_json::from_slice(&get("limit=3").body).unwrap();
    let next = page["next"].as_str().unwrap().to_string();
    let second = &page["rows"][1];
    assert_eq!(
        (&second["state"], &second["lastFunction"]),
        (&json!("Downloaded"), &json!("getBoundProfilePackage"))
    );
    assert_eq!(second["eid"], json!(lab.euicc.eid));
    assert_eq!(page["rows"][0]["lastAt"], "2026-01-01T00:00:00Z");
    let csv = get("limit=3&format=csv");
    assert_eq!(csv.header("X-Next"), Some(next.as_str()));
    let text = String::from_utf8(csv.body).unwrap();
    assert_eq!(text.lines().count(), 4);
    assert!(text.starts_with("iccid,profileType,state,activationCode,"), "{text}");
    assert!(text.contains(answer["rows"][0]["activationCode"].as_str().unwrap()));
    let last = get(&format!("limit=3&format=csv&after={next}"));
    assert_eq!((last.header("X-Next"), String::from_utf8_lossy(&last.body).lines().count()), (None, 3));
}

#[test]
fn a_batch_may_stay_in_stock_and_be_ordered_later() {
    let lab = Lab::new();
    let stock = |rows: &[Value]| {
        lab.operator("/esim-lab/import", json!({"template": "operational", "stock": true, "rows": rows}))
    };
    let answer = stock(&[row(1), row(2)]);
    assert_eq!(answer["created"], 2, "{answer}");
    assert_eq!(
        (&answer["rows"][0]["state"], &answer["rows"][0]["matchingId"]),
        (&json!("Available"), &json!(null))
    );
    assert_eq!(stock(&[row(1)])["known"], 1);
    let settled = with(row(3), json!({"matchingId": "ABC"}));
    assert_eq!(refusal(&stock(&[settled])).0, "matchingId");

    let header = json!({"functionRequesterIdentifier": "2.999.100", "functionCallIdentifier": "x"});
    let ordered = lab.es2("downloadOrder", json!({"header": header, "profileType": "operational"}));
    assert_success(&ordered);
    let confirm =
        json!({"header": header, "iccid": ordered["iccid"], "matchingId": "ABC", "releaseFlag": true});
    assert_success(&lab.es2("confirmOrder", confirm));
    lab.download("ABC");
}
