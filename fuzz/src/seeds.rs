//! The seeds of every target: sound messages, so that fuzzing starts where the
//! interesting part begins.

use crate::operators::Operators;
use crate::service::{SIGNED, STEPS, Service};
use crate::{objects, plugs, tokens};
use esim_crypto::Curve;
use esim_crypto::pki::{CrlDraft, TestPki};
use esim_rsp::encode;
use esim_saip::builder;
use esim_sm_edge::block_on;
use esim_tests::bench::rng;
use esim_tests::forge::{ICCID, metadata, subscriber};
use esim_world::{Scenario, in_memory, play_in};
use rand_core::Rng as _;
use std::path::Path;

/// Writes them into a folder, a folder for each target.
///
/// # Errors
/// If the folder takes no files.
pub fn write(folder: &Path) -> std::io::Result<()> {
    conversation(folder)?;
    profile_and_memory(folder)?;
    chains(folder)?;
    requests(folder)?;
    objects_of_the_worker(folder)?;
    tokens_of_operators(folder)?;
    answers_of_a_server(folder)?;
    words_of_plugs(folder)?;
    brought_from_elsewhere(folder)
}

/// The story, as the card hears it.
fn conversation(folder: &Path) -> std::io::Result<()> {
    let mut world = in_memory(7).expect("a world");
    block_on(play_in(&mut world, &Scenario::story().expect("a scenario"), &mut |_| ())).expect("a story");
    let records = world.trace().records();

    // One conversation on the wire, cut to the length of an input.
    let apdus = records.iter().filter(|it| it.interface == "APDU" && it.to == esim_rsp::trace::Party::Euicc);
    let short: Vec<Vec<u8>> = apdus
        .filter(|it| it.bytes.len() < 255)
        .map(|it| [&[it.bytes.len() as u8], &it.bytes[..]].concat())
        .collect();
    for (i, chunk) in short.chunks(12).enumerate() {
        seed(folder, "apdu", i, &chunk.concat())?;
    }
    Ok(())
}

/// A profile, as a package and as a memory.
fn profile_and_memory(folder: &Path) -> std::io::Result<()> {
    let upp = builder::build(&subscriber(ICCID)).expect("a profile").to_der();
    let bf25 = encode(&metadata(ICCID));
    for (part, octets) in [(1, &bf25[..]), (2, &bf25[3..]), (3, &upp[..]), (4, &[0xBF, 0x24, 0x00])] {
        seed(folder, "bpp", part, &[&[part as u8], octets].concat())?;
    }
    seed(folder, "profile", 0, &upp)?;

    // A whole memory; the beginning of each record bent.
    seed(folder, "memory", 0, &[&[0], &crate::enabled_card().export()[..]].concat())?;
    for record in 0..8 {
        seed(folder, "memory", 1 + usize::from(record), &[1, record, 0, 2, 1, 0xFF])?;
    }
    Ok(())
}

/// Certificates below each other, and not.
fn chains(folder: &Path) -> std::io::Result<()> {
    for (i, curve) in [Curve::P256, Curve::BrainpoolP256r1].into_iter().enumerate() {
        let pki = TestPki::well_known(curve);
        let euicc = pki.issue_euicc(&[0x89; 16], &mut rng(1)).certificate;
        let crl = pki.issue_crl(&CrlDraft {
            number: 5,
            revoked: &[vec![1]],
            part: Some((1, 2)),
            base: None,
            next_update: None,
        });
        let pairs = [
            (&euicc, &pki.eum.certificate),
            (&pki.dp_auth.certificate, &pki.ci.certificate),
            (&pki.dp_pb.certificate, &pki.eum.certificate),
            (&crl, &pki.ci.certificate),
        ];
        for (j, (first, second)) in pairs.into_iter().enumerate() {
            let length = (first.len() as u16).to_be_bytes();
            seed(folder, "chain", 10 * i + j, &[&length, &first[..], second].concat())?;
        }
    }
    Ok(())
}

/// Requests at the SM.
fn requests(folder: &Path) -> std::io::Result<()> {
    // Whatever the octets are, they are requests.
    let operators = Operators::new();
    for i in 0..64u8 {
        let mut octets = vec![0; 120];
        rng(i).fill_bytes(&mut octets);
        operators.check(&octets);
        seed(folder, "wall", i.into(), &octets)?;
    }

    let service = Service::new();
    let sound = service.sound().into_iter().map(|(path, body)| [&[path as u8, 0], body.as_bytes()].concat());
    let signed = (0..STEPS.len() as u8).map(|step| [SIGNED, step, 0, 0, 0, 0].to_vec());
    for (i, input) in sound.chain(signed).enumerate() {
        seed(folder, "json", i, &input)?;
        // A seed is a request that succeeds, or is refused for what it asks.
        let status = service.check(service.request(&input).expect("a request")).status;
        assert!(matches!(status, 200 | 204 | 404), "seed {i}: {status}");
    }
    Ok(())
}

/// Messages between objects of the worker.
fn objects_of_the_worker(folder: &Path) -> std::io::Result<()> {
    for (i, input) in objects::conversations().iter().enumerate() {
        seed(folder, "shard", i, input)?;
        assert!(objects::Scene::new().check(input) > 0, "seed {i} of shard has no message");
    }
    Ok(())
}

/// Signed tokens.
fn tokens_of_operators(folder: &Path) -> std::io::Result<()> {
    let claims = format!(
        r#"{{"iss":"{}","aud":"{}","iat":{},"exp":{}}}"#,
        tokens::OID,
        tokens::ADDRESS,
        tokens::NOW,
        tokens::NOW + 600
    );
    let header = br#"{"alg":"ES256","typ":"JWT"}"#;
    let signed = [&[1, header.len() as u8], &header[..], claims.as_bytes()].concat();
    let scene = tokens::Scene::new();
    let whole = [&[0], scene.token(&signed).expect("a token").as_bytes()].concat();
    for (i, input) in [signed, whole].iter().enumerate() {
        seed(folder, "token", i, input)?;
        assert!(scene.check(input), "seed {i} of token is not taken");
    }
    Ok(())
}

/// What a server tells the LPA.
fn answers_of_a_server(folder: &Path) -> std::io::Result<()> {
    // One answer after the other: untouched, replaced, and each way of bending it.
    for call in 0..5u8 {
        for how in 0..5u8 {
            seed(folder, "server", usize::from(5 * call + how), &[call, how, 0, 0, 0, 40, 1])?;
        }
    }
    seed(folder, "server", 25, &[])?;
    Ok(())
}

/// What modems and readers have said while an LPA's work was done.
fn words_of_plugs(folder: &Path) -> std::io::Result<()> {
    for (i, input) in plugs::conversations().iter().enumerate() {
        seed(folder, "plugs", i, input)?;
        plugs::check(input);
    }
    Ok(())
}

/// What people bring: every case, and a capture of ours.
fn brought_from_elsewhere(folder: &Path) -> std::io::Result<()> {
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/cases/foreign/");
    let mut number = 0;
    for case in std::fs::read_dir(cases)?.flatten().filter(|case| case.path().is_dir()) {
        for file in std::fs::read_dir(case.path())? {
            seed(folder, "foreign", number, &std::fs::read(file?.path())?)?;
            number += 1;
        }
    }
    let world = in_memory(7).expect("a world");
    seed(folder, "foreign", number, &esim_world::pcap(world.trace()))
}

fn seed(folder: &Path, target: &str, number: usize, octets: &[u8]) -> std::io::Result<()> {
    let folder = folder.join(target);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(format!("seed-{number}")), octets)
}
