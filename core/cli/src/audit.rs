//! `esim-lab sm audit`: whether the histories of orders are as they were written, and what stands in them.

use crate::batch::write_private;
use crate::operator::Server;
use anyhow::{Context, Result, bail};
use esim_rsp::Iccid;
use esim_sm_edge::csv;
use esim_sm_edge::smdp::admin::{AuditOk, HistoryView};
use esim_sm_edge::smdp::order::HistoryEntry;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Orders that are asked for at once.
const PAGE: usize = 100;

/// `sm audit`.
#[derive(clap::Args)]
pub struct Audit {
    #[command(flatten)]
    server: Server,
    /// Exports every entry as a line of JSON.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Exports every entry as CSV.
    #[arg(long)]
    csv: bool,
    /// Exports into a file, for its owner alone.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Holds everything against an earlier export (--json) that was kept elsewhere.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
}

/// An entry as it is exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    iccid: Iccid,
    /// From 1, in each order.
    number: u64,
    #[serde(flatten)]
    entry: HistoryEntry,
}

/// Exit code 1 if something does not hold.
pub async fn audit(args: Audit) -> Result<ExitCode> {
    let earlier = args.against.as_deref().map(read_export).transpose()?.unwrap_or_default();
    let histories = fetch(&args.server).await?;
    let mut findings: Vec<String> = histories
        .iter()
        .filter_map(|history| Some(format!("{}: {}", history.iccid, history.finding.as_ref()?)))
        .collect();
    findings.extend(compare(&earlier, &histories));
    let lines: Vec<Line> = histories.iter().flat_map(lines).collect();
    export(&args, &lines)?;
    let open = lines.iter().filter(|line| line.entry.mac.is_none()).count();
    let mut summary = format!("{} orders, {} entries", histories.len(), lines.len());
    if open > 0 {
        summary += &format!(", {open} of them from before histories were sealed");
    }
    summary += &match findings.len() {
        0 => ": all as they were written".to_string(),
        1 => ": 1 finding".to_string(),
        count => format!(": {count} findings"),
    };
    for finding in &findings {
        tell!("{finding}");
    }
    match (args.json || args.csv) && args.output.is_none() {
        true => tell!("{summary}"),
        false => say!("{summary}"),
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn fetch(server: &Server) -> Result<Vec<HistoryView>> {
    let client = server.connect()?;
    let (mut histories, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("audit?limit={PAGE}{after}");
        let page: AuditOk = crate::operator::success(client.send(&path, None).await?)?;
        histories.extend(page.histories);
        match page.next {
            Some(next) => after = format!("&after={next}"),
            None => return Ok(histories),
        }
    }
}

fn lines(history: &HistoryView) -> impl Iterator<Item = Line> + '_ {
    let numbered = history.entries.iter().zip(history.first..);
    numbered.map(|(entry, number)| Line { iccid: history.iccid, number, entry: entry.clone() })
}

fn read_export(path: &Path) -> Result<Vec<Line>> {
    let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
    let mut lines = Vec::new();
    for (line, place) in BufReader::new(file).lines().zip(1..) {
        let line = line.with_context(|| path.display().to_string())?;
        match serde_json::from_str(&line) {
            Ok(line) => lines.push(line),
            Err(_) => bail!("{}, line {place}: no line of `sm audit --json`", path.display()),
        }
    }
    Ok(lines)
}

/// What an earlier export has and is not there any more, or otherwise; one finding an order.
fn compare(earlier: &[Line], now: &[HistoryView]) -> Vec<String> {
    let now: BTreeMap<String, &HistoryView> =
        now.iter().map(|history| (history.iccid.to_string(), history)).collect();
    let mut findings = BTreeMap::new();
    for line in earlier {
        let iccid = line.iccid.to_string();
        let finding = match now.get(&iccid) {
            None => "the order is gone".to_string(),
            Some(history) if is_in(line, history) => continue,
            Some(_) => format!("entry {} is not what the earlier export has", line.number),
        };
        findings.entry(iccid).or_insert(finding);
    }
    findings.into_iter().map(|(iccid, finding)| format!("{iccid}: {finding}")).collect()
}

/// MACs are others after a change of the seal key.
fn is_in(line: &Line, history: &HistoryView) -> bool {
    let without_mac = |entry: &HistoryEntry| HistoryEntry { mac: None, ..entry.clone() };
    let place =
        line.number.checked_sub(history.first).map(|place| usize::try_from(place).unwrap_or(usize::MAX));
    // The oldest entries of a long history go.
    place.is_none_or(|place| {
        history.entries.get(place).is_some_and(|entry| without_mac(entry) == without_mac(&line.entry))
    })
}

fn export(args: &Audit, lines: &[Line]) -> Result<()> {
    let octets = match (args.csv, args.json || args.output.is_some()) {
        (true, _) => as_csv(lines),
        (_, true) => {
            let mut octets = Vec::new();
            for line in lines {
                serde_json::to_writer(&mut octets, line)?;
                octets.push(b'\n');
            }
            octets
        }
        _ => return Ok(()),
    };
    match &args.output {
        Some(path) => write_private(path, &octets),
        None => {
            crate::out::octets(&octets);
            Ok(())
        }
    }
}

fn as_csv(lines: &[Line]) -> Vec<u8> {
    let columns = [
        "iccid",
        "number",
        "at",
        "function",
        "what",
        "state",
        "subjectCode",
        "reasonCode",
        "credential",
        "oid",
        "address",
        "mac",
    ];
    let text = |value: Option<&String>| value.cloned().unwrap_or_default();
    let rows = lines.iter().map(|Line { iccid, number, entry }| {
        let by = entry.by.as_ref();
        [
            iccid.to_string(),
            number.to_string(),
            entry.at.to_string(),
            entry.function.clone(),
            entry.what.clone(),
            entry.state.to_string(),
            text(entry.subject_code.as_ref()),
            text(entry.reason_code.as_ref()),
            by.map(|by| by.credential.name().to_string()).unwrap_or_default(),
            text(by.and_then(|by| by.oid.as_ref())),
            text(by.and_then(|by| by.address.as_ref())),
            entry.mac.as_ref().map(|mac| hex::encode(&mac.0)).unwrap_or_default(),
        ]
    });
    csv::write(columns, rows)
}
