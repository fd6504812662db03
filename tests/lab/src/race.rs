//! Two eUICCs race for one order, over and over.

use super::*;
use std::sync::mpsc::sync_channel;

/// `rounds` races side by side in `lanes`, each with two laboratories of its own. Of each two, exactly one gets the
/// package, and the order says which.
pub fn for_one_order(rounds: usize, lanes: usize, lab: impl Fn() -> Lab + Sync) {
    std::thread::scope(|scope| {
        let racing: Vec<_> = (0..lanes)
            .map(|lane| {
                scope.spawn({
                    let lab = &lab;
                    move || run_lane((rounds + lane) / lanes, lane, lab)
                })
            })
            .collect();
        let wins = racing
            .into_iter()
            .map(|lane| lane.join().unwrap())
            .fold([0, 0], |a, b| [a[0] + b[0], a[1] + b[1]]);
        assert_eq!(wins[0] + wins[1], rounds);
        println!("of {rounds} races the first eUICC won {}, the second {}", wins[0], wins[1]);
    });
}

fn run_lane(rounds: usize, lane: usize, lab: &(impl Fn() -> Lab + Sync)) -> [usize; 2] {
    let operator = lab();
    let orders: Vec<_> = (0..rounds).map(|_| operator.order(json!({}))).collect();
    let race = |body: String, meet: &dyn Fn()| {
        let mut racer = lab();
        racer.euicc = Euicc::new(&racer.pki, &body);
        let won = orders.iter().map(|(_, matching_id)| {
            meet();
            try_download(&racer, matching_id)
        });
        (won.collect::<Vec<_>>(), racer.euicc.eid)
    };
    let body = |n: usize| format!("8904903212345123451234567{:05}", 2 * lane + n);
    // They meet before each race; who waits for one that has failed fails, too.
    let (here, there) = sync_channel(0);
    let (first, second) = std::thread::scope(|scope| {
        let other = scope.spawn(move || race(body(1), &move || there.recv().unwrap()));
        let first = scope.spawn(move || race(body(0), &move || here.send(()).unwrap()));
        (first.join().unwrap(), other.join().unwrap())
    });
    let mut wins = [0, 0];
    for (at, (iccid, _)) in orders.iter().enumerate() {
        let winner = match (&first.0[at], &second.0[at]) {
            (Ok(()), Err(_)) => 0,
            (Err(_), Ok(())) => 1,
            both => panic!("{iccid}: {both:?}"),
        };
        let shown = operator.show(iccid);
        let eid = if winner == 0 { first.1 } else { second.1 };
        assert_eq!((&shown["state"], &shown["eid"]), (&json!("Downloaded"), &json!(eid)));
        wins[winner] += 1;
    }
    wins
}

/// A download up to the package; the code that ended it.
fn try_download(lab: &Lab, matching_id: &str) -> Result<(), String> {
    let answer = lab.authenticate(&lab.initiate(), matching_id);
    let Ok(offer) = serde_json::from_value::<AuthenticateClientOk>(answer.clone()) else {
        return Err(refused(&answer));
    };
    let answer = lab.fetch(&offer, None);
    let Ok(package) = serde_json::from_value::<GetBoundProfilePackageOk>(answer.clone()) else {
        return Err(refused(&answer));
    };
    lab.euicc.open(&package.bound_profile_package.0, &lab.pki.dp_pb.key.public_key());
    Ok(())
}

#[track_caller]
fn refused(answer: &Value) -> String {
    let code = code(answer);
    assert!(["8.1.1/3.8", "8.2/3.7"].contains(&code.as_str()), "{answer}");
    code
}
