//! The device in its owner's hand: radio on and off, calls, short messages, the web; and which network
//! is around it.

use crate::device::Device;
use crate::handset::{Handset, NetworkSubscriber};
use crate::link::Line;
use crate::radio::{Attempt, Granted, Radio};
use crate::seed::Stream;
use crate::transport::Transport;
use crate::words::{self, Words};
use crate::world::{World, WorldError};
use esim_euicc::Nvm;
use esim_net::modem::ServiceView;
use esim_net::{
    Answer, Cell, Destination, Effect, Imsi, KeptSubscriber, Link, Modem, ModemError, Network, Report,
    RuleError, Rules, Subscription,
};
use esim_rsp::trace::Party;
use rand_chacha::ChaCha20Rng;

impl<N: Nvm, T: Transport> World<N, T> {
    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The network, to be changed.
    pub fn network_mut(&mut self) -> &mut Network {
        &mut self.network
    }

    /// Rules of the network.
    pub fn rules(&self) -> &Rules {
        self.network.rules()
    }

    /// Sets the network's rules.
    ///
    /// # Errors
    /// The first rule that makes no sense; the old ones stay.
    pub fn set_rules(&mut self, rules: Rules) -> Result<(), RuleError> {
        self.network.set_rules(rules)
    }

    /// Sets the network's rules, and has the device in hand register anew where they change what it is registered as:
    /// subscribers, APNs, services, the network itself. Destinations and names count from the next packet on. Whether
    /// it has registered anew.
    ///
    /// # Errors
    /// As for [`World::set_rules`].
    pub fn apply_rules(&mut self, rules: Rules) -> Result<bool, RuleError> {
        let old = self.rules().clone();
        let stays = old.network == rules.network
            && old.provisioning == rules.provisioning
            && old.apn == rules.apn
            && old.barred == rules.barred;
        self.set_rules(rules)?;
        let again = !stays && self.modem().is_on();
        if again {
            // How it stands then is what the service view tells.
            let _service = self.attach();
        }
        Ok(again)
    }

    /// Subscribers with keys and sequence numbers: with the card's memory, what must be kept for the device to be
    /// served in a later world.
    pub fn subscribers(&self) -> Vec<KeptSubscriber> {
        self.network.hss().kept().collect()
    }

    /// Admits subscribers as they were kept.
    ///
    /// # Errors
    /// The first one whose keys are none.
    pub fn restore_subscribers(&mut self, kept: Vec<KeptSubscriber>) -> Result<(), String> {
        kept.into_iter().try_for_each(|subscriber| {
            let imsi = subscriber.imsi;
            match self.network.hss_mut().restore(subscriber) {
                true => Ok(()),
                false => Err(format!("the keys of {imsi} are none")),
            }
        })
    }

    /// Tells the network of a subscriber: the keys that the operator ordered the profile with.
    ///
    /// # Errors
    /// What is no IMSI or no key, by name.
    pub fn provision_network(&mut self, subscriber: &NetworkSubscriber<'_>) -> Result<(), String> {
        let imsi: Imsi = subscriber.imsi.parse().map_err(|error| format!("{error}"))?;
        let keys =
            subscriber.keys().ok_or("ki and opc have 32 hexadecimal digits, for TUAK 32 or 64 and 64")?;
        let subscription = Subscription {
            keys,
            amf: [0, 0],
            class: subscriber.class,
            contract: subscriber.contract.clone(),
            msisdn: subscriber.msisdn.map(str::to_string),
        };
        self.network.provision(imsi, subscription);
        Ok(())
    }

    /// Cells around the device.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Takes the device somewhere else: these cells are heard. A modem that is switched on moves to them.
    ///
    /// # Errors
    /// Why it is not registered there.
    pub fn set_cells(&mut self, cells: Vec<Cell>) -> Result<(), ModemError> {
        self.cells = cells;
        let cells = self.cells.clone();
        match self.handset().modem.is_on() {
            true => self.over_radio(|modem| modem.hear(&cells)).map(|_| ()),
            false => Ok(()),
        }
    }

    /// Whether the LPA reaches the SM by Wi-Fi; otherwise its calls go through the modem and the network, or
    /// nowhere.
    pub fn has_wifi(&self) -> bool {
        self.handset().wifi
    }

    /// Switches Wi-Fi on or off.
    pub fn set_wifi(&mut self, on: bool) {
        self.handset_mut().wifi = on;
    }

    /// The APN in the device's settings; empty for the network's own choice. It counts from the next attach on.
    pub fn set_apn(&mut self, apn: &str) {
        self.handset_mut().modem.set_apn(apn);
    }

    /// What the device's owner sees of the radio.
    pub fn service(&self) -> ServiceView {
        self.handset().modem.service()
    }

    /// The modem of the device in hand.
    pub fn modem(&self) -> &Modem {
        &self.handset().modem
    }

    /// Switches the radio on, or starts it over: resets the card, reads the USIM, attaches.
    ///
    /// # Errors
    /// A sentence: the card's, or the network's cause.
    pub fn attach(&mut self) -> Result<Report, Words> {
        if self.handset().modem.is_on() {
            self.radio_off();
        }
        self.device_mut().reset().map_err(|error| Words::same(error.to_string()))?;
        self.power_on().map_err(|error| words::modem_error(&error))?;
        Ok(self.handset().modem.usim().cloned().unwrap_or_default())
    }

    pub(crate) fn power_on(&mut self) -> Result<Answer, ModemError> {
        let cells = self.cells.clone();
        self.over_radio(|modem| modem.power_on(&cells))
    }

    /// Switches the radio off; a registered device takes its leave.
    pub fn radio_off(&mut self) {
        // Nothing depends on the network's answer: there is none.
        let _left = self.over_radio(Modem::power_off);
    }

    /// Runs a procedure of the modem.
    ///
    /// # Errors
    /// [`ModemError`].
    pub fn over_radio(&mut self, begin: impl FnOnce(&mut Modem) -> Effect) -> Result<Answer, ModemError> {
        let (mut radio, device, mut line) = self.radio();
        radio.run(device, &mut line, begin)
    }

    /// Calls a number.
    pub fn call(&mut self) -> Attempt {
        Attempt::of(self.over_radio(Modem::call), Granted::Call.words())
    }

    /// Sends a short message.
    pub fn send_text(&mut self, to: &str, text: &str) -> Attempt {
        let (to, text) = (to.to_string(), text.to_string());
        Attempt::of(self.over_radio(|modem| modem.text(&to, &text)), Granted::Text.words())
    }

    /// Asks for a supplementary service.
    pub fn supplementary(&mut self) -> Attempt {
        Attempt::of(self.over_radio(Modem::supplementary), Granted::Supplementary.words())
    }

    /// Shows the network that the device is still there.
    pub fn update_location(&mut self) -> Attempt {
        let known = Words::new("the network knows the device", "網は端末を把握しています");
        Attempt::of(self.over_radio(Modem::update), known)
    }

    /// Opens a further connection on an APN.
    pub fn open_apn(&mut self, apn: &str) -> Attempt {
        let apn = apn.to_string();
        let done = self.over_radio(|modem| modem.connect(&apn));
        Attempt::of(done, Words::new(format!("a connection on {apn}"), format!("{apn}への接続")))
    }

    /// Opens a web page: `host` or `host:port`. What the network lets through is taken to be there.
    pub fn browse(&mut self, destination: &str) -> Attempt {
        let Some(destination) = Destination::of(destination) else {
            return Attempt::failed(Words::new(
                format!("{destination} is no host name"),
                format!("{destination}はホスト名ではありません"),
            ));
        };
        let (mut radio, device, mut line) = self.radio();
        match radio.connect(device, &mut line, &destination) {
            Ok(passage) => Attempt::passed(passage.decision),
            Err(attempt) => *attempt,
        }
    }

    /// The operator ends a subscription: the store forgets it, a registered device is sent away.
    ///
    /// # Errors
    /// If it is no IMSI, or nobody's.
    pub fn withdraw(&mut self, imsi: &str) -> Result<(), String> {
        let imsi: Imsi = imsi.parse().map_err(|error| format!("{error}"))?;
        if !self.network.hss().has(&imsi) {
            return Err(format!("there is no subscriber {imsi}"));
        }
        let (radio, _, mut line) = self.radio();
        let (told, _) = line.network(|log| radio.network.withdraw(&imsi, radio.rng, log));
        if let Some((Link(number), message)) = told {
            let current = core::mem::replace(&mut self.current, number as usize);
            // The device is sent away: how that ends for it is what its service view tells.
            let _away = self.over_radio(|modem| modem.unsolicited(message));
            self.current = current;
        }
        Ok(())
    }

    /// A second device in this world, with a card in `nvm`; its number.
    ///
    /// # Errors
    /// [`WorldError`].
    pub fn add_device(&mut self, nvm: N) -> Result<usize, WorldError> {
        let number = self.handsets.len();
        let mut rng: ChaCha20Rng = self.seed().stream(Stream::Card);
        rng.set_word_pos(number as u128 * (1 << 40));
        let mut device = Device::power_on(nvm, rng, self.clock())?;
        if let Some(watchers) = self.trace.watchers() {
            device.watch(watchers.of(Party::Euicc));
        }
        self.handsets.push(Handset::new(device));
        Ok(number)
    }

    /// Takes another device in hand: every function of the world is about it from now on.
    pub fn use_device(&mut self, number: usize) {
        if number < self.handsets.len() {
            self.current = number;
        }
    }

    /// Which device is in hand.
    pub fn current_device(&self) -> usize {
        self.current
    }

    pub(crate) fn handset(&self) -> &Handset<N> {
        &self.handsets[self.current]
    }

    pub(crate) fn handset_mut(&mut self) -> &mut Handset<N> {
        &mut self.handsets[self.current]
    }

    fn radio(&mut self) -> (Radio<'_>, &mut Device<N>, Line<'_>) {
        let now = self.now();
        let handset = &mut self.handsets[self.current];
        let radio = Radio {
            modem: &mut handset.modem,
            network: &mut self.network,
            rng: &mut self.network_rng,
            link: Link(self.current as u32),
        };
        (radio, &mut handset.device, Line::with(&mut self.trace, &mut self.links, now))
    }
}
