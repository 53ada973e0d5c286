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
    /// Where the line stands in its input.
    pub position: Position,
    /// When the request was answered.
    pub time: Time,
    /// Name of the format, as in [`Exchange::format`].
    pub format: &'static str,
    /// Client address.
    pub client_ip: &'a str,
    /// User name, `-` for none.
    pub user: &'a str,
    /// Request method, capital letters.
    pub method: &'a str,
    /// Request target as sent.
    pub target: &'a str,
    /// Response status, 100 to 999.
    pub status: u16,
    /// `Referer`, `-` for none, or a link; ASCII, as all else.
    pub referer: &'a [u8],
    /// `User-Agent`, `-` or empty for none.
    pub agent: &'a [u8],
}

impl<'a> AccessLine<'a> {
    /// Returns the exchange that the line tells of.
    pub fn exchange(&self) -> Exchange<'a> {
        let said = |text: &'a str| (!matches!(text, "" | "-")).then_some(Cow::Borrowed(text));
        let text = |bytes: &'a [u8]| std::str::from_utf8(bytes).unwrap_or_default();
        let mut exchange = Exchange {
            position: self.position,
            time: Some(self.time),
            observer: Observer::Gateway,
            format: self.format,
            method: Some(Cow::Borrowed(self.method)),
            url: Cow::Borrowed(self.target),
            status: Some(self.status),
            client_ip: said(self.client_ip),
            user: said(self.user),
            user_agent: said(text(self.agent)),
            ..Exchange::default()
        };
        if let Some(value) = said(text(self.referer)) {
            exchange.request_headers.push(Header { name: Cow::Borrowed("Referer"), value });
            exchange.request_visibility = Visibility::Partial;
        }
        exchange
    }
}
