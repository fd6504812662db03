//! What a modem and a reader have in common for whoever owns their port: requests in, effects out.

use alloc::vec::Vec;

/// What is asked of a plug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Find out what is there, and make it ready.
    Open,
    /// Carry this command APDU to the card and its response back.
    Transmit(Vec<u8>),
    /// Give back what is held: logical channels of a modem, power of a card in a reader.
    Close,
}

/// What has come of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply<T> {
    /// What is there.
    Opened(T),
    /// The response APDU, with its status word.
    Apdu(Vec<u8>),
    /// Nothing is held any more.
    Closed,
}

/// What has happened at the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// These octets have come, in whatever pieces.
    Received(&'a [u8]),
    /// Time has passed and nothing has come.
    Elapsed,
}

/// What the owner of the port does next. Instants are milliseconds on the owner's clock, the one of which `now` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect<T, E> {
    /// Write these octets, then wait as in [`Effect::Wait`]. Over USB they are one bulk transfer.
    Write {
        /// All of them.
        octets: Vec<u8>,
        /// As in [`Effect::Wait`].
        until: u64,
    },
    /// Wait for octets, at most until then: [`Event::Received`] or [`Event::Elapsed`] comes next.
    Wait {
        /// Milliseconds.
        until: u64,
    },
    /// The request has come to its end.
    Done(Result<Reply<T>, E>),
}

/// What a step of a [`Plug`] wants.
pub type Step<P> = Effect<<P as Plug>::Opened, <P as Plug>::Error>;

/// The driver of a modem or a reader, as a step machine without I/O.
///
/// [`Plug::begin`] a request, do what its effect says, and tell with [`Plug::step`] what happened, until it is
/// [`Effect::Done`]. A request that begins while another is under way takes its place.
pub trait Plug: Sized {
    /// What [`Request::Open`] finds.
    type Opened;
    /// Why a request came to nothing.
    type Error;

    /// Begins a request.
    fn begin(&mut self, request: Request, now: u64) -> Step<Self>;

    /// Goes on after an event.
    fn step(&mut self, event: Event<'_>, now: u64) -> Step<Self>;
}
