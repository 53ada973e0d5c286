//! Finds every credential of a request: which field, which scheme, which bytes; the judged one first.

use std::borrow::Cow;
use std::sync::Arc;

use crate::model::{
    Credential, Exchange, Fingerprint, Kind, Observer, Oddity, Place, Secret, State, Visibility,
};
use crate::token::{self, Mint};

use super::context::{AtHand, Context, Seen};
use super::mask::is_open_name;
use super::names::{Field, is_session_cookie};
use super::url::{Url, decode_param};
use super::value::{Reading, read_password, read_plain, read_with_scheme};

/// Most credentials kept of one request.
const MOST: usize = 16;

/// Shortest text of a signature: 16 bytes in base64.
const SHORTEST_SIGNATURE: usize = 22;

/// How likely the endpoint reads a credential of a place, likeliest first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Rank {
    Grant,
    Authorization,
    Misspelt,
    Elsewhere,
    Hollow,
    Beside,
    Cookie,
}

/// What was found in one exchange.
#[derive(Debug, Default)]
pub(super) struct Found<'v> {
    /// With the value that each was read from; empty where what was read has its raw texts itself.
    seen: Vec<(Rank, Arc<Seen>, &'v str)>,
    /// How often the field `Authorization` stands in the request.
    authorizations: usize,
    /// Whether any cookie was sent.
    pub(super) cookies: bool,
}

impl Found<'_> {
    /// Adds what a body carries: what a token or login endpoint reads first, else one place of many.
    pub(super) fn add_body(&mut self, seen: Seen, granting: bool) {
        let rank = if granting { Rank::Grant } else { Rank::Elsewhere };
        self.push(rank, Arc::new(seen), "");
    }

    /// Returns raw texts that must not survive.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.seen.iter().flat_map(|(_, seen, raw)| seen.hidden(raw))
    }

    /// Returns the tokens in the order of the text.
    pub(super) fn tokens(&self) -> impl Iterator<Item = &Arc<crate::model::Token>> {
        self.seen.iter().flat_map(|(_, seen, _)| seen.tokens.iter().flatten())
    }

    /// Returns the credentials, the judged one first, and their tokens in the same order.
    pub(super) fn into_credentials(
        mut self,
    ) -> (Vec<Arc<Credential>>, Vec<Arc<crate::model::Token>>) {
        self.seen.sort_by_key(|(rank, ..)| *rank);
        let count = self.seen.iter().map(|(_, seen, _)| seen.credentials.len()).sum();
        let mut credentials = Vec::with_capacity(count);
        let mut tokens = Vec::with_capacity(count);
        for (_, seen, _) in &self.seen {
            credentials.extend(seen.credentials.iter().map(Arc::clone));
            tokens.extend(seen.tokens.iter().flatten().map(Arc::clone));
        }
        tokens.truncate(MOST);
        credentials.truncate(MOST);
        if self.authorizations > 1 {
            let count = u8::try_from(self.authorizations).unwrap_or(u8::MAX);
            for credential in credentials.iter_mut().filter(|c| c.place.is_authorization()) {
                Arc::make_mut(credential).note(Oddity::Duplicate(count));
            }
        }
        (credentials, tokens)
    }
}

/// Finds the credentials in fields, cookies and URL; bodies are read elsewhere.
pub(super) fn locate<'v>(
    exchange: &'v Exchange<'_>,
    url: &Url<'_>,
    context: &mut Context<'_>,
) -> Found<'v> {
    let mut found = Found::default();
    let mut cookie_field = false;
    for header in &exchange.request_headers {
        let field = Field::of(&header.name);
        if field == Field::Cookie {
            cookie_field = true;
            found.cookies |= !header.value.trim().is_empty();
            let seen = context.seen("cookie", &header.value, |_| read_cookies(&header.value));
            found.push(Rank::Cookie, seen, &header.value);
            continue;
        }
        locate_in_field(field, &header.name, &header.value, exchange, &mut found, context);
    }
    if !cookie_field {
        for (name, value) in &exchange.request_cookies {
            found.cookies = true;
            if is_session_cookie(name) || token::is_jwt_shaped(value) {
                let seen = context.seen(name, value, |_| {
                    let mut seen = Seen::default();
                    add_cookie(name, value, &mut seen);
                    seen
                });
                found.push(Rank::Cookie, seen, value);
            }
        }
    }
    if !url.query.is_empty() {
        locate_in_query(url, &mut found, context);
    }
    if !url.userinfo.is_empty() {
        let mut seen = Seen::default();
        seen.secrets.push(Secret::new(url.userinfo));
        let decoded = decode_param(url.userinfo);
        if let Some((_, password)) = decoded.split_once(':') {
            seen.secrets.push(Secret::new(password));
        }
        found.push(Rank::Beside, Arc::new(seen), "");
    }
    found
}

impl<'v> Found<'v> {
    /// Adds what was read from a value.
    fn push(&mut self, rank: Rank, seen: Arc<Seen>, raw: &'v str) {
        if !seen.is_empty() {
            self.seen.push((rank, seen, raw));
        }
    }
}

fn locate_in_field<'v>(
    field: Field,
    name: &str,
    value: &'v str,
    exchange: &Exchange<'_>,
    found: &mut Found<'v>,
    context: &mut Context<'_>,
) {
    // A column of a log is empty or `-` when the field was not sent.
    let column = exchange.request_visibility != Visibility::Full
        || !matches!(exchange.observer, Observer::Client | Observer::Proxy);
    if column && matches!(value.trim(), "" | "-" | "\"-\"") {
        return;
    }
    // CGI and nginx log the field under the name of their variable.
    let variable = field == Field::Misspelt
        && name.eq_ignore_ascii_case("http_authorization")
        && !matches!(exchange.observer, Observer::Client | Observer::Proxy);
    let field = if variable { Field::Authorization } else { field };
    match field {
        Field::Authorization => {
            found.authorizations += 1;
            let seen = in_authorization(value, context);
            let rank = if is_hollow(&seen) { Rank::Hollow } else { Rank::Authorization };
            found.push(rank, seen, value);
        }
        Field::Misspelt => {
            let seen = context.seen(name, value, |mint| {
                let oddity = Oddity::Misspelt(token::identifier(name, 48));
                one(place_of(name), read_with_scheme(value, mint), Some(oddity))
            });
            // `Auth: 1` is no credential; a misspelt name with a hollow value proves little.
            if !is_vague(&seen) {
                found.push(Rank::Misspelt, seen, value);
            }
        }
        Field::ProxyAuthorization => {
            let seen = context.seen("proxy-authorization", value, |mint| {
                one(place_of(name), read_with_scheme(value, mint), None)
            });
            let asked = exchange.status == Some(407);
            found.push(if asked { Rank::Grant } else { Rank::Beside }, seen, value);
        }
        Field::ApiKey | Field::Token => {
            if value.trim().is_empty() && field == Field::Token {
                return;
            }
            let kind = if field == Field::ApiKey { Kind::ApiKey } else { Kind::Opaque };
            let seen =
                context.seen(name, value, |_| one(place_of(name), read_plain(value, kind), None));
            let rank = if is_hollow(&seen) { Rank::Hollow } else { Rank::Elsewhere };
            found.push(rank, seen, value);
        }
        Field::DpopProof => {
            let mut reading = read_plain(value, Kind::DpopProof);
            reading.kind = Kind::DpopProof;
            reading.mark = None;
            reading.token = None;
            found.push(Rank::Beside, Arc::new(one(place_of(name), reading, None)), "");
        }
        // Beside a token it is a second proof; alone, as webhooks send it, it is the credential.
        Field::Signature => {
            if value.len() >= SHORTEST_SIGNATURE {
                let mut reading = read_plain(value, Kind::RequestSignature);
                reading.kind = Kind::RequestSignature;
                reading.mark = None;
                reading.token = None;
                found.push(Rank::Beside, Arc::new(one(place_of(name), reading, None)), "");
            }
        }
        Field::WebSocketProtocol => {
            if let Some(seen) = read_protocols(value) {
                found.push(Rank::Elsewhere, Arc::new(seen), "");
            }
        }
        Field::Never => {
            // No credential of this request, and still nothing to print.
            if is_to_hide(value) {
                let secrets = vec![Secret::new(value)];
                let seen = Seen { secrets, ..Seen::default() };
                found.push(Rank::Beside, Arc::new(seen), "");
            }
        }
        Field::Other => {
            if speaks_of_token(value) && !exempt(name) {
                let seen = context.seen(name, value, |_| {
                    one(place_of(name), read_plain(value, Kind::Opaque), None)
                });
                found.push(Rank::Elsewhere, seen, value);
            }
        }
        Field::Cookie => {}
    }
}

/// Returns what the field `Authorization` holds.
pub(super) fn in_authorization(value: &str, context: &mut Context<'_>) -> Arc<Seen> {
    context.seen("authorization", value, |mint| of_authorization(value, mint))
}

/// Returns the mark of such a value, for [`again_in_authorization`], which will be asked for it soon.
pub(super) fn ahead_of_authorization(value: &str, context: &Context<'_>) -> u128 {
    context.ahead("authorization", value)
}

/// The same for a value with its mark that this worker is likely to have met; and whether its token has to be
/// noted.
pub(super) fn again_in_authorization<'c>(
    (value, mark): (&str, u128),
    context: &'c mut Context<'_>,
) -> Option<(&'c AtHand, bool)> {
    context.seen_again(value, mark, |mint| of_authorization(value, mint))
}

fn of_authorization(value: &str, mint: &mut Mint) -> Seen {
    let place = Place::Header("authorization".into());
    one(place, read_with_scheme(value, mint), None)
}

/// Returns whether a value of such a field holds no credential and nothing that has to be hidden: what
/// locating it would say.
pub(super) fn tells_nothing(field: Field, value: &str) -> bool {
    match field {
        Field::Never => !is_to_hide(value),
        Field::Other => !speaks_of_token(value),
        _ => false,
    }
}

/// Returns whether a value that is never the credential of its request looks like a secret.
fn is_to_hide(value: &str) -> bool {
    value.len() >= Fingerprint::SHORTEST
        && (token::is_jwt_shaped(value) || token::is_random(value) || speaks_of_token(value))
}

/// Returns whether the value of a field of any name is plainly a credential.
fn speaks_of_token(value: &str) -> bool {
    let word = value.get(..7);
    (word.is_some_and(|w| w.eq_ignore_ascii_case("bearer ")) && value.len() > 12)
        || (value.starts_with("eyJ") && token::is_jwt_shaped(value))
}

/// Fields that hold tokens of others or echo text.
fn exempt(name: &str) -> bool {
    const EXEMPT: &[&str] =
        &["referer", "user-agent", "origin", "link", "traceparent", "baggage", "if-none-match"];
    EXEMPT.iter().any(|e| name.eq_ignore_ascii_case(e))
}

fn place_of(name: &str) -> Place {
    Place::Header(token::identifier(&name.trim().to_ascii_lowercase(), 64).into())
}

/// Makes the memory of one credential.
fn one(place: Place, reading: Reading, oddity: Option<Oddity>) -> Seen {
    let mut seen = Seen::default();
    add(place, reading, oddity, &mut seen);
    seen
}

fn add(place: Place, reading: Reading, oddity: Option<Oddity>, seen: &mut Seen) {
    let mut oddities = reading.oddities;
    if let Some(oddity) = oddity {
        oddities.insert(0, oddity);
    }
    let token = reading.token.map(Arc::new);
    // Most are the only one, and thousands are remembered.
    seen.credentials.reserve_exact(1);
    seen.tokens.reserve_exact(1);
    seen.credentials.push(Arc::new(Credential {
        kind: reading.kind,
        scheme: reading.scheme,
        place,
        state: reading.state,
        fingerprint: reading.mark,
        token: token.as_ref().and_then(|t| t.fingerprint),
        oddities: oddities.into(),
        user: reading.user.map(Into::into),
    }));
    seen.tokens.push(token);
    if seen.secrets.is_empty() {
        seen.secrets = reading.secrets;
    } else {
        seen.secrets.extend(reading.secrets);
    }
}

/// Adds a credential that stands in a body.
pub(super) fn add_from_body(place: Place, value: &str, kind: Kind, seen: &mut Seen) {
    if kind == Kind::Password {
        return add(place, read_password(value), None, seen);
    }
    let mut reading = read_plain(value, kind);
    let guessable = kind == Kind::ClientSecret;
    // What a body calls a refresh token is one, whatever it looks like.
    if guessable || matches!(kind, Kind::RefreshToken | Kind::Grant | Kind::Saml) {
        if reading.kind != Kind::Unknown {
            reading.kind = kind;
        }
        reading.scheme = None;
    }
    if guessable {
        reading.mark = None;
        reading.token = None;
        reading.hide(value);
    }
    add(place, reading, None, seen);
}

/// Nothing where a value belongs.
fn is_hollow(seen: &Seen) -> bool {
    seen.credentials
        .iter()
        .any(|c| c.oddities.iter().any(|o| matches!(o, Oddity::Empty | Oddity::SchemeOnly)))
}

/// A value that shows neither scheme nor token, so that its field may mean something else.
fn is_vague(seen: &Seen) -> bool {
    seen.credentials.iter().all(|c| {
        let bare = c.scheme.is_none() && c.token.is_none() && c.state == State::Present;
        let named_well = c.oddities.iter().any(|o| match o {
            Oddity::Misspelt(name) => {
                strsim::osa_distance(&name.trim().to_ascii_lowercase(), "authorization") <= 2
            }
            _ => false,
        });
        bare && !named_well && !matches!(c.kind, Kind::Jwt | Kind::Jwe | Kind::Basic)
    })
}

fn read_cookies(value: &str) -> Seen {
    let mut seen = Seen::default();
    for pair in value.split(';') {
        let Some((name, value)) = pair.trim().split_once('=') else { continue };
        let value = value.trim_matches('"');
        if is_session_cookie(name) || token::is_jwt_shaped(value) {
            add_cookie(name, value, &mut seen);
        } else if value.len() >= Fingerprint::SHORTEST && token::is_random(value) {
            seen.secrets.push(Secret::new(value));
        }
    }
    // A refresh token travels along and is not what an API reads.
    let mut order: Vec<_> = seen.credentials.drain(..).zip(seen.tokens.drain(..)).collect();
    order.sort_by_key(|(credential, _)| credential.kind == Kind::RefreshToken);
    (seen.credentials, seen.tokens) = order.into_iter().unzip();
    if value.len() > 7168
        && let Some(first) = seen.credentials.first_mut()
    {
        let kib = u16::try_from(value.len() / 1024).unwrap_or(u16::MAX);
        Arc::make_mut(first).note(Oddity::Large(kib));
    }
    seen
}

fn add_cookie(name: &str, value: &str, seen: &mut Seen) {
    if value.is_empty() {
        return;
    }
    let mut reading = read_plain(value, Kind::Session);
    // What is odd in a token field is the habit of cookies: quoted, percent-encoded, `s:` signed.
    reading.oddities.retain(|o| matches!(o, Oddity::Placeholder(_) | Oddity::Mask(_)));
    let refresh = name.as_bytes().windows(7).any(|part| part.eq_ignore_ascii_case(b"refresh"));
    if refresh && reading.kind != Kind::Unknown {
        reading.kind = Kind::RefreshToken;
    }
    if reading.kind == Kind::Session {
        reading.token = None;
        reading.scheme = None;
    }
    add(Place::Cookie(token::parameter(name, 64).into()), reading, None, seen);
}

fn locate_in_query(url: &Url<'_>, found: &mut Found<'_>, context: &mut Context<'_>) {
    let mut seen = Seen::default();
    let mut signed = false;
    for (name, value) in url.params() {
        let Some(kind) = query_kind(name, value, url) else {
            // Too little to be judged, and hidden in the URL: a server that repeats it gives it away.
            if value.len() >= 8 && !is_open_name(name) {
                seen.secrets.push(Secret::new(&decode_param(value)));
            }
            continue;
        };
        // A signed URL has several such parameters and is one credential.
        if kind == Kind::Sigv4 || kind == Kind::RequestSignature {
            seen.secrets.push(Secret::new(value));
            if std::mem::replace(&mut signed, true) {
                continue;
            }
        }
        let decoded = decode_param(value);
        let mut reading = read_plain(&decoded, kind);
        if kind == Kind::Sigv4 || kind == Kind::RequestSignature {
            reading.kind = kind;
            reading.mark = None;
            reading.token = None;
        }
        if matches!(decoded, Cow::Owned(_)) {
            seen.secrets.push(Secret::new(value));
        }
        add(Place::Query(token::parameter(name, 64).into()), reading, None, &mut seen);
    }
    if seen.credentials.is_empty()
        && let Some((name, value)) = password_of(url)
    {
        let decoded = decode_param(value);
        add_from_body(
            Place::Query(token::parameter(name, 64).into()),
            &decoded,
            Kind::Password,
            &mut seen,
        );
        seen.secrets.push(Secret::new(value));
    }
    context.check(seen.tokens.iter_mut().flatten(), &seen.secrets);
    let rank = if is_hollow(&seen) { Rank::Hollow } else { Rank::Elsewhere };
    found.push(rank, Arc::new(seen), "");
}

/// Returns the parameter that is a password: by its name, and with a name of a user beside it. `u` and `p`
/// are names of both where neither is a number, as pages and posts have.
fn password_of<'u>(url: &Url<'u>) -> Option<(&'u str, &'u str)> {
    let named = |names: &[&str]| {
        let mut params = url.params();
        params.find(|(n, v)| !v.is_empty() && names.iter().any(|name| n.eq_ignore_ascii_case(name)))
    };
    let password = named(&["password", "passwd", "pwd", "pass"]);
    let user = || named(&["username", "user", "login", "email", "userid", "uid", "usr", "u"]);
    let short = || {
        let number = |v: &str| v.bytes().all(|b| b.is_ascii_digit());
        named(&["u"]).zip(named(&["p"])).filter(|((_, u), (_, p))| !number(u) && !number(p))
    };
    password.filter(|_| user().is_some()).or_else(|| short().map(|(_, password)| password))
}

/// Tells what a query parameter carries; `None` when its name or value is too common to tell.
fn query_kind(name: &str, value: &str, url: &Url<'_>) -> Option<Kind> {
    let first = name.as_bytes().first()?.to_ascii_lowercase();
    if !matches!(first, b'a' | b'b' | b'c' | b'i' | b'j' | b'k' | b'o' | b'p' | b's' | b't' | b'x')
    {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let unfilled = || super::marks::is_placeholder(value) && !matches!(value, "" | "token");
    let long = || token::is_jwt_shaped(value) || value.len() >= 16 || unfilled();
    match lower.as_str() {
        "access_token" | "accesstoken" | "bearer_token" | "id_token" | "x-access-token" => {
            Some(Kind::Opaque)
        }
        "token" | "jwt" | "auth" | "auth_token" | "authtoken" | "authorization" | "t"
        | "ticket" | "session_token" | "private_token" | "job_token" | "oauth_token" | "bearer" => {
            let short_name = lower == "t";
            (long() && (!short_name || token::is_jwt_shaped(value))).then_some(Kind::Opaque)
        }
        "api_key" | "apikey" | "api-key" | "x-api-key" | "subscription-key" | "apitoken"
        | "api_token" | "appid" | "app_key" => {
            (lower != "appid" || value.len() >= 24).then_some(Kind::ApiKey)
        }
        "key" => (value.starts_with("AIza") || (value.len() >= 24 && token::is_random(value)))
            .then_some(Kind::ApiKey),
        "sessionid" | "session_id" | "sid" | "phpsessid" | "jsessionid" => {
            long().then_some(Kind::Session)
        }
        "x-amz-signature" | "x-goog-signature" | "x-oss-signature" | "x-tos-signature" => {
            Some(Kind::Sigv4)
        }
        "signature" | "sig" => {
            let signed = url.params().any(|(n, _)| {
                ["expires", "se", "sv", "key-pair-id", "awsaccesskeyid", "ossaccesskeyid", "policy"]
                    .iter()
                    .any(|other| n.eq_ignore_ascii_case(other))
            });
            (signed || value.len() >= 24).then_some(Kind::RequestSignature)
        }
        "code" => {
            let callback = url.params().any(|(n, _)| matches!(n, "state" | "session_state"));
            if callback {
                return (value.len() >= 8).then_some(Kind::Grant);
            }
            // The key of a function (Azure Functions, "Function access keys"); a code of a login has a
            // path of its own.
            let of_login = |path: &str| {
                ["auth", "login", "signin", "callback"].iter().any(|word| path.contains(word))
            };
            let is_key = url.path.starts_with("/api/")
                && !of_login(&url.path.to_ascii_lowercase())
                && value.len() >= 32
                && token::is_random(value);
            is_key.then_some(Kind::ApiKey)
        }
        _ => token::is_jwt_shaped(value).then_some(Kind::Opaque),
    }
}

/// Reads a token that a WebSocket client offers as a sub-protocol, as browsers can set no fields.
fn read_protocols(value: &str) -> Option<Seen> {
    let mut seen = Seen::default();
    let mut announced = false;
    for item in value.split(',').map(str::trim) {
        let lower = item.to_ascii_lowercase();
        let k8s = item.strip_prefix("base64url.bearer.authorization.k8s.io.");
        let inner = k8s.or_else(|| item.strip_prefix("bearer.")).unwrap_or(item);
        let token_like = k8s.is_some()
            || token::is_jwt_shaped(inner)
            || token::vendor_of(inner).is_some()
            || (announced && item.len() >= 8);
        if token_like {
            let place = Place::Header("sec-websocket-protocol".into());
            add(place, read_plain(inner, Kind::Opaque), None, &mut seen);
        }
        announced = matches!(
            lower.as_str(),
            "access_token" | "access-token" | "bearer" | "token" | "authorization" | "jwt" | "auth"
        );
    }
    (!seen.credentials.is_empty()).then_some(seen)
}
