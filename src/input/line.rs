//! One line, whatever it holds: JSON, text of a known writer, or either inside a wrapping.

use std::net::{IpAddr, SocketAddr};

use super::calendar::Calendar;
use super::jsonl::Mapping;
use super::log::{self, Found, Setting, Wanted};
use super::record::{self, Sink};
use super::skip::{Repair, SkipReason};
use super::walk::Attached;
use super::wrapper::{self, Peeled};
use crate::model::{Exchange, Position, Time};

/// Wrappings that are taken off one line at most.
pub(super) const LEVELS: u8 = 4;

/// Where a line stands, and what its wrappings told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Where the outermost line stands.
    pub(super) position: Position,
    /// When it was taken in, for records that have no time of their own.
    pub(super) time: Option<Time>,
    /// Whether that time named no year.
    pub(super) year_assumed: bool,
    /// The year of times that name none.
    pub(super) calendar: Calendar,
    /// Wrappings that may still be taken off.
    pub(super) levels: u8,
}

impl Place {
    /// Returns the place of a line in its input.
    pub(super) fn at(position: Position, calendar: Calendar) -> Self {
        Self { position, time: None, year_assumed: false, calendar, levels: LEVELS }
    }

    /// Gives an exchange without a time that of its wrapping.
    pub(super) fn date(self, exchange: &mut Exchange<'_>) {
        if exchange.time.is_none() {
            exchange.time = self.time;
            exchange.year_assumed = self.year_assumed && self.time.is_some();
        }
    }

    /// Returns the place of what is inside a wrapping.
    pub(super) fn inside(self, time: Option<Time>) -> Option<Self> {
        let levels = self.levels.checked_sub(1)?;
        let year_assumed = self.year_assumed && time.is_none();
        Some(Self { levels, time: time.or(self.time), year_assumed, ..self })
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
    if text.contains('\u{1b}')
        && let Some(plain) = wrapper::uncoloured(&text)
    {
        return wrapped(&plain, place, mapping, setting, sink);
    }
    if !starts_with_an_address(&text)
        && let Some(peeled) = wrapper::peel(&text).filter(|peeled| leads_to_an_address(peeled))
    {
        return wrapped(&peeled, place, mapping, setting, sink);
    }
    if let Some(found) = log::read(&text, setting) {
        match found {
            Found::Exchange(mut exchange) => {
                exchange.position = position;
                place.date(&mut exchange);
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

/// Returns whether a line of a web server's stands inside: it starts with its client's address, and no
/// word of the wrapping may be taken for that.
fn leads_to_an_address(peeled: &Peeled<'_>) -> bool {
    if starts_with_an_address(&peeled.inner) {
        return true;
    }
    let inner = wrapper::peel(&peeled.inner);
    inner.is_some_and(|inner| {
        starts_with_an_address(&inner.inner)
            || wrapper::peel(&inner.inner).is_some_and(|last| starts_with_an_address(&last.inner))
    })
}

fn starts_with_an_address(text: &str) -> bool {
    let word = text.split([' ', ',', '%']).next().unwrap_or_default();
    word.starts_with(|c: char| c.is_ascii_hexdigit() || c == ':')
        && (word.parse::<IpAddr>().is_ok() || word.parse::<SocketAddr>().is_ok())
}

fn wrapped(
    peeled: &Peeled<'_>,
    place: Place,
    mapping: &mut Mapping,
    setting: &mut Setting,
    sink: &mut dyn Sink,
) {
    sink.unwrapped(peeled.name);
    if peeled.inner.trim().is_empty() {
        return sink.passed(1);
    }
    let dated = peeled.yearless.and_then(|text| place.calendar.date(text));
    let time = peeled.time.or(dated.map(|(time, _)| time));
    match place.inside(time).map(|inside| Place {
        year_assumed: dated.map_or(inside.year_assumed, |(_, assumed)| assumed),
        ..inside
    }) {
        Some(place) => read(peeled.inner.as_bytes(), place, mapping, setting, sink),
        None => sink.skipped(place.position, SkipReason::TooDeep),
    }
}
