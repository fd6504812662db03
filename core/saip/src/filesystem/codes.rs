//! PINs, unblocking codes, authentication parameters.

use alloc::format;
use alloc::vec::Vec;

use super::{Installer, Outcome, bad, file, unsupported};
use crate::error::Status;
use crate::image::{Aka, Algorithm, Path, Pin, PinScope, Puk, SharedPins};
use crate::pe::{
    AkaParameter, AlgoConfiguration, AlgoParameter, PinCodes, PinConfiguration, PinList, PukCodes, Service,
};

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
                        return bad(format!("PIN {:02X} defined twice", pin.reference));
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
                value: fixed("pukValue", configuration.value.expose())?,
                max_attempts,
                attempts_left,
            };
            if !matches!(puk.reference, 0x01..=0x08 | 0x81..=0x88) {
                return bad(format!("no unblocking code has reference {:02X}", puk.reference));
            }
            if self
                .image
                .puks
                .iter()
                .any(|other| other.scope == puk.scope && other.reference == puk.reference)
            {
                return bad(format!("unblocking code {:02X} defined twice", puk.reference));
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
                (fixed::<1>("algorithmOptions", &own.options)?[0], counter(own)?)
            }
        };
        if element.sqn_init.len() != 32 {
            return bad("sqnInit has not 32 entries");
        }
        let aka = Aka {
            algorithm,
            options,
            sqn_options: fixed::<1>("sqnOptions", &element.sqn_options)?[0],
            sqn_delta: fixed("sqnDelta", &element.sqn_delta)?,
            sqn_age_limit: fixed("sqnAgeLimit", &element.sqn_age_limit)?,
            sqn: element.sqn_init.iter().map(|seq| fixed("sqnInit", seq)).collect::<Outcome<_>>()?,
            auth_counter_max,
        };
        let Some(naa) = self.image.naas.iter_mut().find(|naa| naa.adf == context) else {
            return bad("no application before it");
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
                    key: fixed("key", key)?,
                    opc: fixed("opc", parameters.opc.expose())?,
                    rotation: fixed("rotationConstants", &parameters.rotation)?,
                    xoring: match <[[u8; 16]; 5]>::try_from(xoring) {
                        Ok(constants) if rest.is_empty() => constants,
                        _ => return bad("xoringConstants has not 80 octets"),
                    },
                })
            }
            2 => {
                match key.len() {
                    16 => self.require(Service::Tuak128)?,
                    32 => self.require(Service::Tuak256)?,
                    _ => return bad("key has neither 16 nor 32 octets"),
                }
                let topc = fixed("opc", parameters.opc.expose())?;
                Ok(Algorithm::Tuak { key: key.to_vec(), topc, iterations: parameters.keccak_iterations })
            }
            3 => {
                self.require(Service::UsimTestAlgorithm)?;
                Ok(Algorithm::UsimTest { key: fixed("key", key)? })
            }
            other => unsupported(Status::FeatureNotSupported, format!("algorithm {other}")),
        }
    }

    fn context(&self) -> Outcome<Path> {
        match &self.context {
            Some(context) => Ok(context.clone()),
            None => unsupported(Status::PeNotSupported, "belongs to an application that was skipped"),
        }
    }
}

fn pin(configuration: &PinConfiguration, context: &Path) -> Outcome<Pin> {
    let reference = configuration.key_reference;
    let scope = match reference {
        0x01..=0x08 | 0x0A..=0x0E | 0x11 => PinScope::Global,
        0x81..=0x88 | 0x8A..=0x8E => PinScope::Local(context.clone()),
        _ => return bad(format!("no PIN has reference {reference:02X}")),
    };
    let (max_attempts, attempts_left) = attempts(configuration.attempts)?;
    Ok(Pin {
        scope,
        reference,
        value: fixed("pinValue", configuration.value.expose())?,
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
        return bad(format!("{left} of {max} tries left"));
    }
    Ok((max, left))
}

fn counter(parameters: &AlgoParameter) -> Outcome<Option<u32>> {
    let Some(max) = &parameters.auth_counter_max else {
        return Ok(None);
    };
    let [high, middle, low] = fixed("authCounterMax", max)?;
    Ok(Some(u32::from_be_bytes([0, high, middle, low])))
}

fn fixed<const N: usize>(field: &str, octets: &[u8]) -> Outcome<[u8; N]> {
    octets.try_into().or_else(|_| bad(format!("{field} has {} octets, not {N}", octets.len())))
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
