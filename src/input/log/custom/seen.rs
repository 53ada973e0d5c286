//! The values of one line, put together.

use std::borrow::Cow;

use super::field::Field;
use crate::input::clock::parse_time;
use crate::input::har_entry::without_port;
use crate::input::log::scan::{request_line, status};
use crate::input::log::shape::{client_name, forwarded, reason, trace};
use crate::model::{Body, Exchange, Header, Text, Visibility};

/// What a line held.
#[derive(Debug, Default)]
pub(super) struct Seen<'a> {
    exchange: Exchange<'a>,
    target: Option<Cow<'a, str>>,
    path: Option<Cow<'a, str>>,
    query: Option<Cow<'a, str>>,
    scheme: Option<Cow<'a, str>>,
    forwarded: Option<Cow<'a, str>>,
    host_rank: Option<u8>,
    /// Whether the format has a column for the credential, and it was empty.
    shown_absent: bool,
}

impl<'a> Seen<'a> {
    /// Takes a value; `None` when it cannot be what its place says, so that the line is another's.
    pub(super) fn put(&mut self, field: &Field, value: Option<Cow<'a, str>>) -> Option<()> {
        let exchange = &mut self.exchange;
        let Some(value) = value else {
            match field {
                Field::Asked(name) => {
                    self.shown_absent |= name.eq_ignore_ascii_case("authorization");
                    seen(&mut exchange.request_visibility);
                }
                Field::Answered(_) => seen(&mut exchange.response_visibility),
                _ => {}
            }
            return Some(());
        };
        match field {
            Field::Time(_) | Field::BracketedTime => {
                if exchange.time.is_none() {
                    exchange.time = parse_time(&value);
                    exchange.time_unreadable = exchange.time.is_none();
                }
            }
            Field::Client => {
                if exchange.client_ip.is_none() {
                    exchange.client_ip = Some(match value {
                        Cow::Borrowed(text) => client_name(text),
                        Cow::Owned(text) => Cow::Owned(client_name(&text).into_owned()),
                    });
                }
            }
            Field::ForwardedFor => self.forwarded = Some(value),
            Field::User => _ = exchange.user.get_or_insert(value),
            Field::Request => self.request(value),
            Field::Method => exchange.method = Some(value),
            Field::Target => self.target = Some(value),
            Field::Path => self.path = Some(value),
            Field::Query => self.query = Some(value),
            Field::Host(rank) => {
                if self.host_rank.is_none_or(|known| *rank < known) && value != "_" {
                    exchange.host = Some(value);
                    self.host_rank = Some(*rank);
                }
            }
            Field::Scheme => self.scheme = Some(value),
            Field::Status => exchange.status = status(&value)?,
            Field::UpstreamStatus => {
                let last = last_of(value);
                reason(exchange, "upstream_status", last);
            }
            Field::Server => exchange.server = Some(without_port(last_of(value))),
            Field::RequestId => _ = exchange.request_id.get_or_insert(value),
            Field::TraceId => {
                exchange.trace_id = Some(match trace(&value) {
                    Some(id) => Cow::Owned(id.to_owned()),
                    None => value,
                });
            }
            Field::Asked(name) => {
                if name.eq_ignore_ascii_case("user-agent") {
                    exchange.user_agent = Some(value);
                } else {
                    exchange.request_headers.push(Header { name: name.clone(), value });
                    seen(&mut exchange.request_visibility);
                }
            }
            Field::Answered(name) => {
                exchange.response_headers.push(Header { name: name.clone(), value });
                seen(&mut exchange.response_visibility);
            }
            Field::RequestBody => {
                exchange.request_body = Body { text: Text::Plain(value), ..Body::default() };
            }
            Field::Word | Field::Anything | Field::QueryMark => {}
        }
        Some(())
    }

    fn request(&mut self, line: Cow<'a, str>) {
        match line {
            Cow::Borrowed(line) => {
                if let Some((method, target)) = request_line(line) {
                    self.exchange.method.get_or_insert(Cow::Borrowed(method));
                    self.target.get_or_insert(Cow::Borrowed(target));
                }
            }
            Cow::Owned(line) => {
                if let Some((method, target)) = request_line(&line) {
                    self.exchange.method.get_or_insert(Cow::Owned(method.to_owned()));
                    self.target.get_or_insert(Cow::Owned(target.to_owned()));
                }
            }
        }
    }

    /// Returns the exchange.
    pub(super) fn exchange(mut self) -> Exchange<'a> {
        let mut url = self.target.or(self.path).unwrap_or_default();
        if let Some(query) = self.query
            && !url.contains('?')
            && !url.is_empty()
        {
            url = Cow::Owned(format!("{url}?{}", query.trim_start_matches('?')));
        }
        let scheme = self.scheme.filter(|s| matches!(&**s, "http" | "https"));
        if let (Some(scheme), Some(host), true) =
            (scheme, self.exchange.host.as_deref(), url.starts_with('/'))
        {
            url = Cow::Owned(format!("{scheme}://{host}{url}"));
        }
        self.exchange.url = url;
        if let Some(list) = self.forwarded {
            forwarded(&mut self.exchange, list);
        }
        // A column of its own that is empty shows that the field was not sent.
        if self.shown_absent && self.exchange.request_header("authorization").is_none() {
            self.exchange.request_visibility = Visibility::Column;
        }
        self.exchange
    }
}

/// The last server that was tried gave the answer.
fn last_of(list: Cow<'_, str>) -> Cow<'_, str> {
    match list {
        Cow::Borrowed(list) => Cow::Borrowed(list.rsplit([' ', ',']).next().unwrap_or(list)),
        Cow::Owned(list) => Cow::Owned(list.rsplit([' ', ',']).next().unwrap_or(&list).to_owned()),
    }
}

/// Some fields were seen, not all.
fn seen(visibility: &mut Visibility) {
    *visibility = (*visibility).min(Visibility::Partial);
}
