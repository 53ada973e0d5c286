//! The `authopsy` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    authopsy::cli::main()
}
