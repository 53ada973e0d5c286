//! RSA signatures under keys of fewer than 2,048 bits.
//!
//! RFC 7518, section 3.3, wants 2,048 bits at least, and the backend keeps to that for all algorithms but
//! two. Such keys are met all the same, in old systems and in tests, and the question here is what a
//! signature says, not whether to trust it.

use sha2::{Digest, Sha256, Sha384, Sha512};

use super::material::DIGESTS;

/// Longest exponent, in bytes: 65,537 has three, and a long one would cost seconds.
const LONGEST_EXPONENT: usize = 8;

/// Checks an RSA signature of RFC 7518, section 3.3 or 3.5; false for any other algorithm.
pub(super) fn verifies(n: &[u8], e: &[u8], alg: &str, message: &[u8], signature: &[u8]) -> bool {
    let Some(encoded) = open(n, e, signature) else { return false };
    match alg {
        "RS256" => is_padded(&encoded, &Sha256::digest(message)),
        "RS384" => is_padded(&encoded, &Sha384::digest(message)),
        "RS512" => is_padded(&encoded, &Sha512::digest(message)),
        "PS256" => is_salted::<Sha256>(&encoded, n, message),
        "PS384" => is_salted::<Sha384>(&encoded, n, message),
        "PS512" => is_salted::<Sha512>(&encoded, n, message),
        _ => false,
    }
}

/// Returns `signature ^ e mod n`, as long as the modulus (RFC 8017, section 5.2.2).
pub(super) fn open(n: &[u8], e: &[u8], signature: &[u8]) -> Option<Vec<u8>> {
    if signature.len() != n.len() || e.len() > LONGEST_EXPONENT {
        return None;
    }
    let number = |bytes: &[u8]| simple_asn1::BigUint::from_bytes_be(bytes);
    let (signature, modulus) = (number(signature), number(n));
    if signature >= modulus {
        return None;
    }
    let opened = signature.modpow(&number(e), &modulus).to_bytes_be();
    let zeros = n.len().checked_sub(opened.len())?;
    Some(std::iter::repeat_n(0, zeros).chain(opened).collect())
}

/// Whether this is the padding of PKCS #1 version 1.5 with the digest (RFC 8017, section 9.2).
fn is_padded(encoded: &[u8], digest: &[u8]) -> bool {
    let head = DIGESTS.iter().find(|(_, length)| *length == digest.len()).map(|(head, _)| *head);
    let tail = [head.unwrap_or_default(), digest].concat();
    let Some(fill) = encoded.len().checked_sub(tail.len() + 2).filter(|fill| *fill >= 8) else {
        return false;
    };
    encoded == [vec![0, 1], vec![0xff; fill], tail].concat()
}

/// Whether this is the salted padding, its salt as long as the hash (RFC 8017, section 9.1.2, and
/// RFC 7518, section 3.5).
fn is_salted<H: Digest>(encoded: &[u8], n: &[u8], message: &[u8]) -> bool {
    let digest = H::digest(message);
    let spare = n.first().map_or(0, |first| first.leading_zeros());
    // One bit less than the modulus has; where that makes whole bytes, the first byte is none of them.
    let unused = spare + 1;
    let encoded = match (unused, encoded) {
        (8, [0, rest @ ..]) => rest,
        (8, _) => return false,
        _ => encoded,
    };
    let mask = 0xff_u8.checked_shr(unused % 8).unwrap_or(0);
    let Some((body, [0xbc])) = encoded.split_at_checked(encoded.len().saturating_sub(1)) else {
        return false;
    };
    let Some(length) = body.len().checked_sub(digest.len()) else { return false };
    let Some((hidden, hash)) = body.split_at_checked(length) else { return false };
    let Some(first) = hidden.first() else { return false };
    let mut block: Vec<u8> =
        hidden.iter().zip(stretch::<H>(hash, length)).map(|(a, b)| a ^ b).collect();
    if first & !mask != 0 {
        return false;
    }
    if let Some(first) = block.first_mut() {
        *first &= mask;
    }
    let Some(zeros) = length.checked_sub(digest.len() + 1) else { return false };
    let Some((fill, [1, salt @ ..])) = block.split_at_checked(zeros) else { return false };
    let again = H::new().chain_update([0; 8]).chain_update(&digest).chain_update(salt).finalize();
    fill.iter().all(|byte| *byte == 0) && again.as_slice() == hash
}

/// Makes `length` bytes out of a seed (MGF1: RFC 8017, section B.2.1).
fn stretch<H: Digest>(seed: &[u8], length: usize) -> Vec<u8> {
    let blocks = (0_u32..).map(|counter| {
        H::new().chain_update(seed).chain_update(counter.to_be_bytes()).finalize().to_vec()
    });
    blocks.flatten().take(length).collect()
}
