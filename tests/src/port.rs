//! Ports for servers that cannot be told to take a free one themselves. Tests of other packages use this file, too.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// A port that was free a moment ago, and the next one with it: the virtual reader's driver listens on two. It is none
/// of those that the system gives to connections: on a busy machine one of them could have it by now, or have left it
/// a minute before it can be listened on again.
pub fn free_port() -> u16 {
    const FIRST: u32 = 15_000;
    const PAIRS: u32 = 7_500;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let free = |port: u16| TcpListener::bind(("0.0.0.0", port)).is_ok();
    (0..PAIRS)
        .map(|_| NEXT.fetch_add(1, Ordering::Relaxed) + std::process::id() * 97)
        .map(|number| (FIRST + number % PAIRS * 2) as u16)
        .find(|port| free(*port) && free(port + 1))
        .expect("a free port")
}
