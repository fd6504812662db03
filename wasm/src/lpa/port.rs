//! What the LPA of a real card is plugged into: the page's card, its SM, its user.

use super::sm::Sm;
use super::view::{CardAnswer, CardProgress, CardQuestion};
use crate::{give, read, told};
use esim_lpa::driver::Observed;
use esim_lpa::{Answer, HttpCall, HttpReply, Lost, Port, Progress, Question, Unanswered};
use esim_world::{Agreeable, Plugged, Slot};
use js_sys::{Function, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    /// A card at the other end of whatever the page has: see card_port.ts.
    #[wasm_bindgen(typescript_type = "CardPort")]
    pub type CardPort;
    #[wasm_bindgen(method, catch)]
    fn transmit(this: &CardPort, apdu: &Uint8Array) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn reset(this: &CardPort) -> Result<Promise, JsValue>;

    /// What a download is told, and whom it asks.
    #[wasm_bindgen(typescript_type = "CardDownload")]
    pub type CardDownload;
    #[wasm_bindgen(method, getter, js_name = activationCode)]
    pub fn activation_code(this: &CardDownload) -> Option<String>;
    #[wasm_bindgen(method, getter, js_name = confirmationCode)]
    pub fn confirmation_code(this: &CardDownload) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    pub fn consent(this: &CardDownload) -> Option<bool>;
    #[wasm_bindgen(method, getter)]
    pub fn tries(this: &CardDownload) -> Option<u8>;
    #[wasm_bindgen(method, getter)]
    fn ask(this: &CardDownload) -> Option<Function>;
    #[wasm_bindgen(method, getter)]
    fn progress(this: &CardDownload) -> Option<Function>;
    #[wasm_bindgen(method, getter)]
    fn keep(this: &CardDownload) -> Option<Function>;

    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(then: &Function, milliseconds: f64) -> f64;
}

impl CardDownload {
    /// Has the page keep what it takes to go on, or forget it. What the page throws is its own affair.
    pub fn kept(&self, unfinished: Option<&str>) {
        if let Some(keep) = self.keep() {
            let unfinished = unfinished.map_or(JsValue::UNDEFINED, JsValue::from_str);
            let _ = keep.call1(&JsValue::UNDEFINED, &unfinished);
        }
    }
}

/// The card, and what it has thrown last.
pub struct CardSlot {
    pub card: CardPort,
    pub thrown: Option<JsValue>,
}

impl CardSlot {
    /// Resets it, as a terminal does after REFRESH.
    pub async fn reset(&mut self) -> Result<(), JsValue> {
        JsFuture::from(self.card.reset()?).await.map(|_| ())
    }

    /// Whether there is nothing left to try again with.
    fn is_gone(&self) -> bool {
        let reason = self.thrown.as_ref().and_then(|it| js_sys::Reflect::get(it, &"reason".into()).ok());
        let reason = reason.and_then(|it| it.as_string()).unwrap_or_default();
        ["gone", "closed", "message"].contains(&&*reason)
    }
}

impl Slot for CardSlot {
    async fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        let sent = self.card.transmit(&Uint8Array::from(apdu));
        let answered = match sent {
            Ok(promise) => JsFuture::from(promise).await,
            Err(error) => Err(error),
        };
        match answered.map(|it| it.dyn_into::<Uint8Array>()) {
            Ok(Ok(response)) => Ok(response.to_vec()),
            Ok(Err(_)) => Err(Lost("what the card port gives is no Uint8Array".to_string())),
            Err(error) => {
                let why = told(&error);
                self.thrown = Some(error);
                Err(Lost(why))
            }
        }
    }
}

/// The plug: a [`Plugged`] whose user is asked by callbacks, and may take time.
pub struct PagePort<'a> {
    pub plugged: Plugged<'a, CardSlot, Sm, Agreeable>,
    /// Whom to ask; nobody, for what asks nothing.
    pub page: Option<&'a CardDownload>,
    /// Records that the page has been given.
    pub shown: usize,
}

impl PagePort<'_> {
    /// The page's answer. One that throws, or is none, is nobody's.
    async fn answer(&self, question: &Question) -> Option<Answer> {
        let asked = give(&CardQuestion::of(question)).ok()?;
        let answered = self.page?.ask()?.call1(&JsValue::UNDEFINED, &asked).ok()?;
        let answered = JsFuture::from(Promise::resolve(&answered)).await.ok()?;
        read::<CardAnswer>(&answered).ok().map(Answer::from)
    }
}

impl Port for PagePort<'_> {
    async fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        self.plugged.transmit(apdu).await
    }

    async fn http(&mut self, call: &HttpCall) -> Result<HttpReply, Unanswered> {
        self.plugged.http(call).await
    }

    async fn ask(&mut self, question: &Question) -> Answer {
        self.answer(question).await.unwrap_or(Answer::Timeout)
    }

    async fn wait(&mut self, seconds: u32) {
        if self.plugged.slot.is_gone() {
            return;
        }
        let time = Promise::new(&mut |resolve, _| {
            set_timeout(&resolve, f64::from(seconds) * 1000.0);
        });
        // A timer does not fail.
        let _ = JsFuture::from(time).await;
    }

    fn progress(&mut self, progress: &Progress) {
        let Some(tell) = self.page.and_then(CardDownload::progress) else { return };
        let records = self.plugged.line.trace().records();
        let fresh = records.get(self.shown..).unwrap_or_default();
        if let Ok(progress) = give(&CardProgress::of(progress, fresh)) {
            // What a page does with it is its own affair.
            let _ = tell.call1(&JsValue::UNDEFINED, &progress);
        }
        self.shown = records.len();
    }

    fn observe(&mut self, message: &Observed<'_>) {
        self.plugged.observe(message);
    }
}
