//! `esim-lab sm backup | restore | reseal | check`: the records of an SM on this machine.

use anyhow::{Context, Result};
use esim_sm_native::{self as native, SealSecret};
use std::path::PathBuf;
use std::process::ExitCode;

/// Where the key is that records are sealed with.
#[derive(clap::Args)]
pub struct Key {
    /// Key that records are sealed with, 64 hexadecimal digits; that of the data folder if absent.
    #[arg(long, env = "ESIM_LAB_SEAL_KEY", hide_env_values = true, value_name = "KEY", hide = true)]
    seal_key: Option<String>,
    /// File with that key, which nobody but its owner may read. ESIM_LAB_SEAL_KEY in the environment holds the key
    /// itself.
    #[arg(long, value_name = "FILE")]
    seal_key_file: Option<PathBuf>,
}

impl Key {
    /// The key given, if one is.
    pub fn read(&self) -> Result<Option<SealSecret>> {
        let key = match (&self.seal_key_file, &self.seal_key) {
            (Some(path), _) => Some(SealSecret::read(path)?),
            (None, Some(text)) => Some(SealSecret::parse(text).context("ESIM_LAB_SEAL_KEY")?),
            (None, None) => None,
        };
        Ok(key)
    }
}

/// `sm backup`.
#[derive(clap::Args)]
pub struct Backup {
    /// The copy, a new file.
    file: PathBuf,
    /// Data folder of the SM, which may go on serving.
    #[arg(long, default_value = "./data")]
    data: PathBuf,
}

/// Copies the records.
pub fn backup(args: &Backup) -> Result<()> {
    native::backup(&args.data, &args.file)?;
    say!("{} has the records as they were just now, sealed.", args.file.display());
    say!("The key is not in it: keep seal.key (or ESIM_LAB_SEAL_KEY), token and pki/ elsewhere.");
    Ok(())
}

/// `sm restore`.
#[derive(clap::Args)]
pub struct Restore {
    /// The copy.
    file: PathBuf,
    /// Data folder of the SM, which must not run.
    #[arg(long, default_value = "./data")]
    data: PathBuf,
    /// Puts records that are there already aside: sm.sqlite.before.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    key: Key,
}

/// Puts a copy in the place of the records.
pub fn restore(args: &Restore) -> Result<()> {
    native::restore(&args.data, args.key.read()?, &args.file, args.force)?;
    say!("{} has the records of {}.", args.data.display(), args.file.display());
    Ok(())
}

/// `sm reseal`.
#[derive(clap::Args)]
pub struct Reseal {
    /// File with the new key, 64 hexadecimal digits; drawn if it is not there.
    #[arg(long, value_name = "FILE")]
    new_key: PathBuf,
    /// Data folder of the SM, which must not run.
    #[arg(long, default_value = "./data")]
    data: PathBuf,
    #[command(flatten)]
    key: Key,
}

/// Seals all records with another key.
pub fn reseal(args: &Reseal) -> Result<()> {
    let given = args.key.read()?;
    let elsewhere = given.is_some();
    let resealed = native::reseal(&args.data, given, &args.new_key, &mut crate::random()?)?;
    say!("{} records are sealed with the key in {} now.", resealed.records, args.new_key.display());
    for name in &resealed.damaged {
        say!("{name} is damaged and was left as it is.");
    }
    match elsewhere {
        true => say!("Start the SM with that key: --seal-key-file, or ESIM_LAB_SEAL_KEY."),
        false => say!("{}/seal.key holds it, too.", args.data.display()),
    }
    say!("Copies made before open with the old key only.");
    Ok(())
}

/// `sm check`.
#[derive(clap::Args)]
pub struct Check {
    /// Data folder of the SM, which may go on serving.
    #[arg(long, default_value = "./data")]
    data: PathBuf,
    #[command(flatten)]
    key: Key,
}

/// Reads every record. Exit code 1 if some are damaged, or the database is.
pub fn check(args: &Check) -> Result<ExitCode> {
    let checked = native::check(&args.data, args.key.read()?)?;
    if let Some(what) = &checked.database {
        say!("the database is damaged: {what}");
    }
    for (_, reason) in &checked.damaged {
        say!("{reason}");
    }
    let sound: Vec<_> = checked.sound.iter().map(|(kind, count)| format!("{kind}: {count}")).collect();
    say!(
        "{} damaged; sound are {}",
        checked.damaged.len(),
        if sound.is_empty() { "none".into() } else { sound.join(", ") }
    );
    if checked.is_sound() {
        return Ok(ExitCode::SUCCESS);
    }
    say!(
        "What is damaged is in a copy, perhaps: `esim-lab sm restore FILE --force`, and all later orders again."
    );
    Ok(ExitCode::FAILURE)
}
