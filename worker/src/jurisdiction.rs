//! Where objects live: anywhere, or in the jurisdiction that `JURISDICTION` names. In another one the same names are other
//! objects.

use worker::js_sys::{self, Function, Reflect};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::{Env, Error, ObjectNamespace, Result};

/// All objects of the binding `SM` that may be used.
///
/// # Errors
/// There is no such binding, or no such jurisdiction.
pub fn namespace(env: &Env) -> Result<ObjectNamespace> {
    let all = env.durable_object("SM")?;
    let Some(name) =
        env.var("JURISDICTION").ok().map(|name| name.to_string()).filter(|name| !name.is_empty())
    else {
        return Ok(all);
    };
    // The bindings have no word for it.
    let all = JsValue::from(all);
    let restrict: Function = Reflect::get(&all, &"jurisdiction".into())?.dyn_into()?;
    let restricted = restrict.call1(&all, &name.into()).map_err(|error| {
        let why = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
        let why = why.unwrap_or_default();
        Error::RustError(format!("the variable JURISDICTION is none of this runtime: {why}"))
    })?;
    Ok(restricted.unchecked_into())
}
