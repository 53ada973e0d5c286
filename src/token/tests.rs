use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

fn jwt(header: &str, claims: &str, signature: &[u8]) -> String {
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    format!("{}.{}.{}", part(header.as_bytes()), part(claims.as_bytes()), part(signature))
}

fn hs256(claims: &str) -> String {
    jwt(r#"{"alg":"HS256","typ":"JWT"}"#, claims, &[7; 32])
}

#[test]
fn a_sound_token_has_no_fault() {
    let text = hs256(r#"{"iss":"https://auth.example/","aud":["api"],"exp":1767265200}"#);
    let token = read(&text);
    assert_eq!(token.faults, []);
    assert_eq!(token.form, Form::Jws);
    assert_eq!(token.signature, Signature::Present);
    assert_eq!(token.iss.as_deref(), Some("https://auth.example/"));
    assert_eq!(token.aud, ["api"]);
    assert_eq!(token.claims, ["aud", "exp", "iss"]);
    assert!(token.unsigned.is_some() && token.signature_mark.is_some());
}
