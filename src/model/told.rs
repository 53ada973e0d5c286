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

impl Disagreement {
    /// Returns whether nothing disagrees.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Returns what disagrees, to be kept; `None` for nothing, which is what nearly all refusals keep.
    pub fn boxed(self) -> Option<Box<Self>> {
        (!self.is_none()).then(|| Box::new(self))
    }
}

/// Writes [`Disagreement::boxed`] as if it stood there itself.
pub(super) mod boxed {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Disagreement;

    #[expect(
        clippy::borrowed_box,
        clippy::ref_option,
        reason = "serde hands over the field as it is"
    )]
    pub(crate) fn serialize<S: Serializer>(
        kept: &Option<Box<Disagreement>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        kept.as_deref().copied().unwrap_or_default().serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Box<Disagreement>>, D::Error> {
        Disagreement::deserialize(deserializer).map(Disagreement::boxed)
    }
}
