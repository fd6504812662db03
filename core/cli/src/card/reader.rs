//! A card in a reader that PC/SC knows.

use super::{Listed, Seen};
use anyhow::{Context as _, Result, bail};
use esim_lpa::Lost;
use pcsc::{Card, Context, Disposition, Error, Protocols, Scope, ShareMode, State};
use std::ffi::{CStr, CString};

pub struct Reader {
    card: Card,
    name: String,
}

impl Reader {
    /// Connects to the card in the reader whose name has `wanted` in it, or in the first that has one, and keeps it for itself:
    /// another program in between would disturb a download.
    pub fn open(wanted: Option<&str>) -> Result<Self> {
        let context = context()?;
        let states = states(&context)?;
        // A whole name is that reader's alone, though another's may begin with it.
        let is_whole = states.iter().any(|(name, ..)| wanted == Some(&*text(name)));
        let matches =
            |name: &str, wanted: &str| if is_whole { name == wanted } else { name.contains(wanted) };
        let matching: Vec<_> = states
            .iter()
            .filter(|(name, ..)| wanted.is_none_or(|wanted| matches(&text(name), wanted)))
            .collect();
        let Some((name, ..)) = matching.iter().find(|(_, state, _)| state.contains(State::PRESENT)) else {
            let names: Vec<_> = states.iter().map(|(name, ..)| text(name)).collect();
            match (wanted, matching.first()) {
                _ if names.is_empty() => bail!("no reader is plugged in"),
                (Some(wanted), None) => {
                    bail!("no reader has {wanted} in its name; there is {}", names.join(", "))
                }
                _ => bail!("there is no card in {}", names.join(", ")),
            }
        };
        let card = context
            .connect(name, ShareMode::Exclusive, Protocols::ANY)
            .map_err(|error| anyhow::anyhow!("{}: {}", text(name), remedy(error)))?;
        Ok(Self { card, name: text(name) })
    }

    pub fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        let mut buffer = vec![0; pcsc::MAX_BUFFER_SIZE_EXTENDED];
        match self.card.transmit(apdu, &mut buffer) {
            Ok(response) => Ok(response.to_vec()),
            Err(error) => Err(Lost(format!("{}: {}", self.name, remedy(error)))),
        }
    }

    /// What the card has answered to its reset.
    pub fn atr(&self) -> Option<Vec<u8>> {
        self.card.status2_owned().ok().map(|status| status.atr().to_vec())
    }

    pub fn reset(&mut self) -> Result<()> {
        let again = self.card.reconnect(ShareMode::Exclusive, Protocols::ANY, Disposition::ResetCard);
        again.map_err(|error| anyhow::anyhow!("{}: {}", self.name, remedy(error)))
    }
}

/// All readers.
pub fn list() -> Result<Vec<Listed>> {
    let context = context()?;
    let listed = states(&context)?.into_iter().map(|(name, state, atr)| {
        let seen = match () {
            () if state.contains(State::MUTE) => Seen::Mute,
            () if state.contains(State::EXCLUSIVE) => Seen::Taken,
            () if state.contains(State::PRESENT) => Seen::Card(atr),
            () => Seen::Empty,
        };
        Listed::new(format!("reader:{}", text(&name)), seen)
    });
    Ok(listed.collect())
}

fn context() -> Result<Context> {
    Context::establish(Scope::User).map_err(|error| anyhow::anyhow!("{}", remedy(error)))
}

/// Name, state and ATR of each reader.
fn states(context: &Context) -> Result<Vec<(CString, State, Vec<u8>)>> {
    let names = match context.list_readers_owned() {
        Ok(names) => names,
        Err(Error::NoReadersAvailable) => Vec::new(),
        Err(error) => bail!("{}", remedy(error)),
    };
    let mut states: Vec<_> =
        names.iter().map(|name| pcsc::ReaderState::new(name.clone(), State::UNAWARE)).collect();
    if !states.is_empty() {
        context
            .get_status_change(std::time::Duration::ZERO, &mut states)
            .context("the readers do not answer")?;
    }
    let seen = states.iter().map(|it| (it.name().to_owned(), it.event_state(), it.atr().to_vec()));
    Ok(seen.collect())
}

fn text(name: &CStr) -> String {
    name.to_string_lossy().into_owned()
}

/// What has gone wrong, and what to do.
fn remedy(error: Error) -> String {
    match error {
        Error::NoService | Error::ServiceStopped => {
            "the PC/SC daemon does not run: start it (systemctl start pcscd)".into()
        }
        Error::SharingViolation => {
            "another program uses the card: end it, such as a browser, ModemManager or gpg's scdaemon".into()
        }
        Error::NoSmartcard | Error::RemovedCard => {
            "the card is no longer there: put it in, and try again".into()
        }
        Error::UnresponsiveCard | Error::UnpoweredCard => {
            "the card does not answer: turn it round, or clean its contacts".into()
        }
        Error::ResetCard => "another program has reset the card: try again".into(),
        Error::ReaderUnavailable | Error::UnknownReader => "the reader is no longer plugged in".into(),
        error => error.to_string(),
    }
}
