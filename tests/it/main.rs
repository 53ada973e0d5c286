//! Integration tests: one crate, one link.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::missing_panics_doc,
    clippy::needless_pass_by_value,
    reason = "a test should fail loudly"
)]

mod causes;
mod story;
