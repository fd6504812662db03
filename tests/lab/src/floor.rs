//! What of a download nobody can do without: the P-256 operations that it needs from a server.

use esim_crypto::{Curve, PrivateKey, PublicKey, ecka};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::hint::black_box;
use std::time::Duration;

/// Signatures that a server makes for one download: serverSigned1, smdpSigned2, BF23.
pub const SIGN: u32 = 3;
/// Signatures that it verifies: CERT.EUICC, euiccSigned1, euiccSigned2, the installation result. That of CERT.EUM is
/// one for all cards of a manufacturer.
pub const VERIFY: u32 = 4;
/// Keys that it draws: otSK.DP.ECKA.
pub const GENERATE: u32 = 1;
/// Key agreements: with otPK.EUICC.ECKA.
pub const AGREE: u32 = 1;

/// The P-256 operations of one download, on messages as long as the real ones.
pub struct Floor {
    own: PrivateKey,
    peer: PublicKey,
    message: Vec<u8>,
    signature: [u8; 64],
    rng: ChaCha20Rng,
}

impl Default for Floor {
    fn default() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let own = PrivateKey::generate(Curve::P256, &mut rng);
        let message = vec![0x5A; 250];
        let signature = own.sign(&[&message]);
        Self { peer: own.public_key(), own, message, signature, rng }
    }
}

impl Floor {
    /// All of them, once.
    pub fn once(&mut self) {
        for _ in 0..SIGN {
            black_box(self.own.sign(&[&self.message]));
        }
        for _ in 0..VERIFY {
            self.peer.verify(&[black_box(&self.message)], &self.signature).expect("sound");
        }
        for _ in 0..GENERATE {
            black_box(PrivateKey::generate(Curve::P256, &mut self.rng).public_key());
        }
        for _ in 0..AGREE {
            black_box(ecka(&self.own, &self.peer).expect("one curve"));
        }
    }
}

/// What this thread has used of a processor.
pub fn thread_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    Duration::from_nanos(stat.split_whitespace().next().and_then(|text| text.parse().ok()).expect("a number"))
}
