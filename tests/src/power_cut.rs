//! Power is lost at every point of a card's life: after every write, sync and rename that its memory file takes, in
//! every state in which they may leave a disk. The card starts again in the state before or after what it was doing, no
//! notification is lost or doubled, no try of a PIN and no counter comes back, and what was cut short can be done again.

use crate::bench::{self, EID, NOW};
use crate::forge::{Forge, metadata, subscriber};
use esim_crypto::Curve;
use esim_crypto::milenage::Milenage;
use esim_crypto::pki::{CrlDraft, PkiParameters, TestPki};
use esim_crypto::scp80::{Command, Header, Key, KeyIndication, KeyKind, Keys, Response, ResponseStatus, Spi};
use esim_disk::simulated::Simulated;
use esim_euicc::Personal;
use esim_rsp::common::{NotificationEvent, bit_string};
use esim_rsp::es10a::{EuiccConfiguredAddressesResponse, SetDefaultDpAddressRequest};
use esim_rsp::es10b::LoadCrlRequest;
use esim_rsp::es10c::*;
use esim_rsp::notification::*;
use esim_rsp::sms::{Deliver, UserData, envelope};
use esim_rsp::{Iccid, OctetString, decode, encode};
use esim_saip::builder::{self, OtaKeys};
use esim_world::{Clock, Device, FileNvm};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const PIN1: &str = "002000010830303030FFFFFFFF";
const WRONG_PIN1: &str = "002000010839393939FFFFFFFF";
/// The highest of a card that has seen no network: SEQ 0 with the last IND.
const FIRST_SQN: u64 = 31;
/// That a message over the air gives.
const NEW_NAME: &str = "by air";
const A: &str = "89000123456789012341";
const B: &str = "89000123456789012358";
const C: &str = "89000123456789012366";

/// The card's memory on the disk.
const CARD: &str = "folder/card";

/// What is on a disk.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// A card in its file.
type OnDisk = Device<FileNvm<Simulated>>;

/// Applies power; `boot` makes the randomness of each time its own.
fn power_on(disk: &Simulated, boot: u8) -> OnDisk {
    let nvm = FileNvm::on(disk.clone(), Path::new(CARD)).expect("a memory that opens");
    Device::power_on(nvm, bench::rng(boot), Clock::Fixed(NOW)).expect("a card that starts")
}

/// What a card should be like, told by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Model {
    address: String,
    /// ICCID, enabled, nickname.
    profiles: Vec<(String, bool, String)>,
    notifications: Vec<(u32, NotificationEvent, Option<String>)>,
    next: u32,
    /// Of the enabled profile: tries left for PIN 1 and its unblocking code, the highest SQN, its name, which a message over the air changes.
    tries: Option<u8>,
    unblock_tries: Option<u8>,
    sqn: u64,
    name: String,
}

impl Model {
    fn profile(&mut self, iccid: &str) -> &mut (String, bool, String) {
        self.profiles.iter_mut().find(|it| it.0 == iccid).unwrap()
    }

    fn notify(&mut self, event: NotificationEvent, iccid: &str) {
        self.notifications.push((self.next, event, Some(iccid.to_string())));
        self.next += 1;
    }

    fn installed(&mut self, iccid: &str) {
        self.profiles.push((iccid.to_string(), false, String::new()));
        self.notify(NotificationEvent::Install, iccid);
    }

    fn enabled(&mut self, iccid: &str) {
        if let Some(before) = self.profiles.iter().find(|it| it.1).map(|it| it.0.clone()) {
            self.disabled(&before);
        }
        self.profile(iccid).1 = true;
        (self.tries, self.unblock_tries, self.sqn, self.name) =
            (Some(3), Some(10), FIRST_SQN, "plain".to_string());
        self.notify(NotificationEvent::Enable, iccid);
    }

    fn disabled(&mut self, iccid: &str) {
        self.profile(iccid).1 = false;
        (self.tries, self.unblock_tries, self.sqn, self.name) = Default::default();
        self.notify(NotificationEvent::Disable, iccid);
    }

    fn deleted(&mut self, iccid: &str) {
        self.profiles.retain(|it| it.0 != iccid);
        self.notify(NotificationEvent::Delete, iccid);
    }
}

/// One thing that happens in a card's life, and what it does.
struct Step {
    name: &'static str,
    run: fn(&mut Forge<OnDisk>),
    effect: fn(&mut Model),
    /// What a cut may leave between before and after: a try that is used up already.
    between: Option<fn(&mut Model)>,
}

/// A step of which a cut leaves all or nothing.
const fn step(name: &'static str, run: fn(&mut Forge<OnDisk>), effect: fn(&mut Model)) -> Step {
    Step { name, run, effect, between: None }
}

const LIFE: &[Step] = &[
    step(
        "SetDefaultDpAddress",
        |forge| {
            let request = SetDefaultDpAddressRequest { default_dp_address: "smdp.example".to_string() };
            forge.es10(&encode(&request)).unwrap();
        },
        |model| model.address = "smdp.example".to_string(),
    ),
    step("download A", |forge| download(forge, A, false), |model| model.installed(A)),
    step("download B with keys of its own", |forge| download(forge, B, true), |model| model.installed(B)),
    step(
        "SetNickname",
        |forge| {
            let request = SetNicknameRequest { iccid: iccid(A), profile_nickname: "仕事".to_string() };
            forge.es10(&encode(&request)).unwrap();
        },
        |model| model.profile(A).2 = "仕事".to_string(),
    ),
    step("enable A at once", |forge| enable(forge, A, false), |model| model.enabled(A)),
    step(
        "enable B by REFRESH",
        |forge| {
            forge.device.transmit(&[0x80, 0x10, 0x00, 0x00, 0x03, 0x00, 0x00, 0x80]);
            enable(forge, B, true);
            forge.device.transmit(&[0x80, 0x12, 0x00, 0x00, 0x00]);
            let done = hex::decode("801400000C810301010482028281830100").unwrap();
            forge.device.transmit(&done);
        },
        |model| model.enabled(B),
    ),
    step(
        "a download that fails",
        |forge| {
            let mut parcel = forge.parcel();
            parcel.metadata = encode(&metadata(C));
            let pieces = parcel.pieces();
            forge.load(&pieces).unwrap();
        },
        |model| model.notify(NotificationEvent::Install, C),
    ),
    step(
        "RemoveNotificationFromList",
        |forge| {
            forge.es10(&encode(&NotificationSentRequest { seq_number: 0 })).unwrap();
        },
        |model| model.notifications.retain(|it| it.0 != 0),
    ),
    step(
        "LoadCRL",
        |forge| {
            let crl =
                forge.pki.issue_crl(&CrlDraft { number: 1, revoked: &[vec![1]], ..CrlDraft::default() });
            forge.es10(&LoadCrlRequest { crl }.to_octets().unwrap()).unwrap();
        },
        |_| {},
    ),
    step("a wrong PIN", |forge| verify(forge, WRONG_PIN1, [0x63, 0xC2]), |model| model.tries = Some(2)),
    Step {
        between: Some(|model| model.tries = Some(1)),
        ..step("the right PIN", |forge| verify(forge, PIN1, [0x90, 0x00]), |model| model.tries = Some(3))
    },
    Step {
        between: Some(|model| model.tries = Some(2)),
        ..step(
            "AUTHENTICATE",
            |forge| {
                verify(forge, PIN1, [0x90, 0x00]);
                assert_eq!(forge.device.transmit(&challenge(0x20))[0], 0xDB);
            },
            |model| model.sqn = 0x20,
        )
    },
    step(
        "a message over the air",
        |forge| assert_eq!(over_the_air(forge), ResponseStatus::OK),
        |model| model.name = NEW_NAME.to_string(),
    ),
    step(
        "a wrong unblocking code",
        |forge| {
            assert_eq!(
                forge.device.transmit(&unhex("002C0001103939393939393939 31313131FFFFFFFF")),
                [0x63, 0xC9]
            )
        },
        |model| model.unblock_tries = Some(9),
    ),
    step(
        "disable B",
        |forge| {
            let request = DisableProfileRequest { profile_identifier: by(B), refresh_flag: false };
            forge.es10(&encode(&request)).unwrap();
        },
        |model| model.disabled(B),
    ),
    step(
        "delete A",
        |forge| {
            forge.es10(&encode(&DeleteProfileRequest(by(A)))).unwrap();
        },
        |model| model.deleted(A),
    ),
    step(
        "eUICCMemoryReset",
        |forge| {
            let request = EuiccMemoryResetRequest { reset_options: bit_string(&[0, 1, 2]) };
            forge.es10(&encode(&request)).unwrap();
        },
        |model| {
            model.deleted(B);
            model.address.clear();
        },
    ),
    step("download A once more", |forge| download(forge, A, false), |model| model.installed(A)),
];

fn iccid(text: &str) -> Iccid {
    text.parse().unwrap()
}

fn by(text: &str) -> ProfileIdentifier {
    ProfileIdentifier::Iccid(iccid(text))
}

fn download(forge: &mut Forge<OnDisk>, iccid: &str, own_keys: bool) {
    let mut parcel = forge.parcel();
    parcel.metadata = encode(&metadata(iccid));
    let mut subscriber = subscriber(iccid);
    subscriber.codes.pin1_enabled = true;
    subscriber.ota = Some(ota_keys());
    parcel.upp = builder::build(&subscriber).unwrap().to_der();
    if own_keys {
        let part = |octet| OctetString::from_slice(&[octet; 16]);
        let request = esim_rsp::es8p::ReplaceSessionKeysRequest {
            initial_mac_chaining_value: part(1),
            ppk_enc: part(2),
            ppk_cmac: part(3),
        };
        parcel.replace = Some((encode(&request), [[1; 16], [2; 16], [3; 16]]));
    }
    let pieces = parcel.pieces();
    assert!(forge.load(&pieces).unwrap().starts_with(&[0xBF, 0x37]));
}

fn enable(forge: &mut Forge<OnDisk>, iccid: &str, refresh_flag: bool) {
    let request = EnableProfileRequest { profile_identifier: by(iccid), refresh_flag };
    assert_eq!(forge.es10(&encode(&request)).unwrap(), [0xBF, 0x31, 3, 0x80, 1, 0]);
}

/// VERIFY PIN of the USIM.
fn verify(forge: &mut Forge<OnDisk>, command: &str, expected: [u8; 2]) {
    select_usim(forge);
    assert_eq!(forge.device.transmit(&unhex(command)), expected);
}

fn select_usim(forge: &mut Forge<OnDisk>) {
    let selected = forge.device.transmit(&unhex("00A4040C07A0000000871002"));
    assert!(matches!(selected[..], [0x90, 0x00] | [0x91, _]), "{selected:02X?}");
}

fn unhex(digits: &str) -> Vec<u8> {
    hex::decode(digits.replace(' ', "")).unwrap()
}

const RAND: [u8; 16] = [0x23; 16];

/// AUTHENTICATE with a sequence number, as the network asks that has the subscriber's keys.
fn challenge(sqn: u8) -> Vec<u8> {
    let (amf, sqn) = ([0x80, 0x00], [0, 0, 0, 0, 0, sqn]);
    let milenage = Milenage::new(&[1; 16], &[2; 16]);
    let ak = milenage.f2345(&RAND).ak;
    let hidden: [u8; 6] = core::array::from_fn(|i| sqn[i] ^ ak[i]);
    let autn = [&hidden[..], &amf, &milenage.f1(&RAND, &sqn, &amf)].concat();
    [&unhex("0088008122")[..], &[16], &RAND, &[16], &autn, &[0]].concat()
}

/// The highest sequence number that the card has accepted: what it tells where a challenge is not fresh.
fn highest_sqn(forge: &mut Forge<OnDisk>) -> u64 {
    let answer = forge.device.transmit(&challenge(0));
    assert_eq!(answer[..2], [0xDC, 0x0E], "{answer:02X?}");
    let ak = Milenage::new(&[1; 16], &[2; 16]).f5_star(&RAND);
    (0..6).fold(0, |sqn, i| sqn << 8 | u64::from(answer[2 + i] ^ ak[i]))
}

fn ota_keys() -> OtaKeys {
    OtaKeys { version: 1, keys: [[3; 16], [4; 16], [5; 16]] }
}

/// ES6.UpdateMetadata in a secured packet, always the same one; what the card answers to it.
fn over_the_air(forge: &mut Forge<OnDisk>) -> ResponseStatus {
    let key = |octet| Key::new(KeyKind::Aes, &[octet; 16]).ok();
    let keys = Keys { kic: key(3), kid: key(4) };
    let indication = KeyIndication::new(1, KeyIndication::AES);
    // Rising counter, enciphered, with checksum; an answer with checksum in the delivery report.
    let header = Header { spi: Spi([0x16, 0x09]), kic: indication, kid: indication, tar: [0xB2, 0x01, 0x00] };
    // INSTALL [for personalization], STORE DATA with the new name.
    let install = "80E6200016 0000 10A0000005591010FFFFFFFF8900000F00 000000";
    let data = unhex(&format!("{install} 80E290000B BF2A08 9206 {}", hex::encode(NEW_NAME)));
    let packet = Command { header, counter: 7, data }.seal(&keys).unwrap();
    let sender = [0x08, 0x81, 0x21, 0x43, 0x65, 0x87];
    let mut report = Vec::new();
    for part in UserData::of_command(&packet, 0x5A).unwrap() {
        let data = envelope(&sender, &Deliver::for_card(&sender, part).to_octets());
        let apdu = [&[0x80, 0xC2, 0x00, 0x00, data.len() as u8][..], &data, &[0x00]].concat();
        report = forge.device.transmit(&apdu);
        let status = report.split_off(report.len() - 2);
        assert!(matches!(status[..], [0x90, 0x00] | [0x91, _]), "{status:02X?}");
    }
    let report = UserData::read(&report, true).unwrap();
    Response::open(&report.data, Some((&header, &keys))).unwrap().status
}

/// What a card shows of itself after it is started, from outside.
fn observe(pki: &TestPki, files: &Files) -> Model {
    let mut forge = start(pki, &Simulated::holding(files.clone()), 60);
    let addresses: EuiccConfiguredAddressesResponse =
        decode(&forge.es10(&[0xBF, 0x3C, 0x00]).unwrap()).unwrap();
    let ProfileInfoListResponse::ProfileInfoListOk(list) =
        decode(&forge.es10(&[0xBF, 0x2D, 0x00]).unwrap()).unwrap()
    else {
        panic!("a list of profiles");
    };
    let enabled = list.iter().find(|it| it.profile_state == Some(ProfileState::enabled));
    let enabled = enabled.map(|it| it.profile_name.clone().unwrap_or_default());
    let profiles: Vec<_> = list
        .into_iter()
        .map(|it| {
            let enabled = it.profile_state == Some(ProfileState::enabled);
            (it.iccid.unwrap().to_string(), enabled, it.profile_nickname.unwrap_or_default())
        })
        .collect();
    let RetrieveNotificationsListResponse::NotificationList(list) =
        decode(&forge.es10(&[0xBF, 0x2B, 0x00]).unwrap()).unwrap()
    else {
        panic!("a list of notifications");
    };
    let notifications: Vec<_> = list
        .iter()
        .map(|it| {
            let metadata = it.metadata();
            let event = metadata.profile_management_operation.first().unwrap();
            (metadata.seq_number, event, metadata.iccid.map(|iccid| iccid.to_string()))
        })
        .collect();
    let listed = forge.es10(&[0xBF, 0x28, 0x00]).unwrap();
    let ListNotificationResponse::NotificationMetadataList(listed) = decode(&listed).unwrap() else {
        panic!("a list of metadata");
    };
    let numbers: Vec<u32> = listed.iter().map(|it| it.seq_number).collect();
    assert_eq!(numbers, notifications.iter().map(|it| it.0).collect::<Vec<_>>(), "both lists agree");
    assert_eq!(selected_iccid(&mut forge), profiles.iter().find(|it| it.1).map(|it| it.0.clone()));
    let mut model = Model {
        address: addresses.default_dp_address.unwrap_or_default(),
        profiles,
        notifications,
        ..Model::default()
    };
    if let Some(name) = enabled {
        select_usim(&mut forge);
        let [0x63, tries] = forge.device.transmit(&unhex("0020000100"))[..] else { panic!("tries left") };
        model.tries = Some(tries & 0x0F);
        let [0x63, tries] = forge.device.transmit(&unhex("002C000100"))[..] else { panic!("tries left") };
        model.unblock_tries = Some(tries & 0x0F);
        verify(&mut forge, PIN1, [0x90, 0x00]);
        model.sqn = highest_sqn(&mut forge);
        // The same message once more is taken if, and only if, it has done nothing yet.
        let replayed = over_the_air(&mut forge);
        let expected = if name == NEW_NAME { ResponseStatus::COUNTER_LOW } else { ResponseStatus::OK };
        assert_eq!(replayed, expected, "the counter goes with what the message did");
        model.name = name;
    }
    model
}

/// EF.ICCID, as a phone reads it: of the enabled profile.
fn selected_iccid(forge: &mut Forge<OnDisk>) -> Option<String> {
    let selected = forge.device.transmit(&[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x2F, 0xE2]);
    if !selected.ends_with(&[0x90, 0x00]) {
        return None;
    }
    let read = forge.device.transmit(&[0x00, 0xB0, 0x00, 0x00, 0x0A]);
    Some(Iccid::from_octets(read[..10].try_into().unwrap()).to_string())
}

fn start(pki: &TestPki, disk: &Simulated, boot: u8) -> Forge<OnDisk> {
    let mut device = power_on(disk, boot);
    bench::select_isdr(&mut device);
    Forge { device, pki: pki.clone() }
}

/// Runs a step on a disk that holds these files; the disk, which knows what was asked of it.
fn run(pki: &TestPki, step: &Step, files: &Files) -> Simulated {
    let disk = Simulated::holding(files.clone());
    (step.run)(&mut start(pki, &disk, 50));
    disk
}

/// What is on the disk when nothing was cut: one thing, for all was synced that was answered for.
fn after(disk: &Simulated) -> Files {
    let mut states = disk.after_power_loss(disk.steps());
    assert_eq!(states.len(), 1, "what was answered for is safe");
    states.remove(0)
}

/// Lives the life and cuts it short everywhere; what the card is like then.
///
/// # Panics
/// At a card that is neither as before nor as after.
pub fn power_may_go_at_any_time() {
    let pki = TestPki::generate(
        &PkiParameters { curve: Curve::P256, ..PkiParameters::default() },
        &mut bench::rng(1),
    );
    let disk = Simulated::default();
    let personal = Personal::new(&pki, EID.parse().unwrap(), &mut bench::rng(3)).unwrap();
    personal.write_to(&mut FileNvm::on(disk.clone(), Path::new(CARD)).unwrap()).unwrap();
    let mut files = after(&disk);
    let mut model = Model::default();
    let (mut cuts, mut kept, mut done) = (0, 0, 0);
    for step in LIFE {
        let mut changed = model.clone();
        (step.effect)(&mut changed);
        let (before, expected) = (shown(&model), shown(&changed));
        let between = step.between.map(|between| {
            let mut halfway = model.clone();
            between(&mut halfway);
            shown(&halfway)
        });
        let disk = run(&pki, step, &files);
        let files_after = after(&disk);
        assert_eq!(observe(&pki, &files_after), expected, "{}, not cut", step.name);
        // The card's file as a cut may leave it, and what became of that: many cuts leave the same.
        let mut seen: BTreeMap<Vec<u8>, Model> = BTreeMap::new();
        for steps in 0..=disk.steps() {
            for left in disk.after_power_loss(steps) {
                cuts += 1;
                let file = left[Path::new(CARD)].clone();
                let model = seen.entry(file).or_insert_with(|| {
                    let model = observe(&pki, &left);
                    if model != expected || before == expected {
                        let allowed = model == before || Some(&model) == between.as_ref();
                        assert!(
                            allowed,
                            "{}, cut after {steps}: neither {before:?} nor {expected:?}: {model:?}",
                            step.name
                        );
                        let again = after(&run(&pki, step, &left));
                        assert_eq!(
                            observe(&pki, &again),
                            expected,
                            "{}, cut after {steps}, done again",
                            step.name
                        );
                    }
                    model
                });
                if *model == expected && before != expected { done += 1 } else { kept += 1 }
            }
        }
        (files, model) = (files_after, changed);
    }
    println!("{cuts} cuts: {kept} left the state before, {done} the state after");
    assert!(kept > 100 && done > 20);
}

/// A model as [`observe`] tells it.
fn shown(model: &Model) -> Model {
    Model { next: 0, ..model.clone() }
}
