//! Requests at the SM: every path of ES2+, ES9+, ES11, ES12, ES15 and of the operator, with and without a credential;
//! and what an eUICC signs, bent before it is. Never a 5xx or a panic, always an execution status with a code that
//! has a name, nothing open without a credential.
#![no_main]

use esim_fuzz::service::Service;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static SERVICE: Service = Service::new();
}

fuzz_target!(|input: &[u8]| {
    SERVICE.with(|service| {
        if let Some(request) = service.request(input) {
            service.check(request);
        }
    });
});
