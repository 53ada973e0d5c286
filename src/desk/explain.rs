//! What a cause is, how it is known and what to do; or the list of all.

use std::io::Write;

use super::Error;
use crate::causes::cards::{CARDS, Card, card, nearest};
use crate::model::Class;
use crate::render::{Look, text};

/// Writes the cards of `causes`, one after the other; without any, the list of causes by family.
///
/// The name of a family lists its causes, each with what happened.
///
/// # Errors
/// [`Error::NoSuchCause`] with the nearest id before anything is written, and those of `out`.
pub fn run(causes: &[String], look: Look, out: &mut dyn Write) -> Result<(), Error> {
    if causes.is_empty() {
        let rows: Vec<(&str, &str)> = CARDS.iter().map(|card| (card.id, card.title())).collect();
        return Ok(text::list(&rows, look, out)?);
    }
    if let Some(asked) = causes.iter().find(|name| !is_known(name)) {
        let nearest = nearest(asked).map(|card| card.id);
        return Err(Error::NoSuchCause { asked: asked.clone(), nearest });
    }
    for (index, name) in causes.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        match card(name) {
            Some(card) => text::card(&page(card), look, out)?,
            None => text::family(name, &of_family(name), look, out)?,
        }
    }
    Ok(())
}

/// Returns whether `name` is a cause or a family of causes.
pub fn is_known(name: &str) -> bool {
    card(name).is_some() || CARDS.iter().any(|card| family(card.id) == name)
}

/// Returns the id that is nearest to what was typed.
pub fn nearest_id(name: &str) -> Option<&'static str> {
    nearest(name).map(|card| card.id)
}

/// Returns a card as a page: under its id and title what class it counts in.
fn page(card: &Card) -> String {
    let (_, body) = card.text.split_once('\n').unwrap_or_default();
    let class = match card.class {
        Class::Expected => "Refusals of this kind are steps of a protocol: counted as `expected`.",
        Class::Lookalike => "Refusals of this kind only look like auth: counted as `lookalike`.",
        Class::Failure | Class::Ok => "",
    };
    let (summary, rest) = body.split_once("\n## ").unwrap_or((body, ""));
    let class = if class.is_empty() { String::new() } else { format!("{class}\n\n") };
    format!("# `{}`  {}\n{summary}\n{class}## {rest}", card.id, card.title())
}

/// Returns the causes of a family with what happened in each.
fn of_family(name: &str) -> Vec<(&'static str, &'static str, &'static str)> {
    let cards = CARDS.iter().filter(|card| family(card.id) == name);
    cards.map(|card| (card.id, card.title(), card.summary())).collect()
}

fn family(id: &str) -> &str {
    id.split_once('.').map_or(id, |(family, _)| family)
}
