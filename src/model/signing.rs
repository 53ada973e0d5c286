//! What a signed request says of itself: times, scope, pieces that are missing, what its proof names.

use serde::{Deserialize, Serialize};

use super::time::At;

/// Facts of a request signature, a signed URL or a `DPoP` proof.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Signing {
    /// Signing time minus request time in seconds, cut to tens so that equal requests stay equal; `None`
    /// when it is unknown or less than 30 seconds off.
    pub offset: Option<i64>,
    /// When a signed URL ends.
    pub expires: Option<At>,
    /// Where it departs from the request that carries it, in a fixed order.
    pub departs: Vec<Departure>,
}

/// One point in which a signature or proof does not fit its request.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Departure {
    /// A piece that its form needs is not there, by name.
    Lacks(String),
    /// The day in the credential scope is another than the day of signing.
    Day,
    /// The region in the credential scope, and the one in the host's name.
    Region(String, String),
    /// The service in the credential scope, and the one in the host's name.
    Service(String, String),
    /// A proof of another form than RFC 9449, section 4.2, wants; what is wrong.
    Form(String),
    /// `htm` of the proof, which is not the request's method.
    Method(String),
    /// `htu` of the proof is not the request's URL.
    Target,
    /// `ath` of the proof is not the hash of the token that was sent.
    Hash,
    /// The proof has no `ath` although a token was sent.
    NoHash,
    /// The proof's key is not the one that the token is bound to (`cnf.jkt`).
    Key,
}
