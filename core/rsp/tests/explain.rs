//! What a reader of messages is shown. Run in a browser,
//! too (`wasm/tests/cases.rs`).

use esim_rsp::explain::{Node, explain};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn trees(hex: &str) -> Vec<Node> {
    explain(&hex::decode(hex.replace(' ', "")).expect("hex")).expect("a message")
}

fn tree(hex: &str) -> Node {
    trees(hex).remove(0)
}

fn child<'a>(node: &'a Node, name: &str) -> &'a Node {
    let found = node.children.iter().find(|child| child.name == name);
    found.unwrap_or_else(|| panic!("no {name} in {node:?}"))
}

#[test]
fn fields_of_one_tag_keep_their_own_names() {
    // PrepareDownloadRequest: smdpSigned2 and smdpCertificate are both SEQUENCE.
    let signature = format!("5F3740{}", "AA".repeat(64));
    let tree = tree(&format!("BF21503006800101010100{signature}3003020105"));
    let names: Vec<_> = tree.children.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["smdpSigned2", "smdpSignature2", "smdpCertificate"]);
    // A certificate opens, though its type is not RSP's; offsets are the message's.
    let inner = &tree.children[2].children[0];
    assert_eq!((inner.tag, inner.text.as_str(), inner.value.start), (0x02, "05", 82));
}

/// EUICCInfo1 of 20 octets.
const INFO1: &str = "BF2012 8203020600 A90704050102030405 AA020400";

#[test]
fn messages_of_es9_and_es11_in_asn1_have_their_names() {
    let challenge = "0102030405060708090A0B0C0D0E0F10";
    let request = tree(&format!("BF3939 8110{challenge} 8310736D64702E6578616D706C652E6E6574 {INFO1}"));
    assert_eq!(
        (request.type_name.as_str(), request.clause.as_str()),
        ("InitiateAuthenticationRequest", "6.6.2")
    );
    assert_eq!(child(&request, "smdpAddress").text, "\"smdp.example.net\"");
    let info1 = child(&request, "euiccInfo1");
    assert_eq!((info1.type_name.as_str(), info1.clause.as_str()), ("EUICCInfo1", "5.7.8"));
    assert_eq!(child(info1, "svn").text, "020600");

    let named = |hex: &str| {
        let node = tree(hex);
        let leaf =
            node.children.first().map(|child| format!("{} {}", child.name, child.text)).unwrap_or_default();
        format!("{} {leaf}", node.type_name).trim().to_string()
    };
    for (hex, expected) in [
        (
            "BF3903810102",
            "InitiateAuthenticationResponse initiateAuthenticationError 2 (euiccVersionNotSupportedByDp)",
        ),
        ("BF3B03810106", "AuthenticateClientResponseEs9 authenticateClientError 6 (matchingIdRefused)"),
        ("BF4003810106", "AuthenticateClientResponseEs11 authenticateClientError 6 (eventIdUnknown)"),
        (
            "BF3A03810104",
            "GetBoundProfilePackageResponse getBoundProfilePackageError 4 (confirmationCodeRetriesExceeded)",
        ),
        ("BF410B 800101 A106 BF4103810105", "CancelSessionRequestEs9 transactionId 01"),
        ("BF4102A000", "CancelSessionResponseEs9 cancelSessionOk empty"),
        ("BF3B0E 800101 BF3808A106800101020105", "AuthenticateClientRequest transactionId 01"),
        ("BF3A0E 800101 BF2108A106800101020105", "GetBoundProfilePackageRequest transactionId 01"),
    ] {
        assert_eq!(named(hex), expected, "{hex}");
    }
    let events = tree("BF400F A00D 800101 A108 3006 800161 810162");
    let entries = child(&events.children[0], "eventEntries");
    assert_eq!(child(&entries.children[0], "rspServerAddress").text, "\"b\"");
    let whole = tree("A206 BF3903810101");
    assert_eq!(whole.type_name, "RemoteProfileProvisioningResponse");
    let crl = tree("BF3507 A005 3003020101");
    assert_eq!((crl.type_name.as_str(), crl.children[0].name.as_str()), ("LoadCRLRequest", "crl"));
}

#[test]
fn known_types_within_unknown_ones_have_their_names() {
    // A context tag that nobody knows around EUICCInfo1, and within it a field of a later version.
    let outer = tree(&format!("BF7F15 {INFO1}"));
    assert_eq!(outer.type_name, "");
    assert_eq!(outer.children[0].type_name, "EUICCInfo1");
    assert_eq!(outer.children[0].whole, 3..24);
    assert_eq!(child(&outer.children[0], "svn").value, 8..11);
    // A field appended to a type that is known: GetEuiccChallengeResponse with EUICCInfo1 behind.
    let appended = tree(&format!("BF2E27 8010{} {INFO1}", "07".repeat(16)));
    assert_eq!(appended.type_name, "GetEuiccChallengeResponse");
    assert_eq!(appended.children[1].type_name, "EUICCInfo1");
    // A tag alone makes no message: nothing in it is the type's.
    assert_eq!(tree("BF2E03810101").type_name, "");
    assert_eq!(tree("E303DB0101").type_name, "");
}

#[test]
fn more_tlvs_than_anybody_reads_are_refused_before_they_are_built() {
    let small: Vec<u8> = [0x80, 0x00].repeat(4 << 20);
    let told = explain(&small).unwrap_err().to_string();
    assert!(told.contains("more than 100000 TLVs") && !told.contains("octet"), "{told}");
    // The same within a message, where a type reads them: sequenceOf87 of a package.
    let mut inside = hex::decode("A08400800000").expect("hex");
    inside.extend([0x87, 0x00].repeat(4 << 20));
    let mut package = hex::decode("BF3684").expect("hex");
    package.extend(u32::try_from(inside.len()).expect("short").to_be_bytes());
    package.extend(inside);
    assert!(explain(&package).is_err());
    // Some thousands are a package.
    assert_eq!(explain(&[0x80, 0x00].repeat(5000)).expect("a message").len(), 5000);
}

#[test]
fn a_certificate_has_a_name_for_every_field() {
    // Made by hand: version, serial, names, times, key, two extensions, signature.
    let oid = |hex: &str| format!("06{:02X}{hex}", hex.len() / 2);
    let der = |tag: &str, inner: &str| {
        let length = inner.len() / 2;
        assert!(length < 256);
        if length < 128 { format!("{tag}{length:02X}{inner}") } else { format!("{tag}81{length:02X}{inner}") }
    };
    let ecdsa = der("30", &oid("2A8648CE3D040302"));
    let name = der("30", &der("31", &der("30", &format!("{}0C0141", oid("550403")))));
    let times = der("30", "170D3236303130313030303030305A180F32303530303130323033303430355A");
    let curve = der("30", &format!("{}{}", oid("2A8648CE3D0201"), oid("2A8648CE3D030107")));
    let key = der("30", &format!("{curve}0303000402"));
    let usage = der("30", &format!("{}0101FF{}", oid("551D0F"), der("04", "03020106")));
    let alt = der("30", &format!("{}{}", oid("551D11"), der("04", "30048802883703"[..].get(..12).unwrap())));
    let extensions = der("A3", &der("30", &format!("{usage}{alt}")));
    let tbs = der("30", &format!("A003020102020105{ecdsa}{name}{times}{name}{key}{extensions}"));
    let signature = der("03", "003006020101020102");
    let tree = tree(&der("30", &format!("{tbs}{ecdsa}{signature}")));
    assert_eq!(tree.type_name, "Certificate");
    let inner = child(&tree, "tbsCertificate");
    let names: Vec<_> = inner.children.iter().map(|node| node.name.as_str()).collect();
    let all =
        ["version", "serialNumber", "signature", "issuer", "validity", "subject", "subjectPublicKeyInfo"];
    assert_eq!(names[..7], all);
    assert_eq!(child(inner, "issuer").text, "CN=A");
    assert_eq!(child(inner, "validity").text, "2026-01-01 00:00:00 UTC to 2050-01-02 03:04:05 UTC");
    let extensions = &child(inner, "extensions").children[0];
    let usage = child(extensions, "keyUsage");
    assert_eq!(
        (usage.note.as_str(), child(usage, "extnValue").children[0].text.as_str()),
        ("critical", "keyCertSign, cRLSign")
    );
    let ecdsa = &child(&tree, "signatureValue").children[1];
    assert_eq!((child(ecdsa, "r").text.as_str(), child(ecdsa, "s").text.as_str()), ("01", "02"));
}

#[test]
fn a_tree_has_an_end_and_says_what_it_leaves_out() {
    use esim_rsp::explain::MOST_NODES;
    fn nodes(node: &Node) -> usize {
        1 + node.children.iter().map(nodes).sum::<usize>()
    }
    let many = explain(&[0x80, 0x00].repeat(50_000)).expect("a message");
    assert_eq!(many.len(), MOST_NODES + 1);
    let last = many.last().expect("a node");
    assert_eq!((last.name.as_str(), last.whole.clone()), ("left out", 2 * MOST_NODES..100_000));
    assert!(last.text.starts_with("42000 "), "{}", last.text);
    // Within a list of a known type, too.
    let segments = [0x87, 0x01, 0x00].repeat(30_000);
    let mut package = hex::decode("BF3683015F95A083015F90").expect("hex");
    package.extend(segments);
    let tree = explain(&package).expect("a message");
    assert!(tree.iter().map(nodes).sum::<usize>() <= MOST_NODES + 32);
}
