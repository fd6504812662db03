//! Cells of a table as spreadsheets leave them alone, and back.
//!
//! A spreadsheet runs what looks like a formula, rounds a long number to 15 digits, drops leading zeros and makes dates of
//! what looks like one. An apostrophe in front makes it text, for every spreadsheet; what reads our tables again takes it
//! away.

use alloc::borrow::Cow;
use alloc::format;

/// The mark of a cell that is text whatever it looks like.
const MARK: char = '\'';
/// Longest number that every spreadsheet shows digit for digit.
const PLAIN_DIGITS: usize = 11;

/// A value as a cell that no spreadsheet changes or runs.
pub fn to_cell(value: &str) -> Cow<'_, str> {
    match is_misread(value) {
        true => format!("{MARK}{value}").into(),
        false => value.into(),
    }
}

/// The value of a cell that [`to_cell`] may have made; other cells are what they are.
pub fn of_cell(cell: &str) -> &str {
    cell.strip_prefix(MARK).filter(|value| is_misread(value)).unwrap_or(cell)
}

/// Whether a spreadsheet would make something else of a value. What has the mark already gets another, so that nothing is
/// taken for a mark that is none.
fn is_misread(value: &str) -> bool {
    let Some(first) = value.chars().next() else { return false };
    match first {
        MARK => value.strip_prefix(MARK).is_some_and(is_misread),
        // Formulae, in the widths of East Asia too.
        '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\u{FF1D}' | '\u{FF0B}' | '\u{FF0D}' | '\u{FF20}' => {
            true
        }
        // Numbers and dates of every kind; a time with its zone is one that nothing is lost of.
        '0'..='9' | '.' => !is_plain_number(value) && !is_time(value),
        first if first.is_whitespace() => is_misread(value.trim_start()),
        _ => false,
    }
}

fn is_plain_number(value: &str) -> bool {
    let digits = value.bytes().all(|octet| octet.is_ascii_digit()) && value.len() <= PLAIN_DIGITS;
    digits && (value == "0" || !value.starts_with('0'))
}

/// `2026-01-01T00:00:00Z`
fn is_time(value: &str) -> bool {
    let form = b"dddd-dd-ddTdd:dd:ddZ";
    let fits = |(octet, form): (u8, &u8)| match form {
        b'd' => octet.is_ascii_digit(),
        other => octet == *other,
    };
    value.len() == form.len() && value.bytes().zip(form).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spreadsheets_would_change_is_marked() {
        for value in [
            "=1+1",
            "+4930",
            "-1",
            "@SUM(A1)",
            "\t=1",
            " =1",
            "＝1",
            "8900101000000000017",
            "001010123456789",
            "1E5",
            "10-12",
            "1.5",
            ".5",
            "123456789012",
            "2026-01-01",
            "1/2",
            "'=1",
            "''0012",
            "89A",
        ] {
            assert_eq!(to_cell(value), format!("'{value}"), "{value}");
            assert_eq!(of_cell(&to_cell(value)), value);
        }
    }

    #[test]
    fn other_values_stay_as_they_are() {
        for value in [
            "",
            "0",
            "7",
            "12345678901",
            "Released",
            "LPA:1$smdp.example$A-B",
            "A-1",
            "'n",
            "'",
            "''",
            "2026-01-01T00:00:00Z",
        ] {
            assert_eq!(to_cell(value), value);
            assert_eq!(of_cell(value), value);
        }
    }
}
