//! Key files in PEM or DER: public keys, certificates, private keys (their public half), OpenSSH.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use simple_asn1::ASN1Block as Block;

use super::material::{Curve, ED448, Material};
use super::text::base64_of;

/// A key read from a file.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) material: Material,
    /// The text is no PEM as it stands; it is one with its line breaks restored.
    pub(super) repaired: bool,
}

/// Why a text that is meant as a key is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Refusal {
    /// A private key under a passphrase.
    Encrypted,
    /// PEM armour around something else, or damaged.
    Damaged,
}

/// Reads every PEM block of `text`; `None` when there is none.
pub(super) fn read_pem(text: &str) -> Option<Result<Vec<Read>, Refusal>> {
    const BEGIN: &str = "-----BEGIN ";
    if !text.contains(BEGIN) {
        return None;
    }
    let restored = text.replace("\\r", "").replace("\\n", "\n");
    let mut keys = Vec::new();
    let mut refusal = Refusal::Damaged;
    let mut rest = restored.as_str();
    while let Some(start) = rest.find(BEGIN) {
        let block = rest.get(start..).unwrap_or_default();
        let Some((label, body)) = block.get(BEGIN.len()..).and_then(|b| b.split_once("-----"))
        else {
            break;
        };
        let Some((body, after)) = body.split_once("-----END") else { break };
        rest = after;
        if label.contains("ENCRYPTED") || body.contains("ENCRYPTED") {
            refusal = Refusal::Encrypted;
            continue;
        }
        let armour: String = body.lines().filter(|l| !l.contains(':')).collect();
        let Some(der) = base64_of(&armour) else { continue };
        let repaired = restored != text || !is_wrapped(body);
        keys.extend(read_der(&der).map(|material| Read { material, repaired }));
    }
    Some(if keys.is_empty() { Err(refusal) } else { Ok(keys) })
}

/// Whether the text between the armour lines has the line breaks that PEM readers ask for.
fn is_wrapped(body: &str) -> bool {
    let body = body.strip_prefix('\r').unwrap_or(body);
    body.starts_with('\n')
        && body.trim_end_matches([' ', '\t']).ends_with('\n')
        && body.lines().all(|line| line.trim_end().len() <= 76)
}

/// Reads an OpenSSH public key (`ssh-ed25519 AAAA... comment`).
pub(super) fn read_ssh(text: &str) -> Option<Material> {
    let mut words = text.split_whitespace();
    let kind = words.next().filter(|k| k.starts_with("ssh-") || k.starts_with("ecdsa-sha2-"))?;
    let blob = base64::engine::general_purpose::STANDARD.decode(words.next()?).ok()?;
    let mut fields = Vec::new();
    let mut rest = blob.as_slice();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        fields.push(after.get(..length)?);
        rest = after.get(length..)?;
    }
    match (kind, fields.as_slice()) {
        ("ssh-rsa", [_, e, n]) => Some(Material::Rsa { n: bare(n), e: bare(e) }),
        ("ssh-ed25519", [_, x]) if x.len() == 32 => Some(Material::Ed25519(x.to_vec())),
        (_, [_, curve, point]) => {
            let curve = match *curve {
                b"nistp256" => Curve::P256,
                b"nistp384" => Curve::P384,
                b"nistp521" => Curve::P521,
                _ => return None,
            };
            ec(curve, point)
        }
        _ => None,
    }
}

/// Reads DER: `SubjectPublicKeyInfo`, certificate, PKCS #1, PKCS #8, SEC 1.
pub(super) fn read_der(der: &[u8]) -> Option<Material> {
    if der.first() != Some(&0x30) {
        return None;
    }
    blocks(der)?.first().and_then(key_in)
}

/// Most levels of DER in a certificate or key that is met; 9 is what certificates have.
const DEEPEST: u8 = 24;

fn blocks(der: &[u8]) -> Option<Vec<Block>> {
    // Anything longer is no key.
    if der.len() > 1 << 16 || !is_shallow(der, DEEPEST) {
        return None;
    }
    simple_asn1::from_der(der).ok()
}

/// Whether no value lies deeper than `levels`: the reader recurses at each of them.
fn is_shallow(mut der: &[u8], levels: u8) -> bool {
    while let [tag, rest @ ..] = der {
        // Of a tag with several bytes, the later ones have the high bit but for the last.
        let more = if tag & 0x1f == 0x1f {
            rest.iter().position(|b| b & 0x80 == 0).map_or(rest.len(), |at| at + 1)
        } else {
            0
        };
        let Some([length, rest @ ..]) = rest.get(more..) else { return true };
        // The long form says in how many bytes the length stands.
        let bytes = if *length < 0x80 { 0 } else { usize::from(length & 0x7f) };
        let Some((long, rest)) = rest.split_at_checked(bytes) else { return true };
        let long = long.iter().map(|b| usize::from(*b));
        let long = long.fold(0_usize, |sum, b| sum.saturating_mul(256).saturating_add(b));
        let length = if *length < 0x80 { usize::from(*length) } else { long };
        let (inner, after) = rest.split_at(length.min(rest.len()));
        if tag & 0x20 != 0 && (levels == 0 || !is_shallow(inner, levels - 1)) {
            return false;
        }
        der = after;
    }
    true
}

fn key_in(block: &Block) -> Option<Material> {
    let Block::Sequence(_, parts) = block else { return None };
    match parts.as_slice() {
        [Block::Sequence(_, kind), Block::BitString(_, _, bits)] => public(kind, bits),
        [Block::Integer(_, n), Block::Integer(_, e)]
        | [
            Block::Integer(..),
            Block::Integer(_, n),
            Block::Integer(_, e),
            Block::Integer(..),
            ..,
        ] => Some(Material::Rsa {
            n: n.to_biguint()?.to_bytes_be(),
            e: e.to_biguint()?.to_bytes_be(),
        }),
        [Block::Integer(..), Block::Sequence(_, kind), Block::OctetString(_, inner), ..] => {
            private(kind, inner)
        }
        [Block::Integer(..), Block::OctetString(..), rest @ ..] => {
            let curve = rest.iter().find_map(|b| curve_of(std::slice::from_ref(b)))?;
            point_in(curve, rest)
        }
        // A certificate: the key stands in its first part.
        [Block::Sequence(_, certificate), ..] => certificate.iter().find_map(key_in),
        _ => None,
    }
}

fn private(kind: &[Block], inner: &[u8]) -> Option<Material> {
    match oid(kind.first()?)?.as_slice() {
        [1, 3, 101, 112] => {
            let seed = inner.strip_prefix(&[4, 32])?;
            let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
            Some(Material::Ed25519(pair.public_key().as_ref().to_vec()))
        }
        [1, 2, 840, 10045, 2, 1] => {
            let curve = curve_of(kind)?;
            let blocks = blocks(inner)?;
            let Some(Block::Sequence(_, parts)) = blocks.first() else { return None };
            point_in(curve, parts)
        }
        // PKCS #1, and no further envelope: files that nest them are made to exhaust the stack.
        [1, 2, 840, 113_549, 1, 1, _] => match blocks(inner)?.first()? {
            block @ Block::Sequence(_, parts)
                if matches!(parts.get(1), Some(Block::Integer(..))) =>
            {
                key_in(block)
            }
            _ => None,
        },
        _ => None,
    }
}

fn public(kind: &[Block], bits: &[u8]) -> Option<Material> {
    match oid(kind.first()?)?.as_slice() {
        [1, 2, 840, 113_549, 1, 1, _] => read_der(bits),
        [1, 2, 840, 10045, 2, 1] => match curve_of(kind) {
            Some(curve) => ec(curve, bits),
            None => Some(Material::Other("it is on a curve that JOSE does not use")),
        },
        [1, 3, 101, 112] => (bits.len() == 32).then(|| Material::Ed25519(bits.to_vec())),
        [1, 3, 101, 113] => Some(Material::Other(ED448)),
        [1, 2, 840, 10040, 4, 1] => {
            Some(Material::Other("it is a DSA key, which JOSE does not use"))
        }
        _ => None,
    }
}

/// Finds the public point that most private keys carry, under an explicit tag.
fn point_in(curve: Curve, parts: &[Block]) -> Option<Material> {
    parts.iter().find_map(|part| match part {
        Block::Explicit(_, _, _, inner) => match inner.as_ref() {
            Block::BitString(_, _, bits) => ec(curve, bits),
            _ => None,
        },
        _ => None,
    })
}

fn ec(curve: Curve, point: &[u8]) -> Option<Material> {
    match point.first()? {
        4 if point.len() == 1 + 2 * curve.width() => {
            Some(Material::Ec { curve, point: point.to_vec() })
        }
        2 | 3 => Some(Material::Other("its point is compressed: give it with both numbers")),
        _ => None,
    }
}

fn curve_of(kind: &[Block]) -> Option<Curve> {
    kind.iter().find_map(|block| {
        let block = match block {
            Block::Explicit(_, _, _, inner) => inner,
            other => other,
        };
        if let Block::Sequence(_, parameters) = block {
            return explicit_curve(parameters);
        }
        match oid(block)?.as_slice() {
            [1, 2, 840, 10045, 3, 1, 7] => Some(Curve::P256),
            [1, 3, 132, 0, 34] => Some(Curve::P384),
            [1, 3, 132, 0, 35] => Some(Curve::P521),
            [1, 3, 132, 0, 10] => Some(Curve::Secp256k1),
            _ => None,
        }
    })
}

/// Knows a curve by its numbers (RFC 3279, section 2.3.5), as old OpenSSL tools wrote keys.
///
/// All of them are compared: with another base point one can make a private key to any public one.
fn explicit_curve(parameters: &[Block]) -> Option<Curve> {
    let [
        _,
        Block::Sequence(_, field),
        Block::Sequence(_, curve),
        Block::OctetString(_, base),
        Block::Integer(_, order),
        ..,
    ] = parameters
    else {
        return None;
    };
    let ([_, Block::Integer(_, prime)], [Block::OctetString(_, a), Block::OctetString(_, b), ..]) =
        (field.as_slice(), curve.as_slice())
    else {
        return None;
    };
    let (prime, order) = (prime.to_biguint()?.to_bytes_be(), order.to_biguint()?.to_bytes_be());
    let numbers = [prime, bare(a), bare(b), base.clone(), order].concat();
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&numbers);
    let digest = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest);
    EXPLICIT.iter().find(|(_, known)| *known == digest).map(|(curve, _)| *curve)
}

/// SHA-256, as base64url, over the numbers of each curve (SEC 2): prime, a, b, base point, order.
const EXPLICIT: [(Curve, &str); 4] = [
    (Curve::P256, "CBUFbUPysKvsNEfY2faSE5clJWeTDVGdUysJmN2x2og"),
    (Curve::P384, "7UWgo4XcpHK-ZX7219vwPpdNhK21JeO1HiG5PDpup5I"),
    (Curve::P521, "lrFUpFr6gTwrw3v2M06RXTgVKHN3_oUcf6SNyvU61p4"),
    (Curve::Secp256k1, "FL6t8CHlvHOKtOI4MpsAE2AORYwWIYI31EVKzvcjgWY"),
];

fn oid(block: &Block) -> Option<Vec<u64>> {
    let Block::ObjectIdentifier(_, oid) = block else { return None };
    oid.as_vec::<u64>().ok()
}

fn bare(number: &[u8]) -> Vec<u8> {
    number.iter().copied().skip_while(|b| *b == 0).collect()
}
