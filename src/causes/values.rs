//! The values of one case that advice can name: what was sent, what the host accepts, how late it was.
//!
//! They are read off facts that are masked already, for the slots that the cause's card uses and no
//! others. A value that is not known is left out, and so is the sentence that would need it.

use super::case::Case;
use super::time::lateness;
use crate::model::{Blank, NumericDate, Oddity, Place, Scheme, Seconds, Token, Unit, Verdict};
use crate::world::Learned;

/// A named gap in a sentence of advice: `{host}`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Slot {
    /// Host and port that were called.
    Host,
    /// Method, host and templated path that were called; of a preflight always its OPTIONS.
    Endpoint,
    /// What the request or its token says where the server wants something else.
    Sent,
    /// What the server accepts in its place: given, named by its answer, or learned.
    Accepted,
    /// Name of the field, cookie or parameter that carries the credential, as sent.
    Field,
    /// Where the credential travelled: `query:access_token`.
    Place,
    /// Name of the claim that is at fault or absent.
    Claim,
    /// The odd thing about the form, in words.
    Defect,
    /// How long after `exp` the request was made.
    Late,
    /// How far `nbf` or `iat` lies after the request.
    Ahead,
    /// How long the token lives, from `iat` to `exp`.
    Life,
    /// How far the host's clock is ahead of the capture's.
    Fast,
    /// How far the host's clock is behind the capture's.
    Slow,
    /// Issuer of the token.
    Issuer,
    /// Key id of the token.
    Kid,
    /// Endpoint that redirected the request here.
    From,
    /// Server node that answered.
    Node,
    /// The known key that made the signature.
    Key,
    /// What has to be done to key or signature for it to verify.
    Near,
}

/// A known value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// One or several names, never empty, each at most 100 characters.
    Names(Vec<String>),
    /// A span, zero or more.
    Span(Seconds),
}

/// What stands in place of a secret; it tells nothing.
const MASK: &str = "***";
/// Most names of one value.
const NAMES: usize = 3;
/// Most characters of one name.
const NAME: usize = 100;

impl Slot {
    /// Every slot.
    pub const ALL: [Self; 19] = [
        Self::Host,
        Self::Endpoint,
        Self::Sent,
        Self::Accepted,
        Self::Field,
        Self::Place,
        Self::Claim,
        Self::Defect,
        Self::Late,
        Self::Ahead,
        Self::Life,
        Self::Fast,
        Self::Slow,
        Self::Issuer,
        Self::Kid,
        Self::From,
        Self::Node,
        Self::Key,
        Self::Near,
    ];

    /// Returns the name used in cards and outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Endpoint => "endpoint",
            Self::Sent => "sent",
            Self::Accepted => "accepted",
            Self::Field => "field",
            Self::Place => "place",
            Self::Claim => "claim",
            Self::Defect => "defect",
            Self::Late => "late",
            Self::Ahead => "ahead",
            Self::Life => "life",
            Self::Fast => "fast",
            Self::Slow => "slow",
            Self::Issuer => "issuer",
            Self::Kid => "kid",
            Self::From => "from",
            Self::Node => "node",
            Self::Key => "key",
            Self::Near => "near",
        }
    }

    /// Returns the slot of a name, `None` for an unknown one.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|slot| slot.as_str() == name)
    }
}

/// Returns the value of a slot for a case whose root is `cause`; `None` when it is not known.
pub fn value(case: &Case<'_>, cause: &str, slot: Slot) -> Option<Value> {
    let span = |seconds: Seconds| (seconds.0 >= 0.0).then_some(Value::Span(seconds));
    match slot {
        Slot::Host => names(case.facts.endpoint.host.as_deref()),
        Slot::Endpoint => {
            case.facts.endpoint.host.as_ref()?;
            // The request behind a refused preflight must keep its check: only OPTIONS may pass.
            let mut endpoint = case.facts.endpoint.clone();
            if cause == "cors.preflight" {
                endpoint.method = Some("OPTIONS".into());
            }
            names([endpoint.to_string().as_str()])
        }
        Slot::Sent => sent(case, cause),
        Slot::Accepted => unless_sent(accepted(case, cause)?, sent(case, cause).as_ref(), cause),
        Slot::Field => names([field(case)?]),
        Slot::Place => names([case.credential()?.place.to_string().as_str()]),
        Slot::Claim => claim(case, cause),
        Slot::Defect => names([defect(case)?]),
        Slot::Late => span(lateness(case, case.token()?)?),
        Slot::Ahead => span(ahead(case, case.token()?)?),
        Slot::Life => span(life(case.token()?)?),
        Slot::Fast => case.skew().map(|s| s.median).and_then(span),
        Slot::Slow => case.skew().map(|s| Seconds(-s.median.0)).and_then(span),
        Slot::Issuer => names(case.token()?.iss.as_deref()),
        Slot::Kid => names(case.token()?.kid.as_deref()),
        Slot::From => {
            let at = case.at?;
            let seen = case.world.redirect_with_credential(case.facts, at).map(|(_, from)| from);
            let unseen = || case.world.unseen_redirect(case.facts, at).map(|(_, from, _)| from);
            let from = seen.or_else(unseen)?;
            names([from.endpoint.to_string().as_str()])
        }
        Slot::Node => names(case.facts.node.as_deref()),
        Slot::Key => names([case.token()?.verdict.as_ref()?.key()?.to_string().as_str()]),
        Slot::Near => match case.token()?.verdict.as_deref()? {
            Verdict::Near { miss, .. } => names([miss.words().as_str()]),
            _ => None,
        },
    }
}

/// What the request says where the server wants something else.
fn sent(case: &Case<'_>, cause: &str) -> Option<Value> {
    let odd = |pick: fn(&Oddity) -> Option<String>| {
        let word = case.credential()?.oddities.iter().find_map(pick)?;
        names([word.as_str()])
    };
    match cause {
        "claim.issuer" | "claim.issuer_slash" | "claim.tenant" | "claim.environment" => {
            names(case.token()?.iss.as_deref())
        }
        "cors.preflight" => names(list(&case.facts.preflight_denial.as_ref()?.names)),
        "claim.audience" | "token.id_token" => names(list(&case.token()?.aud)),
        "dpop.required" => names([case.credential()?.scheme.as_ref()?.as_str()]),
        "claim.client" => names(case.token()?.client.as_deref()),
        "authz.scope" => names(list(&case.token()?.scopes)),
        "signature.unknown_kid" | "signature.key_rotated" => names(case.token()?.kid.as_deref()),
        "header.scheme_wrong" => odd(|o| match o {
            Oddity::SchemeMisspelt(word) => Some(word.clone()),
            _ => None,
        })
        .or_else(|| names([case.credential()?.scheme.as_ref()?.as_str()])),
        "header.scheme_case" => odd(|o| match o {
            Oddity::SchemeCase(word) => Some(word.clone()),
            _ => None,
        }),
        "header.placeholder" => odd(|o| match o {
            Oddity::Placeholder(word) => Some(word.clone()),
            _ => None,
        }),
        "header.quoted" => odd(|o| match o {
            Oddity::Quoted(mark) => Some(mark.to_string()),
            _ => None,
        }),
        "header.whitespace" => odd(|o| match o {
            Oddity::SeveralBlanks(count) => Some(count.to_string()),
            _ => None,
        }),
        "header.too_large" => odd(|o| match o {
            Oddity::Large(kib) => Some(format!("{kib} KiB")),
            _ => None,
        }),
        "token.not_jwt" | "token.wrong_type" => names(case.token()?.vendor.as_deref()),
        _ if cause.starts_with("signature.alg") => names(case.token()?.alg.as_deref()),
        _ => None,
    }
}

/// What the server accepts: as given, else as its answer names it, else as learned.
fn accepted(case: &Case<'_>, cause: &str) -> Option<Value> {
    let given = case.world.given();
    let profile = case.profile();
    let named = || {
        let statement = case.statement()?;
        let same = statement.causes.first()?.as_str() == cause;
        names(statement.expected.as_deref().filter(|_| same))
    };
    let learned = |known: Option<&Learned>| {
        names(known?.0.keys().map(String::as_str).filter(|k| !k.is_empty()))
    };
    match cause {
        "claim.issuer_slash" => {
            let iss = case.token()?.iss.as_deref()?;
            let twin = |k: &&str| *k != iss && k.trim_end_matches('/') == iss.trim_end_matches('/');
            let given = given.issuers.iter().map(String::as_str).find(twin);
            let said = case.statement().and_then(|s| s.expected.as_deref()).filter(|s| twin(s));
            let seen = || profile?.issuers.0.keys().map(String::as_str).find(twin);
            names(given.or(said).or_else(seen))
        }
        "claim.issuer" | "claim.tenant" | "claim.environment" => names(list(&given.issuers))
            .or_else(named)
            .or_else(|| learned(profile.map(|p| &p.issuers))),
        "claim.audience" => names(list(&given.audiences))
            .or_else(named)
            .or_else(|| learned(profile.map(|p| &p.audiences))),
        "signature.unknown_kid" | "signature.key_rotated" => {
            let own = case.token()?.kid.as_deref()?;
            let known = &profile?.kids;
            // Accepted and not known do not go together: the server's words are in doubt then.
            if cause == "signature.unknown_kid" && known.has(own) {
                return None;
            }
            names(known.0.keys().map(String::as_str).filter(|k| *k != own))
        }
        "authz.scope" => {
            let asked = case.challenges().find_map(|c| c.param("scope"));
            names(asked.into_iter().flat_map(str::split_whitespace)).or_else(named)
        }
        "header.wrong_place" => learned(profile.map(|p| &p.places)),
        _ if cause.starts_with("signature.alg") => {
            names(list(&given.algorithms)).or_else(|| learned(profile.map(|p| &p.algorithms)))
        }
        _ if cause.starts_with("header.") => {
            let asked: Vec<Scheme> =
                case.challenges().filter(|c| !c.proxy).map(|c| Scheme::of(&c.scheme)).collect();
            names(asked.iter().map(Scheme::as_str)).or_else(|| learned(profile.map(|p| &p.schemes)))
        }
        _ => None,
    }
}

/// Advice that sets a value against the same value says nothing: of scopes those stay that are lacking,
/// other values are then not known.
fn unless_sent(accepted: Value, sent: Option<&Value>, cause: &str) -> Option<Value> {
    let (Value::Names(wanted), Some(Value::Names(had))) = (&accepted, sent) else {
        return Some(accepted);
    };
    let lacking: Vec<String> = wanted.iter().filter(|name| !had.contains(name)).cloned().collect();
    if lacking.len() == wanted.len() {
        return Some(accepted);
    }
    (cause == "authz.scope" && !lacking.is_empty()).then_some(Value::Names(lacking))
}

/// Returns the misspelt name as sent, else the name under which the judged credential travelled.
fn field<'a>(case: &Case<'a>) -> Option<&'a str> {
    let misspelt = case.facts.credentials.iter().flat_map(|c| &c.oddities).find_map(|o| match o {
        Oddity::Misspelt(name) => Some(name.as_str()),
        _ => None,
    });
    misspelt.or_else(|| match &case.credential()?.place {
        Place::Header(name)
        | Place::Cookie(name)
        | Place::Query(name)
        | Place::Form(name)
        | Place::Json(name) => Some(&**name),
    })
}

/// Returns the claim that a time cause is about, or the one that is absent.
fn claim(case: &Case<'_>, cause: &str) -> Option<Value> {
    let token = case.token()?;
    let dates = [("nbf", &token.nbf), ("iat", &token.iat), ("exp", &token.exp)];
    let those = |wrong: fn(&NumericDate) -> bool| {
        names(dates.iter().filter(|(_, d)| d.as_ref().is_some_and(wrong)).map(|(name, _)| *name))
    };
    match cause {
        "time.unit_milliseconds" => those(|d| d.is_number() && d.unit() != Unit::Seconds),
        "time.wrong_type" => those(|d| !d.is_number()),
        "time.not_yet_valid" => {
            let judged = case.judged_at()?;
            let early = |d: &NumericDate| d.in_seconds().is_some_and(|at| at > judged);
            let starts = dates.iter().filter(|(name, _)| *name != "exp");
            names(starts.filter(|(_, d)| d.as_ref().is_some_and(early)).map(|(name, _)| *name))
        }
        "claim.required_missing" => {
            let given = case.world.given().claims.iter();
            let learned = || case.profile()?.claims.as_ref().map(|claims| claims.iter());
            let lacks = |c: &&String| !token.has_claim(c);
            // Registered claims have causes of their own.
            let own = |c: &&String| !matches!(c.as_str(), "iss" | "aud" | "exp" | "nbf" | "iat");
            names(given.filter(lacks).map(String::as_str))
                .or_else(|| names(learned()?.filter(lacks).filter(own).map(String::as_str)))
        }
        _ => None,
    }
}

/// Returns the blank or bracket that does not belong to the credential, in words.
fn defect(case: &Case<'_>) -> Option<&'static str> {
    case.credential()?.oddities.iter().find_map(|oddity| match oddity {
        Oddity::Blank(blank) => Some(match blank {
            Blank::Leading => "a blank before the scheme",
            Blank::Trailing => "a blank at the end",
            Blank::Inside => "a blank inside",
            Blank::Tab => "a tab after the scheme",
            Blank::LineBreak => "a line break",
            Blank::Encoded => "a percent-encoded blank or line break",
            Blank::Invisible => "an invisible character",
        }),
        Oddity::SeveralBlanks(_) => Some("more than one blank after the scheme"),
        Oddity::SchemeColon => Some("a colon after the scheme"),
        Oddity::SchemeGlued => Some("no blank after the scheme"),
        Oddity::BasicNotBase64 => Some("is no base64"),
        Oddity::BasicNoColon => Some("has no colon"),
        _ => None,
    })
}

fn ahead(case: &Case<'_>, token: &Token) -> Option<Seconds> {
    let judged = case.judged_at()?;
    let starts = [&token.nbf, &token.iat];
    let latest = starts.iter().filter_map(|d| d.as_ref()?.in_seconds()).max()?;
    Some(latest.since(judged))
}

fn life(token: &Token) -> Option<Seconds> {
    let life = token.expires()?.since(token.iat.as_ref()?.in_seconds()?);
    (life.0 > 0.0).then_some(life)
}

fn list(values: &[String]) -> impl Iterator<Item = &str> {
    values.iter().map(String::as_str)
}

/// Keeps the first few names, each short and without what would end a code span.
fn names<'v>(values: impl IntoIterator<Item = &'v str>) -> Option<Value> {
    let kept: Vec<String> = values
        .into_iter()
        .filter(|text| !text.trim().is_empty() && *text != MASK)
        .take(NAMES)
        .map(|text| {
            if text.len() <= NAME && !text.contains('`') {
                return text.to_owned();
            }
            let plain: String = text.chars().map(|c| if c == '`' { '\'' } else { c }).collect();
            match plain.char_indices().nth(NAME) {
                Some((end, _)) => format!("{}…", plain.get(..end).unwrap_or_default()),
                None => plain,
            }
        })
        .collect();
    (!kept.is_empty()).then_some(Value::Names(kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_is_found_by_its_own_name() {
        assert!(Slot::ALL.iter().all(|slot| Slot::of(slot.as_str()) == Some(*slot)));
        assert_eq!(Slot::of("Host"), None);
        assert_eq!(Slot::of(""), None);
    }

    #[test]
    fn a_value_is_not_set_against_itself() {
        let of = |list: &[&str]| names(list.iter().copied());
        let wanted = || of(&["a", "b"]).unwrap();
        assert_eq!(unless_sent(wanted(), of(&["b", "c"]).as_ref(), "claim.audience"), None);
        assert_eq!(unless_sent(wanted(), of(&["c"]).as_ref(), "claim.audience"), of(&["a", "b"]));
        assert_eq!(unless_sent(wanted(), None, "claim.audience"), of(&["a", "b"]));
        assert_eq!(unless_sent(wanted(), of(&["b", "c"]).as_ref(), "authz.scope"), of(&["a"]));
        assert_eq!(unless_sent(wanted(), of(&["b", "a"]).as_ref(), "authz.scope"), None);
    }

    #[test]
    fn names_are_few_short_and_hold_no_code_mark() {
        let long = "x".repeat(101);
        let Some(Value::Names(kept)) = names(["a`b", "", &long, "c", "d"]) else { panic!() };
        assert_eq!(kept, ["a'b".to_owned(), format!("{}…", "x".repeat(100)), "c".to_owned()]);
        assert_eq!(names(["", " ", MASK]), None);
        assert_eq!(names([&*"y".repeat(100)]), Some(Value::Names(vec!["y".repeat(100)])));
    }
}
