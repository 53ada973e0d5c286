//! The input formats that can be read.

use std::io::Write;

use super::Error;
use crate::render::{Look, text};

/// Name and description of each input format.
const FORMATS: &[(&str, &str)] =
    &[("har", "HTTP Archive 1.1 and 1.2, whole or cut off, of any exporter")];

/// Wrappers are found by content, whatever the file's name.
const WRAPPERS: &[(&str, &str)] =
    &[("gzip", "also several members in a row"), ("zip", "every member is an input")];

/// Writes the list.
///
/// # Errors
/// Those of `out`.
pub fn run(look: Look, out: &mut dyn Write) -> Result<(), Error> {
    let rows: Vec<(&str, &str)> = FORMATS.iter().chain(WRAPPERS).copied().collect();
    text::list(&rows, look, out)?;
    Ok(())
}
