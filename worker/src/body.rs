//! Bodies are read chunk by chunk, and no further than they may be long: an instance has 128 MB for everybody.

use esim_sm_edge::HttpRequest;
use futures_util::TryStreamExt;
use worker::{ByteStream, Headers, Result};

/// All of a body; nothing if it is longer than `limit` octets, and then the rest of it is not read.
pub async fn read(mut stream: ByteStream, limit: usize) -> Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(chunk) = stream.try_next().await? {
        if body.len() + chunk.len() > limit {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// How long a body is whose end nothing else tells; nothing where something else does, or nobody says.
pub fn announced(head: &HttpRequest) -> Option<u64> {
    let length = head.header("Content-Length")?.trim().parse().ok()?;
    head.header("Transfer-Encoding").is_none().then_some(length)
}

/// Whether a body says of itself that it is longer than `limit` octets.
pub fn announces_more(headers: &Headers, limit: usize) -> bool {
    let length = headers.get("Content-Length").ok().flatten();
    length.and_then(|text| text.trim().parse::<u64>().ok()).is_some_and(|length| length > limit as u64)
}
