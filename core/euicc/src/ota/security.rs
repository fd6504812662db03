//! Whether a packet is accepted (ETSI TS 102 225 5.1, TS 102 226 8.2.1.3.2.4): for whom it is, how secure it must be, with
//! which keys, and whether it came before.

use alloc::vec::Vec;
use esim_crypto::scp80::{
    Command, CounterMode, Header, Integrity, Key, KeyKind, Keys, MAX_COUNTER, Response, ResponseStatus,
};
use esim_rsp::check::{Checks, Rule};
use esim_saip::Image;
use esim_saip::image::{ApplicationKind, ApplicationRecord, SdKey};

/// What a security domain demands that says nothing of it: a counter that rises, and a checksum.
const DEFAULT_SECURITY: u8 = 0x12;

const TAR: Rule = Rule::new("TS 102 225 5.1", "an application has the TAR");
const DOMAIN: Rule = Rule::new("TS 102 226 8.2", "the application belongs to a security domain");
const SECURITY: Rule = Rule::new("TS 102 226 8.2.1.3.2.4", "SPI is as secure as the application demands");
const ANSWER: Rule = Rule::new("TS 102 225 5.1.1", "the answer can be secured as SPI asks");
const PACKET: Rule = Rule::new("TS 102 225 5.1", "the packet deciphers, and its checksum verifies");
const KEY_SET: Rule = Rule::new("TS 102 225 5.1.4", "the security domain has the key set with the counter");
const NOT_BLOCKED: Rule = Rule::new("TS 102 225 5.1.4", "the counter of the key set has not reached its end");
const RISES: Rule = Rule::new("TS 102 225 5.1.4", "CNTR is higher than the counter that was kept");
const NEXT: Rule = Rule::new("TS 102 225 5.1.4", "CNTR is the next one, where SPI asks for it");

/// A packet to be executed.
pub(super) struct Accepted {
    pub command: Command,
    pub keys: Keys,
    /// Index of the application it is for.
    pub target: usize,
    /// Index of the security domain with the keys.
    pub domain: usize,
    /// Key version number, and the counter to keep with it.
    pub next_counter: Option<(u8, u64)>,
}

/// A packet refused.
pub(super) struct Refused {
    pub status: ResponseStatus,
    /// That of the packet, once it is in clear.
    pub counter: u64,
    /// To secure the answer, once the sender is known.
    pub keys: Option<Keys>,
}

impl From<ResponseStatus> for Refused {
    fn from(status: ResponseStatus) -> Self {
        Self { status, counter: 0, keys: None }
    }
}

/// Checks a packet with this header.
pub(super) fn accept(
    image: &Image,
    header: Header,
    packet: &[u8],
    checks: Checks<'_>,
) -> Result<Accepted, Refused> {
    let target = checks.that(&TAR, || header.tar, by_reference(image, header.tar));
    let target = target.ok_or(ResponseStatus::TAR_UNKNOWN)?;
    let domain = checks.that(&DOMAIN, || header.tar, domain_of(image, target));
    let domain = domain.ok_or(ResponseStatus::UNIDENTIFIED)?;
    let is_secure = header.spi.satisfies(minimum_security(&image.applications[target]));
    if !checks.that(&SECURITY, || packet, is_secure) {
        return Err(ResponseStatus::INSUFFICIENT_SECURITY.into());
    }
    let set = domain_keys(&image.applications[domain]);
    let keys = Keys { kic: key(set, header.kic.version(), 1), kid: key(set, header.kid.version(), 2) };
    checks.that(&ANSWER, || packet, can_answer(&header, &keys))?;
    let command = checks.that(&PACKET, || packet, Command::open(packet, &keys))?;
    let refuse = |status| Refused { status, counter: command.counter, keys: Some(keys.clone()) };
    let next_counter = check_counter(set, &command, checks).map_err(refuse)?;
    Ok(Accepted { command, keys, target, domain, next_counter })
}

/// Applets have no references here: they are not executed.
fn by_reference(image: &Image, tar: [u8; 3]) -> Option<usize> {
    let is_executed = |kind: &ApplicationKind| {
        matches!(kind, ApplicationKind::SecurityDomain { .. } | ApplicationKind::Rfm { .. })
    };
    image.applications.iter().position(|it| it.tars.contains(&tar) && is_executed(&it.kind))
}

/// The security domain an application belongs to: itself, the one it names, or the operator's, which is the first.
fn domain_of(image: &Image, target: usize) -> Option<usize> {
    let is_domain = |it: &ApplicationRecord| matches!(it.kind, ApplicationKind::SecurityDomain { .. });
    let target_record = image.applications.get(target)?;
    if is_domain(target_record) {
        return Some(target);
    }
    let named = target_record.security_domain.as_ref();
    image.applications.iter().position(|it| is_domain(it) && named.is_none_or(|aid| *aid == it.aid))
}

fn minimum_security(target: &ApplicationRecord) -> u8 {
    match (target.minimum_security.first(), &target.kind) {
        (Some(level), _) => *level,
        (None, ApplicationKind::SecurityDomain { .. }) => DEFAULT_SECURITY,
        (None, _) => 0,
    }
}

fn domain_keys(domain: &ApplicationRecord) -> &[SdKey] {
    match &domain.kind {
        ApplicationKind::SecurityDomain { keys } => keys,
        _ => &[],
    }
}

/// Key identifier 1 ciphers, 2 makes checksums (TS 102 225 5.1.2).
fn key(set: &[SdKey], version: u8, id: u8) -> Option<Key> {
    let (kind, octets) = set.iter().find(|key| (key.version, key.id) == (version, id))?.components.first()?;
    let kind = match kind {
        0x80 => KeyKind::TripleDes,
        0x88 => KeyKind::Aes,
        _ => return None,
    };
    Key::new(kind, octets).ok()
}

/// A command whose answer could not be secured as it asks is not executed.
fn can_answer(header: &Header, keys: &Keys) -> Result<(), ResponseStatus> {
    let empty = Response { tar: header.tar, counter: 0, status: ResponseStatus::OK, data: Vec::new() };
    empty.seal(Some((header, keys))).map(drop)
}

/// The counter to keep, with the version of its key set: that of the checksum, else that of the cipher.
fn check_counter(
    set: &[SdKey],
    command: &Command,
    checks: Checks<'_>,
) -> Result<Option<(u8, u64)>, ResponseStatus> {
    let Header { spi, kic, kid, .. } = command.header;
    if matches!(spi.counter(), CounterMode::Absent | CounterMode::Unchecked) {
        return Ok(None);
    }
    let version = if spi.integrity() == Integrity::Checksum { kid.version() } else { kic.version() };
    let kept = set.iter().filter(|key| key.version == version).map(|key| key.counter).max();
    let kept = checks.that(&KEY_SET, || [version], kept).ok_or(ResponseStatus::UNIDENTIFIED)?;
    let counter = || command.counter.to_be_bytes();
    if !checks.that(&NOT_BLOCKED, || kept.to_be_bytes(), kept < MAX_COUNTER) {
        return Err(ResponseStatus::COUNTER_BLOCKED);
    }
    if !checks.that(&RISES, counter, command.counter > kept) {
        return Err(ResponseStatus::COUNTER_LOW);
    }
    let is_next = spi.counter() != CounterMode::Next || command.counter == kept + 1;
    if !checks.that(&NEXT, counter, is_next) {
        return Err(ResponseStatus::COUNTER_HIGH);
    }
    Ok(Some((version, command.counter)))
}
