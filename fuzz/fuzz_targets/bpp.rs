//! Bound profile packages: the first octet says which part of a sound one the
//! rest of the input takes the place of. What is inside the secure channel is
//! protected with the session's keys, so that the MAC does not keep it out.
#![no_main]

use esim_fuzz::prepared;
use esim_rsp::tlv;
use esim_tests::bench::{NOW, rng, select_isdr};
use esim_tests::forge::Forge;
use esim_world::{Clock, Device};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((part, octets)) = input.split_first() else { return };
    let (nvm, pki) = prepared();
    let mut device = Device::power_on(nvm.clone(), rng(5), Clock::Fixed(NOW)).expect("a card");
    select_isdr(&mut device);
    let mut forge = Forge { device, pki: pki.clone() };
    let mut parcel = forge.parcel();
    let octets = octets.to_vec();
    let pieces = match part % 6 {
        0 => {
            // Pieces as they are, one of them replaced.
            let mut pieces = parcel.pieces();
            let at = octets.first().map_or(0, |it| usize::from(*it) % pieces.len());
            pieces[at] = octets;
            pieces
        }
        1 => {
            parcel.metadata = octets;
            parcel.pieces_if_any()
        }
        2 => {
            parcel.metadata = tlv::wrap(0xBF25, &[&octets]);
            parcel.pieces_if_any()
        }
        3 => {
            parcel.upp = octets;
            parcel.pieces_if_any()
        }
        4 => {
            parcel.configure = octets;
            parcel.pieces_if_any()
        }
        _ => {
            parcel.replace = Some((octets, [[1; 16]; 3]));
            parcel.pieces_if_any()
        }
    };
    for piece in pieces {
        if !matches!(forge.es10(&piece), Ok(response) if response.is_empty()) {
            break;
        }
    }
    forge.device.reset().expect("a card stays a card");
});
