//! A JSON text as a tree: each member with its place in the text.

use esim_rsp::explain::{MOST_NODES, Node};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::cell::Cell;
use std::fmt;
use std::ops::Range;

/// How deep objects and arrays are opened.
const DEPTH: usize = 16;

/// The members of a JSON object, or the value that is none; `None` if the text is no JSON.
pub(crate) fn tree(text: &str) -> Option<Vec<Node>> {
    let value: &RawValue = serde_json::from_str(text).ok()?;
    let it = Reader { text, room: Cell::new(MOST_NODES) };
    let node = it.node("", it.place(value.get()), value.get(), 0);
    Some(if node.children.is_empty() { vec![node] } else { node.children })
}

struct Reader<'a> {
    text: &'a str,
    room: Cell<usize>,
}

impl<'a> Reader<'a> {
    /// Where a part of the text stands in it.
    fn place(&self, part: &str) -> Range<usize> {
        let start = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        start..start + part.len()
    }

    fn node(&self, name: &str, whole: Range<usize>, value: &'a str, depth: usize) -> Node {
        self.room.set(self.room.get().saturating_sub(1));
        let mut node = Node::named(name, "", whole, "");
        node.value = self.place(value);
        let is_open = depth < DEPTH;
        match value.as_bytes().first() {
            Some(b'{') if is_open => {
                node.type_name = "object".into();
                let members: Members<'a> = serde_json::from_str(value).unwrap_or_default();
                let named = members.0.into_iter().map(|(key, raw)| (key, raw.get()));
                node.children = self.list(node.value.clone(), named, depth);
            }
            Some(b'[') if is_open => {
                node.type_name = "array".into();
                let items: Vec<&'a RawValue> = serde_json::from_str(value).unwrap_or_default();
                let named = items.into_iter().enumerate().map(|(i, raw)| (format!("[{i}]"), raw.get()));
                node.children = self.list(node.value.clone(), named, depth);
            }
            Some(b'"') => {
                let text = serde_json::from_str::<String>(value).unwrap_or_else(|_| value.to_string());
                node.text = if text.is_empty() { "\"\"".into() } else { text };
            }
            _ => node.text = value.to_string(),
        }
        if node.children.is_empty() && node.text.is_empty() {
            node.text = "empty".into();
        }
        node
    }

    fn list(
        &self,
        within: Range<usize>,
        members: impl ExactSizeIterator<Item = (String, &'a str)>,
        depth: usize,
    ) -> Vec<Node> {
        let (count, mut nodes, mut from) = (members.len(), Vec::new(), within.start + 1);
        for (i, (name, value)) in members.enumerate() {
            // Between two values there are white space, a comma, and the next one's name.
            let between = self.text.get(from..).unwrap_or_default();
            let gap = between.find(|c: char| !c.is_ascii_whitespace() && c != ',').unwrap_or(0);
            let end = self.place(value).end;
            if self.room.get() == 0 {
                let text = format!("{} members more", count - i);
                nodes.push(Node::named("left out", "", from + gap..within.end - 1, text));
                break;
            }
            nodes.push(self.node(&name, from + gap..end, value, depth + 1));
            from = end;
        }
        nodes
    }
}

/// Members in their order.
#[derive(Default)]
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct It;
        impl<'de> Visitor<'de> for It {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
                    members.push((key, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(It)
    }
}
