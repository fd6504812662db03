//! What a module is made of: the octets of each crate's functions, and of what is no function.

use anyhow::{Context, Result};
use std::collections::{BTreeMap, HashMap};
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

/// The crates that are curves and hashes: what is fast and not small.
const CURVES: &[&str] = &[
    "p256",
    "bp256",
    "primeorder",
    "primefield",
    "elliptic_curve",
    "crypto_bigint",
    "ecdsa",
    "ff",
    "group",
    "wnaf",
    "sec1",
    "rfc6979",
    "curve25519_dalek",
    "x25519_dalek",
    "subtle",
    "ctutils",
    "cmov",
    "signature",
];
const CIPHERS: &[&str] = &[
    "aes", "des", "cbc", "ctr", "ccm", "cmac", "dbl", "cipher", "sha1", "sha2", "keccak", "hmac", "hkdf",
    "digest",
];
const STD: &[&str] =
    &["std", "core", "alloc", "dlmalloc", "compiler_builtins", "hashbrown", "rustc_demangle"];

/// Octets by part of a module that still has its names: an `esim_*` crate, a library, `data`, `the rest`.
///
/// What is generic belongs to the first of our crates that its name has: whoever asks for it pays for it.
///
/// # Errors
///
/// The octets are no module.
pub fn parts(module: &[u8]) -> Result<BTreeMap<String, u64>> {
    let (mut imported, mut bodies, mut names, mut data) = (0, Vec::new(), HashMap::new(), 0);
    // Names are measured with, not shipped.
    let mut left_out = 0;
    let octets = |range: &std::ops::Range<u64>| range.end - range.start;
    for payload in Parser::new(0).parse_all(module) {
        match payload.context("no WebAssembly")? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(octets(&body.range())),
            Payload::DataSection(section) => data = octets(&section.range()),
            Payload::CustomSection(section) => {
                left_out += section.data().len() as u64;
                if let KnownCustom::Name(reader) = section.as_known() {
                    for subsection in reader {
                        if let Name::Function(map) = subsection? {
                            names.extend(map.into_iter().flatten().map(|naming| (naming.index, naming.name)));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    let mut parts = BTreeMap::from([("data".to_string(), data)]);
    for (index, octets) in bodies.iter().enumerate() {
        let name = names.get(&(imported + index as u32)).copied().unwrap_or_default();
        *parts.entry(part_of(name)).or_default() += octets;
    }
    let rest = module.len() as u64 - left_out - parts.values().sum::<u64>();
    parts.insert("the rest".to_string(), rest);
    Ok(parts)
}

/// The part that a function belongs to, by its demangled name.
fn part_of(name: &str) -> String {
    let crates: Vec<&str> = name
        .split(|char: char| !char.is_alphanumeric() && char != '_' && char != ':')
        .filter_map(|path| path.split_once("::").map(|(first, _)| first))
        .filter(|first| !first.is_empty())
        .collect();
    let ours = crates.iter().find(|it| it.starts_with("esim_"));
    let Some(part) = ours.or(crates.first()).copied() else { return "the rest".to_string() };
    let kind = [(CURVES, "curves"), (CIPHERS, "ciphers and hashes"), (STD, "std")];
    kind.iter().find(|(crates, _)| crates.contains(&part)).map_or(part, |(_, kind)| kind).to_string()
}

#[cfg(test)]
mod tests {
    use super::part_of;

    #[test]
    fn a_function_belongs_to_who_asks_for_it() {
        for (name, part) in [
            ("esim_rsp::es9p::decode::h0123456789abcdef", "esim_rsp"),
            ("<esim_smdp::Order as serde_core::ser::Serialize>::serialize", "esim_smdp"),
            ("<alloc::vec::Vec<T> as rasn::Decode>::decode::<esim_rsp::pe::Header>", "esim_rsp"),
            ("<&mut serde_json::de::Deserializer<R>>::parse_any", "serde_json"),
            ("p256::arithmetic::field::FieldElement::multiply", "curves"),
            ("core::fmt::Formatter::pad", "std"),
            ("__multi3", "the rest"),
            ("", "the rest"),
        ] {
            assert_eq!(part_of(name), part, "{name}");
        }
    }
}
