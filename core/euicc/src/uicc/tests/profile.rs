//! A small profile made by hand: two applications, every file structure, PINs of every kind.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use esim_crypto::milenage;
use esim_saip::Image;
use esim_saip::image::{Aka, Algorithm, ArrReference, File, FileKind, Naa, NaaKind, Pin, PinScope, Puk};

use super::unhex;

pub const USIM_AID: &str = "A0000000871002FF49FF0589";
pub const ISIM_AID: &str = "A0000000871004FF49FF0589";

/// K and OPc of the libosmocore test.
pub const KEY: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Access rules 1 to 7 of both EF.ARR: read always, update PIN 1; PIN 1, ADM; never; PIN 1 both and INCREASE;
/// PIN 1 and PIN 2; always; read by PIN 1 or ADM, update by PIN 1 and PIN 2.
#[rustfmt::skip]
const RULES: [&str; 7] = [
    "8001019000 800102A406830101950108 800158A40683010A950108",
    "800101A406830101950108 80015AA40683010A950108",
    "80011B9700",
    "800103A406830101950108 840132A406830101950108",
    "800101A406830101950108 800102A406830181950108",
    "80011B9000 8401329000",
    "800101 A010 A406830101950108 A40683010A950108 800102 AF10 A406830101950108 A406830181950108",
];

pub fn image() -> Image {
    let mut pins = vec![
        pin(PinScope::Global, 0x01, "3132333 4FFFFFFFF", Some(0x01)),
        pin(PinScope::Global, 0x0A, "4141414141414141", None),
        pin(PinScope::Global, 0x11, "3939393939393939", Some(0x02)),
        pin(PinScope::Local(vec![0x3F00, 0x7FD0]), 0x81, "35363738FFFFFFFF", Some(0x81)),
    ];
    pins[2].attributes = 0x06;
    Image {
        iccid: unhex("98001032547698103214").try_into().unwrap(),
        profile_type: String::new(),
        version: (2, 3),
        files: files(),
        pins,
        puks: vec![
            puk(PinScope::Global, 0x01, "3132333435363738"),
            puk(PinScope::Local(vec![0x3F00, 0x7FD0]), 0x81, "3837363534333231"),
        ],
        shared_pins: Vec::new(),
        naas: vec![
            naa(0x7FD0, USIM_AID, NaaKind::Usim, milenage_with(KEY)),
            naa(0x7FB0, ISIM_AID, NaaKind::Isim, Algorithm::Mapping { aid: unhex(USIM_AID), options: 0 }),
        ],
        applications: Vec::new(),
    }
}

fn files() -> Vec<File> {
    let transparent = |data: &str| FileKind::Transparent { data: unhex(data) };
    let mut files = vec![
        df(&[0x3F00], None, &[0x01, 0x0A, 0x0B]),
        ef(&[0x3F00, 0x2F06], arr(), (0x2F06, 3), None),
        ef(&[0x3F00, 0x2FE2], transparent("98001032547698103214"), (0x2F06, 1), Some(2)),
        df(&[0x3F00, 0x7F10], None, &[0x01]),
        ef(&[0x3F00, 0x7F10, 0x6F3A], records(&["41FF", "42FF", "43FF"]), (0x2F06, 6), None),
        df(&[0x3F00, 0x7F10, 0x5F3A], None, &[0x01]),
        ef(&[0x3F00, 0x7F10, 0x5F3A, 0x4F09], transparent("00"), (0x2F06, 6), Some(9)),
        df(&[0x3F00, 0x7FD0], Some(USIM_AID), &[0x01, 0x81, 0x0A]),
        ef(&[0x3F00, 0x7FD0, 0x6F06], arr(), (0x6F06, 3), Some(0x17)),
        ef(&[0x3F00, 0x7FD0, 0x6F07], transparent("080910101032547698"), (0x6F06, 2), Some(7)),
        ef(&[0x3F00, 0x7FD0, 0x6F38], transparent("FFFFFFFFFF"), (0x6F06, 1), Some(4)),
        ef(&[0x3F00, 0x7FD0, 0x6F39], cyclic(&["000003", "000002", "000001"]), (0x6F06, 4), Some(5)),
        ef(&[0x3F00, 0x7FD0, 0x6F3A], records(&["41FF", "42FF", "43FF"]), (0x6F06, 5), None),
        ef(&[0x3F00, 0x7FD0, 0x6F4D], FileKind::BerTlv { data: Vec::new(), max: 600 }, (0x6F06, 6), Some(6)),
        ef(&[0x3F00, 0x7FD0, 0x6F7F], transparent("0102"), (0x6F06, 7), None),
        df(&[0x3F00, 0x7FD0, 0x5FC0], None, &[0x01]),
        ef(&[0x3F00, 0x7FD0, 0x5FC0, 0x4F09], transparent("AA"), (0x6F06, 6), None),
        df(&[0x3F00, 0x7FB0], Some(ISIM_AID), &[0x01]),
        ef(&[0x3F00, 0x7FB0, 0x6F02], transparent("80"), (0x2F06, 1), Some(2)),
        ef(&[0x3F00, 0x7FB0, 0x6F3A], records(&["41FF", "42FF", "43FF"]), (0x2F06, 6), None),
    ];
    files[19].linked_to = Some(vec![0x3F00, 0x7F10, 0x6F3A]);
    files
}

pub fn milenage_with(key: [u8; 16]) -> Algorithm {
    Algorithm::Milenage { key, opc: key, rotation: milenage::ROTATION, xoring: milenage::XORING }
}

fn naa(fid: u16, aid: &str, kind: NaaKind, algorithm: Algorithm) -> Naa {
    let aka = Aka {
        algorithm,
        options: 0,
        sqn_options: 2,
        sqn_delta: [0, 0, 0x10, 0, 0, 0],
        sqn_age_limit: [0, 0, 0x10, 0, 0, 0],
        sqn: vec![[0; 6]; 32],
        auth_counter_max: None,
    };
    Naa { adf: vec![0x3F00, fid], aid: unhex(aid), kind, aka: Some(aka) }
}

fn df(path: &[u16], aid: Option<&str>, pin_status: &[u8]) -> File {
    let kind = FileKind::Df { aid: aid.map(unhex), pin_status: pin_status.to_vec() };
    ef(path, kind, (0x2F06, 1), None)
}

fn ef(path: &[u16], kind: FileKind, (fid, record): (u16, u8), sfi: Option<u8>) -> File {
    File {
        path: path.to_vec(),
        kind,
        lcs: 0x05,
        arr: Some(ArrReference { fid, record }),
        sfi,
        special: 0,
        linked_to: None,
    }
}

fn arr() -> FileKind {
    let mut data = Vec::new();
    for rule in RULES {
        let mut record = unhex(rule);
        record.resize(50, 0xFF);
        data.extend(record);
    }
    FileKind::LinearFixed { record_len: 50, data }
}

fn records(records: &[&str]) -> FileKind {
    FileKind::LinearFixed { record_len: (records[0].len() / 2) as u8, data: unhex(&records.concat()) }
}

fn cyclic(records: &[&str]) -> FileKind {
    FileKind::Cyclic { record_len: (records[0].len() / 2) as u8, data: unhex(&records.concat()) }
}

fn pin(scope: PinScope, reference: u8, value: &str, unblocking: Option<u8>) -> Pin {
    let value = unhex(value).try_into().unwrap();
    Pin { scope, reference, value, unblocking, attributes: 0x07, max_attempts: 3, attempts_left: 3 }
}

fn puk(scope: PinScope, reference: u8, value: &str) -> Puk {
    Puk { scope, reference, value: unhex(value).try_into().unwrap(), max_attempts: 10, attempts_left: 10 }
}
