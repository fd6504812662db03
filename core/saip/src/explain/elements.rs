//! Profile elements as tables.

use super::ef::content;
use super::words::{descriptor, key_reference, life_cycle, short_id, size, unsigned};
use crate::pe::element_name;
use crate::templates::{TEMPLATES, Template};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::explain::Node;
use esim_rsp::oid::{dotted, object_identifier};
use esim_rsp::shape::{Field, Is, Place, Shape, null, number, octets, text};

macro_rules! shapes {
    ($($id:ident = $name:literal $clause:literal $is:expr;)*) => {
        $(static $id: Shape = Shape::new($name, $clause, $is);)*
    };
}

macro_rules! fields {
    ($($tag:literal $name:literal $shape:ident),* $(,)?) => { &[$(Field::new($tag, $name, &$shape)),*] };
}

/// Elements by their tag.
pub(super) static ELEMENTS: &[Field] = fields![
    0xA0 "header" HEADER,
    0xA1 "genericFileManagement" FILE_MANAGEMENT,
    0xA2 "pinCodes" PIN_CODES,
    0xA3 "pukCodes" PUK_CODES,
    0xA4 "akaParameter" AKA,
    0xA5 "cdmaParameter" CDMA,
    0xA6 "securityDomain" SECURITY_DOMAIN,
    0xA7 "rfm" RFM,
    0xA8 "application" APPLICATION,
    0xA9 "nonStandard" NON_STANDARD,
    0xAA "end" END,
    0xB0 "mf" TEMPLATE,
    0xB1 "cd" TEMPLATE,
    0xB2 "telecom" TEMPLATE,
    0xB3 "usim" TEMPLATE,
    0xB4 "opt-usim" TEMPLATE,
    0xB5 "isim" TEMPLATE,
    0xB6 "opt-isim" TEMPLATE,
    0xB7 "phonebook" TEMPLATE,
    0xB8 "gsm-access" TEMPLATE,
    0xB9 "csim" TEMPLATE,
    0xBA "opt-csim" TEMPLATE,
    0xBB "eap" TEMPLATE,
    0xBC "df-5gs" TEMPLATE,
    0xBD "df-saip" TEMPLATE,
    0xBE "df-snpn" TEMPLATE,
    0xBF1F "df-5gprose" TEMPLATE,
    0xBF20 "iot" TEMPLATE,
    0xBF21 "opt-iot" TEMPLATE,
];

shapes! {
    OCTETS = "" "" Is::Text(octets);
    TEXT = "" "" Is::Text(text);
    NULL = "" "" Is::Text(null);
    INTEGER = "" "" Is::Text(number);
    OID = "" "" Is::Text(object_identifier);
    AID = "ApplicationIdentifier" "" Is::Text(octets);
    SECRET = "" "" Is::Text(octets);
    PE_HEADER = "PEHeader" "TCA 8.1.1" Is::Fields(fields![0x80 "mandated" NULL, 0x81 "identification" IDENTIFICATION]);
    IDENTIFICATION = "" "TCA 8.1.1" Is::Text(number);
    HEADER = "ProfileHeader" "TCA 8.2" Is::Fields(fields![
        0x80 "major-version" INTEGER,
        0x81 "minor-version" INTEGER,
        0x82 "profileType" TEXT,
        0x83 "iccid" ICCID,
        0x84 "pol" OCTETS,
        0xA5 "eUICC-Mandatory-services" SERVICES,
        0xA6 "eUICC-Mandatory-GFSTEList" TEMPLATE_LIST,
        0x87 "connectivityParameters" OCTETS,
        0xA8 "eUICC-Mandatory-AIDs" AID_LIST,
        0xA9 "iotOptions" OCTETS,
    ]);
    ICCID = "" "TCA 8.2" Is::Text(octets);
    SERVICES = "ServicesList" "TCA 8.2" Is::Fields(fields![
        0x80 "contactless" NULL, 0x81 "usim" NULL, 0x82 "isim" NULL, 0x83 "csim" NULL, 0x84 "milenage" NULL,
        0x85 "tuak128" NULL, 0x86 "cave" NULL, 0x87 "gba-usim" NULL, 0x88 "gba-isim" NULL, 0x89 "mbms" NULL,
        0x8A "eap" NULL, 0x8B "javacard" NULL, 0x8C "multos" NULL, 0x8D "multiple-usim" NULL,
        0x8E "multiple-isim" NULL, 0x8F "multiple-csim" NULL, 0x90 "tuak256" NULL, 0x91 "usim-test-algorithm" NULL,
        0x92 "ber-tlv" NULL, 0x93 "dfLink" NULL, 0x94 "cat-tp" NULL, 0x95 "get-identity" NULL,
        0x96 "profile-a-x25519" NULL, 0x97 "profile-b-p256" NULL, 0x98 "suciCalculatorApi" NULL,
        0x99 "dns-resolution" NULL, 0x9A "scp11ac" NULL, 0x9B "scp11c-authorization-mechanism" NULL,
        0x9C "s16mode" NULL, 0x9D "eaka" NULL,
    ]);
    TEMPLATE_LIST = "SEQUENCE OF" "TCA 8.2" Is::Each(&Field::new(0x06, "", &TEMPLATE_ID));
    TEMPLATE_ID = "OBJECT IDENTIFIER" "TCA annex A" Is::Text(template_id);
    AID_LIST = "SEQUENCE OF" "TCA 8.2" Is::Each(&Field::new(0x30, "", &MANDATORY_AID));
    MANDATORY_AID = "" "TCA 8.2" Is::Fields(fields![0x80 "aid" AID, 0x81 "version" OCTETS]);
    FILE_MANAGEMENT = "PE-GenericFileManagement" "TCA 8.3.5" Is::Fields(fields![
        0xA0 "gfm-header" PE_HEADER,
        0xA1 "fileManagementCMD" FILE_COMMANDS,
    ]);
    FILE_COMMANDS = "SEQUENCE OF" "TCA 8.3.5" Is::Each(&Field::new(0x30, "", &FILE_COMMAND));
    FILE_COMMAND = "FileManagement" "TCA 8.3.5" Is::Choice(fields![
        0x80 "filePath" PATH,
        0x62 "createFCP" FCP,
        0x02 "fillFileOffset" OFFSET,
        0x81 "fillFileContent" CONTENT,
    ]);
    PATH = "" "TCA 8.3.5" Is::Text(path);
    OFFSET = "" "TCA 8.3.3" Is::Text(number);
    CONTENT = "" "TCA 8.3.3" Is::Text(octets);
    FCP = "Fcp" "TCA 8.3.2" Is::Choice(fields![
        0x82 "fileDescriptor" DESCRIPTOR,
        0x83 "fileID" OCTETS,
        0x84 "dfName" AID,
        0x8A "lcsi" LIFE_CYCLE,
        0x8B "securityAttributesReferenced" OCTETS,
        0x80 "efFileSize" SIZE,
        0xC6 "pinStatusTemplateDO" OCTETS,
        0x88 "shortEFID" SHORT_ID,
        0xA5 "proprietaryEFInfo" PROPRIETARY,
        0xC7 "linkPath" PATH,
    ]);
    DESCRIPTOR = "" "TS 102 221 11.1.1.4.3" Is::Text(descriptor);
    LIFE_CYCLE = "" "TS 102 221 11.1.1.4.9" Is::Text(life_cycle);
    SIZE = "" "TS 102 221 11.1.1.4.1" Is::Text(size);
    SHORT_ID = "" "TS 102 221 11.1.1.4.8" Is::Text(short_id);
    PROPRIETARY = "ProprietaryInfo" "TCA 8.3.2" Is::Fields(fields![
        0xC0 "specialFileInformation" OCTETS,
        0xC1 "fillPattern" OCTETS,
        0xC2 "repeatPattern" OCTETS,
        0x86 "maximumFileSize" NUMBER,
        0x84 "fileDetails" OCTETS,
    ]);
    NUMBER = "" "" Is::Text(unsigned);
    PIN_CODES = "PE-PINCodes" "TCA 8.5.1" Is::Fields(fields![0xA0 "pin-Header" PE_HEADER, 0xA1 "pinCodes" PIN_CHOICE]);
    PIN_CHOICE = "" "TCA 8.5.1" Is::Choice(fields![0xA0 "pinconfig" PINS, 0x81 "filePath" PATH]);
    PINS = "SEQUENCE OF" "TCA 8.5.1" Is::Each(&Field::new(0x30, "", &PIN));
    PIN = "PINConfiguration" "TCA 8.5.1" Is::Fields(fields![
        0x80 "keyReference" KEY_REFERENCE,
        0x81 "pinValue" DIGITS,
        0x82 "unblockingPINReference" KEY_REFERENCE,
        0x83 "pinAttributes" INTEGER,
        0x84 "maxNumOfAttemps-retryNumLeft" TRIES,
    ]);
    KEY_REFERENCE = "" "TS 102 221 9.5.1" Is::Text(key_reference);
    DIGITS = "" "TS 102 221 9.5" Is::Text(digits);
    TRIES = "" "TCA 8.5" Is::Text(tries);
    PUK_CODES = "PE-PUKCodes" "TCA 8.5.2" Is::Fields(fields![0xA0 "puk-Header" PE_HEADER, 0xA1 "pukCodes" PUKS]);
    PUKS = "SEQUENCE OF" "TCA 8.5.2" Is::Each(&Field::new(0x30, "", &PUK));
    PUK = "PUKConfiguration" "TCA 8.5.2" Is::Fields(fields![
        0x80 "keyReference" KEY_REFERENCE,
        0x81 "pukValue" DIGITS,
        0x82 "maxNumOfAttemps-retryNumLeft" TRIES,
    ]);
    AKA = "PE-AKAParameter" "TCA 8.4.2" Is::Fields(fields![
        0xA0 "aka-header" PE_HEADER,
        0xA1 "algoConfiguration" ALGORITHM,
        0x82 "sqnOptions" OCTETS,
        0x83 "sqnDelta" NUMBER,
        0x84 "sqnAgeLimit" NUMBER,
        0xA5 "sqnInit" SEQUENCE_NUMBERS,
    ]);
    ALGORITHM = "" "TCA 8.4.2" Is::Choice(fields![0xA0 "mappingParameter" MAPPING, 0xA1 "algoParameter" PARAMETERS]);
    MAPPING = "MappingParameter" "TCA 8.4.2" Is::Fields(fields![0x80 "mappingOptions" OCTETS, 0x81 "mappingSource" AID]);
    PARAMETERS = "AlgoParameter" "TCA 8.4.2" Is::Fields(fields![
        0x80 "algorithmID" ALGORITHM_ID,
        0x81 "algorithmOptions" OCTETS,
        0x82 "key" SECRET,
        0x83 "opc" SECRET,
        0x84 "rotationConstants" OCTETS,
        0x85 "xoringConstants" OCTETS,
        0x86 "authCounterMax" NUMBER,
        0x87 "numberOfKeccak" INTEGER,
    ]);
    ALGORITHM_ID = "" "TCA 8.4.2" Is::Text(algorithm);
    SEQUENCE_NUMBERS = "SEQUENCE OF" "TCA 8.4.2" Is::Each(&Field::new(0x04, "", &SEQUENCE_NUMBER));
    SEQUENCE_NUMBER = "OCTET STRING" "TCA 8.4.2" Is::Text(unsigned);
    CDMA = "PE-CDMAParameter" "TCA 8.4.3" Is::Fields(fields![
        0xA0 "cdma-header" PE_HEADER,
        0x81 "authenticationKey" SECRET,
        0x82 "ssd" SECRET,
        0x83 "hrpdAccessAuthenticationData" SECRET,
        0x84 "simpleIPAuthenticationData" SECRET,
        0x85 "mobileIPAuthenticationData" SECRET,
    ]);
    SECURITY_DOMAIN = "PE-SecurityDomain" "TCA 8.6" Is::Fields(fields![
        0xA0 "sd-Header" PE_HEADER,
        0xA1 "instance" INSTANCE,
        0xA2 "keyList" KEYS,
        0xA3 "sdPersoData" BLOCKS,
        0xA4 "openPersoData" OCTETS,
        0xA5 "catTpParameters" OCTETS,
    ]);
    BLOCKS = "SEQUENCE OF" "TCA 8.6" Is::Each(&Field::new(0x04, "", &BLOCK));
    BLOCK = "OCTET STRING" "GPC_SPE_034 11.11" Is::Text(octets);
    INSTANCE = "ApplicationInstance" "TCA 8.7.3" Is::Fields(fields![
        0x4F "applicationLoadPackageAID" AID,
        0x4F "classAID" AID,
        0x4F "instanceAID" AID,
        0x4F "extraditeSecurityDomainAID" AID,
        0x82 "applicationPrivileges" OCTETS,
        0x83 "lifeCycleState" OCTETS,
        0xC9 "applicationSpecificParametersC9" OCTETS,
        0xEF "systemSpecificParameters" SYSTEM_PARAMETERS,
        0xEA "applicationParameters" UICC_PARAMETERS,
        0x30 "processData" BLOCKS,
        0xB0 "controlReferenceTemplate" CONTROL_REFERENCE,
    ]);
    SYSTEM_PARAMETERS = "ApplicationSystemParameters" "TCA 8.7.3" Is::Choice(fields![
        0xC7 "volatileMemoryQuotaC7" NUMBER,
        0xC8 "nonVolatileMemoryQuotaC8" NUMBER,
        0xCB "globalServiceParameters" OCTETS,
        0xCF "implicitSelectionParameter" OCTETS,
        0xD7 "volatileReservedMemory" NUMBER,
        0xD8 "nonVolatileReservedMemory" NUMBER,
        0xCA "ts102226SIMFileAccessToolkitParameter" OCTETS,
        0xA0 "ts102226AdditionalContactlessParameters" CONTACTLESS,
        0xD9 "contactlessProtocolParameters" OCTETS,
        0xDA "userInteractionContactlessParameters" OCTETS,
        0x82 "cumulativeGrantedVolatileMemory" NUMBER,
        0x83 "cumulativeGrantedNonVolatileMemory" NUMBER,
    ]);
    CONTACTLESS = "TS102226AdditionalContactlessParameters" "TS 102 226" Is::Fields(fields![0x80 "protocolParameterData" OCTETS]);
    UICC_PARAMETERS = "UICCApplicationParameters" "TS 102 226 8.2.1.3.2.2" Is::Fields(fields![
        0x80 "uiccToolkitApplicationSpecificParametersField" OCTETS,
        0x81 "uiccAccessApplicationSpecificParametersField" OCTETS,
        0x82 "uiccAdministrativeAccessApplicationSpecificParametersField" OCTETS,
    ]);
    CONTROL_REFERENCE = "ControlReferenceTemplate" "TCA 8.7.3" Is::Fields(fields![0x5F20 "applicationProviderIdentifier" OCTETS]);
    KEYS = "SEQUENCE OF" "TCA 8.6.3" Is::Each(&Field::new(0x30, "", &KEY));
    KEY = "KeyObject" "TCA 8.6.3" Is::Fields(fields![
        0x95 "keyUsageQualifier" OCTETS,
        0x96 "keyAccess" OCTETS,
        0x82 "keyIdentifier" OCTETS,
        0x83 "keyVersionNumber" OCTETS,
        0x85 "keyCounterValue" OCTETS,
        0x30 "keyCompontents" COMPONENTS,
    ]);
    COMPONENTS = "SEQUENCE OF" "TCA 8.6.3" Is::Each(&Field::new(0x30, "", &COMPONENT));
    COMPONENT = "SEQUENCE" "TCA 8.6.3" Is::Fields(fields![
        0x80 "keyType" KEY_TYPE,
        0x86 "keyData" SECRET,
        0x87 "macLength" INTEGER,
    ]);
    KEY_TYPE = "" "GPC_SPE_034 11.1.8" Is::Text(key_type);
    RFM = "PE-RFM" "TCA 8.8" Is::Fields(fields![
        0xA0 "rfm-header" PE_HEADER,
        0x4F "instanceAID" AID,
        0x4F "securityDomainAID" AID,
        0xA0 "tarList" TARS,
        0x81 "minimumSecurityLevel" OCTETS,
        0x04 "uiccAccessDomain" OCTETS,
        0x04 "uiccAdminAccessDomain" OCTETS,
        0x30 "adfRFMAccess" ADF_ACCESS,
    ]);
    TARS = "SEQUENCE OF" "TCA 8.8" Is::Each(&Field::new(0x04, "", &TAR));
    TAR = "OCTET STRING" "TS 101 220 annex D" Is::Text(octets);
    ADF_ACCESS = "ADFRFMAccess" "TCA 8.8" Is::Fields(fields![
        0x80 "adfAID" AID,
        0x81 "adfAccessDomain" OCTETS,
        0x82 "adfAdminAccessDomain" OCTETS,
    ]);
    APPLICATION = "PE-Application" "TCA 8.7" Is::Fields(fields![
        0xA0 "app-Header" PE_HEADER,
        0xA1 "loadBlock" LOAD_PACKAGE,
        0xA2 "instanceList" INSTANCES,
    ]);
    LOAD_PACKAGE = "ApplicationLoadPackage" "TCA 8.7.2" Is::Fields(fields![
        0x4F "loadPackageAID" AID,
        0x4F "securityDomainAID" AID,
        0xC6 "nonVolatileCodeLimitC6" NUMBER,
        0xC7 "volatileDataLimitC7" NUMBER,
        0xC8 "nonVolatileDataLimitC8" NUMBER,
        0xC1 "hashValue" OCTETS,
        0xC4 "loadBlockObject" OCTETS,
    ]);
    INSTANCES = "SEQUENCE OF" "TCA 8.7.3" Is::Each(&Field::new(0x30, "", &INSTANCE));
    NON_STANDARD = "PE-NonStandard" "TCA 8.9" Is::Fields(fields![
        0xA0 "nonStandard-header" PE_HEADER,
        0x81 "issuerID" OID,
        0x82 "content" OCTETS,
    ]);
    END = "PE-End" "TCA 8.10" Is::Fields(fields![0xA0 "end-header" PE_HEADER]);
    TEMPLATE = "" "TCA 8.3" Is::Own(template);
    FILE = "File" "TCA 8.3.3" Is::Own(|_, _| ());
    FILE_NULL = "" "TCA 8.3.3" Is::Text(null);
}

/// Files of a template, each by its row: what they are called, and what is in them.
fn template(place: &Place<'_>, node: &mut Node) {
    let tag = place.tag();
    let number = if tag > 0xFF { tag & 0x7F } else { tag & 0x1F };
    let element = element_name(u16::try_from(number).unwrap_or_default());
    node.type_name = format!("PE-{}", element.to_uppercase());
    let mut rows: Option<&'static Template> = None;
    for inner in place.inside() {
        let tag = inner.tag();
        let field = match tag {
            0xA0 => inner.node(&format!("{}-header", element.replace("opt-", "opt")), &PE_HEADER),
            0x81 => {
                rows = find_template(inner.value());
                inner.node("templateID", &TEMPLATE_OID)
            }
            _ => {
                let number = if tag > 0xFF { tag & 0x7F } else { tag & 0x1F };
                let row = usize::try_from(number).unwrap_or_default().checked_sub(2);
                let name =
                    row.zip(rows).and_then(|(row, template)| template.rows.get(row)).map(|row| row.name);
                file(&inner, name.unwrap_or("file of a later version"))
            }
        };
        node.children.push(field);
    }
}

static TEMPLATE_OID: Shape = Shape::new("", "TCA annex A", Is::Text(template_id));

fn find_template(oid: &[u8]) -> Option<&'static Template> {
    let arcs = dotted(oid)?;
    let below = arcs.strip_prefix("2.23.143.1.2.")?;
    let own = |template: &&Template| {
        let arcs: Vec<_> = template.arcs.iter().map(ToString::to_string).collect();
        arcs.join(".") == below
    };
    TEMPLATES.iter().find(own)
}

fn template_id(value: &[u8]) -> String {
    let arcs = object_identifier(value);
    match find_template(value) {
        Some(template) => format!("{} ({arcs})", template.kind.name()),
        None => arcs,
    }
}

/// `File ::= SEQUENCE OF CHOICE`, its content opened as the file's name says.
fn file(place: &Place<'_>, name: &str) -> Node {
    let mut node = place.node(name, &FILE);
    node.text = String::new();
    for inner in place.inside() {
        node.children.push(match inner.tag() {
            0x80 => inner.node("doNotCreate", &FILE_NULL),
            0xA1 => inner.node("fileDescriptor", &FCP),
            0x82 => inner.node("fillFileOffset", &OFFSET),
            0x83 => {
                let mut filled = inner.node("fillFileContent", &CONTENT);
                let at = filled.value.start;
                let parts = content(name, inner.value());
                filled.children = parts.into_iter().map(|part| part.shifted(at)).collect();
                if !filled.children.is_empty() {
                    filled.text = String::new();
                }
                filled
            }
            _ => inner.plain(),
        });
    }
    if node.children.is_empty() {
        node.text = "as the template has it".to_owned();
    }
    node
}

fn path(value: &[u8]) -> String {
    if value.is_empty() {
        return "MF".to_owned();
    }
    let parts: Vec<_> = value.chunks(2).map(octets).collect();
    parts.join(" / ")
}

fn digits(value: &[u8]) -> String {
    let shown = core::str::from_utf8(value.split(|octet| *octet == 0xFF).next().unwrap_or_default());
    match shown {
        Ok(text) if text.bytes().all(|digit| digit.is_ascii_digit()) && !text.is_empty() => text.to_owned(),
        _ => octets(value),
    }
}

fn tries(value: &[u8]) -> String {
    let number = value.last().copied().unwrap_or_default();
    format!("{number} ({} tries, {} left)", number >> 4, number & 0x0F)
}

fn algorithm(value: &[u8]) -> String {
    match value {
        [1] => "1 (milenage)".to_owned(),
        [2] => "2 (tuak)".to_owned(),
        [3] => "3 (usim-test-algorithm)".to_owned(),
        _ => number(value),
    }
}

fn key_type(value: &[u8]) -> String {
    let name = match value {
        [0x80] => "DES",
        [0x85] => "TLS-PSK",
        [0x88] => "AES",
        _ => return octets(value),
    };
    format!("{} ({name})", octets(value))
}
