//! What known speakers say, as data: TOML files, one a vendor or library.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use foldhash::fast::FixedState;
use serde::Deserialize;

use crate::model::{CauseId, Weight};

use super::body::Clue;
use super::general;
use super::pattern::Pattern;
use super::plain_toml;
use super::required;
use super::runs::Runs;
use super::value::time_in;
use super::words::one_line;
use crate::model::At;

/// The embedded files; a new one is one line here.
const VENDORS: &[(&str, &str)] = &[
    ("standards", include_str!("vendors/standards.toml")),
    ("akamai", include_str!("vendors/akamai.toml")),
    ("aliyun", include_str!("vendors/aliyun.toml")),
    ("apigateway", include_str!("vendors/apigateway.toml")),
    ("apigee", include_str!("vendors/apigee.toml")),
    ("apisix", include_str!("vendors/apisix.toml")),
    ("aspnet", include_str!("vendors/aspnet.toml")),
    ("auth0", include_str!("vendors/auth0.toml")),
    ("aws", include_str!("vendors/aws.toml")),
    ("azure", include_str!("vendors/azure.toml")),
    ("china", include_str!("vendors/china.toml")),
    ("china_web", include_str!("vendors/china_web.toml")),
    ("cloudflare_logs", include_str!("vendors/cloudflare_logs.toml")),
    ("directory", include_str!("vendors/directory.toml")),
    ("entra", include_str!("vendors/entra.toml")),
    ("envoy", include_str!("vendors/envoy.toml")),
    ("feishu", include_str!("vendors/feishu.toml")),
    ("firebase", include_str!("vendors/firebase.toml")),
    ("flask", include_str!("vendors/flask.toml")),
    ("go", include_str!("vendors/go.toml")),
    ("google", include_str!("vendors/google.toml")),
    ("httpd", include_str!("vendors/httpd.toml")),
    ("identity", include_str!("vendors/identity.toml")),
    ("iis", include_str!("vendors/iis.toml")),
    ("keycloak", include_str!("vendors/keycloak.toml")),
    ("kong", include_str!("vendors/kong.toml")),
    ("krakend", include_str!("vendors/krakend.toml")),
    ("kubernetes", include_str!("vendors/kubernetes.toml")),
    ("logins", include_str!("vendors/logins.toml")),
    ("node", include_str!("vendors/node.toml")),
    ("okta", include_str!("vendors/okta.toml")),
    ("php", include_str!("vendors/php.toml")),
    ("platforms", include_str!("vendors/platforms.toml")),
    ("python", include_str!("vendors/python.toml")),
    ("rust_ruby_elixir", include_str!("vendors/rust_ruby_elixir.toml")),
    ("saas", include_str!("vendors/saas.toml")),
    ("services", include_str!("vendors/services.toml")),
    ("slack", include_str!("vendors/slack.toml")),
    ("soap", include_str!("vendors/soap.toml")),
    ("spring", include_str!("vendors/spring.toml")),
    ("supabase", include_str!("vendors/supabase.toml")),
    ("trading", include_str!("vendors/trading.toml")),
    ("tyk", include_str!("vendors/tyk.toml")),
];

/// Everything that is known of speakers: embedded files and the user's.
///
/// Embedded files alone are read when a text is first looked up in them: where nothing is refused, nobody
/// asks.
#[derive(Debug)]
pub struct Catalogue {
    files: &'static [(&'static str, &'static str)],
    tables: OnceLock<Tables>,
    /// Whether a worker has begun to read them.
    is_begun: AtomicBool,
}

/// What files say, as it is looked up.
#[derive(Debug, Default)]
struct Tables {
    entries: Vec<Entry>,
    /// Codes in lower case, with the entries that name them.
    codes: HashMap<String, Vec<usize>, FixedState>,
    /// Prefixes, runs of words and what patterns require, with the entries.
    runs: Runs,
    run_entries: Vec<usize>,
    /// Entries whose pattern requires no text: all of them are tried.
    bare_patterns: Vec<usize>,
}

/// Why a dialect file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialectError {
    /// Not TOML, or not of this shape.
    #[error("not a dialect file")]
    Syntax(#[from] toml::de::Error),
    /// A pattern that is no regular expression.
    #[error("entry {entry}: not a regular expression")]
    Pattern {
        /// Id of the entry.
        entry: String,
        /// What is wrong with it.
        #[source]
        source: regex::Error,
    },
    /// An entry that can match nothing or says nothing.
    #[error("entry {entry}: expected {expected}")]
    Entry {
        /// Id of the entry.
        entry: String,
        /// What is missing.
        expected: &'static str,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DialectFile {
    /// Prefix of the ids.
    id: String,
    /// Name of the speaker, for people.
    #[expect(dead_code, reason = "read by people; kept so that a misspelt field is an error")]
    title: String,
    /// Where it was read.
    #[serde(default)]
    source: String,
    /// Marks of the speaker: `header:x-kong-`, `header:server=kong`, `key:errorcode`, `word:AADSTS`.
    #[serde(default)]
    speaker: Vec<String>,
    #[serde(default)]
    entry: Vec<EntryFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryFile {
    id: String,
    /// Places it is looked for in; empty for all.
    #[serde(default)]
    channel: Vec<String>,
    /// Whole text, compared without case.
    #[serde(default)]
    code: Vec<String>,
    /// Begin of the text, compared without case.
    #[serde(default)]
    prefix: Vec<String>,
    /// Runs that must all occur, compared without case.
    #[serde(default)]
    words: Vec<String>,
    /// Pattern with optional captures `expected` and `time`.
    regex: Option<String>,
    causes: Vec<String>,
    weight: WeightFile,
    /// Statuses it holds for; empty for all.
    #[serde(default)]
    status: Vec<u16>,
    /// Only where the speaker is recognised.
    #[serde(default)]
    speaker_needed: bool,
    #[serde(default)]
    source: String,
    #[serde(default)]
    examples: Vec<String>,
    #[serde(default)]
    counter_examples: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WeightFile {
    Code,
    Phrase,
    /// One cause is likely, the others that are listed occur.
    Words,
    Vague,
}

/// One thing that a speaker says.
#[derive(Debug)]
struct Entry {
    id: String,
    channel: Vec<String>,
    prefix: Vec<String>,
    words: Vec<String>,
    regex: Option<Pattern>,
    causes: Vec<CauseId>,
    weight: Weight,
    status: Vec<u16>,
    speaker: Vec<String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "read by tests"))]
    samples: Samples,
}

#[derive(Debug)]
#[cfg_attr(not(test), expect(dead_code, reason = "read by tests"))]
struct Samples {
    source: String,
    examples: Vec<String>,
    counter_examples: Vec<String>,
}

/// What an entry makes of a text.
#[derive(Debug)]
pub(super) struct Recognised<'c> {
    pub(super) id: &'c str,
    pub(super) causes: &'c [CauseId],
    pub(super) weight: Weight,
    pub(super) expected: Option<String>,
    pub(super) time: Option<At>,
}

/// What is known of the answer when an entry asks who speaks.
pub(super) trait Speech {
    /// Returns whether the answer bears this mark.
    fn bears(&self, mark: &str) -> bool;
}

impl Catalogue {
    /// Returns the embedded files.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: Catalogue = Catalogue::lazy(VENDORS);
        &EMBEDDED
    }

    /// Returns the embedded files for one run, which gives back what was read of them.
    pub const fn of_run() -> Self {
        Self::lazy(VENDORS)
    }

    /// Returns the codes of standards alone, without vendors and libraries.
    pub fn standards() -> &'static Self {
        static STANDARDS: Catalogue = Catalogue::lazy(VENDORS.split_at(1).0);
        &STANDARDS
    }

    const fn lazy(files: &'static [(&'static str, &'static str)]) -> Self {
        Self { files, tables: OnceLock::new(), is_begun: AtomicBool::new(false) }
    }

    fn tables(&self) -> &Tables {
        if let Some(tables) = self.tables.get() {
            return tables;
        }
        // Whoever comes while another worker reads them would wait: the general reading is asked next.
        if self.is_begun.swap(true, Ordering::Relaxed) {
            general::prepare();
        }
        // That the embedded files are valid is tested below; a broken one would leave the general
        // reading alone.
        self.tables.get_or_init(|| Tables::of(self.files).unwrap_or_default())
    }

    /// Returns the embedded files with the user's file before them.
    ///
    /// An entry has an `id`, one or more of `code` (whole text), `prefix`, `words` (runs that must
    /// all occur) and `regex` (with captures `expected` and `time`), `causes`, likeliest first, and
    /// `weight` (`code`, `phrase`, `words`, `vague`). `channel` limits it to places (`body.error`,
    /// `challenge.error_description`, `header:x-reason`, `redirect.error`, `request.url.error` of a
    /// callback, `grpc-message`, `reason:details`), `status` to statuses, `speaker_needed` to answers
    /// that bear one of the file's `speaker` marks. Texts are compared without case, blanks folded.
    ///
    /// ```
    /// # use authopsy::dialect::Catalogue;
    /// let file = r#"
    ///     id = "acme"
    ///     title = "Acme gateway"
    ///     source = "operations handbook"
    ///     speaker = ["header:x-acme-node", "key:acmeCode"]
    ///
    ///     [[entry]]
    ///     id = "stale"
    ///     channel = ["body.acmecode"]
    ///     code = ["ACME-17"]
    ///     causes = ["time.expired"]
    ///     weight = "code"
    /// "#;
    /// assert!(Catalogue::with_file(file).is_ok());
    /// ```
    ///
    /// # Errors
    ///
    /// When the text is no TOML of this shape, when a pattern is no regular expression, and when an
    /// entry has nothing to match.
    pub fn with_file(text: &str) -> Result<Self, DialectError> {
        let mut tables = Tables::default();
        tables.add(text)?;
        // The user is to know now, not when a text first needs the pattern.
        for entry in &tables.entries {
            if let Some(pattern) = &entry.regex {
                pattern
                    .compile()
                    .map_err(|source| DialectError::Pattern { entry: entry.id.clone(), source })?;
            }
        }
        for (_, text) in VENDORS {
            tables.add_own(text)?;
        }
        Ok(Self { tables: OnceLock::from(tables.finish()), ..Self::lazy(&[]) })
    }

    /// Returns the causes that entries name.
    #[cfg(test)]
    pub(super) fn causes(&self) -> impl Iterator<Item = &CauseId> {
        self.tables().entries.iter().flat_map(|e| &e.causes)
    }

    /// Returns what the first entry that fits makes of a text; codes before patterns.
    pub(super) fn recognise(
        &self,
        clue: &Clue,
        status: u16,
        speech: &dyn Speech,
    ) -> Option<Recognised<'_>> {
        self.tables().recognise(clue, status, speech)
    }
}

impl Tables {
    fn of(files: &[(&str, &str)]) -> Result<Self, DialectError> {
        let mut tables = Self::default();
        for (_, text) in files {
            tables.add_own(text)?;
        }
        Ok(tables.finish())
    }

    fn add(&mut self, text: &str) -> Result<(), DialectError> {
        self.add_file(toml::from_str(text)?)
    }

    /// Adds an embedded file.
    fn add_own(&mut self, text: &str) -> Result<(), DialectError> {
        // Half of the files, which nobody asks for but the tests.
        let without: &[&str] =
            if cfg!(test) { &[] } else { &["source", "examples", "counter_examples"] };
        match plain_toml::read_without(text, without) {
            Some(file) => self.add_file(file),
            None => self.add(text),
        }
    }

    fn add_file(&mut self, file: DialectFile) -> Result<(), DialectError> {
        for entry in file.entry {
            let id = format!("{}.{}", file.id, entry.id);
            if entry.code.is_empty()
                && entry.prefix.is_empty()
                && entry.words.is_empty()
                && entry.regex.is_none()
            {
                return Err(DialectError::Entry {
                    entry: id,
                    expected: "code, prefix, words or regex",
                });
            }
            let regex = entry.regex.map(Pattern::of);
            let index = self.entries.len();
            for code in &entry.code {
                self.codes.entry(form(code)).or_default().push(index);
            }
            let source = if entry.source.is_empty() { file.source.clone() } else { entry.source };
            let mut examples = entry.examples;
            if cfg!(test) {
                examples.extend(entry.code);
            }
            self.entries.push(Entry {
                id,
                channel: entry.channel.iter().map(|c| c.to_ascii_lowercase()).collect(),
                prefix: entry.prefix.iter().map(|p| form(p)).collect(),
                words: entry.words.iter().map(|w| form(w)).collect(),
                regex,
                causes: entry.causes.into_iter().map(CauseId::owned).collect(),
                weight: match entry.weight {
                    WeightFile::Code => Weight::Code,
                    WeightFile::Phrase => Weight::Phrase,
                    WeightFile::Words => Weight::Words,
                    WeightFile::Vague => Weight::Vague,
                },
                status: entry.status,
                speaker: if entry.speaker_needed { file.speaker.clone() } else { Vec::new() },
                samples: Samples { source, examples, counter_examples: entry.counter_examples },
            });
        }
        Ok(())
    }

    /// Makes all entries ready to be found; to be called after the last [`Self::add`].
    fn finish(mut self) -> Self {
        let mut runs = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            // Of words that must all occur the first is enough to make a candidate.
            for run in entry.prefix.iter().chain(entry.words.first()) {
                runs.push(run.clone());
                self.run_entries.push(index);
            }
            match entry.regex.as_ref().map(|pattern| required::texts(pattern.text(), form)) {
                Some(Some(texts)) => {
                    self.run_entries.extend(texts.iter().map(|_| index));
                    runs.extend(texts);
                }
                Some(None) => self.bare_patterns.push(index),
                None => {}
            }
        }
        // One set of all patterns took 14 MB and half of the time in which the program starts; of
        // some two hundred a capture needs a handful.
        self.runs = Runs::of(runs);
        self
    }

    /// Returns the entries whose search could succeed, in order.
    fn candidates(&self, form: &str) -> Vec<usize> {
        let hits = self.runs.find(form);
        let mut found: Vec<usize> =
            hits.iter().filter_map(|hit| self.run_entries.get(hit.text).copied()).collect();
        found.extend(&self.bare_patterns);
        found.sort_unstable();
        found.dedup();
        found
    }

    fn recognise(&self, clue: &Clue, status: u16, speech: &dyn Speech) -> Option<Recognised<'_>> {
        let text = form(&clue.text);
        let codes = self.codes.get(&text).into_iter().flatten();
        let exact = codes
            .copied()
            .filter_map(|i| self.entries.get(i))
            .filter(|e| e.may_speak(clue, status, speech))
            .min_by_key(|e| !e.names_a_column());
        if let Some(entry) = exact {
            return Some(entry.recognised(None, None));
        }
        for entry in self.candidates(&text).into_iter().filter_map(|i| self.entries.get(i)) {
            if let Some((expected, time)) = entry.matches(&text, &clue.text)
                && entry.may_speak(clue, status, speech)
            {
                return Some(entry.recognised(expected, time));
            }
        }
        None
    }
}

impl Entry {
    fn may_speak(&self, clue: &Clue, status: u16, speech: &dyn Speech) -> bool {
        (self.status.is_empty() || self.status.contains(&status))
            && (self.channel.is_empty() || self.channel.iter().any(|c| is_channel(c, clue)))
            && (self.speaker.is_empty() || self.speaker.iter().any(|m| speech.bears(m)))
    }

    /// Returns whether the entry is for one column of a log, and for nothing else.
    fn names_a_column(&self) -> bool {
        self.channel.iter().any(|c| c.starts_with("reason:"))
    }

    fn matches(&self, form: &str, text: &str) -> Option<(Option<String>, Option<At>)> {
        if self.prefix.iter().any(|p| form.starts_with(p.as_str())) {
            return Some((None, None));
        }
        if !self.words.is_empty() && self.words.iter().all(|w| form.contains(w.as_str())) {
            return Some((None, None));
        }
        let caught = self.regex.as_ref()?.captures(text)?;
        let expected = caught.name("expected").map(str::to_owned);
        let time = caught.name("time").and_then(time_in);
        Some((expected, time))
    }

    fn recognised(&self, expected: Option<String>, time: Option<At>) -> Recognised<'_> {
        Recognised { id: &self.id, causes: &self.causes, weight: self.weight, expected, time }
    }
}

/// Brings a text to the form in which codes are compared.
fn form(text: &str) -> String {
    one_line(text).trim_end_matches('.').to_lowercase()
}

/// Returns whether a place belongs to a channel: `body`, `body.code` (at any depth), `challenge`,
/// `challenge.error`, `header:x`, `redirect.error`, `request.url.error`, `grpc-message`, `reason`,
/// `reason:x` (in any spelling and at any depth: `sc-substatus` is `properties.ScSubStatus` too).
fn is_channel(channel: &str, clue: &Clue) -> bool {
    if let Some(column) = channel.strip_prefix("reason:") {
        return clue.place.strip_prefix("reason:").is_some_and(|name| is_column(column, name));
    }
    let place = clue.place.to_ascii_lowercase();
    match channel.split_once('.') {
        Some(("body", key)) => place.starts_with("body") && (clue.key == key || place == channel),
        Some(("challenge", param)) => {
            place.contains("-authenticate.") && place.ends_with(&format!(".{param}"))
        }
        _ if channel == "challenge" => place.contains("-authenticate."),
        _ => {
            place == channel
                || (place.starts_with(channel)
                    && place.get(channel.len()..).is_some_and(|r| r.starts_with(['.', ':', '['])))
        }
    }
}

/// Returns whether the name of a column, or its tail behind a dot, is `wanted` in another spelling.
fn is_column(wanted: &str, name: &str) -> bool {
    let letters = |text: &str| {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect::<String>()
    };
    let wanted = letters(wanted);
    std::iter::once(0)
        .chain(name.match_indices('.').map(|(at, _)| at + 1))
        .any(|at| name.get(at..).is_some_and(|tail| letters(tail) == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Known<'e>(&'e Entry);
    impl Speech for Known<'_> {
        fn bears(&self, mark: &str) -> bool {
            self.0.speaker.iter().any(|m| m == mark)
        }
    }

    fn clue_for(entry: &Entry, text: &str) -> Clue {
        let channel = entry.channel.first().map_or("body.code", String::as_str);
        let place = channel.replace("challenge", "header:www-authenticate");
        let key = place.rsplit('.').next().unwrap_or_default().to_owned();
        Clue { place, key, text: text.to_owned(), rank: 0 }
    }

    #[test]
    fn embedded_files_are_read_as_those_of_users() {
        for (name, text) in VENDORS {
            let plain: DialectFile = plain_toml::read(text).expect(name);
            let whole: DialectFile = toml::from_str(text).unwrap();
            assert_eq!(format!("{plain:?}"), format!("{whole:?}"));
        }
    }

    #[test]
    fn embedded_files_are_valid() {
        let catalogue = Tables::of(VENDORS).unwrap();
        assert!(catalogue.entries.len() > 700, "{}", catalogue.entries.len());
        for entry in &catalogue.entries {
            assert!(entry.regex.as_ref().is_none_or(|p| p.compile().is_ok()), "{}", entry.id);
        }
        // Each of these costs a search of every text.
        let bare: Vec<&str> =
            catalogue.bare_patterns.iter().map(|i| catalogue.entries[*i].id.as_str()).collect();
        assert!(bare.is_empty(), "{bare:?}");
        let sorted = VENDORS.get(1..).unwrap().is_sorted();
        assert!(sorted, "standards first, then by name");
    }

    #[test]
    fn a_pattern_takes_the_same_out_of_a_text_of_ascii_as_out_of_any_other() {
        let tables = Tables::of(VENDORS).unwrap();
        let samples = |entry: &Entry| {
            let Samples { examples, counter_examples, .. } = &entry.samples;
            examples.iter().chain(counter_examples).cloned().collect::<Vec<String>>()
        };
        let texts: Vec<String> = tables.entries.iter().flat_map(samples).collect();
        let mut met = 0;
        for pattern in tables.entries.iter().filter_map(|entry| entry.regex.as_ref()) {
            let regex = pattern.compile().unwrap();
            for text in texts.iter().filter(|text| text.is_ascii()) {
                let (caught, wanted) = (pattern.captures(text), regex.captures(text));
                assert_eq!(caught.is_some(), wanted.is_some(), "{} in {text}", pattern.text());
                let (Some(caught), Some(wanted)) = (caught, wanted) else { continue };
                for name in regex.capture_names().flatten() {
                    let wanted = wanted.name(name).map(|found| found.as_str());
                    assert_eq!(caught.name(name), wanted, "{} in {text}", pattern.text());
                }
                met += 1;
            }
        }
        assert!(met > 200, "{met}");
    }

    #[test]
    fn every_entry_knows_its_examples_and_not_its_counter_examples() {
        let catalogue = Catalogue::embedded();
        let mut wrong = Vec::new();
        for entry in &catalogue.tables().entries {
            assert!(!entry.samples.source.is_empty(), "{} has no source", entry.id);
            assert!(!entry.samples.examples.is_empty(), "{} has no example", entry.id);
            let status = entry.status.first().copied().unwrap_or(401);
            for example in &entry.samples.examples {
                let clue = clue_for(entry, example);
                let id = catalogue.recognise(&clue, status, &Known(entry)).map(|r| r.id.to_owned());
                let causes =
                    catalogue.recognise(&clue, status, &Known(entry)).map(|r| r.causes.to_vec());
                // Two vendors may use one code; what it means must then be the same.
                if id.as_deref() != Some(&entry.id) && causes.as_deref() != Some(&entry.causes) {
                    wrong.push(format!("{}: {example} is {id:?}", entry.id));
                }
            }
            for other in &entry.samples.counter_examples {
                let clue = clue_for(entry, other);
                let known = catalogue.recognise(&clue, status, &Known(entry));
                if known.is_some_and(|r| r.id == entry.id) {
                    wrong.push(format!("{} takes {other}", entry.id));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
