//! Key material and the one question it answers: does this signature fit these bytes?

use aws_lc_rs::signature::{self as lc, ParsedPublicKey, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use zeroize::Zeroizing;

use super::short;
use super::text::base64_of;

/// A curve of ECDSA keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
    Secp256k1,
}

impl Curve {
    /// Bytes of one coordinate.
    pub(super) const fn width(self) -> usize {
        match self {
            Self::P256 | Self::Secp256k1 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The name in a JWK.
    pub(super) const fn crv(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Secp256k1 => "secp256k1",
        }
    }

    /// The backend's algorithm for signatures in DER.
    fn der_algorithm(self) -> &'static lc::EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &lc::ECDSA_P256_SHA256_ASN1,
            Self::P384 => &lc::ECDSA_P384_SHA384_ASN1,
            Self::P521 => &lc::ECDSA_P521_SHA512_ASN1,
            Self::Secp256k1 => &lc::ECDSA_P256K1_SHA256_ASN1,
        }
    }

    /// The algorithm of JOSE that goes with it.
    pub(super) const fn algorithm(self) -> &'static str {
        match self {
            Self::P256 => "ES256",
            Self::P384 => "ES384",
            Self::P521 => "ES512",
            Self::Secp256k1 => "ES256K",
        }
    }
}

/// What verifies a signature.
#[derive(Clone)]
pub(super) enum Material {
    /// An HMAC secret.
    Secret(Zeroizing<Vec<u8>>),
    /// Modulus and exponent, big-endian, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// An uncompressed point, its first byte 4.
    Ec { curve: Curve, point: Vec<u8> },
    /// An Ed25519 key.
    Ed25519(Vec<u8>),
    /// A key that nothing here verifies with, by the reason.
    Other(&'static str),
}

/// Why a key of this kind is not used: the backend lacks it.
pub(super) const ED448: &str = "it is an Ed448 key, with which nothing is checked here";

impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind())
    }
}

/// The least that an RSA key is to have (RFC 7518, section 3.3).
const STRONG_BITS: usize = 2048;

/// The order in which algorithms of a family are tried.
const HMAC: [&str; 3] = ["HS256", "HS384", "HS512"];
const RSA: [&str; 6] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

impl Material {
    /// Returns `HMAC secret`, `RSA`, `EC P-256`, `Ed25519` and the like.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Secret(_) => "HMAC secret",
            Self::Rsa { .. } => "RSA",
            Self::Ec { curve: Curve::P256, .. } => "EC P-256",
            Self::Ec { curve: Curve::P384, .. } => "EC P-384",
            Self::Ec { curve: Curve::P521, .. } => "EC P-521",
            Self::Ec { curve: Curve::Secp256k1, .. } => "EC secp256k1",
            Self::Ed25519(_) => "Ed25519",
            Self::Other(_) => "unusable",
        }
    }

    /// Returns the algorithms that go with this kind of key.
    pub(super) fn algorithms(&self) -> Vec<&'static str> {
        match self {
            Self::Secret(_) => HMAC.to_vec(),
            Self::Rsa { .. } => RSA.to_vec(),
            Self::Ec { curve, .. } => vec![curve.algorithm()],
            Self::Ed25519(_) => vec!["EdDSA", "Ed25519"],
            Self::Other(_) => Vec::new(),
        }
    }

    /// Returns the RFC 7638 thumbprint; a secret has none, since it could be guessed from one.
    pub(super) fn thumbprint(&self) -> Option<String> {
        let b64 = |bytes: &[u8]| BASE64.encode(bytes);
        let text = match self {
            Self::Secret(_) | Self::Other(_) => return None,
            Self::Rsa { n, e } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, b64(e), b64(n)),
            Self::Ec { curve, point } => {
                let (x, y) = coordinates(*curve, point)?;
                let crv = curve.crv();
                format!(r#"{{"crv":"{crv}","kty":"EC","x":"{}","y":"{}"}}"#, b64(x), b64(y))
            }
            Self::Ed25519(x) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, b64(x)),
        };
        let digest = <sha2::Sha256 as sha2::Digest>::digest(text.as_bytes());
        Some(b64(&digest))
    }

    /// Checks `signature` over `message` as algorithm `alg` of RFC 7518, RFC 8037 or RFC 8812.
    ///
    /// `None` when the algorithm is unknown or does not go with this kind of key.
    pub(super) fn verifies(&self, alg: &str, message: &[u8], signature: &[u8]) -> Option<bool> {
        match (self, alg) {
            (Self::Secret(secret), "HS256" | "HS384" | "HS512") => {
                by_jsonwebtoken(alg, &DecodingKey::from_secret(secret), message, signature)
            }
            (Self::Secret(text), "EdDSA" | "Ed25519") => {
                // Libraries on libsodium keep public keys as bare bytes, or as base64 of them. Such a
                // text may be a secret as well: only success tells.
                let key = match text.len() {
                    32 => Some(text.to_vec()),
                    _ => std::str::from_utf8(text).ok().and_then(base64_of),
                };
                let key = key.filter(|key| key.len() == 32)?;
                by_lc(&lc::ED25519, &key, message, signature).then_some(true)
            }
            (Self::Rsa { n, e }, _) if RSA.contains(&alg) => {
                if n.len() >= 256 {
                    let key = DecodingKey::from_rsa_raw_components(n, e);
                    return by_jsonwebtoken(alg, &key, message, signature);
                }
                Some(short::verifies(n, e, alg, message, signature))
            }
            (Self::Ec { curve, point }, _) if curve.algorithm() == alg => {
                let (x, y) = coordinates(*curve, point)?;
                match curve {
                    Curve::P256 | Curve::P384 => {
                        let (x, y) = (BASE64.encode(x), BASE64.encode(y));
                        let key = DecodingKey::from_ec_components(&x, &y).ok()?;
                        by_jsonwebtoken(alg, &key, message, signature)
                    }
                    Curve::P521 => {
                        Some(by_lc(&lc::ECDSA_P521_SHA512_FIXED, point, message, signature))
                    }
                    Curve::Secp256k1 => {
                        Some(by_lc(&lc::ECDSA_P256K1_SHA256_FIXED, point, message, signature))
                    }
                }
            }
            (Self::Ed25519(x), "EdDSA" | "Ed25519") => {
                Some(by_lc(&lc::ED25519, x, message, signature))
            }
            _ => None,
        }
    }

    /// Returns what is weak in a key that verifies all the same.
    pub(super) fn weakness(&self) -> Option<String> {
        let Self::Rsa { n, .. } = self else { return None };
        let spare = n.first().map_or(0, |first| first.leading_zeros() as usize);
        let bits = (8 * n.len()).saturating_sub(spare);
        (bits < STRONG_BITS).then(|| {
            format!("weak: {bits} bits, where 2,048 are the least, and many verifiers refuse it")
        })
    }

    /// Returns whether an EC key is a point of its curve; the point at infinity is none.
    pub(super) fn is_on_curve(&self) -> bool {
        let Self::Ec { curve, point } = self else { return false };
        ParsedPublicKey::new(curve.der_algorithm(), point).is_ok()
    }

    /// Checks an ECDSA signature that is written in DER, as X.509 and most libraries have it.
    pub(super) fn verifies_der(&self, message: &[u8], signature: &[u8]) -> bool {
        let Self::Ec { curve, point } = self else { return false };
        if signature.first() != Some(&0x30) {
            return false;
        }
        by_lc(curve.der_algorithm(), point, message, signature)
    }

    /// Returns whether an RSA signature opens under this key to the padding of PKCS #1 version 1.5 with a
    /// digest of a kind that JOSE uses: the key made it, over whatever bytes.
    pub(super) fn opens(&self, signature: &[u8]) -> bool {
        let Self::Rsa { n, e } = self else { return false };
        let Some(opened) = short::open(n, e, signature) else { return false };
        // 0 1 ff .. ff 0, then the digest's DER.
        let padding = opened.iter().skip(2).take_while(|b| **b == 0xff).count();
        let digest = opened.get(padding + 2..).unwrap_or_default();
        opened.starts_with(&[0, 1])
            && padding >= 8
            && DIGESTS.iter().any(|(head, length)| {
                digest.strip_prefix(*head).is_some_and(|rest| rest.len() == *length)
            })
    }
}

/// What stands before a digest in an RSA signature (RFC 8017, section 9.2, note 1), and its length.
pub(super) const DIGESTS: [(&[u8], usize); 3] = [
    (&[0, 0x30, 0x31, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 32], 32),
    (&[0, 0x30, 0x41, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0, 4, 48], 48),
    (&[0, 0x30, 0x51, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0, 4, 64], 64),
];

fn coordinates(curve: Curve, point: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = point.strip_prefix(&[4])?;
    (rest.len() == 2 * curve.width()).then(|| rest.split_at(curve.width()))
}

fn by_jsonwebtoken(alg: &str, key: &DecodingKey, message: &[u8], signature: &[u8]) -> Option<bool> {
    let algorithm: Algorithm = alg.parse().ok()?;
    crypto::verify(&BASE64.encode(signature), message, key, algorithm).ok()
}

fn by_lc(
    algorithm: &'static dyn lc::VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
}
