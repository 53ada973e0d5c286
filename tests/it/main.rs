//! Integration tests: renderers on one hand-built report, and the program as people run it.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test should fail loudly, and its numbers are small"
)]

mod cli;
mod render;
mod report;
