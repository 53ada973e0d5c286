//! Signatures and algorithms, as far as bytes and histories tell without a key.

use super::case::{Candidate, Case};
use crate::model::{Confidence, Form, Token, Verdict};
use crate::world::Sight;

pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    let Some(token) = case.token() else { return Vec::new() };
    if token.form != Form::Jws || case.facts.grant.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    found.extend(none(case, token));
    found.extend(algorithm(case, token));
    found.extend(tampered(case, token));
    found.extend(rotated(case, token));
    found.extend(unknown_kid(case, token));
    found
}

fn none(case: &Case<'_>, token: &Token) -> Option<Candidate> {
    let alg = token.alg.as_deref()?;
    alg.eq_ignore_ascii_case("none").then(|| {
        let accepted = case
            .profile()
            .filter(|p| p.algorithms.has(alg))
            .map(|_| format!("{} let in unsigned tokens", case.host()));
        Candidate::proven("signature.alg_none", "`alg` is `none`", &case.place())
            .unless(accepted, "history")
    })
}

/// The algorithm differs from what was given or learned.
fn algorithm(case: &Case<'_>, token: &Token) -> Option<Candidate> {
    let alg = token.alg.as_deref().filter(|a| !a.eq_ignore_ascii_case("none"))?;
    let given = &case.world.given().algorithms;
    if !given.is_empty() {
        if given.iter().any(|g| g == alg) {
            return None;
        }
        let place = case.place();
        let cause = alg_cause(alg, given.iter().map(String::as_str));
        return Some(
            Candidate::proven(cause, format!("signed with `{alg}`"), &place)
                .and(format!("given: {}", given.join(", ")), "config"),
        );
    }
    let profile = case.profile()?;
    let mut signing = profile.algorithms.0.keys().map(String::as_str).filter(|a| !encrypts(a));
    if signing.clone().next().is_none() || signing.any(|known| known == alg) {
        return None;
    }
    let signing = profile.algorithms.0.keys().map(String::as_str).filter(|a| !encrypts(a));
    let cause = alg_cause(alg, signing);
    let fact = format!("{} let in {}", case.host(), profile.algorithms.list(3));
    let signed = format!("signed with `{alg}`");
    Some(Candidate::inferred(cause, signed, &case.place()).and(fact, "history"))
}

/// Whether an algorithm protects the key of an encrypted token (RFC 7518, section 4.1): it signs nothing.
fn encrypts(alg: &str) -> bool {
    alg == "dir"
        || alg.ends_with("KW")
        || ["RSA", "ECDH", "PBES2"].iter().any(|start| alg.starts_with(start))
}

/// Tells another family (HMAC against public key) from another strength.
fn alg_cause<'v>(alg: &str, mut known: impl Iterator<Item = &'v str>) -> &'static str {
    let symmetric = |a: &str| a.to_ascii_uppercase().starts_with("HS");
    let same_letters = |a: &str, b: &str| {
        a.get(..2).map(str::to_ascii_uppercase) == b.get(..2).map(str::to_ascii_uppercase)
    };
    let known: Vec<&str> = known.by_ref().collect();
    if known.iter().any(|k| same_letters(k, alg)) {
        "signature.alg_variant"
    } else if known.iter().any(|k| symmetric(k) != symmetric(alg)) {
        "signature.alg_family"
    } else {
        "signature.algorithm"
    }
}

/// The same signature stands on another payload: one of them was changed after signing.
fn tampered(case: &Case<'_>, token: &Token) -> Option<Candidate> {
    // The one that verifies is the original.
    if !case.world.is_doubled(token.signature_mark?)
        || matches!(token.verdict.as_deref(), Some(Verdict::Valid { .. }))
    {
        return None;
    }
    let accepted = token
        .fingerprint
        .and_then(|mark| case.world.accepted_until(mark, case.facts, crate::model::At(i64::MAX)))
        .filter(|a| a.proven)
        .map(|_| "this very token was let in".to_owned());
    Some(
        Candidate::proven(
            "signature.tampered",
            "the same signature stands on another header or payload",
            "history",
        )
        .unless(accepted, "history"),
    )
}

/// The same token worked, later only tokens of another key are let in.
fn rotated(case: &Case<'_>, token: &Token) -> Option<Candidate> {
    let (mark, at) = (token.fingerprint?, case.at?);
    if token.expires().is_some_and(|exp| exp <= at) || token.kid.is_none() {
        return None;
    }
    let profile = case.profile()?;
    let own = token.kid.as_deref()?;
    let own_last = profile.kids.0.get(own).and_then(|(_, last)| *last);
    // Of a sample it is not known that none of the old key came since.
    let newer =
        profile.kids.0.iter().filter(|_| case.world.is_whole()).find(|(kid, (first, last))| {
            kid.as_str() != own && *first > own_last && *last >= Some(at)
        })?;
    let before = case.world.accepted_until(mark, case.facts, at).filter(|a| a.proven)?;
    let among = if case.world.knows_all_uses() { "" } else { "of the tokens that are kept, " };
    (own_last < Some(at)).then(|| {
        Candidate::inferred(
            "signature.key_rotated",
            format!("this token was let in until {}", before.at),
            "history",
        )
        .and(
            format!("{among}since then only tokens of key `{}` are, none of `{own}`", newer.0),
            "history",
        )
    })
}

/// A key id that the host was never seen to accept.
fn unknown_kid(case: &Case<'_>, token: &Token) -> Option<Candidate> {
    let kid = token.kid.as_deref()?;
    let profile = case.profile()?;
    if profile.kids.is_empty() || profile.kids.has(kid) {
        return None;
    }
    let elsewhere = token
        .fingerprint
        .is_some_and(|mark| case.world.sights(mark).any(|s| matches!(s, Sight::LetIn(_))));
    let fact = format!("`kid` is `{kid}`, {} let in {}", case.host(), profile.kids.list(3));
    let candidate = Candidate::suspected("signature.unknown_kid", fact, &case.place());
    Some(if case.says("signature.") && !elsewhere {
        candidate.at(Confidence::Inferred)
    } else {
        candidate
    })
}
