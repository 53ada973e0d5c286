//! What a cause is, how it is known and what to do; or the list of all.

use std::io::Write;

use super::Error;
use crate::causes::cards::{CARDS, card, nearest};
use crate::render::{Look, text};

/// Writes the card of `cause`, or the list of causes by family.
///
/// The name of a family lists its causes.
///
/// # Errors
/// [`Error::NoSuchCause`] with the nearest id, and those of `out`.
pub fn run(cause: Option<&str>, look: Look, out: &mut dyn Write) -> Result<(), Error> {
    let Some(asked) = cause else { return list("", look, out) };
    if let Some(card) = card(asked) {
        let (_, body) = card.text.split_once('\n').unwrap_or_default();
        let named = format!("# `{}`  {}\n{body}", card.id, card.title());
        return Ok(text::card(&named, look, out)?);
    }
    if CARDS.iter().any(|card| family(card.id) == asked) {
        return list(asked, look, out);
    }
    let nearest = nearest(asked).map(|card| card.id);
    Err(Error::NoSuchCause { asked: asked.to_owned(), nearest })
}

/// Returns whether `name` is a cause or a family of causes.
pub fn is_known(name: &str) -> bool {
    card(name).is_some() || CARDS.iter().any(|card| family(card.id) == name)
}

/// Returns the id that is nearest to what was typed.
pub fn nearest_id(name: &str) -> Option<&'static str> {
    nearest(name).map(|card| card.id)
}

fn family(id: &str) -> &str {
    id.split_once('.').map_or(id, |(family, _)| family)
}

fn list(only: &str, look: Look, out: &mut dyn Write) -> Result<(), Error> {
    let cards = CARDS.iter().filter(|card| only.is_empty() || family(card.id) == only);
    let rows: Vec<(&str, &str)> = cards.map(|card| (card.id, card.title())).collect();
    text::list(&rows, look, out)?;
    Ok(())
}
