//! Names of persons in what a server said, where the exchange tells that they are names.

use std::sync::Arc;

use crate::model::{Answer, Credential, Token, pseudonym};

/// What a person's name stands behind.
const PERSONS: &[&str] = &[
    "user",
    "username",
    "userid",
    "account",
    "login",
    "principal",
    "member",
    "customer",
    "subject",
    "sub",
    "email",
    "identity",
    "name",
    "for",
];
const QUOTES: &[char] = &['"', '\'', '`', '“', '”', '‘', '’'];
/// Marks around a word that are no part of a name.
const EDGES: &[char] = &['(', ')', '[', ']', '{', '}', '<', '>', ',', ';', ':', '!', '?', '='];
/// Longest name, in bytes.
const LONG: usize = 128;

/// Puts stand-ins in place of the names of those whom an exchange is of: the user of a credential, the
/// subject of a token, the user of a column.
///
/// Only the stand-ins of these are known here, so it looks where names stand: in quotes, and behind words
/// such as `user`. What is no name of theirs stays.
pub(super) fn hide(
    answer: &mut Answer,
    credentials: &[Arc<Credential>],
    tokens: &[Arc<Token>],
    column: Option<&str>,
) {
    if answer.statements.iter().all(|s| s.place == "status") {
        return;
    }
    let of_credentials = credentials.iter().filter_map(|c| c.user.as_deref());
    let of_tokens = tokens.iter().filter_map(|t| t.sub.as_deref());
    let names: Vec<&str> = of_credentials.chain(of_tokens).chain(column).collect();
    if names.is_empty() {
        return;
    }
    for statement in &mut answer.statements {
        if let Some(hidden) = without(&statement.text, &names) {
            statement.text = hidden;
        }
    }
}

/// Returns whether [`hide`] could find a name in a text, whoever the exchange is of.
pub(super) fn may_stand_in(text: &str) -> bool {
    !candidates(text).is_empty()
}

/// Returns the text with stand-ins; `None` where it holds no such name.
fn without(text: &str, names: &[&str]) -> Option<String> {
    let mut out: Option<String> = None;
    for word in candidates(text) {
        let stand_in = pseudonym(word);
        if stand_in != *word && names.contains(&stand_in.as_str()) {
            out = Some(out.as_deref().unwrap_or(text).replace(word, &stand_in));
        }
    }
    out
}

/// Returns what may be names, by where they stand.
fn candidates(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let quoted = text.split(QUOTES).skip(1).step_by(2);
    let edges = |c: char| EDGES.contains(&c) || QUOTES.contains(&c);
    let mut behind = false;
    for word in text.split([' ', '=']) {
        let bare = word.trim_matches(edges);
        if behind && !bare.is_empty() {
            found.push(bare);
            found.push(bare.trim_end_matches('.'));
        }
        if !bare.is_empty() {
            behind = PERSONS.iter().any(|person| bare.eq_ignore_ascii_case(person));
        }
    }
    found.extend(quoted);
    found.retain(|name| (3..=LONG).contains(&name.len()));
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_exchange_gets_its_stand_in_and_other_words_stay() {
        let alice = pseudonym("alice");
        let names = [alice.as_str()];
        for (text, hidden) in [
            ("User alice not found", Some(format!("User {alice} not found"))),
            ("Login failed for user 'alice'.", Some(format!("Login failed for user '{alice}'."))),
            ("no such \"alice\" here", Some(format!("no such \"{alice}\" here"))),
            (
                "failed, user=alice, ip=192.0.2.1",
                Some(format!("failed, user={alice}, ip=192.0.2.1")),
            ),
            ("wrong password for alice.", Some(format!("wrong password for {alice}."))),
            ("User bob not found", None),
            ("user not found", None),
            ("alice is no word of ours", None),
        ] {
            assert_eq!(without(text, &names), hidden, "{text}");
        }
        let jane = pseudonym("Jane Doe");
        assert_eq!(without("no 'Jane Doe' here", &[&jane]), Some(format!("no '{jane}' here")));
    }
}
