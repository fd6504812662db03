//! A modem at a serial port of Web Serial.

use crate::browser::{OpenOptions, fresh, get, navigator, settled};
use crate::drive::{Wire, ask};
use crate::fault::{Fault, thrown};
use crate::time::within;
use crate::view::{About, CardReason, Sim, Way};
use esim_reader::at::{CardState, Driver, Opened};
use esim_reader::{Reply, Request};
use js_sys::{Object, Promise, Uint8Array};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, ReadableStreamDefaultReader, WritableStream, WritableStreamDefaultWriter};

/// Bits a second, where nothing else is said: modems on USB take any.
const BAUD: u32 = 115_200;
/// Milliseconds in which a port takes a command.
const WRITING: u64 = 10_000;
/// Octets that the browser keeps for us: the answer of an extended APDU, in digits.
const BUFFER: u32 = 1 << 18;

#[wasm_bindgen]
extern "C" {
    type Serial;
    #[wasm_bindgen(method, catch, js_name = requestPort)]
    fn request_port(this: &Serial, options: &Object) -> Result<Promise, JsValue>;

    #[derive(Clone)]
    type SerialPort;
    #[wasm_bindgen(method, catch)]
    fn open(this: &SerialPort, options: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn close(this: &SerialPort) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, getter)]
    fn readable(this: &SerialPort) -> Option<ReadableStream>;
    #[wasm_bindgen(method, getter)]
    fn writable(this: &SerialPort) -> Option<WritableStream>;
}

/// The port, open.
struct Port {
    port: SerialPort,
    reader: ReadableStreamDefaultReader,
    writer: WritableStreamDefaultWriter,
    /// What was asked of the reader and has not come yet.
    pending: Option<JsFuture>,
}

/// A modem that is in use.
pub struct Modem {
    port: Port,
    driver: Driver,
}

impl Modem {
    /// Lets the user choose a port, opens it, and finds out how its modem reaches its card.
    pub async fn open(options: &OpenOptions) -> Result<(Self, About), Fault> {
        let serial: Serial = get(&navigator(), "serial").unchecked_into();
        let chosen = settled(serial.request_port(&Object::new())).await;
        let port: SerialPort = chosen.map_err(|error| refused(&error))?.unchecked_into();
        let baud = options.baud_rate().unwrap_or(BAUD);
        let settings = fresh(&[("baudRate", baud.into()), ("bufferSize", BUFFER.into())]);
        settled(port.open(&settings)).await.map_err(|error| refused(&error))?;
        let mut modem = Self { port: Port::of(port)?, driver: Driver::new() };
        match ask(&mut modem.driver, &mut modem.port, Request::Open).await {
            Ok(Reply::Opened(opened)) => {
                let sim = Some(sim(&opened));
                Ok((modem, About { way: Way::Serial, name: String::new(), atr: None, sim }))
            }
            Ok(Reply::Apdu(_) | Reply::Closed) => Err(Fault::of(Way::Serial, CardReason::Failed)),
            Err(fault) => {
                modem.port.close().await;
                Err(fault)
            }
        }
    }

    /// Carries an APDU.
    pub async fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Fault> {
        match ask(&mut self.driver, &mut self.port, Request::Transmit(apdu.into())).await? {
            Reply::Apdu(response) => Ok(response),
            Reply::Opened(_) | Reply::Closed => Err(Fault::of(Way::Serial, CardReason::Failed)),
        }
    }

    /// The modem goes on with its card: what it has been told is looked for anew.
    pub async fn reset(&mut self) -> Result<(), Fault> {
        ask(&mut self.driver, &mut self.port, Request::Close).await.map(|_| ())
    }

    /// Gives back channels and port.
    pub async fn close(&mut self) {
        // Channels are few. A modem that is gone has none.
        let _ = ask(&mut self.driver, &mut self.port, Request::Close).await;
        self.port.close().await;
    }

    /// What ends a command that is under way.
    pub fn stop(&self) -> Rc<dyn Fn()> {
        let reader = self.port.reader.clone();
        Rc::new(move || {
            let _ends_what_is_read = reader.cancel();
        })
    }
}

impl Port {
    fn of(port: SerialPort) -> Result<Self, Fault> {
        let lost = || Fault::of(Way::Serial, CardReason::Gone);
        let writer = port.writable().ok_or_else(lost)?.get_writer().map_err(|error| refused(&error))?;
        let reader = reader_of(&port).ok_or_else(lost)?;
        Ok(Self { port, reader, writer, pending: None })
    }

    async fn close(&mut self) {
        // A stream ends before its port does. What is gone already refuses, and is gone.
        let _ = JsFuture::from(self.reader.cancel()).await;
        self.reader.release_lock();
        let _ = JsFuture::from(self.writer.abort()).await;
        self.writer.release_lock();
        let _ = settled(self.port.close()).await;
    }
}

impl Wire for Port {
    async fn write(&mut self, octets: &[u8]) -> Result<(), Fault> {
        let chunk = Uint8Array::from(octets);
        let mut written = JsFuture::from(self.writer.write_with_chunk(&chunk));
        match within(&mut written, WRITING).await {
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(gone(&error)),
            None => Err(Fault::saying(Way::Serial, CardReason::Gone, "it takes no octets")),
        }
    }

    async fn read(&mut self, milliseconds: u64) -> Result<Vec<u8>, Fault> {
        let pending = self.pending.get_or_insert_with(|| JsFuture::from(self.reader.read()));
        let Some(read) = within(pending, milliseconds).await else { return Ok(Vec::new()) };
        self.pending = None;
        match read {
            Ok(read) if get(&read, "done").is_truthy() => Err(Fault::of(Way::Serial, CardReason::Gone)),
            Ok(read) => Ok(Uint8Array::new(&get(&read, "value")).to_vec()),
            // Noise on the line: the port has another stream then, and what has come is asked for again by the driver.
            Err(error) if is_noise(&error) => {
                self.reader = reader_of(&self.port).ok_or_else(|| gone(&error))?;
                Ok(Vec::new())
            }
            Err(error) => Err(gone(&error)),
        }
    }
}

fn reader_of(port: &SerialPort) -> Option<ReadableStreamDefaultReader> {
    Some(port.readable()?.get_reader().unchecked_into())
}

/// Errors after which Web Serial lets one go on.
fn is_noise(error: &JsValue) -> bool {
    let (name, _) = thrown(error);
    ["BreakError", "BufferOverrunError", "FramingError", "ParityError"].contains(&&*name)
}

fn gone(error: &JsValue) -> Fault {
    Fault::saying(Way::Serial, CardReason::Gone, &thrown(error).1)
}

/// Why no port was chosen, or why it cannot be opened.
fn refused(error: &JsValue) -> Fault {
    let (name, message) = thrown(error);
    let reason = match &*name {
        "NotFoundError" => CardReason::Cancelled,
        "SecurityError" => CardReason::Policy,
        "InvalidStateError" | "NetworkError" => CardReason::Busy,
        _ => CardReason::Failed,
    };
    match reason {
        CardReason::Cancelled => Fault::of(Way::Serial, reason),
        _ => Fault::saying(Way::Serial, reason, &message),
    }
}

fn sim(opened: &Opened) -> Sim {
    match opened.card {
        CardState::Ready => Sim::Ready,
        CardState::PinRequired => Sim::Pin,
        CardState::PukRequired => Sim::Puk,
        CardState::Absent => Sim::Absent,
        CardState::Busy => Sim::Busy,
        CardState::Unknown | CardState::Other(_) => Sim::Unknown,
    }
}
