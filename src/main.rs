//! The `authopsy` program.

fn main() {}
