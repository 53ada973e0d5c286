//! One line, whatever it holds: JSON, text of a known writer, or either inside a wrapping.

use super::jsonl::Mapping;
use super::log::{self, Found, Setting, Wanted};
use super::record::{self, Sink};
use super::skip::{Repair, SkipReason};
use super::walk::Attached;
use super::wrapper::{self, Peeled};
use crate::model::{Position, Time};

/// Wrappings that are taken off one line at most.
pub(super) const LEVELS: u8 = 4;

/// Where a line stands, and what its wrappings told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Where the outermost line stands.
    pub(super) position: Position,
    /// When it was taken in, for records that have no time of their own.
    pub(super) time: Option<Time>,
    /// Wrappings that may still be taken off.
    pub(super) levels: u8,
}

impl Place {
    /// Returns the place of what is inside a wrapping.
    pub(super) fn inside(self, time: Option<Time>) -> Option<Self> {
        let levels = self.levels.checked_sub(1)?;
        Some(Self { levels, time: time.or(self.time), ..self })
    }
}

/// Reads what a line holds or wraps.
pub(super) fn read(
    text: &[u8],
    place: Place,
    mapping: &mut Mapping,
    setting: &mut Setting,
    sink: &mut dyn Sink,
) {
    let position = place.position;
    if text.trim_ascii_start().starts_with(b"{") {
        let part = wrapper::is_docker(text).then(|| String::from_utf8_lossy(text));
        match part.as_deref().and_then(wrapper::part) {
            Some(part) => return wrapped(&part, place, mapping, setting, sink),
            None if setting.wanted == Wanted::Any => {
                return record::read_in(text, place, mapping, sink);
            }
            // A format that the user names may look like JSON and be none.
            None => {}
        }
    }
    let is_utf8 = std::str::from_utf8(text).is_ok();
    let text = String::from_utf8_lossy(text);
    if let Some(found) = log::read(&text, setting) {
        match found {
            Found::Exchange(mut exchange) => {
                exchange.position = position;
                exchange.time = exchange.time.or(place.time);
                if !is_utf8 {
                    sink.repaired(position, &[Repair::InvalidUtf8]);
                }
                sink.exchange(&mut exchange, &Attached::default());
            }
            Found::Notice => sink.skipped(position, SkipReason::Notice),
            Found::Directive => sink.passed(1),
        }
        return;
    }
    match wrapper::peel(&text) {
        Some(peeled) => wrapped(&peeled, place, mapping, setting, sink),
        None => sink.skipped(position, SkipReason::NotThisFormat),
    }
}

fn wrapped(
    peeled: &Peeled<'_>,
    place: Place,
    mapping: &mut Mapping,
    setting: &mut Setting,
    sink: &mut dyn Sink,
) {
    if peeled.inner.trim().is_empty() {
        return sink.passed(1);
    }
    match place.inside(peeled.time) {
        Some(place) => read(peeled.inner.as_bytes(), place, mapping, setting, sink),
        None => sink.skipped(place.position, SkipReason::TooDeep),
    }
}
