use proptest::prelude::*;
use serde_json::{Number, json};

use super::*;

fn read(text: &str) -> (Value, Vec<Repair>) {
    let lenient = parse(text.as_bytes());
    (lenient.value, lenient.repairs)
}

#[test]
fn each_breach_of_the_grammar_is_repaired_and_said() {
    use Repair::*;
    let table: &[(&str, Value, &[Repair])] = &[
        ("{\"a\":\"x\ny\"}", json!({"a": "x\ny"}), &[RawControl]),
        (r#"{"a":"\ud800."}"#, json!({"a": "\u{fffd}."}), &[LoneSurrogate]),
        (r#"{"a":"\udc00"}"#, json!({"a": "\u{fffd}"}), &[LoneSurrogate]),
        (
            r#"{"a":NaN,"b":-Infinity,"c":undefined}"#,
            json!({"a":null,"b":null,"c":null}),
            &[NotANumber],
        ),
        (r#"{"a":[1,2,],}"#, json!({"a": [1, 2]}), &[TrailingComma]),
        (r#"{,"a":1,,"b":2}"#, json!({"a": 1, "b": 2}), &[TrailingComma]),
        (r#"{"a":1 "b":2}"#, json!({"a": 1, "b": 2}), &[MissingComma]),
        (r#"{"a":"x" "b":"y"}"#, json!({"a": "x", "b": "y"}), &[MissingComma]),
        ("{\"a\":\"x\"\n\"b\":\"y\"}", json!({"a": "x", "b": "y"}), &[MissingComma]),
        (r#"[{"a":1}{"a":2}]"#, json!([{"a": 1}, {"a": 2}]), &[MissingComma]),
        (r#"{"a" [1]}"#, json!({"a": [1]}), &[MissingComma]),
        (r"{'a':'it\'s'}", json!({"a": "it's"}), &[OddEscape, SingleQuotes]),
        ("{a:1,b_2:true}", json!({"a": 1, "b_2": true}), &[BareKey]),
        ("{/* x */\"a\":1 // y\n}", json!({"a": 1}), &[Comment]),
        (r#"{"a":+1,"b":.5,"c":007,"d":0x1f}"#, json!({"a":1,"b":0.5,"c":7,"d":31}), &[OddNumber]),
        (r#"{"a":1e999}"#, json!({"a": null}), &[OddNumber]),
        (r#"{"a":,"b":1,"c":}"#, json!({"a": null, "b": 1, "c": null}), &[EmptyValue]),
        (r#"{"a":-,"b":1}"#, json!({"a": null, "b": 1}), &[EmptyValue]),
        (r#"{"a":502, 200,"b":1}"#, json!({"a": 502, "b": 1}), &[StrayBytes]),
        (r#"{"a":"Bearer \x22x\x22 \xC3\xA9"}"#, json!({"a": "Bearer \"x\" é"}), &[OddEscape]),
        (r#"{"a":"\q\u12"}"#, json!({"a": "\\q\u{fffd}12"}), &[OddEscape]),
        (
            r#"{"a":"user "bob" denied","b":1}"#,
            json!({"a": "user \"bob\" denied", "b": 1}),
            &[BareQuote],
        ),
        (
            r#"{"t":2026-11-23T02:47:03+00:00,"ip":127.0.0.1}"#,
            json!({"t": "2026-11-23T02:47:03+00:00", "ip": "127.0.0.1"}),
            &[BareWord],
        ),
        (r#"{"a":True,"b":None}"#, json!({"a": true, "b": null}), &[BareWord]),
        (r#"{"a":1]}"#, json!({"a": 1}), &[StrayBytes]),
        (r#"{"a":[1,2}"#, json!({"a": [1, 2]}), &[StrayBytes]),
    ];
    for (text, value, repairs) in table {
        let (got, found) = read(text);
        assert_eq!(&got, value, "{text}");
        assert_eq!(&found, repairs, "{text}");
        assert!(parse(text.as_bytes()).complete, "{text}");
    }
}

#[test]
fn a_name_given_twice_keeps_the_last_value_that_is_not_null() {
    let (value, repairs) = read(r#"{"a":1,"a":2,"a":null}"#);
    assert_eq!(value, json!({"a": 2}));
    assert_eq!(repairs, [Repair::DuplicateKey]);
}

#[test]
fn header_fields_given_twice_are_all_kept() {
    let (value, _) = read(r#"{"headers":{"Cookie":"a=1","Cookie":"b=2","Cookie":["c=3"]}}"#);
    assert_eq!(value, json!({"headers": {"Cookie": ["a=1", "b=2", "c=3"]}}));
}

#[test]
fn what_is_cut_off_keeps_what_was_complete() {
    let table = [
        (r#"{"a":1,"b":{"c":"d","e":"f"#, json!({"a": 1, "b": {"c": "d"}})),
        (r#"{"a":[1,2"#, json!({"a": [1]})),
        (r#"{"a":1,"stat"#, json!({"a": 1})),
        (r#"{"a":1,"status":40"#, json!({"a": 1})),
        (r#"{"a":1,"b":"x\"#, json!({"a": 1})),
        (r#"{"a":1,"b":"x\u12"#, json!({"a": 1})),
        ("{", json!({})),
    ];
    for (text, value) in table {
        let lenient = parse(text.as_bytes());
        assert_eq!(lenient.value, value, "{text}");
        assert!(!lenient.complete, "{text}");
        assert!(lenient.repairs.contains(&Repair::Truncated), "{text}");
    }
}

#[test]
fn what_is_no_json_gives_nothing() {
    for text in ["", "  ", "hello world", "}", ",1", "2026-11-23 02:47:03 GET /", "<html>"] {
        let lenient = parse(text.as_bytes());
        assert!(lenient.value.is_null() && !lenient.complete, "{text}");
    }
}

#[test]
fn a_byte_order_mark_and_invalid_utf8_are_taken() {
    let lenient = parse(b"\xEF\xBB\xBF {\"a\":\"\xFF\"} tail");
    assert_eq!(lenient.value, json!({"a": "\u{fffd}"}));
    assert_eq!((lenient.end, lenient.complete), (13, true));
    assert_eq!(lenient.repairs, [Repair::InvalidUtf8]);
}

#[test]
fn values_in_a_row_are_read_one_by_one() {
    let bytes = br#"{"a":1}{"a":2}"#;
    let first = parse(bytes);
    assert_eq!(parse(&bytes[first.end..]).value, json!({"a": 2}));
}

#[test]
fn hostile_nesting_costs_no_stack() {
    for open in ["[", "{\"a\":", "[{\"a\":"] {
        let deep = parse(open.repeat(1_000_000).as_bytes());
        assert!(!deep.complete);
        assert!(deep.repairs.contains(&Repair::TooDeep));
    }
    let closed = format!("{{\"deep\":{}{},\"a\":1}}", "[".repeat(1000), "]".repeat(1000));
    let lenient = parse(closed.as_bytes());
    assert_eq!(lenient.value["a"], json!(1));
    assert!(lenient.complete);
}

#[test]
fn nanoseconds_keep_every_digit() {
    let (value, repairs) = read(r#"{"t":1795402067518000123,"big":18446744073709551615}"#);
    assert_eq!(value["t"].as_u64(), Some(1_795_402_067_518_000_123));
    assert_eq!(value["big"].as_u64(), Some(u64::MAX));
    assert!(repairs.is_empty());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|f| Number::from_f64(f).map_or(Value::Null, Value::Number)),
        any::<String>().prop_map(Value::String),
        "[ -~]{0,12}".prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::btree_map("[a-zA-Z\"\\\\é ]{0,8}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn valid_json_reads_as_serde_json_reads_it(value in any_json(), pretty in any::<bool>()) {
        let text = if pretty {
            serde_json::to_string_pretty(&value).unwrap()
        } else {
            serde_json::to_string(&value).unwrap()
        };
        let oracle: Value = serde_json::from_str(&text).unwrap();
        let lenient = parse(text.as_bytes());
        prop_assert_eq!(&lenient.value, &oracle);
        prop_assert!(lenient.complete);
        prop_assert_eq!(lenient.end, text.len());
        prop_assert!(lenient.repairs.is_empty(), "{:?}", lenient.repairs);
    }

    #[test]
    fn every_prefix_of_valid_json_is_read_without_panic(value in any_json()) {
        let text = serde_json::to_vec(&value).unwrap();
        for end in 0..text.len() {
            let lenient = parse(&text[..end]);
            prop_assert!(lenient.end <= end);
        }
    }

    #[test]
    fn no_bytes_at_all_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(parse(&bytes).end <= bytes.len());
    }

    #[test]
    fn no_soup_of_json_pieces_makes_it_panic(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"", "'", "\\", "\\u", "\\x", "d8", "a", "1", "-",
                "null", "NaN", "//", "/*", "*/", "\n", " ", "\"headers\":", "\u{e9}",
            ]),
            0..60,
        ),
    ) {
        let text = pieces.concat();
        prop_assert!(parse(text.as_bytes()).end <= text.len());
    }
}
