//! Subscribers into orders on the native host, its database on a disk, without sockets: two threads hand it batches as
//! two connections would. Run by hand: `cargo bench -p esim-tests --bench import -- [ROWS]`.

use esim_sm_edge::smdp::profile::draw_iccid;
use esim_sm_edge::{HttpRequest, HttpResponse, block_on, handle};
use esim_sm_native::{Native, NativeHost, NativeOptions};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Rows of a request.
const CHUNK: usize = 500;
const THREADS: usize = 2;
const LOOKUPS: usize = 2000;

fn main() {
    let rows = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(100_000);
    let folder = std::env::temp_dir().join(format!("esim-lab-import-{}", std::process::id()));
    let options =
        NativeOptions { data_dir: folder.clone(), token: Some("bench".into()), ..NativeOptions::default() };
    let host = Native::open(options).expect("a host").host();
    for (what, outcome) in [("first", "created"), ("again", "known")] {
        let took = import(&host, rows, outcome);
        let each = took.as_micros() as f64 / rows as f64;
        println!("{what}: {rows} rows {outcome} in {took:.2?}, {each:.0} µs each");
    }
    println!("look-up of an order: {:.1?}", look_up(&host, rows));
    let size = std::fs::metadata(folder.join("sm.sqlite")).map_or(0, |file| file.len());
    println!("database: {} MB, {} octets an order", size >> 20, size / rows as u64);
    let _ = std::fs::remove_dir_all(folder);
}

fn import(host: &Arc<NativeHost>, rows: usize, outcome: &str) -> Duration {
    let chunks: Vec<_> = (0..rows).step_by(CHUNK).map(|from| body(from, (from + CHUNK).min(rows))).collect();
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let answer = send(host, HttpRequest::post("/esim-lab/import", chunk.clone()));
                    let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
                    assert_eq!(answer[outcome], answer["rows"].as_array().expect("rows").len(), "{answer}");
                }
            });
        }
    });
    start.elapsed()
}

fn body(from: usize, to: usize) -> Vec<u8> {
    let rows: Vec<_> = (from..to).map(row).collect();
    serde_json::to_vec(&json!({"template": "operational", "release": true, "rows": rows})).expect("JSON")
}

fn row(number: usize) -> Value {
    let key = format!("{:032X}", number as u128 * 0x9E37_79B9_7F4A_7C15);
    json!({
        "line": number + 2, "iccid": draw_iccid(number as u64), "imsi": format!("00101{number:010}"),
        "msisdn": format!("+1555{number:07}"), "ki": key, "opc": key, "spn": "Operator",
    })
}

/// The time of one order by its ICCID, in a store that is full.
fn look_up(host: &Arc<NativeHost>, rows: usize) -> Duration {
    let start = Instant::now();
    for i in 0..LOOKUPS {
        let iccid = draw_iccid((i * 7919 % rows) as u64).expect("an ICCID");
        assert_eq!(send(host, HttpRequest::get(format!("/esim-lab/orders/{iccid}"))).status, 200);
    }
    start.elapsed() / LOOKUPS as u32
}

fn send(host: &Arc<NativeHost>, request: HttpRequest) -> HttpResponse {
    let response = block_on(handle(request.with_token("bench"), &**host));
    assert_eq!(response.status, 200);
    response
}
