//! ES8+ in ES10b.LoadBoundProfilePackage: the beginning, and the keys.

use super::*;

const ELEMENTS: &str = "LoadBoundProfilePackage, LoadProfileElements";
const METADATA: &str = "LoadBoundProfilePackage, StoreMetadata";

pub(super) fn rows() -> Vec<Row> {
    [
        secure_channel(),
        isdp(),
        metadata_fields(),
        metadata_rules(),
        session_keys(),
        elements(),
        verdicts(),
        order(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What the card says of a package: its verdict, or nothing, or a status word.
fn verdict(response: Result<Vec<u8>, u16>) -> String {
    let response = match response {
        Ok(none) if none.is_empty() => return "nothing".to_string(),
        other => other,
    };
    told(read::<ProfileInstallationResult>(&response).map(|it| {
        match &it.profile_installation_result_data.final_result {
            FinalResult::SuccessResult(_) => "installed".to_string(),
            FinalResult::ErrorResult(error) => format!("{}: {}", error.bpp_command_id, error.error_reason),
        }
    }))
}

fn bent_parcel(bend: fn(&mut Parcel)) -> String {
    let mut forge = Forge::new();
    let mut parcel = forge.parcel();
    bend(&mut parcel);
    let pieces = parcel.pieces();
    let seen = verdict(forge.load(&pieces));
    if seen != "installed" {
        assert_eq!(listed(&mut forge, None), "", "nothing is left of it");
    }
    seen
}

fn bent_segments(bend: fn(&mut [Vec<Vec<u8>>; 4])) -> String {
    let mut forge = Forge::new();
    let mut parcel = forge.parcel();
    parcel.replace = Some(profile_keys(16));
    let pieces = parcel.bent_pieces(bend);
    verdict(forge.load(&pieces))
}

/// `BF26` with keys of a length.
fn profile_keys(length: usize) -> (Vec<u8>, [[u8; 16]; 3]) {
    let keys = [[0x22; 16], [0x33; 16], [0x44; 16]];
    let part = |i: usize| OctetString::from_slice(&keys[i][..length]);
    let request = ReplaceSessionKeysRequest {
        initial_mac_chaining_value: part(0),
        ppk_enc: part(1),
        ppk_cmac: part(2),
    };
    (encode(&request), keys)
}

/// Well-formed, and too short for a MAC.
fn shorten(segment: &mut Vec<u8>) {
    let whole = tlv::read_only(segment).unwrap();
    *segment = tlv::wrap(whole.tag, &[&segment[whole.value][..5]]);
}

fn flip_last(segments: &mut [Vec<u8>]) {
    if let Some(octet) = segments.last_mut().and_then(|segment| segment.last_mut()) {
        *octet ^= 1;
    }
}

fn secure_channel() -> Vec<Row> {
    const F: &str = "LoadBoundProfilePackage, InitialiseSecureChannel";
    vec![
        case(F, "nothing", "first_piece", || {
            let mut forge = Forge::new();
            let pieces = forge.parcel().pieces();
            verdict(forge.load(&pieces[..1]))
        }),
        case(F, "initialiseSecureChannel (0): incorrectInputValues (1)", "point_off_the_curve", || {
            bent_parcel(|it| it.channel.smdp_otpk = PublicKeyOctets(OctetString::from_slice(&[4; 65])))
        }),
        case(F, "initialiseSecureChannel (0): invalidSignature (2)", "bent_signature", || {
            bent_parcel(|it| it.bad_signature = true)
        }),
        case(F, "initialiseSecureChannel (0): invalidSignature (2)", "signed_by_another_key", || {
            bent_parcel(|it| it.key = PrivateKey::generate(Curve::P256, &mut bench::rng(9)))
        }),
        case(F, "initialiseSecureChannel (0): invalidTransactionId (3)", "another_transaction", || {
            bent_parcel(|it| it.channel.transaction_id = TransactionId::new(&[8; 16]))
        }),
        case(F, "initialiseSecureChannel (0): unsupportedCrtValues (4)", "key_type_other_than_aes", || {
            bent_parcel(|it| it.channel.control_ref_template.key_type = [0x80].into())
        }),
        case(F, "initialiseSecureChannel (0): unsupportedCrtValues (4)", "key_length_other_than_16", || {
            bent_parcel(|it| it.channel.control_ref_template.key_len = [0x20].into())
        }),
        case(F, "initialiseSecureChannel (0): unsupportedCrtValues (4)", "host_id_of_17_octets", || {
            bent_parcel(|it| it.channel.control_ref_template.host_id = OctetString::from_slice(&[5; 17]))
        }),
        case(
            F,
            "initialiseSecureChannel (0): unsupportedRemoteOperationType (5)",
            "another_operation",
            || bent_parcel(|it| it.channel.remote_op_id = 2),
        ),
        case(F, "6985", "without_a_session", || {
            let mut forge = Forge::new();
            let pieces = forge.parcel().pieces();
            forge.es10(&[0xBF, 0x2E, 0x00]).unwrap();
            verdict(forge.load(&pieces))
        }),
        case(F, "6985", "after_a_reset", || {
            let mut forge = Forge::new();
            let pieces = forge.parcel().pieces();
            forge.device.reset().unwrap();
            bench::select_isdr(&mut forge.device);
            verdict(forge.load(&pieces))
        }),
        case(F, "6A88", "unknown_tag_in_a_package", || {
            let mut forge = Forge::new();
            let pieces = forge.parcel().pieces();
            assert_eq!(verdict(forge.load(&pieces[..1])), "nothing");
            sw(forge.es10(&[0xBF, 0x36, 0x01, 0x00]))
        }),
    ]
}

fn isdp() -> Vec<Row> {
    const CONFIGURE: &str = "LoadBoundProfilePackage, ConfigureISDP";
    vec![
        case(
            CONFIGURE,
            "configureISDP (1): incorrectInputValues (1)",
            "proprietary_data_of_129_octets",
            || {
                bent_parcel(|it| {
                    let oid = tlv::wrap(0x80, &[&[0x55; 2]]);
                    let more = tlv::wrap(0x81, &[&[0; 122]]);
                    it.configure = tlv::wrap(0xBF24, &[&tlv::wrap(0xB8, &[&oid, &more])]);
                })
            },
        ),
        case(CONFIGURE, "configureISDP (1): scp03tStructureError (7)", "segment_too_short", || {
            bent_segments(|groups| shorten(&mut groups[0][0]))
        }),
        case(CONFIGURE, "configureISDP (1): scp03tSecurityError (8)", "bent_mac", || {
            bent_segments(|groups| flip_last(&mut groups[0]))
        }),
    ]
}

fn metadata_fields() -> Vec<Row> {
    vec![
        case(METADATA, "storeMetadata (2): incorrectInputValues (1)", "icon_without_its_type", || {
            bent_parcel(|it| {
                let icon = Some(OctetString::from_static(&[0; 10]));
                it.metadata = encode(&StoreMetadataRequest { icon, ..metadata(ICCID) });
            })
        }),
        case(METADATA, "storeMetadata (2): incorrectInputValues (1)", "name_of_33_characters", || {
            bent_parcel(|it| {
                let service_provider_name = "x".repeat(33);
                it.metadata = encode(&StoreMetadataRequest { service_provider_name, ..metadata(ICCID) });
            })
        }),
        case(METADATA, "storeMetadata (2): incorrectInputValues (1)", "thirty_three_receivers", || {
            bent_parcel(|it| {
                let mut many = metadata(ICCID);
                let receivers = many.notification_configuration_info.as_mut().unwrap();
                *receivers = vec![receivers[0].clone(); 33];
                it.metadata = encode(&many);
            })
        }),
        case(METADATA, "storeMetadata (2): incorrectInputValues (1)", "segments_without_end", || {
            bent_parcel(|it| it.metadata = tlv::wrap(0xBF25, &[&[0; 9000]]))
        }),
        case(METADATA, "storeMetadata (2): incorrectInputValues (1)", "not_a_metadata_request", || {
            bent_parcel(|it| it.metadata = vec![0xBF, 0x25, 0x00])
        }),
        case(METADATA, "storeMetadata (2): unsupportedProfileClass (6)", "class_of_no_version", || {
            bent_parcel(|it| it.metadata = encode(&of_class(ICCID, ProfileClass(9))))
        }),
        case(METADATA, "storeMetadata (2): scp03tStructureError (7)", "segment_too_short", || {
            bent_segments(|groups| shorten(&mut groups[1][0]))
        }),
        case(METADATA, "storeMetadata (2): scp03tSecurityError (8)", "bent_metadata", || {
            bent_segments(|groups| groups[1][0][12] ^= 1)
        }),
    ]
}

fn metadata_rules() -> Vec<Row> {
    vec![
        case(
            METADATA,
            "storeMetadata (2): installFailedDueToIccidAlreadyExistsOnEuicc (9)",
            "installed_already",
            || {
                let mut forge = Forge::new();
                forge.install_plain(ICCID);
                let again = forge.install(&metadata(ICCID), &subscriber(ICCID));
                verdict(Ok(again))
            },
        ),
        case(METADATA, "storeMetadata (2): pprNotAllowed (15)", "rules_that_the_table_does_not_know", || {
            let mut forge = Forge::with(Curve::P256, |it| *it = it.clone().with_rat(Vec::new()));
            let refused = forge.install(&with_rules(ICCID, &[2]), &subscriber(ICCID));
            verdict(Ok(refused))
        }),
        case(METADATA, "storeMetadata (2): pprNotAllowed (15)", "rules_on_a_test_profile", || {
            let mut forge = Forge::new();
            let ruled = StoreMetadataRequest { profile_class: ProfileClass::test, ..with_rules(ICCID, &[2]) };
            let refused = forge.install(&ruled, &test_subscriber(ICCID));
            verdict(Ok(refused))
        }),
        case(METADATA, "storeMetadata (2): pprNotAllowed (15)", "ppr1_beside_another_operator", || {
            let mut forge = Forge::new();
            forge.install_plain(ICCID);
            let refused = forge.install(&with_rules(OTHER, &[1]), &subscriber(OTHER));
            verdict(Ok(refused))
        }),
        blank(
            METADATA,
            "storeMetadata2 (3)",
            "the metadata is judged as a whole, once its last segment is in",
        ),
    ]
}

fn session_keys() -> Vec<Row> {
    const KEYS: &str = "LoadBoundProfilePackage, ReplaceSessionKeys";
    vec![
        case(KEYS, "installed", "profile_protected_by_keys_of_its_own", || {
            bent_parcel(|it| it.replace = Some(profile_keys(16)))
        }),
        case(KEYS, "replaceSessionKeys (4): incorrectInputValues (1)", "keys_of_15_octets", || {
            bent_parcel(|it| it.replace = Some(profile_keys(15)))
        }),
        case(KEYS, "replaceSessionKeys (4): scp03tStructureError (7)", "segment_too_short", || {
            bent_segments(|groups| shorten(&mut groups[2][0]))
        }),
        case(KEYS, "replaceSessionKeys (4): scp03tSecurityError (8)", "bent_mac", || {
            bent_segments(|groups| flip_last(&mut groups[2]))
        }),
    ]
}

fn elements() -> Vec<Row> {
    vec![
        case(ELEMENTS, "installed", "profile_protected_by_the_session_keys", || bent_parcel(|_| {})),
        case(ELEMENTS, "installed", "on_brainpool", || {
            let mut forge = Forge::with(Curve::BrainpoolP256r1, |_| {});
            verdict(Ok(forge.install(&metadata(ICCID), &subscriber(ICCID))))
        }),
        case(ELEMENTS, "loadProfileElements (5): scp03tStructureError (7)", "segment_too_short", || {
            bent_segments(|groups| shorten(&mut groups[3][0]))
        }),
        case(ELEMENTS, "loadProfileElements (5): scp03tSecurityError (8)", "segments_swapped", || {
            bent_segments(|groups| groups[3].swap(0, 1))
        }),
        case(
            ELEMENTS,
            "loadProfileElements (5): installFailedDueToInsufficientMemoryForProfile (10)",
            "card_is_full",
            || {
                let mut forge = Forge::with(Curve::P256, |it| it.memory = 1000);
                verdict(Ok(forge.install(&metadata(ICCID), &subscriber(ICCID))))
            },
        ),
        blank(
            ELEMENTS,
            "installFailedDueToInterruption (11)",
            "a reset ends the session without a trace; the download is tried again",
        ),
    ]
}

fn verdicts() -> Vec<Row> {
    vec![
        case(
            ELEMENTS,
            "loadProfileElements (5): installFailedDueToPEProcessingError (12)",
            "element_that_is_none",
            || bent_parcel(|it| it.upp[0] = 0xFF),
        ),
        case(
            ELEMENTS,
            "loadProfileElements (5): installFailedDueToPEProcessingError (12)",
            "package_without_an_end",
            || bent_parcel(|it| it.upp.truncate(it.upp.len() - 1)),
        ),
        case(
            ELEMENTS,
            "loadProfileElements (5): installFailedDueToDataMismatch (13)",
            "iccid_is_not_the_metadatas",
            || bent_parcel(|it| it.metadata = encode(&metadata(OTHER))),
        ),
        case(
            ELEMENTS,
            "loadProfileElements (5): testProfileInstallFailedDueToInvalidNaaKey (14)",
            "test_profile_with_a_real_key",
            || bent_parcel(|it| it.metadata = encode(&of_class(ICCID, ProfileClass::test))),
        ),
        blank(ELEMENTS, "installFailedDueToUnknownError (127)", "every refusal here has a code of its own"),
    ]
}

fn order() -> Vec<Row> {
    vec![
        case(ELEMENTS, "6985", "on_another_channel_than_the_package", || {
            let mut forge = Forge::new();
            let pieces = forge.parcel().pieces();
            assert_eq!(verdict(forge.load(&pieces[..2])), "nothing");
            assert_eq!(apdu(&mut forge, "00A4040010A0000005591010FFFFFFFF890000010000"), "9000");
            apdu(&mut forge, &format!("80E29100{:02X}{}", pieces[2].len(), hex::encode(&pieces[2])))
        }),
        case(ELEMENTS, "6985", "after_the_card_gave_its_verdict", || {
            let mut forge = Forge::new();
            let pieces = forge.parcel().bent_pieces(|groups| flip_last(&mut groups[1]));
            assert!(verdict(forge.load(&pieces)).starts_with("storeMetadata"));
            sw(forge.es10(&pieces[pieces.len() - 1]))
        }),
    ]
}
