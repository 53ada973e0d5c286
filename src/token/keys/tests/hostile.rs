//! Key files of any bytes: no panic, no exhausted stack, no verdict out of nothing.

use proptest::prelude::*;

use super::*;

/// Adds a file and a set and checks a token with them.
fn try_all(file: &[u8], token: &str) -> Option<Verdict> {
    let mut ring = Keyring::default();
    let _ = ring.add_file("--key 1", file);
    let _ = ring.add_set("--jwks 1", &String::from_utf8_lossy(file));
    let mut read = crate::token::read(token);
    let verifier = Verifier::new(ring);
    verifier.check(&mut read, token);
    verifier.publish(&String::from_utf8_lossy(file));
    verifier.settle(|_, _| {});
    read.verdict.map(|verdict| *verdict)
}

fn is_valid(verdict: Option<&Verdict>) -> bool {
    matches!(verdict, Some(Verdict::Valid { .. }))
}

/// Wraps `inner` into sequences, one in the other.
fn nested(levels: usize, inner: &[u8]) -> Vec<u8> {
    let mut der = inner.to_vec();
    for _ in 0..levels {
        let length = u32::try_from(der.len()).unwrap().to_be_bytes();
        der = [&[0x30, 0x84], length.as_slice(), der.as_slice()].concat();
    }
    der
}

#[test]
fn der_that_nests_without_end_is_no_key() {
    let token = rs(&rsa_pair(), "RS256", &lc::RSA_PKCS1_SHA256, &unsigned("RS256", None));
    for levels in [1, 24, 25, 10_000] {
        let der = nested(levels, &[5, 0]);
        assert_ne!(try_all(&der, &token), Some(Verdict::Unsupported), "{levels}");
        assert_eq!(by_pem(&armoured(&der, "PUBLIC KEY")), Err(KeyError::Damaged));
    }
    // Without a length at all, and with one that promises more than there is.
    for der in
        [[0x30, 0x80].repeat(20_000), vec![0x30, 0x88, 255, 255, 255, 255, 255, 255, 255, 255]]
    {
        assert_eq!(by_pem(&armoured(&der, "PUBLIC KEY")), Err(KeyError::Damaged));
    }
    let json = format!("{}{}", r#"{"data":"#.repeat(5000), "}".repeat(5000));
    assert_eq!(Keyring::default().add_set("--jwks 1", &json), Err(KeyError::NoSet));
}

fn by_pem(pem: &str) -> Result<(), KeyError> {
    Keyring::default().add_file("--key 1", pem.as_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_read_as_a_key_file(file in prop::collection::vec(any::<u8>(), 0..300)) {
        let token = hs("HS256", b"a secret that no file holds", None);
        let verdict = try_all(&file, &token);
        prop_assert!(!is_valid(verdict.as_ref()));
    }

    #[test]
    fn a_bent_key_never_panics(at in 0_usize..400, with in any::<u8>(), cut in any::<bool>()) {
        let ec = EcdsaKeyPair::generate(&lc::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let der: PublicKeyX509Der<'_> = ec.public_key().as_der().unwrap();
        let text = unsigned("ES256", None);
        let token = with_signature(&ec, &text);
        let private = ec.to_pkcs8v1().unwrap();
        let pem = armoured(der.as_ref(), "PUBLIC KEY");
        for file in [der.as_ref(), private.as_ref(), pem.as_bytes()] {
            let mut bent = file.to_vec();
            let at = at % bent.len();
            if cut { bent.truncate(at) } else { bent[at] = with }
            try_all(&bent, &token);
        }
    }

    #[test]
    fn a_set_of_any_values_is_read(
        kty in "(oct|RSA|EC|OKP|AKP)",
        crv in "(P-256|P-521|Ed25519|Ed448|X25519|)",
        value in "[A-Za-z0-9_=-]{0,90}",
        usage in "(sig|enc|)",
    ) {
        let key = json!({
            "kty": kty, "crv": crv, "use": usage, "kid": "a", "k": value, "n": value, "e": value,
            "x": value, "y": value, "x5c": [value], "key_ops": [value],
        });
        for alg in ["HS256", "RS256", "PS384", "ES256", "ES512", "EdDSA", "none", ""] {
            let token = with(&unsigned(alg, Some("a")), &[0; 64]);
            let verdict = try_all(key.to_string().as_bytes(), &token);
            prop_assert!(!is_valid(verdict.as_ref()), "{} {}", alg, key);
        }
    }
}

fn with_signature(pair: &EcdsaKeyPair, text: &str) -> String {
    with(text, pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap().as_ref())
}
