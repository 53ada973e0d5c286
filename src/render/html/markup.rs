//! Writes markup: constants as they are, everything else escaped.

use crate::render::text::escape;

/// A piece of a page. Only text that stands in the program is taken as markup: `raw` wants a
/// `'static` string, so nothing that a capture holds can get there.
#[derive(Debug, Default)]
pub(super) struct Markup {
    out: String,
}

impl Markup {
    /// Writes markup.
    pub(super) fn raw(&mut self, markup: &'static str) {
        self.out.push_str(markup);
    }

    /// Writes text, also inside a quoted attribute: five characters as references, and what steers or
    /// reorders text as `\n` or `\u{202e}`.
    pub(super) fn text(&mut self, text: &str) {
        for c in escape(text).chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\'' => self.out.push_str("&#39;"),
                c => self.out.push(c),
            }
        }
    }

    /// Writes prose: what stands between backticks is code.
    pub(super) fn prose(&mut self, text: &str) {
        let pieces: Vec<&str> = text.split('`').collect();
        // An odd number of backticks is not ours to guess at.
        if pieces.len().is_multiple_of(2) {
            return self.text(text);
        }
        for (i, piece) in pieces.into_iter().enumerate() {
            if i % 2 == 0 {
                self.text(piece);
            } else {
                self.within("code", "", piece);
            }
        }
    }

    /// Writes an element that holds text.
    pub(super) fn within(&mut self, element: &'static str, class: &'static str, text: &str) {
        self.open(element, class);
        self.text(text);
        self.close(element);
    }

    /// Opens an element.
    pub(super) fn open(&mut self, element: &'static str, class: &'static str) {
        self.raw("<");
        self.raw(element);
        if !class.is_empty() {
            self.attribute("class", class);
        }
        self.raw(">");
    }

    /// Closes an element. A line ends behind it unless it stands in running text.
    pub(super) fn close(&mut self, element: &'static str) {
        self.raw("</");
        self.raw(element);
        self.raw(if matches!(element, "b" | "code" | "span") { ">" } else { ">\n" });
    }

    /// Writes an attribute of the element that is being opened by hand.
    pub(super) fn attribute(&mut self, name: &'static str, value: &str) {
        self.raw(" ");
        self.raw(name);
        self.raw("=\"");
        self.text(value);
        self.raw("\"");
    }

    /// Writes an instant: `shown` for people, `full` for programs and on pointing at it.
    pub(super) fn time(&mut self, full: &str, shown: &str) {
        self.raw("<time");
        self.attribute("datetime", full);
        self.attribute("title", full);
        self.raw(">");
        self.text(shown);
        self.raw("</time>");
    }

    /// Returns what was written.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.out.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Markup)) -> String {
        let mut markup = Markup::default();
        write(&mut markup);
        String::from_utf8(markup.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn text_never_becomes_markup() {
        let text = written(|m| m.text("</script><!-- \"x\" 'y' & \u{202e}\n\u{1b}[1m"));
        assert_eq!(
            text,
            "&lt;/script&gt;&lt;!-- &quot;x&quot; &#39;y&#39; &amp; \\u{202e}\\n\\x1b[1m"
        );
    }

    #[test]
    fn code_in_prose_is_escaped_too() {
        let text = written(|m| m.prose("send `<b>` & go"));
        assert_eq!(text, "send <code>&lt;b&gt;</code> &amp; go");
        assert_eq!(written(|m| m.prose("one ` only")), "one ` only");
    }
}
