//! What a download takes: the package from the server in one go, and to the slow card in pieces.

use esim_lpa::lui::readable_size;
use esim_lpa::{Lang, Phase, Progress};
use std::time::{Duration, Instant};

/// Figures of both.
#[derive(Default)]
pub(super) struct Figures {
    asked: Option<Instant>,
    loading: Option<Loading>,
}

struct Loading {
    octets: u32,
    fetched: Duration,
    begun: Instant,
    before: u32,
    apdus: u32,
    loaded: Duration,
}

impl Figures {
    /// Takes note of how far it has come by now.
    pub fn see(&mut self, progress: &Progress, now: Instant) {
        match (progress.phase, &mut self.loading) {
            // The card has prepared itself; what comes next is the server's package.
            (Phase::Preparing, None) if progress.done > 0 => self.asked = self.asked.or(Some(now)),
            (Phase::Loading, None) => {
                let fetched = self.asked.map(|asked| now.duration_since(asked)).unwrap_or_default();
                let (octets, before) = (progress.total, progress.apdus);
                let loaded = Duration::ZERO;
                self.loading = Some(Loading { octets, fetched, begun: now, before, apdus: 0, loaded });
            }
            (Phase::Loading, Some(loading)) => {
                loading.apdus = progress.apdus.saturating_sub(loading.before);
                loading.loaded = now.duration_since(loading.begun);
            }
            _ => {}
        }
    }

    /// In words; none where nothing was loaded.
    pub fn text(&self, lang: Lang) -> Option<String> {
        let Loading { octets, fetched, apdus, loaded, .. } = self.loading.as_ref()?;
        let (size, fetched, loaded) =
            (readable_size((*octets).into()), fetched.as_secs_f32(), loaded.as_secs_f32());
        Some(match lang {
            Lang::En => {
                format!(
                    "{size} fetched in {fetched:.2} s, and given to the card in {apdus} APDUs, {loaded:.2} s."
                )
            }
            Lang::Ja => {
                format!(
                    "{size}を{fetched:.2}秒で取得し、{apdus}個のAPDUに分けて{loaded:.2}秒でカードに書き込みました。"
                )
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_phases_are_told_apart() {
        let mut figures = Figures::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let progress = |phase, done, total, apdus| Progress { phase, done, total, apdus };
        figures.see(&progress(Phase::Preparing, 0, 2, 20), at(0));
        assert_eq!(figures.text(Lang::En), None);
        figures.see(&progress(Phase::Preparing, 1, 2, 30), at(1));
        figures.see(&progress(Phase::Loading, 0, 45_000, 30), at(4));
        figures.see(&progress(Phase::Loading, 20_000, 45_000, 200), at(6));
        figures.see(&progress(Phase::Loading, 45_000, 45_000, 416), at(9));
        figures.see(&progress(Phase::Notifying, 0, 1, 430), at(20));
        let told = figures.text(Lang::En).expect("figures");
        assert_eq!(told, "45.0 kB fetched in 3.00 s, and given to the card in 386 APDUs, 5.00 s.");
    }
}
