//! Reads the embedded TOML files: the few forms of it that they use, a sixth of the work of reading all of it.
//!
//! Sections, lists and tables of texts, whole numbers and booleans, each member on a line of its own. What it does
//! read it reads as the `toml` crate does, which reads all else, above all the files of users.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// Reads a file; `None` where it is of another form or shape.
pub(super) fn read<'t, T: Deserialize<'t>>(text: &'t str) -> Option<T> {
    read_without(text, &[])
}

/// Reads a file as if no member were of one of these names.
pub(super) fn read_without<'t, T: Deserialize<'t>>(text: &'t str, names: &[&str]) -> Option<T> {
    T::deserialize(Value::Table(file(text, names)?)).ok()
}

/// Members in the order of the file.
type Table<'t> = Vec<(&'t str, Value<'t>)>;

#[derive(Clone, Debug, PartialEq)]
enum Value<'t> {
    Text(Cow<'t, str>),
    Number(u64),
    Bool(bool),
    List(Vec<Self>),
    Table(Table<'t>),
}

fn file<'t>(text: &'t str, without: &[&str]) -> Option<Table<'t>> {
    let mut whole = Vec::new();
    // The section that the members belong to, and whether it is one of several.
    let mut section: Option<(&str, bool)> = None;
    let mut members = Vec::new();
    let mut reader = Reader { rest: text };
    loop {
        reader.skip();
        if reader.rest.is_empty() {
            close(section, members, &mut whole)?;
            return Some(whole);
        }
        if reader.take("[[") {
            close(
                section.replace((reader.name()?, true)),
                std::mem::take(&mut members),
                &mut whole,
            )?;
            reader.expect("]]")?;
        } else if reader.take("[") {
            close(
                section.replace((reader.name()?, false)),
                std::mem::take(&mut members),
                &mut whole,
            )?;
            reader.expect("]")?;
        } else {
            let name = reader.member_name()?;
            if without.contains(&name) {
                reader.pass_value()?;
            } else {
                members.push((name, reader.value()?));
            }
        }
        reader.end_of_line()?;
    }
}

/// Adds a section to the file; its members stand alone where it has no name.
fn close<'t>(
    section: Option<(&'t str, bool)>,
    members: Table<'t>,
    whole: &mut Table<'t>,
) -> Option<()> {
    match section {
        None => *whole = members,
        Some((name, true)) => match whole.iter_mut().find(|(known, _)| *known == name) {
            Some((_, Value::List(all))) => all.push(Value::Table(members)),
            Some(_) => return None,
            None => whole.push((name, Value::List(vec![Value::Table(members)]))),
        },
        Some((name, false)) => whole.push((name, Value::Table(members))),
    }
    Some(())
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn take(&mut self, mark: &str) -> bool {
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, mark: &str) -> Option<()> {
        self.take(mark).then_some(())
    }

    /// Passes over blanks, lines and comments.
    fn skip(&mut self) {
        loop {
            self.pass(|byte| matches!(byte, b' ' | b'\n'));
            if !self.rest.starts_with('#') {
                return;
            }
            let line = memchr::memchr(b'\n', self.rest.as_bytes()).unwrap_or(self.rest.len());
            self.rest = self.rest.get(line..).unwrap_or_default();
        }
    }

    /// Nothing but a comment may follow on the line.
    fn end_of_line(&mut self) -> Option<()> {
        self.blanks();
        matches!(self.rest.as_bytes().first(), None | Some(b'\n' | b'#')).then_some(())
    }

    fn blanks(&mut self) {
        self.pass(|byte| byte == b' ');
    }

    /// Passes over bytes of ASCII.
    #[inline]
    fn pass(&mut self, is: impl Fn(u8) -> bool) -> &'t str {
        let length = self.rest.bytes().take_while(|byte| is(*byte)).count();
        let (passed, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = rest;
        passed
    }

    fn name(&mut self) -> Option<&'t str> {
        let name = self.pass(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        (!name.is_empty()).then_some(name)
    }

    fn member(&mut self) -> Option<(&'t str, Value<'t>)> {
        Some((self.member_name()?, self.value()?))
    }

    /// Reads the name of a member up to its value.
    fn member_name(&mut self) -> Option<&'t str> {
        let name = self.name()?;
        self.blanks();
        self.expect("=")?;
        self.blanks();
        Some(name)
    }

    /// Passes over a value.
    fn pass_value(&mut self) -> Option<()> {
        if !self.take("[") {
            return self.value().map(drop);
        }
        loop {
            self.skip();
            if self.take("]") {
                return Some(());
            }
            self.pass_value()?;
            self.skip();
            if !self.take(",") {
                return self.expect("]");
            }
        }
    }

    fn value(&mut self) -> Option<Value<'t>> {
        match self.rest.as_bytes().first()? {
            b'"' => self.quoted().map(Value::Text),
            b'\'' => self.literal().map(|text| Value::Text(Cow::Borrowed(text))),
            b'[' => self.list().map(Value::List),
            b'{' => self.table().map(Value::Table),
            b'1'..=b'9' => {
                let digits = self.pass(|byte| byte.is_ascii_digit());
                digits.parse().ok().map(Value::Number)
            }
            _ if self.take("true") => Some(Value::Bool(true)),
            _ if self.take("false") => Some(Value::Bool(false)),
            _ => None,
        }
    }

    /// Reads a text in quotes: of one line, with escapes of quote and backslash alone.
    fn quoted(&mut self) -> Option<Cow<'t, str>> {
        self.expect("\"")?;
        let mut text = Cow::Borrowed("");
        loop {
            let end = memchr::memchr2(b'"', b'\\', self.rest.as_bytes())?;
            let (part, rest) = self.rest.split_at_checked(end)?;
            if has_control(part) {
                return None;
            }
            text += part;
            self.rest = rest;
            if self.take("\"") {
                // Three quotes are another form.
                return (!text.is_empty() || !self.rest.starts_with('"')).then_some(text);
            }
            self.expect("\\")?;
            let (escaped, rest) = self.rest.split_at_checked(1)?;
            if !matches!(escaped, "\"" | "\\") {
                return None;
            }
            text += escaped;
            self.rest = rest;
        }
    }

    /// Reads a text without escapes, between one or three marks and of one line.
    fn literal(&mut self) -> Option<&'t str> {
        let mark = if self.rest.starts_with("'''") { "'''" } else { "'" };
        self.expect(mark)?;
        let first = self.rest.find(mark)?;
        // Of four or five marks the last three end the text.
        let behind = self.rest.bytes().skip(first + mark.len());
        let more = behind.take(mark.len() - 1).take_while(|byte| *byte == b'\'').count();
        let (text, rest) = self.rest.split_at_checked(first + more)?;
        self.rest = rest;
        self.expect(mark)?;
        (!has_control(text) && !self.rest.starts_with('\'')).then_some(text)
    }

    fn list(&mut self) -> Option<Vec<Value<'t>>> {
        self.expect("[")?;
        let mut items = Vec::new();
        loop {
            self.skip();
            if self.take("]") {
                return Some(items);
            }
            items.push(self.value()?);
            self.skip();
            if !self.take(",") {
                return self.expect("]").map(|()| items);
            }
        }
    }

    /// Reads a table of one line.
    fn table(&mut self) -> Option<Table<'t>> {
        self.expect("{")?;
        let mut members = Vec::new();
        loop {
            self.blanks();
            members.push(self.member()?);
            self.blanks();
            if !self.take(",") {
                return self.expect("}").map(|()| members);
            }
        }
    }
}

/// Returns whether a line ends in a text, or worse.
fn has_control(text: &str) -> bool {
    text.bytes().fold(false, |has, byte| has | byte.is_ascii_control())
}

impl<'t> IntoDeserializer<'t> for Value<'t> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Text(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Self::Text(Cow::Owned(text)) => visitor.visit_string(text),
            Self::Number(number) => visitor.visit_u64(number),
            Self::Bool(is) => visitor.visit_bool(is),
            Self::List(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter())),
            Self::Table(members) => visitor.visit_map(MapDeserializer::new(members.into_iter())),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let text = if let Self::Text(text) = self { text } else { Cow::Borrowed("") };
        text.into_deserializer().deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same as the crate has it.
    impl<'t> From<&'t toml::Value> for Value<'t> {
        fn from(value: &'t toml::Value) -> Self {
            match value {
                toml::Value::String(text) => Self::Text(Cow::Borrowed(text)),
                toml::Value::Integer(number) => Self::Number(number.unsigned_abs()),
                toml::Value::Boolean(is) => Self::Bool(*is),
                toml::Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
                toml::Value::Table(table) => Self::Table(
                    table.iter().map(|(name, value)| (name.as_str(), Self::from(value))).collect(),
                ),
                other => panic!("{other:?}"),
            }
        }
    }

    fn sorted(value: Value<'_>) -> Value<'_> {
        match value {
            Value::List(items) => Value::List(items.into_iter().map(sorted).collect()),
            Value::Table(mut members) => {
                members.sort_by_key(|(name, _)| *name);
                Value::Table(members.into_iter().map(|(name, v)| (name, sorted(v))).collect())
            }
            other => other,
        }
    }

    const LINES: [&str; 32] = [
        "a = \"x\"",
        "b = [\"x\", \"\\\"y\\\"\\\\\"]",
        "c = [1, 20]",
        "d = true",
        "e = false # no",
        "# a",
        "f = '''\\d+'x'''",
        "f = '''x''''",
        "g = 'y'",
        "[[entry]]",
        "[[entry]]",
        "[table]",
        "[other]",
        "h = [",
        "  \"x\", # y",
        "]",
        "i = [{ a = 1, b = [\"z\"] }, { c = false }]",
        "",
        "j = \"é\"",
        "k = \"\\n\"",
        "l = 1.5",
        "m.n = 1",
        "o = \"\"\"x\"\"\"",
        "p = {}",
        "a = \"twice\"",
        "q = \"\"",
        "r = [[1], [], [true]]",
        "s = '''x\ny'''",
        "t = \"x\ny\"",
        "u = '''x''''''",
        "v = 01",
        "w = [1 2]",
    ];

    /// Names that stand in no table of one line.
    const PASSED: [&str; 4] = ["f", "h", "j", "r"];

    fn thinned(value: Value<'_>) -> Value<'_> {
        match value {
            Value::List(items) => Value::List(items.into_iter().map(thinned).collect()),
            Value::Table(members) => {
                let kept = members.into_iter().filter(|(name, _)| !PASSED.contains(name));
                Value::Table(kept.map(|(name, value)| (name, thinned(value))).collect())
            }
            other => other,
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_the_crate_reads(
            picks in prop::collection::vec(0..LINES.len(), 0..12),
            between in prop::sample::select(vec!["\n", "\n", "\n", " "]),
            cuts in prop::collection::vec((any::<prop::sample::Index>(), "[ \\[\\]{}\",='#a1\n]?"), 0..3),
        ) {
            let lines: Vec<&str> = picks.iter().map(|pick| LINES[*pick]).collect();
            let mut text = lines.join(between);
            for (at, put) in cuts {
                let at = text.floor_char_boundary(at.index(text.len() + 1));
                text.insert_str(at, &put);
            }
            let whole = file(&text, &[]);
            let thin = whole.clone().map(|table| thinned(Value::Table(table)));
            prop_assert_eq!(file(&text, &PASSED).map(Value::Table), thin, "{}", text);
            if let Some(table) = whole {
                match toml::from_str::<toml::Value>(&text) {
                    Ok(whole) => {
                        prop_assert_eq!(sorted(Value::Table(table)), sorted(Value::from(&whole)), "{}", text);
                    }
                    // A name that stands twice is an error, which serde tells of.
                    Err(error) => prop_assert!(error.message().contains("duplicate"), "{}: {}", text, error),
                }
            }
        }
    }

    #[test]
    fn what_is_no_file_of_these_forms_is_left_to_the_crate() {
        for text in [
            "a = 'x\ny'",
            "a = '''\nx'''",
            "a = '''x''''''",
            "a = [1 2]",
            "a = [= 1]",
            "[a]\n[[a]]",
        ] {
            assert_eq!(file(text, &[]), None, "{text}");
        }
    }
}
