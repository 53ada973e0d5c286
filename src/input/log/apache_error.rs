//! Apache httpd's error log, 2.2 and 2.4: lines that tell why a request was refused.

use std::borrow::Cow;

use super::refusal;
use super::scan::address;
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::model::{Exchange, Header, Observer, Visibility};

/// `[time] [module:level] [pid 7:tid 9] [client ip:port] AH01617: message, referer: ...`.
pub(super) const APACHE_ERROR: Format = Format {
    name: "apache error",
    what: "Apache httpd's error_log: lines that tell of a refusal",
    observer: Observer::Gateway,
    read: |line, _: &mut Setting| read(line),
};

fn read(line: &str) -> Option<Found<'_>> {
    let mut rest = line.strip_prefix('[')?;
    let (time, after) = rest.split_once("] [")?;
    let time = parse_time(time)?;
    rest = after;
    let mut client = None;
    let mut level = None;
    // Groups of one kind each, until the message.
    loop {
        let (group, after) = rest.split_once(']')?;
        let group = group.trim();
        if let Some(address) = group.strip_prefix("client ").or(group.strip_prefix("remote ")) {
            client = Some(address);
        } else if level.is_none() {
            let (module, word) = group.split_once(':').unwrap_or(("", group));
            is_level(word).then_some(())?;
            level = Some((module, word));
        } else if !group.starts_with("pid ") && !is_id(group) {
            return None;
        }
        let after = after.strip_prefix(' ').unwrap_or(after);
        let Some(inner) = after.strip_prefix('[').filter(|inner| opens_group(inner)) else {
            rest = after;
            break;
        };
        rest = inner;
    }
    let (module, level) = level?;
    // `(13)Permission denied: AH00529: ...` names an error of the system first.
    let message = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((number, after)) if number.bytes().all(|b| b.is_ascii_digit()) => {
            after.split_once(": ").map_or(after, |(_, message)| message)
        }
        _ => rest,
    };
    // Debug and trace lines tell what was tried, not what came of it.
    let told = matches!(level, "error" | "warn" | "crit" | "notice" | "info" | "alert");
    let (message, referer) = match message.rsplit_once(", referer: ") {
        Some((message, referer)) => (message, Some(referer)),
        None => (message, None),
    };
    let Some(refusal) = refusal::of_apache(module, message).filter(|_| told && client.is_some())
    else {
        return Some(Found::Notice);
    };
    let mut exchange =
        Exchange { time: Some(time), client_ip: client.and_then(address), ..Exchange::default() };
    refusal.fill(&mut exchange);
    if let Some(referer) = referer {
        let header = Header { name: "Referer".into(), value: Cow::Borrowed(referer) };
        exchange.request_headers.push(header);
        exchange.request_visibility = Visibility::Partial;
    }
    Some(Found::Exchange(Box::new(exchange)))
}

fn is_level(word: &str) -> bool {
    let trace = word.strip_prefix("trace").is_some_and(|n| n.len() == 1);
    trace || ["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"].contains(&word)
}

/// Whether a bracket opens a group of the prefix and no part of the message.
fn opens_group(inner: &str) -> bool {
    let group = inner.split(']').next().unwrap_or_default();
    group.starts_with("pid ")
        || group.starts_with("client ")
        || group.starts_with("remote ")
        || is_id(group)
}

/// `%L`: the id of the line, which the access log may have too.
fn is_id(group: &str) -> bool {
    group.len() >= 16
        && group
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'@' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "[Mon Nov 23 02:29:33.101172 2026] [auth_basic:error] [pid 8:tid 9] [client 192.0.2.7:58728] ";

    fn exchange(line: &str) -> Exchange<'_> {
        match read(line) {
            Some(Found::Exchange(exchange)) => *exchange,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn reason<'a>(exchange: &'a Exchange<'_>) -> &'a str {
        exchange.reasons.first().map_or("", |(_, text)| text)
    }

    #[test]
    fn a_wrong_password_tells_client_path_and_code() {
        let line = format!(
            "{START}AH01617: user alice: authentication failure for \"/basic\": Password Mismatch, referer: http://x/"
        );
        let found = exchange(&line);
        assert_eq!((&*found.url, found.user.as_deref()), ("/basic", Some("alice")));
        assert_eq!(found.client_ip.as_deref(), Some("192.0.2.7"));
        assert_eq!(
            reason(&found),
            "AH01617: user ***: authentication failure for \"/basic\": Password Mismatch"
        );
        assert_eq!(found.request_header("referer"), Some("http://x/"));
    }

    #[test]
    fn lines_of_2_2_have_neither_module_nor_code() {
        let line =
            "[Wed Oct 11 14:32:52 2026] [error] [client 192.0.2.7] user bob not found: /basic";
        let found = exchange(line);
        assert_eq!((&*found.url, found.user.as_deref()), ("/basic", Some("bob")));
        assert_eq!(reason(&found), "user *** not found: /basic");
    }

    #[test]
    fn a_user_name_that_plays_a_message_shifts_nothing() {
        let line = format!(
            "{START}AH01617: user x: authentication failure for \"/evil\": Password Mismatch: authentication failure for \"/basic\": Password Mismatch"
        );
        let found = exchange(&line);
        assert_eq!(&*found.url, "/basic");
        let name = "x: authentication failure for \"/evil\": Password Mismatch";
        assert_eq!(found.user.as_deref(), Some(name));
    }

    #[test]
    fn a_short_name_is_taken_out_where_it_stands() {
        let line = format!("{START}AH01618: user e not found: /basic");
        assert_eq!(reason(&exchange(&line)), "AH01618: user *** not found: /basic");
        let line = format!("{START}AH01790: user `ann' in realm `a' not found: /x");
        assert_eq!(reason(&exchange(&line)), "AH01790: user `***' in realm `a' not found: /x");
        assert_eq!(exchange(&line).user.as_deref(), Some("ann"));
    }

    #[test]
    fn the_id_of_the_line_may_stand_between_the_groups() {
        let line = START.replace("[client", "[Z1lX0n8AAQEAAHcWb-EAAAAA] [client")
            + "AH01614: client used wrong authentication scheme: /basic";
        assert_eq!(&*exchange(&line).url, "/basic");
    }

    #[test]
    fn a_rule_names_a_file_and_no_path() {
        let line = format!("{START}AH01630: client denied by server configuration: /srv/www/deny");
        let found = exchange(&line);
        assert_eq!(&*found.url, "");
        assert!(reason(&found).starts_with("AH01630: client denied"));
    }

    #[test]
    fn a_blocked_request_has_its_path_and_status() {
        let line = "[Mon Nov 23 02:29:33 2026] [:error] [pid 8] [client 192.0.2.7:1] ModSecurity: Access denied with code 403 (phase 2). Pattern match \"x\" at ARGS:a. [file \"/x\"] [id \"1\"] [hostname \"api.example.com\"] [uri \"/a\"] [unique_id \"u\"]";
        let found = exchange(line);
        assert_eq!((found.status, &*found.url), (Some(403), "/a"));
        assert_eq!(found.host.as_deref(), Some("api.example.com"));
        let warned = line.replace("Access denied with code 403 (phase 2).", "Warning.");
        assert!(matches!(read(&warned), Some(Found::Notice)));
    }

    #[test]
    fn other_messages_are_notices() {
        for message in [
            "AH00128: File does not exist: /srv/token",
            "AH01626: authorization result of Require valid-user : denied",
        ] {
            assert!(matches!(read(&format!("{START}{message}")), Some(Found::Notice)), "{message}");
        }
        let started = "[Mon Nov 23 02:29:33 2026] [mpm_event:notice] [pid 8:tid 9] AH00489: Apache/2.4.71 configured";
        assert!(matches!(read(started), Some(Found::Notice)));
        assert!(read("[Mon Nov 23 02:29:33 2026] [whatever] [x] hello").is_none());
        assert!(read("[2026-11-23 02:29:33] hello [error] x").is_none());
    }
}
