//! Questions in a terminal that are answered with arrows and the return key.

use anyhow::{Result, bail};
use esim_lpa::Lang;
use inquire::{InquireError, Password, PasswordDisplayMode, Select, Text};
use std::fmt::{self, Display, Formatter};

/// The one that is asked for.
pub(super) fn either<T>(lang: Lang, en: T, ja: T) -> T {
    match lang {
        Lang::En => en,
        Lang::Ja => ja,
    }
}

/// Something to choose, as it is shown.
struct Choice<T> {
    shown: String,
    meant: T,
}

impl<T> Display for Choice<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// One of these; none if it was left with Esc.
///
/// # Errors
/// If the program shall end (Ctrl+C), or there is no terminal.
pub(super) fn choose<T>(lang: Lang, question: &str, choices: Vec<(String, T)>) -> Result<Option<T>> {
    let choices = choices.into_iter().map(|(shown, meant)| Choice { shown, meant }).collect();
    let help =
        either(lang, "↑↓ to move, Enter to choose, Esc to go back", "↑↓で選択、Enterで決定、Escで戻る");
    let chosen = Select::new(question, choices)
        .with_help_message(help)
        .with_page_size(12)
        .without_filtering()
        .prompt_skippable();
    Ok(told(chosen)?.map(|choice| choice.meant))
}

/// Yes, or no; no if it was left with Esc.
///
/// # Errors
/// As for [`choose`].
pub(super) fn agree(lang: Lang, question: &str, (yes, no): (&str, &str)) -> Result<bool> {
    let choices = vec![(yes.to_string(), true), (no.to_string(), false)];
    Ok(choose(lang, question, choices)?.unwrap_or(false))
}

/// A line; none if it was left with Esc.
///
/// # Errors
/// As for [`choose`].
pub(super) fn line(question: &str, help: &str, initial: &str) -> Result<Option<String>> {
    let mut text = Text::new(question).with_initial_value(initial);
    if !help.is_empty() {
        text = text.with_help_message(help);
    }
    Ok(told(text.prompt_skippable())?.map(|line| line.trim().to_string()))
}

/// A line that is not to stay on the screen.
///
/// # Errors
/// As for [`choose`].
pub(super) fn secret(question: &str, help: &str) -> Result<Option<String>> {
    let secret = Password::new(question)
        .without_confirmation()
        .with_display_mode(PasswordDisplayMode::Masked)
        .with_help_message(help);
    Ok(told(secret.prompt_skippable())?.map(|line| line.trim().to_string()))
}

fn told<T>(answer: Result<Option<T>, InquireError>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(answer),
        Err(InquireError::OperationInterrupted | InquireError::OperationCanceled) => Err(Interrupted.into()),
        Err(InquireError::NotTTY) => bail!("nobody can be asked: this is no terminal"),
        Err(error) => Err(error.into()),
    }
}

/// Whoever sits there wants the program to end.
#[derive(Debug)]
pub(super) struct Interrupted;

impl Display for Interrupted {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}
