//! Ids of root causes, classes of exchanges, degrees of confidence.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The id of a root cause, such as `time.expired_cached`: a family, a dot, a name.
#[derive(
    Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema,
)]
pub struct CauseId(Cow<'static, str>);

impl CauseId {
    /// Wraps an id that stands in the program.
    pub const fn of(id: &'static str) -> Self {
        Self(Cow::Borrowed(id))
    }

    /// Wraps an id that came from data (a dialect file, a partial result).
    pub fn owned(id: String) -> Self {
        Self(Cow::Owned(id))
    }

    /// Returns the whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns what stands before the dot; the whole id where there is none (`unknown`).
    pub fn family(&self) -> &str {
        self.0.split_once('.').map_or(&*self.0, |(family, _)| family)
    }
}

impl fmt::Display for CauseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq<str> for CauseId {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for CauseId {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// What happened to an exchange.
#[derive(
    Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Let in, or nobody would suspect auth.
    Ok,
    /// Refused for a reason of auth.
    Failure,
    /// A refusal that is a step of a normal protocol and led to success.
    Expected,
    /// Refused, not by auth, where a reader would suspect auth.
    Lookalike,
}

impl Class {
    /// All classes, in the order of reports.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Failure, Self::Expected, Self::Lookalike];

    /// Returns the name used in outputs and options.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failure => "failure",
            Self::Expected => "expected",
            Self::Lookalike => "lookalike",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How sure it is that this cause made the server refuse, weakest first.
#[derive(
    Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// It fits, others fit too.
    Suspected,
    /// Read off the history, or all else was eliminated.
    Inferred,
    /// The server or gateway said so.
    Stated,
    /// The bytes prove it.
    Proven,
}

impl Confidence {
    /// All degrees, strongest first, as reports list them.
    pub const ALL: [Self; 4] = [Self::Proven, Self::Stated, Self::Inferred, Self::Suspected];

    /// Returns the name used in outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Stated => "stated",
            Self::Inferred => "inferred",
            Self::Suspected => "suspected",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
