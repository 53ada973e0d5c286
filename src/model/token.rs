//! The facts of one distinct token; no secret survives in it.

use std::collections::HashSet;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
use super::names::Names;
use super::numeric_date::NumericDate;
use super::time::At;
use super::verdict::Verdict;

/// What a token says of itself: decoded once, leniently, never verified here.
///
/// There may be millions of them, of a few makes: what all of one make have in common is kept once, see
/// [`Makes`], and read as if it stood here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// Its mark.
    pub fingerprint: Option<Fingerprint>,
    /// What it has in common with others.
    pub make: Arc<Make>,
    /// Claim `sub` as `sub:` pseudonym.
    pub sub: Option<Box<str>>,
    /// Claim `azp`, else `client_id`, else `cid` or `appid`: some issuers know millions of clients.
    pub client: Option<Box<str>>,
    /// Claim `exp`.
    pub exp: Option<NumericDate>,
    /// Claim `nbf`.
    pub nbf: Option<NumericDate>,
    /// Claim `iat`.
    pub iat: Option<NumericDate>,
    /// Mark of header and payload without the signature: equal marks with other signatures, or other
    /// marks with equal signatures, show tampering.
    pub unsigned: Option<Fingerprint>,
    /// Mark of the signature alone.
    pub signature_mark: Option<Fingerprint>,
    /// What the keys that are known say of it; `None` when there are none.
    #[serde(default)]
    pub verdict: Option<Box<Verdict>>,
}

/// What tokens have in common that one issuer makes for one purpose: all but whose they are, which client
/// has them, when they live, and what signs them.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Make {
    /// Structure.
    pub form: Form,
    /// Where its encoding or structure departs from RFC 7515, in the order of the text.
    pub faults: Vec<Fault>,
    /// Header `alg` as written; text that is no known algorithm is kept, at most 32 characters.
    pub alg: Option<String>,
    /// Header `typ`.
    pub typ: Option<String>,
    /// Header `kid`, masked when it looks like a secret.
    pub kid: Option<String>,
    /// Names in header `crit`.
    pub crit: Vec<String>,
    /// Claim `iss`.
    pub iss: Option<String>,
    /// Claim `aud`, one or several.
    pub aud: Vec<String>,
    /// `aud` is an array, also of one.
    #[serde(default)]
    pub aud_is_list: bool,
    /// Claims `scope`, `scp`, split at blanks, sorted.
    pub scopes: Names,
    /// Claims `roles`, `role`, `groups`, `permissions`, `realm_access.roles`, sorted.
    pub roles: Vec<String>,
    /// Claims `tid`, `tenant`, `org_id`, `realm`, whichever stands first.
    pub tenant: Option<String>,
    /// Claim `jti` is there.
    pub has_jti: bool,
    /// Names of all claims, sorted.
    pub claims: Names,
    /// Claim `cnf`: bound to a DPoP key (`jkt`) or a certificate (`x5t`).
    pub bound: Option<String>,
    /// What it is for.
    pub used_as: Use,
    /// Why `used_as` was chosen: `typ is at+jwt`, `claim nonce`.
    pub used_as_why: Option<String>,
    /// Vendor and kind of an opaque token known by its prefix (`GitHub personal access token`).
    pub vendor: Option<String>,
    /// Its third segment.
    pub signature: Signature,
}

/// The makes that were met, each once.
#[derive(Debug, Default)]
pub struct Makes {
    known: HashSet<Arc<Make>, FixedState>,
    /// Lists of claims and scopes: tokens of many makes have the same.
    names: HashSet<Names, FixedState>,
    /// The one that was met last.
    last: Option<Arc<Make>>,
}

/// Most makes that are remembered; then all are forgotten, and it begins anew.
const MOST_MAKES: usize = 4096;

impl Makes {
    /// Has a token share its make with those before it.
    pub fn share(&mut self, token: &mut Token) {
        if self.last.as_ref().is_some_and(|last| Arc::ptr_eq(last, &token.make)) {
            return;
        }
        token.make = match self.known.get(&token.make) {
            Some(known) => Arc::clone(known),
            None => self.add(Arc::unwrap_or_clone(std::mem::take(&mut token.make))),
        };
        self.last = Some(Arc::clone(&token.make));
    }

    /// Notes that a token of a make that is shared already is met.
    pub fn meet(&mut self, make: &Arc<Make>) {
        self.last = Some(Arc::clone(make));
    }

    /// Returns the one copy of a make.
    pub fn shared(&mut self, make: Make) -> Arc<Make> {
        match self.known.get(&make) {
            Some(known) => Arc::clone(known),
            None => self.add(make),
        }
    }

    fn add(&mut self, mut make: Make) -> Arc<Make> {
        for names in [&mut make.claims, &mut make.scopes] {
            self.share_names(names);
        }
        if self.known.len() >= MOST_MAKES {
            self.known.clear();
        }
        let make = Arc::new(make);
        self.known.insert(Arc::clone(&make));
        make
    }

    fn share_names(&mut self, names: &mut Names) {
        if let Some(known) = self.names.get(names) {
            names.share(known);
            return;
        }
        if self.names.len() >= MOST_MAKES {
            self.names.clear();
        }
        self.names.insert(names.clone());
    }
}

/// The structure of a token.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Three segments, or fewer or more with a JOSE header first: a JWS.
    Jws,
    /// A JOSE header with `enc`: a JWE.
    Jwe,
    /// No JOSE header.
    #[default]
    Opaque,
}

/// A segment of a compact token.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    /// The first.
    Header,
    /// The second.
    Payload,
    /// The third of a JWS.
    Signature,
    /// The second of a JWE: the content key, encrypted.
    EncryptedKey,
    /// The third of a JWE.
    InitializationVector,
    /// The fourth of a JWE.
    Ciphertext,
    /// The fifth of a JWE.
    AuthenticationTag,
}

impl Segment {
    /// Returns the name used in evidence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Signature => "signature",
            Self::EncryptedKey => "encrypted key",
            Self::InitializationVector => "initialization vector",
            Self::Ciphertext => "ciphertext",
            Self::AuthenticationTag => "authentication tag",
        }
    }
}

/// A departure of a token's text from its form.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Fewer segments than its kind needs: found, needed.
    TooFewSegments(u8, u8),
    /// More segments than its kind has: found, needed.
    TooManySegments(u8, u8),
    /// The signature is shorter than `alg` dictates: bytes found, bytes needed.
    ShortSignature(u16, u16),
    /// The same, where what stands there is plain words: somebody put it in, nothing was cut off.
    DummySignature(u16, u16),
    /// The signature is longer than `alg` dictates: bytes found, bytes needed.
    LongSignature(u16, u16),
    /// Cut at a size at which storage or fields cut (255, 256, 1,024, 2,048, 4,096 characters).
    CutAt(u16),
    /// Letters of the standard base64 alphabet (`+`, `/`).
    StandardAlphabet(Segment),
    /// Base64 padding (`=`).
    Padding(Segment),
    /// Percent-encoding.
    PercentEncoded,
    /// A character outside every base64 alphabet.
    ForeignCharacter(Segment),
    /// A length that no base64 text has.
    OddLength(Segment),
    /// Decodes to bytes that are no JSON object.
    NotJson(Segment),
    /// An empty segment.
    EmptySegment(Segment),
    /// `alg` is missing or no text.
    NoAlg,
    /// A segment of a JWE is shorter or longer than `enc` dictates: bytes found, bytes needed.
    WrongLength(Segment, u16, u16),
    /// `crit` is no list of names, names what every verifier knows, or what is not in the header
    /// (RFC 7515, section 4.1.11).
    Crit,
    /// The header has a member twice.
    DuplicateMember,
}

/// The third segment of a token.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    /// There is none, and the form has none.
    #[default]
    None,
    /// It stands there.
    Present,
    /// Taken out by a sanitizer (`redacted`, empty with an `alg` that signs).
    Removed,
}

/// What a token is for.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// An access token by its own marks.
    Access,
    /// An ID token by its own marks.
    Id,
    /// A refresh token by its own marks.
    Refresh,
    /// Another purpose by its own marks (logout token, security event, DPoP proof, client assertion).
    Other,
    /// It does not say.
    #[default]
    Unknown,
}

impl Token {
    /// Makes a token of which nothing is known but its make.
    pub fn of(make: Make) -> Self {
        Self::made(Arc::new(make))
    }

    /// The same of a make that it shares.
    pub fn made(make: Arc<Make>) -> Self {
        Self {
            fingerprint: None,
            make,
            sub: None,
            client: None,
            exp: None,
            nbf: None,
            iat: None,
            unsigned: None,
            signature_mark: None,
            verdict: None,
        }
    }

    /// Returns the instant of `exp` when it is a plain number of seconds.
    pub fn expires(&self) -> Option<At> {
        self.exp.as_ref().and_then(NumericDate::in_seconds)
    }

    /// Takes what keys say: a signature that verifies has its right length, whatever is usual.
    pub fn hear(&mut self, verdict: Verdict) {
        if matches!(verdict, Verdict::Valid { .. }) {
            let of_length = |fault: &Fault| {
                matches!(
                    fault,
                    Fault::ShortSignature(..)
                        | Fault::DummySignature(..)
                        | Fault::LongSignature(..)
                        | Fault::CutAt(_)
                )
            };
            if self.faults.iter().any(of_length) {
                self.faults.retain(|fault| !of_length(fault));
            }
        }
        self.verdict = Some(Box::new(verdict));
    }

    /// Returns whether a claim of this name is there.
    pub fn has_claim(&self, name: &str) -> bool {
        self.claims.iter().any(|c| c == name)
    }
}

impl Deref for Token {
    type Target = Make;

    fn deref(&self) -> &Make {
        &self.make
    }
}

/// While a token is read, its make is its own; one that it shares with others is copied first.
impl DerefMut for Token {
    fn deref_mut(&mut self) -> &mut Make {
        Arc::make_mut(&mut self.make)
    }
}
