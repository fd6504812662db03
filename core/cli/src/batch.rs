//! `esim-lab sm import | templates | orders`: subscribers into profiles, many at a time.

use crate::operator::Server;
use anyhow::{Context, Result, bail};
use esim_rsp::es9p::Answer;
use esim_rsp::json::RequestHeader;
use esim_sm_edge::csv;
use esim_sm_edge::smdp::admin::{
    Column, Flaw, ImportOk, ImportRequest, ListTemplatesOk, ROW_LIMIT, ReportOk, ReportRow, Row, RowOutcome,
    RowResult,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Requests that are under way at a time: the server has something to do while the next one travels.
const IN_FLIGHT: usize = 4;
/// Octets of a request, well below what a server takes.
const CHUNK_OCTETS: usize = 768 << 10;
/// Refusals that are shown; the report has all.
const SHOWN: usize = 20;

/// `sm import`.
#[derive(clap::Args)]
pub struct Import {
    /// CSV with a header row, or JSON: a list of rows. Columns: docs/SM.md, or `sm templates`.
    file: PathBuf,
    #[command(flatten)]
    server: Server,
    /// What to make of the subscribers: operational, provisioning, test, or one of the server's own.
    #[arg(long, short)]
    template: String,
    /// Leaves the profiles in stock, to be ordered over ES2+ later.
    #[arg(long, conflicts_with = "release")]
    stock: bool,
    /// Lets the profiles be fetched at once.
    #[arg(long)]
    release: bool,
    /// Profiles are fetched without a matchingId, by the EID of each row.
    #[arg(long)]
    default_smdp: bool,
    /// OID of the operator whose the orders are.
    #[arg(long, value_name = "OID")]
    operator: Option<String>,
    /// Writes a line for each row here: what became of it, activation code, reason (CSV).
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Writes a QR code for each order into this folder: ICCID.svg.
    #[arg(long, value_name = "FOLDER")]
    qr: Option<PathBuf>,
    /// No progress bar.
    #[arg(long, short)]
    quiet: bool,
}

/// Imports a file. Every row that can be used becomes an order; the same file again changes nothing.
///
/// Exit code 1 if rows were refused.
pub async fn import(args: Import) -> Result<ExitCode> {
    let rows = read_rows(&args.file)?;
    let (rows, clashing) = separate(rows);
    let total = rows.len();
    let client = Arc::new(args.server.connect()?);
    check_template(&client, &args.template).await?;
    let bar = progress(total, args.quiet);
    let mut made = ImportOk::default();
    made.add(clashing);
    let mut waiting = chunks(&args, rows).into_iter();
    let mut under_way = JoinSet::new();
    loop {
        while under_way.len() < IN_FLIGHT {
            let Some(chunk) = waiting.next() else { break };
            let client = client.clone();
            under_way.spawn(async move { client.send::<Answer<ImportOk>>("import", Some(&chunk)).await });
        }
        let Some(answer) = under_way.join_next().await else { break };
        let answer = answer?.context("the import has stopped; start it again, nothing is made twice")?;
        let rows = crate::operator::success(answer)?.rows;
        bar.inc(rows.len() as u64);
        made.add(rows);
    }
    bar.finish_and_clear();
    keep(&args, &made)?;
    tell(&made, args.report.as_deref());
    Ok(if made.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn progress(rows: usize, quiet: bool) -> ProgressBar {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(rows as u64), target);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {per_sec}, {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn read_rows(path: &Path) -> Result<Vec<Row>> {
    let octets = std::fs::read(path).with_context(|| path.display().to_string())?;
    let first = octets.iter().find(|octet| !octet.is_ascii_whitespace());
    let rows = match first {
        Some(b'[' | b'{') => read_json(&octets),
        _ => csv::read_rows(&octets).map_err(|error| anyhow::anyhow!("{}", error.kind)),
    };
    rows.with_context(|| path.display().to_string())
}

/// A list of rows, or an object with one. Rows that do not say where they stand are counted.
fn read_json(octets: &[u8]) -> Result<Vec<Row>> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum File {
        List(Vec<Row>),
        Object { rows: Vec<Row> },
    }
    // The parser's reason may quote keys.
    let file = serde_json::from_slice(octets)
        .map_err(|error| anyhow::anyhow!("no list of rows in JSON (line {})", error.line()))?;
    let (File::List(mut rows) | File::Object { mut rows }) = file;
    for (row, line) in rows.iter_mut().zip(1..) {
        if row.line == 0 {
            row.line = line;
        }
    }
    Ok(rows)
}

/// Takes out the rows that clash with an earlier one of the file: the server sees a part of it at a time.
fn separate(rows: Vec<Row>) -> (Vec<Row>, Vec<RowResult>) {
    let mut seen: HashMap<(Column, String), u64> = HashMap::new();
    let (mut kept, mut clashing) = (Vec::new(), Vec::new());
    for row in rows {
        let values = [Column::Iccid, Column::Imsi, Column::MatchingId].map(|column| {
            let value = row.get(column).map(|value| value.trim_end_matches(['F', 'f']).to_string());
            value.map(|value| (column, value))
        });
        let clash = values.iter().flatten().find_map(|value| Some((value.0, *seen.get(value)?)));
        match clash.filter(|_| row.flaw().is_none()) {
            Some((column, line)) => {
                let flaw = Flaw::of(column, format!("is that of line {line}"));
                clashing.push(RowResult::refused(row.line, flaw));
            }
            None => {
                seen.extend(values.into_iter().flatten().map(|value| (value, row.line)));
                kept.push(row);
            }
        }
    }
    (kept, clashing)
}

/// The requests, as JSON.
fn chunks(args: &Import, rows: Vec<Row>) -> Vec<Vec<u8>> {
    let header = args.operator.as_ref().map(|operator| RequestHeader {
        function_requester_identifier: operator.clone(),
        function_call_identifier: format!("import {}", args.file.display()),
    });
    let request = |rows| {
        esim_rsp::json::to_vec(&ImportRequest {
            header: header.clone(),
            template: args.template.clone(),
            stock: args.stock,
            release: args.release,
            default_smdp: args.default_smdp,
            rows,
        })
    };
    let (mut chunks, mut chunk, mut octets) = (Vec::new(), Vec::new(), 0);
    for row in rows {
        let length = row.values().map(|(column, value)| column.name().len() + value.len() + 6).sum::<usize>();
        if chunk.len() == ROW_LIMIT || !chunk.is_empty() && octets + length > CHUNK_OCTETS {
            chunks.push(request(std::mem::take(&mut chunk)));
            octets = 0;
        }
        octets += length;
        chunk.push(row);
    }
    if !chunk.is_empty() {
        chunks.push(request(chunk));
    }
    chunks
}

async fn check_template(client: &crate::operator::Client, name: &str) -> Result<()> {
    let known: ListTemplatesOk = crate::operator::success(client.send("templates", None).await?)?;
    let mut names = known.templates.iter().map(|view| view.template.name.as_str());
    if !names.clone().any(|known| known == name) {
        bail!(
            "there is no template {name:?}; the server has {}",
            names.by_ref().collect::<Vec<_>>().join(", ")
        );
    }
    Ok(())
}

/// Report and QR codes.
fn keep(args: &Import, made: &ImportOk) -> Result<()> {
    if let Some(path) = &args.report {
        write_private(path, &report(made))?;
    }
    let Some(folder) = &args.qr else { return Ok(()) };
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for row in &made.rows {
        if let (Some(iccid), Some(code)) = (row.iccid, &row.activation_code) {
            write_private(&folder.join(format!("{iccid}.svg")), qr_svg(code)?.as_bytes())?;
        }
    }
    Ok(())
}

fn report(made: &ImportOk) -> Vec<u8> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let columns = ["line", "result", "iccid", "state", "matchingId", "activationCode", "column", "reason"];
    let rows = made.rows.iter().map(|row| {
        [
            row.line.to_string(),
            outcome(row.result).into(),
            row.iccid.map(|iccid| iccid.to_string()).unwrap_or_default(),
            row.state.map(|state| state.to_string()).unwrap_or_default(),
            text(&row.matching_id),
            text(&row.activation_code),
            text(&row.column),
            text(&row.reason),
        ]
    });
    csv::write(columns, rows)
}

fn outcome(outcome: RowOutcome) -> &'static str {
    match outcome {
        RowOutcome::Created => "created",
        RowOutcome::Known => "known",
        RowOutcome::Refused => "refused",
    }
}

fn tell(made: &ImportOk, report: Option<&Path>) {
    let refused = made.rows.iter().filter_map(|row| Some((row.line, row.reason.as_ref()?)));
    for (line, reason) in refused.clone().take(SHOWN) {
        eprintln!("line {line}: {reason}");
    }
    let hidden = refused.count().saturating_sub(SHOWN);
    match report {
        _ if hidden == 0 => {}
        Some(path) => eprintln!("… and {hidden} more, in {}", path.display()),
        None => eprintln!("… and {hidden} more; --report FILE has them all"),
    }
    println!("{} created, {} known, {} refused", made.created, made.known, made.refused);
}

/// Activation codes let whoever has them fetch the profile.
fn write_private(path: &Path, octets: &[u8]) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = || options.open(path)?.write_all(octets);
    write().with_context(|| path.display().to_string())
}

fn qr_svg(text: &str) -> Result<String> {
    let code = qrcode::QrCode::new(text.as_bytes()).context("too long for a QR code")?;
    Ok(code.render::<qrcode::render::svg::Color<'_>>().min_dimensions(256, 256).quiet_zone(true).build())
}

/// `sm templates`.
#[derive(clap::Args)]
pub struct Templates {
    #[command(flatten)]
    server: Server,
    /// As JSON, to make others of.
    #[arg(long)]
    json: bool,
}

/// Lists what profiles can be made of, and the columns that a batch may have.
pub async fn templates(args: Templates) -> Result<()> {
    let known: ListTemplatesOk =
        crate::operator::success(args.server.connect()?.send("templates", None).await?)?;
    if args.json {
        let templates: Vec<_> = known.templates.iter().map(|view| &view.template).collect();
        println!("{}", serde_json::to_string_pretty(&templates)?);
        return Ok(());
    }
    for view in &known.templates {
        let class = format!("{:?}", view.class).to_lowercase();
        println!("{:16} {class:13} {}", view.template.name, view.template.description);
    }
    println!("\nColumns of a batch:");
    for column in &known.columns {
        println!("{:16} {}", column.name, column.form);
    }
    Ok(())
}

/// `sm orders`.
#[derive(clap::Args)]
pub struct Orders {
    #[command(flatten)]
    server: Server,
    /// Only the orders whose ICCID is in this file: a batch as it was imported.
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,
    /// As JSON in place of CSV.
    #[arg(long)]
    json: bool,
    /// Writes to a file.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Reports how orders stand.
pub async fn orders(args: Orders) -> Result<()> {
    let wanted = args.batch.as_deref().map(iccids).transpose()?;
    let client = args.server.connect()?;
    let mut rows: Vec<ReportRow> = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("report?limit={ROW_LIMIT}{after}");
        let page: ReportOk = crate::operator::success(client.send(&path, None).await?)?;
        let is_wanted =
            |row: &ReportRow| wanted.as_ref().is_none_or(|wanted| wanted.contains(&row.iccid.to_string()));
        rows.extend(page.rows.into_iter().filter(is_wanted));
        match page.next {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    let octets = match args.json {
        true => [serde_json::to_vec_pretty(&rows)?, vec![b'\n']].concat(),
        false => csv::write_report(&rows),
    };
    match &args.output {
        Some(path) => write_private(path, &octets),
        None => Ok(std::io::stdout().write_all(&octets)?),
    }
}

fn iccids(batch: &Path) -> Result<BTreeSet<String>> {
    let rows = read_rows(batch)?;
    let iccids = rows.iter().filter_map(|row| row.get(Column::Iccid));
    Ok(iccids.map(|iccid| iccid.trim_end_matches(['F', 'f']).to_string()).collect())
}
