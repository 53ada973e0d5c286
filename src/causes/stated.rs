//! What the server states, read in the light of the request: the same words mean another cause for a
//! refresh, a password or a cookie.

use std::collections::HashMap;
use std::sync::LazyLock;

use foldhash::fast::FixedState;

use super::case::Case;
use crate::model::{CauseId, Grant, Kind, Names, Outcome, Scheme, Sign, Statement, Weight};

/// Returns the cause that a statement names for this very request.
pub(super) fn cause(case: &Case<'_>, statement: &Statement) -> Option<CauseId> {
    let named = statement.causes.first()?;
    if speaks_of_another_scheme(case, statement, named)
        || named.family() == "authz" && (nothing_came(case) || reads_another_scheme(case))
    {
        return None;
    }
    if doubts(case, statement) {
        let kind = case.credential().map(|c| c.kind);
        return Some(CauseId::of(match kind {
            Some(Kind::ApiKey) => "apikey.wrong",
            _ => "state.unknown_token",
        }));
    }
    if *named == "token.malformed"
        && let Some(cause) = of_named_claim(case, statement)
    {
        return Some(CauseId::of(cause));
    }
    // An audience that is not there, or not the right one: verifiers call it a missing claim.
    if *named == "claim.required_missing" && names_audience(statement) {
        return Some(CauseId::of("claim.audience"));
    }
    Some(refine(case, named.as_str()).map_or_else(|| named.clone(), CauseId::of))
}

/// Returns whether loose words name what a password cannot have: claims, a signature, a lifetime; or
/// rights, where the same scheme is asked for again in the same answer.
fn speaks_of_another_scheme(case: &Case<'_>, statement: &Statement, named: &CauseId) -> bool {
    if statement.weight > Weight::Words {
        return false;
    }
    let Some(credential) = case.credential() else {
        // Who is asked for a credential was not yet judged for rights.
        let asked = matches!(
            case.facts.answer.outcome,
            Outcome::Refused(Sign::Unauthorized | Sign::ProxyAuthentication)
        ) && case.challenges().next().is_some();
        return asked && case.could_show() && named.family() == "authz";
    };
    if !matches!(credential.kind, Kind::Basic | Kind::Digest) || case.facts.grant.is_some() {
        return false;
    }
    match named.family() {
        "claim" | "signature" | "time" => true,
        "authz" => credential.scheme.as_ref().is_some_and(|scheme| case.challenged_for(scheme)),
        _ => false,
    }
}

/// Whether rights are denied to nobody: no credential was sent, and others are let in here with one,
/// nobody without. Frameworks that let everybody in as a guest say so of a guest.
fn nothing_came(case: &Case<'_>) -> bool {
    case.facts.credentials.is_empty()
        && case.facts.cookies_sent == Some(false)
        && case.facts.grant.is_none()
        && case.could_show()
        && case.world.wants_credential(&case.facts.endpoint)
}

/// Whether rights are denied to somebody who has them: the same user is let in here under another scheme,
/// and the host was never seen to read the one that was sent.
fn reads_another_scheme(case: &Case<'_>) -> bool {
    let scheme = case.credential().and_then(|c| c.scheme.as_ref());
    let Some((scheme, token)) = scheme.zip(case.token()) else { return false };
    let unread = case.profile().is_some_and(|profile| {
        let schemes = &profile.schemes;
        schemes.0.keys().any(|s| !s.is_empty()) && !schemes.has(scheme.as_str())
    });
    unread
        && token.sub.is_some()
        && case
            .world
            .let_in_at(&case.facts.endpoint)
            .iter()
            .any(|guest| guest.sub == token.sub && guest.iss == token.iss)
}

/// Reads loose words on the form of a token that is well-formed, where they name one of its claims or one
/// that all tokens let in here have: `username in token must be a string`.
fn of_named_claim(case: &Case<'_>, statement: &Statement) -> Option<&'static str> {
    if statement.weight > Weight::Words || !super::header::is_sound(case) {
        return None;
    }
    let token = case.token()?;
    let text = statement.text.to_ascii_lowercase();
    let mut words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let learned = case.profile().and_then(|p| p.claims.as_ref()).map_or(&[][..], Names::as_slice);
    // These are words of any message about a token.
    let plain = |name: &str| matches!(name, "token" | "jwt" | "type" | "typ" | "data" | "key");
    let names = |word: &str, claims: &[String]| {
        word.len() >= 3 && !plain(word) && claims.iter().any(|c| c.eq_ignore_ascii_case(word))
    };
    words.find_map(|word| match (names(word, &token.claims), names(word, learned)) {
        (true, _) => Some("claim.invalid"),
        (false, true) => Some("claim.required_missing"),
        (false, false) => None,
    })
}

/// Whether the server asks for a valid one in the very field in which one came: `A valid X-Api-Key must be
/// sent` says that this one is not.
pub(super) fn doubts(case: &Case<'_>, statement: &Statement) -> bool {
    let mut words = statement.text.split(|c: char| !c.is_ascii_alphanumeric());
    case.asks_for_it_with(statement) && words.any(|word| word.eq_ignore_ascii_case("valid"))
}

fn names_audience(statement: &Statement) -> bool {
    let words = statement.text.to_ascii_lowercase();
    let mut words = words.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|w| matches!(w, "aud" | "audience"))
}

fn refine(case: &Case<'_>, named: &str) -> Option<&'static str> {
    let credential = case.credential();
    let scheme = credential.and_then(|c| c.scheme.as_ref());
    let kind = credential.map(|c| c.kind);
    // An assertion has a signature, an audience and a lifetime of its own.
    if kind == Some(Kind::Saml) {
        let family = named.split('.').next().unwrap_or_default();
        return matches!(family, "signature" | "claim" | "time" | "token")
            .then_some("saml.assertion");
    }
    match case.facts.grant {
        Some(Grant::Refresh) => {
            return match named {
                "oauth.invalid_grant"
                | "state.revoked"
                | "state.unknown_token"
                | "time.expired"
                | "token.malformed"
                | "session.expired"
                | "token.not_jwt"
                | "signature.invalid" => Some("oauth.refresh_refused"),
                _ => None,
            };
        }
        Some(Grant::Password | Grant::Login) => {
            return match named {
                "oauth.invalid_grant"
                | "basic.bad_password"
                | "state.unknown_token"
                | "claim.subject" => Some("login.bad_credentials"),
                _ => None,
            };
        }
        Some(Grant::Code | Grant::Assertion | Grant::Device) => {
            return match named {
                "time.expired" | "state.unknown_token" | "token.malformed" => {
                    Some("oauth.invalid_grant")
                }
                _ => None,
            };
        }
        Some(Grant::ClientCredentials) => {
            return match named {
                "login.bad_credentials" | "basic.bad_password" => Some("oauth.invalid_client"),
                _ => None,
            };
        }
        Some(Grant::Other) | None => {}
    }
    match (named, kind) {
        // A bearer token has a lifetime; only a signed request has a time of its own.
        ("reqsig.skew", Some(Kind::Jwt)) if scheme == Some(&Scheme::Bearer) => {
            Some("time.clock_skew")
        }
        // A scope that a resource refuses is the token's; one that a client may not ask for is a matter
        // of the token endpoint.
        ("oauth.invalid_scope", Some(Kind::Jwt | Kind::Jwe | Kind::Opaque))
            if scheme == Some(&Scheme::Bearer) =>
        {
            Some("authz.scope")
        }
        ("login.bad_credentials", Some(Kind::Basic)) => Some("basic.bad_password"),
        ("login.bad_credentials" | "basic.bad_password", Some(Kind::Digest)) => {
            Some("digest.bad_password")
        }
        ("token.malformed", Some(Kind::Basic)) if scheme == Some(&Scheme::Basic) => {
            Some("basic.malformed")
        }
        ("time.expired", Some(Kind::Session)) => Some("session.expired"),
        ("time.expired" | "state.unknown_token", Some(Kind::ApiKey)) if named == "time.expired" => {
            Some("apikey.expired")
        }
        ("state.unknown_token", Some(Kind::ApiKey)) => Some("apikey.wrong"),
        ("signature.invalid" | "signature.tampered", Some(Kind::RequestSignature)) => {
            Some("reqsig.signature")
        }
        ("signature.invalid", Some(Kind::Sigv4)) => Some("sigv4.signature"),
        ("header.scheme_missing" | "token.malformed", Some(Kind::Sigv4)) => Some("sigv4.malformed"),
        ("header.scheme_missing" | "token.malformed", Some(Kind::RequestSignature)) => {
            Some("reqsig.malformed")
        }
        ("time.expired" | "time.clock_skew", Some(Kind::RequestSignature)) => Some("reqsig.skew"),
        ("token.replayed", Some(Kind::RequestSignature)) => Some("reqsig.replay"),
        _ => None,
    }
}

/// For what a server says, the finer causes that it may mean: verifiers stop at the first check and name
/// that. `family.*` is a whole family, `prefix*` all that begin so, `!` takes one out again.
const COVERS: &[(&str, &str)] = &[
    (
        "header.missing",
        "header.* !header.too_large session.cookie_missing apikey.missing token.malformed \
         dpop.required",
    ),
    (
        "header.empty header.scheme_missing header.scheme_wrong header.whitespace header.placeholder \
      header.wrong_place",
        "header.* !header.too_large !header.redirect_stripped token.malformed \
      token.encoding basic.malformed",
    ),
    (
        "token.malformed token.not_jwt token.encoding token.truncated",
        "token.* header.whitespace header.quoted header.placeholder header.empty \
      header.scheme_doubled header.duplicate header.scheme_missing header.scheme_wrong \
      header.scheme_case header.misspelt_name header.wrong_place basic.malformed time.wrong_type signature.alg_none",
    ),
    ("token.wrong_type", "token.id_token token.refresh_token token.not_jwt"),
    (
        "signature.invalid signature.wrong_key",
        "signature.* token.truncated token.encoding token.malformed claim.environment \
         verifier.one_instance header.whitespace header.quoted header.duplicate",
    ),
    ("signature.algorithm", "signature.alg_none signature.alg_family signature.alg_variant"),
    (
        "signature.unknown_kid",
        "signature.key_rotated signature.wrong_key signature.alg_family signature.alg_variant \
         claim.environment claim.tenant claim.issuer",
    ),
    (
        "time.expired",
        "time.expired* time.refresh* time.clock_skew time.unit_milliseconds time.wrong_type \
      time.exp_missing sigv4.expired_url",
    ),
    ("time.exp_missing", "time.wrong_type"),
    ("time.not_yet_valid", "time.clock_skew time.unit_milliseconds time.wrong_type"),
    (
        "time.clock_skew",
        "time.not_yet_valid time.expired time.expired_cached time.unit_milliseconds",
    ),
    ("claim.issuer", "claim.issuer_slash claim.tenant claim.environment"),
    ("claim.audience", "claim.environment token.id_token claim.required_missing"),
    (
        "claim.required_missing",
        "time.exp_missing time.wrong_type token.id_token token.refresh_token",
    ),
    ("claim.invalid", "claim.* time.wrong_type token.id_token token.refresh_token"),
    (
        "state.unknown_token",
        "time.expired* token.* state.revoked header.placeholder header.whitespace header.quoted \
         header.scheme_doubled",
    ),
    ("state.revoked", "session.expired"),
    ("session.expired", "time.* state.revoked session.cookie_missing"),
    ("oauth.refresh_refused", "oauth.refresh_reuse"),
    ("authz.role", "authz.scope"),
    ("dpop.proof", "dpop.required"),
    ("basic.bad_password", "basic.* header.duplicate"),
    ("token.undecryptable", "header.duplicate"),
    ("time.exp_missing", "time.wrong_type"),
    ("login.bad_credentials", "basic.bad_password basic.malformed"),
    ("apikey.wrong", "apikey.* header.placeholder header.whitespace header.quoted"),
    ("apikey.missing", "header.* !header.too_large"),
    (
        "oauth.invalid_grant oauth.invalid_request",
        "oauth.refresh_refused oauth.refresh_reuse oauth.redirect_mismatch oauth.pkce_failed \
         token.replayed",
    ),
    ("saml.assertion", "token.replayed"),
    ("sigv4.signature sigv4.malformed", "sigv4.*"),
    ("sigv4.skew", "sigv4.expired_url"),
    ("reqsig.signature reqsig.malformed", "reqsig.*"),
    ("digest.bad_password", "digest.stale_nonce"),
    (
        "signature.invalid signature.wrong_key signature.unknown_kid signature.algorithm \
         claim.issuer claim.audience state.unknown_token state.revoked token.malformed",
        "verifier.misconfigured verifier.unavailable",
    ),
];

/// The second columns of [`COVERS`] by each word of the first: every pair of candidates is looked up.
static FINER: LazyLock<HashMap<&str, Vec<&str>, FixedState>> = LazyLock::new(|| {
    let mut rows: HashMap<&str, Vec<&str>, FixedState> = HashMap::default();
    for (words, finer) in COVERS {
        words.split_whitespace().for_each(|word| rows.entry(word).or_default().push(finer));
    }
    rows
});

/// Returns whether a statement of `stated` is a coarser word for `cause`.
pub(super) fn covers(stated: &str, cause: &str) -> bool {
    let hit = |pattern: &str| match pattern.strip_suffix('*') {
        Some(prefix) => cause.starts_with(prefix),
        None => cause == pattern,
    };
    stated == cause
        || FINER.get(stated).into_iter().flatten().any(|finer| {
            let mut patterns = finer.split_whitespace();
            let out = patterns.clone().filter_map(|p| p.strip_prefix('!')).any(hit);
            !out && patterns.any(hit)
        })
}

/// Returns whether two causes are about the same thing, so that neither contradicts the other.
pub(super) fn agree(stated: &str, cause: &str) -> bool {
    covers(stated, cause) || covers(cause, stated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causes::cards::card;

    #[test]
    fn every_name_in_the_table_is_a_cause() {
        for (stated, finer) in COVERS {
            for name in stated.split_whitespace().chain(finer.split_whitespace()) {
                let name = name.trim_start_matches('!');
                assert!(name.ends_with('*') || card(name).is_some(), "{name} is no cause");
            }
        }
    }

    #[test]
    fn the_table_by_its_words_holds_the_rows_that_a_walk_over_it_finds() {
        for word in crate::causes::cards::CARDS.iter().map(|card| card.id) {
            let names = |words: &str| words.split_whitespace().any(|w| w == word);
            let rows = COVERS.iter().filter(|(words, _)| names(words)).map(|(_, finer)| *finer);
            let known = FINER.get(word).cloned().unwrap_or_default();
            assert_eq!(known, rows.collect::<Vec<_>>(), "{word}");
        }
    }

    #[test]
    fn a_server_that_finds_no_header_may_mean_a_misspelt_one_but_not_a_large_one() {
        assert!(covers("header.missing", "header.misspelt_name"));
        assert!(!covers("header.missing", "header.too_large"));
        assert!(!covers("time.expired", "signature.invalid"));
    }
}
