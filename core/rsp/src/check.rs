//! Verifications as they are made: whoever decides tells an observer in its environment what was judged, by which rule
//! and with which key, in the order made.
//!
//! [`Checks::that`] gives back the very verdict that it reports, so that the expression that decides is the one that
//! reports. Octets to be shown are given as closures: nobody makes them where nobody looks.
//!
//! ```
//! use esim_rsp::check::{Checks, Rule};
//!
//! const SIGNATURE: Rule = Rule::new("SGP.22 5.7.13", "serverSignature1 verifies with PK.DPauth.ECDSA");
//!
//! fn judge(signed: &[u8], verified: Result<(), &'static str>, checks: Checks<'_>) -> Result<(), &'static str> {
//!     checks.that(&SIGNATURE, || signed, verified)
//! }
//!
//! assert_eq!(judge(b"signed", Err("invalidSignature"), Checks::default()), Err("invalidSignature"));
//! ```

/// A verification of the standard: where it is asked for, and what must hold. It is written beside the code that makes
/// it, and nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Standard and clause: `SGP.22 5.7.13`.
    pub clause: &'static str,
    /// What must hold, in the standard's words; no two verifications of one party have the same.
    pub what: &'static str,
}

impl Rule {
    /// What a clause asks for.
    pub const fn new(clause: &'static str, what: &'static str) -> Self {
        Self { clause, what }
    }
}

/// A verification that has been made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check<'a> {
    /// Standard and clause.
    pub clause: &'static str,
    /// What must hold.
    pub what: &'static str,
    /// The public key, as a point that is not compressed, or the key's identifier; none where no key has a part in it.
    /// It is never a secret.
    pub key: Option<&'a [u8]>,
    /// The octets judged.
    pub input: &'a [u8],
    /// Whether it holds.
    pub passed: bool,
}

/// Whoever hears of verifications, in the order made.
pub trait Observer {
    /// One has been made.
    fn check(&self, check: &Check<'_>);
}

/// Whoever keeps watching: what a host has, to put [`Checks`] into each environment.
pub trait Watch {
    /// To whom the verifications of one environment are told.
    fn checks(&self) -> Checks<'_>;
}

/// Whoever hears of the secrets of a session ([`Secret`]).
pub trait SecretObserver {
    /// One has come into being, or has been received.
    fn secret(&self, secret: Secret, octets: &[u8]);
}

/// What nobody but the two ends of a session may know (SGP.22 2.6.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Secret {
    /// otSK.EUICC.ECKA or otSK.DP.ECKA, 32 octets: each end has its own.
    OneTimeKey,
    /// ShS, the shared secret of ECKA, 32 octets.
    SharedSecret,
    /// S-ENC, 16 octets.
    SEnc,
    /// S-MAC, 16 octets.
    SMac,
    /// The initial MAC chaining value, 16 octets.
    Mcv,
}

/// Something that says whether a rule holds.
pub trait Verdict {
    /// Whether it does.
    fn passed(&self) -> bool;
}

impl Verdict for bool {
    fn passed(&self) -> bool {
        *self
    }
}

/// What was looked for is there.
impl<T> Verdict for Option<T> {
    fn passed(&self) -> bool {
        self.is_some()
    }
}

impl<T, E> Verdict for Result<T, E> {
    fn passed(&self) -> bool {
        self.is_ok()
    }
}

/// To whom verifications are told; to nobody by default, which costs nothing.
#[derive(Clone, Copy, Default)]
pub struct Checks<'a> {
    observer: Option<&'a dyn Observer>,
    secrets: Option<&'a dyn SecretObserver>,
}

impl core::fmt::Debug for Checks<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(if self.observer.is_some() { "Checks(observed)" } else { "Checks(unobserved)" })
    }
}

impl<'a> Checks<'a> {
    /// Told to somebody.
    pub fn told_to(observer: &'a dyn Observer) -> Self {
        Self { observer: Some(observer), secrets: None }
    }

    /// The same, and the secrets of sessions to somebody else. Only `core/world` may switch the feature on: hosts and
    /// workers have no way to make this call.
    #[cfg(feature = "secrets")]
    pub fn with_secrets(self, secrets: &'a dyn SecretObserver) -> Self {
        Self { secrets: Some(secrets), ..self }
    }

    /// Whether anybody is told.
    pub fn is_observed(self) -> bool {
        self.observer.is_some()
    }

    /// Whether a rule holds for `input`: the verdict comes back as it was given.
    #[inline]
    pub fn that<V: Verdict, I: AsRef<[u8]>>(self, rule: &Rule, input: impl FnOnce() -> I, verdict: V) -> V {
        if let Some(observer) = self.observer {
            tell(observer, rule, None, input().as_ref(), verdict.passed());
        }
        verdict
    }

    /// The same where it was `key` that decided.
    #[inline]
    pub fn with_key<V: Verdict, K: AsRef<[u8]>, I: AsRef<[u8]>>(
        self,
        rule: &Rule,
        key: impl FnOnce() -> K,
        input: impl FnOnce() -> I,
        verdict: V,
    ) -> V {
        if let Some(observer) = self.observer {
            tell(observer, rule, Some(key().as_ref()), input().as_ref(), verdict.passed());
        }
        verdict
    }

    /// A secret of a session has come into being.
    #[inline]
    pub fn secret<I: AsRef<[u8]>>(self, secret: Secret, octets: impl FnOnce() -> I) {
        if let Some(secrets) = self.secrets {
            secrets.secret(secret, octets().as_ref());
        }
    }
}

#[cold]
fn tell(observer: &dyn Observer, rule: &Rule, key: Option<&[u8]>, input: &[u8], passed: bool) {
    let Rule { clause, what } = *rule;
    observer.check(&Check { clause, what, key, input, passed });
}
