//! A batch of subscribers: profiles from a template, in stock, ordered, and
//! confirmed or released, as ES2+ would do it one by one.
//!
//! The same rows may come again: they are known, and nothing is made twice.

mod row;
#[cfg(test)]
mod tests;
mod wanted;

pub use row::{COLUMNS, Column, ColumnName, Flaw, Row};

use crate::es2p::draw_matching_id;
use crate::order::{Confirmation, Source};
use crate::profile::{Codes, Drawn};
use crate::{
    Can, Config, Decision, Env, Function, Key, Order, OrderState, Package, Records, Secret, Template, Write,
};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_crypto::confirmation_code_hash;
use esim_rsp::json::{Base64, RequestHeader};
use esim_rsp::{Code, Error, Iccid, Refusal};
use serde::{Deserialize, Serialize};
use wanted::{Wanted, flaw_of};

/// Most rows of one request.
pub const ROW_LIMIT: usize = 500;

/// A batch of subscribers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportRequest {
    /// Whose the orders shall be, and who is told how they go on; nobody's if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<RequestHeader>,
    /// Name of the template, which becomes the profile type.
    pub template: String,
    /// Whether the profiles stay in stock, to be ordered over ES2+; what would settle an order is refused then.
    #[serde(default)]
    pub stock: bool,
    /// Whether the profiles may be fetched at once.
    #[serde(default)]
    pub release: bool,
    /// Whether they are fetched without a matchingId, by the EID that every row must have (default SM-DP+).
    #[serde(default)]
    pub default_smdp: bool,
    /// One subscriber each, 500 at most.
    pub rows: Vec<Row>,
}

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportOk {
    /// In the order of the rows.
    pub rows: Vec<RowResult>,
    /// How many orders are new.
    pub created: usize,
    /// How many rows had come before.
    pub known: usize,
    /// How many rows have made nothing.
    pub refused: usize,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RowResult {
    /// Its place, from 1, as the request said or by counting.
    pub line: u64,
    /// In a word.
    pub result: RowOutcome,
    /// Of the profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iccid: Option<Iccid>,
    /// Where the order stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<OrderState>,
    /// What can be done with it now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub can: Vec<Can>,
    /// Token of the activation code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matching_id: Option<String>,
    /// `LPA:1$…`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_code: Option<String>,
    /// Column to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Why it was refused, in a sentence without any value of the row that is secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The codes of a new profile that were drawn because the row has none. They are told here and never again.
    #[serde(default, skip_serializing_if = "Codes::is_empty")]
    pub codes: Codes,
}

/// What became of a row, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowOutcome {
    /// There is an order now.
    Created,
    /// There was one already.
    Known,
    /// There is none.
    Refused,
}

impl RowResult {
    /// A row that has made nothing.
    pub fn refused(line: u64, flaw: Flaw) -> Self {
        Self {
            line,
            result: RowOutcome::Refused,
            iccid: None,
            state: None,
            can: Vec::new(),
            matching_id: None,
            activation_code: None,
            column: flaw.column.map(|column| column.name().into()),
            reason: Some(flaw.reason),
            codes: Codes::default(),
        }
    }

    fn of(line: u64, result: RowOutcome, order: &Order, smdp_address: &str) -> Self {
        Self {
            line,
            result,
            iccid: Some(order.iccid),
            state: Some(order.state),
            can: order.can(),
            matching_id: order.matching_id.clone(),
            activation_code: order.activation_code(smdp_address).map(|code| code.to_string()),
            column: None,
            reason: None,
            codes: Codes::default(),
        }
    }
}

impl ImportOk {
    /// Adds what became of other rows of the same request.
    pub fn add(&mut self, results: Vec<RowResult>) {
        for result in results {
            *match result.result {
                RowOutcome::Created => &mut self.created,
                RowOutcome::Known => &mut self.known,
                RowOutcome::Refused => &mut self.refused,
            } += 1;
            self.rows.push(result);
        }
        self.rows.sort_by_key(|row| row.line);
    }
}

/// Rows that have been understood, as many as one commit shall hold.
#[derive(Clone, Debug)]
pub struct Import {
    template: Template,
    header: Option<RequestHeader>,
    stock: bool,
    release: bool,
    default_smdp: bool,
    rows: Vec<Wanted>,
}

impl Import {
    /// What becomes of its rows where nothing is made of them.
    pub fn refuse(&self, reason: &str) -> Vec<RowResult> {
        let flaw = || Flaw { column: None, reason: reason.into() };
        self.rows.iter().map(|row| RowResult::refused(row.line, flaw())).collect()
    }
}

/// Reads a batch: what is left to do, in parts of at most `per_commit` rows, and the rows that are refused already.
///
/// # Errors
/// 1.6/2.1 for a batch of which no row can be used: no such template, too many rows.
pub fn prepare(
    mut request: ImportRequest,
    config: &Config,
    per_commit: usize,
) -> Result<(Vec<Import>, Vec<RowResult>), Refusal> {
    let template =
        config.template(&request.template).ok_or_else(|| no_template(&request.template, config))?;
    if request.rows.len() > ROW_LIMIT {
        let detail = format!("A batch has at most {ROW_LIMIT} rows, not {}", request.rows.len());
        return Err(Refusal::of(Code::FunctionInvalid).because(detail));
    }
    number_lines(&mut request.rows);
    let (mut sound, mut refused) = (Vec::new(), Vec::new());
    let mut seen = Seen::default();
    for row in &request.rows {
        let wanted = Wanted::read(row, template, &config.smdp_address).and_then(|wanted| {
            request.check_delivery(&wanted)?;
            seen.add(&wanted).map(|()| wanted)
        });
        match wanted {
            Ok(wanted) => sound.push(wanted),
            Err(flaw) => refused.push(RowResult::refused(row.line, flaw)),
        }
    }
    let part = |rows: &[Wanted]| Import {
        template: template.clone(),
        header: request.header.clone(),
        stock: request.stock,
        release: request.release,
        default_smdp: request.default_smdp,
        rows: rows.to_vec(),
    };
    Ok((sound.chunks(per_commit.max(1)).map(part).collect(), refused))
}

fn no_template(name: &str, config: &Config) -> Refusal {
    let known: Vec<_> = config.templates.iter().map(|template| template.name.as_str()).collect();
    let detail = format!("There is no template {name:?}, but {}", known.join(", "));
    Refusal::of(Code::FunctionInvalid).because(detail)
}

/// Rows that do not say where they stand are counted from 1.
fn number_lines(rows: &mut [Row]) {
    for (row, line) in rows.iter_mut().zip(1..) {
        if row.line == 0 {
            row.line = line;
        }
    }
}

impl ImportRequest {
    fn check_delivery(&self, wanted: &Wanted) -> Result<(), Flaw> {
        let settled = [
            (Column::Eid, wanted.eid.is_some()),
            (Column::MatchingId, wanted.matching_id.is_some()),
            (Column::ConfirmationCode, wanted.confirmation_code.is_some()),
        ];
        if let Some((column, _)) = settled.into_iter().find(|(_, given)| self.stock && *given) {
            return Err(Flaw::of(column, "is for an order: a profile in stock has none yet"));
        }
        match (self.default_smdp, wanted.eid, &wanted.matching_id) {
            (true, None, _) => Err(Flaw::of(Column::Eid, "is missing: the eUICC asks with nothing else")),
            (true, _, Some(_)) => Err(Flaw::of(Column::MatchingId, "is not for the default SM-DP+")),
            _ => Ok(()),
        }
    }
}

/// What the sound rows of a request have taken, by value: the line it is in.
#[derive(Default)]
struct Seen {
    iccids: BTreeMap<Iccid, u64>,
    imsis: BTreeMap<String, u64>,
    matching_ids: BTreeMap<String, u64>,
}

impl Seen {
    fn add(&mut self, wanted: &Wanted) -> Result<(), Flaw> {
        let matching_id = wanted.matching_id.as_ref();
        let clash = |column, line: Option<&u64>| match line {
            Some(line) => Err(Flaw::of(column, format!("is that of line {line}"))),
            None => Ok(()),
        };
        clash(Column::Iccid, self.iccids.get(&wanted.iccid))?;
        clash(Column::Imsi, self.imsis.get(&wanted.subscriber.imsi))?;
        clash(Column::MatchingId, matching_id.and_then(|id| self.matching_ids.get(id)))?;
        self.iccids.insert(wanted.iccid, wanted.line);
        self.imsis.insert(wanted.subscriber.imsi.clone(), wanted.line);
        self.matching_ids.extend(matching_id.map(|id| (id.clone(), wanted.line)));
        Ok(())
    }
}

impl Function for Import {
    type Request = Self;
    type Ok = Vec<RowResult>;
    /// Its rows have nothing to do with each other.
    const BEARS_DAMAGE: bool = true;

    fn read(request: Self) -> Result<Self, Error> {
        Ok(request)
    }

    fn correlation(&self) -> Option<String> {
        self.header.as_ref().map(|header| header.function_call_identifier.clone())
    }

    fn keys(&self, _: &Records) -> Vec<Key> {
        let keys = self.rows.iter().flat_map(|row| {
            let (owner, imsi) = (self.requester().cloned(), row.subscriber.imsi.clone());
            let matching = row.matching_id.clone().map(Key::MatchingId);
            let own = [Key::Order(row.iccid), Key::Imsi(owner, imsi.clone()), Key::ImsiOfAnybody(imsi)];
            own.into_iter().chain(matching)
        });
        keys.collect()
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<Vec<RowResult>> {
        let holders = Holders::of(records, self.requester());
        let (mut commit, mut results) = (Vec::new(), Vec::new());
        for row in &self.rows {
            let result = match records.order(&row.iccid) {
                Some(order) => self.known(row, order, &env.config.smdp_address),
                None => check_damage(row, self.requester(), records)
                    .and_then(|()| holders.check(row))
                    .and_then(|()| self.create(row, env, &mut commit)),
            };
            results.push(result.unwrap_or_else(|flaw| RowResult::refused(row.line, flaw)));
        }
        Decision::new(commit, Ok(results))
    }
}

/// Whether what a row would have to be compared with can be read.
fn check_damage(row: &Wanted, owner: Option<&String>, records: &Records) -> Result<(), Flaw> {
    let imsi = Key::Imsi(owner.cloned(), row.subscriber.imsi.clone());
    let matching_id = row.matching_id.clone().map(|id| (Column::MatchingId, Key::MatchingId(id)));
    let mut keys =
        [(Column::Iccid, Key::Order(row.iccid)), (Column::Imsi, imsi)].into_iter().chain(matching_id);
    match keys.find(|(_, key)| records.is_damaged(key)) {
        Some((column, _)) => Err(Flaw::of(column, "is that of an order whose record is damaged")),
        None => Ok(()),
    }
}

/// Who has the IMSIs and matchingIds of the rows already. An owner has each IMSI once, whatever others have; a matchingId
/// is all that an LPA says, so it is one order's alone.
struct Holders<'a> {
    owner: Option<&'a String>,
    imsis: BTreeMap<&'a str, Iccid>,
    matching_ids: BTreeMap<&'a str, &'a Order>,
}

impl<'a> Holders<'a> {
    fn of(records: &'a Records, owner: Option<&'a String>) -> Self {
        let living = || records.orders().filter(|order| !order.is_over() && order.owner.as_ref() == owner);
        let source = |order: &'a Order| Some((order.source.as_ref()?.imsi.as_str(), order.iccid));
        let matching = |order: &'a Order| Some((order.matching_id.as_deref()?, order));
        Self {
            owner,
            imsis: living().filter_map(source).collect(),
            matching_ids: records.orders().filter_map(matching).collect(),
        }
    }

    fn check(&self, row: &Wanted) -> Result<(), Flaw> {
        let clash = |column, holder| Err(Flaw::of(column, format!("is that of the order of ICCID {holder}")));
        if let Some(holder) = self.imsis.get(row.subscriber.imsi.as_str()) {
            return clash(Column::Imsi, holder);
        }
        match row.matching_id.as_deref().and_then(|id| self.matching_ids.get(id)) {
            Some(holder) if holder.owner.as_ref() == self.owner => clash(Column::MatchingId, &holder.iccid),
            // Whose it is, and of which profile, is nobody else's business.
            Some(_) => Err(Flaw::of(Column::MatchingId, "is taken: choose another, or leave it empty")),
            None => Ok(()),
        }
    }
}

impl Import {
    /// OID of whom the orders shall be; absent for nobody's.
    fn requester(&self) -> Option<&String> {
        self.header.as_ref().map(|header| &header.function_requester_identifier)
    }

    /// The row of an order that is there already, if it is that row.
    fn known(&self, row: &Wanted, order: &Order, smdp_address: &str) -> Result<RowResult, Flaw> {
        let requester = self.requester();
        if requester.is_some() && order.owner.as_ref() != requester {
            return Err(Flaw::of(Column::Iccid, "is that of another operator's order"));
        }
        let Some(source) = &order.source else {
            return Err(Flaw::of(Column::Iccid, "is that of an order that no batch has brought"));
        };
        if source.template != self.template.name {
            let reason = format!("is that of an order made with template {}", source.template);
            return Err(Flaw::of(Column::Iccid, reason));
        }
        let now = row.digests(source.salt.expose());
        let names: alloc::collections::BTreeSet<_> = now.keys().chain(source.digests.keys()).collect();
        let differing = names.into_iter().filter(|name| now.get(*name) != source.digests.get(*name));
        let differing: Vec<_> = differing.map(String::as_str).collect();
        match differing.first() {
            None => Ok(RowResult::of(row.line, RowOutcome::Known, order, smdp_address)),
            Some(first) => Err(Flaw {
                column: Column::of(first),
                reason: format!("iccid is that of an order with another {}", differing.join(", ")),
            }),
        }
    }

    /// Makes the profile and its order.
    fn create(&self, row: &Wanted, env: &mut Env<'_>, commit: &mut Vec<Write>) -> Result<RowResult, Flaw> {
        let drawn = Drawn::new(self.template.class(), env.codes);
        let generated = self.template.generate(row.iccid, &row.subscriber, &drawn);
        let generated = generated.map_err(|error| flaw_of(&error.kind.to_string()))?;
        let mut order = Order::new(row.iccid, &self.template.name, row.metadata.clone(), generated.needs);
        let salt = env.random::<16>();
        order.source = Some(Source {
            imsi: row.subscriber.imsi.clone(),
            template: self.template.name.clone(),
            digests: row.digests(&salt),
            salt: Secret::new(salt.to_vec()),
        });
        order.owner = self.requester().cloned();
        match self.stock {
            true => {
                order.note(env.now, "import", format!("Made with template {}, in stock", self.template.name))
            }
            false => self.confirm(&mut order, row, env),
        }
        let mut result = RowResult::of(row.line, RowOutcome::Created, &order, &env.config.smdp_address);
        result.codes = drawn.told(&row.subscriber.codes);
        let package = Package { iccid: row.iccid, upp: generated.upp };
        commit.extend([order.into(), package.into()]);
        Ok(result)
    }

    /// As downloadOrder and confirmOrder would do it.
    fn confirm(&self, order: &mut Order, row: &Wanted, env: &mut Env<'_>) {
        order.operator.clone_from(&order.owner);
        order.eid = row.eid;
        order.matching_id = Some(match (self.default_smdp, &row.matching_id) {
            (true, _) => String::new(),
            (false, Some(id)) => id.clone(),
            (false, None) => draw_matching_id(&order.iccid, env),
        });
        order.confirmation = row.confirmation_code.as_ref().map(|code| Confirmation {
            hash: Base64(confirmation_code_hash(code).to_vec()),
            attempts_left: env.config.limits.confirmation_attempts,
        });
        order.expires_at = env.config.limits.order_seconds.map(|seconds| env.now.saturating_add(seconds));
        order.state = match self.release {
            true => OrderState::Released,
            false => OrderState::Confirmed,
        };
        order.note(env.now, "import", format!("Made with template {}, ordered", self.template.name));
    }
}
