//! The operator's customer system: puts a subscriber in stock and orders the
//! profile over ES2+ (SGP.22 3.1.1, 5.3).

use crate::link::{Call, Line};
use crate::transport::{self, Transport};
use esim_rsp::activation_code::ActivationCode;
use esim_rsp::es2p::{ConfirmOrderOk, ConfirmOrderRequest, DownloadOrderOk, DownloadOrderRequest};
use esim_rsp::json::{RequestHeader, StatusCodeData};
use esim_rsp::json_binding::{Interface, Request};
use esim_rsp::trace::Party;
use esim_rsp::{Eid, Iccid};
use esim_sm_edge::smdp::admin::ProvisionOk;
use esim_sm_edge::smdp::profile::Codes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// What the operator wants.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "Subscriber", optional_fields))]
pub struct Wish {
    /// By which later acts name the profile; its ICCID does, too.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<String>"))]
    pub id: String,
    /// Of the profile; drawn by the SM if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iccid: Option<Iccid>,
    /// 6 to 15 digits.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<String>"))]
    pub imsi: String,
    /// Subscriber key, 32 hexadecimal digits.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<String>"))]
    pub ki: String,
    /// OPc, 32 hexadecimal digits.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<String>"))]
    pub opc: String,
    /// Digits with an optional +.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msisdn: Option<String>,
    /// The operator's name, 0 to 32 characters; `esim-lab` and the id if it is empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<String>"))]
    pub service_provider_name: String,
    /// The profile's name, 0 to 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_name: Option<String>,
    /// The user must know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmation_code: Option<String>,
    /// Reserves the profile for this eUICC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eid: Option<Eid>,
    /// Chosen by the operator; by the SM if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matching_id: Option<String>,
    /// SM-DS that tells the eUICC of the order; `.` for the root that the SM knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smds: Option<String>,
    /// A ready profile package (DER) in place of the subscriber.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upp: Option<Vec<u8>>,
    /// `test`, `provisioning` or `operational` (the default).
    #[serde(alias = "class", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional, type = "\"test\" | \"provisioning\" | \"operational\""))]
    pub profile_class: Option<String>,
    /// `milenage` (the default), `tuak` or `usim-test`; `ki` and `opc` are then as long as it wants them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional, type = "\"milenage\" | \"tuak\" | \"usim-test\""))]
    pub algorithm: Option<String>,
    /// What the network gives the subscriber; by class if absent. The SM is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<esim_net::Contract>,
}

impl Wish {
    /// A subscriber of esim-lab with a telephone number: of the story, and of links that name no other.
    pub fn usual() -> Self {
        Self {
            service_provider_name: "esim-lab".to_string(),
            msisdn: Some("+81901234567".to_string()),
            ..Self::default()
        }
    }

    /// The provisioning profile that devices of the factory have.
    pub fn of_the_factory() -> Self {
        Self {
            service_provider_name: "esim-lab PP".to_string(),
            profile_class: Some("provisioning".to_string()),
            ..Self::default()
        }
    }

    /// `test`, `provisioning` or `operational`.
    pub fn class(&self) -> &str {
        self.profile_class.as_deref().unwrap_or("operational")
    }
}

impl std::fmt::Debug for Wish {
    /// Without keys and confirmation code.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wish({}, {:?})", self.imsi, self.service_provider_name)
    }
}

/// What the subscriber is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Ordered {
    /// The profile.
    pub iccid: Iccid,
    /// Its token.
    pub matching_id: String,
    /// `LPA:1$…`.
    pub activation_code: ActivationCode,
    /// ADM 1 and PUKs that the SM has drawn for the profile, which it tells this once.
    #[serde(skip_serializing_if = "Codes::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Codes>"))]
    pub codes: Codes,
}

/// Why an order did not come about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// The SM refused: subject/reason and its sentence.
    #[error("{function}: {}/{}: {}", .code.subject_code, .code.reason_code, .code.message.as_deref().unwrap_or_default())]
    Refused {
        /// Function of ES2+.
        function: String,
        /// The code.
        code: StatusCodeData,
    },
    /// The SM is not there, wants another token, or answers something else.
    #[error("{function}: {reason}")]
    Lost {
        /// Function of ES2+.
        function: String,
        /// What happened.
        reason: String,
    },
}

/// The operator's end of ES2+.
pub struct Operator<'a, T> {
    /// Way to the SM.
    pub transport: &'a mut T,
    /// By which every message goes.
    pub line: Line<'a>,
    /// Address of the SM.
    pub address: &'a str,
    /// Credential.
    pub token: &'a str,
}

impl<T: Transport> Operator<'_, T> {
    /// Stock, downloadOrder, confirmOrder with release.
    ///
    /// # Errors
    /// The first function that fails.
    pub async fn order(&mut self, wish: &Wish) -> Result<Ordered, OrderError> {
        let ProvisionOk { iccid, codes, .. } = self.provision(wish).await?;
        let request = DownloadOrderRequest {
            header: header("download-order"),
            eid: wish.eid,
            iccid: Some(iccid),
            profile_type: None,
        };
        let ordered: DownloadOrderOk = self.es2(&request).await?;
        let request = ConfirmOrderRequest {
            header: header("confirm-order"),
            iccid: ordered.iccid,
            eid: wish.eid,
            matching_id: wish.matching_id.clone(),
            confirmation_code: wish.confirmation_code.clone(),
            smds_address: wish.smds.clone(),
            release_flag: true,
        };
        let confirmed: ConfirmOrderOk = self.es2(&request).await?;
        Ok(Ordered {
            iccid,
            matching_id: confirmed.matching_id.clone(),
            activation_code: ActivationCode {
                smdp_address: confirmed.smdp_address.unwrap_or_else(|| self.address.to_string()),
                matching_id: confirmed.matching_id,
                smdp_oid: None,
                confirmation_code_required: wish.confirmation_code.is_some(),
            },
            codes,
        })
    }

    async fn provision(&mut self, wish: &Wish) -> Result<ProvisionOk, OrderError> {
        let mut request = json!({
            "metadata": {
                "serviceProviderName": wish.service_provider_name,
                "profileName": wish.profile_name.clone().unwrap_or_else(|| wish.service_provider_name.clone()),
                "profileClass": wish.class(),
            },
        });
        if let Some(iccid) = wish.iccid {
            request["iccid"] = json!(iccid);
        }
        match &wish.upp {
            Some(upp) => request["upp"] = json!(esim_rsp::json::Base64(upp.clone())),
            None => {
                request["subscriber"] = json!({
                    "imsi": wish.imsi, "ki": wish.ki, "opc": wish.opc, "spn": wish.service_provider_name,
                });
                if let Some(algorithm) = &wish.algorithm {
                    request["subscriber"]["algorithm"] = json!(algorithm);
                }
                if let Some(msisdn) = &wish.msisdn {
                    request["subscriber"]["msisdn"] = json!(msisdn);
                }
            }
        }
        self.call("provision", "/esim-lab/provision", "operator", &esim_rsp::json::to_vec(&request)).await
    }

    /// An order with its history, as the SM shows it to the operator.
    ///
    /// # Errors
    /// As for [`Operator::order`].
    pub async fn show(&mut self, iccid: Iccid) -> Result<Value, OrderError> {
        let path = format!("/esim-lab/orders/{iccid}");
        self.call("show", &path, "operator", b"").await
    }

    /// All orders.
    ///
    /// # Errors
    /// As for [`Operator::order`].
    pub async fn list(&mut self) -> Result<Value, OrderError> {
        self.call("list", "/esim-lab/orders", "operator", b"").await
    }

    async fn es2<R: Request, O: DeserializeOwned>(&mut self, request: &R) -> Result<O, OrderError> {
        let (interface, function) = (Interface::Es2Plus, R::FUNCTION);
        let body = esim_rsp::json::to_vec(request);
        self.call(function.name(), &interface.path(function), interface.name(), &body).await
    }

    /// POST, or GET where there is no body.
    async fn call<O: DeserializeOwned>(
        &mut self,
        function: &str,
        path: &str,
        interface: &str,
        body: &[u8],
    ) -> Result<O, OrderError> {
        let authorization = format!("Bearer {}", self.token);
        let headers = [("authorization", authorization.as_str())];
        self.line.note((Party::Operator, Party::Sm), interface, function, body);
        let request = transport::Request { address: self.address, path, headers: &headers, body };
        let named = Call { from: Party::Operator, name: (interface, function) };
        let reply = self.line.http(self.line.last(), named, &request, self.transport).await;
        let reply = reply.map_err(|reason| lost(function, &reason.to_string()))?;
        let name = format!("{function} response");
        self.line.note((Party::Sm, Party::Operator), interface, &name, &reply.body);
        if reply.status == 401 {
            return Err(lost(function, "the SM does not know this token"));
        }
        let answer = esim_rsp::json::read_answer(&reply.body)
            .map_err(|error| lost(function, &format!("HTTP {}: {error}", reply.status)))?;
        answer.map_err(|status| match status.status_code_data {
            Some(code) => OrderError::Refused { function: function.to_string(), code },
            None => lost(function, "the SM refused without a code"),
        })
    }
}

fn header(call: &str) -> RequestHeader {
    RequestHeader { function_requester_identifier: "2.999.100".into(), function_call_identifier: call.into() }
}

fn lost(function: &str, reason: &str) -> OrderError {
    OrderError::Lost { function: function.to_string(), reason: reason.to_string() }
}
