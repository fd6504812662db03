//! What a card says of a profile element, in any language: names and numbers of the standard.

use crate::download::SimaResponse;
use alloc::format;
use alloc::string::String;

/// The first element that is not well, if any.
pub(super) fn element(response: &SimaResponse) -> String {
    let failed = response.elements.iter().find(|element| element.status.value != 0);
    let Some(failed) = failed else {
        return response.message.clone().unwrap_or_default();
    };
    let number =
        failed.identification.map(|number| format!("Profile element {number}: ")).unwrap_or_default();
    let offset = failed.offset.map(|offset| format!(" at octet {offset}")).unwrap_or_default();
    format!("{number}{}{offset}.", failed.status)
}
