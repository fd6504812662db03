//! ES10b.AuthenticateServer.

use super::*;

const F: &str = Function::AuthenticateServer.name();

pub(super) fn rows() -> Vec<Row> {
    [certificates(), sessions(), identities()].into_iter().flatten().collect()
}

pub(super) fn hello_answer(forge: &mut Forge, command: &[u8]) -> String {
    match read(&forge.es10(command)) {
        Ok(AuthenticateServerResponse::AuthenticateResponseOk(_)) => "ok".to_string(),
        Ok(AuthenticateServerResponse::AuthenticateResponseError(error)) => {
            error.authenticate_error_code.to_string()
        }
        Err(other) => other,
    }
}

fn expired(role: fn(&TestPki) -> &[u8]) -> (Forge, Vec<u8>) {
    let mut forge = Forge::new();
    let certificate = role(&forge.pki).to_vec();
    let after = Certificate::parse(&certificate).unwrap().not_after() + 1;
    let nvm = forge.device.nvm().clone();
    forge.device = Device::power_on(nvm, bench::rng(4), Clock::Fixed(after)).unwrap();
    forge.device.watch(crate::recorder::watch());
    bench::select_isdr(&mut forge.device);
    (forge, certificate)
}

fn certificates() -> Vec<Row> {
    const INVALID_CERTIFICATE: &str = "invalidCertificate (1)";
    vec![
        case(F, "ok", "sound_server", || {
            let mut forge = Forge::new();
            let command = forge.hello().command();
            hello_answer(&mut forge, &command)
        }),
        case(F, "ok", "sound_server_on_brainpool", || {
            let mut forge = Forge::with(Curve::BrainpoolP256r1, |_| {});
            let command = forge.hello().command();
            hello_answer(&mut forge, &command)
        }),
        case(F, INVALID_CERTIFICATE, "certificate_with_a_bent_signature", || {
            let mut forge = Forge::new();
            let mut hello = forge.hello();
            let last = hello.certificate.len() - 1;
            hello.certificate[last] ^= 1;
            let command = hello.command();
            hello_answer(&mut forge, &command)
        }),
        case(F, INVALID_CERTIFICATE, "certificate_out_of_date", || {
            let (mut forge, _) = expired(|pki| &pki.dp_auth.certificate);
            let command = forge.hello().command();
            hello_answer(&mut forge, &command)
        }),
        case(F, INVALID_CERTIFICATE, "certificate_revoked", || {
            let mut forge = Forge::new();
            revoke(&mut forge, |pki| &pki.dp_auth.certificate);
            let command = forge.hello().command();
            hello_answer(&mut forge, &command)
        }),
        case(F, "invalidSignature (2)", "signed_by_another_key", || {
            let mut forge = Forge::new();
            let mut hello = forge.hello();
            hello.key = PrivateKey::generate(Curve::P256, &mut bench::rng(9));
            let command = hello.command();
            hello_answer(&mut forge, &command)
        }),
        case(F, "unsupportedCurve (3)", "certificate_on_a_curve_of_no_version", || {
            let mut forge = Forge::new();
            let mut hello = forge.hello();
            hello.certificate = on_another_curve(&hello.certificate);
            let command = hello.command();
            hello_answer(&mut forge, &command)
        }),
    ]
}

fn sessions() -> Vec<Row> {
    vec![
        case(F, "noSessionContext (4)", "no_challenge_was_asked_for", || {
            let mut forge = Forge::new();
            let command = forge.hello().command();
            assert_eq!(hello_answer(&mut forge, &command), "ok");
            hello_answer(&mut forge, &command)
        }),
        case(F, "noSessionContext (4)", "the_card_was_reset_since", || {
            let mut forge = Forge::new();
            let command = forge.hello().command();
            forge.device.reset().unwrap();
            bench::select_isdr(&mut forge.device);
            hello_answer(&mut forge, &command)
        }),
    ]
}

fn identities() -> Vec<Row> {
    vec![
        case(F, "invalidOid (5)", "certificate_for_binding_instead", || {
            let mut forge = Forge::new();
            let mut hello = forge.hello();
            hello.certificate = forge.pki.dp_pb.certificate.clone();
            hello.key = forge.pki.dp_pb.key.clone();
            let command = hello.command();
            hello_answer(&mut forge, &command)
        }),
        case(F, "euiccChallengeMismatch (6)", "another_challenge_was_signed", || {
            let mut forge = Forge::new();
            let mut hello = forge.hello();
            hello.signed.euicc_challenge = [0; 16].into();
            let command = hello.command();
            hello_answer(&mut forge, &command)
        }),
        case(F, "ciPKUnknown (7)", "asked_for_an_unknown_ci", || {
            let mut forge = Forge::new();
            let mut hello = forge.hello();
            hello.ci_key_id[0] ^= 1;
            let command = hello.command();
            hello_answer(&mut forge, &command)
        }),
        case(F, "ciPKUnknown (7)", "server_under_an_unknown_ci", || {
            let mut forge = Forge::new();
            let mut hello = forge.hello();
            let other = other_pki();
            hello.certificate = other.dp_auth.certificate.clone();
            hello.key = other.dp_auth.key;
            let command = hello.command();
            hello_answer(&mut forge, &command)
        }),
        blank(F, "undefinedError (127)", "every refusal here has a code of its own"),
        case(F, "6A80", "certificate_that_is_no_sequence", || {
            let mut forge = Forge::new();
            let mut hello = forge.hello();
            hello.certificate[0] = 0x04;
            let command = hello.command();
            hello_answer(&mut forge, &command)
        }),
    ]
}
