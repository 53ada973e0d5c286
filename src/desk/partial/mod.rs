//! Partial results: one line of JSON that holds a tally and what shaped its facts.
//!
//! The words of the tally stand in the line as they are, each once, so that anybody can see that none is a
//! secret. All else is packed: numbers in few bytes, zlib over them (RFC 1950), and base64 over that.

mod pack;
mod unpack;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::{Deserialize, Serialize};

use super::{Error, Job, Progress};
use crate::engine::Keyring;
use crate::model::{KeyRow, pseudonym};
use crate::tally::{Tally, VERSION};

/// Bytes that the numbers of a line may unpack to, and its words by being pointed at, beside so many for
/// each of its own.
const ROOM: usize = 16 << 20;
/// Ten is the most that was seen.
const GROWTH: usize = 64;

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
    words: &'a [Box<str>],
    tally: &'a str,
}

#[derive(Deserialize)]
struct Head {
    authopsy_partial: Option<u32>,
}

#[derive(Deserialize)]
struct Read<'a> {
    /// `None` where nothing was read or merged: it fits all.
    shape: Option<Shape>,
    #[serde(borrow)]
    words: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    tally: &'a str,
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
    let (numbers, words) = pack::pack(tally).map_err(io::Error::other)?;
    let (version, tally) = (env!("CARGO_PKG_VERSION"), STANDARD.encode(deflate(&numbers)?));
    let written =
        Written { authopsy_partial: VERSION, version, shape, words: &words, tally: &tally };
    let mut line = serde_json::to_vec(&written).map_err(io::Error::from)?;
    line.push(b'\n');
    Ok(line)
}

/// Reads what stands in a line that is a partial result of this version.
fn unpacked(line: &[u8]) -> Result<(Option<Shape>, Tally), String> {
    let Read { shape, words, tally } =
        serde_json::from_slice(line).map_err(|e| format!(" at column {}", e.column()))?;
    let room = ROOM.saturating_add(line.len().saturating_mul(GROWTH));
    let packed = STANDARD.decode(tally).map_err(|_| ": its numbers are no base64".to_owned())?;
    let numbers = inflate(&packed, room).map_err(|e| format!(": its numbers: {e}"))?;
    let words: Vec<&str> = words.iter().map(|word| &**word).collect();
    let mut tally: Tally =
        unpack::unpack(&numbers, &words, room).map_err(|damage| format!(": {damage}"))?;
    tally.share_makes();
    Ok((shape, tally))
}

fn deflate(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes)?;
    packer.finish()
}

/// Unpacks to so many bytes at most.
fn inflate(packed: &[u8], room: usize) -> io::Result<Vec<u8>> {
    let (mut bytes, mut unpacker) = (Vec::new(), ZlibDecoder::new(packed));
    let count = unpacker.by_ref().take((room as u64).saturating_add(1)).read_to_end(&mut bytes)?;
    if count > room {
        return Err(io::Error::other("too many of them"));
    }
    if unpacker.total_in() < packed.len() as u64 {
        return Err(io::Error::other("more stands behind them"));
    }
    Ok(bytes)
}

/// Reads and merges partials, one a line, into `tally`; empty lines are the empty partial.
///
/// One line is held in memory at a time, and what it stands for until it is merged.
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
        let (made_with, part) = unpacked(&line).map_err(|how| {
            refuse(format!("{place}: damaged partial result{how}"), "make this part again")
        })?;
        if let (Some(known), Some(other)) = (&shape, &made_with)
            && let Some(difference) = known.difference(other)
        {
            return Err(refuse(
                format!("{place}: made with another {difference}"),
                "make all parts with the same options",
            ));
        }
        *shape = shape.take().or(made_with);
        tally.merge(part);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
