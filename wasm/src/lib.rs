//! The world in a browser tab.
