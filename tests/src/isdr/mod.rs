//! ISD-R: each function of ES10a, ES10b, ES10c and ES8+ × each of its answers.

mod ask;
mod authenticate_server;
mod cancel_session;
mod crl;
mod disable;
mod enable;
mod es10a;
mod information;
mod memory_reset;
mod notifications;
mod package;
mod prepare_download;
mod rest;
mod transport;

use crate::bench::{self, NOW};
use crate::conformance::{Row, blank, case};
use crate::forge::{Forge, ICCID, Offer, Parcel, euicc_otpk, metadata, subscriber};
use ask::*;
use crl::{loads, serial};
use esim_crypto::pki::{Certificate, CrlDraft, PkiParameters, TestPki};
use esim_crypto::{Curve, PrivateKey};
use esim_euicc::{MemoryNvm, Nvm, NvmError, Write};
use esim_rsp::common::{NotificationEvent, NotificationEvents, bit_string};
use esim_rsp::es8p::{ProfileClass, ReplaceSessionKeysRequest, StoreMetadataRequest};
use esim_rsp::es10::Function;
use esim_rsp::es10a::*;
use esim_rsp::es10b::*;
use esim_rsp::es10c::*;
use esim_rsp::notification::*;
use esim_rsp::signed::PublicKeyOctets;
use esim_rsp::{Iccid, OctetString, TransactionId, encode, tlv};
use esim_world::{Clock, Device};

const OTHER: &str = "89000123456789012358";
const THIRD: &str = "89000123456789012366";

/// Every line of the document's section.
pub fn rows() -> Vec<Row> {
    let functions = [
        transport::rows(),
        es10a::rows(),
        authenticate_server::rows(),
        prepare_download::rows(),
        cancel_session::rows(),
        package::rows(),
        notifications::rows(),
        crl::rows(),
        information::rows(),
        enable::rows(),
        disable::rows(),
        memory_reset::rows(),
        rest::rows(),
    ];
    functions.into_iter().flatten().collect()
}

/// Every function has a line, and every code that the standard names for it.
///
/// # Panics
/// Naming the first that has none.
pub fn assert_complete(rows: &[Row]) {
    has_all(rows, Function::AuthenticateServer, AuthenticateErrorCode::NAMED);
    has_all(rows, Function::PrepareDownload, DownloadErrorCode::NAMED);
    has_all(rows, Function::LoadBoundProfilePackage, ErrorReason::NAMED);
    has_all(rows, Function::LoadCrl, LoadCrlError::NAMED);
    has_all(rows, Function::EnableProfile, EnableResult::NAMED);
    has_all(rows, Function::DisableProfile, DisableResult::NAMED);
    has_all(rows, Function::DeleteProfile, DeleteResult::NAMED);
    has_all(rows, Function::EuiccMemoryReset, ResetResult::NAMED);
    has_all(rows, Function::SetNickname, SetNicknameResult::NAMED);
    has_all(rows, Function::CancelSession, CancelSessionReason::NAMED);
    for function in Function::ALL {
        assert!(of(rows, *function).next().is_some(), "no line for {function:?}");
    }
}

/// Every named code of the function has a line.
fn has_all(rows: &[Row], function: Function, codes: &[(u8, &str)]) {
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

// Certificates that more than one function is shown.

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

fn revoke(forge: &mut Forge, which: fn(&TestPki) -> &[u8]) {
    let revoked = [serial(which(&forge.pki))];
    let crl = forge.pki.issue_crl(&CrlDraft { number: 1, revoked: &revoked, ..CrlDraft::default() });
    assert_eq!(loads(forge, &crl), "ok");
}
