//! What the browser has.

use js_sys::{Object, Promise, Reflect};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    /// What `open` was told.
    pub type OpenOptions;
    #[wasm_bindgen(method, getter, js_name = baudRate)]
    pub fn baud_rate(this: &OpenOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter)]
    pub fn code(this: &OpenOptions) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    pub fn url(this: &OpenOptions) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    pub fn choose(this: &OpenOptions) -> Option<js_sys::Function>;

    type Permissions;
    #[wasm_bindgen(method, catch)]
    fn query(this: &Permissions, what: &Object) -> Result<Promise, JsValue>;

    type FeaturePolicy;
    #[wasm_bindgen(method)]
    fn features(this: &FeaturePolicy) -> js_sys::Array;
    #[wasm_bindgen(method, js_name = allowsFeature)]
    fn allows_feature(this: &FeaturePolicy, name: &str) -> bool;
}

/// A member; undefined if there is none.
pub fn get(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).unwrap_or_default()
}

/// Plain values, as JSON.
pub fn give<T: Serialize>(value: &T) -> Result<JsValue, JsValue> {
    let json = serde_json::to_string(value).map_err(|error| JsError::new(&error.to_string()))?;
    js_sys::JSON::parse(&json)
}

/// An object of these members.
pub fn fresh(members: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in members {
        // An object that was just made takes members.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object
}

/// What becomes of a promise, or of the call that should have given one.
pub async fn settled(promise: Result<Promise, JsValue>) -> Result<JsValue, JsValue> {
    JsFuture::from(promise?).await
}

/// `navigator`, of a window or a worker.
pub fn navigator() -> JsValue {
    get(&js_sys::global(), "navigator")
}

/// Whether the page came over HTTPS, or from this machine.
pub fn is_secure() -> bool {
    get(&js_sys::global(), "isSecureContext").is_truthy()
}

/// Whether a policy keeps a feature from this frame. Chromium alone tells; a feature that it does not know it does not allow.
pub fn is_forbidden(feature: &str) -> bool {
    let policy = get(&get(&js_sys::global(), "document"), "featurePolicy");
    if !policy.is_object() {
        return false;
    }
    let policy: FeaturePolicy = policy.unchecked_into();
    let is_known = policy.features().iter().any(|known| known == feature);
    is_known && !policy.allows_feature(feature)
}

/// What the user has said about a permission: `granted`, `denied`, `prompt`; none if the browser does not know it.
pub async fn permission(name: &str) -> Option<String> {
    let permissions = get(&navigator(), "permissions");
    if !permissions.is_object() {
        return None;
    }
    let what = fresh(&[("name", name.into())]);
    let status = settled(permissions.unchecked_into::<Permissions>().query(&what)).await.ok()?;
    get(&status, "state").as_string()
}
