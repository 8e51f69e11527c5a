//! The `spanyard` program.

fn main() {}
