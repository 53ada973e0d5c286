//! `authopsy token`: reads the text, asks the clock, prints the explanation.

use std::io::{IsTerminal as _, Read as _, Write as _};

use super::args::{TerminalArgs, Token, TokenFormat};
use super::complaint::Complaint;
use super::plan;
use super::run;
use super::terminal::Terminal;
use super::value::{self, End};
use crate::desk::Moment;
use crate::desk::token::{Asked, explain};
use crate::model::At;
use crate::render::{json, text};

/// Longest text that is read; no server takes a field as long.
const LONGEST: u64 = 1 << 20;

/// Explains one token or header line.
pub(super) fn run(
    args: &Token,
    terminal: &Terminal,
    shown: &TerminalArgs,
) -> Result<u8, Complaint> {
    let zone = args.tz.as_deref().map(value::zone).transpose()?;
    let at = match args.at.as_deref() {
        None => None,
        Some(text) => match value::moment("--at", text, End::First, zone.as_ref())? {
            Moment::At(at) => Some(at),
            Moment::BeforeLatest(_) => {
                return Err(Complaint::new("--at: a relative time has nothing to relate to")
                    .hint("give an absolute time: 2026-11-20T10:30:00Z"));
            }
        },
    };
    let text = match args.text.as_slice() {
        [] => read(terminal, shown)?,
        [dash] if dash == "-" => read(terminal, shown)?,
        words => {
            if !shown.quiet {
                warn(terminal);
            }
            words.join(" ")
        }
    };
    let asked = Asked {
        text,
        at: at.unwrap_or_else(now),
        at_given: at.is_some(),
        keys: plan::keys(&args.keys),
        expected: plan::expected(&args.expected)?,
    };
    let told = explain(&asked).map_err(|e| Complaint { message: e.to_string(), hint: e.hint() })?;
    let zone = zone.unwrap_or(jiff::tz::TimeZone::UTC);
    let look = terminal.stdout_look(shown.verbose);
    run::print(|out| {
        match args.format {
            TokenFormat::Text => text::token(&told, &zone, look, out)?,
            TokenFormat::Json => json::token(&told, out)?,
        }
        Ok(())
    })
}

/// Reads standard input to its end.
fn read(terminal: &Terminal, shown: &TerminalArgs) -> Result<String, Complaint> {
    if terminal.stdin && std::io::stderr().is_terminal() && !shown.quiet {
        // Nobody is left to tell where standard error is closed.
        let _ = writeln!(std::io::stderr(), "paste a token or header line, then press Ctrl-D");
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes);
    read.map_err(|e| Complaint::new(format!("standard input: {e}")))?;
    if bytes.len() as u64 > LONGEST {
        return Err(Complaint::new("standard input: longer than any token or header line")
            .hint("captures and logs are read by the main job, without `token`"));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Says that an argument does not stay secret.
fn warn(terminal: &Terminal) {
    let yellow = anstyle::AnsiColor::Yellow.on_default().bold();
    let style = if terminal.stderr_colour { yellow } else { anstyle::Style::new() };
    let text = "an argument shows in the list of processes and in the shell's history; \
        pipe it in instead, and revoke it if others can read them";
    // Nobody is left to tell where standard error is closed.
    let _ = writeln!(std::io::stderr(), "{style}warning:{style:#} {text}");
}

/// Asks the clock of the machine.
#[expect(clippy::disallowed_methods, reason = "a token without a capture is judged now")]
fn now() -> At {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    At::from_secs(since.map_or(0, |s| i64::try_from(s.as_secs()).unwrap_or(i64::MAX)))
}
