//! Why a record could not be read, and what had to be repaired in those that could.
//!
//! Neither carries text of the record: what could not be read cannot be masked either.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a record could not be read; ordered by how early the reading stops.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SkipReason {
    /// The bytes are no JSON value, not even with repairs.
    NotJson,
    /// The input ends inside the record and nothing of use is complete.
    CutOff,
    /// The record is longer than the memory limit allows.
    TooLong,
    /// The record is nested deeper than any real one.
    TooDeep,
    /// The record is `null`.
    Null,
    /// The record is a number, a string or a list where an object belongs.
    NotAnObject,
    /// A HAR entry without a `request` object.
    NoRequest,
    /// A request without a method and without a URL.
    NoMethodOrUrl,
    /// A JSON line that is no exchange: an application's message.
    NoExchange,
    /// A line of a known writer that tells of no request.
    Notice,
    /// A line that no known format describes.
    NotThisFormat,
    /// The reader gave up on the record: a defect of this program, not of the input.
    Panicked,
}

impl fmt::Display for SkipReason {
    /// Plain words, lower case, no text of the record.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotJson => "not json",
            Self::CutOff => "cut off by the end of the input",
            Self::TooLong => "longer than the memory limit allows",
            Self::TooDeep => "nested too deeply",
            Self::Null => "entry is null",
            Self::NotAnObject => "expected an object",
            Self::NoRequest => "no request",
            Self::NoMethodOrUrl => "request without method and url",
            Self::NoExchange => "no status with a method or path",
            Self::Notice => "message without a request",
            Self::NotThisFormat => "line of no known format",
            Self::Panicked => "the reader gave up on it",
        })
    }
}

/// What was repaired in a record that could be read; ordered from bytes to meaning.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Repair {
    /// Bytes that are no UTF-8 became U+FFFD.
    InvalidUtf8,
    /// Zero bytes before or after a line were left out: the log was emptied under its writer, or its
    /// machine lost power.
    Hole,
    /// A line ends in a carriage return without a line feed.
    LoneReturn,
    /// Half of a surrogate pair became U+FFFD.
    LoneSurrogate,
    /// A control character stood raw in a string.
    RawControl,
    /// An escape that JSON does not have (`\x22`, `\'`).
    OddEscape,
    /// A quote inside a text was not escaped.
    BareQuote,
    /// `NaN`, `Infinity` or `undefined` became null.
    NotANumber,
    /// A number in a form that JSON does not have (`+1`, `.5`, `007`).
    OddNumber,
    /// A comma before a closing bracket, or several in a row.
    TrailingComma,
    /// A comma or colon between two values was missing.
    MissingComma,
    /// A string in single quotes.
    SingleQuotes,
    /// A name without quotes.
    BareKey,
    /// A word without quotes as a value.
    BareWord,
    /// A comment.
    Comment,
    /// A name with nothing after the colon became null.
    EmptyValue,
    /// A name stood twice in one object; the last value that is not null counts.
    DuplicateKey,
    /// Bytes that fit nowhere were left out.
    StrayBytes,
    /// Levels beyond the limit of nesting became null.
    TooDeep,
    /// The input ended inside the record; what was complete is kept.
    Truncated,
    /// A name is written in another case than the format's.
    KeyCase,
    /// Fields as an object of names and values instead of a list.
    HeaderMap,
    /// Fields as a list of pairs instead of a list of objects.
    HeaderPairs,
    /// A field's value is missing or null.
    HeaderValueMissing,
    /// A field's value is a number, a bool or a list.
    HeaderValueType,
    /// Something that the format demands is missing or null.
    MissingValue,
    /// Something has another type than the format's.
    MistypedValue,
    /// The status is text.
    StatusText,
    /// The time cannot be read.
    TimeUnreadable,
    /// The time has no zone; UTC was assumed.
    TimeWithoutZone,
    /// The time has a form that the format does not have (a number, `-0800`).
    TimeForm,
    /// The URL is not absolute.
    UrlNotAbsolute,
}

impl fmt::Display for Repair {
    /// Plain words, lower case, no text of the record.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidUtf8 => "invalid utf-8",
            Self::Hole => "run of zero bytes",
            Self::LoneReturn => "carriage return alone as line end",
            Self::LoneSurrogate => "half of a surrogate pair",
            Self::RawControl => "raw control character in a string",
            Self::OddEscape => "escape that json does not have",
            Self::BareQuote => "quote that is not escaped",
            Self::NotANumber => "not a number",
            Self::OddNumber => "number in an odd form",
            Self::TrailingComma => "comma too many",
            Self::MissingComma => "comma or colon missing",
            Self::SingleQuotes => "single quotes",
            Self::BareKey => "name without quotes",
            Self::BareWord => "word without quotes",
            Self::Comment => "comment",
            Self::EmptyValue => "empty value",
            Self::DuplicateKey => "name given twice",
            Self::StrayBytes => "stray bytes",
            Self::TooDeep => "nested too deeply",
            Self::Truncated => "cut off",
            Self::KeyCase => "name in another case",
            Self::HeaderMap => "header fields as a map",
            Self::HeaderPairs => "header fields as pairs",
            Self::HeaderValueMissing => "header field without a value",
            Self::HeaderValueType => "header value that is no text",
            Self::MissingValue => "missing value",
            Self::MistypedValue => "value of another type",
            Self::StatusText => "status as text",
            Self::TimeUnreadable => "time that cannot be read",
            Self::TimeWithoutZone => "time without a zone",
            Self::TimeForm => "time in another form",
            Self::UrlNotAbsolute => "url that is not absolute",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_read_as_plain_words() {
        assert_eq!(SkipReason::NoExchange.to_string(), "no status with a method or path");
        assert_eq!(Repair::TrailingComma.to_string(), "comma too many");
    }

    #[test]
    fn a_reason_has_a_stable_name_in_json() {
        let name = serde_json::to_string(&SkipReason::CutOff).unwrap();
        assert_eq!(name, r#""cut_off""#);
        assert_eq!(serde_json::to_string(&Repair::KeyCase).unwrap(), r#""key_case""#);
    }

    #[test]
    fn repairs_sort_from_bytes_to_meaning() {
        assert!(Repair::InvalidUtf8 < Repair::DuplicateKey);
        assert!(Repair::DuplicateKey < Repair::TimeForm);
    }
}
