//! Stand-in until the dialects are merged.

use crate::model::{Answer, Exchange, Outcome, Sign};

/// The catalogue of dialects.
#[derive(Debug, Default)]
pub struct Catalogue;

impl Catalogue {
    /// Returns the catalogue that is built in.
    pub fn embedded() -> &'static Self {
        &Self
    }
}

/// Reads an answer.
pub fn read(exchange: &Exchange<'_>, _catalogue: &Catalogue) -> Answer {
    let outcome = match exchange.status {
        Some(200..=399) => Outcome::LetIn,
        Some(401) => Outcome::Refused(Sign::Unauthorized),
        Some(_) => Outcome::Neutral,
        None => Outcome::Unanswered,
    };
    Answer { outcome, ..Answer::default() }
}
