//! RSA keys below the least size, and sets that mix kinds of keys.
//!
//! The keys and tokens of `samples/keys/rsa-short.json` were made with OpenSSL 3.

use super::*;

/// Keys of 1,024, 1,025 and 1,536 bits, and a token of each for each algorithm that fits in.
fn samples() -> (Keyring, Vec<String>) {
    let text = include_str!("../../../../samples/keys/rsa-short.json");
    let json: Value = serde_json::from_str(text).unwrap();
    let mut ring = Keyring::default();
    ring.add_set("--jwks 1", text).unwrap();
    let tokens = json["tokens"].as_array().unwrap().iter();
    (ring, tokens.map(|t| t.as_str().unwrap().to_owned()).collect())
}

#[test]
fn short_rsa_keys_verify_with_every_algorithm_that_fits_in() {
    let (ring, tokens) = samples();
    // PS512 needs 1,042 bits.
    assert_eq!(tokens.len(), 16);
    for token in tokens {
        assert!(matches!(by(ring.clone(), &token), Verdict::Valid { .. }), "{token}");
    }
}

#[test]
fn no_changed_bit_of_a_signature_verifies_under_a_short_key() {
    let (ring, tokens) = samples();
    for token in tokens {
        let (unsigned, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        for at in [0, 1, signature.len() / 2, signature.len() - 1] {
            let mut other = signature.clone();
            other[at] ^= 1;
            let verdict = by(ring.clone(), &with(unsigned, &other));
            assert!(matches!(verdict, Verdict::Invalid { .. }), "{at} {verdict:?} {token}");
        }
        let longer = with(unsigned, &[&[0], signature.as_slice()].concat());
        assert!(matches!(by(ring.clone(), &longer), Verdict::Invalid { .. }), "{token}");
    }
}

#[test]
fn a_short_key_that_signed_other_content_is_known_by_the_padding() {
    let (ring, tokens) = samples();
    let named = |alg: &str| {
        let header = json!({"alg": alg, "kid": "rsa-1536"}).to_string();
        URL_SAFE_NO_PAD.encode(header)
    };
    let token = tokens.iter().rfind(|t| t.starts_with(&named("RS384")[..16])).unwrap();
    let (_, rest) = token.split_once('.').unwrap();
    let changed = format!("{}.{rest}", named("PS256"));
    assert_eq!(miss(&by(ring, &changed)), Some(&NearMiss::OtherContent));
}

#[test]
fn both_ways_of_checking_agree_where_the_backend_knows_short_keys() {
    let text = include_str!("../../../../samples/keys/rsa-short.json");
    let json: Value = serde_json::from_str(text).unwrap();
    let (_, tokens) = samples();
    let number =
        |key: &Value, name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let mut compared = 0;
    for (key, tokens) in json["keys"].as_array().unwrap().iter().zip(tokens.chunks(5)) {
        let (n, e) = (number(key, "n"), number(key, "e"));
        for token in tokens {
            let (unsigned, signature) = token.rsplit_once('.').unwrap();
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            for (alg, parameters) in [
                ("RS256", &lc::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
                ("RS512", &lc::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
            ] {
                let components = lc::RsaPublicKeyComponents { n: &n, e: &e };
                let backend = components.verify(parameters, unsigned.as_bytes(), &signature);
                let own =
                    super::super::short::verifies(&n, &e, alg, unsigned.as_bytes(), &signature);
                assert_eq!(own, backend.is_ok(), "{alg} {token}");
                compared += usize::from(own);
            }
        }
    }
    assert!(compared >= 4, "{compared}");
}

#[test]
fn a_key_below_the_least_size_is_called_weak_and_one_of_it_is_not() {
    let (ring, _) = samples();
    let told: Vec<&str> = ring.remarks().iter().map(|r| r.what.as_str()).collect();
    assert_eq!(told.len(), 3);
    assert!(told[0].contains("1024 bits") && told[1].contains("1025 bits"), "{told:?}");
    let mut ring = Keyring::default();
    ring.add_file("--key 1", rsa_pem(&rsa_pair()).as_bytes()).unwrap();
    assert_eq!(ring.remarks(), []);
}

#[test]
fn a_secret_beside_public_keys_is_remarked_and_serves_all_the_same() {
    let secret = json!({"kty": "oct", "kid": "s", "k": URL_SAFE_NO_PAD.encode("k".repeat(32))});
    let point = EcdsaKeyPair::generate(&lc::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let (x, y) = point.public_key().as_ref()[1..].split_at(32);
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    let public = json!({"kty": "EC", "crv": "P-256", "kid": "p", "x": x, "y": y});
    let ring = |keys: Vec<&Value>| {
        let mut ring = Keyring::default();
        ring.add_set("--jwks 1", &json!({ "keys": keys }).to_string()).unwrap();
        ring
    };
    let mixed = ring(vec![&secret, &public]);
    assert_eq!(mixed.remarks().len(), 1);
    assert_eq!(mixed.remarks()[0].name.kid.as_deref(), Some("s"));
    let token = hs("HS256", "k".repeat(32).as_bytes(), Some("s"));
    assert!(matches!(by(mixed, &token), Verdict::Valid { .. }));
    for alone in [ring(vec![&secret, &secret]), ring(vec![&public])] {
        assert_eq!(alone.remarks(), []);
    }
}
