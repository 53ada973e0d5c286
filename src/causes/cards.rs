//! The cause cards: what each root cause is, how it is known and what to do about it.
//!
//! A card is one Markdown file, `cards/<id>.md`, embedded here and shown as it is by `explain`, by
//! reports and in the documentation, so that the words exist once. The outline is fixed: title,
//! summary, *What*, *How we know*, *What to do*, *Look-alikes*; [`advice`](super::advice) tells how
//! *What to do* is built.

use crate::model::Class;

/// The sections of a card, in the order in which every card has them.
pub const SECTIONS: [&str; 4] = ["What", "How we know", "What to do", "Look-alikes"];

/// One root cause, explained.
#[derive(Debug, Clone, Copy)]
pub struct Card {
    /// The id that reports and options use, such as `time.expired_cached`.
    pub id: &'static str,
    /// The class of an exchange that has this cause, unless its history says otherwise.
    ///
    /// A refused `DPoP` or Digest nonce is a failure here and `expected` once the next try succeeds.
    pub class: Class,
    /// The whole card as Markdown.
    pub text: &'static str,
}

impl Card {
    /// Returns the title, a noun phrase of at most 48 characters.
    pub fn title(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.strip_prefix("# ").unwrap_or(first)
    }

    /// Returns what happened, in one line of at most 160 characters without a full stop.
    pub fn summary(&self) -> &'static str {
        one_line(self.text.split_once('\n').map_or("", |(_, rest)| rest))
    }

    /// Returns the advice, the first line of *What to do*, at most 140 characters without a full
    /// stop.
    pub fn advice(&self) -> &'static str {
        self.section("What to do").map_or("", one_line)
    }

    /// Returns the text under a heading of [`SECTIONS`], without the heading and outer blank lines.
    ///
    /// `None` when the card has no such heading; letter case counts.
    ///
    /// ```
    /// # use authopsy::causes::cards::card;
    /// let card = card("header.quoted").expect("the cause is registered");
    /// assert!(card.section("What").is_some_and(|what| what.contains("RFC 6750")));
    /// ```
    pub fn section(&self, name: &str) -> Option<&'static str> {
        self.text
            .split("\n## ")
            .skip(1)
            .filter_map(|part| part.split_once('\n'))
            .find_map(|(heading, body)| (heading == name).then(|| body.trim()))
    }
}

/// Returns the card of a cause id, `None` for an id that is not known; letter case counts.
///
/// ```
/// # use authopsy::causes::cards::card;
/// assert_eq!(card("time.expired").map(|card| card.title()), Some("Expired token"));
/// ```
pub fn card(id: &str) -> Option<&'static Card> {
    CARDS.binary_search_by(|card| card.id.cmp(id)).ok().and_then(|at| CARDS.get(at))
}

/// Returns the card whose id is nearest to what was typed, for "did you mean".
///
/// Accepts any letter case, blanks and hyphens for underscores, and a name without its family
/// (`expired_cached`). `None` when nothing is near. Of equally near ids the alphabetically first
/// one is returned.
///
/// ```
/// # use authopsy::causes::cards::nearest;
/// assert_eq!(nearest("header.mispelt-name").map(|card| card.id), Some("header.misspelt_name"));
/// ```
pub fn nearest(id: &str) -> Option<&'static Card> {
    let typed = id.trim().to_lowercase().replace(['-', ' '], "_");
    let mut best = None;
    let mut best_likeness = NEAR;
    for card in CARDS {
        let likeness = likeness(&typed, card.id);
        if likeness > best_likeness {
            best = Some(card);
            best_likeness = likeness;
        }
    }
    best
}

/// Above this likeness two ids differ by a typing error: 0.6 lets `tme.expird` and
/// `header.redirect_striped` through and keeps unrelated words out.
const NEAR: f64 = 0.6;

/// Returns how alike what was typed and an id are, from 0 to 1.
///
/// What has no dot is also compared with the name alone, which counts a shade less, so that a
/// whole id wins over a name.
fn likeness(typed: &str, id: &str) -> f64 {
    let whole = strsim::normalized_damerau_levenshtein(typed, id);
    match id.split_once('.') {
        Some((_, name)) if !typed.contains('.') => {
            whole.max(0.99 * strsim::normalized_damerau_levenshtein(typed, name))
        }
        _ => whole,
    }
}

/// Returns the first line that is not blank, without its full stop, to be used as a message.
fn one_line(text: &'static str) -> &'static str {
    let line = text.lines().find(|line| !line.is_empty()).unwrap_or_default();
    line.strip_suffix('.').unwrap_or(line)
}

const fn failure(id: &'static str, text: &'static str) -> Card {
    Card { id, class: Class::Failure, text }
}

const fn expected(id: &'static str, text: &'static str) -> Card {
    Card { id, class: Class::Expected, text }
}

const fn lookalike(id: &'static str, text: &'static str) -> Card {
    Card { id, class: Class::Lookalike, text }
}

/// Every card, sorted by id.
pub const CARDS: &[Card] = &[
    failure("apikey.expired", include_str!("cards/apikey.expired.md")),
    failure("apikey.missing", include_str!("cards/apikey.missing.md")),
    failure("apikey.restricted", include_str!("cards/apikey.restricted.md")),
    failure("apikey.wrong", include_str!("cards/apikey.wrong.md")),
    failure("authz.consent", include_str!("cards/authz.consent.md")),
    failure("authz.policy", include_str!("cards/authz.policy.md")),
    failure("authz.role", include_str!("cards/authz.role.md")),
    failure("authz.scope", include_str!("cards/authz.scope.md")),
    failure("authz.step_up", include_str!("cards/authz.step_up.md")),
    failure("basic.bad_password", include_str!("cards/basic.bad_password.md")),
    failure("basic.malformed", include_str!("cards/basic.malformed.md")),
    failure("capture.sanitized", include_str!("cards/capture.sanitized.md")),
    failure("claim.audience", include_str!("cards/claim.audience.md")),
    failure("claim.client", include_str!("cards/claim.client.md")),
    failure("claim.environment", include_str!("cards/claim.environment.md")),
    failure("claim.invalid", include_str!("cards/claim.invalid.md")),
    failure("claim.issuer", include_str!("cards/claim.issuer.md")),
    failure("claim.issuer_slash", include_str!("cards/claim.issuer_slash.md")),
    failure("claim.required_missing", include_str!("cards/claim.required_missing.md")),
    failure("claim.subject", include_str!("cards/claim.subject.md")),
    failure("claim.tenant", include_str!("cards/claim.tenant.md")),
    lookalike("cors.origin", include_str!("cards/cors.origin.md")),
    failure("cors.preflight", include_str!("cards/cors.preflight.md")),
    failure("digest.bad_password", include_str!("cards/digest.bad_password.md")),
    failure("digest.stale_nonce", include_str!("cards/digest.stale_nonce.md")),
    failure("dpop.nonce", include_str!("cards/dpop.nonce.md")),
    failure("dpop.proof", include_str!("cards/dpop.proof.md")),
    failure("dpop.required", include_str!("cards/dpop.required.md")),
    failure("header.duplicate", include_str!("cards/header.duplicate.md")),
    failure("header.empty", include_str!("cards/header.empty.md")),
    failure("header.missing", include_str!("cards/header.missing.md")),
    failure("header.misspelt_name", include_str!("cards/header.misspelt_name.md")),
    failure("header.placeholder", include_str!("cards/header.placeholder.md")),
    failure("header.proxy_stripped", include_str!("cards/header.proxy_stripped.md")),
    failure("header.quoted", include_str!("cards/header.quoted.md")),
    failure("header.redirect_stripped", include_str!("cards/header.redirect_stripped.md")),
    failure("header.scheme_case", include_str!("cards/header.scheme_case.md")),
    failure("header.scheme_doubled", include_str!("cards/header.scheme_doubled.md")),
    failure("header.scheme_missing", include_str!("cards/header.scheme_missing.md")),
    failure("header.scheme_wrong", include_str!("cards/header.scheme_wrong.md")),
    failure("header.too_large", include_str!("cards/header.too_large.md")),
    failure("header.whitespace", include_str!("cards/header.whitespace.md")),
    failure("header.wrong_place", include_str!("cards/header.wrong_place.md")),
    failure("login.bad_code", include_str!("cards/login.bad_code.md")),
    failure("login.bad_credentials", include_str!("cards/login.bad_credentials.md")),
    failure("login.password_expired", include_str!("cards/login.password_expired.md")),
    failure("mtls.invalid", include_str!("cards/mtls.invalid.md")),
    failure("mtls.required", include_str!("cards/mtls.required.md")),
    failure("negotiate.failed", include_str!("cards/negotiate.failed.md")),
    failure("oauth.access_denied", include_str!("cards/oauth.access_denied.md")),
    failure("oauth.invalid_client", include_str!("cards/oauth.invalid_client.md")),
    failure("oauth.invalid_grant", include_str!("cards/oauth.invalid_grant.md")),
    failure("oauth.invalid_request", include_str!("cards/oauth.invalid_request.md")),
    failure("oauth.invalid_scope", include_str!("cards/oauth.invalid_scope.md")),
    failure("oauth.login_required", include_str!("cards/oauth.login_required.md")),
    expected("oauth.pending", include_str!("cards/oauth.pending.md")),
    failure("oauth.pkce_failed", include_str!("cards/oauth.pkce_failed.md")),
    failure("oauth.redirect_mismatch", include_str!("cards/oauth.redirect_mismatch.md")),
    failure("oauth.refresh_refused", include_str!("cards/oauth.refresh_refused.md")),
    failure("oauth.refresh_reuse", include_str!("cards/oauth.refresh_reuse.md")),
    failure("oauth.state_mismatch", include_str!("cards/oauth.state_mismatch.md")),
    failure("oauth.unauthorized_client", include_str!("cards/oauth.unauthorized_client.md")),
    failure("oauth.unsupported_grant", include_str!("cards/oauth.unsupported_grant.md")),
    lookalike("other.csrf", include_str!("cards/other.csrf.md")),
    lookalike("other.denied", include_str!("cards/other.denied.md")),
    expected("other.handshake", include_str!("cards/other.handshake.md")),
    lookalike("other.ip_blocked", include_str!("cards/other.ip_blocked.md")),
    lookalike("other.rate_limit", include_str!("cards/other.rate_limit.md")),
    lookalike("other.service_disabled", include_str!("cards/other.service_disabled.md")),
    lookalike("other.waf", include_str!("cards/other.waf.md")),
    lookalike("other.wrong_route", include_str!("cards/other.wrong_route.md")),
    failure("reqsig.malformed", include_str!("cards/reqsig.malformed.md")),
    failure("reqsig.replay", include_str!("cards/reqsig.replay.md")),
    failure("reqsig.signature", include_str!("cards/reqsig.signature.md")),
    failure("reqsig.skew", include_str!("cards/reqsig.skew.md")),
    failure("saml.assertion", include_str!("cards/saml.assertion.md")),
    failure("session.cookie_missing", include_str!("cards/session.cookie_missing.md")),
    failure("session.expired", include_str!("cards/session.expired.md")),
    failure("signature.alg_family", include_str!("cards/signature.alg_family.md")),
    failure("signature.alg_none", include_str!("cards/signature.alg_none.md")),
    failure("signature.alg_variant", include_str!("cards/signature.alg_variant.md")),
    failure("signature.algorithm", include_str!("cards/signature.algorithm.md")),
    failure("signature.invalid", include_str!("cards/signature.invalid.md")),
    failure("signature.key_encoding", include_str!("cards/signature.key_encoding.md")),
    failure("signature.key_newline", include_str!("cards/signature.key_newline.md")),
    failure("signature.key_rotated", include_str!("cards/signature.key_rotated.md")),
    failure("signature.tampered", include_str!("cards/signature.tampered.md")),
    failure("signature.unknown_kid", include_str!("cards/signature.unknown_kid.md")),
    failure("signature.wrong_key", include_str!("cards/signature.wrong_key.md")),
    failure("sigv4.expired_url", include_str!("cards/sigv4.expired_url.md")),
    failure("sigv4.malformed", include_str!("cards/sigv4.malformed.md")),
    failure("sigv4.missing", include_str!("cards/sigv4.missing.md")),
    failure("sigv4.scope", include_str!("cards/sigv4.scope.md")),
    failure("sigv4.signature", include_str!("cards/sigv4.signature.md")),
    failure("sigv4.skew", include_str!("cards/sigv4.skew.md")),
    failure("state.revoked", include_str!("cards/state.revoked.md")),
    failure("state.unknown_token", include_str!("cards/state.unknown_token.md")),
    failure("state.user_disabled", include_str!("cards/state.user_disabled.md")),
    failure("state.user_locked", include_str!("cards/state.user_locked.md")),
    failure("state.user_unverified", include_str!("cards/state.user_unverified.md")),
    failure("time.clock_skew", include_str!("cards/time.clock_skew.md")),
    failure("time.exp_missing", include_str!("cards/time.exp_missing.md")),
    failure("time.expired", include_str!("cards/time.expired.md")),
    failure("time.expired_cached", include_str!("cards/time.expired_cached.md")),
    expected("time.expired_recovered", include_str!("cards/time.expired_recovered.md")),
    failure("time.not_yet_valid", include_str!("cards/time.not_yet_valid.md")),
    failure("time.refresh_not_applied", include_str!("cards/time.refresh_not_applied.md")),
    failure("time.refresh_refused", include_str!("cards/time.refresh_refused.md")),
    failure("time.unit_milliseconds", include_str!("cards/time.unit_milliseconds.md")),
    failure("time.wrong_type", include_str!("cards/time.wrong_type.md")),
    failure("token.encoding", include_str!("cards/token.encoding.md")),
    failure("token.id_token", include_str!("cards/token.id_token.md")),
    failure("token.malformed", include_str!("cards/token.malformed.md")),
    failure("token.not_jwt", include_str!("cards/token.not_jwt.md")),
    failure("token.refresh_token", include_str!("cards/token.refresh_token.md")),
    failure("token.replayed", include_str!("cards/token.replayed.md")),
    failure("token.truncated", include_str!("cards/token.truncated.md")),
    failure("token.undecryptable", include_str!("cards/token.undecryptable.md")),
    failure("token.wrong_type", include_str!("cards/token.wrong_type.md")),
    failure("unknown", include_str!("cards/unknown.md")),
    failure("verifier.misconfigured", include_str!("cards/verifier.misconfigured.md")),
    failure("verifier.one_instance", include_str!("cards/verifier.one_instance.md")),
    failure("verifier.unavailable", include_str!("cards/verifier.unavailable.md")),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Yields what stands between backticks in one line after another.
    fn code_spans(text: &str) -> impl Iterator<Item = &str> {
        text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
    }

    fn length(text: &str) -> usize {
        text.chars().count()
    }

    #[test]
    fn the_list_is_sorted_and_each_id_occurs_once() {
        assert!(CARDS.is_sorted_by(|one, next| one.id < next.id));
    }

    #[test]
    fn every_file_is_registered_under_its_name() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/causes/cards");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let listed: BTreeSet<String> = CARDS.iter().map(|card| format!("{}.md", card.id)).collect();
        assert_eq!(files, listed);
    }

    #[test]
    fn every_card_has_the_sections_in_order() {
        for card in CARDS {
            let headings: Vec<&str> =
                card.text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
            assert_eq!(headings, SECTIONS, "{}", card.id);
            for name in SECTIONS {
                assert!(card.section(name).is_some_and(|body| !body.is_empty()), "{}", card.id);
            }
        }
    }

    #[test]
    fn every_title_is_one_short_and_own_noun_phrase() {
        for card in CARDS {
            assert!(card.text.starts_with("# "), "{}", card.id);
            assert!((1..=48).contains(&length(card.title())), "{}", card.id);
        }
        let titles: BTreeSet<&str> = CARDS.iter().map(Card::title).collect();
        assert_eq!(titles.len(), CARDS.len());
    }

    #[test]
    fn every_summary_is_one_line() {
        for card in CARDS {
            let (head, _) = card.text.split_once("\n## ").unwrap();
            let lines: Vec<&str> = head.lines().skip(1).filter(|line| !line.is_empty()).collect();
            assert_eq!(lines.len(), 1, "{}", card.id);
            assert!((20..=160).contains(&length(lines[0])), "{}", card.id);
            assert_eq!(format!("{}.", card.summary()), lines[0], "{}", card.id);
        }
    }

    #[test]
    fn every_advice_is_one_short_line_that_stands_alone() {
        for card in CARDS {
            let section = card.section("What to do").unwrap();
            let (line, rest) = section.split_once("\n\n").unwrap();
            assert!(!line.contains('\n') && !rest.is_empty(), "{}", card.id);
            assert!((20..=140).contains(&length(line)), "{}", card.id);
            assert_eq!(format!("{}.", card.advice()), line, "{}", card.id);
        }
    }

    #[test]
    fn every_card_says_how_sure_the_evidence_makes_us() {
        for card in CARDS {
            let text = card.section("How we know").unwrap().to_lowercase();
            let named = ["proven", "stated", "inferred", "suspected"];
            assert!(named.iter().any(|word| text.contains(word)), "{}", card.id);
        }
    }

    #[test]
    fn every_id_named_in_a_card_exists() {
        let families: BTreeSet<&str> = CARDS
            .iter()
            .filter_map(|card| card.id.split_once('.'))
            .map(|(family, _)| family)
            .collect();
        for card in CARDS {
            for span in code_spans(card.text) {
                let Some((family, name)) = span.split_once('.') else { continue };
                let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
                if families.contains(family) && plain {
                    assert!(super::card(span).is_some(), "{} names {span}", card.id);
                }
            }
        }
    }

    #[test]
    fn every_look_alike_is_another_known_cause() {
        for card in CARDS {
            let section = card.section("Look-alikes").unwrap();
            for bullet in section.lines().filter(|line| !line.starts_with("  ")) {
                assert!(bullet.starts_with("- `"), "{}: {bullet}", card.id);
                let id = code_spans(bullet).next().unwrap();
                assert!(super::card(id).is_some() && id != card.id, "{}: {id}", card.id);
            }
        }
    }

    /// A fence without a language would be compiled as Rust by rustdoc; an angle bracket outside
    /// code would be HTML, and a square one a link. A comment is read by `advice` alone.
    #[test]
    fn every_card_is_plain_markdown_for_terminal_and_rustdoc() {
        for card in CARDS {
            let mut fenced = false;
            for line in card.text.lines() {
                if let Some(language) = line.strip_prefix("```") {
                    assert!(fenced || !language.is_empty(), "{}", card.id);
                    fenced = !fenced;
                } else if !fenced && !line.starts_with("<!-- here: ") {
                    let prose: String = line.split('`').step_by(2).collect();
                    assert!(!prose.contains(['<', '>', '[', ']']), "{}: {line}", card.id);
                    assert!(!prose.contains("://"), "{}: {line}", card.id);
                    assert_eq!(line.matches('`').count() % 2, 0, "{}: {line}", card.id);
                }
            }
            assert!(!fenced && card.text.ends_with('\n'), "{}", card.id);
        }
    }

    #[test]
    fn no_card_holds_a_token_that_decodes() {
        for card in CARDS {
            for (at, _) in card.text.match_indices("eyJ") {
                let run = card.text[at..].bytes().take_while(u8::is_ascii_alphanumeric).count();
                assert!(run <= 8, "{}", card.id);
            }
        }
    }

    #[test]
    fn the_class_of_a_card_is_the_default_of_its_cause() {
        let of = |class| CARDS.iter().filter(move |card| card.class == class).map(|card| card.id);
        assert_eq!(
            of(Class::Expected).collect::<Vec<_>>(),
            ["oauth.pending", "other.handshake", "time.expired_recovered"]
        );
        assert!(of(Class::Lookalike).all(|id| id == "cors.origin" || id.starts_with("other.")));
        assert_eq!(of(Class::Lookalike).count(), 8);
        assert_eq!(of(Class::Ok).count(), 0);
    }

    #[test]
    fn a_card_is_found_by_its_exact_id_only() {
        assert!(CARDS.iter().all(|one| card(one.id).is_some_and(|found| found.id == one.id)));
        assert!(card("").is_none() && card("Time.Expired").is_none() && card("time").is_none());
    }

    #[test]
    fn a_typing_error_leads_to_the_nearest_card() {
        for (typed, meant) in [
            ("header.mispelt_name", Some("header.misspelt_name")),
            ("Header.Misspelt-Name", Some("header.misspelt_name")),
            ("tme.expird", Some("time.expired")),
            ("time_expired_cached", Some("time.expired_cached")),
            ("expired_cached", Some("time.expired_cached")),
            ("unknow", Some("unknown")),
            ("sigv4.signatur", Some("sigv4.signature")),
            ("teapot", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed).map(|card| card.id), meant, "{typed}");
        }
    }

    #[test]
    fn every_known_id_is_its_own_nearest() {
        assert!(CARDS.iter().all(|one| nearest(one.id).is_some_and(|found| found.id == one.id)));
    }
}
