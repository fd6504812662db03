//! Who sent a request, as the platform tells it.

use esim_rsp::common::from_hex;
use esim_sm_edge::{Caller, ClientCertificate};
use worker::Request;
use worker::js_sys::Reflect;
use worker::wasm_bindgen::JsValue;

/// The address is what the platform puts into `CF-Connecting-IP`, replacing what the caller may have put there. The
/// certificate counts only if the platform has verified it: presented, chain sound, not revoked.
pub fn of(request: &Request) -> Caller {
    let source = request.headers().get("CF-Connecting-IP").ok().flatten();
    Caller { source, certificate: certificate(request) }
}

/// What the caller takes. The header that comes here says what the platform takes, and turns into what the caller does.
pub fn accept_encoding(request: &Request) -> String {
    let told =
        field(request.inner().as_ref(), "cf").and_then(|cf| field(&cf, "clientAcceptEncoding")?.as_string());
    told.or_else(|| request.headers().get("Accept-Encoding").ok().flatten()).unwrap_or_default()
}

fn certificate(request: &Request) -> Option<ClientCertificate> {
    // The bindings lack some of these fields.
    let tls = field(&field(request.inner().as_ref(), "cf")?, "tlsClientAuth")?;
    let text = |name: &str| field(&tls, name)?.as_string();
    let verified = text("certPresented")? == "1" && text("certVerified")? == "SUCCESS";
    if !verified || text("certRevoked").is_some_and(|revoked| revoked == "1") {
        return None;
    }
    Some(ClientCertificate::Verified {
        fingerprint: from_hex(&text("certFingerprintSHA256")?).ok()?.try_into().ok()?,
        issuer_key_id: from_hex(&text("certIssuerSKI")?.replace(':', "")).ok()?,
        subject: text("certSubjectDN").unwrap_or_default(),
    })
}

fn field(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}
