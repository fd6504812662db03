//! PINs: verification state, VERIFY, CHANGE, DISABLE, ENABLE and UNBLOCK PIN (TS 102 221 9.4, 11.1.9 to 11.1.13).
//!
//! A verification counts on every logical channel and ends with the card session (11.1.9.1.1).
//!
//! A try is used up in non-volatile memory before the value is compared, and given back when it was right: power that
//! goes in between, or memory that takes no writes, gives nobody a try for nothing.

use esim_saip::image::{Image, Pin, PinScope};
use subtle::ConstantTimeEq;

use super::told::Rule;
use super::{Change, ChannelState, Keep, Uicc};
use crate::apdu::{Command, Response, Status};

/// Key reference of the universal PIN (TS 102 221 9.4.1).
const UNIVERSAL: u8 = 0x11;

/// Octets of a PIN value on the wire.
const LENGTH: usize = 8;

/// Bits of [`Pin::attributes`].
mod attribute {
    pub const ENABLED: u8 = 0x01;
    pub const CHANGEABLE: u8 = 0x02;
    pub const DISABLEABLE: u8 = 0x04;
    /// Ours, set by DISABLE PIN: the universal PIN stands in for the disabled one.
    pub const REPLACED: u8 = 0x80;
}

const THERE: Rule = Rule::new("TS 102 221 9.4", "the profile has the PIN that is named");
const UNIVERSAL_THERE: Rule =
    Rule::new("TS 102 221 11.1.11", "the profile has a universal PIN to replace another");
const CODE_THERE: Rule = Rule::new("TS 102 221 11.1.13", "the profile has an unblocking code for the PIN");
const NOT_BLOCKED: Rule = Rule::new("TS 102 221 11.1.9", "tries of the PIN are left");
const CODE_NOT_BLOCKED: Rule = Rule::new("TS 102 221 11.1.13", "tries of the unblocking code are left");
const ENABLED: Rule = Rule::new("TS 102 221 11.1.9", "the PIN is enabled");
const DISABLED: Rule = Rule::new("TS 102 221 11.1.12", "the PIN to be enabled is disabled");
const ALLOWED: Rule =
    Rule::new("TCA profile package, pinAttributes", "the attributes of the PIN allow the change");
const CODING: Rule = Rule::new("TS 102 221 9.5.1", "the new value has four to eight digits, then FF");
const PIN: Rule = Rule::new("TS 102 221 11.1.9", "the value presented is the PIN");
const PUK: Rule = Rule::new("TS 102 221 11.1.13", "the value presented is the unblocking code");

impl Uicc {
    /// VERIFY PIN. Without data it tells the tries left, also those of a disabled PIN (11.1.9.1.2).
    pub(super) fn verify_pin(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
        keep: Keep<'_>,
    ) -> Result<Response, Status> {
        let pin = self.addressed_pin(channel, command, 0x00)?;
        if !matches!(command.data.len(), 0 | LENGTH) {
            return Err(Status::WRONG_LENGTH);
        }
        let left = self.pin(pin).attempts_left;
        if command.data.is_empty() && left > 0 {
            return Err(Status::retries(left));
        }
        self.require_usable(pin)?;
        self.present(pin, command.data, keep)?;
        self.verified[pin] = true;
        Ok(Status::OK.into())
    }

    /// CHANGE PIN: old value, new value.
    pub(super) fn change_pin(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
        keep: Keep<'_>,
    ) -> Result<Response, Status> {
        let pin = self.addressed_pin(channel, command, 0x00)?;
        let (old, new) = two_values(command)?;
        self.require_usable(pin)?;
        self.require(pin, attribute::CHANGEABLE)?;
        self.check_coding(pin, new)?;
        self.present(pin, &old, keep)?;
        self.pin_mut(pin).value = new;
        self.verified[pin] = true;
        Ok(Status::OK.into())
    }

    /// DISABLE PIN. P1 `91`: the universal PIN takes its place.
    pub(super) fn disable_pin(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
        keep: Keep<'_>,
    ) -> Result<Response, Status> {
        let replaced = command.p1 == 0x80 | UNIVERSAL;
        let pin = self.addressed_pin(channel, command, if replaced { command.p1 } else { 0x00 })?;
        let value = one_value(command)?;
        self.require_usable(pin)?;
        self.require(pin, attribute::DISABLEABLE)?;
        if replaced {
            let is_there = self.find_pin(UNIVERSAL, channel.directory).is_some();
            self.told.must(&UNIVERSAL_THERE, || [UNIVERSAL], is_there, Status::REFERENCED_DATA_NOT_FOUND)?;
        }
        self.present(pin, &value, keep)?;
        let attributes = &mut self.pin_mut(pin).attributes;
        *attributes &= !attribute::ENABLED;
        if replaced {
            *attributes |= attribute::REPLACED;
        }
        Ok(Status::OK.into())
    }

    /// ENABLE PIN.
    pub(super) fn enable_pin(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
        keep: Keep<'_>,
    ) -> Result<Response, Status> {
        let pin = self.addressed_pin(channel, command, 0x00)?;
        let value = one_value(command)?;
        self.require_tries(pin)?;
        let attributes = || [self.pin(pin).attributes];
        let is_disabled = !is_enabled(self.pin(pin));
        self.told.must(&DISABLED, attributes, is_disabled, Status::CONDITIONS_NOT_SATISFIED)?;
        self.present(pin, &value, keep)?;
        self.switch_on(pin);
        Ok(Status::OK.into())
    }

    /// UNBLOCK PIN: unblocking code, new value. Without data it tells the tries left for the code.
    pub(super) fn unblock_pin(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
        keep: Keep<'_>,
    ) -> Result<Response, Status> {
        let pin = self.addressed_pin(channel, command, 0x00)?;
        let puk = self.told.that(&CODE_THERE, || [command.p2], find_puk(self.image(), self.pin(pin)));
        let puk = puk.ok_or(Status::REFERENCED_DATA_NOT_FOUND)?;
        let left = self.image().puks[puk].attempts_left;
        self.told.must(&CODE_NOT_BLOCKED, || [left], left > 0, Status::METHOD_BLOCKED)?;
        if command.data.is_empty() {
            return Err(Status::retries(left));
        }
        let (code, new) = two_values(command)?;
        self.require(pin, attribute::CHANGEABLE)?;
        self.check_coding(pin, new)?;
        self.present_puk(puk, &code, keep)?;
        let unblocked = self.pin_mut(pin);
        unblocked.value = new;
        unblocked.attempts_left = unblocked.max_attempts.max(1);
        self.switch_on(pin);
        Ok(Status::OK.into())
    }

    /// Whether the PIN with this reference, as seen from a directory, opens what it protects: verified, or disabled
    /// and, if the universal PIN replaces it, that one verified.
    pub(super) fn is_pin_satisfied(&self, reference: u8, directory: usize) -> bool {
        let Some(index) = self.find_pin(reference, directory) else { return false };
        let pin = self.pin(index);
        if is_enabled(pin) {
            return self.verified.get(index).copied().unwrap_or(false);
        }
        let replaced = pin.attributes & attribute::REPLACED != 0 && reference != UNIVERSAL;
        !replaced || self.is_pin_satisfied(UNIVERSAL, directory)
    }

    /// Whether the PIN with this reference exists and is enabled; for the PIN status template.
    pub(super) fn is_pin_enabled(&self, reference: u8, directory: usize) -> bool {
        self.find_pin(reference, directory).is_some_and(|index| is_enabled(self.pin(index)))
    }

    /// The end of an application session takes back the verifications that belong to it (TS 102 221 9.4.2), but not
    /// those of the universal PIN and of the administrator.
    pub(super) fn forget_application_pins(&mut self, adf: usize) {
        let references = self.pin_references(adf);
        for reference in references {
            let belongs = matches!(reference, 0x01..=0x08 | 0x81..=0x88);
            if let Some(index) = self.find_pin(reference, adf).filter(|_| belongs) {
                self.verified[index] = false;
            }
        }
    }

    /// The PIN that P2 names, seen from the current directory. `6A86` for a P1 other than `p1` or a reference that
    /// is none (table 9.3), `6A88` if the profile has no such PIN.
    fn addressed_pin(&self, channel: &ChannelState, command: &Command<'_>, p1: u8) -> Result<usize, Status> {
        let is_reference = matches!(command.p2 & 0x7F, 0x01..=0x08 | 0x0A..=0x0E) || command.p2 == UNIVERSAL;
        if command.p1 != p1 || !is_reference {
            return Err(Status::INCORRECT_P1_P2);
        }
        let found = self.find_pin(command.p2, channel.directory);
        self.told.that(&THERE, || [command.p2], found).ok_or(Status::REFERENCED_DATA_NOT_FOUND)
    }

    fn find_pin(&self, reference: u8, directory: usize) -> Option<usize> {
        let image = self.image();
        let position = |scope: &PinScope| {
            image.pins.iter().position(|pin| pin.reference == reference && pin.scope == *scope)
        };
        if reference & 0x80 == 0 {
            return position(&PinScope::Global);
        }
        let path = &self.fs.file(directory).path;
        (1..=path.len()).rev().find_map(|steps| {
            let place = &path[..steps];
            let owner = image.shared_pins.iter().find(|shared| shared.directory == place);
            position(&PinScope::Local(owner.map_or(place, |shared| &shared.owner[..]).to_vec()))
        })
    }

    fn pin(&self, index: usize) -> &Pin {
        &self.image().pins[index]
    }

    fn pin_mut(&mut self, index: usize) -> &mut Pin {
        self.changed(Change::Pins);
        &mut self.fs.image_mut().pins[index]
    }

    /// `6983` for a blocked PIN, `6984` for a disabled one.
    fn require_usable(&self, index: usize) -> Result<(), Status> {
        self.require_tries(index)?;
        let pin = self.pin(index);
        let attributes = || [pin.attributes];
        self.told.must(&ENABLED, attributes, is_enabled(pin), Status::REFERENCED_DATA_INVALIDATED)
    }

    fn require_tries(&self, index: usize) -> Result<(), Status> {
        let left = self.pin(index).attempts_left;
        self.told.must(&NOT_BLOCKED, || [left], left > 0, Status::METHOD_BLOCKED)
    }

    fn require(&self, index: usize, attribute: u8) -> Result<(), Status> {
        let attributes = self.pin(index).attributes;
        let allowed = attributes & attribute != 0;
        self.told.must(&ALLOWED, || [attributes], allowed, Status::CONDITIONS_NOT_SATISFIED)
    }

    /// Four to eight digits, then `FF` (TS 102 221 9.5.1). Administrative codes may be any octets.
    fn check_coding(&self, index: usize, value: [u8; LENGTH]) -> Result<(), Status> {
        let digits = value.iter().take_while(|octet| octet.is_ascii_digit()).count();
        let padded = value[digits..].iter().all(|octet| *octet == 0xFF);
        let administrative = matches!(self.pin(index).reference & 0x7F, 0x0A..=0x0E);
        let is_sound = administrative || (digits >= 4 && padded);
        self.told.must(&CODING, || value, is_sound, Status::INCORRECT_DATA)
    }

    /// Enabled and verified, no replacement.
    fn switch_on(&mut self, index: usize) {
        let attributes = &mut self.pin_mut(index).attributes;
        *attributes = (*attributes | attribute::ENABLED) & !attribute::REPLACED;
        self.verified[index] = true;
    }

    /// Uses up a try, then compares a value that was presented: `63Cx` with the tries left if it is wrong, all of them
    /// back if it is right. The caller has checked that the PIN is not blocked.
    fn present(&mut self, index: usize, value: &[u8], keep: Keep<'_>) -> Result<(), Status> {
        let left = self.pin(index).attempts_left.checked_sub(1).ok_or(Status::METHOD_BLOCKED)?;
        self.pin_mut(index).attempts_left = left;
        self.keep_now(Change::Pins, keep)?;
        let is_right = bool::from(self.pin(index).value.ct_eq(value));
        if !self.told.that(&PIN, || value, is_right) {
            self.verified[index] = false;
            return Err(Status::retries(left));
        }
        let pin = self.pin_mut(index);
        pin.attempts_left = pin.max_attempts.max(1);
        Ok(())
    }

    fn present_puk(&mut self, index: usize, value: &[u8; LENGTH], keep: Keep<'_>) -> Result<(), Status> {
        let left = self.image().puks[index].attempts_left.checked_sub(1).ok_or(Status::METHOD_BLOCKED)?;
        self.fs.image_mut().puks[index].attempts_left = left;
        self.keep_now(Change::Puks, keep)?;
        let puk = &mut self.fs.image_mut().puks[index];
        if !self.told.that(&PUK, || value, bool::from(puk.value.ct_eq(value))) {
            return Err(Status::retries(left));
        }
        puk.attempts_left = puk.max_attempts.max(1);
        self.changed(Change::Puks);
        Ok(())
    }
}

fn is_enabled(pin: &Pin) -> bool {
    pin.attributes & attribute::ENABLED != 0
}

/// The code that unblocks a PIN: of its own scope, else a global one.
fn find_puk(image: &Image, pin: &Pin) -> Option<usize> {
    let reference = pin.unblocking?;
    let position = |scope: &PinScope| {
        image.puks.iter().position(|puk| puk.reference == reference && puk.scope == *scope)
    };
    position(&pin.scope).or_else(|| position(&PinScope::Global))
}

fn one_value(command: &Command<'_>) -> Result<[u8; LENGTH], Status> {
    command.data.try_into().map_err(|_| Status::WRONG_LENGTH)
}

fn two_values(command: &Command<'_>) -> Result<([u8; LENGTH], [u8; LENGTH]), Status> {
    match command.data.as_chunks::<LENGTH>() {
        ([first, second], []) => Ok((*first, *second)),
        _ => Err(Status::WRONG_LENGTH),
    }
}
