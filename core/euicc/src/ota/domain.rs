//! The operator's security domain: INSTALL [for personalization] names the profile's ISD-P, STORE DATA brings what is
//! for it (GlobalPlatform card specification 11.5, 11.11; SGP.22 5.4). It loads no applications.

use crate::apdu::{Command, Response, Status};
use crate::channel::Channel;
use crate::draft::Draft;
use crate::isdr::es6;
use crate::state::Profile;
use esim_rsp::check::{Checks, Rule};
use esim_rsp::tlv;

const ISDP: Rule = Rule::new("GlobalPlatform 11.5", "INSTALL for personalization names the profile's ISD-P");
const PERSONALISING: Rule =
    Rule::new("GlobalPlatform 11.11", "INSTALL for personalization came before STORE DATA");
const FUNCTION: Rule = Rule::new("SGP.22 5.4", "STORE DATA brings a function of ES6");

/// By this AID an operator means the ISD-P of the profile that its security domain lies in (SGP.02 annex H).
const OWN_ISDP: [u8; 16] = [0xA0, 0, 0, 5, 0x59, 0x10, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0, 0, 0x0F, 0];

/// Tag of ES6.UpdateMetadata.
const UPDATE_METADATA: u32 = 0xBF2A;

/// The security domain while it executes one script, on a draft of the card's state.
pub(super) struct Domain<'a> {
    draft: &'a mut Draft,
    /// INSTALL [for personalization] came.
    is_personalising: bool,
    /// Collects STORE DATA.
    blocks: Channel,
    checks: Checks<'a>,
}

impl<'a> Domain<'a> {
    pub fn new(draft: &'a mut Draft, checks: Checks<'a>) -> Self {
        Self { draft, is_personalising: false, blocks: Channel::default(), checks }
    }

    pub fn command(&mut self, command: &Command<'_>) -> Result<Response, Status> {
        if !command.is_proprietary() || command.is_secured() {
            return Err(Status::CLASS_NOT_SUPPORTED);
        }
        match command.ins {
            0xE6 => self.install(command)?,
            0xE2 => self.store_data(command)?,
            _ => return Err(Status::INS_NOT_SUPPORTED),
        }
        Ok(Status::OK.into())
    }

    /// `6A81` for another purpose than personalization, `6A80` for data that do not have its form, `6A88` for an
    /// application that is not the profile's ISD-P.
    fn install(&mut self, command: &Command<'_>) -> Result<(), Status> {
        match (command.p1, command.p2) {
            (0x20, 0x00) => {}
            (0x20, _) => return Err(Status::INCORRECT_P1_P2),
            _ => return Err(Status::FUNCTION_NOT_SUPPORTED),
        }
        let [0x00, 0x00, length, rest @ ..] = command.data else { return Err(Status::INCORRECT_DATA) };
        let (aid, rest) = rest.split_at_checked(usize::from(*length)).ok_or(Status::INCORRECT_DATA)?;
        if *rest != [0x00, 0x00, 0x00] {
            return Err(Status::INCORRECT_DATA);
        }
        let is_own = aid == OWN_ISDP || self.profile().is_some_and(|profile| aid == profile.aid());
        if !self.checks.that(&ISDP, || aid, is_own) {
            return Err(Status::REFERENCED_DATA_NOT_FOUND);
        }
        self.is_personalising = true;
        Ok(())
    }

    /// `6985` before INSTALL, `6A86` for encryption or another structure than BER-TLV.
    fn store_data(&mut self, command: &Command<'_>) -> Result<(), Status> {
        if !self.checks.that(&PERSONALISING, || command.data, self.is_personalising) {
            return Err(Status::CONDITIONS_NOT_SATISFIED);
        }
        // Bits 7 and 6: encryption. Bits 5 and 4: structure, `00` unspecified, `10` BER-TLV.
        if !matches!(command.p1 & 0x78, 0x00 | 0x10) {
            return Err(Status::INCORRECT_P1_P2);
        }
        let block = Command { p1: command.p1 & 0x80 | 0x11, ..*command };
        let Some(whole) = self.blocks.store_data(&block)? else { return Ok(()) };
        let object = tlv::read_only(&whole).map_err(|_| Status::INCORRECT_DATA)?;
        if !self.checks.that(&FUNCTION, || &whole, object.tag == UPDATE_METADATA) {
            return Err(Status::REFERENCED_DATA_NOT_FOUND);
        }
        let checks = self.checks;
        let profile = self.profile().ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
        profile.metadata = es6::update_metadata(&profile.metadata, &whole, checks)?;
        Ok(())
    }

    /// The profile that the domain belongs to: no other one's files are in use.
    fn profile(&mut self) -> Option<&mut Profile> {
        let number = self.draft.state.enabled()?.number;
        self.draft.profile_mut(number)
    }
}
