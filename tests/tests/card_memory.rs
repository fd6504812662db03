//! What the card keeps: no try for nothing where the memory takes no writes, and no damage that goes unnoticed.

use esim_crypto::Curve;
use esim_euicc::{MemoryNvm, Nvm, NvmError, Write};
use esim_tests::bench::{NOW, rng};
use esim_tests::forge::{self, Forge, ICCID, metadata};
use esim_world::{Clock, Device};
use std::cell::Cell;
use std::rc::Rc;

const USIM: &str = "00A4040C07A0000000871002";
const PIN1: &str = "002000010830303030FFFFFFFF";
const ADM1: &str = "0020000A083030303030303030";

/// Memory that takes writes as long as it is told to.
#[derive(Clone)]
struct Moody {
    memory: MemoryNvm,
    refuses: Rc<Cell<bool>>,
    commits: Rc<Cell<usize>>,
}

impl Nvm for Moody {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.memory.read(name)
    }

    fn commit(&mut self, writes: &[Write]) -> Result<(), NvmError> {
        if self.refuses.get() {
            return Err(NvmError("no".to_string()));
        }
        self.commits.set(self.commits.get() + 1);
        self.memory.commit(writes)
    }
}

/// Memory of a card whose one profile is enabled, its PIN 1 too.
fn locked_phone() -> MemoryNvm {
    let mut forge = Forge::with(Curve::P256, |_| {});
    let mut subscriber = forge::subscriber(ICCID);
    subscriber.codes.pin1_enabled = true;
    forge.install(&metadata(ICCID), &subscriber);
    forge.enable(ICCID);
    forge.device.nvm().clone()
}

fn insert<N: Nvm>(nvm: N) -> Device<N> {
    Device::power_on(nvm, rng(5), Clock::Fixed(NOW)).unwrap()
}

/// Data and status word as digits.
fn send<N: Nvm>(device: &mut Device<N>, digits: &str) -> String {
    hex::encode_upper(device.transmit(&hex::decode(digits.replace(' ', "")).unwrap()))
}

/// Every value of a PIN gets the same answer, and none of them costs or tells anything: with counters that were written
/// after the comparison, the right one answered 9000.
#[test]
fn memory_that_takes_no_writes_tells_nothing_of_a_pin() {
    let (refuses, commits) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
    let nvm = Moody { memory: locked_phone(), refuses: refuses.clone(), commits: commits.clone() };
    let mut device = insert(nvm);
    assert_eq!(send(&mut device, USIM), "9000");
    refuses.set(true);
    for pin in 0..1000 {
        let digits = hex::encode(format!("{:04}", (pin + 9500) % 10_000));
        assert_eq!(send(&mut device, &format!("0020000108{digits}FFFFFFFF")), "6581", "{digits}");
    }
    for command in [
        ADM1,
        "0024000110 30303030FFFFFFFF 31313131FFFFFFFF",
        "0026000108 30303030FFFFFFFF",
        "002C000110 3030303030303030 31313131FFFFFFFF",
        "002C000110 3131313131313131 31313131FFFFFFFF",
    ] {
        assert_eq!(send(&mut device, command), "6581", "{command}");
    }
    refuses.set(false);
    assert_eq!(send(&mut device, "0020000100"), "63C3", "no try was used up");
    assert_eq!(send(&mut device, "002C000100"), "63CA");
    assert_eq!(send(&mut device, "00B0870009"), "6982", "nothing is open");
    let before = commits.get();
    assert_eq!(send(&mut device, "002000010839393939FFFFFFFF"), "63C2");
    assert_eq!(commits.get() - before, 1, "a wrong value: the try");
    assert_eq!(send(&mut device, PIN1), "9000");
    assert_eq!(commits.get() - before, 3, "a right value: the try, and back");
    assert_eq!(send(&mut device, "0020000100"), "63C3");
}

/// What the memory did not take is not read back either.
#[test]
fn a_file_that_could_not_be_written_is_the_old_one() {
    let refuses = Rc::new(Cell::new(false));
    let nvm = Moody { memory: locked_phone(), refuses: refuses.clone(), commits: Rc::default() };
    let mut device = insert(nvm);
    for command in [USIM, PIN1, ADM1, "00A4000C026F07"] {
        assert_eq!(send(&mut device, command), "9000", "{command}");
    }
    let old = send(&mut device, "00B0000009");
    refuses.set(true);
    assert_eq!(send(&mut device, "00D600000908AABBCCDDEEFF0011"), "6581");
    refuses.set(false);
    assert_eq!(send(&mut device, "00B0000009"), "6982", "no PIN counts as verified");
    assert_eq!(send(&mut device, PIN1), "9000");
    assert_eq!(send(&mut device, "00B0000009"), old);
}

/// A blocked PIN does not come back with a flipped bit: damage is refused with a sentence, in every octet.
#[test]
fn no_flipped_bit_goes_unnoticed() {
    let mut device = insert(locked_phone());
    send(&mut device, USIM);
    for left in (0..3).rev() {
        assert_eq!(send(&mut device, "002000010839393939FFFFFFFF"), format!("63C{left}"));
    }
    let kept = device.nvm().export();
    assert_eq!(send(&mut insert(MemoryNvm::import(&kept).unwrap()), PIN1), "6983");
    for at in 0..kept.len() {
        let mut damaged = kept.clone();
        damaged[at] ^= 1 << (at % 8);
        let refused = MemoryNvm::import(&damaged).expect_err("damage").to_string();
        assert!(refused.contains("damaged") || refused.contains("format"), "{refused}");
    }
    for length in (0..kept.len()).step_by(97) {
        assert!(MemoryNvm::import(&kept[..length]).is_err());
    }
}

/// Nor is a record that is none taken for one that is not there: the card says which, and does not start.
#[test]
fn a_record_that_is_none_stops_the_card() {
    let mut device = insert(locked_phone());
    send(&mut device, USIM);
    send(&mut device, "002000010839393939FFFFFFFF");
    let nvm = device.nvm().clone();
    let names: Vec<String> = nvm.sizes().map(|(name, _)| name.to_string()).collect();
    let records = names.iter().filter(|name| !name.starts_with("notification/"));
    assert!(names.iter().any(|name| name.ends_with("/pins")), "{names:?}");
    for name in records {
        let whole = nvm.read(name).unwrap();
        for octets in [&[][..], &whole[..whole.len() - 2], &[&whole[..], &[0xFF]].concat(), &[0xFF; 40]] {
            let mut damaged = nvm.clone();
            damaged.commit(&[Write::Put(name.clone(), octets.to_vec())]).unwrap();
            let refused =
                Device::power_on(damaged, rng(5), Clock::Fixed(NOW)).err().map(|error| error.to_string());
            let refused =
                refused.unwrap_or_else(|| panic!("{name}: {} octets of {}", octets.len(), whole.len()));
            assert!(refused.contains(name.as_str()) && refused.contains("damaged"), "{refused}");
        }
    }
}
