//! The `esim-lab` command.
fn main() {}
