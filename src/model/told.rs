//! Times that messages print, and where they differ from the token that was seen.

use serde::{Deserialize, Serialize};

use super::time::At;

/// What the messages of one answer say of the token's times, as they stand there.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize,
)]
pub struct Told {
    /// The token's end (`Jwt expired at 2026-11-20T10:32:15Z`).
    pub exp: Option<At>,
    /// The token's start (`must not be accepted before 2026-11-20T10:32:15Z`).
    pub start: Option<At>,
    /// How long the token is over, milliseconds (`token is expired by 1m3s`).
    pub late_ms: Option<i64>,
    /// How long before the token's start the server is, milliseconds (`early by 1200 milliseconds`).
    pub early_ms: Option<i64>,
}

/// Where the times that a server tells are not those of the token that was seen.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize,
)]
pub struct Disagreement {
    /// The end that the server names, where it is another than the token's `exp`.
    pub exp: Option<At>,
    /// The start that the server names, where it is neither the token's `nbf` nor its `iat`.
    pub start: Option<At>,
    /// By how many minutes the server's clock is ahead of the recorder's, by the time that it prints,
    /// else by the span that it names; `None` when that rounds to none.
    pub minutes: Option<i32>,
    /// The server prints its time; a span alone may also be that of another token.
    pub printed: bool,
}
