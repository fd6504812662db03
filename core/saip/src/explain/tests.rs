extern crate std;

use super::explain_profile;
use crate::testdata::packages;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::explain::Node;

fn walk(path: &str, node: &Node, nameless: &mut Vec<String>) {
    let own = if node.name.is_empty() { &node.type_name } else { &node.name };
    let path = [path, own].join("/");
    if own.is_empty() || (node.children.is_empty() && node.text.is_empty()) {
        nameless.push(alloc::format!("{path} {:X}", node.tag));
    }
    node.children.iter().for_each(|child| walk(&path, child, nameless));
}

fn find<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    if node.name == name { Some(node) } else { node.children.iter().find_map(|child| find(child, name)) }
}

#[test]
fn every_field_of_a_package_has_a_name() {
    for (name, package) in packages() {
        let nodes = explain_profile(&package).unwrap();
        let mut nameless = Vec::new();
        nodes.iter().for_each(|node| walk(&name, node, &mut nameless));
        assert!(nameless.is_empty(), "{nameless:#?}");
        assert_eq!(nodes.last().map(|node| node.whole.end), Some(package.len()), "{name}");
        assert_eq!(nodes[0].type_name, "ProfileHeader", "{name}");
    }
}

#[test]
fn files_have_their_names_and_contents() {
    let package = crate::testdata::built().to_der();
    let nodes = explain_profile(&package).unwrap();
    let usim = nodes.iter().find(|node| node.name == "usim").unwrap();
    assert_eq!((usim.type_name.as_str(), usim.children[0].name.as_str()), ("PE-USIM", "usim-header"));
    let imsi = find(usim, "ef-imsi").and_then(|file| find(file, "IMSI")).unwrap();
    assert_eq!(imsi.text, "001010123456789");
    let octets = &package[imsi.whole.clone()];
    assert_eq!(octets[0] >> 4, 0, "offsets are the package's: {octets:?}");
    let aka = nodes.iter().find(|node| node.name == "akaParameter").unwrap();
    assert_eq!(find(aka, "algorithmID").unwrap().text, "1 (milenage)");
    assert_eq!(find(aka, "key").unwrap().text, "11".repeat(16));
    assert!(explain_profile(&[0xA0]).is_err());
    assert_eq!(
        find(&nodes[0], "iccid").unwrap().text.get(..19),
        Some("8988211000000430010".to_string().as_str())
    );
}
