//! ES9+.InitiateAuthentication and ES11.InitiateAuthentication (SGP.22 5.6.1, 5.8.1).

use crate::begun::{Agreed, Begun, ServerRole};
use crate::{Config, Decision, Env, Function, Key, KeyPair, Records};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::check::Rule;
use esim_rsp::es9p::{InitiateAuthenticationOk, InitiateAuthenticationRequest, ServerSigned1};
use esim_rsp::es10b::EuiccInfo1;
use esim_rsp::json::Base64;
use esim_rsp::{Code, Error, OctetString, Refusal, Signature, Signed};

/// The LPA asks this server to prove itself to an eUICC.
#[derive(Clone, Debug)]
pub struct InitiateAuthentication {
    euicc_challenge: [u8; 16],
    euicc_info1: EuiccInfo1,
    smdp_address: String,
}

impl Function for InitiateAuthentication {
    type Request = InitiateAuthenticationRequest;
    type Ok = InitiateAuthenticationOk;

    fn read(request: Self::Request) -> Result<Self, Error> {
        let challenge = request.euicc_challenge.0.try_into();
        let euicc_info1 = esim_rsp::decode(&request.euicc_info1.0);
        Ok(Self {
            euicc_challenge: challenge.map_err(|_| Error::text("euiccChallenge has 16 octets"))?,
            euicc_info1: euicc_info1.map_err(|error| error.within("euiccInfo1"))?,
            smdp_address: request.smdp_address,
        })
    }

    fn correlation_of(answer: &Self::Ok) -> Option<String> {
        Some(answer.transaction_id.to_string())
    }

    fn keys(&self, _: &Records) -> Vec<Key> {
        Vec::new()
    }

    fn decide(&self, _: &Records, env: &mut Env<'_>) -> Decision<Self::Ok> {
        let chosen = self.choose(env);
        Decision::only(chosen.and_then(|(euicc_ci_pk_id, server)| self.open(euicc_ci_pk_id, server, env)))
    }
}

const CLAUSE: &str = "SGP.22 5.6.1";
const ADDRESS: Rule = Rule::new(CLAUSE, "smdpAddress is that of this server");
const SVN: Rule = Rule::new(CLAUSE, "svn of the eUICC is of version 2");
const SIGNING: Rule = Rule::new(CLAUSE, "euiccCiPKIdListForSigning has a CI that this server knows");
const VERIFICATION: Rule =
    Rule::new(CLAUSE, "euiccCiPKIdListForVerification has a CI that this server has certificates of");

/// This server as the LPA has dialled it.
struct Server<'a> {
    role: ServerRole,
    ci_pk_id: &'a [u8],
    auth: &'a KeyPair,
}

/// The codes of the two interfaces differ in the subject alone.
struct Codes {
    address: Code,
    security: Code,
    svn: Code,
    certificate: Code,
}

const SMDP: Codes = Codes {
    address: Code::SmdpAddressRefused,
    security: Code::SmdpSecurityConfigurationUnsupported,
    svn: Code::SmdpSvnUnsupported,
    certificate: Code::SmdpCertificateUnavailable,
};
const SMDS: Codes = Codes {
    address: Code::SmdsAddressRefused,
    security: Code::SmdsSecurityConfigurationUnsupported,
    svn: Code::SmdsSvnUnsupported,
    certificate: Code::SmdsCertificateUnavailable,
};

impl InitiateAuthentication {
    /// As whom the LPA has dialled this server.
    fn role(&self, config: &Config) -> Option<(ServerRole, &'static Codes)> {
        if config.smds.as_ref().is_some_and(|smds| smds.answers_to(&self.smdp_address)) {
            return Some((ServerRole::Smds, &SMDS));
        }
        let is_smdp = !config.identities.is_empty() && config.answers_to(&self.smdp_address);
        is_smdp.then_some((ServerRole::Smdp, &SMDP))
    }

    /// The CI for the eUICC to sign under, and our certificates for it to verify.
    fn choose<'a>(&self, env: &Env<'a>) -> Result<(&OctetString, Server<'a>), Refusal> {
        let (config, checks, svn) = (env.config, env.checks, self.euicc_info1.svn);
        let (role, codes) =
            checks.that(&ADDRESS, || &self.smdp_address, self.role(config)).ok_or_else(|| {
                let codes = if config.identities.is_empty() { &SMDS } else { &SMDP };
                Refusal::of(codes.address).about(&self.smdp_address)
            })?;
        if !checks.that(&SVN, || *svn.0, svn.major() == 2) {
            return Err(Refusal::of(codes.svn).about(self.euicc_info1.svn));
        }
        let signing = &self.euicc_info1.euicc_ci_pk_id_list_for_signing;
        let trusts = |id: &&OctetString| config.trusted.iter().any(|ci| ci.key_id == id[..]);
        let chosen = checks.that(&SIGNING, || one_after_the_other(signing), signing.iter().find(trusts));
        let chosen = chosen.ok_or(Refusal::of(codes.security))?;
        let verifiable = &self.euicc_info1.euicc_ci_pk_id_list_for_verification;
        // The same CI in both directions where that is possible.
        let preferred = verifiable.iter().filter(|id| *id == chosen).chain(verifiable);
        let mut servers = preferred.filter_map(|id| server(config, role, id));
        let server = checks.that(&VERIFICATION, || one_after_the_other(verifiable), servers.next());
        let server = server.ok_or(Refusal::of(codes.certificate))?;
        Ok((chosen, server))
    }

    /// Nothing is kept: what this server gives away comes back signed.
    fn open(
        &self,
        euicc_ci_pk_id: &OctetString,
        server: Server<'_>,
        env: &mut Env<'_>,
    ) -> Result<InitiateAuthenticationOk, Refusal> {
        let begun = Begun::now(server.role, env);
        let agreed =
            Agreed { server_address: &self.smdp_address, euicc_ci_pk_id, server_ci_pk_id: server.ci_pk_id };
        let key = env.sessions.first().ok_or(Refusal::of(Code::RspExecutionError))?;
        let server_signed1 = Signed::new(ServerSigned1 {
            transaction_id: begun.id().clone(),
            euicc_challenge: self.euicc_challenge.into(),
            server_address: self.smdp_address.clone(),
            server_challenge: begun.challenge(&agreed, key).into(),
        });
        let signature = Signature::from(server.auth.key.sign(&[server_signed1.raw()]));
        Ok(InitiateAuthenticationOk {
            transaction_id: begun.id().clone(),
            server_signed1: Base64(server_signed1.raw().to_vec()),
            server_signature1: Base64(signature.tlv()),
            euicc_ci_pk_id_to_be_used: Base64(esim_rsp::encode(euicc_ci_pk_id)),
            server_certificate: Base64(server.auth.certificate.as_bytes().to_vec()),
        })
    }
}

fn one_after_the_other(ids: &[OctetString]) -> Vec<u8> {
    ids.iter().flat_map(|id| id.iter().copied()).collect()
}

/// Our certificate under a CI.
fn server<'a>(config: &'a Config, role: ServerRole, ci_pk_id: &[u8]) -> Option<Server<'a>> {
    let (ci_pk_id, auth) = match role {
        ServerRole::Smdp => config.identity(ci_pk_id).map(|own| (&own.ci_pk_id, &own.dp_auth))?,
        ServerRole::Smds => {
            config.smds.as_ref()?.identity(ci_pk_id).map(|own| (&own.ci_pk_id, &own.ds_auth))?
        }
    };
    Some(Server { role, ci_pk_id, auth })
}
