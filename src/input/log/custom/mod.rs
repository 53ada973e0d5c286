//! Formats that users write down in the syntax of their server: nginx's `log_format`, Apache's `LogFormat`.
//!
//! A format becomes one anchored regular expression, which runs in linear time whatever a client puts
//! into its fields, and the list of what its groups mean.

mod apache;
mod field;
mod nginx;
mod seen;

use std::borrow::Cow;
use std::fmt::Write as _;

use regex::Regex;

use self::field::Field;
use self::seen::Seen;
use super::scan::unescape;
use crate::input::jsonl::REDACTED;
use crate::model::{Exchange, Text};

/// A format in a server's own syntax, ready to read lines.
#[derive(Clone, Debug)]
pub(crate) struct Custom {
    /// `nginx` or `apache`.
    pub(super) server: &'static str,
    /// The format as given.
    text: String,
    escape: Escape,
    pattern: Regex,
    /// What each group of the pattern is.
    fields: Vec<Field>,
}

/// Two formats are the same when they were written the same.
impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        self.server == other.server && self.text == other.text
    }
}

impl Eq for Custom {}

/// How values are escaped in a line.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Escape {
    /// `\x22`, `\"`, `\\`.
    #[default]
    Default,
    /// As in JSON.
    Json,
    /// Not at all.
    None,
}

/// What is wrong with a format that the user wrote.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FormatError {
    /// A name that is nearly one that is known.
    #[error("`{name}` at character {at} is no variable of {server}")]
    Unknown {
        /// `nginx` or `apache`.
        server: &'static str,
        /// The name as written, with what marks it as one.
        name: String,
        /// Where it starts, in characters from 1.
        at: usize,
        /// The name that was meant, most likely.
        near: Option<String>,
    },
    /// A variable without an end or a name.
    #[error("`{what}` at character {at} is not complete")]
    Incomplete {
        /// What begins there.
        what: String,
        /// Where, in characters from 1.
        at: usize,
    },
    /// Nothing in it tells what was answered.
    #[error("the format has no {missing}: without it no line is a request")]
    Lacks {
        /// What it lacks, as the server writes it.
        missing: &'static str,
    },
    /// It is too long to be one.
    #[error("the format is too long")]
    TooLong,
}

/// A piece of a format.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    Literal(String),
    Field(Field),
}

impl Custom {
    /// Compiles what follows `nginx:`.
    ///
    /// # Errors
    /// What is wrong with the format, and where.
    pub(crate) fn nginx(text: &str) -> Result<Self, FormatError> {
        let (parts, escape) = nginx::parse(text)?;
        Self::of("nginx", text, &parts, escape, "$status", "$request or $uri")
    }

    /// Compiles what follows `apache:`.
    ///
    /// # Errors
    /// What is wrong with the format, and where.
    pub(crate) fn apache(text: &str) -> Result<Self, FormatError> {
        let parts = apache::parse(text)?;
        Self::of("apache", text, &parts, Escape::Default, "%s", "%r or %U")
    }

    fn of(
        server: &'static str,
        text: &str,
        parts: &[Part],
        escape: Escape,
        status: &'static str,
        request: &'static str,
    ) -> Result<Self, FormatError> {
        let has = |wanted: &[Field]| {
            parts.iter().any(|part| matches!(part, Part::Field(field) if wanted.contains(field)))
        };
        if !has(&[Field::Status]) {
            return Err(FormatError::Lacks { missing: status });
        }
        if !has(&[Field::Request, Field::Target, Field::Path]) {
            return Err(FormatError::Lacks { missing: request });
        }
        let (pattern, fields) = pattern(parts, escape);
        let pattern = Regex::new(&pattern).map_err(|_| FormatError::TooLong)?;
        Ok(Self { server, text: text.to_owned(), escape, pattern, fields })
    }

    /// Reads a line of this format.
    pub(super) fn read<'a>(&self, line: &'a str) -> Option<Exchange<'a>> {
        let groups = self.pattern.captures(line)?;
        let mut seen = Seen::default();
        for (at, field) in self.fields.iter().enumerate() {
            let Some(group) = groups.get(at + 1) else { continue };
            let raw = line.get(group.range())?;
            seen.put(field, self.value(raw))?;
        }
        Some(seen.exchange())
    }

    /// Returns what was logged; `None` for what was not there.
    fn value<'a>(&self, raw: &'a str) -> Option<Cow<'a, str>> {
        if raw.is_empty() || raw == "-" && self.escape != Escape::Json {
            return None;
        }
        if matches!(raw, "[FILTERED]" | "***" | "[REDACTED]" | "<redacted>") {
            return Some(Cow::Borrowed(REDACTED));
        }
        Some(match self.escape {
            Escape::Default => unescape(raw),
            Escape::Json if raw.contains('\\') => {
                Cow::Owned(Text::Escaped(raw.as_bytes()).read().into_owned())
            }
            Escape::Json | Escape::None => Cow::Borrowed(raw),
        })
    }
}

/// Makes the expression, and the list of its groups.
fn pattern(parts: &[Part], escape: Escape) -> (String, Vec<Field>) {
    let mut pattern = String::from("^(?s:");
    let mut fields = Vec::new();
    let mut in_quotes = false;
    for part in parts {
        match part {
            Part::Literal(text) => {
                // Servers differ in how many blanks they write, never in anything else.
                pattern.push_str(&regex::escape(text));
                in_quotes ^= text.matches('"').count() % 2 == 1;
            }
            Part::Field(field) => {
                let quoted = in_quotes && escape != Escape::None;
                let inner = field.shape(quoted);
                if matches!(field, Field::Word | Field::Anything | Field::QueryMark) {
                    let _ = write!(pattern, "(?:{inner})");
                } else {
                    let _ = write!(pattern, "({inner})");
                    fields.push(field.clone());
                }
            }
        }
    }
    pattern.push_str(")$");
    (pattern, fields)
}

/// Returns the known name that a misspelt one is near to.
fn near<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let distance = |known: &str| strsim::damerau_levenshtein(known, name);
    let most = if name.len() < 5 { 1 } else { 2 };
    known.map(|k| (distance(k), k)).filter(|(d, _)| *d <= most).min().map(|(_, known)| known)
}

#[cfg(test)]
mod tests;
