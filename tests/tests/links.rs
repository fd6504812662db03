//! Between any two parties stands a link: there a world stops, and there messages are lost, doubled, changed. Nobody
//! but the one who hears something wrong can tell; what was done is an act, and so in every journal.

use esim_rsp::trace::Party;
use esim_sm_edge::{MemoryHost, block_on};
use esim_world::link::{Certificate, Edit, Other, Place, Put, Signer};
use esim_world::{
    Act, Done, Filter, How, Journal, Performed, Tampering, Wish, World, change, compare, explain_record,
    in_memory,
};

type Lab = World<esim_euicc::MemoryNvm, MemoryHost>;

/// A world with an order, and the card without a network between it and the SM.
fn ordered() -> Lab {
    let mut world = in_memory(7).unwrap();
    perform(&mut world, &Act::Order(Box::new(Wish::usual())));
    world
}

fn perform(world: &mut Lab, act: &Act) -> Performed {
    block_on(world.perform(act)).unwrap()
}

fn download() -> Act {
    Act::Download(String::new())
}

fn tamper(world: &mut Lab, at: Filter, how: How) {
    perform(world, &Act::Tamper(Box::new(Tampering::once(at, how))));
}

fn edit(field: &str, hex: &str, sign: Option<Signer>) -> How {
    let (place, value) = (Place::Field(field.into()), Put::Hex(hex.into()));
    How::Edit(Edit { place, value, keep_lengths: false, sign })
}

/// What comes of a download whose message is changed, in words.
fn changed(function: (&str, &str), how: How) -> String {
    let mut world = ordered();
    tamper(&mut world, Filter::function(function.0, function.1), how.clone());
    let performed = perform(&mut world, &download());
    let [tampered] = &performed.tampered[..] else { panic!("{how:?}: {:?}", performed.tampered) };
    assert!(tampered.effective, "{how:?}");
    // The next one, with nothing between, comes through; but what the card has refused of a package is no order any
    // more (SGP.22 3.1.3).
    let next = perform(&mut world, &download()).done;
    match function {
        (_, "PrepareDownload") => assert_eq!(next.code().as_deref(), Some("8.2.6/3.8"), "{how:?}"),
        _ => assert_eq!(next, Done::Installed, "{how:?}"),
    }
    format!("{} {}", performed.done.code().unwrap_or_default(), performed.outcome.en)
}

#[test]
fn a_changed_field_is_refused_by_whoever_verifies_it() {
    let to_card = ("ES10b", "AuthenticateServer");
    let challenge = "00112233445566778899AABBCCDDEEFF";
    let broken = edit("serverSigned1.serverChallenge", challenge, None);
    assert!(changed(to_card, broken.clone()).contains("invalidSignature"));
    // The same on its way from the SM, in JSON.
    let from_sm = ("ES9+", "initiateAuthentication response");
    assert!(changed(from_sm, broken).contains("invalidSignature"));
    let stranger = edit("serverSigned1.serverChallenge", challenge, Some(Signer::Stranger));
    assert!(changed(to_card, stranger).contains("invalidSignature"));
    // Signed by the SM's own key it verifies, and what was changed is what is wrong.
    let challenged = edit("serverSigned1.euiccChallenge", challenge, Some(Signer::DpAuth));
    assert!(changed(to_card, challenged).contains("euiccChallengeMismatch"));
    let forged = edit("serverSigned1.serverChallenge", challenge, Some(Signer::DpAuth));
    let refused = changed(to_card, forged);
    assert!(refused.contains("8.1/6.1"), "{refused}");
    let flag = edit("smdpSigned2.ccRequiredFlag", "FF", Some(Signer::DpPb));
    let refused = changed(("ES10b", "PrepareDownload"), flag);
    assert!(refused.contains("undefinedError"), "{refused}");
}

/// What the eUICC has signed, on its way to the SM: where it is signed by another, the signature is what is wrong, and
/// where it is signed anew, what was changed.
#[test]
fn what_the_euicc_says_is_signed_anew() {
    let refused_by = |function, field, sign| {
        let mut world = ordered();
        world.watch();
        tamper(&mut world, Filter::function("ES9+", function), edit(field, &"00".repeat(16), sign));
        let performed = perform(&mut world, &download());
        let failed = performed.checks.iter().filter(|check| check.party == Party::Sm && !check.passed);
        failed.map(|check| check.what).collect::<Vec<_>>()
    };
    for (function, field, signature, what) in [
        (
            "authenticateClient",
            "euiccSigned1.serverChallenge",
            "euiccSignature1 verifies with PK.EUICC.ECDSA",
            "serverChallenge in euiccSigned1 is the session's",
        ),
        (
            "getBoundProfilePackage",
            "euiccSigned2.transactionId",
            "euiccSignature2 verifies with PK.EUICC.ECDSA",
            "transactionId in euiccSigned2 is the session's",
        ),
    ] {
        for sign in [None, Some(Signer::Stranger), Some(Signer::DpAuth)] {
            assert_eq!(refused_by(function, field, sign), [signature], "{sign:?}");
        }
        assert_eq!(refused_by(function, field, Some(Signer::Euicc)), [what]);
    }
}

#[test]
fn a_wrong_certificate_is_refused() {
    let other = |field: &str, with| How::Certificate(Certificate { field: field.into(), with });
    let to_card = ("ES10b", "AuthenticateServer");
    for (with, why) in
        [(Other::AnotherCi, "ciPKUnknown"), (Other::DpPb, "invalidOid"), (Other::DsAuth, "invalidSignature")]
    {
        let refused = changed(to_card, other("serverCertificate", with));
        assert!(refused.contains(why), "{with:?}: {refused}");
    }
    let refused = changed(("ES10b", "PrepareDownload"), other("smdpCertificate", Other::DpAuth));
    assert!(refused.contains("invalidCertificate"), "{refused}");
}

#[test]
fn a_length_that_is_left_wrong_is_not_read() {
    let place = Place::Field("serverSigned1.serverAddress".into());
    let value = Put::Text("x".into());
    let how = How::Edit(Edit { place, value, keep_lengths: true, sign: None });
    let refused = changed(("ES10b", "AuthenticateServer"), how);
    assert!(refused.contains("6A80"), "{refused}");
}

#[test]
fn what_is_lost_is_told_and_nothing_else_happens() {
    let lost = |function: &str| changed(("ES9+", function), How::Drop);
    for function in ["initiateAuthentication", "authenticateClient response", "getBoundProfilePackage"] {
        assert!(lost(function).contains("the connection is lost"), "{function}");
    }
}

#[test]
fn a_world_stops_before_a_message_arrives_and_goes_on() {
    let mut straight = ordered();
    perform(&mut straight, &download());
    let mut world = ordered();
    perform(&mut world, &Act::Break(Filter::function("ES9+", "authenticateClient")));
    perform(&mut world, &Act::Break(Filter { tag: Some("BF36".into()), ..Filter::default() }));
    let stopped = perform(&mut world, &download());
    let Done::Stopped { message } = stopped.done else { panic!("{stopped:?}") };
    let last = world.trace().records().last().unwrap();
    assert_eq!((last.n, &*last.function, last.to), (message, "authenticateClient", Party::Sm));
    // The SM has not heard it: the order is as it was.
    let order = block_on(world.list_orders()).unwrap();
    assert!(order.to_string().contains(r#""state":"Released""#), "{order}");
    let again = perform(&mut world, &Act::GoOn);
    let Done::Stopped { message: second } = again.done else { panic!("{again:?}") };
    assert!(second > message);
    let mut done = again.done;
    while let Done::Stopped { .. } = done {
        done = perform(&mut world, &Act::GoOn).done;
    }
    assert_eq!(done, Done::Installed);
    assert_eq!(world.trace().digest(), straight.trace().digest(), "looking on changes nothing");
    assert!(block_on(world.perform(&Act::GoOn)).is_err());
}

#[test]
fn a_break_point_is_one_message_of_a_status() {
    let mut world = ordered();
    let status = Filter { status: Some("6A82".into()), ..Filter::default() };
    perform(&mut world, &Act::Break(status));
    let stopped = perform(&mut world, &Act::RadioOn);
    let Done::Stopped { message } = stopped.done else { panic!("{stopped:?}") };
    assert!(world.trace().records()[message as usize].bytes.ends_with(&[0x6A, 0x82]));
    assert_eq!(perform(&mut world, &Act::Mend).done, Done::Mended);
    assert!(!matches!(perform(&mut world, &Act::RadioOn).done, Done::Stopped { .. }));
}

#[test]
fn what_is_done_to_messages_is_in_the_journal() {
    let mut world = in_memory(7).unwrap();
    let flip = Tampering::once(
        Filter::function("ES9+", "getBoundProfilePackage response"),
        How::Flip { octet: -40, mask: 0x10 },
    );
    let acts = [
        Act::LeaveFactory,
        Act::Order(Box::new(Wish::usual())),
        Act::Tamper(Box::new(flip)),
        Act::Break(Filter::function("ES9+", "getBoundProfilePackage")),
        Act::Clock { of: Party::Euicc, seconds: -3600 },
        Act::Wifi(true),
        download(),
        Act::GoOn,
        Act::Mend,
        download(),
    ];
    for act in &acts {
        perform(&mut world, act);
    }
    let journal = Journal { seed: 7, acts: world.acts().to_vec(), ..Journal::default() };
    let read = Journal::from_link(&journal.to_link().expect("a link")).unwrap().unwrap();
    assert_eq!(read.acts, acts);
    let mut again = in_memory(7).unwrap();
    for act in &read.acts {
        perform(&mut again, act);
    }
    assert_eq!(again.trace().digest(), world.trace().digest());
}

/// An hour's delay: the session is over at the SM, certificates hold, and everybody's clock is an hour on.
#[test]
fn a_message_that_is_late_is_late_for_everybody() {
    let mut world = ordered();
    let before = world.now();
    tamper(&mut world, Filter::function("ES9+", "authenticateClient"), How::Delay(3600));
    let performed = perform(&mut world, &download());
    assert_eq!(performed.done.code().as_deref(), Some("8.10.1/3.9"));
    assert_eq!(world.now(), before + 3600);
    assert_eq!(world.trace().records().last().unwrap().at, before + 3600);
    assert_eq!(perform(&mut world, &download()).done, Done::Installed);
}

#[test]
fn a_clock_that_is_off_refuses_certificates_until_it_is_mended() {
    let mut world = ordered();
    perform(&mut world, &Act::Clock { of: Party::Euicc, seconds: -1_000_000_000 });
    let refused = perform(&mut world, &download());
    assert!(refused.outcome.en.contains("invalidCertificate"), "{}", refused.outcome.en);
    perform(&mut world, &Act::Mend);
    assert_eq!(perform(&mut world, &download()).done, Done::Installed);
    let nobody = block_on(world.perform(&Act::Clock { of: Party::Hss, seconds: 1 }));
    assert_eq!(nobody.unwrap_err().to_string(), "the HSS looks at no clock");
}

#[test]
fn a_field_that_is_not_there_is_said() {
    let mut world = ordered();
    tamper(&mut world, Filter::function("ES10b", "AuthenticateServer"), edit("nonsense", "00", None));
    let performed = perform(&mut world, &download());
    assert_eq!(performed.done, Done::Installed);
    assert!(!performed.tampered[0].effective);
    let why = performed.tampered[0].why.as_ref().unwrap();
    assert_eq!(why.en, "this message has no field nonsense");
    let filter = Filter { tag: Some("BFXX".into()), ..Filter::default() };
    let error = block_on(world.perform(&Act::Break(filter))).unwrap_err();
    assert_eq!(error.to_string(), "BFXX is no tag: hexadecimal, such as BF38");
}

/// Of one message several things are changed, each of what the one before has left; the last one signs it.
#[test]
fn several_edits_of_a_message_are_all_made() {
    let at = || Filter::function("ES10b", "AuthenticateServer");
    let edits = [
        edit("serverSigned1.serverChallenge", &"00".repeat(16), None),
        edit("serverSigned1.euiccChallenge", &"11".repeat(16), None),
        How::Flip { octet: -1, mask: 1 },
    ];
    let arrived = |edits: &[How]| {
        let mut world = ordered();
        edits.iter().for_each(|how| tamper(&mut world, at(), how.clone()));
        let performed = perform(&mut world, &download());
        assert_eq!(performed.tampered.len(), edits.len());
        assert!(performed.tampered.iter().all(|tampered| tampered.effective));
        let mut records = world.trace().records().iter();
        let is_it =
            |it: &&esim_rsp::trace::Record| it.interface == "ES10b" && it.function == "AuthenticateServer";
        (records.find(is_it).unwrap().clone(), performed.outcome.en)
    };
    let (message, _) = arrived(&edits);
    let paths: Vec<String> =
        compare(&message, &arrived(&[]).0).iter().map(|it| it.path.last().cloned().unwrap()).collect();
    assert!(
        paths.contains(&"serverChallenge".into()) && paths.contains(&"euiccChallenge".into()),
        "{paths:?}"
    );
    assert_eq!(paths.len(), 3, "{paths:?}");
    // Signed anew, by an edit that leaves a value as the first has made it, it is what it says that is refused.
    let signed = edit("serverSigned1.euiccChallenge", &"11".repeat(16), Some(Signer::DpAuth));
    let refused = arrived(&[edits[1].clone(), signed]).1;
    assert!(refused.contains("euiccChallengeMismatch"), "{refused}");
}

/// Whatever has a name in a tree can be changed by it, whatever is changed is what differs, and nothing else does.
#[test]
fn every_value_is_changed_by_its_path_and_found_by_comparison() {
    let mut world = ordered();
    perform(&mut world, &download());
    perform(&mut world, &Act::Notify);
    let mut seen = std::collections::BTreeSet::new();
    let (mut tried, mut missed) = (0, Vec::new());
    for record in world.trace().records() {
        let is_protocol = record.interface.starts_with("ES") && !record.bytes.is_empty();
        if !is_protocol || !seen.insert((record.interface.clone(), record.function.clone())) {
            continue;
        }
        let explained = explain_record(record);
        for part in explained.parts.iter().filter(|part| explained.json.is_none() || !part.label.is_empty()) {
            let octets = hex::decode(&part.hex).unwrap();
            for (path, range) in part.leaves() {
                let Some(value) = octets.get(range.clone()).filter(|value| !value.is_empty()) else {
                    continue;
                };
                let mut other = value.to_vec();
                other[0] ^= 1;
                let field =
                    if part.label.is_empty() { path.clone() } else { format!("{}.{path}", part.label) };
                let (place, value) = (Place::Field(field.clone()), Put::Hex(hex::encode(&other)));
                let edit = Edit { place, value, keep_lengths: false, sign: None };
                let changed = change(record, &edit).unwrap_or_else(|why| panic!("{field}: {why}"));
                tried += 1;
                let now = esim_rsp::trace::Record { bytes: changed, ..record.clone() };
                if now.bytes == record.bytes || compare(record, &now).is_empty() {
                    missed.push(format!("{} {field}", record.function));
                }
            }
        }
    }
    assert!(tried > 300, "{tried}");
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn lengths_are_mended_inside_certificates_and_base64() {
    let mut world = ordered();
    perform(&mut world, &download());
    let records = world.trace().records();
    let of =
        |function: &str| records.iter().find(|it| it.function == function && it.interface != "APDU").unwrap();
    let texted = |field: &str, text: &str| Edit {
        place: Place::Field(field.into()),
        value: Put::Text(text.into()),
        keep_lengths: false,
        sign: None,
    };
    let long = "a name so long that the length of what is around it takes another octet ".repeat(3);
    for function in ["initiateAuthentication response", "AuthenticateServer"] {
        let record = of(function);
        let changed = change(record, &texted("serverSigned1.serverAddress", &long)).unwrap();
        let now = esim_rsp::trace::Record { bytes: changed, ..record.clone() };
        let found = compare(record, &now);
        assert_eq!(found.len(), 1, "{function}: {found:#?}");
        assert_eq!(found[0].b.as_deref().map(|text| text.trim_matches('"')), Some(&*long));
        let at = found[0].at_b.clone().unwrap();
        assert!(at.end <= now.bytes.len() && at.start < at.end);
    }
    let why = |record, edit: &Edit| change(record, edit).unwrap_err().en;
    let record = of("AuthenticateServer");
    assert_eq!(why(record, &texted("nonsense", "")), "this message has no field nonsense");
    let at = |octet, digits: &str| Edit {
        place: Place::Octet(octet),
        value: Put::Hex(digits.into()),
        keep_lengths: false,
        sign: None,
    };
    assert!(why(record, &at(0, "0")).contains("no hexadecimal"));
    assert!(why(record, &at(usize::MAX, "00")).contains("are not in it"));
    let sign = Edit { sign: Some(Signer::Euicc), ..at(2, "00") };
    assert!(world.change(record, &sign).unwrap_err().en.contains("nothing can be signed anew"));
    assert_eq!(change(record, &at(3, "0011")).unwrap()[3..5], [0x00, 0x11]);
}
