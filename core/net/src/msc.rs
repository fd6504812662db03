//! The circuit-switched domain: calls and supplementary services, after fallback from LTE or in 3G, and the way of short
//! messages. It knows no devices of its own: who asks, the serving node has registered.

use crate::epc::{Core, Known};
use crate::id::{Imsi, read_imsi_identity};
use crate::log::Node;
use crate::nas::{self, Direction, Message, sms};
use crate::rules::{Denial, Service};
use alloc::vec::Vec;

/// Takes what a device wants, and looks at the contract.
pub(crate) fn circuit_switched(
    known: Option<(Imsi, &Known)>,
    octets: &[u8],
    core: &mut Core<'_>,
) -> Vec<Vec<u8>> {
    let decoded = Message::decode(octets, Direction::Up);
    let name = decoded.as_ref().map_or("unknown message", |message| message.def.name);
    core.log.note((Node::Modem, Node::Msc), "NAS", name, || octets.to_vec());
    let Ok(message) = decoded else { return Vec::new() };
    let service = match message.octet("CM service type") {
        Some(8) => Service::Supplementary,
        _ => Service::Voice,
    };
    let claimed = message.value("Mobile identity").and_then(read_imsi_identity);
    let answer = match known.filter(|(imsi, _)| claimed == Some(*imsi)) {
        None => Message::new(nas::CM_SERVICE_REJECT).with("Reject cause", &[4]),
        Some((_, known)) if !core.gets(known, service) => {
            Message::new(nas::CM_SERVICE_REJECT).with("Reject cause", &[33])
        }
        Some(_) => Message::new(nas::CM_SERVICE_ACCEPT),
    };
    let octets = answer.encode();
    core.log.note((Node::Msc, Node::Modem), "NAS", answer.def.name, || octets.clone());
    Vec::from([octets])
}

/// A short message from a device, CP layer: what goes back. It is taken by the service centre, or refused.
pub(crate) fn relay(
    container: &[u8],
    denial: Option<Denial>,
    core: &mut Core<'_>,
    node: Node,
) -> Vec<Vec<u8>> {
    let Ok(message) = Message::decode(container, Direction::Up) else { return Vec::new() };
    let rpdu = message.value("CP-User data").unwrap_or_default();
    let Some(reference) = sms::is_rp_data(rpdu) else { return Vec::new() };
    let answer = match denial {
        None => {
            core.log.note((node, Node::Msc), "SGd", "MO-Forward-Short-Message", || rpdu.to_vec());
            sms::rp_ack(reference)
        }
        Some(Denial::Barred) => sms::rp_error(reference, 8),
        Some(Denial::NotSubscribed) => sms::rp_error(reference, 50),
    };
    // The answer's transaction identifier has its flag turned round (TS 24.007 11.2.3.1.3).
    let transaction = message.bearer ^ 0x8;
    Vec::from([
        Message::of(nas::CP_ACK, transaction, 0).encode(),
        Message::of(nas::CP_DATA, transaction, 0).with("CP-User data", &answer).encode(),
    ])
}
