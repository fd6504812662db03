//! A device's attach: challenge, keys, location, its first bearer (TS 24.301 5.5.1, 5.4.2, 5.4.3).

use super::{Downlinks, Mme, Progress, Step, Ue, emm, tracking_area, with_cause};
use crate::auc::EpsVector;
use crate::cause::Cause;
use crate::cell::{Cell, Link};
use crate::epc::Core;
use crate::hss::Rat;
use crate::id::read_imsi_identity;
use crate::log::Node;
use crate::nas::security::{self, Context, Header};
use crate::nas::{self, Direction, Message};
use crate::rules::Service;
use alloc::vec::Vec;
use esim_crypto::check::Rule;
use subtle::ConstantTimeEq;

const RES: Rule = Rule::new("TS 24.301 5.4.2.4", "RES is XRES");

impl Mme {
    pub(super) fn attach(
        &mut self,
        link: Link,
        cell: &Cell,
        message: &Message,
        core: &mut Core<'_>,
    ) -> Downlinks {
        let reject = |cause| Vec::from([with_cause(nas::ATTACH_REJECT, cause).encode()]);
        let imsi = message.value("EPS mobile identity").and_then(read_imsi_identity);
        // A temporary identity is not taken for an attach: the device is asked for nothing else than its IMSI.
        let Some(imsi) = imsi else { return reject(emm(9)) };
        let request = message.value("ESM message container").unwrap_or_default();
        let Ok(request) = Message::decode(request, Direction::Up) else { return reject(emm(19)) };
        if !core.serves(cell.plmn) {
            return reject(emm(11));
        }
        self.devices.forget(link, core);
        let vector = match core.eps_vector(&imsi, cell.plmn, None) {
            Ok(vector) => vector,
            Err(cause) => return reject(from_hss(cause)),
        };
        let challenge = challenge(&vector);
        let capability = message.value("UE network capability").unwrap_or_default().to_vec();
        let step = Step::Authentication { vector, resynchronised: false, capability };
        let progress = Progress { step, security: None, transaction: request.transaction };
        let is_combined = message.octet("EPS attach type") == Some(2);
        self.devices.insert(link, Ue::new(imsi, cell, is_combined, progress));
        Vec::from([challenge.encode()])
    }

    pub(super) fn authentication_response(
        &mut self,
        link: Link,
        message: &Message,
        core: &mut Core<'_>,
    ) -> Downlinks {
        let Some(ue) = self.devices.get_mut(link) else { return Vec::new() };
        let Step::Authentication { vector, capability, .. } = &ue.progress.step else {
            return Vec::from([with_cause(nas::EMM_STATUS, emm(98)).encode()]);
        };
        let res = message.value("RES").unwrap_or_default();
        let is_right = bool::from(res.ct_eq(&vector.xres));
        if !core.log.that(Node::Mme, &RES, || res, is_right) {
            self.devices.remove(link);
            return Vec::from([Message::new(nas::AUTHENTICATION_REJECT).encode()]);
        }
        let command = Message::new(nas::SECURITY_MODE_COMMAND)
            .with("Selected NAS security algorithms", &[security::ALGORITHMS])
            .with("NAS key set identifier", &[0])
            .with("Replayed UE security capabilities", capability);
        ue.progress.security = Some(Context::new(&vector.kasme));
        ue.progress.step = Step::SecurityMode;
        self.protected(link, Header::New, &command)
    }

    pub(super) fn authentication_failure(
        &mut self,
        link: Link,
        message: &Message,
        core: &mut Core<'_>,
    ) -> Downlinks {
        let reject = Vec::from([Message::new(nas::AUTHENTICATION_REJECT).encode()]);
        let Some(mut ue) = self.devices.remove(link) else { return Vec::new() };
        let Step::Authentication { vector, resynchronised: false, capability } = &ue.progress.step else {
            return reject;
        };
        let auts = message.value("AUTS").and_then(|auts| <[u8; 14]>::try_from(auts).ok());
        // With the IMSI known for sure, a MAC failure ends it (TS 24.301 5.4.2.7 c).
        let (Some(21), Some(auts)) = (message.octet("EMM cause"), auts) else { return reject };
        match core.eps_vector(&ue.imsi, ue.cell.plmn, Some((&vector.rand, &auts))) {
            Ok(vector) => {
                let challenge = challenge(&vector);
                let capability = capability.clone();
                ue.progress.step = Step::Authentication { vector, resynchronised: true, capability };
                self.devices.insert(link, ue);
                Vec::from([challenge.encode()])
            }
            Err(_) => reject,
        }
    }

    pub(super) fn security_mode_complete(&mut self, link: Link, core: &mut Core<'_>) -> Downlinks {
        let Some(ue) = self.devices.get_mut(link) else { return Vec::new() };
        if !matches!(ue.progress.step, Step::SecurityMode) {
            return Vec::new();
        }
        let (imsi, plmn) = (ue.imsi, ue.cell.plmn);
        match core.update_location(&imsi, plmn, Rat::Lte) {
            Err(cause) => {
                let answer =
                    self.protected(link, Header::Ciphered, &with_cause(nas::ATTACH_REJECT, from_hss(cause)));
                self.devices.remove(link);
                answer
            }
            Ok(known) => {
                ue.known = Some(known);
                ue.progress.step = Step::EsmInformation;
                let request = Message::of(nas::ESM_INFORMATION_REQUEST, 0, ue.progress.transaction);
                self.devices.supersede(link, &imsi, core);
                self.protected(link, Header::Ciphered, &request)
            }
        }
    }

    pub(super) fn attach_session(&mut self, link: Link, apn: Option<&str>, core: &mut Core<'_>) -> Downlinks {
        let Some(ue) = self.devices.get(link) else { return Vec::new() };
        let transaction = ue.progress.transaction;
        let activate = match self.open(link, apn, transaction, core) {
            Ok(activate) => activate,
            Err(reject) => {
                let answer =
                    with_cause(nas::ATTACH_REJECT, emm(19)).with("ESM message container", &reject.encode());
                let answers = self.protected(link, Header::Ciphered, &answer);
                self.devices.forget(link, core);
                return answers;
            }
        };
        let tmsi = self.devices.next_tmsi();
        let Some(ue) = self.devices.get_mut(link) else { return Vec::new() };
        ue.tmsi = tmsi;
        ue.progress.step = Step::Accepted;
        let area = tracking_area(&ue.cell);
        let all = [Service::Voice, Service::Sms, Service::Supplementary];
        let calls = ue.known.as_ref().is_some_and(|known| all.iter().any(|it| core.gets(known, *it)));
        let mut accept = Message::new(nas::ATTACH_ACCEPT)
            .with("EPS attach result", &[if ue.is_combined && calls { 2 } else { 1 }])
            .with("T3412 value", &[0x49])
            .with("TAI list", &area)
            .with("ESM message container", &activate.encode())
            .with("GUTI", &ue.guti().octets());
        if ue.is_combined && calls {
            let location = [&ue.cell.plmn.octets()[..], &ue.cell.area.to_be_bytes()].concat();
            let identity = [&[0xF4][..], &tmsi.to_be_bytes()].concat();
            accept = accept.with("Location area identification", &location).with("MS identity", &identity);
        } else if ue.is_combined {
            // Neither calls nor short messages: the circuit-switched domain is not for this subscriber.
            accept = accept.with("EMM cause", &[18]);
        }
        self.protected(link, Header::Ciphered, &accept)
    }

    pub(super) fn attach_complete(&mut self, link: Link) -> Downlinks {
        if let Some(ue) = self.devices.get_mut(link)
            && matches!(ue.progress.step, Step::Accepted)
        {
            ue.progress.step = Step::Registered;
        }
        Vec::new()
    }
}

fn challenge(vector: &EpsVector) -> Message {
    Message::new(nas::AUTHENTICATION_REQUEST)
        .with("NAS key set identifier", &[0])
        .with("RAND", &vector.rand)
        .with("AUTN", &vector.autn)
}

/// What becomes of the HSS's refusals towards the device (TS 29.272 annex A).
fn from_hss(cause: Cause) -> Cause {
    match cause.number {
        5001 => emm(8),
        5004 => emm(11),
        _ => emm(17),
    }
}
