//! The declarations of the package, out of the types of Rust: `types.ts`. `ESIM_LAB_BLESS=1` writes it anew.

use crate::lpa::view as lpa;
use crate::{Options, view};
use esim_rsp::trace::Record;
use esim_world::{
    Act, Compared, CopyForm, Difference, Explained, Foreign, Journal, KeySession, Performed, Picture,
    StepDone,
};
use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use ts_rs::{Config, TS, TypeVisitor};

const HEAD: &str = "// Made from the types in Rust, by a test: see CONTRIBUTING.md.\n";

/// Types that somebody names, and all that these are made of.
fn declarations(named: impl Fn(&mut All<'_>)) -> String {
    // Numbers that a page gets are of JSON.
    let config = Config::new().with_large_int("number");
    let mut all = All { config: &config, seen: HashSet::new(), found: BTreeMap::new() };
    named(&mut all);
    all.found.values().fold(HEAD.to_string(), |text, declaration| text + "\n" + declaration)
}

/// Those that the functions of the package name.
fn of_the_world(all: &mut All<'_>) {
    all.visit::<Options>();
    all.visit::<Act>();
    all.visit::<Performed>();
    all.visit::<StepDone>();
    all.visit::<Journal>();
    all.visit::<Record>();
    all.visit::<Explained>();
    all.visit::<Foreign>();
    all.visit::<CopyForm>();
    all.visit::<Compared>();
    all.visit::<Picture>();
    all.visit::<KeySession>();
    all.visit::<Difference>();
    all.visit::<view::Order>();
    all.visit::<view::Answered>();
    all.visit::<view::Phone>();
    all.visit::<view::RulesAnswer>();
    all.visit::<view::ScenarioInfo>();
    all.visit::<lpa::CardInfo>();
    all.visit::<lpa::CardProfile>();
    all.visit::<lpa::CardOutcome>();
    all.visit::<lpa::CardNotification>();
    all.visit::<lpa::Delivered>();
    all.visit::<lpa::CardQuestion>();
    all.visit::<lpa::CardAnswer>();
    all.visit::<lpa::CardProgress<'static>>();
}

/// Those that the functions of the ways to a card name.
fn of_the_cards(all: &mut All<'_>) {
    all.visit::<esim_cards::WayInfo>();
    all.visit::<esim_cards::CardReason>();
    all.visit::<esim_cards::Place>();
    all.visit::<esim_cards::About>();
}

struct All<'a> {
    config: &'a Config,
    seen: HashSet<TypeId>,
    /// By name.
    found: BTreeMap<String, String>,
}

impl TypeVisitor for All<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        if T::output_path().is_some() {
            let declaration = format!("{}export {}", T::docs().unwrap_or_default(), T::decl(self.config));
            let declaration = laid_out(&declaration);
            let before = self.found.insert(T::ident(self.config), declaration.clone());
            assert!(before.is_none(), "two types of one name:\n{declaration}");
        }
        T::visit_dependencies(self);
    }
}

/// What a line takes stays in it; else a field and a member of a union a line each, comments in front of them.
const WIDTH: usize = 90;

fn laid_out(declaration: &str) -> String {
    let (docs, bare) = match declaration.split_once("*/").filter(|_| declaration.starts_with("/**")) {
        Some((docs, bare)) => (format!("{}\n", comment(docs, 0)), bare.trim()),
        None => (String::new(), declaration),
    };
    let (head, body) = bare.split_once(" = ").unwrap_or((bare, ""));
    let members = split(body.trim_end_matches(';'), '|');
    let is_long = members.len() > 1 && body.len() > WIDTH;
    let laid: Vec<String> = members.iter().map(|member| value(member, usize::from(is_long))).collect();
    match is_long {
        true => format!("{docs}{head} =\n  | {};\n", laid.join("\n  | ")),
        false => format!("{docs}{head} = {};\n", laid.join(" | ")),
    }
}

/// A type at a depth of indentation: an object in its fields, anything else as it is.
fn value(text: &str, depth: usize) -> String {
    let text = text.trim();
    let Some((fields, rest)) = text.strip_prefix('{').and_then(|text| {
        let end = end_of_object(text)?;
        Some((&text[..end], text[end + 1..].trim()))
    }) else {
        return text.into();
    };
    let rest = if rest.is_empty() { String::new() } else { format!(" {rest}") };
    let fields: Vec<&str> = split(fields, ',').into_iter().filter(|field| !field.trim().is_empty()).collect();
    let inner = "  ".repeat(depth + 1);
    let all: Vec<String> = fields.iter().map(|one| field(one, depth + 1)).collect();
    match all.concat().contains(['\n', '*']) || all.concat().len() > WIDTH {
        true => format!("{{\n{inner}{};\n{}}}{rest}", all.join(&format!(";\n{inner}")), "  ".repeat(depth)),
        false => format!("{{ {} }}{rest}", all.join("; ")),
    }
}

/// A field with its comment.
fn field(text: &str, depth: usize) -> String {
    let text = text.trim();
    let (docs, text) = match text.split_once("*/").filter(|_| text.starts_with("/**")) {
        Some((docs, text)) => (Some(docs), text.trim()),
        None => (None, text),
    };
    let (name, of) = text.split_once(':').unwrap_or((text, ""));
    let (name, optional) = name.strip_suffix('?').map_or((name, ""), |name| (name, "?"));
    let name = name.trim_matches('"');
    let quote = if name.contains('-') { "\"" } else { "" };
    let docs = docs.map(|docs| format!("{}\n{}", comment(docs, depth), "  ".repeat(depth)));
    format!("{}{quote}{name}{quote}{optional}: {}", docs.unwrap_or_default(), value(of, depth))
}

/// Parts between signs that stand in no brackets, strings or comments.
fn split(text: &str, at: char) -> Vec<&str> {
    let (mut parts, mut depth, mut start, mut from) = (Vec::new(), 0, 0, 0);
    while let Some(first) = text[from..].chars().next() {
        match first {
            '{' | '[' | '<' | '(' => depth += 1,
            '}' | ']' | '>' | ')' => depth -= 1,
            _ if first == at && depth == 0 => {
                parts.push(&text[start..from]);
                start = from + 1;
            }
            _ => {}
        }
        from += token_of(&text[from..], first);
    }
    parts.push(&text[start..]);
    parts
}

/// Where the brace is that closes an object whose first one is behind.
fn end_of_object(text: &str) -> Option<usize> {
    let (mut depth, mut from) = (1, 0);
    while let Some(first) = text[from..].chars().next() {
        depth += match first {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        if depth == 0 {
            return Some(from);
        }
        from += token_of(&text[from..], first);
    }
    None
}

/// How long the next token is: a string, a comment, or a character.
fn token_of(rest: &str, first: char) -> usize {
    let end = match first {
        '"' => rest[1..].find('"').map(|at| at + 2),
        '/' if rest.starts_with("/**") => rest.find("*/").map(|at| at + 2),
        _ => None,
    };
    end.unwrap_or(first.len_utf8())
}

/// `/** … */`, in a line if it has one; what follows in a block of code is for readers of Rust.
fn comment(docs: &str, depth: usize) -> String {
    let lines = docs.lines().filter_map(|line| line.trim().strip_prefix("* ")).map(str::trim);
    let lines: Vec<&str> = lines.take_while(|line| !line.starts_with("```")).collect();
    match lines[..] {
        [one] => format!("/** {one} */"),
        _ => {
            let space = "  ".repeat(depth);
            let lines = lines.iter().map(|line| format!("{space} * {line}\n"));
            format!("/**\n{}{space} */", lines.collect::<String>())
        }
    }
}

#[test]
fn the_declarations_are_those_of_the_types() {
    for (file, declarations) in
        [("src/types.ts", declarations(of_the_world)), ("cards/src/types.ts", declarations(of_the_cards))]
    {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        if std::env::var_os("ESIM_LAB_BLESS").is_some() {
            std::fs::write(&path, &declarations).expect("the file can be written");
        }
        let written = std::fs::read_to_string(&path).expect("the file can be read");
        assert!(
            written == declarations,
            "wasm/{file} is not what the types say: write it anew with \
             `ESIM_LAB_BLESS=1 cargo test -p esim-wasm`, and look at the difference"
        );
    }
}
