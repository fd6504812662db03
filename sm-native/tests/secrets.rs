//! No secret shows anywhere but where it is meant to be: a whole life of orders, with refusals, damage and wrong keys,
//! after which every log line, answer, debug output and file is searched in every coding.

use crate::common;

use common::{ADDRESS, Euicc, NOW};
use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_rsp::es9p::{AuthenticateClientOk, InitiateAuthenticationOk};
use esim_rsp::json::Base64;
use esim_sm_edge::{
    CommitError, Host, HttpRequest, HttpResponse, MemoryHost, Store, attend_all, block_on, handle,
};
use esim_sm_native::{Native, NativeHost, NativeOptions, SealSecret};
use esim_smdp::store::{Change, Lookup};
use esim_smdp::{Call, Config, Key, Records, Reply};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

const KEYS: [(&str, &str); 7] = [
    ("ki", "A1B2C3D4E5F60718293A4B5C6D7E8F90"),
    ("opc", "9F8E7D6C5B4A39281706F5E4D3C2B1A0"),
    ("kic", "C0FFEE00112233445566778899AABBCC"),
    ("kid", "DEADBEEF0102030405060708090A0B0D"),
    ("kik", "FEEDFACE1A2B3C4D5E6F708192A3B4C5"),
    ("adm1", "E7A99F5D31C2B846"),
    ("seal key", "5EA15EA1F00DF00DCAFE0102030405060708090A0B0C0D0E0F10111213141516"),
];
const TEXTS: [(&str, &str); 4] = [
    ("confirmation code", "confirm-9157-zulu"),
    ("token", "token-of-the-laboratory-6240"),
    ("pin1", "73918264"),
    ("puk1", "58203917"),
];
const WRONG_SEAL: &str = "00005EA1F00DF00DCAFE0102030405060708090A0B0C0D0E0F1011121314FFFF";

fn value(name: &str) -> &'static str {
    KEYS.iter().chain(&TEXTS).find(|(known, _)| *known == name).unwrap().1
}

/// Everything that somebody could look into, by where it is.
#[derive(Default)]
struct Seen(Vec<(String, Vec<u8>)>);

impl Seen {
    fn add(&mut self, place: impl ToString, octets: impl AsRef<[u8]>) {
        self.0.push((place.to_string(), octets.as_ref().to_vec()));
    }

    fn folder(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                self.add(path.display(), std::fs::read(&path).unwrap());
            }
        }
    }

    /// Each secret in each coding, in every place.
    fn search(&self) {
        for (name, needle) in needles() {
            for (place, octets) in &self.0 {
                let found = octets.windows(needle.len()).position(|window| window == needle);
                assert_eq!(found, None, "{name} in {place}");
            }
        }
    }
}

/// Raw, hexadecimal in both cases, base64 wherever a secret may begin in it; of text also as it is written.
fn needles() -> Vec<(String, Vec<u8>)> {
    let keys = KEYS.iter().map(|(name, digits)| (*name, esim_rsp::common::from_hex(digits).unwrap()));
    let texts = TEXTS.iter().map(|(name, text)| (*name, text.as_bytes().to_vec()));
    let mut needles = Vec::new();
    for (name, octets) in keys.chain(texts) {
        let upper = esim_rsp::common::hex_upper(&octets);
        needles.push((format!("{name} raw"), octets.clone()));
        needles.push((format!("{name} in hexadecimal"), upper.to_lowercase().into_bytes()));
        needles.push((format!("{name} in HEXADECIMAL"), upper.into_bytes()));
        for shift in 0..3 {
            needles.push((format!("{name} in base64, {shift}"), in_base64(&octets, shift)));
        }
    }
    needles
}

/// The characters that stand for these octets alone, wherever they are in a longer text.
fn in_base64(octets: &[u8], shift: usize) -> Vec<u8> {
    let text = serde_json::to_string(&Base64([&vec![0; shift][..], octets].concat())).unwrap();
    let text = text.trim_matches('"').as_bytes();
    let from = (shift * 8).div_ceil(6);
    let to = (shift + octets.len()) * 8 / 6;
    text[from..to].to_vec()
}

#[test]
fn the_search_finds_what_is_there() {
    for (name, needle) in needles() {
        let ki = esim_rsp::common::from_hex(value("ki")).unwrap();
        if name.starts_with("ki in base64") {
            let coded: Vec<_> = (0..3)
                .map(|shift| json!(Base64([&b"xyz"[..shift], &ki[..], b"tail"].concat())).to_string())
                .collect();
            let found =
                coded.iter().any(|text| text.as_bytes().windows(needle.len()).any(|window| window == needle));
            assert!(found, "{name}");
        }
    }
}

fn row() -> Value {
    let iccid = esim_smdp::profile::draw_iccid(77).unwrap();
    let mut row = json!({"iccid": iccid, "imsi": "001010000000077", "spn": "Lab", "matchingId": "CARD-77",
        "confirmationCode": value("confirmation code"), "otaVersion": 1});
    for name in ["ki", "opc", "kic", "kid", "kik", "adm1", "pin1", "puk1"] {
        row[name] = json!(value(name));
    }
    row
}

fn header() -> Value {
    json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "call"})
}

/// What operator and LPA do, well and badly; every answer is kept.
struct Life<'a, H> {
    host: &'a H,
    euicc: Euicc,
    seen: Seen,
}

impl<H: Host> Life<'_, H> {
    fn send(&mut self, request: HttpRequest) -> HttpResponse {
        self.seen.add(format!("debug of {}", request.path), format!("{request:?}"));
        let response = block_on(handle(request.clone(), self.host));
        self.seen.add(format!("answer of {}", request.path), &response.body);
        self.seen.add("debug of an answer", format!("{response:?} {:?}", response.headers));
        response
    }

    fn operator(&mut self, path: &str, body: impl ToString) -> Value {
        let request = HttpRequest::post(path, body.to_string()).with_token(value("token"));
        serde_json::from_slice(&self.send(request).body).unwrap_or_default()
    }

    fn es9(&mut self, function: &str, request: impl serde::Serialize) -> Value {
        let path = format!("/gsma/rsp2/es9plus/{function}");
        serde_json::from_slice(
            &self.send(HttpRequest::post(path, serde_json::to_vec(&request).unwrap())).body,
        )
        .unwrap()
    }

    fn import(&mut self, row: Value) -> Value {
        self.operator(
            "/esim-lab/import",
            json!({"header": header(), "template": "operational", "release": true, "rows": [row]}),
        )
    }

    /// An order whose event goes to an SM-DS, and is taken back again.
    fn event(&mut self) {
        let subscriber = json!({"imsi": "001010000000088", "ki": value("ki"), "opc": value("opc")});
        let iccid = self.operator("/esim-lab/provision", json!({"subscriber": subscriber}))["iccid"].clone();
        let order = |more: Value| {
            let mut request = json!({"header": header(), "iccid": iccid});
            request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            request
        };
        let eid = self.euicc.eid;
        self.operator("/gsma/rsp2/es2plus/downloadOrder", order(json!({"eid": eid})));
        let confirm = json!({"smdsAddress": "smds.example", "confirmationCode": value("confirmation code"),
            "releaseFlag": true});
        let confirmed = self.operator("/gsma/rsp2/es2plus/confirmOrder", order(confirm));
        assert!(confirmed["matchingId"].is_string(), "{confirmed}");
        let cancel = json!({"eid": eid, "finalProfileStatusIndicator": "Unavailable"});
        self.operator("/gsma/rsp2/es2plus/cancelOrder", order(cancel));
    }

    fn live(&mut self) {
        assert_eq!(self.import(row())["created"], 1);
        self.refusals();
        self.download();
        for path in ["orders", "report?format=csv", "templates", "orders/8900101000000000077"] {
            self.send(HttpRequest::get(format!("/esim-lab/{path}")).with_token(value("token")));
        }
    }

    fn refusals(&mut self) {
        const OTHERS: [&str; 10] = [
            "iccid",
            "imsi",
            "msisdn",
            "eid",
            "matchingId",
            "icon",
            "gid1",
            "algorithm",
            "policyRules",
            "spn",
        ];
        for name in ["ki", "opc", "kic", "kid", "kik", "adm1", "pin1", "puk1", "confirmationCode"] {
            // Another value for the same order; a value too long; one in every other column.
            let mut other = row();
            other[name] = json!(row()["eid"]);
            self.import(other);
            let given = row()[name].clone();
            let mut long = row();
            long[name] = json!(format!("{}zz", given.as_str().unwrap()));
            self.import(long);
            for column in OTHERS {
                let mut misplaced = row();
                misplaced[column] = given.clone();
                self.import(misplaced);
            }
            self.operator(
                "/esim-lab/import",
                json!({"template": "operational", "rows": [given, {"ki": [given, 1]}]}),
            );
            self.operator("/esim-lab/import", format!("{{\"rows\": {given} trailing"));
            for wrong in [
                json!({"subscriber": given}),
                json!({"subscriber": {"ki": given, "imsi": given, "opc": given}}),
                json!({"iccid": given}),
                json!({"upp": given}),
                json!({"metadata": {"profileClass": given}}),
            ] {
                self.operator("/esim-lab/provision", wrong);
            }
            let header = header();
            for wrong in [
                json!({"header": header, "iccid": given}),
                json!({"header": header, "confirmationCode": [given]}),
                json!({"header": header, "iccid": "8900101000000000017", "confirmationCode": given, "releaseFlag": given}),
            ] {
                self.operator("/gsma/rsp2/es2plus/confirmOrder", wrong);
            }
            let mut csv = HttpRequest::post(
                "/esim-lab/import?template=operational",
                format!("{},{}\n", value("ki"), value("opc")),
            );
            csv.headers[0].1 = "text/csv".into();
            self.send(csv.with_token(value("token")));
        }
        self.wrong_credentials();
    }

    fn wrong_credentials(&mut self) {
        for credential in [
            format!("Bearer {}x", value("token")),
            format!("Basic {}", value("token")),
            value("token").into(),
        ] {
            let request = HttpRequest::get("/esim-lab/orders").with_header("Authorization", credential);
            assert_eq!(self.send(request).status, 401);
        }
    }

    fn download(&mut self) {
        for code in [Some("wrong"), Some(value("confirmation code"))] {
            let offer = self.es9("initiateAuthentication", self.euicc.initiate(ADDRESS));
            let offer: InitiateAuthenticationOk = serde_json::from_value(offer).unwrap();
            let answer = self.es9("authenticateClient", self.euicc.authenticate(&offer, "CARD-77", |_| {}));
            let offered: AuthenticateClientOk = serde_json::from_value(answer).unwrap();
            let package = self.es9("getBoundProfilePackage", self.euicc.prepare(&offered, code, |_| {}));
            assert_eq!(package["boundProfilePackage"].is_string(), code != Some("wrong"), "{package}");
        }
    }

    /// The records in clear, as debug output shows them.
    fn records(&mut self) {
        let names = ["order/", "package/", "session/"];
        let lookup = |prefix: &str| Lookup::Range { prefix: prefix.into(), after: String::new(), limit: 100 };
        let rows = block_on(self.host.store().load(&names.map(lookup))).unwrap();
        assert!(rows.len() >= 3, "an order, a package, sessions");
        let mut records = Records::default();
        for row in rows {
            self.seen.add(format!("row {}", row.name), &row.body);
            records.add(self.host.vault().open(row).unwrap()).unwrap();
        }
        self.seen.add("debug of records", format!("{records:?} {records:#?}"));
        self.seen.add("debug of the vault", format!("{:?}", self.host.vault()));
        self.seen.add("debug of the configuration", format!("{:#?}", self.host.config()));
    }
}

#[test]
fn the_host_in_memory_keeps_them() {
    let pki = TestPki::well_known(Curve::P256);
    let mut config = Config::of_test_pki(ADDRESS, &pki).unwrap();
    config.operators.push(esim_smdp::Operator {
        oid: "2.999.1".into(),
        callback: Some("operator.example".into()),
        token_key: None,
        certificates: Vec::new(),
    });
    let seal: [u8; 32] = esim_rsp::common::from_hex(value("seal key")).unwrap().try_into().unwrap();
    let told: Rc<RefCell<Vec<Call>>> = Rc::default();
    let calls = told.clone();
    let host = MemoryHost::new(config, seal, NOW).with_token(value("token")).with_network(move |call| {
        calls.borrow_mut().push(call.clone());
        Reply::Answered { status: 204, body: Vec::new() }
    });
    let euicc = Euicc::new(&pki, "890490321234512345123456789012");
    let mut life = Life { host: &host, euicc, seen: Seen::default() };
    life.live();
    life.event();
    life.records();
    // What operator and SM-DS are told, some of it later, from errands that lie in the records.
    while block_on(attend_all(&host, 100)).unwrap() > 0 {}
    let told = told.take();
    for path in ["es2plus/handleDownloadProgressInfo", "es12/registerEvent", "es12/deleteEvent"] {
        assert!(told.iter().any(|call| call.path.ends_with(path)), "{path} in {told:?}");
    }
    for call in told {
        life.seen.add(format!("call of {}", call.path), &call.body);
        life.seen.add("debug of a call", format!("{call:?} {} {}", call.to, call.path));
    }
    // A row in clear, as no version of ours would write it: refused, and not quoted.
    let name = Key::Order("8900101000000000017".parse().unwrap()).lookup();
    let Lookup::Name(name) = name else { panic!() };
    let body = row().to_string().into_bytes();
    let put = Change::Put { name, expected: 0, body, aliases: Vec::new(), expires: None, due: None };
    assert_eq!(block_on(host.store().commit(&[put])), Ok::<_, CommitError>(()));
    let damaged = HttpRequest::get("/esim-lab/orders/8900101000000000017").with_token(value("token"));
    assert_eq!(life.send(damaged).status, 500);
    let log = host.take_log().join("\n");
    assert!(log.contains("created") && log.contains("fault"), "{log}");
    life.seen.add("the log", log);
    life.seen.search();
}

/// A log that can be read afterwards.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_native_host_keeps_them() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone());
    subscriber.init();
    let folder = std::env::temp_dir().join(format!("esim-lab-secrets-{}", std::process::id()));
    let open = |key: &str| {
        let options = NativeOptions {
            data_dir: folder.clone(),
            smdp_address: Some(ADDRESS.into()),
            token: Some(value("token").into()),
            seal_key: Some(SealSecret::parse(key).unwrap()),
            now: Some(NOW),
            ..NativeOptions::default()
        };
        let shown = format!("{options:#?}");
        (Native::open(options).map(|native| native.host()), shown)
    };
    let (host, shown) = open(value("seal key"));
    let host: Arc<NativeHost> = host.unwrap();
    let euicc = Euicc::new(&TestPki::well_known(Curve::P256), "890490321234512345123456789012");
    let mut life = Life { host: &*host, euicc, seen: Seen::default() };
    life.seen.add("debug of the options", shown);
    life.live();
    life.records();
    let database = rusqlite::Connection::open(folder.join("sm.sqlite")).unwrap();
    let damaged = row().to_string().into_bytes();
    life.seen.folder(&folder);
    assert!(life.seen.0.iter().any(|(place, octets)| place.ends_with("-wal") && !octets.is_empty()));
    // Damage: a row in clear, and one that has been altered.
    let changed =
        database.execute("UPDATE record SET body = ?1 WHERE name LIKE 'order/%'", [&damaged]).unwrap();
    assert!(changed >= 1);
    let one = format!("orders/{}", row()["iccid"].as_str().unwrap());
    for (path, status) in [("orders", 200), ("report", 200), (one.as_str(), 500)] {
        let request = HttpRequest::get(format!("/esim-lab/{path}")).with_token(value("token"));
        assert_eq!(life.send(request).status, status);
    }
    database.execute("UPDATE record SET body = zeroblob(200) WHERE name LIKE 'order/%'", ()).unwrap();
    life.import(row());
    let mut seen = std::mem::take(&mut life.seen);
    drop((database, host));
    let (refused, _) = open(WRONG_SEAL);
    let refused = refused.err().map(|error| format!("{error} {error:?}")).unwrap_or_default();
    assert!(refused.contains("not the key"), "{refused}");
    seen.add("the refusal to start", refused);
    let wrong = SealSecret::parse(&format!("{}zz", value("seal key"))).unwrap_err();
    seen.add("a key that is none", format!("{wrong} {wrong:?} {:?}", SealSecret::parse(value("seal key"))));
    let log = log.0.lock().unwrap().clone();
    assert!(String::from_utf8_lossy(&log).contains("fault"));
    seen.add("the log", log);
    seen.search();
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Types that hold secrets, made of requests as they come.
#[test]
fn debug_output_keeps_them() {
    let mut seen = Seen::default();
    let row_type: esim_smdp::admin::Row = serde_json::from_value(row()).unwrap();
    seen.add("a row", format!("{row_type:?}"));
    let batch: esim_smdp::admin::ImportRequest =
        serde_json::from_value(json!({"template": "operational", "rows": [row()]})).unwrap();
    seen.add("a batch", format!("{batch:#?}"));
    let config = Config::of_test_pki(ADDRESS, &TestPki::well_known(Curve::P256)).unwrap();
    let (parts, _) = esim_smdp::admin::prepare(batch, &config, 10).unwrap();
    assert_eq!(parts.len(), 1);
    seen.add("an import", format!("{parts:#?}"));
    let subscriber = json!({"imsi": "001010000000077", "ki": value("ki"), "opc": value("opc"),
        "ota": {"version": 1, "kic": value("kic"), "kid": value("kid"), "kik": value("kik")},
        "codes": {"pin1": value("pin1"), "puk1": value("puk1"), "adm1": value("adm1")}});
    let provision: esim_smdp::admin::ProvisionRequest =
        serde_json::from_value(json!({"subscriber": subscriber})).unwrap();
    seen.add("a subscriber", format!("{provision:#?}"));
    let confirm: esim_rsp::es2p::ConfirmOrderRequest = serde_json::from_value(json!({
        "header": {"functionRequesterIdentifier": "1", "functionCallIdentifier": "2"}, "iccid": "8900101000000000017",
        "confirmationCode": value("confirmation code"), "releaseFlag": true}))
    .unwrap();
    seen.add("confirmOrder", format!("{confirm:#?}"));
    seen.search();
}
