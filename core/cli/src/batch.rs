//! `esim-lab sm import | templates | orders`: subscribers into profiles, many at a time.

use crate::operator::Server;
use crate::rows;
use anyhow::{Context, Result, bail};
use esim_rsp::es9p::Answer;
use esim_rsp::json::RequestHeader;
use esim_sm_edge::csv;
use esim_sm_edge::smdp::admin::{
    Column, ImportOk, ImportRequest, ListTemplatesOk, ROW_LIMIT, ReportOk, ReportRow, Row, RowOutcome,
    RowResult,
};
use esim_sm_edge::smdp::profile::SecretText;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::{BTreeSet, VecDeque};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::sync::mpsc;

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
    /// Writes a line for each row here: what became of it, activation code, reason, the codes that were drawn for the
    /// profile (CSV).
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
/// The file is read twice: to its end before anything is sent, and then as the server takes it, so that neither file nor
/// report is ever in memory whole. Exit code 1 if rows were refused.
pub async fn import(args: Import) -> Result<ExitCode> {
    let total = rows::count(&args.file)?;
    let client = Arc::new(args.server.connect()?);
    check_template(&client, &args.template).await?;
    let bar = progress(total, args.quiet);
    let args = Arc::new(args);
    let mut kept = Kept::begin(args.report.as_deref(), args.qr.as_deref())?;
    let mut pieces = read_pieces(args.clone());
    let mut under_way = VecDeque::new();
    loop {
        while under_way.len() < IN_FLIGHT {
            let Some(piece) = pieces.recv().await else { break };
            under_way.push_back(tokio::spawn(send(client.clone(), piece?)));
        }
        // In the order of the file, whichever is answered first.
        let Some(oldest) = under_way.pop_front() else { break };
        let rows = oldest.await?.context("the import has stopped; start it again, nothing is made twice")?;
        bar.inc(rows.len() as u64);
        kept.add(&rows)?;
    }
    bar.finish_and_clear();
    kept.tell();
    Ok(if kept.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Some rows of the file.
#[derive(Default)]
struct Piece {
    /// The request, as JSON; none if no row can be sent.
    request: Option<Vec<u8>>,
    /// Rows that clash with earlier ones.
    clashing: Vec<RowResult>,
}

/// Reads the file on a thread of its own, no faster than the pieces are taken.
fn read_pieces(args: Arc<Import>) -> mpsc::Receiver<Result<Piece>> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        let hand_over = |piece| sender.blocking_send(Ok(piece)).context("nobody waits any more");
        if let Err(error) = cut(&args, hand_over) {
            // If nobody waits, nobody wants to know.
            let _ = sender.blocking_send(Err(error));
        }
    });
    receiver
}

/// Cuts the file into pieces.
fn cut(args: &Import, mut hand_over: impl FnMut(Piece) -> Result<()>) -> Result<()> {
    let (mut seen, mut clashing) = (rows::Seen::default(), Vec::new());
    let (mut kept, mut octets) = (Vec::new(), 0);
    let mut finish = |kept: &mut Vec<Row>, clashing: &mut Vec<RowResult>| {
        let rows = std::mem::take(kept);
        let request = (!rows.is_empty()).then(|| request(args, rows));
        hand_over(Piece { request, clashing: std::mem::take(clashing) })
    };
    rows::each(&args.file, |row| {
        if let Err(flaw) = seen.add(&row) {
            clashing.push(RowResult::refused(row.line, flaw));
        } else {
            let length =
                row.values().map(|(column, value)| column.name().len() + value.len() + 6).sum::<usize>();
            if !kept.is_empty() && octets + length > CHUNK_OCTETS {
                finish(&mut kept, &mut clashing)?;
                octets = 0;
            }
            octets += length;
            kept.push(row);
        }
        if kept.len().max(clashing.len()) == ROW_LIMIT {
            finish(&mut kept, &mut clashing)?;
            octets = 0;
        }
        Ok(())
    })?;
    finish(&mut kept, &mut clashing)
}

fn request(args: &Import, rows: Vec<Row>) -> Vec<u8> {
    let header = args.operator.as_ref().map(|operator| RequestHeader {
        function_requester_identifier: operator.clone(),
        function_call_identifier: format!("import {}", args.file.display()),
    });
    esim_rsp::json::to_vec(&ImportRequest {
        header,
        template: args.template.clone(),
        stock: args.stock,
        release: args.release,
        default_smdp: args.default_smdp,
        rows,
    })
}

/// What became of the rows of a piece, by line.
async fn send(client: Arc<crate::operator::Client>, piece: Piece) -> Result<Vec<RowResult>> {
    let mut rows = piece.clashing;
    if let Some(request) = piece.request {
        let answer = client.send::<Answer<ImportOk>>("import", Some(&request)).await?;
        rows.extend(crate::operator::success(answer)?.rows);
    }
    rows.sort_by_key(|row| row.line);
    Ok(rows)
}

fn progress(rows: u64, quiet: bool) -> ProgressBar {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(rows), target);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {per_sec}, {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
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

/// What is kept of an import: counts, the first refusals, report and QR codes.
struct Kept<'a> {
    report: Option<(&'a Path, File)>,
    qr: Option<&'a Path>,
    created: u64,
    known: u64,
    refused: u64,
    shown: Vec<String>,
    /// Profiles whose codes were told.
    told: u64,
}

const REPORT_COLUMNS: [&str; 11] = [
    "line",
    "result",
    "iccid",
    "state",
    "matchingId",
    "activationCode",
    "column",
    "reason",
    "puk1",
    "puk2",
    "adm1",
];

impl<'a> Kept<'a> {
    fn begin(report: Option<&'a Path>, qr: Option<&'a Path>) -> Result<Self> {
        let begin = |path: &'a Path| {
            let mut file = create_private(path)?;
            file.write_all(&csv::write(REPORT_COLUMNS, []))?;
            Ok::<_, std::io::Error>((path, file))
        };
        let report =
            report.map(|path| begin(path).with_context(|| path.display().to_string())).transpose()?;
        if let Some(folder) = qr {
            std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        Ok(Self { report, qr, created: 0, known: 0, refused: 0, shown: Vec::new(), told: 0 })
    }

    fn add(&mut self, rows: &[RowResult]) -> Result<()> {
        if let Some((path, file)) = &mut self.report {
            file.write_all(&report_lines(rows)).with_context(|| path.display().to_string())?;
        }
        for row in rows {
            *match row.result {
                RowOutcome::Created => &mut self.created,
                RowOutcome::Known => &mut self.known,
                RowOutcome::Refused => &mut self.refused,
            } += 1;
            self.told += u64::from(!row.codes.is_empty());
            if let Some(reason) = row.reason.as_ref().filter(|_| self.shown.len() < SHOWN) {
                self.shown.push(format!("line {}: {reason}", row.line));
            }
            if let (Some(folder), Some(iccid), Some(code)) = (self.qr, row.iccid, &row.activation_code) {
                write_private(&folder.join(format!("{iccid}.svg")), qr_svg(code)?.as_bytes())?;
            }
        }
        Ok(())
    }

    fn tell(&self) {
        for line in &self.shown {
            tell!("{line}");
        }
        let hidden = self.refused.saturating_sub(SHOWN as u64);
        match &self.report {
            _ if hidden == 0 => {}
            Some((path, _)) => tell!("… and {hidden} more, in {}", path.display()),
            None => tell!("… and {hidden} more; --report FILE has them all"),
        }
        if self.told > 0 && self.report.is_none() {
            let told = self.told;
            tell!(
                "codes were drawn for {told} profiles and are told only once: --report FILE writes them down"
            );
        }
        say!("{} created, {} known, {} refused", self.created, self.known, self.refused);
    }
}

/// Lines of the report, without its header.
fn report_lines(rows: &[RowResult]) -> Vec<u8> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let code = |code: &Option<SecretText>| code.as_ref().map(|code| code.to_string()).unwrap_or_default();
    let lines = rows.iter().map(|row| {
        [
            row.line.to_string(),
            outcome(row.result).into(),
            row.iccid.map(|iccid| iccid.to_string()).unwrap_or_default(),
            row.state.map(|state| state.to_string()).unwrap_or_default(),
            text(&row.matching_id),
            text(&row.activation_code),
            text(&row.column),
            text(&row.reason),
            code(&row.codes.puk1),
            code(&row.codes.puk2),
            code(&row.codes.adm1),
        ]
    });
    let header = csv::write(REPORT_COLUMNS, []).len();
    csv::write(REPORT_COLUMNS, lines).split_off(header)
}

fn outcome(outcome: RowOutcome) -> &'static str {
    match outcome {
        RowOutcome::Created => "created",
        RowOutcome::Known => "known",
        RowOutcome::Refused => "refused",
    }
}

/// Activation codes let whoever has them fetch the profile.
pub fn write_private(path: &Path, octets: &[u8]) -> Result<()> {
    let write = || create_private(path)?.write_all(octets);
    write().with_context(|| path.display().to_string())
}

fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
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
        say!("{}", serde_json::to_string_pretty(&templates)?);
        return Ok(());
    }
    for view in &known.templates {
        let class = format!("{:?}", view.class).to_lowercase();
        say!("{:16} {class:13} {}", view.template.name, view.template.description);
    }
    say!("\nColumns of a batch:");
    for column in &known.columns {
        say!("{:16} {}", column.name, column.form);
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
        None => {
            crate::out::octets(&octets);
            Ok(())
        }
    }
}

fn iccids(batch: &Path) -> Result<BTreeSet<String>> {
    let mut iccids = BTreeSet::new();
    rows::each(batch, |row| {
        iccids.extend(row.get(Column::Iccid).map(|iccid| iccid.trim_end_matches(['F', 'f']).to_string()));
        Ok(())
    })?;
    Ok(iccids)
}
