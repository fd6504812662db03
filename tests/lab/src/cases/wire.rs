//! `request.http`, `response.http` and `decoded.txt` of a case: its deciding call on the wire, for reading.
//!
//! HTTP as text, since some answers are statuses and headers. JSON is indented, its fields in the order of the wire;
//! what it holds in base64 stands in `decoded.txt` field by field.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use esim_crypto::pki::Certificate;
use esim_rsp::common::hex_upper;
use esim_rsp::explain::{Node, explain};
use esim_sm_edge::{HttpRequest, HttpResponse};
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;

/// Headers that an answer is judged by; those that browsers want are left away.
const HEADERS: [&str; 5] = ["Content-Type", "X-Admin-Protocol", "WWW-Authenticate", "Allow", "Retry-After"];
/// Longest body that is shown as it is, and longest value that is shown whole.
const BODY: usize = 4000;
const VALUE: usize = 64;
/// Set to write the files anew in place of comparing them.
const BLESS: &str = "ESIM_LAB_BLESS";

/// A request and its answer.
pub struct Exchange {
    /// As it was sent.
    pub request: HttpRequest,
    /// As it came.
    pub response: HttpResponse,
}

impl Exchange {
    /// # Errors
    /// The first line that is not the folder's.
    pub fn hold(&self, folder: &Path) -> Result<(), String> {
        [
            ("request.http", self.request()),
            ("response.http", self.response()),
            ("decoded.txt", self.decoded()),
        ]
        .into_iter()
        .try_for_each(|(file, text)| hold(&folder.join(file), &text))
    }

    fn request(&self) -> String {
        let HttpRequest { method, path, headers, body, .. } = &self.request;
        message(&format!("{method} {path} HTTP/1.1"), headers, body)
    }

    fn response(&self) -> String {
        let HttpResponse { status, headers, body } = &self.response;
        let shown = headers.iter().filter(|(name, _)| HEADERS.contains(&name.as_str())).cloned();
        message(&format!("HTTP/1.1 {status}"), &shown.collect::<Vec<_>>(), body)
    }

    /// Every field of both that holds BER-TLV.
    fn decoded(&self) -> String {
        let mut text = String::new();
        for body in [&self.request.body, &self.response.body] {
            let body: Value = serde_json::from_slice(body).unwrap_or_default();
            for (name, value) in body.as_object().into_iter().flatten() {
                let octets = value.as_str().and_then(|value| STANDARD.decode(value).ok());
                let Some(octets) = octets.filter(|octets| octets.len() > 1 && is_tlv(name)) else { continue };
                let _ = writeln!(text, "{name}, {} octets", octets.len());
                match explain(&octets) {
                    _ if is_certificate(name) => certificate(&octets, 1, &mut text),
                    Ok(nodes) => nodes.iter().for_each(|node| tree(node, &octets, 1, &mut text)),
                    Err(error) => text.push_str(&format!("  {error}\n")),
                }
                text.push('\n');
            }
        }
        text.trim_end().to_string() + if text.is_empty() { "" } else { "\n" }
    }
}

/// Fields of BER-TLV in base64 (SGP.22 6.5.2).
fn is_tlv(name: &str) -> bool {
    const FIELDS: [&str; 15] = [
        "euiccInfo1",
        "serverSigned1",
        "serverSignature1",
        "euiccCiPKIdToBeUsed",
        "serverCertificate",
        "authenticateServerResponse",
        "profileMetadata",
        "smdpSigned2",
        "smdpSignature2",
        "smdpCertificate",
        "prepareDownloadResponse",
        "boundProfilePackage",
        "pendingNotification",
        "cancelSessionResponse",
        "resultData",
    ];
    FIELDS.contains(&name)
}

fn is_certificate(name: &str) -> bool {
    name.ends_with("ertificate")
}

fn message(start: &str, headers: &[(String, String)], body: &[u8]) -> String {
    let mut text = format!("{start}\n");
    for (name, value) in headers {
        let _ = writeln!(text, "{name}: {value}");
    }
    if !body.is_empty() {
        let _ = writeln!(text, "\n{}", shown(body));
    }
    text
}

/// Indented if it is JSON without any white space, so that nothing of the octets is lost.
fn shown(body: &[u8]) -> String {
    let mut pretty = serde_json::Serializer::pretty(Vec::new());
    let mut compact = serde_json::Serializer::new(Vec::new());
    let read = || serde_json::Deserializer::from_slice(body);
    let is_json = serde_transcode::transcode(&mut read(), &mut pretty).is_ok()
        && serde_transcode::transcode(&mut read(), &mut compact).is_ok();
    match String::from_utf8(pretty.into_inner()) {
        Ok(text) if is_json && compact.into_inner() == body => text,
        _ if body.len() <= BODY => String::from_utf8_lossy(body).into_owned(),
        _ => format!("({} octets)", body.len()),
    }
}

fn certificate(octets: &[u8], depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    let _ = match Certificate::parse(octets) {
        Ok(certificate) => {
            let key = certificate.subject_key_id().map(hex_upper).unwrap_or_default();
            let serial = hex_upper(certificate.serial());
            writeln!(text, "{indent}X.509, {} octets, number {serial}, of the key {key}", octets.len())
        }
        Err(error) => writeln!(text, "{indent}no certificate: {error}"),
    };
}

/// A line for each TLV: tag, name, type, value.
fn tree(node: &Node, octets: &[u8], depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    let mut line = format!("{indent}{:02X}", node.tag);
    for word in [&node.name, &node.type_name] {
        if !word.is_empty() {
            let _ = write!(line, " {word}");
        }
    }
    let _ = match node.value.len() {
        _ if is_certificate(&node.name) => {
            let _ = writeln!(text, "{line}");
            return certificate(&octets[node.whole.clone()], depth + 1, text);
        }
        length if node.children.is_empty() && node.text.len() > 2 * VALUE => {
            let start: String = node.text.chars().take(VALUE).collect();
            writeln!(text, "{line}: {start}… ({length} octets)")
        }
        _ if node.text.is_empty() => writeln!(text, "{line}"),
        _ => writeln!(text, "{line}: {}", node.text),
    };
    node.children.iter().for_each(|child| tree(child, octets, depth + 1, text));
}

/// Compares a file, or writes it. A file of nothing is none.
fn hold(path: &Path, text: &str) -> Result<(), String> {
    if std::env::var_os(BLESS).is_some() {
        let done = if text.is_empty() { std::fs::remove_file(path) } else { std::fs::write(path, text) };
        return match done {
            Err(error) if !text.is_empty() => Err(format!("{}: {error}", path.display())),
            _ => Ok(()),
        };
    }
    let reviewed = super::files::read(path).unwrap_or_default();
    if reviewed == text {
        return Ok(());
    }
    let both = || text.lines().map(Some).chain([None]).zip(reviewed.lines().map(Some).chain([None]));
    let line = both().position(|(is, was)| is != was).unwrap_or_default();
    let (is, was) = both().nth(line).unwrap_or_default();
    let shown = |line: Option<&str>| line.unwrap_or("(the end)").to_string();
    Err(format!("{}:{}:\n  {}\n  was: {}", path.display(), line + 1, shown(is), shown(was)))
}
