//! What ours would have answered: a recording's requests, given to a card and an SM of this project in the same order.

use crate::apdu::status;
use crate::compare::{Difference, compare};
use crate::copy::exchange;
use crate::device::Clock;
use crate::octets::channel_of;
use crate::operator::Wish;
use crate::seed::{Seed, Stream};
use crate::transport::{Request, Transport};
use crate::words::Words;
use crate::world::{ADDRESS, NOW, World, WorldError};
use esim_crypto::pki::{PkiParameters, TestPki};
use esim_euicc::{MemoryNvm, Personal};
use esim_lpa::apdu::{Exchange, ISD_R_CANDIDATES, Next, class, is_success};
use esim_rsp::es10b::{AuthenticateServerRequest, CtxParams1};
use esim_rsp::es10c::GetEuiccDataResponse;
use esim_rsp::json_binding::Interface;
use esim_rsp::trace::{Party, Record};
use esim_rsp::{Eid, decode};
use esim_sm_edge::smdp::Config;
use esim_sm_edge::{MemoryHost, block_on};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Requests that are answered at most.
const MOST: usize = 5_000;
/// Of the world that answers: always the same one.
const SEED: u64 = 1;

/// A request of a recording, and what ours has answered to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Compared {
    /// Number of the request in the recording.
    pub n: u32,
    /// Number of its answer there; null if it has none.
    pub theirs: Option<u32>,
    /// What ours has answered; null if it cannot be asked.
    pub ours: Option<Record>,
    /// Why both cannot be the same, or why ours was not asked.
    pub why: Option<Words>,
    /// Whether both are the same, octet by octet.
    pub same: bool,
    /// In which fields they differ: theirs first.
    pub differences: Vec<Difference>,
}

/// What ours answers to each request of a recording, in order: functions of ES10 as a whole, APDUs that carry none of them, and
/// functions of ES9+. Card and SM are new, with EID, address and matchingId of the recording where it has them; keys,
/// certificates and what is drawn are their own.
///
/// # Errors
/// [`WorldError`], if there is no such card.
pub fn answers_of(records: &[Record]) -> Result<Vec<Compared>, WorldError> {
    let mut bench = Bench::of(records)?;
    let mut found: Vec<Compared> = Vec::new();
    let mut at = 0;
    while at < records.len() && found.len() < MOST {
        let record = &records[at];
        let range = exchange(records, at);
        let is_function = record.interface.starts_with("ES10") && record.to == Party::Euicc;
        let is_apdu = record.interface == "APDU" && record.to == Party::Euicc;
        let is_request = record.to == Party::Sm && !record.function.ends_with(" response");
        let answer = records.get(range.end.saturating_sub(1)).filter(|answer| answer.from == record.to);
        if is_function || is_apdu {
            let ours = match is_function {
                true => bench.function(record, &records[range.clone()]),
                false => Some(bench.apdu(record, answer)),
            };
            found.push(bench.beside(record, answer, ours));
        } else if is_request {
            let ours = bench.request(record);
            found.push(bench.beside(record, answer, ours));
        }
        // APDUs that carry a function are answered with it.
        at = if is_function { range.end.max(at + 1) } else { at + 1 };
    }
    Ok(found)
}

/// Card and SM.
struct Bench {
    world: World<MemoryNvm, MemoryHost>,
    address: String,
    has_their_eid: bool,
    /// Logical channels: theirs, and ours in its place.
    channels: BTreeMap<u8, u8>,
    /// Those of ours on which the ISD-R is selected.
    selected: BTreeSet<u8>,
}

impl Bench {
    fn of(records: &[Record]) -> Result<Self, WorldError> {
        let address = address_of(records).unwrap_or_else(|| ADDRESS.to_string());
        let seed = Seed::from_number(SEED);
        let eid = eid_of(records);
        let mut parameters = PkiParameters { smdp_hosts: vec![address.clone()], ..PkiParameters::default() };
        if let Some(eid) = &eid {
            parameters.eid_prefix = eid.to_string().chars().take(8).collect();
        }
        let pki = TestPki::generate(&parameters, &mut seed.stream(Stream::Pki));
        let mut nvm = MemoryNvm::default();
        let card = match eid {
            Some(eid) => Personal::new(&pki, eid, &mut seed.stream(Stream::Personalisation))?,
            None => seed.card(&pki)?,
        };
        card.write_to(&mut nvm)?;
        let sm = MemoryHost::new(Config::of_test_pki(&address, &pki)?, seed.octets(), NOW);
        let mut world = World::new(nvm, sm, &pki, seed, Clock::Fixed(NOW), (&address, "memory"))?;
        let wish = Wish { matching_id: matching_id_of(records), ..Wish::usual() };
        // An order that ours does not take, for its matchingId, is one that it does not know.
        let _ordered = block_on(world.order(wish));
        let (channels, selected) = (BTreeMap::from([(0, 0)]), BTreeSet::new());
        Ok(Self { world, address, has_their_eid: eid.is_some(), channels, selected })
    }

    /// Ours beside theirs.
    fn beside(&self, request: &Record, theirs: Option<&Record>, ours: Option<Record>) -> Compared {
        let both = theirs.zip(ours.as_ref());
        let same = both.is_some_and(|(theirs, ours)| theirs.bytes == ours.bytes);
        let why = match (theirs, &ours) {
            (_, None) => Some(not_asked(request)),
            (None, _) => {
                Some(Words::new("the recording has no answer to this", "記録にこの応答がありません"))
            }
            _ if same => None,
            _ => self.why(request),
        };
        let differences = both.map(|(theirs, ours)| compare(theirs, ours)).unwrap_or_default();
        Compared { n: request.n, theirs: theirs.map(|it| it.n), ours, why, same, differences }
    }

    /// A function of ES10, on the channel that it had.
    fn function(&mut self, command: &Record, range: &[Record]) -> Option<Record> {
        let class_of = |record: &&Record| record.interface == "APDU" && record.to == Party::Euicc;
        let theirs = range.iter().find(class_of).and_then(|apdu| apdu.bytes.first());
        let channel = self.isd_r(theirs.map_or(1, |cla| channel_of(*cla)))?;
        let mut exchange = Exchange::new(channel, command.bytes.clone(), 120);
        let mut next = exchange.next(None);
        let reply = loop {
            match next {
                Next::Apdu(apdu) => next = exchange.next(Some(&self.world.device_mut().transmit(&apdu))),
                Next::Done(reply) => break reply,
            }
        };
        Some(answer_to(command, &reply.data, format!("{} response", command.function)))
    }

    /// Our channel in the place of theirs, with the ISD-R selected on it.
    fn isd_r(&mut self, theirs: u8) -> Option<u8> {
        let ours = self.channel(theirs)?;
        if !self.selected.contains(&ours) {
            let (_, aid) = ISD_R_CANDIDATES.first()?;
            let select = [&[class(0, ours), 0xA4, 0x04, 0x00, aid.len() as u8], &aid[..]].concat();
            self.world.device_mut().transmit(&select);
            self.selected.insert(ours);
        }
        Some(ours)
    }

    /// Our channel in the place of theirs, opened if need be.
    fn channel(&mut self, theirs: u8) -> Option<u8> {
        if let Some(ours) = self.channels.get(&theirs) {
            return Some(*ours);
        }
        let opened = self.world.device_mut().transmit(&[0x00, 0x70, 0x00, 0x00, 0x01]);
        let ours = *opened.first().filter(|_| opened.ends_with(&[0x90, 0x00]) && opened.len() == 3)?;
        self.channels.insert(theirs, ours);
        Some(ours)
    }

    /// An APDU by itself.
    fn apdu(&mut self, command: &Record, theirs: Option<&Record>) -> Record {
        let mut octets = command.bytes.clone();
        let (cla, ins) = (octets.first().copied().unwrap_or_default(), octets.get(1).copied());
        let ours = self.channel(channel_of(cla)).unwrap_or_default();
        if let Some(first) = octets.first_mut()
            && channel_of(cla) != ours
        {
            *first = class(cla & 0x80, ours);
        }
        let closed =
            (ins == Some(0x70) && octets.get(2) == Some(&0x80)).then(|| octets.get(3).copied()).flatten();
        if let (Some(closed), Some(place)) = (closed, octets.get_mut(3)) {
            *place = self.channels.remove(&closed).unwrap_or(closed);
            self.selected.remove(place);
        }
        let response = self.world.device_mut().transmit(&octets);
        let sw = response.last_chunk::<2>().map_or(0, |sw| u16::from_be_bytes(*sw));
        let is_opened = ins == Some(0x70) && octets.get(2) == Some(&0) && is_success(sw);
        if is_opened
            && let (Some(ours), Some(theirs)) = (response.first(), theirs.and_then(|it| it.bytes.first()))
        {
            self.channels.insert(*theirs, *ours);
        }
        if ins == Some(0xA4) && octets.get(2) == Some(&0x04) && (is_success(sw) || sw >> 8 == 0x61) {
            let is_isd_r =
                ISD_R_CANDIDATES.first().is_some_and(|(_, aid)| octets.get(5..21) == Some(&aid[..]));
            match is_isd_r {
                true => self.selected.insert(ours),
                false => self.selected.remove(&ours),
            };
        }
        answer_to(command, &response, status(&response))
    }

    /// A function of the SM.
    fn request(&mut self, request: &Record) -> Option<Record> {
        let interface = [Interface::Es9Plus, Interface::Es2Plus];
        let interface = interface.into_iter().find(|it| it.name() == request.interface)?;
        interface.function(&request.function)?;
        let path = format!("{}{}", interface.root(), request.function);
        let (address, body) = (self.address.clone(), &request.bytes[..]);
        let asked = Request { address: &address, path: &path, headers: &[], body };
        let reply = block_on(self.world.transport_mut().send(&asked)).ok()?;
        Some(answer_to(request, &reply.body, format!("{} response", request.function)))
    }

    /// Why ours cannot answer the same.
    fn why(&self, request: &Record) -> Option<Words> {
        let (en, ja) = match request.function.as_str() {
            "GetEUICCChallenge" => {
                ("a challenge is drawn anew each time", "チャレンジは毎回新しく作られます")
            }
            "GetEID" if !self.has_their_eid => (
                "the EID of the recording is none that a card can have: ours has its own",
                "記録のEIDはカードに設定できる値ではないため、こちらのカードは別のEIDです",
            ),
            "GetEUICCInfo1" | "GetEUICCInfo2" => (
                "ours is another card: its CI keys, firmware, memory and capabilities are its own",
                "別のカードなので、CIの鍵、ファームウェア、メモリー、能力が異なります",
            ),
            "GetProfilesInfo" | "ListNotification" | "RetrieveNotificationsList" => (
                "ours is a new card: it has other profiles and notifications",
                "新しいカードなので、プロファイルと通知が異なります",
            ),
            "AuthenticateServer" => (
                "the server has signed another card's challenge, under a CI that ours does not know",
                "サーバーは別のカードのチャレンジに、こちらのカードが知らないCIの鍵で署名しています",
            ),
            "PrepareDownload" | "LoadBoundProfilePackage" | "CancelSession" => (
                "no session with this server has begun on our card, whose keys are others",
                "こちらのカードでは、このサーバーとのセッションが始まっていません。鍵も異なります",
            ),
            "initiateAuthentication" => (
                "transactionId and challenge are drawn anew, and ours signs with its own key",
                "transactionIdとチャレンジは毎回作られ、署名の鍵も異なります",
            ),
            "authenticateClient" | "getBoundProfilePackage" | "cancelSession" => (
                "our SM has given another transactionId, and knows neither this one nor the card's CI",
                "こちらのSMは別のtransactionIdを返しており、このIDもカードのCIも知りません",
            ),
            "handleNotification" => (
                "our SM knows neither this card nor its profile",
                "こちらのSMは、このカードもプロファイルも知りません",
            ),
            _ => return None,
        };
        Some(Words::new(en, ja))
    }
}

fn not_asked(request: &Record) -> Words {
    let name = format!("{} {}", request.interface, request.function);
    Words::new(
        format!("ours cannot be asked {name} here: functions of ES10, APDUs, ES9+ and ES2+ can"),
        format!("{name}はここでは試せません。試せるのは、ES10の機能、APDU、ES9+、ES2+です"),
    )
}

/// The answer to a request, as a record with the same number.
fn answer_to(request: &Record, bytes: &[u8], function: String) -> Record {
    let (from, to, interface) = (request.to, request.from, request.interface.clone());
    Record { n: request.n, at: request.at, from, to, interface, function, bytes: bytes.to_vec() }
}

/// Whom the LPA has spoken to.
fn address_of(records: &[Record]) -> Option<String> {
    let request = records.iter().find(|record| record.function == "initiateAuthentication")?;
    let body: serde_json::Value = serde_json::from_slice(&request.bytes).ok()?;
    let address = body["smdpAddress"].as_str()?;
    let is_host = |c: u8| c.is_ascii_alphanumeric() || b"-.".contains(&c);
    let fits = (1..=255).contains(&address.len()) && address.bytes().all(is_host);
    fits.then(|| address.to_string())
}

fn matching_id_of(records: &[Record]) -> Option<String> {
    let is_request = |record: &&Record| record.function == "AuthenticateServer" && record.to == Party::Euicc;
    let request = records.iter().find(is_request)?;
    let request: AuthenticateServerRequest = decode(&request.bytes).ok()?;
    let CtxParams1::CtxParamsForCommonAuthentication(params) = request.ctx_params1.value();
    params.matching_id.clone().filter(|id| !id.is_empty())
}

fn eid_of(records: &[Record]) -> Option<Eid> {
    let answer = records.iter().find(|record| record.function == "GetEID response")?;
    let answer: GetEuiccDataResponse = decode(&answer.bytes).ok()?;
    Eid::from_octets(*answer.eid_value).ok()
}
