//! Options of one letter, as `getopt` of POSIX has them: in any place, several behind one dash, a value with its option or
//! after it.

use lexopt::{Arg, Parser};
use std::collections::BTreeMap;

/// What was given.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    given: BTreeMap<char, String>,
    /// What is no option.
    pub free: Vec<String>,
}

impl Options {
    /// Reads arguments; `form` has the letters, those with a value followed by a colon. None where help is wanted, or needed.
    pub fn read(arguments: &[String], form: &str) -> Option<Self> {
        let mut options = Self::default();
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next().ok()? {
            match argument {
                Arg::Short(letter) if letter != ':' && letter != 'h' && form.contains(letter) => {
                    let has_value = form.contains(&format!("{letter}:"));
                    let value =
                        if has_value { parser.value().ok()?.into_string().ok()? } else { String::new() };
                    options.given.insert(letter, value);
                }
                Arg::Value(value) => options.free.push(value.into_string().ok()?),
                Arg::Short(_) | Arg::Long(_) => return None,
            }
        }
        Some(options)
    }

    /// Whether this one was given.
    pub fn has(&self, letter: char) -> bool {
        self.given.contains_key(&letter)
    }

    /// The value of this one, the last if it was given twice.
    pub fn value(&self, letter: char) -> Option<&String> {
        self.given.get(&letter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &str, form: &str) -> Option<Options> {
        Options::read(&arguments.split(' ').map(String::from).collect::<Vec<_>>(), form)
    }

    #[test]
    fn letters_stand_anywhere() {
        let options = read("7 -ar 9 -- -a", "ar").unwrap();
        assert!(options.has('a') && options.has('r') && options.free == ["7", "9", "-a"]);
        let options = read("-ssmdp.example -m -token -p -m last", "s:m:i:c:a:p").unwrap();
        assert_eq!(options.value('s').unwrap(), "smdp.example");
        assert_eq!(options.value('m').unwrap(), "last");
        assert!(options.has('p') && !options.has('i'));
    }

    #[test]
    fn what_is_unknown_or_without_its_value_asks_for_help() {
        for arguments in ["-x", "-h", "--all", "-s", "-?", "-:"] {
            assert_eq!(read(arguments, "s:a"), None, "{arguments}");
        }
    }
}
