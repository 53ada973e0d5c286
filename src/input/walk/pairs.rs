//! Lists of objects with `name` and `value`: fields, cookies, parameters.
//!
//! They are most of what is read of an entry, and one exporter lays all of them out alike. So what stands between
//! their texts is not taken apart but held against what stood between those of the pair before.

use std::borrow::Cow;

use super::{Json, Stop, Walk, Walker};

/// What stands around the texts of a pair of name and value in this order, and nothing else.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Layout<'a> {
    /// From behind the pair before up to the name; empty where it is not known.
    open: &'a [u8],
    /// From the quote behind the name to the one before the value.
    between: &'a [u8],
    /// From the quote behind the value to the end of the pair.
    close: &'a [u8],
}

type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

impl<'a> Walker<'a> {
    /// Reads a list of objects with `name` and `value`.
    pub(super) fn pairs(&mut self, mut each: impl FnMut(Cow<'a, str>, Cow<'a, str>)) -> Walk<()> {
        let mut more = self.json.open_list()?;
        let mut before = None;
        while more {
            let (name, value) = self.pair(before)?;
            each(name, value);
            while let Some((name, value)) = self.pair_like_the_one_before() {
                each(name, value);
            }
            before = Some(self.json.at);
            more = self.json.next_item()?;
        }
        Ok(())
    }

    /// Reads a pair and its layout, if the pair before it ended at a known index.
    fn pair(&mut self, before: Option<usize>) -> Walk<Pair<'a>> {
        let (mut pair_name, mut pair_value) = (None, None);
        let mut is_plain = true;
        let mut name = self.json.open()?;
        while let Some(key) = name {
            let from = self.json.at + 1;
            match key {
                b"name" if pair_name.is_none() => {
                    is_plain &= pair_value.is_none();
                    pair_name = Some((self.json.text()?, from..self.json.at - 1));
                }
                b"value" if pair_value.is_none() => {
                    pair_value = Some((self.json.text()?, from..self.json.at - 1));
                }
                b"name" | b"value" => return Err(Stop::Odd),
                b"path" | b"domain" | b"expires" | b"httpOnly" | b"secure" | b"sameSite"
                | b"comment" => {
                    is_plain = false;
                    self.json.skip_value()?;
                }
                _ => {
                    is_plain = false;
                    self.skip_private(key)?;
                }
            }
            name = self.json.next()?;
        }
        let (Some((name, name_at)), Some((value, value_at))) = (pair_name, pair_value) else {
            return Err(Stop::Odd);
        };
        if let Some(before) = before.filter(|_| is_plain) {
            let part = |from, to| self.json.slice(from, to);
            self.layout = Layout {
                open: part(before, name_at.start),
                between: part(name_at.end, value_at.start),
                close: part(value_at.end, self.json.at),
            };
        }
        Ok((name, value))
    }

    /// Reads the next pair where it is laid out as one before it, else leaves it to be read.
    fn pair_like_the_one_before(&mut self) -> Option<Pair<'a>> {
        let Layout { open, between, close } = self.layout;
        if open.is_empty() {
            return None;
        }
        let json = &self.json;
        let (name, end) = json.string_behind(open, json.at)?;
        let (value, end) = json.string_behind(between, end)?;
        if !json.stands_at(close, end) {
            return None;
        }
        self.json.at = end + close.len();
        Some((Json::text_of(name), Json::text_of(value)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::input::har_entry::Sizes;

    /// What a walk over a list finds, where it ends, and how.
    type Found = (Vec<(String, String)>, usize, Walk<()>);

    fn walk(
        text: &str,
        list: impl Fn(&mut Walker<'_>, &mut Vec<(String, String)>) -> Walk<()>,
    ) -> Found {
        let (json, sizes, layout) =
            (Json::new(text.as_bytes(), 0), Sizes::default(), Layout::default());
        let mut walker = Walker { json, sizes, layout, by_worker: false };
        let mut found = Vec::new();
        let result = list(&mut walker, &mut found);
        (found, walker.json.at, result)
    }

    /// The same, each pair taken apart.
    fn apart(walker: &mut Walker<'_>, found: &mut Vec<(String, String)>) -> Walk<()> {
        let mut more = walker.json.open_list()?;
        while more {
            let (name, value) = walker.pair(None)?;
            found.push((name.into_owned(), value.into_owned()));
            more = walker.json.next_item()?;
        }
        Ok(())
    }

    const PAIRS: [&str; 12] = [
        r#"{"name":"N","value":"V"}"#,
        r#"{"name":"N","value":"V"}"#,
        "{\n  \"name\": \"N\",\n  \"value\": \"V\"\n}",
        "{\n  \"name\": \"N\",\n  \"value\": \"V\"\n}",
        r#"{"value":"V","name":"N"}"#,
        r#"{"name":"N","value":"V","comment":""}"#,
        r#"{"name":"N","httpOnly":true,"value":"V"}"#,
        r#"{"name":"N","value":"V","value":"V"}"#,
        r#"{"name":"N"}"#,
        r#"{"name":7,"value":"V"}"#,
        r#"{"name":"N","_x":[],"value":"V"}"#,
        "{}",
    ];

    proptest! {
        #[test]
        fn pairs_are_read_as_if_each_were_taken_apart(
            pairs in prop::collection::vec(
                (0_usize..4, 0..PAIRS.len(), "[a-z]{0,9}", "[a-z\\\\\"é ]{0,40}", 0_usize..3), 0..12,
            ),
            odd in any::<bool>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut text = "[".to_owned();
            for (number, (usual, other, name, value, comma)) in pairs.iter().enumerate() {
                let pair = PAIRS[if odd && *usual == 0 { *other } else { other % 4 }];
                text += if number == 0 { "" } else { [",", ",", ", "][*comma] };
                let value = value.replace('\\', "\\\\").replace('"', "\\\"");
                text += &pair.replace('N', name).replace('V', &value);
            }
            text += "] ";
            let quickly = |walker: &mut Walker<'_>, found: &mut Vec<_>| {
                walker.pairs(|name, value| found.push((name.into_owned(), value.into_owned())))
            };
            prop_assert_eq!(walk(&text, quickly), walk(&text, apart), "{}", text);
            let cut = text.floor_char_boundary(cut.index(text.len()));
            let (quick, slow) = (walk(&text[..cut], quickly), walk(&text[..cut], apart));
            prop_assert_eq!((&quick.0, quick.2), (&slow.0, slow.2), "{}", &text[..cut]);
        }
    }
}
