//! The elements of a package in order.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use rasn::types::{Any, ObjectIdentifier, OctetString};

use super::files::{Files, PIN1_ADM1};
use super::{
    ALL_TECHNOLOGIES, Authentication, Error, ISIM_AID, ISIM_FID, OtaKeys, Subscriber, USIM_AID, USIM_FID,
    ensure, field,
};
use crate::coding;
use crate::pe::{
    AdfRfmAccess, AkaParameter, AlgoConfiguration, AlgoParameter, ApplicationInstance, Element, End,
    KeyComponent, KeyObject, PeHeader, PinCodes, PinConfiguration, PinList, ProfileElement, ProfileHeader,
    PukCodes, PukConfiguration, Rest, Rfm, Secret, SecurityDomain, Service, Services, codes,
};
use crate::templates::TEMPLATE_ARCS;
use crate::tlv;

/// The operator's security domain, in the role of the issuer (GlobalPlatform card specification, UICC configuration).
const SD_PACKAGE: [u8; 7] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x53, 0x50];
const SD_CLASS: [u8; 8] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x53, 0x50, 0x41];
const SD_INSTANCE: [u8; 8] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00];

/// References of the operator's security domain: its own, and that of an issuer's (TS 101 220 annex D).
const SD_TARS: [u8; 6] = [0xB2, 0x01, 0x00, 0x00, 0x00, 0x00];

/// Replay counter must rise, message ciphered and authenticated (TS 102 225 5.1.1).
const MINIMUM_SECURITY: u8 = 0x16;

/// EF.IST (TS 31.103 4.2.7): no optional service; a P-CSCF is learnt from the network.
const IST: [u8; 2] = [0x00, 0x00];

/// Collects elements and counts their identification numbers.
struct Assembly {
    elements: Vec<Element>,
    next: u16,
}

impl Assembly {
    fn header(&mut self) -> PeHeader {
        let header = PeHeader::mandated(self.next);
        self.next += 1;
        header
    }

    fn push(&mut self, value: ProfileElement) -> Result<(), Error> {
        // No value made here lacks a tag or exceeds a length.
        let element = Element::new(value).ok_or(Error { field: "package", reason: "cannot be encoded" })?;
        self.elements.push(element);
        Ok(())
    }

    fn files(&mut self, arcs: &[u32], fill: impl FnOnce(Files) -> Result<Files, Error>) -> Result<(), Error> {
        let identification = self.header().identification;
        let files =
            Files::of(arcs, identification).ok_or(Error { field: "package", reason: "lacks a template" })?;
        self.push(ProfileElement::Template(fill(files)?.done()))
    }
}

/// Every element of a subscriber's profile.
pub(super) fn all(subscriber: &Subscriber) -> Result<Vec<Element>, Error> {
    let mut assembly = Assembly { elements: Vec::new(), next: 1 };
    assembly.push(profile_header(subscriber)?)?;
    assembly.files(&[1], |files| mf(subscriber, files))?;
    puk_codes(subscriber, &mut assembly)?;
    global_pins(subscriber, &mut assembly)?;
    assembly.files(&[3], |files| Ok(files.directory("df-telecom", PIN1_ADM1).access_rules("ef-arr")))?;

    assembly.files(&[4], |files| usim(subscriber, files))?;
    assembly.files(&[5], |files| optional_usim(subscriber, files))?;
    local_pins(subscriber, &mut assembly)?;
    authentication(subscriber, &mut assembly)?;
    assembly.files(&[7], |files| {
        Ok(files
            .directory("df-gsm-access", super::files::PIN1_PIN2_ADM1)
            .default("ef-kc")
            .default("ef-kcgprs"))
    })?;
    if subscriber.five_g {
        assembly.files(&[13], |files| five_g(subscriber, files))?;
    }
    if subscriber.isim {
        assembly.files(&[8], |files| isim(subscriber, files))?;
        local_pins(subscriber, &mut assembly)?;
        authentication(subscriber, &mut assembly)?;
    }
    security_domain(subscriber, &mut assembly)?;
    remote_file_managers(subscriber, &mut assembly)?;
    let header = assembly.header();
    assembly.push(ProfileElement::End(End { header, unknown: Rest::default() }))?;
    Ok(assembly.elements)
}

fn profile_header(subscriber: &Subscriber) -> Result<ProfileElement, Error> {
    let mut templates: Vec<&[u32]> = vec![&[1], &[3], &[4], &[5], &[7]];
    let mut services = Services::of(&[Service::Usim]).with(match &subscriber.authentication {
        Authentication::Milenage { .. } => Service::Milenage,
        Authentication::Tuak { key, .. } if key.len() == 32 => Service::Tuak256,
        Authentication::Tuak { .. } => Service::Tuak128,
        Authentication::UsimTest { .. } => Service::UsimTestAlgorithm,
    });
    if subscriber.isim {
        services = services.with(Service::Isim);
        templates.push(&[8]);
    }
    if subscriber.five_g {
        templates.push(&[13]);
    }
    let oid = |arcs: &&[u32]| ObjectIdentifier::new([&TEMPLATE_ARCS[..], arcs].concat());
    Ok(ProfileElement::Header(ProfileHeader {
        major_version: 2,
        minor_version: 3,
        profile_type: Some(subscriber.profile_type.clone()),
        iccid: octets(&coding::iccid_in_header(&subscriber.iccid).map_err(field("iccid"))?),
        pol: None,
        mandatory_services: services,
        mandatory_templates: templates.iter().filter_map(oid).collect(),
        connectivity_parameters: None,
        mandatory_aids: None,
        unknown: Rest::default(),
    }))
}

fn mf(subscriber: &Subscriber, files: Files) -> Result<Files, Error> {
    let mut applications = vec![coding::encode_dir(&USIM_AID, "USIM")];
    if subscriber.isim {
        applications.push(coding::encode_dir(&ISIM_AID, "ISIM"));
    }
    Ok(files
        .directory("mf", PIN1_ADM1)
        .sized("ef-pl", &languages(subscriber)?)
        .content("ef-iccid", &coding::encode_iccid(&subscriber.iccid).map_err(field("iccid"))?)
        .records("ef-dir", 38, &applications)
        .access_rules("ef-arr"))
}

/// EF.PL and EF.LI in one coding: two letters each, `FF` for an open place.
fn languages(subscriber: &Subscriber) -> Result<Vec<u8>, Error> {
    let mut coded = Vec::new();
    for language in &subscriber.languages {
        let fits = language.len() == 2 && language.bytes().all(|letter| letter.is_ascii_lowercase());
        ensure(fits, "languages", "are not of two small letters each")?;
        coded.extend(language.bytes());
    }
    coded.resize(6, 0xFF);
    Ok(coded)
}

fn usim(subscriber: &Subscriber, files: Files) -> Result<Files, Error> {
    let emergency = subscriber.emergency_numbers.iter().map(|(number, category)| {
        coding::encode_emergency_number(number, *category)
            .map(|record| record.to_vec())
            .map_err(field("emergency_numbers"))
    });
    let files = files
        .adf("adf-usim", USIM_FID, &USIM_AID)
        .content("ef-imsi", &coding::encode_imsi(&subscriber.imsi).map_err(field("imsi"))?)
        .access_rules("ef-arr")
        .sized("ef-ust", &service_table(subscriber))
        // Fixed dialling is a service that this profile does not have.
        .without("ef-fdn")
        .content(
            "ef-spn",
            &coding::encode_spn(&subscriber.spn, subscriber.spn_display).map_err(field("spn"))?,
        )
        .content("ef-est", &[0])
        .content("ef-acc", &coding::access_class(&subscriber.imsi).map_err(field("imsi"))?)
        .content("ef-ad", &[0, 0, 0, subscriber.mnc_len])
        .content("ef-fplmn", &networks(&subscriber.forbidden_networks, 4, "forbidden_networks")?)
        .records("ef-ecc", 4, &emergency.collect::<Result<Vec<_>, _>>()?);
    match &subscriber.smsc {
        None => Ok(files),
        Some(number) => Ok(files.content("ef-smsp", &service_centre(number)?)),
    }
}

/// EF.UST: what the files of this profile back, and nothing else (TS 31.102 4.2.8).
fn service_table(subscriber: &Subscriber) -> [u8; 17] {
    let mut table = [0; 17];
    // SMS, SMSP, SPN, user PLMN selector, GSM access, "shall be 1", GSM security context, operator and home PLMN
    // selectors, EPS mobility information.
    let always = [10, 12, 19, 20, 27, 33, 38, 42, 43, 85];
    let on_condition = [
        (17, subscriber.gid1.is_some()),
        (21, subscriber.msisdn.is_some()),
        (71, !subscriber.equivalent_networks.is_empty()),
        (122, subscriber.five_g),
        (123, subscriber.five_g),
        (124, subscriber.five_g && !subscriber.home_network_keys.is_empty()),
        (126, subscriber.five_g),
    ];
    let chosen = on_condition.into_iter().filter(|(_, condition)| *condition).map(|(number, _)| number);
    for number in always.into_iter().chain(chosen) {
        coding::set_service(&mut table, number, true);
    }
    table
}

/// A record of EF.SMSP (TS 31.102 4.2.27) with nothing but the service centre.
fn service_centre(number: &str) -> Result<Vec<u8>, Error> {
    const NAME: usize = 10;
    let coded = coding::encode_number("", number, 14).map_err(field("smsc"))?;
    let mut record = vec![0xFF; 38];
    // Bit 2 clear: the service centre address is present.
    record[NAME] = 0xFD;
    record[NAME + 13..NAME + 25].copy_from_slice(&coded[..12]);
    Ok(record)
}

fn optional_usim(subscriber: &Subscriber, files: Files) -> Result<Files, Error> {
    let home = (String::from(subscriber.home()), ALL_TECHNOLOGIES);
    let mut files = files
        .content("ef-li", &languages(subscriber)?)
        .default("ef-plmnwact")
        .content("ef-hplmnwact", &selector(core::slice::from_ref(&home), 1, "imsi")?);
    let places = subscriber.preferred_networks.len().max(8);
    files =
        files.sized("ef-oplmnwact", &selector(&subscriber.preferred_networks, places, "preferred_networks")?);
    if let Some(gid1) = &subscriber.gid1 {
        files = files.sized("ef-gid1", gid1);
    }
    if let Some(number) = &subscriber.msisdn {
        files = files.content("ef-msisdn", &coding::encode_number("", number, 24).map_err(field("msisdn"))?);
    }
    if !subscriber.equivalent_networks.is_empty() {
        // Once there is a list, the home network must stand in it.
        let mut all = vec![String::from(subscriber.home())];
        all.extend(subscriber.equivalent_networks.iter().cloned());
        files = files.sized("ef-ehplmn", &networks(&all, all.len(), "equivalent_networks")?);
    }
    Ok(files)
}

/// Networks in three octets each, `FF` for open places.
fn networks(list: &[String], places: usize, name: &'static str) -> Result<Vec<u8>, Error> {
    let mut coded = Vec::new();
    for network in list {
        coded.extend(coding::encode_plmn(network).map_err(field(name))?);
    }
    coded.resize(3 * places, 0xFF);
    Ok(coded)
}

/// Networks with access technologies, five octets each (TS 31.102 4.2.5).
fn selector(list: &[(String, u16)], places: usize, name: &'static str) -> Result<Vec<u8>, Error> {
    let mut coded = Vec::new();
    for (network, technologies) in list {
        coded.extend(coding::encode_plmn(network).map_err(field(name))?);
        coded.extend(technologies.to_be_bytes());
    }
    while coded.len() < 5 * places {
        coded.extend([0xFF, 0xFF, 0xFF, 0x00, 0x00]);
    }
    Ok(coded)
}

fn five_g(subscriber: &Subscriber, files: Files) -> Result<Files, Error> {
    let mut files = files
        .directory("df-df-5gs", super::files::PIN1_PIN2_ADM1)
        .default("ef-5gs3gpploci")
        .default("ef-5gsn3gpploci")
        .default("ef-5gs3gppnsc")
        .default("ef-5gsn3gppnsc")
        .default("ef-5gauthkeys")
        .content("ef-uac-aic", &[0; 4]);
    if !subscriber.home_network_keys.is_empty() {
        files = files.sized("ef-suci-calc-info", &concealment(subscriber));
    }
    Ok(files.default("ef-routing-indicator"))
}

/// EF.SUCI_Calc_Info (TS 31.102 4.4.11.8): schemes by priority with the index of their key, then the keys.
fn concealment(subscriber: &Subscriber) -> Vec<u8> {
    let mut schemes = Vec::new();
    let mut keys = Vec::new();
    for (index, key) in subscriber.home_network_keys.iter().enumerate() {
        schemes.extend([key.scheme, index as u8 + 1]);
        keys.extend(tlv::make(0x80, &[key.identifier]));
        keys.extend(tlv::make(0x81, &key.key));
    }
    let mut content = tlv::make(0xA0, &schemes);
    content.extend(tlv::make(0xA1, &keys));
    content
}

fn isim(subscriber: &Subscriber, files: Files) -> Result<Files, Error> {
    let (mcc, mnc) = subscriber.home().split_at(3);
    let domain = format!("ims.mnc{mnc:0>3}.mcc{mcc}.3gppnetwork.org");
    let private = format!("{}@{domain}", subscriber.imsi);
    let public = format!("sip:{private}");
    let text = |value: &str| tlv::make(0x80, value.as_bytes());
    let public = text(&public);
    Ok(files
        .adf("adf-isim", ISIM_FID, &ISIM_AID)
        .sized("ef-impi", &text(&private))
        .records("ef-impu", public.len() as u8, core::slice::from_ref(&public))
        .sized("ef-domain", &text(&domain))
        .sized("ef-ist", &IST)
        .content("ef-ad", &[0, 0, 0])
        .access_rules("ef-arr"))
}

fn puk_codes(subscriber: &Subscriber, assembly: &mut Assembly) -> Result<(), Error> {
    let code = |key_reference, code: &str, name| {
        ensure(code.len() == 8, name, "has not 8 digits")?;
        let value = pin_value(code, name)?;
        Ok(PukConfiguration {
            key_reference,
            value,
            attempts: codes::default_puk_attempts(),
            unknown: Rest::default(),
        })
    };
    let puks = vec![code(0x01, &subscriber.codes.puk1, "puk1")?, code(0x81, &subscriber.codes.puk2, "puk2")?];
    let header = assembly.header();
    assembly.push(ProfileElement::PukCodes(PukCodes { header, puks, unknown: Rest::default() }))
}

fn global_pins(subscriber: &Subscriber, assembly: &mut Assembly) -> Result<(), Error> {
    let own = &subscriber.codes;
    let pin1 = PinConfiguration {
        key_reference: 0x01,
        value: pin_value(&own.pin1, "pin1")?,
        unblocking_reference: Some(0x01),
        attributes: if own.pin1_enabled { 0x07 } else { 0x06 },
        attempts: codes::default_pin_attempts(),
        unknown: Rest::default(),
    };
    let adm1 = PinConfiguration {
        key_reference: 0x0A,
        value: Secret::new(&own.adm1),
        unblocking_reference: None,
        attributes: 0x03,
        attempts: codes::default_puk_attempts(),
        unknown: Rest::default(),
    };
    pins(vec![pin1, adm1], assembly)
}

fn local_pins(subscriber: &Subscriber, assembly: &mut Assembly) -> Result<(), Error> {
    let pin2 = PinConfiguration {
        key_reference: 0x81,
        value: pin_value(&subscriber.codes.pin2, "pin2")?,
        unblocking_reference: Some(0x81),
        attributes: 0x03,
        attempts: codes::default_pin_attempts(),
        unknown: Rest::default(),
    };
    pins(vec![pin2], assembly)
}

fn pins(list: Vec<PinConfiguration>, assembly: &mut Assembly) -> Result<(), Error> {
    let header = assembly.header();
    let pins = PinList::Configured(list);
    assembly.push(ProfileElement::PinCodes(PinCodes { header, pins, unknown: Rest::default() }))
}

/// Digits in ASCII, `FF` padding (TS 102 221 9.5.1).
fn pin_value(code: &str, name: &'static str) -> Result<Secret, Error> {
    let fits = (4..=8).contains(&code.len()) && code.bytes().all(|digit| digit.is_ascii_digit());
    ensure(fits, name, "has not 4 to 8 digits")?;
    let mut value = code.as_bytes().to_vec();
    value.resize(8, 0xFF);
    Ok(Secret::new(&value))
}

fn authentication(subscriber: &Subscriber, assembly: &mut Assembly) -> Result<(), Error> {
    let (algorithm, options, key, opc, keccak_iterations) = match &subscriber.authentication {
        Authentication::Milenage { ki, opc } => (1, 0x01, &ki[..], &opc[..], 1),
        Authentication::Tuak { key, topc, iterations } => (2, 0x01, &key[..], &topc[..], *iterations),
        Authentication::UsimTest { key } => (3, 0x02, &key[..], &[0; 16][..], 1),
    };
    let algorithm = AlgoConfiguration::Algorithm(AlgoParameter {
        algorithm,
        options: octets(&[options]),
        key: Secret::new(key),
        opc: Secret::new(opc),
        rotation: codes::default_rotation(),
        xoring: codes::default_xoring(),
        auth_counter_max: None,
        keccak_iterations,
        unknown: Rest::default(),
    });
    let header = assembly.header();
    assembly.push(ProfileElement::AkaParameter(AkaParameter {
        header,
        algorithm,
        sqn_options: codes::default_sqn_options(),
        sqn_delta: codes::default_sqn_window(),
        sqn_age_limit: codes::default_sqn_window(),
        sqn_init: codes::default_sqn_init(),
        unknown: Rest::default(),
    }))
}

fn security_domain(subscriber: &Subscriber, assembly: &mut Assembly) -> Result<(), Error> {
    let header = assembly.header();
    let instance = ApplicationInstance {
        load_package_aid: octets(&SD_PACKAGE),
        class_aid: octets(&SD_CLASS),
        instance_aid: octets(&SD_INSTANCE),
        extradite_to: None,
        // Security domain, CVM management; trusted path, authorised management, global delete, lock and registry.
        privileges: octets(&[0x82, 0xDC, 0x00]),
        life_cycle: octets(&[0x0F]),
        // Secure channel protocol 80, secured messages over the air.
        parameters: octets(&[0x81, 0x02, 0x80, 0x00]),
        // Without keys that somebody knows, it takes no messages.
        unknown: subscriber.ota.as_ref().map_or_else(Rest::default, |_| reachable_by(&SD_TARS)),
    };
    let unmanaged = subscriber.domain_keys.map(|keys| OtaKeys { version: 1, keys });
    let keys = subscriber.ota.clone().or(unmanaged).as_ref().map(domain_keys);
    let domain = SecurityDomain { header, instance, keys, perso_data: None, unknown: Rest::default() };
    assembly.push(ProfileElement::SecurityDomain(domain))
}

/// UICC toolkit parameters: no priority, timers, texts, menu entries or channels; security level; references; no
/// services (TS 102 226 8.2.1.3.2.2).
fn reachable_by(tars: &[u8]) -> Rest {
    let security = [0x02, 0x01, MINIMUM_SECURITY, tars.len() as u8];
    let toolkit = [&[0x01, 0, 0, 0, 0][..], &security, tars, &[0x00]].concat();
    Rest(vec![Any::new(tlv::make(0xEA, &tlv::make(0x80, &toolkit)))])
}

/// Key identifier 1 ciphers, 2 authenticates, 3 wraps keys (GlobalPlatform card specification 11.1.9).
fn domain_keys(ota: &OtaKeys) -> Vec<KeyObject> {
    const USAGE: [u8; 3] = [0x18, 0x14, 0x48];
    let object = |(index, (usage, key)): (usize, (&u8, &[u8; 16]))| KeyObject {
        usage: octets(&[*usage]),
        access: octets(&[0x00]),
        identifier: octets(&[index as u8 + 1]),
        version: octets(&[ota.version]),
        counter: Some(octets(&[0; 5])),
        components: vec![KeyComponent {
            key_type: octets(&[0x88]),
            data: Secret::new(key),
            mac_length: 8,
            unknown: Rest::default(),
        }],
        unknown: Rest::default(),
    };
    USAGE.iter().zip(&ota.keys).enumerate().map(object).collect()
}

/// One for the files under the MF, one for each application, with the references of TS 101 220 annex D.
fn remote_file_managers(subscriber: &Subscriber, assembly: &mut Assembly) -> Result<(), Error> {
    remote_file_manager(1, [0xB0, 0x01, 0x20], None, assembly)?;
    remote_file_manager(2, [0xB0, 0x00, 0x11], Some(&USIM_AID), assembly)?;
    if subscriber.isim {
        remote_file_manager(3, [0xB0, 0x01, 0x41], Some(&ISIM_AID), assembly)?;
    }
    Ok(())
}

fn remote_file_manager(
    number: u8,
    tar: [u8; 3],
    adf: Option<&[u8]>,
    assembly: &mut Assembly,
) -> Result<(), Error> {
    // Access domain 00: everything, as far as the security level allows.
    let full = || octets(&[0x00]);
    let adf = adf.map(|aid| AdfRfmAccess {
        aid: octets(aid),
        access: full(),
        admin_access: full(),
        unknown: Rest::default(),
    });
    let header = assembly.header();
    assembly.push(ProfileElement::Rfm(Rfm {
        header,
        instance_aid: octets(&[0xA0, 0x00, 0x00, 0x05, 0x59, 0x10, 0x10, 0x00, number]),
        security_domain_aid: None,
        tars: Some(vec![octets(&tar)]),
        minimum_security: octets(&[MINIMUM_SECURITY]),
        uicc_access: full(),
        uicc_admin_access: full(),
        adf,
        unknown: Rest::default(),
    }))
}

fn octets(octets: &[u8]) -> OctetString {
    OctetString::from_slice(octets)
}
