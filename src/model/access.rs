//! One plain line of an access log, taken apart and not yet an exchange.

use std::borrow::Cow;

use super::exchange::{Exchange, Header, Observer, Position, Visibility};
use super::time::Time;

/// A line of an access log in its plainest form: no escapes, nothing but ASCII, nothing left out.
///
/// Logs hold millions of these. [`AccessLine::exchange`] says what each one means; whoever can do with
/// less need not build it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AccessLine<'a> {
    /// Number of the line in its input, from 1.
    pub number: u64,
    /// When the request was answered.
    pub time: Time,
    /// Name of the format, as in [`Exchange::format`].
    pub format: &'static str,
    /// Client address; ASCII, as all else.
    pub client_ip: &'a [u8],
    /// User name, `-` for none.
    pub user: &'a [u8],
    /// Request method and target as sent, a blank between them: `GET /me`.
    pub request: &'a [u8],
    /// The method of it, capital letters.
    pub method: &'a [u8],
    /// The target of it.
    pub target: &'a [u8],
    /// Response status, 100 to 999.
    pub status: u16,
    /// `Referer`, `-` for none, or a link.
    pub referer: &'a [u8],
    /// `User-Agent`, `-` or empty for none.
    pub agent: &'a [u8],
}

impl<'a> AccessLine<'a> {
    /// Returns where the line stands in its input.
    pub fn position(&self) -> Position {
        Position { line: Some(self.number), ..Position::default() }
    }

    /// Returns the exchange that the line tells of.
    pub fn exchange(&self) -> Exchange<'a> {
        let text = |bytes: &'a [u8]| Cow::Borrowed(std::str::from_utf8(bytes).unwrap_or_default());
        let said = |bytes: &'a [u8]| (!matches!(bytes, b"" | b"-")).then(|| text(bytes));
        let mut exchange = Exchange {
            position: self.position(),
            time: Some(self.time),
            observer: Observer::Gateway,
            format: self.format,
            method: Some(text(self.method)),
            url: text(self.target),
            status: Some(self.status),
            client_ip: said(self.client_ip),
            user: said(self.user),
            user_agent: said(self.agent),
            ..Exchange::default()
        };
        if let Some(value) = said(self.referer) {
            exchange.request_headers.push(Header { name: Cow::Borrowed("Referer"), value });
            exchange.request_visibility = Visibility::Partial;
        }
        exchange
    }
}
