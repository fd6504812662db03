//! What the modem is doing: each procedure with what it alone needs, and how it ends.

use super::usim::Reader;
use super::{Answer, Effect, Modem, ModemError};
use crate::cause::Cause;
use crate::log::Node;
use alloc::string::String;

/// What is under way.
#[derive(Clone, Debug)]
pub(super) enum Procedure {
    /// Nothing.
    Idle,
    /// The USIM is read; an attach follows.
    Read(Reader),
    Attach(Attach),
    Detach,
    Update,
    /// A further session: in 3G, the one that was asked for.
    Connect(Option<Activation>),
    Service,
    /// LTE: the network is to send the device to 3G for a call, or refuse to.
    Fallback {
        supplementary: bool,
    },
    /// The circuit-switched domain is asked.
    Call,
    Text,
    /// It ends so, once the network has nothing more to say.
    Ending(Result<Answer, ModemError>),
}

/// A registration under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Attach {
    /// It follows a refusal to go on as before, and is tried once.
    pub is_retry: bool,
    /// 3G: the session that is asked for once the device is registered.
    pub activation: Option<Activation>,
}

/// A PDP context that is asked for; the network's answer names neither.
#[derive(Clone, Debug)]
pub(super) struct Activation {
    pub nsapi: u8,
    pub apn: String,
}

impl Modem {
    /// The network says nothing more.
    pub(super) fn silence(&mut self) -> Effect {
        if let Some(next) = self.umts_session_after_attach() {
            return next;
        }
        match core::mem::replace(&mut self.procedure, Procedure::Idle) {
            Procedure::Ending(end) => self.finish(end),
            // The base station sends the device to 3G: it asks the circuit-switched domain there.
            Procedure::Fallback { supplementary } => self.cm_service_request(supplementary),
            // Bearers are taken up again without a word (TS 24.301 5.6.1.4).
            Procedure::Service => self.finish(Ok(Answer::Updated)),
            _ => self.finish(Err(ModemError::Silent)),
        }
    }

    /// A refusal that ends an attach: another network may be tried, or the USIM is done with (TS 24.301 5.5.1.2.5).
    pub(super) fn refuse_attach(&mut self, by: Node, cause: Cause) -> Effect {
        let error = ModemError::Refused { by, cause };
        match cause.number {
            3 | 6 | 8 => self.is_usim_invalid = true,
            11..=15 => {
                self.forbidden.extend(self.cell().map(|cell| cell.plmn));
                self.error = Some(error);
                return self.try_cell();
            }
            _ => {}
        }
        self.finish(Err(error))
    }

    /// The network does not know the device any more: it attaches anew, once.
    pub(super) fn start_over(&mut self, by: Node, cause: Cause) -> Effect {
        self.lose();
        let is_retry = matches!(self.procedure, Procedure::Attach(Attach { is_retry: true, .. }));
        if is_retry || !matches!(cause.number, 9 | 10) {
            return self.finish(Err(ModemError::Refused { by, cause }));
        }
        self.error = Some(ModemError::Refused { by, cause });
        self.procedure = Procedure::Attach(Attach { is_retry: true, activation: None });
        self.try_cell()
    }

    /// AUTHENTICATION REJECT.
    pub(super) fn authentication_rejected(&mut self) -> Effect {
        self.is_usim_invalid = true;
        let reported = self.access.as_ref().and_then(|access| access.reported);
        self.lose();
        self.finish(Err(ModemError::AuthenticationRejected { reported }))
    }

    /// Nothing that was settled with the network holds any more.
    pub(super) fn lose(&mut self) {
        if let Some(access) = &mut self.access {
            access.lose();
        }
    }

    /// The procedure is over; what it says of service is kept.
    pub(super) fn finish(&mut self, end: Result<Answer, ModemError>) -> Effect {
        self.procedure = Procedure::Idle;
        match &end {
            Ok(Answer::Registered) => self.error = None,
            Ok(Answer::Detached) => {
                self.lose();
                self.error = None;
            }
            Err(error) if self.registration().is_none() => self.error = Some(error.clone()),
            _ => {}
        }
        Effect::Done(end)
    }
}
