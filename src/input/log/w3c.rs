//! The W3C extended log file format: IIS, CloudFront, and others that name their columns.
//!
//! A `#Fields` line says what the columns are until the next one does. Rows whose columns do not fit it
//! are still read where their shape is that of a known writer: files lose their heads.

use std::borrow::Cow;
use std::sync::Arc;

use super::scan::{address, reason, said, status};
use super::w3c_columns::{CLOUDFRONT, Column, Words, decoded, percent, words};
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::input::jsonl::host_and_path;
use crate::model::{Exchange, Header, Observer, Time, Visibility};

/// `#Fields: date time cs-method cs-uri-stem sc-status ...` and rows of those columns.
pub(super) const W3C: Format = Format {
    name: "w3c",
    what: "the W3C extended format: IIS, CloudFront and others with #Fields",
    observer: Observer::Gateway,
    read: |line, setting: &mut Setting| match line.strip_prefix('#') {
        Some(directive) => setting.w3c.directive(directive),
        None => setting.w3c.row(line),
    },
};

/// What the directives said about the rows that follow.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Directives {
    columns: Option<Arc<[Column]>>,
    /// Text of `#Date`, for rows with a time alone.
    date: Option<Arc<str>>,
    /// Text of `#GMT-Offset`; without one, times are UTC.
    offset: Option<Arc<str>>,
}

impl Directives {
    fn directive(&mut self, text: &str) -> Option<Found<'static>> {
        let (name, value) = text.split_once(':')?;
        let value = value.trim();
        match name {
            "Fields" => self.columns = Some(value.split_whitespace().map(Column::of).collect()),
            "Date" | "Start-Date" => self.date = Some(Arc::from(value)),
            "GMT-Offset" => self.offset = Some(Arc::from(value)),
            "Software" | "Version" | "End-Date" | "Remark" => {}
            _ => return None,
        }
        Some(Found::Directive)
    }

    fn row<'a>(&self, line: &'a str) -> Option<Found<'a>> {
        // A row begins with a date, a time or an address, or the columns were named.
        let head = line.as_bytes().first()?;
        (self.columns.is_some() || head.is_ascii_digit()).then_some(())?;
        let words = words(line);
        if let Some(columns) = &self.columns
            && columns.len() == words.list.len()
        {
            return self.of(&words, columns);
        }
        self.of(&words, &headless(&words)?)
    }

    /// Reads a row of columns that are named beside their values.
    pub(super) fn named<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Option<Found<'a>> {
        let (columns, list): (Vec<Column>, Vec<&'a str>) =
            pairs.map(|(name, value)| (Column::of(name), value)).unzip();
        Self::default().of(&Words { list, tabs: false }, &columns)
    }

    fn of<'a>(&self, words: &Words<'a>, columns: &[Column]) -> Option<Found<'a>> {
        let mut row = Row::default();
        let mut exchange = Exchange::default();
        for (column, word) in columns.iter().zip(&words.list) {
            row.take(column, word, words.tabs, &mut exchange)?;
        }
        // FTP and SMTP have such logs too.
        let is_method =
            |m: &str| m.bytes().all(|b| b.is_ascii_uppercase() || b == b'-' || b == b'_');
        if !row.has_status || exchange.method.as_deref().is_some_and(|m| !is_method(m)) {
            return Some(Found::Notice);
        }
        exchange.time = self.time(&row);
        if exchange.status.is_none() && exchange.method.is_none() || row.target.is_none() {
            return Some(Found::Notice);
        }
        row.finish(&mut exchange);
        Some(Found::Exchange(Box::new(exchange)))
    }

    fn time(&self, row: &Row<'_>) -> Option<Time> {
        if let Some(stamp) = row.stamp {
            return parse_time(stamp);
        }
        let clock = row.clock?;
        let zone = match &self.offset {
            Some(offset) => offset,
            None if row.local => "",
            None => "Z",
        };
        if let Some(date) = row.date {
            return parse_time(&format!("{date} {clock}{zone}"));
        }
        let begun = self.date.as_deref()?;
        let date = begun.get(..10)?;
        let mut time = parse_time(&format!("{date} {clock}{zone}"))?;
        // Past midnight the clock starts again.
        if begun.get(11..19).is_some_and(|start| clock < start) {
            time.at.0 = time.at.0.checked_add(86_400_000_000_000)?;
        }
        Some(time)
    }
}

/// What a row says before it is put together.
#[derive(Debug, Default)]
struct Row<'a> {
    date: Option<&'a str>,
    clock: Option<&'a str>,
    stamp: Option<&'a str>,
    local: bool,
    has_status: bool,
    target: Option<&'a str>,
    query: Option<&'a str>,
    scheme: Option<&'a str>,
    substatus: Option<&'a str>,
    win32: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn take(
        &mut self,
        column: &Column,
        word: &'a str,
        tabs: bool,
        exchange: &mut Exchange<'a>,
    ) -> Option<()> {
        let value = said(word);
        match column {
            Column::Date => self.date = value,
            Column::Time { local } => {
                self.clock = value;
                self.local = *local;
            }
            Column::Stamp => self.stamp = value,
            Column::Method => exchange.method = value.map(Cow::Borrowed),
            Column::Target => self.target = self.target.or(value),
            Column::Query => self.query = value,
            Column::Status => {
                exchange.status = if word.is_empty() { None } else { status(word)? };
                self.has_status = true;
            }
            Column::Substatus => self.substatus = value,
            Column::Win32 => self.win32 = value,
            Column::Client => exchange.client_ip = address(word),
            Column::User => exchange.user = value.map(Cow::Borrowed),
            Column::UserAgent => exchange.user_agent = value.map(|value| decoded(value, tabs)),
            Column::Host { first } => {
                if *first || exchange.host.is_none() {
                    exchange.host = value.map(Cow::Borrowed).or_else(|| exchange.host.take());
                }
            }
            Column::Scheme => {
                self.scheme = value.filter(|v| matches!(*v, "http" | "https" | "ws" | "wss"));
            }
            Column::Server => {
                exchange.server = exchange.server.take().or_else(|| value.map(Cow::Borrowed));
            }
            Column::RequestId => exchange.request_id = value.map(Cow::Borrowed),
            Column::Reason(name) => reason(exchange, name, word),
            Column::RequestField(name) => request_field(name, value, tabs, exchange),
            Column::ResponseField(name) => {
                if let Some(value) = value {
                    exchange.response_headers.push(owned(name, decoded(value, tabs)));
                    exchange.response_visibility = Visibility::Partial;
                }
            }
            Column::Other => {}
        }
        Some(())
    }

    fn finish(self, exchange: &mut Exchange<'a>) {
        let mut target = self.target.unwrap_or_default();
        // Incapsula writes `www.example.com/page` into the column of the URI.
        if let Some((host, path)) = host_and_path(target) {
            exchange.host = exchange.host.take().or(Some(Cow::Borrowed(host)));
            target = path;
        }
        exchange.url = match self.query {
            Some(query) => Cow::Owned(format!("{target}?{}", query.trim_start_matches('?'))),
            None => Cow::Borrowed(target),
        };
        if let (Some(scheme), Some(host)) = (self.scheme, exchange.host.as_deref())
            && exchange.url.starts_with('/')
        {
            exchange.url = Cow::Owned(format!("{scheme}://{host}{}", exchange.url));
            exchange.host = None;
        }
        // They say something of refusals only: `0` and `64` stand beside most successes.
        if exchange.status.is_none_or(|status| status >= 400) {
            for (name, value) in [("sc-substatus", self.substatus), ("sc-win32-status", self.win32)]
            {
                reason(exchange, name, value.filter(|v| *v != "0").unwrap_or_default());
            }
        }
    }
}

/// Adds a field that has a column of its own.
fn request_field<'a>(name: &str, value: Option<&'a str>, tabs: bool, exchange: &mut Exchange<'a>) {
    let authorization = name.eq_ignore_ascii_case("authorization");
    match value {
        Some(value) => {
            // Only the blank behind the scheme was one: `+` is a letter of tokens.
            let value = match tabs {
                true => percent(value),
                false if authorization => Cow::Owned(value.replacen('+', " ", 1)),
                false if name.eq_ignore_ascii_case("cookie") => {
                    Cow::Owned(value.replace(";+", "; "))
                }
                false => Cow::Borrowed(value),
            };
            exchange.request_headers.push(owned(name, value));
            exchange.request_visibility = exchange.request_visibility.min(Visibility::Partial);
        }
        // A column of its own that is empty shows that the field was not sent.
        None if authorization => exchange.request_visibility = Visibility::Column,
        None => {}
    }
}

fn owned<'a>(name: &str, value: Cow<'a, str>) -> Header<'a> {
    Header { name: Cow::Owned(name.to_owned()), value }
}

/// Returns the columns of a row without a head: those that IIS and CloudFront write when nobody chose
/// others.
fn headless(words: &Words<'_>) -> Option<Vec<Column>> {
    let word = |at: usize| words.list.get(at).copied().unwrap_or_default();
    let digits = |text: &str, pattern: &[u8]| {
        text.len() == pattern.len()
            && text.bytes().zip(pattern).all(|(b, p)| match p {
                b'0' => b.is_ascii_digit(),
                p => b == *p,
            })
    };
    (digits(word(0), b"0000-00-00") && digits(word(1), b"00:00:00")).then_some(())?;
    let known = |names: &[&str]| names.iter().map(|name| Column::of(name)).collect::<Vec<_>>();
    if words.tabs {
        let count = words.list.len();
        let fits = (24..=CLOUDFRONT.len()).contains(&count) && status(word(8)).is_some();
        return fits.then(|| known(CLOUDFRONT.get(..count).unwrap_or_default()));
    }
    let is_number =
        |at: usize| !word(at).is_empty() && word(at).bytes().all(|b| b.is_ascii_digit());
    // IIS 6 has the name of the site before the address.
    let from = 2 + usize::from(word(2).starts_with("W3SVC"));
    let method = word(from + 1);
    let shaped = address(word(from)).is_some()
        && method.bytes().all(|b| b.is_ascii_uppercase())
        && word(from + 2).starts_with('/')
        && is_number(from + 4)
        && address(word(from + 6)).is_some();
    shaped.then_some(())?;
    let mut names = vec!["date", "time", "s-ip", "cs-method", "cs-uri-stem", "cs-uri-query"];
    if from == 3 {
        names.insert(2, "s-sitename");
    }
    names.extend(["s-port", "cs-username", "c-ip", "cs(User-Agent)"]);
    if !(is_number(names.len()) && word(names.len()).len() == 3) {
        names.push("cs(Referer)");
    }
    names.extend(["sc-status", "sc-substatus", "sc-win32-status"]);
    let status_at = names.len() - 3;
    let numbers = (status_at..words.list.len()).all(is_number);
    let rest = words.list.len().checked_sub(names.len()).filter(|rest| *rest <= 3)?;
    names.extend(std::iter::repeat_n("time-taken", rest));
    numbers.then(|| known(&names))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a>(setting: &mut Directives, line: &'a str) -> Option<Found<'a>> {
        match line.strip_prefix('#') {
            Some(directive) => setting.directive(directive),
            None => setting.row(line),
        }
    }

    fn exchange<'a>(setting: &mut Directives, line: &'a str) -> Exchange<'a> {
        match read(setting, line) {
            Some(Found::Exchange(exchange)) => *exchange,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn with(fields: &str) -> Directives {
        let mut setting = Directives::default();
        assert!(matches!(
            read(&mut setting, &format!("#Fields: {fields}")),
            Some(Found::Directive)
        ));
        setting
    }

    #[test]
    fn columns_are_those_of_the_last_directive() {
        let mut setting =
            with("date time cs-method cs-uri-stem cs-uri-query sc-status sc-substatus");
        let found = exchange(&mut setting, "2026-11-23 02:29:33 GET /a x=1 401 2");
        assert_eq!((found.status, &*found.url), (Some(401), "/a?x=1"));
        assert_eq!(found.time.unwrap().to_string(), "2026-11-23T02:29:33Z");
        assert!(!found.time.unwrap().zone_assumed);
        assert_eq!(found.reasons, [("sc-substatus".into(), "2".into())]);
        read(&mut setting, "#Fields: time c-ip sc-status cs-method cs-uri-stem");
        read(&mut setting, "#Date: 2026-11-23 22:00:00");
        let found = exchange(&mut setting, "23:00:01 192.0.2.7 403 GET /b");
        assert_eq!(found.time.unwrap().to_string(), "2026-11-23T23:00:01Z");
        let found = exchange(&mut setting, "00:00:01 192.0.2.7 403 GET /b");
        assert_eq!(found.time.unwrap().to_string(), "2026-11-24T00:00:01Z");
    }

    #[test]
    fn a_host_in_the_column_of_the_uri_is_the_host() {
        let mut setting = with("date time cs-method cs-uri cs-uri-query sc-status");
        let row = r#""2026-11-23" "02:29:33" "GET" "www.example.com/page.php" "a=1" "401""#;
        let found = exchange(&mut setting, row);
        assert_eq!(
            (found.host.as_deref(), &*found.url),
            (Some("www.example.com"), "/page.php?a=1")
        );
        let found = exchange(&mut setting, "2026-11-23 02:29:33 GET http://a.example/b - 401");
        assert_eq!((found.host.as_deref(), &*found.url), (None, "http://a.example/b"));
    }

    #[test]
    fn blanks_of_a_user_agent_are_plus_signs() {
        let mut setting =
            with("date time cs-method cs-uri-stem sc-status cs(User-Agent) cs(Cookie)");
        let row = "2026-11-23 02:29:33 GET /a 200 Mozilla/5.0+(X11) a=1;+b=2";
        let found = exchange(&mut setting, row);
        assert_eq!(found.user_agent.as_deref(), Some("Mozilla/5.0 (X11)"));
        assert_eq!(found.request_header("cookie"), Some("a=1; b=2"));
        assert!(found.reasons.is_empty());
    }

    #[test]
    fn a_column_for_authorization_shows_that_none_was_sent() {
        let mut setting = with("date time cs-method cs-uri-stem sc-status cs(Authorization)");
        let found = exchange(&mut setting, "2026-11-23 02:29:33 GET /a 401 -");
        assert_eq!(found.request_visibility, Visibility::Column);
        let found = exchange(&mut setting, "2026-11-23 02:29:33 GET /a 401 Bearer+a+b");
        assert_eq!(found.request_header("authorization"), Some("Bearer a+b"));
        assert_eq!(found.request_visibility, Visibility::Partial);
    }

    #[test]
    fn rows_without_a_head_are_read_where_their_shape_is_known() {
        let mut none = Directives::default();
        let row = "2026-11-23 02:29:33 10.0.0.5 GET /a - 443 CORP\\ann 192.0.2.7 curl/8.5.0 401 1 1326 15";
        let found = exchange(&mut none, row);
        assert_eq!((found.status, found.user.as_deref()), (Some(401), Some("CORP\\ann")));
        assert_eq!(found.reasons.last(), Some(&("sc-win32-status".into(), "1326".into())));
        let referred = row.replace(" 401 1", " http://x/ 401 1");
        assert_eq!(exchange(&mut none, &referred).status, Some(401));
        // A head that does not fit is no help.
        assert_eq!(exchange(&mut with("date time"), row).status, Some(401));
        assert!(read(&mut none, "2026-11-23 02:29:33 service started on port 443").is_none());
    }

    #[test]
    fn rows_of_cloudfront_are_decoded() {
        let mut setting = with(&CLOUDFRONT.join(" "));
        let mut words = vec!["-"; CLOUDFRONT.len()];
        for (name, value) in [
            ("date", "2026-11-23"),
            ("time", "02:29:33"),
            ("c-ip", "192.0.2.7"),
            ("cs-method", "GET"),
            ("cs(Host)", "d111111abcdef8.cloudfront.net"),
            ("cs-uri-stem", "/a"),
            ("sc-status", "403"),
            ("cs(User-Agent)", "Mozilla/5.0%2520(X11)"),
            ("x-host-header", "www.example.com"),
            ("cs-protocol", "https"),
            ("x-edge-detailed-result-type", "ClientGeoBlocked"),
        ] {
            let at = CLOUDFRONT.iter().position(|column| *column == name).unwrap();
            *words.get_mut(at).unwrap() = value;
        }
        let row = words.join("\t");
        for setting in [&mut setting, &mut Directives::default()] {
            let found = exchange(setting, &row);
            assert_eq!(found.url, "https://www.example.com/a");
            assert_eq!(found.user_agent.as_deref(), Some("Mozilla/5.0 (X11)"));
            assert_eq!(found.reasons.last().map(|r| &*r.1), Some("ClientGeoBlocked"));
        }
    }

    #[test]
    fn logs_of_other_protocols_are_notices() {
        let mut setting = with("time c-ip cs-method cs-uri-stem sc-status");
        assert!(matches!(
            read(&mut setting, "16:44:49 192.0.2.7 [2]USER ann 331"),
            Some(Found::Notice)
        ));
        let mut setting = with("date time action protocol");
        assert!(matches!(read(&mut setting, "2026-11-23 02:29:33 DROP TCP"), Some(Found::Notice)));
        assert!(read(&mut setting, "# a comment").is_none());
    }

    #[test]
    fn quoted_columns_hold_blanks() {
        let mut setting = with("date-local time-local cs-method cs-uri sc-status cs(User-Agent)");
        let found = exchange(&mut setting, r#""2026-11-23" "02:29:33" "GET" "/a" "" "curl (x)""#);
        assert_eq!((found.status, found.user_agent.as_deref()), (None, Some("curl (x)")));
        assert!(found.time.unwrap().zone_assumed);
    }
}
