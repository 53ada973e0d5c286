//! Passwords that stand in a path: the exchange that sends one in `Authorization` too shows where.
//!
//! That exchange hides it by its value (`/login/ann/***`). Another one on the same path, the challenge before
//! it, carries the same word and nothing that tells what it is: only all exchanges together do. The
//! places are read off the tally after the last merge, so no order or split of the input matters; then
//! each path that has the form of such a place is one with it, and its word is hidden.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::{Answer, Credential, Endpoint, Facts, Kind, Record};
use crate::tally::{Group, Merge as _, Tally, Use};

/// What stands in place of a secret.
const VEIL: &str = "***";

/// The paths of which some segment is a password, by host.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Veils(BTreeSet<(Option<Arc<str>>, Arc<str>)>);

impl Veils {
    /// Reads the places off everything that came with Basic; in the pool of the caller.
    pub fn learn(tally: &Tally) -> Self {
        let let_in = || {
            let mut veils = Self::default();
            tally.uses.values().for_each(|usage| veils.note_use(usage));
            veils
        };
        let (mut veils, others) = rayon::join(let_in, || Self::of_groups(tally));
        veils.merge(others);
        veils
    }

    /// Reads the places off what was not let in.
    pub(super) fn of_groups(tally: &Tally) -> Self {
        let mut veils = Self::default();
        for facts in tally.groups.iter().filter_map(|(_, group)| group.facts.as_deref()) {
            if is_basic(facts.credentials.first().map(|credential| &**credential)) {
                veils.note(&facts.endpoint);
            }
        }
        veils
    }

    /// Reads the places off a use.
    pub(super) fn note_use(&mut self, usage: &Use) {
        if is_basic(usage.credential.as_deref()) {
            usage.endpoints.iter().for_each(|(endpoint, _)| self.note(endpoint));
        }
    }

    fn note(&mut self, endpoint: &Endpoint) {
        if endpoint.path.split('/').any(|segment| segment == VEIL) {
            self.0.insert((endpoint.host.clone(), Arc::clone(&endpoint.path)));
        }
    }

    /// Adds the places of `other`.
    pub(super) fn merge(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// Reads the places off `tally` and hides the same words in its other paths. Idempotent, and the same
    /// before as after a merge; the keys of groups stay what they were. In the pool of the caller.
    pub fn draw(tally: &mut Tally) {
        let veils = Self::learn(tally);
        if veils.0.is_empty() {
            return;
        }
        tally.uses.change(|usage| {
            if usage.endpoints.iter().all(|(endpoint, _)| veils.segments(endpoint).is_empty()) {
                return;
            }
            let endpoints = std::mem::take(&mut usage.endpoints);
            for (endpoint, times) in endpoints.iter() {
                let mut endpoint = endpoint.clone();
                veils.hide(&mut endpoint);
                if let Some(known) = usage.endpoints.slot(&endpoint) {
                    known.merge(times);
                }
            }
        });
        tally.visits.change_endpoints(|endpoint| {
            veils.hide(endpoint);
        });
        let hide_in_group = |group: &mut Group| {
            let Some(facts) = group.facts.as_deref_mut() else { return };
            let words = veils.hide_in_facts(facts);
            if !words.is_empty() {
                group.said.reword(|text| {
                    let hidden =
                        words.iter().fold(text.to_owned(), |text, word| veiled(text, word));
                    (hidden != text).then_some(hidden)
                });
            }
        };
        tally.bare.change(hide_in_group);
        tally.groups.values_mut().for_each(hide_in_group);
        for issue in tally.issues.values_mut() {
            veils.hide(&mut issue.endpoint);
        }
        for proof in tally.proofs.values_mut() {
            proof.uses.change(|used| {
                veils.hide(&mut used.endpoint);
            });
        }
        let bare = |endpoint: &&Endpoint| !veils.segments(endpoint).is_empty();
        let bare: Vec<Endpoint> =
            tally.doors.iter().map(|(e, _)| e).filter(bare).cloned().collect();
        for mut endpoint in bare {
            let Some(door) = tally.doors.remove(&endpoint) else { continue };
            veils.hide(&mut endpoint);
            if let Some(known) = tally.doors.slot(&endpoint) {
                known.merge(door);
            }
        }
    }

    /// Hides the words of a record that stand in such places; `None` where it has none.
    pub fn over(&self, record: &Record) -> Option<Record> {
        let mut facts = Cow::Borrowed(&record.facts);
        if self.segments(&facts.endpoint).is_empty()
            && facts.redirect.as_ref().is_none_or(|r| self.segments(&r.to).is_empty())
        {
            return None;
        }
        let places = self.segments(&facts.endpoint);
        let (url, _) = without(&record.url, &places);
        self.hide_in_facts(facts.to_mut());
        Some(Record { url, facts: facts.into_owned(), ..record.clone() })
    }

    /// Hides the words and returns them.
    fn hide_in_facts(&self, facts: &mut Facts) -> Vec<String> {
        let words = self.hide(&mut facts.endpoint);
        for word in &words {
            hide_in_answer(Arc::make_mut(&mut facts.answer), word);
        }
        if let Some(redirect) = &mut facts.redirect {
            self.hide(&mut redirect.to);
        }
        words
    }

    /// Hides the words of a path and returns them.
    fn hide(&self, endpoint: &mut Endpoint) -> Vec<String> {
        let places = self.segments(endpoint);
        if places.is_empty() {
            return Vec::new();
        }
        let (path, words) = without(&endpoint.path, &places);
        endpoint.path = path.into();
        words
    }

    /// Returns which segments of a path are passwords, counted from 0 at its leading slash.
    fn segments(&self, endpoint: &Endpoint) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        if self.0.is_empty() {
            return found;
        }
        for (host, place) in &self.0 {
            let fits = |(known, here): (&str, &str)| known == VEIL || known == here;
            if *host == endpoint.host
                && place.split('/').count() == endpoint.path.split('/').count()
                && place.split('/').zip(endpoint.path.split('/')).all(fits)
            {
                let pairs = place.split('/').zip(endpoint.path.split('/')).enumerate();
                let hidden = pairs.filter(|(_, (known, here))| *known == VEIL && *here != VEIL);
                // An id of the template says nothing any more.
                found.extend(hidden.filter(|(_, (_, here))| *here != "{id}").map(|(at, _)| at));
            }
        }
        found
    }
}

fn is_basic(credential: Option<&Credential>) -> bool {
    credential.is_some_and(|credential| credential.kind == Kind::Basic)
}

/// Puts the veil over segments of the path of a URL or of a path; returns the words that were there.
fn without(url: &str, places: &BTreeSet<usize>) -> (String, Vec<String>) {
    let start = url.find("://").and_then(|at| url.get(at + 3..)?.find('/').map(|s| at + 3 + s));
    let (head, rest) = url.split_at(start.unwrap_or(0));
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (path, tail) = rest.split_at(end);
    let mut words = Vec::new();
    let mut out = head.to_owned();
    for (at, segment) in path.split('/').enumerate() {
        if at > 0 {
            out.push('/');
        }
        if places.contains(&at) {
            words.push(segment.to_owned());
            out.push_str(VEIL);
        } else {
            out.push_str(segment);
        }
    }
    out.push_str(tail);
    (out, words)
}

/// Hides a word of the path in what the server said.
fn hide_in_answer(answer: &mut Answer, word: &str) {
    let texts = answer.statements.iter_mut().map(|s| &mut s.text);
    let params = answer.challenges.iter_mut().flat_map(|c| &mut c.params).map(|(_, v)| v);
    for text in texts.chain(params) {
        *text = veiled(std::mem::take(text), word);
    }
}

/// Hides a word of the path, as it stands and decoded.
fn veiled(text: String, word: &str) -> String {
    let decoded = decode(word);
    [word, &*decoded]
        .into_iter()
        .filter(|w| w.len() >= 4)
        .fold(text, |text, word| if text.contains(word) { text.replace(word, VEIL) } else { text })
}

/// Resolves percent-encoding; what is no UTF-8 then stays as it stands.
fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        out.extend_from_slice(before.as_bytes());
        let byte = from.get(1..3).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        out.push(byte.unwrap_or(b'%'));
        rest = from.get(if byte.is_some() { 3 } else { 1 }..).unwrap_or_default();
    }
    out.extend_from_slice(rest.as_bytes());
    String::from_utf8(out).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(host: &str, path: &str) -> Endpoint {
        Endpoint { method: Some("GET".into()), host: Some(host.into()), path: path.into() }
    }

    fn veils(paths: &[&str]) -> Veils {
        Veils(paths.iter().map(|path| (Some("a.example".into()), (*path).into())).collect())
    }

    #[test]
    fn a_path_of_the_same_form_loses_its_word_and_others_keep_theirs() {
        let veils = veils(&["/basic/ann/***"]);
        let hidden = |host, path| {
            let mut endpoint = endpoint(host, path);
            let words = veils.hide(&mut endpoint);
            (endpoint.path.to_string(), words)
        };
        assert_eq!(
            hidden("a.example", "/basic/ann/correct%20horse"),
            ("/basic/ann/***".to_owned(), vec!["correct%20horse".to_owned()])
        );
        for (host, path) in [
            ("b.example", "/basic/ann/word"),
            ("a.example", "/basic/bob/word"),
            ("a.example", "/basic/ann/word/more"),
            ("a.example", "/basic/ann"),
            ("a.example", "/basic/ann/{id}"),
            ("a.example", "/basic/ann/***"),
        ] {
            assert_eq!(hidden(host, path), (path.to_owned(), Vec::new()));
        }
    }

    #[test]
    fn the_word_goes_from_the_url_and_from_what_the_server_said() {
        let places = BTreeSet::from([3]);
        let (url, words) = without("https://a.example/basic/ann/correct%20horse?n=1#x", &places);
        assert_eq!(url, "https://a.example/basic/ann/***?n=1#x");
        assert_eq!(words, ["correct%20horse"]);
        assert_eq!(without("/basic/ann/word", &places).0, "/basic/ann/***");
        assert_eq!(decode("correct%20horse%"), "correct horse%");
        assert_eq!(decode("a%ffb"), "a%ffb");
    }
}
