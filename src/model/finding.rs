//! What a judgement is: the root, what else was seen, and the evidence for each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cause::{CauseId, Class, Confidence};

/// One cause that fits an exchange, with its evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Which cause.
    pub cause: CauseId,
    /// How sure it is that this made the server refuse.
    pub confidence: Confidence,
    /// Facts, the strongest first; never empty for a root other than `unknown`.
    pub evidence: Vec<Evidence>,
}

/// One fact with the place where it can be checked.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// A plain sentence without full stop; no secret.
    pub fact: String,
    /// `request.headers.authorization`, `response.body.error`, `history`.
    #[serde(rename = "where")]
    pub place: String,
}

/// The verdict on one exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// What happened to it.
    pub class: Class,
    /// The root; `None` for class `ok`.
    pub root: Option<Finding>,
    /// Other defects seen, strongest first.
    pub also: Vec<Finding>,
    /// Whether the server's word and the evidence agree: `agrees`, `contradicts`, `silent`.
    pub agrees: &'static str,
    /// The instant at which the token was judged: request time corrected by the skew.
    pub judged_at: Option<super::time::At>,
    /// Skew used, server clock minus capture clock.
    pub skew: Option<super::time::Seconds>,
}

impl Evidence {
    /// Makes a fact with its place.
    pub fn new(fact: impl Into<String>, place: impl Into<String>) -> Self {
        Self { fact: fact.into(), place: place.into() }
    }
}
