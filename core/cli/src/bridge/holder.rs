//! The thread that holds the card. A card may take minutes for an answer, and nothing that serves sockets waits for it.

use super::places::{Offer, Offered};
use super::words::Words;
use crate::card::{Card, Seen, Where};
use esim_lpa::Lost;
use esim_reader::bridge::{Answer, Failure, Question};
use esim_sm_edge::block_on;
use esim_world::Slot as _;
use std::path::Path;
use std::sync::{Arc, mpsc};
use tokio::sync::oneshot;

/// Of a command APDU (ISO/IEC 7816-4 5.2): its header.
const SHORTEST_APDU: usize = 4;

/// The thread, as others see it.
pub struct Holder {
    asked: mpsc::Sender<(Question, oneshot::Sender<Answer>)>,
    ended: oneshot::Receiver<()>,
    words: Words,
}

impl Holder {
    /// Starts it, without a card.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start(offer: Arc<Offer>, words: Words) -> std::io::Result<Self> {
        let (asked, questions) = mpsc::channel::<(Question, oneshot::Sender<Answer>)>();
        let (end, ended) = oneshot::channel();
        std::thread::Builder::new().name("card".into()).spawn(move || {
            let mut hand = Hand { offer, words, held: None };
            for (question, answered) in questions {
                // Whoever has gone needs no answer.
                let _ = answered.send(hand.answer(question));
            }
            // Given back: a reader resets it, a modem closes its channels.
            drop(hand);
            let _ = end.send(());
        })?;
        Ok(Self { asked, ended, words })
    }

    /// Asks, and waits for the answer.
    pub async fn ask(&self, question: Question) -> Answer {
        let (answered, answer) = oneshot::channel();
        let is_asked = self.asked.send((question, answered)).is_ok();
        match answer.await {
            Ok(answer) if is_asked => answer,
            _ => failed(Failure::Other, self.words.thread_is_gone()),
        }
    }

    /// Gives the card back, and waits until it has been.
    pub async fn end(self) {
        drop(self.asked);
        // However it has ended, it has.
        let _ = self.ended.await;
    }
}

/// What the thread has in hand.
struct Hand {
    offer: Arc<Offer>,
    words: Words,
    held: Option<Held>,
}

/// A card that is open.
struct Held {
    text: String,
    place: Where,
    card: Card,
}

impl Hand {
    fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::Pair { .. } => failed(Failure::Message, self.words.paired_already()),
            Question::List {} => self.list(),
            Question::Open { card } => self.open(&card),
            Question::Apdu { octets } if octets.len() < SHORTEST_APDU => {
                failed(Failure::Message, self.words.short_apdu(octets.len()))
            }
            Question::Apdu { octets } => self.transmit(&octets),
            Question::Reset {} => self.reset(),
            Question::Close {} => {
                self.held = None;
                Answer::Done {}
            }
        }
    }

    fn list(&self) -> Answer {
        let open = self.held.as_ref().map(|it| &*it.text);
        Answer::Places { places: self.offer.list().iter().map(|it| it.told(open, self.words)).collect() }
    }

    fn open(&mut self, wanted: &str) -> Answer {
        self.held = None;
        let Some(offered) = self.find(wanted) else {
            return failed(Failure::Gone, self.words.not_listed(wanted));
        };
        match Card::open(&offered.place) {
            Ok(mut card) => {
                tell!("{}", self.words.opened(wanted));
                let atr = card.atr();
                self.held = Some(Held { text: offered.text, place: offered.place, card });
                Answer::Opened { atr }
            }
            Err(error) => {
                let reason = self.why_not(wanted, &offered.place);
                failed(reason, self.words.failure(reason, &format!("{error:#}")))
            }
        }
    }

    fn find(&self, wanted: &str) -> Option<Offered> {
        self.offer.list().into_iter().find(|it| it.text == wanted)
    }

    /// Why a place could not be opened, by what is there now.
    fn why_not(&self, wanted: &str, place: &Where) -> Failure {
        let Some(now) = self.find(wanted) else { return Failure::Gone };
        match (now.seen, place) {
            (Some(Seen::Empty), _) => Failure::NoCard,
            (Some(Seen::Taken), _) => Failure::Busy,
            (_, Where::File(path)) if !path.exists() => Failure::NoCard,
            _ => Failure::Other,
        }
    }

    fn transmit(&mut self, apdu: &[u8]) -> Answer {
        let Some(held) = &mut self.held else { return failed(Failure::NoCard, self.words.nothing_open()) };
        match block_on(held.card.transmit(apdu)) {
            Ok(octets) => Answer::Response { octets },
            Err(Lost(why)) => self.lost(&why),
        }
    }

    fn reset(&mut self) -> Answer {
        let Some(held) = &mut self.held else { return failed(Failure::NoCard, self.words.nothing_open()) };
        match held.card.reset() {
            Ok(()) => Answer::Done {},
            Err(error) => self.lost(&format!("{error:#}")),
        }
    }

    /// An exchange was lost. Who was lost with it is no longer open.
    fn lost(&mut self, why: &str) -> Answer {
        let is_gone = self.held.as_ref().is_none_or(|held| match &held.place {
            Where::Reader(_) | Where::Tcp(_) => true,
            Where::Modem(port) => !is_there(port),
            Where::File(_) | Where::Replay { .. } => false,
        });
        if is_gone {
            self.held = None;
        }
        let reason = if is_gone { Failure::Gone } else { Failure::Other };
        failed(reason, self.words.failure(reason, why))
    }
}

/// Whether a serial port is there: a file, or one that the system lists.
fn is_there(port: &str) -> bool {
    let path = port.split_once('@').map_or(port, |(path, _)| path);
    Path::new(path).exists() || crate::card::ports().iter().any(|it| it.card == format!("modem:{path}"))
}

fn failed(reason: Failure, text: String) -> Answer {
    Answer::Failed { reason, text }
}
