//! Lines by which applications and sign-on services tell that a login failed: no request line, no
//! status, but who came from where.
//!
//! The names in them are what a client typed: each is found between the first words before it and the
//! last words behind it, and is kept out of the reason.

use std::borrow::Cow;

use super::scan::address;
use super::{Format, Found, Setting};
use crate::input::clock::parse_time;
use crate::model::{Exchange, Observer};

/// One line a login: Jellyfin, Vaultwarden, Home Assistant, Harbor, Proxmox, `OPNsense`, Gitea, CAS.
pub(super) const LOGINS: Format = Format {
    name: "logins",
    what: "failed logins as Apereo CAS, Gitea, GitLab, Harbor, Jellyfin, Proxmox and others log them",
    observer: Observer::App,
    read: |line, _: &mut Setting| {
        let (time, message) = stamped(line);
        let told = READERS.iter().find_map(|read| read(message))?;
        let mut exchange = match told {
            Told::Success => return Some(Found::Notice),
            Told::Failure(exchange) => *exchange,
        };
        exchange.time = time.and_then(parse_time);
        Some(Found::Exchange(Box::new(exchange)))
    },
};

/// What a line tells of a login.
enum Told<'a> {
    Failure(Box<Exchange<'a>>),
    Success,
}

type Read = for<'a> fn(&'a str) -> Option<Told<'a>>;

const READERS: [Read; 10] = [
    jellyfin,
    vaultwarden,
    home_assistant,
    harbor,
    proxmox,
    opnsense,
    gitea,
    gitlab,
    litespeed,
    cas,
];

/// Makes the exchange of a login that was refused.
fn failure<'a>(url: &'a str, reason: &'a str, client: Option<&'a str>) -> Exchange<'a> {
    Exchange {
        method: Some(Cow::Borrowed("POST")),
        url: Cow::Borrowed(url),
        client_ip: client.and_then(address),
        reasons: vec![(Cow::Borrowed("error"), Cow::Borrowed(reason))],
        ..Exchange::default()
    }
}

fn failed<'a>(exchange: Exchange<'a>, user: Option<&'a str>) -> Told<'a> {
    let user = user.map(|user| user.trim_matches(['\'', '"'])).filter(|user| !user.is_empty());
    Told::Failure(Box::new(Exchange { user: user.map(Cow::Borrowed), ..exchange }))
}

/// Takes a time off the front, in brackets or not; the message follows.
fn stamped(line: &str) -> (Option<&str>, &str) {
    if let Some(inside) = line.strip_prefix('[')
        && let Some((stamp, rest)) = inside.split_once("] ")
        && stamp.starts_with(|c: char| c.is_ascii_digit())
    {
        return (Some(stamp), rest);
    }
    if !line.starts_with(|c: char| c.is_ascii_digit()) {
        return (None, line);
    }
    // `2026-11-23 02:29:33.311 -05:00 [WRN] `, `2026-11-23T02:29:33+01:00: `, `2026/11/23 02:29:33 `.
    let end = line.find(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'T' | 'Z'));
    let end = end.or_else(|| line.find('[')).unwrap_or(0);
    let head = line.get(..end).unwrap_or_default();
    let head = head.split('[').next().unwrap_or_default();
    let stamp = head.trim_end_matches([' ', ':', '.', '-']);
    (Some(stamp).filter(|s| !s.is_empty()), line.get(head.len()..).unwrap_or(line))
}

/// Takes `[INF] [79] ` and the like off.
fn without_groups(mut text: &str) -> &str {
    while let Some((_, rest)) = text.strip_prefix('[').and_then(|text| text.split_once("] ")) {
        text = rest;
    }
    text
}

/// `...UserManager: Authentication request for "ann" has been denied (IP: "192.0.2.7").`
fn jellyfin(message: &str) -> Option<Told<'_>> {
    let text = without_groups(message);
    let text = text
        .strip_prefix("Jellyfin.Server.")
        .map_or(Some(text), |rest| rest.split_once("UserManager: ").map(|(_, text)| text))?;
    let rest = text.strip_prefix("Authentication request for ")?;
    if rest.ends_with(" has succeeded.") {
        return Some(Told::Success);
    }
    let (user, client) = rest.rsplit_once(" has been denied (IP: ")?;
    let client = client.strip_suffix(").")?.trim_matches('"');
    let reason = "Authentication request has been denied";
    Some(failed(failure("/Users/AuthenticateByName", reason, Some(client)), Some(user)))
}

/// `[WRN] Failed login attempt. 192.0.2.7`, `[WRN] Failed login attempt, 2FA invalid. 192.0.2.7`.
fn vaultwarden(message: &str) -> Option<Told<'_>> {
    let text = without_groups(message);
    text.starts_with("Failed login attempt").then_some(())?;
    let (reason, client) = text.rsplit_once(". ")?;
    address(client)?;
    Some(failed(failure("/identity/connect/token", reason, Some(client)), None))
}

/// Who writes the lines of [`home_assistant`].
const OF_HOME_ASSISTANT: &str = "[homeassistant.components.http.ban] ";

/// `Login attempt or request with invalid authentication from host (192.0.2.7). Requested URL: '/a'. (agent)`.
fn home_assistant(message: &str) -> Option<Told<'_>> {
    const WORDS: &str = "Login attempt or request with invalid authentication from ";
    let at = message.find(WORDS)?;
    let head = message.get(..at)?;
    let shaped = head.starts_with("WARNING (") && head.ends_with(OF_HOME_ASSISTANT);
    shaped.then_some(())?;
    let rest = message.get(at + WORDS.len()..)?;
    let (_, rest) = rest.split_once(" (")?;
    let (client, rest) = rest.split_once(").")?;
    let (url, agent) = match rest.strip_prefix(" Requested URL: '").and_then(|r| r.split_once("'."))
    {
        Some((url, agent)) => (url, agent),
        None => ("", rest),
    };
    let agent = agent.strip_prefix(" (").and_then(|agent| agent.strip_suffix(')'));
    let reason = "Login attempt or request with invalid authentication";
    let mut exchange = failure(url, reason, Some(client));
    // A request with a bad token is told by the same words.
    exchange.method = None;
    exchange.user_agent = agent.map(Cow::Borrowed);
    Some(failed(exchange, None))
}

/// `...][client IP="192.0.2.7, 10.0.0.1" requestID="..." user agent="..."]: failed to authenticate user:ann, error:...`.
fn harbor(message: &str) -> Option<Told<'_>> {
    let (head, rest) = message.split_once("[client IP=\"")?;
    head.starts_with('[').then_some(())?;
    let (client, rest) = rest.split_once('"')?;
    let (_, rest) = rest.split_once("requestID=\"")?;
    let (id, rest) = rest.split_once('"')?;
    let (agent, told) = rest.strip_prefix(" user agent=\"")?.rsplit_once("\"]: ")?;
    let (user, reason) =
        told.strip_prefix("failed to authenticate user:")?.rsplit_once(", error:")?;
    let mut exchange = failure("", reason, Some(client));
    exchange.method = None;
    exchange.request_id = Some(Cow::Borrowed(id));
    exchange.user_agent = Some(Cow::Borrowed(agent));
    Some(failed(exchange, Some(user)))
}

/// `authentication failure; rhost=[::ffff:192.0.2.7]:47414 user=ann@pam msg=...`.
fn proxmox(message: &str) -> Option<Told<'_>> {
    if message.starts_with("successful auth for user '") {
        return Some(Told::Success);
    }
    let rest = message.strip_prefix("authentication failure; rhost=")?;
    let (client, rest) = rest.split_once(" user=")?;
    let (user, reason) = rest.rsplit_once(" msg=")?;
    address(client)?;
    Some(failed(failure("/api2/json/access/ticket", reason, Some(client)), Some(user)))
}

/// `/index.php: Web GUI authentication error for 'ann' from 192.0.2.7`.
fn opnsense(message: &str) -> Option<Told<'_>> {
    let (url, rest) = message.split_once(": ")?;
    if rest.starts_with("Successful login for user '") && url.starts_with('/') {
        return Some(Told::Success);
    }
    let rest = rest.strip_prefix("Web GUI authentication error for ")?;
    let (user, client) = rest.rsplit_once(" from ")?;
    address(client)?;
    let shaped = url.starts_with('/') && !url.contains(' ');
    shaped.then(|| failed(failure(url, "Web GUI authentication error", Some(client)), Some(user)))
}

/// `...[W] Failed authentication attempt for ann from 192.0.2.7:4711: user does not exist ...`.
fn gitea(message: &str) -> Option<Told<'_>> {
    const WORDS: &str = "Failed authentication attempt for ";
    let at = message.find(WORDS)?;
    let head = message.get(..at)?.trim_end();
    (head.ends_with(']') && head.contains(".go:") && !head.contains(": ")).then_some(())?;
    let (user, rest) = message.get(at + WORDS.len()..)?.rsplit_once(" from ")?;
    let (client, reason) = rest.split_once(": ").unwrap_or((rest, "Failed authentication attempt"));
    address(client)?;
    let reason = reason.split(" [").next().unwrap_or(reason);
    Some(failed(failure("/user/login", reason, Some(client)), Some(user)))
}

/// `November 23, 2026 02:29: Failed Login: username=ann ip=192.0.2.7`.
fn gitlab(message: &str) -> Option<Told<'_>> {
    let (head, rest) = message.split_once("Failed Login: username=")?;
    let dated = head.is_empty() || head.ends_with(": ") && head.len() < 30 && head.contains(", 2");
    let (user, client) = rest.rsplit_once(" ip=")?;
    address(client).filter(|_| dated)?;
    let mut exchange = failure("", "Failed Login", Some(client));
    exchange.method = None;
    Some(failed(exchange, Some(user)))
}

/// `[NOTICE] [7] [192.0.2.7:4:H2#host] ... Failed Login Attempt - username:ann ip:192.0.2.7 url:` and
/// `[INFO] [7] [192.0.2.7:4-5#host] User 'ann' failed to authenticate.`
fn litespeed(message: &str) -> Option<Told<'_>> {
    let mut groups = message.split('[').skip(1);
    let (_level, _process, peer) = (groups.next()?, groups.next()?, groups.next()?);
    let (client, _) = peer.split_once([':', ']'])?;
    address(client).filter(|_| message.starts_with('['))?;
    let console = message.split_once("[WebAdmin Console] Failed Login Attempt - username:");
    let Some((_, rest)) = console else {
        let (_, rest) = message.split_once("] User ")?;
        let user = rest.strip_suffix(" failed to authenticate.")?;
        return Some(failed(failure("", "failed to authenticate", Some(client)), Some(user)));
    };
    let (user, rest) = rest.rsplit_once(" ip:")?;
    let url = rest.split_once(" url:").map_or("", |(_, url)| url);
    let url = if url.is_empty() { "/login.php" } else { url };
    Some(failed(failure(url, "Failed Login Attempt", Some(client)), Some(user)))
}

/// `...audit... - date|CAS|what|AUTHENTICATION_FAILED|ann|192.0.2.7|10.0.0.1`.
fn cas(message: &str) -> Option<Told<'_>> {
    let (level, rest) = message.split_once(" [")?;
    (!level.contains(' ') && rest.starts_with("org.apereo.inspektr.audit.")).then_some(())?;
    let mut parts = message.rsplitn(5, '|');
    let (server, client, user) = (parts.next()?, parts.next()?, parts.next()?);
    let action = parts.next()?;
    if !action.ends_with("_FAILED") {
        return Some(Told::Success);
    }
    address(client)?;
    let mut exchange = failure("/cas/login", action, Some(client));
    exchange.server = address(server);
    exchange.observer = Observer::Idp;
    Some(failed(exchange, Some(user)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Client, user, path and reason.
    fn told(line: &str) -> Option<String> {
        match (LOGINS.read)(line, &mut Setting::default())? {
            Found::Exchange(found) => {
                let reason = found.reasons.first().map_or("", |(_, text)| text);
                let part = |text: &Option<Cow<'_, str>>| text.as_deref().unwrap_or("-").to_owned();
                let time = found.time.map_or("-".into(), |time| time.to_string());
                let (client, user) = (part(&found.client_ip), part(&found.user));
                Some(format!("{time} {client} {user} {} {reason}", found.url))
            }
            _ => Some("message".into()),
        }
    }

    #[test]
    fn failed_logins_tell_who_came_from_where() {
        for (line, expected) in [
            (
                r#"[2026-11-23 02:29:33.729 +01:00] [INF] [79] Jellyfin.Server.Implementations.Users.UserManager: Authentication request for "ann" has been denied (IP: "192.0.2.7")."#,
                "2026-11-23T01:29:33.729Z 192.0.2.7 ann /Users/AuthenticateByName Authentication request has been denied",
            ),
            (
                "2026-11-23 02:29:33.311 -05:00 [WRN] Failed login attempt, 2FA invalid. 192.0.2.7",
                "2026-11-23T07:29:33.311Z 192.0.2.7 - /identity/connect/token Failed login attempt, 2FA invalid",
            ),
            (
                "2026-11-23T02:29:33+01:00: authentication failure; rhost=[::ffff:192.0.2.7]:47414 user=ann@pam msg=user account disabled or expired.",
                "2026-11-23T01:29:33Z 192.0.2.7 ann@pam /api2/json/access/ticket user account disabled or expired.",
            ),
            (
                "/index.php: Web GUI authentication error for 'ann' from 192.0.2.7",
                "- 192.0.2.7 ann /index.php Web GUI authentication error",
            ),
            (
                "2026/11/23 02:29:33 ...ers/web/auth/auth.go:213:SignInPost() [W] Failed authentication attempt for ann from 192.0.2.7:0: user does not exist [uid: 0, name: ann]",
                "2026-11-23T02:29:33Z 192.0.2.7 ann /user/login user does not exist",
            ),
            (
                "2026-11-23 02:29:33 WARNING (MainThread) [homeassistant.components.http.ban] Login attempt or request with invalid authentication from box (192.0.2.7). Requested URL: '/auth/x'. (curl/8)",
                "2026-11-23T02:29:33Z 192.0.2.7 - /auth/x Login attempt or request with invalid authentication",
            ),
            (
                "November 23, 2026 02:29: Failed Login: username=ann ip=192.0.2.7",
                "- 192.0.2.7 ann  Failed Login",
            ),
            (
                "2026-11-23 02:29:33,116 INFO [org.apereo.inspektr.audit.support.X] - Mon Nov 23 02:29:33 CET 2026|CAS|Supplied credentials: [a|b]|AUTHENTICATION_FAILED|ann|192.0.2.7|10.0.0.1",
                "2026-11-23T02:29:33.116Z 192.0.2.7 ann /cas/login AUTHENTICATION_FAILED",
            ),
        ] {
            assert_eq!(told(line).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn a_name_that_plays_the_rest_of_the_line_shifts_nothing() {
        let line = r#"[2026-11-23 02:29:33.729 +01:00] [INF] [79] Jellyfin.Server.Implementations.Users.UserManager: Authentication request for "x" has been denied (IP: "203.0.113.9")." has been denied (IP: "192.0.2.7")."#;
        assert!(told(line).unwrap().contains(" 192.0.2.7 "));
        let line = "authentication failure; rhost=192.0.2.7 user=x msg=y user=z msg=no such user";
        assert!(told(line).unwrap().ends_with("no such user"));
    }

    #[test]
    fn logins_that_succeeded_are_messages_and_other_words_are_not_read() {
        assert_eq!(
            told("2026-11-23T02:29:33+01:00: successful auth for user 'root@pam'").as_deref(),
            Some("message")
        );
        for line in [
            "2026-11-23 02:29:33 Failed login attempt. nobody",
            "Failed password for root from 192.0.2.7 port 22 ssh2",
            "note: Failed authentication attempt for x from 192.0.2.7",
        ] {
            assert_eq!(told(line), None, "{line}");
        }
    }
}
