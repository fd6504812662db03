//! The eUICC while one command of lpac lasts: a channel to its ISD-R, opened before anything else.

use super::environment::Environment;
use super::host::Host;
use super::line::{Failed, failure};
use esim_lpa::apdu::CardOptions;
use esim_lpa::driver::{self, Failure, Link, Refresh};
use esim_lpa::manage::{Command, ManageError};
use esim_lpa::{Effect, Machine, ProfileRef, Session, Step};
use std::ops::RangeInclusive;

/// Longest AID (ISO/IEC 7816-4 12.2.3).
const LONGEST_AID: usize = 16;
/// Octets that a STORE DATA block may have, as lpac bounds them.
const BLOCK: RangeInclusive<u16> = 6..=255;

/// An eUICC with what it is reached by.
pub(super) struct Euicc {
    /// Card, servers and front-end.
    pub host: Host,
    link: Link,
    options: CardOptions,
    refresh: Refresh,
}

impl Euicc {
    /// Powers the card and selects its ISD-R.
    ///
    /// # Errors
    /// Told as lpac tells it, with a sentence on standard error.
    pub async fn open(environment: Environment) -> Result<Self, Failed> {
        let options = options(&environment).map_err(|why| failure("euicc_init", why))?;
        let opened = async {
            let mut host = Host::open(environment)?;
            let mut link = Link::new(options.clone());
            link.open(&mut host).await?;
            anyhow::Ok((host, link))
        };
        match opened.await {
            Ok((host, link)) => Ok(Self { host, link, options, refresh: Refresh::NotNeeded }),
            Err(error) => {
                tell!("esim-lab: {error:#}");
                Err(failure("euicc_init", ""))
            }
        }
    }

    /// Runs one command.
    ///
    /// # Errors
    /// Why it failed.
    pub async fn run<C: Command>(&mut self, command: &C) -> Result<C::Output, Failure> {
        let ran = self.link.run(&mut self.host, command).await?;
        if ran.refresh != Refresh::NotNeeded {
            self.refresh = ran.refresh;
        }
        Ok(ran.output)
    }

    /// Runs one command that lpac calls `function`.
    ///
    /// # Errors
    /// Told with no reason, for lpac gives none; there is one on standard error.
    pub async fn read<C: Command>(&mut self, function: &str, command: &C) -> Result<C::Output, Failed> {
        self.run(command).await.map_err(|error| {
            tell!("esim-lab: {error}");
            failure(function, "")
        })
    }

    /// Runs a command that changes something and that lpac calls `function`; it has a reason for each of these codes.
    ///
    /// # Errors
    /// Told with the reason.
    pub async fn change<C: Command>(
        &mut self,
        function: &str,
        command: &C,
        reasons: &[(u32, &str)],
    ) -> Result<C::Output, Failed> {
        self.run(command).await.map_err(|error| refused(function, &error, reasons))
    }

    /// Enables a profile, or disables it, with `esim-lab lpa`'s care: where no answer comes, the card is asked what it has.
    ///
    /// # Errors
    /// As for [`Euicc::change`].
    pub async fn switch(
        &mut self,
        function: &str,
        (profile, enabled): (ProfileRef, bool),
        refresh: bool,
        reasons: &[(u32, &str)],
    ) -> Result<(), Failed> {
        // It opens channels of its own.
        self.link.close(&mut self.host).await;
        let switched = match enabled {
            true => driver::enable_surely(&mut self.host, &self.options, profile, refresh).await,
            false => driver::disable_surely(&mut self.host, &self.options, profile, refresh).await,
        };
        self.refresh = switched.map_err(|error| refused(function, &error, reasons))?;
        Ok(())
    }

    /// Plays a procedure to its end; `before` hears of each step.
    pub async fn play<M: Machine>(
        &mut self,
        machine: M,
        mut before: impl FnMut(&Effect<M::Done>),
    ) -> M::Done {
        // It opens a channel of its own.
        self.link.close(&mut self.host).await;
        let mut session = Session::new(machine, self.options.clone());
        loop {
            before(session.pending());
            if let Step::Done(done) = session.next(&mut self.host).await {
                return done;
            }
        }
    }

    /// Closes the channel, and starts the card over where something waits for that.
    pub async fn close(mut self) {
        self.link.close(&mut self.host).await;
        if self.refresh != Refresh::NotNeeded
            && let Err(error) = self.host.reset()
        {
            tell!("esim-lab: {error:#}");
        }
    }
}

/// Tells why a command that lpac calls `function` has not been carried out.
fn refused(function: &str, error: &Failure, reasons: &[(u32, &str)]) -> Failed {
    tell!("esim-lab: {error}");
    let code = match error {
        Failure::Command(ManageError::Refused(it)) if !it.code.is_status_word() => it.code.value,
        _ => NO_ANSWER,
    };
    let known = reasons.iter().find(|(number, _)| *number == code);
    failure(function, known.map_or("unknown", |(_, reason)| *reason))
}

/// Stands in tables of reasons for a command that no answer of its own came to.
pub(super) const NO_ANSWER: u32 = u32::MAX;

fn options(environment: &Environment) -> Result<CardOptions, &'static str> {
    let aid = environment.aid.as_deref().map(|digits| {
        let aid = hex::decode(digits).ok().filter(|aid| (1..=LONGEST_AID).contains(&aid.len()));
        aid.ok_or("invalid custom ISD-R applet id given")
    });
    let block = environment.block.as_deref().map(number).filter(|number| *number != Some(0));
    let block = block.map(|number| {
        let octets =
            number.filter(|number| BLOCK.contains(number)).and_then(|number| u8::try_from(number).ok());
        octets.ok_or("invalid custom ES10x MSS given")
    });
    let mut options = CardOptions { aid: aid.transpose()?, ..CardOptions::default() };
    if let Some(block) = block.transpose()? {
        options.block_size = block;
    }
    Ok(options)
}

/// The number that a text begins with; 0 if it begins with none, as C has it.
fn number(text: &str) -> Option<u16> {
    let digits = text.trim_start();
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    match digits.get(..end) {
        _ if digits.starts_with('-') => None,
        Some(digits) if !digits.is_empty() => digits.parse().ok(),
        _ => Some(0),
    }
}
