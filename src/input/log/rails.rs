//! Rails' own log: a request is told over several lines, from `Started` to `Completed`.
//!
//! The lines of one request carry its tag, where the application tags them; without tags they follow
//! each other, and where two requests are open at once nobody can tell whose answer a line is. Then
//! the answer stands alone: a false pair is worse than none.

use std::borrow::Cow;

use super::scan::{address, said, status};
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::model::{Exchange, Observer};

/// `Started GET "/me" for 192.0.2.7 at 2026-11-23 02:29:33 +0100` ... `Completed 401 Unauthorized in 79ms`.
pub(super) const RAILS: Format = Format {
    name: "rails",
    what: "Rails' own log (Started ... Completed), also tagged with request ids; GitLab's production.log",
    observer: Observer::App,
    read: |line, setting: &mut Setting| setting.rails.line(line),
};

/// Requests that can be open at once; an older one is given up.
const MOST_OPEN: usize = 64;

/// The requests that earlier lines began.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Open {
    requests: Vec<Request>,
}

/// A request between its first and its last line.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Request {
    /// What stands in brackets before its lines; empty without tags.
    tag: Box<str>,
    method: Box<str>,
    target: Box<str>,
    client: Box<str>,
    time: Box<str>,
    /// What a filter said.
    reason: Option<&'static str>,
    /// Whether another one without a tag began before it ended.
    doubtful: bool,
}

/// What a line of Rails is.
enum Said<'a> {
    Started {
        method: &'a str,
        target: &'a str,
        client: &'a str,
        time: &'a str,
    },
    Completed(Option<u16>),
    Reason(&'static str),
    /// The request ended without an answer of its own.
    Failed,
    Other,
}

impl Open {
    fn line<'a>(&mut self, line: &'a str) -> Option<Found<'a>> {
        let (tag, text) = tagged(line);
        match said_by(text)? {
            Said::Started { method, target, client, time } => {
                parse_time(time)?;
                let same = self.requests.iter().position(|request| *request.tag == *tag);
                // The answer of the one before may still come.
                let doubtful = same.is_some();
                same.map(|at| self.requests.remove(at));
                if self.requests.len() >= MOST_OPEN {
                    self.requests.remove(0);
                }
                self.requests.push(Request {
                    tag: tag.into(),
                    method: method.into(),
                    target: target.into(),
                    client: client.into(),
                    time: time.into(),
                    reason: None,
                    doubtful,
                });
                Some(Found::Directive)
            }
            Said::Completed(status) => Some(Found::Exchange(Box::new(self.answer(tag, status)))),
            Said::Reason(reason) => {
                let open = self.requests.iter_mut().find(|request| *request.tag == *tag);
                if let Some(request) = open {
                    request.reason = Some(reason);
                }
                Some(Found::Directive)
            }
            Said::Failed => {
                self.requests.retain(|request| *request.tag != *tag);
                Some(Found::Notice)
            }
            Said::Other => Some(Found::Directive),
        }
    }

    /// Ends a request; one that nobody saw begin has its status alone.
    fn answer<'a>(&mut self, tag: &'a str, status: Option<u16>) -> Exchange<'a> {
        let id = tag.split("] [").find(|word| is_id(word));
        let mut exchange =
            Exchange { status, request_id: id.map(Cow::Borrowed), ..Exchange::default() };
        let at = self.requests.iter().position(|request| *request.tag == *tag);
        let Some(request) = at.map(|at| self.requests.remove(at)) else { return exchange };
        if request.doubtful {
            return exchange;
        }
        exchange.time = parse_time(&request.time);
        exchange.client_ip = address(&request.client).map(|client| Cow::Owned(client.into_owned()));
        exchange.method = Some(Cow::Owned(request.method.into_string()));
        exchange.url = Cow::Owned(request.target.into_string());
        if let Some(reason) = request.reason.filter(|_| status.is_some_and(|s| s >= 400)) {
            exchange.reasons.push((Cow::Borrowed("error"), Cow::Borrowed(reason)));
        }
        exchange
    }
}

/// Takes `[tag] [tag] ` off.
fn tagged(line: &str) -> (&str, &str) {
    let mut rest = line;
    while let Some(inside) = rest.strip_prefix('[')
        && let Some((tag, after)) = inside.split_once("] ")
        && !tag.contains(['[', '"'])
    {
        rest = after;
    }
    let tags = line.get(..line.len() - rest.len()).unwrap_or_default();
    (tags.trim_start_matches('[').trim_end_matches("] "), rest)
}

/// How lines between the first and the last begin.
const BETWEEN: [&str; 6] = [
    "Processing by ",
    "Filter chain halted as :",
    "Redirected to http",
    "Rendering ",
    "Unpermitted parameter",
    "Completed ",
];

fn said_by(text: &str) -> Option<Said<'_>> {
    if let Some(rest) = text.strip_prefix("Started ") {
        let (method, rest) = rest.split_once(" \"")?;
        method.bytes().all(|b| b.is_ascii_uppercase()).then_some(())?;
        // From the right: the target is what the client says.
        let (target, rest) = rest.rsplit_once("\" for ")?;
        let (client, time) = rest.split_once(" at ")?;
        return Some(Said::Started { method, target, client, time });
    }
    if let Some(rest) = text.strip_prefix("Completed ") {
        let (answer, took) = rest.split_once(" in ")?;
        let (code, phrase) = answer.split_once(' ').unwrap_or((answer, ""));
        let timed = took.split(' ').next().is_some_and(|word| word.ends_with("ms"));
        let worded = phrase.bytes().all(|b| b.is_ascii_alphabetic() || b" -'".contains(&b));
        return Some(Said::Completed(status(code).filter(|_| timed && worded)?));
    }
    let inner = text.trim_start();
    if text.starts_with("Can't verify CSRF token authenticity") {
        return Some(Said::Reason("Can't verify CSRF token authenticity"));
    }
    if inner.starts_with("ActionController::RoutingError (") {
        return Some(Said::Failed);
    }
    let of_request = BETWEEN.iter().any(|start| text.starts_with(start))
        || inner.starts_with("Parameters: {") && inner.ends_with('}')
        || inner.starts_with("Rendered ") && inner.contains("ms")
        || text.starts_with("  ") && (inner.starts_with("↳ ") || is_query(inner));
    of_request.then_some(Said::Other)
}

/// `User Load (0.2ms)  SELECT ...`, `TRANSACTION (0.1ms)  BEGIN`.
fn is_query(text: &str) -> bool {
    let took = text.split_once(" (").and_then(|(name, rest)| {
        let (took, _) = rest.split_once("ms)")?;
        (name.len() < 80).then_some(took)
    });
    took.is_some_and(|took| took.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

/// The tag that Rails makes of `:request_id`.
fn is_id(tag: &str) -> bool {
    said(tag).is_some_and(super::shape::is_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Status, method, target, client and reason of each exchange.
    fn told(lines: &[&str]) -> Vec<String> {
        let mut setting = Setting::default();
        let mut all = Vec::new();
        for line in lines {
            match (RAILS.read)(line, &mut setting) {
                Some(Found::Exchange(e)) => all.push(format!(
                    "{} {} {} {} {}",
                    e.status.unwrap_or_default(),
                    e.method.as_deref().unwrap_or("-"),
                    e.url,
                    e.client_ip.as_deref().unwrap_or("-"),
                    e.reasons.first().map_or("-", |(_, text)| text),
                )),
                Some(Found::Notice | Found::Directive) => {}
                None => all.push(format!("unread: {line}")),
            }
        }
        all
    }

    #[test]
    fn a_request_is_put_together_from_its_first_and_last_line() {
        let lines = [
            r#"Started GET "/me?a=1" for 192.0.2.7 at 2026-11-23 02:29:33 +0100"#,
            "Processing by MeController#show as JSON",
            r#"  User Load (0.2ms)  SELECT "users".* FROM "users""#,
            r#"  Parameters: {"a"=>"1"}"#,
            "Filter chain halted as :authenticate_user! rendered or redirected",
            "Completed 401 Unauthorized in 79ms (Views: 78.8ms | ActiveRecord: 0.0ms)",
            r#"Started GET "/ok" for 192.0.2.7 at 2026-11-23 02:29:34 +0100"#,
            "Completed 200 OK in 5ms",
        ];
        assert_eq!(told(&lines), ["401 GET /me?a=1 192.0.2.7 -", "200 GET /ok 192.0.2.7 -"]);
    }

    #[test]
    fn tags_keep_requests_apart_that_are_open_at_once() {
        let lines = [
            r#"[7805c9d1-c606-47d8-98f9-8f6c4d2e6310] Started GET "/a" for 192.0.2.7 at 2026-11-23 02:29:33 +0000"#,
            r#"[aaaaaaaa-c606-47d8-98f9-8f6c4d2e6310] Started POST "/b" for 192.0.2.8 at 2026-11-23 02:29:33 +0000"#,
            "[aaaaaaaa-c606-47d8-98f9-8f6c4d2e6310] Can't verify CSRF token authenticity.",
            "[7805c9d1-c606-47d8-98f9-8f6c4d2e6310] Completed 403 Forbidden in 5ms",
            "[aaaaaaaa-c606-47d8-98f9-8f6c4d2e6310] Completed 422 Unprocessable Entity in 5ms",
        ];
        assert_eq!(
            told(&lines),
            [
                "403 GET /a 192.0.2.7 -",
                "422 POST /b 192.0.2.8 Can't verify CSRF token authenticity"
            ]
        );
        let mut setting = Setting::default();
        for line in &lines[..3] {
            (RAILS.read)(line, &mut setting);
        }
        let Some(Found::Exchange(found)) = (RAILS.read)(lines[3], &mut setting) else { panic!() };
        assert_eq!(found.request_id.as_deref(), Some("7805c9d1-c606-47d8-98f9-8f6c4d2e6310"));
    }

    #[test]
    fn an_answer_that_may_be_anothers_stands_alone() {
        let start =
            |path| format!(r#"Started GET "{path}" for 192.0.2.7 at 2026-11-23 02:29:33 +0000"#);
        let (a, b) = (start("/a"), start("/b"));
        let end = "Completed 401 Unauthorized in 1ms";
        assert_eq!(told(&[&a, &b, end, end]), ["401 -  - -", "401 -  - -"]);
        assert_eq!(told(&[end, &a, end]), ["401 -  - -", "401 GET /a 192.0.2.7 -"]);
    }

    #[test]
    fn a_target_that_plays_the_rest_of_the_line_moves_nothing() {
        let line = r#"Started GET "/x" for 203.0.113.9 at 2020-01-01 00:00:00 +0000" for 192.0.2.7 at 2026-11-23 02:29:33 +0000"#;
        let found = told(&[line, "Completed 401 Unauthorized in 1ms"]);
        assert!(found[0].contains(" 192.0.2.7 "), "{found:?}");
    }

    #[test]
    fn other_messages_are_not_rails() {
        for line in [
            "Started the engine",
            r#"Started get "/x" for 192.0.2.7 at noon"#,
            "Completed 3 of 5 jobs in 12s",
            "Completed 401 jobs: all in 12ms",
        ] {
            assert_eq!(told(&[line]), [format!("unread: {line}")]);
        }
    }
}
