//! The RSP session, one at a time, named by what is awaited. It lives in RAM:
//! a reset, a profile switch or a new challenge ends it (SGP.22 3.1.2).

use crate::bpp::{Agreed, Loading};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use esim_crypto::{PrivateKey, PublicKey};
use esim_rsp::signed::PublicKeyOctets;
use esim_rsp::{ObjectIdentifier, Signature, TransactionId};

#[derive(Clone, Default)]
pub(super) enum Session {
    /// Nothing is under way.
    #[default]
    Idle,
    /// A challenge was given out.
    AwaitAuthenticateServer([u8; 16]),
    /// The server is authentic.
    AwaitPrepareDownload(Box<Authenticated>),
    /// A one-time key was given out.
    AwaitBoundProfilePackage(Box<Prepared>),
    /// Segments are coming in.
    Loading(Box<Package>),
}

/// What AuthenticateServer settled.
#[derive(Clone)]
pub(super) struct Authenticated {
    pub transaction_id: TransactionId,
    pub server_address: String,
    pub server_oid: ObjectIdentifier,
    pub server_is_smdp: bool,
    /// Index of the identity that signs.
    pub identity: usize,
    /// Key identifier of the CI above the server.
    pub server_ci: Vec<u8>,
    pub euicc_signature1: Signature,
}

/// What PrepareDownload settled.
#[derive(Clone)]
pub(super) struct Prepared {
    pub authenticated: Authenticated,
    pub one_time_key: PrivateKey,
    pub euicc_otpk: PublicKeyOctets,
    /// PK.DPpb.
    pub smdp_key: PublicKey,
}

/// A package that is coming in.
#[derive(Clone)]
pub(super) struct Package {
    pub server: Authenticated,
    /// The logical channel that it comes in on.
    pub channel: u8,
    pub loading: Loading,
}

impl Prepared {
    /// What the package must be bound to.
    pub fn agreed(&self) -> Agreed<'_> {
        Agreed {
            transaction_id: &self.authenticated.transaction_id,
            one_time_key: &self.one_time_key,
            euicc_otpk: &self.euicc_otpk,
            smdp_key: &self.smdp_key,
        }
    }
}

impl Session {
    /// The session's server, once it is authentic.
    pub fn authenticated(&self) -> Option<&Authenticated> {
        match self {
            Self::Idle | Self::AwaitAuthenticateServer(_) => None,
            Self::AwaitPrepareDownload(authenticated) => Some(authenticated),
            Self::AwaitBoundProfilePackage(prepared) => Some(&prepared.authenticated),
            Self::Loading(package) => Some(&package.server),
        }
    }
}
