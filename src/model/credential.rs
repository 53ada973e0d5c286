//! A credential as it travelled: where, under which scheme, in what state and shape.

use std::fmt;
use std::hash::BuildHasher;

use foldhash::quality::FixedState;
use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;

/// One credential of a request; facts only, the raw value is gone.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Credential {
    /// What it is.
    pub kind: Kind,
    /// The scheme word before it; `None` where none was sent or none belongs.
    pub scheme: Option<Scheme>,
    /// Where it travelled.
    pub place: Place,
    /// Whether its value can be seen.
    pub state: State,
    /// Its mark; `None` when it is short enough to be guessed, a password, or not there.
    pub fingerprint: Option<Fingerprint>,
    /// The mark of the token inside, equal for the same token in another wrapping (`Bearer  x`,
    /// `x`, `"x"`); a key of the table of tokens. `None` when there is nothing to decode.
    pub token: Option<Fingerprint>,
    /// What is odd about its form, in the order of the text.
    pub oddities: Box<[Oddity]>,
    /// User name of Basic or Digest, as `sub:` pseudonym.
    pub user: Option<Box<str>>,
}

impl Credential {
    /// Adds what is odd about it, behind all others.
    pub(crate) fn note(&mut self, oddity: Oddity) {
        let others = std::mem::take(&mut self.oddities).into_iter();
        self.oddities = others.chain([oddity]).collect();
    }

    /// Returns a mark of all that it is: the same for equal ones, on every machine.
    pub fn mark(&self) -> u64 {
        FixedState::with_seed(0x5be0_cd19).hash_one(self)
    }
}

/// What a credential is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A signed token in compact form (RFC 7515), also a broken one whose header still shows `alg`.
    Jwt,
    /// An encrypted token in compact form (RFC 7516).
    Jwe,
    /// A token without inner structure.
    Opaque,
    /// User name and password.
    Basic,
    /// Digest response (RFC 7616).
    Digest,
    /// NTLM, Kerberos or Negotiate message.
    Negotiate,
    /// AWS-style request signature.
    Sigv4,
    /// Another request signature (Hawk, RFC 9421, vendor HMAC).
    RequestSignature,
    /// A DPoP proof (RFC 9449).
    DpopProof,
    /// An API key.
    ApiKey,
    /// A session cookie.
    Session,
    /// A refresh token in a token request.
    RefreshToken,
    /// An authorization code or assertion in a token request.
    Grant,
    /// Client authentication in a token request.
    ClientSecret,
    /// User name and password in a form or JSON login.
    Password,
    /// SAML message.
    Saml,
    /// Nothing that can be named: empty, a placeholder, or redacted.
    Unknown,
}

impl Kind {
    /// Returns whether this is a token or key that goes along with every request.
    pub const fn is_token(self) -> bool {
        matches!(self, Self::Jwt | Self::Jwe | Self::Opaque | Self::ApiKey)
    }

    /// Returns the name used in outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Jwe => "jwe",
            Self::Opaque => "opaque",
            Self::Basic => "basic",
            Self::Digest => "digest",
            Self::Negotiate => "negotiate",
            Self::Sigv4 => "sigv4",
            Self::RequestSignature => "request_signature",
            Self::DpopProof => "dpop_proof",
            Self::ApiKey => "api_key",
            Self::Session => "session",
            Self::RefreshToken => "refresh_token",
            Self::Grant => "grant",
            Self::ClientSecret => "client_secret",
            Self::Password => "password",
            Self::Saml => "saml",
            Self::Unknown => "unknown",
        }
    }
}

/// An authentication scheme (RFC 9110, section 11.1), compared without case.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// RFC 6750.
    Bearer,
    /// RFC 7617.
    Basic,
    /// RFC 7616.
    Digest,
    /// RFC 4559.
    Negotiate,
    /// NTLM over HTTP.
    Ntlm,
    /// RFC 9449.
    Dpop,
    /// `AWS4-HMAC-SHA256` and its kin.
    Aws4,
    /// Hawk.
    Hawk,
    /// `Token`.
    Token,
    /// `ApiKey`, `Api-Key`, `Key`.
    ApiKey,
    /// `JWT`.
    Jwt,
    /// Another word, as written, at most 32 characters, known to be a word and no secret; behind one pointer,
    /// as hardly any credential has one and there are very many.
    Other(Box<Box<str>>),
}

/// Words of schemes, in lower case.
const WORDS: [(&str, Scheme); 13] = [
    ("bearer", Scheme::Bearer),
    ("basic", Scheme::Basic),
    ("digest", Scheme::Digest),
    ("negotiate", Scheme::Negotiate),
    ("kerberos", Scheme::Negotiate),
    ("ntlm", Scheme::Ntlm),
    ("dpop", Scheme::Dpop),
    ("hawk", Scheme::Hawk),
    ("token", Scheme::Token),
    ("apikey", Scheme::ApiKey),
    ("api-key", Scheme::ApiKey),
    ("key", Scheme::ApiKey),
    ("jwt", Scheme::Jwt),
];

impl Scheme {
    /// Reads a scheme word, without regard to case.
    pub fn of(word: &str) -> Self {
        let known = WORDS.iter().find(|(known, _)| word.eq_ignore_ascii_case(known));
        let aws4 = || word.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("aws4-"));
        match known {
            Some((_, scheme)) => scheme.clone(),
            None if aws4() => Self::Aws4,
            None => Self::Other(Box::new(word.chars().take(32).collect())),
        }
    }

    /// Reads the scheme that a challenge asks for: some servers ask for Basic under a word that browsers do not
    /// know, so that no prompt opens (`xBasic`, `DummyBasic`).
    pub fn asked(word: &str) -> Self {
        match Self::of(word) {
            Self::Other(_) if word.to_ascii_lowercase().ends_with("basic") => Self::Basic,
            scheme => scheme,
        }
    }

    /// Returns the word as standards write it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Bearer => "Bearer",
            Self::Basic => "Basic",
            Self::Digest => "Digest",
            Self::Negotiate => "Negotiate",
            Self::Ntlm => "NTLM",
            Self::Dpop => "DPoP",
            Self::Aws4 => "AWS4-HMAC-SHA256",
            Self::Hawk => "Hawk",
            Self::Token => "Token",
            Self::ApiKey => "ApiKey",
            Self::Jwt => "JWT",
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a credential's value can be seen.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Known not to have been sent.
    Absent,
    /// Sent and readable.
    Present,
    /// Sent; the capture masks the value.
    Redacted,
    /// Sent; the recorder cut the value.
    Truncated,
    /// The capture could not have shown it.
    NotObservable,
}

impl State {
    /// Returns the name used in outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Present => "present",
            Self::Redacted => "redacted",
            Self::Truncated => "truncated",
            Self::NotObservable => "not_observable",
        }
    }
}

/// Where a credential travelled; prints as `header:authorization`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A request field, by its name in lower case.
    Header(Box<str>),
    /// A cookie, by its name.
    Cookie(Box<str>),
    /// A query parameter, by its name.
    Query(Box<str>),
    /// A field of a form body.
    Form(Box<str>),
    /// A member of a JSON body, dotted path.
    Json(Box<str>),
}

impl Place {
    /// Returns whether this is the field `Authorization`.
    pub fn is_authorization(&self) -> bool {
        matches!(self, Self::Header(name) if **name == *"authorization")
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Cookie(name) => write!(f, "cookie:{name}"),
            Self::Query(name) => write!(f, "query:{name}"),
            Self::Form(name) => write!(f, "form:{name}"),
            Self::Json(path) => write!(f, "json:{path}"),
        }
    }
}

/// Something odd about the form of a credential; a fact, not yet a fault.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Oddity {
    /// The field name is a near miss of `Authorization`, as sent.
    Misspelt(String),
    /// Nothing where a value belongs.
    Empty,
    /// A scheme word and nothing after it.
    SchemeOnly,
    /// A stand-in: `undefined`, `null`, `{{token}}`; the word as sent, at most 32 characters.
    Placeholder(String),
    /// A blank where HTTP allows none, or an invisible character.
    Blank(Blank),
    /// More than one blank between scheme and credential (legal), and how many.
    SeveralBlanks(u8),
    /// Quotes or angle brackets around it, the opening character.
    Quoted(char),
    /// One of several fields of this name, how many.
    Duplicate(u8),
    /// Several credentials joined by a comma.
    Joined,
    /// A bare token where a scheme word belongs.
    SchemeMissing,
    /// The scheme word twice.
    SchemeDoubled,
    /// The scheme in another letter case, as sent.
    SchemeCase(String),
    /// A colon after the scheme word.
    SchemeColon,
    /// No blank between scheme word and credential (`BearereyJ...`).
    SchemeGlued,
    /// A scheme word that is a near miss of a known one (`Beara`), as sent.
    SchemeMisspelt(String),
    /// Percent-encoded as a whole.
    PercentEncoded,
    /// The value is a whole JSON text.
    Json,
    /// Basic: not base64.
    BasicNotBase64,
    /// Basic: no colon inside.
    BasicNoColon,
    /// A field larger than 7,168 bytes, its size in KiB.
    Large(u16),
    /// The mask that stands in its place, as a word (`REDACTED`).
    Mask(String),
}

/// A blank outside what HTTP strips, or an invisible character; where it stands.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blank {
    /// Blanks before the scheme (HTTP strips them; a log or proxy shows them).
    Leading,
    /// Blanks after the credential (HTTP strips them).
    Trailing,
    /// A blank or tab inside the credential.
    Inside,
    /// A tab between scheme and credential.
    Tab,
    /// A line break anywhere.
    LineBreak,
    /// `%20`, `%0A`, `%0D` or `%09` in place of a blank.
    Encoded,
    /// A zero-width or no-break blank or a byte order mark.
    Invisible,
}
