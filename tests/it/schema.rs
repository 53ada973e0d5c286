//! What `authopsy schema` prints holds for what is printed, and tells of every field.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::program::Folder;
use crate::report::{calm, everything};

/// A schema, and the fields that a value had and it does not tell of.
struct Schema {
    root: Value,
    untold: BTreeSet<String>,
}

impl Schema {
    fn of(name: &str) -> Self {
        Self {
            root: Folder::new("schema").run(&["schema", name]).succeeds().value(),
            untold: BTreeSet::new(),
        }
    }

    /// Checks a value against the whole schema, and that every field of it is described.
    #[track_caller]
    fn holds(&mut self, value: &Value) {
        let root = self.root.clone();
        if let Err(wrong) = self.check(&root, value, "") {
            panic!("{wrong}");
        }
        assert!(self.untold.is_empty(), "not in the schema: {:?}", self.untold);
    }

    /// Checks what the keywords of our schemas ask for; a keyword that is not known here is a fault.
    fn check(&mut self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let Value::Object(keywords) = schema else { return Ok(()) };
        for (keyword, asked) in keywords {
            let holds = match keyword.as_str() {
                "$schema" | "$comment" | "$defs" | "title" | "description" | "format"
                | "default" | "required" | "pattern" => true,
                "$ref" => {
                    let name = asked.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                    let part = self.root["$defs"][name].clone();
                    assert!(part.is_object(), "{name} is not defined");
                    self.check(&part, value, at)?;
                    true
                }
                "type" => {
                    let names = asked.as_array().map_or(vec![asked], |list| list.iter().collect());
                    names.iter().any(|name| is(name.as_str().unwrap(), value))
                }
                "const" => value == asked,
                "enum" => asked.as_array().unwrap().contains(value),
                "minimum" => value.as_f64().is_none_or(|n| n >= asked.as_f64().unwrap()),
                "maximum" => value.as_f64().is_none_or(|n| n <= asked.as_f64().unwrap()),
                "oneOf" | "anyOf" => {
                    let parts = asked.as_array().unwrap();
                    parts.iter().any(|part| self.check(part, value, at).is_ok())
                }
                "items" => {
                    for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(asked, item, &format!("{at}[{i}]"))?;
                    }
                    true
                }
                "properties" => {
                    for (name, part) in asked.as_object().unwrap() {
                        if let Some(field) = value.get(name) {
                            self.check(part, field, &format!("{at}.{name}"))?;
                        }
                    }
                    true
                }
                "additionalProperties" => {
                    for (name, field) in value.as_object().into_iter().flatten() {
                        self.check(asked, field, &format!("{at}.{name}"))?;
                    }
                    true
                }
                other => panic!("{at}: what does `{other}` ask for?"),
            };
            if !holds {
                return Err(format!("{at}: {value} is not `{keyword}` {asked}"));
            }
        }
        if let Some(fields) = value.as_object()
            && (keywords.contains_key("properties") || keywords.contains_key("required"))
        {
            for name in keywords.get("required").and_then(Value::as_array).into_iter().flatten() {
                if !fields.contains_key(name.as_str().unwrap()) {
                    return Err(format!("{at}: {name} is missing"));
                }
            }
            let told = |name: &str| schema["properties"].get(name).is_some();
            let untold = fields.keys().filter(|name| !told(name));
            self.untold.extend(untold.map(|name| format!("{at}.{name}")));
        }
        Ok(())
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type: {other}"),
    }
}

#[test]
fn reports_and_lines_of_the_samples_are_as_the_schema_says() {
    let folder = Folder::new("schema-samples");
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/lab");
    let args = [samples, "--class", "all", "-o", "r.json", "-o", "r.jsonl"];
    folder.run(&args).succeeds();
    let report: Value = serde_json::from_slice(&folder.read("r.json")).unwrap();
    Schema::of("authopsy.report/1").holds(&report);
    let mut lines = Schema::of("authopsy.exchange/1");
    let text = String::from_utf8(folder.read("r.jsonl")).unwrap();
    assert!(text.lines().count() > 1000);
    for line in text.lines() {
        lines.holds(&serde_json::from_str(line).unwrap());
    }
}

#[test]
fn a_report_with_everything_in_it_is_as_the_schema_says() {
    let mut schema = Schema::of("report");
    for report in [everything(), calm()] {
        schema.holds(&serde_json::to_value(report).unwrap());
    }
    let line = serde_json::to_value(crate::render::line()).unwrap();
    Schema::of("exchange").holds(&line);
}

#[test]
fn explained_tokens_are_as_the_schema_says() {
    let folder = Folder::new("schema-token");
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/quickstart.har");
    let capture: Value = serde_json::from_slice(&std::fs::read(capture).unwrap()).unwrap();
    let fields = |entry: &Value| entry["request"]["headers"].as_array().unwrap().clone();
    let sent = capture["log"]["entries"].as_array().unwrap().iter().flat_map(fields);
    let mut texts: Vec<String> = sent
        .filter(|field| field["value"].as_str().unwrap().starts_with("Bearer "))
        .map(|field| format!("{}: {}", field["name"], field["value"]).replace('"', ""))
        .collect();
    assert!(texts.len() > 5);
    texts.extend(
        ["Authorization: Basic YWxpY2U6c2VjcmV0", "Bearer eyJhbGciOiJub25lIn0.e30."]
            .map(Into::into),
    );
    let mut schema = Schema::of("authopsy.token/1");
    let secret = ["token", "-f", "json", "--at", "2026-11-24T14:30:00Z", "--secret-env", "KEY"];
    for text in &texts {
        for args in [&secret[..5], &secret[..]] {
            let mut command = folder.command(args);
            command.env("KEY", "not the key of this token, but long enough");
            let told = Folder::feed(command, text.as_bytes());
            schema.holds(&told.succeeds().value());
        }
    }
    let root = schema.root.clone();
    let mut told = folder.run_with_stdin(&secret[..5], texts[0].as_bytes()).value();
    assert!(told["credentials"][0]["checks"].as_array().is_some_and(|all| !all.is_empty()));
    told["credentials"][0]["checks"][0]["verdict"] = Value::Null;
    assert!(schema.check(&root, &told, "").is_err());
}

#[test]
fn a_partial_result_is_as_the_schema_says() {
    let folder = Folder::new("schema-partial");
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/quickstart.har");
    let partial = folder.run(&[sample, "--partial", "-"]).succeeds().value();
    Schema::of("partial").holds(&partial);
}

#[test]
fn a_schema_refuses_what_is_of_another_kind() {
    let mut schema = Schema::of("report");
    let root = schema.root.clone();
    let good = serde_json::to_value(everything()).unwrap();
    for (pointer, bad) in [
        ("/schema", Value::from("authopsy.report/2")),
        ("/causes/0/class", Value::from("bad luck")),
        ("/causes/0/count", Value::from(-1)),
        ("/period", Value::Null),
        ("/causes/0/endpoints/0", Value::from("GET /")),
        ("/totals/by_status/200", Value::from("many")),
    ] {
        let mut report = good.clone();
        *report.pointer_mut(pointer).unwrap() = bad;
        assert!(schema.check(&root, &report, "").is_err(), "{pointer}");
    }
}

#[test]
fn without_a_name_one_schema_holds_for_all() {
    let folder = Folder::new("schema-both");
    let both = folder.run(&["schema"]).succeeds().value();
    assert_eq!(both["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let mut schema = Schema { root: both, untold: BTreeSet::new() };
    let root = schema.root.clone();
    let line = serde_json::to_value(crate::render::line()).unwrap();
    let told = folder.run_with_stdin(&["token", "-f", "json"], b"Bearer eyJhbGciOiJub25lIn0.e30.");
    for value in [serde_json::to_value(everything()).unwrap(), line, told.value()] {
        assert_eq!(schema.check(&root, &value, ""), Ok(()));
    }
    assert!(schema.check(&root, &serde_json::json!({ "schema": "other" }), "").is_err());
}

#[test]
fn a_schema_that_is_not_there_is_named() {
    let run = Folder::new("schema-none").run(&["schema", "reprot"]).exits(2);
    insta::assert_snapshot!(run.complaint(), @r"
    error: `reprot`: no such schema
    hint: the schemas are authopsy.report/1, authopsy.exchange/1, authopsy.token/1, partial
    ");
}
