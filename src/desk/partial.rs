//! Partial results: one line of JSON that holds a tally and what shaped its facts.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde::{Deserialize, Serialize};

use super::{Error, Job, Progress};
use crate::engine::Keyring;
use crate::model::{KeyRow, pseudonym};
use crate::tally::{Tally, VERSION};

/// Options that shape facts; partials that differ in them cannot be merged.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub(super) struct Shape {
    options: BTreeMap<String, String>,
    /// The keys as the report lists them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keys: Vec<KeyRow>,
}

#[derive(Serialize)]
struct Written<'a> {
    authopsy_partial: u32,
    version: &'a str,
    shape: Option<&'a Shape>,
    tally: &'a Tally,
}

#[derive(Deserialize)]
struct Head {
    authopsy_partial: Option<u32>,
}

#[derive(Deserialize)]
struct Read {
    /// `None` where nothing was read or merged: it fits all.
    shape: Option<Shape>,
    tally: Tally,
}

impl Shape {
    /// Returns the fact-shaping options of a job.
    pub(super) fn of(job: &Job, keys: &Keyring) -> Self {
        let reading = &job.reading;
        let mut shape = BTreeMap::new();
        for (field, path) in &reading.map {
            shape.insert(format!("--map {field}"), path.clone());
        }
        if let Some(format) = &reading.input_format {
            shape.insert("--input-format".into(), format.clone());
        }
        if let Some(zone) = &reading.zone {
            shape.insert("--tz".into(), zone.iana_name().unwrap_or("fixed").to_owned());
        }
        if let Some(year) = reading.year {
            shape.insert("--year".into(), year.to_string());
        }
        if !reading.dialects.is_empty() {
            let names: Vec<_> = reading.dialects.iter().map(|p| p.display().to_string()).collect();
            shape.insert("--dialects".into(), names.join(","));
        }
        if job.persons.key.is_some() {
            // Stand-ins of other keys name other persons; that of a fixed text tells them apart.
            shape.insert("--pseudonym-key".into(), pseudonym("authopsy"));
        }
        for (name, kind) in keys.names() {
            let print = name.thumbprint.as_deref().unwrap_or(kind);
            let shown = shape.entry(name.origin.clone()).or_default();
            if !shown.is_empty() {
                shown.push(' ');
            }
            shown.push_str(print);
        }
        Self { options: shape, keys: super::keys::rows(keys) }
    }

    /// Returns the keys that the parts were read with.
    pub(super) fn into_keys(self) -> Vec<KeyRow> {
        self.keys
    }

    /// Returns the first option in which two differ, with both values.
    fn difference(&self, other: &Self) -> Option<String> {
        let names = self.options.keys().chain(other.options.keys());
        names.clone().find(|name| self.options.get(*name) != other.options.get(*name)).map(|name| {
            let value = |shape: &Self| {
                shape.options.get(name).map_or("not given", String::as_str).to_owned()
            };
            format!("{name} ({} and {})", value(self), value(other))
        })
    }
}

/// Writes a tally as one line; without a shape, it can be merged with all others.
pub(super) fn write(tally: &Tally, shape: Option<&Shape>) -> Result<Vec<u8>, Error> {
    let written =
        Written { authopsy_partial: VERSION, version: env!("CARGO_PKG_VERSION"), shape, tally };
    let mut line = serde_json::to_vec(&written).map_err(std::io::Error::from)?;
    line.push(b'\n');
    Ok(line)
}

/// Reads and merges partials, one a line, into `tally`; empty lines are the empty partial.
///
/// One line is held in memory at a time: it may have a hundred megabytes.
pub(super) fn merge(
    name: &str,
    lines: &mut dyn BufRead,
    progress: &dyn Progress,
    tally: &mut Tally,
    shape: &mut Option<Shape>,
) -> Result<(), Error> {
    let refuse =
        |message: String, hint: &str| Error::Refused { message, hint: Some(hint.to_owned()) };
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let count = lines
            .read_until(b'\n', &mut line)
            .map_err(|e| Error::Refused { message: format!("{name}: {e}"), hint: None })?;
        if count == 0 {
            break;
        }
        progress.advance(count as u64);
        if line.trim_ascii().is_empty() {
            continue;
        }
        let place = format!("{name}:{number}");
        let head: Head = serde_json::from_slice(&line).map_err(|_| {
            refuse(
                format!("{place}: no partial result: expected a line that `--partial` wrote"),
                "captures are read by the main job, without `merge`",
            )
        })?;
        match head.authopsy_partial {
            Some(VERSION) => {}
            Some(other) => {
                return Err(refuse(
                    format!("{place}: a partial result of version {other}, expected {VERSION}"),
                    "make all parts with the same version of authopsy",
                ));
            }
            None => {
                return Err(refuse(
                    format!("{place}: JSON, but no partial result"),
                    "captures are read by the main job, without `merge`",
                ));
            }
        }
        let mut read: Read = serde_json::from_slice(&line).map_err(|e| {
            refuse(
                format!("{place}: damaged partial result at column {}", e.column()),
                "make this part again",
            )
        })?;
        if let (Some(known), Some(other)) = (&shape, &read.shape)
            && let Some(difference) = known.difference(other)
        {
            return Err(refuse(
                format!("{place}: made with another {difference}"),
                "make all parts with the same options",
            ));
        }
        *shape = shape.take().or(read.shape);
        read.tally.share_makes();
        tally.merge(read.tally);
    }
    Ok(())
}
