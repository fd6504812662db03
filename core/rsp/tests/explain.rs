//! What a reader of messages is shown.

use esim_rsp::explain::{Node, explain};

fn tree(hex: &str) -> Node {
    explain(&hex::decode(hex).expect("hex")).expect("a message").remove(0)
}

#[test]
fn fields_of_one_tag_keep_their_own_names() {
    // PrepareDownloadRequest: smdpSigned2 and smdpCertificate are both SEQUENCE.
    let signature = format!("5F3740{}", "AA".repeat(64));
    let tree = tree(&format!("BF21503006800101010100{signature}3003020105"));
    let names: Vec<_> = tree.children.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["smdpSigned2", "smdpSignature2", "smdpCertificate"]);
    // A certificate opens, though its type is not RSP's; offsets are the message's.
    let inner = &tree.children[2].children[0];
    assert_eq!((inner.tag, inner.text.as_str(), inner.value.start), (0x02, "05", 82));
}
