//! What a response says of authentication.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cause::CauseId;
use super::time::At;
use super::told::Told;

/// A response read for auth: whether it refuses, by what sign, and what reasons it states.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Let in, refused or neither.
    pub outcome: Outcome,
    /// What it says, strongest first: codes before words, fields before free text.
    pub statements: Vec<Statement>,
    /// Challenges of `WWW-Authenticate` and `Proxy-Authenticate`, in order.
    pub challenges: Vec<Challenge>,
    /// The server's own clock where a message prints it.
    pub server_time: Option<At>,
    /// What its messages say of the token's times; empty once they were held against the token.
    #[serde(default)]
    pub told: Told,
    /// Whether a body that could have held the reason is missing from the capture.
    pub body_missing: bool,
}

/// What happened to the request, by the answer alone.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// 2xx or 3xx, no error inside, not to a login page.
    LetIn,
    /// Refused, where a reader would suspect auth; the strongest sign.
    Refused(Sign),
    /// An answer that says nothing of auth: a plain 404, 5xx, 400.
    Neutral,
    /// No answer was captured.
    #[default]
    Unanswered,
}

/// By what sign a refusal is known.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// Status 401.
    Unauthorized,
    /// Status 407.
    ProxyAuthentication,
    /// Status 403.
    Forbidden,
    /// Another status that means auth by itself: 419, 440, 498, 499 with a token error, 511.
    AuthStatus,
    /// Status 429.
    TooManyRequests,
    /// A redirect to a login page or with an OAuth error in its target.
    LoginRedirect,
    /// A login page in place of the answer.
    LoginPage,
    /// Any other status (200 too) with an auth error in a body, field or reason code.
    Said,
    /// `grpc-status` 16 or 7.
    Grpc,
    /// 431, 400 or 494 for the size of the fields.
    FieldsTooLarge,
    /// No status, and the recorder says that the browser blocked it (CORS).
    Blocked,
}

/// One reason that an answer states.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// What the words or the code can mean, likeliest first; empty when they name no cause
    /// (`Unauthorized`).
    pub causes: Vec<CauseId>,
    /// How much the words weigh.
    pub weight: Weight,
    /// The words or the code, masked, at most 160 characters.
    pub text: String,
    /// Where they stand: `body.error`, `header:www-authenticate.error`, `status`, `redirect.error`,
    /// `reason:response_code_details`, `grpc-message`.
    pub place: String,
    /// Id of the dialect that recognised them; `None` for the general reading.
    pub dialect: Option<String>,
    /// A value the message names (`expected audience api://orders`), masked.
    pub expected: Option<String>,
    /// The input that holds it, with the line where that is known, when it is another than the one with
    /// the answer: the same exchange as another observer saw it.
    #[serde(default)]
    pub seen_by: Option<Arc<str>>,
}

/// How much a statement weighs, weakest first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// The status alone.
    Status,
    /// A vague code or phrase: several causes are common under it.
    Vague,
    /// A general reading of words whose speaker is unknown.
    Words,
    /// A phrase or field known from its speaker or a standard that means one cause.
    Phrase,
    /// A code that means one cause.
    Code,
}

/// One challenge (RFC 9110, section 11.6.1).
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Challenge {
    /// Scheme word as sent.
    pub scheme: String,
    /// Whether it stood in `Proxy-Authenticate`.
    pub proxy: bool,
    /// Parameters in order, names in lower case, values unquoted and masked; `token68` stands under
    /// the name `token68` as `present`.
    pub params: Vec<(String, String)>,
    /// Whether the field departs from the grammar (broken quotes), so that this is a best reading.
    pub broken: bool,
}

impl Statement {
    /// Returns who says it, for a sentence: `the server`, `gateway.log line 12`.
    pub fn speaker(&self) -> &str {
        self.seen_by.as_deref().unwrap_or("the server")
    }
}

impl Challenge {
    /// Returns the value of a parameter, its name in lower case.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

impl Outcome {
    /// Returns whether the request was refused where a reader would suspect auth.
    pub const fn is_refused(self) -> bool {
        matches!(self, Self::Refused(_))
    }
}
