//! The whole story with a fault in it: whatever happens to one message, nobody panics, card and SM do not disagree for
//! good, a code ends only where SGP.22 says so, no notification is lost and a doubled one has no second effect; and once
//! the fault is gone, what was wanted can be had.
//!
//! One thing the standard has no remedy for, and it is let pass here: a notification whose octets are changed between
//! card and SM is answered 204 like any other (SGP.22 5.6.4), and the LPA, which cannot verify it, removes it. The SM
//! then says in its log that it has ignored one.

use esim_euicc::MemoryNvm;
use esim_rsp::Iccid;
use esim_rsp::trace::{Party, Record};
use esim_sm_edge::{MemoryHost, block_on};
use esim_world::link::{Certificate, Other};
use esim_world::words::party;
use esim_world::{
    Act, Agreeable, Done, Filter, How, Scenario, Snapshot, Step, Tampering, Wish, World, in_memory,
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use serde_json::Value;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

type Lab = World<MemoryNvm, MemoryHost>;

/// A fault by name.
#[derive(Clone, Copy)]
pub struct Fault {
    /// For a reader.
    pub name: &'static str,
    make: fn(&Record) -> How,
    /// To which messages it can happen.
    pub applies: fn(&Record) -> bool,
}

/// What may happen to a message.
pub const FAULTS: &[Fault] = &[
    Fault { name: "drop", make: |_| How::Drop, applies: may_be_lost },
    Fault { name: "delay by 1 s", make: |_| How::Delay(1), applies: is_linked },
    Fault { name: "delay by 2 h", make: |_| How::Delay(7200), applies: is_linked },
    Fault { name: "duplicate", make: |_| How::Duplicate, applies: is_linked },
    Fault { name: "replay", make: |_| How::Replay, applies: is_linked },
    Fault { name: "cut off whole", make: |_| How::Truncate(0), applies: is_linked },
    Fault { name: "cut in half", make: |it| How::Truncate(it.bytes.len() / 2), applies: may_be_lost },
    Fault { name: "flip in the first octet", make: |_| flip(0, 0x01), applies: is_linked },
    Fault {
        name: "flip in the middle",
        make: |it| flip((it.bytes.len() / 2) as isize, 0x10),
        applies: is_linked,
    },
    Fault { name: "flip in the last octet", make: |_| flip(-1, 0x80), applies: is_linked },
    Fault { name: "power cut before a write", make: |_| How::PowerCut(0), applies: is_to_card },
    Fault { name: "power cut after one write", make: |_| How::PowerCut(1), applies: is_to_card },
    Fault { name: "power cut after all writes", make: |_| How::PowerCut(1000), applies: is_to_card },
    Fault { name: "memory full", make: |_| How::MemoryFull, applies: is_to_card },
    Fault {
        name: "another CI's certificate",
        make: |it| other(it, Other::AnotherCi),
        applies: has_certificate,
    },
    Fault {
        name: "another role's certificate",
        make: |it| other(it, Other::DsAuth),
        applies: has_certificate,
    },
];

fn flip(octet: isize, mask: u8) -> How {
    How::Flip { octet, mask }
}

fn other(record: &Record, with: Other) -> How {
    let field = certificate_of(record).unwrap_or_default().to_string();
    How::Certificate(Certificate { field, with })
}

/// The certificate in a message.
fn certificate_of(record: &Record) -> Option<&'static str> {
    Some(match &*record.function {
        "AuthenticateServer" | "initiateAuthentication response" => "serverCertificate",
        "PrepareDownload" | "authenticateClient response" => "smdpCertificate",
        "AuthenticateServer response" | "authenticateClient" => "euiccCertificate",
        _ => return None,
    })
}

fn has_certificate(record: &Record) -> bool {
    certificate_of(record).is_some()
}

fn is_to_card(record: &Record) -> bool {
    record.interface == "APDU" && record.to == Party::Euicc
}

/// Whether anything may happen to a message on its way: all but those between nodes of the network, which can be lost.
pub fn is_linked(record: &Record) -> bool {
    matches!(&*record.interface, "ES2+" | "operator" | "ES9+" | "ES10a" | "ES10b" | "ES10c" | "APDU" | "NAS")
}

/// Whether a message may be lost: all but those that only tell of it.
fn may_be_lost(record: &Record) -> bool {
    is_linked(record) || matches!(&*record.interface, "S6a" | "S11" | "policy")
}

/// Octets that are changed and go on as if they were those that were sent.
fn is_silent(how: &How) -> bool {
    matches!(how, How::Replay | How::Truncate(_) | How::Flip { .. } | How::Edit(_))
}

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The message that had the fault.
    pub message: u32,
    /// The message by name, and the fault.
    pub fault: String,
    /// What is wrong.
    pub what: String,
}

impl core::fmt::Display for Violation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "message {}, {}: {}", self.message, self.fault, self.what)
    }
}

/// The story, told once without a fault; a fault may then happen to each of its messages.
pub struct Story {
    steps: Vec<Step>,
    /// As it was before each step, and the number of its first message.
    before: Vec<(Snapshot<MemoryNvm, MemoryHost>, u32)>,
    messages: Vec<Record>,
    world: Lab,
}

impl Story {
    /// Tells the story of a seed.
    ///
    /// # Panics
    /// If it does not end well without a fault.
    pub fn tell(seed: u64) -> Self {
        let mut world = in_memory(seed).expect("a world");
        let steps = Scenario::story().expect("a scenario").step;
        let mut before = Vec::new();
        for step in &steps {
            let first = world.trace().records().len() as u32;
            before.push((world.snapshot().expect("an SM in memory"), first));
            let performed = block_on(world.perform(&step.act)).expect("an act");
            assert!(step.expect.is_met_by(&performed.done), "{}: {}", performed.what, performed.outcome);
        }
        let messages = world.trace().records().to_vec();
        Self { steps, before, messages, world }
    }

    /// All its messages, in order.
    pub fn messages(&self) -> impl Iterator<Item = &Record> {
        self.messages.iter()
    }

    /// Each message with some fault, and each fault so many times if there are messages enough to which it can happen.
    pub fn plan(&self, times: usize) -> Vec<(u32, &'static Fault)> {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let mut pick = move |length: usize| rng.next_u32() as usize % length.max(1);
        let mut plan = Vec::new();
        for record in &self.messages {
            let faults: Vec<&Fault> = FAULTS.iter().filter(|fault| (fault.applies)(record)).collect();
            plan.extend(faults.get(pick(faults.len())).map(|fault| (record.n, *fault)));
        }
        for fault in FAULTS {
            let is_planned =
                |n: u32| plan.iter().any(|(message, own)| *message == n && own.name == fault.name);
            let left = self.messages.iter().filter(|record| (fault.applies)(record) && !is_planned(record.n));
            let mut left: Vec<u32> = left.map(|record| record.n).collect();
            let mut happens = plan.iter().filter(|(_, own)| own.name == fault.name).count();
            while happens < times && !left.is_empty() {
                plan.push((left.swap_remove(pick(left.len())), fault));
                happens += 1;
            }
        }
        plan
    }

    /// Tells it with one fault; whether the fault did anything, or what is wrong.
    ///
    /// # Errors
    /// [`Violation`].
    pub fn with_fault(&mut self, message: u32, fault: &Fault) -> Result<bool, Violation> {
        let record = &self.messages[message as usize];
        let how = (fault.make)(record);
        let (from, to) = (party(record.from), party(record.to));
        let fault = format!("{} {} ({from} to {to}), {}", record.interface, record.function, fault.name);
        let told = catch_unwind(AssertUnwindSafe(|| self.told_with(message, how)));
        let told = told.unwrap_or_else(|panic| {
            let why = panic.downcast_ref::<String>().cloned();
            let why = why.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            Err(format!("panics: {}", why.unwrap_or_default()))
        });
        told.map_err(|what| Violation { message, fault, what })
    }

    fn told_with(&mut self, message: u32, how: How) -> Result<bool, String> {
        let at = self.before.iter().rposition(|(_, first)| *first <= message).unwrap_or_default();
        let world = &mut self.world;
        assert!(world.restore(&self.before[at].0), "an SM in memory");
        let is_silent = is_silent(&how);
        let tampering = Tampering::once(Filter::number(message), how);
        perform(world, &Act::Tamper(Box::new(tampering)))?;
        let step = &self.steps[at];
        let performed = block_on(world.perform(&step.act)).map_err(|error| error.to_string())?;
        let [tampered] = &performed.tampered[..] else {
            return Err("the message did not come".to_string());
        };
        let effective = tampered.effective;
        perform(world, &Act::Mend)?;
        let ends = [self.messages[message as usize].from, self.messages[message as usize].to];
        let is_of_operator = ends.contains(&Party::Operator);
        let mut teller = Teller { world, is_out: at > 0, is_silent, is_of_operator, log: String::new() };
        if !teller.holds(step, &performed.done)? {
            teller.remedy(step)?;
            teller.attempt(step)?;
        }
        for step in &self.steps[at + 1..] {
            teller.attempt(step)?;
        }
        teller.agree()?;
        Ok(effective)
    }
}

fn perform(world: &mut Lab, act: &Act) -> Result<Done, String> {
    block_on(world.perform(act)).map(|performed| performed.done).map_err(|error| error.to_string())
}

/// Tells the rest of the story as somebody would who knows that something has gone wrong.
struct Teller<'a> {
    world: &'a mut Lab,
    /// The device has left the factory.
    is_out: bool,
    /// The fault was of those that nobody but the last receiver can tell.
    is_silent: bool,
    /// It was between operator and SM.
    is_of_operator: bool,
    /// What the SM has logged.
    log: String,
}

impl Teller<'_> {
    /// Takes a step, again if need be; once the fault is gone it must succeed.
    fn attempt(&mut self, step: &Step) -> Result<(), String> {
        let mut last = String::new();
        for _ in 0..3 {
            let performed = block_on(self.world.perform(&step.act)).map_err(|error| error.to_string())?;
            if self.holds(step, &performed.done)? {
                self.is_out = true;
                return Ok(());
            }
            last = performed.outcome.en;
            self.remedy(step)?;
        }
        Err(format!("“{}” cannot be had any more: {last}", step.act.words().en))
    }

    /// What somebody does before he tries again.
    fn remedy(&mut self, step: &Step) -> Result<(), String> {
        if self.is_out {
            perform(self.world, &Act::RadioOn)?;
        }
        match &step.act {
            // The package was refused for good, or handed out too often: the operator orders anew.
            Act::Download(id) if self.is_over(id)? => {
                let wish = Wish { id: id.clone(), ..Wish::usual() };
                perform(self.world, &Act::Order(Box::new(wish)))?;
            }
            // Somebody else's answer has reached the operator: what he has is no order of his.
            Act::Download(id) if self.is_of_operator => {
                let wish = Wish { id: id.clone(), ..Wish::usual() };
                perform(self.world, &Act::Order(Box::new(wish)))?;
            }
            // A command of before has enabled another profile.
            Act::FallBack => {
                perform(self.world, &Act::Disable("op".into()))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether what a step is for is so.
    fn holds(&mut self, step: &Step, done: &Done) -> Result<bool, String> {
        let phone = block_on(self.world.phone(&mut Agreeable)).map_err(|failure| failure.to_string())?;
        let has = |iccid: Option<Iccid>| phone.profiles.iter().find(|it| it.metadata.iccid == iccid);
        let in_service = self.world.service().state == esim_net::ServiceState::InService;
        Ok(match &step.act {
            Act::LeaveFactory => phone.provisioning.iter().any(|pp| pp.enabled),
            Act::RadioOn => in_service,
            Act::Download(id) => has(self.iccid(id)).is_some(),
            Act::Enable(id) => has(self.iccid(id)).is_some_and(|op| op.enabled) && in_service,
            Act::Disable(id) => has(self.iccid(id)).is_some_and(|op| !op.enabled),
            Act::Delete(id) => has(self.iccid(id)).is_none(),
            Act::FallBack => phone.provisioning.iter().any(|pp| pp.enabled) && in_service,
            Act::Notify => phone.notifications == 0,
            Act::ShowOrder(_) if self.has_ignored() => true,
            _ => step.expect.is_met_by(done),
        })
    }

    /// Whether the SM has ignored a notification that was changed on its way.
    fn has_ignored(&mut self) -> bool {
        self.log += &self.world.transport().take_log().join("\n");
        let not_new = ["ignored: ", "known already for "];
        self.is_silent && not_new.iter().any(|word| self.log.contains(word))
    }

    fn iccid(&self, id: &str) -> Option<Iccid> {
        let named = self.world.orders().iter().rev().find(|(_, wish)| wish.id == id);
        named.map(|(ordered, _)| ordered.iccid)
    }

    /// Whether an order cannot be fetched any more: only where the card has said so (SGP.22 3.1.6).
    fn is_over(&mut self, id: &str) -> Result<bool, String> {
        let Some(iccid) = self.iccid(id) else { return Ok(false) };
        let order = block_on(self.world.show_order(iccid)).map_err(|error| error.to_string())?;
        match order["state"].as_str() {
            Some("Error") => {}
            Some("Released" | "Downloaded" | "Installed") => return Ok(false),
            _ => return Err(format!("the order is in a state that no download leads to: {order}")),
        }
        let history = order["history"].as_array().into_iter().flatten();
        let ended = history.filter(|entry| entry["state"] == "Error").find_map(|it| it["function"].as_str());
        match ended {
            // What the card has signed: it has not installed the package, or the session was cancelled.
            Some("handleNotification" | "cancelSession") => Ok(true),
            _ => Err(format!("the order is over without a word of the card: {order}")),
        }
    }

    /// Card and SM agree on each profile that was ordered, and each notification was heard once.
    fn agree(&mut self) -> Result<(), String> {
        perform(self.world, &Act::Notify)?;
        let phone = block_on(self.world.phone(&mut Agreeable)).map_err(|failure| failure.to_string())?;
        if phone.notifications != 0 {
            return Err(format!("{} notifications are kept for ever", phone.notifications));
        }
        let cards: BTreeMap<String, &str> = phone
            .profiles
            .iter()
            .chain(&phone.provisioning)
            .filter_map(|profile| {
                let state = if profile.enabled { "Enabled" } else { "Disabled" };
                Some((profile.metadata.iccid?.to_string(), state))
            })
            .collect();
        let all = block_on(self.world.list_orders()).map_err(|error| error.to_string())?;
        let all = all["orders"].as_array().ok_or("no list of orders")?;
        let iccids: Vec<Iccid> =
            all.iter().filter_map(|order| order["iccid"].as_str()?.parse().ok()).collect();
        if self.has_ignored() {
            return Ok(());
        }
        for iccid in &iccids {
            let order = block_on(self.world.show_order(*iccid)).map_err(|error| error.to_string())?;
            agrees(&order, cards.get(&iccid.to_string()).copied())?;
        }
        let unknown = cards.keys().find(|card| !iccids.iter().any(|iccid| iccid.to_string() == **card));
        unknown.map_or(Ok(()), |iccid| Err(format!("the SM does not know {iccid}, which is on the card")))
    }
}

fn agrees(order: &Value, on_card: Option<&str>) -> Result<(), String> {
    let told = order["onCard"]["state"].as_str();
    let state = order["state"].as_str();
    let is_there = match (on_card, state, told) {
        (Some(is), Some("Installed"), told) => {
            told == Some(is) || (told == Some("Installed") && is == "Disabled")
        }
        (Some(_), ..) => false,
        // It was there, and is not any more.
        (None, Some("Installed"), told) => told == Some("Deleted"),
        (None, ..) => true,
    };
    let is_there = is_there || order["state"].is_null();
    match is_there {
        true => Ok(()),
        false => Err(format!(
            "the card has the profile {}, the SM says {} and {}: {order}",
            on_card.unwrap_or("not"),
            state.unwrap_or("nothing"),
            told.unwrap_or("nothing")
        )),
    }
}
