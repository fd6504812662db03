//! A driver without I/O over a browser's port.

use crate::fault::Fault;
use crate::time::now;
use esim_reader::{Effect, Event, Plug, Reply, Request};

/// What octets go over.
pub trait Wire {
    /// Sends octets.
    async fn write(&mut self, octets: &[u8]) -> Result<(), Fault>;

    /// Octets that come within so many milliseconds; none if none do.
    async fn read(&mut self, milliseconds: u64) -> Result<Vec<u8>, Fault>;
}

/// Asks a driver, and does what it says until it has an answer.
pub async fn ask<P: Plug>(
    plug: &mut P,
    wire: &mut impl Wire,
    request: Request,
) -> Result<Reply<P::Opened>, Fault>
where
    Fault: From<P::Error>,
{
    let mut effect = plug.begin(request, now());
    loop {
        let until = match effect {
            Effect::Done(done) => return Ok(done?),
            Effect::Write { octets, until } => {
                wire.write(&octets).await?;
                until
            }
            Effect::Wait { until } => until,
        };
        let octets = wire.read(until.saturating_sub(now())).await?;
        let event = if octets.is_empty() { Event::Elapsed } else { Event::Received(&octets) };
        effect = plug.step(event, now());
    }
}
