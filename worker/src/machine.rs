//! P-256 by the runtime, for `esim-crypto`.

use esim_crypto::Machine;
use std::sync::Once;
use worker::wasm_bindgen::{self, JsValue, prelude::wasm_bindgen};
use zeroize::{Zeroize, Zeroizing};

#[wasm_bindgen(module = "/src/machine.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    fn verify(point: &[u8], message: &[u8], signature: &[u8]) -> Result<bool, JsValue>;

    #[wasm_bindgen(catch, js_name = multipleOfBase)]
    fn multiple_of_base(scalar: &[u8]) -> Result<Vec<u8>, JsValue>;

    #[wasm_bindgen(catch)]
    fn agree(scalar: &[u8], peer: &[u8]) -> Result<Vec<u8>, JsValue>;
}

struct Runtime;

impl Machine for Runtime {
    fn verify(&self, key: &[u8; 65], message: &[u8], signature: &[u8; 64]) -> Option<bool> {
        verify(key, message, signature).ok()
    }

    fn multiple_of_base(&self, scalar: &[u8; 32]) -> Option<[u8; 65]> {
        multiple_of_base(scalar).ok()?.try_into().ok()
    }

    fn agree(&self, scalar: &[u8; 32], peer: &[u8; 65]) -> Option<Zeroizing<[u8; 32]>> {
        let mut secret = agree(scalar, peer).ok()?;
        let kept = secret.as_slice().try_into().map(Zeroizing::new).ok();
        secret.zeroize();
        kept
    }
}

/// Has P-256 done by the runtime of this instance, if it does it.
pub fn lend() {
    static LENT: Once = Once::new();
    LENT.call_once(|| {
        esim_crypto::lend(&Runtime);
    });
}
