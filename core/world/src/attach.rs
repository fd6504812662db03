//! Switching the modem on: card, modem and network until there is service or a reason why not.

use crate::port::{apdu_name, status};
use crate::transport::Transport;
use crate::world::World;
use esim_euicc::Nvm;
use esim_net::{Challenge, Effect, Event, Modem, Report, Response, Subscriber};
use esim_rsp::trace::Party;

/// Interface name of the modem's words with the network.
const NAS: &str = "NAS";

impl<N: Nvm, T: Transport> World<N, T> {
    /// Tells the network of a subscriber: the keys that the operator ordered the profile with.
    /// False if they are not 32 hexadecimal digits each.
    pub fn provision_network(&mut self, imsi: &str, ki: &str, opc: &str) -> bool {
        let key = |text: &str| hex::decode(text).ok().and_then(|octets| <[u8; 16]>::try_from(octets).ok());
        let (Some(ki), Some(opc)) = (key(ki), key(opc)) else { return false };
        self.network.provision(imsi, Subscriber::new(ki, opc));
        true
    }

    /// Resets the card and lets the modem attach.
    ///
    /// # Errors
    /// A sentence: the card's, or the network's cause.
    pub fn attach(&mut self) -> Result<Report, String> {
        self.device_mut().reset().map_err(|error| error.to_string())?;
        let mut modem = Modem::new();
        let mut effect = modem.start();
        let mut imsi = String::new();
        loop {
            let event = match effect {
                Effect::Card(apdu) => Event::Card(self.transmit_as_modem(&apdu)),
                Effect::Attach { imsi: own } => {
                    imsi = own;
                    self.note(Party::Modem, "ATTACH REQUEST", imsi.as_bytes());
                    let challenge = self.network.attach(&imsi, &mut self.network_rng);
                    self.challenged(challenge.map(Some).map_err(|cause| cause.to_string()))?
                }
                Effect::Answer(response) => {
                    let (name, octets) = words(&response);
                    self.note(Party::Modem, name, &octets);
                    let next = self.network.authenticate(&imsi, &response, &mut self.network_rng);
                    self.challenged(next.map_err(|cause| cause.to_string()))?
                }
                Effect::Done(report) => return Ok(report),
                Effect::Failed(error) => return Err(error.to_string()),
            };
            effect = modem.step(event);
        }
    }

    /// What the network said, noted and passed on.
    fn challenged(&mut self, said: Result<Option<Challenge>, String>) -> Result<Event, String> {
        match said {
            Ok(Some(challenge)) => {
                self.note(
                    Party::Network,
                    "AUTHENTICATION REQUEST",
                    &[challenge.rand, challenge.autn].concat(),
                );
                Ok(Event::Challenged(challenge))
            }
            Ok(None) => {
                self.note(Party::Network, "ATTACH ACCEPT", &[]);
                Ok(Event::Accepted)
            }
            Err(cause) => {
                self.note(Party::Network, "ATTACH REJECT", cause.as_bytes());
                Err(cause)
            }
        }
    }

    fn transmit_as_modem(&mut self, apdu: &[u8]) -> Vec<u8> {
        let now = self.now();
        self.trace_mut().note(now, (Party::Modem, Party::Euicc), "APDU", apdu_name(apdu), apdu);
        let response = self.device_mut().transmit(apdu);
        self.trace_mut().note(now, (Party::Euicc, Party::Modem), "APDU", &status(&response), &response);
        response
    }

    fn note(&mut self, from: Party, function: &str, octets: &[u8]) {
        let to = if from == Party::Modem { Party::Network } else { Party::Modem };
        let now = self.now();
        self.trace_mut().note(now, (from, to), NAS, function, octets);
    }
}

fn words(response: &Response) -> (&'static str, Vec<u8>) {
    match response {
        Response::Res(res) => ("AUTHENTICATION RESPONSE", res.clone()),
        Response::SynchFailure(auts) => ("AUTHENTICATION FAILURE (synch failure)", auts.to_vec()),
        Response::MacFailure => ("AUTHENTICATION FAILURE (MAC failure)", Vec::new()),
    }
}
