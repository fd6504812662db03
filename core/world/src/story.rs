//! The whole story in one go: out of the factory with a provisioning profile, on the network and restricted;
//! ordered, downloaded through that, enabled, unrestricted, reported, disabled, fallen back, deleted. The
//! command line shows it, tests on every host compare its trace.

use crate::Clock;
use crate::operator::{Ordered, Wish};
use crate::picture::ELSEWHERE;
use crate::port::User;
use crate::transport::Transport;
use crate::world::{ADDRESS, NOW, Seed, World, WorldError};
use esim_euicc::{MemoryNvm, Nvm};
use esim_lpa::{DownloadParams, Ending, ProfileRef};
use esim_net::{Report, ServiceState};
use esim_rsp::Iccid;
use esim_sm_edge::MemoryHost;
use esim_sm_edge::smdp::Config;

/// What the story is about.
#[derive(Clone, Debug)]
pub struct Story {
    /// The subscriber; what is left empty is drawn.
    pub wish: Wish,
}

impl Default for Story {
    /// A subscriber of esim-lab with a telephone number.
    fn default() -> Self {
        Self { wish: Wish::usual() }
    }
}

/// A chapter that was finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryStep {
    /// What happened, for a person.
    pub what: String,
    /// Records of the trace that tell of it.
    pub records: core::ops::Range<usize>,
    /// Octets in these records.
    pub octets: usize,
}

/// Why a story ended early.
pub type StoryError = String;

/// Tells the story in a world; `chapter` hears of each step. Ends well only if
/// SM and card agree at the end.
///
/// # Errors
/// A sentence: which step, and why.
pub async fn tell<N: Nvm, T: Transport, U: User>(
    world: &mut World<N, T>,
    story: Story,
    user: &mut U,
    chapter: &mut dyn FnMut(&StoryStep),
) -> Result<Iccid, StoryError> {
    let mut told = Teller { from: 0, chapter };
    let pp = restricted(world, &mut told, user).await?;
    let (ordered, wish) = world.order(story.wish).await.map_err(|error| error.to_string())?;
    told.chapter(world, format!("ordered at the SM-DP+: {}", ordered.activation_code));

    install(world, &ordered, wish.confirmation_code.clone(), user).await?;
    let iccid = ordered.iccid;
    told.chapter(world, format!("downloaded through the restricted path and installed: ICCID {iccid}"));

    let profile = || ProfileRef::Iccid(iccid);
    world.enable(profile(), user).await.map_err(|error| format!("not enabled: {error}"))?;
    expect_profile(world, iccid, Some(true), user).await?;
    let report = in_service(world, &wish)?;
    let operator = report.spn.as_deref().unwrap_or("no name");
    told.chapter(
        world,
        format!(
            "enabled, card reset, on the network: {operator}, IMSI {}, PLMN {}",
            report.imsi, report.plmn
        ),
    );
    for (attempt, what) in [(world.browse(ELSEWHERE), ELSEWHERE), (world.call(), "a call")] {
        if !attempt.is_granted() {
            return Err(format!("{what} was not granted: {attempt}"));
        }
    }
    told.chapter(world, format!("unrestricted: {ELSEWHERE} opens, a call is put through"));

    deliver(world, 3, user).await?;
    told.chapter(world, "installation and the switch of profiles reported to the SM-DP+".to_string());

    world.disable(profile(), user).await.map_err(|error| format!("not disabled: {error}"))?;
    expect_profile(world, iccid, Some(false), user).await?;
    let fallen = world.fall_back(user).await.map_err(|error| format!("no fall-back: {error}"))?;
    if fallen != Some(pp) || world.service().state != ServiceState::InService {
        return Err(format!("after the fall-back: {:?}", world.service()));
    }
    world.delete(profile(), user).await.map_err(|error| format!("not deleted: {error}"))?;
    expect_profile(world, iccid, None, user).await?;
    told.chapter(world, "disabled, fallen back to the provisioning profile, deleted".to_string());

    deliver(world, 3, user).await?;
    let order = world.show_order(iccid).await.map_err(|error| error.to_string())?;
    if order["state"] != "Installed" || order["onCard"]["state"] != "Deleted" {
        return Err(format!("the SM-DP+ has another story: {} {}", order["state"], order["onCard"]));
    }
    told.chapter(world, "deletion reported; the SM-DP+ and the card agree".to_string());
    Ok(iccid)
}

/// The device is made, and switched on by its owner: it is on the network and reaches nothing but the SM.
async fn restricted<N: Nvm, T: Transport, U: User>(
    world: &mut World<N, T>,
    told: &mut Teller<'_>,
    user: &mut U,
) -> Result<Iccid, StoryError> {
    let (ordered, wish) = leave_the_factory(world, user).await?;
    let iccid = ordered.iccid;
    told.chapter(world, format!("left the factory with a provisioning profile: IMSI {}", wish.imsi));

    world.attach().map_err(|cause| format!("no service: {cause}"))?;
    in_service(world, &wish)?;
    let refusals = [world.browse(ELSEWHERE), world.call(), world.send_text("+81901234567", "Hello")];
    if let Some(granted) = refusals.iter().find(|attempt| attempt.is_granted()) {
        return Err(format!("a provisioning profile was granted something: {granted}"));
    }
    told.chapter(
        world,
        format!("powered on, attached, restricted: {ELSEWHERE}, a call and a message are refused"),
    );
    Ok(iccid)
}

/// A provisioning profile is ordered, loaded over the factory's own line and enabled; radio and Wi-Fi are off then.
async fn leave_the_factory<N: Nvm, T: Transport, U: User>(
    world: &mut World<N, T>,
    user: &mut U,
) -> Result<(Ordered, Wish), StoryError> {
    world.set_wifi(true);
    let (ordered, wish) = world.order(Wish::of_the_factory()).await.map_err(|error| error.to_string())?;
    install(world, &ordered, None, user).await?;
    let profile = ProfileRef::Iccid(ordered.iccid);
    world.enable(profile, user).await.map_err(|error| format!("not enabled: {error}"))?;
    deliver(world, 2, user).await?;
    world.set_wifi(false);
    Ok((ordered, wish))
}

async fn install<N: Nvm, T: Transport, U: User>(
    world: &mut World<N, T>,
    ordered: &Ordered,
    confirmation_code: Option<String>,
    user: &mut U,
) -> Result<(), StoryError> {
    let mut params = DownloadParams::new(&ordered.activation_code).with_consent();
    params.confirmation_code = confirmation_code;
    params.notify = false;
    let outcome = world.download(params, user).await;
    match &outcome.ending {
        Ending::Installed(_) => Ok(()),
        ending => Err(format!("the download failed: {ending:?}")),
    }
}

/// What the modem has read, if it is registered with this subscriber.
fn in_service<N: Nvm, T: Transport>(world: &World<N, T>, wish: &Wish) -> Result<Report, StoryError> {
    let service = world.service();
    if service.state != ServiceState::InService {
        return Err(format!("no service: {}", service.error.unwrap_or_default()));
    }
    let report = world.modem().usim().cloned().unwrap_or_default();
    match report.imsi == wish.imsi {
        true => Ok(report),
        false => Err(format!("the modem read IMSI {} in place of {}", report.imsi, wish.imsi)),
    }
}

struct Teller<'a> {
    from: usize,
    chapter: &'a mut dyn FnMut(&StoryStep),
}

impl Teller<'_> {
    fn chapter<N: Nvm, T: Transport>(&mut self, world: &World<N, T>, what: String) {
        let records = world.trace().records();
        let octets = records[self.from..].iter().map(|record| record.bytes.len()).sum();
        (self.chapter)(&StoryStep { what, records: self.from..records.len(), octets });
        self.from = records.len();
    }
}

async fn deliver<N: Nvm, T: Transport, U: User>(
    world: &mut World<N, T>,
    expected: usize,
    user: &mut U,
) -> Result<(), StoryError> {
    let notified = world.send_notifications(user).await;
    if notified.sent.len() == expected && notified.kept.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{} notifications were delivered, {} kept: {notified:?}",
        notified.sent.len(),
        notified.kept.len()
    ))
}

/// Whether the card has the profile, and whether it is enabled.
async fn expect_profile<N: Nvm, T: Transport, U: User>(
    world: &mut World<N, T>,
    iccid: Iccid,
    enabled: Option<bool>,
    user: &mut U,
) -> Result<(), StoryError> {
    let profiles = world.list(user).await.map_err(|error| error.to_string())?;
    let found = profiles.iter().find(|profile| profile.metadata.iccid == Some(iccid));
    if found.map(|profile| profile.enabled) == enabled {
        return Ok(());
    }
    Err(format!("the card has another story: {found:?}"))
}

/// A world in this process whose clock stands still: one seed, one trace.
///
/// # Errors
/// [`WorldError`].
pub fn in_memory(seed: u64) -> Result<World<MemoryNvm, MemoryHost>, WorldError> {
    in_memory_with(seed, |sm| sm)
}

/// The same, with the way to its SM as a host has it.
///
/// # Errors
/// [`WorldError`].
pub fn in_memory_with<T: Transport>(
    seed: u64,
    way: impl FnOnce(MemoryHost) -> T,
) -> Result<World<MemoryNvm, T>, WorldError> {
    let seed = Seed::from_number(seed);
    let pki = seed.pki(&[ADDRESS]);
    let config = Config::of_test_pki(ADDRESS, &pki)?;
    let sm = MemoryHost::new(config, seed.octets(), NOW);
    World::new(MemoryNvm::default(), way(sm), &pki, seed, Clock::Fixed(NOW), (ADDRESS, "memory"))
}
