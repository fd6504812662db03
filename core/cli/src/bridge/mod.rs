//! `esim-lab bridge`: a WebSocket on this machine's own address, by which a page reaches readers and modems that its browser
//! does not. docs/BRIDGE.md says what it is, what it refuses, and why.

mod gate;
mod holder;
mod origin;
mod pairing;
mod places;
mod session;
mod words;

use crate::serve::Signals;
use anyhow::{Context, Result, ensure};
use esim_reader::bridge;
use gate::Gate;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use origin::Origin;
use pairing::Pairing;
use places::{Named, Offer};
use session::House;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use words::Words;

/// `bridge`.
#[derive(clap::Args)]
pub struct Bridge {
    /// Address and port to listen on: of this machine alone.
    #[arg(long, default_value = bridge::ADDRESS)]
    listen: SocketAddr,
    /// A card that pages may use, as `lpa --card` names it; may be repeated. Without it, all that is plugged in.
    #[arg(long, value_name = "WHERE")]
    card: Vec<Named>,
    /// Origin, such as https://page.example, whose pages may connect; may be repeated. Those of this machine (localhost,
    /// 127.0.0.1, [::1], at any port) may always.
    #[arg(long, value_name = "ORIGIN")]
    origin: Vec<Origin>,
    /// Japanese in place of English; also when LANG is Japanese.
    #[arg(long)]
    ja: bool,
}

/// Connections at once, of whoever has not been let in, too.
const CONNECTIONS: usize = 16;
/// How long the head of a request may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Octets of the longest head.
const HEAD: usize = 16 << 10;
/// How long a card may take to be given back when the bridge ends.
const GRACE: Duration = Duration::from_secs(5);
/// How long nothing is accepted when the system has no room for it.
const BREATH: Duration = Duration::from_millis(100);

/// Serves until it is interrupted; a card that is open is given back.
///
/// # Errors
/// The address is another machine's too, or in use.
pub async fn run(args: Bridge) -> Result<()> {
    let address = args.listen;
    ensure!(
        address.ip().is_loopback(),
        "{address} is not of this machine alone: whoever reaches it would reach the card. --listen 127.0.0.1:PORT"
    );
    let listener = TcpListener::bind(address).await;
    let in_use =
        || format!("cannot listen at {address}; if a bridge is there already, --listen takes another port");
    let listener = listener.with_context(in_use)?;
    let signals = Signals::new()?;
    let words = Words(crate::lpa::language(args.ja));
    let house = House {
        words,
        pairing: Mutex::new(Pairing::draw()?),
        offer: Arc::new(Offer::new(args.card)),
        place: Arc::new(Semaphore::new(1)),
    };
    tell!("{}", words.listening(listener.local_addr()?, &args.origin));
    house.show_code();
    let (stop, stopped) = watch::channel(false);
    let place = house.place.clone();
    let gate = Arc::new(Gate::new(args.origin, house, stopped));
    tokio::select! {
        () = accept(listener, gate) => {}
        done = signals.wait(|| ()) => done?,
    }
    stop.send_replace(true);
    // Whoever is connected holds the one place, until the card has been given back.
    if tokio::time::timeout(GRACE, place.acquire()).await.is_err() {
        tell!("{}", words.card_is_busy());
    }
    Ok(())
}

/// Takes connections, as long as nobody ends it.
async fn accept(listener: TcpListener, gate: Arc<Gate>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // A connection that was gone before it was taken, or no descriptor left for it.
            tokio::time::sleep(BREATH).await;
            continue;
        };
        // Where there is no room nobody waits: the connection is closed.
        let Ok(room) = room.clone().try_acquire_owned() else { continue };
        let gate = gate.clone();
        tokio::spawn(async move {
            serve(stream, gate).await;
            drop(room);
        });
    }
}

/// One request, and what becomes of it. Where it is let in, the conversation is a task of its own.
async fn serve(stream: TcpStream, gate: Arc<Gate>) {
    // Small messages to and fro. Where that cannot be, they leave later.
    let _ = stream.set_nodelay(true);
    let answer = service_fn(move |request| {
        let gate = gate.clone();
        async move { Ok::<_, Infallible>(gate.answer(request)) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(HEAD);
    // However it ends, it ends for this connection alone.
    let _ = http.serve_connection(TokioIo::new(stream), answer).with_upgrades().await;
}
