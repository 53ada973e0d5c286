use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

use super::*;
use crate::model::{Segment, Unit, Use};

/// Encodes a token of made-up parts; the signature is bytes, not a signature.
fn jwt(header: &str, claims: &str, signature: &[u8]) -> String {
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    format!("{}.{}.{}", part(header.as_bytes()), part(claims.as_bytes()), part(signature))
}

fn hs256(claims: &str) -> String {
    jwt(r#"{"alg":"HS256","typ":"JWT"}"#, claims, &[0xb7; 32])
}

fn used_as(header: &str, claims: &str) -> Use {
    read(&jwt(header, claims, &[1; 32])).used_as
}

const JWT: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
const CLAIMS: &str = r#"{"iss":"https://auth.example/","aud":["api"],"exp":1767265200}"#;

#[test]
fn a_sound_token_has_no_fault() {
    let token = read(&hs256(CLAIMS));
    assert_eq!(token.faults, []);
    assert_eq!(token.form, Form::Jws);
    assert_eq!(token.signature, Signature::Present);
    assert_eq!(token.iss.as_deref(), Some("https://auth.example/"));
    assert_eq!(token.aud, ["api"]);
    assert_eq!(*token.claims, ["aud", "exp", "iss"]);
    assert!(token.unsigned.is_some() && token.signature_mark.is_some());
}

#[test]
fn a_missing_segment_is_counted_and_the_rest_still_read() {
    let whole = hs256(CLAIMS);
    let (unsigned, _) = whole.rsplit_once('.').unwrap();
    let token = read(unsigned);
    assert_eq!(token.faults, [Fault::TooFewSegments(2, 3)]);
    assert_eq!(token.expires(), Some(crate::model::At::from_secs(1_767_265_200)));
    let (header, _) = whole.split_once('.').unwrap();
    assert_eq!(read(header).faults, [Fault::TooFewSegments(1, 3)]);
    assert_eq!(read(&format!("{whole}.x.y")).faults, [Fault::TooManySegments(5, 3)]);
}

#[test]
fn a_signature_is_measured_by_its_algorithm() {
    let faults = |alg: &str, len: usize| {
        read(&jwt(&format!(r#"{{"alg":"{alg}"}}"#), "{}", &vec![0xa5; len])).faults.clone()
    };
    for (alg, len) in [
        ("HS256", 32),
        ("HS384", 48),
        ("HS512", 64),
        ("ES256", 64),
        ("ES384", 96),
        ("ES512", 132),
        ("EdDSA", 64),
        ("EdDSA", 114),
        ("RS256", 128),
        ("RS256", 256),
        ("PS512", 512),
        ("XX999", 7),
    ] {
        assert_eq!(faults(alg, len), [], "{alg} {len}");
    }
    assert_eq!(faults("HS256", 31), [Fault::ShortSignature(31, 32)]);
    assert_eq!(faults("HS256", 64), [Fault::LongSignature(64, 32)]);
    assert_eq!(faults("RS256", 200), [Fault::ShortSignature(200, 256)]);
    assert_eq!(faults("ES256", 72), [Fault::LongSignature(72, 64)]);
}

#[test]
fn words_in_the_place_of_a_signature_were_not_cut_off() {
    let with = |signature: &str| {
        let token = jwt(r#"{"alg":"HS256"}"#, "{}", b"");
        read(&format!("{token}{signature}")).faults.clone()
    };
    for dummy in ["c2ln", "c2lnbmF0dXJl", "dummy-signature", "fake_sig_a"] {
        assert!(matches!(with(dummy)[..], [Fault::DummySignature(_, 32), ..]), "{dummy}");
    }
    for cut in ["AAAA", "kdF1MdHg7Ns8"] {
        assert!(matches!(with(cut)[..], [Fault::ShortSignature(_, 32), ..]), "{cut}");
    }
}

#[test]
fn every_near_miss_of_base64url_is_named_and_still_decodes() {
    // A claim whose base64 holds both letters that the two alphabets spell differently.
    let claims = r#"{"iss":"a?>~b?>~","exp":1767265200}"#;
    let text = hs256(claims);
    let standard = text.replace('-', "+").replace('_', "/");
    assert_ne!(text, standard);
    let token = read(&standard);
    assert!(token.faults.contains(&Fault::StandardAlphabet(Segment::Payload)));
    assert_eq!(token.iss, read(&text).iss);

    let (unsigned, signature) = text.rsplit_once('.').unwrap();
    let padded = read(&format!("{unsigned}.{signature}="));
    assert_eq!(padded.faults, [Fault::Padding(Segment::Signature)]);
    let percent = read(&format!("{unsigned}.{signature}%3D").replace('.', "%2E"));
    assert_eq!(percent.faults, [Fault::PercentEncoded, Fault::Padding(Segment::Signature)]);
    assert!(percent.expires().is_some());
    let foreign = read(&format!("{unsigned}.{signature}!"));
    assert_eq!(foreign.faults, [Fault::ForeignCharacter(Segment::Signature)]);
    let odd = read(&format!("{unsigned}.{signature}AA"));
    assert!(odd.faults.contains(&Fault::OddLength(Segment::Signature)));
}

#[test]
fn a_segment_that_is_no_object_is_named() {
    let token = read(&hs256("not json"));
    assert_eq!(token.faults, [Fault::NotJson(Segment::Payload)]);
    let header = read("eyJbroken.e30.AAAA");
    assert_eq!(header.form, Form::Jws);
    assert!(header.faults.contains(&Fault::NotJson(Segment::Header)));
    assert_eq!(read("eyJhbGciOiJub25lIn0..").faults, [Fault::EmptySegment(Segment::Payload)]);
    assert_eq!(read(&jwt(r#"{"typ":"JWT"}"#, "{}", &[1; 32])).faults, [Fault::NoAlg]);
}

#[test]
fn a_size_at_which_columns_cut_is_named_only_when_something_is_missing() {
    let long = hs256(&format!(r#"{{"iss":"i","pad":"{}"}}"#, "x".repeat(400)));
    let cut = read(&long[..256]);
    assert!(cut.faults.contains(&Fault::CutAt(256)), "{:?}", cut.faults);
    assert!(read(&long[..249]).faults.contains(&Fault::CutAt(256)), "`Bearer ` was in the column");
    assert!(!read(&long[..300]).faults.iter().any(|f| matches!(f, Fault::CutAt(_))));
}

#[test]
fn whole_members_of_a_cut_payload_are_read() {
    let text = hs256(r#"{"iss":"https://auth.example/","exp":1767265200,"roles":["a","b"]}"#);
    let (header, rest) = text.split_once('.').unwrap();
    let token = read(&format!("{header}.{}", &rest[..70]));
    assert_eq!(token.iss.as_deref(), Some("https://auth.example/"));
    assert!(token.expires().is_some());
    assert!(token.faults.contains(&Fault::NotJson(Segment::Payload)));
}

#[test]
fn text_without_a_jose_header_is_opaque() {
    for text in ["", ".", "a.b.c", "opaque-token", "MTIz.NDU2.Nzg5", "eyeball", "{\"alg\":1}"] {
        let token = read(text);
        assert_eq!(token.form, Form::Opaque, "{text}");
        assert_eq!(token.faults, [], "{text}");
    }
}

#[test]
fn an_encrypted_token_has_five_segments_and_may_have_an_empty_key() {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"dir","enc":"A256GCM","kid":"k1"}"#);
    let (iv, tag) = (URL_SAFE_NO_PAD.encode([7; 12]), URL_SAFE_NO_PAD.encode([7; 16]));
    let token = read(&format!("{header}..{iv}.Y2lwaGVy.{tag}"));
    assert_eq!((token.form, token.faults.as_slice()), (Form::Jwe, [].as_slice()));
    assert_eq!(token.kid.as_deref(), Some("k1"));
    assert_eq!(read(&format!("{header}..aXY")).faults, [Fault::TooFewSegments(3, 5)]);
}

#[test]
fn a_signature_that_a_sanitizer_took_out_is_removed_and_the_rest_decodes() {
    let text = hs256(CLAIMS);
    let (unsigned, _) = text.rsplit_once('.').unwrap();
    for mark in ["redacted", "***", "[...]", "[REDACTED]", "<redacted>", "", "xxxx"] {
        let token = read(&format!("{unsigned}.{mark}"));
        assert_eq!(token.signature, Signature::Removed, "{mark}");
        assert_eq!(token.faults, [], "{mark}");
        assert!(token.expires().is_some() && token.signature_mark.is_none());
    }
    let unsecured = jwt(r#"{"alg":"none"}"#, "{}", &[]);
    assert_eq!(read(&unsecured).signature, Signature::None);
}

#[test]
fn time_claims_are_read_in_the_unit_that_their_size_suggests() {
    let exp = |value: &str| read(&hs256(&format!(r#"{{"exp":{value}}}"#))).exp.unwrap();
    let at = crate::model::At::from_secs(1_767_265_200);
    let cases = [
        ("1767265200", Unit::Seconds, true),
        ("1767265200.0", Unit::Seconds, true),
        ("1767265200000", Unit::Millis, true),
        ("1767265200000000", Unit::Micros, true),
        ("1767265200000000000", Unit::Nanos, true),
        ("\"1767265200\"", Unit::Seconds, false),
        ("\"1767265200000\"", Unit::Millis, false),
    ];
    for (value, unit, is_number) in cases {
        let date = exp(value);
        assert_eq!((date.unit(), date.is_number()), (unit, is_number), "{value}");
        assert!(date.at.unwrap().since(at).0.abs() < 0.001, "{value}");
        assert_eq!(date.in_seconds().is_some(), unit == Unit::Seconds && is_number, "{value}");
    }
    for value in ["\"2026-01-01T11:00:00Z\"", "null", "true", "[1]", "{}"] {
        let date = exp(value);
        assert_eq!((date.at, date.is_number()), (None, false), "{value}");
    }
    assert_eq!(exp("\"07/07/2020 12:35:40\"").raw(), "07/07/2020 12:35:40");
    assert_eq!(exp("0").in_seconds(), Some(crate::model::At(0)));
    assert_eq!(exp("99999999999").unit(), Unit::Seconds);
    assert_eq!(exp("100000000000").unit(), Unit::Millis);
}

#[test]
fn claims_of_every_common_type_are_read() {
    let token = read(&hs256(
        r#"{"aud":"api","scope":"write read","scp":["admin"],"sub":42,"cid":"app","org_id":"o1",
        "realm_access":{"roles":["user"]},"role":"boss","cnf":{"jkt":"x"},"jti":"1","exp":1,"exp":2}"#,
    ));
    assert_eq!(token.aud, ["api"]);
    assert_eq!(*token.scopes, ["admin", "read", "write"]);
    assert_eq!(token.roles, ["boss", "user"]);
    assert_eq!(token.client.as_deref(), Some("app"));
    assert_eq!(token.tenant.as_deref(), Some("o1"));
    assert_eq!(token.bound.as_deref(), Some("jkt"));
    assert_eq!(token.sub.as_deref(), Some(&*crate::model::pseudonym("42")));
    assert!(token.has_jti);
    assert_eq!(
        token.exp.unwrap().raw(),
        "2",
        "the last of several members counts, as in most verifiers"
    );
}

#[test]
fn the_purpose_is_told_by_a_tokens_own_marks() {
    let cases = [
        (r#"{"alg":"HS256","typ":"at+jwt"}"#, r#"{"nonce":"n"}"#, Use::Access),
        (r#"{"alg":"HS256","typ":"application/at+jwt"}"#, "{}", Use::Access),
        (r#"{"alg":"HS256","typ":"logout+jwt"}"#, "{}", Use::Other),
        (r#"{"alg":"HS256","typ":"dpop+jwt"}"#, "{}", Use::Other),
        (JWT, r#"{"typ":"Bearer","nonce":"n"}"#, Use::Access),
        (JWT, r#"{"typ":"ID"}"#, Use::Id),
        (JWT, r#"{"typ":"Refresh","scope":"openid"}"#, Use::Refresh),
        (JWT, r#"{"typ":"Offline"}"#, Use::Refresh),
        (JWT, r#"{"token_use":"id"}"#, Use::Id),
        (JWT, r#"{"token_use":"access"}"#, Use::Access),
        (JWT, r#"{"token_type":"refresh"}"#, Use::Refresh),
        (JWT, r#"{"type":"refresh"}"#, Use::Refresh),
        (JWT, r#"{"type":"customer"}"#, Use::Unknown),
        (JWT, r#"{"at_hash":"x","scope":"openid"}"#, Use::Id),
        (JWT, r#"{"scope":"read","nonce":"n"}"#, Use::Access),
        (JWT, r#"{"scp":["read"]}"#, Use::Access),
        (JWT, r#"{"nonce":"n"}"#, Use::Id),
        (JWT, r#"{"auth_time":1,"email":"a@b.example"}"#, Use::Id),
        (JWT, r#"{"auth_time":1,"email":"a@b.example","roles":[]}"#, Use::Unknown),
        (
            JWT,
            r#"{"iss":"https://securetoken.google.com/p","auth_time":1,"email":"a@b.example"}"#,
            Use::Unknown,
        ),
        (JWT, r#"{"events":{}}"#, Use::Other),
        (JWT, r#"{"sub":"x"}"#, Use::Unknown),
    ];
    for (header, claims, wanted) in cases {
        assert_eq!(used_as(header, claims), wanted, "{header} {claims}");
    }
}

#[test]
fn a_vendor_is_told_by_its_public_prefix() {
    let body = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
    let cases = [
        ("ghp_", "GitHub personal access token"),
        ("github_pat_", "GitHub fine-grained personal access token"),
        ("glpat-", "GitLab personal access token"),
        ("xoxb-", "Slack bot token"),
        ("sk_live_", "Stripe live secret key"),
        ("sk_test_", "Stripe test secret key"),
        ("sk-", "OpenAI-style API key"),
        ("AIza", "Google API key"),
        ("ya29.", "Google OAuth access token"),
        ("SG.", "SendGrid API key"),
        ("npm_", "npm access token"),
        ("hf_", "Hugging Face access token"),
        ("Atza|", "Login with Amazon access token"),
        ("v4.public.", "PASETO v4 signed token"),
        ("v2.local.", "PASETO v2 encrypted token"),
    ];
    for (prefix, name) in cases {
        assert_eq!(read(&format!("{prefix}{body}")).vendor.as_deref(), Some(name));
    }
    for text in [
        "ghp_x",
        "secret_garden_of_the_long_forgotten_kingdom",
        "EAAthisisjustalongwordwithnothinginside",
        "skeleton",
        "SG.x",
    ] {
        assert_eq!(read(text).vendor, None, "{text}");
    }
}

#[test]
fn nothing_that_names_a_person_or_hides_a_secret_is_kept() {
    let inner = hs256(r#"{"sub":"inner"}"#);
    let token = read(&jwt(
        &format!(r#"{{"alg":"HS256","kid":"{inner}"}}"#),
        &format!(
            r#"{{"sub":"alice","iss":"https://h.example/?t={inner}","azp":"bob@example.com","aud":"{inner}"}}"#
        ),
        &[1; 32],
    ));
    assert_eq!(token.kid.as_deref(), Some("***"));
    assert_eq!(token.iss.as_deref(), Some("***"));
    assert_eq!(token.aud, ["***"]);
    let shown = serde_json::to_string(&token).unwrap();
    assert!(!shown.contains("alice") && !shown.contains("bob"), "{shown}");
}

#[test]
fn public_identifiers_stay_readable_however_random_they_look() {
    for text in [
        "https://login.example/3f1c2d4e-5b6a-4789-90ab-cdef01234567/v2.0",
        "Xy7dR2kPqLm9vWzTfHs4bNcJ8gEaUo1i",
        "x5t_8kL2mN4pQ6rS8tU0vW2xY4zA6bC8dE0fG2hI4jK",
        "api://orders",
    ] {
        assert_eq!(identifier(text, 160), text);
    }
}

#[test]
fn random_text_is_told_from_written_names() {
    for text in [
        "8xLOxBtZp8a9Qk2mV4yT",
        "9f86d081884c7d659a2feaa0c55ad015",
        "JBSWY3DPEHPK3PXPJBSW",
        "dGhpcyBpcyBhIHNlY3JldA",
        "kQw9-Zx_82Lm-PpR_7sTuV",
    ] {
        assert!(is_random(text), "{text}");
    }
    for text in [
        "insufficient_authentication_context",
        "SecurityTokenSignatureKeyNotFoundException",
        "openid-configuration",
        "my-service-production-eu-west-1",
        "com.example.AuthFilter",
        "3f1c2d4e-5b6a-4789-90ab-cdef01234567",
        "12345678901234567890",
        "authorizationEndpointUrl",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ] {
        assert!(!is_random(text), "{text}");
    }
}

#[test]
fn mutations_of_a_token_never_panic_and_never_lose_the_form() {
    let text = hs256(CLAIMS);
    for cut in 0..text.len() {
        let token = read(&text[..cut]);
        assert_eq!(token.form == Form::Jws, cut >= 3, "cut at {cut}");
        for odd in [".", "%", "%2", "=", " ", "\u{feff}", "é", "\"", "\0"] {
            read(&format!("{}{odd}{}", &text[..cut], &text[cut..]));
        }
    }
}

proptest! {
    #[test]
    fn reading_never_panics(text in "\\PC{0,200}") {
        read(&text);
        read(&format!("eyJ{text}"));
        identifier(&text, 40);
        vendor_of(&text);
    }

    #[test]
    fn claims_of_any_shape_are_read(claims in "\\{\"(exp|aud|sub|scope|cnf|iss)\":(-?[0-9]{0,25}|\"\\PC{0,20}\"|\\[[0-9,\"]{0,9}\\]|null)\\}") {
        let token = read(&hs256(&claims));
        prop_assert_eq!(token.form, Form::Jws);
    }
}
