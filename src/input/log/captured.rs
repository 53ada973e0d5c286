//! Which field a value without a name is: credential, challenge, user agent, host.

use std::borrow::Cow;
use std::net::IpAddr;

use super::scan::field;
use crate::model::{Exchange, Header};

/// Schemes of HTTP authentication that are met (IANA's registry, and older ones).
const SCHEMES: [&str; 12] = [
    "bearer",
    "basic",
    "digest",
    "negotiate",
    "ntlm",
    "dpop",
    "token",
    "apikey",
    "jwt",
    "hawk",
    "hmac",
    "mutual",
];

/// Parameters by which a challenge is known.
const OF_CHALLENGES: [&str; 4] = ["realm=", "error=", "nonce=", "scope="];

/// What is put behind a value that the logger cut.
const CUT: &str = "...";

/// Adds a value of the request, if its shape tells what it is.
pub(super) fn request_capture<'a>(value: Cow<'a, str>, exchange: &mut Exchange<'a>) -> bool {
    // A token without a scheme may be of any field, unless the answer asks for one with a scheme.
    let asked = exchange.response_header("www-authenticate").is_some_and(|c| scheme(c).is_some());
    if scheme(&value).is_some() || asked && is_token(&value) {
        let whole = !may_be_cut(&value);
        let value = if whole { value } else { Cow::Owned(format!("{value}{CUT}")) };
        exchange.request_headers.push(Header { name: "Authorization".into(), value });
    } else if value.starts_with("http://") || value.starts_with("https://") {
        exchange.request_headers.push(field("Referer", value));
    } else if is_product(&value) && exchange.user_agent.is_none() {
        exchange.user_agent = Some(value);
        return false;
    } else if is_host(&value) && exchange.host.is_none() {
        exchange.host = Some(value);
        return false;
    } else {
        return false;
    }
    true
}

/// Adds a value of the answer, if its shape tells what it is.
pub(super) fn response_capture<'a>(value: Cow<'a, str>, exchange: &mut Exchange<'a>) -> bool {
    let name = if scheme(&value).is_some() {
        "WWW-Authenticate"
    } else if value.starts_with("http://")
        || value.starts_with("https://")
        || value.starts_with('/')
    {
        "Location"
    } else {
        return false;
    };
    exchange.response_headers.push(field(name, value));
    true
}

/// Whether a value is a challenge and no credential.
pub(super) fn says_challenge(value: &str) -> bool {
    scheme(value).is_some_and(|rest| {
        let digest_answer = rest.contains("response=");
        !digest_answer && OF_CHALLENGES.iter().any(|name| rest.contains(name))
    })
}

/// Returns what follows the scheme.
fn scheme(value: &str) -> Option<&str> {
    let (word, rest) = value.split_once(' ').unwrap_or((value, ""));
    SCHEMES.iter().any(|known| word.eq_ignore_ascii_case(known)).then_some(rest)
}

fn is_token(value: &str) -> bool {
    value.trim_start_matches(['"', ' ', '<']).starts_with("eyJ")
}

/// `curl/8.5.0`, `Mozilla/5.0 (...)`.
fn is_product(value: &str) -> bool {
    let first = value.split(' ').next().unwrap_or_default();
    first.split_once('/').is_some_and(|(name, version)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
            && version.starts_with(|c: char| c.is_ascii_digit())
    })
}

fn is_host(value: &str) -> bool {
    let name = value.rsplit_once(':').map_or(value, |(name, _)| name);
    name.contains('.')
        && name.parse::<IpAddr>().is_err()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        && name
            .rsplit('.')
            .next()
            .is_some_and(|last| last.len() >= 2 && last.bytes().all(|b| b.is_ascii_alphabetic()))
}

/// Whether a credential may be the front of a longer one: a token that lacks a part, or any value that
/// fills a length as people set it (a multiple of eight or ten) and does not show its end.
fn may_be_cut(value: &str) -> bool {
    let token = value.rsplit(' ').next().unwrap_or_default().trim_matches('"');
    if token.starts_with("eyJ") {
        let mut parts = token.rsplit('.');
        let signature = parts.next().map_or(0, str::len);
        return parts.count() < 2 || !SIGNATURES.contains(&signature);
    }
    let length = value.chars().count();
    let filled = length >= 32 && (length.is_multiple_of(8) || length.is_multiple_of(10));
    filled && !value.ends_with(['=', '"'])
}

/// Characters of whole signatures: HMAC, `ECDSA` and `EdDSA`, RSA of 2,048 to 4,096 bits.
const SIGNATURES: [usize; 8] = [43, 64, 86, 128, 176, 342, 512, 683];

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(value: &str) -> Option<String> {
        let mut exchange = Exchange::default();
        request_capture(Cow::Borrowed(value), &mut exchange);
        exchange.request_header("authorization").map(str::to_owned)
    }

    #[test]
    fn a_token_that_the_logger_cut_ends_in_dots() {
        let cut = "Bearer eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IjIwMjYtMDEif";
        assert_eq!(sent(cut), Some(format!("{cut}...")));
        let parts = format!("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.{}", "x".repeat(20));
        assert_eq!(sent(&parts), Some(format!("{parts}...")));
    }

    #[test]
    fn a_token_without_a_scheme_is_of_any_field_unless_one_is_asked_for() {
        let token = "eyJhbGciOiJSUzI1NiJ9";
        assert_eq!(sent(token), None);
        let mut exchange = Exchange::default();
        response_capture(Cow::Borrowed("Bearer realm=\"api\""), &mut exchange);
        request_capture(Cow::Borrowed(token), &mut exchange);
        assert_eq!(exchange.request_header("authorization"), Some("eyJhbGciOiJSUzI1NiJ9..."));
    }

    #[test]
    fn a_whole_token_stays_as_it_is() {
        let whole = format!("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.{}", "x".repeat(43));
        assert_eq!(sent(&whole), Some(whole.clone()));
        assert_eq!(sent("Basic YWxpY2U6c2VjcmV0"), Some("Basic YWxpY2U6c2VjcmV0".to_owned()));
    }

    #[test]
    fn a_value_that_fills_a_round_length_may_be_cut() {
        let opaque = format!("Bearer {}", "a".repeat(57));
        assert_eq!(sent(&opaque), Some(format!("{opaque}...")));
        let shorter = format!("Bearer {}", "a".repeat(56));
        assert_eq!(sent(&shorter), Some(shorter.clone()));
    }

    #[test]
    fn user_agents_hosts_and_addresses_are_no_credentials() {
        for value in ["curl/8.5.0", "api.example.com:8443", "192.0.2.7", "text/html", "gzip, br"] {
            assert_eq!(sent(value), None, "{value}");
        }
        assert!(is_product("Mozilla/5.0 (X11)") && !is_product("text/html"));
        assert!(is_host("api.example.com") && !is_host("192.0.2.7") && !is_host("8.5.0"));
    }
}
