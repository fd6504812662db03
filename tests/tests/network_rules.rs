//! Over random sequences of what devices, users and operators do: a provisioning profile reaches nothing but the
//! SM, and an operational one gets exactly its contract.

use esim_net::modem::Modem;
use esim_net::network::Carried;
use esim_net::{
    Action, Air, Answer, Cell, Class, Contract, Destination, Effect, Imsi, Keys, Link, Log, ModemError,
    Network, Rat, Service, ServiceState, Subscription,
};
use esim_tests::bench::rng;
use esim_tests::usim::SmallUsim;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;

const SM: &str = "smdp.esim-lab.example:443";
const DESTINATIONS: [&str; 9] = [
    SM,
    "smdp.esim-lab.example:80",
    "smdp.esim-lab.example:8443",
    "www.example.com:443",
    "203.0.113.80:443",
    "198.51.100.2:443",
    "esim-lab.example:443",
    "smdp.esim-lab.example.evil.example:443",
    "10.64.0.1:22",
];
const APNS: [&str; 5] = ["", "internet", "meters.example", "sm.provisioning", "no.such.apn"];
const PLMNS: [&str; 3] = ["00101", "00102", "44010"];

/// What somebody does.
#[derive(Clone, Debug)]
enum Doing {
    On,
    Off,
    Detach,
    Attach,
    Update,
    Move(usize, bool, u16),
    Apn(usize),
    Connect(usize),
    Call,
    Text,
    Supplementary,
    SwapCards,
    Withdraw,
    Sqn(u64),
}

fn doing() -> impl Strategy<Value = Doing> {
    prop_oneof![
        3 => Just(Doing::On),
        1 => Just(Doing::Off),
        1 => Just(Doing::Detach),
        1 => Just(Doing::Attach),
        1 => Just(Doing::Update),
        2 => (0..PLMNS.len(), any::<bool>(), 1..3u16).prop_map(|(plmn, lte, area)| Doing::Move(plmn, lte, area)),
        1 => (0..APNS.len()).prop_map(Doing::Apn),
        2 => (0..APNS.len()).prop_map(Doing::Connect),
        1 => Just(Doing::Call),
        1 => Just(Doing::Text),
        1 => Just(Doing::Supplementary),
        1 => Just(Doing::SwapCards),
        1 => prop::bool::weighted(0.2).prop_map(|it| if it { Doing::Withdraw } else { Doing::Update }),
        1 => (0..1u64 << 20).prop_map(Doing::Sqn),
    ]
}

fn contract() -> impl Strategy<Value = Contract> {
    (any::<[bool; 4]>(), prop::sample::subsequence(vec!["internet", "meters.example"], 1..=2)).prop_map(
        |([voice, sms, supplementary, roaming], apns)| Contract {
            voice,
            sms,
            supplementary,
            roaming,
            apns: apns.into_iter().map(String::from).collect(),
        },
    )
}

/// Two cards, two devices, one network.
struct Table {
    network: Network,
    rng: ChaCha20Rng,
    cards: [SmallUsim; 2],
    imsis: [Imsi; 2],
    modems: [Modem; 2],
    /// Which card is in which device.
    inserted: [usize; 2],
    cells: [Vec<Cell>; 2],
    contract: Contract,
    withdrawn: [bool; 2],
}

struct Waves<'a> {
    network: &'a mut Network,
    rng: &'a mut ChaCha20Rng,
    card: &'a mut SmallUsim,
    link: Link,
}

impl Air for Waves<'_> {
    fn card(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.card.transmit(apdu)
    }

    fn send(&mut self, cell: &Cell, message: &[u8]) -> Vec<Vec<u8>> {
        self.network.uplink(self.link, cell, message, self.rng, &mut Log::silent())
    }
}

const PROVISIONING: usize = 0;
const OPERATIONAL: usize = 1;

impl Table {
    fn new(contract: Contract) -> Self {
        let mut network = Network::default();
        network.set_sm(Destination::of(SM));
        let imsis = ["001019900000001", "001010000000002"];
        let cards = imsis.map(|imsi| SmallUsim::new(imsi, &[0x11; 16], &[0x22; 16]));
        let imsis = imsis.map(|imsi| imsi.parse::<Imsi>().expect("an IMSI"));
        // The order does not even say that the first one is a provisioning profile: its range does.
        for (imsi, own) in imsis.iter().zip([Contract::default(), contract.clone()]) {
            network.provision(
                *imsi,
                Subscription {
                    keys: Keys::Milenage { k: [0x11; 16], opc: [0x22; 16] },
                    amf: [0, 0],
                    class: Class::Operational,
                    contract: own,
                    msisdn: None,
                },
            );
        }
        let cells = vec![cell(0, true, 1)];
        Self {
            network,
            rng: rng(77),
            cards,
            imsis,
            modems: [Modem::new(), Modem::new()],
            inserted: [PROVISIONING, OPERATIONAL],
            cells: [cells.clone(), cells],
            contract,
            withdrawn: [false; 2],
        }
    }

    fn run(&mut self, device: usize, begin: impl FnOnce(&mut Modem) -> Effect) -> Result<Answer, ModemError> {
        let modem = &mut self.modems[device];
        let first = begin(modem);
        let mut air = Waves {
            network: &mut self.network,
            rng: &mut self.rng,
            card: &mut self.cards[self.inserted[device]],
            link: Link(device as u32),
        };
        esim_net::drive(modem, first, &mut air)
    }

    fn act(&mut self, device: usize, doing: &Doing) {
        let card = self.inserted[device];
        let cells = self.cells[device].clone();
        match doing {
            Doing::On => drop(self.run(device, |modem| modem.power_on(&cells))),
            Doing::Off => drop(self.run(device, Modem::power_off)),
            Doing::Detach => drop(self.run(device, Modem::detach)),
            Doing::Attach => drop(self.run(device, Modem::attach)),
            Doing::Update => drop(self.run(device, Modem::update)),
            Doing::Move(plmn, lte, area) => {
                let cells = vec![cell(*plmn, *lte, *area)];
                self.cells[device] = cells.clone();
                if self.modems[device].is_on() {
                    drop(self.run(device, |modem| modem.hear(&cells)));
                }
            }
            Doing::Apn(apn) => self.modems[device].set_apn(APNS[*apn]),
            Doing::Connect(apn) => drop(self.run(device, |modem| modem.connect(APNS[*apn]))),
            Doing::Call => self.service(device, card, Service::Voice),
            Doing::Text => self.service(device, card, Service::Sms),
            Doing::Supplementary => self.service(device, card, Service::Supplementary),
            Doing::SwapCards => {
                for device in [0, 1] {
                    drop(self.run(device, Modem::power_off));
                }
                self.inserted.swap(0, 1);
            }
            Doing::Withdraw => {
                let imsi = self.imsis[card];
                self.withdrawn[card] = true;
                let told = self.network.withdraw(&imsi, &mut self.rng, &mut Log::silent());
                if let Some((Link(number), message)) = told {
                    drop(self.run(number as usize, |modem| modem.unsolicited(message)));
                }
            }
            Doing::Sqn(sqn) => {
                if let Some(it) = self.network.hss_mut().authentication_mut(&self.imsis[card]) {
                    it.set_sqn(*sqn);
                }
            }
        }
    }

    /// A registered device gets a service if, and only if, it is in the contract.
    fn service(&mut self, device: usize, card: usize, service: Service) {
        let done = self.run(device, |modem| match service {
            Service::Voice => modem.call(),
            Service::Sms => modem.text("+81901234567", "Hello"),
            Service::Supplementary => modem.supplementary(),
        });
        let is_paid = card == OPERATIONAL && self.contract.has(service);
        match done {
            Ok(Answer::Granted) => assert!(is_paid, "{service:?} was granted to card {card}"),
            // The device was lost to another one with its card, and has come back.
            Ok(Answer::Registered) | Err(ModemError::NotRegistered) => {}
            Err(error) => {
                assert!(!is_paid || self.withdrawn[card], "{service:?} was refused to card {card}: {error}");
            }
            Ok(other) => panic!("{service:?}: {other:?}"),
        }
    }

    /// What holds in every state, for every device, bearer and destination.
    fn check(&mut self) {
        for device in [0, 1] {
            let card = self.inserted[device];
            let service = self.modems[device].service();
            let is_registered = service.state == ServiceState::InService;
            if is_registered && card == OPERATIONAL {
                assert!(!service.roaming || self.contract.roaming, "roams without a contract");
            }
            for bearer in 0..16 {
                for text in DESTINATIONS {
                    let destination = Destination::of(text).expect("a destination");
                    let to = (50_000, &destination);
                    let carried = self.network.connect(Link(device as u32), bearer, to, &mut Log::silent());
                    let Carried::Decided { decision, .. } = carried else { continue };
                    assert_eq!(decision.imsi, self.imsis[card], "the session of another card");
                    let allowed = decision.action == Action::Allow;
                    match card {
                        PROVISIONING => assert_eq!(allowed, text == SM, "{text} on bearer {bearer}"),
                        _ => {
                            assert!(self.contract.apns.contains(&decision.apn), "APN {}", decision.apn);
                            assert!(allowed, "{text} on bearer {bearer}: {}", decision.reason);
                        }
                    }
                }
            }
            // Whoever is in service has its default bearer, and it leads somewhere.
            if is_registered {
                let bearer = self.modems[device].bearers().first().expect("a bearer").id;
                let sm = Destination::of(SM).expect("a destination");
                let carried =
                    self.network.connect(Link(device as u32), bearer, (50_000, &sm), &mut Log::silent());
                assert!(matches!(carried, Carried::Decided { .. }), "device {device} in service, no session");
            }
        }
        let sessions = self.network.gateway().views().map(|session| session.address);
        let mut addresses: Vec<String> = sessions.collect();
        let all = addresses.len();
        addresses.sort();
        addresses.dedup();
        assert_eq!(addresses.len(), all, "one address for two sessions");
    }
}

fn cell(plmn: usize, lte: bool, area: u16) -> Cell {
    let rat = if lte { Rat::Lte } else { Rat::Umts };
    Cell { plmn: PLMNS[plmn].parse().expect("a PLMN"), rat, area, level: -90 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everybody_gets_what_is_theirs(
        contract in contract(),
        story in prop::collection::vec((0..2usize, doing()), 1..40),
    ) {
        let mut table = Table::new(contract);
        for (device, doing) in &story {
            table.act(*device, doing);
            table.check();
        }
    }
}

/// Rules whose only allowed destination is the SM, in every order of subscribers' wishes: nothing else gets through
/// for any host name that looks like it.
#[test]
fn no_name_is_taken_for_the_sm() {
    let mut table = Table::new(Contract::default());
    table.act(0, &Doing::On);
    let sm = Destination::of(SM).expect("a destination");
    for host in ["smdp.esim-lab.example.", "SMDP.esim-lab.EXAMPLE", "198.51.100.1"] {
        let it = Destination::of(&format!("{host}:443")).expect("a destination");
        let carried = table.network.connect(Link(0), 5, (1, &it), &mut Log::silent());
        let Carried::Decided { decision, .. } = carried else { panic!("no session") };
        assert_eq!((decision.action, decision.is_sm), (Action::Allow, true), "{host} is {sm}");
    }
    for host in ["smdp-esim-lab.example", "xsmdp.esim-lab.example", "smdp.esim-lab.example\u{0}", "@sm", "*"]
    {
        let it = Destination { host: host.into(), port: 443 };
        let carried = table.network.connect(Link(0), 5, (1, &it), &mut Log::silent());
        let Carried::Decided { decision, .. } = carried else { panic!("no session") };
        assert_eq!(decision.action, Action::Deny, "{host:?}");
    }
}

/// A network that answers so many messages and then no more.
struct FallsSilent<'a> {
    waves: Waves<'a>,
    answers: usize,
    sent: usize,
}

impl Air for FallsSilent<'_> {
    fn card(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.waves.card(apdu)
    }

    fn send(&mut self, cell: &Cell, message: &[u8]) -> Vec<Vec<u8>> {
        self.sent += 1;
        assert!(self.sent < 40, "the modem asks without end");
        if self.sent > self.answers { Vec::new() } else { self.waves.send(cell, message) }
    }
}

/// Wherever a network falls silent, the procedure under way comes to its end.
#[test]
fn silence_ends_every_procedure() {
    for (lte, answers) in (0..12).flat_map(|answers| [(true, answers), (false, answers)]) {
        let mut table = Table::new(Contract::default());
        let cells = [cell(0, lte, 1)];
        let waves = Waves {
            network: &mut table.network,
            rng: &mut table.rng,
            card: &mut table.cards[OPERATIONAL],
            link: Link(0),
        };
        let mut air = FallsSilent { waves, answers, sent: 0 };
        let modem = &mut table.modems[0];
        let mut ends = Vec::new();
        let first = modem.power_on(&cells);
        ends.push(esim_net::drive(modem, first, &mut air));
        for begin in [Modem::call, Modem::supplementary, Modem::update, Modem::detach] {
            let first = begin(modem);
            ends.push(esim_net::drive(modem, first, &mut air));
        }
        let is_silent = |end: &Result<Answer, ModemError>| *end == Err(ModemError::Silent);
        assert!(ends.iter().any(is_silent) || air.sent <= answers, "{lte} {answers}: {ends:?}");
    }
}
