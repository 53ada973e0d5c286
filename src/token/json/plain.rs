//! Objects as issuers write them: printable ASCII, no escapes, whole numbers, few levels.
//!
//! A token is read while its exchange waits, and nearly all are of this kind. All else is left to
//! `serde_json`, also whatever may be broken.

use std::borrow::Cow;

use super::{Json, Member, Object};

/// Levels that are read.
const DEEPEST: u8 = 8;
/// Digits of a number that fits in 64 bits whatever they are.
const DIGITS: usize = 18;

/// Reads a plain object; `None` for every other text.
pub(super) fn read(bytes: &[u8]) -> Option<Object<'_>> {
    let is_plain = |b: u8| (b' '..=b'~').contains(&b) && b != b'\\';
    if !bytes.iter().fold(true, |plain, b| plain & is_plain(*b)) {
        return None;
    }
    let mut reader = Reader { text: std::str::from_utf8(bytes).ok()?, at: 0 };
    let Json::Object(object) = reader.value(0)? else { return None };
    reader.skip_blanks();
    (reader.at == bytes.len()).then_some(object)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn value(&mut self, depth: u8) -> Option<Json<'t>> {
        match self.next()? {
            b'"' => Some(Json::Text(Cow::Borrowed(self.string()?))),
            b'0'..=b'9' => self.number(),
            b'{' if depth < DEEPEST => self.object(depth).map(Json::Object),
            b'[' if depth < DEEPEST => self.list(depth).map(Json::List),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            _ => None,
        }
    }

    fn object(&mut self, depth: u8) -> Option<Object<'t>> {
        let mut members = Vec::with_capacity(if depth == 0 { 16 } else { 2 });
        self.at += 1;
        if self.take(b'}') {
            return Some(Object::of(members));
        }
        loop {
            if self.next()? != b'"' {
                return None;
            }
            let name = self.string()?;
            if !self.take(b':') {
                return None;
            }
            let value = self.value(depth + 1)?;
            members.push(Member::of(Cow::Borrowed(name), value));
            if self.take(b'}') {
                return Some(Object::of(members));
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    fn list(&mut self, depth: u8) -> Option<Vec<Json<'t>>> {
        let mut items = Vec::new();
        self.at += 1;
        if self.take(b']') {
            return Some(items);
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.take(b']') {
                return Some(items);
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    /// Reads the text whose quote stands here.
    fn string(&mut self) -> Option<&'t str> {
        let from = self.at + 1;
        let rest = self.text.get(from..)?;
        let end = end_of(rest.as_bytes())?;
        self.at = from + end + 1;
        rest.get(..end)
    }

    /// Reads a whole number, with neither fraction nor exponent.
    fn number(&mut self) -> Option<Json<'t>> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let length = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let ends = !matches!(rest.get(length), Some(b'.' | b'e' | b'E'));
        let zero = length > 1 && rest.first() == Some(&b'0');
        if length > DIGITS || zero || !ends {
            return None;
        }
        self.at += length;
        let digits = rest.iter().take(length);
        let number = digits.fold(0, |number: u64, b| number * 10 + u64::from(b - b'0'));
        Some(Json::Number(number.into()))
    }

    fn word(&mut self, word: &str, value: Json<'t>) -> Option<Json<'t>> {
        let stands = self.text.get(self.at..)?.starts_with(word);
        self.at += word.len();
        stands.then_some(value)
    }

    /// Returns the byte behind blanks.
    fn next(&mut self) -> Option<u8> {
        self.skip_blanks();
        self.text.as_bytes().get(self.at).copied()
    }

    /// Takes a mark where it stands behind blanks.
    fn take(&mut self, mark: u8) -> bool {
        let stands = self.next() == Some(mark);
        self.at += usize::from(stands);
        stands
    }

    fn skip_blanks(&mut self) {
        while self.text.as_bytes().get(self.at) == Some(&b' ') {
            self.at += 1;
        }
    }
}

/// Returns where the first quote stands: names and most values are so short that to call for a search
/// costs more than the search.
#[inline]
fn end_of(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let mut from = 0;
    for _ in 0..4 {
        let Some(chunk) = bytes.get(from..).and_then(<[u8]>::first_chunk) else { break };
        let odd = u64::from_le_bytes(*chunk) ^ (ONES * 0x22);
        let zeros = odd.wrapping_sub(ONES) & !odd & (ONES * 0x80);
        if zeros != 0 {
            return Some(from + zeros.trailing_zeros() as usize / 8);
        }
        from += 8;
    }
    Some(from + memchr::memchr(b'"', bytes.get(from..)?)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::member;
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn a_plain_object_is_read_as_any_other_is(
            members in prop::collection::vec(member(), 0..5),
            start in "( |)",
            end in "( |,|x|\\}|)",
            cut in 0_usize..160,
        ) {
            let text = format!("{start}{{{}}}{end}", members.join(","));
            let bytes = text.as_bytes();
            for bytes in [bytes, bytes.get(..cut).unwrap_or(bytes)] {
                if let Some(object) = read(bytes) {
                    prop_assert_eq!(Some(object), Object::read_any(bytes));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_quote_is_found_where_it_first_stands(bytes in prop::collection::vec(
            prop_oneof![8 => any::<u8>(), 1 => Just(b'"'), 1 => Just(b'#'), 1 => Just(b'!')], 0..70,
        )) {
            prop_assert_eq!(end_of(&bytes), bytes.iter().position(|b| *b == b'"'));
        }
    }

    #[test]
    fn what_issuers_write_is_plain_and_what_is_odd_is_not() {
        let claims = br#"{"iss":"https://a.example/","aud":["a","b"],"exp":1767265200,"ok":true,
            "x":{"roles":[]},"n":null}"#;
        let on_a_line: Vec<u8> = claims.iter().copied().filter(|b| *b != b'\n').collect();
        assert_eq!(read(&on_a_line), Object::read_any(&on_a_line));
        assert!(read(&on_a_line).is_some());
        for odd in [
            &claims[..],
            br#"{"a":1.5}"#,
            br#"{"a":-1}"#,
            br#"{"a":1e3}"#,
            br#"{"a":01}"#,
            br#"{"a":1234567890123456789}"#,
            br#"{"a":"\u0061"}"#,
            br#"{"a":1,}"#,
            br#"{"a":1}}"#,
            br#"{"a":[1,]}"#,
            br#"{"a":tru}"#,
            br#"{"a"}"#,
            b"[]",
            b"",
            br#"{"a":"b}"#,
        ] {
            assert_eq!(read(odd), None, "{}", String::from_utf8_lossy(odd));
        }
    }
}
