//! Traffic as it is, in any amount: pages with big bodies, API calls with tokens, refreshes, harmless
//! answers full of the words of refusal, and refusals, open and hidden. The same plan, the same bytes.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};

use serde::Serialize;
use serde::ser::{Error as _, SerializeMap as _, SerializeSeq as _, Serializer};

use self::traffic::Traffic;
use crate::forge::{Recorder, json_line};

#[path = "corpus/combined.rs"]
mod combined;
#[path = "corpus/traffic.rs"]
mod traffic;

/// What to write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shape {
    /// HAR with indentation, one browser.
    Har,
    /// HAR on one line.
    CompactHar,
    /// One line a request in JSON, many users.
    Lines,
    /// An access log in the combined format, many users: what no such log holds is not planted.
    Combined,
}

/// What the traffic is made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mix {
    /// A browser's: pages, scripts and images between calls.
    Browsing,
    /// Calls with small bodies only: the most entries in a byte.
    Dense,
    /// As [`Mix::Dense`], and no token is sent twice.
    Distinct,
    /// Calls whose bodies hold JSON in a string in JSON: a backslash every few bytes.
    Escaped,
}

/// How much of what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// The form.
    pub(crate) shape: Shape,
    /// The content.
    pub(crate) mix: Mix,
    /// Bytes to write: never less, at most one entry more.
    pub(crate) bytes: u64,
    /// Another seed, other traffic of the same kind.
    pub(crate) seed: u64,
    /// Refusals under 401 and 403, in a hundred exchanges.
    pub(crate) refused_percent: usize,
}

impl Plan {
    /// Plans a browser's traffic, of which three in a hundred are refused.
    pub(crate) fn new(shape: Shape, bytes: u64, seed: u64) -> Self {
        Self { shape, mix: Mix::Browsing, bytes, seed, refused_percent: 3 }
    }
}

/// What was planted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) struct Truth {
    /// Bytes written.
    pub(crate) bytes: u64,
    /// Exchanges.
    pub(crate) entries: u64,
    /// Refusals under 401 and 403.
    pub(crate) open: u64,
    /// Refusals under 200, 302, 400 and 500.
    pub(crate) hidden: u64,
    /// Answers of success that speak of refusals in their data.
    pub(crate) harmless: u64,
    /// Refreshes of a token.
    pub(crate) refreshes: u64,
    /// Distinct access tokens.
    pub(crate) tokens: u64,
}

impl Truth {
    /// Adds what another corpus holds.
    #[allow(dead_code, reason = "only one of those that share this file writes several corpora")]
    pub(crate) fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.entries += other.entries;
        self.open += other.open;
        self.hidden += other.hidden;
        self.harmless += other.harmless;
        self.refreshes += other.refreshes;
        self.tokens += other.tokens;
    }
}

/// Writes what is planned and returns what was planted.
///
/// # Errors
/// Only those of `out`.
pub(crate) fn write(plan: Plan, out: &mut dyn Write) -> io::Result<Truth> {
    let mut out = Counted { out, written: &Cell::new(0) };
    let written = out.written;
    let traffic = RefCell::new(Traffic::new(plan));
    match plan.shape {
        Shape::Har | Shape::CompactHar => {
            let har = Har { traffic: &traffic, written, bytes: plan.bytes };
            match plan.shape {
                Shape::Har => serde_json::to_writer_pretty(&mut out, &har)?,
                _ => serde_json::to_writer(&mut out, &har)?,
            }
        }
        Shape::Lines | Shape::Combined => {
            while written.get() < plan.bytes {
                let mut traffic = traffic.borrow_mut();
                let (step, client) = traffic.step();
                if plan.shape == Shape::Combined {
                    out.write_all(combined::line(&step, &client).as_bytes())?;
                } else {
                    let index = usize::try_from(traffic.truth.entries).unwrap_or_default();
                    serde_json::to_writer(&mut out, &json_line(index, &step, &client))?;
                }
                out.write_all(b"\n")?;
            }
        }
    }
    out.flush()?;
    Ok(Truth { bytes: written.get(), ..traffic.into_inner().truth })
}

struct Counted<'a> {
    out: &'a mut dyn Write,
    written: &'a Cell<u64>,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.written.set(self.written.get() + count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A HAR whose entries are made while they are written, so that no size needs memory.
struct Har<'a> {
    traffic: &'a RefCell<Traffic>,
    written: &'a Cell<u64>,
    bytes: u64,
}

impl Serialize for Har<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut har = Recorder::Chrome.har(self.traffic.borrow().at);
        let log = har["log"].as_object_mut().ok_or_else(|| S::Error::custom("a log"))?;
        log.remove("entries");
        serializer.collect_map([("log", Log { head: log, entries: self })])
    }
}

struct Log<'a> {
    head: &'a serde_json::Map<String, serde_json::Value>,
    entries: &'a Har<'a>,
}

impl Serialize for Log<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.head {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("entries", &Entries(self.entries))?;
        map.end()
    }
}

struct Entries<'a>(&'a Har<'a>);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        while self.0.written.get() < self.0.bytes {
            let (step, _) = self.0.traffic.borrow_mut().step();
            list.serialize_element(&traffic::seen_by_chrome(
                &step,
                Recorder::Chrome.har_entry(&step),
            ))?;
        }
        list.end()
    }
}
