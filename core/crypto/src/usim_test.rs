//! The USIM test algorithm (3GPP TS 34.108 8.1.2): XOR with a key that everybody knows.

/// Outputs for one challenge.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Outputs {
    /// RES, all 16 octets; a network may use fewer.
    pub res: [u8; 16],
    /// Cipher key.
    pub ck: [u8; 16],
    /// Integrity key.
    pub ik: [u8; 16],
    /// Anonymity key.
    pub ak: [u8; 6],
}

/// f2 to f5.
pub fn f2345(k: &[u8; 16], rand: &[u8; 16]) -> Outputs {
    let x: [u8; 16] = core::array::from_fn(|i| k[i] ^ rand[i]);
    let turned = |by: usize| core::array::from_fn(|i| x[(i + by) % 16]);
    Outputs { res: x, ck: turned(1), ik: turned(2), ak: core::array::from_fn(|i| x[i + 3]) }
}

/// f1 and f1*: XDOUT's first 8 octets XOR SQN‖AMF.
pub fn f1(k: &[u8; 16], rand: &[u8; 16], sqn: &[u8; 6], amf: &[u8; 2]) -> [u8; 8] {
    core::array::from_fn(|i| k[i] ^ rand[i] ^ if i < 6 { sqn[i] } else { amf[i - 6] })
}

/// f5*: as f5.
pub fn f5_star(k: &[u8; 16], rand: &[u8; 16]) -> [u8; 6] {
    f2345(k, rand).ak
}
