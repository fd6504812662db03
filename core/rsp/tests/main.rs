//! The messages against what others wrote. One program for all of them: each that is linked takes its seconds, and its 80 MB.

mod encoding;
mod explain;
mod json_names;
mod status;
