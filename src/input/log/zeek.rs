//! Zeek's (Bro's) `http.log` in its own table format.

use std::borrow::Cow;
use std::sync::Arc;

use super::scan::{address, field, said, status, unescape};
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::input::jsonl::REDACTED;
use crate::model::{Exchange, Observer, Visibility};

/// `#separator`, `#path http`, `#fields ts uid ... method host uri ...` and rows.
pub(super) const ZEEK: Format = Format {
    name: "zeek table",
    what: "Zeek http.log with #fields",
    observer: Observer::Proxy,
    read: |line, setting: &mut Setting| match line.strip_prefix('#') {
        Some(directive) => setting.zeek.directive(directive),
        None => setting.zeek.head(line).or_else(|| setting.zeek.row(line)),
    },
};

/// What the directives said about the rows that follow.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Directives {
    columns: Option<Arc<[Box<str>]>>,
    /// `\t` when nothing is said.
    separator: Option<char>,
    unset: Option<Arc<str>>,
    empty: Option<Arc<str>>,
}

impl Directives {
    fn separator(&self) -> char {
        self.separator.unwrap_or('\t')
    }

    fn directive(&mut self, text: &str) -> Option<Found<'static>> {
        if let Some(code) = text.strip_prefix("separator ") {
            let code = code.strip_prefix("\\x").unwrap_or(code);
            let byte = u8::from_str_radix(code, 16).ok().filter(u8::is_ascii)?;
            *self = Self { separator: Some(char::from(byte)), ..Self::default() };
            return Some(Found::Directive);
        }
        let (name, value) = text.split_once([self.separator(), ' '])?;
        match name {
            "fields" => self.columns = Some(value.split(self.separator()).map(Box::from).collect()),
            "unset_field" => self.unset = Some(Arc::from(value)),
            "empty_field" => self.empty = Some(Arc::from(value)),
            "set_separator" | "path" | "open" | "close" | "types" => {}
            _ => return None,
        }
        Some(Found::Directive)
    }

    /// Takes the names of columns that stand alone in a line, as `zeek-cut -m` leaves them.
    fn head(&mut self, line: &str) -> Option<Found<'static>> {
        let start = line.starts_with("ts\t") || line.starts_with("uid\t");
        let names = || line.split('\t');
        let has = |name: &str| names().any(|known| known == name);
        (start && has("method") && has("status_code")).then_some(())?;
        *self = Self { columns: Some(names().map(Box::from).collect()), ..Self::default() };
        Some(Found::Directive)
    }

    fn row<'a>(&self, line: &'a str) -> Option<Found<'a>> {
        let columns = self.columns.as_ref()?;
        let count = line.split(self.separator()).count();
        (count == columns.len()).then_some(())?;
        let unset = self.unset.as_deref().unwrap_or("-");
        let empty = self.empty.as_deref().unwrap_or("(empty)");
        let value = |name: &str| {
            let at = columns.iter().position(|column| **column == *name)?;
            let text = line.split(self.separator()).nth(at)?;
            (text != unset && text != empty).then_some(text)
        };
        let has = |name: &str| columns.iter().any(|column| **column == *name);
        let status = value("status_code").and_then(status).flatten();
        let method = value("method");
        if !(has("method") && has("status_code")) || method.is_none() && status.is_none() {
            // Another of Zeek's logs, or half of an exchange.
            return Some(Found::Notice);
        }
        let mut exchange = Exchange {
            time: value("ts").and_then(parse_time),
            method: method.map(Cow::Borrowed),
            url: value("uri").map(unescape).unwrap_or_default(),
            host: value("host").map(unescape),
            status,
            status_text: value("status_msg").map(unescape),
            client_ip: value("id.orig_h").and_then(address),
            server: value("id.resp_h").map(Cow::Borrowed),
            user_agent: value("user_agent").map(unescape),
            user: value("username").map(unescape),
            ..Exchange::default()
        };
        if let Some(referrer) = value("referrer").and_then(said) {
            exchange.request_headers.push(field("Referer", unescape(referrer)));
            exchange.request_visibility = Visibility::Partial;
        }
        // Names of all fields, by a policy script: those that came, and those that did not.
        if let Some(names) = value("client_header_names") {
            let names = names.split(',');
            // The table has columns for the values of three of them.
            let known = |name: &str| {
                ["user_agent", "referrer", "host"]
                    .into_iter()
                    .zip(["user-agent", "referer", "host"])
                    .find(|(_, field)| name.eq_ignore_ascii_case(field))
                    .and_then(|(column, _)| value(column))
                    .map_or(Cow::Borrowed(REDACTED), unescape)
            };
            exchange.request_headers = names.map(|name| field(name, known(name))).collect();
            exchange.request_visibility = Visibility::Full;
        } else if exchange.user.is_some() {
            // It is taken from Basic credentials.
            exchange.request_headers.push(field("Authorization", REDACTED));
            exchange.request_visibility = Visibility::Partial;
        }
        Some(Found::Exchange(Box::new(exchange)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &str =
        "ts\tuid\tid.orig_h\tid.resp_h\tmethod\thost\turi\tuser_agent\tstatus_code\tusername";

    fn read<'a>(setting: &mut Directives, line: &'a str) -> Option<Found<'a>> {
        match line.strip_prefix('#') {
            Some(directive) => setting.directive(directive),
            None => setting.head(line).or_else(|| setting.row(line)),
        }
    }

    fn table(columns: &str) -> Directives {
        let mut setting = Directives::default();
        for line in ["#separator \\x09", "#unset_field\t-", "#path\thttp"] {
            assert!(matches!(read(&mut setting, line), Some(Found::Directive)), "{line}");
        }
        read(&mut setting, &format!("#fields\t{columns}"));
        setting
    }

    #[test]
    fn a_row_has_the_columns_that_were_named() {
        let row = "1795400973.452687\tCx\t192.0.2.7\t10.0.0.1\tGET\tapi.example.com\t/me\tcurl\\x09x\t401\tann";
        let Some(Found::Exchange(found)) = table(COLUMNS).row(row) else { panic!("a row") };
        assert_eq!((found.status, &*found.url), (Some(401), "/me"));
        assert_eq!(found.user_agent.as_deref(), Some("curl\tx"));
        assert_eq!(found.request_header("authorization"), Some(REDACTED));
        assert_eq!(found.time.unwrap().to_string(), "2026-11-23T02:29:33.452687Z");
        assert!(Directives::default().row(row).is_none());
        assert!(table(COLUMNS).row("1795400973.452687\tCx").is_none());
    }

    #[test]
    fn names_that_stand_alone_name_the_columns_too() {
        let mut setting = Directives::default();
        assert!(matches!(read(&mut setting, COLUMNS), Some(Found::Directive)));
        let row =
            "1795400973.452687\tCx\t192.0.2.7\t10.0.0.1\tGET\tapi.example.com\t/me\t-\t401\t-";
        let Some(Found::Exchange(found)) = read(&mut setting, row) else { panic!("a row") };
        assert_eq!((found.status, found.user.as_deref()), (Some(401), None));
        assert!(read(&mut Directives::default(), "ts\tuid\tmethod").is_none());
    }

    #[test]
    fn names_of_fields_tell_which_were_not_sent() {
        let columns = format!("{COLUMNS}\tclient_header_names");
        let row = "1795400973.452687\tCx\t192.0.2.7\t10.0.0.1\tGET\tapi.example.com\t/me\t-\t401\t-\tHOST,ACCEPT";
        let Some(Found::Exchange(found)) = table(&columns).row(row) else { panic!("a row") };
        assert_eq!(found.request_visibility, Visibility::Full);
        assert_eq!(found.request_header("authorization"), None);
        assert_eq!(found.request_header("host"), Some("api.example.com"));
        assert_eq!(found.request_header("accept"), Some(REDACTED));
    }

    #[test]
    fn rows_of_other_tables_are_notices() {
        let setting = table("ts\tuid\tproto");
        assert!(matches!(setting.row("1795400973.4\tCx\ttcp"), Some(Found::Notice)));
        let half = "1795400973.4\tCx\t192.0.2.7\t10.0.0.1\t-\t-\t-\t-\t-\t-";
        assert!(matches!(table(COLUMNS).row(half), Some(Found::Notice)));
    }
}
