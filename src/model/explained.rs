//! One token or header line explained, ready to render: no secret survives in it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cause::{CauseId, Confidence};
use super::finding::Evidence;
use super::report::{CaseAdvice, KeyRow};

/// What one token or header line says; what `authopsy token -f json` prints, field by field and in this
/// order.
///
/// A field without a value is `null`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Explained {
    /// `authopsy.token/1`.
    #[schemars(extend("const" = "authopsy.token/1"))]
    pub schema: String,
    /// Program version.
    pub version: String,
    /// The instant at which it was judged, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// `given`, or `now` where the clock of this machine was read.
    pub at_basis: String,
    /// How the text was read: `a header line`, `the value of Authorization`, `a bare token`, `a URL`.
    pub taken_as: String,
    /// One sentence that says what a server would make of it.
    pub summary: String,
    /// The credentials in it, the judged one first.
    pub credentials: Vec<ExplainedCredential>,
    /// What a server that checks would most likely refuse it for, the root first.
    pub findings: Vec<ExplainedFinding>,
    /// The keys that were given.
    pub keys: Vec<KeyRow>,
}

/// One credential in words.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ExplainedCredential {
    /// `jwt`, `basic` and so on.
    pub kind: String,
    /// The scheme word as standards write it.
    pub scheme: Option<String>,
    /// Where it stands: `header:authorization`.
    #[serde(rename = "where")]
    pub place: String,
    /// `present`, `truncated` and so on.
    pub state: String,
    /// Its mark; null where it could be guessed from it.
    pub fingerprint: Option<String>,
    /// Vendor and kind, where its prefix tells.
    pub vendor: Option<String>,
    /// What it is for: `access`, `id`, `refresh`, `other`; null where it does not say.
    pub used_as: Option<String>,
    /// By what mark that is known.
    pub used_as_why: Option<String>,
    /// User name of Basic or Digest, as stand-in.
    pub user: Option<String>,
    /// What the header and the claims of a token say, in their order.
    pub fields: Vec<TokenField>,
    /// Every check with its verdict.
    pub checks: Vec<Check>,
}

/// One header parameter or claim.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TokenField {
    /// `header` or `payload`.
    pub part: String,
    /// Name, masked where it looks like a secret.
    pub name: String,
    /// What a registered name means (`expiration time`); null for others.
    pub meaning: Option<String>,
    /// The value where it may be shown; a stand-in (`sub:...`) for what names a person.
    pub value: Option<String>,
    /// The shape of the value: `text of 36 characters, a UUID`.
    pub shape: String,
    /// The instant that a time claim names, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub time: Option<String>,
}

/// One check of a token or its field.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// What was checked: `field`, `form`, `alg`, `kid`, `exp`, `nbf`, `iat`, `iss`, `aud`, `claims`,
    /// `use`, `signature`.
    pub name: String,
    /// `pass`; `fail`; `doubt` where some servers refuse; `open` where nothing to check with is known.
    pub verdict: String,
    /// What was seen.
    pub fact: String,
}

/// A cause that fits, with what to do.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ExplainedFinding {
    /// Cause id.
    pub cause: CauseId,
    /// The card's title.
    pub title: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// Facts, the strongest first.
    pub evidence: Vec<Evidence>,
    /// What to do, one sentence.
    pub advice: String,
    /// What is wrong in this very case; known for the root only.
    pub advice_case: Option<CaseAdvice>,
    /// What to do at the client.
    pub advice_client: String,
    /// What to do at the server.
    pub advice_server: String,
}
