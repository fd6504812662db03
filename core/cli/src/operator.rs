//! The operator's end of `/esim-lab/`: where the server is, who we are, and JSON both ways.

use crate::https::Https;
use crate::sm::{read_token, roots};
use anyhow::{Result, anyhow, bail};
use esim_rsp::es9p::Answer;
use serde::de::DeserializeOwned;
use std::path::PathBuf;
use std::time::Duration;

/// How often a server that does not answer is asked again, with pauses that double from half a second.
const TRIES: u32 = 6;

/// Where the server is and who we are.
#[derive(clap::Args)]
pub struct Server {
    /// Address of the SM: host, with a port where it is not 443.
    #[arg(long, default_value = "localhost:8443")]
    sm: String,
    /// Data folder of an SM on this machine: the token and the CI are read there.
    #[arg(long, default_value = "./data")]
    data: PathBuf,
    /// Credential of ES2+; from the data folder if absent.
    #[arg(long, env = "ESIM_LAB_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// CI certificate (DER) above the SM's TLS certificate; the project's own test CI if absent.
    #[arg(long)]
    ci: Option<PathBuf>,
    /// Plain HTTP.
    #[arg(long)]
    plain_http: bool,
}

/// A server that knows us.
pub struct Client {
    https: Https,
    address: String,
    authorization: String,
}

impl Server {
    /// Reads what is needed to call it; nothing is sent yet.
    pub fn connect(&self) -> Result<Client> {
        let token = match &self.token {
            Some(token) => token.clone(),
            None => read_token(&self.data)?,
        };
        let mut https = Https::new(&roots(self.ci.as_deref(), &self.data)?)?;
        if self.plain_http {
            https = https.plain();
        }
        Ok(Client { https, address: self.sm.clone(), authorization: format!("Bearer {token}") })
    }
}

impl Client {
    /// Posts JSON to `/esim-lab/…`, or gets it where there is no body. What can be repeated is repeated while the
    /// server is not there or has too much to do; only such things may be sent.
    pub async fn send<T: DeserializeOwned>(&self, path: &str, body: Option<&[u8]>) -> Result<T> {
        let mut pause = Duration::from_millis(500);
        for attempt in 1.. {
            let path = format!("/esim-lab/{path}");
            let sent = self.https.exchange(&self.address, &path, &self.authorization, body).await;
            match sent {
                Ok((200..300, answer)) => {
                    return serde_json::from_slice(&answer)
                        .map_err(|_| anyhow!("{} answers something else than expected", self.address));
                }
                Ok((429 | 500.., _)) if attempt < TRIES => {}
                Err(_) if attempt < TRIES => {}
                Ok((401, _)) => bail!("{} does not know this token", self.address),
                Ok((404, _)) => bail!("{} has no {path}: is it an older version?", self.address),
                Ok((status, _)) => bail!("{} answers HTTP {status}", self.address),
                Err(error) => return Err(error),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        bail!("{} does not answer", self.address)
    }
}

/// The outputs of a function, or the sentence of its refusal.
pub fn success<T>(answer: Answer<T>) -> Result<T> {
    if let Some(body) = answer.body.filter(|_| answer.header.is_success()) {
        return Ok(body);
    }
    let status = &answer.header.function_execution_status;
    let message = status.status_code_data.as_ref().and_then(|code| code.message.clone());
    match (message, status.code()) {
        (Some(message), _) => bail!("{message}"),
        (None, Some(code)) => bail!("the server refuses ({code}) and does not say more"),
        (None, None) => bail!("the server refuses, without a code or a word why"),
    }
}
