//! The JSON Schema (draft 2020-12) of what the program prints as JSON, made of the printed types.
//!
//! A schema tells what this version prints. Within `/1` later versions may add fields and values of
//! enumerations, so a reader that wants to outlive this version ignores what it does not know.

use std::io::Write;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::Error;
use crate::model::{Explained, Line, Report};
use crate::tally::VERSION;

/// The names of the schemas.
pub const NAMES: [&str; 4] =
    ["authopsy.report/1", "authopsy.exchange/1", "authopsy.token/1", "partial"];

/// Said of every schema.
const STABILITY: &str = "Within /1 fields and values may be added; readers ignore what they do not know. \
                         Nothing is renamed, retyped or removed.";

/// Writes the schema of this name; without a name, one that holds for each report, exchange line and
/// explained token.
///
/// # Errors
/// [`Error::NoSuchSchema`], and those of `out`.
pub fn run(name: Option<&str>, out: &mut dyn Write) -> Result<(), Error> {
    let schema = match name {
        None => either(),
        Some("authopsy.report/1" | "report") => of::<Report>("authopsy.report/1"),
        Some("authopsy.exchange/1" | "exchange") => of::<Line>("authopsy.exchange/1"),
        Some("authopsy.token/1" | "token") => of::<Explained>("authopsy.token/1"),
        Some("partial") => partial(),
        Some(other) => return Err(Error::NoSuchSchema(other.to_owned())),
    };
    serde_json::to_writer_pretty(&mut *out, &schema).map_err(std::io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().for_serialize().into_generator()
}

fn of<T: JsonSchema>(name: &str) -> Value {
    let mut schema = generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), name.into());
    schema.insert("$comment".to_owned(), STABILITY.into());
    schema.to_value()
}

fn either() -> Value {
    let mut generator = generator();
    let outputs = [
        generator.subschema_for::<Report>(),
        generator.subschema_for::<Line>(),
        generator.subschema_for::<Explained>(),
    ];
    let meta = generator.settings().meta_schema.clone();
    json!({
        "$schema": meta,
        "$comment": STABILITY,
        "title": "authopsy",
        "description": "A report (`-f json`), an exchange (a line of `-f jsonl`), or a token (`authopsy token -f json`).",
        "anyOf": outputs,
        "$defs": generator.take_definitions(true),
    })
}

/// What stands inside of a partial result is for the same version of the program only.
fn partial() -> Value {
    json!({
        "$schema": generator().settings().meta_schema,
        "title": "partial",
        "description": "The mergeable state that `--partial` writes. Only `authopsy merge` reads it: \
                        what stands inside is no contract and changes with `authopsy_partial`.",
        "type": "object",
        "properties": {
            "authopsy_partial": { "const": VERSION },
            "version": { "type": "string" },
            "shape": { "type": ["object", "null"] },
            "words": { "type": "array", "items": { "type": "string" } },
            "tally": { "type": "string" },
        },
        "required": ["authopsy_partial", "version", "shape", "words", "tally"],
    })
}
