//! Orders are found over any store: by the beginning of an ICCID, by EID, owner, matchingId and state.

use super::{HttpRequest, MemoryHost, Store, block_on, handle};
use serde_json::{Value, json};

const EID: &str = "89049032123451234512345678901235";
const A: &str = "2.999.1";
const B: &str = "2.999.2";

fn ask<S: Store>(host: &MemoryHost<S>, request: HttpRequest) -> Value {
    let response = block_on(handle(request.with_token("memory"), host));
    let answer: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(answer["header"]["functionExecutionStatus"]["status"], "Executed-Success", "{answer}");
    answer
}

/// ICCIDs that are found, page by page.
fn found<S: Store>(host: &MemoryHost<S>, query: &str) -> Vec<String> {
    let (mut iccids, mut after) = (Vec::new(), String::new());
    loop {
        let page = ask(host, HttpRequest::get(format!("/esim-lab/orders?{query}{after}")));
        let orders = page["orders"].as_array().unwrap();
        iccids.extend(orders.iter().map(|order| order["iccid"].as_str().unwrap().to_string()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return iccids,
        }
    }
}

fn iccid(n: usize) -> String {
    format!("890010100000000{n:04}")
}

/// Twelve orders: every third for the eUICC, every second of A, the rest of B; the last one confirmed and not released.
fn make<S: Store>(host: &MemoryHost<S>) {
    for n in 0..12 {
        let iccid = iccid(n);
        let post = |path: &str, body: Value| ask(host, HttpRequest::post(path, body.to_string()));
        post("/esim-lab/provision", json!({"iccid": iccid, "subscriber": super::subscriber()}));
        let owner = if n % 2 == 0 { A } else { B };
        let header = json!({"functionRequesterIdentifier": owner, "functionCallIdentifier": "x"});
        let mut order = json!({"header": header, "iccid": iccid});
        if n % 3 == 0 {
            order["eid"] = json!(EID);
        }
        post("/gsma/rsp2/es2plus/downloadOrder", order.clone());
        order["matchingId"] = json!(format!("ID-{n}"));
        order["releaseFlag"] = json!(n < 11);
        post("/gsma/rsp2/es2plus/confirmOrder", order);
    }
}

/// Makes twelve orders in a store that is empty, and finds them.
pub fn orders_are_found<S: Store>(host: &MemoryHost<S>) {
    make(host);
    let every = |step: usize, from: usize| (from..12).step_by(step).map(iccid).collect::<Vec<_>>();
    for limit in ["limit=1", "limit=2", "limit=5", "limit=500", ""] {
        let find = |query: &str| found(host, &format!("{limit}&{query}"));
        assert_eq!(find(""), every(1, 0));
        assert_eq!(find("search="), every(1, 0), "nothing is looked for");
        assert_eq!(find(&format!("search={EID}")), every(3, 0), "{limit}");
        assert_eq!(find(&format!("search=+{}+{}", &EID[..4], &EID[4..])), every(3, 0), "as people write it");
        assert_eq!(find(&format!("search={A}")), every(2, 0));
        assert_eq!(find("search=2.999.3"), [""; 0]);
        assert_eq!(find("search=8900101000000001"), [""; 0]);
        assert_eq!(find("search=89001010000000000"), every(1, 0), "all begin so");
        assert_eq!(find("search=890010100000000001"), every(1, 10));
        assert_eq!(find(&format!("search={}", iccid(4))), [iccid(4)]);
        assert_eq!(find("search=ID-7"), [iccid(7)]);
        assert_eq!(find("search=LPA%3A1%24smdp.example%24ID-7"), [iccid(7)], "an activation code");
        assert_eq!(find("search=ID-77"), [""; 0]);
        assert_eq!(find("state=Confirmed"), [iccid(11)]);
        assert_eq!(
            find(&format!("search={B}&state=Released")),
            ["0001", "0003", "0005", "0007", "0009"].map(|n| format!("890010100000000{n}"))
        );
        assert_eq!(find("search=ID-7&state=Confirmed"), [""; 0]);
        // Whoever asks for one operator's orders finds no other's.
        assert_eq!(find(&format!("requester={B}&search={EID}")), every(6, 3));
    }
    for nothing in
        ["123456789012345678901", "89049032123451234512345678901234", "%F0%9F%A6%80", "1%24", "..", "+"]
    {
        let expected = if nothing == "+" { 12 } else { 0 };
        assert_eq!(found(host, &format!("search={nothing}")).len(), expected, "{nothing}");
    }
    let request = HttpRequest::get("/esim-lab/orders?state=Lost").with_token("memory");
    assert_eq!(block_on(handle(request, host)).status, 400);
}
