//! What is said on standard error when something is wrong: the error, and a hint where there is one.

use std::io::Write as _;

use anstyle::{AnsiColor, Style};

use super::terminal::Terminal;

/// Wrong usage: what was expected, and what to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Complaint {
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Complaint {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Says so on standard error.
    pub(super) fn print(&self, terminal: &Terminal) {
        let style = |style: Style| if terminal.stderr_colour { style } else { Style::new() };
        let bad = style(AnsiColor::Red.on_default().bold());
        let good = style(AnsiColor::Cyan.on_default());
        let mut err = std::io::stderr().lock();
        // Standard error may be closed; there is nobody left to tell.
        let _ = writeln!(err, "{bad}error:{bad:#} {}", shown(&self.message));
        if let Some(hint) = &self.hint {
            let _ = writeln!(err, "{good}hint:{good:#} {}", shown(hint));
        }
    }
}

/// File names can hold anything: what steers a terminal is shown, not sent.
fn shown(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}
