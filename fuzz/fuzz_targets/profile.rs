//! Profile packages: what parses encodes to the same octets, checks and
//! installs or is refused; in one piece and in pieces of any size.
#![no_main]

use esim_saip::{Capabilities, Installer, Package, Splitter, check, resolve};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Ok(package) = Package::parse(input) {
        assert_eq!(package.to_der(), input);
        for element in &package.elements {
            let _ = format!("{:?}", element.value());
        }
        check::check(&package);
        let _ = resolve(&package, Capabilities::default());
    }
    let mut splitter = Splitter::default();
    let mut installer = Installer::new(Capabilities::default());
    for piece in input.chunks(1 + input.len() / 7) {
        splitter.push(piece);
        while let Ok(Some(element)) = splitter.next_element() {
            if installer.element(&element).is_err() {
                return;
            }
        }
    }
    let _ = installer.finish();
});
