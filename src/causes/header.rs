//! Defects of the field that carries the credential: its name, its form, its place.

use super::case::{Candidate, Case, place_of};
use crate::model::{
    Blank, Confidence, Credential, Facts, Form, Kind, Oddity, Outcome, Place, Scheme, Sign, State,
    Visibility,
};
use crate::world::{Sight, mark_of, oddity_shape};

pub(super) fn examine(case: &Case<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    for credential in &case.facts.credentials {
        // A cookie or an odd field beside a sound Authorization is not what the server read.
        let judged = case.credential().is_some_and(|first| first.place == credential.place);
        if judged || matches!(credential.oddities.first(), Some(Oddity::Misspelt(_))) {
            for oddity in &credential.oddities {
                found.extend(of_oddity(case, credential, oddity));
            }
        }
    }
    found.extend(missing(case));
    found.extend(wrong_scheme(case));
    found.extend(wrong_place(case));
    found.extend(proxy_stripped(case));
    found
}

fn of_oddity(case: &Case<'_>, credential: &Credential, oddity: &Oddity) -> Option<Candidate> {
    let place = place_of(&credential.place);
    let proven = |cause, fact: String| Candidate::proven(cause, fact, &place);
    let candidate = match oddity {
        Oddity::Misspelt(name) if !case.has_authorization() => proven(
            "header.misspelt_name",
            format!("field `{name}` carries the credential, `Authorization` was not sent"),
        ),
        Oddity::Misspelt(name) => {
            return Some(
                proven("header.misspelt_name", format!("field `{name}` carries a credential too"))
                    .harmless_because("`Authorization` was sent as well", &place),
            );
        }
        Oddity::Empty if case.facts.format.as_ref() != "har" => return None,
        Oddity::Empty => proven("header.empty", "the field is there without a value".into()),
        Oddity::SchemeOnly if takes_no_credential(credential) => return None,
        Oddity::SchemeOnly => {
            proven("header.empty", "a scheme word and no credential after it".into())
        }
        // A host lets nobody in for a placeholder: the recorder masks with such a word.
        Oddity::Placeholder(_) if accepted(case, oddity).is_some() => return None,
        Oddity::Placeholder(word) => {
            proven("header.placeholder", format!("`{word}` stands in place of a credential"))
        }
        Oddity::Blank(blank) => return whitespace(case, credential, *blank, &place),
        Oddity::SeveralBlanks(count) => {
            return Some(several_blanks(case, credential, *count, &place));
        }
        Oddity::Quoted(mark) => {
            proven("header.quoted", format!("`{mark}` stands around the credential"))
        }
        Oddity::Duplicate(count) => {
            proven("header.duplicate", format!("{count} fields of this name were sent"))
        }
        Oddity::Joined => {
            proven("header.duplicate", "several credentials are joined by a comma".into())
        }
        Oddity::SchemeMissing => {
            proven("header.scheme_missing", "a bare token, no scheme word before it".into())
        }
        Oddity::SchemeDoubled => {
            proven("header.scheme_doubled", "the scheme word stands twice".into())
        }
        Oddity::SchemeCase(word) => return Some(scheme_case(case, credential, word, &place)),
        Oddity::SchemeColon => {
            proven("header.scheme_wrong", "a colon follows the scheme word".into())
        }
        Oddity::SchemeGlued => {
            proven("header.scheme_wrong", "no blank stands between scheme and credential".into())
        }
        Oddity::SchemeMisspelt(word) => {
            proven("header.scheme_wrong", format!("`{word}` is no scheme"))
        }
        Oddity::PercentEncoded => {
            proven("token.encoding", "the credential is percent-encoded".into())
        }
        Oddity::Json => {
            proven("token.malformed", "a JSON text stands in place of a credential".into())
        }
        Oddity::BasicNotBase64 => {
            proven("basic.malformed", "the Basic credential is no base64".into())
        }
        Oddity::BasicNoColon => {
            proven("basic.malformed", "the decoded Basic credential has no colon".into())
        }
        Oddity::Large(kib) => {
            let size = format!("a field of {kib} KiB");
            let refused = case.facts.answer.outcome == Outcome::Refused(Sign::FieldsTooLarge);
            // A bare 400 for such a field is its parser's, as far as one can see.
            let bare = case.facts.status == Some(400) && !case.says("header.too_large");
            if !refused {
                return None;
            }
            proven("header.too_large", size).at(if bare {
                Confidence::Inferred
            } else {
                Confidence::Proven
            })
        }
        Oddity::Mask(_) => return None,
    };
    Some(candidate.unless(accepted(case, oddity), "history"))
}

/// Schemes whose first message is the scheme word alone, or that carry nothing by design.
fn takes_no_credential(credential: &Credential) -> bool {
    matches!(credential.scheme, Some(Scheme::Negotiate | Scheme::Ntlm))
}

/// Returns the words for "this host accepts the same", if it was proven to.
fn accepted(case: &Case<'_>, oddity: &Oddity) -> Option<String> {
    let profile = case.profile()?;
    profile
        .oddities
        .has(&oddity_shape(oddity))
        .then(|| format!("{} let in requests of the same form", case.host()))
}

/// Returns whether the same token was let in on this host in a form without this oddity.
fn let_in_without(case: &Case<'_>, credential: &Credential, oddity: &Oddity) -> bool {
    let shape = oddity_shape(oddity);
    mark_of(credential).is_some_and(|mark| {
        case.world.sights(mark).any(|sight| match sight {
            Sight::LetIn(usage) => {
                usage.host == case.facts.endpoint.host
                    && usage.credential.as_ref().is_some_and(|c| {
                        c.oddities.iter().all(|other| oddity_shape(other) != shape)
                    })
            }
            Sight::Refused(..) => false,
        })
    })
}

fn whitespace(
    case: &Case<'_>,
    credential: &Credential,
    blank: Blank,
    place: &str,
) -> Option<Candidate> {
    // A password may hold any character.
    if credential.kind == Kind::Password {
        return None;
    }
    let oddity = Oddity::Blank(blank);
    let what = match blank {
        Blank::Leading => "blanks before the scheme",
        Blank::Trailing => "blanks after the credential",
        Blank::Inside => "a blank inside the credential",
        Blank::Tab => "a tab between scheme and credential",
        Blank::LineBreak => "a line break in the field",
        Blank::Encoded => "a percent-encoded blank or line break in the field",
        Blank::Invisible => "an invisible character in the field",
    };
    // HTTP strips blanks at both ends (RFC 9110, section 5.5): they count only by history.
    let stripped = matches!(blank, Blank::Leading | Blank::Trailing);
    let without = let_in_without(case, credential, &oddity);
    if stripped && !without {
        return None;
    }
    let mut candidate = Candidate::proven("header.whitespace", what, place);
    if stripped {
        candidate = candidate.at(Confidence::Inferred);
    }
    if without {
        candidate = candidate.and("the same token was let in without it", "history");
    }
    Some(candidate.unless(accepted(case, &oddity), "history"))
}

fn several_blanks(case: &Case<'_>, credential: &Credential, count: u8, place: &str) -> Candidate {
    let oddity = Oddity::SeveralBlanks(count);
    let fact =
        format!("{count} blanks between scheme and credential (legal, but many servers mind)");
    let candidate = if let_in_without(case, credential, &oddity) {
        Candidate::inferred("header.whitespace", fact, place)
            .and("the same token was let in with one blank", "history")
    } else if case.says("header.") || case.says("token.") {
        Candidate::inferred("header.whitespace", fact, place)
    } else {
        Candidate::suspected("header.whitespace", fact, place)
    };
    candidate.unless(accepted(case, &oddity), "history")
}

fn scheme_case(case: &Case<'_>, credential: &Credential, word: &str, place: &str) -> Candidate {
    let oddity = Oddity::SchemeCase(word.to_owned());
    let fact = format!("the scheme is written `{word}` (legal, but some servers mind)");
    let candidate = if let_in_without(case, credential, &oddity) {
        Candidate::inferred("header.scheme_case", fact, place)
            .and("the same token was let in under the usual spelling", "history")
    } else if case.says("header.missing")
        || case.says("header.scheme")
        || is_sound(case)
            && (case.says("token.malformed")
                || case.says("token.encoding")
                || case.can_mean("header.missing"))
    {
        Candidate::inferred("header.scheme_case", fact, place)
            .and("the server says that it found no credential of its scheme", "response")
    } else if is_sound(case)
        && credential.scheme.as_ref().is_some_and(|scheme| {
            case.profile().is_some_and(|profile| profile.schemes.has(scheme.as_str()))
        })
    {
        Candidate::suspected("header.scheme_case", fact, place)
            .and("others are let in here under the usual spelling", "history")
    } else {
        // Most servers do not mind: alone it says nothing of this refusal.
        Candidate::suspected("header.scheme_case", fact, place)
            .harmless_because("no server was seen to mind it", "history")
    };
    candidate.unless(accepted(case, &oddity), "history")
}

/// Whether the token is well-formed: a server that calls it malformed read something else.
pub(super) fn is_sound(case: &Case<'_>) -> bool {
    case.token().is_some_and(|token| {
        token.form != Form::Opaque && token.faults.is_empty() && !token.claims.is_empty()
    })
}

/// Returns whether the answer asks for an API key: by its words or code, or by every challenge.
fn asks_for_key(case: &Case<'_>) -> bool {
    let is_key = |scheme: &str| {
        ["apikey", "api-key", "x-api-key", "key"].iter().any(|k| scheme.eq_ignore_ascii_case(k))
    };
    let mut challenges = case.challenges().peekable();
    let challenged = challenges.peek().is_some();
    let either = ["apikey.wrong", "apikey.missing"].iter().all(|cause| case.can_mean(cause));
    case.says("apikey.missing") || either || challenged && challenges.all(|c| is_key(&c.scheme))
}

/// Returns whether a segment of the path is a secret by its shape, which was masked: a token of a bot.
pub(super) fn names_secret(case: &Case<'_>) -> bool {
    case.facts.endpoint.path.split('/').any(|segment| segment == "***")
}

/// No credential at all, where the capture could have shown one.
fn missing(case: &Case<'_>) -> Option<Candidate> {
    let facts = case.facts;
    let asked = facts.answer.outcome;
    // A signature in a field of its own says who made the request, not who asks for it: a server that
    // names another scheme found no credential.
    let challenged = case.challenges().next().is_some();
    let beside = |c: &&Credential| {
        challenged && c.kind == Kind::RequestSignature && !c.place.is_authorization()
    };
    // Neither a 403 nor a word on rights is a question for a credential, but where others are let in with
    // one and nobody without.
    let of_rights =
        matches!(asked, Outcome::Refused(Sign::Said | Sign::Grpc)) && case.says("authz.");
    let closed = (asked == Outcome::Refused(Sign::Forbidden) || of_rights)
        && case.world.wants_credential(&facts.endpoint)
        && facts.cookies_sent != Some(true);
    if case.bearer().is_some_and(|c| !beside(&c))
        || facts.grant.is_some()
        || facts.preflight
        || !matches!(
            asked,
            Outcome::Refused(
                Sign::Unauthorized | Sign::ProxyAuthentication | Sign::Said | Sign::Grpc
            )
        ) && !case.says("header.missing")
            && !closed
    {
        return None;
    }
    if asked == Outcome::Refused(Sign::Said)
        && !case.says("header.missing")
        && !case.can_mean("header.missing")
        && !closed
    {
        return None;
    }
    // A token in the path is a credential: it stands there as `***`.
    if names_secret(case) {
        return None;
    }
    let observable = case.could_show()
        || (case.says("header.missing") && case.world.shows_credentials(facts))
            && !case.stripped_by_preflight();
    if !observable {
        return None;
    }
    // A session cookie may be all that this application reads: then the session is what failed.
    if facts.cookies_sent == Some(true)
        && case.credential().is_some()
        && !case.says("header.")
        && case.challenges().next().is_none()
    {
        return None;
    }
    // A host that keeps this client in a session asks for the session, not for a field.
    let host = facts.endpoint.host.as_ref();
    let session = case.at.and_then(|at| case.world.session_cookie(facts, at));
    let bare = !case.says("header.") && case.challenges().next().is_none();
    let neighbour = session.filter(|(_, given)| given.endpoint.host.as_ref() != host);
    let kept = |given: &Facts| given.cookie_rules.as_ref().is_some_and(|r| r.domain.is_none());
    let had = |at| {
        let set = case.world.moments(&facts.client, |other| {
            other.endpoint.host.as_ref() == host && !other.cookies_set.is_empty()
        });
        set.iter().any(|t| *t <= at)
    };
    if bare && case.at.is_some_and(had) {
        return None;
    }
    if bare && session.is_some() && neighbour.is_none_or(|(_, given)| kept(given)) {
        return None;
    }
    // A host that takes API keys and nothing else asks for one.
    let keys = case.profile().map(|p| &p.kinds).filter(|kinds| kinds.only() == Some("api_key"));
    let learned = keys.is_some() && case.challenges().next().is_none();
    let asked_for = asks_for_key(case);
    let cause = if learned || asked_for { "apikey.missing" } else { "header.missing" };
    let mut candidate = Candidate::proven(cause, "no credential was sent", "request.headers");
    if learned {
        let fact = format!("{} let in requests with an API key only", case.host());
        candidate = candidate.and(fact, "history");
    }
    if closed && !case.says("header.missing") {
        let fact = "others are let in here with a credential, nobody without";
        candidate = candidate.at(Confidence::Inferred).and(fact, "history");
    }
    if !crate::world::could_show(facts) {
        candidate = candidate.at(Confidence::Stated);
    }
    // Under a misspelt name, or in a cookie, it would not show.
    if facts.visibility == Visibility::Column && !case.says("header.missing") {
        let fact = "the log shows Authorization and no other field";
        candidate = candidate.at(Confidence::Inferred).and(fact, "capture");
    }
    // Any cookie may be a session under a name of the application's own; only an answer that asks for
    // something else shows that this one is not.
    let asked = case.challenges().next().is_some() || case.says("header.");
    if facts.cookies_sent == Some(true) && case.credential().is_none() && !asked {
        let fact = "no known credential was sent, only cookies of other names";
        candidate = Candidate::suspected("header.missing", fact, "request.headers.cookie");
    }
    if let Some(challenge) = case.challenges().next() {
        let fact = format!("the server asks for {}", Scheme::of(&challenge.scheme));
        candidate = candidate.and(fact, "response.headers.www-authenticate");
    }
    Some(candidate)
}

/// Another scheme than the server asks for.
fn wrong_scheme(case: &Case<'_>) -> Option<Candidate> {
    let credential = case.credential()?;
    let sent = credential.scheme.as_ref()?;
    if !credential.place.is_authorization() || credential.state == State::Absent {
        return None;
    }
    let asked: Vec<Scheme> =
        case.challenges().filter(|c| !c.proxy).map(|c| Scheme::asked(&c.scheme)).collect();
    if asked.is_empty() {
        // The word is there; it is not the one that the server looks for.
        let worded = matches!(sent, Scheme::Other(_) | Scheme::Token | Scheme::Jwt)
            && case.says("header.scheme");
        return unlearned_scheme(case, sent).or_else(|| {
            worded.then(|| {
                let fact = format!("sent {sent}");
                Candidate::inferred("header.scheme_wrong", fact, &case.place())
                    .and("the server says that its scheme word is missing", "response")
            })
        });
    }
    let known = |s: &Scheme| !matches!(s, Scheme::Other(_));
    let common = matches!(sent, Scheme::Bearer | Scheme::Basic | Scheme::Dpop);
    // Some challenge with a word of their own and read `Bearer` only.
    if asked.contains(sent) && !common && case.says("header.missing") {
        return unlearned_scheme(case, sent);
    }
    if asked.contains(sent) || !asked.iter().any(known) {
        return None;
    }
    // A DPoP-bound server challenges for both; NTLM is a step of Negotiate.
    let kin = |a: &Scheme, b: &Scheme| {
        matches!((a, b), (Scheme::Ntlm | Scheme::Negotiate, Scheme::Ntlm | Scheme::Negotiate))
    };
    if asked.iter().any(|a| kin(a, sent)) {
        return None;
    }
    // Who speaks of a token's lifetime, claims or signature has read it, whatever the challenge's word is.
    let read = ["time.", "claim.", "signature."].iter().any(|family| case.says(family));
    if read && matches!(sent, Scheme::Bearer | Scheme::Jwt | Scheme::Token) {
        return None;
    }
    // What lacks is the proof, and the scheme with it.
    if asked.contains(&Scheme::Dpop) && super::dpop::is_bound(case) {
        return None;
    }
    let list = asked.iter().map(Scheme::as_str).collect::<Vec<_>>().join(", ");
    let fact = format!("sent {sent}, the server asks for {list}");
    let accepted = case
        .profile()
        .filter(|p| p.schemes.has(sent.as_str()))
        // What is let in elsewhere on the host counts only where this endpoint showed nothing else.
        .filter(|_| !case.world.knows_only_other_schemes(&case.facts.endpoint, sent))
        .map(|_| format!("{} let in requests with {sent}", case.host()));
    Some(
        Candidate::inferred("header.scheme_wrong", fact, "response.headers.www-authenticate")
            .unless(accepted, "history"),
    )
}

/// Another scheme than the host was ever seen to accept.
fn unlearned_scheme(case: &Case<'_>, sent: &Scheme) -> Option<Candidate> {
    let schemes = &case.profile()?.schemes;
    let known = schemes.0.keys().any(|s| !s.is_empty());
    if schemes.has(sent.as_str()) {
        // Let in elsewhere on the host, not here, and the server minds the field.
        let here = case.world.knows_only_other_schemes(&case.facts.endpoint, sent);
        let minds = case.says("header.scheme") && !case.says("header.missing");
        return (here && minds).then(|| {
            let fact = format!("{} lets in requests with another scheme only", case.facts.endpoint);
            Candidate::inferred("header.scheme_wrong", format!("sent {sent}"), &case.place())
                .and(fact, "history")
        });
    }
    if !known {
        return None;
    }
    let fact = format!("{} let in requests with {} only", case.host(), schemes.list(3));
    let candidate =
        Candidate::inferred("header.scheme_wrong", format!("sent {sent}"), &case.place())
            .and(fact, "history");
    // A server that finds no field at all did not look at its scheme.
    let common = matches!(sent, Scheme::Bearer | Scheme::Basic);
    Some(if common && case.says("header.missing") {
        candidate.at(Confidence::Suspected)
    } else {
        candidate
    })
}

/// A token elsewhere, where the server says that none came or takes it in one place only.
fn wrong_place(case: &Case<'_>) -> Option<Candidate> {
    let credential = case.credential()?;
    if credential.place.is_authorization()
        || matches!(credential.place, Place::Header(ref n) if **n == *"proxy-authorization")
        || credential.oddities.iter().any(|o| matches!(o, Oddity::Misspelt(_)))
        || !credential.kind.is_token()
        || case.facts.grant.is_some()
        || case.asks_for_it_there()
    {
        return None;
    }
    let here = credential.place.to_string();
    let places = case.profile().map(|p| &p.places);
    let accepted = places
        .filter(|p| p.has(&here))
        .map(|_| format!("{} let in requests with it there", case.host()));
    let candidate = Candidate::inferred(
        "header.wrong_place",
        format!("the credential came as `{here}`"),
        &case.place(),
    );
    let elsewhere = places.is_some_and(|p| p.has("header:authorization") && !p.has(&here));
    let says_none = ["header.missing", "header.scheme_missing", "apikey.missing"];
    if says_none.iter().any(|cause| case.says(cause)) {
        let candidate = candidate.and("the server says that none came", "response");
        return Some(candidate.unless(accepted, "history"));
    }
    elsewhere.then(|| {
        let fact =
            format!("{} let in requests with `Authorization`, none with it there", case.host());
        candidate.and(fact, "history")
    })
}

/// The client sent it, the server says that none came.
fn proxy_stripped(case: &Case<'_>) -> Option<Candidate> {
    let credential = case.credential()?;
    let doubts = |said| super::stated::doubts(case, said);
    if case.asks_for_it_there() && !case.facts.answer.statements.iter().any(doubts) {
        return Some(Candidate::inferred(
            "header.proxy_stripped",
            format!("the capture shows `{}`, the server says that none came", credential.place),
            &case.place(),
        ));
    }
    let sound = credential.oddities.iter().all(|o| {
        matches!(
            o,
            Oddity::Mask(_) | Oddity::Blank(Blank::Leading | Blank::Trailing) | Oddity::Large(_)
        )
    });
    let schemes = case.profile().map(|p| &p.schemes).filter(|s| !s.is_empty());
    let taken = |scheme: &Scheme| schemes.is_none_or(|s| s.has(scheme.as_str()));
    let common = |scheme: &Scheme| matches!(scheme, Scheme::Bearer | Scheme::Basic | Scheme::Dpop);
    let usual = credential.scheme.as_ref().is_none_or(|s| common(s) || taken(s));
    if !case.says("header.missing") || !case.has_authorization() || !sound || !usual {
        return None;
    }
    // What the server calls missing is often another scheme than it reads.
    let mut challenges = case.challenges().peekable();
    let asked = challenges.peek().is_some();
    let fits = challenges.any(|c| credential.scheme == Some(Scheme::asked(&c.scheme)));
    if asked && !fits {
        return None;
    }
    let other_scheme =
        !matches!(credential.scheme, Some(Scheme::Bearer | Scheme::Basic | Scheme::Dpop));
    if !asked && other_scheme {
        return None;
    }
    Some(
        Candidate::inferred(
            "header.proxy_stripped",
            "the capture shows `Authorization`, the server says that none came",
            &case.place(),
        )
        // Where the field got through with another value, it gets through.
        .at(if !case.world.lets_credentials_in(&case.facts.endpoint) {
            Confidence::Inferred
        } else {
            Confidence::Suspected
        }),
    )
}
