//! The native host in this process, in a folder that goes away with the test.

use super::{Lab, Remote, Scratch, Service};
use esim_sm_edge::{Host, HttpRequest, HttpResponse, Store, attend_all, block_on, handle};
use esim_sm_native::{Native, NativeHost, NativeOptions, ServerHandle};
use esim_smdp::store::Key;
use esim_smdp::{Order, Records, Write};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

/// With the clock of the tests, which stands still.
pub fn options(folder: &Path) -> NativeOptions {
    NativeOptions { data_dir: folder.into(), now: Some(super::NOW), ..NativeOptions::default() }
}

/// A native host without sockets.
struct Here(Arc<NativeHost>);

impl Service for Here {
    fn answer(&self, request: HttpRequest) -> HttpResponse {
        block_on(handle(request, &*self.0))
    }

    fn attend(&self) {
        while block_on(attend_all(&*self.0, 100)).unwrap() > 0 {}
    }

    fn set_now(&self, _: u64) {
        panic!("the host has a clock of its own");
    }
}

/// A laboratory in front of a host that is called [`super::ADDRESS`] and knows the token `memory`.
pub fn lab_of(host: &Arc<NativeHost>) -> Lab {
    Lab { other: Some(Rc::new(Here(host.clone()))), ..Lab::new() }
}

/// Options of such a host.
pub fn options_of_lab(folder: &Path) -> NativeOptions {
    NativeOptions {
        smdp_address: Some(super::ADDRESS.into()),
        token: Some("memory".into()),
        ..options(folder)
    }
}

/// A server and the runtime that it works on.
pub struct Server {
    pub runtime: tokio::runtime::Runtime,
    pub handle: Option<ServerHandle>,
    pub scratch: Scratch,
}

impl Server {
    /// `change` is done to [`options`] with this machine's clock.
    pub fn start(name: &str, change: impl FnOnce(&mut NativeOptions)) -> Self {
        let scratch = Scratch::new(name);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mut options = NativeOptions { now: None, ..options(&scratch.0) };
        change(&mut options);
        let native = Native::open(options).unwrap();
        let handle = runtime.block_on(async { native.serve().unwrap() });
        Self { runtime, handle: Some(handle), scratch }
    }

    pub fn handle(&self) -> &ServerHandle {
        self.handle.as_ref().unwrap()
    }

    pub fn host(&self) -> &NativeHost {
        &self.handle().host
    }

    /// A laboratory in front of it.
    pub fn lab(&self) -> Lab {
        let server = self.handle();
        let remote = Remote::new(&server.url(), Some(&server.pki.tls_ci_certificate));
        Lab::at(remote, &server.smdp_address, &server.token)
    }

    pub fn stop(&mut self) {
        if let Some(handle) = self.handle.take() {
            self.runtime.block_on(handle.shutdown()).unwrap();
        }
    }
}

/// An order as it is stored.
pub fn stored_order(host: &NativeHost, iccid: &str) -> (Order, Records) {
    let iccid = iccid.parse().unwrap();
    let mut records = Records::default();
    for row in block_on(host.store().load(&[Key::Order(iccid).lookup()])).unwrap() {
        records.add(host.vault().open(row).unwrap()).unwrap();
    }
    (records.order(&iccid).unwrap().clone(), records)
}

/// Changes an order behind the service's back.
pub fn change_order(host: &NativeHost, iccid: &str, change: impl FnOnce(&mut Order)) {
    let (mut order, records) = stored_order(host, iccid);
    change(&mut order);
    let changes = host.vault().seal_writes(&records, &[Write::from(order)]).unwrap();
    block_on(host.store().commit(&changes)).unwrap();
}
