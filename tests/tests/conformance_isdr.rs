//! ISD-R: each function of ES10a, ES10b, ES10c and ES8+ × each of its answers.

use esim_crypto::pki::{Certificate, CrlDraft, PkiParameters, TestPki};
use esim_crypto::{Curve, PrivateKey};
use esim_euicc::{MemoryNvm, Nvm, NvmError, Write};
use esim_rsp::codec::Decode;
use esim_rsp::common::{NotificationEvent, NotificationEvents, OperatorId, PprIds, bit_string};
use esim_rsp::es8p::{ProfileClass, ReplaceSessionKeysRequest, StoreMetadataRequest};
use esim_rsp::es10::Function;
use esim_rsp::es10a::*;
use esim_rsp::es10b::*;
use esim_rsp::es10c::*;
use esim_rsp::notification::*;
use esim_rsp::signed::PublicKeyOctets;
use esim_rsp::{Iccid, OctetString, TransactionId, decode, encode, tlv};
use esim_saip::builder::{Authentication, Subscriber};
use esim_tests::bench::{self, NOW};
use esim_tests::conformance::{Row, blank, case, hold};
use esim_tests::forge::{Forge, ICCID, Offer, Parcel, euicc_otpk, metadata, subscriber};
use esim_world::{Clock, Device};

const OTHER: &str = "89000123456789012358";
const THIRD: &str = "89000123456789012366";

#[test]
fn every_answer_of_the_isd_r() {
    let rows: Vec<Row> = [
        transport(),
        es10a(),
        authenticate_server(),
        prepare_download(),
        cancel_session(),
        package_start(),
        package_content(),
        notifications(),
        crl(),
        information(),
        enable(),
        disable_and_delete(),
        memory_reset(),
        rest(),
    ]
    .into_iter()
    .flatten()
    .collect();
    complete(&rows, Function::AuthenticateServer, AuthenticateErrorCode::NAMED);
    complete(&rows, Function::PrepareDownload, DownloadErrorCode::NAMED);
    complete(&rows, Function::LoadBoundProfilePackage, ErrorReason::NAMED);
    complete(&rows, Function::LoadCrl, LoadCrlError::NAMED);
    complete(&rows, Function::EnableProfile, EnableResult::NAMED);
    complete(&rows, Function::DisableProfile, DisableResult::NAMED);
    complete(&rows, Function::DeleteProfile, DeleteResult::NAMED);
    complete(&rows, Function::EuiccMemoryReset, ResetResult::NAMED);
    complete(&rows, Function::SetNickname, SetNicknameResult::NAMED);
    complete(&rows, Function::CancelSession, CancelSessionReason::NAMED);
    for function in Function::ALL {
        assert!(of(&rows, *function).next().is_some(), "no line for {function:?}");
    }
    hold("isdr", &rows);
}

/// Every named code of the function has a line.
fn complete(rows: &[Row], function: Function, codes: &[(u8, &str)]) {
    for (number, name) in codes {
        let code = format!("{name} ({number})");
        let there = of(rows, function).any(|row| row.code.ends_with(code.as_str()));
        assert!(there, "{}: no line for {code}", function.name());
    }
}

/// The lines of a function; what it does in several steps has a line for each.
fn of(rows: &[Row], function: Function) -> impl Iterator<Item = &Row> {
    rows.iter().filter(move |row| row.function.split([',', ' ']).next() == Some(function.name()))
}

// What cases are made of.

fn read<T: Decode>(response: &Result<Vec<u8>, u16>) -> Result<T, String> {
    match response {
        Ok(octets) => decode(octets).map_err(|error| error.to_string()),
        Err(status) => Err(format!("{status:04X}")),
    }
}

fn told(outcome: Result<String, String>) -> String {
    outcome.unwrap_or_else(|other| other)
}

fn sw(response: Result<Vec<u8>, u16>) -> String {
    response.map_or_else(|status| format!("{status:04X}"), |_| "9000".to_string())
}

fn answered<T: Decode>(response: Result<Vec<u8>, u16>) -> String {
    told(read::<T>(&response).map(|_| "answered".to_string()))
}

/// A raw APDU's status word.
fn apdu(forge: &mut Forge, hex: &str) -> String {
    let response = forge.device.transmit(&hex::decode(hex).unwrap());
    hex::encode_upper(&response[response.len() - 2..])
}

fn by_iccid(iccid: &str) -> ProfileIdentifier {
    ProfileIdentifier::Iccid(iccid.parse().unwrap())
}

fn enable_command(iccid: &str, refresh_flag: bool) -> Vec<u8> {
    encode(&EnableProfileRequest { profile_identifier: by_iccid(iccid), refresh_flag })
}

fn enables(forge: &mut Forge, iccid: &str) -> String {
    let response = forge.es10(&enable_command(iccid, false));
    told(read::<EnableProfileResponse>(&response).map(|it| it.enable_result.to_string()))
}

fn disables(forge: &mut Forge, iccid: &str) -> String {
    let request = DisableProfileRequest { profile_identifier: by_iccid(iccid), refresh_flag: false };
    let response = forge.es10(&encode(&request));
    told(read::<DisableProfileResponse>(&response).map(|it| it.disable_result.to_string()))
}

fn deletes(forge: &mut Forge, iccid: &str) -> String {
    let response = forge.es10(&encode(&DeleteProfileRequest(by_iccid(iccid))));
    told(read::<DeleteProfileResponse>(&response).map(|it| it.delete_result.to_string()))
}

fn resets(forge: &mut Forge, options: &[usize]) -> String {
    let request = EuiccMemoryResetRequest { reset_options: bit_string(options) };
    let response = forge.es10(&encode(&request));
    told(read::<EuiccMemoryResetResponse>(&response).map(|it| it.reset_result.to_string()))
}

/// ICCIDs of the profiles that a search gives; with the enabled one marked.
fn listed(forge: &mut Forge, search_criteria: Option<SearchCriteria>) -> String {
    let request = ProfileInfoListRequest { search_criteria, tag_list: None };
    match read(&forge.es10(&encode(&request))) {
        Ok(ProfileInfoListResponse::ProfileInfoListOk(list)) => {
            let one = |it: &ProfileInfo| {
                let mark = if it.profile_state == Some(ProfileState::enabled) { "*" } else { "" };
                format!("{}{mark}", it.iccid.map(|iccid| iccid.to_string()).unwrap_or_default())
            };
            list.iter().map(one).collect::<Vec<_>>().join(" ")
        }
        Ok(ProfileInfoListResponse::ProfileInfoListError(code)) => format!("error {code}"),
        Err(other) => other,
    }
}

/// `ok` if what stands on the left is what stands on the right.
fn expect<T: PartialEq + core::fmt::Debug>(seen: T, expected: T, code: &str) -> String {
    if seen == expected { code.to_string() } else { format!("{seen:?}") }
}

fn of_class(iccid: &str, class: ProfileClass) -> StoreMetadataRequest {
    StoreMetadataRequest { profile_class: class, ..metadata(iccid) }
}

fn with_rules(iccid: &str, rules: &[usize]) -> StoreMetadataRequest {
    StoreMetadataRequest {
        profile_policy_rules: Some(PprIds::of(rules)),
        profile_owner: OperatorId::from_digits("001", "01"),
        ..metadata(iccid)
    }
}

fn test_subscriber(iccid: &str) -> Subscriber {
    Subscriber { authentication: Authentication::UsimTest { key: [1; 16] }, ..subscriber(iccid) }
}

fn install_test_profile(forge: &mut Forge, iccid: &str) {
    forge.install(&of_class(iccid, ProfileClass::test), &test_subscriber(iccid));
}

/// A terminal that executes REFRESH said so.
fn announce_refresh(forge: &mut Forge) {
    assert_eq!(apdu(forge, "8010000003000080"), "9000");
}

// STORE DATA and what comes before a function.

fn transport() -> Vec<Row> {
    const F: &str = "STORE DATA";
    vec![
        case("SELECT ISD-R", "9000", "select_isdr", || {
            apdu(&mut Forge::new(), "01A4040010A0000005591010FFFFFFFF890000010000")
        }),
        case("SELECT ISD-R", "6881", "select_on_a_closed_channel", || {
            apdu(&mut Forge::new(), "02A4040010A0000005591010FFFFFFFF890000010000")
        }),
        case("STATUS (ISD-R)", "9000", "what_select_told", || {
            let mut forge = Forge::new();
            let told = forge.device.transmit(&hex::decode("81F2000000").unwrap());
            let selected = "01A4040010A0000005591010FFFFFFFF890000010000";
            let selected = forge.device.transmit(&hex::decode(selected).unwrap());
            if told == selected { apdu(&mut forge, "81F2000000") } else { hex::encode(told) }
        }),
        case("STATUS (ISD-R)", "9000", "its_name", || {
            let told = Forge::new().device.transmit(&hex::decode("81F2000100").unwrap());
            hex::encode_upper(told).replacen("8410A0000005591010FFFFFFFF8900000100", "", 1)
        }),
        case("STATUS (ISD-R)", "9000", "on_the_basic_channel_is_the_card_there", || {
            let mut forge = Forge::new();
            assert_eq!(apdu(&mut forge, "00A4040C10A0000005591010FFFFFFFF8900000100"), "9000");
            apdu(&mut forge, "80F2000C")
        }),
        case("STATUS (ISD-R)", "6A86", "answer_of_no_kind", || apdu(&mut Forge::new(), "81F2000200")),
        case(F, "9000", "first_of_two_blocks", || apdu(&mut Forge::new(), "81E2110001BF")),
        case(F, "6700", "empty_block", || apdu(&mut Forge::new(), "81E2910000")),
        case(F, "6700", "endless_chain", || {
            let mut forge = Forge::new();
            let block = "00".repeat(255);
            (0..=255)
                .map(|n| apdu(&mut forge, &format!("81E211{n:02X}FF{block}")))
                .find(|it| it != "9000")
                .unwrap_or_default()
        }),
        case(F, "6A86", "neither_more_nor_last", || apdu(&mut Forge::new(), "81E2000003BF2E00")),
        case(F, "6A86", "block_out_of_order", || {
            let mut forge = Forge::new();
            assert_eq!(apdu(&mut forge, "81E2110001BF"), "9000");
            apdu(&mut forge, "81E29102022E00")
        }),
        case(F, "6A80", "not_a_tlv", || sw(Forge::new().es10(&[0xBF, 0x2E, 0x05]))),
        case(F, "6A80", "two_tlvs", || sw(Forge::new().es10(&[0xBF, 0x2E, 0x00, 0xBF, 0x2E, 0x00]))),
        case(F, "6A80", "fields_of_another_type", || sw(Forge::new().es10(&[0xBF, 0x31, 0x02, 0x80, 0x00]))),
        case(F, "6A88", "unknown_function", || sw(Forge::new().es10(&[0xBF, 0x70, 0x00]))),
        case(F, "6A88", "functions_of_version_3", || {
            let mut forge = Forge::new();
            let tags = [0x44, 0x45, 0x4A, 0x4B, 0x4D];
            let seen: Vec<_> = tags.iter().map(|tag| sw(forge.es10(&[0xBF, *tag, 0x00]))).collect();
            expect(seen.iter().all(|it| it == "6A88"), true, "6A88")
        }),
        case(F, "6A88", "functions_of_es9_are_none_of_the_card", || {
            let mut forge = Forge::new();
            let tags = [0x39, 0x3A, 0x3B, 0x3D];
            let seen: Vec<_> = tags.iter().map(|tag| sw(forge.es10(&[0xBF, *tag, 0x00]))).collect();
            expect(seen.iter().all(|it| it == "6A88"), true, "6A88")
        }),
        case(F, "6881", "closed_channel", || apdu(&mut Forge::new(), "82E2910003BF2E00")),
        case(F, "6D00", "other_instruction", || apdu(&mut Forge::new(), "81CA005A00")),
        case(F, "6E00", "interindustry_class", || apdu(&mut Forge::new(), "01E2910003BF2E00")),
        case(F, "6581", "memory_takes_no_writes", memory_takes_no_writes),
        case("GET RESPONSE", "61xx", "long_answers_come_in_pieces", || {
            let mut forge = Forge::new();
            let seen = apdu(&mut forge, "81E2910003BF220010");
            assert!(seen.starts_with("61"), "{seen}");
            let rest = apdu(&mut forge, "81C0000000");
            expect(rest.as_str(), "9000", "61xx")
        }),
        case("GET RESPONSE", "6985", "nothing_waits", || apdu(&mut Forge::new(), "81C0000000")),
        case("GET DATA (ECASD)", "9000", "eid_from_the_ecasd", || {
            let mut forge = Forge::new();
            assert_eq!(apdu(&mut forge, "01A4040010A0000005591010FFFFFFFF890000020000"), "9000");
            apdu(&mut forge, "81CA005A00")
        }),
        case("GET DATA (ECASD)", "6A88", "other_data_of_the_ecasd", || {
            let mut forge = Forge::new();
            assert_eq!(apdu(&mut forge, "01A4040010A0000005591010FFFFFFFF890000020000"), "9000");
            apdu(&mut forge, "81CA00BF00")
        }),
    ]
}

/// Memory whose writes fail once it is worn out.
struct Worn(MemoryNvm, bool);

impl Nvm for Worn {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.0.read(name)
    }

    fn commit(&mut self, writes: &[Write]) -> Result<(), NvmError> {
        if self.1 { Err(NvmError("worn out".to_string())) } else { self.0.commit(writes) }
    }
}

fn memory_takes_no_writes() -> String {
    let forge = Forge::new();
    let nvm = Worn(forge.device.nvm().clone(), true);
    let mut device = Device::power_on(nvm, bench::rng(4), Clock::Fixed(NOW)).unwrap();
    let mut send = |hex: &str| {
        let response = device.transmit(&hex::decode(hex).unwrap());
        hex::encode_upper(&response[response.len() - 2..])
    };
    assert_eq!(send("00A4040010A0000005591010FFFFFFFF890000010000"), "9000");
    let seen = send("80E2910009BF3F06800461626364");
    assert_eq!(send("80E2910003BF3C00"), "6114", "the address is the old one");
    seen
}

// ES10a.

fn es10a() -> Vec<Row> {
    const SET: &str = Function::SetDefaultDpAddress.name();
    fn set(address: &str) -> String {
        let mut forge = Forge::new();
        let request = SetDefaultDpAddressRequest { default_dp_address: address.to_string() };
        let response = read::<SetDefaultDpAddressResponse>(&forge.es10(&encode(&request)));
        let addresses: EuiccConfiguredAddressesResponse = read(&forge.es10(&[0xBF, 0x3C, 0x00])).unwrap();
        let set = addresses.default_dp_address.unwrap_or_default();
        told(response.map(|it| match it.set_default_dp_address_result {
            0 if set == address => "ok (0)".to_string(),
            127 if set.is_empty() => "undefinedError (127)".to_string(),
            other => format!("{other}, and the address is {set:?}"),
        }))
    }
    vec![
        case(Function::GetEuiccConfiguredAddresses.name(), "answered", "configured_addresses", || {
            answered::<EuiccConfiguredAddressesResponse>(Forge::new().es10(&[0xBF, 0x3C, 0x00]))
        }),
        case(SET, "ok (0)", "default_address_is_set", || set("smdp.example")),
        case(SET, "ok (0)", "empty_address_removes_it", || set("")),
        case(SET, "undefinedError (127)", "address_of_256_octets", || set(&"a".repeat(256))),
    ]
}

// ES10b: authentication.

fn hello_answer(forge: &mut Forge, command: &[u8]) -> String {
    match read(&forge.es10(command)) {
        Ok(AuthenticateServerResponse::AuthenticateResponseOk(_)) => "ok".to_string(),
        Ok(AuthenticateServerResponse::AuthenticateResponseError(error)) => {
            error.authenticate_error_code.to_string()
        }
        Err(other) => other,
    }
}

/// The curve of the key becomes another one of X9.62, with an identifier as long.
fn on_another_curve(certificate: &[u8]) -> Vec<u8> {
    let p256 = hex::decode("2a8648ce3d030107").unwrap();
    let at = certificate.windows(p256.len()).position(|it| it == p256).unwrap();
    let mut bent = certificate.to_vec();
    bent[at + p256.len() - 1] = 0x04;
    bent
}

fn other_pki() -> TestPki {
    TestPki::generate(&PkiParameters::default(), &mut bench::rng(77))
}

fn expired(role: fn(&TestPki) -> &[u8]) -> (Forge, Vec<u8>) {
    let mut forge = Forge::new();
    let certificate = role(&forge.pki).to_vec();
    let after = Certificate::parse(&certificate).unwrap().not_after() + 1;
    let nvm = forge.device.nvm().clone();
    forge.device = Device::power_on(nvm, bench::rng(4), Clock::Fixed(after)).unwrap();
    bench::select_isdr(&mut forge.device);
    (forge, certificate)
}

fn authenticate_server() -> Vec<Row> {
    const F: &str = Function::AuthenticateServer.name();
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

// ES10b: preparing a download.

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

fn prepare_download() -> Vec<Row> {
    const F: &str = Function::PrepareDownload.name();
    const INVALID_CERTIFICATE: &str = "invalidCertificate (1)";
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

// ES10b.CancelSession.

fn cancels(prepare: fn(&mut Forge), tid: u8, reason: CancelSessionReason) -> String {
    let mut forge = Forge::new();
    prepare(&mut forge);
    let request = CancelSessionRequest { transaction_id: TransactionId::new(&[tid; 16]), reason };
    match read(&forge.es10(&encode(&request))) {
        Ok(CancelSessionResponse::CancelSessionResponseOk(ok)) => {
            format!("ok: {}", ok.euicc_cancel_session_signed.reason)
        }
        Ok(CancelSessionResponse::CancelSessionResponseError(code)) => match code {
            5 => "invalidTransactionId (5)".to_string(),
            other => other.to_string(),
        },
        Err(other) => other,
    }
}

fn after_authentication(forge: &mut Forge) {
    forge.offer();
}

fn cancel_session() -> Vec<Row> {
    const F: &str = Function::CancelSession.name();
    type Reason = CancelSessionReason;
    vec![
        case(F, "ok: endUserRejection (0)", "user_says_no", || {
            cancels(after_authentication, 7, Reason::endUserRejection)
        }),
        case(F, "ok: postponed (1)", "user_says_later", || {
            cancels(after_authentication, 7, Reason::postponed)
        }),
        case(F, "ok: timeout (2)", "user_says_nothing", || cancels(after_authentication, 7, Reason::timeout)),
        case(F, "ok: pprNotAllowed (3)", "policy_rules_are_not_allowed", || {
            cancels(after_authentication, 7, Reason::pprNotAllowed)
        }),
        case(F, "ok: metadataMismatch (4)", "metadata_differs", || {
            cancels(after_authentication, 7, Reason::metadataMismatch)
        }),
        case(F, "ok: loadBppExecutionError (5)", "load_fails_half_way", || {
            let half_way = |forge: &mut Forge| {
                let pieces = forge.parcel().pieces();
                assert_eq!(forge.load(&pieces[..3]), Ok(Vec::new()));
            };
            cancels(half_way, 7, Reason::loadBppExecutionError)
        }),
        case(F, "ok: undefinedReason (127)", "no_reason_given", || {
            cancels(after_authentication, 7, Reason::undefinedReason)
        }),
        case(F, "invalidTransactionId (5)", "of_another_transaction", || {
            cancels(after_authentication, 8, Reason::endUserRejection)
        }),
        case(F, "invalidTransactionId (5)", "without_a_session", || {
            cancels(|_| {}, 7, Reason::endUserRejection)
        }),
        blank(F, "undefinedError (127)", "every refusal here has a code of its own"),
    ]
}

// ES8+ in ES10b.LoadBoundProfilePackage.

/// What the card says of a package: its verdict, or nothing, or a status word.
fn verdict(response: Result<Vec<u8>, u16>) -> String {
    let response = match response {
        Ok(none) if none.is_empty() => return "nothing".to_string(),
        other => other,
    };
    told(read::<ProfileInstallationResult>(&response).map(|it| {
        match &it.profile_installation_result_data.final_result {
            FinalResult::SuccessResult(_) => "installed".to_string(),
            FinalResult::ErrorResult(error) => format!("{}: {}", error.bpp_command_id, error.error_reason),
        }
    }))
}

fn bent_parcel(bend: fn(&mut Parcel)) -> String {
    let mut forge = Forge::new();
    let mut parcel = forge.parcel();
    bend(&mut parcel);
    let pieces = parcel.pieces();
    let seen = verdict(forge.load(&pieces));
    if seen != "installed" {
        assert_eq!(listed(&mut forge, None), "", "nothing is left of it");
    }
    seen
}

fn bent_segments(bend: fn(&mut [Vec<Vec<u8>>; 4])) -> String {
    let mut forge = Forge::new();
    let mut parcel = forge.parcel();
    parcel.replace = Some(profile_keys(16));
    let pieces = parcel.bent_pieces(bend);
    verdict(forge.load(&pieces))
}

/// `BF26` with keys of a length.
fn profile_keys(length: usize) -> (Vec<u8>, [[u8; 16]; 3]) {
    let keys = [[0x22; 16], [0x33; 16], [0x44; 16]];
    let part = |i: usize| OctetString::from_slice(&keys[i][..length]);
    let request = ReplaceSessionKeysRequest {
        initial_mac_chaining_value: part(0),
        ppk_enc: part(1),
        ppk_cmac: part(2),
    };
    (encode(&request), keys)
}

/// Well-formed, and too short for a MAC.
fn shorten(segment: &mut Vec<u8>) {
    let whole = tlv::read_only(segment).unwrap();
    *segment = tlv::wrap(whole.tag, &[&segment[whole.value][..5]]);
}

fn flip_last(segments: &mut [Vec<u8>]) {
    if let Some(octet) = segments.last_mut().and_then(|segment| segment.last_mut()) {
        *octet ^= 1;
    }
}

fn package_start() -> Vec<Row> {
    const F: &str = "LoadBoundProfilePackage, InitialiseSecureChannel";
    vec![
        case(F, "nothing", "first_piece", || {
            let mut forge = Forge::new();
            let pieces = forge.parcel().pieces();
            verdict(forge.load(&pieces[..1]))
        }),
        case(F, "initialiseSecureChannel (0): incorrectInputValues (1)", "point_off_the_curve", || {
            bent_parcel(|it| it.channel.smdp_otpk = PublicKeyOctets(OctetString::from_slice(&[4; 65])))
        }),
        case(F, "initialiseSecureChannel (0): invalidSignature (2)", "bent_signature", || {
            bent_parcel(|it| it.bad_signature = true)
        }),
        case(F, "initialiseSecureChannel (0): invalidSignature (2)", "signed_by_another_key", || {
            bent_parcel(|it| it.key = PrivateKey::generate(Curve::P256, &mut bench::rng(9)))
        }),
        case(F, "initialiseSecureChannel (0): invalidTransactionId (3)", "another_transaction", || {
            bent_parcel(|it| it.channel.transaction_id = TransactionId::new(&[8; 16]))
        }),
        case(F, "initialiseSecureChannel (0): unsupportedCrtValues (4)", "key_type_other_than_aes", || {
            bent_parcel(|it| it.channel.control_ref_template.key_type = [0x80].into())
        }),
        case(F, "initialiseSecureChannel (0): unsupportedCrtValues (4)", "key_length_other_than_16", || {
            bent_parcel(|it| it.channel.control_ref_template.key_len = [0x20].into())
        }),
        case(F, "initialiseSecureChannel (0): unsupportedCrtValues (4)", "host_id_of_17_octets", || {
            bent_parcel(|it| it.channel.control_ref_template.host_id = OctetString::from_slice(&[5; 17]))
        }),
        case(
            F,
            "initialiseSecureChannel (0): unsupportedRemoteOperationType (5)",
            "another_operation",
            || bent_parcel(|it| it.channel.remote_op_id = 2),
        ),
        case(F, "6985", "without_a_session", || {
            let mut forge = Forge::new();
            let pieces = forge.parcel().pieces();
            forge.es10(&[0xBF, 0x2E, 0x00]).unwrap();
            verdict(forge.load(&pieces))
        }),
        case(F, "6985", "after_a_reset", || {
            let mut forge = Forge::new();
            let pieces = forge.parcel().pieces();
            forge.device.reset().unwrap();
            bench::select_isdr(&mut forge.device);
            verdict(forge.load(&pieces))
        }),
        case(F, "6A88", "unknown_tag_in_a_package", || {
            let mut forge = Forge::new();
            let pieces = forge.parcel().pieces();
            assert_eq!(verdict(forge.load(&pieces[..1])), "nothing");
            sw(forge.es10(&[0xBF, 0x36, 0x01, 0x00]))
        }),
    ]
}

fn package_content() -> Vec<Row> {
    const CONFIGURE: &str = "LoadBoundProfilePackage, ConfigureISDP";
    const METADATA: &str = "LoadBoundProfilePackage, StoreMetadata";
    const KEYS: &str = "LoadBoundProfilePackage, ReplaceSessionKeys";
    const ELEMENTS: &str = "LoadBoundProfilePackage, LoadProfileElements";
    vec![
        case(
            CONFIGURE,
            "configureISDP (1): incorrectInputValues (1)",
            "proprietary_data_of_129_octets",
            || {
                bent_parcel(|it| {
                    let oid = tlv::wrap(0x80, &[&[0x55; 2]]);
                    let more = tlv::wrap(0x81, &[&[0; 122]]);
                    it.configure = tlv::wrap(0xBF24, &[&tlv::wrap(0xB8, &[&oid, &more])]);
                })
            },
        ),
        case(CONFIGURE, "configureISDP (1): scp03tStructureError (7)", "segment_too_short", || {
            bent_segments(|groups| shorten(&mut groups[0][0]))
        }),
        case(CONFIGURE, "configureISDP (1): scp03tSecurityError (8)", "bent_mac", || {
            bent_segments(|groups| flip_last(&mut groups[0]))
        }),
        case(METADATA, "storeMetadata (2): incorrectInputValues (1)", "icon_without_its_type", || {
            bent_parcel(|it| {
                let icon = Some(OctetString::from_static(&[0; 10]));
                it.metadata = encode(&StoreMetadataRequest { icon, ..metadata(ICCID) });
            })
        }),
        case(METADATA, "storeMetadata (2): incorrectInputValues (1)", "name_of_33_characters", || {
            bent_parcel(|it| {
                let service_provider_name = "x".repeat(33);
                it.metadata = encode(&StoreMetadataRequest { service_provider_name, ..metadata(ICCID) });
            })
        }),
        case(METADATA, "storeMetadata (2): incorrectInputValues (1)", "thirty_three_receivers", || {
            bent_parcel(|it| {
                let mut many = metadata(ICCID);
                let receivers = many.notification_configuration_info.as_mut().unwrap();
                *receivers = vec![receivers[0].clone(); 33];
                it.metadata = encode(&many);
            })
        }),
        case(METADATA, "storeMetadata (2): incorrectInputValues (1)", "segments_without_end", || {
            bent_parcel(|it| it.metadata = tlv::wrap(0xBF25, &[&[0; 9000]]))
        }),
        case(METADATA, "storeMetadata (2): incorrectInputValues (1)", "not_a_metadata_request", || {
            bent_parcel(|it| it.metadata = vec![0xBF, 0x25, 0x00])
        }),
        case(METADATA, "storeMetadata (2): unsupportedProfileClass (6)", "class_of_no_version", || {
            bent_parcel(|it| it.metadata = encode(&of_class(ICCID, ProfileClass(9))))
        }),
        case(METADATA, "storeMetadata (2): scp03tStructureError (7)", "segment_too_short", || {
            bent_segments(|groups| shorten(&mut groups[1][0]))
        }),
        case(METADATA, "storeMetadata (2): scp03tSecurityError (8)", "bent_metadata", || {
            bent_segments(|groups| groups[1][0][12] ^= 1)
        }),
        case(
            METADATA,
            "storeMetadata (2): installFailedDueToIccidAlreadyExistsOnEuicc (9)",
            "installed_already",
            || {
                let mut forge = Forge::new();
                forge.install_plain(ICCID);
                let again = forge.install(&metadata(ICCID), &subscriber(ICCID));
                verdict(Ok(again))
            },
        ),
        case(METADATA, "storeMetadata (2): pprNotAllowed (15)", "rules_that_the_table_does_not_know", || {
            let mut forge = Forge::with(Curve::P256, |it| *it = it.clone().with_rat(Vec::new()));
            let refused = forge.install(&with_rules(ICCID, &[2]), &subscriber(ICCID));
            verdict(Ok(refused))
        }),
        case(METADATA, "storeMetadata (2): pprNotAllowed (15)", "rules_on_a_test_profile", || {
            let mut forge = Forge::new();
            let ruled = StoreMetadataRequest { profile_class: ProfileClass::test, ..with_rules(ICCID, &[2]) };
            let refused = forge.install(&ruled, &test_subscriber(ICCID));
            verdict(Ok(refused))
        }),
        case(METADATA, "storeMetadata (2): pprNotAllowed (15)", "ppr1_beside_another_operator", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            let refused = forge.install(&with_rules(OTHER, &[1]), &subscriber(OTHER));
            verdict(Ok(refused))
        }),
        blank(
            METADATA,
            "storeMetadata2 (3)",
            "the metadata is judged as a whole, once its last segment is in",
        ),
        case(KEYS, "installed", "profile_protected_by_keys_of_its_own", || {
            bent_parcel(|it| it.replace = Some(profile_keys(16)))
        }),
        case(KEYS, "replaceSessionKeys (4): incorrectInputValues (1)", "keys_of_15_octets", || {
            bent_parcel(|it| it.replace = Some(profile_keys(15)))
        }),
        case(KEYS, "replaceSessionKeys (4): scp03tStructureError (7)", "segment_too_short", || {
            bent_segments(|groups| shorten(&mut groups[2][0]))
        }),
        case(KEYS, "replaceSessionKeys (4): scp03tSecurityError (8)", "bent_mac", || {
            bent_segments(|groups| flip_last(&mut groups[2]))
        }),
        case(ELEMENTS, "installed", "profile_protected_by_the_session_keys", || bent_parcel(|_| {})),
        case(ELEMENTS, "installed", "on_brainpool", || {
            let mut forge = Forge::with(Curve::BrainpoolP256r1, |_| {});
            verdict(Ok(forge.install(&metadata(ICCID), &subscriber(ICCID))))
        }),
        case(ELEMENTS, "loadProfileElements (5): scp03tStructureError (7)", "segment_too_short", || {
            bent_segments(|groups| shorten(&mut groups[3][0]))
        }),
        case(ELEMENTS, "loadProfileElements (5): scp03tSecurityError (8)", "segments_swapped", || {
            bent_segments(|groups| groups[3].swap(0, 1))
        }),
        case(
            ELEMENTS,
            "loadProfileElements (5): installFailedDueToInsufficientMemoryForProfile (10)",
            "card_is_full",
            || {
                let mut forge = Forge::with(Curve::P256, |it| it.memory = 1000);
                verdict(Ok(forge.install(&metadata(ICCID), &subscriber(ICCID))))
            },
        ),
        blank(
            ELEMENTS,
            "installFailedDueToInterruption (11)",
            "a reset ends the session without a trace; the download is tried again",
        ),
        case(
            ELEMENTS,
            "loadProfileElements (5): installFailedDueToPEProcessingError (12)",
            "element_that_is_none",
            || bent_parcel(|it| it.upp[0] = 0xFF),
        ),
        case(
            ELEMENTS,
            "loadProfileElements (5): installFailedDueToPEProcessingError (12)",
            "package_without_an_end",
            || bent_parcel(|it| it.upp.truncate(it.upp.len() - 1)),
        ),
        case(
            ELEMENTS,
            "loadProfileElements (5): installFailedDueToDataMismatch (13)",
            "iccid_is_not_the_metadatas",
            || bent_parcel(|it| it.metadata = encode(&metadata(OTHER))),
        ),
        case(
            ELEMENTS,
            "loadProfileElements (5): testProfileInstallFailedDueToInvalidNaaKey (14)",
            "test_profile_with_a_real_key",
            || bent_parcel(|it| it.metadata = encode(&of_class(ICCID, ProfileClass::test))),
        ),
        blank(ELEMENTS, "installFailedDueToUnknownError (127)", "every refusal here has a code of its own"),
        case(ELEMENTS, "6985", "on_another_channel_than_the_package", || {
            let mut forge = Forge::new();
            let pieces = forge.parcel().pieces();
            assert_eq!(verdict(forge.load(&pieces[..2])), "nothing");
            assert_eq!(apdu(&mut forge, "00A4040010A0000005591010FFFFFFFF890000010000"), "9000");
            apdu(&mut forge, &format!("80E29100{:02X}{}", pieces[2].len(), hex::encode(&pieces[2])))
        }),
        case(ELEMENTS, "6985", "after_the_card_gave_its_verdict", || {
            let mut forge = Forge::new();
            let pieces = forge.parcel().bent_pieces(|groups| flip_last(&mut groups[1]));
            assert!(verdict(forge.load(&pieces)).starts_with("storeMetadata"));
            sw(forge.es10(&pieces[pieces.len() - 1]))
        }),
    ]
}

// Notifications.

fn events_of(forge: &mut Forge, command: &[u8]) -> Vec<(u32, NotificationEvent)> {
    let response = forge.es10(command);
    let Ok(ListNotificationResponse::NotificationMetadataList(list)) = read(&response) else {
        return Vec::new();
    };
    list.iter().map(|it| (it.seq_number, it.profile_management_operation.first().unwrap())).collect()
}

const LIST_ALL: [u8; 3] = [0xBF, 0x28, 0x00];

/// Installed, enabled, disabled, deleted: four notifications.
fn a_life(forge: &mut Forge, iccid: &str) {
    forge.install_plain(iccid);
    assert_eq!(enables(forge, iccid), "ok (0)");
    assert_eq!(disables(forge, iccid), "ok (0)");
    assert_eq!(deletes(forge, iccid), "ok (0)");
}

fn retrieves(forge: &mut Forge, search_criteria: Option<NotificationSearch>) -> String {
    let request = RetrieveNotificationsListRequest { search_criteria };
    match read(&forge.es10(&encode(&request))) {
        Ok(RetrieveNotificationsListResponse::NotificationList(list)) => format!("{} given", list.len()),
        Ok(RetrieveNotificationsListResponse::NotificationsListResultError(code)) => format!("error {code}"),
        Err(other) => other,
    }
}

fn removes(forge: &mut Forge, seq_number: u32) -> String {
    let response = forge.es10(&encode(&NotificationSentRequest { seq_number }));
    told(read::<NotificationSentResponse>(&response).map(|it| match it.delete_notification_status {
        0 => "ok (0)".to_string(),
        1 => "nothingToDelete (1)".to_string(),
        other => other.to_string(),
    }))
}

fn notifications() -> Vec<Row> {
    use NotificationEvent::{Delete, Disable, Enable, Install};
    const LIST: &str = Function::ListNotification.name();
    const RETRIEVE: &str = Function::RetrieveNotificationsList.name();
    const REMOVE: &str = Function::RemoveNotificationFromList.name();
    vec![
        case(LIST, "none", "fresh_card", || {
            let seen = events_of(&mut Forge::new(), &LIST_ALL);
            expect(seen, Vec::new(), "none")
        }),
        case(LIST, "all four", "life_of_a_profile", || {
            let mut forge = Forge::new();
            a_life(&mut forge, ICCID);
            let expected = vec![(0, Install), (1, Enable), (2, Disable), (3, Delete)];
            expect(events_of(&mut forge, &LIST_ALL), expected, "all four")
        }),
        case(LIST, "those asked for", "one_event_only", || {
            let mut forge = Forge::new();
            a_life(&mut forge, ICCID);
            let only = NotificationEvents::of(&[Delete]);
            let request = ListNotificationRequest { profile_management_operation: Some(only) };
            expect(events_of(&mut forge, &encode(&request)), vec![(3, Delete)], "those asked for")
        }),
        case(LIST, "numbers go on", "reset_and_memory_reset_between", || {
            let mut forge = Forge::new();
            a_life(&mut forge, ICCID);
            forge.device.reset().unwrap();
            bench::select_isdr(&mut forge.device);
            forge.install_plain(OTHER);
            assert_eq!(resets(&mut forge, &[0]), "ok (0)");
            let numbers: Vec<u32> = events_of(&mut forge, &LIST_ALL).iter().map(|it| it.0).collect();
            expect(numbers, (0..6).collect(), "numbers go on")
        }),
        case(LIST, "the oldest gives way", "full_memory", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            for _ in 0..40 {
                assert_eq!(enables(&mut forge, ICCID), "ok (0)");
                assert_eq!(disables(&mut forge, ICCID), "ok (0)");
            }
            let seen = events_of(&mut forge, &LIST_ALL);
            expect((seen.len(), seen.first().map(|it| it.0)), (32, Some(49)), "the oldest gives way")
        }),
        case(LIST, "another's stay", "a_profile_with_more_than_there_is_room_for", || {
            let mut forge = Forge::new();
            a_life(&mut forge, THIRD);
            forge.install_plain(OTHER);
            forge.install_plain(ICCID);
            for _ in 0..40 {
                assert_eq!(enables(&mut forge, ICCID), "ok (0)");
                assert_eq!(disables(&mut forge, ICCID), "ok (0)");
            }
            let numbers: Vec<u32> = events_of(&mut forge, &LIST_ALL).iter().map(|it| it.0).collect();
            expect(numbers[..6] == [0, 1, 2, 3, 4, 54], true, "another's stay")
        }),
        case(LIST, "another's stay", "downloads_that_fail_under_its_iccid", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            for _ in 0..40 {
                forge.install(&metadata(ICCID), &subscriber(ICCID));
            }
            let numbers: Vec<u32> = events_of(&mut forge, &LIST_ALL).iter().map(|it| it.0).collect();
            expect(numbers[..2] == [0, 25] && numbers.len() == 17, true, "another's stay")
        }),
        blank(LIST, "undefinedError (127)", "nothing leads to it"),
        case(RETRIEVE, "4 given", "all", || {
            let mut forge = Forge::new();
            a_life(&mut forge, ICCID);
            retrieves(&mut forge, None)
        }),
        case(RETRIEVE, "1 given", "by_number_zero", || {
            let mut forge = Forge::new();
            a_life(&mut forge, ICCID);
            retrieves(&mut forge, Some(NotificationSearch::SeqNumber(0)))
        }),
        case(RETRIEVE, "2 given", "by_event", || {
            let mut forge = Forge::new();
            a_life(&mut forge, ICCID);
            let events = NotificationEvents::of(&[Enable, Disable]);
            retrieves(&mut forge, Some(NotificationSearch::ProfileManagementOperation(events)))
        }),
        case(RETRIEVE, "0 given", "unknown_number", || {
            retrieves(&mut Forge::new(), Some(NotificationSearch::SeqNumber(9)))
        }),
        blank(RETRIEVE, "noResultAvailable (1)", "of early versions; an empty list stands for it"),
        blank(RETRIEVE, "undefinedError (127)", "nothing leads to it"),
        case(REMOVE, "ok (0)", "number_zero", || {
            let mut forge = Forge::new();
            a_life(&mut forge, ICCID);
            let seen = removes(&mut forge, 0);
            assert_eq!(events_of(&mut forge, &LIST_ALL).len(), 3);
            seen
        }),
        case(REMOVE, "nothingToDelete (1)", "removed_already", || {
            let mut forge = Forge::new();
            a_life(&mut forge, ICCID);
            assert_eq!(removes(&mut forge, 2), "ok (0)");
            removes(&mut forge, 2)
        }),
        blank(REMOVE, "undefinedError (127)", "nothing leads to it"),
    ]
}

// ES10b.LoadCRL.

fn loads(forge: &mut Forge, crl: &[u8]) -> String {
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

fn serial(certificate: &[u8]) -> Vec<u8> {
    Certificate::parse(certificate).unwrap().serial().to_vec()
}

fn revoke(forge: &mut Forge, which: fn(&TestPki) -> &[u8]) {
    let revoked = [serial(which(&forge.pki))];
    let crl = forge.pki.issue_crl(&CrlDraft { number: 1, revoked: &revoked, ..CrlDraft::default() });
    assert_eq!(loads(forge, &crl), "ok");
}

fn issued(forge: &Forge, number: u64, part: Option<(u16, u16)>, base: Option<u64>) -> Vec<u8> {
    forge.pki.issue_crl(&CrlDraft { number, revoked: &[vec![1], vec![0x7F]], part, base, next_update: None })
}

fn crl() -> Vec<Row> {
    const F: &str = Function::LoadCrl.name();
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

// What the card tells.

fn information() -> Vec<Row> {
    const PROFILES: &str = Function::GetProfilesInfo.name();
    fn three() -> Forge {
        let mut forge = Forge::new();
        forge.install_plain(ICCID);
        forge.install(&of_class(OTHER, ProfileClass::provisioning), &subscriber(OTHER));
        install_test_profile(&mut forge, THIRD);
        assert_eq!(enables(&mut forge, ICCID), "ok (0)");
        forge
    }
    vec![
        case(Function::GetEuiccInfo1.name(), "answered", "euicc_info_1", || {
            answered::<EuiccInfo1>(Forge::new().es10(&[0xBF, 0x20, 0x00]))
        }),
        case(Function::GetEuiccInfo2.name(), "answered", "euicc_info_2", || {
            answered::<EuiccInfo2>(Forge::new().es10(&[0xBF, 0x22, 0x00]))
        }),
        case(Function::GetEuiccInfo2.name(), "answered", "free_memory_shrinks_and_grows", || {
            let free = |forge: &mut Forge| {
                let info: EuiccInfo2 = read(&forge.es10(&[0xBF, 0x22, 0x00])).unwrap();
                let resource = info.ext_card_resource.to_vec();
                let all = tlv::read_all(&resource, 0..resource.len()).unwrap();
                resource[all[1].value.clone()].iter().fold(0, |sum: u32, it| sum << 8 | u32::from(*it))
            };
            let mut forge = Forge::new();
            let before = free(&mut forge);
            forge.install_plain(ICCID);
            let between = free(&mut forge);
            assert_eq!(deletes(&mut forge, ICCID), "ok (0)");
            expect((between < before, free(&mut forge) == before), (true, true), "answered")
        }),
        case(Function::GetEuiccChallenge.name(), "answered", "never_the_same_twice", || {
            let mut forge = Forge::new();
            let command = [0xBF, 0x2E, 0x00];
            let both = (forge.es10(&command).unwrap(), forge.es10(&command).unwrap());
            assert_ne!(both.0, both.1);
            answered::<GetEuiccChallengeResponse>(Ok(both.1))
        }),
        case(Function::GetRat.name(), "answered", "rules_authorisation_table", || {
            answered::<GetRatResponse>(Forge::new().es10(&[0xBF, 0x43, 0x00]))
        }),
        case(Function::GetEid.name(), "answered", "eid", || {
            answered::<GetEuiccDataResponse>(Forge::new().es10(&[0xBF, 0x3E, 0x03, 0x5C, 0x01, 0x5A]))
        }),
        case(Function::GetEid.name(), "6A80", "another_tag_than_the_eids", || {
            sw(Forge::new().es10(&[0xBF, 0x3E, 0x03, 0x5C, 0x01, 0x5B]))
        }),
        case(PROFILES, "listed", "all_but_the_provisioning_profile", || {
            expect(listed(&mut three(), None), format!("{ICCID}* {THIRD}"), "listed")
        }),
        case(PROFILES, "listed", "by_class", || {
            let class = SearchCriteria::ProfileClass(ProfileClass::provisioning);
            expect(listed(&mut three(), Some(class)), OTHER.to_string(), "listed")
        }),
        case(PROFILES, "listed", "by_iccid", || {
            let iccid: Iccid = THIRD.parse().unwrap();
            expect(listed(&mut three(), Some(SearchCriteria::Iccid(iccid))), THIRD.to_string(), "listed")
        }),
        case(PROFILES, "listed", "by_aid", || {
            let aid = hex::decode("A0000005591010FFFFFFFF8900001000").unwrap();
            expect(
                listed(&mut three(), Some(SearchCriteria::IsdpAid(aid.into()))),
                format!("{ICCID}*"),
                "listed",
            )
        }),
        case(PROFILES, "listed", "nothing_found", || {
            let iccid: Iccid = "89000123456789012374".parse().unwrap();
            expect(listed(&mut three(), Some(SearchCriteria::Iccid(iccid))), String::new(), "listed")
        }),
        case(PROFILES, "listed", "tags_of_the_askers_choice", || {
            let tags = OctetString::from_static(&[0x5A, 0x9F, 0x70]);
            let request = ProfileInfoListRequest { search_criteria: None, tag_list: Some(tags) };
            let response = three().es10(&encode(&request)).unwrap();
            let short = tlv::wrap(
                0xE3,
                &[&tlv::wrap(0x5A, &[&ICCID.parse::<Iccid>().unwrap().octets()]), &[0x9F, 0x70, 1, 1]],
            );
            expect(response.windows(short.len()).any(|it| it == short), true, "listed")
        }),
        case(PROFILES, "incorrectInputValues (1)", "tag_list_cut_in_a_tag", || {
            let tags = OctetString::from_static(&[0x5A, 0x9F]);
            let request = ProfileInfoListRequest { search_criteria: None, tag_list: Some(tags) };
            match read(&three().es10(&encode(&request))) {
                Ok(ProfileInfoListResponse::ProfileInfoListError(1)) => {
                    "incorrectInputValues (1)".to_string()
                }
                other => format!("{other:?}"),
            }
        }),
        blank(PROFILES, "undefinedError (127)", "nothing leads to it"),
    ]
}

// ES10c: switching.

fn enable() -> Vec<Row> {
    const F: &str = Function::EnableProfile.name();
    vec![
        case(F, "ok (0)", "at_once", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            let seen = enables(&mut forge, ICCID);
            assert_eq!(listed(&mut forge, None), format!("{ICCID}*"));
            seen
        }),
        case(F, "ok (0)", "the_enabled_one_gives_way", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            forge.install_plain(OTHER);
            assert_eq!(enables(&mut forge, ICCID), "ok (0)");
            let seen = enables(&mut forge, OTHER);
            assert_eq!(listed(&mut forge, None), format!("{ICCID} {OTHER}*"));
            seen
        }),
        case(F, "ok (0)", "after_refresh", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            announce_refresh(&mut forge);
            assert_eq!(forge.es10(&enable_command(ICCID, true)).unwrap(), [0xBF, 0x31, 3, 0x80, 1, 0]);
            assert_eq!(listed(&mut forge, None), ICCID, "not before the terminal has carried it out");
            let refresh = forge.device.transmit(&hex::decode("8012000000").unwrap());
            assert_eq!(hex::encode_upper(&refresh), "D0098103010104820281829000");
            assert_eq!(apdu(&mut forge, "801400000C810301010482028281830100"), "9000");
            bench::select_isdr(&mut forge.device);
            expect(listed(&mut forge, None), format!("{ICCID}*"), "ok (0)")
        }),
        case(F, "ok (0)", "at_reset_if_refresh_was_not_carried_out", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            announce_refresh(&mut forge);
            forge.es10(&enable_command(ICCID, true)).unwrap();
            forge.device.reset().unwrap();
            bench::select_isdr(&mut forge.device);
            expect(listed(&mut forge, None), format!("{ICCID}*"), "ok (0)")
        }),
        case(F, "iccidOrAidNotFound (1)", "unknown_profile", || enables(&mut Forge::new(), ICCID)),
        case(F, "profileNotInDisabledState (2)", "enabled_already", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            assert_eq!(enables(&mut forge, ICCID), "ok (0)");
            enables(&mut forge, ICCID)
        }),
        case(F, "disallowedByPolicy (3)", "the_enabled_one_has_ppr1", || {
            let mut forge = Forge::new();
            forge.install(&with_rules(ICCID, &[1]), &subscriber(ICCID));
            forge.install_plain(OTHER);
            assert_eq!(enables(&mut forge, ICCID), "ok (0)");
            enables(&mut forge, OTHER)
        }),
        case(F, "ok (0)", "a_test_profile_in_spite_of_ppr1", || {
            let mut forge = Forge::new();
            forge.install(&with_rules(ICCID, &[1]), &subscriber(ICCID));
            install_test_profile(&mut forge, OTHER);
            assert_eq!(enables(&mut forge, ICCID), "ok (0)");
            enables(&mut forge, OTHER)
        }),
        case(F, "wrongProfileReenabling (4)", "another_than_the_one_the_test_profile_replaced", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            forge.install_plain(OTHER);
            install_test_profile(&mut forge, THIRD);
            for iccid in [ICCID, THIRD] {
                assert_eq!(enables(&mut forge, iccid), "ok (0)");
            }
            let seen = enables(&mut forge, OTHER);
            assert_eq!(enables(&mut forge, ICCID), "ok (0)");
            seen
        }),
        case(F, "catBusy (5)", "a_switch_waits_for_the_terminal", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            announce_refresh(&mut forge);
            forge.es10(&enable_command(ICCID, true)).unwrap();
            enables(&mut forge, ICCID)
        }),
        blank(F, "undefinedError (127)", "every refusal here has a code of its own"),
    ]
}

fn disable_and_delete() -> Vec<Row> {
    const DISABLE: &str = Function::DisableProfile.name();
    const DELETE: &str = Function::DeleteProfile.name();
    fn enabled(rules: &[usize]) -> Forge {
        let mut forge = Forge::new();
        forge.install(&with_rules(ICCID, rules), &subscriber(ICCID));
        assert_eq!(enables(&mut forge, ICCID), "ok (0)");
        forge
    }
    vec![
        case(DISABLE, "ok (0)", "at_once", || disables(&mut enabled(&[]), ICCID)),
        case(DISABLE, "ok (0)", "a_test_profile_gives_ppr1_its_place_back", || {
            let mut forge = enabled(&[1]);
            install_test_profile(&mut forge, OTHER);
            assert_eq!(enables(&mut forge, OTHER), "ok (0)");
            let seen = disables(&mut forge, OTHER);
            assert_eq!(listed(&mut forge, None), format!("{ICCID}* {OTHER}"));
            seen
        }),
        case(DISABLE, "iccidOrAidNotFound (1)", "unknown_profile", || disables(&mut Forge::new(), ICCID)),
        case(DISABLE, "profileNotInEnabledState (2)", "disabled_already", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            disables(&mut forge, ICCID)
        }),
        case(DISABLE, "disallowedByPolicy (3)", "ppr1", || disables(&mut enabled(&[1]), ICCID)),
        case(DISABLE, "catBusy (5)", "a_switch_waits_for_the_terminal", || {
            let mut forge = enabled(&[]);
            forge.install_plain(OTHER);
            announce_refresh(&mut forge);
            forge.es10(&enable_command(OTHER, true)).unwrap();
            disables(&mut forge, ICCID)
        }),
        blank(DISABLE, "undefinedError (127)", "every refusal here has a code of its own"),
        case(DELETE, "ok (0)", "a_disabled_profile", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            let seen = deletes(&mut forge, ICCID);
            assert_eq!(listed(&mut forge, None), "");
            seen
        }),
        case(DELETE, "iccidOrAidNotFound (1)", "unknown_profile", || deletes(&mut Forge::new(), ICCID)),
        case(DELETE, "profileNotInDisabledState (2)", "an_enabled_profile", || {
            deletes(&mut enabled(&[]), ICCID)
        }),
        case(DELETE, "profileNotInDisabledState (2)", "a_profile_about_to_be_enabled", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            forge.es10(&enable_command(ICCID, true)).unwrap();
            deletes(&mut forge, ICCID)
        }),
        case(DELETE, "disallowedByPolicy (3)", "ppr2", || {
            let mut forge = Forge::new();
            forge.install(&with_rules(ICCID, &[2]), &subscriber(ICCID));
            deletes(&mut forge, ICCID)
        }),
        blank(DELETE, "undefinedError (127)", "every refusal here has a code of its own"),
    ]
}

fn memory_reset() -> Vec<Row> {
    const F: &str = Function::EuiccMemoryReset.name();
    fn full() -> Forge {
        let mut forge = Forge::new();
        forge.install(&with_rules(ICCID, &[2]), &subscriber(ICCID));
        install_test_profile(&mut forge, OTHER);
        forge.install(&of_class(THIRD, ProfileClass::provisioning), &subscriber(THIRD));
        let address = SetDefaultDpAddressRequest { default_dp_address: "smdp.example".to_string() };
        forge.es10(&encode(&address)).unwrap();
        forge
    }
    fn address(forge: &mut Forge) -> bool {
        let addresses: EuiccConfiguredAddressesResponse = read(&forge.es10(&[0xBF, 0x3C, 0x00])).unwrap();
        addresses.default_dp_address.is_some()
    }
    fn left(forge: &mut Forge) -> (String, String, bool) {
        let provisioning = SearchCriteria::ProfileClass(ProfileClass::provisioning);
        (listed(forge, None), listed(forge, Some(provisioning)), address(forge))
    }
    vec![
        case(F, "ok (0)", "operational_profiles_even_with_ppr2", || {
            let mut forge = full();
            let seen = resets(&mut forge, &[0]);
            expect(left(&mut forge), (OTHER.to_string(), THIRD.to_string(), true), &seen)
        }),
        case(F, "ok (0)", "test_profiles", || {
            let mut forge = full();
            let seen = resets(&mut forge, &[1]);
            expect(left(&mut forge), (ICCID.to_string(), THIRD.to_string(), true), &seen)
        }),
        case(F, "ok (0)", "default_address", || {
            let mut forge = full();
            let seen = resets(&mut forge, &[2]);
            expect(left(&mut forge), (format!("{ICCID} {OTHER}"), THIRD.to_string(), false), &seen)
        }),
        case(F, "ok (0)", "everything_but_the_provisioning_profile", || {
            let mut forge = full();
            assert_eq!(enables(&mut forge, ICCID), "ok (0)");
            let seen = resets(&mut forge, &[0, 1, 2]);
            expect(left(&mut forge), (String::new(), THIRD.to_string(), false), &seen)
        }),
        case(F, "nothingToDelete (1)", "fresh_card", || resets(&mut Forge::new(), &[0, 1, 2])),
        case(F, "nothingToDelete (1)", "no_bit_set", || resets(&mut full(), &[])),
        case(F, "catBusy (5)", "a_switch_waits_for_the_terminal", || {
            let mut forge = full();
            announce_refresh(&mut forge);
            forge.es10(&enable_command(ICCID, true)).unwrap();
            resets(&mut forge, &[0])
        }),
        blank(F, "undefinedError (127)", "every refusal here has a code of its own"),
    ]
}

fn rest() -> Vec<Row> {
    const F: &str = Function::SetNickname.name();
    fn names(iccid: &str, nickname: &str) -> String {
        let mut forge = Forge::new();
        forge.install_plain(ICCID);
        let request =
            SetNicknameRequest { iccid: iccid.parse().unwrap(), profile_nickname: nickname.to_string() };
        let response = forge.es10(&encode(&request));
        told(read::<SetNicknameResponse>(&response).map(|it| it.set_nickname_result.to_string()))
    }
    vec![
        case(F, "ok (0)", "a_name_of_64_octets", || names(ICCID, &"ん".repeat(21))),
        case(F, "ok (0)", "an_empty_name_removes_it", || names(ICCID, "")),
        case(F, "iccidNotFound (1)", "unknown_profile", || names(OTHER, "x")),
        case(F, "undefinedError (127)", "a_name_of_65_octets", || names(ICCID, &"x".repeat(65))),
        case(Function::LpaeActivation.name(), "notSupported (1)", "no_lpa_in_this_euicc", || {
            let request = LpaeActivationRequest { lpae_option: bit_string(&[0]) };
            let response = Forge::new().es10(&encode(&request));
            told(read::<LpaeActivationResponse>(&response).map(|it| match it.lpae_activation_result {
                1 => "notSupported (1)".to_string(),
                other => other.to_string(),
            }))
        }),
    ]
}
