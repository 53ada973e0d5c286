//! Takes from a line of a known shape what it has of its own, before anything is read to an exchange.
//!
//! Most lines of a log tell of a request that went well, like thousands before it. For these the names
//! were settled when the shape was learned; here each value is either one of the few that may differ, or
//! is written down to be compared.

use std::borrow::Cow;

use super::alias::Slot;
use super::node::Node;
use super::plan::{Logger, Plan};
use super::quick::{Line, Piece, Raw, Recipe, emptied};
use super::value::{address, is_blank, is_unique, trace_id};
use crate::input::clock::parse_time;
use crate::input::har_entry::time_of_number;
use crate::input::lenient::number;
use crate::model::{Position, Sketch};

/// Lines in a row that nobody took by their sketch; then only one in so many is tried.
const MOST_MISSES: u32 = 64;

/// What the values of lines of one shape are to a sketch, by number.
#[derive(Debug)]
pub(super) struct Outline(Box<[Role]>);

/// What a value is to a sketch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Role {
    /// Nothing: no part of an exchange is read from it.
    Free,
    /// It is compared.
    Like,
    /// It is compared, and may repeat the URL.
    Message,
    Time,
    Url,
    ClientIp,
    UserAgent,
    RequestId,
    TraceId,
    RequestHeaders,
    ResponseHeaders,
    ResponseBody,
}

/// What is kept between lines for their sketches.
#[derive(Clone, Debug, Default)]
pub(super) struct Desk {
    like: Vec<u8>,
    /// Room for the fields of requests and of answers.
    fields: [Vec<(&'static str, &'static str)>; 2],
    /// Lines that nobody took by their sketch since one was.
    misses: u32,
}

impl Outline {
    /// Makes the outline of lines that are read by a plan; `places` are the numbers of its candidates'
    /// values, of which there are `count`. `None` where more than a few values may differ.
    pub(super) fn of(plan: &Plan, places: &[u16], count: usize) -> Option<Self> {
        if plan.logger == Logger::Akamai {
            return None;
        }
        let mut roles = vec![Role::Free; count];
        for (candidate, place) in plan.candidates.iter().zip(places) {
            let role = match candidate.slot {
                Slot::Time => Role::Time,
                Slot::Url => Role::Url,
                Slot::ClientIp => Role::ClientIp,
                Slot::UserAgent => Role::UserAgent,
                Slot::RequestId => Role::RequestId,
                Slot::TraceId => Role::TraceId,
                Slot::RequestHeaders => Role::RequestHeaders,
                Slot::ResponseHeaders => Role::ResponseHeaders,
                Slot::ResponseBody => Role::ResponseBody,
                Slot::Message => Role::Message,
                // They may hold what differs, and are put together with others.
                Slot::RequestLine | Slot::RequestField | Slot::Query => return None,
                // It is told of refusals.
                Slot::User => continue,
                _ => Role::Like,
            };
            let known = roles.get_mut(usize::from(*place))?;
            let is_own = !matches!(role, Role::Like | Role::Message);
            // A value that is two things, or one of several for a part.
            if *known != Role::Free || (is_own && plan.of_slot(candidate.slot).1.len() > 1) {
                return None;
            }
            *known = role;
        }
        let has = |role| roles.contains(&role);
        (has(Role::Time) && has(Role::Url)).then(|| Self(roles.into()))
    }
}

impl Desk {
    /// Shows `take` the sketch of a line whose names are those of its recipe, where it has one; returns
    /// whether it was taken.
    pub(super) fn show(
        &mut self,
        line: &Line<'_>,
        recipe: &Recipe,
        position: Position,
        take: &mut dyn FnMut(&Sketch<'_>) -> bool,
    ) -> bool {
        let Some(outline) = &recipe.outline else { return false };
        self.misses = self.misses.saturating_add(1);
        if self.misses > MOST_MISSES && !self.misses.is_multiple_of(MOST_MISSES) {
            return false;
        }
        let taken = self.drawn(line, recipe, outline, position, take).unwrap_or(false);
        if taken {
            self.misses = 0;
        }
        taken
    }

    fn drawn(
        &mut self,
        line: &Line<'_>,
        recipe: &Recipe,
        Outline(roles): &Outline,
        position: Position,
        take: &mut dyn FnMut(&Sketch<'_>) -> bool,
    ) -> Option<bool> {
        self.like.clear();
        self.like.extend_from_slice(&recipe.id.to_le_bytes());
        let (mut time, mut url) = (None, None);
        let (mut client_ip, mut user_agent, mut request_id, mut trace) = (None, None, None, None);
        let [mut sent, mut got]: [Vec<(&str, &str)>; 2] =
            std::mem::take(&mut self.fields).map(emptied);
        let mut body = None;
        for ((_, raw), role) in line.values().iter().zip(roles) {
            match role {
                Role::Free => {}
                Role::Like => self.note(line, *raw)?,
                Role::Message => {
                    if said(*raw)?.contains('/') {
                        return None;
                    }
                    self.note(line, *raw)?;
                }
                Role::Time => {
                    time = Some(match raw {
                        Raw::Number(word) => time_of_number(&number(word)?)?,
                        _ => parse_time(said(*raw)?)?,
                    });
                }
                Role::Url => url = Some(said(*raw).filter(|url| is_path(url))?),
                Role::ClientIp => client_ip = Some(client(said(*raw)?)?),
                Role::UserAgent => user_agent = Some(said(*raw)?),
                Role::RequestId => match raw {
                    // A counter of the logger's process, until it is long.
                    Raw::Number(word) if is_counted(word) => {
                        request_id = Some(*word).filter(|id| is_unique(id));
                    }
                    _ => request_id = Some(said(*raw).filter(|id| is_unique(id))?),
                },
                Role::TraceId => match trace_id(Cow::Borrowed(said(*raw)?))? {
                    Cow::Borrowed(id) => trace = Some(id),
                    Cow::Owned(_) => return None,
                },
                Role::RequestHeaders => fields(line, *raw, &mut sent)?,
                Role::ResponseHeaders => fields(line, *raw, &mut got)?,
                Role::ResponseBody => match raw {
                    Raw::Null => {}
                    Raw::Nested(json) | Raw::Fields(_, _, json) if !json.contains('\\') => {
                        body = Some(*json);
                    }
                    _ => body = Some(said(*raw)?),
                },
            }
        }
        let taken = take(&Sketch {
            position,
            time: time?,
            format: recipe.plan.logger.name(),
            like: &self.like,
            url: url?,
            client_ip,
            user_agent,
            request_id,
            trace_id: trace,
            request_headers: &sent,
            response_headers: &got,
            response_body: body,
        });
        self.fields = [sent, got].map(emptied);
        Some(taken)
    }

    /// Writes a value down so that where it ends can be told.
    fn note(&mut self, line: &Line<'_>, raw: Raw<'_>) -> Option<()> {
        let mut text = |kind: u8, text: &str| {
            self.like.push(kind);
            self.like.extend_from_slice(&u32::try_from(text.len()).ok()?.to_le_bytes());
            self.like.extend_from_slice(text.as_bytes());
            Some(())
        };
        match raw {
            Raw::Null => text(0, ""),
            Raw::Bool(is) => text(1 + u8::from(is), ""),
            Raw::Number(word) => text(3, word),
            Raw::Text((word, escaped)) => text(4 + u8::from(escaped), word),
            Raw::Fields(..) => {
                for (name, (value, escaped)) in line.pairs(raw)? {
                    text(6, name)?;
                    text(7 + u8::from(*escaped), value)?;
                }
                text(9, "")
            }
            Raw::List | Raw::Nested(_) => None,
        }
    }
}

/// A text without escapes.
fn text((text, escaped): Piece<'_>) -> Option<&str> {
    (!escaped).then_some(text)
}

/// A text that says something, without escapes.
fn said(raw: Raw<'_>) -> Option<&str> {
    let Raw::Text(piece) = raw else { return None };
    text(piece).filter(|text| !is_blank(text))
}

/// Adds the members of a flat object of fields.
fn fields<'v>(line: &Line<'v>, raw: Raw<'v>, list: &mut Vec<(&'v str, &'v str)>) -> Option<()> {
    for (name, piece) in line.pairs(raw)? {
        list.push((name, text(*piece).filter(|value| !is_blank(value))?));
    }
    Some(())
}

/// Whether a number is a whole one that reads as it is written.
fn is_counted(word: &str) -> bool {
    word.len() < 18
        && word.bytes().all(|b| b.is_ascii_digit())
        && (word.len() == 1 || !word.starts_with('0'))
}

/// Whether a URL is a path and nothing before it.
fn is_path(url: &str) -> bool {
    url.starts_with('/') && !url.contains(':')
}

/// The client's address, where nothing has to be taken off.
fn client(text: &str) -> Option<&str> {
    if is_ipv4(text.as_bytes()) {
        return Some(text);
    }
    match address(Node::Text(Cow::Borrowed(text)))? {
        Cow::Borrowed(address) => Some(address),
        Cow::Owned(_) => None,
    }
}

/// Whether text is an address of version 4 in its usual spelling, as nearly all of clients are.
fn is_ipv4(text: &[u8]) -> bool {
    let (mut dots, mut part, mut digits) = (0, 0_u16, 0);
    for b in text.iter().take(16) {
        match b {
            b'.' if digits > 0 => (dots, part, digits) = (dots + 1, 0, 0),
            // A zero is a part of its own.
            b'0'..=b'9' if digits == 0 || part > 0 => {
                (part, digits) = (part * 10 + u16::from(b - b'0'), digits + 1);
                if part > 255 {
                    return false;
                }
            }
            _ => return false,
        }
    }
    dots == 3 && digits > 0 && text.len() < 16
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]
        #[test]
        fn an_address_is_what_the_standard_library_takes_for_one(
            parts in prop::collection::vec(prop::sample::select(vec![
                "", "0", "00", "01", "9", "10", "99", "100", "199", "249", "255", "256", "260", "300", "1a",
            ]), 2..6),
            end in "[ .:0-9a]{0,2}",
        ) {
            let text = format!("{}{end}", parts.join("."));
            prop_assert_eq!(is_ipv4(text.as_bytes()), text.parse::<Ipv4Addr>().is_ok());
        }
    }
}
