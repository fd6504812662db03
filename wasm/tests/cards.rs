//! Real cards in a page: devices as a browser gives them, with the virtual modem, the virtual reader and the software card
//! behind them, and the LPA of the package in front.
#![cfg(target_arch = "wasm32")]

use esim_cards::Card;
use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_euicc::MemoryNvm;
use esim_reader::ccid::{self, Descriptor};
use esim_reader::modem::{DIALECTS, Dialect, Modem, STANDARD};
use esim_wasm::{CardLpa, World};
use esim_world::{Clock, Device, NOW, Seed, Stream};
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/fakes.js")]
extern "C" {
    fn without(name: &str);
    fn serial(receive: &JsValue, how: &str) -> JsValue;
    fn usb(receive: &JsValue, described: &[u8], class: u8, how: &str) -> JsValue;
    #[wasm_bindgen(js_name = smartCard)]
    fn smart_card(transmit: &JsValue, reset: &JsValue, how: &JsValue) -> Array;
    #[wasm_bindgen(catch)]
    async fn story(world: &JsValue, lpa: &JsValue, refresh: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = cutOff)]
    async fn cut_off(world: &JsValue, lpa: &JsValue, lose: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = goOn)]
    async fn go_on(lpa: &JsValue, unfinished: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn reason(promise: Promise) -> Result<JsValue, JsValue>;
}

/// The software card, for whatever it is plugged into.
#[derive(Clone)]
struct Plugged(Rc<RefCell<Device<MemoryNvm>>>);

impl Plugged {
    fn new() -> Self {
        let (seed, mut nvm) = (Seed::from_number(99), MemoryNvm::default());
        let personal = seed.card(&TestPki::well_known(Curve::P256)).expect("a card");
        personal.write_to(&mut nvm).expect("memory");
        let device = Device::power_on(nvm, seed.stream(Stream::Card), Clock::Fixed(NOW)).expect("it starts");
        Self(Rc::new(RefCell::new(device)))
    }
}

impl esim_reader::Card for Plugged {
    fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.0.borrow_mut().transmit(apdu)
    }

    fn reset(&mut self) -> Vec<u8> {
        self.0.borrow_mut().reset().expect("it starts");
        self.0.borrow().card().atr().to_vec()
    }
}

/// A card that knows no ISD-R.
struct Plain;

impl esim_reader::Card for Plain {
    fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        match apdu {
            [_, 0x70, 0x00, ..] => vec![1, 0x90, 0x00],
            [_, 0x70 | 0xF2 | 0xAA, ..] => vec![0x90, 0x00],
            _ => vec![0x6A, 0x82],
        }
    }
}

/// A function for the other side; it stays for as long as the test.
fn answering(mut receive: impl FnMut(Vec<u8>) -> JsValue + 'static) -> JsValue {
    Closure::<dyn FnMut(Uint8Array) -> JsValue>::new(move |octets: Uint8Array| receive(octets.to_vec()))
        .into_js_value()
}

fn octets(octets: &[u8]) -> JsValue {
    Uint8Array::from(octets).into()
}

fn plug_modem(dialect: Dialect, card: impl esim_reader::Card + 'static, how: &str) -> JsValue {
    let mut modem = Modem::new(dialect, card);
    serial(&answering(move |sent| octets(&modem.receive(&sent))), how)
}

/// A reader at this level, as dwFeatures has it, of this USB class.
fn plug_reader(card: Option<Plugged>, level: u32, class: u8, how: &str) -> JsValue {
    let descriptor = Descriptor {
        release: 0x0110,
        last_slot: 0,
        voltages: 7,
        protocols: 3,
        ifsd: 254,
        features: Descriptor::AUTO_VOLTAGE | level,
        message_length: 271,
    };
    let mut described = vec![9, 2, 86, 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 2, class, 0, 0, 0];
    described.extend(descriptor.to_octets());
    described.extend([7, 5, 0x81, 2, 64, 0, 0, 7, 5, 0x02, 2, 64, 0, 0]);
    let mut device = ccid::Device::new(descriptor, card);
    let receive =
        move |sent: Vec<u8>| device.receive(&sent).iter().map(|it| octets(it)).collect::<Array>().into();
    usb(&answering(receive), &described, class, how)
}

async fn open(way: &str) -> Result<Card, JsValue> {
    esim_cards::open(way.into(), JsValue::UNDEFINED).await
}

/// Why a way does not lead to a card.
async fn refused(way: &str) -> String {
    let opened = open(way).await.map(JsValue::from);
    let promise = match opened {
        Ok(card) => Promise::resolve(&card),
        Err(error) => Promise::reject(&error),
    };
    reason(promise).await.expect("a CardError").as_string().expect("a reason")
}

fn object(members: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &(*name).into(), value).expect("a member");
    }
    object.into()
}

/// A world for its SM.
fn world() -> JsValue {
    let options = object(&[("seed", 7.into()), ("now", (NOW as f64).into())]);
    World::new(options).ok().expect("a world").into()
}

fn lpa(card: JsValue, world: &JsValue) -> JsValue {
    let options = object(&[("sm", world.clone())]);
    CardLpa::new(card.unchecked_into(), Some(options.unchecked_into())).ok().expect("an LPA").into()
}

async fn download_over(way: &str, refresh: impl FnMut() + 'static) {
    let card = open(way).await.expect("a card");
    let (world, refresh) = (world(), Closure::<dyn FnMut()>::new(refresh).into_js_value());
    story(&world, &lpa(card.into(), &world), &refresh).await.expect("all goes well");
}

fn say(to: &JsValue, what: &str) {
    let function: Function = Reflect::get(to, &what.into()).expect("a member").unchecked_into();
    function.call0(to).expect("it does");
}

#[wasm_bindgen_test]
async fn a_download_over_web_serial_with_modems_of_many_dialects() {
    let names = [
        STANDARD.name,
        "Dell DW5821e",
        "SIMCom SIM7600",
        "Ai-Thinker A7",
        "a modem that leaves the class alone",
    ];
    for name in names {
        let dialect = DIALECTS.iter().find(|it| it.name == name).expect("a dialect");
        let mut card = Plugged::new();
        plug_modem(*dialect, card.clone(), "");
        download_over("serial", move || drop(esim_reader::Card::reset(&mut card))).await;
    }
}

#[wasm_bindgen_test]
async fn a_download_over_web_usb_at_every_level_that_readers_have() {
    for level in [0x1_0000, 0x2_0000, 0x4_0000] {
        plug_reader(Some(Plugged::new()), level, 0xFF, "");
        download_over("usb", || ()).await;
    }
}

#[wasm_bindgen_test]
async fn a_download_over_the_smart_card_api() {
    let card = Plugged::new();
    let (mut in_use, mut to_reset) = (card.clone(), card);
    let transmit = answering(move |apdu| octets(&esim_reader::Card::transmit(&mut in_use, &apdu)));
    let reset = move || drop(esim_reader::Card::reset(&mut to_reset));
    let log = smart_card(&transmit, &Closure::<dyn FnMut()>::new(reset).into_js_value(), &object(&[]));
    download_over("smartCard", || ()).await;
    let log: Vec<String> = log.iter().filter_map(|it| it.as_string()).collect();
    assert!(log.starts_with(&["Reader B exclusive t0,t1".into(), "reset".into()]), "{log:?}");
}

#[wasm_bindgen_test]
async fn a_browser_that_has_none_of_it_is_told_so_with_the_reason() {
    for (way, member) in [("serial", "serial"), ("usb", "usb"), ("smartCard", "smartCard")] {
        without(member);
        assert_eq!(refused(way).await, "unsupported");
    }
    let ways = Array::from(&esim_cards::ways().await.expect("ways"));
    let told = |it: JsValue| {
        let text = |name: &str| Reflect::get(&it, &name.into()).ok().and_then(|it| it.as_string());
        (text("way").unwrap_or_default(), text("works").unwrap_or_default(), text("reason"))
    };
    let told: Vec<_> = ways.iter().map(told).collect();
    let no = |way: &str| (way.to_string(), "no".to_string(), Some("unsupported".to_string()));
    assert_eq!(told[..3], [no("serial"), no("usb"), no("smartCard")]);
    assert_eq!(told[3].0, "bridge");
}

#[wasm_bindgen_test]
async fn who_chooses_nothing_finds_it_busy_or_may_not_is_told_so() {
    for (how, why) in [("cancelled", "cancelled"), ("busy", "busy")] {
        plug_modem(STANDARD, Plain, how);
        assert_eq!(refused("serial").await, why);
        plug_reader(Some(Plugged::new()), 0x4_0000, 0xFF, how);
        assert_eq!(refused("usb").await, why);
    }
    plug_reader(Some(Plugged::new()), 0x4_0000, 0xFF, "denied");
    assert_eq!(refused("usb").await, "denied");
    plug_reader(None, 0x4_0000, 0xFF, "");
    assert_eq!(refused("usb").await, "noCard");
    for (member, why) in [("empty", "noReader"), ("shared", "busy")] {
        let nothing = answering(|_| octets(&[]));
        smart_card(&nothing, &nothing, &object(&[(member, true.into())]));
        assert_eq!(refused("smartCard").await, why);
    }
}

#[wasm_bindgen_test]
async fn readers_of_the_class_that_browsers_keep_are_refused_and_given_back() {
    let device = plug_reader(Some(Plugged::new()), 0x4_0000, 0x0B, "");
    assert_eq!(refused("usb").await, "protectedClass");
    let device_of_both = plug_reader(Some(Plugged::new()), 0x4_0000, 0xFF, "protected");
    assert_eq!(refused("usb").await, "protectedClass");
    for device in [device, device_of_both] {
        assert_eq!(Reflect::get(&device, &"isOpen".into()), Ok(JsValue::FALSE));
    }
}

#[wasm_bindgen_test]
async fn a_card_that_is_no_euicc_is_told_from_one_that_is_lost() {
    plug_modem(STANDARD, Plain, "");
    let card = open("serial").await.expect("a card");
    let listed = call(&lpa(card.into(), &JsValue::UNDEFINED), "list");
    assert_eq!(reason(listed).await.expect("a CardError"), "noEuicc");
}

#[wasm_bindgen_test]
async fn a_device_that_is_lost_in_the_middle_is_told_and_the_download_goes_on_elsewhere() {
    let card = Plugged::new();
    let port = plug_modem(STANDARD, card.clone(), "");
    let opened = open("serial").await.expect("a card");
    let world = world();
    let lose = Closure::<dyn FnMut()>::new(move || say(&port, "lose")).into_js_value();
    let unfinished = cut_off(&world, &lpa(opened.into(), &world), &lose).await.expect("it is cut off");
    // The same card in a reader, which is lost too.
    esim_reader::Card::reset(&mut card.clone());
    plug_reader(Some(card), 0x4_0000, 0xFF, "");
    let opened = open("usb").await.expect("a card");
    go_on(&lpa(opened.into(), &world), &unfinished).await.expect("it goes on");

    let device = plug_reader(Some(Plugged::new()), 0x4_0000, 0xFF, "");
    let opened = open("usb").await.expect("a card");
    let world = self::world();
    let lose = Closure::<dyn FnMut()>::new(move || say(&device, "lose")).into_js_value();
    cut_off(&world, &lpa(opened.into(), &world), &lose).await.expect("it is cut off");
}

#[wasm_bindgen_test]
async fn noise_on_the_line_ends_nothing_and_a_port_is_given_back() {
    let port = plug_modem(STANDARD, Plugged::new(), "");
    let card: JsValue = open("serial").await.expect("a card").into();
    say(&port, "disturb");
    let lpa = lpa(card.clone(), &JsValue::UNDEFINED);
    assert_eq!(reason(call(&lpa, "list")).await.expect("no other error"), "none");
    assert_eq!(Reflect::get(&port, &"baudRate".into()), Ok(115_200.into()));
    assert_eq!(reason(call(&card, "close")).await.expect("no other error"), "none");
    assert_eq!(Reflect::get(&port, &"readable".into()), Ok(JsValue::NULL));
    assert_eq!(reason(call(&lpa, "list")).await.expect("a CardError"), "closed");
}

fn call(of: &JsValue, name: &str) -> Promise {
    let function: Function = Reflect::get(of, &name.into()).expect("a member").unchecked_into();
    function.call0(of).expect("a promise").unchecked_into()
}
