//! Filling the stock: a subscriber or a ready package becomes a profile.

use crate::metadata::Metadata;
use crate::order::Access;
use crate::profile::{self, Codes, Drawn, Inspected, Subscriber};
use crate::{Decision, Env, Function, Key, Order, Package, Records, Secret};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use esim_rsp::json::Base64;
use esim_rsp::{Code, Error, Iccid, Refusal};
use serde::{Deserialize, Serialize};

/// Profile type where the operator names none.
const DEFAULT_TYPE: &str = "operational";

/// A subscriber, or a profile package made elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProvisionRequest {
    /// Drawn if absent; with a package it must be the package's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iccid: Option<Iccid>,
    /// `operational` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_type: Option<String>,
    /// OID of the operator whose it shall be; any if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// For whom to make a profile; or …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscriber: Option<Subscriber>,
    /// … the unprotected profile package, DER.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upp: Option<Base64>,
    /// The lowest release of each access network that a device must support to be given the profile.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub device: BTreeMap<Access, u8>,
    /// What eUICC and user are told; names are taken from the subscriber's SPN
    /// and the profile type where they are empty.
    pub metadata: Metadata,
}

/// A profile in stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProvisionOk {
    /// Of the new profile.
    pub iccid: Iccid,
    /// For downloadOrder.
    pub profile_type: String,
    /// Length in octets.
    pub octets: u32,
    /// What a check of the package has found; it is in stock all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// The codes that were drawn because the subscriber's data have none. They are told here and never again.
    #[serde(default, skip_serializing_if = "Codes::is_empty")]
    pub codes: Codes,
}

/// Puts a profile into stock.
#[derive(Clone, Debug)]
pub struct Provision {
    request: ProvisionRequest,
    /// ICCID, as far as known before one is drawn.
    iccid: Option<Iccid>,
}

impl Function for Provision {
    type Request = ProvisionRequest;
    type Ok = ProvisionOk;

    fn read(request: Self::Request) -> Result<Self, Error> {
        let iccid = match (&request.subscriber, &request.upp) {
            (Some(_), None) => request.iccid,
            (None, Some(upp)) => {
                let inside = profile::inspect(&upp.0)?.iccid;
                if request.iccid.is_some_and(|given| given != inside) {
                    return Err(Error::text(format!("the package is of ICCID {inside}")));
                }
                Some(inside)
            }
            _ => return Err(Error::text("provision needs either subscriber or upp")),
        };
        Ok(Self { request, iccid })
    }

    fn keys(&self, _: &Records) -> Vec<Key> {
        self.iccid.iter().flat_map(|iccid| [Key::Order(*iccid), Key::Package(*iccid)]).collect()
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<ProvisionOk> {
        let drawn = || profile::draw_iccid(u64::from_be_bytes(env.random()));
        let Some(iccid) = self.iccid.or_else(drawn) else {
            return Decision::refuse(Refusal::of(Code::RspExecutionError));
        };
        if records.order(&iccid).is_some() {
            return Decision::refuse(Refusal::of(Code::IccidAlreadyInUse).about(iccid));
        }
        match self.make(iccid, env) {
            Ok(Made { order, package, findings, codes }) => {
                let answer = ProvisionOk {
                    iccid,
                    profile_type: order.profile_type.clone(),
                    octets: order.needs.octets,
                    findings,
                    codes,
                };
                Decision::new(Vec::from([order.into(), package.into()]), Ok(answer))
            }
            Err(error) => Decision::refuse(Refusal::of(Code::FunctionInvalid).because(error.kind)),
        }
    }
}

/// A profile for the stock, and what is to be told of it.
struct Made {
    order: Order,
    package: Package,
    findings: Vec<String>,
    codes: Codes,
}

impl Provision {
    fn make(&self, iccid: Iccid, env: &mut Env<'_>) -> Result<Made, Error> {
        let request = &self.request;
        let profile_type = request.profile_type.as_deref().unwrap_or(DEFAULT_TYPE);
        let (upp, codes) = match (&request.subscriber, &request.upp) {
            (Some(subscriber), _) => {
                let drawn = Drawn::new(request.metadata.profile_class, env.codes);
                (subscriber.build(iccid, profile_type, &drawn)?, drawn.told(&subscriber.codes))
            }
            (None, Some(upp)) => (upp.0.clone(), Codes::default()),
            (None, None) => return Err(Error::text("neither subscriber nor upp")),
        };
        let Inspected { mut needs, findings, .. } = profile::inspect(&upp)?;
        needs.device = request.device.clone();
        let metadata = self.metadata(profile_type).to_request(iccid, &env.config.smdp_address)?;
        let metadata = Base64(esim_rsp::encode(&metadata));
        let mut order = Order::new(iccid, profile_type, metadata, needs);
        order.owner = request.owner.clone();
        order.note(env.now, "provision", format!("In stock, {} octets", order.needs.octets));
        Ok(Made { order, package: Package { iccid, upp: Secret::new(upp) }, findings, codes })
    }

    fn metadata(&self, profile_type: &str) -> Metadata {
        let mut metadata = self.request.metadata.clone();
        let spn = self.request.subscriber.as_ref().and_then(|s| s.spn.as_deref());
        if metadata.service_provider_name.is_empty() {
            metadata.service_provider_name = spn.unwrap_or_default().into();
        }
        if metadata.profile_name.is_empty() {
            metadata.profile_name = profile_type.into();
        }
        metadata
    }
}
