//! ES2+.DownloadOrder (SGP.22 5.3.1).

use super::{known_order, owns};
use crate::{Can, Decision, Env, Function, Key, Order, OrderState, Records, guest};
use alloc::string::String;
use alloc::vec::Vec;
use esim_rsp::check::Rule;
use esim_rsp::es2p::{DownloadOrderOk, DownloadOrderRequest};
use esim_rsp::json_binding::Request;
use esim_rsp::{Code, Error, Refusal};

const CLAUSE: &str = "SGP.22 5.3.1";
const TYPE: Rule = Rule::new(CLAUSE, "profileType is that of the profile");
const KNOWN_TYPE: Rule = Rule::new(CLAUSE, "profileType is that of profiles here");
const LEFT: Rule = Rule::new(CLAUSE, "a profile of profileType is available");
const AVAILABLE: Rule = Rule::new(CLAUSE, "the profile is available");

/// The operator reserves a profile.
#[derive(Clone, Debug)]
pub struct DownloadOrder(DownloadOrderRequest);

impl Function for DownloadOrder {
    type Request = DownloadOrderRequest;
    type Ok = DownloadOrderOk;

    fn read(request: Self::Request) -> Result<Self, Error> {
        if request.iccid.is_none() && request.profile_type.is_none() {
            return Err(Error::text("downloadOrder needs an iccid or a profileType"));
        }
        Ok(Self(request))
    }

    fn correlation(&self) -> Option<String> {
        Some(self.0.header.function_call_identifier.clone())
    }

    fn place(&self) -> Option<Key> {
        self.0.iccid.map(Key::Order)
    }

    fn keys(&self, known: &Records) -> Vec<Key> {
        match (&self.0.iccid, &self.0.profile_type) {
            (Some(iccid), _) => Vec::from([Key::Order(*iccid)]),
            (None, Some(name)) => self.stock(name, known),
            (None, None) => Vec::new(),
        }
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<DownloadOrderOk> {
        match self.reserve(records, env) {
            Ok(mut order) => {
                order.eid = self.0.eid;
                order.operator = Some(self.0.header.function_requester_identifier.clone());
                order.state = match order.eid {
                    Some(_) => OrderState::Linked,
                    None => OrderState::Allocated,
                };
                order.note(env.now, DownloadOrderRequest::FUNCTION.name(), "Reserved");
                let iccid = order.iccid;
                Decision::new(Vec::from([order.into()]), Ok(DownloadOrderOk { iccid }))
            }
            Err(refusal) => Decision::refuse(refusal),
        }
    }
}

/// How many profiles of nobody's stock are looked at, one after the other as long as all are somebody's: earlier versions
/// have named everybody's stock alike.
const LOOKS: [u32; 3] = [1, 16, 256];

impl DownloadOrder {
    /// Where a profile of this type may be: in the operator's own stock; if there is none, in nobody's; and whether there are
    /// such profiles at all, if there is none there either. What is looked for in stock may be kept from others meanwhile.
    fn stock(&self, name: &str, known: &Records) -> Vec<Key> {
        let requester = &self.0.header.function_requester_identifier;
        let own = Some(requester.clone());
        let available = |owner: &Option<String>, limit| Key::AvailableOfType {
            owner: owner.clone(),
            name: name.into(),
            limit,
        };
        let of_type = || known.orders().filter(|order| order.profile_type == name);
        let is_there = || of_type().any(|order| order.state == OrderState::Available && self.may_have(order));
        let is_asked = |keys: &[Key]| keys.iter().all(|key| known.was_asked(key));
        let mut keys = Vec::from([available(&own, 1)]);
        if !is_asked(&keys) || is_there() {
            return keys;
        }
        if !guest::is(requester) {
            let others = of_type().filter(|order| !self.may_have(order)).count();
            let looks = LOOKS.iter().enumerate().take_while(|(i, _)| {
                let before = i.checked_sub(1).and_then(|before| LOOKS.get(before));
                before.is_none_or(|before| others >= *before as usize)
            });
            keys.extend(looks.map(|(_, limit)| available(&None, *limit)));
        }
        if is_asked(&keys) && !is_there() {
            keys.extend([&own, &None].map(|owner| Key::OfType(owner.clone(), name.into())));
        }
        keys
    }

    /// Whether the operator may have a profile at all: its own, or nobody's, which is not for guests.
    fn may_have(&self, order: &Order) -> bool {
        let requester = &self.0.header.function_requester_identifier;
        match &order.owner {
            Some(owner) => owner == requester,
            None => !guest::is(requester),
        }
    }

    fn reserve(&self, records: &Records, env: &Env<'_>) -> Result<Order, Refusal> {
        let checks = env.checks;
        let order = match (&self.0.iccid, &self.0.profile_type) {
            (Some(iccid), name) => {
                let order = known_order(records, iccid, checks)?.clone();
                let may_be_had = order.state == OrderState::Available && self.may_have(&order);
                owns(&order, &self.0.header, env.config, may_be_had, checks)?;
                if let Some(name) = name
                    && !checks.that(&TYPE, || name, *name == order.profile_type)
                {
                    return Err(Refusal::of(Code::ProfileTypeRefused).about(&order.profile_type));
                }
                order
            }
            (None, Some(name)) => self.any_of_type(records, name, env)?,
            (None, None) => return Err(Refusal::of(Code::FunctionInvalid)),
        };
        if !checks.that(&AVAILABLE, || order.iccid.octets(), order.allows(Can::DownloadOrder)) {
            return Err(Refusal::of(Code::IccidAlreadyInUse).about(order.iccid));
        }
        Ok(order)
    }

    /// A profile of the operator's own stock, or else of nobody's. What others have is as if it were not there.
    fn any_of_type(&self, records: &Records, name: &str, env: &Env<'_>) -> Result<Order, Refusal> {
        let is_it = |order: &&Order| order.profile_type == name && self.may_have(order);
        let mut of_type: Vec<_> = records.orders().filter(is_it).collect();
        if !env.checks.that(&KNOWN_TYPE, || name, !of_type.is_empty()) {
            return Err(Refusal::of(Code::ProfileTypeUnknown).about(name));
        }
        of_type.sort_by_key(|order| order.owner.is_none());
        let available = of_type.into_iter().find(|order| order.state == OrderState::Available).cloned();
        let available = env.checks.that(&LEFT, || name, available);
        available.ok_or_else(|| Refusal::of(Code::ProfileTypeUnavailable).about(name))
    }
}
