//! What a card advises, taken apart: for everybody, for this very case, at the client, at the server.
//!
//! *What to do* opens with one line that stands alone. Comments after it (`<!-- here: ... -->`) are
//! sentences with slots, the best first, which a report fills with the values of its case. Then come
//! a paragraph that begins with `Client:` and one with `Server:`, then snippets, each fenced under a
//! heading that names its stack.

use super::cards::Card;
use super::values::Slot;

/// A piece of a sentence with slots.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Piece {
    /// Text as it stands.
    Text(&'static str),
    /// A value as it is: `{host}`.
    Plain(Slot),
    /// A value as code, each name in backticks: `` `{sent}` ``.
    Code(Slot),
}

/// Returns the sentences with slots of a card, the best first, taken to pieces.
pub fn sentences(card: &Card) -> impl Iterator<Item = Vec<Piece>> {
    comments(card).map(pieces)
}

/// Returns the slots that a card's sentences use, each once.
pub fn slots(card: &Card) -> Vec<Slot> {
    let mut slots: Vec<Slot> = sentences(card).flatten().filter_map(Piece::slot).collect();
    slots.sort_unstable();
    slots.dedup();
    slots
}

/// Returns what to do at the client, in one paragraph; empty when the card has none.
///
/// ```
/// # use authopsy::causes::{advice, cards::card};
/// let card = card("header.quoted").expect("the cause is registered");
/// assert!(advice::client(card).contains("JSON.stringify"));
/// ```
pub fn client(card: &Card) -> String {
    part(card, "Client: ")
}

/// Returns what to do at the server, in one paragraph; empty when the card has none.
pub fn server(card: &Card) -> String {
    part(card, "Server: ")
}

impl Piece {
    /// Returns the slot, `None` for text.
    pub const fn slot(self) -> Option<Slot> {
        match self {
            Self::Text(_) => None,
            Self::Plain(slot) | Self::Code(slot) => Some(slot),
        }
    }
}

fn comments(card: &Card) -> impl Iterator<Item = &'static str> + use<> {
    let section = card.section("What to do").unwrap_or_default();
    section.lines().filter_map(|line| line.strip_prefix("<!-- here: ")?.strip_suffix(" -->"))
}

/// Splits a sentence at its slots; a name that is no slot stays text, which a test forbids.
fn pieces(sentence: &'static str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = sentence;
    let mut from = 0;
    while let Some(open) = rest.get(from..).and_then(|tail| tail.find('{')).map(|n| n + from) {
        let inside = rest.get(open + 1..).and_then(|tail| tail.split_once('}'));
        let Some((slot, after)) = inside.and_then(|(n, after)| Some((Slot::of(n)?, after))) else {
            from = open + 1;
            continue;
        };
        let before = rest.get(..open).unwrap_or_default();
        let code = before.strip_suffix('`').zip(after.strip_prefix('`'));
        let (before, after) = code.unwrap_or((before, after));
        if !before.is_empty() {
            found.push(Piece::Text(before));
        }
        found.push(if code.is_some() { Piece::Code(slot) } else { Piece::Plain(slot) });
        rest = after;
        from = 0;
    }
    if !rest.is_empty() {
        found.push(Piece::Text(rest));
    }
    found
}

/// Joins the lines of the paragraph that begins with `label`, without it.
fn part(card: &Card, label: &str) -> String {
    let section = card.section("What to do").unwrap_or_default();
    let text = section.split("\n\n").find_map(|paragraph| paragraph.strip_prefix(label));
    text.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causes::cards::{CARDS, card};

    /// What a card of 88 columns has room for behind its indent.
    const CODE_COLUMNS: usize = 84;

    /// The stacks that snippets are written for, each with the languages of its fences.
    const STACKS: [(&str, &[&str]); 16] = [
        (".NET", &["csharp"]),
        ("Apache", &["apache"]),
        ("Browser", &["js"]),
        ("curl", &["sh"]),
        ("Django", &["python"]),
        ("Go", &["go"]),
        ("HTTP", &["http"]),
        ("Java", &["java"]),
        ("Kubernetes", &["sh", "yaml"]),
        ("nginx", &["nginx"]),
        ("Node.js", &["js"]),
        ("OpenAPI", &["yaml"]),
        ("PHP", &["php"]),
        ("Python", &["python"]),
        ("Shell", &["sh"]),
        ("Spring", &["java", "yaml"]),
    ];

    /// Returns heading, language and code of every snippet.
    fn snippets(card: &Card) -> Vec<(&'static str, &'static str, &'static str)> {
        let section = card.section("What to do").unwrap_or_default();
        let blocks = section.split("\n### ").skip(1).filter_map(|block| block.split_once('\n'));
        let fences = blocks.flat_map(|(stack, body)| {
            let fences = body.split("```").skip(1).step_by(2);
            fences.filter_map(move |fence| {
                let (language, code) = fence.split_once('\n')?;
                Some((stack, language, code))
            })
        });
        fences.collect()
    }

    #[test]
    fn every_card_speaks_to_the_client_then_to_the_server() {
        for card in CARDS {
            let section = card.section("What to do").unwrap();
            let starts: Vec<&str> = section
                .split("\n\n")
                .filter_map(|p| ["Client: ", "Server: "].into_iter().find(|l| p.starts_with(l)))
                .collect();
            assert_eq!(starts, ["Client: ", "Server: "], "{}", card.id);
            for text in [client(card), server(card)] {
                assert!((8..=640).contains(&text.chars().count()), "{}: {text}", card.id);
                assert!(text.ends_with(['.', ')']), "{}: {text}", card.id);
            }
        }
    }

    #[test]
    fn every_sentence_with_slots_is_short_and_names_known_slots() {
        for card in CARDS {
            for sentence in comments(card) {
                assert!((20..=200).contains(&sentence.chars().count()), "{}: {sentence}", card.id);
                assert!(!sentence.ends_with('.'), "{}: {sentence}", card.id);
                let pieces = pieces(sentence);
                assert!(pieces.iter().any(|p| p.slot().is_some()), "{}: {sentence}", card.id);
                for piece in pieces {
                    let Piece::Text(text) = piece else { continue };
                    assert!(!text.contains(['{', '}']), "{}: {sentence}", card.id);
                    assert_eq!(text.matches('`').count() % 2, 0, "{}: {sentence}", card.id);
                }
            }
        }
    }

    #[test]
    fn comments_are_nothing_but_sentences_right_after_the_first_line() {
        for card in CARDS {
            let section = card.section("What to do").unwrap();
            let after: Vec<&str> = section.lines().skip(1).skip_while(|l| l.is_empty()).collect();
            let first = after.iter().take_while(|l| l.starts_with("<!-- ")).count();
            assert_eq!(card.text.matches("<!--").count(), comments(card).count(), "{}", card.id);
            assert_eq!(first, comments(card).count(), "{}", card.id);
        }
    }

    #[test]
    fn every_snippet_stands_under_its_stack() {
        for card in CARDS {
            let snippets = snippets(card);
            assert_eq!(card.text.matches("```").count(), 2 * snippets.len(), "{}", card.id);
            for (stack, language, code) in snippets {
                let known = STACKS.iter().find(|(name, _)| *name == stack);
                assert!(known.is_some_and(|(_, l)| l.contains(&language)), "{}: {stack}", card.id);
                let long = code.lines().find(|l| l.chars().count() > CODE_COLUMNS);
                assert_eq!(long, None, "{}: {stack}", card.id);
                assert!(code.lines().count() <= 24, "{}: {stack}", card.id);
            }
        }
        let used: Vec<&str> = CARDS.iter().flat_map(snippets).map(|(stack, ..)| stack).collect();
        for (stack, _) in STACKS {
            assert!(used.contains(&stack), "no snippet for {stack}");
        }
    }

    #[test]
    fn a_sentence_comes_apart_at_its_slots() {
        assert_eq!(
            pieces("{host} takes `{sent}`, not {this} or `x`"),
            [
                Piece::Plain(Slot::Host),
                Piece::Text(" takes "),
                Piece::Code(Slot::Sent),
                Piece::Text(", not {this} or `x`"),
            ]
        );
        assert_eq!(pieces("plain {"), [Piece::Text("plain {")]);
        assert_eq!(pieces(""), []);
    }

    #[test]
    fn a_paragraph_is_one_line_without_its_label() {
        let card = card("time.clock_skew").unwrap();
        assert!(!client(card).contains('\n') && !client(card).starts_with("Client"));
        assert_ne!(client(card), server(card));
    }
}
