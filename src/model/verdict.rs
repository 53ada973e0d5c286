//! What keys say of a token's signature.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The result of checking one token against all keys that are known.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Verifies as its own header says.
    Valid {
        /// The key that verifies it.
        key: KeyName,
    },
    /// Verifies, but not in the way in which a verifier with this key would try it.
    Near {
        /// The key that verifies it.
        key: KeyName,
        /// What has to be done to key, algorithm or signature.
        miss: NearMiss,
    },
    /// Keys that fit its algorithm were tried, none verifies it.
    Invalid {
        /// The keys tried, at most four.
        tried: Vec<KeyName>,
        /// One of them is the key that `kid` names.
        named: bool,
    },
    /// No key of its `kid` is known, the known ones have others, and none verifies it.
    UnknownKid {
        /// The key ids that are known, sorted, at most eight.
        known: Vec<String>,
    },
    /// No key is known that fits its algorithm.
    NoKey,
    /// It cannot be checked here: its algorithm or key is of a kind that is not, or its content is
    /// elsewhere.
    Unsupported,
}

/// The way in which a signature verifies all the same.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NearMiss {
    /// The secret without the blanks around it.
    Trimmed,
    /// The secret followed by a line feed.
    LineFeed,
    /// The secret followed by carriage return and line feed.
    CarriageReturn,
    /// The secret decoded as base64 or base64url.
    Base64Decoded,
    /// The secret decoded as hex.
    HexDecoded,
    /// The secret encoded as base64 or base64url.
    Base64Encoded,
    /// The secret encoded as hex.
    HexEncoded,
    /// The secret without its quotes.
    Unquoted,
    /// The secret in quotes.
    Quoted,
    /// The text of a public key as an HMAC secret.
    PublicKeyAsSecret,
    /// The key text as it stands is no PEM; it is one with its line breaks restored.
    PemRepaired,
    /// Another algorithm than the header says.
    Algorithm(String),
    /// The algorithm of the header, for which this key is not meant: the key says this one.
    KeyAlgorithm(String),
    /// A key that is not meant for signatures: the key says this use.
    KeyUse(String),
    /// Another key than the one that `kid` names.
    OtherKey,
    /// A key with another `kid`, where no key of the token's `kid` is known.
    OtherKid,
    /// An ECDSA signature in DER where JOSE has the two numbers side by side.
    DerSignature,
    /// The last letter of the signature holds bits that belong to no byte: strict decoders refuse it.
    TrailingBits,
    /// The key made the signature, over another header or payload (RSA opens to a well-formed digest).
    OtherContent,
}

/// A key without its bytes: what a report says of it.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct KeyName {
    /// Where it came from: `--jwks 1`, `--key 2`, `--secret-env 1`, `the capture`.
    pub origin: String,
    /// Its `kid`, where it has one.
    pub kid: Option<String>,
    /// RFC 7638 thumbprint of a public key; secrets have none.
    pub thumbprint: Option<String>,
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.kid, &self.thumbprint) {
            (Some(kid), _) => write!(f, "key `{kid}` of {}", self.origin),
            (None, Some(print)) => {
                write!(f, "the key of {} ({})", self.origin, print.get(..8).unwrap_or(print))
            }
            (None, None) => write!(f, "the secret of {}", self.origin),
        }
    }
}

impl Verdict {
    /// Returns whether the signature fits the content of the token, in whichever way.
    pub fn verifies(&self) -> bool {
        match self {
            Self::Valid { .. } => true,
            Self::Near { miss, .. } => *miss != NearMiss::OtherContent,
            _ => false,
        }
    }

    /// Returns the key that verifies the signature, in whichever way.
    pub fn key(&self) -> Option<&KeyName> {
        match self {
            Self::Valid { key } | Self::Near { key, .. } => Some(key),
            _ => None,
        }
    }
}

impl NearMiss {
    /// Returns what was done to the key or the signature: `the secret decoded as base64`.
    pub fn words(&self) -> String {
        match self {
            Self::Trimmed => "with the blanks around the secret taken off".into(),
            Self::LineFeed => "with a line feed behind the secret".into(),
            Self::CarriageReturn => "with carriage return and line feed behind the secret".into(),
            Self::Base64Decoded => "with the secret decoded from base64".into(),
            Self::HexDecoded => "with the secret decoded from hex".into(),
            Self::Base64Encoded => "with the secret encoded as base64".into(),
            Self::HexEncoded => "with the secret encoded as hex".into(),
            Self::Unquoted => "with the quotes around the secret taken off".into(),
            Self::Quoted => "with quotes around the secret".into(),
            Self::PublicKeyAsSecret => "with the text of the public key as HMAC secret".into(),
            Self::PemRepaired => "with the line breaks of the PEM text restored".into(),
            Self::Algorithm(alg) => format!("as `{alg}`"),
            Self::KeyAlgorithm(alg) => format!("but the key says that it is for `{alg}`"),
            Self::KeyUse(usage) => {
                format!("but the key says that it is for `{usage}`, not for signatures")
            }
            Self::OtherKey => "which is not the one that `kid` names".into(),
            Self::OtherKid => "which has another `kid` than the token says".into(),
            Self::DerSignature => {
                "when the signature is read as DER; JOSE has r and s side by side".into()
            }
            Self::TrailingBits => {
                "but the last letter of its base64url is not the one that encoders write".into()
            }
            Self::OtherContent => "over another header or payload than this one".into(),
        }
    }
}
