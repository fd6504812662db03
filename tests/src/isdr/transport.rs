//! SELECT, STORE DATA and what comes before a function.

use super::*;

pub(super) fn rows() -> Vec<Row> {
    [selection(), store_data(), responses()].into_iter().flatten().collect()
}

fn selection() -> Vec<Row> {
    vec![
        case("SELECT ISD-R", "9000", "select_isdr", || {
            apdu(&mut Forge::new(), "01A4040010A0000005591010FFFFFFFF890000010000")
        }),
        case("SELECT ISD-R", "6881", "select_on_a_closed_channel", || {
            apdu(&mut Forge::new(), "02A4040010A0000005591010FFFFFFFF890000010000")
        }),
        case("STATUS (ISD-R)", "9000", "what_select_told", || {
            let mut forge = Forge::new();
            let told = forge.device.transmit(&hex::decode("81F2000000").unwrap());
            let selected = "01A4040010A0000005591010FFFFFFFF890000010000";
            let selected = forge.device.transmit(&hex::decode(selected).unwrap());
            if told == selected { apdu(&mut forge, "81F2000000") } else { hex::encode(told) }
        }),
        case("STATUS (ISD-R)", "9000", "its_name", || {
            let told = Forge::new().device.transmit(&hex::decode("81F2000100").unwrap());
            hex::encode_upper(told).replacen("8410A0000005591010FFFFFFFF8900000100", "", 1)
        }),
        case("STATUS (ISD-R)", "9000", "on_the_basic_channel_is_the_card_there", || {
            let mut forge = Forge::new();
            assert_eq!(apdu(&mut forge, "00A4040C10A0000005591010FFFFFFFF8900000100"), "9000");
            apdu(&mut forge, "80F2000C")
        }),
        case("STATUS (ISD-R)", "6A86", "answer_of_no_kind", || apdu(&mut Forge::new(), "81F2000200")),
    ]
}

fn store_data() -> Vec<Row> {
    const F: &str = "STORE DATA";
    vec![
        case(F, "9000", "first_of_two_blocks", || apdu(&mut Forge::new(), "81E2110001BF")),
        case(F, "6700", "empty_block", || apdu(&mut Forge::new(), "81E2910000")),
        case(F, "6700", "endless_chain", || {
            let mut forge = Forge::new();
            let block = "00".repeat(255);
            (0..=255)
                .map(|n| apdu(&mut forge, &format!("81E211{n:02X}FF{block}")))
                .find(|it| it != "9000")
                .unwrap_or_default()
        }),
        case(F, "6A86", "neither_more_nor_last", || apdu(&mut Forge::new(), "81E2000003BF2E00")),
        case(F, "6A86", "block_out_of_order", || {
            let mut forge = Forge::new();
            assert_eq!(apdu(&mut forge, "81E2110001BF"), "9000");
            apdu(&mut forge, "81E29102022E00")
        }),
        case(F, "6A80", "not_a_tlv", || sw(Forge::new().es10(&[0xBF, 0x2E, 0x05]))),
        case(F, "6A80", "two_tlvs", || sw(Forge::new().es10(&[0xBF, 0x2E, 0x00, 0xBF, 0x2E, 0x00]))),
        case(F, "6A80", "fields_of_another_type", || sw(Forge::new().es10(&[0xBF, 0x31, 0x02, 0x80, 0x00]))),
        case(F, "6A88", "unknown_function", || sw(Forge::new().es10(&[0xBF, 0x70, 0x00]))),
        case(F, "6A88", "functions_of_version_3", || {
            let mut forge = Forge::new();
            let tags = [0x44, 0x45, 0x4A, 0x4B, 0x4D];
            let seen: Vec<_> = tags.iter().map(|tag| sw(forge.es10(&[0xBF, *tag, 0x00]))).collect();
            expect(seen.iter().all(|it| it == "6A88"), true, "6A88")
        }),
        case(F, "6A88", "functions_of_es9_are_none_of_the_card", || {
            let mut forge = Forge::new();
            let tags = [0x39, 0x3A, 0x3B, 0x3D];
            let seen: Vec<_> = tags.iter().map(|tag| sw(forge.es10(&[0xBF, *tag, 0x00]))).collect();
            expect(seen.iter().all(|it| it == "6A88"), true, "6A88")
        }),
        case(F, "6881", "closed_channel", || apdu(&mut Forge::new(), "82E2910003BF2E00")),
        case(F, "6D00", "other_instruction", || apdu(&mut Forge::new(), "81CA005A00")),
        case(F, "6E00", "interindustry_class", || apdu(&mut Forge::new(), "01E2910003BF2E00")),
        case(F, "6581", "memory_takes_no_writes", memory_takes_no_writes),
    ]
}

/// Memory whose writes fail once it is worn out.
struct Worn(MemoryNvm, bool);

impl Nvm for Worn {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.0.read(name)
    }

    fn commit(&mut self, writes: &[Write]) -> Result<(), NvmError> {
        if self.1 { Err(NvmError("worn out".to_string())) } else { self.0.commit(writes) }
    }
}

fn memory_takes_no_writes() -> String {
    let forge = Forge::new();
    let nvm = Worn(forge.device.nvm().clone(), true);
    let mut device = Device::power_on(nvm, bench::rng(4), Clock::Fixed(NOW)).unwrap();
    let mut send = |hex: &str| {
        let response = device.transmit(&hex::decode(hex).unwrap());
        hex::encode_upper(&response[response.len() - 2..])
    };
    assert_eq!(send("00A4040010A0000005591010FFFFFFFF890000010000"), "9000");
    let seen = send("80E2910009BF3F06800461626364");
    assert_eq!(send("80E2910003BF3C00"), "6114", "the address is the old one");
    seen
}

fn responses() -> Vec<Row> {
    vec![
        case("GET RESPONSE", "61xx", "long_answers_come_in_pieces", || {
            let mut forge = Forge::new();
            let seen = apdu(&mut forge, "81E2910003BF220010");
            assert!(seen.starts_with("61"), "{seen}");
            let rest = apdu(&mut forge, "81C0000000");
            expect(rest.as_str(), "9000", "61xx")
        }),
        case("GET RESPONSE", "6985", "nothing_waits", || apdu(&mut Forge::new(), "81C0000000")),
        case("GET DATA (ECASD)", "9000", "eid_from_the_ecasd", || {
            let mut forge = Forge::new();
            assert_eq!(apdu(&mut forge, "01A4040010A0000005591010FFFFFFFF890000020000"), "9000");
            apdu(&mut forge, "81CA005A00")
        }),
        case("GET DATA (ECASD)", "6A88", "other_data_of_the_ecasd", || {
            let mut forge = Forge::new();
            assert_eq!(apdu(&mut forge, "01A4040010A0000005591010FFFFFFFF890000020000"), "9000");
            apdu(&mut forge, "81CA00BF00")
        }),
    ]
}
