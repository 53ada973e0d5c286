//! What the script of the page draws: the timeline, lifelines, and exchanges, as JSON.
//!
//! An exchange is the line that `-f jsonl` prints of it, without what is empty. Every text is cut to a
//! bound and shows what would steer or reorder it, so the script may show it as it is.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::causes::colour;
use super::script_json::ScriptJson;
use crate::model::{Class, Report, Rows, Timeline};
use crate::render::text::escape;
use crate::render::text::when::millis;

/// Longest text of an exchange, in characters; evidence has a few hundred at most.
const LONGEST: usize = 1_000;
/// Longest list in an exchange.
const LIST: usize = 32;

/// Writes the object that stands in the page, name by name in order.
pub(super) fn write(report: &Report, rows: &Rows, out: &mut dyn Write) -> io::Result<()> {
    let totals = &report.totals;
    let mut causes = Causes::of(report);
    let timeline = timeline(&report.timeline, &mut causes);
    let listed: u64 = report.causes.iter().map(|cause| cause.count).sum();
    let refused = totals.failure + totals.expected + totals.lookalike;
    if let Some(rest) = causes.rest.and_then(|rest| causes.rows.get_mut(rest)) {
        rest["count"] = refused.saturating_sub(listed).into();
    }
    let incidents = report.incidents.iter().map(
        |incident| json!({ "start": incident.start, "end": incident.end, "count": incident.count }),
    );
    let story = report.story.iter().filter(|item| item.time.is_some());
    let story = story.map(|item| json!({ "time": item.time, "text": item.text }));
    let shown = rows.shown();

    let mut json = serde_json::Serializer::new(ScriptJson(out));
    let mut page = json.serialize_map(None)?;
    // Partial results hold no exchanges: what there is are the examples of the report.
    page.serialize_entry("basis", if shown.is_empty() { "examples" } else { "drawn" })?;
    page.serialize_entry("causes", &prepared(causes.rows.into()))?;
    if shown.is_empty() {
        page.serialize_entry("exchanges", &prepared(examples(report)?.into()))?;
    } else {
        page.serialize_entry("exchanges", &Exchanges(shown))?;
    }
    page.serialize_entry("incidents", &prepared(incidents.collect()))?;
    page.serialize_entry("period", &prepared(serde_json::to_value(&report.period)?))?;
    page.serialize_entry("refused", &refused)?;
    page.serialize_entry("story", &prepared(story.collect()))?;
    // Counts in lists mean something by their place; only what has names is thinned out.
    page.serialize_entry("timeline", &timeline)?;
    page.serialize_entry("tokens", &prepared(serde_json::to_value(&report.tokens)?))?;
    let left_out = report.left_out.get("tokens").copied().unwrap_or(0);
    page.serialize_entry("tokens_left_out", &left_out)?;
    Ok(SerializeMap::end(page)?)
}

/// Exchanges as JSON, each prepared when it is written: together they would be most of the memory of a run.
struct Exchanges<'r>(Vec<&'r str>);

impl Serialize for Exchanges<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut list = to.serialize_seq(Some(self.0.len()))?;
        for exchange in &self.0 {
            let value = serde_json::from_str(exchange).map_err(S::Error::custom)?;
            list.serialize_element(&prepared(value))?;
        }
        list.end()
    }
}

/// The causes by their number on the page, and one for what `--top` left out.
struct Causes<'r> {
    numbers: BTreeMap<(Class, &'r str), usize>,
    rows: Vec<Value>,
    rest: Option<usize>,
}

impl<'r> Causes<'r> {
    fn of(report: &'r Report) -> Self {
        let numbers = report.causes.iter().enumerate();
        Self {
            numbers: numbers.map(|(i, c)| ((c.class, c.id.as_str()), i)).collect(),
            rows: report
                .causes
                .iter()
                .enumerate()
                .map(|(i, c)| {
                    json!({ "id": c.id, "title": c.title, "class": c.class, "count": c.count,
                        "colour": colour(i, c.class) })
                })
                .collect(),
            rest: None,
        }
    }

    fn number(&mut self, class: Class, id: &str) -> usize {
        if let Some(number) = self.numbers.get(&(class, id)) {
            return *number;
        }
        let rows = &mut self.rows;
        *self.rest.get_or_insert_with(|| {
            rows.push(json!({ "id": "others", "title": "Causes that --top left out",
                "class": Class::Failure, "colour": "c6" }));
            rows.len() - 1
        })
    }
}

/// The timeline as the script reads it.
#[derive(Serialize)]
struct Drawn {
    /// `[slot, let in, cause, count, cause, count, ...]`, slots counted from `start`.
    buckets: Vec<Vec<i64>>,
    start: i64,
    untimed: u64,
    width: i64,
}

fn timeline(timeline: &Timeline, causes: &mut Causes<'_>) -> Drawn {
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and widths are small")]
    let width = ((timeline.width_s * 1e3).round() as i64).max(1);
    let buckets: Vec<_> = timeline
        .buckets
        .iter()
        .filter_map(|bucket| Some((millis(Some(&bucket.start))?, bucket)))
        .collect();
    let start = buckets.iter().map(|(at, _)| *at).min().unwrap_or(0);
    let rows = buckets
        .iter()
        .map(|(at, bucket)| {
            let mut row = vec![at.saturating_sub(start) / width, number(bucket.ok)];
            for (class, counts) in [
                (Class::Failure, &bucket.failures),
                (Class::Expected, &bucket.expected),
                (Class::Lookalike, &bucket.lookalikes),
            ] {
                for (id, n) in counts.iter() {
                    row.push(i64::try_from(causes.number(class, id)).unwrap_or(i64::MAX));
                    row.push(number(n));
                }
            }
            row
        })
        .collect();
    Drawn { buckets: rows, start, untimed: timeline.untimed, width }
}

fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Makes exchanges of the examples that stand in the report.
fn examples(report: &Report) -> io::Result<Vec<Value>> {
    let mut all = Vec::new();
    for (i, cause) in report.causes.iter().enumerate() {
        for (j, example) in cause.examples.iter().enumerate() {
            let mut value = serde_json::to_value(example)?;
            if let Value::Object(fields) = &mut value {
                fields.insert("id".into(), format!("{i}-{j}").into());
                fields.insert("class".into(), serde_json::to_value(cause.class)?);
                fields.insert("cause".into(), cause.id.as_str().into());
            }
            all.push(value);
        }
    }
    Ok(all)
}

/// Prepares a value that is made.
fn prepared(mut value: Value) -> Value {
    prepare(&mut value);
    value
}

/// Takes out what is empty, bounds texts and lists, and shows what would steer or reorder text.
fn prepare(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((end, _)) = text.char_indices().nth(LONGEST) {
                text.truncate(end);
                text.push('…');
            }
            if let std::borrow::Cow::Owned(shown) = escape(text) {
                *text = shown;
            }
        }
        Value::Array(list) => list.iter_mut().for_each(prepare),
        Value::Object(fields) => thin(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn thin(fields: &mut Map<String, Value>) {
    fields.remove("schema");
    for value in fields.values_mut() {
        if let Value::Array(list) = value {
            list.truncate(LIST);
        }
        prepare(value);
    }
    fields.retain(|_, value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_takes_no_room_and_long_text_is_cut() {
        let mut value = json!({ "schema": "x", "a": null, "b": [], "c": "", "d": {"e": null},
            "f": 0, "g": "\u{202e}x", "h": "é".repeat(2_000) });
        prepare(&mut value);
        assert_eq!(value["f"], 0);
        assert_eq!(value["g"], "\\u{202e}x");
        assert_eq!(value["h"].as_str().map(|t| t.chars().count()), Some(LONGEST + 1));
        assert_eq!(value.as_object().map(Map::len), Some(3));
    }
}
