//! A switch for tests: the process dies at a commit, as `kill -9` or a power cut would have it. Not in release builds.

/// `ESIM_LAB_CRASH=before:3` ends the process at the third transaction, before it is committed; `applied:3` after that,
/// before it is on the disk; `after:3` then, before anybody is answered.
#[cfg(debug_assertions)]
pub(crate) fn point(when: &str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    static WANTED: LazyLock<Option<(String, u64)>> = LazyLock::new(|| {
        let text = std::env::var("ESIM_LAB_CRASH").ok()?;
        let (when, at) = text.split_once(':')?;
        Some((when.to_string(), at.parse().ok()?))
    });
    static COMMITS: AtomicU64 = AtomicU64::new(0);
    let Some((wanted, at)) = WANTED.as_ref() else { return };
    if wanted == when && COMMITS.fetch_add(1, Ordering::SeqCst) + 1 == *at {
        // No destructor runs, nothing is flushed.
        std::process::abort();
    }
}

#[cfg(not(debug_assertions))]
pub(crate) fn point(_: &str) {}
