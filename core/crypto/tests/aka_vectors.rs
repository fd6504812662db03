//! Published vectors of the authentication functions and of the keys made from them: every set of 3GPP TS 35.208
//! and TS 35.232/35.233, KASME, 128-EIA2. Run in a browser, too
//! (`wasm/tests/cases.rs`).

use esim_crypto::kdf3gpp::{DOWNLINK, UPLINK, eia2, kasme, kausf, res_star};
use esim_crypto::milenage::{self, Milenage};
use esim_crypto::tuak::{Lengths, Tuak};
use serde_json::Value;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const MILENAGE: &str = include_str!("data/ts35208.json");
const TUAK: &str = include_str!("data/ts35233.json");

fn h<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

fn sets(file: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).unwrap();
    file["sets"].as_array().unwrap().clone()
}

fn octets<const N: usize>(set: &Value, field: &str) -> [u8; N] {
    h(set[field].as_str().unwrap())
}

fn length(set: &Value, field: &str) -> usize {
    set[field].as_str().unwrap().len() / 2
}

#[test]
fn milenage_ts_35_208() {
    let sets = sets(MILENAGE);
    assert_eq!(sets.len(), 20);
    for set in &sets {
        let it =
            |field: &str, is: &[u8]| assert_eq!(hex::encode(is), set[field], "set {} {field}", set["set"]);
        let (k, op) = (octets(set, "k"), octets(set, "op"));
        let opc = milenage::opc(&k, &op);
        it("opc", &opc);
        let milenage = Milenage::new(&k, &opc);
        let (rand, sqn, amf) = (octets(set, "rand"), octets(set, "sqn"), octets(set, "amf"));
        it("f1", &milenage.f1(&rand, &sqn, &amf));
        it("f1Star", &milenage.f1_star(&rand, &sqn, &amf));
        let out = milenage.f2345(&rand);
        it("f2", &out.res);
        it("f3", &out.ck);
        it("f4", &out.ik);
        it("f5", &out.ak);
        it("f5Star", &milenage.f5_star(&rand));
    }
}

#[test]
fn tuak_ts_35_233() {
    let sets = sets(TUAK);
    assert_eq!(sets.len(), 6);
    for set in &sets {
        let it =
            |field: &str, is: &[u8]| assert_eq!(hex::encode(is), set[field], "set {} {field}", set["set"]);
        let key = hex::decode(set["k"].as_str().unwrap()).unwrap();
        let lengths = Lengths {
            mac: length(set, "f1"),
            res: length(set, "f2"),
            ck: length(set, "f3"),
            ik: length(set, "f4"),
        };
        let iterations = u8::try_from(set["iterations"].as_u64().unwrap()).unwrap();
        let tuak = Tuak::from_top(&key, &octets(set, "top"), iterations, lengths).unwrap();
        it("topc", tuak.topc());
        let (rand, sqn, amf) = (octets(set, "rand"), octets(set, "sqn"), octets(set, "amf"));
        it("f1", &tuak.f1(&rand, &sqn, &amf)[..lengths.mac]);
        it("f1Star", &tuak.f1_star(&rand, &sqn, &amf)[..lengths.mac]);
        let out = tuak.f2345(&rand);
        it("f2", &out.res[..lengths.res]);
        it("f3", &out.ck[..lengths.ck]);
        it("f4", &out.ik[..lengths.ik]);
        it("f5", &out.ak);
        it("f5Star", &tuak.f5_star(&rand));
    }
}

/// CK and IK of TS 35.208 set 1, PLMN 208 43, a SQN and AK; the value that open networks publish in their tests.
#[test]
fn kasme_ts_33_401_a_2() {
    let (ck, ik) = (h("b40ba9a3c58b2a05bbf0d987b21bf8cb"), h("f769bcd751044604127672711c6d3441"));
    let (sqn, ak) = (h::<6>("fd8eef40df7d"), h::<6>("aa689c648370"));
    let hidden = core::array::from_fn(|i| sqn[i] ^ ak[i]);
    assert_eq!(
        hex::encode(kasme(&ck, &ik, &h("024830"), &hidden)),
        "238e457e0f758badbca8d34bb2612c10428d426757cb5553b2b184fa64bfc549"
    );
}

/// The same inputs; values computed with another HMAC (Python's hmac module).
#[test]
fn kausf_and_res_star_ts_33_501_a_2_a_4() {
    let (ck, ik) = (h("b40ba9a3c58b2a05bbf0d987b21bf8cb"), h("f769bcd751044604127672711c6d3441"));
    let network = "5G:mnc001.mcc001.3gppnetwork.org";
    let hidden = h("57e673245c0d");
    assert_eq!(
        hex::encode(kausf(&ck, &ik, network, &hidden)),
        "7d8c895b6246587fa604da4d3e48603ec85d7f807db3235432d37e237dd3dc85"
    );
    let rand = h("23553cbe9637a89d218ae64dae47bf35");
    let res = h::<8>("a54211d5e3ba50bf");
    assert_eq!(hex::encode(res_star(&ck, &ik, network, &rand, &res)), "f236a7417272bfb2d66d4d670733b527");
}

/// TS 33.401 C.2.2: the set of 128-EIA2 whose message is whole octets; the direction counts.
#[test]
fn eia2_ts_33_401_c_2() {
    let key = h("d3c5d592327fb11c4035c6680af8c6d1");
    let message = hex::decode("484583d5afe082ae").unwrap();
    let mac = |direction| eia2(&key, 0x398a_59b4, 0x1A, direction, &message);
    assert_eq!(hex::encode(mac(DOWNLINK)), "b93787e6");
    assert_ne!(mac(UPLINK), mac(DOWNLINK));
}
