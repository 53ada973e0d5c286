//! Fiddler's session archive: `raw/7_c.txt` (request), `raw/7_s.txt` (answer), `raw/7_m.xml` (times).

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use serde_json::Value;

use super::Session;
use crate::input::clock::parse_time;
use crate::input::unwrap::Attachments;

/// A message longer than this is left out.
const LONGEST_MESSAGE: u64 = 16 << 20;

/// Returns whether a file of an archive is a request that Fiddler saved.
pub(in crate::input) fn is_fiddler(name: &str) -> bool {
    number(name).is_some()
}

/// Returns the number in `raw/7_c.txt`.
fn number(name: &str) -> Option<u64> {
    name.strip_prefix("raw/")?.strip_suffix("_c.txt")?.parse().ok()
}

/// Reads the sessions of an archive, in the order of their numbers.
pub(in crate::input) struct Fiddler {
    files: Arc<Attachments>,
    requests: std::collections::btree_map::IntoIter<u64, String>,
}

impl Fiddler {
    /// Returns a reader of the sessions in an archive.
    pub(in crate::input) fn new(files: Arc<Attachments>) -> Self {
        let requests: BTreeMap<u64, String> =
            files.names().filter_map(|name| Some((number(name)?, name.to_owned()))).collect();
        Self { files, requests: requests.into_iter() }
    }
}

impl Iterator for Fiddler {
    type Item = io::Result<Value>;

    fn next(&mut self) -> Option<Self::Item> {
        let (_, name) = self.requests.next()?;
        let stem = name.trim_end_matches("_c.txt");
        let read = |name: &str| self.files.bytes(name, LONGEST_MESSAGE).unwrap_or_default();
        let notes = read(&format!("{stem}_m.xml"));
        let notes = String::from_utf8_lossy(&notes);
        let time = attribute(&notes, "ClientBeginRequest").unwrap_or_default();
        let answered = attribute(&notes, "ServerBeginResponse").and_then(parse_time);
        let waited =
            parse_time(time).zip(answered).map(|(from, to)| to.at.since(from.at).0 * 1000.0);
        let session = Session {
            time: time.to_owned(),
            waited: waited.filter(|waited| *waited >= 0.0),
            url: String::new(),
            request: read(&name),
            response: read(&format!("{stem}_s.txt")),
        };
        Some(Ok(session.entry()))
    }
}

/// Returns the value of an attribute.
fn attribute<'n>(notes: &'n str, name: &str) -> Option<&'n str> {
    let (_, rest) = notes.split_once(&format!(" {name}=\""))?;
    Some(rest.split_once('"')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_sessions_are_told_by_their_names() {
        assert_eq!(number("raw/012_c.txt"), Some(12));
        for name in ["raw/1_s.txt", "raw/x_c.txt", "1_c.txt", "raw/a/1_c.txt", "_index.htm"] {
            assert!(!is_fiddler(name), "{name}");
        }
    }

    #[test]
    fn times_stand_in_attributes() {
        let notes = r#"<Session SID="1"><SessionTimers ClientConnected="a" ClientBeginRequest="2026-01-13T17:56:32.1+01:00" /></Session>"#;
        assert_eq!(attribute(notes, "ClientBeginRequest"), Some("2026-01-13T17:56:32.1+01:00"));
        assert_eq!(attribute(notes, "ServerBeginResponse"), None);
    }
}
