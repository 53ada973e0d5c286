//! curl's traces: lines of 64 characters or 16 bytes, put together again by their offsets.

use super::line::{Section, Way};
use super::message::Start;
use super::talk::Talk;

/// Characters of a line of `--trace-ascii`.
const WIDTH: usize = 64;
/// Bytes of a line of `--trace`.
const HEX_WIDTH: usize = 16;

/// The bytes of a section, as far as they were met.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace {
    section: Option<Section>,
    bytes: Vec<u8>,
    hex: bool,
}

impl Trace {
    /// Begins a section.
    pub(super) fn of(section: Section) -> Self {
        Self { section: Some(section), ..Self::default() }
    }

    /// Takes a line of a section; returns whether it is one.
    pub(super) fn line(&mut self, text: &str) -> bool {
        let Some((offset, content)) = offset(text) else { return false };
        // A section whose beginning was in another window: its lines say where they belong.
        if let Some(bytes) = hex(content) {
            self.hex = true;
            self.bytes.extend_from_slice(&bytes);
        } else {
            self.fill(offset);
            self.bytes.extend_from_slice(content.as_bytes());
        }
        true
    }

    /// Adds what stands between the end of a line and an offset: a line break that is shown as one, and
    /// blanks that were lost at the end of a line.
    fn fill(&mut self, offset: usize) {
        let missing = offset.saturating_sub(self.bytes.len());
        if missing == 0 || missing > WIDTH + 2 {
            return;
        }
        let blanks = if missing >= 2 { missing - 2 } else { missing };
        self.bytes.resize(self.bytes.len() + blanks, b' ');
        if missing >= 2 {
            self.bytes.extend_from_slice(b"\r\n");
        }
    }

    /// Ends a section: what it held goes into the conversation.
    pub(super) fn end(&mut self, talk: &mut Option<Talk>) {
        let Some(Section { way: Some(way), head, size }) = self.section.take() else {
            *self = Self::default();
            return;
        };
        if !self.hex {
            self.fill(size);
        }
        let Self { mut bytes, hex, .. } = std::mem::take(self);
        let Some(talk) = talk else { return };
        if !head {
            if !hex {
                restore_breaks(&mut bytes);
            }
            talk.body(way, &bytes);
            return;
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.strip_suffix("\r\n").unwrap_or(&text);
        for line in text.split("\r\n") {
            match Start::of(line) {
                Some(start @ Start::Request(..)) if way == Way::Sent => talk.start(start),
                Some(start @ Start::Response(..)) if way == Way::Got => talk.start(start),
                _ => talk.head_line(way, line),
            }
        }
    }
}

/// Returns what the first line of a section shows; `None` for any other line.
pub(super) fn first_line(text: &str) -> Option<String> {
    let (0, content) = offset(text)? else { return None };
    Some(match hex(content) {
        Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        None => content.to_owned(),
    })
}

/// Takes `005a: ` off.
fn offset(text: &str) -> Option<(usize, &str)> {
    let (offset, rest) = text.split_once(':')?;
    let is_offset =
        (4..=8).contains(&offset.len()) && offset.bytes().all(|b| b.is_ascii_hexdigit());
    let content = if rest.is_empty() { rest } else { rest.strip_prefix(' ')? };
    is_offset.then(|| Some((usize::from_str_radix(offset, 16).ok()?, content)))?
}

/// Reads `48 54 54 50 ... HTTP`: pairs of digits in columns, then the same as text.
fn hex(content: &str) -> Option<Vec<u8>> {
    let columns = content.as_bytes().get(..HEX_WIDTH * 3)?;
    let mut out = Vec::with_capacity(HEX_WIDTH);
    for column in columns.chunks(3) {
        match column {
            [b' ', b' ', b' '] => {}
            [high, low, b' '] if out.len() * 3 + 2 < columns.len() => {
                let digit = |b: u8| char::from(b).to_digit(16);
                out.push(u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?);
            }
            _ => return None,
        }
    }
    let shown = content.get(HEX_WIDTH * 3..)?.chars().count();
    (!out.is_empty() && shown <= out.len()).then_some(out)
}

/// Puts back the line breaks of JSON, which `--trace-ascii` shows as dots, where no dot can stand.
fn restore_breaks(bytes: &mut [u8]) {
    if !matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return;
    }
    let (mut quoted, mut escaped, mut before) = (false, false, 0_u8);
    for byte in bytes {
        match *byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'.' if !quoted && !before.is_ascii_digit() => *byte = b'\n',
            _ => {}
        }
        before = *byte;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(size: usize, lines: &[&str]) -> String {
        let mut trace = Trace::of(Section { way: Some(Way::Got), head: true, size });
        for line in lines {
            assert!(trace.line(line), "{line}");
        }
        if !trace.hex {
            trace.fill(size);
        }
        String::from_utf8(trace.bytes).unwrap()
    }

    #[test]
    fn a_line_of_64_characters_goes_on_and_a_shorter_one_ends() {
        let (long, more) = ("a".repeat(64), "b".repeat(10));
        let lines =
            ["0000: A: ".to_owned() + &"a".repeat(61), format!("0040: {more}"), "004c: ".into()];
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let expected = format!("A: {}{more}\r\n\r\n", "a".repeat(61));
        assert_eq!(bytes(78, &lines), expected);
        // The break can stand at the edge of the line.
        assert_eq!(bytes(68, &[&format!("0000: {long}"), "0042: "]), format!("{long}\r\n\r\n"));
    }

    #[test]
    fn blanks_that_an_editor_took_off_are_put_back() {
        assert_eq!(
            bytes(0x46, &["0000: abc", "0040: defg"]),
            format!("abc{}\r\ndefg\r\n", " ".repeat(59))
        );
    }

    #[test]
    fn columns_of_hexadecimal_are_bytes_and_text_of_hexadecimal_is_text() {
        let line = "0000: 48 54 54 50 2f 31 2e 31 20 34 30 31 20 4e 6f 0d HTTP/1.1 401 No.";
        assert_eq!(
            bytes(17, &[line, "0010: 0a                                              ."]),
            "HTTP/1.1 401 No\r\n"
        );
        assert_eq!(bytes(11, &["0000: 48 54 54 50"]), "48 54 54 50");
    }

    #[test]
    fn what_has_no_offset_is_no_line_of_a_section() {
        let mut trace = Trace::default();
        for text in ["Date: x", "abcdefghi: x", "12:00:01.5 <= Recv data", "zzzz: x", ""] {
            assert!(!trace.line(text), "{text}");
        }
    }

    #[test]
    fn dots_between_the_members_of_json_were_line_breaks() {
        let mut body = br#"{.  "a.b": "c.",.  "d": 1.5.}"#.to_vec();
        restore_breaks(&mut body);
        assert_eq!(body, b"{\n  \"a.b\": \"c.\",\n  \"d\": 1.5.}");
    }
}
