//! Tests that do once more what was done, and hold every octet of it.

use super::{Origin, Session};
use crate::journal::VERSION;
use crate::trace::digest;
use crate::words::Words;
use esim_crypto::sha256;
use esim_rsp::trace::Record;

/// Octets of a message that a test has in it; of a longer one it has the hash.
const SHOWN: usize = 2_048;

fn name(n: Option<u32>, between: &str) -> String {
    n.map_or("session".to_string(), |n| format!("message{between}{n}"))
}

fn acts(session: &Session<'_>) -> Result<String, Words> {
    serde_json::to_string(session.acts).map_err(|error| Words::same(error.to_string()))
}

/// A string of Rust, whatever is in it.
fn raw(text: &str) -> String {
    let mut hashes = "#".to_string();
    while text.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{text}\"{hashes}")
}

/// A test in Rust.
pub(super) fn rust(session: &Session<'_>, n: Option<u32>) -> Result<String, Words> {
    let (uses, begin) = match session.origin {
        Origin::Unknown(why) => return Err(why.clone()),
        Origin::Seed { sm: Some(_), .. } => {
            return Err(Words::new(
                "this session has spoken to an SM elsewhere: the test in JavaScript has its answers",
                "このセッションは外部のSMと通信しました。JavaScriptのテストなら、その応答も含められます",
            ));
        }
        Origin::Seed { seed, now, sm: None } => {
            ("Act, begun", format!("let mut world = begun({seed}, {now}).expect(\"a world\");"))
        }
        Origin::Scenario(text) => (
            "Act, Scenario, Stage, in_memory",
            format!(
                "let scenario = Scenario::read({}).expect(\"a scenario\");\n    \
                 let mut world = in_memory(scenario.seed).expect(\"a world\");\n    \
                 let _stage = Stage::new(scenario, &mut world).expect(\"rules\");",
                raw(text)
            ),
        ),
    };
    let (acts, digest) = (raw(&acts(session)?), digest(session.records));
    let message = n.and_then(|n| session.records.get(n as usize)).map(message_in_rust).unwrap_or_default();
    let test = name(n, "_");
    Ok(format!(
        "//! Of esim-lab {VERSION}; needs esim-crypto, esim-sm-edge, esim-world, hex and serde_json.\n\n\
         use esim_sm_edge::block_on;\n\
         use esim_world::{{{uses}}};\n\n\
         const ACTS: &str = {acts};\n\n\
         #[test]\n\
         fn {test}() {{\n    \
             {begin}\n    \
             let acts: Vec<Act> = serde_json::from_str(ACTS).expect(\"acts\");\n    \
             for act in &acts {{\n        \
                 block_on(world.perform(act)).expect(\"performed\");\n    \
             }}\n\
         {message}    \
             assert_eq!(world.trace().digest(), \"{digest}\");\n\
         }}\n"
    ))
}

fn message_in_rust(record: &Record) -> String {
    let Record { n, interface, function, bytes, .. } = record;
    let octets = match bytes.len() > SHOWN {
        true => ("esim_crypto::sha256(&[&message.bytes])", hex::encode(sha256(&[bytes]))),
        false => ("&message.bytes", hex::encode(bytes)),
    };
    let (of, octets) = octets;
    format!(
        "    let message = &world.trace().records()[{n}];\n    \
         assert_eq!(message.interface, {interface:?});\n    \
         assert_eq!(message.function, {function:?});\n    \
         assert_eq!(\n        \
             hex::encode({of}),\n        \
             \"{octets}\"\n    \
         );\n"
    )
}

/// A test in JavaScript.
pub(super) fn js(session: &Session<'_>, n: Option<u32>) -> Result<String, Words> {
    let json = |text: &dyn Fn() -> serde_json::Result<String>| {
        text().map_err(|error| Words::same(error.to_string()))
    };
    let begin = match session.origin {
        Origin::Unknown(why) => return Err(why.clone()),
        Origin::Seed { seed, now, sm } => {
            let outside = match sm {
                Some(url) => {
                    let heard = json(&|| serde_json::to_string(session.heard))?;
                    let url = json(&|| serde_json::to_string(url))?;
                    format!(", smUrl: {url}, heard: {heard}")
                }
                None => String::new(),
            };
            format!("new lab.World({{ seed: {seed}, now: {now}{outside} }})")
        }
        Origin::Scenario(text) => {
            format!("lab.World.ofScenarioText({})", json(&|| serde_json::to_string(text))?)
        }
    };
    let (acts, digest) = (acts(session)?, digest(session.records));
    let (mut message, mut hash) = (String::new(), "");
    if let Some(record) = n.and_then(|n| session.records.get(n as usize)) {
        let Record { n, interface, function, bytes, .. } = record;
        let octets = match bytes.len() > SHOWN {
            true => {
                hash = "import { createHash } from \"node:crypto\";\n";
                format!(
                    "assert.equal(createHash(\"sha256\").update(message.bytes, \"hex\").digest(\"hex\"), \"{}\");",
                    hex::encode(sha256(&[bytes]))
                )
            }
            false => format!("assert.equal(message.bytes, \"{}\");", hex::encode(bytes)),
        };
        message = format!(
            "  const [message] = world.trace({n});\n  \
             assert.equal(`${{message.interface}} ${{message.function}}`, {:?});\n  {octets}\n",
            format!("{interface} {function}")
        );
    }
    let test = name(n, " ");
    Ok(format!(
        "// Of esim-lab {VERSION}: node --test\n\
         import assert from \"node:assert/strict\";\n\
         {hash}\
         import {{ test }} from \"node:test\";\n\
         import * as lab from \"esim-lab\";\n\n\
         const ACTS = {acts};\n\n\
         test({test:?}, async () => {{\n  \
           await lab.default?.();\n  \
           const world = {begin};\n  \
           for (const act of ACTS) await world.perform(act);\n\
         {message}  \
           assert.equal(world.traceDigest(), \"{digest}\");\n\
         }});\n"
    ))
}
