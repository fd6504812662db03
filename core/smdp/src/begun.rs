//! How a session begins: with what this server gives away and keeps nowhere (SGP.22 5.6.1, 5.8.1). Whoever likes may begin
//! one, so nothing is stored until an eUICC has proved itself.

use crate::{Config, Env};
use alloc::vec::Vec;
use esim_crypto::MacKey;
use esim_crypto::pki::TrustedCi;
use esim_rsp::TransactionId;
use esim_rsp::es10b::EuiccSigned1;

/// As whom this server speaks to an eUICC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerRole {
    /// ES9+.
    Smdp,
    /// ES11.
    Smds,
}

/// A session that has begun, as its transactionId tells. The 16 octets are seconds since 1970, of which there are the lower
/// 32 bits (4), random ones, of which the first bit says as whom this server was dialled (6), and a MAC over both (6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    id: TransactionId,
    /// Seconds since 1970.
    at: u64,
    /// As whom this server was dialled.
    pub role: ServerRole,
}

/// What was agreed on when a session began. serverChallenge is a MAC over it, so that it comes back with the eUICC's
/// signature over it.
#[derive(Clone, Copy, Debug)]
pub struct Agreed<'a> {
    /// This server as the LPA dialled it.
    pub server_address: &'a str,
    /// Key identifier of the CI under which the eUICC was told to sign.
    pub euicc_ci_pk_id: &'a [u8],
    /// Key identifier of the CI above our certificates.
    pub server_ci_pk_id: &'a [u8],
}

/// Octets of a transactionId before its MAC.
const CLAIM: usize = 10;
const LENGTH: usize = 16;
/// In the first random octet.
const IS_SMDS: u8 = 0x80;
/// What a MAC is of.
const ID: &[u8] = b"transactionId";
const CHALLENGE: &[u8] = b"serverChallenge";
/// How many of the CIs that an eUICC verifies are tried.
const CANDIDATES: usize = 16;

impl Begun {
    /// Begins one.
    pub fn now(role: ServerRole, env: &mut Env<'_>) -> Self {
        let time = env.now.to_be_bytes();
        let mut id = [0; LENGTH];
        id[..4].copy_from_slice(&time[4..]);
        id[4..CLAIM].copy_from_slice(&env.random::<6>());
        id[4] = match role {
            ServerRole::Smdp => id[4] & !IS_SMDS,
            ServerRole::Smds => id[4] | IS_SMDS,
        };
        if let Some(key) = env.sessions.first() {
            let mac = key.mac(&[ID, &id[..CLAIM]]);
            id[CLAIM..].copy_from_slice(&mac[..LENGTH - CLAIM]);
        }
        Self { id: TransactionId::new(&id), at: env.now, role }
    }

    /// The session of a transactionId, if this server has begun it.
    pub(crate) fn of(id: &TransactionId, env: &Env<'_>) -> Option<Self> {
        let octets = <[u8; LENGTH]>::try_from(&id.0[..]).ok()?;
        let (claim, mac) = octets.split_at(CLAIM);
        env.sessions.iter().find(|key| key.fits(&[ID, claim], mac))?;
        let [a, b, c, d, ..] = octets;
        // The clock of the machine that began it may be a little ahead.
        let age = (env.now as u32).wrapping_sub(u32::from_be_bytes([a, b, c, d])).cast_signed();
        Some(Self {
            id: id.clone(),
            at: env.now.saturating_add_signed(-i64::from(age)),
            role: Self::role_of(id),
        })
    }

    /// As whom this server was dialled, as a transactionId claims.
    pub(crate) fn role_of(id: &TransactionId) -> ServerRole {
        match id.0.get(4) {
            Some(octet) if octet & IS_SMDS != 0 => ServerRole::Smds,
            _ => ServerRole::Smdp,
        }
    }

    /// Of the session.
    pub fn id(&self) -> &TransactionId {
        &self.id
    }

    /// serverChallenge, 16 octets.
    pub fn challenge(&self, agreed: &Agreed<'_>, key: &MacKey) -> [u8; 16] {
        let Agreed { server_address, euicc_ci_pk_id, server_ci_pk_id } = agreed;
        key.mac(&[CHALLENGE, &self.id.0, server_address.as_bytes(), euicc_ci_pk_id, server_ci_pk_id])
    }

    /// The CI of the eUICC and the key identifier of ours that were agreed on, if what an eUICC says it has signed is the
    /// challenge of this session. Ours is one of those that it verifies, whether or not this server still has it.
    pub(crate) fn agreed(&self, signed: &EuiccSigned1, env: &Env<'_>) -> Option<(TrustedCi, Vec<u8>)> {
        let verified = &signed.euicc_info2.euicc_ci_pk_id_list_for_verification;
        let known = own(env.config, self.role);
        let candidates = known.chain(verified.iter().take(CANDIDATES).map(|id| &id[..]));
        let is_it = |ci: &TrustedCi, own: &[u8]| {
            let server_address = &signed.server_address;
            let agreed = Agreed { server_address, euicc_ci_pk_id: &ci.key_id, server_ci_pk_id: own };
            env.sessions.iter().any(|key| self.challenge(&agreed, key) == *signed.server_challenge)
        };
        candidates.into_iter().find_map(|own| {
            let ci = env.config.trusted.iter().find(|ci| is_it(ci, own))?;
            Some((ci.clone(), own.to_vec()))
        })
    }

    /// Seconds since 1970; no step is taken from then on.
    pub(crate) fn expires_at(&self, env: &Env<'_>) -> u64 {
        self.at.saturating_add(env.config.limits.session_seconds)
    }
}

/// Key identifiers of the CIs above our certificates.
fn own(config: &Config, role: ServerRole) -> impl Iterator<Item = &[u8]> {
    let smdp =
        config.identities.iter().map(|own| &own.ci_pk_id[..]).filter(move |_| role == ServerRole::Smdp);
    let smds = config.smds.iter().flat_map(|smds| &smds.identities).map(|own| &own.ci_pk_id[..]);
    smdp.chain(smds.filter(move |_| role == ServerRole::Smds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::{String, ToString};
    use esim_crypto::pki::{NoneVerified, TestPki};
    use esim_crypto::{Curve, SealKey};
    use esim_rsp::check::Checks;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    fn with<T>(now: u64, sessions: &[&MacKey], use_it: impl FnOnce(&mut Env<'_>) -> T) -> T {
        let config = Config::of_test_pki("smdp.example", &TestPki::well_known(Curve::P256)).unwrap();
        let (mut rng, mut codes) = (ChaCha8Rng::seed_from_u64(1), ChaCha8Rng::seed_from_u64(2));
        let veil = &|text: &str| -> String { text.to_string() };
        use_it(&mut Env {
            now,
            rng: &mut rng,
            codes: &mut codes,
            config: &config,
            verified: &NoneVerified,
            veil,
            sessions,
            checks: Checks::default(),
        })
    }

    #[test]
    fn a_transaction_id_tells_when_and_as_whom() {
        let key = SealKey::new(&[1; 32]);
        let keys = [key.sessions()];
        // Beyond 32 bits, too, and where their end lies between.
        for at in [1_790_000_000, u64::from(u32::MAX) - 5, (1 << 33) + 7] {
            for role in [ServerRole::Smdp, ServerRole::Smds] {
                let begun = with(at, &keys, |env| Begun::now(role, env));
                assert_eq!(Begun::role_of(begun.id()), role);
                for later in [0, 10, 3599, 3600, 1 << 30] {
                    let read = with(at + later, &keys, |env| Begun::of(begun.id(), env)).unwrap();
                    assert_eq!((read.at, read.role), (at, role), "{at} + {later}");
                    let alive = with(at + later, &keys, |env| Begun::alive(begun.id(), env));
                    assert_eq!(alive.is_ok(), later < 3600);
                }
                // A clock that is behind.
                let read = with(at - 60, &keys, |env| Begun::of(begun.id(), env)).unwrap();
                assert_eq!(read.at, at);
            }
        }
    }

    #[test]
    fn sessions_outlast_a_change_of_keys_as_long_as_the_older_one_is_there() {
        let (old, new) = (SealKey::new(&[1; 32]), SealKey::new(&[2; 32]));
        let begun = with(100, &[old.sessions()], |env| Begun::now(ServerRole::Smdp, env));
        let known = |keys: &[&MacKey]| with(100, keys, |env| Begun::of(begun.id(), env)).is_some();
        assert!(known(&[new.sessions(), old.sessions()]));
        assert!(!known(&[new.sessions()]) && !known(&[]));
        // Without a key there is none, whatever its octets.
        let keyless = with(100, &[], |env| Begun::now(ServerRole::Smdp, env));
        assert!(with(100, &[old.sessions()], |env| Begun::of(keyless.id(), env)).is_none());
    }

    #[test]
    fn the_challenge_holds_all_that_was_agreed_on() {
        let key = SealKey::new(&[1; 32]);
        let begin = |at| with(at, &[key.sessions()], |env| Begun::now(ServerRole::Smdp, env));
        let (begun, agreed) =
            (begin(100), Agreed { server_address: "a", euicc_ci_pk_id: b"b", server_ci_pk_id: b"c" });
        let challenge = begun.challenge(&agreed, key.sessions());
        for other in [
            Agreed { server_address: "A", ..agreed },
            Agreed { euicc_ci_pk_id: b"c", ..agreed },
            Agreed { server_ci_pk_id: b"b", ..agreed },
            Agreed { server_address: "ab", euicc_ci_pk_id: b"", ..agreed },
        ] {
            assert_ne!(begun.challenge(&other, key.sessions()), challenge);
        }
        assert_ne!(begin(101).challenge(&agreed, key.sessions()), challenge);
        assert_ne!(begun.challenge(&agreed, SealKey::new(&[2; 32]).sessions()), challenge);
    }
}
