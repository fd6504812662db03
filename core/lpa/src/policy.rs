//! May this eUICC take a profile with these policy rules, and how plainly must
//! the user agree? (SGP.22 2.9.2, 2.9.3.1.)

use esim_rsp::common::{OperatorId, PprIds, has_bit};
use esim_rsp::es8p::{ProfileClass, StoreMetadataRequest};
use esim_rsp::es10b::ProfilePolicyAuthorisationRule;
use esim_rsp::es10c::ProfileInfo;
use serde::{Deserialize, Serialize};

/// What the rules say of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No objection; `strong`: the user must confirm the policy rules in so many words.
    Allowed {
        /// SGP.22's Strong Confirmation.
        strong: bool,
    },
    /// The session is cancelled with `pprNotAllowed`.
    Forbidden(Forbidden),
}

/// Why policy rules are not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Forbidden {
    /// The eUICC allows PPR1 to nobody, or not to this operator.
    Ppr1,
    /// The eUICC allows PPR2 to nobody, or not to this operator.
    Ppr2,
    /// A profile that cannot be disabled may not join another operational one.
    Ppr1BesideAnother,
}

/// Judges announced metadata.
///
/// `rat` is the rules authorisation table in its order, empty if the card has
/// none; `globally` the rules that EUICCInfo2 forbids; `installed` what is on
/// the card.
pub fn judge(
    offer: &StoreMetadataRequest,
    rat: &[ProfilePolicyAuthorisationRule],
    globally: Option<&PprIds>,
    installed: &[ProfileInfo],
) -> Verdict {
    let Some(rules) = &offer.profile_policy_rules else {
        return Verdict::Allowed { strong: false };
    };
    let mut strong = false;
    for (bit, forbidden) in [(1, Forbidden::Ppr1), (2, Forbidden::Ppr2)] {
        if !has_bit(&rules.0, bit) {
            continue;
        }
        let banned = globally.is_some_and(|rules| has_bit(&rules.0, bit));
        match authorisation(rat, bit, offer.profile_owner.as_ref()).filter(|_| !banned) {
            Some(rule) => strong |= has_bit(&rule.ppr_flags, 0),
            None => return Verdict::Forbidden(forbidden),
        }
    }
    if rules.ppr1() && installed.iter().any(|other| is_operational(other) && other.iccid != Some(offer.iccid))
    {
        return Verdict::Forbidden(Forbidden::Ppr1BesideAnother);
    }
    Verdict::Allowed { strong }
}

/// The first entry that has the rule and means the operator decides.
fn authorisation<'a>(
    rat: &'a [ProfilePolicyAuthorisationRule],
    bit: usize,
    owner: Option<&OperatorId>,
) -> Option<&'a ProfilePolicyAuthorisationRule> {
    let covers = |rule: &ProfilePolicyAuthorisationRule| {
        owner.is_some_and(|owner| rule.allowed_operators.iter().any(|allowed| allowed.covers(owner)))
    };
    rat.iter().find(|rule| has_bit(&rule.ppr_ids.0, bit) && covers(rule))
}

fn is_operational(profile: &ProfileInfo) -> bool {
    profile.profile_class.unwrap_or_default() == ProfileClass::operational
}
