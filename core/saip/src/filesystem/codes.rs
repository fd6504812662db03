//! PINs, unblocking codes, authentication parameters.

use alloc::format;
use alloc::vec::Vec;

use super::requirement::{Outcome, Requirement};
use super::{Installer, file};
use crate::error::Status;
use crate::image::{Aka, Algorithm, Path, Pin, PinScope, Puk, SharedPins};
use crate::pe::{
    AkaParameter, AlgoConfiguration, AlgoParameter, PinCodes, PinConfiguration, PinList, PukCodes, Service,
};

const PIN_ONCE: Requirement = Requirement::values("TCA profile package 8.5.1", "a PIN is defined once");
const PIN_REFERENCE: Requirement =
    Requirement::values("TCA profile package 8.5.1", "keyReference of a PIN is one that the standard has");
const PIN_LENGTH: Requirement = Requirement::values("TCA profile package 8.5.1", "pinValue has 8 octets");
const PUK_ONCE: Requirement =
    Requirement::values("TCA profile package 8.5.2", "an unblocking code is defined once");
const PUK_REFERENCE: Requirement = Requirement::values(
    "TCA profile package 8.5.2",
    "keyReference of an unblocking code is one that the standard has",
);
const PUK_LENGTH: Requirement = Requirement::values("TCA profile package 8.5.2", "pukValue has 8 octets");
const ATTEMPTS: Requirement = Requirement::values(
    "TCA profile package 8.5",
    "a code has one try or more, and no more of them left than it has",
);
const AKA_LENGTHS: Requirement = Requirement::values(
    "TCA profile package 8.4.2",
    "key, OPc, constants and counters are as long as the algorithm has them",
);
const SQN_INIT: Requirement =
    Requirement::values("TCA profile package 8.4.2", "sqnInit has 32 sequence numbers");
const AKA_AFTER_NAA: Requirement = Requirement::values(
    "TCA profile package 8.1.3",
    "authentication parameters come after the application that they are of",
);
const ALGORITHM: Requirement = Requirement::support(
    Status::FeatureNotSupported,
    "TCA profile package 8.4.2",
    "algorithmID is one that the standard has",
);
const NOT_LEFT_OUT: Requirement = Requirement::support(
    Status::PeNotSupported,
    "TCA profile package 7.2",
    "the application that the element belongs to has not been left out",
);

impl Installer {
    pub(super) fn pin_codes(&mut self, element: &PinCodes) -> Outcome<()> {
        let context = self.context()?;
        match &element.pins {
            PinList::Shared(path) => {
                let owner = file::absolute(path)?;
                self.image.shared_pins.push(SharedPins { directory: context, owner });
            }
            PinList::Configured(pins) => {
                for configuration in pins {
                    let pin = pin(configuration, &context)?;
                    let twin = |other: &Pin| other.scope == pin.scope && other.reference == pin.reference;
                    if self.image.pins.iter().any(twin) {
                        return PIN_ONCE.refuse(format!("PIN {:02X} defined twice", pin.reference));
                    }
                    self.pin_elements.push((element.header.identification, self.image.pins.len()));
                    self.image.pins.push(pin);
                }
            }
        }
        Ok(())
    }

    pub(super) fn puk_codes(&mut self, element: &PukCodes) -> Outcome<()> {
        let context = self.context()?;
        for configuration in &element.puks {
            let (max_attempts, attempts_left) = attempts(configuration.attempts)?;
            let puk = Puk {
                scope: if context.len() == 1 { PinScope::Global } else { PinScope::Local(context.clone()) },
                reference: configuration.key_reference,
                value: fixed(&PUK_LENGTH, "pukValue", configuration.value.expose())?,
                max_attempts,
                attempts_left,
            };
            if !matches!(puk.reference, 0x01..=0x08 | 0x81..=0x88) {
                return PUK_REFERENCE
                    .refuse(format!("no unblocking code has reference {:02X}", puk.reference));
            }
            if self
                .image
                .puks
                .iter()
                .any(|other| other.scope == puk.scope && other.reference == puk.reference)
            {
                return PUK_ONCE.refuse(format!("unblocking code {:02X} defined twice", puk.reference));
            }
            self.image.puks.push(puk);
        }
        Ok(())
    }

    pub(super) fn aka_parameter(&mut self, element: &AkaParameter) -> Outcome<()> {
        let context = self.context()?;
        let algorithm = match &element.algorithm {
            AlgoConfiguration::Mapping(mapping) => Algorithm::Mapping {
                aid: mapping.source.to_vec(),
                options: mapping.options.first().copied().unwrap_or(0),
            },
            AlgoConfiguration::Algorithm(parameters) => self.algorithm(parameters)?,
        };
        let (options, auth_counter_max) = match &element.algorithm {
            AlgoConfiguration::Mapping(_) => (0, None),
            AlgoConfiguration::Algorithm(own) => {
                (fixed::<1>(&AKA_LENGTHS, "algorithmOptions", &own.options)?[0], counter(own)?)
            }
        };
        if element.sqn_init.len() != 32 {
            return SQN_INIT.refuse("sqnInit has not 32 entries");
        }
        let aka = Aka {
            algorithm,
            options,
            sqn_options: fixed::<1>(&AKA_LENGTHS, "sqnOptions", &element.sqn_options)?[0],
            sqn_delta: fixed(&AKA_LENGTHS, "sqnDelta", &element.sqn_delta)?,
            sqn_age_limit: fixed(&AKA_LENGTHS, "sqnAgeLimit", &element.sqn_age_limit)?,
            sqn: element
                .sqn_init
                .iter()
                .map(|seq| fixed(&AKA_LENGTHS, "sqnInit", seq))
                .collect::<Outcome<_>>()?,
            auth_counter_max,
        };
        let Some(naa) = self.image.naas.iter_mut().find(|naa| naa.adf == context) else {
            return AKA_AFTER_NAA.refuse("no application before it");
        };
        naa.aka = Some(aka);
        Ok(())
    }

    fn algorithm(&self, parameters: &AlgoParameter) -> Outcome<Algorithm> {
        let key = parameters.key.expose();
        match parameters.algorithm {
            1 => {
                self.require(Service::Milenage)?;
                let (xoring, rest) = parameters.xoring.as_chunks::<16>();
                Ok(Algorithm::Milenage {
                    key: fixed(&AKA_LENGTHS, "key", key)?,
                    opc: fixed(&AKA_LENGTHS, "opc", parameters.opc.expose())?,
                    rotation: fixed(&AKA_LENGTHS, "rotationConstants", &parameters.rotation)?,
                    xoring: match <[[u8; 16]; 5]>::try_from(xoring) {
                        Ok(constants) if rest.is_empty() => constants,
                        _ => return AKA_LENGTHS.refuse("xoringConstants has not 80 octets"),
                    },
                })
            }
            2 => {
                match key.len() {
                    16 => self.require(Service::Tuak128)?,
                    32 => self.require(Service::Tuak256)?,
                    _ => return AKA_LENGTHS.refuse("key has neither 16 nor 32 octets"),
                }
                let topc = fixed(&AKA_LENGTHS, "opc", parameters.opc.expose())?;
                Ok(Algorithm::Tuak { key: key.to_vec(), topc, iterations: parameters.keccak_iterations })
            }
            3 => {
                self.require(Service::UsimTestAlgorithm)?;
                Ok(Algorithm::UsimTest { key: fixed(&AKA_LENGTHS, "key", key)? })
            }
            other => ALGORITHM.refuse(format!("algorithm {other}")),
        }
    }

    fn context(&self) -> Outcome<Path> {
        match &self.context {
            Some(context) => Ok(context.clone()),
            None => NOT_LEFT_OUT.refuse("belongs to an application that was skipped"),
        }
    }
}

fn pin(configuration: &PinConfiguration, context: &Path) -> Outcome<Pin> {
    let reference = configuration.key_reference;
    let scope = match reference {
        0x01..=0x08 | 0x0A..=0x0E | 0x11 => PinScope::Global,
        0x81..=0x88 | 0x8A..=0x8E => PinScope::Local(context.clone()),
        _ => return PIN_REFERENCE.refuse(format!("no PIN has reference {reference:02X}")),
    };
    let (max_attempts, attempts_left) = attempts(configuration.attempts)?;
    Ok(Pin {
        scope,
        reference,
        value: fixed(&PIN_LENGTH, "pinValue", configuration.value.expose())?,
        unblocking: configuration.unblocking_reference,
        attributes: configuration.attributes,
        max_attempts,
        attempts_left,
    })
}

/// Maximum in the high nibble, left in the low one.
fn attempts(coded: u8) -> Outcome<(u8, u8)> {
    let (max, left) = (coded >> 4, coded & 0x0F);
    if max == 0 || left > max {
        return ATTEMPTS.refuse(format!("{left} of {max} tries left"));
    }
    Ok((max, left))
}

fn counter(parameters: &AlgoParameter) -> Outcome<Option<u32>> {
    let Some(max) = &parameters.auth_counter_max else {
        return Ok(None);
    };
    let [high, middle, low] = fixed(&AKA_LENGTHS, "authCounterMax", max)?;
    Ok(Some(u32::from_be_bytes([0, high, middle, low])))
}

fn fixed<const N: usize>(length: &Requirement, field: &str, octets: &[u8]) -> Outcome<[u8; N]> {
    octets.try_into().or_else(|_| length.refuse(format!("{field} has {} octets, not {N}", octets.len())))
}

impl Installer {
    /// The identification number of the element that brought a PIN.
    pub(super) fn element_of_pin(&self, index: usize) -> Option<u16> {
        self.pin_elements.iter().find(|(_, pin)| *pin == index).map(|(identification, _)| *identification)
    }

    /// PINs whose unblocking code no element defines.
    pub(super) fn orphans(&self) -> Vec<usize> {
        let defined = |pin: &Pin, reference: u8| {
            let fits = |puk: &Puk| puk.scope == pin.scope || puk.scope == PinScope::Global;
            self.image.puks.iter().any(|puk| puk.reference == reference && fits(puk))
        };
        let orphan = |pin: &Pin| pin.unblocking.is_some_and(|reference| !defined(pin, reference));
        self.image.pins.iter().enumerate().filter(|(_, pin)| orphan(pin)).map(|(index, _)| index).collect()
    }
}
