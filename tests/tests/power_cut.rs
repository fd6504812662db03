//! Power is lost after every APDU and around every write of a card's life:
//! the card starts again in the state before or after what it was doing, no
//! notification is lost or doubled, and what was cut short can be done again.

use esim_crypto::Curve;
use esim_crypto::pki::{CrlDraft, PkiParameters, TestPki};
use esim_euicc::{MemoryNvm, Nvm, NvmError, Personal, Write};
use esim_rsp::common::{NotificationEvent, bit_string};
use esim_rsp::es10a::{EuiccConfiguredAddressesResponse, SetDefaultDpAddressRequest};
use esim_rsp::es10b::LoadCrlRequest;
use esim_rsp::es10c::*;
use esim_rsp::notification::*;
use esim_rsp::{Iccid, OctetString, decode, encode};
use esim_saip::builder;
use esim_tests::bench::{self, EID, NOW, Slot};
use esim_tests::forge::{Forge, metadata, subscriber};
use esim_world::{Clock, Device};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

const A: &str = "89000123456789012341";
const B: &str = "89000123456789012358";
const C: &str = "89000123456789012366";

/// Where the power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Never,
    /// The APDU was executed, its response is lost.
    AfterApdu(usize),
    BeforeWrite(usize),
    AfterWrite(usize),
}

/// The unwinding that stands for the loss.
struct PowerLost;

/// Supply and memory of a card; both outlive it.
struct Supply {
    memory: MemoryNvm,
    cut: Cut,
    apdus: usize,
    writes: usize,
}

#[derive(Clone)]
struct Shared(Rc<RefCell<Supply>>);

impl Shared {
    fn lose(&self) -> ! {
        resume_unwind(Box::new(PowerLost))
    }
}

impl Nvm for Shared {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.0.borrow().memory.read(name)
    }

    fn commit(&mut self, writes: &[Write]) -> Result<(), NvmError> {
        let mut supply = self.0.borrow_mut();
        let number = supply.writes;
        supply.writes += 1;
        let cut = supply.cut;
        if cut != Cut::BeforeWrite(number) {
            supply.memory.commit(writes)?;
        }
        drop(supply);
        if cut == Cut::BeforeWrite(number) || cut == Cut::AfterWrite(number) {
            self.lose();
        }
        Ok(())
    }
}

/// A card whose power may go.
struct Cuttable {
    device: Device<Shared>,
    supply: Shared,
}

impl Cuttable {
    /// Applies power; `boot` makes the randomness of each time its own.
    fn power_on(memory: MemoryNvm, cut: Cut, boot: u8) -> Self {
        let supply = Supply { memory, cut, apdus: 0, writes: 0 };
        let supply = Shared(Rc::new(RefCell::new(supply)));
        let device = Device::power_on(supply.clone(), bench::rng(boot), Clock::Fixed(NOW));
        Self { device: device.unwrap(), supply }
    }

    fn memory(&self) -> MemoryNvm {
        self.supply.0.borrow().memory.clone()
    }
}

impl Slot for Cuttable {
    fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        let response = self.device.transmit(apdu);
        let mut supply = self.supply.0.borrow_mut();
        let number = supply.apdus;
        supply.apdus += 1;
        let cut = supply.cut;
        drop(supply);
        if cut == Cut::AfterApdu(number) {
            self.supply.lose();
        }
        response
    }
}

/// What a card should be like, told by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Model {
    address: String,
    /// ICCID, enabled, nickname.
    profiles: Vec<(String, bool, String)>,
    notifications: Vec<(u32, NotificationEvent, Option<String>)>,
    next: u32,
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
        self.notify(NotificationEvent::Enable, iccid);
    }

    fn disabled(&mut self, iccid: &str) {
        self.profile(iccid).1 = false;
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
    run: fn(&mut Forge<Cuttable>),
    effect: fn(&mut Model),
}

const LIFE: &[Step] = &[
    Step {
        name: "SetDefaultDpAddress",
        run: |forge| {
            let request = SetDefaultDpAddressRequest { default_dp_address: "smdp.example".to_string() };
            forge.es10(&encode(&request)).unwrap();
        },
        effect: |model| model.address = "smdp.example".to_string(),
    },
    Step { name: "download A", run: |forge| download(forge, A, false), effect: |model| model.installed(A) },
    Step {
        name: "download B with keys of its own",
        run: |forge| download(forge, B, true),
        effect: |model| model.installed(B),
    },
    Step {
        name: "SetNickname",
        run: |forge| {
            let request = SetNicknameRequest { iccid: iccid(A), profile_nickname: "仕事".to_string() };
            forge.es10(&encode(&request)).unwrap();
        },
        effect: |model| model.profile(A).2 = "仕事".to_string(),
    },
    Step { name: "enable A at once", run: |forge| enable(forge, A, false), effect: |model| model.enabled(A) },
    Step {
        name: "enable B by REFRESH",
        run: |forge| {
            forge.device.transmit(&[0x80, 0x10, 0x00, 0x00, 0x03, 0x00, 0x00, 0x80]);
            enable(forge, B, true);
            forge.device.transmit(&[0x80, 0x12, 0x00, 0x00, 0x00]);
            let done = hex::decode("801400000C810301010482028281830100").unwrap();
            forge.device.transmit(&done);
        },
        effect: |model| model.enabled(B),
    },
    Step {
        name: "a download that fails",
        run: |forge| {
            let mut parcel = forge.parcel();
            parcel.metadata = encode(&metadata(C));
            let pieces = parcel.pieces();
            forge.load(&pieces).unwrap();
        },
        effect: |model| model.notify(NotificationEvent::Install, C),
    },
    Step {
        name: "RemoveNotificationFromList",
        run: |forge| {
            forge.es10(&encode(&NotificationSentRequest { seq_number: 0 })).unwrap();
        },
        effect: |model| model.notifications.retain(|it| it.0 != 0),
    },
    Step {
        name: "LoadCRL",
        run: |forge| {
            let crl =
                forge.pki.issue_crl(&CrlDraft { number: 1, revoked: &[vec![1]], ..CrlDraft::default() });
            forge.es10(&LoadCrlRequest { crl }.to_octets().unwrap()).unwrap();
        },
        effect: |_| {},
    },
    Step {
        name: "disable B",
        run: |forge| {
            let request = DisableProfileRequest { profile_identifier: by(B), refresh_flag: false };
            forge.es10(&encode(&request)).unwrap();
        },
        effect: |model| model.disabled(B),
    },
    Step {
        name: "delete A",
        run: |forge| {
            forge.es10(&encode(&DeleteProfileRequest(by(A)))).unwrap();
        },
        effect: |model| model.deleted(A),
    },
    Step {
        name: "eUICCMemoryReset",
        run: |forge| {
            let request = EuiccMemoryResetRequest { reset_options: bit_string(&[0, 1, 2]) };
            forge.es10(&encode(&request)).unwrap();
        },
        effect: |model| {
            model.deleted(B);
            model.address.clear();
        },
    },
    Step {
        name: "download A once more",
        run: |forge| download(forge, A, false),
        effect: |model| model.installed(A),
    },
];

fn iccid(text: &str) -> Iccid {
    text.parse().unwrap()
}

fn by(text: &str) -> ProfileIdentifier {
    ProfileIdentifier::Iccid(iccid(text))
}

fn download(forge: &mut Forge<Cuttable>, iccid: &str, own_keys: bool) {
    let mut parcel = forge.parcel();
    parcel.metadata = encode(&metadata(iccid));
    parcel.upp = builder::build(&subscriber(iccid)).unwrap().to_der();
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

fn enable(forge: &mut Forge<Cuttable>, iccid: &str, refresh_flag: bool) {
    let request = EnableProfileRequest { profile_identifier: by(iccid), refresh_flag };
    assert_eq!(forge.es10(&encode(&request)).unwrap(), [0xBF, 0x31, 3, 0x80, 1, 0]);
}

/// What a card shows of itself after it is started, from outside.
fn observe(pki: &TestPki, memory: MemoryNvm) -> (Model, MemoryNvm) {
    let mut forge = start(pki, memory, Cut::Never, 60);
    let addresses: EuiccConfiguredAddressesResponse =
        decode(&forge.es10(&[0xBF, 0x3C, 0x00]).unwrap()).unwrap();
    let ProfileInfoListResponse::ProfileInfoListOk(list) =
        decode(&forge.es10(&[0xBF, 0x2D, 0x00]).unwrap()).unwrap()
    else {
        panic!("a list of profiles");
    };
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
    let model =
        Model { address: addresses.default_dp_address.unwrap_or_default(), profiles, notifications, next: 0 };
    (model, forge.device.memory())
}

/// EF.ICCID, as a phone reads it: of the enabled profile.
fn selected_iccid(forge: &mut Forge<Cuttable>) -> Option<String> {
    let selected = forge.device.transmit(&[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x2F, 0xE2]);
    if !selected.ends_with(&[0x90, 0x00]) {
        return None;
    }
    let read = forge.device.transmit(&[0x00, 0xB0, 0x00, 0x00, 0x0A]);
    Some(Iccid::from_octets(read[..10].try_into().unwrap()).to_string())
}

fn start(pki: &TestPki, memory: MemoryNvm, cut: Cut, boot: u8) -> Forge<Cuttable> {
    // Selecting is no part of the step: the supply is cut from here on.
    let mut device = Cuttable::power_on(memory, Cut::Never, boot);
    bench::select_isdr(&mut device);
    let mut supply = device.supply.0.borrow_mut();
    (supply.cut, supply.apdus, supply.writes) = (cut, 0, 0);
    drop(supply);
    Forge { device, pki: pki.clone() }
}

/// Runs a step with a cut; the memory that it leaves, and whether the power went.
fn run(pki: &TestPki, step: &Step, memory: MemoryNvm, cut: Cut) -> (MemoryNvm, bool, usize, usize) {
    let mut forge = start(pki, memory, cut, 50);
    let outcome = catch_unwind(AssertUnwindSafe(|| (step.run)(&mut forge)));
    let lost = match outcome {
        Ok(()) => false,
        Err(reason) if reason.is::<PowerLost>() => true,
        Err(reason) => resume_unwind(reason),
    };
    let memory = forge.device.memory();
    let supply = forge.device.supply.0.borrow();
    (memory, lost, supply.apdus, supply.writes)
}

#[test]
fn power_may_go_at_any_time() {
    let pki = TestPki::generate(
        &PkiParameters { curve: Curve::P256, ..PkiParameters::default() },
        &mut bench::rng(1),
    );
    let mut memory = MemoryNvm::default();
    let personal = Personal::new(&pki, EID.parse().unwrap(), &mut bench::rng(3)).unwrap();
    personal.write_to(&mut memory).unwrap();
    let mut model = Model::default();
    let (mut cuts, mut kept, mut done) = (0, 0, 0);
    for step in LIFE {
        let mut after = model.clone();
        (step.effect)(&mut after);
        let (memory_after, lost, apdus, writes) = run(&pki, step, memory.clone(), Cut::Never);
        assert!(!lost);
        let shows = |memory: MemoryNvm| observe(&pki, memory);
        let (before, expected) = (shown(&model), shown(&after));
        assert_eq!(shows(memory_after.clone()).0, expected, "{}, not cut", step.name);
        let at_apdus = (0..apdus).map(Cut::AfterApdu);
        let at_writes = (0..writes).flat_map(|n| [Cut::BeforeWrite(n), Cut::AfterWrite(n)]);
        for cut in at_apdus.chain(at_writes) {
            let (cut_short, lost, ..) = run(&pki, step, memory.clone(), cut);
            assert!(lost, "{}, {cut:?}", step.name);
            let (seen, started) = shows(cut_short);
            cuts += 1;
            if seen == expected && before != expected {
                done += 1;
                continue;
            }
            kept += 1;
            assert_eq!(seen, before, "{}, {cut:?}: neither before nor after", step.name);
            let (again, ..) = run(&pki, step, started, Cut::Never);
            assert_eq!(shows(again).0, expected, "{}, {cut:?}, done again", step.name);
        }
        (memory, model) = (memory_after, after);
    }
    println!("{cuts} cuts: {kept} left the state before, {done} the state after");
    assert!(kept > 100 && done > 20);
}

/// A model as [`observe`] tells it.
fn shown(model: &Model) -> Model {
    Model { next: 0, ..model.clone() }
}
