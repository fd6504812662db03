//! The one place that does what [`Act`] says.

use crate::act::{Act, Ruling};
use crate::checked::{Checked, Watchers};
use crate::done::{Asked, Done, Ended, Listed, Service, Stage};
use crate::journal;
use crate::link::{Filter, Tampered, Tampering};
use crate::operator::{Ordered, Wish};
use crate::past::Stopped;
use crate::port::Agreeable;
use crate::rules_file::read_rules;
use crate::transport::{Fork, Transport};
use crate::words::{self, Words};
use crate::world::{World, WorldError};
use esim_euicc::Nvm;
use esim_lpa::driver::Failure;
use esim_lpa::{Answer, Download, DownloadParams, Effect, Event, ProfileRef, Question, Session};
use esim_net::{Class, Imsi, Keys, ModemError, ServiceState};
use esim_rsp::activation_code::ActivationCode;
use esim_rsp::trace::Party;
use serde::Serialize;
use std::sync::Arc;

/// A hundred years.
const MOST_SECONDS: u64 = 3_155_760_000;

/// An act that was performed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Performed {
    /// What was done, for a person.
    pub what: Words,
    /// What has come of it.
    pub done: Done,
    /// The same for a person.
    pub outcome: Words,
    /// Whether that is what whoever acted wanted.
    pub good: bool,
    /// First record of the trace that tells of it, and the one behind the last.
    pub records: (usize, usize),
    /// What the network takes the subscriber for whose profile is enabled.
    pub class: Option<Class>,
    /// What was done to messages on their way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<Tampered>>"))]
    pub tampered: Vec<Tampered>,
    /// Every verification that was made, in the order made, where the world is watched ([`World::watch`]).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<Checked>>"))]
    pub checks: Vec<Checked>,
}

/// Why an act cannot be performed at all; nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// It names what is not there, or is not in its form.
    #[error("{0}")]
    Form(String),
    /// A device cannot be made.
    #[error(transparent)]
    World(#[from] WorldError),
}

impl<N: Nvm + Clone, T: Transport + Fork> World<N, T> {
    /// Performs an act, and adds it to the list of [`World::acts`]; the user agrees to whatever it asks.
    ///
    /// # Errors
    /// [`ActError`]. What the card, the SM or the network refuses is no error: [`Done`] says so.
    pub async fn perform(&mut self, act: &Act) -> Result<Performed, ActError> {
        let mut from = self.trace().records().len();
        self.take_checks();
        let done = match act {
            // What stands between the parties is changed while they stand still.
            Act::Break(_) | Act::Tamper(_) | Act::Clock { .. } | Act::Mend => self.take(act).await?,
            Act::GoOn => {
                let (stopped, message) = self.take_back_stopped()?;
                from = self.trace().records().len();
                self.up_to_break(&stopped, Some(message)).await?
            }
            _ => self.up_to_break(act, None).await?,
        };
        // Rules that are none have changed nothing.
        if !matches!(done, Done::RulesRefused { .. }) {
            journal::record(&mut self.acts, act.clone());
        }
        Ok(Performed {
            what: act.words(),
            outcome: done.words(),
            good: done.is_good(),
            records: (from, self.trace().records().len()),
            class: self.class(),
            tampered: self.links.take_done(),
            checks: self.take_checks(),
            done,
        })
    }

    fn stop_at(&mut self, filter: &Filter) -> Result<Done, ActError> {
        if self.transport().fork().is_none() {
            let why = "a world whose SM is somebody else's cannot be stopped: nobody can put that SM back";
            return Err(ActError::Form(why.into()));
        }
        self.links.stop_at(filter.clone()).map_err(ActError::Form)?;
        Ok(Done::Armed)
    }

    fn mend(&mut self) -> Result<Done, ActError> {
        let off = self.links.mend();
        off.into_iter().try_for_each(|(of, device, seconds)| self.shift_clock(of, device, -seconds))?;
        self.stopped = None;
        Ok(Done::Mended)
    }

    fn set_clock_off(&mut self, of: Party, seconds: i64) -> Result<Done, ActError> {
        if seconds.unsigned_abs() > MOST_SECONDS {
            return Err(ActError::Form(format!("a clock is off by {MOST_SECONDS} seconds at most")));
        }
        let device = self.current_device();
        self.shift_clock(of, device, seconds)?;
        self.links.note_clock(of, device, seconds);
        Ok(Done::Armed)
    }

    fn shift_clock(&mut self, of: Party, device: usize, seconds: i64) -> Result<(), ActError> {
        match (of, self.handsets.get_mut(device)) {
            (Party::Euicc, Some(handset)) => handset.device.shift_clock(seconds),
            (Party::Sm, _) if self.transport.shift_clock(seconds) => {}
            (Party::Sm, _) => return Err(ActError::Form("an SM outside has its own clock".into())),
            _ => return Err(ActError::Form(format!("the {} looks at no clock", words::party(of)))),
        }
        Ok(())
    }

    /// Performs an act to its end or to a break point behind message `beyond`.
    async fn up_to_break(&mut self, act: &Act, beyond: Option<u32>) -> Result<Done, ActError> {
        let before = if self.links.has_breaks() { self.snapshot() } else { None };
        self.links.begin(beyond);
        self.stopped = None;
        let done = self.take(act).await;
        self.end_of_act();
        match (self.links.stopped, before) {
            (Some(message), Some(before)) => {
                self.stopped = Some(Arc::new(Stopped { before, act: act.clone() }));
                Ok(Done::Stopped { message })
            }
            _ => done,
        }
    }

    /// Back to where the act began that was stopped, to do it once more: its break point has been seen.
    fn take_back_stopped(&mut self) -> Result<(Act, u32), ActError> {
        let (Some(stopped), Some(message)) = (self.stopped.take(), self.links.stopped) else {
            return Err(ActError::Form("nothing is stopped".into()));
        };
        // What was done stays in the list, the stopped act and what was looked at since too.
        let acts = core::mem::take(&mut self.acts);
        if !self.restore(&stopped.before) {
            return Err(ActError::Form("this SM cannot be put back".into()));
        }
        self.acts = acts;
        Ok((stopped.act.clone(), message))
    }

    /// Clocks that have not heard of it yet go on for the seconds that messages were late.
    fn end_of_act(&mut self) {
        let late = core::mem::take(&mut self.links.late);
        if late.seconds == 0 {
            return;
        }
        self.clock = self.clock.shifted(late.seconds);
        self.transport.shift_clock(late.seconds - late.sm);
        let current = self.current;
        for (number, handset) in self.handsets.iter_mut().enumerate() {
            let heard = if number == current { late.card } else { 0 };
            handset.device.shift_clock(late.seconds - heard);
        }
    }

    fn take_checks(&self) -> Vec<Checked> {
        self.trace.watchers().map(Watchers::take_checks).unwrap_or_default()
    }

    #[allow(clippy::too_many_lines, reason = "a table: what each act does")]
    async fn take(&mut self, act: &Act) -> Result<Done, ActError> {
        let user = &mut Agreeable;
        Ok(match act {
            Act::LeaveFactory => self.load(Wish::of_the_factory()).await?,
            Act::Load(wish) => self.load(Wish::clone(wish)).await?,
            Act::Order(wish) => Done::of_order(self.order(Wish::clone(wish)).await),
            Act::Download(profile) => self.fetch(profile).await?,
            Act::Begin(what) => {
                let code = self.code(what)?;
                self.begin_download(&code);
                self.stage_of_download()?
            }
            Act::Step(steps) => self.go_on(*steps).await?,
            Act::Answer(said) => {
                let asked = self.session().map(Session::pending);
                if !matches!(asked, Some(Effect::Ask(_))) {
                    return Err(ActError::Form("nobody has asked anything".into()));
                }
                self.feed(Event::Answer(Answer::from(said)));
                self.stage_of_download()?
            }
            Act::Enable(profile) => {
                let profile = self.profile(profile)?;
                let done = self.enable(profile, user).await;
                self.shown(done)
            }
            Act::Disable(profile) => {
                let profile = self.profile(profile)?;
                let done = self.disable(profile, user).await;
                self.shown(done)
            }
            Act::Delete(profile) => {
                let profile = self.profile(profile)?;
                self.delete(profile, user).await.map_or_else(not_done, |()| Done::Deleted)
            }
            Act::Name { profile, name } => {
                let ProfileRef::Iccid(iccid) = self.profile(profile)? else {
                    return Err(ActError::Form(format!("{profile} is no ICCID")));
                };
                self.set_nickname(iccid, name, user).await.map_or_else(not_done, |()| Done::Named)
            }
            Act::List => self.list(user).await.map_or_else(not_done, |profiles| {
                let profiles = profiles.into_iter().map(|profile| Listed {
                    iccid: profile.metadata.iccid.map(|iccid| iccid.to_string()).unwrap_or_default(),
                    service_provider_name: profile.metadata.service_provider_name.unwrap_or_default(),
                    enabled: profile.enabled,
                });
                Done::Listed { profiles: profiles.collect() }
            }),
            Act::FallBack => match self.fall_back(user).await {
                Ok(Some(_)) => self.show(),
                Ok(None) => Done::NothingToFallBackTo,
                Err(failure) => not_done(failure),
            },
            Act::MemoryReset => {
                let done = self.memory_reset(user).await;
                self.shown(done)
            }
            Act::Notify => {
                let notified = self.send_notifications(user).await;
                Done::Delivered { sent: notified.sent.len(), kept: notified.kept.len() }
            }
            Act::RadioOn => {
                let attached = self.attach();
                self.stands(attached.err())
            }
            Act::Reach => match self.has_wifi() || self.service().state == ServiceState::InService {
                true => self.show(),
                false => {
                    let attached = self.attach();
                    self.stands(attached.err())
                }
            },
            Act::RadioOff => {
                self.radio_off();
                self.show()
            }
            Act::Wifi(on) => {
                self.set_wifi(*on);
                Done::Wifi { on: *on }
            }
            Act::Apn(apn) => {
                self.set_apn(apn);
                Done::Typed
            }
            Act::Cells(cells) => {
                let moved = self.set_cells(cells.clone());
                self.stands(moved.err().map(|error: ModemError| words::modem_error(&error)))
            }
            Act::Browse(to) => Done::Radio(Box::new(self.browse(to))),
            Act::Call => Done::Radio(Box::new(self.call())),
            Act::Text { to, text } => Done::Radio(Box::new(self.send_text(to, text))),
            Act::Supplementary => Done::Radio(Box::new(self.supplementary())),
            Act::Update => Done::Radio(Box::new(self.update_location())),
            Act::OpenApn(apn) => Done::Radio(Box::new(self.open_apn(apn))),
            Act::Rules(ruling) => {
                let rules = match ruling {
                    Ruling::Written(text) => match read_rules(text) {
                        Ok(rules) => rules,
                        Err(mistake) => return Ok(Done::of_mistake(&mistake)),
                    },
                    Ruling::Table(rules) => esim_net::Rules::clone(rules),
                };
                let attached = self.apply_rules(rules).map_err(|error| ActError::Form(error.to_string()))?;
                Done::RulesTaken { attached }
            }
            Act::WrongKey(profile) => {
                let wrong = Keys::Milenage { k: [0x5A; 16], opc: [0xA5; 16] };
                self.authentication(profile)?.set_keys(wrong);
                Done::Changed
            }
            Act::Sqn { profile, value } => {
                let sqn = u64::from_str_radix(value, 16)
                    .map_err(|_| ActError::Form(format!("{value} is no hexadecimal number")))?;
                self.authentication(profile)?.set_sqn(sqn);
                Done::Set
            }
            Act::CopyCard => {
                let copy = self.device().nvm().clone();
                let device = self.add_device(copy)?;
                self.use_device(device);
                self.set_wifi(false);
                Done::InHand { device, service: None }
            }
            Act::UseDevice(number) => {
                if *number >= self.handsets.len() {
                    return Err(ActError::Form(format!("there is no device {number}")));
                }
                self.use_device(*number);
                let service = Some(Box::new(self.service_now(None)));
                Done::InHand { device: self.current_device(), service }
            }
            Act::Withdraw(profile) => {
                let imsi = self.known(profile)?.1.imsi.clone();
                match self.withdraw(&imsi) {
                    Ok(()) => self.show(),
                    Err(reason) => Done::NotDone { reason },
                }
            }
            Act::Break(filter) => self.stop_at(filter)?,
            Act::GoOn => return Err(ActError::Form("nothing is stopped".into())),
            Act::Tamper(tampering) => {
                self.links.tamper(Tampering::clone(tampering)).map_err(ActError::Form)?;
                Done::Armed
            }
            Act::Clock { of, seconds } => self.set_clock_off(*of, *seconds)?,
            Act::Mend => self.mend()?,
            Act::ShowOrder(profile) => {
                let iccid = self.known(profile)?.0.iccid;
                match self.show_order(iccid).await {
                    Ok(order) => {
                        let text = |value: &serde_json::Value| value.as_str().map(str::to_string);
                        match text(&order["state"]) {
                            Some(state) => Done::Order { state, on_card: text(&order["onCard"]["state"]) },
                            None => Done::NotDone { reason: "the SM tells no state of this order".into() },
                        }
                    }
                    Err(error) => Done::NotDone { reason: error.to_string() },
                }
            }
        })
    }

    /// What the factory does with a profile.
    async fn load(&mut self, wish: Wish) -> Result<Done, ActError> {
        self.set_wifi(true);
        let ordered = self.order(wish).await;
        let Ok((Ordered { iccid, .. }, _)) = &ordered else {
            let installed = Box::new(Done::of_order(ordered));
            return Ok(Done::NotLoaded { installed, not_enabled: None });
        };
        let profile = ProfileRef::Iccid(*iccid);
        let installed = self.fetch(&iccid.to_string()).await?;
        let enabled = self.enable(profile, &mut Agreeable).await;
        let notified = self.send_notifications(&mut Agreeable).await;
        self.set_wifi(false);
        Ok(match (installed, enabled) {
            (Done::Installed, Ok(())) => Done::Loaded { sent: notified.sent.len() },
            (installed, enabled) => Done::NotLoaded {
                installed: Box::new(installed),
                not_enabled: enabled.err().map(|failure| failure.to_string()),
            },
        })
    }

    async fn fetch(&mut self, profile: &str) -> Result<Done, ActError> {
        let (ordered, wish) = self.known(profile)?;
        let mut params = DownloadParams::new(&ordered.activation_code).with_consent();
        params.confirmation_code = wish.confirmation_code.clone();
        params.notify = false;
        Ok(Done::of_download(self.download(params, &mut Agreeable).await))
    }

    async fn go_on(&mut self, steps: u32) -> Result<Done, ActError> {
        for _ in 0..steps {
            match self.session().map(Session::pending) {
                None | Some(Effect::Done(_)) => break,
                Some(Effect::Ask(Question::Consent(_))) => self.feed(Event::Answer(Answer::Accept)),
                // Nobody but the user knows it.
                Some(Effect::Ask(Question::ConfirmationCode(_))) => break,
                Some(_) => {}
            }
            self.step(&mut Agreeable).await;
        }
        self.stage_of_download()
    }

    fn stage_of_download(&self) -> Result<Done, ActError> {
        let session = self.session();
        let session = session.ok_or_else(|| ActError::Form("no download has been started".into()))?;
        Ok(Done::Download(Box::new(Stage::of(session))))
    }

    /// An order by its id or ICCID, the last one first; by nothing, the last one.
    fn known(&self, profile: &str) -> Result<&(Ordered, Wish), ActError> {
        let is_it = |(ordered, wish): &&(Ordered, Wish)| {
            profile.is_empty() || wish.id == profile || ordered.iccid.to_string() == profile
        };
        let known = self.orders.iter().rev().find(is_it);
        known.ok_or_else(|| ActError::Form(format!("no profile {profile} was ordered before this step")))
    }

    fn profile(&self, name: &str) -> Result<ProfileRef, ActError> {
        match self.known(name) {
            Ok((ordered, _)) => Ok(ProfileRef::Iccid(ordered.iccid)),
            Err(unknown) => name.parse().map_err(|_| unknown),
        }
    }

    fn code(&self, what: &str) -> Result<ActivationCode, ActError> {
        match self.known(what) {
            Ok((ordered, _)) => Ok(ordered.activation_code.clone()),
            Err(_) => what.parse().map_err(|error: esim_rsp::Error| ActError::Form(error.to_string())),
        }
    }

    fn authentication(&mut self, profile: &str) -> Result<&mut esim_net::auc::Authentication, ActError> {
        let imsi = self.known(profile)?.1.imsi.parse::<Imsi>().ok();
        let missing = || ActError::Form(format!("{profile} is no subscriber"));
        let imsi = imsi.ok_or_else(missing)?;
        self.network.hss_mut().authentication_mut(&imsi).ok_or_else(missing)
    }

    /// The device's display after something that the LPA has done.
    fn shown(&self, done: Result<(), Failure>) -> Done {
        done.map_or_else(not_done, |()| self.show())
    }

    fn show(&self) -> Done {
        self.stands(None)
    }

    fn stands(&self, reason: Option<Words>) -> Done {
        Done::Service(Box::new(self.service_now(reason)))
    }

    fn service_now(&self, reason: Option<Words>) -> Service {
        let view = self.service();
        let display = words::display(&view, self.modem().error());
        Service { view, display, reason }
    }
}

impl Stage {
    fn of(session: &Session<Download>) -> Self {
        let progress = session.progress();
        let (question, outcome) = match session.pending() {
            Effect::Ask(question) => (Some(Asked::of(question)), None),
            Effect::Done(outcome) => (None, Some(Ended::of(outcome))),
            _ => (None, None),
        };
        Self {
            phase: format!("{:?}", progress.phase).to_lowercase(),
            percent: progress.percent(),
            question,
            outcome,
        }
    }
}

fn not_done(failure: Failure) -> Done {
    Done::NotDone { reason: failure.to_string() }
}
