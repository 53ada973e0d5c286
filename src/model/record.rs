//! The facts of one exchange, owned and free of secrets: what the map side makes of the bytes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::answer::{Answer, Outcome};
use super::credential::{Credential, Kind, Oddity};
use super::exchange::{Observer, Position, Visibility};
use super::fingerprint::Fingerprint;
use super::seldom::Seldom;
use super::signing::{Departure, Signing};
use super::time::{At, Seconds, Time};
use super::token::Token;
use super::told::Disagreement;
use super::verdict::KeyName;

/// One exchange as facts: where it stands, when it was, what was sent and said.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Where it stands and when it was.
    pub origin: Origin,
    /// URL with secret-bearing values masked.
    pub url: String,
    /// What is the same for all exchanges of its kind.
    pub facts: Facts,
    /// Tokens that the request carried, decoded, in the order of `facts.credentials`.
    pub tokens: Vec<Arc<Token>>,
    /// Credentials that the answer handed out (token endpoint, login).
    pub issued: Option<Issued>,
    /// Tokens that the answer handed out, decoded: access, then ID, then refresh token.
    pub issued_tokens: Vec<Arc<Token>>,
    /// Public keys that the answer publishes.
    #[serde(default)]
    pub published: Vec<KeyName>,
    /// Mark of the `jti` and the header of the request's `DPoP` proof.
    #[serde(default)]
    pub proof: Option<Fingerprint>,
    /// Which release of which software answered, as field and value: `x-version 2.4.1`, `server
    /// nginx/1.25`; masked.
    #[serde(default)]
    pub release: Option<Arc<str>>,
    /// Server clock minus capture clock, from an uncached `Date` (1 s resolution); client and proxy
    /// captures only.
    pub date_offset: Option<Seconds>,
    /// Server clock minus capture clock, from a message that prints the server's time; client and proxy
    /// captures only.
    #[serde(default)]
    pub told_offset: Option<Seconds>,
    /// Issuer clock minus capture clock, from `iat` and `exp` of a token that the answer handed out;
    /// client and proxy captures only.
    #[serde(default)]
    pub issuer_offset: Option<Seconds>,
    /// User name from a column, as `sub:` pseudonym.
    pub user: Option<String>,
    /// Request id, masked.
    pub request_id: Option<String>,
    /// Trace id, masked.
    pub trace_id: Option<String>,
    /// Marks of its request and trace ids, as far as they name one exchange only, sorted.
    #[serde(default)]
    pub ids: Vec<Fingerprint>,
}

/// Where a record stands and when it was; orders examples.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Origin {
    /// When the request started; `None` sorts first here, last in outputs.
    pub time: Option<Time>,
    /// Source name of the input.
    pub source: Arc<str>,
    /// Member of an archive.
    pub member: Option<Arc<str>>,
    /// Place in it.
    pub position: Position,
}

/// What exchanges of one kind have in common: the key under which refusals are counted.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not states of one thing")]
pub struct Facts {
    /// Source name of the input: what could be seen is a matter of each.
    pub source: Arc<str>,
    /// Who sent it.
    pub client: Client,
    /// Who recorded it.
    pub observer: Observer,
    /// Method and place, ids and numbers in the path templated.
    pub endpoint: Endpoint,
    /// Response status.
    pub status: Option<u16>,
    /// `grpc-status`.
    pub grpc_status: Option<u16>,
    /// Credentials, the judged one first; empty when none was seen.
    pub credentials: Vec<Arc<Credential>>,
    /// What the input could show of the request fields.
    pub visibility: Visibility,
    /// What the answer says; the same to thousands of requests, and shared by them.
    pub answer: Arc<Answer>,
    /// A CORS preflight (OPTIONS with `Access-Control-Request-Method`).
    pub preflight: bool,
    /// Names in `Access-Control-Request-Headers` that can carry a credential, lower case, sorted.
    pub preflight_names: Box<[String]>,
    /// Which of them the answer to the preflight does not allow.
    #[serde(default)]
    pub preflight_denial: Option<Box<Denial>>,
    /// Cross-origin: the request's `Origin` is another than the URL's.
    pub cross_origin: bool,
    /// The answer lacks CORS fields that a cross-origin page needs.
    pub cors_missing: bool,
    /// The URL is plain `http:`.
    pub insecure: bool,
    /// Whether the request carried any cookie; `None` when that could not be seen.
    pub cookies_sent: Option<bool>,
    /// What a token or login request asked for.
    pub grant: Option<Grant>,
    /// What a refused request's own signature, signed URL or proof says.
    pub signing: Option<Box<Signing>>,
    /// What it is of an authorization code flow.
    pub leg: Option<Box<Leg>>,
    /// A token or login request was let in and the capture does not show what it gave.
    pub answer_unseen: bool,
    /// Where the answer redirects.
    pub redirect: Option<Box<Redirect>>,
    /// The answer redirects, and the capture does not show where to.
    #[serde(default)]
    pub redirect_unseen: bool,
    /// Names of session-like cookies that the answer set, sorted.
    pub cookies_set: Box<[String]>,
    /// Shortest `Max-Age` among them, seconds; `None` for cookies without one.
    pub cookie_life: Option<i64>,
    /// Where the first of them is to be sent.
    pub cookie_rules: Option<Box<CookieRules>>,
    /// Names of session-like cookies that the answer deleted, sorted.
    pub cookies_cleared: Box<[String]>,
    /// Served from a cache or service worker.
    pub from_cache: bool,
    /// Which node answered (server address, `Via`, `X-Served-By`), masked.
    pub node: Option<String>,
    /// The URL's path asks for logout.
    pub logout: bool,
    /// The request changes or resets a password.
    pub new_password: bool,
    /// The format of the input (`har`, `jsonl`), for what it can show.
    pub format: Arc<str>,
    /// Request time lies at or after the judged token's `exp`, by the capture's clock; splits the
    /// counts so that no bucket straddles it.
    pub after_exp: bool,
    /// Times that the answer names and that are not those of the judged token.
    #[serde(default)]
    pub disagreement: Seldom<Disagreement>,
}

impl Facts {
    /// Returns whether this is a plain 400 for a credential that is malformed by its own bytes: Basic, or a
    /// signed request without a piece that its scheme needs.
    pub fn is_odd_bad_request(&self) -> bool {
        let lacks = |departure: &Departure| matches!(departure, Departure::Lacks(_));
        self.status == Some(400)
            && self.answer.outcome == Outcome::Neutral
            && (self
                .credentials
                .iter()
                .flat_map(|c| &c.oddities)
                .any(|o| matches!(o, Oddity::BasicNotBase64 | Oddity::BasicNoColon))
                || self.credentials.first().is_some_and(|c| c.kind == Kind::RequestSignature)
                    && self.signing.as_ref().is_some_and(|s| s.departs.iter().any(lacks)))
    }
}

/// Names of fields that an answered preflight asked for and that its answer does not allow, so that the
/// browser does not send the request (Fetch, CORS-preflight fetch).
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Denial {
    /// Lower case, sorted, never empty.
    pub names: Vec<String>,
    /// The answer allows `*`, which does not cover `authorization`, nor anything in a request with
    /// credentials; not every browser minds.
    pub star: bool,
}

/// Who sent a request; unknown parts are `None`.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Client {
    /// Source name of a capture whose requests all come from one client; `None` for server logs.
    pub capture: Option<Arc<str>>,
    /// Client address.
    pub ip: Option<Arc<str>>,
    /// User agent, masked.
    pub user_agent: Option<Arc<str>>,
}

/// Method, host and templated path.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Endpoint {
    /// Request method; `None` for a garbled request line.
    pub method: Option<Arc<str>>,
    /// Host and port (default ports left out), lower case; `None` when unknown.
    pub host: Option<Arc<str>>,
    /// Path without query; ids and numbers as `{id}`, secrets as `***`.
    pub path: Arc<str>,
}

impl std::fmt::Display for Endpoint {
    /// `GET api.example.com/orders`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let method = self.method.as_deref().unwrap_or("-");
        write!(f, "{method} {}{}", self.host.as_deref().unwrap_or(""), self.path)
    }
}

/// What a token or login request asked for.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// `refresh_token`.
    Refresh,
    /// `authorization_code`.
    Code,
    /// `password`.
    Password,
    /// `client_credentials`.
    ClientCredentials,
    /// Device code, CIBA.
    Device,
    /// Token exchange, JWT or SAML assertion.
    Assertion,
    /// A login form or login API that is no OAuth endpoint.
    Login,
    /// A token endpoint, grant not seen.
    Other,
}

/// Credentials that an answer handed out.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Issued {
    /// Mark of the access token (of the token inside, as in [`Credential::token`]).
    pub access: Option<Fingerprint>,
    /// Mark of the ID token.
    pub id: Option<Fingerprint>,
    /// Mark of the refresh token.
    pub refresh: Option<Fingerprint>,
    /// `expires_in` in seconds.
    pub expires_in: Option<i64>,
    /// `exp` of the access token.
    pub access_exp: Option<At>,
    /// Scheme that the answer names (`token_type`).
    pub token_type: Option<String>,
}

/// Where a cookie is to be sent, by its attributes (RFC 6265, section 5.3).
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct CookieRules {
    /// `Secure`.
    pub secure: bool,
    /// `SameSite` in lower case; `None` when not said, which browsers read as `lax`.
    pub same_site: Option<String>,
    /// `Domain` without a leading dot; `None` for the host alone.
    pub domain: Option<String>,
    /// `Path`, when it is another than `/`.
    pub path: Option<String>,
}

/// One leg of an authorization code flow (RFC 6749, section 4.1), by marks of its values.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Leg {
    /// An authorization request, which knows `redirect_uri` and challenge; else a callback or a token
    /// request.
    pub asks: bool,
    /// Mark of `state`.
    pub state: Option<Fingerprint>,
    /// Mark of the code that the callback brings.
    pub code: Option<Fingerprint>,
    /// Mark of `redirect_uri`.
    pub redirect_uri: Option<Fingerprint>,
    /// Mark of `code_challenge`, or of the challenges that `code_verifier` fits: S256, plain (RFC 7636).
    pub challenge: [Option<Fingerprint>; 2],
}

/// Where an answer redirects.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Redirect {
    /// Target, as endpoint.
    pub to: Endpoint,
    /// The target looks like a login page or an authorization endpoint.
    pub login: bool,
    /// Scheme, host or port change.
    pub other_origin: bool,
}
