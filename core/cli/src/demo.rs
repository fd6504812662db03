//! `esim-lab demo`: everything once, on this machine, over real HTTPS.

use crate::https::Https;
use crate::pki;
use anyhow::{Context, Result, bail};
use esim_euicc::MemoryNvm;
use esim_sm_native::{Native, NativeOptions, PkiSource, SealSecret, ServerHandle};
use esim_world::{ADDRESS, Act, Clock, NOW, Scenario, Seed, StepDone, World, play_in};
use std::path::Path;
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
    let server = serve(folder.path(), args.seed).context("the SM cannot start")?;
    say!("SM-DP+ {ADDRESS} at {}, card {}", server.url(), card.eid()?);

    let https = Https::with(std::slice::from_ref(&own.ci.certificate), None, Some((ADDRESS, server.addr)))?;
    let mut nvm = MemoryNvm::default();
    card.write_to(&mut nvm)?;
    let mut world = World::new(nvm, https, &own, seed, clock, (ADDRESS, "memory"))?;

    let mut scenario = Scenario::story()?;
    for step in &mut scenario.step {
        if let (Act::Order(wish), Some(name)) = (&mut step.act, &args.spn) {
            wish.service_provider_name.clone_from(name);
        }
    }
    let mut last = Instant::now();
    let mut each = |step: &StepDone| {
        let took = last.elapsed();
        last = Instant::now();
        let (from, end) = step.performed.records;
        say!(
            "{:>8.1} ms {:>4} messages  {} => {}",
            took.as_secs_f64() * 1e3,
            end - from,
            step.performed.what,
            step.performed.outcome
        );
    };
    let told = play_in(&mut world, &scenario, &mut each).await;
    server.shutdown().await?;
    if let Some(step) = told?.into_iter().find(|step| !step.as_expected) {
        bail!("step {}, {}: expected {}", step.n, step.performed.what, step.expected);
    }
    say!("the SM-DP+ and the card agree");
    let apdus = world.trace().records().iter().filter(|record| record.interface == "APDU").count() / 2;
    say!(
        "done in {:.2} s: {} messages, {apdus} of them APDUs with their responses; trace digest {}",
        started.elapsed().as_secs_f64(),
        world.trace().records().len(),
        world.trace().digest()
    );
    Ok(())
}

/// The SM, with the PKI and the records in this folder.
fn serve(folder: &Path, seed: Option<u64>) -> std::io::Result<ServerHandle> {
    Native::open(NativeOptions {
        data_dir: folder.join("sm"),
        smdp_address: Some(ADDRESS.to_string()),
        pki: PkiSource::Folder(folder.join("own")),
        token: Some("memory".to_string()),
        seed,
        seal_key: seed.map(|seed| SealSecret::from(Seed::from_number(seed).octets())),
        now: seed.map(|_| NOW),
        ..NativeOptions::default()
    })?
    .serve()
}
