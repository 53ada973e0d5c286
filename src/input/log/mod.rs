//! Text lines of request logs: one file for each family of writers.
//!
//! A line is read on its own, by the first format that it fits: the formats stand in the order of how
//! much they demand, and each is anchored at both ends, so that what a line means never depends on its
//! neighbours, on where the input was cut, or on what a client put into its user agent. A format that
//! needs to know more (the columns that a directive named) finds it in the [`Setting`].

mod apache_error;
mod apisix;
mod app;
mod aws;
mod aws_gateway;
mod caddy;
mod captured;
mod clf;
mod custom;
mod django;
mod envoy;
mod event_xml;
mod extras;
mod fastly;
mod haproxy;
pub(super) mod keycloak;
mod kong;
pub(super) mod krakend;
mod logfmt;
mod logins;
mod morgan;
mod nginx_error;
mod npm;
mod php;
pub(super) mod plain;
mod proxies;
mod rails;
mod refusal;
mod scan;
mod servers;
mod shape;
mod sixteen;
#[cfg(test)]
mod soup;
mod w3c;
mod w3c_columns;
mod wide;
mod zeek;

use std::sync::Arc;

pub(super) use self::custom::Custom;
pub use self::custom::FormatError;
pub(super) use self::scan::address;
pub(super) use self::w3c_columns::percent;
use super::jsonl::Mapping;
use crate::input::calendar::Calendar;
use crate::model::{Exchange, Observer};

/// What a line of text is.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// A request and its answer.
    Exchange(Box<Exchange<'a>>),
    /// A line of this writer that tells of no request: a notice, a start-up message.
    Notice,
    /// A line about the lines that follow: a comment, the names of the columns.
    Directive,
}

/// How the lines of one writer are read.
pub(super) struct Format {
    /// Short name in lower case, as reports show it.
    pub(super) name: &'static str,
    /// What it is, for the list of formats.
    pub(super) what: &'static str,
    /// Who writes it.
    pub(super) observer: Observer,
    /// Reads a line without its line break, or leaves it to the next format.
    pub(super) read: for<'a> fn(&'a str, &mut Setting) -> Option<Found<'a>>,
}

/// What earlier lines of an input, or the user, said about the lines that follow.
///
/// Part of a reader's mark: a piece whose beginning was guessed is read again where it differs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Setting {
    /// Which formats are tried.
    pub(super) wanted: Wanted,
    /// Names that the user gave to parts of a record, for lines of pairs.
    pub(super) mapping: Mapping,
    /// The year of times that name none.
    pub(super) calendar: Calendar,
    gateway: aws_gateway::Open,
    rails: rails::Open,
    w3c: w3c::Directives,
    zeek: zeek::Directives,
}

impl Setting {
    /// Returns what the user said.
    pub(super) fn given(wanted: Wanted, mapping: Mapping) -> Self {
        Self { wanted, mapping, ..Self::default() }
    }
}

/// Which formats the lines of an input can have.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) enum Wanted {
    /// Whatever fits.
    #[default]
    Any,
    /// The one of this name.
    Named(&'static str),
    /// One that the user wrote down.
    Custom(Arc<Custom>),
}

/// All formats; the first that fits reads the line.
const FORMATS: &[Format] = &[
    aws::ALB,
    aws::S3,
    envoy::ISTIO,
    envoy::ENVOY,
    haproxy::HAPROXY,
    aws::API_GATEWAY,
    nginx_error::NGINX_ERROR,
    apache_error::APACHE_ERROR,
    keycloak::KEYCLOAK,
    krakend::KRAKEND,
    clf::COMBINED,
    clf::COMMON,
    php::PHP,
    rails::RAILS,
    aws_gateway::EXECUTION,
    aws_gateway::XML,
    aws_gateway::CSV,
    event_xml::EVENT,
    caddy::CONSOLE,
    proxies::TRAEFIK,
    proxies::INGRESS,
    npm::MANAGER,
    npm::ZORAXY,
    apisix::APISIX,
    fastly::FASTLY,
    servers::UWSGI,
    servers::SQUID,
    app::UVICORN,
    app::DJANGO,
    django::REQUEST,
    app::GIN,
    app::CHI,
    morgan::SHORT,
    morgan::TINY,
    extras::COMBINED,
    extras::COMMON,
    aws::ELB,
    zeek::ZEEK,
    w3c::W3C,
    logfmt::LOGFMT,
    logins::LOGINS,
    app::LOGGED,
];

/// Reads a line; `None` when no format knows it.
///
/// The exchange has its format's name and observer; the position is left for the caller to set.
pub(super) fn read<'a>(line: &'a str, setting: &mut Setting) -> Option<Found<'a>> {
    let named = match &setting.wanted {
        Wanted::Any => None,
        Wanted::Named(name) => Some(*name),
        Wanted::Custom(custom) => {
            let mut exchange = custom.read(line)?;
            exchange.format = custom.server;
            exchange.observer = Observer::Gateway;
            return Some(Found::Exchange(Box::new(exchange)));
        }
    };
    FORMATS.iter().filter(|format| named.is_none_or(|name| format.name == name)).find_map(
        |format| {
            let mut found = (format.read)(line, setting)?;
            if let Found::Exchange(exchange) = &mut found {
                exchange.format = format.name;
                // An event of an identity provider may stand in a log of any format.
                if exchange.observer != Observer::Idp {
                    exchange.observer = format.observer;
                }
            }
            Some(found)
        },
    )
}

/// Returns each format's name and what it is, for the list of formats.
pub(crate) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    FORMATS.iter().map(|format| (format.name, format.what))
}

/// Reads a line by one format, for the tests of all.
#[cfg(test)]
fn exchange_of<'a>(format: &Format, line: &'a str) -> Option<Exchange<'a>> {
    match (format.read)(line, &mut Setting::default())? {
        Found::Exchange(found) => Some(*found),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pieces of which lines are made, and what breaks them.
    const PIECES: [&str; 24] = [
        "192.0.2.7",
        " - - ",
        "[23/Nov/2026:02:29:33 +0000]",
        " \"GET /me HTTP/1.1\" ",
        "401 25",
        " \"-\"",
        "\"",
        "\\",
        "[",
        "]",
        " ",
        "-",
        "=",
        "é",
        "ms",
        " => generated ",
        "INFO: ",
        "TCP_DENIED/407",
        " - \"",
        "[GIN] ",
        "|",
        ", ",
        "HTTP/",
        "1795400973.123",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn no_line_makes_a_reader_fall_over(picks in prop::collection::vec(0..PIECES.len(), 0..24)) {
            let line: String = picks.iter().map(|pick| PIECES[*pick]).collect();
            if let Some(Found::Exchange(exchange)) = read(&line, &mut Setting::default()) {
                prop_assert!(!exchange.format.is_empty());
                prop_assert!(exchange.status.is_none_or(|status| (100..1000).contains(&status)));
            }
        }
    }

    #[test]
    fn every_format_has_a_name_of_its_own() {
        let mut all: Vec<_> = names().map(|(name, _)| name).collect();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
