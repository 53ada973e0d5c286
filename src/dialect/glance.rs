//! Tells of a body of success that it is data, by one look at its raw bytes: nothing is unescaped or copied.
//!
//! The body is JSON that stands escaped in a JSON string, as in a HAR. Whether a [structure](super::structure)
//! can show an error is mostly decided by the names at its top and by which values are empty. So the walk reads
//! these alone and passes over texts, which are most of the bytes, in wide steps. It knows well-formed JSON and
//! nothing else: on anything odd it answers that it does not know, and the body is read as a tree.

use super::body::LONGEST;
use super::structure::{self, RECORD_NAMES};
use super::tree::MOST_NODES;

/// Bytes of a text that are looked at in one step.
const STEP: usize = 64;
/// Bytes before a step that tell how many backslashes precede its first one.
const BEFORE: usize = 4;
/// Levels of a body that are followed.
const DEEPEST: u32 = 60;

/// Returns whether a body, as it stands in a JSON string, is an object in which no structure shows an error,
/// whatever its texts say; `false` also when that takes a better look.
pub(super) fn is_data(raw: &[u8]) -> bool {
    // What is no UTF-8 becomes longer when it is unescaped, and then its end is not read.
    (raw.len() * 3 <= LONGEST || std::str::from_utf8(raw).is_ok())
        && Walk { raw, at: 0, nodes: 0 }.top().is_some_and(|top| top.is_data())
}

/// What the members at the top of a body tell.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Top {
    members: usize,
    /// Whether one of them is the answer itself where it stands alone.
    root: bool,
    /// Whether one may say that the call failed.
    failing: bool,
    /// Members that hold something and belong to no envelope of an error.
    strangers: usize,
    /// Which of [`RECORD_NAMES`] were met: the first of a name counts.
    met: u32,
    /// Whether one of them holds something.
    record: bool,
    /// Whether it has a member for success or failure.
    stated: bool,
    result: bool,
    error: bool,
}

impl Top {
    /// Takes in a member; `None` where it decides alone.
    fn note(&mut self, name: &str, value: Value) -> Option<()> {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        // Wrappers of errors, and what decides alone.
        let wraps = is("envelope") || is("jsonrpc");
        if wraps || (is("data") && value == Value::Map(1)) {
            return None;
        }
        self.members += 1;
        self.root |= structure::is_root(name);
        self.failing |= structure::may_say_failure(name);
        let full = value != Value::Empty && value != Value::Map(0);
        if full && self.strangers <= structure::MOST_STRANGERS && !structure::is_envelope(name) {
            self.strangers += 1;
        }
        for (bit, record) in RECORD_NAMES.iter().enumerate() {
            if is(record) && self.met & 1 << bit == 0 {
                self.met |= 1 << bit;
                self.record |= full;
            }
        }
        self.stated |= is("success") || is("ok");
        self.result |= is("result");
        self.error |= is("error");
        Some(())
    }

    /// Returns whether [`structure::structural`] finds nothing, whatever it makes of the texts: an answer is a
    /// record, or has too many members for an error, failing or not, or cannot fail and holds something.
    fn is_data(&self) -> bool {
        let record = self.record && !(self.result && self.error);
        !(self.root && self.members == 1)
            && (record && (self.strangers > 0 || !self.stated)
                || !self.stated && self.strangers > structure::MOST_STRANGERS
                || !self.failing && self.strangers > 0)
    }
}

/// A value as far as it counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Value {
    /// It holds something for sure.
    Full,
    /// It holds nothing, or that is not known.
    Empty,
    /// An object with so many members.
    Map(usize),
}

/// A walk over a body. Every step returns `None` for what it does not know.
struct Walk<'r> {
    raw: &'r [u8],
    /// Everything before is read.
    at: usize,
    /// Values met, of which a tree keeps no more than so many.
    nodes: usize,
}

impl<'r> Walk<'r> {
    fn top(&mut self) -> Option<Top> {
        let mut top = Top::default();
        self.blanks();
        self.expect(b'{')?;
        loop {
            self.blanks();
            let name = self.text()?;
            if name.contains(&b'\\') {
                return None;
            }
            let name = std::str::from_utf8(name).ok()?;
            self.blanks();
            self.expect(b':')?;
            let value = self.value()?;
            top.note(name, value)?;
            self.blanks();
            match self.next()? {
                b',' => {}
                b'}' => return (self.nodes < MOST_NODES).then_some(top),
                _ => return None,
            }
        }
    }

    /// Passes over a value.
    fn value(&mut self) -> Option<Value> {
        self.blanks();
        self.nodes += 1;
        match self.peek()? {
            b'\\' => {
                let text = self.text()?;
                // A letter may belong to an escape; a text of blanks alone has no digit and no bracket.
                let tells =
                    |byte: &u8| matches!(byte, b'{' | b'}' | b'[' | b'<' | b':' | b',' | b'.');
                let full = text.first().is_some_and(|b| b.is_ascii_graphic() && *b != b'\\')
                    || text.iter().take(STEP).any(tells);
                Some(if full { Value::Full } else { Value::Empty })
            }
            b'{' | b'[' => self.container(),
            _ => self.word(),
        }
    }

    /// Passes over an object or a list and all that it holds.
    fn container(&mut self) -> Option<Value> {
        // One bit a level, the innermost lowest: whether it is an object.
        let (mut maps, mut depth) = (0_u64, 0_u32);
        let mut outer = 0_usize;
        let is_map = self.peek()? == b'{';
        loop {
            // Before a value of a list, a name of an object, or the end of an empty one.
            let opened = match self.next()? {
                b'{' => 1,
                b'[' => 0,
                _ => return None,
            };
            (maps, depth) = (maps << 1 | opened, depth + 1);
            if depth > DEEPEST {
                return None;
            }
            self.blanks();
            let mut fresh = true;
            // The rest of what is open, until something else opens.
            loop {
                let closes = if maps & 1 == 1 { b'}' } else { b']' };
                match self.peek()? {
                    byte if byte == closes => {
                        self.at += 1;
                        (maps, depth) = (maps >> 1, depth - 1);
                        if depth == 0 {
                            return Some(match (is_map, outer) {
                                (true, members) => Value::Map(members),
                                (false, 0) => Value::Empty,
                                (false, _) => Value::Full,
                            });
                        }
                        fresh = false;
                        self.blanks();
                        continue;
                    }
                    b',' if !fresh => {
                        self.at += 1;
                        self.blanks();
                    }
                    _ if fresh => {}
                    _ => return None,
                }
                fresh = false;
                self.nodes += 1;
                outer += usize::from(depth == 1);
                if maps & 1 == 1 {
                    self.text()?;
                    self.blanks();
                    self.expect(b':')?;
                    self.blanks();
                }
                match self.peek()? {
                    b'\\' => drop(self.text()?),
                    b'{' | b'[' => break,
                    _ => drop(self.word()?),
                }
                self.blanks();
            }
        }
    }

    /// Passes over a number, `true`, `false` or `null`.
    fn word(&mut self) -> Option<Value> {
        let rest = self.raw.get(self.at..)?;
        let length = rest.iter().position(|b| !b.is_ascii_alphanumeric() && !b"+-.".contains(b))?;
        let word = rest.get(..length)?;
        let full = match word {
            b"false" | b"null" => false,
            b"true" | [b'-' | b'0'..=b'9', ..] => true,
            _ => return None,
        };
        self.at += length;
        Some(if full { Value::Full } else { Value::Empty })
    }

    /// Passes over a text between escaped quotes and returns its inside.
    fn text(&mut self) -> Option<&'r [u8]> {
        self.expect(b'\\')?;
        self.expect(b'"')?;
        let from = self.at;
        let quote = self.quote(from)?;
        self.at = quote + 1;
        self.raw.get(from..quote - 1)
    }

    /// Returns the index of the quote that ends the text whose inside starts at `from`.
    fn quote(&self, from: usize) -> Option<usize> {
        let mut at = from;
        while let Some(step) =
            self.raw.get(at - BEFORE.min(at)..).and_then(|rest| rest.first_chunk())
        {
            if at < BEFORE || may_end(step) {
                match self.quote_within(from, at, at + STEP) {
                    Step::Ends(quote) => return Some(quote),
                    Step::Odd => return None,
                    Step::GoesOn => {}
                }
            }
            at += STEP;
        }
        match self.quote_within(from, at, self.raw.len()) {
            Step::Ends(quote) => Some(quote),
            Step::Odd | Step::GoesOn => None,
        }
    }

    /// Looks for the quote in `at..to` one byte after the other.
    fn quote_within(&self, from: usize, at: usize, to: usize) -> Step {
        let before = |at: usize| self.raw.get(from..at).unwrap_or_default();
        for (at, byte) in self.raw.iter().enumerate().take(to).skip(at) {
            if !matches!(byte, b'"' | b'u') {
                continue;
            }
            let slashes = before(at).iter().rev().take_while(|b| **b == b'\\').count();
            match byte {
                // Two of them stand for one; the last may belong to the quote itself.
                b'"' if slashes % 4 == 1 => return Step::Ends(at),
                b'"' if slashes % 4 != 3 => return Step::Odd,
                b'u' if slashes % 2 == 1 && self.hides(at + 1) => return Step::Odd,
                _ => {}
            }
        }
        Step::GoesOn
    }

    /// Returns whether four digits are none, or those of a quote or a backslash.
    fn hides(&self, at: usize) -> bool {
        let Some(digits) = self.raw.get(at..at + 4) else { return true };
        !digits.iter().all(u8::is_ascii_hexdigit)
            || digits == b"0022"
            || digits.eq_ignore_ascii_case(b"005c")
    }

    fn blanks(&mut self) {
        while let Some(rest) = self.raw.get(self.at..) {
            match rest {
                [b' ', ..] => self.at += 1,
                [b'\\', b'n' | b'r' | b't', ..] => self.at += 2,
                _ => return,
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.raw.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }
}

/// What was found in a step.
enum Step {
    Ends(usize),
    GoesOn,
    Odd,
}

/// Returns whether `bytes[BEFORE..]` hold a quote behind anything but two or three backslashes, or an escape by
/// number: all other quotes are those of texts in the text. A loop that the compiler turns into vectors.
fn may_end(bytes: &[u8; STEP + BEFORE]) -> bool {
    let mut found = 0;
    for i in 0..STEP {
        let slash = |back: usize| u8::from(bytes[i + BEFORE - back] == b'\\');
        let quote = u8::from(bytes[i + BEFORE] == b'"');
        let number = u8::from(bytes[i + BEFORE] == b'u') & slash(1);
        found |= number | quote & ((slash(1) & slash(2) ^ 1) | slash(4));
    }
    found != 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::dialect::body::{Clue, LONGEST_DATA};
    use crate::dialect::structure::{is_envelope, is_region, structural};
    use crate::dialect::tree::{self, Node};
    use crate::model::Text;

    /// A body as it stands in a JSON string.
    fn escaped(body: &str) -> String {
        let quoted = serde_json::to_string(body).unwrap();
        quoted[1..quoted.len() - 1].to_owned()
    }

    /// The same body read as a tree, as the patient reading does it.
    fn tree_of(raw: &[u8]) -> Option<Node> {
        let text = Text::Escaped(raw).read().into_owned();
        tree::json_within(&text, LONGEST_DATA, is_region)
    }

    fn clues_of(node: &Node) -> Vec<Clue> {
        let mut clues = Vec::new();
        structural(node, &mut clues);
        clues
    }

    /// Values below one and itself.
    fn count(node: &Node) -> usize {
        1 + match node {
            Node::List(items) => items.iter().map(count).sum(),
            Node::Map(members) => members.iter().map(|(_, value)| count(value)).sum::<usize>(),
            _ => 0,
        }
    }

    /// Holds what a walk tells of a body against the tree.
    fn hold(raw: &str) -> Result<(), TestCaseError> {
        let raw = raw.as_bytes();
        let mut walk = Walk { raw, at: 0, nodes: 0 };
        let Some(top) = walk.top() else { return Ok(()) };
        let Some(whole) = tree::json(&Text::Escaped(raw).read()) else { panic!("no tree") };
        prop_assert_eq!(walk.nodes + 1, count(&whole));
        let node = tree_of(raw).unwrap();
        let Node::Map(members) = &node else { panic!("no object") };
        let strangers = members.iter().filter(|(n, v)| !v.is_empty() && !is_envelope(n)).count();
        prop_assert!(top.strangers <= strangers);
        prop_assert_eq!(top.stated, node.get("success").or_else(|| node.get("ok")).is_some());
        let clues = clues_of(&node);
        prop_assert!(clues.is_empty() || !is_data(raw), "{:?}", clues);
        Ok(())
    }

    const NAMES: [&str; 26] = [
        r"err\u006fr",
        r"\u0065rror",
        r"da\ta",
        "id",
        "ID",
        "uuid",
        "_id",
        "name",
        "items",
        "data",
        "error",
        "errors",
        "message",
        "code",
        "status",
        "success",
        "ok",
        "result",
        "jsonrpc",
        "Envelope",
        "Response",
        "state",
        "failed",
        "notes",
        "meta",
        "é",
    ];

    /// Pieces of texts.
    const PIECES: [&str; 18] = [
        "a",
        "quite a long word of a text",
        "\"",
        "\"",
        "\\",
        "\"7\":\"4013\",",
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\n",
        " ",
        "é",
        "u",
        "u0022",
        "'",
    ];

    /// What is put into a body as it stands in its string.
    const CUTS: [&str; 16] = [
        "", "", "\"", "\\", "\\\"", "{", "}", ",", ":", "'", r"\u0022", r"\u005c", r"\u005C",
        r"\u00", r"\n", r"\u003c",
    ];

    /// Values as they stand in a body: texts of texts of texts, too.
    fn value() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec![
            "null",
            "true",
            "false",
            "{}",
            "[]",
            "[ ]",
            "\"\"",
            "\" \"",
            "401",
            "-1.5e3",
            "\"x\"",
            "\"\\n\"",
            r#""<\u0022\u005c\u003c""#,
            r#""\u0022,\"id\":1""#,
            r#""\\\"""#,
            r#""\\\\""#,
        ]);
        let long =
            (prop::sample::select(vec![0, 20, 4000]), any::<bool>()).prop_map(|(length, inner)| {
                let text = json!("y".repeat(length));
                if inner { json!([text]).to_string() } else { text.to_string() }
            });
        let pieces = prop::collection::vec(prop::sample::select(&PIECES[..]), 0..20);
        let text = (pieces, 1_usize..4).prop_map(|(pieces, levels)| {
            (0..levels).fold(pieces.concat(), |text, _| json!(text).to_string())
        });
        let leaf = prop_oneof![4 => leaf.prop_map(str::to_owned), 3 => text, 1 => long];
        leaf.prop_recursive(3, 16, 4, |inner| {
            let list = prop::collection::vec(inner.clone(), 0..4);
            prop_oneof![list.prop_map(|items| format!("[{}]", items.join(","))), members(inner)]
        })
    }

    fn members(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
        prop::collection::vec((prop::sample::select(&NAMES[..]), value), 0..7).prop_map(|members| {
            let members: Vec<String> =
                members.into_iter().map(|(n, v)| format!("\"{n}\": {v}")).collect();
            format!("{{{}}}", members.join(", "))
        })
    }

    proptest! {
        #[test]
        fn what_is_data_at_a_glance_shows_nothing_in_a_tree(body in members(value())) {
            hold(&escaped(&body))?;
        }

        #[test]
        fn nothing_is_told_of_a_body_that_the_tree_reads_otherwise(
            body in members(value()),
            cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..3, prop::sample::select(&CUTS[..])), 1..4),
        ) {
            let mut raw = escaped(&body);
            for (at, out, new) in cuts {
                let at = raw.floor_char_boundary(at.index(raw.len() + 1));
                let to = raw.ceil_char_boundary(raw.len().min(at + out));
                raw.replace_range(at..to, new);
            }
            hold(&raw)?;
        }

        #[test]
        fn a_text_ends_at_the_quote_that_one_byte_after_the_other_finds(
            text in "([a-z]{0,70}|\\\\{0,9}\"|\\\\u00[0-9a-f]{2}|u){0,40}"
        ) {
            let raw = format!("\\\"{text}");
            let walk = Walk { raw: raw.as_bytes(), at: 0, nodes: 0 };
            let plain = match walk.quote_within(2, 2, raw.len()) {
                Step::Ends(at) => Some(at),
                _ => None,
            };
            let fast = walk.quote(2);
            // A quote behind two backslashes is passed over or not known: it is no end either way.
            prop_assert!(fast == plain || plain.is_none() && fast.is_some_and(|end| {
                let passed = &raw.as_bytes()[2..end];
                passed.windows(3).any(|w| w == b"\\\\\"")
            }), "{:?} {:?}", fast, plain);
        }
    }

    #[test]
    fn records_and_long_lists_are_known_at_a_glance() {
        let long = "\\\"".repeat(4000);
        for body in [
            r#"{"id":7,"kind":"orders","notes":"{\"a\":\"4013\"},\n","state":"open"}"#.to_owned(),
            format!(r#"{{"id":7,"notes":"{long}","state":"open"}}"#),
            r#"{"page":1,"size":20,"orders":[{"a":[1,2,{}]},[],"x"],"token":"x"}"#.to_owned(),
            r#"{"items":[{"error":"expired","status":401}]}"#.to_owned(),
            r#"{"a":1,"error":"expired"}"#.to_owned(),
            "{ \"id\" : 1,\n\t\"name\" : \"a\" }".to_owned(),
            r#"{"id":1,"name":"a","deep":"{\"b\":\"{\\\"c\\\":\\\"{\\\\\\\"d\\\\\\\":1}\\\"}\"}"}"#
                .to_owned(),
        ] {
            assert!(is_data(escaped(&body).as_bytes()), "{body}");
        }
    }

    #[test]
    fn what_may_be_an_error_gets_a_better_look() {
        for body in [
            r#"{"code":401,"msg":"token expired"}"#,
            r#"{"id":1,"success":false,"error":"expired"}"#,
            r#"{"jsonrpc":"2.0","id":1,"a":1,"error":{"code":401}}"#,
            r#"{"id":null,"error":"expired","id":1}"#,
            r#"{"result":null,"error":"expired","id":1,"a":1}"#,
            r#"{"data":{"tokenCreate":{"token":null,"errors":[{"code":"X"}]}},"a":1,"b":1,"id":1}"#,
            r#"{"a":1,"b":2,"c":3,"ok":false,"error":"expired"}"#,
            r#"{"code":401,"a":1,"message":"expired"}"#,
            r#"{"response":{"error":"expired"}}"#,
            r#"{"getOrderResult":{"success":false,"error":"expired"}}"#,
            r#"{"error":"expired","state":"failed","a":1}"#,
            r#"{"meta":{"code":401,"message":"expired"},"a":1}"#,
            r#"{"a":"","b":null,"c":{},"error":"expired"}"#,
            r#"{"\u0065rror":"expired"}"#,
            r#"{"error":"expired","a":" "}"#,
            r#"{"error":"expired","a":"\n"}"#,
            r#"{"error":"expired","a":[,1]}"#,
            r#"[{"id":1,"a":1}]"#,
            r#"{"id":1,"a":1"#,
        ] {
            assert!(!is_data(escaped(body).as_bytes()), "{body}");
        }
    }

    #[test]
    fn what_the_tree_does_not_reach_counts_for_nothing() {
        let many = format!(r#"{{"error":[{}],"id":1,"a":1}}"#, vec!["1"; MOST_NODES].join(","));
        assert!(!is_data(escaped(&many).as_bytes()));
        let few = format!(r#"{{"error":[{}],"id":1,"a":1}}"#, vec!["1"; MOST_NODES - 9].join(","));
        assert!(is_data(escaped(&few).as_bytes()));
        // Each byte that is no UTF-8 becomes three, and the end is not read.
        let body = |times: usize, piece: &[u8]| {
            let begin = escaped(r#"{"error":"expired","note":"#) + r#"\""#;
            let end = r#"\""#.to_owned() + &escaped(r#","id":1,"a":1}"#);
            [begin.into_bytes(), piece.repeat(times), end.into_bytes()].concat()
        };
        assert!(is_data(&body(LONGEST / 2, b"y")));
        assert!(is_data(&body(LONGEST / 9, b"\xFF")));
        assert!(!is_data(&body(LONGEST / 2, b"\xFF")));
        // So do numbers that are none.
        let raw = body(LONGEST * 2 / 5, b"\\u");
        assert!(!is_data(&raw));
    }
}
