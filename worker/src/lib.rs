//! The SM as a worker on the edge.
