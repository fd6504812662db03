//! The file `_headers` of a page's folder, as Cloudflare's static assets read it: the same file governs both hosts.
//!
//! ```text
//! /assets/*
//!   ! Cache-Control
//!   Cache-Control: public, max-age=31536000, immutable
//! ```
//!
//! A pattern has one `*` at most. Every rule that matches counts, in their order: what it takes away with `!` goes,
//! and what is there already goes on behind a comma. Patterns with a host or a placeholder are not understood.

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

/// The rules of the file.
#[derive(Debug, Default)]
pub(crate) struct PageHeaders(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    pattern: String,
    removed: Vec<HeaderName>,
    set: Vec<(HeaderName, HeaderValue)>,
}

impl PageHeaders {
    /// # Errors
    /// A line that is not understood: its number, and why.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rules: Vec<Rule> = Vec::new();
        for (number, line) in (1..).zip(text.lines().map(str::trim)) {
            let at = |why: &str| format!("line {number}: {why}: {line}");
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line.starts_with('/') {
                let pattern =
                    pattern(line).ok_or_else(|| at("a pattern has one * at most, and no placeholder"))?;
                rules.push(Rule { pattern, removed: Vec::new(), set: Vec::new() });
                continue;
            }
            let rule =
                rules.last_mut().ok_or_else(|| at("there is no pattern that begins with / before it"))?;
            rule.read(line).ok_or_else(|| at("it is no header"))?;
        }
        Ok(Self(rules))
    }

    /// The headers of what is at `path`.
    pub fn of(&self, path: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for rule in self.0.iter().filter(|rule| rule.matches(path)) {
            rule.removed.iter().for_each(|name| drop(headers.remove(name)));
            for (name, value) in &rule.set {
                let value =
                    headers.get(name).and_then(|before| joined(before, value)).unwrap_or(value.clone());
                headers.insert(name, value);
            }
        }
        headers
    }
}

impl Rule {
    fn read(&mut self, line: &str) -> Option<()> {
        match line.strip_prefix('!') {
            Some(name) => self.removed.push(name.trim().parse().ok()?),
            None => {
                let (name, value) = line.split_once(':')?;
                self.set.push((name.trim().parse().ok()?, value.trim().parse().ok()?));
            }
        }
        Some(())
    }

    fn matches(&self, path: &str) -> bool {
        match self.pattern.split_once('*') {
            None => self.pattern == path,
            Some((before, after)) => path.strip_prefix(before).is_some_and(|rest| rest.ends_with(after)),
        }
    }
}

fn pattern(line: &str) -> Option<String> {
    (line.matches('*').count() <= 1 && !line.contains(':')).then(|| line.to_string())
}

fn joined(before: &HeaderValue, value: &HeaderValue) -> Option<HeaderValue> {
    let both = [before.as_bytes(), b", ", value.as_bytes()].concat();
    HeaderValue::from_bytes(&both).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_count_in_their_order() {
        let text = "# words\n/*\n  Cache-Control: no-cache\n  X-Is: one\n\n/a/*.js\n  ! cache-control\n  Cache-Control: immutable\n  X-Is: two\n";
        let headers = PageHeaders::parse(text).unwrap();
        let of = |path: &str| {
            let found = headers.of(path);
            ["cache-control", "x-is"].map(|name| found[name].to_str().unwrap().to_string())
        };
        assert_eq!(of("/"), ["no-cache", "one"]);
        assert_eq!(of("/a/b.css"), ["no-cache", "one"]);
        assert_eq!(of("/a/b.js"), ["immutable", "one, two"]);
        assert!(PageHeaders::parse("/a\n X-A: b").unwrap().of("/ab").is_empty());
    }

    #[test]
    fn what_is_not_understood_is_told() {
        for (text, line) in [
            ("X-A: b", 1),
            ("/a\n X-A", 2),
            ("/a\n\n X A: b", 3),
            ("/*/*", 1),
            ("/:name", 1),
            ("https://host/a", 1),
        ] {
            let told = PageHeaders::parse(text).unwrap_err();
            assert!(told.starts_with(&format!("line {line}: ")), "{text}: {told}");
        }
    }
}
