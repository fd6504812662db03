//! ES2+.ReleaseProfile (SGP.22 5.3.4).

use super::own_order;
use crate::{Decision, Env, Function, Key, OrderState, Records};
use alloc::string::String;
use alloc::vec::Vec;
use esim_rsp::es2p::{Nothing, ReleaseProfileRequest};
use esim_rsp::{Error, Refusal};

/// The operator lets a confirmed profile be fetched.
#[derive(Clone, Debug)]
pub struct ReleaseProfile(ReleaseProfileRequest);

impl Function for ReleaseProfile {
    type Request = ReleaseProfileRequest;
    type Ok = Nothing;

    fn read(request: Self::Request) -> Result<Self, Error> {
        Ok(Self(request))
    }

    fn correlation(&self) -> Option<String> {
        Some(self.0.header.function_call_identifier.clone())
    }

    fn keys(&self, _: &Records) -> Vec<Key> {
        Vec::from([Key::Order(self.0.iccid)])
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<Nothing> {
        match own_order(records, &self.0.iccid, &self.0.header) {
            Ok(mut order) if order.state == OrderState::Confirmed => {
                order.state = OrderState::Released;
                order.note(env.now, "releaseProfile", "Released");
                Decision::new(Vec::from([order.into()]), Ok(Nothing {}))
            }
            Ok(order) => Decision::refuse(Refusal::new("8.2.1", "3.5").about(order.iccid)),
            Err(refusal) => Decision::refuse(refusal),
        }
    }
}
