//! GSMA's generic test profiles (TS.48), uploaded to the SM as they are,
//! downloaded, enabled, and read as a modem would.

use esim_crypto::Curve;
use esim_rsp::json::Base64;
use esim_rsp::notification::{FinalResult, ProfileInstallationResult};
use esim_rsp::{decode, tlv};
use esim_tests::bench::Bench;
use serde_json::json;
use std::path::PathBuf;

fn packages() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/ts48");
    let Ok(entries) = std::fs::read_dir(folder) else {
        println!("skipped: ../shared/data not found");
        return Vec::new();
    };
    let mut packages: Vec<_> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_string_lossy().into_owned();
            (path.extension()? == "der").then(|| (name, std::fs::read(path).expect("readable")))
        })
        .collect();
    packages.sort();
    packages
}

#[test]
fn every_package_installs_unchanged_and_is_enabled() {
    for (name, upp) in packages() {
        for class in ["test", "operational"] {
            let mut bench = Bench::new(Curve::P256);
            let (iccid, token) = bench.order(json!({ "upp": Base64(upp.clone()), "class": class }));
            let result: ProfileInstallationResult = decode(&bench.download(&token)).unwrap();
            let outcome = &result.profile_installation_result_data.final_result;
            assert!(matches!(outcome, FinalResult::SuccessResult(_)), "{name} as {class}: {outcome:?}");

            let enable = tlv::wrap(
                0xBF31,
                &[&tlv::wrap(0xA0, &[&tlv::wrap(0x5A, &[&iccid.octets()])]), &[0x81, 0x01, 0x00]],
            );
            assert_eq!(bench.es10(&enable).unwrap(), [0xBF, 0x31, 0x03, 0x80, 0x01, 0x00], "{name}");
            // EF.ICCID by path from the MF, on the basic channel.
            let selected = bench.device.transmit(&[0x00, 0xA4, 0x08, 0x0C, 0x02, 0x2F, 0xE2]);
            assert_eq!(selected, [0x90, 0x00], "{name}");
            let read = bench.device.transmit(&[0x00, 0xB0, 0x00, 0x00, 0x0A]);
            assert_eq!(read, [&iccid.octets()[..], &[0x90, 0x00]].concat(), "{name}");
            let dir = bench.device.transmit(&[0x00, 0xA4, 0x08, 0x0C, 0x02, 0x2F, 0x00]);
            assert_eq!(dir, [0x90, 0x00], "{name}: EF.DIR");
        }
    }
}
