//! What only the module itself sees; packets of real cards and every mode are in `tests/scp80.rs`.

use super::cipher::{crc16, crc32};
use super::*;
use alloc::vec::Vec;

fn unhex(digits: &str) -> Vec<u8> {
    hex::decode(digits).unwrap()
}

#[test]
fn checks_of_the_standard() {
    // TS 102 225 5.1.3.2 gives these two for 01 02 03 04 05.
    assert_eq!(hex::encode(crc16(&[1, 2, 3, 4, 5])), "22ec");
    assert_eq!(hex::encode(crc32(&[1, 2, 3, 4, 5])), "470b99f4");
    // RFC 4493.
    let key = Key::new(KeyKind::Aes, &unhex("2b7e151628aed2a6abf7158809cf4f3c")).unwrap();
    assert_eq!(hex::encode(key.checksum(&[])), "bb1d6929e9593728");
    assert_eq!(hex::encode(key.checksum(&unhex("6bc1bee22e409f96e93d7e117393172a"))), "070a16b46b4d4144");
}
