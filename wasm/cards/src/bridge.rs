//! `esim-lab bridge`: readers and modems of this machine, over a WebSocket to it (core/reader/src/bridge.rs).

use crate::browser::{OpenOptions, fresh, get, is_secure, permission as state_of, settled};
use crate::fault::{Fault, thrown};
use crate::time::within;
use crate::view::{About, CardReason, Permission, Place, Way};
use crate::{choice, words};
use esim_reader::bridge::{self, Answer, Failure, Question, Refusal};
use js_sys::{Object, Promise};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use wasm_bindgen::prelude::*;
use web_sys::{CloseEvent, MessageEvent, WebSocket};

/// Milliseconds until a connection is there: the user may be asked first. And until one that is there is answered: what a
/// modem may take, and more.
const CONNECTING: u64 = 180_000;
const ANSWERING: u64 = 300_000;
/// This machine.
const LOCAL: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];
/// Milliseconds until one is over that was ended.
const CLOSING: u64 = 2_000;
/// Messages that are kept for whoever asks next.
const MOST: usize = 8;
/// The permission, as Chromium calls it today and as it has called it before.
const PERMISSIONS: [&str; 2] = ["loopback-network", "local-network-access"];

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    fn fetch(url: &str, options: &Object) -> Result<Promise, JsValue>;
}

/// What the user has said about pages that reach into this machine; none if the browser asks nobody, as for a page that is
/// from this machine itself.
pub async fn permission() -> Option<Permission> {
    if is_local() {
        return None;
    }
    for name in PERMISSIONS {
        if let Some(state) = state_of(name).await {
            return match &*state {
                "granted" => Some(Permission::Granted),
                "denied" => Some(Permission::Denied),
                _ => Some(Permission::Prompt),
            };
        }
    }
    None
}

/// What has come over the WebSocket and nobody has taken yet.
#[derive(Default)]
struct Inbox {
    is_open: bool,
    is_closed: bool,
    messages: VecDeque<Option<String>>,
    waker: Option<Waker>,
}

impl Inbox {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// Hears of events.
type Hears<E> = Closure<dyn FnMut(E)>;

type Shared = Rc<RefCell<Inbox>>;

/// A WebSocket with what hears it.
struct Socket {
    socket: WebSocket,
    inbox: Shared,
    _hears: (Hears<JsValue>, Hears<MessageEvent>, Hears<CloseEvent>),
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        // Closing twice does nothing.
        let _ = self.socket.close();
    }
}

impl Socket {
    fn new(url: &str) -> Result<Self, JsValue> {
        let socket = WebSocket::new_with_str(url, bridge::SUBPROTOCOL)?;
        let inbox = Shared::default();
        let hear = |then: fn(&mut Inbox)| {
            let inbox = inbox.clone();
            move || {
                let mut inbox = inbox.borrow_mut();
                then(&mut inbox);
                inbox.wake();
            }
        };
        let (open, close) = (hear(|inbox| inbox.is_open = true), hear(|inbox| inbox.is_closed = true));
        let open = Closure::<dyn FnMut(JsValue)>::new(move |_| open());
        let close = Closure::<dyn FnMut(CloseEvent)>::new(move |_| close());
        let heard = inbox.clone();
        let message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let mut inbox = heard.borrow_mut();
            // What is no text is no message; one is awaited at a time, and more are nobody's.
            if inbox.messages.len() < MOST {
                inbox.messages.push_back(event.data().as_string());
            }
            inbox.wake();
        });
        socket.set_onopen(Some(open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(close.as_ref().unchecked_ref()));
        Ok(Self { socket, inbox, _hears: (open, message, close) })
    }

    /// What `look` finds, now or when something has come; none if nothing does in time.
    async fn wait<T>(&self, look: impl Fn(&mut Inbox) -> Option<T>, milliseconds: u64) -> Option<T> {
        let mut found = pin!(poll_fn(|context| {
            let mut inbox = self.inbox.borrow_mut();
            inbox.waker = Some(context.waker().clone());
            look(&mut inbox).map_or(Poll::Pending, Poll::Ready)
        }));
        within(&mut found, milliseconds).await
    }

    /// Whether it has come to a connection.
    async fn opens(&self) -> bool {
        let look = |inbox: &mut Inbox| (inbox.is_open || inbox.is_closed).then_some(inbox.is_open);
        self.wait(look, CONNECTING).await.unwrap_or(false)
    }

    /// Ends it, and waits until it has ended: a bridge has one page at a time, and this one may come again at once.
    async fn end(&self) {
        // Closing twice does nothing.
        let _ = self.socket.close();
        self.wait(|inbox| inbox.is_closed.then_some(()), CLOSING).await;
    }

    /// The answer to a question.
    async fn ask(&self, question: &Question) -> Result<Answer, Fault> {
        let sent = self.socket.send_with_str(&question.write());
        sent.map_err(|error| gone(&thrown(&error).1))?;
        let look = |inbox: &mut Inbox| match inbox.messages.pop_front() {
            Some(message) => Some(Ok(message)),
            None => inbox.is_closed.then_some(Err(())),
        };
        let unread = |detail: &str| Fault::saying(Way::Bridge, CardReason::Message, detail);
        match self.wait(look, ANSWERING).await {
            None => Err(gone("it does not answer")),
            Some(Err(())) => Err(gone("")),
            Some(Ok(None)) => Err(unread("octets in place of text")),
            Some(Ok(Some(text))) => Answer::read(&text).map_err(|error| unread(&error.to_string())),
        }
    }
}

/// A card that the bridge has opened.
pub struct Bridge(Socket);

impl Bridge {
    /// Connects, pairs, and opens the place that is chosen.
    pub async fn open(options: &OpenOptions) -> Result<(Self, About), Fault> {
        let url = options.url().unwrap_or_else(|| format!("ws://{}/", bridge::ADDRESS));
        if !is_loopback(&url) {
            return Err(Fault { reason: CardReason::Failed, words: words::not_this_machine(&url) });
        }
        let socket = Socket::new(&url).map_err(|error| unopened(&error))?;
        if !socket.opens().await {
            return Err(why_not(&url).await);
        }
        match start(&socket, options).await {
            Ok(about) => Ok((Self(socket), about)),
            Err(fault) => {
                socket.end().await;
                Err(fault)
            }
        }
    }

    /// Carries an APDU.
    pub async fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Fault> {
        match self.0.ask(&Question::Apdu { octets: apdu.into() }).await? {
            Answer::Response { octets } => Ok(octets),
            other => Err(unexpected(other)),
        }
    }

    /// Resets the card.
    pub async fn reset(&mut self) -> Result<(), Fault> {
        match self.0.ask(&Question::Reset {}).await? {
            Answer::Done {} => Ok(()),
            other => Err(unexpected(other)),
        }
    }

    /// Gives the card back, and ends the connection.
    pub async fn close(&mut self) {
        if self.0.socket.ready_state() == WebSocket::OPEN {
            // The bridge gives it back by itself where the connection ends.
            let _ = self.0.ask(&Question::Close {}).await;
        }
        self.0.end().await;
    }

    /// What ends a command that is under way.
    pub fn stop(&self) -> Rc<dyn Fn()> {
        let socket = self.0.socket.clone();
        Rc::new(move || {
            let _ends_the_connection = socket.close();
        })
    }
}

/// Pairs, and opens the place that is chosen.
async fn start(socket: &Socket, options: &OpenOptions) -> Result<About, Fault> {
    let code = options.code().unwrap_or_default();
    let places = match socket.ask(&Question::Pair { code }).await? {
        Answer::Paired { version: bridge::VERSION, places } => places,
        Answer::Refused { reason, text } => return Err(unpaired(reason, &text)),
        other => return Err(unexpected(other)),
    };
    let shown = |it: bridge::Place| Place { card: it.card, state: it.state, present: it.present };
    let places: Vec<Place> = places.into_iter().map(shown).collect();
    let name = choice::choose(Way::Bridge, &places, options).await?;
    match socket.ask(&Question::Open { card: name.clone() }).await? {
        Answer::Opened { atr } => Ok(About { way: Way::Bridge, name, atr: atr.map(hex::encode), sim: None }),
        other => Err(unexpected(other)),
    }
}

/// Whether a URL leads to this machine: the pairing code is for nobody else.
fn is_loopback(url: &str) -> bool {
    let authority = url.strip_prefix("ws://").and_then(|rest| rest.split(['/', '?', '#']).next());
    let host = authority
        .map(|it| it.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(it, |(host, _)| host));
    host.is_some_and(|host| LOCAL.contains(&host))
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())
}

/// A browser tells a page nothing of a WebSocket that came to nothing. The user's word is asked for, and whether anybody
/// answers a request there. To a page that came over HTTP without TLS the permission is said to be denied, whatever becomes of
/// the request.
async fn why_not(url: &str) -> Fault {
    let is_denied = async || is_secure() && permission().await == Some(Permission::Denied);
    if is_denied().await {
        return Fault::of(Way::Bridge, CardReason::Denied);
    }
    let url = url.replacen("ws://", "http://", 1);
    let answers = async |mode: &str| {
        let options = fresh(&[("mode", mode.into()), ("cache", "no-store".into())]);
        settled(fetch(&url, &options)).await.is_ok()
    };
    // Who may connect may read what it answers, and is held off by another page alone.
    let reason = match (answers("cors").await, answers("no-cors").await) {
        (true, _) => CardReason::Occupied,
        (false, true) => CardReason::NotAdmitted,
        (false, false) if !is_secure() => CardReason::Insecure,
        // Who was asked meanwhile may have said no, or nothing.
        (false, false) => match permission().await {
            Some(Permission::Denied) => CardReason::Denied,
            Some(Permission::Prompt) => CardReason::Unanswered,
            _ => CardReason::Absent,
        },
    };
    Fault::of(Way::Bridge, reason)
}

/// Whether this page is from this machine.
fn is_local() -> bool {
    let host = get(&get(&js_sys::global(), "location"), "hostname").as_string().unwrap_or_default();
    LOCAL.contains(&&*host) || host.ends_with(".localhost")
}

/// Why there is not even an attempt: a browser that lets no page of HTTPS speak to this machine.
fn unopened(error: &JsValue) -> Fault {
    let (name, message) = thrown(error);
    let reason = if name == "SecurityError" { CardReason::Policy } else { CardReason::Failed };
    Fault::saying(Way::Bridge, reason, &message)
}

fn unpaired(reason: Refusal, text: &str) -> Fault {
    let reason = match reason {
        Refusal::Code => CardReason::Code,
        Refusal::Tries => CardReason::Tries,
        Refusal::Late => CardReason::Late,
    };
    Fault::saying(Way::Bridge, reason, text)
}

fn gone(detail: &str) -> Fault {
    Fault::saying(Way::Bridge, CardReason::Gone, detail)
}

/// What has come in place of the answer.
fn unexpected(answer: Answer) -> Fault {
    let (reason, text) = match answer {
        Answer::Failed { reason, text } => (reason, text),
        Answer::Paired { version, .. } => (Failure::Message, format!("its version is {version}")),
        _ => (Failure::Message, "another answer than was asked for".to_string()),
    };
    let reason = match reason {
        Failure::NoCard => CardReason::NoCard,
        Failure::Busy => CardReason::Busy,
        Failure::NoEuicc => CardReason::NoEuicc,
        Failure::Gone => CardReason::Gone,
        Failure::Other => CardReason::Failed,
        Failure::Message => CardReason::Message,
    };
    Fault::saying(Way::Bridge, reason, &text)
}
