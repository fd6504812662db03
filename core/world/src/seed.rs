//! Randomness of a world, and what is drawn before it begins.

use esim_crypto::PrivateKey;
use esim_crypto::pki::{PkiParameters, TestPki};
use esim_euicc::Personal;
use esim_rsp::{Eid, Error};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// Where randomness comes from: one seed, one stream a purpose, so that what
/// one part draws shifts no other.
#[derive(Clone)]
pub struct Seed([u8; 32]);

/// Purposes of randomness. Stream 0 is the SM's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Certificates and keys.
    Pki = 10,
    /// Personalisation of the card.
    Personalisation = 11,
    /// The card at work.
    Card = 12,
    /// Subscriber keys.
    Operator = 13,
    /// Challenges of the network.
    Network = 14,
    /// Certificates and keys of somebody who is not who he says.
    Forge = 15,
}

impl Seed {
    /// From a small number: everything repeats.
    pub fn from_number(seed: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(seed).get_seed())
    }

    /// From 32 octets of a generator: nothing repeats.
    pub fn from_octets(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    /// The seed itself, for the SM's generator.
    pub fn octets(&self) -> [u8; 32] {
        self.0
    }

    /// The generator for a purpose.
    pub fn stream(&self, stream: Stream) -> ChaCha20Rng {
        let mut rng = ChaCha20Rng::from_seed(self.0);
        rng.set_stream(stream as u64);
        rng
    }

    /// A test PKI of this world's own, for an SM at these hosts.
    pub fn pki(&self, hosts: &[&str]) -> TestPki {
        let smdp_hosts = hosts.iter().map(|host| (*host).to_string()).collect();
        let parameters = PkiParameters { smdp_hosts, ..PkiParameters::default() };
        TestPki::generate(&parameters, &mut self.stream(Stream::Pki))
    }

    /// A card under a PKI, its EID drawn in the PKI's range.
    ///
    /// # Errors
    /// [`Error`] if the PKI's certificates do not parse.
    pub fn card(&self, pki: &TestPki) -> Result<Personal, Error> {
        let (eid, mut rng) = self.eid(pki)?;
        Personal::new(pki, eid, &mut rng)
    }

    /// SK.EUICC of that card.
    ///
    /// # Errors
    /// As for the card.
    pub(crate) fn card_key(&self, pki: &TestPki) -> Result<PrivateKey, Error> {
        let (eid, mut rng) = self.eid(pki)?;
        Ok(pki.issue_euicc(eid.octets(), &mut rng).key)
    }

    fn eid(&self, pki: &TestPki) -> Result<(Eid, ChaCha20Rng), Error> {
        let mut rng = self.stream(Stream::Personalisation);
        let digits = (u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64())) % 10u128.pow(22);
        let eid = Eid::from_body(&format!("{}{digits:022}", pki.parameters().eid_prefix))?;
        Ok((eid, rng))
    }

    /// Ki and OPc of a subscriber, 32 hexadecimal digits each.
    pub fn subscriber_keys(&self, number: u64) -> (String, String) {
        let mut rng = self.stream(Stream::Operator);
        rng.set_word_pos(u128::from(number) * 8);
        let mut key = || {
            let mut octets = [0; 16];
            rng.fill_bytes(&mut octets);
            hex::encode(octets)
        };
        (key(), key())
    }
}
