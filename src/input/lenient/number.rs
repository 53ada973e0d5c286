//! Numbers as JSON has them, and as programs write them.

use serde_json::{Number, Value};

/// Reads a number as JSON writes it, as `serde_json` does: `u64`, `i64`, else the nearest `f64`.
pub(in crate::input) fn number(word: &str) -> Option<Number> {
    let digits = word.strip_prefix('-').unwrap_or(word);
    if digits.is_empty() || !digits.as_bytes().first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let small = digits.len() < 18 && digits.bytes().all(|b| b.is_ascii_digit());
    if small && word != "-0" && (digits.len() == 1 || !digits.starts_with('0')) {
        return word.parse::<i64>().ok().map(Number::from);
    }
    serde_json::from_str(word).ok()
}

/// Returns whether [`number`] reads a word; the usual ones are not parsed for that.
pub(in crate::input) fn is_number(word: &str) -> bool {
    let digits = word.as_bytes();
    let usual = match digits {
        [b'0'..=b'9'] => true,
        [b'1'..=b'9', rest @ .., b'0'..=b'9'] if digits.len() < 18 => {
            let mut dots = 0;
            let plain = |b: &u8| {
                dots += u8::from(*b == b'.');
                b.is_ascii_digit() || *b == b'.'
            };
            rest.iter().all(plain) && dots <= 1
        }
        _ => false,
    };
    usual || number(word).is_some()
}

/// Reads `+1`, `.5`, `5.`, `007`, `0x1f` and numbers too large for any type (null).
pub(super) fn odd_number(word: &str) -> Option<Value> {
    let text = word.strip_prefix('+').unwrap_or(word);
    if let Some(hex) = text.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok().map(Value::from);
    }
    let numeric = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
    if !text.bytes().all(numeric) || !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Value::from(whole));
    }
    let float = text.parse::<f64>().ok()?;
    Some(Number::from_f64(float).map_or(Value::Null, Value::Number))
}
