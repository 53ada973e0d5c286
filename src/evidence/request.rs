//! Facts of a request and its answer that are no credentials: who, where, redirects, cookies, clocks.

use std::borrow::Cow;
use std::sync::Arc;

use crate::model::{
    Answer, At, Client, CookieRules, Credential, Denial, Endpoint, Exchange, KeyHasher, Observer,
    Oddity, Outcome, Redirect, Secret, Time, Token, Visibility,
};
use crate::token;

use super::cap;
use super::context::Context;
use super::mask::{Masker, mask};
use super::names::{Field, is_session_cookie};
use super::url::{Url, is_login_target, resolve, template};

/// Longest user agent kept, in characters.
const LONGEST_AGENT: usize = 160;

/// Returns who sent the request.
pub(super) fn client(
    exchange: &Exchange<'_>,
    masker: &Masker<'_>,
    context: &mut Context<'_>,
) -> Client {
    let own = matches!(exchange.observer, Observer::Client | Observer::Proxy);
    let agent = exchange.request_header("user-agent").or(exchange.user_agent.as_deref());
    Client {
        capture: own.then(|| context.source.name.clone()),
        ip: exchange
            .client_ip
            .as_deref()
            .filter(|ip| !matches!(*ip, "" | "-"))
            .map(|ip| context.share(&cap(&masker.values(ip), 64))),
        user_agent: agent.and_then(|agent| {
            let shown = Arc::clone(&context.agent_shown(agent.as_bytes())?.shown);
            Some(match masker.values(&shown) {
                Cow::Borrowed(_) => shown,
                Cow::Owned(masked) => context.share(&masked),
            })
        }),
    }
}

/// Returns a user agent as it is shown.
pub(super) fn shown_agent(raw: &str) -> String {
    cap(&mask(raw), LONGEST_AGENT)
}

/// Returns method, host and templated path.
pub(super) fn endpoint(
    exchange: &Exchange<'_>,
    url: &Url<'_>,
    masker: &Masker<'_>,
    context: &mut Context<'_>,
) -> Endpoint {
    let method = exchange.method.as_deref();
    let host = url.host().or_else(|| {
        let host = exchange.host.as_deref().or_else(|| exchange.request_header("host"))?;
        let host = host.trim();
        (!matches!(host, "" | "-")).then(|| {
            let bare = Url { scheme: "https", authority: host, ..Url::default() };
            bare.host().map_or(Cow::Borrowed(""), |h| Cow::Owned(h.into_owned()))
        })
    });
    endpoint_of(method, host.as_deref(), url.path, masker, context)
}

fn endpoint_of(
    method: Option<&str>,
    host: Option<&str>,
    path: &str,
    masker: &Masker<'_>,
    context: &mut Context<'_>,
) -> Endpoint {
    let path = template(path);
    let path = masker.values(&path);
    Endpoint {
        method: method.filter(|m| is_method(m)).map(|m| context.share(m)),
        host: host.map(|h| context.share(&cap(&masker.host(h), 120))),
        path: context.share(&path),
    }
}

/// A method is a short token (RFC 9110, section 9.1); anything else is a garbled line.
fn is_method(method: &str) -> bool {
    (1..=24).contains(&method.len())
        && method.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_'))
}

/// The response fields that matter here, found in one pass over all.
#[derive(Debug, Default)]
pub(super) struct Answered<'x> {
    location: Option<&'x str>,
    pub(super) date: Option<&'x str>,
    grpc_status: Option<&'x str>,
    node: Option<&'x str>,
    /// What names the release of the software that answered: the rank of its field, and its value.
    release: Option<(usize, &'x str)>,
    sets_cookies: bool,
    allows_origin: Option<&'x str>,
    pub(super) cached: bool,
}

impl<'x> Answered<'x> {
    /// Looks at each response field once.
    pub(super) fn of(exchange: &'x Exchange<'_>) -> Self {
        let mut out = Self::default();
        for header in &exchange.response_headers {
            let (name, value) = (&*header.name, &*header.value);
            let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
            match name.len() {
                3 if is("age") => out.cached |= value.trim() != "0",
                3 if is("via") => out.node = out.node.or(Some(value)),
                4 if is("date") => out.date = out.date.or(Some(value)),
                8 if is("location") => out.location = out.location.or(Some(value)),
                7 if is("x-cache") => out.cached |= is_hit(value),
                // A stored answer that may be stale (RFC 9111, section 5.5).
                7 if is("warning") => out.cached |= value.trim_start().starts_with("11"),
                12 if is("cache-status") => out.cached |= is_stored(value),
                6 if is("server") => out.note_release(RELEASE_FIELDS.len() - 1, value),
                10 if is("set-cookie") => out.sets_cookies = true,
                11 if is("grpc-status") => out.grpc_status = Some(value),
                13..=15
                    if is("x-cache-status")
                        || is("cf-cache-status")
                        || is("x-vercel-cache")
                        || is("x-proxy-cache") =>
                {
                    out.cached |= is_hit(value);
                }
                27 if is("access-control-allow-origin") => out.allows_origin = Some(value),
                6..=16 if name.starts_with(['x', 'X']) && is_node_field(name) => {
                    out.node = Some(value);
                }
                7..=20 if name.starts_with(['x', 'X']) => {
                    if let Some(rank) = RELEASE_FIELDS.iter().position(|f| is(f)) {
                        out.note_release(rank, value);
                    }
                }
                _ => {}
            }
        }
        out
    }

    /// Notes a field that names a release; the one that says most of it counts.
    fn note_release(&mut self, rank: usize, value: &'x str) {
        if self.release.is_none_or(|(known, _)| rank < known) {
            self.release = Some((rank, value));
        }
    }
}

/// Fields that name the release of the software behind an answer, the most telling first.
const RELEASE_FIELDS: [&str; 13] = [
    "x-build-id",
    "x-build",
    "x-git-commit",
    "x-git-sha",
    "x-commit",
    "x-revision",
    "x-release",
    "x-deployment-id",
    "x-app-version",
    "x-service-version",
    "x-version",
    "x-powered-by",
    "server",
];

/// Returns which release of which software answered.
pub(super) fn release(
    exchange: &Exchange<'_>,
    answered: &Answered<'_>,
    context: &mut Context<'_>,
) -> Option<Arc<str>> {
    let (rank, value) = answered.release?;
    let field = RELEASE_FIELDS.get(rank)?;
    let value = value.trim();
    if value.is_empty() || exchange.from_cache || answered.cached {
        return None;
    }
    Some(context.release(field, value, |raw| {
        let shown = mask(raw);
        // A long build id looks like a secret: its hash tells it from another one.
        if *shown == *raw { cap(raw, 60) } else { format!("#{:08x}", KeyHasher::key(&raw) >> 96) }
    }))
}

fn is_hit(value: &str) -> bool {
    let starts =
        |word: &str| value.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    starts("hit") || starts("stale") || starts("updating") || value.contains(" HIT")
}

/// `Cache-Status: edge; hit` (RFC 9211, section 2.1).
fn is_stored(value: &str) -> bool {
    value.split([';', ',']).any(|part| part.trim().eq_ignore_ascii_case("hit"))
}

fn is_node_field(name: &str) -> bool {
    const FIELDS: &[&str] = &[
        "x-served-by",
        "x-backend-server",
        "x-backend",
        "x-upstream",
        "x-pod-name",
        "x-instance",
        "x-server",
        "x-node",
    ];
    FIELDS.iter().any(|f| name.eq_ignore_ascii_case(f))
}

/// Returns whether a request whose path speaks of a password sets a new one: a mail to those who forgot
/// theirs does not.
pub(super) fn changes_password(exchange: &Exchange<'_>) -> bool {
    let method = exchange.method.as_deref().unwrap_or_default();
    let writes = ["POST", "PUT", "PATCH"].iter().any(|m| method.eq_ignore_ascii_case(m));
    let path = Url::split(&exchange.url).path.to_ascii_lowercase();
    let asks = ["forgot", "request", "lost", "check", "verify", "valid", "policy", "strength"];
    writes && !asks.iter().any(|word| path.contains(word))
}

/// Returns the target of a redirect as sent.
pub(super) fn location<'x>(exchange: &'x Exchange<'_>, answered: &Answered<'x>) -> Option<&'x str> {
    let location = answered.location.or(exchange.redirect_url.as_deref())?;
    (redirects(exchange) && !location.is_empty()).then_some(location)
}

/// Returns whether the answer sends the client elsewhere.
pub(super) fn redirects(exchange: &Exchange<'_>) -> bool {
    matches!(exchange.status, Some(301 | 302 | 303 | 307 | 308))
}

/// Returns where the answer redirects.
pub(super) fn redirect(
    exchange: &Exchange<'_>,
    url: &Url<'_>,
    location: &str,
    masker: &Masker<'_>,
    context: &mut Context<'_>,
) -> Option<Redirect> {
    let status = exchange.status?;
    let target = resolve(url, location);
    let to = Url::split(&target);
    // 301, 302 and 303 turn into GET, but for HEAD (Fetch, section 4.4).
    let method = exchange.method.as_deref();
    let keeps = matches!(status, 307 | 308) || method.is_some_and(|m| m == "HEAD");
    let method = if keeps { method } else { method.map(|_| "GET") };
    let other_origin = !url.authority.is_empty()
        && (to.host() != url.host() || !to.scheme.eq_ignore_ascii_case(url.scheme));
    Some(Redirect {
        login: is_login_target(&to),
        to: endpoint_of(method, to.host().as_deref(), to.path, masker, context),
        other_origin,
    })
}

/// Session cookies that an answer set and deleted.
#[derive(Debug, Default)]
pub(super) struct Cookies {
    pub(super) set: Vec<String>,
    pub(super) cleared: Vec<String>,
    /// Shortest `Max-Age` of those set, seconds.
    pub(super) life: Option<i64>,
    /// Where the first of those set is to be sent.
    pub(super) rules: Option<Box<CookieRules>>,
    pub(super) secrets: Vec<Secret>,
}

/// Reads `Set-Cookie` (RFC 6265); several in one field, joined by line breaks, as Firefox writes them.
pub(super) fn cookies(exchange: &Exchange<'_>, answered: &Answered<'_>) -> Cookies {
    let mut out = Cookies::default();
    if !answered.sets_cookies {
        return out;
    }
    let fields =
        exchange.response_headers.iter().filter(|h| h.name.eq_ignore_ascii_case("set-cookie"));
    for line in fields.flat_map(|h| h.value.split('\n')) {
        let mut parts = line.split(';');
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            continue;
        };
        let (name, value) = (name.trim(), value.trim().trim_matches('"'));
        let session = is_session_cookie(name) || token::is_jwt_shaped(value);
        if value.len() >= 4 && (session || token::is_random(value)) {
            out.secrets.push(Secret::new(value));
        }
        if !session {
            continue;
        }
        let gone = value.is_empty() || value == "deleted" || parts.clone().any(is_past);
        if !gone && let Some(life) = life_of(&parts, exchange.time) {
            out.life = Some(out.life.map_or(life, |known: i64| known.min(life)));
        }
        if !gone && out.rules.is_none() {
            out.rules = Some(Box::new(rules_of(parts)));
        }
        let names = if gone { &mut out.cleared } else { &mut out.set };
        names.push(token::identifier(name, 64));
    }
    for names in [&mut out.set, &mut out.cleared] {
        names.sort_unstable();
        names.dedup();
    }
    out
}

/// Reads the attributes that say where a cookie is to be sent.
fn rules_of<'a>(attributes: impl Iterator<Item = &'a str>) -> CookieRules {
    let mut rules = CookieRules::default();
    for attribute in attributes {
        let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        match name.as_str() {
            "secure" => rules.secure = true,
            "samesite" => {
                let word = value.to_ascii_lowercase();
                rules.same_site = ["lax", "strict", "none"].contains(&&*word).then_some(word);
            }
            "domain" if !value.is_empty() => {
                rules.domain = Some(token::identifier(value.trim_start_matches('.'), 80));
            }
            "path" if value.starts_with('/') && value != "/" => {
                rules.path = Some(template(value).into_owned());
            }
            _ => {}
        }
    }
    rules
}

/// Returns how many seconds a cookie is to live: `Max-Age` goes before `Expires` (RFC 6265, section 5.3).
fn life_of<'a>(
    attributes: &(impl Iterator<Item = &'a str> + Clone),
    now: Option<Time>,
) -> Option<i64> {
    let expires = || {
        let until = attributes.clone().find_map(|attribute| {
            let (name, value) = attribute.split_once('=')?;
            name.trim().eq_ignore_ascii_case("expires").then(|| http_date(value.trim())).flatten()
        })?;
        #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
        let seconds = until.since(now?.at).0.ceil() as i64;
        Some(seconds)
    };
    attributes.clone().find_map(max_age).or_else(expires)
}

/// Returns the seconds of a `Max-Age` attribute.
fn max_age(attribute: &str) -> Option<i64> {
    let (name, value) = attribute.split_once('=')?;
    name.trim().eq_ignore_ascii_case("max-age").then(|| value.trim().parse().ok()).flatten()
}

/// Returns whether a cookie attribute deletes the cookie.
fn is_past(attribute: &str) -> bool {
    let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
    let (name, value) = (name.trim(), value.trim());
    if name.eq_ignore_ascii_case("max-age") {
        return value.parse::<i64>().is_ok_and(|age| age <= 0);
    }
    name.eq_ignore_ascii_case("expires")
        && ["1970", "-70", "-1970", "1601", "0001", "-00 "].iter().any(|year| value.contains(year))
}

/// Returns whether cookies were sent; `None` when that could not be seen.
pub(super) fn cookies_sent(exchange: &Exchange<'_>, any: bool) -> Option<bool> {
    if any {
        return Some(true);
    }
    (exchange.request_visibility == Visibility::Full && !exchange.from_cache).then_some(false)
}

/// Returns what could be seen of the request's fields; a cached entry shows none of a real request.
pub(super) fn visibility(exchange: &Exchange<'_>, credentials: &[Arc<Credential>]) -> Visibility {
    if exchange.from_cache && credentials.is_empty() {
        return Visibility::None;
    }
    exchange.request_visibility
}

fn is_preflight(exchange: &Exchange<'_>) -> bool {
    exchange.method.as_deref().is_some_and(|m| m.eq_ignore_ascii_case("OPTIONS"))
        && exchange.request_header("access-control-request-method").is_some()
}

/// Returns whether this is a CORS preflight, and the names that it announces and that can carry a
/// credential.
pub(super) fn preflight(exchange: &Exchange<'_>) -> (bool, Vec<String>) {
    if is_preflight(exchange) { (true, preflight_names(exchange)) } else { (false, Vec::new()) }
}

fn preflight_names(exchange: &Exchange<'_>) -> Vec<String> {
    let asked = exchange.request_header("access-control-request-headers").unwrap_or_default();
    let mut names: Vec<String> = asked
        .split(',')
        .map(str::trim)
        .filter(|name| Field::of(name).can_carry())
        .map(|name| token::identifier(&name.to_ascii_lowercase(), 64))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Returns which of the names that a preflight announces its answer does not allow; `None` where the
/// answer is no success, allows another origin, or was not recorded in full: then it fails, or may fail,
/// for other reasons.
pub(super) fn preflight_denial(exchange: &Exchange<'_>, names: &[String]) -> Option<Box<Denial>> {
    let answered = matches!(exchange.status, Some(200..=299));
    if names.is_empty() || !answered || exchange.response_visibility != Visibility::Full {
        return None;
    }
    let allowed = exchange.response_header("access-control-allow-origin")?.trim();
    if allowed != "*" && exchange.request_header("origin").map(str::trim) != Some(allowed) {
        return None;
    }
    let fields = exchange.response_headers.iter();
    let lists = fields.filter(|h| h.name.eq_ignore_ascii_case("access-control-allow-headers"));
    let mut listed: Vec<&str> = lists.flat_map(|h| h.value.split([',', '\n'])).collect();
    for name in &mut listed {
        *name = name.trim();
    }
    let star = listed.contains(&"*");
    // Whether the request behind it goes with credentials does not show; a server that allows them
    // expects so.
    let with_credentials = exchange
        .response_header("access-control-allow-credentials")
        .is_some_and(|value| value.trim() == "true");
    let names: Vec<String> = names
        .iter()
        .filter(|name| !listed.iter().any(|allowed| allowed.eq_ignore_ascii_case(name)))
        .filter(|name| !star || with_credentials || *name == "authorization")
        .cloned()
        .collect();
    (!names.is_empty()).then(|| Box::new(Denial { names, star }))
}

/// Returns whether the request's `Origin` is another than the URL's.
pub(super) fn cross_origin(exchange: &Exchange<'_>, url: &Url<'_>) -> bool {
    let Some(origin) = exchange.request_header("origin") else { return false };
    if url.authority.is_empty() || origin.is_empty() {
        return false;
    }
    let origin = Url::split(origin.trim());
    // A WebSocket's origin has the page's scheme.
    let same_scheme = origin.scheme.eq_ignore_ascii_case(url.scheme) || exchange.websocket;
    origin.host() != url.host() || !same_scheme
}

/// Returns whether the answer lacks the CORS field that a page of another origin needs.
pub(super) fn lacks_cors(exchange: &Exchange<'_>, answered: &Answered<'_>) -> bool {
    exchange.response_visibility == Visibility::Full
        && !exchange.response_headers.is_empty()
        && !exchange.websocket
        && answered.allows_origin.is_none_or(|allowed| {
            let (allowed, origin) = (allowed.trim(), exchange.request_header("origin"));
            allowed != "*" && origin.is_some_and(|o| !allowed.eq_ignore_ascii_case(o.trim()))
        })
}

/// Returns `grpc-status` of field, trailer or log.
pub(super) fn grpc_status(exchange: &Exchange<'_>, answered: &Answered<'_>) -> Option<u16> {
    let logged = || {
        exchange
            .reasons
            .iter()
            .find(|(name, _)| matches!(&**name, "grpc_status" | "grpc-status" | "grpc.status"))
            .map(|(_, value)| &**value)
    };
    answered.grpc_status.or_else(logged)?.trim().parse().ok()
}

/// Returns which node answered.
pub(super) fn node(
    exchange: &Exchange<'_>,
    answered: &Answered<'_>,
    masker: &Masker<'_>,
) -> Option<String> {
    // A field that names the node tells more than the address of what stands before it.
    let address = exchange.server.as_deref().filter(|s| !matches!(*s, "" | "-"));
    answered.node.or(address).map(|node| cap(&masker.name(node.trim()), 80))
}

/// Reads an HTTP date (RFC 9110, section 5.6.7), preferred form or RFC 2822.
pub(super) fn http_date(text: &str) -> Option<At> {
    static PARSER: jiff::fmt::rfc2822::DateTimeParser = jiff::fmt::rfc2822::DateTimeParser::new();
    let stamp = PARSER.parse_timestamp(text.trim()).ok()?;
    i64::try_from(stamp.as_nanosecond()).ok().map(At)
}

/// Returns whether the request was made at or after `exp` of the judged token.
pub(super) fn after_exp(
    exchange: &Exchange<'_>,
    credentials: &[Arc<Credential>],
    tokens: &[Arc<Token>],
) -> bool {
    let Some(judged) = credentials.first().and_then(|c| c.token) else { return false };
    let Some(time) = exchange.time else { return false };
    tokens
        .iter()
        .find(|t| t.fingerprint == Some(judged))
        .and_then(|t| t.expires())
        .is_some_and(|exp| time.at >= exp)
}
/// Returns whether a bare 400 is the answer of a parser that a field was too long for: a large credential,
/// and no word of an application.
pub(super) fn refused_for_size(
    exchange: &Exchange<'_>,
    answer: &Answer,
    credentials: &[Arc<Credential>],
) -> bool {
    if exchange.status != Some(400)
        || answer.outcome != Outcome::Neutral
        || !credentials
            .iter()
            .any(|c| c.oddities.iter().any(|o| matches!(o, Oddity::Large(kib) if *kib >= 8)))
    {
        return false;
    }
    let body = &exchange.response_body;
    let text = body.text.raw().trim_ascii_start();
    // Empty by its size: a body that was not recorded says nothing.
    text.is_empty() && body.size == Some(0) && !body.withheld
        || text.starts_with(b"<") && !text.starts_with(b"<?xml")
}
