//! Files of the page whose names have a hash in them: the static assets of the platform have their octets and headers,
//! and what the build has left in Brotli beside them goes out as it is.
//!
//! The platform would compress them by itself, but less, and at every request that it has not in its cache.

use crate::caller;
use esim_sm_edge::{HttpRequest, page};
use worker::{
    EncodeBody, Env, Fetcher, Headers, Method, Request, RequestInit, Response, ResponseBody, Result,
};

/// Their folder, as `run_worker_first` of `wrangler.toml` has it.
const FOLDER: &str = "/assets/";

/// The answer, where the path is that of a file.
pub async fn answer(head: &HttpRequest, request: &Request, env: &Env) -> Result<Option<Response>> {
    if !head.path.starts_with(FOLDER) {
        return Ok(None);
    }
    // A worker may be set up without the page.
    let Ok(files) = env.assets("ASSETS") else { return Ok(None) };
    let mut url = request.url()?;
    let plain = url.to_string();
    url.set_path(&format!("{}.br", url.path()));
    let method = match &*head.method {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        _ => return refuse(&files, &plain).await,
    };
    if page::accepts_brotli(&caller::accept_encoding(request)) {
        let compressed = fetch(&files, url.as_str(), method.clone(), request).await?;
        if is_there(&compressed)
            && let Some(kind) = kind(&files, &plain).await?
        {
            return in_brotli(compressed, &kind).map(Some);
        }
    }
    let file = fetch(&files, &plain, method, request).await?;
    let headers = headers_of(&file)?;
    Ok(is_there(&file).then(|| file.with_headers(headers)))
}

/// A file, or that the client has it already.
async fn fetch(files: &Fetcher, url: &str, method: Method, request: &Request) -> Result<Response> {
    let headers = Headers::new();
    if let Some(known) = request.headers().get("If-None-Match")? {
        headers.set("If-None-Match", &known)?;
    }
    files.fetch(url, Some(RequestInit { method, headers, ..RequestInit::default() })).await
}

fn is_there(file: &Response) -> bool {
    [200, 304].contains(&file.status_code())
}

/// Of which type the file is, if there is one: the name of its compressed form does not tell.
async fn kind(files: &Fetcher, url: &str) -> Result<Option<String>> {
    let init = RequestInit { method: Method::Head, ..RequestInit::default() };
    let file = files.fetch(url, Some(init)).await?;
    if is_there(&file) { file.headers().get("Content-Type") } else { Ok(None) }
}

fn in_brotli(file: Response, kind: &str) -> Result<Response> {
    let (status, headers) = (file.status_code(), headers_of(&file)?);
    let (_, body) = file.into_parts();
    let answer = Response::from_body(if status == 200 { body } else { ResponseBody::Empty })?;
    if status == 200 {
        headers.set("Content-Type", kind)?;
        headers.set("Content-Encoding", "br")?;
    }
    // Else the runtime would compress it once more.
    Ok(answer.with_headers(headers).with_status(status).with_encode_body(EncodeBody::Manual))
}

/// Its headers, which may be changed, and that they depend on what the client takes.
fn headers_of(file: &Response) -> Result<Headers> {
    let headers = Headers::new();
    for (name, value) in file.headers().entries() {
        headers.set(&name, &value)?;
    }
    headers.set("Vary", "Accept-Encoding")?;
    Ok(headers)
}

/// Files are read, and nothing else.
async fn refuse(files: &Fetcher, url: &str) -> Result<Option<Response>> {
    let found = kind(files, url).await?;
    found
        .map(|_| Response::builder().with_status(405).with_header("Allow", "GET, HEAD").map(|it| it.empty()))
        .transpose()
}
