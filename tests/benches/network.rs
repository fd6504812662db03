//! A hundred thousand subscribers in one process: each device reads its USIM, attaches, authenticates, and opens a
//! connection through the traffic policy platform. Prints attaches per second and memory per subscriber.

use esim_net::network::Carried;
use esim_net::{
    Air, Cell, Class, Contract, Destination, Imsi, Keys, Link, Log, Modem, Network, Rat, Subscription, drive,
};
use esim_tests::bench::rng;
use esim_tests::usim::SmallUsim;
use peak_alloc::PeakAlloc;
use rand_chacha::ChaCha20Rng;
use std::time::Instant;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const SUBSCRIBERS: u32 = 100_000;

struct Waves<'a> {
    network: &'a mut Network,
    rng: &'a mut ChaCha20Rng,
    card: &'a mut SmallUsim,
    link: Link,
    log: &'a mut Log,
}

impl Air for Waves<'_> {
    fn card(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.card.transmit(apdu)
    }

    fn send(&mut self, cell: &Cell, message: &[u8]) -> Vec<Vec<u8>> {
        self.network.uplink(self.link, cell, message, self.rng, self.log)
    }
}

fn keys(n: u32) -> ([u8; 16], [u8; 16]) {
    let k = std::array::from_fn(|i| (n >> (8 * (i % 4))) as u8 ^ i as u8);
    (k, [0x5C; 16])
}

/// One in a hundred has a provisioning profile.
fn imsi(n: u32) -> String {
    if n.is_multiple_of(100) { format!("0010199{n:08}") } else { format!("0010100{n:08}") }
}

fn main() {
    let empty = HEAP.current_usage();
    let mut network = Network::default();
    network.set_sm(Destination::of("smdp.esim-lab.example"));
    let started = Instant::now();
    for n in 0..SUBSCRIBERS {
        let (k, opc) = keys(n);
        let subscription = Subscription {
            keys: Keys::Milenage { k, opc },
            amf: [0, 0],
            class: Class::Operational,
            contract: Contract::default(),
            msisdn: Some(format!("8190{n:08}")),
        };
        network.provision(imsi(n).parse::<Imsi>().expect("an IMSI"), subscription);
    }
    let provisioned = HEAP.current_usage() - empty;
    println!(
        "{SUBSCRIBERS} subscribers provisioned in {:.2} s, {} octets each in the store",
        started.elapsed().as_secs_f64(),
        provisioned / SUBSCRIBERS as usize
    );

    for rat in [Rat::Lte, Rat::Umts] {
        run(&mut network, rat, empty);
    }
}

fn run(network: &mut Network, rat: Rat, empty: usize) {
    let cell = Cell { plmn: "00101".parse().expect("a PLMN"), rat, area: 1, level: -90 };
    let destination = Destination::of("www.example.com").expect("a destination");
    let mut rng = rng(1);
    let mut log = Log::silent();
    let started = Instant::now();
    let mut served = 0;
    for n in 0..SUBSCRIBERS {
        let (k, opc) = keys(n);
        let mut card = SmallUsim::new(&imsi(n), &k, &opc);
        let mut modem = Modem::new();
        let first = modem.power_on(&[cell]);
        let mut air = Waves { network, rng: &mut rng, card: &mut card, link: Link(n), log: &mut log };
        drive(&mut modem, first, &mut air).expect("in service");
        let bearer = modem.bearers()[0].id;
        let carried = network.connect(Link(n), bearer, (50_000, &destination), &mut log);
        let Carried::Decided { teid, .. } = carried else { panic!("subscriber {n} has no session") };
        network.count(teid, 500, 10_000);
        served += 1;
    }
    let took = started.elapsed().as_secs_f64();
    let used = HEAP.current_usage() - empty;
    assert_eq!(network.gateway().len(), SUBSCRIBERS as usize);
    println!(
        "{rat:?}: {served} devices read their USIM, attached, authenticated and were served in {took:.2} s: {:.0} a \
         second; {} octets of memory each, all nodes together",
        f64::from(served) / took,
        used / SUBSCRIBERS as usize
    );
}
