//! The SM as one function, `handle`: a request in, a response out. Sockets, clock and records are the host's; this one has
//! its records in memory. `cargo run -p esim-sm-edge --example host`

use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_sm_edge::smdp::Config;
use esim_sm_edge::{HttpRequest, MemoryHost, block_on, handle};

fn main() -> Result<(), esim_rsp::Error> {
    // Certificates of the test CI that everybody knows; a seed and a clock, so that every run is the same.
    let config = Config::of_test_pki("smdp.example", &TestPki::well_known(Curve::P256))?;
    let sm = MemoryHost::new(config, [7; 32], 1_790_000_000).with_token("a credential of ES2+");

    let key = "465B5CE8B199B49FAA5F0A2EE238A6BC";
    let subscriber = format!(r#"{{"imsi": "001010123456789", "ki": "{key}", "opc": "{key}", "spn": "Lab"}}"#);
    let stock = format!(r#"{{"iccid": "8900101000000000009", "subscriber": {subscriber}}}"#);
    let header = r#""header": {"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "1"}"#;
    let order = format!(r#"{{{header}, "iccid": "8900101000000000009"}}"#);
    let confirm = format!(r#"{{{header}, "iccid": "8900101000000000009", "releaseFlag": true}}"#);
    for (path, body) in [
        ("/esim-lab/provision", stock),
        ("/gsma/rsp2/es2plus/downloadOrder", order),
        ("/gsma/rsp2/es2plus/confirmOrder", confirm),
    ] {
        let request = HttpRequest::post(path, body).with_token("a credential of ES2+");
        let response = block_on(handle(request, &sm));
        println!("{path}: {} {}", response.status, String::from_utf8_lossy(&response.body));
    }
    Ok(())
}
