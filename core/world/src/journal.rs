//! What was done in a world, in order. With a seed and a clock it *is* the session: permalink, reload, bug report and
//! test are all the same list.
//!
//! As a link it is `#seed=7&now=1767225600&acts=[…]`; `#seed=7&step=12` is the usual beginning: the radio goes on, a
//! profile is ordered, and its download takes twelve steps. Links of an earlier form (`then=[["attach"],…]`) are read.

use crate::act::{Act, Ruling, Said};
use crate::operator::Wish;
use crate::outside::Heard;
use crate::written::read_json;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The clock of a link that names none: 2026-01-01, 00:00 UTC.
pub const LINK_CLOCK: u64 = 1_767_225_600;
/// Version that journals of this build carry.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// More acts than any reader makes.
const MOST_ACTS: usize = 10_000;
/// More steps than any download takes.
const MOST_STEPS: u32 = 100_000;

/// A world from its beginning, out of the factory, to now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Journal {
    /// Of the world.
    pub seed: u64,
    /// Its clock, in Unix seconds.
    pub now: u64,
    /// What was done since the device left the factory.
    pub acts: Vec<Act>,
    /// Base URL of an SM that is somebody else's; the SM is the world's own if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub sm: Option<String>,
    /// What that SM has answered: with it the acts are done once more, and nobody is asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<Heard>>"))]
    pub heard: Vec<Heard>,
    /// Version of esim-lab that has written it down; earlier builds have not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub version: Option<String>,
    /// How the digest of the trace begins that they made: another one now means another version of the core.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub digest: Option<String>,
}

/// Why a link is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this link cannot be read: {0}")]
pub struct LinkError(pub String);

/// Acts with one more, steps in a row joined: a journal stays as short as the story.
pub fn record(acts: &mut Vec<Act>, act: Act) {
    match (acts.last_mut(), &act) {
        (Some(Act::Step(before)), Act::Step(more)) => *before = before.saturating_add(*more),
        _ => acts.push(act),
    }
}

impl Journal {
    /// As the part of a URL behind `#`, that sign included.
    ///
    /// # Errors
    /// [`LinkError`] if an act cannot be written down.
    pub fn to_link(&self) -> Result<String, LinkError> {
        let mut fields = form_urlencoded::Serializer::new(String::new());
        fields.append_pair("seed", &self.seed.to_string());
        let mut rest = &self.acts[..];
        // In a device out of the factory both are the same.
        if let [Act::RadioOn | Act::Reach, Act::Order(wish), Act::Begin(_), after @ ..] = rest {
            if **wish != Wish::usual() {
                fields.append_pair("order", &text(wish, "order")?);
            }
            let mut steps = 0u32;
            rest = after;
            // The answer that a step gives by itself is left out.
            while let [first @ (Act::Step(_) | Act::Answer(Said::Accept)), after @ ..] = rest {
                steps = steps.saturating_add(if let Act::Step(more) = first { *more } else { 0 });
                rest = after;
            }
            fields.append_pair("step", &steps.to_string());
        }
        if !rest.is_empty() {
            fields.append_pair("acts", &text(&rest, "acts")?);
        }
        if self.now != LINK_CLOCK {
            fields.append_pair("now", &self.now.to_string());
        }
        if let Some(sm) = &self.sm {
            fields.append_pair("sm", sm);
        }
        if !self.heard.is_empty() {
            fields.append_pair("heard", &text(&self.heard, "heard")?);
        }
        if let Some(version) = &self.version {
            fields.append_pair("version", version);
        }
        if let Some(digest) = &self.digest {
            fields.append_pair("digest", digest);
        }
        Ok(format!("#{}", fields.finish()))
    }

    /// Reads the part of a URL behind `#`, that sign included or not; none if it names no seed: it is not of a world.
    ///
    /// # Errors
    /// [`LinkError`]: what is wrong in it, and which version it is of, if it is of another.
    pub fn from_link(link: &str) -> Result<Option<Self>, LinkError> {
        let fields: Vec<(String, String)> =
            form_urlencoded::parse(link.trim_start_matches('#').as_bytes()).into_owned().collect();
        let version = fields.iter().find(|(name, version)| name == "version" && version != VERSION);
        Self::of_fields(&fields).map_err(|LinkError(why)| match version {
            Some((_, version)) => {
                LinkError(format!("{why} (it is of esim-lab {version}, this is {VERSION})"))
            }
            None => LinkError(why),
        })
    }

    fn of_fields(fields: &[(String, String)]) -> Result<Option<Self>, LinkError> {
        let field = |name: &str| fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        let Some(seed) = field("seed") else { return Ok(None) };
        let mut acts = Vec::new();
        if let Some(steps) = field("step") {
            let wish = match field("order") {
                Some(wish) => read(wish, "order")?,
                None => Wish::usual(),
            };
            acts.push(Act::RadioOn);
            begin(&mut acts, wish);
            let steps = u32::try_from(whole(steps)?).unwrap_or(u32::MAX);
            record(&mut acts, Act::Step(steps));
        }
        if let Some(earlier) = field("then") {
            let earlier: Vec<Vec<Value>> = read(earlier, "then")?;
            earlier.into_iter().try_for_each(|act| of_before(act, &mut acts))?;
        }
        if let Some(more) = field("acts") {
            acts.extend(read::<Vec<Act>>(more, "acts")?);
        }
        let steps = acts.iter().map(|act| if let Act::Step(steps) = act { *steps } else { 0 });
        if acts.len() > MOST_ACTS || steps.fold(0, u32::saturating_add) > MOST_STEPS {
            return Err(LinkError(format!("more than {MOST_ACTS} acts or {MOST_STEPS} steps")));
        }
        let now = field("now").map_or(Ok(LINK_CLOCK), whole)?;
        let text = |name| field(name).map(str::to_string);
        let heard = field("heard").map_or(Ok(Vec::new()), |heard| read(heard, "heard"))?;
        let (sm, version, digest) = (text("sm"), text("version"), text("digest"));
        Ok(Some(Self { seed: whole(seed)?, now, acts, sm, heard, version, digest }))
    }
}

/// An order whose download begins.
fn begin(acts: &mut Vec<Act>, wish: Wish) {
    acts.push(Act::Order(Box::new(wish)));
    acts.push(Act::Begin(String::new()));
}

fn text(value: &impl Serialize, name: &str) -> Result<String, LinkError> {
    serde_json::to_string(value).map_err(|error| LinkError(format!("“{name}”: {error}")))
}

fn read<T: DeserializeOwned>(text: &str, name: &str) -> Result<T, LinkError> {
    read_json(text).map_err(|mistake| LinkError(format!("“{name}”: {}", mistake.reason)))
}

fn whole(text: &str) -> Result<u64, LinkError> {
    let is_whole = (1..=15).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_whole);
    number.ok_or_else(|| LinkError(format!("“{text}” is not a number")))
}

/// An act as links of before have it: a list, its name first.
fn of_before(act: Vec<Value>, acts: &mut Vec<Act>) -> Result<(), LinkError> {
    let unknown = || LinkError(format!("“{}” cannot be asked for", Value::from(&act[..])));
    let string = |at: usize| act.get(at).and_then(Value::as_str).map(str::to_string).ok_or_else(unknown);
    let (name, first) = (string(0)?, act.get(1));
    let act = match name.as_str() {
        "order" => {
            begin(acts, first.and_then(|wish| Wish::deserialize(wish).ok()).ok_or_else(unknown)?);
            return Ok(());
        }
        "step" => {
            let steps = first.and_then(Value::as_u64).and_then(|steps| u32::try_from(steps).ok());
            Act::Step(steps.ok_or_else(unknown)?)
        }
        "answer" => Act::Answer(match first.ok_or_else(unknown)? {
            answer if answer["kind"] == "confirmationCode" => {
                Said::Code(answer["code"].as_str().ok_or_else(unknown)?.to_string())
            }
            answer if answer["accept"] == true => Said::Accept,
            answer if answer["accept"] == false => Said::Reject,
            answer if answer["accept"] == "postponed" => Said::Postpone,
            _ => return Err(unknown()),
        }),
        "code" => Act::Begin(string(1)?),
        "enable" => Act::Enable(string(1)?),
        "disable" => Act::Disable(string(1)?),
        "delete" => Act::Delete(string(1)?),
        "name" => Act::Name { profile: string(1)?, name: string(2)? },
        "notify" => Act::Notify,
        "attach" => Act::RadioOn,
        "radio-off" => Act::RadioOff,
        "wifi" => Act::Wifi(first.and_then(Value::as_bool).ok_or_else(unknown)?),
        "apn" => Act::Apn(string(1)?),
        "browse" => Act::Browse(string(1)?),
        "call" => Act::Call,
        "text" => Act::Text { to: string(1)?, text: string(2)? },
        "supplementary" => Act::Supplementary,
        "fall-back" => Act::FallBack,
        "rules" => Act::Rules(Ruling::Written(string(1)?)),
        _ => return Err(unknown()),
    };
    record(acts, act);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn journal(link: &str) -> Journal {
        Journal::from_link(link).unwrap().unwrap()
    }

    #[test]
    fn the_usual_beginning_is_short() {
        let usual = journal("#seed=7&step=12");
        assert_eq!((usual.seed, usual.now, usual.acts.len()), (7, LINK_CLOCK, 4));
        assert_eq!(usual.acts[3], Act::Step(12));
        assert_eq!(usual.to_link().unwrap(), "#seed=7&step=12");
        let mut further = usual.clone();
        for act in [Act::Answer(Said::Accept), Act::Step(3), Act::Step(1), Act::Enable("8900".into())] {
            record(&mut further.acts, act);
        }
        further.digest = Some("0011223344556677".into());
        let link = further.to_link().unwrap();
        assert!(link.starts_with("#seed=7&step=16&acts="), "{link}");
        let again = journal(&link);
        assert_eq!(again.acts[3..], [Act::Step(16), Act::Enable("8900".into())]);
        assert_eq!(again.digest, further.digest);
    }

    #[test]
    fn what_a_link_says_is_what_was_done() {
        let acts = vec![
            Act::RadioOn,
            Act::Order(Box::new(Wish { confirmation_code: Some("1234".into()), ..Wish::usual() })),
            Act::Begin(String::new()),
            Act::Step(40),
            Act::Answer(Said::Code("1234 & more".into())),
            Act::Text { to: "+81".into(), text: "日本".into() },
            Act::Wifi(true),
            Act::Rules(Ruling::Written("[barred]\n".into())),
            Act::CopyCard,
            Act::UseDevice(1),
        ];
        let heard = vec![
            Heard::Reply { status: 200, body: "{\"a\":\"日本 & more\"}".into() },
            Heard::Nothing("the connection is lost".into()),
        ];
        let (sm, version) = (Some("https://sm.example:8443/".into()), Some("0.0.9".into()));
        let journal_ = Journal { seed: 3, now: 5, acts, sm, heard, version, digest: None };
        assert_eq!(journal(&journal_.to_link().unwrap()), journal_);
    }

    #[test]
    fn links_of_before_are_read() {
        let old = [
            json!(["order", {"serviceProviderName": "esim-lab", "msisdn": "+81901234567"}]),
            json!(["code", "LPA:1$a.example$X"]),
            json!(["step", 2]),
            json!(["step", 3]),
            json!(["answer", {"kind": "consent", "accept": "postponed"}]),
            json!(["answer", {"kind": "confirmationCode", "code": "1"}]),
            json!(["name", "8900", "home"]),
            json!(["attach"]),
            json!(["wifi", false]),
            json!(["rules", "x"]),
        ];
        let mut link = form_urlencoded::Serializer::new("seed=9".to_string());
        let link = link.append_pair("then", &Value::from(&old[..]).to_string()).finish();
        let acts = journal(&link).acts;
        assert_eq!(acts[0], Act::Order(Box::new(Wish::usual())));
        assert_eq!(acts[3], Act::Step(5));
        assert_eq!(acts[4..6], [Act::Answer(Said::Postpone), Act::Answer(Said::Code("1".into()))]);
        assert_eq!(acts[7..9], [Act::RadioOn, Act::Wifi(false)]);
    }

    #[test]
    fn a_way_to_the_sm_is_the_usual_beginning_too() {
        let usual = journal("#seed=7&step=12");
        let mut by_reach = usual.clone();
        by_reach.acts[0] = Act::Reach;
        assert_eq!(by_reach.to_link(), usual.to_link());
    }

    #[test]
    fn what_another_version_says_is_told_to_be_its() {
        let fails = |link: &str| Journal::from_link(link).unwrap_err().to_string();
        let of_another = fails("seed=7&version=9.0.0&acts=[\"fly\"]");
        assert!(
            of_another.ends_with(&format!("(it is of esim-lab 9.0.0, this is {VERSION})")),
            "{of_another}"
        );
        assert!(!fails(&format!("seed=7&version={VERSION}&acts=[\"fly\"]")).contains("esim-lab"));
        assert!(!fails("seed=7&acts=[\"fly\"]").contains("esim-lab"));
    }

    #[test]
    fn what_is_no_link_says_why() {
        assert_eq!(Journal::from_link("#/orders/1"), Ok(None));
        for link in [
            "seed=x",
            "seed=",
            "seed=7&step=-1",
            "seed=7&then=[[",
            "seed=7&then=[[\"fly\"]]",
            "seed=7&then=[[\"step\",1.5]]",
            "seed=7&acts=[\"fly\"]",
            "seed=7&acts=[{\"step\":4000000000}]",
            "seed=7&step=1&order=1",
            "seed=7&now=1e9",
        ] {
            assert!(Journal::from_link(link).is_err(), "{link}");
        }
    }
}
