//! Packets of real cards as pySim's tests publish them (test_ota), then every mode there and back. Run in a browser, too
//! (`wasm/tests/cases.rs`).

use esim_crypto::scp80::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const USIM: Tar = [0xB0, 0x00, 0x11];
const SELECT_MF: &str = "00a40004023f00";

fn unhex(digits: &str) -> Vec<u8> {
    hex::decode(digits).unwrap()
}

fn keys(kind: KeyKind, kic: &str, kid: &str) -> Keys {
    let key = |digits| Some(Key::new(kind, &unhex(digits)).unwrap());
    Keys { kic: key(kic), kid: key(kid) }
}

fn sja5_3des() -> Keys {
    keys(KeyKind::TripleDes, "300102030405060708090a0b0c0d0e0f", "301102030405060708090a0b0c0d0e0f")
}

fn sja5_aes() -> Keys {
    keys(KeyKind::Aes, "200102030405060708090a0b0c0d0e0f", "201102030405060708090a0b0c0d0e0f")
}

/// SPI, KIc and KID, keys, packet, its response without user data header, status word in it.
#[allow(clippy::type_complexity, reason = "a table")]
fn vectors() -> Vec<([u8; 2], u8, Keys, &'static str, &'static str)> {
    vec![
        (
            [0x06, 0x19],
            0x35,
            sja5_3des(),
            "00201506193535b00011ae733256918d050b87c94fbfe12e4dc402f262c41cf67f2f",
            "001c12b000118bb989492c632529326a2f4681feb37c825bc9021c9f6d0b",
        ),
        (
            [0x06, 0x09],
            0x35,
            sja5_3des(),
            "00201506093535b00011c49ac91ab8159ba5b83a54fb6385e0a5e31694f8b215fafc",
            "001612b0001100000000000000b5bcd6353a421fae016132",
        ),
        (
            [0x06, 0x01],
            0x35,
            sja5_3des(),
            "00201506013535b000113190be334900f52b025f3f7eddfe868e96ebf310023b7769",
            "000e0ab0001100000000000000016132",
        ),
        (
            [0x06, 0x19],
            0x22,
            sja5_aes(),
            "00281506192222b00011e87cceebb2d93083011ce294f93fc4d8de80da1abae8c37ca3e72ec4432e5058",
            "002412b00011ebc6b497e2cad7aedf36ace0e3a29b38853f0fe9ccde81913be5702b73abce1f",
        ),
    ]
}

#[test]
fn packets_of_real_cards() {
    for (spi, key, keys, packet, response) in vectors() {
        let header = Header { spi: Spi(spi), kic: KeyIndication(key), kid: KeyIndication(key), tar: USIM };
        let command = Command { header, counter: 0, data: unhex(SELECT_MF) };
        assert_eq!(hex::encode(command.seal(&keys).unwrap()), packet);
        assert_eq!(Command::open(&unhex(packet), &keys), Ok(command));
        let opened = Response::open(&unhex(response), Some((&header, &keys))).unwrap();
        let expected = Response { tar: USIM, counter: 0, status: ResponseStatus::OK, data: unhex("016132") };
        assert_eq!(opened, expected);
        let resealed = opened.seal(Some((&header, &keys))).unwrap();
        assert_eq!(Response::open(&resealed, Some((&header, &keys))), Ok(expected));
    }
}

#[test]
fn ciphered_without_a_checksum() {
    let keys =
        keys(KeyKind::TripleDes, "C21DD66ACAC13CB3BC8B331B24AFB57B", "12110C78E678C25408233076AA033615");
    let header = Header {
        spi: Spi([0x04, 0x19]),
        kic: KeyIndication::new(3, KeyIndication::TRIPLE_DES_2),
        kid: KeyIndication::new(3, KeyIndication::TRIPLE_DES_2),
        tar: [0xB0, 0x00, 0x00],
    };
    let command = Command { header, counter: 0, data: unhex("00a40000023f00") };
    let packet = "00180d04193535b00000e3ec80a849b554421276af3883927c20";
    assert_eq!(hex::encode(command.seal(&keys).unwrap()), packet);
    // The command has no checksum, the response has one.
    let response = unhex("001612b000110000000000000055f47118381175fb01612f");
    let in_clear = Header { spi: Spi([0x04, 0x09]), ..header };
    assert_eq!(Response::open(&response, Some((&in_clear, &keys))).unwrap().data, unhex("01612f"));
    let bent = unhex("001612b000110000000000000055f47118381175fb02612f");
    assert_eq!(Response::open(&bent, Some((&in_clear, &keys))), Err(ResponseStatus::CHECKSUM));
}

#[test]
fn every_mode_there_and_back() {
    let long = |kind, length| {
        let key = |first: u8| Some(Key::new(kind, &(first..first + length).collect::<Vec<u8>>()).unwrap());
        Keys { kic: key(1), kid: key(100) }
    };
    let sets = [
        (KeyIndication::TRIPLE_DES_2, long(KeyKind::TripleDes, 16)),
        (KeyIndication::TRIPLE_DES_3, long(KeyKind::TripleDes, 24)),
        (KeyIndication::AES, long(KeyKind::Aes, 16)),
        (KeyIndication::AES, long(KeyKind::Aes, 24)),
        (KeyIndication::AES, long(KeyKind::Aes, 32)),
        (0, long(KeyKind::Aes, 16)),
    ];
    for (algorithm, keys) in &sets {
        for first in 0..0x20u8 {
            for second in (0..0x20u8).filter(|octet| octet & 3 != 3) {
                let spi = Spi([first, second]);
                if spi.integrity() == Integrity::Signature || spi.response_integrity() == Integrity::Signature
                {
                    continue;
                }
                let redundancy = [spi.integrity(), spi.response_integrity()].contains(&Integrity::Redundancy);
                let check = if redundancy { KeyIndication::CRC_32 } else { *algorithm };
                let header = Header {
                    spi,
                    kic: KeyIndication::new(1, *algorithm),
                    kid: KeyIndication::new(1, check),
                    tar: USIM,
                };
                for length in [0, 1, 7, 8, 15, 16, 17, 200] {
                    let data: Vec<u8> = (0..length).collect();
                    let command = Command { header, counter: 0x01_0203_0405, data: data.clone() };
                    let Ok(packet) = command.seal(keys) else {
                        // A checksum and a redundancy check want different algorithms of KID.
                        assert!(redundancy, "{spi:?} {algorithm:02X}");
                        continue;
                    };
                    assert_eq!(Command::open(&packet, keys).as_ref(), Ok(&command), "{spi:?} {length}");
                    let response =
                        Response { tar: USIM, counter: 7, status: ResponseStatus::COUNTER_LOW, data };
                    let Ok(packet) = response.seal(Some((&header, keys))) else {
                        assert!(redundancy, "{spi:?} {algorithm:02X}");
                        continue;
                    };
                    assert_eq!(Response::open(&packet, Some((&header, keys))), Ok(response), "{spi:?}");
                }
            }
        }
    }
}

#[test]
fn what_is_bent_is_refused() {
    let keys = sja5_aes();
    let (kic, kid) = (KeyIndication(0x22), KeyIndication(0x22));
    let header = Header { spi: Spi([0x16, 0x19]), kic, kid, tar: USIM };
    let packet = Command { header, counter: 1, data: unhex(SELECT_MF) }.seal(&keys).unwrap();
    for i in 0..packet.len() {
        let mut bent = packet.clone();
        bent[i] ^= 0x01;
        assert!(Command::open(&bent, &keys).is_err(), "octet {i}");
        assert!(Command::open(&packet[..i], &keys).is_err(), "{i} octets");
    }
    let other = sja5_3des();
    assert_eq!(Command::open(&packet, &other), Err(ResponseStatus::UNIDENTIFIED));
    assert_eq!(Command::open(&packet, &Keys::default()), Err(ResponseStatus::UNIDENTIFIED));
    let swapped = Keys { kic: keys.kid.clone(), kid: keys.kic.clone() };
    assert_eq!(Command::open(&packet, &swapped), Err(ResponseStatus::CHECKSUM));
    assert_eq!(Key::new(KeyKind::TripleDes, &[0; 8]).unwrap_err(), KeyError);
}

#[test]
fn minimum_security() {
    let table = [
        (0x16, 0x16, true),
        (0x1E, 0x16, true),
        (0x12, 0x16, false),
        (0x15, 0x16, false),
        (0x0E, 0x16, false),
        (0x17, 0x16, true),
        (0x00, 0x00, true),
        (0x02, 0x12, false),
    ];
    for (spi, minimum, satisfied) in table {
        assert_eq!(Spi([spi, 0]).satisfies(minimum), satisfied, "{spi:02X} {minimum:02X}");
    }
}
