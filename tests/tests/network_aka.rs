//! The card and the authentication centre agree: over ten thousand random challenges, with both algorithms, with wrong
//! MACs and with resynchronisation.

use esim_crypto::kdf3gpp::kasme;
use esim_euicc::MemoryNvm;
use esim_lpa::{DownloadParams, Ending, ProfileRef};
use esim_net::auc::{Authentication, Keys, TuakKeys, hidden_sqn};
use esim_sm_edge::{MemoryHost, block_on};
use esim_tests::bench::rng;
use esim_world::{Agreeable, Device, Wish, World, in_memory};
use rand_core::Rng;

const RUNS: u32 = 5_000;

#[test]
fn milenage() {
    let (k, opc) = ([0x46; 16], [0xCD; 16]);
    let card = card(&hex::encode(k), &hex::encode(opc), "milenage");
    agree(card, Keys::Milenage { k, opc }, 1);
}

#[test]
fn tuak() {
    let (k, topc) = ([0xAB; 32], [0x55; 32]);
    let card = card(&hex::encode(k), &hex::encode(topc), "tuak");
    agree(card, Keys::Tuak(Box::new(TuakKeys { k: k.to_vec(), topc, iterations: 1 })), 2);
}

/// A card with a profile of these keys, ordered, downloaded and enabled, its USIM selected.
fn card(ki: &str, opc: &str, algorithm: &str) -> World<MemoryNvm, MemoryHost> {
    let mut world = in_memory(7).expect("a world");
    let wish = Wish { ki: ki.into(), opc: opc.into(), algorithm: Some(algorithm.into()), ..Wish::default() };
    block_on(async {
        let (ordered, _) = world.order(wish).await.expect("ordered");
        let params = DownloadParams::new(&ordered.activation_code).with_consent();
        let outcome = world.download(params, &mut Agreeable).await;
        assert!(matches!(outcome.ending, Ending::Installed(_)), "{:?}", outcome.ending);
        world.enable(ProfileRef::Iccid(ordered.iccid), &mut Agreeable).await.expect("enabled");
    });
    let select = hex::decode("00A4040C10A0000000871002FFFFFFFF8907090000").expect("hexadecimal");
    assert_eq!(world.device_mut().transmit(&select), [0x90, 0x00]);
    world
}

fn authenticate(card: &mut Device<MemoryNvm>, rand: &[u8; 16], autn: &[u8; 16]) -> Vec<u8> {
    let mut response =
        card.transmit(&[&[0x00, 0x88, 0x00, 0x81, 0x22, 0x10][..], rand, &[0x10], autn, &[0x00]].concat());
    if let [0x61, length] = response[..] {
        response = card.transmit(&[0x00, 0xC0, 0x00, 0x00, length]);
    }
    response
}

fn agree(mut world: World<MemoryNvm, MemoryHost>, keys: Keys, label: u8) {
    let mut centre = Authentication::new(keys);
    let mut rng = rng(label);
    let plmn = "00101".parse().expect("a PLMN");
    let card = world.device_mut();
    let (mut resynchronised, mut refused) = (0, 0);
    for run in 0..RUNS {
        match rng.next_u32() % 8 {
            // A number from the past, or one too far ahead.
            0 => centre.set_sqn(centre.sqn() >> (1 + rng.next_u32() % 8)),
            1 => centre.set_sqn(rng.next_u64()),
            _ => {}
        }
        let is_eps = run % 2 == 0;
        let (rand, autn, xres, expected) = if is_eps {
            let vector = centre.eps(plmn, &mut rng).expect("a vector");
            (vector.rand, vector.autn, vector.xres.clone(), vector.kasme.to_vec())
        } else {
            let vector = centre.umts(&mut rng).expect("a vector");
            (vector.rand, vector.autn, vector.xres.clone(), [vector.ck, vector.ik].concat())
        };
        // The separation bit tells what a vector is for (TS 33.102 annex H).
        assert_eq!(autn[6] & 0x80 != 0, is_eps);
        if rng.next_u32().is_multiple_of(16) {
            let mut bent = autn;
            bent[(rng.next_u32() % 16) as usize] ^= 1 << (rng.next_u32() % 8);
            assert_eq!(authenticate(card, &rand, &bent), [0x98, 0x62], "run {run}");
            refused += 1;
        }
        let answer = authenticate(card, &rand, &autn);
        match answer.first() {
            Some(0xDB) => {
                let res = usize::from(answer[1]);
                assert_eq!(answer[2..2 + res], xres, "run {run}");
                let keys = &answer[2 + res..];
                let (ck, ik) = (keys[1..17].try_into().unwrap(), keys[18..34].try_into().unwrap());
                let own = match is_eps {
                    true => kasme(ck, ik, &[0x00, 0xF1, 0x10], &hidden_sqn(&autn)).to_vec(),
                    false => [*ck, *ik].concat(),
                };
                assert_eq!(own, expected, "run {run}");
            }
            Some(0xDC) => {
                let auts: [u8; 14] = answer[2..16].try_into().unwrap();
                let mut bent = auts;
                bent[(rng.next_u32() % 14) as usize] ^= 1;
                assert!(!centre.resynchronise(&rand, &bent), "run {run}: a bent AUTS");
                assert!(centre.resynchronise(&rand, &auts), "run {run}");
                let vector = centre.eps(plmn, &mut rng).expect("a vector");
                let answer = authenticate(card, &vector.rand, &vector.autn);
                assert_eq!(answer.first(), Some(&0xDB), "run {run}: still out of range");
                resynchronised += 1;
            }
            _ => panic!("run {run}: the card answers {}", hex::encode(answer)),
        }
    }
    assert!(resynchronised > RUNS / 20 && refused > RUNS / 40, "{resynchronised}, {refused}");
}

/// 5G: the response and the key are bound to the serving network's name (TS 33.501 annex A).
#[test]
fn home_vectors_are_bound_to_the_network() {
    let keys = Keys::Milenage { k: [1; 16], opc: [2; 16] };
    let vector = |plmn: &str| {
        let mut centre = Authentication::new(keys.clone());
        centre.home(plmn.parse().expect("a PLMN"), &mut rng(9)).expect("a vector")
    };
    let (one, again, other) = (vector("00101"), vector("00101"), vector("00102"));
    assert!(one == again);
    assert_eq!((one.rand, one.autn), (other.rand, other.autn));
    assert_ne!(one.xres_star, other.xres_star);
    assert_ne!(one.kausf, other.kausf);
}
