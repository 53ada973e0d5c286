//! Words on a page: colour, glyphs, wrapping, and the escaping of hostile text.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use anstyle::{Ansi256Color, AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How text may look: width, glyphs, colours, length.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns; clamped to 40 to 160.
    pub width: usize,
    /// Whether glyphs beyond ASCII may be used.
    pub unicode: bool,
    /// Colours.
    pub palette: Palette,
    /// Whether to print what is left out for brevity: all examples, what hosts accept, all inputs.
    pub verbose: bool,
}

/// The styles of the roles that text plays.
///
/// The hues are near those of Okabe and Ito, which stay apart under the common colour vision
/// deficiencies, and readable on dark and light backgrounds. Nothing is told by colour alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Palette {
    /// Headings and headlines.
    pub strong: Style,
    /// Labels, asides, axes.
    pub faint: Style,
    /// Failures.
    pub bad: Style,
    /// What was let in.
    pub good: Style,
    /// Ids, fields, commands.
    pub code: Style,
    /// Contradictions and warnings.
    pub warn: Style,
}

impl Palette {
    /// No styles at all: not one escape code is written.
    pub const PLAIN: Self = Self {
        strong: Style::new(),
        faint: Style::new(),
        bad: Style::new(),
        good: Style::new(),
        code: Style::new(),
        warn: Style::new(),
    };

    /// Vermilion, blue and ochre.
    pub const COLOUR: Self = Self {
        strong: Style::new().bold(),
        faint: Style::new().dimmed(),
        bad: Ansi256Color(166).on_default(),
        good: Ansi256Color(32).on_default(),
        code: AnsiColor::Cyan.on_default(),
        warn: Ansi256Color(136).on_default().bold(),
    };

    fn style(&self, ink: Ink) -> Style {
        match ink {
            Ink::Plain => Style::new(),
            Ink::Strong => self.strong,
            Ink::Faint => self.faint,
            Ink::Bad => self.bad,
            Ink::Good => self.good,
            Ink::Code => self.code,
            Ink::Warn => self.warn,
        }
    }
}

impl Default for Look {
    /// 100 columns, Unicode, no colour: what a file or a pipe gets.
    fn default() -> Self {
        Self { width: 100, unicode: true, palette: Palette::PLAIN, verbose: false }
    }
}

impl Look {
    /// Returns the usable width.
    pub(super) fn columns(&self) -> usize {
        self.width.clamp(40, 160)
    }

    /// Returns one glyph or its ASCII stand-in.
    pub(super) fn glyph(&self, fancy: &'static str, plain: &'static str) -> &'static str {
        if self.unicode { fancy } else { plain }
    }

    /// Returns ` · ` or its ASCII stand-in.
    pub(super) fn dot(&self) -> &'static str {
        self.glyph(" · ", ", ")
    }

    /// Returns a horizontal bar of `share` (0 to 1) in `columns` columns; never empty for a share above 0.
    pub(in crate::render) fn bar(&self, share: f64, columns: usize) -> String {
        let steps = if self.unicode { 8 } else { 1 };
        #[expect(clippy::cast_precision_loss, reason = "a terminal is narrow")]
        let exact = share.clamp(0.0, 1.0) * (columns * steps) as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the number of columns"
        )]
        let eighths = (exact.round() as usize).max(usize::from(share > 0.0));
        let mut bar = self.glyph("█", "#").repeat(eighths / steps);
        if self.unicode && eighths % 8 > 0 {
            bar.push_str(["▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8 - 1]);
        }
        bar
    }
}

/// The role of a piece of text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ink {
    Plain,
    Strong,
    Faint,
    Bad,
    Good,
    Code,
    Warn,
}

/// A piece of text in one ink; escaped when it is made.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) ink: Ink,
    pub(super) text: String,
}

/// Makes a span of text that may come from a capture.
pub(super) fn span(ink: Ink, text: impl AsRef<str>) -> Span {
    Span { ink, text: escape(text.as_ref()).into_owned() }
}

/// Makes a span that is not wrapped at its blanks.
pub(super) fn solid(ink: Ink, text: impl AsRef<str>) -> Span {
    Span { ink, text: escape(text.as_ref()).replace(' ', "\u{a0}") }
}

/// Splits prose at its backticks: what stands between them is code.
pub(super) fn prose(ink: Ink, text: &str) -> Vec<Span> {
    let pieces: Vec<&str> = text.split('`').collect();
    // An odd number of backticks is not ours to guess at.
    if pieces.len().is_multiple_of(2) {
        return vec![span(ink, text)];
    }
    let inks = [ink, Ink::Code];
    pieces
        .into_iter()
        .enumerate()
        .filter(|(_, piece)| !piece.is_empty())
        .map(|(i, piece)| span(inks[i % 2], piece))
        .collect()
}

/// Whether a character must not reach a terminal as it is: controls, bidirectional and invisible
/// characters, line and paragraph separators, tags.
pub(in crate::render) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Shows what must not reach a terminal as `\n`, `\x1b` or `\u{202e}`.
pub(in crate::render) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        let escaped = match c {
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            '\t' => write!(out, "\\t"),
            c if c.is_ascii_control() => write!(out, "\\x{:02x}", u32::from(c)),
            c if is_unsafe(c) => write!(out, "\\u{{{:x}}}", u32::from(c)),
            c => write!(out, "{c}"),
        };
        debug_assert!(escaped.is_ok(), "a string takes everything");
    }
    Cow::Owned(out)
}

/// Cuts `text` to `columns`, with an ellipsis in its middle: both ends of an endpoint matter.
pub(super) fn shorten(text: &str, columns: usize, look: &Look) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mark = look.glyph("…", "..");
    let room = columns.saturating_sub(mark.width());
    let tail_room = room / 2;
    let take = |chars: &mut dyn Iterator<Item = char>, room: usize| {
        let mut used = 0;
        let mut taken = Vec::new();
        for c in chars {
            used += c.width().unwrap_or(0);
            if used > room {
                break;
            }
            taken.push(c);
        }
        taken
    };
    let mut out: String = take(&mut text.chars(), room - tail_room).into_iter().collect();
    out.push_str(mark);
    out.extend(take(&mut text.chars().rev(), tail_room).into_iter().rev());
    out
}

/// Writes lines and paragraphs in a look.
pub(super) struct Page<'a> {
    out: &'a mut dyn Write,
    pub(super) look: Look,
}

impl<'a> Page<'a> {
    pub(super) fn new(out: &'a mut dyn Write, look: Look) -> Self {
        Self { out, look }
    }

    /// Writes an empty line.
    pub(super) fn gap(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// Writes one line as it is, however long; trailing blanks are cut.
    pub(super) fn line(&mut self, spans: &[Span]) -> io::Result<()> {
        for Span { ink, text } in joined(spans) {
            let style = self.look.palette.style(ink);
            write!(self.out, "{style}{}{style:#}", text.replace('\u{a0}', " "))?;
        }
        writeln!(self.out)
    }

    /// Writes a section heading after an empty line.
    pub(super) fn heading(&mut self, title: &str, aside: &str) -> io::Result<()> {
        self.gap()?;
        let mut spans = vec![span(Ink::Strong, title)];
        if !aside.is_empty() {
            spans.push(span(Ink::Faint, format!("  {aside}")));
        }
        self.para("", title.len() + 2, &spans)
    }

    /// Writes a paragraph: the first line after `label`, further ones `hang` columns in.
    pub(super) fn para(&mut self, label: &str, hang: usize, spans: &[Span]) -> io::Result<()> {
        let mut first = vec![span(Ink::Faint, label)];
        let pad = hang.saturating_sub(label.width());
        first.push(span(Ink::Plain, " ".repeat(if label.is_empty() { 0 } else { pad })));
        let used = if label.is_empty() { 0 } else { hang.max(label.width()) };
        for line in wrap(spans, used, hang, self.look.columns()) {
            first.extend(line);
            self.line(&first)?;
            first = vec![span(Ink::Plain, " ".repeat(hang))];
        }
        Ok(())
    }

    /// Writes ready-made text that holds nothing from a capture or is escaped already.
    pub(super) fn raw(&mut self, text: &str) -> io::Result<()> {
        for line in text.lines() {
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Joins neighbours of one ink; blanks take any ink. What would end the line in blanks is cut.
fn joined(spans: &[Span]) -> Vec<Span> {
    let is_blank = |c: char| c == ' ' || c == '\u{a0}';
    let mut out: Vec<Span> = Vec::new();
    for Span { ink, text } in spans {
        match out.last_mut() {
            Some(last) if last.ink == *ink || text.chars().all(is_blank) => {
                last.text.push_str(text);
            }
            Some(last) if last.text.chars().all(is_blank) => {
                last.text.push_str(text);
                last.ink = *ink;
            }
            _ => out.push(Span { ink: *ink, text: text.clone() }),
        }
    }
    if let Some(last) = out.last_mut() {
        last.text.truncate(last.text.trim_end_matches(is_blank).len());
    }
    out.retain(|span| !span.text.is_empty());
    out
}

/// A run of text without a blank, in pieces of one ink each.
type Word = Vec<Span>;

/// Breaks spans into lines. The first starts at column `used`, the others at `hang`; a word moves to
/// the next line whole unless no line could hold it.
fn wrap(spans: &[Span], used: usize, hang: usize, columns: usize) -> Vec<Vec<Span>> {
    let mut lines: Vec<Vec<Span>> = Vec::new();
    let mut line: Vec<Span> = Vec::new();
    let mut at = used;
    for (blanks, word) in words(spans) {
        let wide: usize = word.iter().map(|s| s.text.width()).sum();
        let blanks = if line.is_empty() && !lines.is_empty() { 0 } else { blanks };
        if at + blanks + wide > columns && !line.is_empty() && at > hang {
            // A separator says nothing at the end of a line.
            if line.last().is_some_and(|s| s.text == "·") {
                line.pop();
            }
            lines.push(std::mem::take(&mut line));
            at = hang;
        } else {
            line.push(span(Ink::Plain, " ".repeat(blanks)));
            at += blanks;
        }
        if line.is_empty() && !lines.is_empty() && word.first().is_some_and(|s| s.text == "·") {
            continue;
        }
        if at + wide <= columns {
            line.extend(word);
            at += wide;
            continue;
        }
        for piece in word {
            for part in chop(&piece.text, columns.saturating_sub(hang).max(8)) {
                if at > hang && at + part.width() > columns {
                    lines.push(std::mem::take(&mut line));
                    at = hang;
                }
                at += part.width();
                line.push(Span { ink: piece.ink, text: part });
            }
        }
    }
    lines.push(line);
    lines
}

/// Splits spans at blanks; with each word come the blanks that stood before it.
fn words(spans: &[Span]) -> Vec<(usize, Word)> {
    let mut words: Vec<(usize, Word)> = Vec::new();
    let mut blanks = 0;
    let mut open = false;
    for Span { ink, text } in spans {
        for piece in text.split_inclusive(' ') {
            let bare = piece.trim_end_matches(' ');
            if !bare.is_empty() {
                if !open {
                    words.push((blanks, Vec::new()));
                    blanks = 0;
                }
                if let Some((_, word)) = words.last_mut() {
                    word.push(Span { ink: *ink, text: bare.to_owned() });
                }
                open = true;
            }
            if piece.len() > bare.len() {
                blanks += 1;
                open = false;
            }
        }
    }
    words
}

/// Cuts a word that no line can hold, after `/`, `?`, `&`, `,` or `=` where one is near the end.
fn chop(text: &str, columns: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    for c in text.chars() {
        if part.width() + c.width().unwrap_or(0) > columns {
            let seam = part
                .rfind(['/', '?', '&', ',', '=', '\u{a0}'])
                .map_or(part.len(), |i| i + part[i..].chars().next().map_or(0, char::len_utf8));
            let seam = if seam * 2 > part.len() { seam } else { part.len() };
            let rest = part.split_off(seam);
            parts.push(std::mem::replace(&mut part, rest));
        }
        part.push(c);
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, columns: usize) -> Vec<String> {
        wrap(&[span(Ink::Plain, text)], 0, 0, columns)
            .into_iter()
            .map(|line| line.into_iter().map(|s| s.text).collect())
            .collect()
    }

    #[test]
    fn a_word_moves_to_the_next_line_whole() {
        assert_eq!(wrapped("ab cd efgh", 6), ["ab cd", "efgh"]);
    }

    #[test]
    fn a_word_longer_than_the_line_is_cut_at_a_seam() {
        assert_eq!(
            wrapped("api.example.com/orders/lines", 20),
            ["api.example.com/", "orders/lines"]
        );
    }

    #[test]
    fn what_steers_a_terminal_is_shown_not_sent() {
        assert_eq!(escape("a\u{1b}[2Jb\u{202e}\u{9b}\n"), "a\\x1b[2Jb\\u{202e}\\u{9b}\\n");
        assert_eq!(escape("größe"), "größe");
    }

    #[test]
    fn an_ellipsis_keeps_both_ends() {
        let look = Look::default();
        assert_eq!(shorten("GET api.example.com/orders", 11, &look), "GET a…rders");
        assert_eq!(shorten("short", 11, &look), "short");
    }

    #[test]
    fn a_bar_is_never_empty_for_something() {
        let look = Look::default();
        assert_eq!(look.bar(0.0001, 10), "▏");
        assert_eq!(look.bar(0.0, 10), "");
        assert_eq!(look.bar(0.55, 10), "█████▌");
        assert_eq!(Look { unicode: false, ..look }.bar(0.55, 10), "######");
    }

    #[test]
    fn backticks_become_code() {
        let spans = prose(Ink::Plain, "read `exp` first");
        assert_eq!(
            spans.iter().map(|s| s.text.as_str()).collect::<Vec<_>>(),
            ["read ", "exp", " first"]
        );
        assert_eq!(spans[1].ink, Ink::Code);
    }
}
