//! The wall between operators: requests of two of them at one SM, sound and bent in every way, drawn from octets, and
//! what must hold after each: nothing has been read or changed that is another's.
//!
//! Tests draw the octets at random, and a fuzz target lets a fuzzer choose them.

use esim_crypto::{Curve, PrivateKey};
use esim_sm_edge::token::{Claims, sign};
use esim_sm_edge::{
    Caller, ClientCertificate, Host, HttpRequest, HttpResponse, MemoryHost, Store, block_on, handle,
};
use esim_smdp::store::Lookup;
use esim_smdp::{Config, Operator};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Two operators, whose tokens and certificates the SM knows.
pub const OPERATORS: [&str; 2] = ["2.999.1", "2.999.2"];
const SMDS: &str = "smds.esim-lab.example";
const KI: &str = "465B5CE8B199B49FAA5F0A2EE238A6BC";
/// The template of every batch: everybody's, and the profile type of its orders.
const TEMPLATE: &str = "operational";
const OPC: &str = "CD63CB71954A9F4E48A5994E37A02BAF";

/// An SM that is asked, and whose records can be looked at.
pub trait Site {
    /// Answers a request.
    fn answer(&self, request: HttpRequest) -> HttpResponse;
    /// Every order, package and event, in clear, by its name.
    fn rows(&self) -> BTreeMap<String, Value>;
}

impl Site for MemoryHost {
    fn answer(&self, request: HttpRequest) -> HttpResponse {
        block_on(handle(request, self))
    }

    fn rows(&self) -> BTreeMap<String, Value> {
        rows_of(self)
    }
}

/// The records of a host.
pub fn rows_of<H: Host>(host: &H) -> BTreeMap<String, Value> {
    let mut rows = BTreeMap::new();
    for prefix in ["order/", "event/"] {
        let all = Lookup::Range { prefix: prefix.into(), after: String::new(), limit: 100_000 };
        for row in block_on(host.store().load(&[all])).unwrap() {
            let package = Lookup::Name(row.name.replacen("order/", "package/", 1));
            for row in block_on(host.store().load(&[package])).unwrap().into_iter().chain([row]) {
                let row = host.vault().open(row).unwrap();
                rows.insert(row.name, serde_json::from_slice(&row.body).unwrap());
            }
        }
    }
    rows
}

fn key(oid: &str) -> PrivateKey {
    PrivateKey::from_bytes(Curve::P256, &[oid.as_bytes()[oid.len() - 1]; 32]).unwrap()
}

fn fingerprint(oid: &str) -> [u8; 32] {
    [oid.as_bytes()[oid.len() - 1]; 32]
}

/// Lets a configuration know the operators.
pub fn introduce(config: &mut Config) {
    let operator = |oid: &str| Operator {
        oid: oid.into(),
        callback: None,
        token_key: Some(key(oid).public_key()),
        certificates: vec![fingerprint(oid)],
    };
    config.operators = OPERATORS.map(operator).into();
}

/// What both operators and the house have at an SM, and requests at it.
pub struct Wall {
    house: String,
    tokens: [String; 2],
    /// ICCIDs, matchingIds and so on that are somebody's, to be asked for.
    iccids: Vec<String>,
    matching_ids: Vec<String>,
    eids: [String; 2],
}

impl Wall {
    /// Fills an SM that `introduce` has been done to; `house` is its token, `address` the SM-DP+'s, `now` its clock.
    pub fn build(site: &impl Site, house: &str, address: &str, now: u64) -> Self {
        let token = |oid: &str| {
            sign(&Claims { iss: oid.into(), aud: address.into(), iat: now, exp: now + 3600 }, &key(oid))
        };
        let mut wall = Self {
            house: house.into(),
            tokens: OPERATORS.map(token),
            iccids: Vec::new(),
            matching_ids: Vec::new(),
            eids: ["890490321234512345123456789012", "890490320000010000001000000000"]
                .map(|body| esim_rsp::Eid::from_body(body).unwrap().to_string()),
        };
        let mut number = 1000;
        for (i, owner) in OPERATORS.map(Some).into_iter().chain([None]).enumerate() {
            wall.fill(site, i, owner, &mut number);
        }
        wall
    }

    /// What one of the operators has, or the house.
    fn fill(&mut self, site: &impl Site, i: usize, owner: Option<&str>, number: &mut u64) {
        self.stock(site, number, owner);
        self.stock(site, number, owner);
        let by = owner.unwrap_or("2.999.77");
        let header = json!({"functionRequesterIdentifier": by, "functionCallIdentifier": "1"});
        if owner.is_some() {
            self.have_orders(site, i, owner, number, &header);
        }
        *number += 1;
        let mut row = row(*number);
        row["matchingId"] = json!(secret("BATCH", i));
        self.iccids.push(iccid(*number));
        let mut batch = json!({"template": TEMPLATE, "release": true, "rows": [row]});
        if owner.is_some() {
            batch["header"] = header;
        }
        self.call(site, "/esim-lab/import", batch);
        let ids = ["CONFIRMED", "RELEASED", "EVENT", "ES12", "BATCH"];
        self.matching_ids.extend(ids.map(|what| secret(what, i)));
    }

    /// An operator's orders, one in each state; one of them is of a profile that was nobody's.
    fn have_orders(
        &mut self,
        site: &impl Site,
        i: usize,
        owner: Option<&str>,
        number: &mut u64,
        header: &Value,
    ) {
        let eid = self.eids[i % 2].clone();
        let confirm = |matching_id: &str, release: bool| json!({"header": header, "matchingId": matching_id, "releaseFlag": release});
        let mut released = confirm(&secret("RELEASED", i), true);
        released["confirmationCode"] = json!("8642");
        let mut event = confirm(&secret("EVENT", i), true);
        event["smdsAddress"] = json!(SMDS);
        for (whose, confirm) in [
            (owner, Some(confirm(&secret("CONFIRMED", i), false))),
            (None, Some(released)),
            (owner, Some(event)),
            (owner, Some(confirm("", true))),
            (owner, None),
        ] {
            let iccid = self.stock(site, number, whose);
            let order = json!({"header": header, "iccid": iccid, "eid": eid});
            self.call(site, "/gsma/rsp2/es2plus/downloadOrder", order);
            if let Some(mut confirm) = confirm {
                confirm["iccid"] = json!(iccid);
                self.call(site, "/gsma/rsp2/es2plus/confirmOrder", confirm);
            }
        }
        let event = json!({"header": header, "eid": eid, "eventId": secret("ES12", i),
            "rspServerAddress": "a.example", "forwardingIndicator": false});
        self.call(site, "/gsma/rsp2/es12/registerEvent", event);
    }

    /// A profile in stock: somebody's, or anybody's.
    fn stock(&mut self, site: &impl Site, number: &mut u64, owner: Option<&str>) -> String {
        *number += 1;
        let iccid = iccid(*number);
        let mut request =
            json!({"iccid": iccid, "subscriber": subscriber(*number), "profileType": plan(owner)});
        if let Some(owner) = owner {
            request["owner"] = json!(owner);
        }
        self.call(site, "/esim-lab/provision", request);
        self.iccids.push(iccid.clone());
        iccid
    }

    fn call(&self, site: &impl Site, path: &str, body: Value) {
        let response = site.answer(HttpRequest::post(path, body.to_string()).with_token(&self.house));
        let text = String::from_utf8_lossy(&response.body).into_owned();
        assert!(
            response.status == 200 && !text.contains("\"Failed\"") && !text.contains("\"refused\":1"),
            "{path}: {text}"
        );
    }

    /// Sends the requests that `octets` mean, and holds each answer, and what is there afterwards, against the wall. How
    /// many they were.
    ///
    /// # Panics
    /// Somebody has read or changed what is another's.
    pub fn check(&self, site: &impl Site, octets: &[u8]) -> usize {
        let mut draw = Draw(octets.iter());
        let (mut before, mut sent) = (site.rows(), 0);
        while draw.0.len() > 0 && sent < 8 {
            let (who, request) = self.request(&mut draw);
            let response = site.answer(request.clone());
            let after = site.rows();
            hold(who, &request, &response, &before, &after);
            (before, sent) = (after, sent + 1);
        }
        sent
    }

    /// A request, and the operator whose credential it brings.
    fn request(&self, draw: &mut Draw<'_>) -> (&'static str, HttpRequest) {
        let place = draw.below(2);
        let who = OPERATORS[place];
        let mut request = match draw.below(16) {
            0..6 => self.es2plus(who, draw),
            6..8 => self.es12(who, draw),
            8..10 => self.provision(who, draw),
            10..12 => self.import(who, draw),
            12 => self.csv(who, draw),
            _ => self.look(who, draw),
        };
        let certificate = |oid| ClientCertificate::Verified {
            fingerprint: fingerprint(oid),
            issuer_key_id: vec![1; 20],
            subject: oid.into(),
        };
        let (shows_token, shown) = match draw.below(4) {
            0 => (false, Some(who)),
            // The token counts.
            1 => (true, Some(OPERATORS[1 - place])),
            _ => (true, None),
        };
        if shows_token {
            request = request.with_token(&self.tokens[place]);
        }
        request.caller = Caller { source: None, certificate: shown.map(certificate) };
        (who, request)
    }

    fn es2plus(&self, who: &str, draw: &mut Draw<'_>) -> HttpRequest {
        let function = draw.pick(&["downloadOrder", "confirmOrder", "cancelOrder", "releaseProfile"]);
        let members = [
            ("header", self.header(who, draw)),
            ("iccid", quoted(&self.iccid(draw))),
            ("finalProfileStatusIndicator", quoted(draw.pick(&["Available", "Unavailable"]))),
            ("releaseFlag", draw.pick(&["true", "false"]).to_string()),
        ];
        let more = [
            ("eid", quoted(&self.eids[draw.below(2)])),
            ("profileType", quoted(&plan(draw.pick(&[Some(OPERATORS[0]), Some(OPERATORS[1]), None])))),
            ("matchingId", quoted(&self.matching_id(draw))),
            ("confirmationCode", quoted(draw.pick(&["8642", "1"]))),
            ("smdsAddress", quoted(draw.pick(&[SMDS, ".", "127.0.0.1", ""]))),
        ];
        let mut members: Vec<_> = members.into_iter().collect();
        for member in more {
            if draw.below(4) == 0 {
                members.push(member);
            }
        }
        if function == "downloadOrder" && draw.below(2) == 0 {
            members.retain(|(name, _)| *name != "iccid");
        }
        post(&format!("/gsma/rsp2/es2plus/{function}"), self.bent(members, draw))
    }

    fn es12(&self, who: &str, draw: &mut Draw<'_>) -> HttpRequest {
        let path = format!(
            "/gsma/rsp2/{}/{}",
            draw.pick(&["es12", "es15"]),
            draw.pick(&["registerEvent", "deleteEvent"])
        );
        let members = vec![
            ("header", self.header(who, draw)),
            ("eid", quoted(&self.eids[draw.below(2)])),
            ("eventId", quoted(&self.matching_id(draw))),
            ("rspServerAddress", quoted(draw.pick(&["a.example", "b.example"]))),
            ("forwardingIndicator", draw.pick(&["true", "false"]).to_string()),
        ];
        post(&path, self.bent(members, draw))
    }

    fn provision(&self, who: &str, draw: &mut Draw<'_>) -> HttpRequest {
        let mut members = vec![("subscriber", subscriber(draw.below(250) as u64).to_string())];
        if draw.below(4) > 0 {
            members.push(("iccid", quoted(&self.iccid(draw))));
        }
        if draw.below(2) == 0 {
            members.push(("owner", quoted(&self.oid(who, draw))));
        }
        if draw.below(2) == 0 {
            members.push((
                "profileType",
                quoted(&plan(draw.pick(&[Some(OPERATORS[0]), Some(OPERATORS[1]), None]))),
            ));
        }
        post("/esim-lab/provision", self.bent(members, draw))
    }

    fn import(&self, who: &str, draw: &mut Draw<'_>) -> HttpRequest {
        let mut row = row(draw.below(250) as u64);
        row["iccid"] = json!(self.iccid(draw));
        if draw.below(2) == 0 {
            row["matchingId"] = json!(self.matching_id(draw));
        }
        let mut members = vec![
            ("template", quoted(TEMPLATE)),
            ("release", draw.pick(&["true", "false"]).to_string()),
            ("rows", json!([row]).to_string()),
        ];
        if draw.below(4) > 0 {
            members.push(("header", self.header(who, draw)));
        }
        post("/esim-lab/import", self.bent(members, draw))
    }

    fn csv(&self, who: &str, draw: &mut Draw<'_>) -> HttpRequest {
        let mut query = format!("template={TEMPLATE}");
        for _ in 0..draw.below(3) {
            let name = draw.pick(&["requester", "requester", "%72equester", "Requester", "owner", "call"]);
            query = format!("{query}&{name}={}", self.oid(who, draw));
        }
        let number = draw.below(250);
        let mut line =
            format!("{},00101{number:010},{KI},{OPC},{}", self.iccid(draw), self.matching_id(draw));
        if draw.below(4) == 0 {
            line = line.replace(',', draw.pick(&["\0", "\"", ",,", "\n", ";"]));
        }
        let body = format!("iccid,imsi,ki,opc,matchingId\n{line}\n");
        let mut request = post(&format!("/esim-lab/import?{query}"), body.into());
        request.headers[0].1 = draw.pick(&["text/csv", "text/csv; charset=utf-8", "application/json"]).into();
        request
    }

    fn look(&self, who: &str, draw: &mut Draw<'_>) -> HttpRequest {
        let mut path = match draw.below(6) {
            0 => format!("/esim-lab/orders/{}", self.iccid(draw)),
            1 => format!("/esim-lab/orders?matchingId={}", self.matching_id(draw)),
            2 => format!("/esim-lab/report?limit={}", 1 + draw.below(4)),
            3 => format!("/esim-lab/report?format=csv&limit={}", 1 + draw.below(4)),
            4 => format!("/esim-lab/audit?limit={}", 1 + draw.below(4)),
            _ => format!("/esim-lab/orders?limit={}", 1 + draw.below(4)),
        };
        for _ in 0..draw.below(3) {
            let mark = if path.contains('?') { '&' } else { '?' };
            let name = draw.pick(&["requester", "after", "owner", "%72equester"]);
            let value = if name == "after" { self.iccid(draw) } else { self.oid(who, draw) };
            path = format!("{path}{mark}{name}={value}");
        }
        HttpRequest::get(path)
    }

    /// The caller's own OID, or the other operator's, which is what this is about.
    fn oid(&self, who: &str, draw: &mut Draw<'_>) -> String {
        match draw.below(6) {
            0..3 => who.into(),
            3..5 => OPERATORS[usize::from(who == OPERATORS[0])].into(),
            _ => draw.pick(&["", "2.999.77", "2.999.1.1", " 2.999.1", "2.999.2\u{0}"]).into(),
        }
    }

    fn header(&self, who: &str, draw: &mut Draw<'_>) -> String {
        let members = vec![
            ("functionRequesterIdentifier", quoted(&self.oid(who, draw))),
            ("functionCallIdentifier", quoted("1")),
        ];
        match draw.below(8) {
            0 => String::from_utf8_lossy(&self.bent(members, draw)).into_owned(),
            _ => object(&members),
        }
    }

    /// Somebody's, or nobody's yet.
    fn iccid(&self, draw: &mut Draw<'_>) -> String {
        match draw.below(8) {
            0 => iccid(draw.below(250) as u64),
            _ => self.iccids[draw.below(self.iccids.len())].clone(),
        }
    }

    fn matching_id(&self, draw: &mut Draw<'_>) -> String {
        match draw.below(4) {
            0 => format!("NEW-{}", draw.below(16)),
            _ => self.matching_ids[draw.below(self.matching_ids.len())].clone(),
        }
    }

    /// An object with up to three things wrong.
    fn bent(&self, mut members: Vec<(&'static str, String)>, draw: &mut Draw<'_>) -> Vec<u8> {
        const OTHERS: [&str; 12] = [
            "1",
            "null",
            "true",
            "[]",
            "{}",
            "\"\"",
            "-1e99",
            "\"2.999.1\"",
            "\"2.999.2\"",
            "[\"2.999.1\"]",
            "{\"a\":1}",
            "\"\\u0000\"",
        ];
        let (mut around, mut cut) = (("", ""), None);
        for _ in 0..draw.below(4) {
            let at = draw.below(members.len().max(1));
            match draw.below(10) {
                0 if !members.is_empty() => drop(members.remove(at)),
                1 if !members.is_empty() => members[at].1 = draw.pick(&OTHERS).into(),
                2 if !members.is_empty() => {
                    let again = (members[at].0, draw.pick(&OTHERS).to_string());
                    members.insert(draw.below(members.len()), again);
                }
                // What other functions name an operator with: a reader of names only might stop at it.
                3 | 8 => members.insert(at.min(members.len()), ("owner", draw.pick(&OTHERS).into())),
                4 => {
                    let header = self.header(OPERATORS[draw.below(2)], draw);
                    members.insert(at.min(members.len()), ("header", header));
                }
                5 if !members.is_empty() => {
                    members[at].0 =
                        draw.pick(&["\\u006fwner", "\\u0068eader", "Owner", "HEADER", "owner ", "requester"]);
                }
                6 => {
                    around = draw.pick(&[
                        ("\u{FEFF}", ""),
                        ("", "{}"),
                        ("[", "]"),
                        (" \n", "\t"),
                        ("", "\0"),
                        ("{}", ""),
                    ])
                }
                7 => cut = Some(draw.below(250)),
                _ => members.push(("requester", draw.pick(&OTHERS).into())),
            }
        }
        let mut body = format!("{}{}{}", around.0, object(&members), around.1).into_bytes();
        if let Some(cut) = cut {
            let at = cut * body.len() / 250;
            match cut % 2 {
                0 => body.truncate(at),
                _ => body.iter_mut().skip(at).take(1).for_each(|octet| *octet ^= 0x80),
            }
        }
        body
    }
}

/// Octets as choices; none left, the first of each.
struct Draw<'a>(std::slice::Iter<'a, u8>);

impl Draw<'_> {
    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or_default()) % limit
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// A matchingId or eventId that is somebody's.
fn secret(what: &str, i: usize) -> String {
    format!("SECRET-{what}-{i}")
}

fn quoted(text: &str) -> String {
    json!(text).to_string()
}

fn object(members: &[(&str, String)]) -> String {
    let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
    format!("{{{}}}", members.join(", "))
}

fn post(path: &str, body: Vec<u8>) -> HttpRequest {
    HttpRequest::post(path, body)
}

fn iccid(number: u64) -> String {
    esim_smdp::profile::draw_iccid(number).unwrap().to_string()
}

fn subscriber(number: u64) -> Value {
    json!({"imsi": format!("00101{number:010}"), "ki": KI, "opc": OPC, "spn": "Lab"})
}

fn row(number: u64) -> Value {
    json!({"iccid": iccid(number), "imsi": format!("00101{number:010}"), "ki": KI, "opc": OPC})
}

fn plan(owner: Option<&str>) -> String {
    format!("plan of {}", owner.unwrap_or("nobody"))
}

/// Whose a record is: an operator's, or else the house's; nothing if it is in stock for everybody.
fn whose(name: &str, rows: &BTreeMap<String, Value>) -> Option<String> {
    let order = match name.strip_prefix("package/") {
        Some(iccid) => rows.get(&format!("order/{iccid}"))?,
        None => &rows[name],
    };
    let named = order["owner"].as_str().or(order["operator"].as_str());
    match named {
        Some(oid) => Some(oid.into()),
        None if order["state"] == "Available" => None,
        None => Some("the house".into()),
    }
}

/// What is secret about a record, but for `true`, `null` and the like, which who orders may take for a name.
fn secrets(row: &Value) -> impl Iterator<Item = &str> {
    let members = ["iccid", "matching_id", "event_id", "eid", "profile_type"].map(|name| &row[name]);
    let texts = members.into_iter().chain([&row["source"]["imsi"]]).filter_map(Value::as_str);
    texts.filter(|text| text.len() > 4 && *text != TEMPLATE)
}

/// Whether a word stands in a text: not as the beginning or a part of another, as NEW-1 does in NEW-12.
fn says(text: &str, word: &str) -> bool {
    let goes_on = |next: Option<char>| next.is_some_and(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    text.match_indices(word).any(|(at, _)| {
        !goes_on(text[..at].chars().next_back()) && !goes_on(text[at + word.len()..].chars().next())
    })
}

fn hold(
    who: &str,
    request: &HttpRequest,
    response: &HttpResponse,
    before: &BTreeMap<String, Value>,
    after: &BTreeMap<String, Value>,
) {
    let asked = format!("{} {}", request.path, String::from_utf8_lossy(&request.body));
    let told = || format!("{who}: {asked}\n{} {}", response.status, String::from_utf8_lossy(&response.body));
    assert!(response.status < 500, "{}", told());
    let is_others = |name: &str, rows| whose(name, rows).is_some_and(|whose| whose != who);
    for (name, row) in before {
        let now = after.get(name);
        if is_others(name, before) {
            assert_eq!(now, Some(row), "{name} is another's and has changed\n{}", told());
        } else if now != Some(row) && whose(name, before).is_none() {
            let taken = after.contains_key(name) && whose(name, after).as_deref() == Some(who);
            assert!(taken, "{name} was everybody's and has changed\n{}", told());
        }
    }
    for name in after.keys().filter(|name| !before.contains_key(*name)) {
        assert_eq!(whose(name, after).as_deref(), Some(who), "{name} was made\n{}", told());
    }
    let own: Vec<&str> =
        after.iter().filter(|(name, _)| !is_others(name, after)).flat_map(|(_, row)| secrets(row)).collect();
    let headers = response.headers.iter().map(|(_, value)| value.as_str());
    let heard = headers.chain([&*String::from_utf8_lossy(&response.body)]).collect::<Vec<_>>().join("\n");
    for (name, row) in before.iter().filter(|(name, _)| is_others(name, before)) {
        let leaked = secrets(row)
            .find(|text| *text != who && says(&heard, text) && !asked.contains(text) && !own.contains(text));
        assert_eq!(leaked, None, "{name} is another's\n{}", told());
    }
}
