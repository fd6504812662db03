//! What ours would have answered stands beside what is in a recording.

use esim_rsp::trace::{Party, Record};
use esim_sm_edge::block_on;
use esim_world::{Act, Compared, Wish, answers_of, begun, read_foreign};

fn answered(log: &str) -> Vec<Compared> {
    let read = read_foreign(log.as_bytes(), None).expect("a log");
    answers_of(&read.records).expect("a card")
}

/// An EID with check digits that are right.
const EID: &str = "89049032001234500012345678901291";

fn log() -> String {
    let answer = format!("BF3E125A10{EID}");
    [
        // Their card opens channel 2.
        "> 0070000001",
        "< 029000",
        "> 02A4040010A0000005591010FFFFFFFF8900000100",
        "< 9000",
        "> 82E2910006BF3E035C015A",
        "< 6115",
        "> 82C0000015",
        &format!("< {answer}9000"),
        "> 82E2910003BF2E00",
        "< BF2E1280100102030405060708090A0B0C0D0E0F109000",
        "> 82E2910003BF2200",
        "< 6D00",
        "> 0070800200",
        "< 9000",
        "> 00A40004022FE2",
    ]
    .join("\n")
}

#[test]
fn each_request_has_the_answer_of_ours_beside_it() {
    let answers = answered(&log());
    let of = |function: &str| {
        let ours = |it: &&Compared| it.ours.as_ref().is_some_and(|ours| ours.function.starts_with(function));
        answers.iter().find(ours).unwrap_or_else(|| panic!("{function}: {answers:?}"))
    };
    // The EID is the recording's, though its channel is another one.
    let eid = of("GetEID response");
    assert!(eid.same && eid.why.is_none() && eid.differences.is_empty(), "{eid:?}");
    let challenge = of("GetEUICCChallenge response");
    assert!(!challenge.same);
    let [difference] = &challenge.differences[..] else { panic!("{challenge:?}") };
    assert_eq!(difference.path.last().map(String::as_str), Some("euiccChallenge"));
    assert_eq!(
        difference.a.as_deref().map(str::to_uppercase).as_deref(),
        Some("0102030405060708090A0B0C0D0E0F10")
    );
    assert_eq!((difference.at_a.clone(), difference.at_b.clone()), (Some(5..21), Some(5..21)));
    let why = challenge.why.as_ref().expect("a reason");
    assert!(why.en.contains("drawn anew") && !why.ja.is_ascii());
    // Theirs does not know the function: all of ours is more.
    let info = of("GetEUICCInfo2 response");
    assert!(info.differences.iter().any(|it| it.a.is_none() && it.b.is_some()), "{info:?}");
    // APDUs that carry a function are not listed once more: open, select, three functions, close, select.
    assert_eq!(answers.len(), 7);
    assert!(answers[5].same, "the channel that was theirs is closed: {:?}", answers[5]);
    let last = &answers[6];
    assert_eq!((last.theirs, last.differences.len()), (None, 0));
    assert!(last.why.as_ref().expect("a reason").en.contains("no answer"));
}

#[test]
fn a_session_of_another_server_is_told_apart() {
    let mut world = begun(7, 1_767_225_600).expect("a world");
    let wish = Wish { id: "home".into(), matching_id: Some("HOME-1".into()), ..Wish::usual() };
    for act in [Act::LeaveFactory, Act::Wifi(true), Act::Order(Box::new(wish)), Act::Download("home".into())]
    {
        block_on(world.perform(&act)).expect("performed");
    }
    let records: &[Record] = world.trace().records();
    let answers = answers_of(records).expect("a card");
    let requests = |record: &&Record| {
        let function = record.interface.starts_with("ES10") && record.to == Party::Euicc;
        function || (record.interface == "ES9+" && record.to == Party::Sm)
    };
    for request in records.iter().filter(requests) {
        let compared = answers.iter().find(|it| it.n == request.n).expect("every request");
        let ours = compared.ours.as_ref().expect("an answer");
        assert_eq!(ours.function, format!("{} response", request.function));
        let theirs = &records[compared.theirs.expect("an answer") as usize];
        assert_eq!(theirs.function, ours.function);
        assert_eq!(compared.same, theirs.bytes == ours.bytes);
        assert_eq!(compared.same, compared.differences.is_empty(), "{} {:?}", ours.function, compared.why);
        if compared.same {
            assert_eq!(compared.why, None);
        }
    }
    let first = |function: &str| {
        let n = records.iter().find(|record| record.function == function).expect(function).n;
        answers.iter().find(|it| it.n == n).expect("compared")
    };
    let initiated = first("initiateAuthentication");
    let paths: Vec<String> = initiated.differences.iter().map(|it| it.path.join(".")).collect();
    for path in ["transactionId", "serverSignature1", "serverChallenge"] {
        assert!(paths.iter().any(|it| it.contains(path)), "{path}: {paths:?}");
    }
    let authenticated = first("AuthenticateServer");
    assert!(authenticated.why.as_ref().expect("a reason").en.contains("CI"));
}

/// Whatever is asked, the answers end.
#[test]
fn anything_can_be_asked() {
    for log in [
        "> 00000000\n< 9000\n",
        "> 81E2910003BF3600\n< 9000\n",
        "> 0070000001\n< 9000\n> 0070800700\n< 6A86\n",
    ] {
        let answers = answered(&log.repeat(1_000));
        assert!(!answers.is_empty() && answers.len() <= 5_000);
    }
    assert_eq!(answers_of(&[]).expect("a card"), []);
}
