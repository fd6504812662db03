//! `esim-lab sm order`: the operator's client.

use crate::https::Https;
use anyhow::{Context, Result, bail};
use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_world::{Line, Operator, Ordered, Trace, Wish};
use std::path::{Path, PathBuf};

/// `sm order`.
#[derive(clap::Args)]
pub struct Order {
    /// Address of the SM: host, with a port where it is not 443.
    #[arg(long, default_value = "localhost:8443")]
    sm: String,
    /// Data folder of an SM on this machine: the token and the CI are read there.
    #[arg(long, default_value = "./data")]
    data: PathBuf,
    /// Credential of ES2+; from the data folder if absent.
    #[arg(long, env = "ESIM_LAB_TOKEN")]
    token: Option<String>,
    /// CI certificate (DER) above the SM's TLS certificate; the project's own test CI if absent.
    #[arg(long)]
    ci: Option<PathBuf>,
    /// Plain HTTP.
    #[arg(long)]
    plain_http: bool,
    /// Name of the operator.
    #[arg(long, default_value = "esim-lab")]
    spn: String,
    /// Name of the profile.
    #[arg(long)]
    name: Option<String>,
    /// ICCID of the profile, 18 to 20 digits; drawn by the SM if absent.
    #[arg(long)]
    iccid: Option<esim_rsp::Iccid>,
    /// IMSI, 6 to 15 digits.
    #[arg(long, default_value = "001010123456789")]
    imsi: String,
    /// Telephone number.
    #[arg(long)]
    msisdn: Option<String>,
    /// Subscriber key K, 32 hexadecimal digits; drawn if absent.
    #[arg(long)]
    ki: Option<String>,
    /// OPc, 32 hexadecimal digits; drawn if absent.
    #[arg(long)]
    opc: Option<String>,
    /// Unprotected profile package in place of a subscriber: a file with DER, hexadecimal or base64, or - for standard
    /// input.
    #[arg(long, value_name = "FILE")]
    upp: Option<String>,
    /// test, provisioning or operational.
    #[arg(long, default_value = "operational")]
    class: String,
    /// Reserves the profile for this eUICC.
    #[arg(long)]
    eid: Option<esim_rsp::Eid>,
    /// Token of the activation code; drawn by the SM if absent.
    #[arg(long)]
    matching_id: Option<String>,
    /// SM-DS that tells the eUICC of the order (needs --eid); `.` for the root that the SM knows.
    #[arg(long, value_name = "ADDRESS", requires = "eid")]
    smds: Option<String>,
    /// What the user must enter.
    #[arg(long)]
    confirmation_code: Option<String>,
    /// The order as JSON, without the QR code.
    #[arg(long)]
    json: bool,
}

/// Orders a profile over ES2+ and prints its activation code, and the codes of the profile that the SM tells this once.
pub async fn order(args: Order) -> Result<()> {
    let token = match &args.token {
        Some(token) => token.clone(),
        None => read_token(&args.data)?,
    };
    let mut https = Https::new(&roots(args.ci.as_deref(), &args.data)?)?;
    if args.plain_http {
        https = https.plain();
    }
    let wish = Wish {
        iccid: args.iccid,
        imsi: args.imsi,
        ki: args.ki.map_or_else(draw_key, Ok)?,
        opc: args.opc.map_or_else(draw_key, Ok)?,
        msisdn: args.msisdn,
        service_provider_name: args.spn,
        profile_name: args.name,
        confirmation_code: args.confirmation_code,
        eid: args.eid,
        matching_id: args.matching_id,
        smds: args.smds,
        upp: args.upp.as_deref().map(crate::profile::read).transpose()?.map(|package| package.to_der()),
        profile_class: Some(args.class),
        ..Wish::default()
    };
    let mut trace = Trace::default();
    let line = Line::new(&mut trace, crate::clock().now());
    let mut operator = Operator { transport: &mut https, line, address: &args.sm, token: &token };
    let ordered = operator.order(&wish).await?;
    if args.json {
        say!("{}", serde_json::to_string_pretty(&view(&ordered))?);
        return Ok(());
    }
    say!("ICCID            {}", ordered.iccid);
    say!("activation code  {}", ordered.activation_code);
    for (name, code) in ordered.codes.named() {
        say!("{:<16} {code}", name.to_uppercase());
    }
    say!("{}", qr(&ordered.activation_code.to_string())?);
    Ok(())
}

fn view(ordered: &Ordered) -> serde_json::Value {
    let mut view = serde_json::json!({
        "iccid": ordered.iccid,
        "matchingId": ordered.matching_id,
        "activationCode": ordered.activation_code.to_string(),
    });
    if !ordered.codes.is_empty() {
        view["codes"] = serde_json::json!(ordered.codes);
    }
    view
}

/// The credential that the SM of this data folder has drawn.
pub fn read_token(data: &Path) -> Result<String> {
    let path = data.join("token");
    match std::fs::read_to_string(&path) {
        Ok(token) => Ok(token.trim().to_string()),
        Err(error) => bail!("no ES2+ token: {}: {error}; give --token, or --data of the SM", path.display()),
    }
}

/// CI certificates to trust for TLS: the one given, that of the SM's data folder, the project's own.
pub fn roots(ci: Option<&Path>, data: &Path) -> Result<Vec<Vec<u8>>> {
    if let Some(path) = ci {
        return Ok(vec![std::fs::read(path).with_context(|| path.display().to_string())?]);
    }
    let mut roots = vec![TestPki::well_known(Curve::P256).ci.certificate];
    let entries = std::fs::read_dir(data.join("pki")).into_iter().flatten().flatten();
    let own = entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.starts_with("CERT_CI") && name.ends_with(".der")
    });
    roots.extend(own.filter_map(|path| std::fs::read(path).ok()));
    Ok(roots)
}

fn draw_key() -> Result<String> {
    Ok(hex::encode(crate::random_octets::<16>()?))
}

/// A QR code in half blocks, dark on light as every scanner wants it.
pub fn qr(text: &str) -> Result<String> {
    let code = qrcode::QrCode::new(text.as_bytes()).context("too long for a QR code")?;
    Ok(code.render::<qrcode::render::unicode::Dense1x2>().quiet_zone(true).build())
}
