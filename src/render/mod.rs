//! Report to bytes; one file a format.
//!
//! A renderer gets a finished [`Report`] and knows nothing of captures, tokens or terminals: how wide
//! and how colourful the text may be comes as a [`Look`].

pub mod csv;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod sarif;
pub mod text;

use std::io;

use crate::model::{Line, Report, Rows};

pub use text::{Look, Palette, Text};

/// Writes a report in one format.
pub trait Render {
    /// Writes `report` to `out`.
    ///
    /// # Errors
    /// Only those of `out`.
    fn render(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()>;
}

/// One output format: a row of [`FORMATS`].
#[derive(Debug)]
pub struct Format {
    /// The name that `-f` takes.
    pub name: &'static str,
    /// File name extensions that mean it, lower case, without dot.
    pub extensions: &'static [&'static str],
    /// How it is made.
    pub made: Made,
}

/// How the bytes of a format come about.
#[derive(Clone, Copy, Debug)]
pub enum Made {
    /// Out of the report.
    Report(fn(&Look) -> Box<dyn Render>),
    /// Out of the report and some of the refused exchanges.
    Page(fn(&Report, &Rows, &mut dyn io::Write) -> io::Result<()>),
    /// Out of the exchanges, one by one.
    Lines(LineFormat),
    /// Not built yet.
    Later,
}

/// Writes one exchange.
pub type LineWriter = fn(&Line, &mut dyn io::Write) -> io::Result<()>;

/// A format that is made of the exchanges.
#[derive(Clone, Copy, Debug)]
pub struct LineFormat {
    /// Writes what stands before the first exchange, also where there is none.
    pub head: fn(&mut dyn io::Write) -> io::Result<()>,
    /// Writes one exchange, line end included.
    pub line: LineWriter,
}

/// Every output format of the contract, in the order of the documentation.
pub const FORMATS: &[Format] = &[
    Format {
        name: "text",
        extensions: &["txt", "text"],
        made: Made::Report(|look| Box::new(Text::new(*look))),
    },
    Format { name: "json", extensions: &["json"], made: Made::Report(|_| Box::new(json::Json)) },
    Format { name: "jsonl", extensions: &["jsonl", "ndjson"], made: Made::Lines(json::LINES) },
    Format {
        name: "markdown",
        extensions: &["md", "markdown"],
        made: Made::Report(|_| Box::new(markdown::Markdown)),
    },
    Format { name: "html", extensions: &["html", "htm"], made: Made::Page(html::page) },
    Format { name: "csv", extensions: &["csv"], made: Made::Lines(csv::ROWS) },
    Format {
        name: "sarif",
        extensions: &["sarif"],
        made: Made::Report(|_| Box::new(sarif::Sarif)),
    },
    Format { name: "junit", extensions: &["xml"], made: Made::Report(|_| Box::new(junit::Junit)) },
];

/// Returns the formats that can be made.
pub fn built() -> impl Iterator<Item = &'static Format> {
    FORMATS.iter().filter(|format| !matches!(format.made, Made::Later))
}

/// Returns the format of this name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// Returns the format that a file name's extension means, compared without case.
pub fn format_of_extension(extension: &str) -> Option<&'static Format> {
    let extension = extension.to_ascii_lowercase();
    FORMATS.iter().find(|format| format.extensions.contains(&extension.as_str()))
}

/// Returns the renderer of this name, in its plain look; `None` for formats that are not made of the
/// report alone or not built yet.
pub fn by_name(name: &str) -> Option<Box<dyn Render>> {
    match format(name)?.made {
        Made::Report(make) => Some(make(&Look::default())),
        Made::Page(_) | Made::Lines(_) | Made::Later => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_names_one_format_only() {
        let all: Vec<&str> = FORMATS.iter().flat_map(|f| f.extensions).copied().collect();
        let mut distinct = all.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(all.len(), distinct.len());
        assert_eq!(format_of_extension("JSONL").map(|f| f.name), Some("jsonl"));
    }

    #[test]
    fn formats_made_of_lines_have_no_report_renderer() {
        assert!(by_name("text").is_some() && by_name("json").is_some());
        assert!(
            by_name("jsonl").is_none()
                && by_name("html").is_none()
                && by_name("nonsense").is_none()
        );
    }
}
