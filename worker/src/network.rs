//! The way to the Durable Objects: messages as octets in the bodies of requests that never leave the platform.

use crate::configuration;
use crate::costs::Account;
use crate::sqlite::Storage;
use crate::{host, jurisdiction};
use esim_sm_edge::Fault;
use esim_sm_edge::shard::{Answer, Layout, Message, Network, Object, Stock, Tx};
use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;
use worker::js_sys::{Promise, Uint8Array};
use worker::wasm_bindgen::{self, JsCast, JsValue, prelude::wasm_bindgen};
use worker::wasm_bindgen_futures::JsFuture;
use worker::{Date, Delay, Env, Headers, ObjectNamespace, Result, web_sys};

#[wasm_bindgen(module = "/src/network.js")]
extern "C" {
    type Answered;

    #[wasm_bindgen(catch)]
    fn post(
        object: JsValue,
        octets: Uint8Array,
        headers: Option<web_sys::Headers>,
    ) -> std::result::Result<Promise, JsValue>;

    #[wasm_bindgen(method, getter)]
    fn status(this: &Answered) -> u16;

    #[wasm_bindgen(method, getter)]
    fn headers(this: &Answered) -> web_sys::Headers;

    #[wasm_bindgen(method, getter)]
    fn octets(this: &Answered) -> Vec<u8>;

    fn lines(headers: &web_sys::Headers) -> String;
}

/// Names and values of headers.
pub fn pairs(headers: &Headers) -> Vec<(String, String)> {
    let lines = lines(&headers.0);
    let mut lines = lines.split_terminator('\n').map(String::from);
    std::iter::from_fn(|| lines.next().zip(lines.next())).collect()
}

type Work = Pin<Box<dyn Future<Output = ()>>>;

thread_local! {
    /// The shares of the orders, as far as is known in this instance.
    static LAYOUT: Rc<RefCell<Layout>> = Rc::default();
}

/// Takes note of shares of the orders that have split.
pub fn learn(layout: &Layout) {
    LAYOUT.with(|known| layout.split().for_each(|share| known.borrow_mut().learn(share)));
}

/// The objects, as the front of the worker or one of them sees them.
#[derive(Clone)]
pub struct Edge {
    namespace: ObjectNamespace,
    later: Rc<dyn Fn(Work)>,
    layout: Rc<RefCell<Layout>>,
    /// The object that this runs in, if any: it is not called from itself.
    own: Option<(String, Rc<Object<Storage>>)>,
    stock: Rc<Stock>,
}

thread_local! {
    /// What this instance remembers of it.
    static STOCK: Rc<Stock> = Rc::default();
}

impl Edge {
    /// `later` keeps what it is given running behind the answer.
    ///
    /// # Errors
    /// There is no binding `SM`.
    pub fn new(env: &Env, later: impl Fn(Work) + 'static) -> Result<Self> {
        Ok(Self {
            namespace: jurisdiction::namespace(env)?,
            later: Rc::new(later),
            layout: LAYOUT.with(Rc::clone),
            own: None,
            stock: STOCK.with(Rc::clone),
        })
    }

    /// The same from inside an object.
    pub fn inside(self, name: String, object: Rc<Object<Storage>>) -> Self {
        Self { own: Some((name, object)), ..self }
    }

    async fn exchange(&self, object: &str, message: &[u8]) -> Result<(u16, Vec<u8>)> {
        let asked = Account::current().map(|account| -> Result<_> {
            let headers = Headers::new();
            Ok((account.send(object, &headers)?, headers.0))
        });
        let (sent, headers) = asked.transpose()?.unzip();
        let stub = self.namespace.get_by_name(object)?.into_rpc();
        let answered = JsFuture::from(post(stub, Uint8Array::from(message), headers)?).await?;
        let answered: Answered = answered.unchecked_into();
        if let Some(sent) = sent {
            sent.answered(&Headers(answered.headers()));
        }
        Ok((answered.status(), answered.octets()))
    }
}

impl Network for Edge {
    async fn send(&self, object: &str, message: &Message) -> std::result::Result<Answer, Fault> {
        if let Some((name, own)) = &self.own
            && name == object
        {
            return own.answer(message);
        }
        let exchanged = self.exchange(object, &message.to_octets()?).await;
        match exchanged.map_err(|error| Fault::new(format!("{object}: {error}")))? {
            (200, answer) => Answer::from_octets(&answer),
            (status, text) => {
                Err(Fault::new(format!("{object}: {status} {}", String::from_utf8_lossy(&text))))
            }
        }
    }

    fn later(&self, work: impl Future<Output = ()> + 'static) {
        (self.later)(match Account::current() {
            Some(account) => Box::pin(account.behind().of(work)),
            None => Box::pin(work),
        });
    }

    fn has_earlier(&self) -> bool {
        configuration::has_earlier()
    }

    fn layout(&self) -> &RefCell<Layout> {
        &self.layout
    }

    fn stock(&self) -> Option<&Stock> {
        Some(&self.stock)
    }

    fn inside(&self) -> Option<&str> {
        self.own.as_ref().map(|(name, _)| name.as_str())
    }

    fn now(&self) -> u64 {
        Date::now().as_millis()
    }

    async fn pause(&self, milliseconds: u64) {
        Delay::from(Duration::from_millis(milliseconds)).await;
    }

    fn draw(&self) -> Tx {
        host::draw()
    }
}
