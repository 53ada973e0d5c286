//! A body as a tree of names and texts, whatever notation it came in: JSON, XML, a form.
//!
//! The readers are lenient: a body that the recorder cut, trailing commas and single quotes are
//! read as far as they go. Depth, nodes and bytes are bounded.

use crate::model::Copy;

/// Levels that are kept; what lies deeper is skipped.
const DEEPEST: usize = 8;
/// Nodes of one body that are kept.
pub(super) const MOST_NODES: usize = 4_000;

/// One value of a body.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// `null`, or nothing readable.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as written.
    Number(String),
    /// A text.
    Text(String),
    /// Values in order.
    List(Vec<Self>),
    /// Named values in order; a name may stand twice.
    Map(Vec<(String, Self)>),
}

impl Node {
    /// Returns the first member of this name, compared without case.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(members) => {
                members.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v)
            }
            _ => None,
        }
    }

    /// Returns the text of a text or a number.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text),
            _ => None,
        }
    }

    /// Returns whether it holds nothing: null, `false`, empty text, empty list or map.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Null | Self::Bool(false) => true,
            Self::Bool(true) | Self::Number(_) => false,
            Self::Text(text) => text.trim().is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Map(members) => members.is_empty(),
        }
    }
}

/// Reads JSON; `None` when the text does not start like an object or a list.
///
/// JSONP (`callback({...})`) and the guards `)]}'` and `while(1);` are stripped.
pub(super) fn json(text: &str) -> Option<Node> {
    json_within(text, usize::MAX, |_| true)
}

/// Reads JSON, but of top-level members longer than `longest` bytes only those that are `wanted`;
/// the others stand as a list that is not empty.
pub(super) fn json_within(text: &str, longest: usize, wanted: fn(&str) -> bool) -> Option<Node> {
    let mut start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    start =
        start.strip_prefix(")]}'").map_or(start, |s| s.trim_start_matches([',', '\r', '\n', ' ']));
    for guard in ["while(1);", "for(;;);", "/**/"] {
        start = start.strip_prefix(guard).unwrap_or(start);
    }
    if !start.starts_with(['{', '[']) {
        let open =
            start.get(..start.len().min(80).min(start.find('\n').unwrap_or(80)))?.find('(')?;
        let name = start.get(..open)?.trim();
        let jsonp = !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$'));
        start = start.get(open + 1..)?.trim_start();
        if !jsonp || !start.starts_with(['{', '[']) {
            return None;
        }
    }
    let mut reader = Json { rest: start, nodes: 0, longest, wanted };
    Some(reader.value(0))
}

/// Reads `a=1&b=x%20y`; `None` when the text does not look like it.
pub(super) fn form(text: &str) -> Option<Node> {
    let text = text.trim();
    if text.is_empty() || text.contains(['<', '{', ' ', '\n']) || !text.contains('=') {
        return None;
    }
    let members: Vec<(String, Node)> = text
        .split('&')
        .take(64)
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode(name), Node::Text(decode(value))))
        .collect();
    (!members.is_empty()).then_some(Node::Map(members))
}

/// Resolves percent-encoding and `+`; what is broken stays.
pub(super) fn decode(text: &str) -> String {
    percent(&text.replace('+', " "))
}

/// Resolves percent-encoding alone; what is broken stays.
pub(super) fn percent(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).and_then(|h| std::str::from_utf8(h).ok());
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(value) if byte == b'%' => {
                out.push(value);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

struct Json<'t> {
    rest: &'t str,
    nodes: usize,
    longest: usize,
    wanted: fn(&str) -> bool,
}

impl Json<'_> {
    fn skip_blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn bump(&mut self) {
        let mut chars = self.rest.chars();
        chars.next();
        self.rest = chars.as_str();
    }

    fn value(&mut self, depth: usize) -> Node {
        self.skip_blank();
        self.nodes += 1;
        match self.peek() {
            Some('{') => self.map(depth),
            Some('[') => self.list(depth),
            Some(quote @ ('"' | '\'')) => Node::Text(self.string(quote)),
            _ => self.bare(),
        }
    }

    fn map(&mut self, depth: usize) -> Node {
        if depth >= DEEPEST {
            self.skip_nested();
            return Node::Null;
        }
        self.bump();
        let mut members = Vec::new();
        while self.nodes < MOST_NODES {
            self.skip_blank();
            let name = match self.peek() {
                None => break,
                Some('}') => {
                    self.bump();
                    break;
                }
                Some(',') => {
                    self.bump();
                    continue;
                }
                Some(quote @ ('"' | '\'')) => self.string(quote),
                Some(_) => {
                    let end = self.rest.find([':', '}', ',', '\n']).unwrap_or(self.rest.len());
                    let (name, rest) = self.rest.split_at(end);
                    self.rest = rest;
                    name.trim().to_owned()
                }
            };
            self.skip_blank();
            if self.peek() == Some(':') {
                self.bump();
                let value = self.member(&name, depth);
                members.push((name, value));
            } else if !matches!(self.peek(), Some(',' | '}')) {
                self.bump();
            }
        }
        Node::Map(members)
    }

    fn member(&mut self, name: &str, depth: usize) -> Node {
        self.skip_blank();
        if depth == 0 && self.longest < usize::MAX && matches!(self.peek(), Some('{' | '[')) {
            let end = extent(self.rest);
            if end > self.longest && !(self.wanted)(name) {
                self.rest = self.rest.get(end..).unwrap_or_default();
                return Node::List(vec![Node::Null]);
            }
        }
        self.value(depth + 1)
    }

    fn list(&mut self, depth: usize) -> Node {
        if depth >= DEEPEST {
            self.skip_nested();
            return Node::Null;
        }
        self.bump();
        let mut items = Vec::new();
        while self.nodes < MOST_NODES {
            self.skip_blank();
            match self.peek() {
                None => break,
                Some(']') => {
                    self.bump();
                    break;
                }
                Some(',' | ':' | '}') => self.bump(),
                Some(_) => items.push(self.value(depth + 1)),
            }
        }
        Node::List(items)
    }

    fn string(&mut self, quote: char) -> String {
        self.bump();
        let end = u8::try_from(quote).unwrap_or(b'"');
        let mut out = Copy::default();
        loop {
            let plain = out.until(self.rest.as_bytes(), end, b'\\');
            let tail = self.rest.get(plain..).unwrap_or_default();
            let Some((escape, mut after)) = escape_of(tail) else {
                self.rest = tail.get(1..).unwrap_or_default();
                return out.into_text();
            };
            match escape {
                'n' | 'r' => out.push(b'\n'),
                't' => out.push(b'\t'),
                'u' => {
                    let unit = after.get(..4).and_then(|h| u32::from_str_radix(h, 16).ok());
                    let decoded = unit.and_then(char::from_u32);
                    out.push_char(decoded.unwrap_or(char::REPLACEMENT_CHARACTER));
                    if unit.is_some() {
                        after = after.get(4..).unwrap_or_default();
                    }
                }
                other => out.push_char(other),
            }
            self.rest = after;
        }
    }

    /// Reads a number or a word; what is neither is skipped as one character.
    fn bare(&mut self) -> Node {
        let end = self
            .rest
            .find(|c: char| c.is_whitespace() || matches!(c, ',' | '}' | ']' | ':' | '"'))
            .unwrap_or(self.rest.len());
        if end == 0 {
            self.bump();
            return Node::Null;
        }
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word {
            "true" => Node::Bool(true),
            "false" => Node::Bool(false),
            "null" | "undefined" | "None" => Node::Null,
            _ if word.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
                Node::Number(word.to_owned())
            }
            _ => Node::Text(word.to_owned()),
        }
    }

    fn skip_nested(&mut self) {
        let end = extent(self.rest);
        self.rest = self.rest.get(end..).unwrap_or_default();
    }
}

/// Returns the character that a backslash at the beginning escapes, and what follows it.
fn escape_of(text: &str) -> Option<(char, &str)> {
    let (b'\\', rest) = (*text.as_bytes().first()?, text.get(1..)?) else { return None };
    let mut chars = rest.chars();
    let escape = chars.next()?;
    Some((escape, chars.as_str()))
}

/// Returns the length of the object or list at the begin of `text`; brackets are one byte each, so
/// the end is a boundary of characters.
fn extent(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_object_is_read_as_far_as_it_goes() {
        let node = json(r#"{"error":{"code":"token_expired","message":"The tok"#).unwrap();
        assert_eq!(node.get("error").unwrap().get("code").unwrap().text(), Some("token_expired"));
    }

    #[test]
    fn jsonp_and_guards_are_stripped() {
        for text in [
            "cb({\"error\":\"x\"});",
            ")]}',\n{\"error\":\"x\"}",
            "/**/jQuery1.cb({\"error\":\"x\"})",
        ] {
            assert_eq!(json(text).unwrap().get("error").unwrap().text(), Some("x"), "{text}");
        }
        assert!(json("Unauthorized (401)").is_none());
    }

    #[test]
    fn deep_nesting_neither_overflows_nor_loses_what_follows() {
        let text = format!("{{\"a\":{}1{},\"error\":\"x\"}}", "[".repeat(5000), "]".repeat(5000));
        assert_eq!(json(&text).unwrap().get("error").unwrap().text(), Some("x"));
    }

    #[test]
    fn strings_are_read_up_to_their_own_quote_and_escapes_resolved() {
        let node = json(r#"{"a":"x\n\"é\u00e9\q'","b":'it\'s "b"',"c":"cut\"#).unwrap();
        assert_eq!(node.get("a").unwrap().text(), Some("x\n\"ééq'"));
        assert_eq!(node.get("b").unwrap().text(), Some("it's \"b\""));
        assert_eq!(node.get("c").unwrap().text(), Some("cut"));
    }

    #[test]
    fn long_members_that_nobody_wants_are_passed_over() {
        let text = format!("{{\"data\":[\"{}]\"],\"error\":{{\"code\":\"x\"}}}}", "y".repeat(99));
        let node = json_within(&text, 20, |name| name == "error").unwrap();
        assert_eq!(node.get("data"), Some(&Node::List(vec![Node::Null])));
        assert_eq!(node.get("error").unwrap().get("code").unwrap().text(), Some("x"));
    }

    #[test]
    fn a_form_is_decoded() {
        let node = form("error=bad_code&error_description=The+code%20expired").unwrap();
        assert_eq!(node.get("error_description").unwrap().text(), Some("The code expired"));
    }
}
