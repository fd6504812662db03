//! A USIM in a few hundred octets, for tests and benchmarks with many subscribers: the files that a modem
//! reads, and AUTHENTICATE with Milenage. The card of the project is another one.

use esim_crypto::milenage::Milenage;
use esim_net::id::tbcd;

/// Files by identifier, and keys.
#[derive(Clone, Debug)]
pub struct SmallUsim {
    imsi: String,
    milenage: Milenage,
    selected: u16,
    /// The highest SEQ accepted with each IND (TS 33.102 C.2.2).
    seq: [u64; 32],
}

const EF_ICCID: u16 = 0x2FE2;
const EF_DIR: u16 = 0x2F00;
const EF_IMSI: u16 = 0x6F07;
const EF_AD: u16 = 0x6FAD;
const AID: [u8; 7] = [0xA0, 0, 0, 0, 0x87, 0x10, 0x02];
/// How far SEQ may leap, as profiles of the project have it.
const DELTA: u64 = 1 << 28;

impl SmallUsim {
    /// A USIM whose network code has two digits.
    pub fn new(imsi: &str, k: &[u8; 16], opc: &[u8; 16]) -> Self {
        Self { imsi: imsi.into(), milenage: Milenage::new(k, opc), selected: 0, seq: [0; 32] }
    }

    /// Sends a command APDU; the response APDU.
    pub fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        match apdu {
            [0x00, 0xA4, 0x04, ..] => vec![0x90, 0x00],
            [0x00, 0xA4, _, _, 2, a, b, ..] => {
                self.selected = u16::from_be_bytes([*a, *b]);
                vec![0x90, 0x00]
            }
            [0x00, 0xB0 | 0xB2, ..] => self.read(),
            [0x00, 0x88, 0x00, 0x81, 0x22, 0x10, data @ ..] => self.authenticate(data),
            _ => vec![0x6D, 0x00],
        }
    }

    fn read(&self) -> Vec<u8> {
        let mut data = match self.selected {
            EF_ICCID => tbcd("8900101000000000001"),
            EF_DIR => [&[0x61, 9, 0x4F, 7][..], &AID].concat(),
            EF_IMSI => {
                let identity = tbcd(&format!("9{}", self.imsi));
                [&[identity.len() as u8][..], &identity].concat()
            }
            EF_AD => vec![0, 0, 0, 2],
            _ => return vec![0x6A, 0x82],
        };
        data.extend([0x90, 0x00]);
        data
    }

    fn authenticate(&mut self, data: &[u8]) -> Vec<u8> {
        let (Some(rand), Some(autn)) = (data.first_chunk::<16>(), data.get(17..33)) else {
            return vec![0x67, 0x00];
        };
        let out = self.milenage.f2345(rand);
        let sqn: [u8; 6] = std::array::from_fn(|i| autn[i] ^ out.ak[i]);
        if self.milenage.f1(rand, &sqn, &[autn[6], autn[7]])[..] != autn[8..] {
            return vec![0x98, 0x62];
        }
        let number = sqn.iter().fold(0, |number, octet| number << 8 | u64::from(*octet));
        let (seq, index) = (number >> 5, (number & 31) as usize);
        let highest = self.seq.iter().enumerate().map(|(i, seq)| seq << 5 | i as u64).max().unwrap_or(0);
        if seq <= self.seq[index] || seq > (highest >> 5) + DELTA {
            let own: [u8; 6] = std::array::from_fn(|i| highest.to_be_bytes()[i + 2]);
            let ak = self.milenage.f5_star(rand);
            let mac = self.milenage.f1_star(rand, &own, &[0, 0]);
            let hidden: [u8; 6] = std::array::from_fn(|i| own[i] ^ ak[i]);
            return [&[0xDC, 14][..], &hidden, &mac, &[0x90, 0x00]].concat();
        }
        self.seq[index] = seq;
        [&[0xDB, 8][..], &out.res, &[16], &out.ck, &[16], &out.ik, &[0x90, 0x00]].concat()
    }
}
