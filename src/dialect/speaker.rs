//! Who answers: the marks by which entries know their speaker.

use crate::model::Exchange;

use super::body::Clue;
use super::catalogue::Speech;

/// The answer as entries ask for its speaker.
pub(super) struct Answered<'x, 'e> {
    pub(super) exchange: &'x Exchange<'e>,
    pub(super) clues: &'x [Clue],
}

impl Speech for Answered<'_, '_> {
    fn bears(&self, mark: &str) -> bool {
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
