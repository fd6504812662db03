//! Every fault at every message of the whole story: `cargo run --release --example faults -- [SEED…]`. What must not be
//! is printed, and how often each fault happened.

use esim_tests::faults::{FAULTS, Story};

fn main() -> std::process::ExitCode {
    let seeds: Result<Vec<u64>, _> = std::env::args().skip(1).map(|seed| seed.parse()).collect();
    let Ok(mut seeds) = seeds else {
        eprintln!("seeds are numbers");
        return std::process::ExitCode::from(2);
    };
    if seeds.is_empty() {
        seeds.push(7);
    }
    let mut violations = 0;
    for seed in seeds {
        let mut story = Story::tell(seed);
        let messages: Vec<_> = story.messages().cloned().collect();
        for fault in FAULTS {
            let (mut happened, mut effective) = (0, 0);
            for record in messages.iter().filter(|record| (fault.applies)(record)) {
                happened += 1;
                match story.with_fault(record.n, fault) {
                    Ok(did) => effective += usize::from(did),
                    Err(violation) => {
                        violations += 1;
                        println!("{violation}");
                    }
                }
            }
            println!(
                "seed {seed}, {}: {happened} messages, {effective} of them changed something",
                fault.name
            );
        }
    }
    println!("{violations} violations");
    std::process::ExitCode::from(u8::from(violations > 0))
}
