//! ES10b.LoadCRL.

use super::authenticate_server::hello_answer;
use super::*;

const F: &str = Function::LoadCrl.name();

pub(super) fn rows() -> Vec<Row> {
    [lists(), refusals()].into_iter().flatten().collect()
}

pub(super) fn loads(forge: &mut Forge, crl: &[u8]) -> String {
    let command = LoadCrlRequest { crl: crl.to_vec() }.to_octets().unwrap();
    match read(&forge.es10(&command)) {
        Ok(LoadCrlResponse::LoadCrlResponseOk(ok)) => match ok.missing_parts {
            None => "ok".to_string(),
            Some(parts) => format!("ok, missing {parts:?}"),
        },
        Ok(LoadCrlResponse::LoadCrlResponseError(error)) => error.to_string(),
        Err(other) => other,
    }
}

pub(super) fn serial(certificate: &[u8]) -> Vec<u8> {
    Certificate::parse(certificate).unwrap().serial().to_vec()
}

fn issued(forge: &Forge, number: u64, part: Option<(u16, u16)>, base: Option<u64>) -> Vec<u8> {
    forge.pki.issue_crl(&CrlDraft { number, revoked: &[vec![1], vec![0x7F]], part, base, next_update: None })
}

fn lists() -> Vec<Row> {
    vec![
        case(F, "ok", "list_in_one_piece", || {
            let mut forge = Forge::new();
            let crl = issued(&forge, 5, None, None);
            loads(&mut forge, &crl)
        }),
        case(F, "ok", "newer_list", || {
            let mut forge = Forge::new();
            let (old, new) = (issued(&forge, 5, None, None), issued(&forge, 300, None, None));
            assert_eq!(loads(&mut forge, &old), "ok");
            loads(&mut forge, &new)
        }),
        case(F, "ok", "changes_of_a_loaded_list_revoke_a_server", || {
            let mut forge = Forge::new();
            let base = issued(&forge, 5, None, None);
            assert_eq!(loads(&mut forge, &base), "ok");
            let revoked = [serial(&forge.pki.dp_auth.certificate)];
            let delta =
                CrlDraft { number: 6, revoked: &revoked, part: None, base: Some(5), next_update: None };
            let delta = forge.pki.issue_crl(&delta);
            let seen = loads(&mut forge, &delta);
            let command = forge.hello().command();
            assert_eq!(hello_answer(&mut forge, &command), "invalidCertificate (1)");
            seen
        }),
        case(F, "ok, missing [1, 3]", "second_part_of_three", || {
            let mut forge = Forge::new();
            let part = issued(&forge, 5, Some((2, 3)), None);
            loads(&mut forge, &part)
        }),
        case(F, "ok", "last_part_of_three", || {
            let mut forge = Forge::new();
            let parts = [1, 3, 2].map(|part| issued(&forge, 5, Some((part, 3)), None));
            assert_eq!(loads(&mut forge, &parts[0]), "ok, missing [2, 3]");
            assert_eq!(loads(&mut forge, &parts[1]), "ok, missing [2]");
            loads(&mut forge, &parts[2])
        }),
    ]
}

fn refusals() -> Vec<Row> {
    vec![
        case(F, "invalidSignature (1)", "bent_signature", || {
            let mut forge = Forge::new();
            let mut crl = issued(&forge, 5, None, None);
            let last = crl.len() - 1;
            crl[last] ^= 1;
            loads(&mut forge, &crl)
        }),
        case(F, "invalidCRLFormat (2)", "a_certificate_instead", || {
            let mut forge = Forge::new();
            let certificate = forge.pki.ci.certificate.clone();
            loads(&mut forge, &certificate)
        }),
        case(F, "notEnoughMemorySpace (3)", "card_is_full", || {
            let mut forge = Forge::with(Curve::P256, |it| it.memory = 40);
            let crl = issued(&forge, 5, None, None);
            loads(&mut forge, &crl)
        }),
        case(F, "verificationKeyNotFound (4)", "list_of_an_unknown_ci", || {
            let mut forge = Forge::new();
            let crl = other_pki().issue_crl(&CrlDraft { number: 1, ..CrlDraft::default() });
            loads(&mut forge, &crl)
        }),
        case(F, "fresherCrlAlreadyLoaded (5)", "older_list", || {
            let mut forge = Forge::new();
            let (old, new) = (issued(&forge, 5, None, None), issued(&forge, 300, None, None));
            assert_eq!(loads(&mut forge, &new), "ok");
            loads(&mut forge, &old)
        }),
        case(F, "baseCrlMissing (6)", "changes_of_a_list_never_loaded", || {
            let mut forge = Forge::new();
            let delta = issued(&forge, 6, None, Some(5));
            loads(&mut forge, &delta)
        }),
        case(F, "baseCrlMissing (6)", "changes_of_a_list_that_is_not_whole", || {
            let mut forge = Forge::new();
            let (part, delta) = (issued(&forge, 5, Some((1, 2)), None), issued(&forge, 6, None, Some(5)));
            assert_eq!(loads(&mut forge, &part), "ok, missing [2]");
            loads(&mut forge, &delta)
        }),
        blank(F, "undefinedError (127)", "every refusal here has a code of its own"),
    ]
}
