//! Layouts of the messages that this network knows.

use super::Direction::{Both, Down, Up};
use super::Protocol::{Cp, Emm, Esm, Gmm, Mm, Sm};
use super::{Def, Format, Half, Ie};

const fn v(name: &'static str, clause: &'static str, length: usize) -> Ie {
    Ie { name, clause, format: Format::V(length) }
}
const fn pair(high: (&'static str, &'static str), low: (&'static str, &'static str)) -> Ie {
    Ie { name: high.0, clause: high.1, format: Format::Pair(Half { name: low.0, clause: low.1 }) }
}
const fn lv(name: &'static str, clause: &'static str) -> Ie {
    Ie { name, clause, format: Format::Lv }
}
const fn lve(name: &'static str, clause: &'static str) -> Ie {
    Ie { name, clause, format: Format::LvE }
}
const fn tv(iei: u8, name: &'static str, clause: &'static str, length: usize) -> Ie {
    Ie { name, clause, format: Format::Tv(iei, length) }
}
const fn tv1(iei: u8, name: &'static str, clause: &'static str) -> Ie {
    Ie { name, clause, format: Format::Tv1(iei) }
}
const fn tlv(iei: u8, name: &'static str, clause: &'static str) -> Ie {
    Ie { name, clause, format: Format::Tlv(iei) }
}
const fn tlve(iei: u8, name: &'static str, clause: &'static str) -> Ie {
    Ie { name, clause, format: Format::TlvE(iei) }
}

const SPARE: (&str, &str) = ("", "");
const KSI: (&str, &str) = ("NAS key set identifier", "TS 24.301 9.9.3.21");
const CKSN: (&str, &str) = ("Ciphering key sequence number", "TS 24.008 10.5.1.2");
const STANDBY: (&str, &str) = ("Force to standby", "TS 24.008 10.5.5.7");

const EMM_CAUSE: Ie = v("EMM cause", "TS 24.301 9.9.3.9", 1);
const ESM_CAUSE: Ie = v("ESM cause", "TS 24.301 9.9.4.4", 1);
const GMM_CAUSE: Ie = v("GMM cause", "TS 24.008 10.5.5.14", 1);
const SM_CAUSE: Ie = v("SM cause", "TS 24.008 10.5.6.6", 1);
const ESM_CONTAINER: Ie = lve("ESM message container", "TS 24.301 9.9.3.15");
const EPS_IDENTITY: Ie = lv("EPS mobile identity", "TS 24.301 9.9.3.12");
const GUTI: Ie = tlv(0x50, "GUTI", "TS 24.301 9.9.3.12");
const APN: Ie = tlv(0x28, "Access point name", "TS 24.008 10.5.6.1");
const MOBILE_IDENTITY: Ie = lv("Mobile identity", "TS 24.008 10.5.1.4");
const ROUTING_AREA: Ie = v("Routing area identification", "TS 24.008 10.5.5.15", 6);
const OLD_ROUTING_AREA: Ie = v("Old routing area identification", "TS 24.008 10.5.5.15", 6);

macro_rules! messages {
    ($($(#[$doc:meta])* $id:ident = $name:literal, $clause:literal, $protocol:ident $kind:literal $direction:ident [$($ie:expr),* $(,)?];)*) => {
        $($(#[$doc])* pub const $id: &Def = &Def {
            name: $name, clause: $clause, protocol: $protocol, kind: $kind, direction: $direction, ies: &[$($ie),*],
        };)*
        /// Every message of the table.
        pub const ALL: &[&Def] = &[$($id),*];
    };
}

messages! {
    /// The device wants to be registered.
    ATTACH_REQUEST = "ATTACH REQUEST", "TS 24.301 8.2.4", Emm 0x41 Up [
        pair(KSI, ("EPS attach type", "TS 24.301 9.9.3.11")), EPS_IDENTITY,
        lv("UE network capability", "TS 24.301 9.9.3.34"), ESM_CONTAINER,
    ];
    /// It is.
    ATTACH_ACCEPT = "ATTACH ACCEPT", "TS 24.301 8.2.1", Emm 0x42 Down [
        pair(SPARE, ("EPS attach result", "TS 24.301 9.9.3.10")), v("T3412 value", "TS 24.301 9.9.3.16", 1),
        lv("TAI list", "TS 24.301 9.9.3.33"), ESM_CONTAINER, GUTI,
        tv(0x13, "Location area identification", "TS 24.008 10.5.1.3", 5),
        tlv(0x23, "MS identity", "TS 24.008 10.5.1.4"), tv(0x53, "EMM cause", "TS 24.301 9.9.3.9", 1),
    ];
    /// The device has understood.
    ATTACH_COMPLETE = "ATTACH COMPLETE", "TS 24.301 8.2.2", Emm 0x43 Up [ESM_CONTAINER];
    /// It is not.
    ATTACH_REJECT = "ATTACH REJECT", "TS 24.301 8.2.3", Emm 0x44 Down [
        EMM_CAUSE, tlve(0x78, "ESM message container", "TS 24.301 9.9.3.15"),
    ];
    /// The device leaves.
    DETACH_REQUEST = "DETACH REQUEST", "TS 24.301 8.2.11.1", Emm 0x45 Up [
        pair(KSI, ("Detach type", "TS 24.301 9.9.3.7")), EPS_IDENTITY,
    ];
    /// The network sends it away.
    DETACH_REQUEST_NETWORK = "DETACH REQUEST", "TS 24.301 8.2.11.2", Emm 0x45 Down [
        pair(SPARE, ("Detach type", "TS 24.301 9.9.3.7")), tv(0x53, "EMM cause", "TS 24.301 9.9.3.9", 1),
    ];
    /// Either has understood.
    DETACH_ACCEPT = "DETACH ACCEPT", "TS 24.301 8.2.10", Emm 0x46 Both [];
    /// The device has moved, or shows that it is still there.
    TRACKING_AREA_UPDATE_REQUEST = "TRACKING AREA UPDATE REQUEST", "TS 24.301 8.2.29", Emm 0x48 Up [
        pair(KSI, ("EPS update type", "TS 24.301 9.9.3.14")), lv("Old GUTI", "TS 24.301 9.9.3.12"),
    ];
    /// Noted.
    TRACKING_AREA_UPDATE_ACCEPT = "TRACKING AREA UPDATE ACCEPT", "TS 24.301 8.2.26", Emm 0x49 Down [
        pair(SPARE, ("EPS update result", "TS 24.301 9.9.3.13")), tv(0x5A, "T3412 value", "TS 24.301 9.9.3.16", 1),
        GUTI, tlv(0x54, "TAI list", "TS 24.301 9.9.3.33"), tv(0x53, "EMM cause", "TS 24.301 9.9.3.9", 1),
    ];
    /// The network does not know the device.
    TRACKING_AREA_UPDATE_REJECT = "TRACKING AREA UPDATE REJECT", "TS 24.301 8.2.28", Emm 0x4B Down [EMM_CAUSE];
    /// A call, or packets again.
    EXTENDED_SERVICE_REQUEST = "EXTENDED SERVICE REQUEST", "TS 24.301 8.2.15", Emm 0x4C Up [
        pair(KSI, ("Service type", "TS 24.301 9.9.3.27")), lv("M-TMSI", "TS 24.008 10.5.1.4"),
    ];
    /// No.
    SERVICE_REJECT = "SERVICE REJECT", "TS 24.301 8.2.24", Emm 0x4E Down [EMM_CAUSE];
    /// A challenge.
    AUTHENTICATION_REQUEST = "AUTHENTICATION REQUEST", "TS 24.301 8.2.7", Emm 0x52 Down [
        pair(SPARE, KSI), v("RAND", "TS 24.008 10.5.3.1", 16), lv("AUTN", "TS 24.008 10.5.3.1.1"),
    ];
    /// Its answer.
    AUTHENTICATION_RESPONSE = "AUTHENTICATION RESPONSE", "TS 24.301 8.2.8", Emm 0x53 Up [
        lv("RES", "TS 24.301 9.9.3.4"),
    ];
    /// The answer was wrong.
    AUTHENTICATION_REJECT = "AUTHENTICATION REJECT", "TS 24.301 8.2.6", Emm 0x54 Down [];
    /// The challenge was wrong.
    AUTHENTICATION_FAILURE = "AUTHENTICATION FAILURE", "TS 24.301 8.2.5", Emm 0x5C Up [
        EMM_CAUSE, tlv(0x30, "AUTS", "TS 24.008 10.5.3.2.2"),
    ];
    /// Keys are taken into use.
    SECURITY_MODE_COMMAND = "SECURITY MODE COMMAND", "TS 24.301 8.2.20", Emm 0x5D Down [
        v("Selected NAS security algorithms", "TS 24.301 9.9.3.23", 1), pair(SPARE, KSI),
        lv("Replayed UE security capabilities", "TS 24.301 9.9.3.36"),
    ];
    /// They are.
    SECURITY_MODE_COMPLETE = "SECURITY MODE COMPLETE", "TS 24.301 8.2.21", Emm 0x5E Up [
        tlv(0x23, "IMEISV", "TS 24.008 10.5.1.4"),
    ];
    /// They are not.
    SECURITY_MODE_REJECT = "SECURITY MODE REJECT", "TS 24.301 8.2.22", Emm 0x5F Up [EMM_CAUSE];
    /// A message that was not understood.
    EMM_STATUS = "EMM STATUS", "TS 24.301 8.2.14", Emm 0x60 Both [EMM_CAUSE];
    /// A short message towards the device.
    DOWNLINK_NAS_TRANSPORT = "DOWNLINK NAS TRANSPORT", "TS 24.301 8.2.12", Emm 0x62 Down [
        lv("NAS message container", "TS 24.301 9.9.3.22"),
    ];
    /// A short message from the device.
    UPLINK_NAS_TRANSPORT = "UPLINK NAS TRANSPORT", "TS 24.301 8.2.30", Emm 0x63 Up [
        lv("NAS message container", "TS 24.301 9.9.3.22"),
    ];

    /// The session of a PDN connection.
    ACTIVATE_DEFAULT_BEARER_REQUEST =
        "ACTIVATE DEFAULT EPS BEARER CONTEXT REQUEST", "TS 24.301 8.3.6", Esm 0xC1 Down [
        lv("EPS QoS", "TS 24.301 9.9.4.3"), lv("Access point name", "TS 24.008 10.5.6.1"),
        lv("PDN address", "TS 24.301 9.9.4.9"), tlv(0x27, "Protocol configuration options", "TS 24.008 10.5.6.3"),
    ];
    /// Taken.
    ACTIVATE_DEFAULT_BEARER_ACCEPT =
        "ACTIVATE DEFAULT EPS BEARER CONTEXT ACCEPT", "TS 24.301 8.3.4", Esm 0xC2 Up [];
    /// The device wants a connection to a packet network.
    PDN_CONNECTIVITY_REQUEST = "PDN CONNECTIVITY REQUEST", "TS 24.301 8.3.20", Esm 0xD0 Up [
        pair(("PDN type", "TS 24.301 9.9.4.10"), ("Request type", "TS 24.301 9.9.4.14")),
        tv1(0xD, "ESM information transfer flag", "TS 24.301 9.9.4.5"), APN,
        tlv(0x27, "Protocol configuration options", "TS 24.008 10.5.6.3"),
    ];
    /// It gets none.
    PDN_CONNECTIVITY_REJECT = "PDN CONNECTIVITY REJECT", "TS 24.301 8.3.19", Esm 0xD1 Down [ESM_CAUSE];
    /// What the device would not say in clear.
    ESM_INFORMATION_REQUEST = "ESM INFORMATION REQUEST", "TS 24.301 8.3.13", Esm 0xD9 Down [];
    /// The APN.
    ESM_INFORMATION_RESPONSE = "ESM INFORMATION RESPONSE", "TS 24.301 8.3.14", Esm 0xDA Up [
        APN, tlv(0x27, "Protocol configuration options", "TS 24.008 10.5.6.3"),
    ];
    /// A message that was not understood.
    ESM_STATUS = "ESM STATUS", "TS 24.301 8.3.15", Esm 0xE8 Both [ESM_CAUSE];

    /// The device wants to be registered for packets.
    GPRS_ATTACH_REQUEST = "ATTACH REQUEST", "TS 24.008 9.4.1", Gmm 0x01 Up [
        lv("MS network capability", "TS 24.008 10.5.5.12"),
        pair(CKSN, ("Attach type", "TS 24.008 10.5.5.2")), v("DRX parameter", "TS 24.008 10.5.5.6", 2),
        MOBILE_IDENTITY, OLD_ROUTING_AREA,
        lv("MS radio access capability", "TS 24.008 10.5.5.12a"),
    ];
    /// It is.
    GPRS_ATTACH_ACCEPT = "ATTACH ACCEPT", "TS 24.008 9.4.2", Gmm 0x02 Down [
        pair(STANDBY, ("Attach result", "TS 24.008 10.5.5.1")),
        v("Periodic RA update timer", "TS 24.008 10.5.7.3", 1), v("Radio priority", "TS 24.008 10.5.7.2", 1),
        ROUTING_AREA,
        tlv(0x18, "Allocated P-TMSI", "TS 24.008 10.5.1.4"), tv(0x25, "GMM cause", "TS 24.008 10.5.5.14", 1),
    ];
    /// The device has understood.
    GPRS_ATTACH_COMPLETE = "ATTACH COMPLETE", "TS 24.008 9.4.3", Gmm 0x03 Up [];
    /// It is not.
    GPRS_ATTACH_REJECT = "ATTACH REJECT", "TS 24.008 9.4.4", Gmm 0x04 Down [GMM_CAUSE];
    /// The device leaves.
    GPRS_DETACH_REQUEST = "DETACH REQUEST", "TS 24.008 9.4.5.2", Gmm 0x05 Up [
        pair(SPARE, ("Detach type", "TS 24.008 10.5.5.5")), tlv(0x18, "P-TMSI", "TS 24.008 10.5.1.4"),
    ];
    /// The network sends it away.
    GPRS_DETACH_REQUEST_NETWORK = "DETACH REQUEST", "TS 24.008 9.4.5.1", Gmm 0x05 Down [
        pair(STANDBY, ("Detach type", "TS 24.008 10.5.5.5")), tv(0x25, "GMM cause", "TS 24.008 10.5.5.14", 1),
    ];
    /// Understood by the network.
    GPRS_DETACH_ACCEPT = "DETACH ACCEPT", "TS 24.008 9.4.6.1", Gmm 0x06 Down [pair(SPARE, STANDBY)];
    /// Understood by the device.
    GPRS_DETACH_ACCEPT_DEVICE = "DETACH ACCEPT", "TS 24.008 9.4.6.2", Gmm 0x06 Up [];
    /// The device has moved, or shows that it is still there.
    ROUTING_AREA_UPDATE_REQUEST = "ROUTING AREA UPDATE REQUEST", "TS 24.008 9.4.14", Gmm 0x08 Up [
        pair(CKSN, ("Update type", "TS 24.008 10.5.5.18")), OLD_ROUTING_AREA,
        lv("MS radio access capability", "TS 24.008 10.5.5.12a"), tlv(0x18, "P-TMSI", "TS 24.008 10.5.1.4"),
    ];
    /// Noted.
    ROUTING_AREA_UPDATE_ACCEPT = "ROUTING AREA UPDATE ACCEPT", "TS 24.008 9.4.15", Gmm 0x09 Down [
        pair(("Update result", "TS 24.008 10.5.5.17"), STANDBY),
        v("Periodic RA update timer", "TS 24.008 10.5.7.3", 1), ROUTING_AREA,
    ];
    /// The network does not know the device.
    ROUTING_AREA_UPDATE_REJECT = "ROUTING AREA UPDATE REJECT", "TS 24.008 9.4.17", Gmm 0x0B Down [
        GMM_CAUSE, pair(SPARE, STANDBY),
    ];
    /// Packets again.
    GPRS_SERVICE_REQUEST = "SERVICE REQUEST", "TS 24.008 9.4.20", Gmm 0x0C Up [
        pair(("Service type", "TS 24.008 10.5.5.20"), CKSN), lv("P-TMSI", "TS 24.008 10.5.1.4"),
    ];
    /// Yes.
    GPRS_SERVICE_ACCEPT = "SERVICE ACCEPT", "TS 24.008 9.4.21", Gmm 0x0D Down [];
    /// No.
    GPRS_SERVICE_REJECT = "SERVICE REJECT", "TS 24.008 9.4.22", Gmm 0x0E Down [GMM_CAUSE];
    /// A challenge.
    AUTHENTICATION_AND_CIPHERING_REQUEST =
        "AUTHENTICATION AND CIPHERING REQUEST", "TS 24.008 9.4.9", Gmm 0x12 Down [
        pair(("IMEISV request", "TS 24.008 10.5.5.10"), ("Ciphering algorithm", "TS 24.008 10.5.5.3")),
        pair(("A&C reference number", "TS 24.008 10.5.5.19"), STANDBY),
        tv(0x21, "RAND", "TS 24.008 10.5.3.1", 16), tv1(0x8, "Ciphering key sequence number", "TS 24.008 10.5.1.2"),
        tlv(0x28, "AUTN", "TS 24.008 10.5.3.1.1"),
    ];
    /// Its answer.
    AUTHENTICATION_AND_CIPHERING_RESPONSE =
        "AUTHENTICATION AND CIPHERING RESPONSE", "TS 24.008 9.4.10", Gmm 0x13 Up [
        pair(SPARE, ("A&C reference number", "TS 24.008 10.5.5.19")),
        tv(0x22, "RES", "TS 24.008 10.5.3.2", 4), tlv(0x29, "RES (extension)", "TS 24.008 10.5.3.2.1"),
    ];
    /// The answer was wrong.
    AUTHENTICATION_AND_CIPHERING_REJECT =
        "AUTHENTICATION AND CIPHERING REJECT", "TS 24.008 9.4.11", Gmm 0x14 Down [];
    /// The challenge was wrong.
    AUTHENTICATION_AND_CIPHERING_FAILURE =
        "AUTHENTICATION AND CIPHERING FAILURE", "TS 24.008 9.4.10a", Gmm 0x1C Up [
        GMM_CAUSE, tlv(0x30, "AUTS", "TS 24.008 10.5.3.2.2"),
    ];
    /// A message that was not understood.
    GMM_STATUS = "GMM STATUS", "TS 24.008 9.4.18", Gmm 0x20 Both [GMM_CAUSE];

    /// The device wants a connection to a packet network.
    ACTIVATE_PDP_CONTEXT_REQUEST = "ACTIVATE PDP CONTEXT REQUEST", "TS 24.008 9.5.1", Sm 0x41 Up [
        v("Requested NSAPI", "TS 24.008 10.5.6.2", 1), v("Requested LLC SAPI", "TS 24.008 10.5.6.9", 1),
        lv("Requested QoS", "TS 24.008 10.5.6.5"), lv("Requested PDP address", "TS 24.008 10.5.6.4"), APN,
    ];
    /// Its session.
    ACTIVATE_PDP_CONTEXT_ACCEPT = "ACTIVATE PDP CONTEXT ACCEPT", "TS 24.008 9.5.2", Sm 0x42 Down [
        v("Negotiated LLC SAPI", "TS 24.008 10.5.6.9", 1), lv("Negotiated QoS", "TS 24.008 10.5.6.5"),
        pair(SPARE, ("Radio priority", "TS 24.008 10.5.7.2")), tlv(0x2B, "PDP address", "TS 24.008 10.5.6.4"),
    ];
    /// It gets none.
    ACTIVATE_PDP_CONTEXT_REJECT = "ACTIVATE PDP CONTEXT REJECT", "TS 24.008 9.5.3", Sm 0x43 Down [SM_CAUSE];

    /// The device wants a call or a supplementary service.
    CM_SERVICE_REQUEST = "CM SERVICE REQUEST", "TS 24.008 9.2.9", Mm 0x24 Up [
        pair(CKSN, ("CM service type", "TS 24.008 10.5.3.3")), lv("Mobile station classmark", "TS 24.008 10.5.1.6"),
        MOBILE_IDENTITY,
    ];
    /// It may.
    CM_SERVICE_ACCEPT = "CM SERVICE ACCEPT", "TS 24.008 9.2.5", Mm 0x21 Down [];
    /// It may not.
    CM_SERVICE_REJECT = "CM SERVICE REJECT", "TS 24.008 9.2.6", Mm 0x22 Down [
        v("Reject cause", "TS 24.008 10.5.3.6", 1),
    ];

    /// A short message, or what the relay layer says of one.
    CP_DATA = "CP-DATA", "TS 24.011 7.2.1", Cp 0x01 Both [lv("CP-User data", "TS 24.011 8.1.4.1")];
    /// CP-DATA has come.
    CP_ACK = "CP-ACK", "TS 24.011 7.2.2", Cp 0x04 Both [];
}
