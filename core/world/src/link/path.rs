//! Names of a field from outside in, with points between them: `euiccSigned1.euiccInfo2.svn`. Of several of one name
//! under one parent `name[1]` is the second, `[1]` the second child whatever its name. Names may hold points themselves.

use esim_rsp::explain::Node;

/// Takes a name off the front of a path: the index behind it, and what follows. The empty name stands for any, by its
/// index.
pub(crate) fn step<'a>(path: &'a str, name: &str) -> Option<(Option<usize>, &'a str)> {
    let behind = path.strip_prefix(name)?;
    let (index, behind) = match behind.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        Some((digits, behind)) => (Some(digits.parse().ok()?), behind),
        None => (None, behind),
    };
    match (name.is_empty() && index.is_none(), behind.strip_prefix('.')) {
        (true, _) => None,
        (_, Some(rest)) => Some((index, rest)),
        (_, None) => behind.is_empty().then_some((index, "")),
    }
}

/// The name that a node has in a path.
pub(crate) fn name(node: &Node) -> &str {
    if node.name.is_empty() { &node.type_name } else { &node.name }
}

/// The nodes from the outermost to the one that a path names; outer names may be left out.
pub(crate) fn chain<'a>(nodes: &'a [Node], path: &str) -> Option<Vec<&'a Node>> {
    let meant = |node: &'a Node| {
        let names = [&*node.name, &*node.type_name].into_iter().filter(|name| !name.is_empty());
        let (index, rest) = names.into_iter().find_map(|name| step(path, name))?;
        Some((node, index, rest))
    };
    let any = |node: &'a Node| step(path, "").map(|(index, rest)| (node, index, rest));
    let named = nodes.iter().filter_map(meant).enumerate();
    let found =
        named.chain(nodes.iter().filter_map(any).enumerate()).find_map(|(at, (node, index, rest))| {
            match (index.is_none_or(|index| index == at), rest) {
                (false, _) => None,
                (true, "") => Some(Vec::from([node])),
                (true, rest) => Some([&[node], &chain(&node.children, rest)?[..]].concat()),
            }
        });
    found
        .or_else(|| nodes.iter().find_map(|node| Some([&[node], &chain(&node.children, path)?[..]].concat())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_off() {
        assert_eq!(step("a.b", "a"), Some((None, "b")));
        assert_eq!(step("a[2].b.c", "a"), Some((Some(2), "b.c")));
        assert_eq!(step("[2]", ""), Some((Some(2), "")));
        assert_eq!(step("1.2.840", "1.2.840"), Some((None, "")));
        for (path, name) in [("ab", "a"), ("a[x]", "a"), ("a", ""), ("b", "a"), ("", "a")] {
            assert_eq!(step(path, name), None, "{path} {name}");
        }
    }
}
