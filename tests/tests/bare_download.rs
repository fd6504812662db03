//! A download with bare wires: card and SM, no LPA between them.

use esim_crypto::Curve;
use esim_rsp::decode;
use esim_rsp::es10c::{ProfileInfoListResponse, ProfileState};
use esim_rsp::notification::{FinalResult, ProfileInstallationResult};
use esim_tests::bench::Bench;
use serde_json::json;

#[test]
fn a_profile_is_ordered_downloaded_and_enabled() {
    for curve in [Curve::P256, Curve::BrainpoolP256r1] {
        let mut bench = Bench::new(curve);
        let (iccid, matching_id) = bench.order(json!({}));
        let result = bench.download(&matching_id);
        let pir: ProfileInstallationResult = decode(&result).unwrap();
        let outcome = &pir.profile_installation_result_data.final_result;
        assert!(matches!(outcome, FinalResult::SuccessResult(_)), "{outcome:?}");
        bench.notify(&result);
        assert_eq!(bench.order_state(&iccid)["state"], "Installed");

        let enable = esim_rsp::tlv::wrap(
            0xBF31,
            &[
                &esim_rsp::tlv::wrap(0xA0, &[&esim_rsp::tlv::wrap(0x5A, &[&iccid.octets()])]),
                &[0x81, 0x01, 0x00],
            ],
        );
        assert_eq!(bench.es10(&enable).unwrap(), [0xBF, 0x31, 0x03, 0x80, 0x01, 0x00]);
        let ProfileInfoListResponse::ProfileInfoListOk(list) =
            decode(&bench.es10(&[0xBF, 0x2D, 0x00]).unwrap()).unwrap()
        else {
            panic!("a list");
        };
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].profile_state, Some(ProfileState::enabled));
        assert_eq!(list[0].iccid, Some(iccid));
    }
}
