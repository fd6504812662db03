//! Rules Authorisation Table: which profiles may bring which policy rules (SGP.22 2.9.2), and ES10b.GetRAT (5.7.22).

use super::{Isdr, Reply, decode};
use crate::apdu::Status;
use crate::state::Profile;
use esim_rsp::common::PprIds;
use esim_rsp::es8p::{ProfileClass, StoreMetadataRequest};
use esim_rsp::es10b::{GetRatRequest, GetRatResponse};

impl Isdr {
    pub(super) fn get_rat(&self, chain: &[u8]) -> Result<Reply, Status> {
        decode::<GetRatRequest>(chain)?;
        Ok(self.personal.rat.clone().into())
    }

    /// SGP.22 2.9.2.4: the first rule that names the PPR and the operator decides; without one it is forbidden.
    pub(super) fn allows_policy_rules(&self, metadata: &StoreMetadataRequest) -> bool {
        let Some(wanted) = metadata.profile_policy_rules.as_ref().filter(|rules| rules.any()) else {
            return true;
        };
        let Some(owner) = metadata.profile_owner.as_ref() else { return false };
        if metadata.profile_class != ProfileClass::operational {
            return false;
        }
        let Ok(table) = esim_rsp::decode::<GetRatResponse>(&self.personal.rat) else { return false };
        let allowed = |is_rule: fn(&PprIds) -> bool| {
            !is_rule(wanted)
                || table.rat.iter().any(|rule| {
                    is_rule(&rule.ppr_ids)
                        && rule.allowed_operators.iter().any(|operator| operator.covers(owner))
                })
        };
        // PPR1 keeps every other profile from being enabled: not beside an operational one.
        let alone = !wanted.ppr1() || self.state.profiles.iter().all(|profile| !is_operational(profile));
        allowed(|ids| ids.ppr1()) && allowed(|ids| ids.ppr2()) && alone
    }
}

fn is_operational(profile: &Profile) -> bool {
    profile.metadata().is_ok_and(|metadata| metadata.profile_class == ProfileClass::operational)
}
