//! Loading a bound profile package: segment → BSP → profile element → staging
//! (SGP.22 2.5.5, 5.5). Nothing is written before the last segment is in.

use crate::apdu::Status;
use crate::pending::OF_A_PROFILE;
use alloc::vec::Vec;
use esim_crypto::bsp::{Bsp, BspError, BspKeys};
use esim_crypto::{PrivateKey, PublicKey, ecka};
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

/// What loading must know of the card.
pub(crate) struct Facts<'a> {
    pub eid: &'a [u8; 16],
    pub installed: Vec<Iccid>,
    pub free_memory: u32,
    pub capabilities: &'a Capabilities,
    /// Whether the rules authorisation table lets this profile's policy rules in.
    pub policy: &'a dyn Fn(&StoreMetadataRequest) -> bool,
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
        let (bsp, remaining) = open_channel(agreed, chain, facts.eid)?;
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
        if !follows || length == 0 || rest.is_empty() != alone {
            return Err(self.malformed().into());
        }
        self.group = Some(Group { tag, remaining: length });
        if alone { Ok(()) } else { self.segment(rest, facts) }
    }

    fn segment(&mut self, segment: &[u8], facts: &Facts<'_>) -> Result<(), Stop> {
        let command = self.command();
        let structure = || fail(command, ErrorReason::scp03tStructureError);
        let found = tlv::read_only(segment).map_err(|_| structure())?;
        let group = self.group.as_mut().ok_or_else(structure)?;
        let expected = match group.tag {
            0xA0 | 0xA2 => 0x87,
            0xA1 => 0x88,
            _ => 0x86,
        };
        if found.tag != expected || segment.len() > MAX_SEGMENT {
            return Err(structure().into());
        }
        group.remaining = group.remaining.checked_sub(segment.len()).ok_or_else(structure)?;
        let (tag, last) = (group.tag, group.remaining == 0);
        let opened = if tag == 0xA1 { self.bsp.open_mac_only(segment) } else { self.bsp.open(segment) };
        let plain = opened.map_err(|error| match error {
            BspError::Structure => structure(),
            BspError::Security => fail(command, ErrorReason::scp03tSecurityError),
        })?;
        match tag {
            0xA0 => self.configure_isdp(&plain, last)?,
            0xA1 => self.store_metadata(&plain, last, facts)?,
            0xA2 => self.replace_session_keys(&plain, last)?,
            _ => self.load_profile_elements(&plain, facts)?,
        }
        Ok(())
    }

    /// ES8+.ConfigureISDP (SGP.22 5.5.2).
    fn configure_isdp(&mut self, plain: &[u8], last: bool) -> Result<(), Failure> {
        let wrong = || fail(BppCommandId::configureISDP, ErrorReason::incorrectInputValues);
        self.configuration.extend_from_slice(plain);
        if self.configuration.len() > MAX_CONFIGURATION {
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
        if self.dp_proprietary_data.len() > MAX_PROPRIETARY {
            return Err(wrong());
        }
        Ok(())
    }

    /// ES8+.StoreMetadata (SGP.22 5.5.3).
    fn store_metadata(&mut self, plain: &[u8], last: bool, facts: &Facts<'_>) -> Result<(), Failure> {
        let refuse = |reason| fail(BppCommandId::storeMetadata, reason);
        self.metadata_octets.extend_from_slice(plain);
        if self.metadata_octets.len() > MAX_METADATA {
            return Err(refuse(ErrorReason::incorrectInputValues));
        }
        if !last {
            return Ok(());
        }
        let decoded = esim_rsp::decode::<StoreMetadataRequest>(&self.metadata_octets);
        let metadata = decoded.map_err(|_| refuse(ErrorReason::incorrectInputValues))?;
        if facts.installed.contains(&metadata.iccid) {
            return Err(refuse(ErrorReason::installFailedDueToIccidAlreadyExistsOnEuicc));
        }
        if !within_limits(&metadata) {
            return Err(refuse(ErrorReason::incorrectInputValues));
        }
        if metadata.profile_class.name().is_none() {
            return Err(refuse(ErrorReason::unsupportedProfileClass));
        }
        if !(facts.policy)(&metadata) {
            return Err(refuse(ErrorReason::pprNotAllowed));
        }
        self.metadata = Some(metadata);
        Ok(())
    }

    /// ES8+.ReplaceSessionKeys (SGP.22 5.5.4): as long as the session's own.
    fn replace_session_keys(&mut self, plain: &[u8], last: bool) -> Result<(), Failure> {
        let wrong = || fail(BppCommandId::replaceSessionKeys, ErrorReason::incorrectInputValues);
        if !last {
            // 58 octets always fit into one segment.
            return Err(wrong());
        }
        let keys: ReplaceSessionKeysRequest = esim_rsp::decode(plain).map_err(|_| wrong())?;
        let array = |octets: &[u8]| <[u8; 16]>::try_from(octets).map_err(|_| wrong());
        let mcv = array(&keys.initial_mac_chaining_value)?;
        self.bsp.replace_keys(BspKeys::new(mcv, array(&keys.ppk_enc)?, array(&keys.ppk_cmac)?));
        Ok(())
    }

    /// ES8+.LoadProfileElements (SGP.22 5.5.5).
    fn load_profile_elements(&mut self, plain: &[u8], facts: &Facts<'_>) -> Result<(), Failure> {
        self.received = self.received.saturating_add(plain.len() as u32);
        if self.received > facts.free_memory {
            return Err(fail(
                BppCommandId::loadProfileElements,
                ErrorReason::installFailedDueToInsufficientMemoryForProfile,
            ));
        }
        self.splitter.push(plain);
        loop {
            match self.splitter.next_element() {
                Ok(Some(element)) => self.installer.element(&element).map_err(refused_element)?,
                Ok(None) => return Ok(()),
                Err(error) => return Err(refused_element(malformed_element(&error))),
            }
        }
    }

    fn finish(&mut self, facts: &Facts<'_>) -> Result<Loaded, Failure> {
        let complete = self.group.as_ref().is_some_and(|group| group.tag == 0xA3 && group.remaining == 0);
        let metadata = self.metadata.clone().filter(|_| complete).ok_or_else(|| self.malformed())?;
        let refuse = |reason| fail(BppCommandId::loadProfileElements, reason);
        if self.splitter.pending() > 0 {
            let error = esim_saip::Error { kind: esim_saip::ErrorKind::Truncated, element: 0, at: 0 };
            return Err(refused_element(malformed_element(&error)));
        }
        let installer = core::mem::replace(&mut self.installer, Installer::new(facts.capabilities.clone()));
        let skipped = installer.skipped().to_vec();
        let image = installer.finish().map_err(refused_element)?;
        if image.iccid != metadata.iccid.octets() {
            return Err(refuse(ErrorReason::installFailedDueToDataMismatch));
        }
        if metadata.profile_class == ProfileClass::test && !has_test_keys_only(&image) {
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
fn open_channel(agreed: &Agreed<'_>, chain: &[u8], eid: &[u8; 16]) -> Result<(Bsp, usize), Failure> {
    let refuse = |reason| fail(BppCommandId::initialiseSecureChannel, reason);
    let wrong = || refuse(ErrorReason::incorrectInputValues);
    let (_, length, value_at) = tlv::read_header(chain, 0).map_err(|_| wrong())?;
    let body = chain.get(value_at..).unwrap_or_default();
    let remaining = length.checked_sub(body.len()).filter(|left| *left > 0).ok_or_else(wrong)?;
    let request: InitialiseSecureChannelRequest = esim_rsp::decode(body).map_err(|_| wrong())?;
    if request.remote_op_id != INSTALL_BOUND_PROFILE_PACKAGE {
        return Err(refuse(ErrorReason::unsupportedRemoteOperationType));
    }
    if request.transaction_id != *agreed.transaction_id {
        return Err(refuse(ErrorReason::invalidTransactionId));
    }
    let crt = &request.control_ref_template;
    let host_id = &crt.host_id;
    if *crt.key_type != [KEY_TYPE_AES] || *crt.key_len != [KEY_LENGTH] || !(1..=16).contains(&host_id.len()) {
        return Err(refuse(ErrorReason::unsupportedCrtValues));
    }
    let signed = signed_octets(body, agreed).ok_or_else(wrong)?;
    let verified = agreed.smdp_key.verify(&[&signed], &request.smdp_sign.0);
    verified.map_err(|_| refuse(ErrorReason::invalidSignature))?;
    let curve = agreed.one_time_key.curve();
    let peer = PublicKey::from_sec1(curve, &request.smdp_otpk.0).map_err(|_| wrong())?;
    let secret = ecka(agreed.one_time_key, &peer).map_err(|_| wrong())?;
    Ok((Bsp::new(BspKeys::derive(&secret[..], host_id, eid)), remaining))
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

/// Octets that are no profile element.
fn malformed_element(error: &esim_saip::Error) -> ElementError {
    ElementError {
        status: esim_saip::Status::InvalidRequestFormat,
        identification: None,
        element: "unknown",
        offset: None,
        reason: alloc::format!("{error}"),
    }
}

fn refused_element(error: ElementError) -> Failure {
    Failure {
        command: BppCommandId::loadProfileElements,
        reason: ErrorReason::installFailedDueToPEProcessingError,
        sima_response: Some(error.response().to_der()),
    }
}
