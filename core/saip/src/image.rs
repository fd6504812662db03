//! What a card installs: one profile with every template resolved, every file complete, every reference absolute.
//!
//! An [`Image`] holds the initial state only. What changes in the field (file contents, tries left, SQN array) is the
//! card's own state, started from a copy of this.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

/// FID of the master file, first step of every [`Path`].
pub const MF: u16 = 0x3F00;

/// FIDs from the MF down, MF included: `[3F00, 2FE2]`. An ADF appears under its temporary FID: `[3F00, 7FD0, 6F07]`.
pub type Path = Vec<u16>;

/// An installed profile.
///
/// ```
/// use esim_saip::builder::{Subscriber, build};
/// use esim_saip::{Capabilities, resolve};
///
/// let subscriber = Subscriber::new("8900101000000000009", "001010123456789", [1; 16], [2; 16], "Lab");
/// let image = resolve(&build(&subscriber)?, Capabilities::default())?;
/// let iccid = image.file(&[0x3F00, 0x2FE2]).expect("EF.ICCID");
/// assert_eq!(iccid.data(), image.iccid);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// In the form of EF.ICCID: swapped nibbles, `F` padding (TS 102 221 13.2).
    pub iccid: [u8; 10],
    /// Free text of the header element, for example `GSMA Generic eUICC Test Profile`; empty if absent.
    pub profile_type: String,
    /// Major and minor version of the profile package specification that the package claims.
    pub version: (u8, u8),
    /// Every file, a directory always before its children. The first one is the MF.
    pub files: Vec<File>,
    /// PINs and administrative codes.
    pub pins: Vec<Pin>,
    /// Unblocking codes. A PIN's [`Pin::unblocking`] is looked for in its own scope first, then in the global one.
    pub puks: Vec<Puk>,
    /// Directories that use the local PINs of another one instead of their own.
    pub shared_pins: Vec<SharedPins>,
    /// Network access applications in order of installation.
    pub naas: Vec<Naa>,
    /// Security domains, remote file managers, applets. The card executes the first two.
    pub applications: Vec<ApplicationRecord>,
}

/// A directory or an elementary file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Position in the tree, MF included.
    pub path: Path,
    /// Structure and content.
    pub kind: FileKind,
    /// Life cycle status integer (TS 102 221 11.1.1.4.9): `05` activated, `04` deactivated.
    pub lcs: u8,
    /// The access rule that protects the file.
    pub arr: Option<ArrReference>,
    /// Short file identifier 1..=30; `None` if the file cannot be reached by one.
    pub sfi: Option<u8>,
    /// File special information, tag `C0`: `80` high update activity, `40` usable while deactivated.
    pub special: u8,
    /// Path of the file whose content this one shares (TS 102 222 6.3.2.2.3). Reads and updates go there;
    /// `kind` carries the same structure and a copy of the initial content.
    pub linked_to: Option<Path>,
}

/// Structure of a file, with its initial content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileKind {
    /// MF, DF or ADF.
    Df {
        /// Application identifier: present for an ADF.
        aid: Option<Vec<u8>>,
        /// Key references of the PIN status template in order, `01 0A 0B`; empty where the profile gives none.
        /// [`pin_status_template`] makes the value of tag `C6` from it and from what is enabled at the time.
        pin_status: Vec<u8>,
    },
    /// Plain sequence of octets.
    Transparent {
        /// The whole content; its length is the file size.
        data: Vec<u8>,
    },
    /// Records of one length, addressed 1..=n.
    LinearFixed {
        /// Octets of one record.
        record_len: u8,
        /// All records joined; a multiple of `record_len`.
        data: Vec<u8>,
    },
    /// Ring of records; record 1 is the newest.
    Cyclic {
        /// Octets of one record.
        record_len: u8,
        /// All records joined, record 1 first; a multiple of `record_len`.
        data: Vec<u8>,
    },
    /// Data objects addressed by tag.
    BerTlv {
        /// The data objects joined.
        data: Vec<u8>,
        /// Largest total size in octets.
        max: u32,
    },
}

/// Points to a record of an EF.ARR. The EF is looked for beside the file, then in each parent (TS 102 221 9.2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArrReference {
    /// FID of the EF.ARR, `2F06` or `6F06`.
    pub fid: u16,
    /// Record number, from 1.
    pub record: u8,
}

/// Whose code it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PinScope {
    /// Valid in the whole card (references `01`..`08`, `0A`..`0E`, `11`).
    Global,
    /// Valid under this ADF or DF (references `81`..`88`, `8A`..`8E`).
    Local(Path),
}

/// A directory without local PINs of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedPins {
    /// The directory or ADF that shares.
    pub directory: Path,
    /// The one whose local PINs count there.
    pub owner: Path,
}

/// A PIN or an administrative code. `Debug` does not show the value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Whose code it is.
    pub scope: PinScope,
    /// Key reference as in P2 of VERIFY: `01` application PIN 1, `81` second PIN, `0A` ADM 1.
    pub reference: u8,
    /// Eight octets, `FF` padding.
    pub value: [u8; 8],
    /// Key reference of the [`Puk`] that unblocks it.
    pub unblocking: Option<u8>,
    /// Bit 1 enabled, bit 2 may be unblocked/changed, bit 3 may be disabled; default `07`.
    pub attributes: u8,
    /// Tries after a success, 1..=15.
    pub max_attempts: u8,
    /// Tries at installation; 0 = delivered blocked.
    pub attempts_left: u8,
}

/// An unblocking code. `Debug` does not show the value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Puk {
    /// Whose code it is.
    pub scope: PinScope,
    /// Key reference `01`..`08` or `81`..`88`.
    pub reference: u8,
    /// Eight octets.
    pub value: [u8; 8],
    /// Tries after a success, 1..=15.
    pub max_attempts: u8,
    /// Tries at installation.
    pub attempts_left: u8,
}

/// A network access application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Naa {
    /// Path of its ADF.
    pub adf: Path,
    /// Its application identifier, 5..=16 octets.
    pub aid: Vec<u8>,
    /// Which one.
    pub kind: NaaKind,
    /// Authentication parameters, if the package brought any.
    pub aka: Option<Aka>,
}

/// Kind of network access application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NaaKind {
    /// TS 31.102.
    Usim,
    /// TS 31.103.
    Isim,
    /// 3GPP2 C.S0065.
    Csim,
}

/// Authentication parameters of one application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aka {
    /// Algorithm with its keys.
    pub algorithm: Algorithm,
    /// `algorithmOptions` as sent; 0 for [`Algorithm::Mapping`]. `02` with the USIM test algorithm means 128 bits of RES.
    pub options: u8,
    /// `sqnOptions` as sent. `02`, the default, is the wrap-around check, which holds steps down to `sqn_delta`; no public
    /// source seen here says what the other bits mean.
    pub sqn_options: u8,
    /// Largest accepted step above the highest SEQ (TS 33.102 C.2.1, Δ). Counts in SEQ, not SQN: no IND bits.
    pub sqn_delta: [u8; 6],
    /// How far a SEQ may lie below the highest one (L). Counts in SEQ.
    pub sqn_age_limit: [u8; 6],
    /// Initial SEQ for each IND 0..=31, big-endian, at most `07FFFFFFFFFF`: **without** the five IND bits, so that
    /// SQN = SEQ · 32 + IND.
    pub sqn: Vec<[u8; 6]>,
    /// Authentications allowed before the algorithm locks (three octets on the wire); `None` without limit.
    pub auth_counter_max: Option<u32>,
}

/// Algorithm with its keys. `Debug` shows no key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// TS 35.206.
    Milenage {
        /// Subscriber key K.
        key: [u8; 16],
        /// OP enciphered with K.
        opc: [u8; 16],
        /// Constants r1..r5, in bits.
        rotation: [u8; 5],
        /// Constants c1..c5.
        xoring: [[u8; 16]; 5],
    },
    /// TS 35.231.
    Tuak {
        /// Subscriber key K, 16 or 32 octets.
        key: Vec<u8>,
        /// TOP enciphered with K.
        topc: [u8; 32],
        /// Number of Keccak permutations.
        iterations: u8,
    },
    /// The XOR algorithm of TS 34.108 8.1.2.
    UsimTest {
        /// Subscriber key K.
        key: [u8; 16],
    },
    /// Uses the parameters of another application.
    Mapping {
        /// Application identifier of the source.
        aid: Vec<u8>,
        /// `mappingOptions` as sent.
        options: u8,
    },
}

/// An application that is no network access application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationRecord {
    /// Instance AID; for a load package that has no instance, the package AID.
    pub aid: Vec<u8>,
    /// AID of the security domain it belongs to, if given.
    pub security_domain: Option<Vec<u8>>,
    /// GlobalPlatform life cycle state, `07` selectable, `0F` personalised.
    pub life_cycle: u8,
    /// GlobalPlatform privileges, one or three octets; empty for RFM.
    pub privileges: Vec<u8>,
    /// Toolkit application references by which the network addresses it.
    pub tars: Vec<[u8; 3]>,
    /// Minimum security level for remote messages (TS 102 225 5.1.1 first octet of SPI); empty if none is set.
    pub minimum_security: Vec<u8>,
    /// What it is.
    pub kind: ApplicationKind,
}

/// Kind of a listed application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApplicationKind {
    /// A security domain with its keys.
    SecurityDomain {
        /// Key sets in order of the element.
        keys: Vec<SdKey>,
    },
    /// A remote file manager.
    Rfm {
        /// ADF it works in; `None` for the MF.
        adf: Option<Vec<u8>>,
        /// Access domain for UICC access (TS 102 226 8.2.1.3.2.4).
        uicc_access: Vec<u8>,
        /// Access domain for ADF access; empty without one.
        adf_access: Vec<u8>,
    },
    /// An applet instance.
    Applet {
        /// AID of the load package.
        package: Vec<u8>,
        /// AID of the class in it.
        class: Vec<u8>,
    },
    /// A load package without an instance.
    LoadPackage,
}

/// A key of a security domain. `Debug` does not show its components.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SdKey {
    /// Key identifier.
    pub id: u8,
    /// Key version number.
    pub version: u8,
    /// Key usage qualifier.
    pub usage: Vec<u8>,
    /// Counter of the last secured message taken with this key set, five octets as a number.
    pub counter: u64,
    /// Components: key type (`80` DES, `88` AES, `85` TLS-PSK) and clear value.
    pub components: Vec<(u8, Vec<u8>)>,
}

/// Value of the PIN status template `C6` (TS 102 221 11.1.1.4.10): `90` one bit per reference, first one highest, set
/// while `enabled`; then `83` for each reference.
pub fn pin_status_template(references: &[u8], enabled: impl Fn(u8) -> bool) -> Vec<u8> {
    let mut bits = alloc::vec![0u8; references.len().div_ceil(8)];
    for (index, reference) in references.iter().enumerate() {
        if enabled(*reference) {
            bits[index / 8] |= 0x80 >> (index % 8);
        }
    }
    let mut template = alloc::vec![0x90, bits.len() as u8];
    template.extend(bits);
    for reference in references {
        template.extend([0x83, 0x01, *reference]);
    }
    template
}

impl Image {
    /// The file at a path that starts with the MF.
    pub fn file(&self, path: &[u16]) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The directory or application whose AID starts with `aid`.
    pub fn adf(&self, aid: &[u8]) -> Option<&File> {
        self.files.iter().find(|file| file.aid().is_some_and(|own| own.starts_with(aid)))
    }

    /// Files directly below a directory.
    pub fn children<'a>(&'a self, directory: &'a [u16]) -> impl Iterator<Item = &'a File> + 'a {
        self.files.iter().filter(move |file| file.parent() == Some(directory))
    }

    /// The EF.ARR record that protects a file: looked for beside the file (for a directory, inside it as well for an
    /// ADF or DF that has its own), then in each parent (TS 102 221 9.2.7).
    pub fn access_rule(&self, file: &File) -> Option<&[u8]> {
        let reference = file.arr?;
        let mut directory = file.parent().unwrap_or(&file.path);
        loop {
            let mut path = directory.to_vec();
            path.push(reference.fid);
            if let Some(arr) = self.file(&path) {
                return arr.record(reference.record);
            }
            directory = directory.split_last().map(|(_, rest)| rest).filter(|rest| !rest.is_empty())?;
        }
    }
}

impl File {
    /// Its file identifier.
    pub fn fid(&self) -> u16 {
        self.path.last().copied().unwrap_or(MF)
    }

    /// Path of its directory; `None` for the MF.
    pub fn parent(&self) -> Option<&[u16]> {
        self.path.split_last().map(|(_, rest)| rest).filter(|rest| !rest.is_empty())
    }

    /// Application identifier of an ADF.
    pub fn aid(&self) -> Option<&[u8]> {
        match &self.kind {
            FileKind::Df { aid, .. } => aid.as_deref(),
            _ => None,
        }
    }

    /// Content of an EF (records joined); empty for a directory.
    pub fn data(&self) -> &[u8] {
        match &self.kind {
            FileKind::Df { .. } => &[],
            FileKind::Transparent { data }
            | FileKind::LinearFixed { data, .. }
            | FileKind::Cyclic { data, .. }
            | FileKind::BerTlv { data, .. } => data,
        }
    }

    /// Length of a record; `None` if the file has no records.
    pub fn record_len(&self) -> Option<u8> {
        match self.kind {
            FileKind::LinearFixed { record_len, .. } | FileKind::Cyclic { record_len, .. } => {
                Some(record_len)
            }
            _ => None,
        }
    }

    /// Record `number`, counted from 1.
    pub fn record(&self, number: u8) -> Option<&[u8]> {
        let len = usize::from(self.record_len().filter(|len| *len > 0)?);
        let index = usize::from(number.checked_sub(1)?);
        self.data().chunks_exact(len).nth(index)
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Pin({:02X} {:?}, {}/{} tries)",
            self.reference, self.scope, self.attempts_left, self.max_attempts
        )
    }
}

impl fmt::Debug for Puk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Puk({:02X} {:?}, {}/{} tries)",
            self.reference, self.scope, self.attempts_left, self.max_attempts
        )
    }
}

impl fmt::Debug for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Algorithm::Milenage { .. } => "Milenage(..)",
            Algorithm::Tuak { .. } => "Tuak(..)",
            Algorithm::UsimTest { .. } => "UsimTest(..)",
            Algorithm::Mapping { aid, options } => {
                return write!(f, "Mapping({aid:02X?}, options {options})");
            }
        })
    }
}

impl fmt::Debug for SdKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SdKey({:02X} version {:02X})", self.id, self.version)
    }
}
