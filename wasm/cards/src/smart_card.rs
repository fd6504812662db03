//! Readers by the Web Smart Card API, which is PC/SC for pages (WICG, web-smart-card).

use crate::browser::{OpenOptions, fresh, get, navigator, settled};
use crate::choice::choose;
use crate::fault::{Fault, thrown};
use crate::view::{About, CardReason, Place, Way};
use js_sys::{Array, Object, Promise, Uint8Array};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    type ResourceManager;
    #[wasm_bindgen(method, catch, js_name = establishContext)]
    fn establish_context(this: &ResourceManager) -> Result<Promise, JsValue>;

    type Context;
    #[wasm_bindgen(method, catch, js_name = listReaders)]
    fn list_readers(this: &Context) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getStatusChange)]
    fn get_status_change(this: &Context, readers: &Array) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn connect(this: &Context, reader: &str, mode: &str, options: &Object) -> Result<Promise, JsValue>;

    #[derive(Clone)]
    type Connection;
    #[wasm_bindgen(method, catch)]
    fn transmit(this: &Connection, apdu: &Uint8Array) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn status(this: &Connection) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn disconnect(this: &Connection, disposition: &str) -> Result<Promise, JsValue>;
}

/// A card in a reader that the system knows.
pub struct SmartCard {
    context: Context,
    reader: String,
    connection: Connection,
}

impl SmartCard {
    /// Lists readers, lets one be chosen, and connects to its card.
    pub async fn open(options: &OpenOptions) -> Result<(Self, About), Fault> {
        let manager: ResourceManager = get(&navigator(), "smartCard").unchecked_into();
        let context = settled(manager.establish_context()).await.map_err(|error| refused(&error))?;
        let context: Context = context.unchecked_into();
        let names = settled(context.list_readers()).await.map_err(|error| refused(&error))?;
        let names: Vec<String> = Array::from(&names).iter().filter_map(|it| it.as_string()).collect();
        let states = names
            .iter()
            .map(|name| fresh(&[("readerName", name.into()), ("currentState", fresh(&[]).into())]));
        // Where nobody tells what is in a reader, each may have a card.
        let states = settled(context.get_status_change(&states.collect())).await.map(|it| Array::from(&it));
        let is_present = |at: usize| {
            states
                .as_ref()
                .is_ok_and(|all| get(&get(&all.get(at as u32), "eventState"), "present").is_truthy())
        };
        let place = |(at, name): (usize, &String)| Place {
            card: name.clone(),
            state: String::new(),
            present: is_present(at),
        };
        let places: Vec<Place> = names.iter().enumerate().map(place).collect();
        let reader = choose(Way::SmartCard, &places, options).await?;
        let connection = connect(&context, &reader).await?;
        let about = settled(connection.status()).await.map_err(|error| refused(&error))?;
        let atr = get(&about, "answerToReset");
        let atr = atr.is_object().then(|| hex::encode(Uint8Array::new(&atr).to_vec()));
        let about = About { way: Way::SmartCard, name: reader.clone(), atr, sim: None };
        Ok((Self { context, reader, connection }, about))
    }

    /// Carries an APDU.
    pub async fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Fault> {
        let response = settled(self.connection.transmit(&Uint8Array::from(apdu))).await;
        response.map(|it| Uint8Array::new(&it).to_vec()).map_err(|error| refused(&error))
    }

    /// Resets the card, and connects to it anew.
    pub async fn reset(&mut self) -> Result<(), Fault> {
        settled(self.connection.disconnect("reset")).await.map_err(|error| refused(&error))?;
        self.connection = connect(&self.context, &self.reader).await?;
        Ok(())
    }

    /// Gives the card back.
    pub async fn close(&mut self) {
        // A card that is gone is given back already.
        let _ = settled(self.connection.disconnect("reset")).await;
    }

    /// What ends a command that is under way.
    pub fn stop(&self) -> Rc<dyn Fn()> {
        let connection = self.connection.clone();
        Rc::new(move || {
            let _ends_what_is_under_way = connection.disconnect("reset");
        })
    }
}

async fn connect(context: &Context, reader: &str) -> Result<Connection, Fault> {
    let protocols: Array = ["t0", "t1"].map(JsValue::from).iter().collect();
    let options = fresh(&[("preferredProtocols", protocols.into())]);
    // Nobody else changes what is selected while the card is ours.
    let connected = settled(context.connect(reader, "exclusive", &options)).await;
    Ok(get(&connected.map_err(|error| refused(&error))?, "connection").unchecked_into())
}

/// What a `SmartCardError` means, or what the browser says in its place.
fn refused(error: &JsValue) -> Fault {
    let (name, message) = thrown(error);
    let code = get(error, "responseCode").as_string().unwrap_or_default();
    let reason = match (&*code, &*name) {
        ("no-smartcard", _) => CardReason::NoCard,
        ("sharing-violation" | "server-too-busy", _) => CardReason::Busy,
        ("removed-card" | "reader-unavailable" | "unknown-reader" | "no-service", _) => CardReason::Gone,
        (_, "SecurityError") => CardReason::Policy,
        (_, "NotAllowedError") => CardReason::Denied,
        _ => CardReason::Failed,
    };
    Fault::saying(Way::SmartCard, reason, &message)
}
