//! What was said, in order, as the trace of a world has it: messages of ES10 beside the APDUs that carry them.

use crate::apdu::{apdu_name, status};
use crate::octets::{channel_of, data_of};
use crate::words::Words;
use esim_lpa::apdu::is_success;
use esim_rsp::es10;
use esim_rsp::json_binding::Interface;
use esim_rsp::trace::{Party, Record};

/// Records that a recording may have; a download has some hundred.
pub(super) const MOST: usize = 50_000;
/// Remarks that are made at most.
const REMARKS: usize = 50;
/// Longest message of ES10 that is put together; a segment of a package is some hundred octets, a CRL some thousand.
const LONGEST_CHAIN: usize = 1 << 20;

/// Blocks of STORE DATA that are one command, and the card's answer (SGP.22 5.7.2).
struct Chain {
    /// Where the command stands among the records.
    slot: usize,
    channel: u8,
    /// Number of the block that comes next.
    next: u8,
    payload: Vec<u8>,
    /// Its length before the last block.
    before: usize,
    complete: bool,
    answer: Vec<u8>,
}

/// A recording that grows.
#[derive(Default)]
pub(crate) struct Tape {
    /// None where a command would stand that has not been understood.
    records: Vec<Option<Record>>,
    chain: Option<Chain>,
    /// The APDU that awaits its answer.
    command: Option<Vec<u8>>,
    /// Interface and function of the request that awaits its answer.
    request: Option<(Party, String, String)>,
    notes: Vec<Words>,
    unsaid: usize,
    left_off: bool,
}

impl Tape {
    /// A record as it stands.
    pub fn record(&mut self, record: Record) {
        match self.records.len() < MOST {
            true => self.records.push(Some(record)),
            false => self.left_off = true,
        }
    }

    /// A message.
    pub fn say(&mut self, ends: (Party, Party), interface: &str, function: &str, bytes: &[u8]) {
        let (from, to) = ends;
        let (interface, function) = (interface.into(), function.into());
        self.record(Record { n: 0, at: 0, from, to, interface, function, bytes: bytes.to_vec() });
    }

    /// A remark on a line, from 1.
    pub fn remark(&mut self, line: usize, en: &str, ja: &str) {
        self.note(Words::new(format!("line {line}: {en}"), format!("{line}行目: {ja}")));
    }

    /// A remark.
    pub fn note(&mut self, note: Words) {
        match self.notes.len() < REMARKS {
            true => self.notes.push(note),
            false => self.unsaid += 1,
        }
    }

    /// Whether the card is to say something next.
    pub fn awaits_response(&self) -> bool {
        self.command.is_some()
    }

    /// The card was reset.
    pub fn reset(&mut self) {
        (self.chain, self.command) = (None, None);
    }

    /// A command APDU.
    pub fn command(&mut self, apdu: &[u8]) {
        self.chained(apdu);
        self.say((Party::Lpa, Party::Euicc), "APDU", apdu_name(apdu), apdu);
        self.command = Some(apdu.to_vec());
    }

    fn chained(&mut self, apdu: &[u8]) {
        let [cla, ins, p1, p2, ..] = *apdu else { return };
        let channel = channel_of(cla);
        let data = data_of(apdu).filter(|_| ins == 0xE2 && cla & 0x80 != 0);
        let Some(data) = data else {
            // GET RESPONSE belongs to it; on other channels others speak.
            if ins != 0xC0 && self.chain.as_ref().is_some_and(|chain| chain.channel == channel) {
                self.chain = None;
            }
            return;
        };
        let goes_on = |chain: &Chain| {
            let is_next = chain.next == p2 && (p2 > 0 || chain.payload.is_empty());
            chain.channel == channel && !chain.complete && is_next
        };
        if !self.chain.as_ref().is_some_and(goes_on) && p2 == 0 && self.records.len() < MOST {
            let slot = self.records.len();
            self.records.push(None);
            let (payload, answer) = (Vec::new(), Vec::new());
            self.chain = Some(Chain { slot, channel, next: 0, payload, before: 0, complete: false, answer });
        }
        let Some(chain) = &mut self.chain else { return };
        if chain.channel != channel || chain.next != p2 || chain.payload.len() + data.len() > LONGEST_CHAIN {
            self.chain = None;
            return;
        }
        chain.before = chain.payload.len();
        chain.payload.extend_from_slice(data);
        chain.next = p2.wrapping_add(1);
        chain.complete = p1 & 0x80 != 0;
    }

    /// A response APDU.
    pub fn response(&mut self, apdu: &[u8]) {
        self.say((Party::Euicc, Party::Lpa), "APDU", &status(apdu), apdu);
        let command = self.command.take().unwrap_or_default();
        let (Some(chain), Some((data, sw))) = (&mut self.chain, apdu.split_last_chunk::<2>()) else { return };
        let [cla, ins, _, p2, ..] = command[..] else { return };
        if channel_of(cla) != chain.channel || chain.answer.len() + data.len() > LONGEST_CHAIN {
            return;
        }
        chain.answer.extend_from_slice(data);
        let sw = u16::from_be_bytes(*sw);
        match sw >> 8 {
            0x61 => {}
            // The same block comes once more, with the length that the card has named.
            0x6C if ins == 0xE2 => {
                chain.payload.truncate(chain.before);
                (chain.next, chain.complete) = (p2, false);
            }
            0x6C => {}
            high if !chain.complete && (is_success(sw) || matches!(high, 0x62 | 0x63)) => {}
            _ => self.complete(),
        }
    }

    /// The command goes where its first block is, the answer behind its last APDU.
    fn complete(&mut self) {
        let Some(Chain { slot, payload, answer, .. }) = self.chain.take() else { return };
        let Some(function) = es10::Function::of_command(&payload) else { return };
        let (interface, name) = (function.interface(), function.name());
        if let Some(place) = self.records.get_mut(slot) {
            let (from, to) = (Party::Lpa, Party::Euicc);
            let (interface, function) = (interface.into(), name.into());
            *place = Some(Record { n: 0, at: 0, from, to, interface, function, bytes: payload });
        }
        self.say((Party::Euicc, Party::Lpa), interface, &format!("{name} response"), &answer);
    }

    /// A request over HTTPS, by its URL or path.
    pub fn request(&mut self, url: &str, body: &[u8]) {
        let (interface, function) = called(path_of(url));
        let from = match interface.as_str() {
            "ES2+" => Party::Operator,
            _ => Party::Lpa,
        };
        self.say((from, Party::Sm), &interface, &function, body);
        self.request = Some((from, interface, function));
    }

    /// The answer to the last request.
    pub fn answer(&mut self, body: &[u8]) {
        let asked = self.request.take();
        let (to, interface, function) =
            asked.unwrap_or_else(|| (Party::Lpa, "ES9+".to_string(), "unknown function".to_string()));
        self.say((Party::Sm, to), &interface, &format!("{function} response"), body);
    }

    /// All of it, numbered; a command whose blocks or answer are not all there stands in its APDUs alone.
    pub fn finish(self) -> (Vec<Record>, Vec<Words>) {
        let Self { records, mut notes, unsaid, left_off, .. } = self;
        if unsaid > 0 {
            notes.push(Words::new(format!("{unsaid} more remarks"), format!("このほかに{unsaid}件あります")));
        }
        if left_off {
            notes.push(Words::new(
                format!("more than {MOST} messages: the rest is left out"),
                format!("メッセージが{MOST}件を超えるため、残りは省きました"),
            ));
        }
        let numbered = |(n, record)| Record { n: u32::try_from(n).unwrap_or(u32::MAX), ..record };
        (records.into_iter().flatten().enumerate().map(numbered).collect(), notes)
    }
}

/// The path of a URL.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or(rest);
    path.split(['?', '#']).next().unwrap_or(path)
}

/// Interface and function that a path calls.
fn called(path: &str) -> (String, String) {
    match Interface::of(path) {
        Some((interface, name)) => (interface.name().to_string(), name.chars().take(64).collect()),
        None => ("HTTP".to_string(), path.chars().take(64).collect()),
    }
}
