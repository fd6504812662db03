//! The world in one object: an operator, an SM, a device with a card, and the
//! trace of what they say to each other.

use crate::act::Act;
use crate::checked::Known;
use crate::device::{Clock, Device};
use crate::handset::{Handset, NetworkSubscriber, home_cell};
use crate::kept::Kept;
use crate::link::{Edit, Forge, Line, Links};
use crate::operator::{Operator, OrderError, Ordered, Wish};
use crate::outside::Heard;
use crate::past::Stopped;
use crate::port::{Joined, User};
use crate::radio::Radio;
use crate::seed::{Seed, Stream};
use crate::trace::Trace;
use crate::transport::{Reply, Request, Transport};
use crate::words::Words;
use esim_crypto::pki::TestPki;
use esim_euicc::{BootError, Nvm, NvmError, Personal};
use esim_lpa::driver::{self, Failure, Refresh};
use esim_lpa::manage::{ChipInfo, ListProfiles, MemoryReset};
use esim_lpa::{
    Download, DownloadParams, Effect, Event, Machine, Notified, NotifyParams, Outcome, Profile, ProfileRef,
    Session,
};
use esim_net::{Cell, Class, Contract, Destination, Link, Network};
use esim_rsp::activation_code::ActivationCode;
use esim_rsp::trace::{Party, Record};
use esim_rsp::{Error, Iccid};
use rand_chacha::ChaCha20Rng;
use serde_json::Value;
use std::sync::Arc;

/// Address of the SM in worlds that need no other.
pub const ADDRESS: &str = "smdp.esim-lab.example";

/// The time in worlds whose clock stands still: 2026-09-21, 13:33:20 UTC.
pub const NOW: u64 = 1_790_000_000;

/// Why a world did not come about.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// Certificates, EID.
    #[error(transparent)]
    Personal(#[from] Error),
    /// Memory.
    #[error(transparent)]
    Nvm(#[from] NvmError),
    /// The card.
    #[error(transparent)]
    Boot(#[from] BootError),
}

/// What the device's owner sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// The eUICC.
    pub chip: ChipInfo,
    /// Profiles.
    pub profiles: Vec<Profile>,
    /// Provisioning profiles, which an ordinary list leaves out (SGP.22 2.4.5.2).
    pub provisioning: Vec<Profile>,
    /// Notifications that wait.
    pub notifications: usize,
}

/// The IMSI of a subscriber that is drawn; a provisioning profile's is in the range that the network takes for such.
fn drawn_imsi(number: u64, is_provisioning: bool) -> String {
    match is_provisioning {
        true => format!("0010199{:08}", number + 1),
        false => format!("00101{:010}", 123_456_789 + number),
    }
}

/// Operator, SM and device.
pub struct World<N, T> {
    pub(crate) handsets: Vec<Handset<N>>,
    pub(crate) current: usize,
    pub(crate) transport: T,
    pub(crate) trace: Trace,
    pub(crate) links: Links,
    /// The act that a break point has stopped.
    pub(crate) stopped: Option<Arc<Stopped<N, T>>>,
    pub(crate) clock: Clock,
    address: String,
    token: String,
    seed: Seed,
    pub(crate) ordered: u64,
    pub(crate) download: Option<Session<Download>>,
    /// What was ordered, in order.
    pub(crate) orders: Vec<(Ordered, Wish)>,
    pub(crate) acts: Vec<Act>,
    /// What the last snapshot keeps of both.
    pub(crate) kept_orders: Kept<(Ordered, Wish)>,
    pub(crate) kept_acts: Kept<Act>,
    pub(crate) network: Network,
    pub(crate) network_rng: ChaCha20Rng,
    pub(crate) cells: Vec<Cell>,
}

impl<N: Nvm, T: Transport> World<N, T> {
    /// Joins a card's memory and a way to the SM at `address`, whose ES2+ takes
    /// `token`. Memory without a card gets one under `pki`.
    ///
    /// # Errors
    /// [`WorldError`].
    pub fn new(
        mut nvm: N,
        transport: T,
        pki: &TestPki,
        seed: Seed,
        clock: Clock,
        (address, token): (&str, &str),
    ) -> Result<Self, WorldError> {
        if Personal::read_from(&nvm as &dyn Nvm)?.is_none() {
            seed.card(pki)?.write_to(&mut nvm)?;
        }
        let device = Device::power_on(nvm, seed.stream(Stream::Card), clock)?;
        let mut network = Network::default();
        network.set_sm(Destination::of(address));
        Ok(Self {
            handsets: Vec::from([Handset::new(device)]),
            current: 0,
            transport,
            trace: Trace::default(),
            stopped: None,
            links: Links::new(Forge::new(pki, &seed)),
            clock,
            address: address.to_string(),
            token: token.to_string(),
            network,
            network_rng: seed.stream(Stream::Network),
            cells: Vec::from([home_cell()]),
            seed,
            ordered: 0,
            download: None,
            orders: Vec::new(),
            acts: Vec::new(),
            kept_orders: Kept::default(),
            kept_acts: Kept::default(),
        })
    }

    /// From now on every verification is written down: [`Performed::checks`](crate::Performed) has those of an act.
    pub fn watch(&mut self) {
        let watchers = self.trace.watch().clone();
        self.transport.watch(watchers.of(Party::Sm));
        for handset in &mut self.handsets {
            handset.device.watch(watchers.of(Party::Euicc));
        }
    }

    /// What the ends of sessions have agreed on so far, where the world is watched.
    pub fn secrets(&self) -> Vec<Known> {
        self.trace.secrets()
    }

    /// The octets of a message with an edit made, by the same code as links: signed anew with this world's keys where the
    /// edit asks for it.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub fn change(&self, record: &Record, edit: &Edit) -> Result<Vec<u8>, Words> {
        let before = self.trace.records();
        self.links.forge().edit(record, edit, before.get(..record.n as usize).unwrap_or(before))
    }

    /// The device.
    pub fn device(&self) -> &Device<N> {
        &self.handset().device
    }

    /// The device, to be spoken to.
    pub fn device_mut(&mut self) -> &mut Device<N> {
        &mut self.handset_mut().device
    }

    /// The way to the SM.
    pub fn transport(&self) -> &T {
        &self.transport
    }

    /// The way to the SM, to be asked something past the trace.
    pub fn transport_mut(&mut self) -> &mut T {
        &mut self.transport
    }

    /// What was said so far.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The trace, to be written to.
    pub fn trace_mut(&mut self) -> &mut Trace {
        &mut self.trace
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// What was ordered in this world, in order, with what was wished for.
    pub fn orders(&self) -> &[(Ordered, Wish)] {
        &self.orders
    }

    /// What was done by [`World::perform`], in order.
    pub fn acts(&self) -> &[Act] {
        &self.acts
    }

    /// What an SM that is somebody else's has answered to what was done, in order: of a [`Journal`](crate::Journal).
    pub fn heard(&self) -> Vec<Heard> {
        self.links.heard.iter().map(|heard| Heard::clone(heard)).collect()
    }

    /// Now, in Unix seconds.
    pub fn now(&self) -> u64 {
        self.clock.now()
    }

    /// Randomness of this world.
    pub fn seed(&self) -> &Seed {
        &self.seed
    }

    /// Orders a profile; subscriber data that the wish leaves out is drawn.
    ///
    /// # Errors
    /// [`OrderError`].
    pub async fn order(&mut self, mut wish: Wish) -> Result<(Ordered, Wish), OrderError> {
        let is_provisioning = wish.class() == "provisioning";
        let number = self.next_subscriber(is_provisioning);
        let (ki, opc) = self.seed.subscriber_keys(number);
        let fill = |field: &mut String, value: String| {
            if field.is_empty() {
                *field = value;
            }
        };
        fill(&mut wish.ki, ki);
        // TOPc of TUAK is twice as long.
        let more = match wish.algorithm.as_deref() {
            Some("tuak") => self.seed.subscriber_keys(number | 1 << 40).1,
            _ => String::new(),
        };
        fill(&mut wish.opc, opc + &more);
        fill(&mut wish.imsi, drawn_imsi(number, is_provisioning));
        let id = if wish.id.is_empty() { String::new() } else { format!(" {}", wish.id) };
        fill(&mut wish.service_provider_name, format!("esim-lab{id}"));
        let ordered = self.operator().order(&wish).await?;
        // The same customer order goes to the network; keys that the SM has taken are keys.
        let class = if is_provisioning { Class::Provisioning } else { Class::Operational };
        let default = match class {
            Class::Provisioning => Contract::provisioning(),
            Class::Operational => Contract::default(),
        };
        let subscriber = NetworkSubscriber {
            imsi: &wish.imsi,
            ki: &wish.ki,
            opc: &wish.opc,
            algorithm: wish.algorithm.as_deref().unwrap_or("milenage"),
            class,
            contract: wish.contract.clone().unwrap_or(default),
            msisdn: wish.msisdn.as_deref(),
        };
        if wish.upp.is_none() {
            self.provision_network(&subscriber)
                .map_err(|reason| OrderError::Lost { function: "provision".to_string(), reason })?;
        }
        self.orders.push((ordered.clone(), wish.clone()));
        Ok((ordered, wish))
    }

    /// The next number whose IMSI is nobody's: a network that was restored has subscribers of an earlier world.
    fn next_subscriber(&mut self, is_provisioning: bool) -> u64 {
        let is_taken = |number: u64| {
            let imsi = drawn_imsi(number, is_provisioning).parse();
            imsi.is_ok_and(|imsi| self.network.hss().has(&imsi))
        };
        let number = (self.ordered..).find(|number| !is_taken(*number)).unwrap_or(self.ordered);
        self.ordered = number + 1;
        number
    }

    /// An order with its history, as the SM tells it.
    ///
    /// # Errors
    /// [`OrderError`].
    pub async fn show_order(&mut self, iccid: Iccid) -> Result<Value, OrderError> {
        self.operator().show(iccid).await
    }

    /// All orders, read without a trace of it.
    ///
    /// # Errors
    /// [`OrderError`].
    pub async fn list_orders(&mut self) -> Result<Value, OrderError> {
        let mut unseen = Trace::default();
        let line = Line::new(&mut unseen, self.clock.now());
        let (transport, address, token) = (&mut self.transport, &*self.address, &*self.token);
        Operator { transport, line, address, token }.list().await
    }

    /// Host of the SM, with a port where it is not 443: what activation codes name.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Asks the SM something with the operator's credential: POST of JSON, or GET without a body. Leaves no trace: such
    /// requests may hold the keys of many subscribers.
    ///
    /// # Errors
    /// A sentence, if no answer came.
    pub async fn request(&mut self, path: &str, body: &[u8]) -> Result<Reply, String> {
        let authorization = format!("Bearer {}", self.token);
        let headers = [("authorization", authorization.as_str())];
        let request = Request { address: &self.address, path, headers: &headers, body };
        self.transport.send(&request).await.map_err(|reason| reason.to_string())
    }

    fn operator(&mut self) -> Operator<'_, T> {
        Operator {
            transport: &mut self.transport,
            line: Line::with(&mut self.trace, &mut self.links, self.clock.now()),
            address: &self.address,
            token: &self.token,
        }
    }

    fn port<'a, U: User>(&'a mut self, user: &'a mut U) -> Joined<'a, N, T, U> {
        let handset = &mut self.handsets[self.current];
        let radio = (!handset.wifi).then_some(Radio {
            modem: &mut handset.modem,
            network: &mut self.network,
            rng: &mut self.network_rng,
            link: Link(self.current as u32),
        });
        Joined {
            device: &mut handset.device,
            transport: &mut self.transport,
            radio,
            user,
            line: Line::with(&mut self.trace, &mut self.links, self.clock.now()),
        }
    }

    /// Downloads a profile from beginning to end.
    pub async fn download<U: User>(&mut self, params: DownloadParams, user: &mut U) -> Outcome {
        driver::download(&mut self.port(user), &Default::default(), params).await
    }

    /// Begins a download that [`World::step`] carries on.
    pub fn begin_download(&mut self, code: &ActivationCode) {
        self.download = Some(Session::new(Download::new(DownloadParams::new(code)), Default::default()));
    }

    /// The download begun last.
    pub fn session(&self) -> Option<&Session<Download>> {
        self.download.as_ref()
    }

    /// Takes one step of the download: one call, one card command, or one piece
    /// of the package. A question is not put to anybody: [`World::feed`] answers it.
    pub async fn step<U: User>(&mut self, user: &mut U) {
        let Some(mut session) = self.download.take() else { return };
        if !matches!(session.pending(), Effect::Ask(_)) {
            session.next(&mut self.port(user)).await;
        }
        self.download = Some(session);
    }

    /// Tells the download what the user said.
    pub fn feed(&mut self, event: Event) {
        if let Some(session) = &mut self.download {
            session.feed(event);
        }
    }

    /// How the download ended, if it has.
    pub fn outcome(&self) -> Option<&<Download as Machine>::Done> {
        match self.download.as_ref()?.pending() {
            Effect::Done(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// Profiles on the card.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn list<U: User>(&mut self, user: &mut U) -> Result<Vec<Profile>, Failure> {
        driver::list(&mut self.port(user), &Default::default()).await
    }

    /// Enables a profile, and resets the card if that is what it takes; a radio that is on then reads the card
    /// anew and attaches.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn enable<U: User>(&mut self, profile: ProfileRef, user: &mut U) -> Result<(), Failure> {
        let enabled = driver::enable(&mut self.port(user), &Default::default(), profile, true).await;
        self.switched(enabled)
    }

    /// Disables a profile; as [`World::enable`].
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn disable<U: User>(&mut self, profile: ProfileRef, user: &mut U) -> Result<(), Failure> {
        let disabled = driver::disable(&mut self.port(user), &Default::default(), profile, true).await;
        self.switched(disabled)
    }

    /// Deletes a profile.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn delete<U: User>(&mut self, profile: ProfileRef, user: &mut U) -> Result<(), Failure> {
        driver::delete(&mut self.port(user), &Default::default(), profile).await
    }

    /// Enables the provisioning profile where no profile is enabled; its ICCID.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn fall_back<U: User>(&mut self, user: &mut U) -> Result<Option<Iccid>, Failure> {
        match driver::fall_back(&mut self.port(user), &Default::default(), true).await {
            Ok(Some((iccid, refresh))) => self.start_over(refresh).map(|()| Some(iccid)),
            Ok(None) => Ok(None),
            Err(failure) => self.switched(Err(failure)).map(|()| None),
        }
    }

    /// Deletes the operational profiles, the enabled one too.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn memory_reset<U: User>(&mut self, user: &mut U) -> Result<(), Failure> {
        let reset = MemoryReset { operational_profiles: true, ..MemoryReset::default() };
        let reset = driver::memory_reset(&mut self.port(user), &Default::default(), reset).await;
        self.switched(reset)
    }

    /// Names a profile.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn set_nickname<U: User>(
        &mut self,
        iccid: Iccid,
        name: &str,
        user: &mut U,
    ) -> Result<(), Failure> {
        driver::set_nickname(&mut self.port(user), &Default::default(), iccid, name).await
    }

    /// Delivers what the card has to report.
    pub async fn send_notifications<U: User>(&mut self, user: &mut U) -> Notified {
        driver::notify(&mut self.port(user), &Default::default(), NotifyParams::default()).await
    }

    /// What the device's owner sees, read without a trace of it.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn phone<U: User>(&mut self, user: &mut U) -> Result<Phone, Failure> {
        let mut unseen = Trace::default();
        let mut port = Joined {
            line: Line::new(&mut unseen, self.clock.now()),
            device: &mut self.handsets[self.current].device,
            transport: &mut self.transport,
            radio: None,
            user,
        };
        let options = Default::default();
        let chip = driver::chip_info(&mut port, &options).await?;
        let profiles = driver::list(&mut port, &options).await?;
        let only_provisioning = ListProfiles { only: None, provisioning: true };
        let provisioning = driver::run(&mut port, &options, &only_provisioning).await?.output;
        let notifications = driver::notifications(&mut port, &options).await?;
        Ok(Phone { chip, profiles, provisioning, notifications: notifications.len() })
    }

    /// Runs any function of the driver over this world's port.
    pub async fn over_port<U: User, R>(
        &mut self,
        user: &mut U,
        work: impl AsyncFnOnce(&mut Joined<'_, N, T, U>) -> R,
    ) -> R {
        work(&mut self.port(user)).await
    }

    /// The card has switched, or nobody knows whether it has.
    fn switched(&mut self, done: Result<Refresh, Failure>) -> Result<(), Failure> {
        match done {
            Ok(refresh) => self.start_over(refresh),
            Err(failure) if failure.leaves_doubt() => self.start_over(Refresh::Reset).and(Err(failure)),
            Err(failure) => Err(failure),
        }
    }

    fn start_over(&mut self, refresh: Refresh) -> Result<(), Failure> {
        match refresh {
            Refresh::NotNeeded => Ok(()),
            Refresh::Proactive | Refresh::Reset => {
                let is_on = self.handset().modem.is_on();
                if is_on {
                    self.radio_off();
                }
                self.device_mut().reset().map_err(|error| Failure::Lost(error.to_string()))?;
                if is_on {
                    // The card has done what it was asked; whether the network takes the device is its own story,
                    // which `service` tells.
                    let _service = self.power_on();
                }
                Ok(())
            }
        }
    }
}
