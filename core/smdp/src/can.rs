//! What can be done with an order as it stands: the functions ask here, and whoever looks at orders is told.

use crate::order::{CardState, Order, OrderState};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What can be done with an order, by function of ES2+ and beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Can {
    /// The profile can be ordered (SGP.22 5.3.1).
    DownloadOrder,
    /// It can be settled how the profile will be fetched (5.3.2).
    ConfirmOrder,
    /// The profile can be let go (5.3.4).
    ReleaseProfile,
    /// There is an order, and it can be taken back (5.3.3).
    CancelOrder,
    /// A device may fetch the profile now.
    Fetch,
    /// The activation code is of use to a subscriber, now or once the profile is released.
    HandOut,
}

impl Can {
    const ALL: [Self; 6] = [
        Self::DownloadOrder,
        Self::ConfirmOrder,
        Self::ReleaseProfile,
        Self::CancelOrder,
        Self::Fetch,
        Self::HandOut,
    ];
}

impl Order {
    /// All that can be done with it.
    pub fn can(&self) -> Vec<Can> {
        Can::ALL.into_iter().filter(|can| self.allows(*can)).collect()
    }

    /// Whether this can be done with it, as far as the order goes: a function has other conditions besides.
    pub fn allows(&self, can: Can) -> bool {
        use OrderState::{Allocated, Available, Confirmed, Linked, Unavailable};
        match can {
            Can::DownloadOrder => self.state == Available,
            Can::ConfirmOrder => matches!(self.state, Allocated | Linked),
            Can::ReleaseProfile => self.state == Confirmed,
            Can::CancelOrder => !matches!(self.state, Available | Unavailable) && !self.is_out(),
            Can::Fetch => self.is_pending(),
            Can::HandOut => self.matching_id.is_some() && (self.state == Confirmed || self.is_pending()),
        }
    }

    /// Whether an eUICC has the profile, or may have it.
    pub(crate) fn is_out(&self) -> bool {
        let fetched = matches!(self.state, OrderState::Downloaded | OrderState::Installed);
        fetched && self.on_card.is_none_or(|card| card.state != CardState::Deleted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::{Needs, OnCard};
    use OrderState::{Allocated, Available, Confirmed, Downloaded, Installed, Linked, Released, Unavailable};

    fn order(state: OrderState, on_card: Option<CardState>) -> Order {
        let iccid = "8900101000000000017".parse().unwrap();
        let on_card = on_card.map(|state| OnCard { state, sequence: 1 });
        let mut order =
            Order::new(iccid, "operational", esim_rsp::json::Base64(Vec::new()), Needs::default());
        order.matching_id = (!matches!(state, Available | Allocated | Linked)).then(|| "A".into());
        Order { state, on_card, ..order }
    }

    /// From stock to the end.
    #[test]
    fn what_can_be_done_follows_the_states() {
        use Can::{CancelOrder, ConfirmOrder, DownloadOrder, Fetch, HandOut, ReleaseProfile};
        for (state, on_card, can) in [
            (Available, None, &[DownloadOrder][..]),
            (Allocated, None, &[ConfirmOrder, CancelOrder]),
            (Linked, None, &[ConfirmOrder, CancelOrder]),
            (Confirmed, None, &[ReleaseProfile, CancelOrder, HandOut]),
            (Released, None, &[CancelOrder, Fetch, HandOut]),
            (Downloaded, None, &[Fetch, HandOut]),
            (Installed, None, &[]),
            (Installed, Some(CardState::Enabled), &[]),
            (Installed, Some(CardState::Deleted), &[CancelOrder]),
            (OrderState::Error, None, &[CancelOrder]),
            (Unavailable, None, &[]),
        ] {
            assert_eq!(order(state, on_card).can(), can, "{state} {on_card:?}");
        }
    }
}
