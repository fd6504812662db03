//! The LPA and the card with a modem or a card reader between them: a download, and what is on the card afterwards. Every
//! dialect of a modem, every level of a reader.

use esim_euicc::MemoryNvm;
use esim_lpa::apdu::CardOptions;
use esim_lpa::driver::{chip_info, download, list};
use esim_lpa::{Answer, DownloadParams, HttpCall, HttpReply, Lost, Port, Question, Unanswered};
use esim_reader::ccid::{self, Descriptor};
use esim_reader::modem::{Channels, Csim, DIALECTS, Dialect, Modem};
use esim_reader::{Card, Effect, Event, Plug, Reply, Request, at};
use esim_sm_edge::{HttpRequest, MemoryHost, block_on, handle};
use esim_world::{ADDRESS, Clock, Device, Line, NOW, Operator, Seed, Stream, Trace, Wish};

/// The card in a slot.
struct InSlot(Device<MemoryNvm>);

impl Card for InSlot {
    fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.0.transmit(apdu)
    }

    fn reset(&mut self) -> Vec<u8> {
        self.0.reset().expect("the card starts");
        self.0.card().atr().to_vec()
    }
}

/// What comes back for what is written, transfer by transfer.
type FarEnd = Box<dyn FnMut(&[u8]) -> Vec<Vec<u8>>>;

/// A driver, what is at the other end of its port, and a server.
struct Table<P> {
    plug: P,
    far_end: FarEnd,
    now: u64,
    sm: MemoryHost,
}

impl<P: Plug> Table<P>
where
    P::Error: std::fmt::Display,
{
    fn ask(&mut self, request: Request) -> Result<Reply<P::Opened>, Lost> {
        let mut effect = self.plug.begin(request, self.now);
        loop {
            effect = match effect {
                Effect::Done(result) => return result.map_err(|error| Lost(error.to_string())),
                Effect::Wait { until } => {
                    self.now = until;
                    self.plug.step(Event::Elapsed, self.now)
                }
                Effect::Write { octets, until } => {
                    let mut next = Effect::Wait { until };
                    for part in (self.far_end)(&octets) {
                        next = self.plug.step(Event::Received(&part), self.now);
                    }
                    next
                }
            };
        }
    }
}

impl<P: Plug> Port for Table<P>
where
    P::Error: std::fmt::Display,
{
    async fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        match self.ask(Request::Transmit(apdu.to_vec()))? {
            Reply::Apdu(response) => Ok(response),
            _ => Err(Lost("no response".into())),
        }
    }

    async fn http(&mut self, call: &HttpCall) -> Result<HttpReply, Unanswered> {
        let response = handle(HttpRequest::post(&call.path, call.body.clone()), &self.sm).await;
        Ok(HttpReply { status: response.status, body: response.body })
    }

    async fn ask(&mut self, _: &Question) -> Answer {
        Answer::Accept
    }
}

/// A fresh card and its server, and a profile that waits there.
fn scene() -> (InSlot, MemoryHost, esim_world::Ordered) {
    let seed = Seed::from_number(7);
    let pki = seed.pki(&[ADDRESS]);
    let mut memory = MemoryNvm::default();
    seed.card(&pki).unwrap().write_to(&mut memory).unwrap();
    let card = Device::power_on(memory, seed.stream(Stream::Card), Clock::Fixed(NOW)).unwrap();
    let config = esim_sm_edge::smdp::Config::of_test_pki(ADDRESS, &pki).unwrap();
    let mut sm = MemoryHost::new(config, seed.octets(), NOW);
    let (ki, opc) = seed.subscriber_keys(0);
    let wish = Wish { imsi: "001010123456789".into(), ki, opc, ..Wish::usual() };
    let mut trace = Trace::default();
    let line = Line::new(&mut trace, NOW);
    let mut operator = Operator { transport: &mut sm, line, address: ADDRESS, token: "memory" };
    let ordered = block_on(operator.order(&wish)).unwrap();
    (InSlot(card), sm, ordered)
}

/// A download over whatever is between, and a list; names of profiles, the EID, and milliseconds on the port's clock.
fn story<P: Plug>(
    plug: P,
    far_end: impl FnOnce(InSlot) -> FarEnd,
) -> Result<(Vec<Option<String>>, String, u64), String>
where
    P::Error: std::fmt::Display,
{
    let (card, sm, ordered) = scene();
    let mut port = Table { plug, far_end: far_end(card), now: 0, sm };
    let options = CardOptions::default();
    port.ask(Request::Open).map_err(|Lost(detail)| detail)?;
    let outcome = block_on(download(&mut port, &options, DownloadParams::new(&ordered.activation_code)));
    if !outcome.is_installed() {
        return Err(outcome.text(esim_lpa::Lang::En));
    }
    let profiles = block_on(list(&mut port, &options)).map_err(|error| error.to_string())?;
    let names = profiles.into_iter().map(|profile| profile.metadata.service_provider_name).collect();
    let eid = block_on(chip_info(&mut port, &options)).map_err(|error| error.to_string())?.eid.to_string();
    port.ask(Request::Close).map_err(|Lost(detail)| detail)?;
    Ok((names, eid, port.now))
}

fn is_without_a_way(dialect: &Dialect) -> bool {
    let by_name = matches!(dialect.channels, Channels::Numbered | Channels::Opaque);
    !by_name && dialect.csim != Csim::Whole
}

#[test]
fn a_download_over_a_modem_of_every_dialect() {
    for dialect in DIALECTS {
        let story = story(at::Driver::new(), |card| {
            let mut modem = Modem::new(dialect, card);
            Box::new(move |octets| vec![modem.receive(octets)])
        });
        if is_without_a_way(&dialect) {
            assert!(story.is_err(), "{}", dialect.name);
            continue;
        }
        let (names, eid, _) = story.unwrap_or_else(|error| panic!("{}: {error}", dialect.name));
        assert_eq!((names.len(), eid.len()), (1, 32), "{}", dialect.name);
    }
}

#[test]
fn a_download_over_a_reader_at_every_level() {
    for level in [0x1_0000, 0x2_0000, 0x4_0000] {
        let descriptor = Descriptor {
            release: 0x0110,
            last_slot: 0,
            voltages: 7,
            protocols: 3,
            ifsd: 254,
            features: level,
            message_length: 271,
        };
        let (names, eid, now) = story(ccid::Driver::new(descriptor, 0), |card| {
            let mut device = ccid::Device::new(descriptor, Some(card));
            Box::new(move |octets| device.receive(octets))
        })
        .unwrap_or_else(|error| panic!("{level:X}: {error}"));
        assert_eq!((names.len(), eid.len(), now), (1, 32, 0), "{level:X}");
    }
}
