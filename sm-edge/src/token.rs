//! Signed tokens of operators: JSON Web Tokens (RFC 7519) as compact JWS with ES256 (RFC 7515, 7518), and nothing else
//! of that family. The signature is the `r‖s` that RSP signs with, so no library beside the project's own cryptography
//! is needed, which runs on every host.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use esim_crypto::PrivateKey;
use esim_rsp::address::same_address;
use esim_smdp::{Config, Operator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Longest validity, in seconds.
pub const LONGEST: u64 = 3600;
/// How much two clocks may differ, in seconds.
const SKEW: u64 = 60;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// OID of the operator.
    pub iss: String,
    /// The SM-DP+ address that the server has been given, and none of its other names: a token for one server is for no
    /// other that the caller may have been talked into dialling.
    pub aud: String,
    /// Issued at, seconds since 1970.
    pub iat: u64,
    /// Not to be taken from then on; at most an hour after `iat`.
    pub exp: u64,
}

/// Why a token is not taken: a sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not three parts of base64url with JSON in them.
    #[error("the token is no JWT with the claims iss, aud, iat and exp")]
    Malformed,
    /// `alg` or `crit`.
    #[error("the token is not signed with ES256 and nothing else")]
    Algorithm,
    /// The issuer is no operator here, or has no key.
    #[error("the token's issuer {0:?} is no operator with a token key here")]
    Issuer(String),
    /// The signature is not by the operator's key.
    #[error("the token's signature does not verify")]
    Signature,
    /// For another server.
    #[error("the token is for {0:?}, which is not this SM-DP+")]
    Audience(String),
    /// Too late.
    #[error("the token has expired")]
    Expired,
    /// Issued in the future.
    #[error("the token is not valid yet")]
    NotYet,
    /// `exp` is more than an hour after `iat`.
    #[error("the token is valid for more than an hour")]
    TooLong,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

/// Makes a token.
pub fn sign(claims: &Claims, key: &PrivateKey) -> String {
    let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"ES256","typ":"JWT"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(esim_rsp::json::to_vec(claims)));
    let signature = key.sign(&[signed.as_bytes()]);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Whether a bearer credential is a signed token, and not a word.
pub fn is_signed(credential: &str) -> bool {
    credential.split('.').count() == 3
}

/// A part of a token: all of it is JSON, what nobody reads too, and no name stands twice (RFC 7519 4).
fn read<T: DeserializeOwned>(part: &[u8]) -> Result<T, TokenError> {
    esim_rsp::json::parse_request(part).map_err(|_| TokenError::Malformed)
}

/// The operator that a token speaks for, at `now` in seconds since 1970.
///
/// # Errors
/// See [`TokenError`].
pub fn verify<'a>(token: &str, config: &'a Config, now: u64) -> Result<&'a Operator, TokenError> {
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed);
    let header: Header = read(&decode(header)?)?;
    if header.alg != "ES256" || header.crit.is_some() {
        return Err(TokenError::Algorithm);
    }
    let claims: Claims = read(&decode(claims)?)?;
    let operator = config.operator(&claims.iss);
    let known = operator.and_then(|operator| Some((operator, operator.token_key.as_ref()?)));
    let (operator, key) = known.ok_or_else(|| TokenError::Issuer(claims.iss.clone()))?;
    key.verify(&[signed.as_bytes()], &decode(signature)?).map_err(|_| TokenError::Signature)?;
    // What follows is the operator's own word.
    if !same_address(&config.smdp_address, &claims.aud) {
        return Err(TokenError::Audience(claims.aud));
    }
    match () {
        () if claims.exp.saturating_sub(claims.iat) > LONGEST => Err(TokenError::TooLong),
        () if claims.iat > now.saturating_add(SKEW) => Err(TokenError::NotYet),
        () if claims.exp <= now => Err(TokenError::Expired),
        () => Ok(operator),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esim_crypto::Curve;
    use esim_crypto::pki::TestPki;

    const NOW: u64 = 1_767_225_600;
    const OID: &str = "2.999.100";

    fn key(octet: u8) -> PrivateKey {
        PrivateKey::from_bytes(Curve::P256, &[octet; 32]).unwrap()
    }

    fn config() -> Config {
        let mut config = Config::of_test_pki("smdp.example", &TestPki::well_known(Curve::P256)).unwrap();
        let operator = |oid: &str, token_key| Operator {
            oid: oid.into(),
            callback: None,
            token_key,
            certificates: Vec::new(),
        };
        config.other_addresses = ["localhost", "127.0.0.1", "dialled.example"].map(String::from).into();
        config.operators = vec![operator(OID, Some(key(1).public_key())), operator("2.999.101", None)];
        config
    }

    fn claims() -> Claims {
        Claims { iss: OID.into(), aud: "smdp.example".into(), iat: NOW, exp: NOW + 3600 }
    }

    fn check(claims: &Claims, now: u64) -> Result<String, TokenError> {
        verify(&sign(claims, &key(1)), &config(), now).map(|operator| operator.oid.clone())
    }

    #[test]
    fn a_sound_token_names_its_operator() {
        assert_eq!(check(&claims(), NOW).as_deref(), Ok(OID));
        assert_eq!(check(&Claims { aud: "SMDP.example.:443".into(), ..claims() }, NOW).as_deref(), Ok(OID));
        assert_eq!(check(&Claims { iat: NOW + 30, ..claims() }, NOW).as_deref(), Ok(OID), "clocks differ");
    }

    #[test]
    fn every_claim_is_checked() {
        assert_eq!(check(&claims(), NOW + 3600), Err(TokenError::Expired));
        assert_eq!(check(&claims(), NOW - 61), Err(TokenError::NotYet));
        assert_eq!(check(&Claims { exp: NOW + 3601, ..claims() }, NOW), Err(TokenError::TooLong));
        // What LPAs may dial besides is no name to call an operator's token by.
        for aud in [
            "other.example",
            "localhost",
            "127.0.0.1",
            "dialled.example",
            "smdp.example:8443",
            "",
            " smdp.example",
        ] {
            let elsewhere = Claims { aud: aud.into(), ..claims() };
            assert_eq!(check(&elsewhere, NOW), Err(TokenError::Audience(aud.into())));
        }
        for iss in ["2.999.101", "2.999.102", ""] {
            let unknown = Claims { iss: iss.into(), ..claims() };
            assert_eq!(check(&unknown, NOW), Err(TokenError::Issuer(iss.into())));
        }
    }

    #[test]
    fn what_nobody_reads_is_json_too() {
        let header = r#"{"alg":"ES256"}"#;
        let with = |extra: &[u8]| {
            let claims = String::from_utf8(esim_rsp::json::to_vec(&claims())).unwrap();
            [claims.trim_end_matches('}').as_bytes(), b",\"x\":", extra, b"}"].concat()
        };
        let judge = |header: &[u8], claims: &[u8]| {
            let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
            let signature = URL_SAFE_NO_PAD.encode(key(1).sign(&[signed.as_bytes()]));
            verify(&format!("{signed}.{signature}"), &config(), NOW).map(|operator| operator.oid.clone())
        };
        assert_eq!(judge(header.as_bytes(), &with(br#""more""#)).as_deref(), Ok(OID));
        // Half of a surrogate pair, octets that are no UTF-8, a name twice.
        for extra in [&br#""\uD800""#[..], b"\"\xFF\"", br#"1,"x":2"#, br#"{"y":1,"y":2}"#] {
            assert_eq!(judge(header.as_bytes(), &with(extra)), Err(TokenError::Malformed), "{extra:?}");
            let header = [b"{\"alg\":\"ES256\",\"x\":", extra, b"}"].concat();
            assert_eq!(judge(&header, &with(b"0")), Err(TokenError::Malformed), "{extra:?}");
        }
    }

    #[test]
    fn nothing_unsigned_or_forged_is_taken() {
        let config = config();
        let forged = sign(&claims(), &key(2));
        assert_eq!(verify(&forged, &config, NOW).err(), Some(TokenError::Signature));
        let sound = sign(&claims(), &key(1));
        let parts: Vec<&str> = sound.split('.').collect();
        for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS256"}"#, r#"{"alg":"ES256","crit":["b64"]}"#] {
            let token = format!("{}.{}.{}", URL_SAFE_NO_PAD.encode(header), parts[1], parts[2]);
            assert_eq!(verify(&token, &config, NOW).err(), Some(TokenError::Algorithm));
        }
        for token in ["", "a.b", "a.b.c", "..", &sound[..sound.len() - 1], &format!("{sound}A")] {
            assert!(verify(token, &config, NOW).is_err(), "{token}");
        }
        for at in 0..sound.len() {
            let mut bent = sound.clone().into_bytes();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            let bent = String::from_utf8(bent).unwrap();
            assert!(verify(&bent, &config, NOW).is_err(), "octet {at}");
        }
    }
}
