//! `esim-lab net`: scenarios of the mobile network.

use anyhow::{Context, Result, bail};
use esim_world::{
    DEFAULT_RULES, Played, SCENARIOS, Scenario, StepDone, find_scenario, pcap, play, read_rules,
};
use std::path::PathBuf;
use std::process::ExitCode;

/// `net`.
#[derive(clap::Subcommand)]
pub enum Net {
    /// Lists the scenarios, one name a line.
    List,
    /// Plays a scenario with card, LPA, network and SM in this process.
    Run(Run),
    /// Prints the default rules, or checks a file of rules.
    Rules {
        /// Rules to check (TOML or JSON; see docs/NETWORK.md).
        file: Option<PathBuf>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// `net run`.
#[derive(clap::Args)]
pub struct Run {
    /// Name of a scenario (`esim-lab net list`), or a file (TOML).
    scenario: String,
    /// Rules of the network, in place of the scenario's (TOML or JSON).
    #[arg(long)]
    rules: Option<PathBuf>,
    /// Writes the trace, one JSON object a line.
    #[arg(long)]
    trace: Option<PathBuf>,
    /// Writes a capture for Wireshark and tshark.
    #[arg(long)]
    pcap: Option<PathBuf>,
    /// Steps and the state of the network as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs one of them; exit code 1 if a step came out otherwise than expected.
pub async fn run(command: Net) -> Result<ExitCode> {
    match command {
        Net::List => {
            SCENARIOS.iter().for_each(|(name, _)| say!("{name}"));
            Ok(ExitCode::SUCCESS)
        }
        Net::Rules { file, json } => {
            let is_default = file.is_none();
            let rules = match file {
                Some(path) => rules(&path)?,
                None => esim_world::net::Rules::default(),
            };
            match (json, is_default) {
                (true, _) => say!("{}", serde_json::to_string_pretty(&rules)?),
                (false, true) => crate::out::octets(DEFAULT_RULES.as_bytes()),
                (false, false) => crate::out::octets(toml::to_string(&rules)?.as_bytes()),
            }
            Ok(ExitCode::SUCCESS)
        }
        Net::Run(args) => scenario(args).await,
    }
}

fn rules(path: &PathBuf) -> Result<esim_world::net::Rules> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    read_rules(&text).map_err(|reason| anyhow::anyhow!("{}: {reason}", path.display()))
}

async fn scenario(args: Run) -> Result<ExitCode> {
    let text = match find_scenario(&args.scenario) {
        Some(text) => text.to_string(),
        None if std::path::Path::new(&args.scenario).exists() => {
            std::fs::read_to_string(&args.scenario).with_context(|| args.scenario.clone())?
        }
        None => bail!("no scenario {} (and no such file); esim-lab net list names them", args.scenario),
    };
    let mut scenario =
        Scenario::read(&text).map_err(|error| anyhow::anyhow!("{}: {error}", args.scenario))?;
    if let Some(path) = &args.rules {
        scenario.rules = rules(path)?;
    }
    if !args.json {
        say!("{}\n{}\n", scenario.title, scenario.summary.trim());
    }
    let mut each = |step: &StepDone| {
        if !args.json {
            print(step);
        }
    };
    let played = play(&scenario, &mut each).await?;
    if let Some(path) = &args.trace {
        std::fs::write(path, played.world.trace().to_lines()).with_context(|| path.display().to_string())?;
    }
    if let Some(path) = &args.pcap {
        std::fs::write(path, pcap(played.world.trace())).with_context(|| path.display().to_string())?;
    }
    if args.json {
        say!("{}", serde_json::to_string_pretty(&report(&scenario, &played))?);
    } else {
        let records = played.world.trace().records().len();
        say!("\n{records} messages; trace digest {}", played.world.trace().digest());
    }
    Ok(if played.is_as_expected() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(step: &StepDone) {
    say!("{:>3}. {}", step.n, step.performed.what);
    say!("     {} {}", if step.as_expected { "=>" } else { "!!" }, step.performed.outcome);
    if !step.as_expected {
        say!("     expected: {}", step.expected);
    }
}

fn report(scenario: &Scenario, played: &Played) -> serde_json::Value {
    serde_json::json!({
        "title": scenario.title,
        "asExpected": played.is_as_expected(),
        "steps": played.steps,
        "network": played.world.network().view(),
        "messages": played.world.trace().records().len(),
        "digest": played.world.trace().digest(),
    })
}
