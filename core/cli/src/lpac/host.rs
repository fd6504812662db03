//! What the LPA is plugged into here: the card, the way to servers, and a front-end that has said beforehand what it wants.

use super::environment::{Apdu, Environment, Http, Readers};
use super::line;
use super::stdio::{self, Stdio};
use crate::card::{Card, Where, readers};
use crate::https::Https;
use anyhow::{Context, Result, bail};
use esim_lpa::{Answer, HttpCall, HttpReply, Lost, Metadata, Port, Question, Unanswered};
use esim_rsp::json::Base64;
use esim_world::{Reply, Request, Slot, Transport};
use serde::Serialize;
use std::fmt::Write;
use std::io::Read;

/// Headers of every request (SGP.22 6.5.1), for one that somebody else sends.
const HEADERS: [&str; 3] =
    ["User-Agent: gsma-rsp-lpad", "X-Admin-Protocol: gsma/rsp/v2.6.0", "Content-Type: application/json"];

/// All of it.
pub(super) struct Host {
    card: Reached,
    /// Not there yet until somebody asks a server.
    network: Option<Network>,
    environment: Environment,
    /// What a download asks.
    pub consent: Consent,
}

/// How a question of a download is answered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Consent {
    /// The front-end wants to be asked.
    pub asks: bool,
    /// It has said no.
    pub refused: bool,
    /// A confirmation code is wanted, and none was given.
    pub code_missing: bool,
}

enum Reached {
    Card(Box<Card>),
    Stdio(Stdio),
}

enum Network {
    Own(Box<Https>),
    Stdio,
}

/// What is offered, as lpac shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Offer<'a> {
    iccid: Option<String>,
    service_provider_name: Option<&'a str>,
    profile_name: Option<&'a str>,
    icon_type: Option<&'a str>,
    icon: Option<&'a Base64>,
    profile_class: Option<&'a str>,
}

impl Host {
    /// Powers the card.
    ///
    /// # Errors
    /// What is missing, and what to do.
    pub fn open(environment: Environment) -> Result<Self> {
        let card = match &environment.apdu {
            Apdu::Stdio => Reached::Stdio(Stdio::default()),
            Apdu::Reader(wanted) => Reached::open(&reader(wanted)?)?,
            Apdu::Modem(port) => Reached::open(&Where::Modem(port.clone()))?,
            Apdu::Place(place) => Reached::open(place)?,
        };
        Ok(Self { card, network: None, environment, consent: Consent::default() })
    }

    /// Starts the card over, as a terminal does after REFRESH. Whoever has started this program does that for its own.
    pub fn reset(&mut self) -> Result<()> {
        match &mut self.card {
            Reached::Card(card) => card.reset(),
            Reached::Stdio(_) => Ok(()),
        }
    }

    fn network(&mut self) -> Result<&mut Network> {
        let made = match (self.network.take(), self.environment.http, &self.card) {
            (Some(made), ..) => made,
            (None, Http::Stdio, _) => Network::Stdio,
            (None, Http::Own, card) => Network::Own(Box::new(https(card, &self.environment)?)),
        };
        Ok(self.network.insert(made))
    }
}

impl Reached {
    fn open(place: &Where) -> Result<Self> {
        Ok(Self::Card(Box::new(Card::open(place)?)))
    }
}

/// The reader that is meant.
fn reader(wanted: &Readers) -> Result<Where> {
    if wanted.is_any() {
        return Ok(Where::Reader(None));
    }
    let listed = readers()?;
    let named = |card: &str| card.strip_prefix("reader:").unwrap_or(card).to_string();
    let mut found = listed.iter().enumerate().filter(|(index, it)| wanted.take(*index, &named(&it.card)));
    match found.clone().find(|(_, it)| it.present).or_else(|| found.next()) {
        Some((_, it)) => Ok(Where::Reader(Some(named(&it.card)))),
        None => {
            let names: Vec<_> = listed.iter().map(|it| named(&it.card)).collect();
            bail!("none of the readers is the one that is wanted; there is {}", names.join(", "))
        }
    }
}

fn https(card: &Reached, environment: &Environment) -> Result<Https> {
    let files = &environment.cis;
    let roots = match card {
        Reached::Card(card) => crate::lpa::trusted(card, files)?,
        Reached::Stdio(_) => {
            let read = |path: &std::path::PathBuf| {
                std::fs::read(path).with_context(|| format!("ESIM_LAB_CI: {}", path.display()))
            };
            files.iter().map(read).collect::<Result<_>>()?
        }
    };
    if roots.is_empty() {
        tell!(
            "no CI is named: no server can be trusted. ESIM_LAB_CI names files (DER) with those that the card trusts, or they \
             lie in a folder esim-lab-ci beside lpac"
        );
    }
    Https::new(&roots)
}

impl Port for Host {
    async fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        let shows = self.environment.shows_apdus;
        if shows {
            tell!("[DEBUG] [APDU] [TX] {}", command(apdu));
        }
        let response = match &mut self.card {
            Reached::Card(card) => card.transmit(apdu).await?,
            Reached::Stdio(stdio) => stdio.transmit(apdu)?,
        };
        if shows {
            tell!("[DEBUG] [APDU] [RX] {}", answer(&response));
        }
        Ok(response)
    }

    async fn http(&mut self, call: &HttpCall) -> Result<HttpReply, Unanswered> {
        let url = format!("https://{}{}", call.address, call.path);
        let shows = self.environment.shows_http;
        if shows {
            let body = String::from_utf8_lossy(&call.body);
            tell!("[DEBUG] [HTTP] [TX] url: {url}, data: {body}");
        }
        let network = self.network().map_err(|error| Unanswered::Lost(format!("{error:#}")))?;
        let Reply { status, body } = match network {
            Network::Own(https) => {
                let (address, path) = (call.address.as_str(), call.path.as_str());
                https.send(&Request { address, path, headers: &[], body: &call.body }).await?
            }
            Network::Stdio => {
                let (status, body) = stdio::post(&url, &HEADERS, &call.body)?;
                Reply { status, body }
            }
        };
        if shows {
            let body = String::from_utf8_lossy(&body);
            tell!("[DEBUG] [HTTP] [RX] rcode: {status}, data: {body}");
        }
        Ok(HttpReply { status, body })
    }

    async fn ask(&mut self, question: &Question) -> Answer {
        match question {
            Question::Consent(consent) => {
                offer(&consent.profile);
                self.consent.refused = self.consent.asks && !agrees();
                if self.consent.refused { Answer::Reject } else { Answer::Accept }
            }
            Question::ConfirmationCode(_) => {
                self.consent.code_missing = true;
                Answer::Postpone
            }
        }
    }
}

/// Shows what is offered; the name of the step is lpac's, letter for letter.
fn offer(profile: &Metadata) {
    let kind = |icon: &esim_lpa::profile::Icon| if icon.media_type == "image/png" { "png" } else { "jpeg" };
    let offer = Offer {
        iccid: profile.iccid.map(|iccid| iccid.to_string()),
        service_provider_name: profile.service_provider_name.as_deref(),
        profile_name: profile.profile_name.as_deref(),
        icon_type: profile.icon.as_ref().map(kind),
        icon: profile.icon.as_ref().map(|icon| &icon.data),
        profile_class: profile.class.as_deref(),
    };
    line::progress("es8p_meatadata_parse", offer);
}

/// One letter says so; the end of the input does not.
fn agrees() -> bool {
    line::progress("preview", "y/n");
    let mut letter = [0];
    std::io::stdin().read_exact(&mut letter).is_ok() && letter[0].eq_ignore_ascii_case(&b'y')
}

fn command(apdu: &[u8]) -> String {
    let mut text = String::new();
    for (name, octet) in ["CLA", "INS", "P1", "P2", "Lc"].iter().zip(apdu) {
        // Writing into a string does not fail.
        let _ = write!(text, "{name}: {octet:02X}, ");
    }
    text + "Data: " + &spaced(apdu.get(5..).unwrap_or_default())
}

fn answer(response: &[u8]) -> String {
    let (data, [sw1, sw2]) = response.split_last_chunk().unwrap_or((&[], &[0, 0]));
    format!("SW1: {sw1:02X}, SW2: {sw2:02X}, Data: {}", spaced(data))
}

fn spaced(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |text, octet| text + &format!("{octet:02X} "))
}
