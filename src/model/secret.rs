//! Raw credentials as a type that cannot be printed by accident.

use std::fmt;

use zeroize::Zeroize;

/// A raw credential: no `Display`, no `Serialize`; wiped when dropped.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(Box<str>);

impl Secret {
    /// Wraps raw text.
    pub fn new(raw: &str) -> Self {
        Self(raw.into())
    }

    /// Returns the raw text; every call is a place to look at in a review.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
