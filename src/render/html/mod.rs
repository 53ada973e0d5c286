//! The report as one HTML file that needs nothing else: opened from disk, it loads and sends nothing.
//!
//! What does not move is written here, so it can be read, searched and printed without a script:
//! the sentence, the causes with their proof, the story, the incidents, what could not be seen. The
//! script draws the charts and fills the table out of the JSON at the end of the page. Text from a
//! capture passes `Markup::text` or `data`; nothing else can carry it into the page.

mod causes;
mod coverage;
mod data;
mod headline;
mod markup;
mod script_json;
mod story;

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use self::markup::Markup;
use super::text::when::Clock;
use crate::model::{Report, Rows};

/// The page around its parts, which stand in double braces.
const SHELL: &str = include_str!("shell.html");
const STYLE: &str = include_str!("style.css");
/// One function, so that no name of it is the window's.
const SCRIPT: &str = concat!(
    "(() => {\n'use strict';\n",
    include_str!("script/page.js"),
    include_str!("script/state.js"),
    include_str!("script/time.js"),
    include_str!("script/timeline.js"),
    include_str!("script/lifelines.js"),
    include_str!("script/exchange.js"),
    include_str!("script/table.js"),
    include_str!("script/start.js"),
    "})();\n"
);

/// Writes the page of a report and of some exchanges, those that [`Rows::shown`] names: of these one after the
/// other, as they are most of it.
///
/// # Errors
/// Only those of `out`.
pub fn page(report: &Report, rows: &Rows, out: &mut dyn Write) -> io::Result<()> {
    let clock = Clock::of(&report.period);
    let mut rest = SHELL;
    while let Some((before, (name, after))) =
        rest.split_once("{{").and_then(|(before, rest)| Some((before, rest.split_once("}}")?)))
    {
        out.write_all(before.as_bytes())?;
        let mut part = Markup::default();
        match name {
            "policy" => policy(&mut part),
            "title" => headline::title(&mut part, report),
            "style" => part.raw(STYLE),
            "script" => part.raw(SCRIPT),
            "version" => part.text(&report.version),
            "headline" => headline::write(&mut part, report, clock),
            "causes" => causes::write(&mut part, report, clock),
            "story" => story::write(&mut part, report, clock),
            "coverage" => coverage::write(&mut part, report),
            "data" => data::write(report, rows, out)?,
            _ => {}
        }
        out.write_all(part.as_bytes())?;
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

/// Writes the policy: nothing loads, nothing is sent, and only this script and this style count.
fn policy(part: &mut Markup) {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    part.text(&format!(
        "default-src 'none'; script-src {}; style-src {}; img-src data:; base-uri 'none'; \
         form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_of_the_shell_is_filled() {
        let mut out = Vec::new();
        page(&Report::default(), &Rows::default(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains("{{") && !text.contains("}}"), "{text}");
        assert!(text.starts_with("<!doctype html>") && text.trim_end().ends_with("</html>"));
    }

    #[test]
    fn neither_script_nor_style_ends_its_element_or_loads_anything() {
        for text in [SCRIPT, STYLE] {
            for bad in ["</", "<!--", "http:", "https:", "url(", "@import", "innerHTML", "eval("] {
                assert!(!text.contains(bad), "{bad}");
            }
        }
    }
}
