//! Lexicon and rules, read once, and how they read a text.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use foldhash::fast::FixedState;
use serde::Deserialize;

use crate::dialect::plain_toml;
use crate::dialect::runs::Runs;
use crate::dialect::words::{is_word, normalise};
use crate::model::CauseId;

use super::cover::{is_covered, says_no_more};
use super::senses::drop_other_senses;
use super::{Meaning, Setting};

const LEXICON: &str = include_str!("lexicon.toml");
const RULES: &str = include_str!("rules.toml");

/// Concepts beside those of a rule that leave its meaning plain.
const NEUTRAL: &[&str] = &[
    "token",
    "access",
    "authorization",
    "header",
    "claim",
    "verifier",
    "creds",
    "unauth",
    "relogin",
    "failed",
    "authfail",
    "invalid",
    "no",
    "missing",
    "unknown",
    "notfound",
    "idtoken",
    "granttype",
    "algname",
    "number",
    "decode",
    "mismatch",
    "denied",
    "grant",
    "nbf",
    "iat",
    "inactive",
    "password",
    "username",
    "user",
    "key",
];

/// Concepts that nobody but auth speaks of.
const OWN: &[&str] = &[
    "verifier",
    "access",
    "refresh",
    "idtoken",
    "apikey",
    "authorization",
    "unauth",
    "authfail",
    "creds",
    "csrf",
    "cors",
    "rate",
    "dpop",
    "clientcert",
    "oauth",
    "jwks",
    "saml",
    "pkce",
    "mfa",
    "scheme",
    "awssig",
    "redirect",
    "authcode",
    "clientauth",
    "stateparam",
    "session",
];

/// Returns whether a status tells of a thing that is not there, in the way or of another kind.
const fn is_of_things(status: u16) -> bool {
    matches!(status, 404 | 405 | 409 | 410 | 412..=417 | 424 | 428)
}

/// Words of a text beyond which it is prose.
const PLAIN_WORDS: usize = 14;

#[derive(Debug, Deserialize)]
struct LexiconFile {
    concepts: BTreeMap<String, Vec<String>>,
    cancel: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct RulesFile {
    rules: Vec<RuleEntry>,
}

#[derive(Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent marks of a rule, as written")]
struct RuleEntry {
    when: String,
    #[serde(default)]
    says: Vec<String>,
    #[serde(default)]
    vague: bool,
    #[serde(default)]
    weak: bool,
    #[serde(default)]
    ignore: bool,
    #[serde(default)]
    loose: bool,
}

/// Concepts of a clause and settings of the answer, as bits.
#[derive(Clone, Copy, Debug, Default)]
struct Met {
    concepts: u128,
    settings: u32,
}

impl Met {
    const fn or(self, other: Self) -> Self {
        Self { concepts: self.concepts | other.concepts, settings: self.settings | other.settings }
    }

    const fn touches(self, other: Self) -> bool {
        self.concepts & other.concepts != 0 || self.settings & other.settings != 0
    }
}

struct Rule {
    /// One of each must be there.
    all: Vec<Met>,
    /// None may be there.
    none: Met,
    causes: Vec<CauseId>,
    vague: bool,
    weak: bool,
    ignore: bool,
    /// Concepts under which the meaning stays plain; none for a rule that concludes.
    plain: u128,
}

pub(super) struct Grammar {
    words: Runs,
    /// Bit of the concept that speaks of a verifier's inside.
    verifier: u128,
    /// Bits of what a token is made of and verified with; auth where an answer says nothing else.
    parts: u128,
    /// Bit of the concept that speaks of a member of a form.
    param: u128,
    /// Bit of the concept of goods and records: coupons, orders, files.
    thing: u128,
    /// Bits of what nobody but auth speaks of.
    own: u128,
    /// Bits of what a verifier alone checks; auth where a text holds no other word.
    named: u128,
    /// The same and what others check too; auth where an answer holds no other word.
    checked: u128,
    /// For each pattern: the concept's bit and whether it cancels.
    roles: Vec<(u32, bool)>,
    rules: Vec<Rule>,
    settings: BTreeMap<&'static str, u32>,
}

/// Names of settings in rules, each a bit.
const SETTINGS: [&str; 25] = [
    "@400",
    "@401",
    "@402",
    "@403",
    "@404",
    "@406",
    "@429",
    "@500",
    "@502",
    "@503",
    "@auth",
    "@login",
    "@grant",
    "@refresh",
    "@code",
    "@password",
    "@basic",
    "@bearer",
    "@digest",
    "@word",
    "@sigv4",
    "@sessions",
    "@signed",
    "@tokens",
    "@presigned",
];

impl Grammar {
    /// Returns the causes that rules name.
    #[cfg(test)]
    pub(super) fn causes(&self) -> Vec<CauseId> {
        self.rules.iter().flat_map(|r| r.causes.clone()).collect()
    }

    /// Reads the embedded lexicon and rules.
    pub(super) fn embedded() -> Self {
        let lexicon: LexiconFile =
            plain_toml::read(LEXICON).expect("the embedded lexicon is valid, tested below");
        let rules: RulesFile =
            plain_toml::read(RULES).expect("the embedded rules are valid, tested below");
        let settings: BTreeMap<&'static str, u32> = SETTINGS.into_iter().zip(0..).collect();
        let bits: HashMap<&str, u32, FixedState> =
            lexicon.concepts.keys().map(String::as_str).zip(0..).collect();
        let mut patterns = Vec::new();
        let mut roles = Vec::new();
        for (cancels, table) in [(false, &lexicon.concepts), (true, &lexicon.cancel)] {
            for (concept, words) in table {
                let Some(&bit) = bits.get(concept.as_str()) else { continue };
                for word in words {
                    patterns.push(pattern(word));
                    roles.push((bit, cancels));
                }
            }
        }
        let one = |name: &str| bits.get(name).map_or(0, |bit| 1_u128 << bit);
        let verifier = one("verifier");
        let some = |names: &[&str]| names.iter().fold(0, |met, name| met | one(name));
        let parts = some(&["segment", "jti", "kid", "jwks"]);
        let named = some(&["issuer", "audience", "alg", "nbf"]);
        let own = some(OWN);
        let checked = named | one("subject");
        let neutral = NEUTRAL.iter().fold(0, |met, name| met | one(name));
        let words = Runs::of(patterns);
        let mask = |names: &str| {
            names.split('|').fold(Met::default(), |met, name| {
                met.or(if name.starts_with('@') {
                    let settings = settings.get(name).map_or(0, |bit| 1 << bit);
                    Met { concepts: 0, settings }
                } else {
                    Met { concepts: one(name), settings: 0 }
                })
            })
        };
        let rules = rules
            .rules
            .into_iter()
            .map(|entry| {
                let mut all = Vec::new();
                let mut none = Met::default();
                for atom in entry.when.split_whitespace() {
                    match atom.strip_prefix('!') {
                        Some(names) => none = none.or(mask(names)),
                        None => all.push(mask(atom)),
                    }
                }
                let named = all.iter().fold(0, |met: u128, mask: &Met| met | mask.concepts);
                Rule {
                    plain: if entry.loose { 0 } else { named | neutral },
                    all,
                    none,
                    causes: entry.says.into_iter().map(CauseId::owned).collect(),
                    vague: entry.vague,
                    weak: entry.weak,
                    ignore: entry.ignore,
                }
            })
            .collect();
        Self {
            words,
            verifier,
            param: one("param"),
            thing: one("thing"),
            parts,
            own,
            named,
            checked,
            roles,
            rules,
            settings,
        }
    }

    /// Reads a text; `None` when it holds no words of auth.
    pub(super) fn read(&self, text: &str, setting: Setting) -> Option<Meaning> {
        let normal = normalise(text);
        let context = self.context(setting, is_word(text.trim()));
        let mut spans = self.spans(&normal);
        // A trace of a server that broke names classes and files beside the words.
        if !setting.is_auth() && setting.status < 500 {
            drop_other_senses(&normal, self.thing, &mut spans);
        }
        // What only a verifier says is auth on any error of a request that bears a token.
        let whole = concepts(&spans, &(0..normal.len()));
        let inside = setting.bearer
            && matches!(setting.status, 400 | 422 | 500)
            && (whole.concepts & self.verifier != 0
                || setting.alone && whole.concepts & self.parts != 0
                || whole.concepts & (if setting.alone { self.checked } else { self.named }) != 0
                    && whole.concepts & self.param == 0
                    && is_covered(&normal, &(0..normal.len()), &spans));
        let auth = setting.is_auth() || inside;
        let judge = |range: Range<usize>| {
            let met = concepts(&spans, &range);
            let rules = self.rules.iter().enumerate();
            let (rank, rule) = rules
                .filter(|_| met.concepts != 0)
                .find(|(_, rule)| rule.fits(met.or(context), auth))?;
            let causes = rule.causes.clone();
            let plain =
                says_no_more(&spans, rule.plain) && is_covered(&normal, &(0..range.end), &spans);
            Some(Meaning { causes, vague: rule.vague, rank, ignore: rule.ignore, plain })
        };
        let mut start = 0;
        let mut found: Vec<Meaning> = Vec::new();
        for (at, _) in normal.match_indices('|') {
            found.extend(judge(start..at));
            start = at + 1;
        }
        found.extend(judge(start..normal.len()));
        // A subject in one clause, its fault in another: `Token error: expired`.
        let telling = found.iter().any(|m| !m.vague || m.ignore);
        if start > 0 && !telling && normal.len() < 260 {
            found.extend(judge(0..normal.len()));
        }
        let short = normal.split_whitespace().filter(|w| *w != "|").count() <= PLAIN_WORDS;
        let mut named = found.iter().filter(|m| !m.vague).map(|m| m.causes.first());
        let first = named.next();
        let alike = named.all(|cause| Some(cause) == first);
        // A clause that names one cause beats one that hints; an enumeration is no hint.
        let mut best = found.into_iter().min_by_key(|m| (m.vague && m.causes.len() < 3, m.rank))?;
        best.plain &= short && alike;
        // Where neither the status nor the request is of auth, the words have to be.
        let strange = !auth
            && !is_word(text.trim())
            && if is_of_things(setting.status) {
                // A `kid` or a ticket may be such a thing.
                whole.concepts & self.own & !self.verifier == 0
            } else {
                matches!(setting.status, 400 | 422) && whole.concepts & self.own == 0 && !best.plain
            };
        (!strange || best.ignore).then_some(best)
    }

    fn context(&self, setting: Setting, word: bool) -> Met {
        let bit = |name: &str| self.settings.get(name).map_or(0, |bit| 1_u32 << bit);
        let status = match setting.status {
            400 => "@400",
            401 => "@401",
            402 => "@402",
            403 => "@403",
            404 => "@404",
            406 => "@406",
            429 => "@429",
            500 => "@500",
            502 | 504 => "@502",
            503 => "@503",
            _ => "",
        };
        let settings = [
            (true, status),
            (setting.is_auth(), "@auth"),
            (setting.login, "@login"),
            (setting.grant, "@grant"),
            (setting.refresh, "@refresh"),
            (setting.code, "@code"),
            (setting.password, "@password"),
            (setting.basic, "@basic"),
            (setting.bearer, "@bearer"),
            (setting.digest, "@digest"),
            (setting.sigv4, "@sigv4"),
            (setting.signed, "@signed"),
            (setting.tokens, "@tokens"),
            (setting.sessions, "@sessions"),
            (setting.presigned, "@presigned"),
            (word, "@word"),
        ]
        .into_iter()
        .filter(|(on, _)| *on)
        .fold(0, |met, (_, name)| met | bit(name));
        Met { concepts: 0, settings }
    }

    /// Finds all concepts with their places; what a cancelling span covers is left out.
    fn spans(&self, normal: &str) -> Vec<(Range<usize>, u32)> {
        let mut found = Vec::new();
        let mut cancels = Vec::new();
        for hit in self.words.find(normal) {
            if let Some(&(bit, cancel)) = self.roles.get(hit.text) {
                let into = if cancel { &mut cancels } else { &mut found };
                into.push((hit.range, bit));
            }
        }
        found.retain(|(range, bit): &(Range<usize>, u32)| {
            !cancels.iter().any(|(c, b)| b == bit && c.start <= range.start && range.end <= c.end)
        });
        found
    }
}

impl Rule {
    fn fits(&self, met: Met, auth: bool) -> bool {
        (auth || !self.weak)
            && !met.touches(self.none)
            && self.all.iter().all(|mask| met.touches(*mask))
    }
}

fn concepts(spans: &[(Range<usize>, u32)], within: &Range<usize>) -> Met {
    let concepts = spans
        .iter()
        .filter(|(range, _)| within.start <= range.start && range.end <= within.end)
        .fold(0, |met, (_, bit)| met | 1_u128 << bit);
    Met { concepts, settings: 0 }
}

/// Makes a search pattern: whole words between blanks, or a bare run in scripts without blanks.
fn pattern(words: &str) -> String {
    let normal = if is_normal(words) { Cow::Borrowed(words) } else { Cow::Owned(normalise(words)) };
    let bare = normal.trim();
    if bare.chars().any(is_unspaced) {
        return bare.to_owned();
    }
    [" ", bare, " "].concat()
}

/// Returns whether words of the lexicon are written in normal form: those of one script are, or of several with
/// blanks between words, and to bring them all to it took an eighth of the time in which the program starts.
fn is_normal(words: &str) -> bool {
    words.chars().all(is_unspaced) || !words.chars().any(is_unspaced)
}

fn is_unspaced(c: char) -> bool {
    u32::from(c) >= 0x0600
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_lexicon_and_rules_are_sound() {
        let lexicon: LexiconFile = toml::from_str(LEXICON).unwrap();
        let rules: RulesFile = toml::from_str(RULES).unwrap();
        let plain: (LexiconFile, RulesFile) =
            (plain_toml::read(LEXICON).unwrap(), plain_toml::read(RULES).unwrap());
        assert_eq!(format!("{plain:?}"), format!("{:?}", (&lexicon, &rules)));
        assert!(lexicon.concepts.len() <= 128 && SETTINGS.len() <= 32);
        for name in lexicon.cancel.keys() {
            assert!(lexicon.concepts.contains_key(name), "{name}");
        }
        // A stop word in it would keep it from ever being found, or leave too little of it.
        let mut others = Vec::new();
        for word in lexicon.concepts.values().chain(lexicon.cancel.values()).flatten() {
            let normal = normalise(word);
            let count = |text: &str| text.split_whitespace().count();
            let is_hollow =
                matches!(normal.trim(), "" | "not") || count(&normal) < count(word).min(2);
            if is_hollow || is_normal(word) && normal.trim() != word {
                others.push(format!("{word} -> {}", normal.trim()));
            }
        }
        assert!(others.is_empty(), "texts are searched in another form: {others:#?}");
        for rule in &rules.rules {
            for atom in rule.when.split_whitespace() {
                for name in atom.trim_start_matches('!').split('|') {
                    let known = lexicon.concepts.contains_key(name) || SETTINGS.contains(&name);
                    assert!(known, "{name} in {}", rule.when);
                }
            }
        }
    }
}
