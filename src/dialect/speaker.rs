//! Who answers: the marks by which entries know their speaker.

use std::cell::Cell;

use crate::model::Exchange;

use super::body::Clue;
use super::catalogue::Speech;

/// The answer as entries ask for its speaker.
pub(super) struct Answered<'x, 'e> {
    exchange: &'x Exchange<'e>,
    clues: &'x [Clue],
    asked: Cell<bool>,
}

impl<'x, 'e> Answered<'x, 'e> {
    pub(super) const fn of(exchange: &'x Exchange<'e>, clues: &'x [Clue]) -> Self {
        Self { exchange, clues, asked: Cell::new(false) }
    }

    /// Returns whether an entry asked for a mark.
    pub(super) const fn was_asked(&self) -> bool {
        self.asked.get()
    }
}

impl Speech for Answered<'_, '_> {
    fn bears(&self, mark: &str) -> bool {
        self.asked.set(true);
        match mark.split_once(':') {
            Some(("header", name)) => match name.split_once('=') {
                Some((name, value)) => self
                    .exchange
                    .response_header(name)
                    .is_some_and(|v| v.to_ascii_lowercase().contains(value)),
                None => self.exchange.response_headers.iter().any(|h| {
                    h.name.get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name))
                }),
            },
            Some(("key", path)) => self
                .clues
                .iter()
                .any(|c| c.place.get(5..).is_some_and(|p| p.eq_ignore_ascii_case(path))),
            Some(("word", word)) => self.clues.iter().any(|c| c.text.contains(word)),
            Some(("host", name)) => self.exchange.url.contains(name),
            Some(("format", name)) => self.exchange.format == name,
            _ => false,
        }
    }
}
