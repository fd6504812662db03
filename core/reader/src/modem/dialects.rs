//! The dialects that have been reported. docs/MODEMS.md says what the driver does about each.

use super::dialect::{Channels, Csim, Dialect, Echo, End, Errors, Form, Length, TestCommands};

const FORM: Form =
    Form { prefix: true, space: true, quotes: true, lower_case: false, length: Length::Digits, width: None };

/// A modem that does all of it as TS 27.007 says.
pub const STANDARD: Dialect = Dialect {
    name: "TS 27.007",
    source: "3GPP TS 27.007 8.17, 8.43, 8.45, 8.46",
    quote: "it will be up to the MT to manage the logical channel part of the APDU CLASS byte",
    echo: Echo::On,
    tests: TestCommands::Ok,
    channels: Channels::Numbered,
    closes: true,
    sets_class: true,
    csim: Csim::Whole,
    crsm: true,
    wants_upper_case: false,
    form: FORM,
    end: End::After,
    unsolicited: &[],
    errors: Errors::AsAsked,
};

/// All of them. Where a report names one deviation alone, the rest is as in [`STANDARD`], or is what the other reports of
/// that make say.
pub const DIALECTS: [Dialect; 17] = [
    STANDARD,
    Dialect {
        name: "Sierra Wireless MC7455",
        source: "estkme-group/lpac issue 138",
        quote: "+CCHO: 000000000385a7cf",
        channels: Channels::Opaque,
        csim: Csim::Missing,
        ..STANDARD
    },
    Dialect {
        name: "Sierra Wireless EM7590",
        source: "estkme-group/lpac pull request 139",
        quote: "in EM7590 AT+CGLA= is supported and AT+CGLA=? isn't",
        tests: TestCommands::Error,
        channels: Channels::Opaque,
        csim: Csim::Missing,
        errors: Errors::Plain,
        ..STANDARD
    },
    Dialect {
        name: "Sierra Wireless EM9191",
        source: "estkme-group/lpac issue 187",
        quote: "AT+CCHC not (weird that you can open but not close the channel)",
        closes: false,
        csim: Csim::Missing,
        errors: Errors::Words,
        ..STANDARD
    },
    Dialect {
        name: "Dell DW5821e",
        source: "estkme-group/lpac issue 164",
        quote: "AT+CSIM=10,\"0070000000\"",
        tests: TestCommands::Error,
        channels: Channels::Missing,
        ..STANDARD
    },
    Dialect {
        name: "Fibocom FM350-GL",
        source: "estkme-group/lpac issues 179 and 209, pull requests 442 and 445",
        quote: "T+CCHC=1 / AT+CCHO=\"A0000005591010FFFFFFFF8900000100\" / 1 / OK",
        echo: Echo::Clipped,
        tests: TestCommands::Silent,
        csim: Csim::Missing,
        form: Form { prefix: false, ..FORM },
        ..STANDARD
    },
    Dialect {
        name: "Fibocom FG132-GL",
        source: "estkme-group/lpac issue 300",
        quote: "AT+CCHO=? / ERROR / Device missing AT+CCHO support",
        tests: TestCommands::Error,
        csim: Csim::Missing,
        ..STANDARD
    },
    Dialect {
        name: "Quectel EG25",
        source: "estkme-group/lpac issue 164",
        quote: "open and close logical channel work with AT+CSIM, but a status command on the logical channel (`AT+CSIM=10,\"81F2000000\"`) fails",
        csim: Csim::BasicChannel,
        unsolicited: &["+QIND: SMS DONE"],
        ..STANDARD
    },
    Dialect {
        name: "Huawei MS2372h-517",
        source: "estkme-group/lpac issue 164",
        quote: "it can't open a logical channel. AT+CCHO is broken also - the command is accepted but always reports an error",
        channels: Channels::Broken,
        csim: Csim::NoChannels,
        unsolicited: &["^RSSI: 17", "^HCSQ:\"LTE\",45,38,90,12"],
        errors: Errors::Plain,
        ..STANDARD
    },
    Dialect {
        name: "SIMCom SIM7600",
        source: "estkme-group/lpac issue 168, Xinyuan-LilyGO/T-SIM7600X issue 77",
        quote: "AT+CMEE=1 / OK / AT+CPIN=\"1234\",\"1234\" / ERROR",
        tests: TestCommands::Error,
        channels: Channels::Missing,
        form: Form { space: false, quotes: false, ..FORM },
        errors: Errors::Plain,
        ..STANDARD
    },
    Dialect {
        name: "SIMCom SIM7670G",
        source: "FactbirdHQ/atat issue 221",
        quote: "OK / +CMQTTSTART: 0",
        end: End::Before,
        ..STANDARD
    },
    Dialect {
        name: "Foxconn T99W696",
        source: "estkme-group/lpac issue 428",
        quote: "Qualcomm based WWAN modules may only accept AT+CSIM commands with uppercase letters only",
        tests: TestCommands::Error,
        channels: Channels::Missing,
        wants_upper_case: true,
        form: Form { lower_case: true, ..FORM },
        ..STANDARD
    },
    Dialect {
        name: "Wavecom M1306",
        source: "faucamp/python-gsmmodem issue 19",
        quote: "my M1306 modem simply reply 'AT+CPIN: READY' without 'OK' appended",
        end: End::Missing,
        ..STANDARD
    },
    Dialect {
        name: "Ai-Thinker A7",
        source: "MaJerle/GSM_AT_commands_parser issue 7",
        quote: "+CPIN:READY",
        echo: Echo::Stuck,
        form: Form { space: false, ..FORM },
        end: End::Twice,
        ..STANDARD
    },
    Dialect {
        name: "a modem that leaves the class alone",
        source: "made up, from what a driver took for granted in estkme-group/lpac issue 138",
        quote: "will return the logical channel number, and will then by itself patch that number into the CLA byte",
        sets_class: false,
        csim: Csim::Missing,
        form: Form { length: Length::Octets, width: Some(76), ..FORM },
        unsolicited: &["RING", "+CMTI: \"SM\",3", "+CREG: 1"],
        ..STANDARD
    },
    Dialect {
        name: "Moxa OnCell G2150I",
        source: "Moxa OnCell G2150I AT Command Set, page 3-9",
        quote: "Due to the absence of locking, a CME_ERROR=3 is returned for the following instructions",
        tests: TestCommands::Error,
        channels: Channels::Missing,
        csim: Csim::Screened,
        ..STANDARD
    },
    Dialect {
        name: "Quectel EP06",
        source: "estkme-group/lpac issue 64",
        quote: "FWIW, I don't see these AT commands in the modem manual",
        tests: TestCommands::Error,
        channels: Channels::Missing,
        csim: Csim::Missing,
        ..STANDARD
    },
];
