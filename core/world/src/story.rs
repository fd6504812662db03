//! The whole story in one go: ordered, downloaded, enabled, on the network,
//! reported, disabled, deleted. The command line shows it, tests on every host
//! compare its trace.

use crate::Clock;
use crate::operator::Wish;
use crate::port::User;
use crate::transport::Transport;
use crate::world::{ADDRESS, NOW, Seed, World, WorldError};
use esim_euicc::{MemoryNvm, Nvm};
use esim_lpa::{DownloadParams, Ending, ProfileRef};
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
        let wish = Wish {
            service_provider_name: "esim-lab".to_string(),
            msisdn: Some("+81901234567".to_string()),
            ..Wish::default()
        };
        Self { wish }
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
    let (ordered, wish) = world.order(story.wish).await.map_err(|error| error.to_string())?;
    told.chapter(world, format!("ordered at the SM-DP+: {}", ordered.activation_code));

    let mut params = DownloadParams::new(&ordered.activation_code).with_consent();
    params.confirmation_code = wish.confirmation_code.clone();
    params.notify = false;
    let outcome = world.download(params, user).await;
    let Ending::Installed(_) = &outcome.ending else {
        return Err(format!("the download failed: {:?}", outcome.ending));
    };
    let iccid = ordered.iccid;
    told.chapter(world, format!("downloaded and installed: ICCID {iccid}"));

    let profile = || ProfileRef::Iccid(iccid);
    world.enable(profile(), user).await.map_err(|error| format!("not enabled: {error}"))?;
    expect_profile(world, iccid, Some(true), user).await?;
    told.chapter(world, "enabled, card reset".to_string());

    let report = world.attach().map_err(|cause| format!("no service: {cause}"))?;
    if report.imsi != wish.imsi {
        return Err(format!("the modem read IMSI {} in place of {}", report.imsi, wish.imsi));
    }
    let operator = report.spn.as_deref().unwrap_or("no name");
    told.chapter(world, format!("on the network: {operator}, IMSI {}, PLMN {}", report.imsi, report.plmn));

    deliver(world, 2, user).await?;
    told.chapter(world, "installation and enabling reported to the SM-DP+".to_string());

    world.disable(profile(), user).await.map_err(|error| format!("not disabled: {error}"))?;
    expect_profile(world, iccid, Some(false), user).await?;
    world.delete(profile(), user).await.map_err(|error| format!("not deleted: {error}"))?;
    expect_profile(world, iccid, None, user).await?;
    told.chapter(world, "disabled and deleted".to_string());

    deliver(world, 2, user).await?;
    let order = world.show_order(iccid).await.map_err(|error| error.to_string())?;
    if order["state"] != "Installed" || order["onCard"]["state"] != "Deleted" {
        return Err(format!("the SM-DP+ has another story: {} {}", order["state"], order["onCard"]));
    }
    told.chapter(world, "deletion reported; the SM-DP+ and the card agree".to_string());
    Ok(iccid)
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
    let seed = Seed::from_number(seed);
    let pki = seed.pki(&[ADDRESS]);
    let config = Config::of_test_pki(ADDRESS, &pki)?;
    let sm = MemoryHost::new(config, seed.octets(), NOW);
    World::new(MemoryNvm::default(), sm, &pki, seed, Clock::Fixed(NOW), (ADDRESS, "memory"))
}
