use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

use super::*;

fn plain(value: &str) -> Option<Reading> {
    read_plain_bearer(value, &mut Mint::default())
}

/// All that a reading says, its secrets in plain text.
fn told(reading: Reading) -> (String, Option<Token>, Vec<String>) {
    let secrets = reading.secrets.iter().map(|secret| secret.expose().to_owned()).collect();
    (format!("{reading:?}"), reading.token, secrets)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]
    #[test]
    fn a_plain_bearer_token_is_read_as_any_other_value_is(
        scheme in prop_oneof![
            6 => Just("Bearer "),
            1 => prop::sample::select(vec!["bearer ", "Bearer  ", "Bearer\t", " Bearer ", "Basic ", ""]),
        ],
        subject in "[a-z]{0,3}",
        size in prop_oneof![8 => Just(1_usize), 1 => Just(5300_usize)],
        signature in prop_oneof![
            2 => prop::collection::vec(any::<u8>(), 32..33)
                .prop_map(|bytes| URL_SAFE_NO_PAD.encode(bytes)),
            1 => (0_usize..34, "[a-z]{0,1}").prop_map(|(at, end)| {
                let letters = "A1b2".repeat(11);
                format!("{}truncated{}{end}", letters.split_at(at).0, letters.split_at(34 - at).0)
            }),
            1 => prop::sample::select(vec!["redacted", "xxxxxxxx", "***", "", "[REDACTED]", "sig"])
                .prop_map(str::to_owned),
        ],
        alg in prop::sample::select(vec!["HS256", "own", "none"]),
        change in prop_oneof![
            4 => Just(None),
            1 => (any::<prop::sample::Index>(), prop::sample::select(vec![
                "", " ", "...", ",", "%20", "\"", "***", "…", "\u{a0}", "\n", "[truncated]",
            ])).prop_map(Some),
        ],
        end in prop_oneof![4 => Just(""), 1 => prop::sample::select(vec![" ", "\n", "...", "\""])],
    ) {
        let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#));
        let claims = format!(r#"{{"sub":"{}","exp":1767226500}}"#, subject.repeat(size));
        let claims = URL_SAFE_NO_PAD.encode(claims);
        let mut value = format!("{scheme}{header}.{claims}.{signature}{end}");
        if let Some((at, put)) = change {
            value.insert_str(at.index(value.len() + 1), put);
        }
        if let Some(reading) = plain(&value) {
            prop_assert_eq!(told(reading), told(read_any_scheme(&value)));
        }
    }
}

#[test]
fn what_clients_send_is_plain_and_what_is_odd_is_not() {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = URL_SAFE_NO_PAD.encode(r#"{"sub":"u1","exp":1767226500}"#);
    let signature = URL_SAFE_NO_PAD.encode([0xb7; 32]);
    let token = format!("{header}.{claims}.{signature}");
    assert!(plain(&format!("Bearer {token}")).is_some());
    for odd in [
        token.clone(),
        format!("bearer {token}"),
        format!("Bearer  {token}"),
        format!("Bearer {token}\n"),
        format!("Bearer {token},"),
        format!("Bearer {header}.{claims}."),
        "Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2ln".to_owned(),
    ] {
        assert!(plain(&odd).is_none(), "{odd}");
    }
    let (own, cut) = (URL_SAFE_NO_PAD.encode(r#"{"alg":"own"}"#), "A1b2".repeat(8));
    assert!(plain(&format!("Bearer {own}.{claims}.{cut}")).is_some());
    assert!(plain(&format!("Bearer {own}.{claims}.{cut}truncated")).is_none());
}
