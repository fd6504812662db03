//! Which ways can be gone here.

use crate::bridge;
use crate::browser::{get, is_forbidden, is_secure, navigator};
use crate::fault::Fault;
use crate::view::{CardReason, Permission, Way, WayInfo, Works};
use crate::words;

/// All four, in the order in which they are offered.
pub async fn all() -> Vec<WayInfo> {
    let mut all: Vec<WayInfo> = Way::ALL.into_iter().map(info).collect();
    let permission = bridge::permission().await;
    for bridge in all.iter_mut().filter(|info| info.way == Way::Bridge && info.works != Works::No) {
        bridge.permission = permission;
        if permission == Some(Permission::Denied) {
            // A page that came over HTTP without TLS is never asked for.
            let reason = if is_secure() { CardReason::Denied } else { CardReason::Insecure };
            bridge.works = Works::No;
            bridge.reason = Some(reason);
            bridge.words = words::of(Way::Bridge, reason);
        }
    }
    all
}

fn info(way: Way) -> WayInfo {
    let info = |works, reason, words| WayInfo { way, works, reason, permission: None, words };
    match (refusal(way), way) {
        (Some(fault), _) => info(Works::No, Some(fault.reason), fault.words),
        (None, Way::Usb) => info(Works::Some, Some(CardReason::ProtectedClass), words::offered(way)),
        (None, _) => info(Works::Yes, None, words::offered(way)),
    }
}

/// Why a way cannot be gone, as far as nobody needs to be asked.
pub fn refusal(way: Way) -> Option<Fault> {
    let (member, feature) = match way {
        Way::Serial => ("serial", "serial"),
        Way::Usb => ("usb", "usb"),
        Way::SmartCard => ("smartCard", "smart-card"),
        Way::Bridge => {
            let is_there = get(&js_sys::global(), "WebSocket").is_function();
            return (!is_there).then(|| Fault::of(way, CardReason::Unsupported));
        }
    };
    let is_there = get(&navigator(), member).is_object();
    let reason = match (is_there, is_secure()) {
        (false, false) => CardReason::Insecure,
        (false, true) => CardReason::Unsupported,
        (true, _) if is_forbidden(feature) => CardReason::Policy,
        (true, _) => return None,
    };
    Some(Fault::of(way, reason))
}
