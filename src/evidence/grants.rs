//! Token and login traffic: what a request asks for, what an answer hands out.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use crate::model::{
    Body, Exchange, Fingerprint, Grant, Issued, Kind, Leg, Place, Secret, Text, Token, pseudonym,
};
use crate::token;

use super::context::Seen;
use super::legs;
use super::locate::add_from_body;
use super::names::is_session_cookie;
use super::url::{Url, decode_param, params};
use super::words::Words;
use crate::dialect;

/// A larger body is not looked at.
const LARGEST_BODY: usize = 64 * 1024;

/// What a path is for, as far as tokens go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    /// A token endpoint.
    Token,
    /// A login, refresh or session path.
    Login,
    /// Anything else.
    Other,
}

impl Purpose {
    /// Returns whether a path is for nothing that has to do with logins, tokens, keys or passwords.
    pub(super) fn is_plain(path: &str) -> bool {
        let words = Words::of(path);
        words.is_empty() && Self::of(path, words) == Self::Other
    }

    /// Tells it from the path and its words.
    pub(super) fn of(path: &str, words: Words) -> Self {
        if !words.token() && !words.login() {
            let last = last_segment(path);
            let telling = last.eq_ignore_ascii_case("auth") || is_bare_refresh(path);
            return if telling && path.len() >= 5 { Self::Login } else { Self::Other };
        }
        let last = last_segment(path);
        let token = words.token()
            || last.eq_ignore_ascii_case("token")
            || last.eq_ignore_ascii_case("tokens")
            || (words.refresh() && path.to_ascii_lowercase().contains("/token/"));
        if token { Self::Token } else { Self::Login }
    }
}

/// `/refresh`, `/api/v1/refresh`: a refresh of nothing else, so of the token.
fn is_bare_refresh(path: &str) -> bool {
    let mut segments = path.trim_matches('/').rsplit('/');
    let is_version =
        |s: &str| s.strip_prefix(['v', 'V']).is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    segments.next().is_some_and(|last| last.eq_ignore_ascii_case("refresh"))
        && segments.all(|s| s.is_empty() || s.eq_ignore_ascii_case("api") || is_version(s))
}

fn last_segment(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// What a request asks a token or login endpoint for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) grant: Option<Grant>,
    pub(super) leg: Option<Leg>,
    pub(super) seen: Seen,
}

/// One named value of a body.
struct Field<'b> {
    place: Place,
    /// The last word of the name: lower case, letters and digits only.
    word: String,
    value: Cow<'b, str>,
}

/// Reads the body of a token or login request; nothing when it is neither.
pub(super) fn asked(exchange: &Exchange<'_>, path: &str, words: Words, purpose: Purpose) -> Asked {
    let mut asked = Asked::default();
    let method = exchange.method.as_deref().unwrap_or_default();
    let writes = ["POST", "PUT", "PATCH"].iter().any(|m| method.eq_ignore_ascii_case(m));
    if !writes {
        if purpose == Purpose::Token && method.eq_ignore_ascii_case("GET") {
            let query = Url::split(&exchange.url).query;
            let registry = params(query).any(|(n, _)| matches!(n, "service" | "scope"));
            asked.grant = registry.then_some(Grant::Other);
        }
        return asked;
    }
    let body = &exchange.request_body;
    let raw = body.text.raw();
    if raw.len() > LARGEST_BODY {
        return asked;
    }
    let telling = |part: &[u8]| memchr::memmem::find(raw, part).is_some();
    let grant_in_body = names_grant(raw)
        || body.params.iter().any(|(n, _)| {
            matches!(&**n, "grant_type" | "refresh_token" | "SAMLResponse" | "access_token")
        });
    // A GraphQL endpoint is no login path; a mutation with a password is a login all the same.
    let graphql = words.graphql() && (telling(b"assword") || telling(b"efreshToken"));
    let purpose = if graphql { Purpose::Login } else { purpose };
    if raw.trim_ascii_start().starts_with(b"<") && telling(b"assword") {
        asked.seen.secrets = passwords_of_xml(&body.text.read());
    }
    if purpose == Purpose::Other && !grant_in_body {
        return asked;
    }
    let telltales: [&[u8]; 10] = [
        b"ass",
        b"oken",
        b"ode",
        b"ssertion",
        b"ecret",
        b"grant",
        b"efresh",
        b"jwt",
        b"pwd",
        b"otp",
    ];
    // A login's form is read whatever the language of its names.
    let plain = grant_in_body || is_login_path(path) || !body.params.is_empty();
    let silent = !plain && !telltales.iter().any(|w| telling(w));
    if silent && !raw.is_empty() {
        return asked;
    }
    let text = body.text.read();
    let mut fields = fields_of(body, &text);
    if graphql {
        add_arguments(&mut fields);
    }
    asked.grant = grant_of(&fields, path, purpose);
    if asked.grant == Some(Grant::Code) {
        let value = |word| fields.iter().find(|f| f.word == word).map(|f| f.value.as_ref());
        asked.leg = Some(legs::of_exchange(value("redirecturi"), value("codeverifier")));
    }
    fill(&fields, purpose, grant_in_body, asked.grant, &mut asked.seen);
    asked
}

/// Returns whether the body of a request names a grant or brings a token, whatever its path is for.
fn names_grant(raw: &[u8]) -> bool {
    ["grant_type", "refresh_token", "SAMLResponse", "access_token="]
        .iter()
        .any(|name| memchr::memmem::find(raw, name.as_bytes()).is_some())
}

/// Returns whether the body of a request, on a path that is for nothing of the kind, asks for no token and sends
/// no password: reading it would say nothing.
pub(super) fn asks_nothing(raw: &[u8]) -> bool {
    !names_grant(raw) && !dialect::names_password(raw)
}

/// Returns whether a path is that of a login: `/login`, `/sign-in/email`.
fn is_login_path(path: &str) -> bool {
    const LOGINS: [&str; 6] = ["login", "signin", "sign-in", "sign_in", "logon", "authenticate"];
    path.trim_end_matches('/')
        .rsplit('/')
        .take(2)
        .any(|segment| LOGINS.iter().any(|word| segment.eq_ignore_ascii_case(word)))
}

fn fields_of<'b>(body: &'b Body<'_>, text: &'b str) -> Vec<Field<'b>> {
    let mut fields: Vec<Field<'b>> = body
        .params
        .iter()
        .map(|(name, value)| Field {
            place: Place::Form(token::parameter(name, 64).into()),
            word: word_of(name),
            value: token::percent_decode(value),
        })
        .collect();
    if !fields.is_empty() {
        return fields;
    }
    let trimmed = text.trim_start();
    if trimmed.starts_with('{') {
        if let Ok(json) = serde_json::from_str::<Value>(text) {
            members(&json, "", 0, &mut |path, value| {
                fields.push(Field {
                    place: Place::Json(token::parameter(path, 96).into()),
                    word: word_of(path),
                    value: Cow::Owned(value.to_owned()),
                });
            });
        }
    } else if trimmed.starts_with("--") {
        fields.extend(parts_of(trimmed).take(64));
    } else if trimmed.contains('=') && !trimmed.starts_with('<') {
        fields.extend(params(trimmed.trim_end()).take(64).map(|(name, value)| {
            let name = decode_param(name);
            Field {
                place: Place::Form(token::parameter(&name, 64).into()),
                word: word_of(&name),
                value: decode_param(value),
            }
        }));
    }
    fields
}

/// Returns the parts of a form in `multipart/form-data` (RFC 7578) that are no files.
fn parts_of(text: &str) -> impl Iterator<Item = Field<'_>> {
    let boundary = text.lines().next().unwrap_or_default().trim_end();
    text.split(boundary).filter_map(|part| {
        let (head, value) = part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n"))?;
        let (name, _) = head.split_once("name=\"")?.1.split_once('"')?;
        let value = value.strip_suffix('\n').unwrap_or(value);
        (!head.contains("filename")).then(|| Field {
            place: Place::Form(token::parameter(name, 64).into()),
            word: word_of(name),
            value: Cow::Borrowed(value.strip_suffix('\r').unwrap_or(value)),
        })
    })
}

/// Returns the texts of XML elements that are passwords by their names: `<wsse:Password>`, as they stand and
/// with their entities resolved.
fn passwords_of_xml(text: &str) -> Vec<Secret> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, element)) = rest.split_once('<') {
        rest = element;
        let Some((tag, behind)) = element.split_once('>') else { break };
        let name =
            tag.split(|c: char| c.is_ascii_whitespace() || c == '/').next().unwrap_or_default();
        let word = word_of(name.rsplit(':').next().unwrap_or(name));
        let Some((value, _)) = behind.split_once('<') else { break };
        if PASSWORDS.contains(&word.as_str()) && !value.is_empty() && found.len() < 16 {
            found.push(Secret::new(value));
            let entities =
                [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
            let plain =
                entities.iter().fold(value.to_owned(), |text, (name, c)| text.replace(name, c));
            if plain != value {
                found.push(Secret::new(&plain));
            }
        }
    }
    found
}

/// What the name of a mutation holds that logs somebody in: `tokenAuth`, `customerAccessTokenCreate`.
const LOGINS: &[&str] = &["login", "logon", "signin", "auth", "token", "session"];

/// Adds the arguments that stand in the text of a GraphQL mutation, if it is a login by its name:
/// `mutation { login(email: "a@b.c", password: "x") { token } }`.
fn add_arguments(fields: &mut Vec<Field<'_>>) {
    let query = fields.iter().find(|f| f.word == "query").map(|f| f.value.clone().into_owned());
    let Some(query) = query.filter(|q| q.trim_start().starts_with("mutation")) else { return };
    let selection = query.split_once('{').map_or("", |(_, rest)| rest.trim_start());
    let name = selection.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next();
    let name = name.unwrap_or_default().to_ascii_lowercase().replace('_', "");
    if !LOGINS.iter().any(|word| name.contains(word)) {
        return;
    }
    let mut rest = selection;
    while let Some((before, after)) = rest.split_once(':') {
        rest = after;
        let name =
            before.trim_end().rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next();
        let Some(text) = after.trim_start().strip_prefix('"') else { continue };
        let mut escaped = false;
        let end = text.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let Some((value, behind)) = end.map(|at| text.split_at(at)) else { return };
        rest = behind.strip_prefix('"').unwrap_or(behind);
        if let Some(name) = name.filter(|name| !name.is_empty() && fields.len() < 64) {
            // Its escapes are those of JSON (GraphQL, "String Value").
            let plain = serde_json::from_str(&format!("\"{value}\""));
            fields.push(Field {
                place: Place::Json("query".into()),
                word: word_of(name),
                value: Cow::Owned(plain.unwrap_or_else(|_| value.to_owned())),
            });
        }
    }
}

/// The last word of `user[password]` or `data.refreshToken`, as `password`, `refreshtoken`.
fn word_of(name: &str) -> String {
    let last = name.trim_end_matches(']').rsplit(['[', '.']).next().unwrap_or(name);
    last.chars()
        .filter(char::is_ascii_alphanumeric)
        .take(32)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Levels of members below the first that are read: Keystone's password stands in `auth.identity.password.user`.
const DEEPEST: u8 = 4;

/// Calls `each` with dotted path and text of every member, down to [`DEEPEST`].
fn members(json: &Value, path: &str, depth: u8, each: &mut impl FnMut(&str, &str)) {
    let Value::Object(map) = json else { return };
    for (name, value) in map.iter().take(128) {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match value {
            Value::String(text) => each(&path, text),
            Value::Number(number) => each(&path, &number.to_string()),
            Value::Object(_) if depth < DEEPEST => members(value, &path, depth + 1, each),
            _ => {}
        }
    }
}

/// Names of a password in a login form, as [`word_of`] gives them, in the languages of common forms.
const PASSWORDS: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "pass",
    "userpassword",
    "motdepasse",
    "mdp",
    "passwort",
    "kennwort",
    "contrasena",
    "contrasea",
    "clave",
    "senha",
    "wachtwoord",
    "haslo",
    "parola",
];

/// Names of the user beside it.
const USERS: &[&str] = &["username", "email", "login", "user", "userid", "identifier", "identity"];

fn grant_of(fields: &[Field<'_>], path: &str, purpose: Purpose) -> Option<Grant> {
    let value = |word: &str| fields.iter().find(|f| f.word == word).map(|f| f.value.as_ref());
    if let Some(grant) = value("granttype") {
        return Some(match grant {
            "refresh_token" => Grant::Refresh,
            "authorization_code" => Grant::Code,
            "password" => Grant::Password,
            "client_credentials" => Grant::ClientCredentials,
            _ if grant.contains("device") || grant.contains("ciba") => Grant::Device,
            _ if grant.contains("jwt-bearer")
                || grant.contains("saml")
                || grant.contains("token-exchange") =>
            {
                Grant::Assertion
            }
            _ => Grant::Other,
        });
    }
    let has = |words: &[&str]| fields.iter().any(|f| words.contains(&f.word.as_str()));
    let path = path.to_ascii_lowercase();
    if has(&["samlresponse"]) {
        return Some(Grant::Assertion);
    }
    // `/dashboards/refresh` refreshes no token.
    let renews = path.contains("refresh")
        && (is_bare_refresh(&path)
            || ["token", "auth", "jwt", "session", "login"].iter().any(|w| path.contains(w)));
    if has(&["refreshtoken"]) || (renews && purpose != Purpose::Other) {
        return Some(Grant::Refresh);
    }
    if purpose == Purpose::Other {
        return None;
    }
    if has(PASSWORDS) {
        return Some(Grant::Login);
    }
    // A token endpoint that takes a token and nothing else exchanges it for a fresh one.
    if purpose == Purpose::Token && has(&["token", "refresh"]) && !has(&["username", "email"]) {
        return Some(Grant::Refresh);
    }
    if purpose == Purpose::Token {
        return Some(Grant::Other);
    }
    // A form in a language that is not listed still names its user.
    let form = fields.is_empty() || has(USERS);
    (form && is_login_path(&path)).then_some(Grant::Login)
}

fn fill(
    fields: &[Field<'_>],
    purpose: Purpose,
    grant_in_body: bool,
    grant: Option<Grant>,
    seen: &mut Seen,
) {
    let ours = purpose != Purpose::Other || grant_in_body;
    let mut user = None;
    let mut late = Vec::new();
    for field in fields {
        let kind = match field.word.as_str() {
            "refreshtoken" | "refresh" => Kind::RefreshToken,
            "token" if grant == Some(Grant::Refresh) => Kind::RefreshToken,
            "code" | "devicecode" | "assertion" | "subjecttoken" | "authcode" | "idtoken" => {
                Kind::Grant
            }
            word if PASSWORDS.contains(&word) => Kind::Password,
            "samlresponse" => Kind::Saml,
            "clientsecret" | "clientassertion" => {
                late.push(field);
                continue;
            }
            "accesstoken" | "token" | "jwt" => Kind::Opaque,
            word if USERS.contains(&word) => {
                user = Some(&field.value);
                if field.value.len() >= 4 {
                    seen.secrets.push(Secret::new(&field.value));
                }
                continue;
            }
            "otp"
            | "mfacode"
            | "totp"
            | "codeverifier"
            | "newpassword"
            | "secret"
            | "oldpassword"
            | "currentpassword"
            | "passwordconfirmation" => {
                seen.secrets.push(Secret::new(&field.value));
                continue;
            }
            _ => continue,
        };
        if !field.value.is_empty() && ours {
            add_from_body(field.place.clone(), &field.value, kind, seen);
        }
    }
    for field in late.into_iter().filter(|f| !f.value.is_empty()) {
        add_from_body(field.place.clone(), &field.value, Kind::ClientSecret, seen);
    }
    if let Some(user) = user.filter(|u| !u.is_empty()) {
        for credential in seen.credentials.iter_mut().filter(|c| c.kind == Kind::Password) {
            Arc::make_mut(credential).user = Some(pseudonym(user).into());
        }
    }
}

/// What an answer hands out, with the raw texts that must not survive.
#[derive(Debug, Default)]
pub(super) struct HandedOut {
    pub(super) issued: Option<Issued>,
    pub(super) tokens: Vec<Arc<Token>>,
    pub(super) secrets: Vec<Secret>,
}

/// Reads the tokens that an answer hands out: in a JSON body, or in the fragment of a redirect.
pub(super) fn handed_out(
    exchange: &Exchange<'_>,
    location: Option<&str>,
    purpose: Purpose,
    grant: Option<Grant>,
) -> HandedOut {
    let mut out = HandedOut::default();
    let status = exchange.status.unwrap_or(0);
    let mut raw = RawTokens::default();
    if (200..300).contains(&status) && (purpose != Purpose::Other || grant.is_some()) {
        let body = &exchange.response_body;
        let bytes = body.text.raw();
        let told = |part: &[u8]| memchr::memmem::find(bytes, part).is_some();
        if bytes.len() <= LARGEST_BODY
            && !body.base64
            && (told(b"oken") || told(b"jwt") || told(b"\"access") || told(b"JWT"))
        {
            raw.read_json(&body.text);
        }
    }
    if let Some((_, fragment)) = location.and_then(|l| l.split_once('#')) {
        for (name, value) in params(fragment) {
            raw.take(&word_of(name), &decode_param(value));
        }
    }
    if raw.is_empty() && (200..400).contains(&status) {
        raw.access = cookie_token(exchange);
    }
    raw.finish(&mut out);
    out
}

/// Returns a JWT that the answer sets as a session cookie.
fn cookie_token(exchange: &Exchange<'_>) -> Option<String> {
    let fields =
        exchange.response_headers.iter().filter(|h| h.name.eq_ignore_ascii_case("set-cookie"));
    fields.flat_map(|h| h.value.split('\n')).find_map(|line| {
        let (name, value) = line.split(';').next()?.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (token::is_jwt_shaped(value) && is_session_cookie(name.trim())).then(|| value.to_owned())
    })
}

/// Raw tokens of an answer, before they are marked.
#[derive(Default)]
struct RawTokens {
    access: Option<String>,
    id: Option<String>,
    refresh: Option<String>,
    expires_in: Option<i64>,
    token_type: Option<String>,
    others: Vec<String>,
}

impl RawTokens {
    fn read_json(&mut self, text: &Text<'_>) {
        let text = text.read();
        if !text.trim_start().starts_with('{') {
            return;
        }
        let Ok(json) = serde_json::from_str::<Value>(&text) else { return };
        members(&json, "", 0, &mut |path, value| self.take(&word_of(path), value));
    }

    fn take(&mut self, word: &str, value: &str) {
        let slot = match word {
            "accesstoken" => {
                // The name that says it beats the bare `token` that came before.
                if let Some(bare) = self.access.replace(value.to_owned()) {
                    self.others.push(bare);
                }
                return;
            }
            "token" | "jwt" | "access" | "authtoken" | "jwttoken" | "sessiontoken" | "bearer" => {
                &mut self.access
            }
            "idtoken" => &mut self.id,
            "refreshtoken" | "refresh" => &mut self.refresh,
            "expiresin" => {
                self.expires_in = value.parse::<f64>().ok().and_then(whole_seconds);
                return;
            }
            "tokentype" => {
                let plain = value.len() <= 16 && value.bytes().all(|b| b.is_ascii_alphabetic());
                self.token_type = plain.then(|| value.to_owned());
                return;
            }
            "clientsecret" | "secret" | "code" | "devicecode" | "password" | "apikey" => {
                self.others.push(value.to_owned());
                return;
            }
            _ => return,
        };
        // `"access": "granted"`, `"token": "ok"` are no tokens.
        if value.len() < 16 || value.contains(' ') {
            return;
        }
        match slot {
            Some(_) => self.others.push(value.to_owned()),
            None => *slot = Some(value.to_owned()),
        }
    }

    fn is_empty(&self) -> bool {
        self.access.is_none() && self.id.is_none() && self.refresh.is_none()
    }

    fn finish(self, out: &mut HandedOut) {
        let mut mark = |raw: &Option<String>| -> (Option<Fingerprint>, Option<Arc<Token>>) {
            let Some(raw) = raw else { return (None, None) };
            out.secrets.push(Secret::new(raw));
            let read = token::read(raw);
            let mark = read.fingerprint;
            (mark, mark.is_some().then(|| Arc::new(read)))
        };
        let (access, access_token) = mark(&self.access);
        let (id, id_token) = mark(&self.id);
        let (refresh, refresh_token) = mark(&self.refresh);
        out.secrets.extend(self.others.iter().map(|raw| Secret::new(raw)));
        if self.is_empty() {
            return;
        }
        out.issued = Some(Issued {
            access,
            id,
            refresh,
            expires_in: self.expires_in,
            access_exp: access_token.as_ref().and_then(|t| t.expires()),
            token_type: self.token_type,
        });
        out.tokens = [access_token, id_token, refresh_token].into_iter().flatten().collect();
    }
}

fn whole_seconds(seconds: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    (seconds.abs() < 1e12).then_some(seconds as i64)
}
