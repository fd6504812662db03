//! A conversation with whoever was let in: the pairing code, then questions and answers, one after the other.

use super::holder::Holder;
use super::pairing::{Pairing, Tried};
use super::places::Offer;
use super::words::Words;
use esim_reader::bridge::{Answer, Failure, Question, Refusal, VERSION};
use futures_util::{SinkExt as _, StreamExt as _};
use hyper_tungstenite::HyperWebsocketStream;
use hyper_tungstenite::tungstenite::protocol::CloseFrame;
use hyper_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use hyper_tungstenite::tungstenite::{Error, Message, error::ProtocolError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How long somebody may take to type the code.
const PAIRING: Duration = Duration::from_secs(60);
/// What a wrong code costs.
const PENANCE: Duration = Duration::from_secs(1);
/// How long an answer may take to be taken.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection that ends may take to do so.
const LINGER: Duration = Duration::from_secs(2);

/// What conversations share.
pub struct House {
    /// In which language it speaks.
    pub words: Words,
    /// The code.
    pub pairing: Mutex<Pairing>,
    /// What there is to choose from.
    pub offer: Arc<Offer>,
    /// Of whoever is connected: one.
    pub place: Arc<Semaphore>,
}

impl House {
    /// Shows the code to whoever sits here.
    pub fn show_code(&self) {
        tell!("{}", self.words.code(&self.pairing.lock().unwrap_or_else(PoisonError::into_inner).code()));
    }
}

/// Why a conversation ends.
enum Ending {
    /// The other side is gone, or takes nothing any more.
    Gone,
    /// With this.
    Said(Answer),
}

/// Serves one client until it is gone, has to go, or `stopped` says so. The card has been given back when this returns, and
/// `place` is free. Whoever is told to go may come again at once: both is so before it is told.
pub async fn converse(
    mut socket: HyperWebsocketStream,
    house: &House,
    mut stopped: watch::Receiver<bool>,
    place: OwnedSemaphorePermit,
) {
    let Ok(holder) = Holder::start(house.offer.clone(), house.words) else { return };
    let ending = tokio::select! {
        ending = talk(&mut socket, house, &holder) => ending,
        _ = stopped.wait_for(|stopped| *stopped) => Ok(()),
    };
    match ending {
        Err(Ending::Gone) => {
            holder.end().await;
            drop(place);
        }
        Ok(()) => {
            close(&mut socket, CloseCode::Away).await;
            drop(socket);
            holder.end().await;
        }
        Err(Ending::Said(answer)) => {
            holder.end().await;
            drop(place);
            if say(&mut socket, &answer).await.is_ok() {
                close(&mut socket, CloseCode::Policy).await;
            }
        }
    }
}

async fn talk(socket: &mut HyperWebsocketStream, house: &House, holder: &Holder) -> Result<(), Ending> {
    let paired = tokio::time::timeout(PAIRING, pair(socket, house)).await;
    paired.unwrap_or_else(|_| Err(refused(Refusal::Late, house.words)))?;
    let mut answer = match holder.ask(Question::List {}).await {
        Answer::Places { places } => Answer::Paired { version: VERSION, places },
        other => other,
    };
    loop {
        if let Answer::Failed { reason: Failure::Message, .. } = answer {
            return Err(Ending::Said(answer));
        }
        say(socket, &answer).await?;
        answer = holder.ask(hear(socket, house.words).await?).await;
    }
}

/// Takes the code.
async fn pair(socket: &mut HyperWebsocketStream, house: &House) -> Result<(), Ending> {
    let Question::Pair { code } = hear(socket, house.words).await? else {
        return Err(failed(house.words.pair_first()));
    };
    let tried = house.pairing.lock().unwrap_or_else(PoisonError::into_inner).attempt(&code);
    let refusal = match tried {
        Ok(Tried::Right) => return Ok(()),
        Ok(Tried::Wrong) => Refusal::Code,
        Ok(Tried::Anew) => {
            house.show_code();
            Refusal::Tries
        }
        Err(error) => {
            tell!("{error:#}");
            Refusal::Tries
        }
    };
    // The place is held meanwhile: nobody tries beside.
    tokio::time::sleep(PENANCE).await;
    Err(refused(refusal, house.words))
}

/// The next question.
async fn hear(socket: &mut HyperWebsocketStream, words: Words) -> Result<Question, Ending> {
    loop {
        let text = match socket.next().await {
            Some(Ok(Message::Text(text))) => text,
            // Answered by the library.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            Some(Ok(Message::Binary(_))) => return Err(failed(words.no_text())),
            None | Some(Ok(Message::Close(_))) => return Err(Ending::Gone),
            Some(Err(error)) if is_gone(&error) => return Err(Ending::Gone),
            Some(Err(error)) => return Err(failed(words.unread(&error))),
        };
        return Question::read(&text).map_err(|unread| failed(words.unread(&unread)));
    }
}

fn is_gone(error: &Error) -> bool {
    matches!(
        error,
        Error::Io(_)
            | Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)
    )
}

fn refused(reason: Refusal, words: Words) -> Ending {
    Ending::Said(Answer::Refused { reason, text: words.refusal(reason) })
}

fn failed(text: String) -> Ending {
    Ending::Said(Answer::Failed { reason: Failure::Message, text })
}

async fn say(socket: &mut HyperWebsocketStream, answer: &Answer) -> Result<(), Ending> {
    let sent = tokio::time::timeout(PATIENCE, socket.send(Message::text(answer.write()))).await;
    sent.ok().and_then(Result::ok).ok_or(Ending::Gone)
}

/// Ends the conversation. What is still on its way is read away: a socket that is closed over it takes what was said last
/// with it.
async fn close(socket: &mut HyperWebsocketStream, code: CloseCode) {
    let frame = CloseFrame { code, reason: "".into() };
    let ended = async {
        let _ = socket.close(Some(frame)).await;
        let mut rest = [0; 4096];
        while socket.get_mut().read(&mut rest).await.is_ok_and(|read| read > 0) {}
    };
    let _ = tokio::time::timeout(LINGER, ended).await;
}
