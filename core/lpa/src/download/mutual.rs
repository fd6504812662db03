//! Common mutual authentication (SGP.22 3.1.2): the LPA's share in it, towards an SM-DP+ (ES9+) and an SM-DS (ES11) alike.

use super::answer::{card_message, http_message, refused};
use super::outcome::{Ending, Misbehaviour};
use crate::certificate;
use crate::code::Code;
use crate::effect::{Event, HttpCall};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use esim_rsp::address::same_server;
use esim_rsp::check::{Checks, Rule};
use esim_rsp::es9p::{
    AuthenticateClientRequest, InitiateAuthenticationOk, InitiateAuthenticationRequest, ServerSigned1,
};
use esim_rsp::es10b::{AuthenticateServerResponse, CtxParams1, GetEuiccChallengeResponse};
use esim_rsp::json::Base64;
use esim_rsp::json_binding::{self, Interface};
use esim_rsp::{Error, TransactionId, encode, es10, tlv};

const ADDRESS: Rule =
    Rule::new("SGP.22 3.1.2", "serverAddress in serverSigned1 is the address that was dialled");
const TRANSACTION: Rule = Rule::new("SGP.22 3.1.2", "transactionId in serverSigned1 is that of the answer");
const OID: Rule = Rule::new("SGP.22 3.1.2", "the OID in CERT.DPauth.ECDSA is that of the activation code");

/// The server that is spoken to.
#[derive(Clone, Copy)]
pub(crate) struct Dialled<'a> {
    /// ES9+ or ES11.
    pub interface: Interface,
    /// As the LPA dials it.
    pub address: &'a str,
    /// OID that its certificate must carry.
    pub oid: Option<&'a String>,
}

impl Dialled<'_> {
    /// The eUICC has drawn a challenge: initiateAuthentication (SGP.22 5.6.1, 5.8.1).
    pub fn initiate(self, info1: &Base64, event: Event) -> Result<HttpCall, Box<Ending>> {
        let (response, _) =
            card_message::<GetEuiccChallengeResponse>(event, es10::Function::GetEuiccChallenge)?;
        let request = InitiateAuthenticationRequest {
            euicc_challenge: Base64(response.euicc_challenge.to_vec()),
            euicc_info1: info1.clone(),
            smdp_address: self.address.into(),
        };
        Ok(HttpCall::to(self.interface, self.address, &request))
    }

    /// The server has proved itself to the eUICC, as far as the LPA can tell: it dialled the address that is signed, and
    /// the activation code names this server.
    pub fn server(self, event: Event, checks: Checks<'_>) -> Result<InitiateAuthenticationOk, Box<Ending>> {
        let function = json_binding::Function::InitiateAuthentication;
        let server: InitiateAuthenticationOk = http_message(event, function)?;
        let malformed = |error: Error| Ending::malformed(function.name(), error);
        let signed: ServerSigned1 = esim_rsp::decode(&server.server_signed1.0).map_err(malformed)?;
        let is_dialled = same_server(self.address, &signed.server_address);
        if !checks.that(&ADDRESS, || &signed.server_address, is_dialled) {
            let (dialled, signed) = (self.address.into(), signed.server_address);
            return Err(Box::new(Ending::Misbehaved(Misbehaviour::WrongServerAddress { dialled, signed })));
        }
        let transaction = &signed.transaction_id;
        if !checks.that(&TRANSACTION, || &transaction.0, *transaction == server.transaction_id) {
            return Err(Box::new(Ending::Misbehaved(Misbehaviour::TransactionMismatch)));
        }
        let Some(expected) = self.oid else {
            return Ok(server);
        };
        let found = certificate::registered_id(&server.server_certificate.0);
        let certificate = || &server.server_certificate.0;
        if checks.that(&OID, certificate, found.as_ref() == Some(expected)) {
            return Ok(server);
        }
        Err(Box::new(Ending::Misbehaved(Misbehaviour::WrongOid { expected: expected.clone(), found })))
    }

    /// The eUICC has proved itself: authenticateClient (SGP.22 5.6.3, 5.8.2).
    pub fn client(self, transaction: &TransactionId, event: Event) -> Result<HttpCall, Box<Ending>> {
        let (response, raw) =
            card_message::<AuthenticateServerResponse>(event, es10::Function::AuthenticateServer)?;
        if let AuthenticateServerResponse::AuthenticateResponseError(error) = response {
            let code = error.authenticate_error_code;
            return Err(refused(es10::Function::AuthenticateServer, Code::new(code.0, code.name())));
        }
        let request = AuthenticateClientRequest {
            transaction_id: transaction.clone(),
            authenticate_server_response: Base64(raw),
        };
        Ok(HttpCall::to(self.interface, self.address, &request))
    }
}

/// ES10b.AuthenticateServer. Everything that is signed goes to the eUICC as it came.
pub(crate) fn authenticate_server(server: &InitiateAuthenticationOk, context: &CtxParams1) -> Vec<u8> {
    tlv::wrap(
        es10::Function::AuthenticateServer.tag(),
        &[
            &server.server_signed1.0,
            &server.server_signature1.0,
            &server.euicc_ci_pk_id_to_be_used.0,
            &server.server_certificate.0,
            &encode(context),
        ],
    )
}
