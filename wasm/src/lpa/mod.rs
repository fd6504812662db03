//! An LPA for a real card: the code of `esim-lab lpa`, over a `CardPort`. Faults, edits, going back and exercises are for
//! cards of a world alone.

mod fault;
mod port;
mod sm;
pub mod view;

use crate::{Fallible, give, js_now};
use esim_lpa::apdu::CardOptions;
use esim_lpa::driver::{self, Failure, Refresh};
use esim_lpa::manage::{GetAddresses, RemoveNotification};
use esim_lpa::resume::{Kept, Resumable};
use esim_lpa::{DownloadParams, Lang, NotifyParams, ProfileRef, Session, Step};
use esim_rsp::Iccid;
use esim_rsp::activation_code::ActivationCode;
use esim_world::{Agreeable, Line, Plugged, Trace, Words, explain_record};
use port::{CardDownload, CardPort, CardSlot, PagePort};
use sm::Sm;
use view::{CardInfo, CardNotification, CardOutcome, CardProfile, Delivered};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const OPTIONS: &str = include_str!("options.ts");

/// Interruptions that a download bears, where nothing else is said.
const TRIES: u8 = 3;

#[wasm_bindgen]
extern "C" {
    /// How to speak to a card, and where its SM is.
    #[wasm_bindgen(typescript_type = "CardLpaOptions")]
    pub type CardLpaOptions;
    #[wasm_bindgen(method, getter)]
    fn sm(this: &CardLpaOptions) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn relay(this: &CardLpaOptions) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn aid(this: &CardLpaOptions) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn block(this: &CardLpaOptions) -> Option<u8>;
}

/// An LPA with a card that is none of a world's. What goes wrong is thrown as a `CardError`. One operation at a time.
#[wasm_bindgen]
pub struct CardLpa {
    slot: CardSlot,
    sm: Sm,
    options: CardOptions,
    trace: Trace,
}

type Thrown<T> = Result<T, JsValue>;

/// As a page keeps it.
fn written(kept: &Kept) -> String {
    String::from_utf8_lossy(&kept.to_octets()).into_owned()
}

impl CardLpa {
    /// The plug for one operation.
    fn port<'a>(&'a mut self, user: &'a mut Agreeable, page: Option<&'a CardDownload>) -> PagePort<'a> {
        self.slot.thrown = None;
        let shown = self.trace.records().len();
        let line = Line::new(&mut self.trace, js_now());
        let plugged = Plugged { slot: &mut self.slot, transport: &mut self.sm, user, line };
        PagePort { plugged, page, shown }
    }

    /// What came of an operation.
    fn done<T>(&mut self, done: Result<T, Failure>) -> Thrown<T> {
        done.map_err(|failure| fault::failed(failure, self.slot.thrown.take()))
    }

    /// What waits at the server of an activation code, or without one at the card's default SM-DP+.
    async fn order(&mut self, code: Option<String>) -> Thrown<DownloadParams> {
        if let Some(code) = code {
            return Ok(DownloadParams::new(&code.parse::<ActivationCode>().map_err(fault::unread)?));
        }
        let options = self.options.clone();
        let found = driver::run(&mut self.port(&mut Agreeable, None), &options, &GetAddresses {}).await;
        let address = self.done(found)?.output.default_smdp;
        address.map(|address| DownloadParams::at(&address)).ok_or_else(|| {
            let en = "The card has no default SM-DP+ to ask: give an activation code.";
            let ja = "カードにデフォルトのSM-DP+が設定されていません。アクティベーションコードを指定してください。";
            fault::error("given", &Words::new(en, ja))
        })
    }

    async fn fetch(&mut self, download: Resumable, page: &CardDownload) -> Thrown<JsValue> {
        let options = self.options.clone();
        let mut user = Agreeable;
        let mut port = self.port(&mut user, Some(page));
        let mut session = Session::new(download.with_patience(page.tries().unwrap_or(TRIES)), options);
        let mut unfinished = None;
        let outcome = loop {
            let kept = session.machine().kept();
            if kept != unfinished {
                page.kept(kept.as_ref().map(written).as_deref());
                unfinished = kept;
            }
            if let Step::Done(outcome) = session.next(&mut port).await {
                break outcome;
            }
        };
        let unfinished = unfinished.as_ref().map(written);
        Ok(give(&CardOutcome::of(&outcome, unfinished))?)
    }

    async fn switch(&mut self, profile: &str, refresh: Option<bool>, enable: bool) -> Thrown<()> {
        let profile: ProfileRef = profile.parse().map_err(fault::unread)?;
        let (options, refresh) = (self.options.clone(), refresh.unwrap_or(true));
        let mut user = Agreeable;
        let mut port = self.port(&mut user, None);
        let switched = match enable {
            true => driver::enable_surely(&mut port, &options, profile, refresh).await,
            false => driver::disable_surely(&mut port, &options, profile, refresh).await,
        };
        // It takes effect when the card starts over.
        match self.done(switched)? {
            Refresh::NotNeeded => Ok(()),
            Refresh::Proactive | Refresh::Reset => self.slot.reset().await,
        }
    }
}

/// Whether the page has said in so many words what it wants.
fn confirmed(said: &JsValue, word: &str) -> Thrown<()> {
    if said == word {
        return Ok(());
    }
    let en = format!("This cannot be undone: it is done only where \"{word}\" is given to confirm it.");
    let ja = format!("元に戻せない操作です。確認のため\"{word}\"を指定した場合にだけ実行します。");
    Err(fault::error("confirm", &Words::new(en, ja)))
}

#[wasm_bindgen]
impl CardLpa {
    /// An LPA for the card at a port. Nothing is asked of it yet.
    #[wasm_bindgen(constructor)]
    pub fn new(card: CardPort, options: Option<CardLpaOptions>) -> Fallible<CardLpa> {
        let mut how = CardOptions::default();
        let mut sm = Sm::Elsewhere;
        if let Some(options) = options {
            sm = Sm::of(options.sm(), options.relay())?;
            how.block_size = options.block().unwrap_or(how.block_size).max(1);
            how.aid = options
                .aid()
                .map(|aid| esim_rsp::common::from_hex(&aid))
                .transpose()
                .map_err(crate::sentence)?;
        }
        let slot = CardSlot { card, thrown: None };
        Ok(Self { slot, sm, options: how, trace: Trace::default() })
    }

    /// What the eUICC tells of itself.
    #[wasm_bindgen(unchecked_return_type = "CardInfo")]
    pub async fn info(&mut self) -> Thrown<JsValue> {
        let options = self.options.clone();
        let chip = driver::chip_info(&mut self.port(&mut Agreeable, None), &options).await;
        Ok(give(&CardInfo::of(self.done(chip)?))?)
    }

    /// The profiles on the card.
    #[wasm_bindgen(unchecked_return_type = "CardProfile[]")]
    pub async fn list(&mut self) -> Thrown<JsValue> {
        let options = self.options.clone();
        let profiles = driver::list(&mut self.port(&mut Agreeable, None), &options).await;
        let profiles = self.done(profiles)?;
        Ok(give(&profiles.iter().map(CardProfile::of).collect::<Vec<_>>())?)
    }

    /// Downloads and installs a profile. How it ended is told, not thrown.
    #[wasm_bindgen(unchecked_return_type = "CardOutcome")]
    pub async fn download(&mut self, download: CardDownload) -> Thrown<JsValue> {
        let mut params = self.order(download.activation_code()).await?;
        params.auto_consent = download.consent().unwrap_or(false);
        params.confirmation_code = download.confirmation_code();
        self.fetch(Resumable::new(params), &download).await
    }

    /// Goes on with a download that was cut off, on the same card: `unfinished` of its outcome.
    #[wasm_bindgen(unchecked_return_type = "CardOutcome")]
    pub async fn resume(&mut self, unfinished: String, download: CardDownload) -> Thrown<JsValue> {
        let kept = Kept::read(unfinished.as_bytes());
        let kept = kept.map_err(|error| {
            fault::error("given", &Words::new(error.text(Lang::En), error.text(Lang::Ja)))
        })?;
        let resumed = kept.resume(download.confirmation_code(), download.consent().unwrap_or(false));
        self.fetch(resumed, &download).await
    }

    /// Enables a profile, by ICCID or AID, and starts the card over. Without `refresh` the card asks for none. A modem
    /// does that itself when the card asks; one that does not has to be restarted.
    pub async fn enable(&mut self, profile: String, refresh: Option<bool>) -> Thrown<()> {
        self.switch(&profile, refresh, true).await
    }

    /// Disables a profile; as for `enable`.
    pub async fn disable(&mut self, profile: String, refresh: Option<bool>) -> Thrown<()> {
        self.switch(&profile, refresh, false).await
    }

    /// Deletes a profile for good, by ICCID or AID; not without the word `"delete"`.
    pub async fn delete(
        &mut self,
        profile: String,
        #[wasm_bindgen(unchecked_param_type = "\"delete\"")] confirm: JsValue,
    ) -> Thrown<()> {
        confirmed(&confirm, "delete")?;
        let profile: ProfileRef = profile.parse().map_err(fault::unread)?;
        let options = self.options.clone();
        let deleted = driver::delete(&mut self.port(&mut Agreeable, None), &options, profile).await;
        self.done(deleted)
    }

    /// Names a profile, by ICCID; an empty name removes the nickname.
    pub async fn nickname(&mut self, iccid: String, name: String) -> Thrown<()> {
        let iccid: Iccid = iccid.parse().map_err(fault::unread)?;
        let options = self.options.clone();
        let named = driver::set_nickname(&mut self.port(&mut Agreeable, None), &options, iccid, &name).await;
        self.done(named)
    }

    /// What waits on the card to be told to servers.
    #[wasm_bindgen(unchecked_return_type = "CardNotification[]")]
    pub async fn notifications(&mut self) -> Thrown<JsValue> {
        let options = self.options.clone();
        let waiting = driver::notifications(&mut self.port(&mut Agreeable, None), &options).await;
        let waiting = self.done(waiting)?;
        Ok(give(&waiting.iter().map(CardNotification::of).collect::<Vec<_>>())?)
    }

    /// Delivers what waits, or these numbers alone, and removes from the card what was taken.
    #[wasm_bindgen(unchecked_return_type = "Delivered")]
    pub async fn deliver(&mut self, only: Option<Vec<u32>>) -> Thrown<JsValue> {
        let options = self.options.clone();
        let params = NotifyParams { only, ..NotifyParams::default() };
        let notified = driver::notify(&mut self.port(&mut Agreeable, None), &options, params).await;
        match (&notified.problem, self.slot.thrown.take()) {
            (Some(_), Some(thrown)) => Err(thrown),
            _ => Ok(give(&Delivered::of(&notified))?),
        }
    }

    /// Drops a notification that was not delivered, whose receiver then never hears of it; not without the word `"drop"`.
    #[wasm_bindgen(js_name = dropNotification)]
    pub async fn drop_notification(
        &mut self,
        sequence_number: u32,
        #[wasm_bindgen(unchecked_param_type = "\"drop\"")] confirm: JsValue,
    ) -> Thrown<()> {
        confirmed(&confirm, "drop")?;
        let options = self.options.clone();
        let removed = RemoveNotification { sequence_number };
        let removed = driver::run(&mut self.port(&mut Agreeable, None), &options, &removed).await;
        self.done(removed).map(|_| ())
    }

    /// Records of the trace from number `from` on, as those of a `World`.
    #[wasm_bindgen(unchecked_return_type = "TraceRecord[]")]
    pub fn trace(&self, from: Option<u32>) -> Fallible<JsValue> {
        give(&self.trace.records().get(from.unwrap_or(0) as usize..).unwrap_or_default())
    }

    /// The whole trace, one JSON object a line.
    #[wasm_bindgen(js_name = exportTrace)]
    pub fn export_trace(&self) -> String {
        self.trace.to_lines()
    }

    /// Explains a record of the trace.
    #[wasm_bindgen(unchecked_return_type = "Explained")]
    pub fn explain(&self, n: u32) -> Fallible<JsValue> {
        let record = self.trace.records().get(n as usize);
        give(&explain_record(record.ok_or_else(|| crate::sentence(format!("the trace has no record {n}")))?))
    }
}
