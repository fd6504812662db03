//! Every message of the story as a tree in which all has a name.

use esim_rsp::explain::Node;
use esim_rsp::trace::{Party, Record};
use esim_world::explain_record;

fn record(interface: &str, to: Party, bytes: Vec<u8>) -> Record {
    let function = String::from("function");
    Record { n: 0, at: 0, from: Party::Lpa, to, interface: interface.into(), function, bytes }
}

fn named<'a>(nodes: &'a [Node], name: &str) -> &'a Node {
    let found = nodes.iter().find(|node| node.name == name);
    found.unwrap_or_else(|| panic!("no {name} among {:?}", nodes.iter().map(|n| &n.name).collect::<Vec<_>>()))
}

#[test]
fn a_member_of_json_stands_where_its_text_says() {
    let text = r#" { "a":1, "b\u00e9" : {"c": ["x", "ü"], "d": null}, "e": "" } "#;
    let explained = explain_record(&record("ES9+", Party::Sm, text.trim().as_bytes().to_vec()));
    let [part] = &explained.parts[..] else { panic!("{explained:?}") };
    let of = |node: &Node| text.trim()[node.whole.clone()].to_string();
    assert_eq!(part.label, "");
    assert_eq!(part.nodes.iter().map(of).collect::<Vec<_>>()[0], r#""a":1"#);
    let second = named(&part.nodes, "bé");
    assert!(of(second).starts_with(r#""b\u00e9" : {"c""#), "{}", of(second));
    let list = &second.children[0];
    assert_eq!((list.name.as_str(), list.type_name.as_str()), ("c", "array"));
    assert_eq!((of(&list.children[1]), list.children[1].text.as_str()), ("\"ü\"".to_string(), "ü"));
    assert_eq!(&text.trim()[part.nodes[2].value.clone()], "\"\"");
    assert_eq!(part.nodes[2].text, "\"\"");
}

#[test]
fn each_octet_of_an_apdu_is_named() {
    let apdu = hex::decode("81E2110006BF3E035C015A").unwrap();
    let explained = explain_record(&record("APDU", Party::Euicc, apdu));
    let nodes = &explained.parts[0].nodes;
    let names: Vec<_> = nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["CLA", "INS", "P1", "P2", "Lc", "data"]);
    assert_eq!(nodes[0].text, "81 (proprietary, logical channel 1)");
    assert_eq!(nodes[2].text, "11 (more blocks follow, BER-TLV, answers)");
    let answer = hex::decode("62178202782183023F00A5068001718701018A0105C6029000").unwrap();
    let explained = explain_record(&record("APDU", Party::Modem, [&answer[..], &[0x90, 0x00]].concat()));
    let nodes = &explained.parts[0].nodes;
    assert_eq!(nodes[1].text, "9000 (executed)");
    let fcp = named(&nodes[0].children, "FCP template");
    assert_eq!(named(&fcp.children, "file identifier").text, "3F00 (MF)");
    assert_eq!(named(&fcp.children, "life cycle status").text, "05 (operational, activated)");
}
