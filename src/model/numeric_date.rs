//! Times that a token claims (`NumericDate` of RFC 7519), as they are written.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::time::At;

/// A time claim as written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct NumericDate {
    /// The instant, read in its unit; `None` when it is no number at all.
    pub at: Option<At>,
    /// How it is written; `None` for what RFC 7519 wants, and hardly ever anything else: a JSON number, the
    /// whole seconds that `at` says.
    odd: Option<Box<Odd>>,
}

/// How a time claim is written, where that is unusual.
#[derive(Clone, Debug, PartialEq)]
struct Odd {
    unit: Unit,
    is_number: bool,
    raw: Option<Box<str>>,
}

/// A time claim in partial results.
#[derive(Serialize, Deserialize)]
#[serde(rename = "NumericDate")]
struct Written {
    at: Option<At>,
    unit: Unit,
    is_number: bool,
    /// `None` where it is the whole number that `at` says.
    raw: Option<Box<str>>,
}

/// The unit of a time claim, told from its size: 1e11 and above is no second.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Seconds.
    #[default]
    Seconds,
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds.
    Nanos,
}

impl NumericDate {
    /// Makes the date of a number of whole seconds.
    pub fn of_secs(secs: u64) -> Self {
        let at = At::from_secs(i64::try_from(secs).unwrap_or(i64::MAX));
        // What lies beyond the instants that there are is not what the instant says.
        let is_beyond = u64::try_from(at.whole_secs()) != Ok(secs);
        let raw = is_beyond.then(|| secs.to_string().into());
        Written { at: Some(at), unit: Unit::Seconds, is_number: true, raw }.into()
    }

    /// Makes a date of what was read of the text `raw`.
    pub fn new(at: Option<At>, unit: Unit, is_number: bool, raw: String) -> Self {
        let mut written = Written { at, unit, is_number, raw: None };
        if !is_number || unit != Unit::Seconds || told_by(at) != raw {
            written.raw = Some(raw.into());
        }
        written.into()
    }

    /// Returns the value as written, at most 40 characters.
    pub fn raw(&self) -> Cow<'_, str> {
        match self.odd.as_deref().and_then(|odd| odd.raw.as_deref()) {
            Some(raw) => Cow::Borrowed(raw),
            None => Cow::Owned(told_by(self.at)),
        }
    }

    /// Returns the unit that its size suggests; RFC 7519 allows seconds only.
    pub fn unit(&self) -> Unit {
        self.odd.as_ref().map_or(Unit::Seconds, |odd| odd.unit)
    }

    /// Returns whether it is a JSON number (a string that holds digits is not).
    pub fn is_number(&self) -> bool {
        self.odd.as_ref().is_none_or(|odd| odd.is_number)
    }

    /// Returns the instant when the value is a number of seconds, as verifiers require.
    pub fn in_seconds(&self) -> Option<At> {
        (self.is_number() && self.unit() == Unit::Seconds).then_some(self.at).flatten()
    }
}

/// Returns the whole number of seconds that an instant says.
fn told_by(at: Option<At>) -> String {
    at.unwrap_or_default().whole_secs().to_string()
}

impl From<Written> for NumericDate {
    fn from(Written { at, unit, is_number, raw }: Written) -> Self {
        let is_usual = is_number && unit == Unit::Seconds && raw.is_none();
        let odd = (!is_usual).then(|| Box::new(Odd { unit, is_number, raw }));
        Self { at, odd }
    }
}

impl From<NumericDate> for Written {
    fn from(NumericDate { at, odd }: NumericDate) -> Self {
        let usual = || Odd { unit: Unit::Seconds, is_number: true, raw: None };
        let Odd { unit, is_number, raw } = odd.map_or_else(usual, |odd| *odd);
        Self { at, unit, is_number, raw }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unusual_date_takes_more_than_its_instant() {
        assert_eq!(size_of::<Option<NumericDate>>(), 24);
        for (date, is_odd) in [
            (NumericDate::of_secs(1_767_265_200), false),
            (NumericDate::of_secs(u64::MAX), true),
            (NumericDate::new(Some(At(0)), Unit::Seconds, true, "0".to_owned()), false),
            (NumericDate::new(Some(At(0)), Unit::Seconds, true, "0.0".to_owned()), true),
            (NumericDate::new(Some(At(0)), Unit::Seconds, false, "0".to_owned()), true),
            (NumericDate::new(Some(At(0)), Unit::Nanos, true, "0".to_owned()), true),
            (NumericDate::new(None, Unit::Seconds, false, "null".to_owned()), true),
        ] {
            assert_eq!(date.odd.is_some(), is_odd, "{date:?}");
            let written = serde_json::to_string(&date).unwrap();
            assert_eq!(serde_json::from_str::<NumericDate>(&written).unwrap(), date, "{written}");
        }
        let written = serde_json::to_string(&NumericDate::of_secs(7)).unwrap();
        let wanted = r#"{"at":7000000000,"unit":"seconds","is_number":true,"raw":null}"#;
        assert_eq!(written, wanted);
    }
}
