//! Activation codes (SGP.22 4.1).

use crate::Error;
use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

/// `1$<SM-DP+ FQDN>$<matchingId>[$<SM-DP+ OID>[$<confirmation code flag>]]`,
/// in a QR code behind `LPA:`.
///
/// ```
/// use esim_rsp::activation_code::ActivationCode;
///
/// let code: ActivationCode = "LPA:1$smdp.example$ORDER-1$$1".parse()?;
/// assert_eq!((&*code.smdp_address, &*code.matching_id), ("smdp.example", "ORDER-1"));
/// assert!(code.confirmation_code_required);
/// assert_eq!(code.to_string(), "LPA:1$smdp.example$ORDER-1$$1");
/// assert!("1smdp.exampleORDER-1".parse::<ActivationCode>().is_err(), "a shell has eaten the $ signs");
/// # Ok::<(), esim_rsp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ActivationCode {
    /// FQDN of the SM-DP+, with a port where it is not 443.
    pub smdp_address: String,
    /// Token for the order; empty in the default SM-DP+ use case.
    pub matching_id: String,
    /// OID that CERT.DPauth must carry.
    pub smdp_oid: Option<String>,
    /// A hint that a confirmation code will be asked for; `ccRequiredFlag` decides.
    pub confirmation_code_required: bool,
}

impl FromStr for ActivationCode {
    type Err = Error;

    /// Reads a code with or without `LPA:`; the prefix's case does not matter.
    ///
    /// # Errors
    /// A sentence that says what to do; among others where a shell has eaten
    /// the `$` signs.
    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let bare = match text.get(..4) {
            Some(prefix) if prefix.eq_ignore_ascii_case("LPA:") => &text[4..],
            _ => text,
        };
        if bare.len() > 255 {
            return Err(Error::text("an activation code has at most 255 characters"));
        }
        if !bare.contains('$') {
            return Err(Error::text(
                "no '$' in the activation code: quote it with '…', or the shell takes the $ away",
            ));
        }
        let mut fields = bare.split('$');
        if fields.next() != Some("1") {
            return Err(Error::text("an activation code starts with 1$ (or LPA:1$)"));
        }
        let smdp_address = fields.next().unwrap_or_default().to_string();
        check_address(&smdp_address)?;
        let matching_id = fields.next().unwrap_or_default().to_string();
        if !matching_id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(Error::text("the matchingId (third field) has letters, digits and '-' only"));
        }
        let smdp_oid = fields.next().filter(|oid| !oid.is_empty()).map(str::to_string);
        let is_dotted = |oid: &String| oid.chars().all(|c| c.is_ascii_digit() || c == '.');
        if !smdp_oid.as_ref().is_none_or(is_dotted) {
            return Err(Error::text("the SM-DP+ OID (fourth field) is not a dotted OID"));
        }
        let confirmation_code_required = fields.next() == Some("1");
        Ok(Self { smdp_address, matching_id, smdp_oid, confirmation_code_required })
    }
}

fn check_address(address: &str) -> Result<(), Error> {
    if address.is_empty() {
        return Err(Error::text("the SM-DP+ address (second field) is empty"));
    }
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    if !address.chars().all(sound) {
        return Err(Error::text("the SM-DP+ address (second field) is not a host name"));
    }
    Ok(())
}

impl fmt::Display for ActivationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LPA:1${}${}", self.smdp_address, self.matching_id)?;
        match (&self.smdp_oid, self.confirmation_code_required) {
            (None, false) => Ok(()),
            (Some(oid), false) => write!(f, "${oid}"),
            (oid, true) => write!(f, "${}$1", oid.as_deref().unwrap_or_default()),
        }
    }
}
