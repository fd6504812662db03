//! The card: certificates of servers, and the form of packages.

use super::Bend;
use esim_crypto::Curve;
use esim_crypto::pki::{Certificate, PkiParameters, TestPki};
use esim_euicc::{Identity, Personal};
use esim_rsp::es10b::{AuthenticateServerResponse, PrepareDownloadResponse};
use esim_rsp::notification::{FinalResult, ProfileInstallationResult};
use esim_rsp::{decode, tlv};
use esim_tests::bench;
use esim_tests::bend::{self, bent, flip_last, oid};
use esim_tests::conformance::{Row, case};
use esim_tests::forge::{Forge, ICCID, Parcel, metadata, subscriber};
use esim_tests::recorder;

const USIM: &str = "00A4040410A0000000871002FFFFFFFF890709000000";

/// What a card with an enabled profile answers to the last APDU.
fn uicc(function: &'static str, code: &'static str, name: &'static str, apdus: &'static [&str]) -> Row {
    case(function, code, name, move || {
        let mut forge = Forge::with(Curve::P256, |_| {});
        let mut subscriber = subscriber(ICCID);
        subscriber.codes.pin1_enabled = true;
        forge.install(&metadata(ICCID), &subscriber);
        forge.enable(ICCID);
        let mut seen = Vec::new();
        for apdu in apdus {
            recorder::begin();
            seen = forge.device.transmit(&hex::decode(apdu).unwrap());
        }
        hex::encode_upper(&seen[seen.len() - 2..])
    })
}

pub fn rows() -> Vec<Row> {
    let server = |code, name, bend: Bend| case("AuthenticateServer", code, name, move || authenticate(bend));
    let smdp = |code, name, bend: Bend| case("PrepareDownload", code, name, move || prepare(bend));
    const INVALID: &str = "invalidCertificate (1)";
    let mut rows = vec![
        server("ok", "signed_anew", |_| {}),
        server(INVALID, "key_is_not_for_signatures", |tbs| bend::spoil_usage(tbs)),
        server(INVALID, "critical_extension_that_nobody_knows", |tbs| bend::add_critical(tbs)),
        server(INVALID, "not_valid_yet", |tbs| bend::too_early(tbs)),
        server(INVALID, "without_a_registered_id", |tbs| {
            bend::extension(tbs, &oid::ALT_NAME)[2] = 0x85;
        }),
        smdp("ok", "signed_anew", |_| {}),
        smdp(INVALID, "of_no_role", |tbs| bend::spoil_role(tbs)),
        smdp(INVALID, "of_an_unknown_ci", |tbs| flip_last(bend::extension(tbs, &oid::AUTHORITY))),
        smdp(INVALID, "key_is_not_for_signatures", |tbs| bend::spoil_usage(tbs)),
        smdp(INVALID, "critical_extension_that_nobody_knows", |tbs| bend::add_critical(tbs)),
        smdp(INVALID, "not_valid_yet", |tbs| bend::too_early(tbs)),
        smdp(INVALID, "not_valid_any_more", |tbs| bend::too_late(tbs)),
        case("PrepareDownload", INVALID, "of_another_ci_than_cert_dpauth", of_another_ci),
        uicc("VERIFY PIN", "9000", "the_right_one", &[USIM, "002000010830303030FFFFFFFF"]),
        uicc("VERIFY PIN", "63C2", "a_wrong_one", &[USIM, "002000010839393939FFFFFFFF"]),
        uicc("UNBLOCK PIN", "9000", "the_right_code", &[USIM, "002C000110303030303030303030303030FFFFFFFF"]),
        uicc("UNBLOCK PIN", "63C9", "a_wrong_code", &[USIM, "002C000110393939393939393930303030FFFFFFFF"]),
    ];
    rows.extend(packages());
    rows
}

fn packages() -> Vec<Row> {
    vec![
        package("installed", "sound_package", |_| {}, |_| {}),
        package(
            CONFIGURE_WRONG,
            "configuration_of_1100_octets",
            |parcel| parcel.configure = vec![0; 1100],
            |_| {},
        ),
        package(
            "replaceSessionKeys (4): incorrectInputValues (1)",
            "keys_in_two_segments",
            |parcel| parcel.replace = Some((vec![0; 1100], [[1; 16]; 3])),
            |_| {},
        ),
        package(
            "loadProfileElements (5): scp03tStructureError (7)",
            "segment_of_another_kind",
            |_| {},
            // The last one, so that its sequence is as long as it was.
            |pieces| pieces.last_mut().unwrap()[0] = 0x87,
        ),
        package(
            "configureISDP (1): scp03tStructureError (7)",
            "sequences_in_another_order",
            |_| {},
            |pieces| pieces.swap(1, 2),
        ),
        package(
            "loadProfileElements (5): installFailedDueToPEProcessingError (12)",
            "second_header_among_the_elements",
            |parcel| {
                let elements = tlv::read_all(&parcel.upp, 0..parcel.upp.len()).unwrap();
                let (header, last) = (&elements[0].whole, elements.last().unwrap().whole.start);
                let again = parcel.upp[header.clone()].to_vec();
                parcel.upp.splice(last..last, again);
            },
            |_| {},
        ),
        package(
            "loadProfileElements (5): installFailedDueToPEProcessingError (12)",
            "package_without_its_last_element",
            |parcel| {
                let elements = tlv::read_all(&parcel.upp, 0..parcel.upp.len()).unwrap();
                parcel.upp.truncate(elements.last().unwrap().whole.start);
            },
            |_| {},
        ),
        case("LoadBoundProfilePackage", NO_ROOM, "installed_profile_does_not_fit", no_room),
    ]
}

const CONFIGURE_WRONG: &str = "configureISDP (1): incorrectInputValues (1)";
const NO_ROOM: &str = "loadProfileElements (5): installFailedDueToInsufficientMemoryForProfile (10)";

/// A package with something done to it before or after it is protected.
fn package(
    code: &'static str,
    name: &'static str,
    before: fn(&mut Parcel),
    after: fn(&mut Vec<Vec<u8>>),
) -> Row {
    case("LoadBoundProfilePackage", code, name, move || {
        let mut forge = Forge::new();
        let mut parcel = forge.parcel();
        before(&mut parcel);
        let mut pieces = parcel.pieces();
        after(&mut pieces);
        verdict(forge.load(&pieces))
    })
}

fn verdict(response: Result<Vec<u8>, u16>) -> String {
    let Ok(response) = response else { return format!("{:04X}", response.unwrap_err()) };
    let result: ProfileInstallationResult = decode(&response).unwrap();
    match &result.profile_installation_result_data.final_result {
        FinalResult::SuccessResult(_) => "installed".into(),
        FinalResult::ErrorResult(error) => {
            let (command, reason) = (error.bpp_command_id, error.error_reason);
            format!("{command}: {reason}")
        }
    }
}

/// Room for the package as it comes, and none for what it becomes.
fn no_room() -> String {
    let sizes = (1..200).map(|step| step * 256);
    let answers = sizes.map(|size| {
        let mut forge = Forge::with(Curve::P256, |personal| personal.memory = size);
        verdict(Ok(forge.install(&metadata(ICCID), &subscriber(ICCID))))
    });
    // With a little less than what is enough, it is only at the end that it does not fit.
    let mut sizes = (1..200).map(|step| step * 256);
    let enough = answers.zip(&mut sizes).find(|(answer, _)| answer == "installed").map(|(_, size)| size);
    let mut forge = Forge::with(Curve::P256, |personal| personal.memory = enough.unwrap() - 256);
    verdict(Ok(forge.install(&metadata(ICCID), &subscriber(ICCID))))
}

/// CERT.DPauth with something done to it; what the card says.
fn authenticate(bend: Bend) -> String {
    let mut forge = Forge::new();
    let mut hello = forge.hello();
    hello.certificate = bent(&hello.certificate, &forge.pki.ci.key, bend);
    match decode(&forge.es10(&hello.command()).unwrap()).unwrap() {
        AuthenticateServerResponse::AuthenticateResponseOk(_) => "ok".into(),
        AuthenticateServerResponse::AuthenticateResponseError(error) => {
            error.authenticate_error_code.to_string()
        }
    }
}

/// CERT.DPpb with something done to it.
fn prepare(bend: Bend) -> String {
    let mut forge = Forge::new();
    let mut offer = forge.offer();
    offer.certificate = bent(&offer.certificate, &forge.pki.ci.key, bend);
    prepared(&forge.es10(&offer.command()).unwrap())
}

fn prepared(response: &[u8]) -> String {
    match decode(response).unwrap() {
        PrepareDownloadResponse::DownloadResponseOk(_) => "ok".into(),
        PrepareDownloadResponse::DownloadResponseError(error) => error.download_error_code.to_string(),
    }
}

/// A card that knows two CIs, and a server that has a certificate of each.
fn of_another_ci() -> String {
    let other = TestPki::well_known(Curve::P256);
    let ci = other.ci.certificate.clone();
    let mut forge = Forge::with(Curve::P256, move |personal| {
        let own = TestPki::generate(&PkiParameters::default(), &mut bench::rng(1));
        let eid = personal.eid().unwrap();
        let euicc = own.issue_euicc(eid.octets(), &mut bench::rng(3));
        let identity = Identity {
            ci_key_id: Certificate::parse(&own.ci.certificate).unwrap().subject_key_id().unwrap().to_vec(),
            key: euicc.key,
            euicc_certificate: euicc.certificate,
            eum_certificate: own.eum.certificate.clone(),
        };
        *personal = Personal::from_parts(eid, vec![identity], vec![own.ci.certificate, ci]).unwrap();
    });
    let mut offer = forge.offer();
    (offer.certificate, offer.key) = (other.dp_pb.certificate.clone(), other.dp_pb.key.clone());
    prepared(&forge.es10(&offer.command()).unwrap())
}
