//! What MME and SGSN share: their words with HSS, gateway and policy platform.

use crate::auc::{EpsVector, UmtsVector};
use crate::cause::Cause;
use crate::diameter::{self, Exchange, avp, group, number};
use crate::gateway::{self, Gateway, Wanted, dotted};
use crate::gtp;
use crate::hss::{Hss, Rat, Serving, SubscriptionData, UNABLE_TO_DELIVER};
use crate::id::{Imsi, Plmn};
use crate::log::{Log, Node};
use crate::rules::{ANY, Class, DEFAULT_APN, Rules, Service};
use alloc::string::String;
use alloc::vec::Vec;
use rand_core::CryptoRng;

/// Addresses of the nodes, of the block for documentation (RFC 5737).
pub mod address {
    /// Base stations.
    pub const RADIO: [u8; 4] = [192, 0, 2, 5];
    /// MME and SGSN.
    pub const SERVING: [u8; 4] = [192, 0, 2, 10];
    /// HSS.
    pub const HSS: [u8; 4] = [192, 0, 2, 20];
    /// Gateway.
    pub const GATEWAY: [u8; 4] = [192, 0, 2, 30];
}

/// A subscriber as a serving node knows it, once its location is updated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// As the HSS and the rules have it.
    pub class: Class,
    /// From the HSS.
    pub data: SubscriptionData,
}

/// A session that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    pub teid: u32,
    pub address: [u8; 4],
}

/// Everything behind a serving node, for the time of one message.
pub(crate) struct Core<'a> {
    pub rules: &'a Rules,
    pub hss: &'a mut Hss,
    pub gateway: &'a mut Gateway,
    pub rng: &'a mut dyn CryptoRng,
    pub log: &'a mut Log,
    pub exchanges: &'a mut u32,
    /// Subscribers that have moved to another node: whom to tell.
    pub cancelled: &'a mut Vec<(Imsi, Serving)>,
}

/// Why an APN is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoSession {
    /// No contract in this network has such an APN.
    UnknownApn,
    /// This contract has not.
    NotSubscribed,
    /// The gateway has no address left.
    Gateway(Cause),
}

fn serving_node(rat: Rat) -> Node {
    if rat == Rat::Lte { Node::Mme } else { Node::Sgsn }
}

fn host(node: Node, plmn: Plmn) -> String {
    let text = alloc::format!("{plmn}");
    let (mcc, mnc) = text.split_at(3);
    let name = match node {
        Node::Mme => "mme",
        Node::Sgsn => "sgsn",
        _ => "hss",
    };
    alloc::format!("{name}.epc.mnc{mnc:0>3}.mcc{mcc}.3gppnetwork.org")
}

impl Core<'_> {
    /// Whether devices are served in a network at all.
    pub fn serves(&self, plmn: Plmn) -> bool {
        plmn == self.rules.network.plmn || self.rules.network.partners.contains(&plmn)
    }

    /// Whether a subscriber gets a service.
    pub fn gets(&self, known: &Known, service: Service) -> bool {
        self.rules.denial(known.class, &known.data.contract, service).is_none()
    }

    /// Authentication-Information for LTE.
    pub fn eps_vector(
        &mut self,
        imsi: &Imsi,
        plmn: Plmn,
        resync: Option<(&[u8; 16], &[u8; 14])>,
    ) -> Result<EpsVector, Cause> {
        self.vector(imsi, plmn, Rat::Lte, resync, |core| {
            core.hss.eps_vector(imsi, plmn, core.rng).map(|vector| {
                let members = [
                    avp(1447, &vector.rand),
                    avp(1448, &vector.xres),
                    avp(1449, &vector.autn),
                    avp(1450, &vector.kasme),
                ];
                (group(1413, &[group(1414, &members)]), vector)
            })
        })
    }

    /// Authentication-Information for 3G.
    pub fn umts_vector(
        &mut self,
        imsi: &Imsi,
        plmn: Plmn,
        resync: Option<(&[u8; 16], &[u8; 14])>,
    ) -> Result<UmtsVector, Cause> {
        self.vector(imsi, plmn, Rat::Umts, resync, |core| {
            core.hss.umts_vector(imsi, core.rng).map(|vector| {
                let members = [
                    avp(1447, &vector.rand),
                    avp(1448, &vector.xres),
                    avp(1449, &vector.autn),
                    avp(625, &vector.ck),
                    avp(626, &vector.ik),
                ];
                (group(1413, &[group(1415, &members)]), vector)
            })
        })
    }

    fn vector<V>(
        &mut self,
        imsi: &Imsi,
        plmn: Plmn,
        rat: Rat,
        resync: Option<(&[u8; 16], &[u8; 14])>,
        make: impl FnOnce(&mut Self) -> Result<(Vec<u8>, V), Cause>,
    ) -> Result<V, Cause> {
        let node = serving_node(rat);
        let exchange = self.exchange(diameter::AUTHENTICATION_INFORMATION);
        let asked =
            self.log.note((node, Node::Hss), interface(rat), "Authentication-Information-Request", || {
                let mut wanted = Vec::from([number(1410, 1)]);
                wanted.extend(resync.map(|(rand, auts)| avp(1411, &[&rand[..], auts].concat())));
                let kind = if rat == Rat::Lte { 1408 } else { 1409 };
                exchange(host(node, plmn), false).message(&[
                    avp(1, alloc::format!("{imsi}").as_bytes()),
                    group(kind, &wanted),
                    avp(1407, &plmn.octets()),
                ])
            });
        if !asked {
            return Err(UNABLE_TO_DELIVER);
        }
        let made = match resync {
            // TS 33.102 6.3.5: with a wrong MAC-S nothing is made, as if nothing had been asked.
            Some((rand, auts)) if !self.hss.resynchronise(imsi, rand, auts) => {
                Err(crate::hss::DATA_UNAVAILABLE)
            }
            _ => make(self),
        };
        let answer = host(Node::Hss, self.rules.network.plmn);
        let (members, vector) = match made {
            Ok((members, vector)) => (Vec::from([diameter::result(None), members]), Ok(vector)),
            Err(cause) => (Vec::from([diameter::result(Some(cause.number))]), Err(cause)),
        };
        let answered =
            self.log.note((Node::Hss, node), interface(rat), "Authentication-Information-Answer", || {
                exchange(answer, true).message(&members)
            });
        if answered { vector } else { Err(UNABLE_TO_DELIVER) }
    }

    fn exchange(&mut self, command: u32) -> impl Fn(String, bool) -> Exchange + Copy + use<> {
        *self.exchanges = self.exchanges.wrapping_add(1);
        let number = *self.exchanges;
        move |from, answer| Exchange { command, number, from, answer }
    }

    /// Update-Location: registers the subscriber here and fetches what it may do.
    pub fn update_location(&mut self, imsi: &Imsi, plmn: Plmn, rat: Rat) -> Result<Known, Cause> {
        let node = serving_node(rat);
        let exchange = self.exchange(diameter::UPDATE_LOCATION);
        let asked = self.log.note((node, Node::Hss), interface(rat), "Update-Location-Request", || {
            exchange(host(node, plmn), false).message(&[
                avp(1, alloc::format!("{imsi}").as_bytes()),
                number(1032, if rat == Rat::Lte { 1004 } else { 1000 }),
                // Single registration, S6a or S6d (TS 29.272 7.3.7).
                number(1405, if rat == Rat::Lte { 0b11 } else { 0b01 }),
                avp(1407, &plmn.octets()),
            ])
        });
        if !asked {
            return Err(UNABLE_TO_DELIVER);
        }
        let home = self.rules.network.plmn;
        let updated = self.hss.update_location(imsi, Serving { plmn, rat }, home);
        if let Ok((_, Some(before))) = &updated {
            self.cancel_location(imsi, *before, u32::from(before.rat == Rat::Umts));
        }
        let known = updated.map(|(data, _)| Known { class: self.rules.class(imsi, data.class), data });
        let answered = self.log.note((Node::Hss, node), interface(rat), "Update-Location-Answer", || {
            let members = match &known {
                Ok(known) => {
                    Vec::from([diameter::result(None), number(1406, 1), subscription_data(self.rules, known)])
                }
                Err(cause) => Vec::from([diameter::result(Some(cause.number))]),
            };
            exchange(host(Node::Hss, home), true).message(&members)
        });
        if answered { known } else { Err(UNABLE_TO_DELIVER) }
    }

    /// Cancel-Location to the node where a subscriber is registered: 0 and 1 because it has moved, 2 because the
    /// subscription is withdrawn (TS 29.272 7.3.24).
    pub fn cancel_location(&mut self, imsi: &Imsi, before: Serving, kind: u32) {
        let node = serving_node(before.rat);
        let exchange = self.exchange(diameter::CANCEL_LOCATION);
        let home = self.rules.network.plmn;
        let told = self.log.note((Node::Hss, node), interface(before.rat), "Cancel-Location-Request", || {
            exchange(host(Node::Hss, home), false).message(&[
                avp(293, host(node, before.plmn).as_bytes()),
                avp(1, alloc::format!("{imsi}").as_bytes()),
                number(1420, kind),
            ])
        });
        if !told {
            return;
        }
        self.log.note((node, Node::Hss), interface(before.rat), "Cancel-Location-Answer", || {
            exchange(host(node, before.plmn), true).message(&[diameter::result(None)])
        });
        self.cancelled.push((*imsi, before));
    }

    /// Opens a session on the APN that the device asked for, or on the contract's first if it asked for none.
    pub fn create_session(
        &mut self,
        imsi: &Imsi,
        known: &Known,
        requested: Option<&str>,
        bearer: u8,
        (plmn, rat): (Plmn, Rat),
    ) -> Result<Opened, NoSession> {
        let contract = &known.data.contract;
        let first = contract.apns.first().map_or(DEFAULT_APN, String::as_str);
        let default = if first == ANY { DEFAULT_APN } else { first };
        let apn = requested.filter(|apn| !apn.is_empty()).unwrap_or(default);
        let has = |apn: &str| contract.apns.iter().any(|own| own == ANY || own.eq_ignore_ascii_case(apn));
        let converted = self.rules.convert(known.class, apn).is_some_and(|(_, becomes)| has(becomes));
        if !has(apn) && !converted && known.class == Class::Operational {
            return Err(match self.hss.knows_apn(apn) {
                true => NoSession::NotSubscribed,
                false => NoSession::UnknownApn,
            });
        }
        let node = serving_node(rat);
        let sequence = *self.exchanges & 0x00FF_FFFF;
        let characteristics = characteristics(known.class);
        let asked =
            self.log.note((node, Node::Gateway), session_interface(rat), "Create Session Request", || {
                create_session_request(imsi, known, apn, bearer, (plmn, rat), sequence)
            });
        if !asked {
            return Err(NoSession::Gateway(gateway::NOT_RESPONDING));
        }
        let wanted = Wanted { imsi: *imsi, characteristics, bearer, apn };
        let created = self.gateway.create(self.rules, &wanted);
        if let Ok((teid, rule)) = created {
            self.tell_policy(teid, rule, "session start");
        }
        let session =
            created.map(|(teid, _)| (teid, self.gateway.session(teid).map_or([0; 4], |s| s.address)));
        let answered =
            self.log.note((Node::Gateway, node), session_interface(rat), "Create Session Response", || {
                create_session_response(session, bearer, sequence)
            });
        if !answered {
            return Err(NoSession::Gateway(gateway::NOT_RESPONDING));
        }
        session.map(|(teid, address)| Opened { teid, address }).map_err(NoSession::Gateway)
    }

    /// Closes a session.
    pub fn delete_session(&mut self, teid: u32, bearer: u8, rat: Rat) {
        let node = serving_node(rat);
        *self.exchanges = self.exchanges.wrapping_add(1);
        let sequence = *self.exchanges & 0x00FF_FFFF;
        let asked =
            self.log.note((node, Node::Gateway), session_interface(rat), "Delete Session Request", || {
                let ebi = gtp::element(73, &[bearer]);
                gtp::message(gtp::DELETE_SESSION_REQUEST, teid, sequence, &[ebi])
            });
        if !asked {
            return;
        }
        self.tell_policy(teid, None, "session stop");
        let deleted = self.gateway.delete(teid);
        self.log.note((Node::Gateway, node), session_interface(rat), "Delete Session Response", || {
            let cause = if deleted.is_some() { 16 } else { gateway::NOT_FOUND.number as u8 };
            gtp::message(gtp::DELETE_SESSION_RESPONSE, 0, sequence, &[gtp::element(2, &[cause, 0])])
        });
    }

    /// The gateway tells the policy platform whose an address is, as a decoded structure.
    fn tell_policy(&mut self, teid: u32, rule: Option<usize>, what: &str) {
        let Some(session) = self.gateway.session(teid) else { return };
        self.log.note((Node::Gateway, Node::Policy), "policy", what, || {
            let converted = rule.map_or(String::new(), |rule| alloc::format!(",\"convertedBy\":\"apn[{rule}]\""));
            alloc::format!(
                "{{\"imsi\":\"{}\",\"class\":\"{}\",\"address\":\"{}\",\"apnRequested\":{:?},\"apn\":{:?}{converted},\
                 \"octetsUp\":{},\"octetsDown\":{}}}",
                session.imsi,
                class_name(session.class),
                dotted(session.address),
                session.requested,
                session.apn,
                session.up,
                session.down,
            )
            .into_bytes()
        });
    }
}

pub(crate) fn class_name(class: Class) -> &'static str {
    match class {
        Class::Provisioning => "provisioning",
        Class::Operational => "operational",
    }
}

fn interface(rat: Rat) -> &'static str {
    if rat == Rat::Lte { "S6a" } else { "S6d" }
}

fn session_interface(rat: Rat) -> &'static str {
    if rat == Rat::Lte { "S11" } else { "S4" }
}

fn characteristics(class: Class) -> u16 {
    match class {
        Class::Provisioning => gateway::PROVISIONING,
        Class::Operational => gateway::NORMAL,
    }
}

/// Subscription-Data (TS 29.272 7.3.2).
fn subscription_data(rules: &Rules, known: &Known) -> Vec<u8> {
    let contract = &known.data.contract;
    let is_barred = |service| rules.denial(known.class, contract, service).is_some();
    let calls = !is_barred(Service::Voice) || !is_barred(Service::Sms);
    let mut members = Vec::new();
    members.extend(known.data.msisdn.as_ref().map(|number| avp(701, &crate::id::tbcd(number))));
    // Operator determined barring, and which: all outgoing calls (TS 29.272 7.3.30).
    members.push(number(1424, u32::from(is_barred(Service::Voice))));
    members.push(number(1417, if calls { 0 } else { 2 }));
    if is_barred(Service::Voice) {
        members.push(number(1425, 1 << 3));
    }
    members.push(avp(13, alloc::format!("{:04x}", characteristics(known.class)).as_bytes()));
    members.push(group(1435, &[number(516, 50_000_000), number(515, 100_000_000)]));
    let mut profile = Vec::from([number(1423, 1), number(1428, 0)]);
    for (n, apn) in contract.apns.iter().enumerate() {
        let priority = group(1034, &[number(1046, 8)]);
        profile.push(group(
            1430,
            &[
                number(1423, n as u32 + 1),
                number(1456, 0),
                avp(493, apn.as_bytes()),
                group(1431, &[number(1028, 9), priority]),
            ],
        ));
    }
    members.push(group(1429, &profile));
    group(1400, &members)
}

fn create_session_request(
    imsi: &Imsi,
    known: &Known,
    apn: &str,
    bearer: u8,
    (plmn, rat): (Plmn, Rat),
    sequence: u32,
) -> Vec<u8> {
    let mut elements = Vec::from([gtp::element(1, &imsi.tbcd())]);
    elements.extend(known.data.msisdn.as_ref().map(|number| gtp::element(76, &crate::id::tbcd(number))));
    let subscribed = known.data.contract.apns.iter().any(|own| own.eq_ignore_ascii_case(apn));
    let (location, rat_type, own_interface) = match rat {
        Rat::Lte => ([&[0x08][..], &plmn.octets(), &[0, 1]].concat(), 6, 10),
        Rat::Umts => ([&[0x04][..], &plmn.octets(), &[0, 1, 1, 0xFF]].concat(), 1, 17),
    };
    // QCI 9, priority 8, no guaranteed rate.
    let mut quality = alloc::vec![0x20, 9];
    quality.resize(22, 0);
    let rate = [50_000u32.to_be_bytes(), 100_000u32.to_be_bytes()].concat();
    elements.extend([
        gtp::element(86, &location),
        gtp::element(83, &plmn.octets()),
        gtp::element(82, &[rat_type]),
        gtp::element(87, &gtp::f_teid(own_interface, 0x0100_0000 | sequence, address::SERVING)),
        gtp::element(71, &gtp::labels(apn)),
        // Subscription verified, or the device's word alone (TS 29.274 8.58).
        gtp::element(128, &[u8::from(!subscribed)]),
        gtp::element(99, &[1]),
        gtp::element(79, &[1, 0, 0, 0, 0]),
        gtp::element(127, &[0]),
        gtp::element(72, &rate),
        gtp::element(93, &[gtp::element(73, &[bearer]), gtp::element(80, &quality)].concat()),
        gtp::element(95, &characteristics(known.class).to_be_bytes()),
    ]);
    gtp::message(gtp::CREATE_SESSION_REQUEST, 0, sequence, &elements)
}

fn create_session_response(session: Result<(u32, [u8; 4]), Cause>, bearer: u8, sequence: u32) -> Vec<u8> {
    let teid = 0x0100_0000 | sequence;
    let elements = match session {
        Ok((own, paa)) => Vec::from([
            gtp::element(2, &[16, 0]),
            gtp::element(87, &gtp::f_teid(11, own, address::GATEWAY)),
            gtp::element(79, &[&[1][..], &paa].concat()),
            gtp::element(127, &[0]),
            gtp::element(
                93,
                &[
                    gtp::element(73, &[bearer]),
                    gtp::element(2, &[16, 0]),
                    gtp::element(87, &gtp::f_teid(1, own, address::GATEWAY)),
                ]
                .concat(),
            ),
        ]),
        Err(cause) => Vec::from([gtp::element(2, &[cause.number as u8, 0])]),
    };
    gtp::message(gtp::CREATE_SESSION_RESPONSE, teid, sequence, &elements)
}
