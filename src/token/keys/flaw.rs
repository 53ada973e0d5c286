//! Flaws of a public key by which a signature proves nothing, or by which no verifier takes it.

use super::material::Material;

/// Primes that show the ROCA flaw, 2 left out.
const PRIMES: [u8; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Returns why nothing should be verified with this key.
pub(super) fn of(material: &Material) -> Option<&'static str> {
    match material {
        Material::Rsa { n, e } => of_rsa(n, e),
        Material::Ec { .. } if !material.is_on_curve() => Some("its point is not on its curve"),
        Material::Ed25519(_) | Material::Ec { .. } | Material::Secret(_) => None,
        Material::Other(kind) => Some(kind),
    }
}

fn of_rsa(n: &[u8], e: &[u8]) -> Option<&'static str> {
    let is_odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
    if !is_odd(e) || e == [1] {
        Some("its `e` is no exponent of RSA: that is odd and 3 or more")
    } else if !is_odd(n) {
        Some("its `n` is no modulus of RSA: that is odd")
    } else if !(128..=1024).contains(&n.len()) {
        Some("its modulus has a size with which nothing is checked here: 1,024 to 8,192 bits are")
    } else if is_roca(n) {
        Some("anyone can compute the private key to it (ROCA, CVE-2017-15361)")
    } else {
        None
    }
}

/// Returns whether modulo each small prime the modulus is a power of 65,537: so it is for all keys of a
/// chip library that made its primes from powers of it, and for one in 2^28 others at most.
fn is_roca(n: &[u8]) -> bool {
    PRIMES.iter().map(|p| u32::from(*p)).all(|p| {
        let rest = n.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % p);
        let mut power = 1;
        (0..p).any(|_| {
            power = power * (65_537 % p) % p;
            power == rest
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rsa(n: Vec<u8>, e: &[u8]) -> Option<&'static str> {
        of(&Material::Rsa { n, e: e.to_vec() })
    }

    #[test]
    fn an_exponent_of_one_is_no_key_and_three_is() {
        let n = [vec![0xc5; 255], vec![0x0b]].concat();
        assert_eq!(rsa(n.clone(), &[3]), None);
        assert_eq!(rsa(n.clone(), &[1, 0, 1]), None);
        for e in [&[1_u8][..], &[1, 0, 0], &[]] {
            assert!(rsa(n.clone(), e).is_some(), "{e:?}");
        }
    }

    #[test]
    fn a_modulus_has_a_size_that_somebody_uses() {
        assert_eq!(rsa(vec![0xc5; 128], &[3]), None);
        assert!(rsa(vec![0xc5; 127], &[3]).is_some());
        assert!(rsa(vec![0xc5; 1025], &[3]).is_some());
        assert!(rsa(vec![0xc4; 256], &[3]).is_some());
    }

    #[test]
    fn powers_of_65537_modulo_all_small_primes_are_the_roca_mark() {
        // 65537^63 has 1,009 bits; a further factor 65537^2 is among its powers too.
        let power = simple_asn1::BigUint::from(65_537_u32).pow(65).to_bytes_be();
        assert!(is_roca(&power));
        let mut other = power;
        if let Some(last) = other.last_mut() {
            *last ^= 2;
        }
        assert!(!is_roca(&other));
    }
}
