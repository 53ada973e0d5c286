//! Reads JSON as programs really write it: what is broken is repaired and said, never fatal.
//!
//! A second parser beside `serde_json` exists because one odd byte must not cost a record: loggers
//! write `"k":,` for a missing variable, exporters write `NaN`, and a killed recorder stops in the
//! middle of an entry. On valid JSON both give the same value.

use memchr::memchr2;
use serde_json::map::Entry;
use serde_json::{Map, Value};

use self::number::odd_number;
pub(super) use self::number::{is_number, number};
use super::skip::Repair;

mod number;
mod string;

/// What the lenient reading of some bytes gave.
#[derive(Clone, Debug, Default)]
pub struct Lenient {
    /// The value; null where there was none.
    pub value: Value,
    /// What was repaired, sorted, each kind once.
    pub repairs: Vec<Repair>,
    /// Offset of the first byte after the value, from 0.
    pub end: usize,
    /// Whether the value was found and its last bracket was there.
    pub complete: bool,
}

/// Levels of nesting that are kept; `serde_json` has the same limit, and dropping a [`Value`] needs
/// stack for each.
const MAX_DEPTH: usize = 127;

/// Reads one JSON value from the start of `bytes`, repairing what is broken.
///
/// Leading blanks and a byte order mark are passed over, and what follows the value is not looked
/// at: `end` says where it begins, so that values in a row are read one by one.
///
/// Accepted beyond RFC 8259: invalid UTF-8 and lone surrogates (U+FFFD), raw control characters in
/// strings, `\x22`, single quotes, names and values without quotes, comments, commas too many or
/// missing, `NaN`, `Infinity`, `undefined` and an empty value (null), `+1`, `.5`, `007`, names given
/// twice (the last value that is not null counts; header fields keep all, as a list), and input that
/// ends anywhere: what was complete is kept, a text or number cut in the middle is not. Nesting
/// beyond 127 levels becomes null. Linear in the number of bytes; never panics.
///
/// ```
/// # use authopsy::input::lenient::parse;
/// let line = br#"{"status":401,"upstream_status":,"note":NaN,}"#;
/// assert_eq!(parse(line).value, serde_json::json!({"status": 401, "upstream_status": null, "note": null}));
/// ```
pub fn parse(bytes: &[u8]) -> Lenient {
    let mut reader = Reader { bytes, at: 0, found: 0, arrays: 0, objects: 0, cut: false };
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        reader.at = 3;
    }
    reader.blanks();
    let start = reader.at;
    let value = match reader.peek() {
        Some(b) if starts_value(b) => reader.value(0, false),
        _ => None,
    };
    let word =
        matches!(&value, Some(Value::String(_))) && !matches!(bytes.get(start), Some(b'"' | b'\''));
    if word || value.is_none() {
        // A bare word at the top is a line of text, not JSON.
        let repairs = if reader.cut { vec![Repair::Truncated] } else { Vec::new() };
        return Lenient { value: Value::Null, repairs, end: start, complete: false };
    }
    Lenient {
        complete: !reader.cut,
        repairs: reader.repairs(),
        end: reader.at,
        value: value.unwrap_or_default(),
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    /// Bit set over [`Repair`].
    found: u64,
    /// Arrays and objects that are open: a closer that fits none of them is a stray byte.
    arrays: usize,
    objects: usize,
    /// The input ended inside a value.
    cut: bool,
}

/// Every repair that this reader makes, by which its bit set is read back.
const BYTE_REPAIRS: [Repair; 18] = [
    Repair::InvalidUtf8,
    Repair::LoneSurrogate,
    Repair::RawControl,
    Repair::OddEscape,
    Repair::BareQuote,
    Repair::NotANumber,
    Repair::OddNumber,
    Repair::TrailingComma,
    Repair::MissingComma,
    Repair::SingleQuotes,
    Repair::BareKey,
    Repair::BareWord,
    Repair::Comment,
    Repair::EmptyValue,
    Repair::DuplicateKey,
    Repair::StrayBytes,
    Repair::TooDeep,
    Repair::Truncated,
];

impl Reader<'_> {
    fn repairs(&self) -> Vec<Repair> {
        BYTE_REPAIRS.into_iter().filter(|r| self.found & (1 << *r as u64) != 0).collect()
    }

    fn note(&mut self, repair: Repair) {
        self.found |= 1 << repair as u64;
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// The input ended inside a value.
    fn cut<T>(&mut self) -> Option<T> {
        self.cut = true;
        self.note(Repair::Truncated);
        None
    }

    /// Passes over blanks and comments.
    fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(b'/') if self.rest().starts_with(b"//") => {
                    self.note(Repair::Comment);
                    let rest = self.rest();
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                Some(b'/') if self.rest().starts_with(b"/*") => {
                    self.note(Repair::Comment);
                    let rest = self.rest();
                    let close = memchr::memmem::find(rest.get(2..).unwrap_or_default(), b"*/");
                    self.at += close.map_or(rest.len(), |at| at + 4);
                }
                _ => return,
            }
        }
    }

    /// Reads a value that starts here; `None` when the input ends before it is whole.
    ///
    /// An array or object that is cut is kept with what it had.
    fn value(&mut self, depth: usize, keep_all: bool) -> Option<Value> {
        match self.peek() {
            None => self.cut(),
            Some(b'{' | b'[') if depth >= MAX_DEPTH => {
                self.note(Repair::TooDeep);
                self.pass_over();
                Some(Value::Null)
            }
            Some(b'{') => Some(self.object(depth, keep_all)),
            Some(b'[') => Some(self.array(depth)),
            Some(quote @ (b'"' | b'\'')) => self.string(quote, depth).map(Value::String),
            Some(_) => self.word(depth),
        }
    }

    fn object(&mut self, depth: usize, keep_all: bool) -> Value {
        self.at += 1;
        self.objects += 1;
        let mut map = Map::new();
        let mut after_comma = false;
        let mut after_value = false;
        loop {
            self.blanks();
            match self.peek() {
                None => {
                    self.cut::<()>();
                    break;
                }
                Some(b'}') => {
                    self.at += 1;
                    if after_comma {
                        self.note(Repair::TrailingComma);
                    }
                    break;
                }
                Some(b',') => {
                    self.at += 1;
                    if !after_value {
                        self.note(Repair::TrailingComma);
                    }
                    (after_comma, after_value) = (true, false);
                }
                Some(b']') if self.arrays > 0 => {
                    self.note(Repair::StrayBytes);
                    break;
                }
                Some(byte) => {
                    if after_value && starts_value(byte) {
                        self.note(Repair::MissingComma);
                    }
                    let before = self.at;
                    self.member(byte, depth, keep_all, &mut map);
                    if self.at == before {
                        self.note(Repair::StrayBytes);
                        self.at += 1;
                    } else {
                        (after_comma, after_value) = (false, true);
                    }
                    if self.cut {
                        break;
                    }
                }
            }
        }
        self.objects -= 1;
        Value::Object(map)
    }

    /// Reads `name: value` into `map`; where what stands here is no member, nothing is inserted.
    fn member(&mut self, byte: u8, depth: usize, keep_all: bool, map: &mut Map<String, Value>) {
        let quoted = matches!(byte, b'"' | b'\'');
        let name = if quoted {
            let Some(name) = self.string(byte, depth + 1) else { return };
            name
        } else {
            let run = self.rest().iter().take_while(|b| in_bare_name(**b)).count();
            if run == 0 {
                return;
            }
            let name = String::from_utf8_lossy(self.rest().get(..run).unwrap_or_default());
            let name = name.into_owned();
            self.at += run;
            name
        };
        self.blanks();
        let colon = self.eat(b':');
        if colon {
            self.blanks();
        }
        let next = self.peek();
        let value = match next {
            None => {
                self.cut::<()>();
                return;
            }
            Some(b',' | b'}' | b']') if colon || quoted => {
                self.note(Repair::EmptyValue);
                Value::Null
            }
            // `"a":502, 200,`: what has neither quotes nor a colon is no name.
            Some(_) if !colon && !quoted => {
                self.note(Repair::StrayBytes);
                return;
            }
            Some(_) => {
                if !colon {
                    self.note(Repair::MissingComma);
                }
                let keep_all_inside = next == Some(b'{') && is_field_list(&name);
                match self.value(depth + 1, keep_all_inside) {
                    Some(value) => value,
                    None if self.cut => return,
                    None => Value::Null,
                }
            }
        };
        if !quoted {
            self.note(Repair::BareKey);
        }
        self.insert(map, name, value, keep_all);
    }

    fn insert(&mut self, map: &mut Map<String, Value>, name: String, value: Value, keep_all: bool) {
        let mut place = match map.entry(name) {
            Entry::Vacant(place) => {
                place.insert(value);
                return;
            }
            Entry::Occupied(place) => place,
        };
        let old = place.get_mut();
        self.note(Repair::DuplicateKey);
        if value.is_null() {
            return;
        }
        if !keep_all || old.is_null() {
            *old = value;
            return;
        }
        let mut all = match old.take() {
            Value::Array(all) => all,
            one => vec![one],
        };
        match value {
            Value::Array(more) => all.extend(more),
            one => all.push(one),
        }
        *old = Value::Array(all);
    }

    fn array(&mut self, depth: usize) -> Value {
        self.at += 1;
        self.arrays += 1;
        let mut list = Vec::new();
        let mut after_comma = false;
        let mut after_value = false;
        loop {
            self.blanks();
            match self.peek() {
                None => {
                    self.cut::<()>();
                    break;
                }
                Some(b']') => {
                    self.at += 1;
                    if after_comma {
                        self.note(Repair::TrailingComma);
                    }
                    break;
                }
                Some(b',') => {
                    self.at += 1;
                    if !after_value {
                        self.note(Repair::TrailingComma);
                    }
                    (after_comma, after_value) = (true, false);
                }
                Some(b'}') if self.objects > 0 => {
                    self.note(Repair::StrayBytes);
                    break;
                }
                Some(byte) if starts_value(byte) => {
                    if after_value {
                        self.note(Repair::MissingComma);
                    }
                    let value = self.value(depth + 1, false);
                    list.extend(value);
                    (after_comma, after_value) = (false, true);
                    if self.cut {
                        break;
                    }
                }
                Some(_) => {
                    self.note(Repair::StrayBytes);
                    self.at += 1;
                }
            }
        }
        self.arrays -= 1;
        Value::Array(list)
    }

    /// Passes over an array or object without keeping it, in constant stack.
    fn pass_over(&mut self) {
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'{' | b'[' => open += 1,
                b'}' | b']' => {
                    open -= 1;
                    if open == 0 {
                        return;
                    }
                }
                b'"' => {
                    while let Some(at) = memchr2(b'"', b'\\', self.rest()) {
                        let quote = self.rest().get(at) == Some(&b'"');
                        self.at += at + if quote { 1 } else { 2 };
                        if quote {
                            break;
                        }
                    }
                }
                _ => {}
            }
        }
        self.cut::<()>();
        self.at = self.bytes.len();
    }

    /// Reads a number, a literal or text without quotes; `None` when the input may have cut it.
    fn word(&mut self, depth: usize) -> Option<Value> {
        let run = self.rest().iter().take_while(|b| in_bare_value(**b)).count();
        let start = self.at;
        self.at += run;
        if depth > 0 && self.at == self.bytes.len() {
            return self.cut();
        }
        let word = self.bytes.get(start..self.at).unwrap_or_default();
        let value = match word {
            b"true" => Value::Bool(true),
            b"false" => Value::Bool(false),
            b"null" => Value::Null,
            _ => return Some(self.odd_word(start)),
        };
        Some(value)
    }

    fn odd_word(&mut self, start: usize) -> Value {
        let word = String::from_utf8_lossy(self.bytes.get(start..self.at).unwrap_or_default());
        if let Some(number) = number(&word) {
            return Value::Number(number);
        }
        let (repair, value) = match &*word.to_ascii_lowercase() {
            "" | "-" => (Repair::EmptyValue, Value::Null),
            "nan" | "infinity" | "-infinity" | "+infinity" | "inf" | "-inf" | "undefined"
            | "-nan" => (Repair::NotANumber, Value::Null),
            "none" | "nil" | "null" => (Repair::BareWord, Value::Null),
            "true" => (Repair::BareWord, Value::Bool(true)),
            "false" => (Repair::BareWord, Value::Bool(false)),
            _ => match odd_number(&word) {
                Some(value) => (Repair::OddNumber, value),
                None => (Repair::BareWord, Value::String(word.into_owned())),
            },
        };
        self.note(repair);
        value
    }
}

/// Whether the members of an object of this name are header fields, of which none may be lost.
fn is_field_list(name: &str) -> bool {
    let ends = |end: &str| {
        name.len()
            .checked_sub(end.len())
            .and_then(|at| name.get(at..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    };
    ends("headers") || ends("header")
}

const fn starts_value(byte: u8) -> bool {
    matches!(byte, b'{' | b'[' | b'"' | b'\'') || in_bare_value(byte)
}

const fn in_bare_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'-' | b'.' | b'@') || byte >= 0x80
}

const fn in_bare_value(byte: u8) -> bool {
    in_bare_name(byte)
        || matches!(byte, b'+' | b':' | b'/' | b'*' | b'%' | b'~' | b'?' | b'=' | b'&')
}

#[cfg(test)]
mod tests;
