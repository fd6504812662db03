//! ES6: what an operator changes in its own profile (SGP.22 5.4).

use super::decode;
use crate::apdu::Status;
use crate::bpp::within_limits;
use alloc::vec::Vec;
use esim_rsp::check::{Checks, Rule};
use esim_rsp::common::{PprIds, has_bit};
use esim_rsp::es8p::{StoreMetadataRequest, UpdateMetadataRequest};
use esim_rsp::{encode, tlv};

const ICON_TYPE: u32 = 0x93;
const ICON: u32 = 0x94;
const RULES: u32 = 0x99;

/// Number of `pprUpdateControl` in PprIds. Set, it is reserved for another way to update rules than unsetting them.
const PPR_UPDATE_CONTROL: usize = 0;

const ICON_WITH_TYPE: Rule = Rule::new("SGP.22 5.4.1", "an icon comes with its type");
const ONLY_UNSET: Rule = Rule::new("SGP.22 5.4.1", "policy rules are updated by unsetting them");
const LIMITS: Rule = Rule::new("SGP.22 5.4.1", "the updated metadata is within the limits of StoreMetadata");

/// ES6.UpdateMetadata (SGP.22 5.4.1): the profile's `BF25` after a `BF2A`. What the request does not name stays as it
/// is, tags unknown here included. An empty icon removes icon and type. Policy rules are only ever unset: those stay
/// that were set and still are asked for.
///
/// # Errors
/// 6A80 for a request that does not decode, for an icon without its type, for sizes beyond those of StoreMetadata, and
/// for another way of updating policy rules.
pub(crate) fn update_metadata(
    metadata: &[u8],
    request: &[u8],
    checks: Checks<'_>,
) -> Result<Vec<u8>, Status> {
    let mut update: UpdateMetadataRequest = decode(request)?;
    let stored: StoreMetadataRequest = decode(metadata)?;
    let mut removed = Vec::new();
    if update.icon.as_ref().is_some_and(|icon| icon.is_empty()) {
        (update.icon, update.icon_type) = (None, None);
        removed.extend([ICON_TYPE, ICON]);
    }
    let has_both = update.icon.is_some() == update.icon_type.is_some();
    if !checks.that(&ICON_WITH_TYPE, || request, has_both) {
        return Err(Status::INCORRECT_DATA);
    }
    if let Some(asked) = update.profile_policy_rules.take() {
        update.profile_policy_rules = remaining_rules(stored.profile_policy_rules.as_ref(), &asked, checks)?;
        removed.push(RULES);
    }
    let updated = replace(metadata, &encode(&update), &removed).map_err(|_| Status::INCORRECT_DATA)?;
    let fits = within_limits(&decode(&updated)?);
    if checks.that(&LIMITS, || &updated, fits) { Ok(updated) } else { Err(Status::INCORRECT_DATA) }
}

/// None if no rule is left.
fn remaining_rules(
    stored: Option<&PprIds>,
    asked: &PprIds,
    checks: Checks<'_>,
) -> Result<Option<PprIds>, Status> {
    let only_unsets = !has_bit(&asked.0, PPR_UPDATE_CONTROL);
    if !checks.that(&ONLY_UNSET, || asked.0.as_raw_slice(), only_unsets) {
        return Err(Status::INCORRECT_DATA);
    }
    let Some(stored) = stored else { return Ok(None) };
    let both = |bit: &usize| has_bit(&stored.0, *bit) && has_bit(&asked.0, *bit);
    let bits: Vec<usize> = (1..stored.0.len()).filter(both).collect();
    Ok((!bits.is_empty()).then(|| PprIds::of(&bits)))
}

/// `metadata` without the fields in `removed`, and with those of `update` in the place that their tag gives them.
fn replace(metadata: &[u8], update: &[u8], removed: &[u32]) -> Result<Vec<u8>, esim_rsp::Error> {
    let outer = tlv::read_only(metadata)?;
    let new = tlv::read_all(update, tlv::read_only(update)?.value)?;
    let gone = |tag| removed.contains(&tag) || new.iter().any(|field| field.tag == tag);
    let mut fields: Vec<(u32, &[u8])> = tlv::read_all(metadata, outer.value)?
        .into_iter()
        .filter(|field| !gone(field.tag))
        .map(|field| (field.tag, &metadata[field.whole]))
        .collect();
    for field in &new {
        let place = fields.iter().position(|(tag, _)| place_of(*tag) > place_of(field.tag));
        fields.insert(place.unwrap_or(fields.len()), (field.tag, &update[field.whole.clone()]));
    }
    let parts: Vec<&[u8]> = fields.into_iter().map(|(_, octets)| octets).collect();
    Ok(tlv::wrap(0xBF25, &parts))
}

/// Order of fields in StoreMetadataRequest: by the number of their context tag, behind the ICCID.
fn place_of(tag: u32) -> u32 {
    match tag {
        0x5A => 0,
        0x80..=0xBF => tag & 0x1F,
        _ => tag,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn update(metadata: &str, request: &str) -> Result<String, Status> {
        let octets = |digits: &str| hex::decode(digits.replace(' ', "")).unwrap();
        let (metadata, request) = (octets(metadata), octets(request));
        let whole = tlv::wrap(0xBF25, &[&octets("5A0A 98001032547698103214"), &metadata]);
        let updated = update_metadata(&whole, &tlv::wrap(0xBF2A, &[&request]), Checks::default())?;
        Ok(hex::encode_upper(&updated[15..]))
    }

    #[test]
    fn fields_are_replaced_added_removed() {
        // Name, profile name; notification configuration; rules PPR1 and PPR2.
        let names = "910141 920142";
        let rules = "99020560";
        let table = [
            ("", "910141 920142 99020560"),
            ("910158", "910158 920142 99020560"),
            ("9100 920159", "9100 920159 99020560"),
            ("930101 9402AABB", "910141 920142 930101 9402AABB 99020560"),
            ("99020640", "910141 920142 99020640"),
            ("99020520", "910141 920142 99020520"),
            ("990100", "910141 920142"),
        ];
        for (request, expected) in table {
            let updated = update(&[names, rules].concat(), request);
            assert_eq!(updated, Ok(expected.replace(' ', "")), "{request}");
        }
        let icon = [names, "930101 9402AABB"].concat();
        assert_eq!(update(&icon, "9400"), Ok("910141920142".into()));
        assert_eq!(update(&icon, "930100 9400"), Ok("910141920142".into()));
        assert_eq!(update(&icon, "930100 9401CC"), Ok("9101419201429301009401CC".into()));
    }

    #[test]
    fn rules_are_never_added() {
        assert_eq!(update("910141 920142", "99020560"), Ok("910141920142".into()));
        assert_eq!(update("910141 920142 99020640", "99020560"), Ok("91014192014299020640".into()));
        // pprUpdateControl.
        assert_eq!(update("910141 920142", "99020780"), Err(Status::INCORRECT_DATA));
        assert_eq!(update("910141 920142", "990205E0"), Err(Status::INCORRECT_DATA));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let long = |tag: &str, length: usize| alloc::format!("{tag}{length:02X}{}", "41".repeat(length));
        let big_icon = alloc::format!("930100 94820401{}", "00".repeat(1025));
        for request in [&long("91", 33), &long("92", 65), &big_icon, "9401AA", "930100", "9101FF"] {
            assert_eq!(update("910141 920142", request), Err(Status::INCORRECT_DATA), "{request}");
        }
        assert!(update("910141 920142", &long("91", 32)).is_ok());
        // A field of a later version is passed over.
        assert_eq!(update("910141 920142", "9B0141"), Ok("910141920142".into()));
    }
}
