//! A cause's card for a terminal: the little Markdown that cards use, wrapped and inked.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::page::{Ink, Look, Page, prose, solid, span};

/// Writes the Markdown `text`: headings, paragraphs, lists and fenced code.
///
/// # Errors
/// Only those of `out`.
pub fn card(text: &str, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, Look { width: look.width.min(88), ..look });
    let mut fenced = false;
    let mut block = Block::default();
    for line in text.lines() {
        if !fenced && line.starts_with("<!--") {
            // For programs: neither shown nor followed by an empty line of its own.
            block.flush(&mut page)?;
            block.after_heading = true;
        } else if line.trim_start().starts_with("```") {
            block.flush(&mut page)?;
            fenced = !fenced;
        } else if fenced {
            // Code is never wrapped: what is copied must run.
            let code = if line.is_empty() { String::new() } else { format!("    {line}") };
            page.line(&[span(Ink::Code, code)])?;
        } else if line.trim().is_empty() {
            let wrote = block.flush(&mut page)?;
            if wrote {
                page.gap()?;
            }
        } else if let Some(heading) = line.trim_start_matches('#').strip_prefix(' ')
            && line.starts_with('#')
        {
            block.flush(&mut page)?;
            let indent = if line.starts_with("###") { "  " } else { "" };
            page.para(indent, indent.len(), &prose(Ink::Strong, heading))?;
            block.after_heading = true;
        } else if let Some(item) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
            block.flush(&mut page)?;
            block.bullet = true;
            block.push(item);
        } else {
            block.push(line);
        }
    }
    block.flush(&mut page)?;
    Ok(())
}

/// Writes names with a line on each, aligned; an empty line where the family of the names changes.
///
/// # Errors
/// Only those of `out`.
pub fn list(rows: &[(&str, &str)], look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, look);
    let wide = rows.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    let family = |name: &'_ str| name.split_once('.').map(|(family, _)| family.to_owned());
    let mut last = None;
    for (name, about) in rows {
        if last.as_ref().is_some_and(|last| *last != family(name)) {
            page.gap()?;
        }
        last = Some(family(name));
        let mut spans = vec![solid(Ink::Code, format!("{name:wide$}")), solid(Ink::Plain, "  ")];
        spans.extend(prose(Ink::Plain, about));
        page.para("", wide + 2, &spans)?;
    }
    Ok(())
}

/// Writes the causes of a family: id and title, below them what happened.
///
/// # Errors
/// Only those of `out`.
pub fn family(
    name: &str,
    rows: &[(&str, &str, &str)],
    look: Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(out, Look { width: look.width.min(88), ..look });
    for (id, title, summary) in rows {
        let mut head = vec![solid(Ink::Code, id), span(Ink::Plain, "  ")];
        head.extend(prose(Ink::Strong, title));
        page.para("", 2, &head)?;
        page.para("  ", 2, &prose(Ink::Plain, summary))?;
        page.gap()?;
    }
    let one = rows.first().map_or(name, |(id, ..)| *id);
    let text = format!("`authopsy explain {one}` tells how it is known and what to do");
    page.para("", 0, &prose(Ink::Faint, &text))
}

/// Writes names with a line on each, aligned; a row without a name is an empty line.
///
/// # Errors
/// Only those of `out`.
pub fn table(rows: &[(&str, &str)], look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, look);
    let wide = rows.iter().map(|(name, _)| name.width()).filter(|w| *w <= 40).max().unwrap_or(0);
    for (name, about) in rows {
        if name.is_empty() {
            page.gap()?;
            continue;
        }
        let mut spans = vec![solid(Ink::Code, format!("{name:wide$}")), solid(Ink::Plain, "  ")];
        spans.extend(prose(Ink::Plain, about));
        page.para("", wide + 2, &spans)?;
    }
    Ok(())
}

/// Lines of one paragraph or list item, waiting to be wrapped.
#[derive(Default)]
struct Block {
    text: String,
    bullet: bool,
    after_heading: bool,
}

impl Block {
    fn push(&mut self, line: &str) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(line.trim());
    }

    /// Writes what waits; returns whether an empty line may follow.
    fn flush(&mut self, page: &mut Page<'_>) -> io::Result<bool> {
        if self.text.is_empty() {
            return Ok(!std::mem::take(&mut self.after_heading));
        }
        self.after_heading = false;
        let spans = prose(Ink::Plain, &self.text);
        let bullet = page.look.glyph("  •", "  *");
        page.para(
            if self.bullet { bullet } else { "  " },
            if self.bullet { 4 } else { 2 },
            &spans,
        )?;
        self.text.clear();
        self.bullet = false;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_kept_as_it_is_and_comments_are_not_shown() {
        let text = "## What to do\n\nDo it.\n\n<!-- here: `{sent}` -->\n\nClient: a\nb.\n\n### PHP\n\n\
            ```php\n$a = 1; // a line that is far longer than the page is wide\n\n  $b;\n```\n";
        let mut out = Vec::new();
        card(text, Look { width: 40, unicode: false, ..Look::default() }, &mut out).unwrap();
        let expected = "What to do\n  Do it.\n\n  Client: a b.\n\n  PHP\n    \
            $a = 1; // a line that is far longer than the page is wide\n\n      $b;\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn headings_stand_out_and_text_wraps() {
        let text =
            "# A title\n\nOne sentence\nin two lines.\n\n## What\n\n- `a.b`: first\n- second\n";
        let mut out = Vec::new();
        card(text, Look { width: 40, unicode: false, ..Look::default() }, &mut out).unwrap();
        let expected =
            "A title\n  One sentence in two lines.\n\nWhat\n  * a.b: first\n  * second\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
