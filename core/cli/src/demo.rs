//! `esim-lab demo`: everything once, on this machine, over real HTTPS.

use crate::https::Https;
use crate::pki;
use anyhow::{Context, Result};
use esim_euicc::MemoryNvm;
use esim_sm_native::{Native, NativeOptions, PkiSource};
use esim_world::{ADDRESS, Agreeable, Clock, NOW, Seed, Story, StoryStep, World, tell};
use std::time::Instant;

/// `demo`.
#[derive(clap::Args)]
pub struct Demo {
    /// Makes everything random repeat, and stops the clock: two runs print one trace digest.
    #[arg(long)]
    seed: Option<u64>,
    /// Name of the operator.
    #[arg(long)]
    spn: Option<String>,
}

/// Tells the whole story, a line a chapter.
pub async fn run(args: Demo) -> Result<()> {
    let started = Instant::now();
    let seed = match args.seed {
        Some(number) => Seed::from_number(number),
        None => Seed::from_octets(crate::random_octets()?),
    };
    let clock = if args.seed.is_some() { Clock::Fixed(NOW) } else { crate::clock() };
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let own = seed.pki(&[ADDRESS, "localhost", "127.0.0.1"]);
    let card = seed.card(&own)?;
    pki::write(
        &folder.path().join("own"),
        &own,
        card.eid()?,
        &mut seed.stream(esim_world::Stream::Personalisation),
    )?;
    let server = Native::open(NativeOptions {
        data_dir: folder.path().join("sm"),
        smdp_address: Some(ADDRESS.to_string()),
        pki: PkiSource::Folder(folder.path().join("own")),
        token: Some("memory".to_string()),
        seed: args.seed,
        now: args.seed.map(|_| NOW),
        ..NativeOptions::default()
    })
    .context("the SM cannot start")?
    .serve()
    .context("the SM cannot start")?;
    say!("SM-DP+ {ADDRESS} at {}, card {}", server.url(), card.eid()?);

    let https = Https::with(std::slice::from_ref(&own.ci.certificate), None, Some((ADDRESS, server.addr)))?;
    let mut nvm = MemoryNvm::default();
    card.write_to(&mut nvm)?;
    let mut world = World::new(nvm, https, &own, seed, clock, (ADDRESS, "memory"))?;

    let mut last = Instant::now();
    let mut chapter = |step: &StoryStep| {
        let took = last.elapsed();
        last = Instant::now();
        say!(
            "{:>8.1} ms {:>5} messages {:>7} octets  {}",
            took.as_secs_f64() * 1e3,
            step.records.len(),
            step.octets,
            step.what
        );
    };
    let mut story = Story::default();
    if let Some(name) = args.spn {
        story.wish.service_provider_name = name;
    }
    let told = tell(&mut world, story, &mut Agreeable, &mut chapter).await;
    server.shutdown().await?;
    told.map_err(|reason| anyhow::anyhow!(reason))?;
    let apdus = world.trace().records().iter().filter(|record| record.interface == "APDU").count() / 2;
    say!(
        "done in {:.2} s: {} messages, {apdus} of them APDUs with their responses; trace digest {}",
        started.elapsed().as_secs_f64(),
        world.trace().records().len(),
        world.trace().digest()
    );
    Ok(())
}
