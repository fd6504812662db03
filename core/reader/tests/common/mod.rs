//! A card of a few lines, and a port that joins a driver with a virtual modem or reader.

use esim_reader::ccid::Device;
use esim_reader::modem::Modem;
use esim_reader::{Card, Effect, Event, Plug, Reply, Request};
use std::collections::BTreeMap;
use std::fmt::Debug;

/// AID of the ISD-R (SGP.02 2.2.3).
pub const ISD_R: &str = "A0000005591010FFFFFFFF8900000100";

/// A card with an ISD-R that turns what STORE DATA has brought round, octet by octet from the end, and a PIN that counts.
#[derive(Debug, Default)]
pub struct Fake {
    /// What the application on each channel has been given and answers.
    pub channels: BTreeMap<u8, Application>,
    pub held: Vec<u8>,
    pub verified: usize,
    pub seen: Vec<Vec<u8>>,
    pub file: Vec<u8>,
    /// Octets of the answer to STATUS.
    pub long: usize,
    pub atr: Vec<u8>,
}

#[derive(Debug, Default)]
pub struct Application {
    pub is_selected: bool,
    pub data: Vec<u8>,
}

impl Fake {
    pub fn new() -> Self {
        Self { atr: vec![0x3B, 0x00], ..Self::default() }
    }

    fn more(&mut self, data: Vec<u8>, sw: u16) -> Vec<u8> {
        if data.is_empty() {
            return sw.to_be_bytes().to_vec();
        }
        self.held = data;
        vec![0x61, u8::try_from(self.held.len()).unwrap_or(0)]
    }

    /// EF_ICCID and EF_IMSI.
    fn on_file(&mut self, instruction: u8, p1: u8, name: &[u8]) -> Result<Vec<u8>, u16> {
        let is = |file: &[u8], id: [u8; 2]| file.ends_with(&id);
        Ok(match (instruction, p1) {
            (0xA4, 0x04) => vec![0x90, 0x00],
            (0xA4, _) if is(name, [0x2F, 0xE2]) || is(name, [0x6F, 0x07]) => {
                self.file = name.to_vec();
                vec![0x90, 0x00]
            }
            (0xA4, _) => return Err(0x6A82),
            _ if is(&self.file, [0x2F, 0xE2]) => hex::decode("980011223344556677F89000").unwrap(),
            _ => hex::decode("0829430500000000109000").unwrap(),
        })
    }

    fn command(&mut self, apdu: &[u8]) -> Result<Vec<u8>, u16> {
        let [class, instruction, p1, p2] = *apdu.first_chunk::<4>().ok_or(0x6700u16)?;
        let channel = if class & 0x40 == 0 { class & 3 } else { 4 + (class & 15) };
        let length = usize::from(apdu.get(4).copied().unwrap_or(0));
        let data = apdu.get(5..5 + length).unwrap_or_default();
        if channel != 0 && !self.channels.contains_key(&channel) {
            return Err(0x6881);
        }
        Ok(match (instruction, p1, channel) {
            (0x70, 0x00, _) => {
                let free = (1..=3).find(|it| !self.channels.contains_key(it)).ok_or(0x6A81u16)?;
                self.channels.insert(free, Application::default());
                vec![free, 0x90, 0x00]
            }
            (0x70, 0x80, _) => {
                let which = if p2 == 0 { channel } else { p2 };
                self.channels.remove(&which).ok_or(0x6A86u16)?;
                vec![0x90, 0x00]
            }
            (0xA4, 0x04, 1..) => {
                // The ISD-R, or any USIM.
                if hex::encode_upper(data) != ISD_R && hex::encode_upper(data) != "A0000000871002" {
                    return Err(0x6A82);
                }
                self.channels.get_mut(&channel).unwrap().is_selected = true;
                self.more(vec![0x6F, 0x00], 0x9000)
            }
            (0xA4 | 0xB0, _, 0) => return self.on_file(instruction, p1, data),
            (0xC0, ..) => {
                let rest = self.held.split_off(self.held.len().min(if length == 0 { 256 } else { length }));
                let mut part = std::mem::replace(&mut self.held, rest);
                match self.held.len() {
                    0 => part.extend([0x90, 0x00]),
                    more => part.extend([0x61, u8::try_from(more).unwrap_or(0)]),
                }
                part
            }
            (0xE2, _, 1..) if class & 0x80 != 0 => {
                let application = self.channels.get_mut(&channel).unwrap();
                if !application.is_selected {
                    return Err(0x6985);
                }
                application.data.extend_from_slice(data);
                if p1 & 0x80 == 0 {
                    return Ok(vec![0x90, 0x00]);
                }
                let mut whole = std::mem::take(&mut application.data);
                whole.reverse();
                self.more(whole, 0x9000)
            }
            (0x20, ..) => {
                self.verified += 1;
                vec![0x63, 0xC2]
            }
            (0xF2, ..) => [vec![0x62; self.long], vec![0x90, 0x00]].concat(),
            (0xAA, ..) => vec![0x90, 0x00],
            (0xE2, ..) => return Err(0x6E00),
            _ => return Err(0x6D00),
        })
    }
}

impl Card for Fake {
    fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.seen.push(apdu.to_vec());
        self.command(apdu).unwrap_or_else(|sw| sw.to_be_bytes().to_vec())
    }

    fn reset(&mut self) -> Vec<u8> {
        self.channels.clear();
        self.atr.clone()
    }
}

/// The other end of a port.
pub trait Peer {
    /// What comes back, transfer by transfer.
    fn exchange(&mut self, octets: &[u8]) -> Vec<Vec<u8>>;
}

impl<C: Card> Peer for Modem<C> {
    fn exchange(&mut self, octets: &[u8]) -> Vec<Vec<u8>> {
        vec![self.receive(octets)]
    }
}

impl<C: Card> Peer for Device<C> {
    fn exchange(&mut self, octets: &[u8]) -> Vec<Vec<u8>> {
        self.receive(octets)
    }
}

/// A port: what is written is answered at once, and where nothing comes time passes. Octets come in pieces of `piece`.
#[derive(Debug)]
pub struct Port<D, P> {
    pub driver: D,
    pub peer: P,
    pub now: u64,
    pub piece: usize,
    pub written: Vec<Vec<u8>>,
}

impl<D: Plug, P: Peer> Port<D, P>
where
    D::Opened: Debug,
    D::Error: Debug,
{
    pub fn new(driver: D, peer: P) -> Self {
        Self { driver, peer, now: 1_000, piece: usize::MAX, written: Vec::new() }
    }

    pub fn ask(&mut self, request: Request) -> Result<Reply<D::Opened>, D::Error> {
        let mut effect = self.driver.begin(request, self.now);
        for _ in 0..20_000 {
            effect = match effect {
                Effect::Done(result) => return result,
                Effect::Write { octets, until } => {
                    self.written.push(octets.clone());
                    let answers = self.peer.exchange(&octets);
                    self.deliver(&answers).unwrap_or(Effect::Wait { until })
                }
                Effect::Wait { until } => {
                    assert!(until >= self.now, "time goes on");
                    self.now = until;
                    self.driver.step(Event::Elapsed, self.now)
                }
            };
        }
        panic!("it does not end");
    }

    /// All pieces, until one has brought the driver to something else than waiting.
    fn deliver(&mut self, answers: &[Vec<u8>]) -> Option<Effect<D::Opened, D::Error>> {
        let mut waiting = None;
        for piece in answers.iter().flat_map(|it| it.chunks(self.piece.max(1))) {
            match self.driver.step(Event::Received(piece), self.now) {
                Effect::Wait { until } => waiting = Some(Effect::Wait { until }),
                other => return Some(other),
            }
        }
        waiting
    }

    pub fn open(&mut self) -> Result<D::Opened, D::Error> {
        self.ask(Request::Open).map(|reply| match reply {
            Reply::Opened(opened) => opened,
            other => panic!("{other:?}"),
        })
    }

    pub fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, D::Error> {
        self.ask(Request::Transmit(apdu.to_vec())).map(|reply| match reply {
            Reply::Apdu(response) => response,
            other => panic!("{other:?}"),
        })
    }

    pub fn apdu(&mut self, digits: &str) -> Result<String, D::Error> {
        self.transmit(&hex::decode(digits).unwrap()).map(hex::encode_upper)
    }

    pub fn close(&mut self) -> Result<(), D::Error> {
        self.ask(Request::Close).map(|reply| assert!(matches!(reply, Reply::Closed)))
    }
}

/// What an LPA does: a channel, the ISD-R, STORE DATA in blocks, GET RESPONSE until all is there, and the channel closed.
/// Gives what the card has answered in all.
pub fn es10<D: Plug, P: Peer>(port: &mut Port<D, P>, payload: &[u8]) -> Result<Vec<u8>, D::Error>
where
    D::Opened: Debug,
    D::Error: Debug,
{
    let opened = port.apdu("0070000001")?;
    assert!(opened.ends_with("9000"), "MANAGE CHANNEL: {opened}");
    let channel = u8::from_str_radix(&opened[..2], 16).unwrap();
    let selected = port.apdu(&format!("{channel:02X}A4040010{ISD_R}"))?;
    assert!(selected.starts_with("61") || selected == "9000", "SELECT: {selected}");
    if let Some(length) = selected.strip_prefix("61") {
        let fci = port.apdu(&format!("{channel:02X}C00000{length}"))?;
        assert!(fci.ends_with("9000"), "GET RESPONSE: {fci}");
    }
    let blocks: Vec<&[u8]> = payload.chunks(120).collect();
    let mut answer = Vec::new();
    let mut sw = 0x9000;
    for (number, block) in blocks.iter().enumerate() {
        let p1 = if number + 1 == blocks.len() { 0x91 } else { 0x11 };
        let header = [0x80 | channel, 0xE2, p1, number as u8, block.len() as u8];
        let response = port.transmit(&[&header, *block].concat())?;
        let (data, status) = response.split_last_chunk::<2>().unwrap();
        answer.extend_from_slice(data);
        sw = u16::from_be_bytes(*status);
        assert!(sw == 0x9000 || sw & 0xFF00 == 0x6100, "STORE DATA {number}: {sw:04X}");
    }
    while sw & 0xFF00 == 0x6100 {
        let response = port.transmit(&[channel, 0xC0, 0, 0, sw as u8])?;
        let (data, status) = response.split_last_chunk::<2>().unwrap();
        answer.extend_from_slice(data);
        sw = u16::from_be_bytes(*status);
    }
    assert_eq!(sw, 0x9000);
    assert_eq!(port.apdu(&format!("007080{channel:02X}00"))?, "9000");
    Ok(answer)
}
