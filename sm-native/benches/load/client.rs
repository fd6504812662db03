//! Cards and LPAs of the benches, and the orders that they fetch.

use super::process::{self, Server};
use esim_rsp::es9p::GetBoundProfilePackageOk;
use esim_sm_edge::smdp::profile::draw_iccid;
use esim_sm_lab::{Euicc, Lab, Remote, assert_success, success};
use serde_json::{Value, json};
use std::sync::Mutex;

/// Rows of a request of an import.
const ROWS: u64 = 500;

/// Orders that wait to be fetched: ICCID and matchingId.
pub struct Orders(Mutex<Vec<(String, String)>>);

impl Orders {
    /// `count` orders, in profiles numbered from `first` on.
    pub fn import(server: &Server, first: u64, count: u64) -> Self {
        let lab = lab(server, 0);
        let end = first + count;
        let orders = (first..end).step_by(ROWS as usize).flat_map(|from| {
            let rows: Vec<_> = (from..end.min(from + ROWS)).map(row).collect();
            let request = json!({"template": "operational", "release": true, "rows": rows});
            let answer = lab.operator("/esim-lab/import", request);
            let text =
                |row: &Value, name: &str| row[name].as_str().unwrap_or_else(|| panic!("{row}")).to_string();
            let rows = answer["rows"].as_array().expect("rows").clone();
            rows.into_iter().map(move |row| (text(&row, "iccid"), text(&row, "matchingId")))
        });
        Self(Mutex::new(orders.collect()))
    }

    /// The next `count` of them.
    pub fn take(&self, count: usize) -> Vec<(String, String)> {
        let mut orders = self.0.lock().expect("nobody panicked");
        let from = orders.len() - count;
        orders.split_off(from)
    }
}

fn row(number: u64) -> Value {
    let key = format!("{:032X}", u128::from(number) * 0x9E37_79B9_7F4A_7C15);
    json!({
        "line": number + 2, "iccid": draw_iccid(number), "imsi": format!("00101{number:010}"),
        "msisdn": format!("+1555{number:07}"), "ki": key, "opc": key, "spn": "Operator",
    })
}

/// As most LPAs speak: HTTP/1.1, on a connection that is kept.
pub fn remote(server: &Server) -> Remote {
    Remote::with(&server.url, Some(&server.root), |client| client.http1_only())
}

pub fn lab(server: &Server, client: u32) -> Lab {
    let mut lab = Lab::at(remote(server), &server.address, process::TOKEN);
    lab.euicc = Euicc::new(&lab.pki, &format!("8904903212345123451234567890{:02}", client % 100));
    lab
}

pub fn download(lab: &Lab, iccid: &str, matching_id: &str) {
    let answer = lab.fetch(&lab.offered(matching_id), None);
    assert_success(&answer);
    let ok: GetBoundProfilePackageOk = serde_json::from_value(answer).expect("a package");
    let result = lab.euicc.result(&ok.transaction_id, iccid, 1, success());
    assert_eq!(lab.notify(result).status, 204);
}

pub fn number(name: &str, usual: u32) -> u32 {
    std::env::var(name).map_or(usual, |text| text.parse().expect(name))
}
