//! ES10a: addresses configured in the eUICC (SGP.22 5.7.3, 5.7.4), and what
//! SELECT of the ISD-R answers (5.7.1).

use crate::common::Version;
use alloc::string::String;
use rasn::types::BitString;
use rasn::{AsnType, Decode, Decoder as _, Encode};

/// ```asn1
/// EuiccConfiguredAddressesRequest ::= [60] SEQUENCE {} -- Tag 'BF3C'
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 60))]
pub struct EuiccConfiguredAddressesRequest {}

/// ```asn1
/// EuiccConfiguredAddressesResponse ::= [60] SEQUENCE {
///   defaultDpAddress UTF8String OPTIONAL,
///   rootDsAddress    UTF8String }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags, tag(context, 60))]
pub struct EuiccConfiguredAddressesResponse {
    /// The default SM-DP+, if one is set.
    pub default_dp_address: Option<String>,
    /// The root SM-DS.
    pub root_ds_address: String,
}

/// ```asn1
/// SetDefaultDpAddressRequest ::= [63] SEQUENCE { defaultDpAddress UTF8String }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags, tag(context, 63))]
pub struct SetDefaultDpAddressRequest {
    /// Empty to remove the address.
    pub default_dp_address: String,
}

/// ```asn1
/// SetDefaultDpAddressResponse ::= [63] SEQUENCE {
///   setDefaultDpAddressResult INTEGER { ok(0), undefinedError(127) } }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags, tag(context, 63))]
pub struct SetDefaultDpAddressResponse {
    /// 0 on success.
    pub set_default_dp_address_result: u8,
}

/// What SELECT of the ISD-R returns inside the FCI (SGP.22 5.7.1).
///
/// ```asn1
/// ISDRProprietaryApplicationTemplate ::= [PRIVATE 0] SEQUENCE {
///   svn         [2] VersionType,
///   lpaeSupport BIT STRING { lpaeUsingCat(0), lpaeUsingScws(1) } OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(private, 0))]
pub struct IsdrProprietaryApplicationTemplate {
    /// SGP.22 level of the eUICC.
    #[rasn(tag(context, 2))]
    pub svn: Version,
    /// LPA inside the eUICC, if any.
    pub lpae_support: Option<BitString>,
}
