//! A card that somebody has connected.

use crate::bridge::Bridge;
use crate::browser::{OpenOptions, give};
use crate::fault::Fault;
use crate::serial::Modem;
use crate::smart_card::SmartCard;
use crate::usb::Reader;
use crate::view::{About, CardReason, Way};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

enum Plug {
    Modem(Box<Modem>),
    Reader(Box<Reader>),
    SmartCard(Box<SmartCard>),
    Bridge(Box<Bridge>),
}

impl Plug {
    async fn open(way: Way, options: &OpenOptions) -> Result<(Self, About), Fault> {
        Ok(match way {
            Way::Serial => {
                let (modem, about) = Modem::open(options).await?;
                (Self::Modem(Box::new(modem)), about)
            }
            Way::Usb => {
                let (reader, about) = Reader::open().await?;
                (Self::Reader(Box::new(reader)), about)
            }
            Way::SmartCard => {
                let (card, about) = SmartCard::open(options).await?;
                (Self::SmartCard(Box::new(card)), about)
            }
            Way::Bridge => {
                let (bridge, about) = Bridge::open(options).await?;
                (Self::Bridge(Box::new(bridge)), about)
            }
        })
    }

    async fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Fault> {
        match self {
            Self::Modem(modem) => modem.transmit(apdu).await,
            Self::Reader(reader) => reader.transmit(apdu).await,
            Self::SmartCard(card) => card.transmit(apdu).await,
            Self::Bridge(bridge) => bridge.transmit(apdu).await,
        }
    }

    async fn reset(&mut self) -> Result<(), Fault> {
        match self {
            Self::Modem(modem) => modem.reset().await,
            Self::Reader(reader) => reader.reset().await,
            Self::SmartCard(card) => card.reset().await,
            Self::Bridge(bridge) => bridge.reset().await,
        }
    }

    async fn close(&mut self) {
        match self {
            Self::Modem(modem) => modem.close().await,
            Self::Reader(reader) => reader.close().await,
            Self::SmartCard(card) => card.close().await,
            Self::Bridge(bridge) => bridge.close().await,
        }
    }

    fn stop(&self) -> Rc<dyn Fn()> {
        match self {
            Self::Modem(modem) => modem.stop(),
            Self::Reader(reader) => reader.stop(),
            Self::SmartCard(card) => card.stop(),
            Self::Bridge(bridge) => bridge.stop(),
        }
    }
}

/// What becomes of a plug while nobody or somebody uses it.
enum State {
    Idle(Plug),
    /// A command is under way; with what ends it.
    Working(Rc<dyn Fn()>),
    /// The page has closed it, or it was lost: every command from now on is refused with this.
    Ended(Fault),
}

/// A card that somebody has connected: a `CardPort`, in this window. One command at a time.
#[wasm_bindgen]
pub struct Card {
    about: About,
    state: Rc<RefCell<State>>,
}

impl Card {
    pub(crate) async fn open(way: Way, options: &OpenOptions) -> Result<Self, Fault> {
        let (plug, about) = Plug::open(way, options).await?;
        Ok(Self { about, state: Rc::new(RefCell::new(State::Idle(plug))) })
    }

    /// The plug, for one command.
    fn take(&self) -> Result<Plug, Fault> {
        let mut state = self.state.borrow_mut();
        match &*state {
            State::Working(_) => return Err(Fault::of(self.about.way, CardReason::Pending)),
            State::Ended(fault) => return Err(fault.clone()),
            State::Idle(_) => {}
        }
        match std::mem::replace(&mut *state, State::Working(Rc::new(|| ()))) {
            State::Idle(plug) => {
                *state = State::Working(plug.stop());
                Ok(plug)
            }
            State::Working(_) | State::Ended(_) => Err(Fault::of(self.about.way, CardReason::Closed)),
        }
    }

    /// The plug is back, unless it was closed meanwhile, or there is nothing left of it.
    async fn give_back<T>(&self, mut plug: Plug, done: Result<T, Fault>) -> Result<T, Fault> {
        let lost = done.as_ref().err().filter(|fault| fault.is_final()).cloned();
        let was_closed = matches!(&*self.state.borrow(), State::Ended(_));
        match (was_closed, lost) {
            (false, None) => *self.state.borrow_mut() = State::Idle(plug),
            (false, Some(fault)) => {
                *self.state.borrow_mut() = State::Ended(fault);
                plug.close().await;
            }
            (true, _) => {
                plug.close().await;
                return Err(Fault::of(self.about.way, CardReason::Closed));
            }
        }
        done
    }
}

#[wasm_bindgen]
impl Card {
    /// What has been opened.
    #[wasm_bindgen(getter, unchecked_return_type = "About")]
    pub fn about(&self) -> Result<JsValue, JsValue> {
        give(&self.about)
    }

    /// Sends a command APDU; the response APDU with its status word. Throws a `CardError`.
    pub async fn transmit(&self, apdu: Vec<u8>) -> Result<js_sys::Uint8Array, JsValue> {
        let mut plug = self.take()?;
        let done = plug.transmit(&apdu).await;
        Ok(js_sys::Uint8Array::from(&*self.give_back(plug, done).await?))
    }

    /// Resets the card, as a terminal does after REFRESH; a modem goes on with its card. Throws a `CardError`.
    pub async fn reset(&self) -> Result<(), JsValue> {
        let mut plug = self.take()?;
        let done = plug.reset().await;
        Ok(self.give_back(plug, done).await?)
    }

    /// Gives card and device back, also where a command is under way, which then fails.
    pub async fn close(&self) {
        let closed = State::Ended(Fault::of(self.about.way, CardReason::Closed));
        let before = self.state.replace(closed);
        match before {
            State::Idle(mut plug) => plug.close().await,
            State::Working(stop) => stop(),
            State::Ended(_) => {}
        }
    }
}
