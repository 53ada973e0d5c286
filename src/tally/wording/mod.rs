//! What a server's words are without what varies in them: `token expired <n> seconds ago`.
//!
//! Only what has the shape of a value gives way: numbers, ids, times, addresses, paths, and what stands in
//! quotes or behind `user`. A word that may decide a cause (a claim, an algorithm, a status, a code) stays,
//! and so does whatever could be one: two messages that are kept apart cost a row, two that are wrongly
//! made one hide a cause.

mod chunk;
mod shape;
mod words;

use std::borrow::Cow;

use self::chunk::Chunk;

/// Most rounds until nothing changes any more; two are enough for all that was ever seen.
const ROUNDS: usize = 8;

/// Returns the words with a name in angle brackets in place of each value.
///
/// The names are `<n>`, `<id>`, `<time>`, `<address>`, `<url>`, `<path>`, `<value>` and `<user>`. A text of
/// one word is a code and stays as it is, and so does a mask. Idempotent.
///
/// ```
/// use authopsy::tally::template;
///
/// assert_eq!(template("Token expired 75 seconds ago"), "Token expired <n> seconds ago");
/// assert_eq!(template("unexpected signing method: HS256"), "unexpected signing method: HS256");
/// assert_eq!(template("user 'alice' not found"), "user '<user>' not found");
/// ```
pub fn template(text: &str) -> Cow<'_, str> {
    let mut now = Cow::Borrowed(text);
    for _ in 0..ROUNDS {
        if !chunk::could_vary(&now) {
            break;
        }
        let next = once(&now);
        if next == *now {
            break;
        }
        now = Cow::Owned(next);
    }
    now
}

fn once(text: &str) -> String {
    let mut chunks: Vec<Chunk<'_>> = text.split(' ').map(Chunk::of).collect();
    if let [only] = chunks.as_mut_slice() {
        only.alone();
    } else {
        chunk::drop_cut_word(&mut chunks);
        chunk::name_persons(&mut chunks);
        for at in 0..chunks.len() {
            let word = |at: usize| chunks.get(at).map(Chunk::word).unwrap_or_default();
            let before = at.checked_sub(1).map(word).unwrap_or_default();
            let made = chunks.get(at).and_then(|chunk| chunk.made(at == 0, before, word(at + 1)));
            if let Some(chunk) = chunks.get_mut(at) {
                chunk.put(made);
            }
        }
        chunk::count_units(&mut chunks);
        chunk::join_times(&mut chunks);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (at, chunk) in chunks.iter().enumerate() {
        if at > 0 {
            out.push(' ');
        }
        chunk.write(&mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_varies_gives_way_to_its_kind() {
        for (text, made) in [
            ("token expired 75 seconds ago", "token expired <n> seconds ago"),
            ("token expired 1 second ago", "token expired <n> seconds ago"),
            ("token is expired by 1m3.5s", "token is expired by <n>"),
            ("user 4711 not found", "user <id> not found"),
            ("user gone-u-1009 not found", "user <user> not found"),
            ("User alice not found", "User <user> not found"),
            ("User alice.smith not found", "User <user> not found"),
            ("user ACME\\alice: no", "user <user>: no"),
            ("Login failed for user 'Jane Doe'.", "Login failed for user '<user>'."),
            ("user sub:81bef0aa is locked", "user <user> is locked"),
            ("The Token has expired on 2026-11-24T16:32:03Z.", "The Token has expired on <time>."),
            ("expired at 2026-11-24 16:32:03 +0000 UTC", "expired at <time>"),
            ("expired on Tue, 24 Nov 2026 16:32:03 GMT, sorry", "expired on <time>, sorry"),
            ("expired on Tue Nov 24 16:32:03 UTC 2026", "expired on <time>"),
            (
                "JWT: exp claim check failed (1795537917/0 vs. 1795543330)",
                "JWT: exp claim check failed (<n>/<n> vs. <n>)",
            ),
            ("no key 3f1c2d4e-5b6a-4789-90ab-cdef01234567", "no key <id>"),
            ("digest da39a3ee5e6b4b0d is wrong", "digest <id> is wrong"),
            ("refused from 192.0.2.7:4711, bye", "refused from <address>, bye"),
            ("refused from [2001:db8::1]", "refused from [<address>]"),
            ("password mismatch for \"/basic\": no", "password mismatch for \"<path>\": no"),
            (
                "jwt audience invalid. expected: https://a.example",
                "jwt audience invalid. expected: <url>",
            ),
            ("audience 'orders-7' is not mine", "audience '<value>' is not mine"),
            ("issuer `web` is not mine", "issuer `<value>` is not mine"),
            ("failed, RequestId:7c71aff4-6ef1-4789 now", "failed, RequestId:<id> now"),
            ("invalid character 'o' in literal", "invalid character '<value>' in literal"),
            (
                "Could not find public key for kid staging-7",
                "Could not find public key for kid <id>",
            ),
            ("a long message that was c…", "a long message that was …"),
            ("expected 1,234 bytes or 12%", "expected <n> bytes or <n>"),
        ] {
            assert_eq!(template(text), made);
        }
    }

    #[test]
    fn what_may_decide_a_cause_stays() {
        for text in [
            "unexpected signing method: HS256",
            "The provided key may not be used to verify RS256",
            "alg 'none' not allowed",
            "'exp' claim timestamp check failed",
            "Unexpected 'roles' value",
            "missing required parameter 'grant_type'",
            "Expected 200 OK from the key set",
            "auth request unexpected status: 500",
            "401 Access not authorized",
            "status code 403 from upstream",
            "AH01617: user ***: authentication failure",
            "AADSTS50013: assertion failed signature validation",
            "AcceptSecurityContext error, data 52e, done",
            "SHA256withRSA is not RSA-OAEP-256 nor A256CBC-HS512",
            "not valid base64 or OAuth 2.0 over TLS 1.2",
            "user account is locked",
            "user not found",
            "user account_locked is final",
            "user account_disabled: no way",
            "user 2fa is not set up",
            "the user step-up was refused",
            "User is disabled",
            "the user has no role",
            "scope 'orders' is needed",
            "role `admin2` is needed",
            "token_expired_12",
            "18456",
            "The Token's Signature didn't verify",
            "Expected 'Authorization: Bearer <JWT>'",
            "Invalid Base64Url payload: <redacted>",
            "user *** not found",
        ] {
            assert_eq!(template(text), text);
        }
    }

    #[test]
    fn different_meanings_stay_apart() {
        for (a, b) in [
            ("'exp' claim check failed at 12", "'nbf' claim check failed at 12"),
            ("alg HS256 is not allowed for 7", "alg RS256 is not allowed for 7"),
            ("upstream status 401 after 12 ms", "upstream status 503 after 12 ms"),
            ("user alice not found", "user alice is not allowed"),
            ("error 18456, state 1", "error 18456, state 7"),
            ("invalid_grant: 12 s late", "invalid_client: 12 s late"),
        ] {
            assert_ne!(template(a), template(b));
        }
    }

    proptest! {
        #[test]
        fn a_template_of_a_template_is_itself(text in words()) {
            let made = template(&text).into_owned();
            let again = template(&made).into_owned();
            prop_assert_eq!(again, made);
        }

        #[test]
        fn any_text_has_a_template(text in "\\PC{0,160}") {
            let made = template(&text).into_owned();
            let again = template(&made).into_owned();
            prop_assert_eq!(again, made);
        }
    }

    /// Sentences of what messages are made of.
    fn words() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            "[a-z]{1,8}",
            "[0-9]{1,12}",
            "[a-zA-Z0-9_.:/=-]{1,12}",
            prop::sample::select(vec![
                "user",
                "User",
                "account",
                "for",
                "not",
                "found",
                "is",
                "error",
                "status",
                "401",
                "OK",
                "seconds",
                "second",
                "Tue,",
                "Nov",
                "2026",
                "16:32:03",
                "GMT",
                "UTC",
                "'exp'",
                "'alice'",
                "'Jane",
                "Doe'",
                "\"x\"",
                "<n>",
                "<time>",
                "<user>",
                "***",
                "HS256",
                "kid",
                "id",
                "192.0.2.7",
                "::1",
                "/a/b",
                "https://a.example",
                "…",
                "x…",
                "by",
                "1m3s",
                "sub:81bef0aa",
                "",
                "12-",
                "(12",
                "12)",
                "+0000",
                "2026-11-24",
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(word, 0..12).prop_map(|words| words.join(" "))
    }
}
