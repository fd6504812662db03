//! A world as it was between two acts, to go back to and to branch from.

use crate::past::Snapshot;
use crate::transport::{Fork, Transport};
use crate::world::World;
use esim_euicc::Nvm;

impl<N: Nvm + Clone, T: Transport + Fork> World<N, T> {
    /// The world as it is now; none where the SM is somebody else's, whom nobody can put back.
    pub fn snapshot(&mut self) -> Option<Snapshot<N, T>> {
        let transport = self.transport.fork()?;
        let (last_act, acts) =
            self.acts.split_last().map_or((None, &[][..]), |(last, acts)| (Some(last), acts));
        self.kept_acts.grow(acts);
        self.kept_orders.grow(&self.orders);
        Some(Snapshot {
            handsets: self.handsets.clone(),
            current: self.current,
            transport,
            trace: self.trace.keep(),
            links: self.links.clone(),
            stopped: self.stopped.clone(),
            clock: self.clock,
            ordered: self.ordered,
            download: self.download.clone(),
            orders: self.kept_orders.clone(),
            acts: self.kept_acts.clone(),
            last_act: last_act.cloned(),
            network: self.network.clone(),
            network_rng: self.network_rng.clone(),
            cells: self.cells.clone(),
        })
    }

    /// Puts everything back as it was in a snapshot of this world. Whether it could.
    pub fn restore(&mut self, snapshot: &Snapshot<N, T>) -> bool {
        let Some(transport) = snapshot.transport.fork() else { return false };
        self.handsets.clone_from(&snapshot.handsets);
        self.current = snapshot.current;
        self.transport = transport;
        self.trace.put_back(&snapshot.trace);
        self.links.clone_from(&snapshot.links);
        self.stopped.clone_from(&snapshot.stopped);
        self.clock = snapshot.clock;
        self.ordered = snapshot.ordered;
        self.download.clone_from(&snapshot.download);
        self.orders = snapshot.orders.all();
        self.kept_orders = snapshot.orders.clone();
        self.acts = snapshot.acts.all();
        self.acts.extend(snapshot.last_act.clone());
        self.kept_acts = snapshot.acts.clone();
        self.network.clone_from(&snapshot.network);
        self.network_rng = snapshot.network_rng.clone();
        self.cells.clone_from(&snapshot.cells);
        true
    }
}
