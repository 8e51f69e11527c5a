//! The `spanyard` program: the allocator, the command line, the exit code.

use std::process::ExitCode;

/// glibc's allocator costs 20-54 % more with large bodies.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    spanyard::cli::main()
}
