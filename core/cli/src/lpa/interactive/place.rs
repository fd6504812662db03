//! Which card is meant, where nobody has said so.

use crate::card::{Listed, Where, places};
use crate::lpa::prompt::{choose, either, line};
use anyhow::{Result, bail};
use esim_lpa::Lang;
use std::path::{Path, PathBuf};

/// Where a software card lies by custom, and the CI that an SM of one's own has made.
const STATE: &str = "card";
const OWN_CI: &str = "data/pki/CERT_CI_ECDSA_NIST.der";

/// Lets the user choose among what is plugged in, a software card in this folder, and a new one.
///
/// # Errors
/// If nothing was chosen.
pub(crate) fn choose_card(lang: Lang) -> Result<Where> {
    let (readers, ports): (Vec<_>, Vec<_>) = places().into_iter().partition(|place| place.present);
    let mut found = choices(readers);
    let state = PathBuf::from(STATE);
    let text = match state.exists() {
        true => either(lang, "The software card in this folder", "このフォルダーのソフトウェアカード"),
        false => either(
            lang,
            "A new software card in this folder",
            "このフォルダーに新しいソフトウェアカードを作る",
        ),
    };
    found.push((text.to_string(), Where::File(state.clone())));
    found.extend(choices(ports));
    let question = either(lang, "Which eSIM?", "どのeSIMを使いますか?");
    match choose(lang, question, found)? {
        Some(Where::File(path)) if path == state && !path.exists() => {
            crate::euicc::make(&path)?;
            Ok(Where::File(path))
        }
        Some(place) => Ok(place),
        None => bail!("no card was chosen"),
    }
}

fn choices(places: Vec<Listed>) -> Vec<(String, Where)> {
    let choice = |it: Listed| Some((format!("{}  {}", it.card, it.state), it.card.parse().ok()?));
    places.into_iter().filter_map(choice).collect()
}

/// Asks for the CI that a card trusts which is not ours; none if the user names none.
///
/// # Errors
/// If the program shall end.
pub(crate) fn choose_ci(lang: Lang) -> Result<Option<PathBuf>> {
    let known = if Path::new(OWN_CI).exists() { OWN_CI } else { "" };
    let help = either(
        lang,
        "its certificate issuer: a file (DER). Without one profiles are managed, and none is added",
        "証明書発行者の証明書ファイル(DER)。空欄の場合、プロファイルの管理のみで追加はできません",
    );
    let question = either(lang, "Whom does this eSIM trust?", "このeSIMが信頼する認証局は?");
    Ok(line(question, help, known)?.filter(|path| !path.is_empty()).map(PathBuf::from))
}
