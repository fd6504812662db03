//! A download that outlasts this process: what it needs to go on lies beside the card's memory while it is under way.

use super::{Options, Port};
use anyhow::{Context, Result, anyhow};
use esim_disk::{Disk, Files, beside, replace};
use esim_lpa::resume::{Kept, Resumable};
use esim_lpa::{DownloadParams, Lang, Outcome, Session, Step};
use std::path::{Path, PathBuf};

/// Where an unfinished download lies.
pub(super) struct ResumeFile(PathBuf);

/// How a download ended, and whether there is something to go on with.
pub(super) struct Fetched {
    pub outcome: Outcome,
    pub is_unfinished: bool,
}

impl ResumeFile {
    /// The file that the user names, or the one beside the card's memory.
    pub fn of(given: Option<PathBuf>, state: &Path) -> Self {
        Self(given.unwrap_or_else(|| beside(state, "download")))
    }

    /// What was put away, if anything was.
    ///
    /// # Errors
    /// A sentence, if another version has written it, or it is damaged.
    pub fn read(&self, lang: Lang) -> Result<Option<Kept>> {
        let octets = Files.read(&self.0).with_context(|| self.0.display().to_string())?;
        let read = |octets: Vec<u8>| Kept::read(&octets).map_err(|error| anyhow!("{}", error.text(lang)));
        octets.map(read).transpose().with_context(|| self.0.display().to_string())
    }

    /// The download of these parameters: the one that was put away, if it is of the same order, else a new one.
    pub fn begin(&self, params: DownloadParams, lang: Lang) -> Resumable {
        let kept = match self.read(lang) {
            Ok(kept) => kept,
            Err(error) => {
                tell!("{error:#}");
                None
            }
        };
        match kept {
            Some(kept) if kept.is_of(&params) => kept.resume(params.confirmation_code, params.auto_consent),
            Some(other) => {
                tell!(
                    "an unfinished download from {} is given up for this one; its activation code can still be used",
                    other.params.smdp_address
                );
                Resumable::new(params)
            }
            None => Resumable::new(params),
        }
    }

    /// Downloads, and puts away before every step what it would take to go on without this process.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn fetch(
        &self,
        port: &mut Port<'_>,
        options: &Options,
        download: Resumable,
    ) -> Result<Fetched> {
        port.user.start();
        let done = self.run(port, options, download).await;
        port.user.finish();
        done
    }

    async fn run(&self, port: &mut Port<'_>, options: &Options, download: Resumable) -> Result<Fetched> {
        let mut session = Session::new(download, options.card.clone());
        let mut written = None;
        loop {
            let kept = session.machine().kept();
            if kept != written {
                self.write(kept.as_ref())?;
                written = kept;
            }
            if let Step::Done(outcome) = session.next(port).await {
                return Ok(Fetched { outcome, is_unfinished: written.is_some() });
            }
        }
    }

    /// There is nothing to go on with any more.
    ///
    /// # Errors
    /// If the file cannot be removed.
    pub fn remove(&self) -> Result<()> {
        self.write(None)
    }

    fn write(&self, kept: Option<&Kept>) -> Result<()> {
        let done = match kept {
            Some(kept) => replace(&Files, &self.0, &kept.to_octets()),
            None => Files.remove(&self.0),
        };
        done.with_context(|| self.0.display().to_string())
    }

    /// That there is nothing to go on with.
    pub fn nothing(&self, lang: Lang) -> anyhow::Error {
        let path = self.0.display();
        match lang {
            Lang::En => anyhow!("no download of this card was cut off ({path} is not there)"),
            Lang::Ja => anyhow!("このカードの中断したダウンロードはありません({path}がありません)"),
        }
    }
}

/// What to do with a download that was cut off.
pub(super) fn how_to_go_on(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "`esim-lab lpa resume` goes on with it; nothing was used up.",
        Lang::Ja => "`esim-lab lpa resume`で続行できます。使用済みになったものはありません。",
    }
}
