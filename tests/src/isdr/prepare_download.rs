//! ES10b.PrepareDownload.

use super::*;

const F: &str = Function::PrepareDownload.name();

pub(super) fn rows() -> Vec<Row> {
    [one_time_keys(), certificates(), sessions()].into_iter().flatten().collect()
}

fn offer_answer(forge: &mut Forge, command: &[u8]) -> String {
    match read(&forge.es10(command)) {
        Ok(PrepareDownloadResponse::DownloadResponseOk(_)) => "ok".to_string(),
        Ok(PrepareDownloadResponse::DownloadResponseError(error)) => error.download_error_code.to_string(),
        Err(other) => other,
    }
}

fn bent_offer(bend: fn(&mut Offer, &TestPki)) -> String {
    let mut forge = Forge::new();
    let mut offer = forge.offer();
    bend(&mut offer, &forge.pki);
    let command = offer.command();
    offer_answer(&mut forge, &command)
}

/// Prepares, is interrupted, prepares again with a key to reuse: whether the card gave the same key.
fn one_time_key_again(reset: bool, ask: bool) -> bool {
    let mut forge = Forge::new();
    let command = forge.offer().command();
    let first = euicc_otpk(&forge.es10(&command).unwrap()).unwrap();
    if reset {
        forge.device.reset().unwrap();
        bench::select_isdr(&mut forge.device);
    }
    let mut offer = forge.offer();
    offer.signed.bpp_euicc_otpk = ask.then(|| first.clone());
    let second = euicc_otpk(&forge.es10(&offer.command()).unwrap()).unwrap();
    first == second
}

fn one_time_keys() -> Vec<Row> {
    vec![
        case(F, "ok", "sound_offer", || bent_offer(|_, _| {})),
        case(F, "ok", "with_a_confirmation_code", || {
            bent_offer(|offer, _| {
                offer.signed.cc_required_flag = true;
                offer.hash_cc = Some([3; 32]);
            })
        }),
        case(F, "ok", "asked_twice_in_one_session", || {
            let mut forge = Forge::new();
            let command = forge.offer().command();
            assert_eq!(offer_answer(&mut forge, &command), "ok");
            offer_answer(&mut forge, &command)
        }),
        case(F, "ok", "one_time_key_of_an_interrupted_download_is_used_again", || {
            expect((one_time_key_again(false, true), one_time_key_again(true, true)), (true, true), "ok")
        }),
        case(F, "ok", "one_time_key_is_new_unless_the_server_asks", || {
            expect(one_time_key_again(false, false), false, "ok")
        }),
        case(F, "ok", "one_time_key_is_new_if_another_was_bound_to", || {
            let mut forge = Forge::new();
            let mut offer = forge.offer();
            let foreign = PrivateKey::generate(Curve::P256, &mut bench::rng(9)).public_key().to_sec1();
            offer.signed.bpp_euicc_otpk = Some(PublicKeyOctets(OctetString::from_slice(&foreign)));
            let given = euicc_otpk(&forge.es10(&offer.command()).unwrap()).unwrap();
            expect(given.0[..] != foreign[..], true, "ok")
        }),
    ]
}

fn certificates() -> Vec<Row> {
    const INVALID_CERTIFICATE: &str = "invalidCertificate (1)";
    vec![
        case(F, INVALID_CERTIFICATE, "certificate_with_a_bent_signature", || {
            bent_offer(|offer, _| {
                let last = offer.certificate.len() - 1;
                offer.certificate[last] ^= 1;
            })
        }),
        case(F, INVALID_CERTIFICATE, "certificate_for_authentication_instead", || {
            bent_offer(|offer, pki| {
                offer.certificate = pki.dp_auth.certificate.clone();
                offer.key = pki.dp_auth.key.clone();
            })
        }),
        case(F, INVALID_CERTIFICATE, "certificate_of_another_server", || {
            bent_offer(|offer, pki| {
                let other = pki.issue_server("2.23.146.1.2.1.5", "2.999.77", 90, &mut bench::rng(9));
                offer.certificate = other.certificate;
                offer.key = other.key;
            })
        }),
        case(F, INVALID_CERTIFICATE, "certificate_under_another_ci", || {
            bent_offer(|offer, _| {
                let other = other_pki();
                offer.certificate = other.dp_pb.certificate.clone();
                offer.key = other.dp_pb.key;
            })
        }),
        case(F, INVALID_CERTIFICATE, "certificate_revoked", || {
            let mut forge = Forge::new();
            revoke(&mut forge, |pki| &pki.dp_pb.certificate);
            let command = forge.offer().command();
            offer_answer(&mut forge, &command)
        }),
        case(F, "invalidSignature (2)", "signed_by_another_key", || {
            bent_offer(|offer, _| offer.key = PrivateKey::generate(Curve::P256, &mut bench::rng(9)))
        }),
        case(F, "invalidSignature (2)", "signed_for_another_session", || {
            bent_offer(|offer, _| offer.euicc_signature1[20] ^= 1)
        }),
        case(F, "unsupportedCurve (3)", "certificate_on_a_curve_of_no_version", || {
            bent_offer(|offer, _| offer.certificate = on_another_curve(&offer.certificate))
        }),
    ]
}

fn sessions() -> Vec<Row> {
    vec![
        case(F, "noSessionContext (4)", "server_is_not_authentic_yet", || {
            let mut forge = Forge::new();
            let command = forge.offer().command();
            forge.es10(&[0xBF, 0x2E, 0x00]).unwrap();
            offer_answer(&mut forge, &command)
        }),
        case(F, "noSessionContext (4)", "server_is_an_sm_ds", || {
            let mut forge = Forge::new();
            let mut hello = forge.hello();
            let ds = forge.pki.issue_server("2.23.146.1.2.1.7", "2.999.10", 91, &mut bench::rng(9));
            hello.certificate = ds.certificate;
            hello.key = ds.key;
            let response = forge.es10(&hello.command()).unwrap();
            let command = forge.offer_after(&response).command();
            offer_answer(&mut forge, &command)
        }),
        case(F, "invalidTransactionId (5)", "another_transaction", || {
            bent_offer(|offer, _| offer.signed.transaction_id = TransactionId::new(&[8; 16]))
        }),
        case(F, "undefinedError (127)", "confirmation_code_is_missing", || {
            bent_offer(|offer, _| offer.signed.cc_required_flag = true)
        }),
        case(F, "undefinedError (127)", "confirmation_code_nobody_asked_for", || {
            bent_offer(|offer, _| offer.hash_cc = Some([3; 32]))
        }),
    ]
}
