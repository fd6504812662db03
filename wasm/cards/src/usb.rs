//! A card reader over WebUSB: CCID by whoever made an interface of class 0xFF of it, for 0x0B is kept from pages.

use crate::browser::{fresh, get, navigator, settled};
use crate::drive::{Wire, ask};
use crate::fault::{Fault, thrown};
use crate::time::within;
use crate::view::{About, CardReason, Way};
use esim_reader::ccid::{Descriptor, Driver, MAX_MESSAGE, Opened};
use esim_reader::{Reply, Request};
use js_sys::{Array, Object, Promise, Uint8Array};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// bInterfaceClass of readers, and of what is the vendor's own.
const SMART_CARD: f64 = 0x0B as f64;
const VENDOR: f64 = 0xFF as f64;
/// GET_DESCRIPTOR of a configuration (USB 2.0 9.4.3), and how many octets are asked for.
const GET_DESCRIPTOR: u32 = 6;
const CONFIGURATION: u32 = 2 << 8;
const LONGEST: u16 = 4_096;
/// Milliseconds in which a reader takes a message.
const WRITING: u64 = 10_000;

#[wasm_bindgen]
extern "C" {
    type Usb;
    #[wasm_bindgen(method, catch, js_name = requestDevice)]
    fn request_device(this: &Usb, options: &Object) -> Result<Promise, JsValue>;

    #[derive(Clone)]
    type UsbDevice;
    #[wasm_bindgen(method, catch)]
    fn open(this: &UsbDevice) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn close(this: &UsbDevice) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = selectConfiguration)]
    fn select_configuration(this: &UsbDevice, value: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = claimInterface)]
    fn claim_interface(this: &UsbDevice, number: u8) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = clearHalt)]
    fn clear_halt(this: &UsbDevice, direction: &str, endpoint: u8) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = controlTransferIn)]
    fn control_in(this: &UsbDevice, setup: &Object, length: u16) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = transferIn)]
    fn transfer_in(this: &UsbDevice, endpoint: u8, length: u32) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = transferOut)]
    fn transfer_out(this: &UsbDevice, endpoint: u8, octets: &Uint8Array) -> Result<Promise, JsValue>;
}

/// An interface with a bulk endpoint each way.
#[derive(Clone, Copy)]
struct Interface {
    number: u8,
    /// Endpoint and octets of its packets.
    incoming: (u8, u32),
    outgoing: u8,
}

/// The device, open, and one interface of it claimed.
struct Port {
    device: UsbDevice,
    interface: Interface,
    /// Octets that are asked for at once: the longest message, in whole packets.
    room: u32,
    /// What was asked for and has not come yet.
    pending: Option<JsFuture>,
}

/// A reader that is in use.
pub struct Reader {
    port: Port,
    driver: Driver,
}

impl Reader {
    /// Lets the user choose a device, claims its reader, and gives the card power.
    pub async fn open() -> Result<(Self, About), Fault> {
        let usb: Usb = get(&navigator(), "usb").unchecked_into();
        // Readers that cannot be had are shown too: whoever has one of those is told why.
        let filters = [VENDOR, SMART_CARD].map(|class| fresh(&[("classCode", class.into())]));
        let options = fresh(&[("filters", filters.iter().collect::<Array>().into())]);
        let chosen = settled(usb.request_device(&options)).await;
        let device: UsbDevice = chosen.map_err(|error| refused(&error))?.unchecked_into();
        settled(device.open()).await.map_err(|error| refused(&error))?;
        match Self::start(&device).await {
            Ok((reader, opened)) => {
                let name = get(&device, "productName").as_string().unwrap_or_default();
                let atr = Some(hex::encode(opened.atr));
                Ok((reader, About { way: Way::Usb, name, atr, sim: None }))
            }
            Err(fault) => {
                // What is told is why it came to nothing.
                let _ = settled(device.close()).await;
                Err(fault)
            }
        }
    }

    async fn start(device: &UsbDevice) -> Result<(Self, Opened), Fault> {
        let (interface, descriptor) = reader_of(device).await?;
        settled(device.claim_interface(interface.number)).await.map_err(|error| unclaimed(&error))?;
        let longest = descriptor.message_length.clamp(64, MAX_MESSAGE as u32);
        let room = longest.next_multiple_of(interface.incoming.1.max(1));
        let port = Port { device: device.clone(), interface, room, pending: None };
        let mut reader = Self { port, driver: Driver::new(descriptor, 0) };
        let opened = reader.power().await?;
        Ok((reader, opened))
    }

    async fn power(&mut self) -> Result<Opened, Fault> {
        match ask(&mut self.driver, &mut self.port, Request::Open).await? {
            Reply::Opened(opened) => Ok(opened),
            Reply::Apdu(_) | Reply::Closed => Err(Fault::of(Way::Usb, CardReason::Failed)),
        }
    }

    /// Carries an APDU.
    pub async fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Fault> {
        match ask(&mut self.driver, &mut self.port, Request::Transmit(apdu.into())).await? {
            Reply::Apdu(response) => Ok(response),
            Reply::Opened(_) | Reply::Closed => Err(Fault::of(Way::Usb, CardReason::Failed)),
        }
    }

    /// Takes the card its power and gives it anew.
    pub async fn reset(&mut self) -> Result<(), Fault> {
        ask(&mut self.driver, &mut self.port, Request::Close).await?;
        self.power().await.map(|_| ())
    }

    /// Gives back the device; the card has no power then.
    pub async fn close(&mut self) {
        // A reader that is gone has no card.
        let _ = ask(&mut self.driver, &mut self.port, Request::Close).await;
        let _ = settled(self.port.device.close()).await;
    }

    /// What ends a command that is under way.
    pub fn stop(&self) -> Rc<dyn Fn()> {
        let device = self.port.device.clone();
        Rc::new(move || {
            let _ends_what_is_read = device.close();
        })
    }
}

impl Wire for Port {
    async fn write(&mut self, octets: &[u8]) -> Result<(), Fault> {
        let sent = self.device.transfer_out(self.interface.outgoing, &Uint8Array::from(octets));
        let mut sent = JsFuture::from(sent.map_err(|error| gone(&error))?);
        match within(&mut sent, WRITING).await {
            Some(Ok(result)) if get(&result, "status") == "ok" => Ok(()),
            Some(Ok(_)) => {
                let cleared = settled(self.device.clear_halt("out", self.interface.outgoing)).await;
                cleared.map_err(|error| gone(&error))?;
                Err(Fault::saying(Way::Usb, CardReason::Failed, "it takes no message"))
            }
            Some(Err(error)) => Err(gone(&error)),
            None => Err(Fault::saying(Way::Usb, CardReason::Gone, "it takes no octets")),
        }
    }

    async fn read(&mut self, milliseconds: u64) -> Result<Vec<u8>, Fault> {
        let endpoint = self.interface.incoming.0;
        let pending = match &mut self.pending {
            Some(pending) => pending,
            None => {
                let asked = self.device.transfer_in(endpoint, self.room).map_err(|error| gone(&error))?;
                self.pending.insert(JsFuture::from(asked))
            }
        };
        let Some(result) = within(pending, milliseconds).await else { return Ok(Vec::new()) };
        self.pending = None;
        let result = result.map_err(|error| gone(&error))?;
        if get(&result, "status") != "ok" {
            settled(self.device.clear_halt("in", endpoint)).await.map_err(|error| gone(&error))?;
            return Err(Fault::saying(Way::Usb, CardReason::Failed, "it gives no message"));
        }
        Ok(octets_of(&result))
    }
}

/// `data` of a transfer, a view of some octets.
fn octets_of(result: &JsValue) -> Vec<u8> {
    let Ok(view) = get(result, "data").dyn_into::<js_sys::DataView>() else { return Vec::new() };
    let (from, length) = (view.byte_offset() as u32, view.byte_length() as u32);
    Uint8Array::new_with_byte_offset_and_length(&view.buffer(), from, length).to_vec()
}

/// The interface that is a reader and that a page may have.
async fn reader_of(device: &UsbDevice) -> Result<(Interface, Descriptor), Fault> {
    if get(device, "configuration").is_falsy() {
        let first = Array::from(&get(device, "configurations")).get(0);
        let selected = device.select_configuration(&get(&first, "configurationValue"));
        settled(selected).await.map_err(|error| refused(&error))?;
    }
    let configuration = get(device, "configuration");
    let interfaces = Array::from(&get(&configuration, "interfaces"));
    let of_class = |class: f64| {
        let is_one = move |it: &JsValue| get(&first_alternate(it), "interfaceClass") == class;
        interfaces.iter().filter(move |it| is_one(it))
    };
    let vendors: Vec<Interface> = of_class(VENDOR).filter_map(|it| with_bulk(&it)).collect();
    let has_protected = of_class(SMART_CARD).next().is_some();
    let reason = if has_protected { CardReason::ProtectedClass } else { CardReason::NotReader };
    if vendors.is_empty() {
        return Err(Fault::of(Way::Usb, reason));
    }
    let chosen = get(&configuration, "configurationValue");
    let all = Array::from(&get(device, "configurations"));
    let is_chosen = |it| get(&it, "configurationValue") == chosen;
    let index = all.iter().position(is_chosen).unwrap_or_default() as u32;
    let setup = fresh(&[
        ("requestType", "standard".into()),
        ("recipient", "device".into()),
        ("request", GET_DESCRIPTOR.into()),
        ("value", (CONFIGURATION | index).into()),
        ("index", 0.into()),
    ]);
    let described = settled(device.control_in(&setup, LONGEST)).await.map_err(|error| gone(&error))?;
    let described = octets_of(&described);
    let found = |it: &Interface| Some((*it, Descriptor::find(&described, it.number)?));
    vendors.iter().find_map(found).ok_or_else(|| Fault::of(Way::Usb, reason))
}

fn first_alternate(interface: &JsValue) -> JsValue {
    Array::from(&get(interface, "alternates")).get(0)
}

/// An interface that has a bulk endpoint each way.
fn with_bulk(interface: &JsValue) -> Option<Interface> {
    let endpoints = Array::from(&get(&first_alternate(interface), "endpoints"));
    let number = |of: &JsValue, name: &str| get(of, name).as_f64();
    let bulk = |direction: &str| {
        endpoints.iter().find(|it| get(it, "type") == "bulk" && get(it, "direction") == direction)
    };
    let (incoming, outgoing) = (bulk("in")?, bulk("out")?);
    let packet = number(&incoming, "packetSize")? as u32;
    Some(Interface {
        number: number(interface, "interfaceNumber")? as u8,
        incoming: (number(&incoming, "endpointNumber")? as u8, packet),
        outgoing: number(&outgoing, "endpointNumber")? as u8,
    })
}

fn gone(error: &JsValue) -> Fault {
    Fault::saying(Way::Usb, CardReason::Gone, &thrown(error).1)
}

/// Why no device was chosen, or why it cannot be opened.
fn refused(error: &JsValue) -> Fault {
    let (name, message) = thrown(error);
    let reason = match &*name {
        "NotFoundError" => return Fault::of(Way::Usb, CardReason::Cancelled),
        "SecurityError" => CardReason::Denied,
        "InvalidStateError" | "NetworkError" => CardReason::Busy,
        _ => CardReason::Failed,
    };
    Fault::saying(Way::Usb, reason, &message)
}

/// Why an interface is not given to the page.
fn unclaimed(error: &JsValue) -> Fault {
    match &*thrown(error).0 {
        "SecurityError" => Fault::of(Way::Usb, CardReason::ProtectedClass),
        _ => refused(error),
    }
}
