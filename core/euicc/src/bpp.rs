//! Loading a bound profile package: segment → BSP → profile element → staging
//! (SGP.22 2.5.5, 5.5). Nothing is written before the last segment is in.

use crate::apdu::Status;
use crate::pending::OF_A_PROFILE;
use alloc::vec::Vec;
use esim_crypto::bsp::{Bsp, BspError, BspKeys};
use esim_crypto::{PrivateKey, PublicKey, ecka};
use esim_rsp::check::{Checks, Rule, Secret};
use esim_rsp::es8p::{
    ConfigureIsdpRequest, INSTALL_BOUND_PROFILE_PACKAGE, InitialiseSecureChannelRequest, KEY_LENGTH,
    KEY_TYPE_AES, ProfileClass, ReplaceSessionKeysRequest, StoreMetadataRequest,
};
use esim_rsp::notification::{BppCommandId, ErrorReason};
use esim_rsp::signed::PublicKeyOctets;
use esim_rsp::{Iccid, TransactionId, tlv};
use esim_saip::image::Algorithm;
use esim_saip::{Capabilities, ElementError, EuiccResponse, Image, Installer, Splitter};

/// Largest segment accepted. The standard asks for 1,020 octets at least; some
/// servers send a few more.
const MAX_SEGMENT: usize = 2048;
/// Most octets of dpProprietaryData (SGP.22 2.4a.1.4).
const MAX_PROPRIETARY: usize = 128;
/// Most octets of ConfigureISDP, whose one field that is.
const MAX_CONFIGURATION: usize = 1024;
/// Most octets of metadata: names, an icon of 1,024, receivers of notifications, and room for what later versions add.
const MAX_METADATA: usize = 8 * 1024;
/// Most octets of a receiver's address: those of a domain name (RFC 1035 2.3.4).
const MAX_ADDRESS: usize = 255;

const CHANNEL: &str = "SGP.22 5.5.1";
const OPERATION: Rule = Rule::new(CHANNEL, "remoteOpId is installBoundProfilePackage");
const TRANSACTION: Rule = Rule::new(CHANNEL, "transactionId in initialiseSecureChannel is the session's");
const KEY_TYPE: Rule = Rule::new(CHANNEL, "keyType in controlRefTemplate is AES");
const KEY_LEN: Rule = Rule::new(CHANNEL, "keyLen in controlRefTemplate is 16");
const HOST_ID: Rule = Rule::new(CHANNEL, "hostId in controlRefTemplate has 1 to 16 octets");
const SIGNATURE: Rule = Rule::new(CHANNEL, "smdpSign verifies with PK.DPpb.ECDSA");
const POINT: Rule = Rule::new(CHANNEL, "smdpOtpk is a point on the curve of otSK.EUICC.ECKA");
const CONFIGURE: &str = "SGP.22 5.5.2";
const GROUP: Rule = Rule::new("SGP.22 2.5.5", "the sequence of segments is the one due");
const DUE: Rule = Rule::new("SGP.22 2.5.5", "the segment is the one due, and not too long");
const STRUCTURE: Rule = Rule::new("SGP.22 2.6.4", "the segment has the structure of SCP03t");
const MAC: Rule = Rule::new("SGP.22 2.6.4", "the C-MAC of the segment verifies with S-MAC");
const CONFIGURATION: Rule = Rule::new(CONFIGURE, "configureISDP is not too long");
const PROPRIETARY: Rule = Rule::new(CONFIGURE, "dpProprietaryData has 128 octets at most");
const METADATA: Rule = Rule::new("SGP.22 5.5.3", "storeMetadata is not too long");
const INSTALLED: Rule = Rule::new("SGP.22 5.5.3", "iccid is that of no installed profile");
const LIMITS: Rule = Rule::new("SGP.22 5.5.3", "names, icon and receivers are within their limits");
const CLASS: Rule = Rule::new("SGP.22 5.5.3", "profileClass is known");
const POLICY: Rule = Rule::new("SGP.22 2.9.2.4", "profilePolicyRules are authorised");
const ONE_SEGMENT: Rule = Rule::new("SGP.22 5.5.4", "replaceSessionKeys has one segment");
const NEW_KEYS: Rule = Rule::new("SGP.22 5.5.4", "the profile protection keys have 16 octets each");
const ELEMENTS: &str = "SGP.22 5.5.5";
const ROOM: Rule = Rule::new(ELEMENTS, "the profile package fits into the free memory");
const ELEMENT: Rule = Rule::new(ELEMENTS, "the profile element can be processed");
const OCTETS: Rule =
    Rule::new("TCA profile package 7.1", "the profile package is a sequence of profile elements");
const LAST: Rule = Rule::new(ELEMENTS, "the last profile element is whole");
const END: Rule = Rule::new(ELEMENTS, "the profile package ends as it must");
const ICCID: Rule = Rule::new(ELEMENTS, "iccid of the profile header is that of the metadata");
const TEST_KEYS: Rule = Rule::new("SGP.22 2.4.5.3", "a test profile has test keys alone");

/// What loading must know of the card.
pub(crate) struct Facts<'a> {
    pub eid: &'a [u8; 16],
    pub installed: Vec<Iccid>,
    pub free_memory: u32,
    pub capabilities: &'a Capabilities,
    /// Whether the rules authorisation table lets this profile's policy rules in.
    pub policy: &'a dyn Fn(&StoreMetadataRequest) -> bool,
    /// Who is told of each verification.
    pub checks: Checks<'a>,
}

/// What PrepareDownload has settled with the SM-DP+: the package must be bound to it.
pub(crate) struct Agreed<'a> {
    pub transaction_id: &'a TransactionId,
    pub one_time_key: &'a PrivateKey,
    pub euicc_otpk: &'a PublicKeyOctets,
    /// PK.DPpb.
    pub smdp_key: &'a PublicKey,
}

/// A package that is coming in.
#[derive(Clone)]
pub(crate) struct Loading {
    bsp: Bsp,
    group: Option<Group>,
    /// Octets of BF36 that have not come yet.
    remaining: usize,
    configuration: Vec<u8>,
    metadata_octets: Vec<u8>,
    dp_proprietary_data: Vec<u8>,
    metadata: Option<StoreMetadataRequest>,
    splitter: Splitter,
    installer: Installer,
    received: u32,
}

/// One of A0 to A3, while its segments come in.
#[derive(Clone)]
struct Group {
    tag: u32,
    remaining: usize,
}

/// A profile ready to be committed.
pub(crate) struct Loaded {
    /// `BF25`, as received.
    pub metadata_octets: Vec<u8>,
    pub metadata: StoreMetadataRequest,
    pub dp_proprietary_data: Vec<u8>,
    pub image: Image,
    /// EUICCResponse for the installation result.
    pub sima_response: Vec<u8>,
}

/// Why a package is refused: what goes into the installation result.
pub(crate) struct Failure {
    pub command: BppCommandId,
    pub reason: ErrorReason,
    pub sima_response: Option<Vec<u8>>,
}

/// A segment that ends loading: with a result for the server, or with a mere status word.
pub(crate) enum Stop {
    Failure(Failure),
    Status(Status),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

fn fail(command: BppCommandId, reason: ErrorReason) -> Failure {
    Failure { command, reason, sima_response: None }
}

impl Loading {
    /// Takes `BF36 <length> BF23 …`: opens the secure channel (SGP.22 5.5.1).
    pub fn begin(agreed: &Agreed<'_>, chain: &[u8], facts: &Facts<'_>) -> Result<Self, Failure> {
        let (bsp, remaining) = open_channel(agreed, chain, facts)?;
        Ok(Self {
            bsp,
            group: None,
            remaining,
            configuration: Vec::new(),
            metadata_octets: Vec::new(),
            dp_proprietary_data: Vec::new(),
            metadata: None,
            splitter: Splitter::default(),
            installer: Installer::new(facts.capabilities.clone()),
            received: 0,
        })
    }

    /// ICCID of the profile, once its metadata is in.
    pub fn iccid(&self) -> Option<Iccid> {
        self.metadata.as_ref().map(|metadata| metadata.iccid)
    }

    /// Takes the next STORE DATA chain; the profile when it was the last.
    pub fn next(&mut self, chain: &[u8], facts: &Facts<'_>) -> Result<Option<Loaded>, Stop> {
        let header = tlv::read_header(chain, 0);
        let (tag, length, value_at) = header.map_err(|_| self.malformed())?;
        self.remaining = self.remaining.checked_sub(chain.len()).ok_or_else(|| self.malformed())?;
        match tag {
            0xA0..=0xA3 => self.open_group(tag, length, &chain[value_at..], facts)?,
            0x86..=0x88 => self.segment(chain, facts)?,
            _ => return Err(Stop::Status(Status::REFERENCED_DATA_NOT_FOUND)),
        }
        if self.remaining > 0 {
            return Ok(None);
        }
        self.finish(facts).map(Some).map_err(Stop::Failure)
    }

    fn open_group(&mut self, tag: u32, length: usize, rest: &[u8], facts: &Facts<'_>) -> Result<(), Stop> {
        let before = self.group.as_ref().map(|group| (group.tag, group.remaining));
        let follows = matches!(
            (before, tag),
            (None, 0xA0) | (Some((0xA0, 0)), 0xA1) | (Some((0xA1, 0)), 0xA2 | 0xA3) | (Some((0xA2, 0)), 0xA3)
        );
        // The header of A1 and A3 comes alone, that of A0 and A2 with its first segment.
        let alone = matches!(tag, 0xA1 | 0xA3);
        let is_due = follows && length != 0 && rest.is_empty() == alone;
        if !facts.checks.that(&GROUP, || tag.to_be_bytes(), is_due) {
            return Err(self.malformed().into());
        }
        self.group = Some(Group { tag, remaining: length });
        if alone { Ok(()) } else { self.segment(rest, facts) }
    }

    fn segment(&mut self, segment: &[u8], facts: &Facts<'_>) -> Result<(), Stop> {
        let command = self.command();
        let structure = || fail(command, ErrorReason::scp03tStructureError);
        let due = facts.checks.that(&DUE, || segment, self.due(segment));
        let (tag, last) = due.ok_or_else(structure)?;
        let opened = if tag == 0xA1 { self.bsp.open_mac_only(segment) } else { self.bsp.open(segment) };
        if !facts.checks.that(&STRUCTURE, || segment, opened != Err(BspError::Structure)) {
            return Err(structure().into());
        }
        let plain = facts.checks.that(&MAC, || segment, opened);
        let plain = plain.map_err(|_| fail(command, ErrorReason::scp03tSecurityError))?;
        match tag {
            0xA0 => self.configure_isdp(&plain, last, facts.checks)?,
            0xA1 => self.store_metadata(&plain, last, facts)?,
            0xA2 => self.replace_session_keys(&plain, last, facts.checks)?,
            _ => self.load_profile_elements(&plain, facts)?,
        }
        Ok(())
    }

    /// Counts a segment that comes in its place: tag of its sequence, and whether it is the last there.
    fn due(&mut self, segment: &[u8]) -> Option<(u32, bool)> {
        let found = tlv::read_only(segment).ok()?;
        let group = self.group.as_mut()?;
        let expected = match group.tag {
            0xA0 | 0xA2 => 0x87,
            0xA1 => 0x88,
            _ => 0x86,
        };
        if found.tag != expected || segment.len() > MAX_SEGMENT {
            return None;
        }
        group.remaining = group.remaining.checked_sub(segment.len())?;
        Some((group.tag, group.remaining == 0))
    }

    /// ES8+.ConfigureISDP (SGP.22 5.5.2).
    fn configure_isdp(&mut self, plain: &[u8], last: bool, checks: Checks<'_>) -> Result<(), Failure> {
        let wrong = || fail(BppCommandId::configureISDP, ErrorReason::incorrectInputValues);
        self.configuration.extend_from_slice(plain);
        let fits = self.configuration.len() <= MAX_CONFIGURATION;
        if !checks.that(&CONFIGURATION, || &self.configuration, fits) {
            return Err(wrong());
        }
        if !last {
            return Ok(());
        }
        let request: ConfigureIsdpRequest = esim_rsp::decode(&self.configuration).map_err(|_| wrong())?;
        if request.dp_proprietary_data.is_some() {
            let outer = tlv::read_only(&self.configuration).map_err(|_| wrong())?;
            self.dp_proprietary_data = self.configuration[outer.value].to_vec();
        }
        let fits = self.dp_proprietary_data.len() <= MAX_PROPRIETARY;
        let fits = checks.that(&PROPRIETARY, || &self.dp_proprietary_data, fits);
        if fits { Ok(()) } else { Err(wrong()) }
    }

    /// ES8+.StoreMetadata (SGP.22 5.5.3).
    fn store_metadata(&mut self, plain: &[u8], last: bool, facts: &Facts<'_>) -> Result<(), Failure> {
        let refuse = |reason| fail(BppCommandId::storeMetadata, reason);
        self.metadata_octets.extend_from_slice(plain);
        let (checks, octets) = (facts.checks, || &self.metadata_octets);
        if !checks.that(&METADATA, octets, self.metadata_octets.len() <= MAX_METADATA) {
            return Err(refuse(ErrorReason::incorrectInputValues));
        }
        if !last {
            return Ok(());
        }
        let decoded = esim_rsp::decode::<StoreMetadataRequest>(&self.metadata_octets);
        let metadata = decoded.map_err(|_| refuse(ErrorReason::incorrectInputValues))?;
        let iccid = metadata.iccid;
        if !checks.that(&INSTALLED, || iccid.octets(), !facts.installed.contains(&iccid)) {
            return Err(refuse(ErrorReason::installFailedDueToIccidAlreadyExistsOnEuicc));
        }
        if !checks.that(&LIMITS, octets, within_limits(&metadata)) {
            return Err(refuse(ErrorReason::incorrectInputValues));
        }
        if !checks.that(&CLASS, octets, metadata.profile_class.name().is_some()) {
            return Err(refuse(ErrorReason::unsupportedProfileClass));
        }
        if !checks.that(&POLICY, octets, (facts.policy)(&metadata)) {
            return Err(refuse(ErrorReason::pprNotAllowed));
        }
        self.metadata = Some(metadata);
        Ok(())
    }

    /// ES8+.ReplaceSessionKeys (SGP.22 5.5.4): as long as the session's own.
    fn replace_session_keys(&mut self, plain: &[u8], last: bool, checks: Checks<'_>) -> Result<(), Failure> {
        let wrong = || fail(BppCommandId::replaceSessionKeys, ErrorReason::incorrectInputValues);
        // 58 octets always fit into one segment. They are keys: what is shown of them is how many.
        let length = || plain.len().to_be_bytes();
        if !checks.that(&ONE_SEGMENT, length, last) {
            return Err(wrong());
        }
        let keys: ReplaceSessionKeysRequest = esim_rsp::decode(plain).map_err(|_| wrong())?;
        let keys = checks.that(&NEW_KEYS, length, profile_keys(&keys)).ok_or_else(wrong)?;
        keys.tell(checks);
        self.bsp.replace_keys(keys);
        Ok(())
    }

    /// ES8+.LoadProfileElements (SGP.22 5.5.5).
    fn load_profile_elements(&mut self, plain: &[u8], facts: &Facts<'_>) -> Result<(), Failure> {
        self.received = self.received.saturating_add(plain.len() as u32);
        let (checks, received) = (facts.checks, self.received);
        if !checks.that(&ROOM, || received.to_be_bytes(), received <= facts.free_memory) {
            return Err(fail(
                BppCommandId::loadProfileElements,
                ErrorReason::installFailedDueToInsufficientMemoryForProfile,
            ));
        }
        self.splitter.push(plain);
        loop {
            let processed = match self.splitter.next_element() {
                Ok(Some(element)) => self.installer.element(&element),
                Ok(None) => return Ok(()),
                Err(error) => Err(malformed_element(&OCTETS, &error)),
            };
            told(checks, &ELEMENT, || plain, processed)?;
        }
    }

    fn finish(&mut self, facts: &Facts<'_>) -> Result<Loaded, Failure> {
        let complete = self.group.as_ref().is_some_and(|group| group.tag == 0xA3 && group.remaining == 0);
        let metadata = self.metadata.clone().filter(|_| complete).ok_or_else(|| self.malformed())?;
        let refuse = |reason| fail(BppCommandId::loadProfileElements, reason);
        let checks = facts.checks;
        if !checks.that(&LAST, || self.splitter.pending().to_be_bytes(), self.splitter.pending() == 0) {
            let error = esim_saip::Error { kind: esim_saip::ErrorKind::Truncated, element: 0, at: 0 };
            return Err(refused_element(malformed_element(&LAST, &error)));
        }
        let installer = core::mem::replace(&mut self.installer, Installer::new(facts.capabilities.clone()));
        let skipped = installer.skipped().to_vec();
        let image = told(checks, &END, || metadata.iccid.octets(), installer.finish())?;
        if !checks.that(&ICCID, || image.iccid, image.iccid == metadata.iccid.octets()) {
            return Err(refuse(ErrorReason::installFailedDueToDataMismatch));
        }
        let may_be = metadata.profile_class != ProfileClass::test || has_test_keys_only(&image);
        if !checks.that(&TEST_KEYS, || image.iccid, may_be) {
            return Err(refuse(ErrorReason::testProfileInstallFailedDueToInvalidNaaKey));
        }
        Ok(Loaded {
            metadata_octets: core::mem::take(&mut self.metadata_octets),
            metadata,
            dp_proprietary_data: core::mem::take(&mut self.dp_proprietary_data),
            image,
            sima_response: EuiccResponse::installed(&skipped).to_der(),
        })
    }

    /// The command that the segment now due belongs to.
    fn command(&self) -> BppCommandId {
        match self.group.as_ref().map(|group| (group.tag, group.remaining)) {
            None | Some((0xA0, 1..)) => BppCommandId::configureISDP,
            Some((0xA0, 0) | (0xA1, 1..)) => BppCommandId::storeMetadata,
            Some((0xA2, 1..)) => BppCommandId::replaceSessionKeys,
            Some(_) => BppCommandId::loadProfileElements,
        }
    }

    fn malformed(&self) -> Failure {
        fail(self.command(), ErrorReason::scp03tStructureError)
    }
}

impl From<(BppCommandId, ErrorReason)> for Failure {
    fn from((command, reason): (BppCommandId, ErrorReason)) -> Self {
        fail(command, reason)
    }
}

/// Checks BF23 in the order of SGP.22 5.5.1 and derives the session keys.
fn open_channel(agreed: &Agreed<'_>, chain: &[u8], facts: &Facts<'_>) -> Result<(Bsp, usize), Failure> {
    let checks = facts.checks;
    let refuse = |reason| fail(BppCommandId::initialiseSecureChannel, reason);
    let wrong = || refuse(ErrorReason::incorrectInputValues);
    let (_, length, value_at) = tlv::read_header(chain, 0).map_err(|_| wrong())?;
    let body = chain.get(value_at..).unwrap_or_default();
    let remaining = length.checked_sub(body.len()).filter(|left| *left > 0).ok_or_else(wrong)?;
    let request: InitialiseSecureChannelRequest = esim_rsp::decode(body).map_err(|_| wrong())?;
    let is_installation = request.remote_op_id == INSTALL_BOUND_PROFILE_PACKAGE;
    if !checks.that(&OPERATION, || body, is_installation) {
        return Err(refuse(ErrorReason::unsupportedRemoteOperationType));
    }
    let transaction_id = &request.transaction_id;
    if !checks.that(&TRANSACTION, || &transaction_id.0, transaction_id == agreed.transaction_id) {
        return Err(refuse(ErrorReason::invalidTransactionId));
    }
    let crt = &request.control_ref_template;
    let host_id = &crt.host_id;
    let is_supported = checks.that(&KEY_TYPE, || *crt.key_type, *crt.key_type == [KEY_TYPE_AES])
        && checks.that(&KEY_LEN, || *crt.key_len, *crt.key_len == [KEY_LENGTH])
        && checks.that(&HOST_ID, || host_id, (1..=16).contains(&host_id.len()));
    if !is_supported {
        return Err(refuse(ErrorReason::unsupportedCrtValues));
    }
    let signed = signed_octets(body, agreed).ok_or_else(wrong)?;
    let verified = agreed.smdp_key.verify(&[&signed], &request.smdp_sign.0);
    checks
        .with_key(&SIGNATURE, || agreed.smdp_key.to_sec1(), || &signed, verified)
        .map_err(|_| refuse(ErrorReason::invalidSignature))?;
    let curve = agreed.one_time_key.curve();
    let otpk = &request.smdp_otpk.0;
    let peer = checks.that(&POINT, || otpk, PublicKey::from_sec1(curve, otpk)).map_err(|_| wrong())?;
    let secret = ecka(agreed.one_time_key, &peer).map_err(|_| wrong())?;
    let keys = BspKeys::derive(&secret[..], host_id, facts.eid);
    checks.secret(Secret::SharedSecret, || &secret[..]);
    keys.tell(checks);
    Ok((Bsp::new(keys), remaining))
}

fn profile_keys(keys: &ReplaceSessionKeysRequest) -> Option<BspKeys> {
    let key = |octets: &[u8]| <[u8; 16]>::try_from(octets).ok();
    Some(BspKeys::new(key(&keys.initial_mac_chaining_value)?, key(&keys.ppk_enc)?, key(&keys.ppk_cmac)?))
}

/// What smdpSign covers, cut from the octets received: everything in BF23
/// before `5F37`, then the eUICC's one-time key.
fn signed_octets(bf23: &[u8], agreed: &Agreed<'_>) -> Option<Vec<u8>> {
    let outer = tlv::read_only(bf23).ok()?;
    let signature = tlv::find(bf23, &outer, 0x5F37).ok()??;
    let mut octets = bf23.get(outer.value.start..signature.whole.start)?.to_vec();
    octets.extend(agreed.euicc_otpk.tlv());
    Some(octets)
}

/// Sizes of SGP.22 5.5.3, and no more receivers of notifications than the card keeps notifications of a profile.
pub(crate) fn within_limits(metadata: &StoreMetadataRequest) -> bool {
    let icon = metadata.icon.as_ref();
    let receivers = metadata.notification_configuration_info.as_deref().unwrap_or_default();
    metadata.service_provider_name.chars().count() <= 32
        && metadata.profile_name.chars().count() <= 64
        && icon.is_none_or(|icon| icon.len() <= 1024)
        && icon.is_some() == metadata.icon_type.is_some()
        && receivers.len() <= OF_A_PROFILE
        && receivers.iter().all(|receiver| receiver.notification_address.len() <= MAX_ADDRESS)
}

/// A test profile may authenticate with the test algorithm alone, whose keys
/// everybody knows (SGP.22 2.4.5.3).
fn has_test_keys_only(image: &Image) -> bool {
    image.naas.iter().filter_map(|naa| naa.aka.as_ref()).all(|aka| match &aka.algorithm {
        Algorithm::UsimTest { .. } | Algorithm::Mapping { .. } => true,
        Algorithm::Milenage { .. } | Algorithm::Tuak { .. } => false,
    })
}

/// Tells that something of the package is processed; or, where an element is refused, the rule that it breaks.
fn told<T, I: AsRef<[u8]>>(
    checks: Checks<'_>,
    processed: &Rule,
    input: impl FnOnce() -> I,
    outcome: Result<T, ElementError>,
) -> Result<T, Failure> {
    let rule = outcome.as_ref().err().map_or(*processed, |error| error.rule);
    checks.that(&rule, input, outcome).map_err(refused_element)
}

/// Octets that are no profile element.
fn malformed_element(rule: &Rule, error: &esim_saip::Error) -> ElementError {
    ElementError {
        status: esim_saip::Status::InvalidRequestFormat,
        identification: None,
        element: "unknown",
        offset: None,
        reason: alloc::format!("{error}"),
        rule: *rule,
    }
}

fn refused_element(error: ElementError) -> Failure {
    Failure {
        command: BppCommandId::loadProfileElements,
        reason: ErrorReason::installFailedDueToPEProcessingError,
        sima_response: Some(error.response().to_der()),
    }
}
