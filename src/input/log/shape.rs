//! What a value is by its shape, where a log gives it no name.

use std::borrow::Cow;
use std::net::IpAddr;

use super::scan::{said, unescape};
use crate::input::har_entry::without_port;
use crate::model::{Exchange, Header, Visibility};

/// Schemes of credentials and challenges (IANA HTTP authentication schemes, and what vendors use).
const SCHEMES: [&str; 12] = [
    "Basic",
    "Bearer",
    "Digest",
    "DPoP",
    "Negotiate",
    "NTLM",
    "Token",
    "ApiKey",
    "AWS4-HMAC-SHA256",
    "HOBA",
    "Mutual",
    "Hawk",
];
/// Parameters that only a challenge has (RFC 9110, RFC 6750, RFC 7616, RFC 9449, RFC 9728).
const CHALLENGE: [&str; 13] = [
    "realm",
    "error",
    "error_description",
    "error_uri",
    "scope",
    "charset",
    "nonce",
    "qop",
    "stale",
    "algs",
    "authorization_uri",
    "as_uri",
    "resource_metadata",
];

/// Takes a value that a log holds without a name for what it looks like; what looks like nothing
/// known is left out.
///
/// A credential is the field `Authorization`, a challenge `WWW-Authenticate`, 32 hexadecimal digits
/// or a UUID the request id, a list of addresses `X-Forwarded-For`. The value is still escaped.
pub(super) fn take<'a>(exchange: &mut Exchange<'a>, raw: &'a str) {
    let Some(raw) = said(raw) else { return };
    if is_id(raw) {
        exchange.request_id.get_or_insert(Cow::Borrowed(raw));
    } else if let Some(trace) = trace(raw) {
        exchange.trace_id.get_or_insert(Cow::Borrowed(trace));
    } else if is_address_list(raw) {
        forwarded(exchange, Cow::Borrowed(raw));
    } else {
        match credential(&unescape(raw)) {
            Some(Kind::Credential) => request_field(exchange, "Authorization", unescape(raw)),
            Some(Kind::Challenge) => response_field(exchange, "WWW-Authenticate", unescape(raw)),
            None => {}
        }
    }
}

/// Takes a value that a log names; `false` when the name is none that matters.
///
/// The value is still escaped.
pub(super) fn take_named<'a>(exchange: &mut Exchange<'a>, name: &str, raw: &'a str) -> bool {
    let folded: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let Some(value) = said(raw) else { return true };
    match &*folded {
        "requestid" | "reqid" | "xrequestid" | "kongrequestid" | "correlationid" | "rid" => {
            exchange.request_id.get_or_insert(Cow::Borrowed(value));
        }
        "traceid" | "xtraceid" | "traceparent" | "xamzntraceid" => {
            exchange.trace_id.get_or_insert(Cow::Borrowed(trace(value).unwrap_or(value)));
        }
        "host" | "vhost" | "httphost" => {
            exchange.host.get_or_insert(Cow::Borrowed(value));
        }
        "upstreamstatus" | "us" => reason(exchange, "upstream_status", Cow::Borrowed(value)),
        "upstreamaddr" | "ua" | "upstream" => {
            exchange.server.get_or_insert(without_port(Cow::Borrowed(value)));
        }
        "user" | "remoteuser" | "jwtclaimsub" | "sub" => {
            exchange.user.get_or_insert(unescape(value));
        }
        "useragent" => {
            exchange.user_agent.get_or_insert(unescape(value));
        }
        "xff" | "xforwardedfor" | "httpxforwardedfor" => forwarded(exchange, unescape(value)),
        "authorization" | "httpauthorization" | "auth" => {
            request_field(exchange, "Authorization", unescape(value));
        }
        "wwwauthenticate" | "senthttpwwwauthenticate" => {
            response_field(exchange, "WWW-Authenticate", unescape(value));
        }
        _ => return false,
    }
    true
}

/// Adds a request field of which the log has a column.
pub(super) fn request_field<'a>(exchange: &mut Exchange<'a>, name: &'a str, value: Cow<'a, str>) {
    exchange.request_headers.push(Header { name: Cow::Borrowed(name), value });
    exchange.request_visibility = exchange.request_visibility.min(Visibility::Partial);
}

/// Adds a response field of which the log has a column.
pub(super) fn response_field<'a>(exchange: &mut Exchange<'a>, name: &'a str, value: Cow<'a, str>) {
    exchange.response_headers.push(Header { name: Cow::Borrowed(name), value });
    exchange.response_visibility = exchange.response_visibility.min(Visibility::Partial);
}

/// Adds what a gateway says of the outcome.
pub(super) fn reason<'a>(exchange: &mut Exchange<'a>, name: &'static str, value: Cow<'a, str>) {
    if said(&value).is_some() {
        exchange.reasons.push((Cow::Borrowed(name), value));
    }
}

/// Takes the field `X-Forwarded-For`; behind a proxy in the same network it names the client.
///
/// Its beginning is what the client says, each proxy adds whom it saw: the last address that is not
/// one of the own network is the client's.
pub(super) fn forwarded<'a>(exchange: &mut Exchange<'a>, list: Cow<'a, str>) {
    let near = exchange.client_ip.as_deref().is_none_or(is_inside);
    if near {
        let addresses = || list.split(',').map(str::trim).filter(|a| bare(a).is_some());
        let client = addresses().rfind(|a| !is_inside(a)).or_else(|| addresses().next());
        if let Some(address) = client {
            exchange.client_ip = Some(Cow::Owned(client_name(address).into_owned()));
        }
    }
    request_field(exchange, "X-Forwarded-For", list);
}

/// Returns a client's address or name without port and brackets.
pub(super) fn client_name(text: &str) -> Cow<'_, str> {
    // Node writes IPv4 clients of a dual socket as `::ffff:192.0.2.7`.
    let mapped = text.strip_prefix("::ffff:").filter(|rest| rest.contains('.'));
    without_port(Cow::Borrowed(mapped.unwrap_or(text)))
}

/// Returns the address that a text is, whatever stands around it.
pub(super) fn bare(text: &str) -> Option<IpAddr> {
    // Most words are no addresses, and most addresses start with a digit.
    let first = text.bytes().next()?;
    (first.is_ascii_hexdigit() || matches!(first, b'[' | b':')).then_some(())?;
    let name = client_name(text);
    let name = name.split('%').next().unwrap_or_default();
    name.parse().ok()
}

/// Returns whether an address is of a network of one's own: a proxy's, most likely.
fn is_inside(text: &str) -> bool {
    match bare(text) {
        Some(IpAddr::V4(ip)) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        Some(IpAddr::V6(ip)) => {
            ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
        }
        None => false,
    }
}

/// Returns whether a text is an address or a list of them.
fn is_address_list(text: &str) -> bool {
    text.len() < 512 && text.split(',').all(|part| part.trim().parse::<IpAddr>().is_ok())
}

/// 32 hexadecimal digits or a UUID.
pub(super) fn is_id(text: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    match text.len() {
        32 => hex(text),
        36 => {
            let lengths = text.split('-').map(str::len);
            lengths.eq([8, 4, 4, 4, 12]) && text.split('-').all(hex)
        }
        _ => false,
    }
}

/// The trace id of a `traceparent` (W3C Trace Context) or of `Root=1-...` (AWS).
pub(super) fn trace(text: &str) -> Option<&str> {
    if let Some(root) = text.strip_prefix("Root=") {
        return root.split(';').next();
    }
    let mut parts = text.split('-');
    let (version, id, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex =
        |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
    let whole = hex(version, 2) && hex(id, 32) && hex(parent, 16) && hex(flags, 2);
    (whole && parts.next().is_none()).then_some(id)
}

/// What a value of the authentication framework is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// What a client sends.
    Credential,
    /// What a server answers.
    Challenge,
}

/// Tells a credential and a challenge from any other text.
pub(super) fn credential(text: &str) -> Option<Kind> {
    if is_jwt(text) {
        return Some(Kind::Credential);
    }
    let (scheme, rest) = text.split_once(' ')?;
    let rest = rest.trim_start();
    // Whatever word stands before a token: `JWT`, `Token`, `Bearer:`.
    if is_jwt(rest) && scheme.len() <= 20 && !scheme.contains('=') {
        return Some(Kind::Credential);
    }
    SCHEMES.iter().find(|known| known.eq_ignore_ascii_case(scheme))?;
    // These words are no other's: a scheme alone, a short value and one with blanks are credentials too.
    let sure = ["Bearer", "Basic", "DPoP", "Negotiate", "NTLM"];
    let sure = sure.iter().any(|known| known.eq_ignore_ascii_case(scheme));
    if sure && rest.is_empty() {
        return Some(Kind::Credential);
    }
    // The answer to a challenge repeats its parameters.
    if rest.contains("response=") || rest.contains("Signature=") || rest.starts_with("username=") {
        return Some(Kind::Credential);
    }
    let challenges = rest.split_once('=').is_some_and(|(name, value)| {
        let asks = CHALLENGE.iter().any(|known| known.eq_ignore_ascii_case(name.trim()));
        asks && !value.is_empty()
    });
    if challenges {
        return Some(Kind::Challenge);
    }
    // A product of this name is no scheme: `Token ring 1.0` has words, a credential has none.
    let token = rest.split(' ').next().is_some_and(|word| !word.is_empty());
    (token && (sure || rest.len() >= 8 || !rest.contains(' '))).then_some(Kind::Credential)
}

/// A header and payload that start as JSON objects do, in base64url.
fn is_jwt(text: &str) -> bool {
    let mut parts = text.split('.');
    let (head, body) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    head.starts_with("eyJ")
        && head.len() > 10
        && !body.is_empty()
        && parts.next().is_some()
        && !text.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_challenges_are_told_apart() {
        let table = [
            ("Bearer eyJhbGciOiJub25lIn0.e30.c2ln", Some(Kind::Credential)),
            ("Bearer  \"quoted\" abc", Some(Kind::Credential)),
            ("eyJhbGciOiJub25lIn0.e30.c2ln", Some(Kind::Credential)),
            ("Basic dXNlcjpwYXNz", Some(Kind::Credential)),
            ("Basic realm=\"adm\"", Some(Kind::Challenge)),
            ("Bearer error=\"invalid_token\"", Some(Kind::Challenge)),
            ("Digest realm=\"a\", nonce=\"b\"", Some(Kind::Challenge)),
            ("Digest username=\"a\", realm=\"b\", response=\"c\"", Some(Kind::Credential)),
            ("Bearer", None),
            ("Bearer ", Some(Kind::Credential)),
            ("Bearer a b", Some(Kind::Credential)),
            ("Token a b", None),
            ("JWT eyJhbGciOiJub25lIn0.e30.c2ln", Some(Kind::Credential)),
            ("next=/a eyJhbGciOiJub25lIn0.e30.c2ln", None),
            ("Mozilla/5.0 (X11)", None),
            ("https://app.example.com/", None),
            ("eyJhbGciOiJub25lIn0", None),
        ];
        for (text, kind) in table {
            assert_eq!(credential(text), kind, "{text}");
        }
    }

    #[test]
    fn ids_are_32_digits_or_a_uuid_and_nothing_near() {
        assert!(is_id("7805c9d1c606c27d898f98f6c4d2e631"));
        assert!(is_id("0198a7c2-5b1e-7c3d-9f00-0123456789ab"));
        assert!(!is_id("7805c9d1c606c27d898f98f6c4d2e63"));
        assert!(!is_id("7805c9d1c606c27d898f98f6c4d2e63g"));
        assert!(!is_id("0198a7c2-5b1e-7c3d-9f00-0123456789a"));
        let trace_parent = "00-7805c9d1c606c27d898f98f6c4d2e631-00f067aa0ba902b7-01";
        assert_eq!(trace(trace_parent), Some("7805c9d1c606c27d898f98f6c4d2e631"));
    }

    #[test]
    fn behind_a_proxy_of_the_own_network_the_client_is_the_last_stranger() {
        let seen = |remote: &'static str, list: &'static str| {
            let mut exchange =
                Exchange { client_ip: Some(Cow::Borrowed(remote)), ..Exchange::default() };
            forwarded(&mut exchange, Cow::Borrowed(list));
            exchange.client_ip.unwrap().into_owned()
        };
        assert_eq!(seen("10.0.0.1", "198.51.100.9, 203.0.113.5, 10.0.0.7"), "203.0.113.5");
        assert_eq!(seen("10.0.0.1", "10.1.1.1"), "10.1.1.1");
        // Whoever connects from outside can write what it likes.
        assert_eq!(seen("192.0.2.1", "203.0.113.5"), "192.0.2.1");
        assert_eq!(seen("10.0.0.1", "unknown"), "10.0.0.1");
    }

    #[test]
    fn a_client_has_no_port_and_no_brackets() {
        assert_eq!(client_name("[::1]:56348"), "::1");
        assert_eq!(client_name("192.0.2.7:5000"), "192.0.2.7");
        assert_eq!(client_name("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(client_name("2001:db8::7"), "2001:db8::7");
        assert!(bare("fe80::1%eth0").is_some());
        assert!(bare("www.example.com").is_none());
    }
}
