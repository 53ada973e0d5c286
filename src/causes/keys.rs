//! Signatures, as far as keys tell: which key made one, and how signer and verifier differ.

use super::case::{Candidate, Case};
use crate::model::{Confidence, Evidence, Form, KeyName, NearMiss, Token, Verdict};

pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    let Some(token) = case.token() else { return Vec::new() };
    if token.form != Form::Jws || case.facts.grant.is_some() {
        return Vec::new();
    }
    let candidate = match token.verdict.as_deref() {
        None | Some(Verdict::Unsupported) => published(case, token),
        Some(Verdict::Valid { key }) => wrong_key(case, key),
        Some(Verdict::Near { key, miss }) => Some(near(case, key, miss)),
        Some(Verdict::Invalid { tried, named }) => Some(invalid(case, tried, *named)),
        Some(Verdict::UnknownKid { known }) => Some(unknown_kid(case, token, known)),
        Some(Verdict::NoKey) => other_family(case, token).or_else(|| published(case, token)),
    };
    candidate.into_iter().collect()
}

/// Returns what speaks against the word that the signature is wrong.
pub(super) fn speaks_for_signature(case: &Case<'_>) -> Option<Evidence> {
    let Some(Verdict::Valid { key }) = case.token()?.verdict.as_deref() else { return None };
    let accepted = case.profile()?.proofs.has(&key.to_string());
    let fact = || format!("the signature verifies with {key}, as those of others that were let in");
    accepted.then(|| Evidence::new(fact(), "key"))
}

/// Whether the server speaks of the signature or of its key.
fn is_told(case: &Case<'_>) -> bool {
    case.says("signature.")
}

/// It verifies with a key that is known, and the verifier uses another one.
fn wrong_key(case: &Case<'_>, key: &KeyName) -> Option<Candidate> {
    let accepted = case.profile().map(|p| &p.proofs).filter(|p| !p.is_empty());
    if accepted.is_some_and(|p| p.has(&key.to_string())) {
        return None;
    }
    let told = case.says("signature.invalid") || case.says("signature.wrong_key");
    let candidate = Candidate::proven(
        "signature.wrong_key",
        format!("the signature verifies with {key}"),
        "key",
    );
    match accepted {
        Some(accepted) => {
            let fact =
                format!("tokens that {} let in verify with {}", case.host(), accepted.list(3));
            let candidate = candidate.and(fact, "history");
            Some(if told { candidate } else { candidate.at(Confidence::Inferred) })
        }
        // Nothing shows which key the host uses: only its own word does.
        None => {
            told.then(|| candidate.and("the server finds it wrong: it uses another key", "key"))
        }
    }
}

/// It verifies, but not as a verifier with this key would try it.
fn near(case: &Case<'_>, key: &KeyName, miss: &NearMiss) -> Candidate {
    let alg = case.token().and_then(|t| t.alg.as_deref()).unwrap_or_default();
    let cause = match miss {
        NearMiss::Trimmed | NearMiss::LineFeed | NearMiss::CarriageReturn => {
            "signature.key_newline"
        }
        NearMiss::Base64Decoded
        | NearMiss::HexDecoded
        | NearMiss::Base64Encoded
        | NearMiss::HexEncoded
        | NearMiss::Unquoted
        | NearMiss::Quoted
        | NearMiss::PemRepaired => "signature.key_encoding",
        NearMiss::PublicKeyAsSecret => "signature.alg_family",
        NearMiss::Algorithm(other) | NearMiss::KeyAlgorithm(other) => {
            if same_letters(alg, other) {
                "signature.alg_variant"
            } else {
                "signature.algorithm"
            }
        }
        NearMiss::OtherKey => "signature.wrong_key",
        NearMiss::OtherKid | NearMiss::KeyUse(_) => "signature.unknown_kid",
        NearMiss::DerSignature => "signature.invalid",
        NearMiss::TrailingBits => "token.encoding",
        NearMiss::OtherContent => "signature.tampered",
    };
    let fact = match miss {
        NearMiss::OtherContent => format!("{key} made this signature, {}", miss.words()),
        _ => format!("the signature verifies with {key}, {}", miss.words()),
    };
    let candidate = Candidate::proven(cause, fact, "key");
    let accepted = case
        .profile()
        .filter(|p| p.misses.contains(miss))
        .map(|_| format!("{} let in tokens that verify in the same way", case.host()));
    // The broken text may be the user's copy only; a key that is meant for another algorithm may serve.
    // Most verifiers pass over the use of a key and over spare bits, too.
    let weak = matches!(
        miss,
        NearMiss::PemRepaired
            | NearMiss::KeyAlgorithm(_)
            | NearMiss::KeyUse(_)
            | NearMiss::TrailingBits
    );
    let candidate = match difference(miss) {
        Some(words) => candidate.and(words, "key"),
        None => candidate,
    };
    let candidate =
        if weak && !is_told(case) { candidate.at(Confidence::Suspected) } else { candidate };
    candidate.unless(accepted, "history")
}

/// Says how the two sides differ.
fn difference(miss: &NearMiss) -> Option<&'static str> {
    Some(match miss {
        NearMiss::LineFeed | NearMiss::CarriageReturn => {
            "one side has a line end behind the secret, the other has not"
        }
        NearMiss::Trimmed => "one side has blanks around the secret, the other has not",
        NearMiss::Base64Decoded | NearMiss::Base64Encoded => {
            "one side takes the secret for base64, the other takes its text as it is"
        }
        NearMiss::HexDecoded | NearMiss::HexEncoded => {
            "one side takes the secret for hex, the other takes its text as it is"
        }
        NearMiss::Quoted | NearMiss::Unquoted => {
            "one side has quotes around the secret, the other has not"
        }
        NearMiss::PemRepaired => "a side that reads this text as it stands finds no key in it",
        NearMiss::PublicKeyAsSecret => "the signer took the public key's text for an HMAC secret",
        _ => return None,
    })
}

/// Keys that fit do not verify it.
fn invalid(case: &Case<'_>, tried: &[KeyName], named: bool) -> Candidate {
    let names = tried.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let fact = if named {
        format!("the signature does not verify with {names}, which `kid` names")
    } else {
        format!("the signature verifies with none of {names}")
    };
    let candidate = Candidate::proven("signature.invalid", fact, "key");
    let Some(profile) = case.profile() else {
        return if named || is_told(case) {
            candidate
        } else {
            candidate.at(Confidence::Suspected)
        };
    };
    let others = profile.unproven.then(|| format!("nor do tokens that {} let in", case.host()));
    let sure = named || is_told(case) || !profile.proofs.is_empty();
    let candidate = if sure { candidate } else { candidate.at(Confidence::Suspected) };
    candidate.unless(others.filter(|_| profile.proofs.is_empty()), "history")
}

/// No key of its `kid` is known.
fn unknown_kid(case: &Case<'_>, token: &Token, known: &[String]) -> Candidate {
    let kid = token.kid.as_deref().unwrap_or_default();
    let list = known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
    let fact = format!("`kid` is `{kid}`, the known keys are {list}, and none of them verifies it");
    let candidate = Candidate::proven("signature.unknown_kid", fact, "key");
    let Some(profile) = case.profile() else {
        return if is_told(case) { candidate } else { candidate.at(Confidence::Inferred) };
    };
    let accepted = profile
        .kids
        .has(kid)
        .then(|| format!("{} let in other tokens of key `{kid}`", case.host()));
    let sure = is_told(case) || !profile.proofs.is_empty();
    let candidate = if sure { candidate } else { candidate.at(Confidence::Inferred) };
    candidate.unless(accepted, "history")
}

/// The known keys are all of another family than the token's algorithm.
fn other_family(case: &Case<'_>, token: &Token) -> Option<Candidate> {
    let alg = token.alg.as_deref()?;
    let keys = case.world.given().keys.as_slice();
    let symmetric = alg.starts_with("HS");
    if keys.is_empty() || keys.iter().any(|public| *public != symmetric) {
        return None;
    }
    let kind = if symmetric { "public keys" } else { "secrets" };
    let fact = format!("signed with `{alg}`, and all keys that were given are {kind}");
    let candidate = Candidate::suspected("signature.alg_family", fact, "key");
    Some(if is_told(case) { candidate.at(Confidence::Inferred) } else { candidate })
}

/// The issuer's own key set, as the capture holds it, does not list the token's key.
fn published(case: &Case<'_>, token: &Token) -> Option<Candidate> {
    let (kid, iss) = (token.kid.as_deref()?, token.iss.as_deref()?);
    let kids = case.world.published_by(iss)?;
    if kids.contains(kid) {
        return None;
    }
    let list = kids.iter().take(3).map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
    let fact = format!("`kid` is `{kid}`, and the issuer publishes {list}");
    let accepted = case
        .profile()
        .filter(|p| p.kids.has(kid))
        .map(|_| format!("{} let in other tokens of key `{kid}`", case.host()));
    let candidate = Candidate::inferred("signature.unknown_kid", fact, &case.place());
    let candidate = if is_told(case) { candidate } else { candidate.at(Confidence::Suspected) };
    Some(candidate.unless(accepted, "history"))
}

fn same_letters(a: &str, b: &str) -> bool {
    a.get(..2).map(str::to_ascii_uppercase) == b.get(..2).map(str::to_ascii_uppercase)
}
