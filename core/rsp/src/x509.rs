//! Certificates and revocation lists with every field named (RFC 5280, SGP.22 4.5.2 and 4.6).

use crate::node::Node;
use crate::oid::{dotted, name as oid_name, object_identifier};
use crate::shape::{Field, Is, Place, Shape, bits, boolean, null, number, octets, text};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The tree of a certificate or a revocation list; `None` if it is none of them.
pub(crate) fn read(place: &Place<'_>) -> Option<Node> {
    if place.tag() != 0x30 {
        return None;
    }
    let outer = place.inside();
    let [to_be_signed, algorithm, signature] = &outer[..] else { return None };
    if (to_be_signed.tag(), algorithm.tag(), signature.tag()) != (0x30, 0x30, 0x03) {
        return None;
    }
    let tags: Vec<u32> = to_be_signed.inside().iter().map(Place::tag).collect();
    let is_certificate = matches!(
        tags[..],
        [0xA0, 0x02, 0x30, 0x30, 0x30, 0x30, 0x30, ..] | [0x02, 0x30, 0x30, 0x30, 0x30, 0x30, ..]
    );
    let is_list = matches!(tags[..], [0x02, 0x30, 0x30, 0x17 | 0x18, ..] | [0x30, 0x30, 0x17 | 0x18, ..]);
    match (is_certificate, is_list) {
        (true, _) => Some(place.node("", &CERTIFICATE)),
        (_, true) => Some(place.node("", &LIST)),
        _ => None,
    }
}

macro_rules! shapes {
    ($($id:ident = $name:literal $clause:literal $is:expr;)*) => {
        $(static $id: Shape = Shape::new($name, $clause, $is);)*
    };
}

/// `fields![0x30 "issuer" NAME, …]`
macro_rules! fields {
    ($($tag:literal $name:literal $shape:ident),* $(,)?) => { &[$(Field::new($tag, $name, &$shape)),*] };
}

shapes! {
    INTEGER = "" "" Is::Text(number);
    OCTETS = "" "" Is::Text(octets);
    TEXT = "" "" Is::Text(text);
    BOOLEAN = "" "" Is::Text(boolean);
    NULL = "" "" Is::Text(null);
    OID = "" "" Is::Text(object_identifier);
    TIME = "Time" "RFC 5280 4.1.2.5" Is::Text(time);
    BIT_STRING = "" "" Is::Text(bit_string);
    CERTIFICATE = "Certificate" "RFC 5280 4.1" Is::Fields(fields![
        0x30 "tbsCertificate" TBS_CERTIFICATE,
        0x30 "signatureAlgorithm" ALGORITHM,
        0x03 "signatureValue" SIGNATURE,
    ]);
    TBS_CERTIFICATE = "TBSCertificate" "RFC 5280 4.1.2" Is::Fields(fields![
        0xA0 "version" EXPLICIT_VERSION,
        0x02 "serialNumber" SERIAL,
        0x30 "signature" ALGORITHM,
        0x30 "issuer" NAME,
        0x30 "validity" VALIDITY,
        0x30 "subject" NAME,
        0x30 "subjectPublicKeyInfo" PUBLIC_KEY_INFO,
        0x81 "issuerUniqueID" BIT_STRING,
        0x82 "subjectUniqueID" BIT_STRING,
        0xA3 "extensions" EXPLICIT_EXTENSIONS,
    ]);
    LIST = "CertificateList" "RFC 5280 5.1" Is::Fields(fields![
        0x30 "tbsCertList" TBS_LIST,
        0x30 "signatureAlgorithm" ALGORITHM,
        0x03 "signatureValue" SIGNATURE,
    ]);
    TBS_LIST = "TBSCertList" "RFC 5280 5.1.2" Is::Own(tbs_list);
    REVOKED_LIST = "SEQUENCE OF" "RFC 5280 5.1.2.6" Is::Each(&Field::new(0x30, "", &REVOKED));
    REVOKED = "revokedCertificate" "RFC 5280 5.1.2.6" Is::Own(revoked);
    EXPLICIT_VERSION = "" "RFC 5280 4.1.2.1" Is::Each(&Field::new(0x02, "", &VERSION));
    VERSION = "Version" "RFC 5280 4.1.2.1" Is::Text(version);
    SERIAL = "CertificateSerialNumber" "RFC 5280 4.1.2.2" Is::Text(octets);
    ALGORITHM = "AlgorithmIdentifier" "RFC 5280 4.1.1.2" Is::Own(algorithm);
    NAME = "Name" "RFC 5280 4.1.2.4" Is::Own(name);
    RDN = "RelativeDistinguishedName" "RFC 5280 4.1.2.4" Is::Each(&Field::new(0x30, "", &ATTRIBUTE));
    ATTRIBUTE = "AttributeTypeAndValue" "RFC 5280 4.1.2.4" Is::Own(attribute);
    VALIDITY = "Validity" "RFC 5280 4.1.2.5" Is::Own(validity);
    PUBLIC_KEY_INFO = "SubjectPublicKeyInfo" "RFC 5280 4.1.2.7" Is::Own(public_key_info);
    PUBLIC_KEY = "" "RFC 5480 2.2" Is::Text(public_key);
    SIGNATURE = "" "RFC 5280 4.1.1.3" Is::Own(signature);
    ECDSA = "ECDSA-Sig-Value" "RFC 3279 2.2.3" Is::Fields(fields![0x02 "r" OCTETS, 0x02 "s" OCTETS]);
    EXPLICIT_EXTENSIONS = "" "RFC 5280 4.1.2.9" Is::Each(&Field::new(0x30, "", &EXTENSIONS));
    EXTENSIONS = "Extensions" "RFC 5280 4.1.2.9" Is::Each(&Field::new(0x30, "", &EXTENSION));
    EXTENSION = "Extension" "RFC 5280 4.2" Is::Own(extension);
    KEY_ID = "KeyIdentifier" "RFC 5280 4.2.1.2" Is::Text(octets);
    AUTHORITY_KEY_ID = "AuthorityKeyIdentifier" "RFC 5280 4.2.1.1" Is::Fields(fields![
        0x80 "keyIdentifier" KEY_ID,
        0xA1 "authorityCertIssuer" GENERAL_NAMES,
        0x82 "authorityCertSerialNumber" SERIAL,
    ]);
    KEY_USAGE = "KeyUsage" "RFC 5280 4.2.1.3" Is::Text(key_usage);
    BASIC_CONSTRAINTS = "BasicConstraints" "RFC 5280 4.2.1.9" Is::Fields(fields![
        0x01 "cA" BOOLEAN,
        0x02 "pathLenConstraint" INTEGER,
    ]);
    POLICIES = "CertificatePolicies" "RFC 5280 4.2.1.4" Is::Each(&Field::new(0x30, "", &POLICY));
    POLICY = "PolicyInformation" "RFC 5280 4.2.1.4" Is::Fields(fields![
        0x06 "policyIdentifier" OID,
        0x30 "policyQualifiers" QUALIFIERS,
    ]);
    QUALIFIERS = "SEQUENCE OF" "RFC 5280 4.2.1.4" Is::Each(&Field::new(0x30, "", &QUALIFIER));
    QUALIFIER = "PolicyQualifierInfo" "RFC 5280 4.2.1.4" Is::Fields(fields![
        0x06 "policyQualifierId" OID,
        0 "qualifier" TEXT,
    ]);
    GENERAL_NAMES = "GeneralNames" "RFC 5280 4.2.1.6" Is::Choice(GENERAL_NAME);
    OTHER_NAME = "OtherName" "RFC 5280 4.2.1.6" Is::Fields(fields![0x06 "type-id" OID, 0xA0 "value" OCTETS]);
    DIRECTORY_NAME = "" "RFC 5280 4.2.1.6" Is::Each(&Field::new(0x30, "", &NAME));
    POINTS = "CRLDistributionPoints" "RFC 5280 4.2.1.13" Is::Each(&Field::new(0x30, "", &POINT));
    POINT = "DistributionPoint" "RFC 5280 4.2.1.13" Is::Fields(fields![
        0xA0 "distributionPoint" POINT_NAME,
        0x81 "reasons" BIT_STRING,
        0xA2 "cRLIssuer" GENERAL_NAMES,
    ]);
    POINT_NAME = "DistributionPointName" "RFC 5280 4.2.1.13" Is::Choice(fields![
        0xA0 "fullName" GENERAL_NAMES,
        0xA1 "nameRelativeToCRLIssuer" RDN,
    ]);
    ISSUING_POINT = "IssuingDistributionPoint" "RFC 5280 5.2.5" Is::Fields(fields![
        0xA0 "distributionPoint" POINT_NAME,
        0x81 "onlyContainsUserCerts" BOOLEAN,
        0x82 "onlyContainsCACerts" BOOLEAN,
        0x83 "onlySomeReasons" BIT_STRING,
        0x84 "indirectCRL" BOOLEAN,
        0x85 "onlyContainsAttributeCerts" BOOLEAN,
    ]);
    NAME_CONSTRAINTS = "NameConstraints" "RFC 5280 4.2.1.10" Is::Fields(fields![
        0xA0 "permittedSubtrees" SUBTREES,
        0xA1 "excludedSubtrees" SUBTREES,
    ]);
    SUBTREES = "GeneralSubtrees" "RFC 5280 4.2.1.10" Is::Each(&Field::new(0x30, "", &SUBTREE));
    SUBTREE = "GeneralSubtree" "RFC 5280 4.2.1.10" Is::Choice(GENERAL_NAME);
    EXT_KEY_USAGE = "ExtKeyUsageSyntax" "RFC 5280 4.2.1.12" Is::Each(&Field::new(0x06, "", &PURPOSE));
    PURPOSE = "KeyPurposeId" "RFC 5280 4.2.1.12" Is::Text(object_identifier);
    NUMBER = "CRLNumber" "RFC 5280 5.2.3" Is::Text(number);
    REASON = "CRLReason" "RFC 5280 5.3.1" Is::Text(reason);
    EINS = "PermittedEins" "SGP.22 v3 4.5.2.1.0.2" Is::Each(&Field::new(0x13, "", &EIN));
    EIN = "ein" "" Is::Text(text);
}

static GENERAL_NAME: &[Field] = fields![
    0xA0 "otherName" OTHER_NAME,
    0x81 "rfc822Name" TEXT,
    0x82 "dNSName" TEXT,
    0xA4 "directoryName" DIRECTORY_NAME,
    0x86 "uniformResourceIdentifier" TEXT,
    0x87 "iPAddress" OCTETS,
    0x88 "registeredID" OID,
];

/// What an extension's value is, by the name of its identifier.
static EXTENSION_VALUES: &[(&str, &Shape)] = &[
    ("subjectKeyIdentifier", &KEY_ID),
    ("authorityKeyIdentifier", &AUTHORITY_KEY_ID),
    ("keyUsage", &KEY_USAGE),
    ("basicConstraints", &BASIC_CONSTRAINTS),
    ("certificatePolicies", &POLICIES),
    ("subjectAltName", &GENERAL_NAMES),
    ("issuerAltName", &GENERAL_NAMES),
    ("cRLDistributionPoints", &POINTS),
    ("issuingDistributionPoint", &ISSUING_POINT),
    ("nameConstraints", &NAME_CONSTRAINTS),
    ("extKeyUsage", &EXT_KEY_USAGE),
    ("cRLNumber", &NUMBER),
    ("deltaCRLIndicator", &NUMBER),
    ("reasonCode", &REASON),
    ("id-rsp-expDate", &TIME),
    ("id-rsp-totalPartialCrlNumber", &NUMBER),
    ("id-rsp-partialCrlNumber", &NUMBER),
    ("id-rsp-extension-permitted-eins", &EINS),
];

fn version(value: &[u8]) -> String {
    match value {
        [number] => format!("{number} (v{})", u16::from(*number) + 1),
        _ => octets(value),
    }
}

/// `260101000000Z` and `20260101000000Z` as `2026-01-01 00:00:00 UTC`.
fn time(value: &[u8]) -> String {
    let digits = core::str::from_utf8(value).ok().and_then(|text| text.strip_suffix('Z'));
    let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()));
    let full = match digits {
        Some(short) if short.len() == 12 => {
            // RFC 5280 4.1.2.5.1: 50 to 99 are of the twentieth century.
            let century =
                if short.as_bytes().first().is_some_and(|digit| *digit >= b'5') { "19" } else { "20" };
            format!("{century}{short}")
        }
        Some(long) if long.len() == 14 => long.to_owned(),
        _ => return text(value),
    };
    let part = |range: core::ops::Range<usize>| full.get(range).unwrap_or_default();
    format!(
        "{}-{}-{} {}:{}:{} UTC",
        part(0..4),
        part(4..6),
        part(6..8),
        part(8..10),
        part(10..12),
        part(12..14)
    )
}

fn bit_string(value: &[u8]) -> String {
    let set: Vec<_> = bits(value).iter().map(ToString::to_string).collect();
    format!("bits {{{}}}", set.join(", "))
}

fn key_usage(value: &[u8]) -> String {
    const NAMES: [&str; 9] = [
        "digitalSignature",
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];
    let set: Vec<_> = bits(value).into_iter().filter_map(|bit| NAMES.get(bit).copied()).collect();
    set.join(", ")
}

fn reason(value: &[u8]) -> String {
    const NAMES: [&str; 11] = [
        "unspecified",
        "keyCompromise",
        "cACompromise",
        "affiliationChanged",
        "superseded",
        "cessationOfOperation",
        "certificateHold",
        "",
        "removeFromCRL",
        "privilegeWithdrawn",
        "aACompromise",
    ];
    let name = value.first().and_then(|number| NAMES.get(usize::from(*number))).copied().unwrap_or_default();
    format!("{} ({name})", number(value))
}

fn public_key(value: &[u8]) -> String {
    match value {
        [0, 0x04, point @ ..] => {
            format!("uncompressed point, {} octets: 04{}", point.len() + 1, octets(point))
        }
        [0, key @ ..] => octets(key),
        _ => octets(value),
    }
}

/// The name of the identifier that is the value's first field, without its arcs.
fn identifier(place: &Place<'_>) -> String {
    let first = place.inside().into_iter().next().filter(|first| first.tag() == 0x06);
    let arcs = first.and_then(|first| dotted(first.value())).unwrap_or_default();
    oid_name(&arcs).map(str::to_owned).unwrap_or(arcs)
}

fn algorithm(place: &Place<'_>, node: &mut Node) {
    node.text = identifier(place);
    for (i, inner) in place.inside().iter().enumerate() {
        let child = match (i, inner.tag()) {
            (0, 0x06) => inner.node("algorithm", &OID),
            (1, 0x06) => inner.node("parameters", &OID),
            (1, 0x05) => inner.node("parameters", &NULL),
            _ => inner.node("parameters", &OCTETS),
        };
        node.children.push(child);
    }
}

fn attribute(place: &Place<'_>, node: &mut Node) {
    let inner = place.inside();
    if let [kind, value] = &inner[..] {
        let shown = core::str::from_utf8(value.value()).map_or_else(|_| octets(value.value()), str::to_owned);
        node.text = format!("{}={shown}", identifier(place));
        node.children = Vec::from([kind.node("type", &OID), value.node("value", &TEXT)]);
    }
}

fn name(place: &Place<'_>, node: &mut Node) {
    node.children = place.inside().iter().map(|inner| inner.node("", &RDN)).collect();
    let parts: Vec<&str> = (node.children.iter().flat_map(|rdn| &rdn.children))
        .map(|attribute| attribute.text.as_str())
        .filter(|text| !text.is_empty())
        .collect();
    node.text = if parts.is_empty() { "empty".to_owned() } else { parts.join(", ") };
}

fn validity(place: &Place<'_>, node: &mut Node) {
    let names = ["notBefore", "notAfter"];
    node.children = place.inside().iter().zip(names).map(|(inner, name)| inner.node(name, &TIME)).collect();
    if let [from, to] = &node.children[..] {
        node.text = format!("{} to {}", from.text, to.text);
    }
}

fn public_key_info(place: &Place<'_>, node: &mut Node) {
    for (inner, name) in place.inside().iter().zip(["algorithm", "subjectPublicKey"]) {
        match inner.tag() {
            0x30 => node.children.push(inner.node(name, &ALGORITHM)),
            _ => node.children.push(inner.node(name, &PUBLIC_KEY)),
        }
    }
    let curve = node.children.first().and_then(|algorithm| algorithm.children.get(1));
    node.text = curve.map(|curve| curve.text.clone()).unwrap_or_default();
}

fn signature(place: &Place<'_>, node: &mut Node) {
    // A BIT STRING begins with the number of its unused bits.
    let inner = place.inside_from(1);
    match &inner[..] {
        [one] if one.tag() == 0x30 && place.value().first() == Some(&0) => {
            let at = place.tlv.value.start;
            node.children =
                Vec::from([Node::named("unused bits", "X.690 8.6.2", at..at + 1, "0"), one.node("", &ECDSA)]);
        }
        _ => node.text = octets(place.value()),
    }
}

fn extension(place: &Place<'_>, node: &mut Node) {
    let id = identifier(place);
    node.name = id.clone();
    for inner in place.inside() {
        node.children.push(match inner.tag() {
            0x06 => inner.node("extnID", &OID),
            0x01 => {
                if inner.value().iter().any(|octet| *octet != 0) {
                    node.note = "critical".to_owned();
                }
                inner.node("critical", &BOOLEAN)
            }
            _ => extension_value(&inner, &id),
        });
    }
}

fn extension_value(place: &Place<'_>, id: &str) -> Node {
    let mut node = place.node("extnValue", &OCTETS);
    let shape = EXTENSION_VALUES.iter().find(|(own, _)| *own == id).map(|(_, shape)| *shape);
    let inner = place.inside();
    if let ([one], Some(shape)) = (&inner[..], shape) {
        node.text = String::new();
        node.children.push(one.node("", shape));
    }
    node
}

fn tbs_list(place: &Place<'_>, node: &mut Node) {
    let mut names = ["issuer", "thisUpdate", "nextUpdate"].into_iter().peekable();
    let mut algorithm_due = true;
    for inner in place.inside() {
        let child = match inner.tag() {
            0x02 => inner.node("version", &VERSION),
            0x30 if algorithm_due => {
                algorithm_due = false;
                inner.node("signature", &ALGORITHM)
            }
            0x30 if names.peek() == Some(&"issuer") => inner.node(names.next().unwrap_or_default(), &NAME),
            0x17 | 0x18 => inner.node(names.next().unwrap_or_default(), &TIME),
            0x30 => inner.node("revokedCertificates", &REVOKED_LIST),
            0xA0 => inner.node("crlExtensions", &EXPLICIT_EXTENSIONS),
            _ => inner.plain(),
        };
        node.children.push(child);
    }
}

fn revoked(place: &Place<'_>, node: &mut Node) {
    for inner in place.inside() {
        node.children.push(match inner.tag() {
            0x02 => inner.node("userCertificate", &SERIAL),
            0x17 | 0x18 => inner.node("revocationDate", &TIME),
            _ => inner.node("crlEntryExtensions", &EXTENSIONS),
        });
    }
}
