//! JSON on its way into a script element.

use std::io::{self, Write};

/// Escapes what could end the element, or a line of a script, inside the strings of JSON.
///
/// Works on the finished text: outside of strings JSON has none of these, and `serde_json` hands over whole
/// pieces of strings, so a character is never cut in two.
pub(super) struct ScriptJson<'a>(pub(super) &'a mut dyn Write);

impl Write for ScriptJson<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while let Some((at, (length, escaped))) =
            rest.iter().enumerate().find_map(|(at, _)| Some((at, escape(rest.get(at..)?)?)))
        {
            self.0.write_all(rest.get(..at).unwrap_or_default())?;
            self.0.write_all(escaped)?;
            rest = rest.get(at + length..).unwrap_or_default();
        }
        self.0.write_all(rest)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Returns how long the character is that bytes begin with, and what is written for it; `None` for most.
fn escape(bytes: &[u8]) -> Option<(usize, &'static [u8])> {
    match *bytes {
        [b'<', ..] => Some((1, b"\\u003c")),
        [b'>', ..] => Some((1, b"\\u003e")),
        [b'&', ..] => Some((1, b"\\u0026")),
        // U+2028 and U+2029.
        [0xe2, 0x80, 0xa8, ..] => Some((3, b"\\u2028")),
        [0xe2, 0x80, 0xa9, ..] => Some((3, b"\\u2029")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_cannot_end_its_element() {
        let value =
            serde_json::json!({ "</script>": "<!-- &\u{2028}é\u{2029}\u{202a}>", "a": [1, "<"] });
        let mut out = Vec::new();
        serde_json::to_writer(ScriptJson(&mut out), &value).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{text}");
        assert!(text.contains("\\u003c/script\\u003e") && text.contains('\u{202a}'), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
