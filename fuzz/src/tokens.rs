//! Tokens of operators: of any octets, and signed by an operator over any claims.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use esim_crypto::pki::TestPki;
use esim_crypto::{Curve, PrivateKey};
use esim_sm_edge::token::{self, LONGEST};
use esim_smdp::{Config, Operator};
use serde_json::Value;

/// The address that tokens are for.
pub const ADDRESS: &str = "smdp.example";
/// The operator whose key signs.
pub const OID: &str = "2.999.100";
/// Seconds since 1970.
pub const NOW: u64 = 1_767_225_600;

/// Who is known, and the key of [`OID`].
pub struct Scene {
    config: Config,
    key: PrivateKey,
}

impl Scene {
    /// Two operators: one with a key, one without.
    pub fn new() -> Self {
        let key = PrivateKey::from_bytes(Curve::P256, &[1; 32]).expect("a key");
        let mut config =
            Config::of_test_pki(ADDRESS, &TestPki::well_known(Curve::P256)).expect("a sound PKI");
        let operator = |oid: &str, token_key| Operator {
            oid: oid.into(),
            callback: None,
            token_key,
            certificates: Vec::new(),
        };
        config.operators = vec![operator(OID, Some(key.public_key())), operator("2.999.101", None)];
        Self { config, key }
    }

    /// A token of an input: `0` and the token as it is; `1`, the length of a header and header and claims, signed.
    pub fn token(&self, input: &[u8]) -> Option<String> {
        let [how, rest @ ..] = input else { return None };
        if how % 2 == 0 {
            return Some(String::from_utf8_lossy(rest).into_owned());
        }
        let [length, rest @ ..] = rest else { return None };
        let (header, claims) = rest.split_at(rest.len().min(usize::from(*length)));
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(&[signed.as_bytes()]));
        Some(format!("{signed}.{signature}"))
    }

    /// Whom the token of an input lets in; what it says is read a second time, by other means.
    ///
    /// # Panics
    /// If somebody gets in whom the claims do not let in.
    pub fn check(&self, input: &[u8]) -> bool {
        let Some(token) = self.token(input) else { return false };
        let Ok(operator) = token::verify(&token, &self.config, NOW) else { return false };
        assert_eq!(operator.oid, OID, "only one has a key");
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else { panic!("{token} has {} parts", parts.len()) };
        let value = |part: &str| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
        };
        let (header, claims_value) = (value(header), value(claims));
        assert_eq!(header["alg"], "ES256", "{header}");
        assert!(header.get("crit").is_none_or(Value::is_null), "{header}");
        let number = |name: &str| claims_value[name].as_u64().expect("a number");
        let (issued, expires) = (number("iat"), number("exp"));
        assert_eq!(claims_value["iss"], OID);
        assert!(
            expires > NOW && issued <= NOW + 60 && expires.saturating_sub(issued) <= LONGEST,
            "{claims_value}"
        );
        let audience = claims_value["aud"].as_str().expect("a text");
        let host = audience.split(':').next().unwrap_or_default();
        assert!(host.trim_end_matches('.').eq_ignore_ascii_case(ADDRESS), "{audience}");
        let signed = &token[..token.len() - signature.len() - 1];
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        assert!(self.key.public_key().verify(&[signed.as_bytes()], &signature).is_ok());
        true
    }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}
