//! Requests that differ from others before them in nothing but who sent them, when, and with which token.
//!
//! A log of an API holds millions. What the record of one such request says beside that follows from
//! its [`kind`], and what its token says is remembered, so nobody has to gather it anew. What is
//! answered here holds only where gathering would say the same; everything else is `None`.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::context::{Context, Seen};
use super::mask::{could_hide, could_repeat, is_short_or_odd};
use super::url::{fixed, is_open_path};
use super::{ids as marks, locate};
use crate::model::{
    Body, Credential, Endpoint, Exchange, Fingerprint, Header, Kind, Observer, State, Token,
};

/// Fields whose values differ from request to request and tell nothing but an id, an address or a size;
/// those of ids are read for their marks.
const VARYING: [&str; 3] = ["x-forwarded-for", "x-real-ip", "content-length"];

/// The token of a request in its plainest form: the only credential, nothing odd about it.
#[derive(Clone, Debug)]
pub struct Sent(Arc<Seen>);

impl Sent {
    /// Returns the credential.
    pub fn credential(&self) -> Option<&Credential> {
        self.0.credentials.first()
    }

    /// Returns the token inside it, where it can be read.
    pub fn token(&self) -> Option<&Arc<Token>> {
        self.0.tokens.first()?.as_ref()
    }

    /// Returns whether masking this credential could not touch the names of an endpoint.
    pub fn leaves(&self, endpoint: &Endpoint) -> bool {
        let host = endpoint.host.as_deref().unwrap_or_default();
        let short = |name: &str| self.0.secrets.iter().all(|s| s.expose().len() > name.len());
        short(host) && short(&endpoint.path) && !could_repeat(&endpoint.path)
    }
}

/// What is the same for all requests of a kind, to be hashed.
#[derive(Debug)]
pub struct Likeness<'x>(&'x Exchange<'x>);

/// Returns what a request that was let in is like; `None` where more than its kind and its token would
/// have to be looked at.
pub fn likeness<'x>(exchange: &'x Exchange<'x>) -> Option<Likeness<'x>> {
    let empty = |body: &Body<'_>| {
        body.text.raw().is_empty() && body.params.is_empty() && !body.base64 && !body.withheld
    };
    let (_, path) = authority_and_path(&exchange.url);
    let fits = matches!(exchange.status, Some(200..=299))
        && !matches!(exchange.observer, Observer::Client | Observer::Proxy)
        && exchange.time.is_some()
        && exchange.error.is_none()
        && exchange.redirect_url.is_none()
        && exchange.response_headers.is_empty()
        && exchange.request_cookies.is_empty()
        && exchange.reasons.is_empty()
        && exchange.until_answer_ms.is_none()
        && !(exchange.from_cache || exchange.websocket || exchange.time_of_answer)
        && empty(&exchange.request_body)
        && empty(&exchange.response_body)
        && is_open_path(path)
        && !could_hide(&exchange.url)
        && exchange.client_ip.as_deref().is_none_or(is_plain_address)
        && exchange.request_headers.iter().filter(|h| varies(h)).all(locate::tells_nothing);
    fits.then_some(Likeness(exchange))
}

/// Returns the credential of a request, where its field `Authorization` holds a token and nothing is odd
/// about it. Whether other fields hold one too depends on the kind of the request.
pub fn sent(exchange: &Exchange<'_>, context: &mut Context<'_>) -> Option<Sent> {
    let mut fields = authorizations(exchange);
    let (Some(field), None) = (fields.next(), fields.next()) else { return None };
    let seen = locate::in_authorization(&field.value, context);
    let ([credential], [_]) = (&*seen.credentials, &*seen.tokens) else { return None };
    let plain = credential.state == State::Present
        && credential.oddities.is_empty()
        && credential.user.is_none()
        && matches!(credential.kind, Kind::Jwt | Kind::Jwe | Kind::Opaque | Kind::ApiKey)
        && !seen.secrets.iter().any(|secret| is_short_or_odd(secret.expose()));
    plain.then_some(Sent(seen))
}

/// Returns whether a request bears the field `Authorization`, whatever it holds.
pub fn bears(exchange: &Exchange<'_>) -> bool {
    authorizations(exchange).next().is_some()
}

fn authorizations<'x>(exchange: &'x Exchange<'_>) -> impl Iterator<Item = &'x Header<'x>> {
    exchange.request_headers.iter().filter(|header| is_authorization(header))
}

/// Returns the user agent of a request as it is shown: `Some(None)` where there is none, `None` where a
/// secret of the request could stand in it.
pub fn agent(exchange: &Exchange<'_>, context: &mut Context<'_>) -> Option<Option<Arc<str>>> {
    let raw = exchange.request_header("user-agent").or(exchange.user_agent.as_deref());
    let Some(raw) = raw else { return Some(None) };
    match context.agent_shown(raw.as_bytes()) {
        Some(shown) => (!could_repeat(shown)).then(|| Some(Arc::clone(shown))),
        None => Some(None),
    }
}

/// Returns the marks of the ids of a request, sorted.
pub fn ids(exchange: &Exchange<'_>, endpoint: &Endpoint) -> Vec<Fingerprint> {
    marks::of(exchange, endpoint)
}

impl Hash for Likeness<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Exchange { method, url, host, request_headers, .. } = self.0;
        let (authority, path) = authority_and_path(url);
        (method, authority, host).hash(state);
        path.split('/').for_each(|segment| fixed(segment).hash(state));
        let (status, text) = (self.0.status, &self.0.status_text);
        (status, text, &self.0.server, self.0.observer, self.0.format).hash(state);
        (self.0.request_visibility, self.0.response_visibility).hash(state);
        let [sent, got] = [&self.0.request_body, &self.0.response_body];
        (&sent.mime, sent.size, &got.mime, got.size).hash(state);
        for header in request_headers {
            header.name.hash(state);
            if !(is_authorization(header) || is_agent(header) || varies(header)) {
                header.value.hash(state);
            }
        }
    }
}

fn is_authorization(header: &Header<'_>) -> bool {
    header.name.eq_ignore_ascii_case("authorization")
}

fn is_agent(header: &Header<'_>) -> bool {
    header.name.eq_ignore_ascii_case("user-agent")
}

fn varies(header: &Header<'_>) -> bool {
    VARYING.iter().any(|name| header.name.eq_ignore_ascii_case(name)) || marks::is_id(&header.name)
}

/// Whether text is an address and nothing else, so that no secret stands in it.
fn is_plain_address(text: &str) -> bool {
    text.len() <= 45
        && text.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b'.' | b':'))
        && !could_repeat(text)
}

/// Splits a URL before its path; a path alone has no authority.
fn authority_and_path(url: &str) -> (&str, &str) {
    let Some((scheme, rest)) = url.split_once("://").filter(|(s, _)| !s.contains('/')) else {
        return ("", url);
    };
    let at = rest.find('/').unwrap_or(rest.len());
    url.split_at(scheme.len() + 3 + at)
}
