//! The person at the terminal: what is asked, and how far it is.

use super::figures::Figures;
use super::prompt::{choose, either, secret};
use anyhow::{Context, Result};
use esim_lpa::lui::Preview;
use esim_lpa::notify::Notification;
use esim_lpa::{Answer, Lang, Phase, ProfileRef, Progress, Question};
use esim_world::User;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::BufRead;
use std::time::{Duration, Instant};

/// How often a bar moves that has nothing new to tell.
const TICK: Duration = Duration::from_millis(100);

/// What the bar shows while the package goes to the card, which takes the longest, and elsewhere.
const OCTETS: &str = "{spinner} {bar:32} {bytes}/{total_bytes}, {eta} {msg}";
const STEPS: &str = "{spinner} {bar:32} {percent:>3}% {msg}";

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// The person at the terminal.
pub(super) struct Terminal {
    lang: Lang,
    quiet: bool,
    bar: ProgressBar,
    phase: Option<Phase>,
    /// What the download took that was begun last.
    pub(super) figures: Figures,
    /// The profile that was offered last.
    pub(super) offered: Option<Preview>,
    /// What is answered in place of the user.
    pub(super) preset: Option<Answer>,
    /// Whether a question found the input closed.
    pub(super) unanswered: bool,
    /// Whether questions are menus.
    menus: bool,
}

impl Terminal {
    /// Without a progress bar where the output is for a program; it is not drawn where standard error is no terminal.
    pub fn new(lang: Lang, quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(100), ProgressDrawTarget::hidden());
        bar.set_style(style(STEPS));
        Self {
            lang,
            quiet,
            bar,
            phase: None,
            figures: Figures::default(),
            offered: None,
            preset: None,
            unanswered: false,
            menus: false,
        }
    }

    /// From now on questions are menus.
    pub fn by_menus(&mut self) {
        self.menus = true;
    }

    /// Asks by a menu. Where it is left, and where there is no terminal, the order waits.
    fn answer_by_menu(&self, question: &Question) -> Answer {
        let lang = self.lang;
        let text = question.text(lang);
        match question {
            Question::Consent(_) => {
                let choices = vec![
                    (either(lang, "Install", "インストールする").to_string(), Answer::Accept),
                    (either(lang, "Not now", "後で").to_string(), Answer::Postpone),
                    (either(lang, "Refuse it for good", "拒否する").to_string(), Answer::Reject),
                ];
                choose(lang, &text, choices).ok().flatten().unwrap_or(Answer::Postpone)
            }
            Question::ConfirmationCode(_) => {
                say!("{text}");
                let help = either(lang, "Esc: not now", "Escで中止");
                let typed = secret(either(lang, "Confirmation code:", "確認コード:"), help).ok().flatten();
                typed.filter(|code| !code.is_empty()).map_or(Answer::Postpone, Answer::ConfirmationCode)
            }
        }
    }

    /// Shows the bar of a download, which moves while a server or the card takes its time.
    pub fn start(&mut self) {
        (self.figures, self.phase) = (Figures::default(), None);
        self.bar.reset();
        if !self.quiet {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.enable_steady_tick(TICK);
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl User for Terminal {
    fn answer(&mut self, question: &Question) -> Answer {
        if let Question::Consent(consent) = question {
            self.offered = Some(Preview::of(consent));
        }
        if let Some(preset) = &self.preset {
            return preset.clone();
        }
        self.bar.clone().suspend(|| {
            if let (Question::Consent(_), Some(offered)) = (question, &self.offered) {
                super::show::preview(offered, self.lang).iter().for_each(|line| tell!("{line}"));
            }
            if self.menus {
                return self.answer_by_menu(question);
            }
            crate::out::ask(&question.text(self.lang));
            let Ok(Some(typed)) = read_line() else {
                self.unanswered = true;
                return Answer::Timeout;
            };
            match question {
                Question::ConfirmationCode(_) if typed.is_empty() => Answer::Postpone,
                Question::ConfirmationCode(_) => Answer::ConfirmationCode(typed),
                Question::Consent(_) => match typed.to_lowercase().as_str() {
                    "y" | "yes" | "はい" => Answer::Accept,
                    "n" | "no" | "いいえ" => Answer::Reject,
                    _ => Answer::Postpone,
                },
            }
        })
    }

    fn wait(&mut self, seconds: u32) {
        std::thread::sleep(Duration::from_secs(seconds.into()));
    }

    fn progress(&mut self, progress: &Progress) {
        if self.phase != Some(progress.phase) {
            self.phase = Some(progress.phase);
            self.bar.set_message(progress.phase.text(self.lang));
            self.bar.set_style(style(if progress.phase == Phase::Loading { OCTETS } else { STEPS }));
            self.bar.reset_eta();
        }
        self.figures.see(progress, Instant::now());
        let (done, of) = match progress.phase {
            Phase::Loading => (progress.done, progress.total),
            _ => (progress.percent().into(), 100),
        };
        self.bar.set_length(of.into());
        self.bar.set_position(done.into());
    }
}

pub(super) fn confirm_deletion(profile: &ProfileRef, lang: Lang) -> Result<bool> {
    crate::out::ask(&match lang {
        Lang::En => format!("{profile} will be gone for good. Type its last four digits to delete it:"),
        Lang::Ja => format!("{profile}は完全に削除されます。削除するには末尾4桁を入力してください:"),
    });
    let typed = read_line()?.context("nobody can be asked: standard input is closed. --yes deletes it")?;
    let name = profile.to_string();
    Ok(typed.len() == 4 && name.ends_with(&typed))
}

/// Whether a notification that was not delivered shall be dropped.
pub(super) fn confirm_drop(it: &Notification, lang: Lang) -> Result<bool> {
    let (number, to) = (it.sequence_number, &it.address);
    crate::out::ask(&match lang {
        Lang::En => format!(
            "Notification {number} was not delivered. Without it {to} never hears of what happened: a profile that was deleted \
             stays installed there, and cannot be issued again. Type {number} to drop it:"
        ),
        Lang::Ja => format!(
            "通知{number}は未送信です。破棄すると{to}に変更が伝わりません。削除済みのプロファイルがサーバーではインストール済みの\
             ままとなり、再発行できなくなります。破棄するには{number}と入力してください:"
        ),
    });
    let typed = read_line()?.context("nobody can be asked: standard input is closed. --yes drops it")?;
    Ok(typed == number.to_string())
}

pub(super) fn confirm_reset(lang: Lang) -> Result<bool> {
    crate::out::ask(either(
        lang,
        "All that these options name will be gone for good. Type reset to go on:",
        "オプションで指定したものがすべて完全に削除されます。続けるにはresetと入力してください:",
    ));
    let typed = read_line()?.context("nobody can be asked: standard input is closed. --yes deletes it")?;
    Ok(typed == "reset")
}

/// For a download that asked where there was no one.
pub(super) fn nobody_to_ask(lang: Lang) -> &'static str {
    match lang {
        Lang::En => {
            "Nobody could be asked: standard input is closed. --yes agrees to the profile, --confirmation-code \
             gives the code. The activation code stays valid."
        }
        Lang::Ja => {
            "標準入力が閉じているため、確認できませんでした。--yesで同意し、--confirmation-codeで確認コードを渡せます。\
             アクティベーションコードは引き続き有効です。"
        }
    }
}

/// Of the sentences.
pub fn language(ja: bool) -> Lang {
    let from_environment = || std::env::var("LANG").is_ok_and(|lang| lang.starts_with("ja"));
    if ja || from_environment() { Lang::Ja } else { Lang::En }
}

/// What somebody types, or another program writes; none where the input has come to its end.
fn read_line() -> Result<Option<String>> {
    let mut line = String::new();
    let octets = std::io::stdin().lock().read_line(&mut line).context("cannot read the answer")?;
    Ok((octets > 0).then(|| line.trim().to_string()))
}
