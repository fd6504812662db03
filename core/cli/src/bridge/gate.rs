//! Who is let in: what is looked at before a request becomes a WebSocket, and what the others are answered.

use super::origin::{Origin, authority, is_own};
use super::session::{self, House};
use esim_reader::bridge::{LONGEST_QUESTION, SUBPROTOCOL};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::uri::Authority;
use hyper::{Method, Request, Response, StatusCode};
use hyper_tungstenite::tungstenite::protocol::WebSocketConfig;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// The only header of a name; none where it is absent, there more than once, or no text.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?.to_str().ok()?;
    all.next().is_none().then_some(first)
}

/// Origins that were turned away and are remembered, so that each is told of once.
const REMEMBERED: usize = 16;

const ALLOW_PRIVATE: HeaderName = HeaderName::from_static("access-control-allow-private-network");
const REQUEST_PRIVATE: HeaderName = HeaderName::from_static("access-control-request-private-network");

/// What stands between a request and the cards.
pub struct Gate {
    origins: Vec<Origin>,
    house: Arc<House>,
    stopped: watch::Receiver<bool>,
    turned_away: Mutex<BTreeSet<String>>,
}

impl Gate {
    /// Lets in pages of these origins and of this machine. Conversations end when `stopped` says so.
    pub fn new(origins: Vec<Origin>, house: House, stopped: watch::Receiver<bool>) -> Self {
        Self { origins, house: Arc::new(house), stopped, turned_away: Mutex::default() }
    }

    /// The answer to a request; where it is 101, a conversation follows.
    pub fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let words = self.house.words;
        let host = only(request.headers(), header::HOST).and_then(|host| host.parse::<Authority>().ok());
        if !host.is_some_and(|host| is_own(host.host()) && !host.as_str().contains('@')) {
            return plain(StatusCode::FORBIDDEN, words.foreign_host());
        }
        // A program that is no browser sends none, and could send any.
        let has_origin = request.headers().contains_key(header::ORIGIN);
        let origin = only(request.headers(), header::ORIGIN).map(str::to_string);
        if has_origin && !origin.as_deref().is_some_and(|origin| self.allows(origin)) {
            self.tell_once(origin);
            return plain(StatusCode::FORBIDDEN, words.foreign_origin());
        }
        let preflight = request.method() == Method::OPTIONS && origin.is_some();
        let asks_private = request.headers().contains_key(REQUEST_PRIVATE);
        let mut response = match preflight {
            true => plain(StatusCode::NO_CONTENT, String::new()),
            false => self.upgrade(request, origin.clone()),
        };
        // Pages that may connect may read, too, why they cannot: what a WebSocket has been answered no page is told.
        if let Some(origin) = origin.and_then(|origin| HeaderValue::from_str(&origin).ok()) {
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::VARY, HeaderValue::from_static("Origin"));
            if preflight {
                headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET"));
            }
            if preflight && asks_private {
                headers.insert(ALLOW_PRIVATE, HeaderValue::from_static("true"));
            }
        }
        response
    }

    fn allows(&self, origin: &str) -> bool {
        let own = || authority(origin).is_some_and(|authority| is_own(authority.host()));
        self.origins.iter().any(|it| it.as_str() == origin) || own()
    }

    /// Tells whoever sits here which page has been turned away, and how it gets in.
    fn tell_once(&self, origin: Option<String>) {
        let Some(origin) = origin else { return };
        let mut seen = self.turned_away.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() < REMEMBERED && seen.insert(origin.clone()) {
            tell!("{}", self.house.words.turned_away(&origin));
        }
    }

    fn upgrade(&self, mut request: Request<Incoming>, origin: Option<String>) -> Response<Full<Bytes>> {
        let words = self.house.words;
        if request.method() != Method::GET || !hyper_tungstenite::is_upgrade_request(&request) {
            let mut response = plain(StatusCode::UPGRADE_REQUIRED, words.no_upgrade());
            response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            return response;
        }
        let offered = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
        let mut offered = offered.filter_map(|it| it.to_str().ok()).flat_map(|it| it.split(','));
        if !offered.any(|it| it.trim() == SUBPROTOCOL) {
            return plain(StatusCode::BAD_REQUEST, words.other_subprotocol());
        }
        let Ok(place) = self.house.place.clone().try_acquire_owned() else {
            return plain(StatusCode::CONFLICT, words.busy());
        };
        let limits = WebSocketConfig::default()
            .max_message_size(Some(LONGEST_QUESTION))
            .max_frame_size(Some(LONGEST_QUESTION));
        let (mut response, socket) = match hyper_tungstenite::upgrade(&mut request, Some(limits)) {
            Ok(upgraded) => upgraded,
            Err(error) => return plain(StatusCode::BAD_REQUEST, error.to_string()),
        };
        let headers = response.headers_mut();
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        let (house, stopped) = (self.house.clone(), self.stopped.clone());
        tokio::spawn(async move {
            if let Ok(socket) = socket.await {
                tell!("{}", house.words.connected(origin.as_deref()));
                session::converse(socket, &house, stopped, place).await;
                tell!("{}", house.words.disconnected());
            }
        });
        response
    }
}

fn plain(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    // One answer a connection: there is room for few.
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
