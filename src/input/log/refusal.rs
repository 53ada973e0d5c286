//! What the error logs of web servers say when they refuse: who, for which path, and why.
//!
//! A name that a client sent stands in the middle of these messages. It is taken out of the text that
//! is kept as the reason, and found between the fixed words around it: the first ones and the last ones.

use std::borrow::Cow;

use super::kong;
use super::scan::said;
use crate::model::Exchange;

/// A refusal as an error log tells it.
#[derive(Debug, Default)]
pub(super) struct Refusal<'a> {
    /// The message without the user's name.
    reason: Cow<'a, str>,
    user: Option<&'a str>,
    path: Option<&'a str>,
    host: Option<&'a str>,
    status: Option<u16>,
}

impl<'a> Refusal<'a> {
    /// Adds what is known to an exchange.
    pub(super) fn fill(self, exchange: &mut Exchange<'a>) {
        exchange.reasons.push((Cow::Borrowed("error"), self.reason));
        exchange.user = self.user.and_then(said).map(Cow::Borrowed);
        exchange.status = self.status;
        if exchange.url.is_empty() {
            exchange.url = self.path.map(Cow::Borrowed).unwrap_or_default();
        }
        if exchange.host.is_none() {
            exchange.host = self.host.map(Cow::Borrowed);
        }
    }

    fn plain(reason: &'a str) -> Self {
        Self { reason: Cow::Borrowed(reason), ..Self::default() }
    }
}

/// Messages of nginx that tell of a refusal as they are; what follows them is cut.
const NGINX: [&str; 8] = [
    "no user/password was provided for basic authentication",
    "access forbidden by rule",
    "auth request unexpected status: ",
    "client SSL certificate verify error",
    "client sent no required SSL certificate",
    "limiting requests, excess",
    "limiting connections by zone",
    "auth_jwt: ",
];

/// Reads a message of nginx; `None` when it tells of no refusal.
pub(super) fn of_nginx(message: &str) -> Option<Refusal<'_>> {
    if let Some(found) = user_of_nginx(message) {
        return Some(found);
    }
    if let Some(long) = message.strip_prefix("client sent too l") {
        // `arge request` or `ong header line: "Cookie: ..."`: the field itself is a secret.
        let end = long.find(": ").map_or(message.len(), |at| at + "client sent too l".len());
        return long.contains("header").then(|| Refusal::plain(message.get(..end).unwrap_or("")));
    }
    if message.contains("ModSecurity: ") {
        return blocked(message);
    }
    if let Some(reason) = kong::refused(message) {
        return Some(Refusal::plain(reason));
    }
    if let Some(told) = message.strip_prefix("[lua] ") {
        // A plugin of APISIX names its place first.
        let at = told.find("failed to verify jwt: ")?;
        return Some(Refusal::plain(told.get(at..)?));
    }
    if message.starts_with("FastCGI sent in stderr: ") || message.starts_with("PHP message: ") {
        return of_php(message);
    }
    NGINX.iter().any(|start| message.starts_with(start)).then(|| Refusal::plain(message))
}

fn user_of_nginx(message: &str) -> Option<Refusal<'_>> {
    let rest = message.strip_prefix("user \"")?;
    let user = match rest.strip_suffix("\": password mismatch") {
        Some(user) => user,
        None => rest.rsplit_once("\" was not found in \"")?.0,
    };
    let end = rest.get(user.len()..)?;
    let reason = Cow::Owned(format!("user \"***{end}"));
    Some(Refusal { reason, user: Some(user), ..Refusal::default() })
}

/// Reads a fatal error of PHP that a token library threw.
pub(super) fn of_php(message: &str) -> Option<Refusal<'_>> {
    let of_token = ["\\JWT\\", "php-jwt", "/jwt/"];
    of_token.iter().any(|part| message.contains(part)).then_some(())?;
    let (_, thrown) = message.split_once("Uncaught ").unwrap_or(("", message));
    // `Vendor\Exception: message in /path/of/file.php:12`.
    let (_, said) = thrown.split_once(": ")?;
    let end = [" in /", " in \\", "\n"].iter().filter_map(|mark| said.find(mark)).min();
    Some(Refusal::plain(said.get(..end.unwrap_or(said.len()))?.trim_end_matches('"')))
}

/// Codes of Apache that tell of a refusal.
const CODES: [&str; 22] = [
    "AH01614", "AH01617", "AH01618", "AH01630", "AH01631", "AH01637", "AH01691", "AH01695",
    "AH01774", "AH01775", "AH01776", "AH01777", "AH01788", "AH01789", "AH01790", "AH01791",
    "AH01792", "AH01793", "AH01797", "AH02039", "AH02261", "AH02262",
];

/// The same without codes, as 2.2 wrote them.
const TEXTS: [&str; 6] = [
    "client denied by server configuration: ",
    "client used wrong authentication scheme",
    "authentication failure for \"",
    " not found: ",
    "password mismatch: ",
    "authorization failure for \"",
];

/// Reads a message of a module of Apache; `None` when it tells of no refusal.
pub(super) fn of_apache<'a>(module: &str, message: &'a str) -> Option<Refusal<'a>> {
    if message.contains("ModSecurity: ") {
        return blocked(message);
    }
    if matches!(module, "php" | "php7" | "proxy_fcgi") && message.contains("PHP ") {
        return of_php(message);
    }
    let (code, text) = match message.split_once(": ") {
        Some((code, text)) if code.len() == 7 && code.starts_with("AH") => (code, text),
        _ => ("", message),
    };
    let known = if code.is_empty() {
        let by_user = text.starts_with("user ") || text.starts_with("client ");
        by_user && TEXTS.iter().any(|known| text.contains(known))
            || module == "auth_openidc" && text.starts_with("oidc_")
    } else {
        CODES.contains(&code)
    };
    known.then_some(())?;
    let (user, path) = named(text);
    let reason = match user {
        Some(user) => {
            // In all of these the name follows the first `user `, quoted in those of Digest.
            let told = message.find("user ")? + "user ".len();
            let at = told + usize::from(message.get(told..)?.starts_with('`'));
            let (before, after) = (message.get(..at)?, message.get(at + user.len()..)?);
            Cow::Owned(format!("{before}***{after}"))
        }
        None => Cow::Borrowed(message),
    };
    Some(Refusal { reason, user, path, ..Refusal::default() })
}

/// Finds the user and the path in a message of Apache.
fn named(text: &str) -> (Option<&str>, Option<&str>) {
    let is_path = |path: &&str| path.starts_with('/');
    for between in [": authentication failure for \"", ": authorization failure for \""] {
        if let Some((user, rest)) = text.rsplit_once(between) {
            let path = rest.split('"').next().filter(is_path);
            return (user.strip_prefix("user "), path);
        }
    }
    if let Some((_, path)) = text.rsplit_once("wrong authentication scheme: ") {
        return (None, Some(path).filter(is_path));
    }
    for between in [" not found: ", ": password mismatch: "] {
        if let Some((user, path)) = text.rsplit_once(between) {
            let user = user.strip_prefix("user ").map(|user| {
                // Digest writes user `ann' in realm `a'.
                let quoted = user.strip_prefix('`').and_then(|u| u.split_once("' in realm"));
                quoted.map_or(user, |(user, _)| user)
            });
            return (user, Some(path).filter(is_path));
        }
    }
    if let Some(rest) = text.strip_prefix("Authorization of user ")
        && let Some((user, rest)) = rest.split_once(" to access ")
    {
        let path = rest.split(" failed, reason").next().filter(is_path);
        return (Some(user), path);
    }
    if let Some((before, rest)) = text.split_once("authentication failed; URI ") {
        let user = before.rsplit_once("user ").map(|(_, user)| user.trim_end());
        return (user, rest.split(' ').next().filter(is_path));
    }
    (None, None)
}

/// Reads a message of ModSecurity; `None` when it let the request pass.
fn blocked(message: &str) -> Option<Refusal<'_>> {
    let at = message.find("ModSecurity: ")?;
    let text = message.get(at..)?;
    text.starts_with("ModSecurity: Access denied").then_some(())?;
    let status = text.split_once(" with code ").and_then(|(_, rest)| rest.get(..3)?.parse().ok());
    let tagged = |name: &str| {
        let (_, rest) = text.rsplit_once(name)?;
        rest.split('"').next().filter(|value| !value.is_empty())
    };
    let end = text.find(" [").unwrap_or(text.len()).min(200);
    let reason = text.get(..end).or_else(|| text.split('.').next()).unwrap_or("ModSecurity");
    Some(Refusal {
        reason: Cow::Borrowed(reason),
        status,
        path: tagged("[uri \""),
        host: tagged("[hostname \""),
        ..Refusal::default()
    })
}
