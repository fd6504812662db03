//! What a person has written, TOML or JSON, as a type. TOML is turned into the same as JSON first, so that each type is
//! read by one deserializer: those of both forms were a tenth of the page's module.

use serde::de::DeserializeOwned;
use serde_json::Number;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Why something that was written is none of its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Line, from 1, if it has one.
    pub line: Option<usize>,
    /// The cause, in the words of the parser.
    pub reason: String,
}

impl core::fmt::Display for Mistake {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl core::error::Error for Mistake {}

/// Reads JSON.
///
/// # Errors
/// Line and cause.
pub fn read_json<T: DeserializeOwned>(text: &str) -> Result<T, Mistake> {
    serde_json::from_slice(text.as_bytes()).map_err(|error| {
        let place = format!(" at line {} column {}", error.line(), error.column());
        let reason = error.to_string();
        let reason = reason.strip_suffix(&place).unwrap_or(&reason).to_string();
        Mistake { line: Some(error.line()).filter(|line| *line > 0), reason }
    })
}

/// Reads TOML. Dates, and numbers that are none or without end, are refused: nothing here has them.
///
/// # Errors
/// Line and cause.
pub(crate) fn read_toml<T: DeserializeOwned>(text: &str) -> Result<T, Mistake> {
    let table = DeTable::parse(text).map_err(|error| {
        let reason = error.message().trim().lines().next().unwrap_or_default().to_string();
        Mistake { line: error.span().map(|span| line_at(text, span.start)), reason }
    })?;
    let mut json = Json { text: String::new(), starts: vec![0] };
    let spoken = json.table(table.get_ref(), table.span().start);
    spoken.map_err(|(at, reason)| Mistake { line: Some(line_at(text, at)), reason: reason.into() })?;
    read_json(&json.text).map_err(|mistake| {
        let start = mistake.line.and_then(|line| json.starts.get(line - 1));
        Mistake { line: start.map(|start| line_at(text, *start)), ..mistake }
    })
}

/// The line on which an octet stands, from 1.
fn line_at(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|octet| *octet == b'\n').count() + 1
}

/// Where in the TOML it stands, and why it cannot be said in JSON.
type Unsaid = (usize, &'static str);

/// JSON of which each line is one key or value of the TOML.
struct Json {
    text: String,
    /// Where each line's stands in the TOML.
    starts: Vec<usize>,
}

impl Json {
    fn line(&mut self, start: usize) {
        self.text.push('\n');
        self.starts.push(start);
    }

    fn string(&mut self, string: &str) {
        self.text.push_str(&serde_json::Value::from(string).to_string());
    }

    /// Its end is on its first line again: that is where something is missing.
    fn table(&mut self, table: &DeTable<'_>, start: usize) -> Result<(), Unsaid> {
        self.text.push('{');
        for (n, (key, value)) in table.iter().enumerate() {
            self.text.push_str(if n == 0 { "" } else { "," });
            self.line(key.span().start);
            self.string(key.get_ref());
            self.text.push(':');
            self.value(value)?;
        }
        self.line(start);
        self.text.push('}');
        Ok(())
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>) -> Result<(), Unsaid> {
        let start = value.span().start;
        match value.get_ref() {
            DeValue::String(string) => self.string(string),
            DeValue::Integer(integer) => {
                let integer = i128::from_str_radix(integer.as_str(), integer.radix()).ok();
                let integer = integer.and_then(Number::from_i128);
                let integer = integer.ok_or((start, "invalid value: the number is too large"))?;
                self.text.push_str(&integer.to_string());
            }
            DeValue::Float(float) => {
                let float = float.as_str().parse().ok().and_then(Number::from_f64);
                let float = float.ok_or((start, "invalid value: not a finite number"))?;
                self.text.push_str(&float.to_string());
            }
            DeValue::Boolean(truth) => self.text.push_str(if *truth { "true" } else { "false" }),
            DeValue::Datetime(_) => return Err((start, "invalid type: a date, where none is expected")),
            DeValue::Array(values) => {
                self.text.push('[');
                for (n, value) in values.iter().enumerate() {
                    self.text.push_str(if n == 0 { "" } else { "," });
                    self.line(value.span().start);
                    self.value(value)?;
                }
                self.text.push(']');
            }
            DeValue::Table(table) => self.table(table, start)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn toml_says_what_the_same_json_says() {
        let text = "a = 0xff\nz = 18446744073709551615\nb = [1_000, -2, true, \"\\\"ü\\n\"]\nc.d = 0.5\n\n[[e]]\n\n[[e]]\nf = '''x\ny'''\n[g.h]\n";
        let same = json!({
            "a": 255, "z": u64::MAX, "b": [1000, -2, true, "\"ü\n"], "c": {"d": 0.5}, "e": [{}, {"f": "x\ny"}], "g": {"h": {}},
        });
        assert_eq!(read_toml::<Value>(text), Ok(same));
        assert_eq!(read_toml::<Value>(""), Ok(json!({})));
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Row {
        name: String,
        number: Option<u8>,
        #[serde(default)]
        rows: Vec<Row>,
    }

    #[test]
    fn a_mistake_stands_on_the_line_that_it_was_written_on() {
        let of = |text: &str| read_toml::<Row>(text).unwrap_err().to_string();
        for (text, told) in [
            ("name = \"a\"\nnumber = 7\n\n[[rows]]\nname = 8", "line 5: invalid type: integer `8`"),
            ("name = \"a\"\n[[rows]]\nname = \"b\"\n\n[[rows]]\nnumber = 1", "line 5: missing field `name`"),
            ("# nothing\n", "line 1: missing field `name`"),
            ("name = \"a\"\nnom = \"b\"", "line 2: unknown field `nom`"),
            ("name = \"a\"\n\nnumber = 256", "line 3: invalid value: integer `256`"),
            (
                "rows = [\n{ name = \"a\" },\n{ name = true },\n]\nname = \"a\"",
                "line 3: invalid type: boolean",
            ),
            ("name = \"a\"\nnumber = 99999999999999999999", "line 2: invalid value: the number is too large"),
            ("\nname = 1979-05-27", "line 2: invalid type: a date"),
            ("\nname = nan", "line 2: invalid value: not a finite number"),
            ("name = \"a\"\nname = \"b\"", "line 2: duplicate key"),
            ("name = \"a\"\n[rows", "line 2: "),
        ] {
            assert!(of(text).starts_with(told), "{text}: {}", of(text));
        }
        let deep = format!("name = {}", "[".repeat(1000));
        assert!(read_toml::<Row>(&deep).is_err());
        let mistake = read_json::<Row>("{\"name\": \"a\",\n \"number\": \"b\"}").unwrap_err();
        assert!(mistake.to_string().starts_with("line 2: invalid type: string \"b\""), "{mistake}");
        assert!(!mistake.reason.contains("column"), "{mistake}");
    }
}
