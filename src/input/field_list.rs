//! Header fields, cookies and parameters in every shape that exporters and loggers give a list.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::skip::Repair;
use crate::model::{Header, Visibility};

/// Repairs found so far; each kind counts once a record.
#[derive(Clone, Debug, Default)]
pub(super) struct Repairs(Vec<Repair>);

impl Repairs {
    pub(super) fn note(&mut self, repair: Repair) {
        if !self.0.contains(&repair) {
            self.0.push(repair);
        }
    }

    /// Returns the repairs in their stable order.
    pub(super) fn sorted(mut self) -> Vec<Repair> {
        self.0.sort_unstable();
        self.0
    }
}

/// Looks a member up, first as written, then without regard to case.
pub(super) fn member<'v>(
    map: &'v Map<String, Value>,
    name: &str,
    repairs: &mut Repairs,
) -> Option<&'v Value> {
    if let Some(value) = map.get(name) {
        return Some(value);
    }
    let (_, value) = map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    repairs.note(Repair::KeyCase);
    Some(value)
}

/// Returns a scalar as text; `None` for null, a list or an object.
pub(super) fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(b) => Some(Cow::Borrowed(if *b { "true" } else { "false" })),
        _ => None,
    }
}

/// Reads names and values out of a list of objects, pairs or lines, a map, or one raw text.
///
/// A list as a value gives the name once for each of its items. A missing or null value is an empty
/// text, and said.
pub(super) fn pairs<'v>(
    list: &'v Value,
    repairs: &mut Repairs,
) -> Vec<(Cow<'v, str>, Cow<'v, str>)> {
    let mut out = Vec::new();
    match list {
        Value::Array(items) => {
            out.reserve(items.len());
            from_list(items, &mut out, repairs);
        }
        Value::Object(map) => {
            repairs.note(Repair::HeaderMap);
            for (name, value) in map {
                push(Cow::Borrowed(name), Some(value), &mut out, repairs);
            }
        }
        Value::String(text) => {
            repairs.note(Repair::MistypedValue);
            out.extend(text.lines().filter_map(line).map(borrowed));
        }
        _ => {}
    }
    out
}

type Pairs<'v> = Vec<(Cow<'v, str>, Cow<'v, str>)>;

fn from_list<'v>(items: &'v [Value], out: &mut Pairs<'v>, repairs: &mut Repairs) {
    let mut texts = items.iter().filter_map(Value::as_str);
    if !items.is_empty() && items.iter().all(Value::is_string) {
        repairs.note(Repair::HeaderPairs);
        if texts.clone().all(|text| text.contains(": ")) {
            out.extend(texts.filter_map(line).map(borrowed));
            return;
        }
        // Node's `rawHeaders`: names and values in turn.
        while let Some(name) = texts.next() {
            out.push((Cow::Borrowed(name), Cow::Borrowed(texts.next().unwrap_or_default())));
        }
        return;
    }
    for item in items {
        match item {
            Value::Object(map) => match member(map, "name", repairs).and_then(scalar) {
                Some(name) => push(name, member(map, "value", repairs), out, repairs),
                None => one_member(map, out, repairs),
            },
            Value::Array(pair) => {
                repairs.note(Repair::HeaderPairs);
                if let Some(name) = pair.first().and_then(scalar) {
                    push(name, pair.get(1), out, repairs);
                }
            }
            Value::String(text) => {
                repairs.note(Repair::HeaderPairs);
                out.extend(line(text).map(borrowed));
            }
            _ => repairs.note(Repair::MistypedValue),
        }
    }
}

/// `{"key": "Accept", "value": "*/*"}` (Postman) or `{"Accept": "*/*"}`.
fn one_member<'v>(map: &'v Map<String, Value>, out: &mut Pairs<'v>, repairs: &mut Repairs) {
    if let Some(name) = map.get("key").and_then(scalar) {
        push(name, map.get("value"), out, repairs);
    } else if let (1, Some((name, value))) = (map.len(), map.iter().next()) {
        push(Cow::Borrowed(name), Some(value), out, repairs);
    } else {
        repairs.note(Repair::MissingValue);
    }
}

fn push<'v>(
    name: Cow<'v, str>,
    value: Option<&'v Value>,
    out: &mut Pairs<'v>,
    repairs: &mut Repairs,
) {
    match value {
        Some(Value::String(text)) => out.push((name, Cow::Borrowed(text))),
        None | Some(Value::Null) => {
            repairs.note(Repair::HeaderValueMissing);
            out.push((name, Cow::Borrowed("")));
        }
        Some(Value::Array(items)) if !items.is_empty() => {
            repairs.note(Repair::HeaderValueType);
            for item in items {
                out.push((name.clone(), scalar(item).unwrap_or_default()));
            }
        }
        Some(Value::Array(_)) => {
            repairs.note(Repair::HeaderValueType);
            out.push((name, Cow::Borrowed("")));
        }
        Some(other) => {
            repairs.note(Repair::HeaderValueType);
            let text = scalar(other).unwrap_or_else(|| Cow::Owned(other.to_string()));
            out.push((name, text));
        }
    }
}

/// Splits `Name: value`; a request or status line has no name.
fn line(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once(':')?;
    (!name.is_empty() && !name.contains(' '))
        .then_some((name, value.trim_matches([' ', '\t', '\r'])))
}

fn borrowed<'v>((name, value): (&'v str, &'v str)) -> (Cow<'v, str>, Cow<'v, str>) {
    (Cow::Borrowed(name), Cow::Borrowed(value))
}

/// Reads header fields; see [`pairs`].
pub(super) fn headers<'v>(list: &'v Value, repairs: &mut Repairs) -> Vec<Header<'v>> {
    pairs(list, repairs).into_iter().map(|(name, value)| Header { name, value }).collect()
}

/// Reads header fields out of one raw text, a line each.
pub(super) fn headers_of_text(text: &str) -> Vec<Header<'_>> {
    let pairs = text.lines().filter_map(line).map(borrowed);
    pairs.map(|(name, value)| Header { name, value }).collect()
}

/// Returns the value of the first field of this name, compared without case.
pub(super) fn find<'h>(headers: &'h [Header<'_>], name: &str) -> Option<&'h str> {
    headers.iter().find(|h| h.name.eq_ignore_ascii_case(name)).map(|h| &*h.value)
}

/// As [`find`], keeping the loan of the input.
pub(super) fn owned<'v>(headers: &[Header<'v>], name: &str) -> Option<Cow<'v, str>> {
    headers.iter().find(|h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value.clone())
}

/// Tells whether request fields are those that went over the wire.
///
/// A request that was sent has a host or says what it is and wants. Chrome lists "provisional"
/// fields for one that was not, or whose fields it could not see: client hints and a user agent, and
/// neither host nor `:authority`. A capture made by hand names the field of interest alone.
pub(super) fn visibility(headers: &[Header<'_>]) -> Visibility {
    if headers.is_empty() {
        return Visibility::None;
    }
    let named = |name: &str| headers.iter().any(|h| h.name.eq_ignore_ascii_case(name));
    if named("host") || named(":authority") {
        return Visibility::Full;
    }
    let hints = headers
        .iter()
        .any(|h| h.name.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("sec-ch-ua")));
    let real = named("user-agent") || named("accept") || headers.iter().any(carries_credential);
    if real && !hints { Visibility::Full } else { Visibility::Partial }
}

/// Whether a field's name or value looks like a credential's, misspelt ones included.
fn carries_credential(header: &Header<'_>) -> bool {
    const NAMES: [&str; 9] =
        ["aut", "token", "cookie", "apikey", "jwt", "bearer", "session", "secret", "signature"];
    const VALUES: [&str; 6] = ["bearer ", "basic ", "dpop ", "digest ", "negotiate ", "eyj"];
    let name: String =
        header.name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    NAMES.iter().any(|part| name.contains(part))
        || VALUES.iter().any(|start| {
            header.value.get(..start.len()).is_some_and(|v| v.eq_ignore_ascii_case(start))
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(list: &Value) -> Vec<(String, String)> {
        let mut repairs = Repairs::default();
        pairs(list, &mut repairs).into_iter().map(|(n, v)| (n.into(), v.into())).collect()
    }

    fn expected(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect()
    }

    #[test]
    fn every_shape_of_a_list_gives_the_same_fields() {
        let table = [
            json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]),
            json!([["A", "1"], ["B", "2"]]),
            json!({"A": "1", "B": "2"}),
            json!(["A: 1", "B: 2"]),
            json!(["A", "1", "B", "2"]),
            json!([{"A": "1"}, {"B": "2"}]),
            json!([{"key": "A", "value": "1"}, {"key": "B", "value": "2"}]),
            json!([{"Name": "A", "VALUE": 1}, null, {"name": "B", "value": ["2"]}]),
            json!("HTTP/1.1 401 Unauthorized\r\nA: 1\r\nB: 2\r\n\r\n"),
        ];
        for list in &table {
            assert_eq!(read(list), expected(&[("A", "1"), ("B", "2")]), "{list}");
        }
    }

    #[test]
    fn a_list_as_a_value_gives_one_field_an_item() {
        let list = json!([{"name": "Set-Cookie", "value": ["a=1", "b=2"]}]);
        assert_eq!(read(&list), expected(&[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]));
    }

    #[test]
    fn a_field_without_a_value_is_kept_and_said() {
        let mut repairs = Repairs::default();
        let list = json!([{"name": "A"}, {"name": "B", "value": null}]);
        assert_eq!(pairs(&list, &mut repairs).len(), 2);
        assert_eq!(repairs.sorted(), [Repair::HeaderValueMissing]);
    }

    #[test]
    fn provisional_fields_do_not_show_what_was_absent() {
        let of = |names: &[&'static str]| {
            let list: Vec<_> = names
                .iter()
                .map(|n| Header { name: Cow::Borrowed(*n), value: Cow::Borrowed("x") })
                .collect();
            visibility(&list)
        };
        assert_eq!(of(&[]), Visibility::None);
        assert_eq!(of(&["Referer"]), Visibility::Partial);
        assert_eq!(of(&["Sec-CH-UA", "X-CSRF-Token"]), Visibility::Partial);
        assert_eq!(of(&["sec-ch-ua", "User-Agent"]), Visibility::Partial);
        assert_eq!(of(&["sec-ch-ua", "User-Agent", ":authority"]), Visibility::Full);
        assert_eq!(of(&["User-Agent"]), Visibility::Full);
        assert_eq!(of(&["Autorization"]), Visibility::Full);
    }
}
