//! What is made of the command line's own description: completions for shells, manual pages.

use std::io::{self, Write};

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::args::{Cli, EXAMPLES, EXIT_CODES};
use super::complaint::Complaint;

const FILES: &str =
    "authopsy.toml: options under their own names, in the working directory or given with --config";

/// Writes completions for a shell.
///
/// # Errors
/// Only those of `out`.
pub(super) fn completions(shell: Shell, out: &mut dyn Write) -> io::Result<()> {
    // The generator panics where a write fails, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "authopsy", &mut script);
    out.write_all(&script)
}

/// Returns the manual page of the program, or of one of its commands, as roff.
///
/// # Errors
/// A command that is not known, with the nearest one.
pub(super) fn page(of: Option<&str>) -> Result<Vec<u8>, Complaint> {
    let mut command = command();
    command.build();
    let command = match of {
        None => command,
        Some(name) => command.find_subcommand(name).cloned().ok_or_else(|| {
            let names: Vec<_> = command.get_subcommands().map(Command::get_name).collect();
            Complaint::new(format!("man: `{name}` is no command"))
                .hint(format!("the commands are {}", names.join(", ")))
        })?,
    };
    let name = of.map_or_else(|| "authopsy".to_owned(), |name| format!("authopsy-{name}"));
    write_page(command, name).map_err(|e| Complaint::new(format!("man: {e}")))
}

/// Writes the sections of a page in the order of man-pages(7).
fn write_page(mut command: Command, name: String) -> io::Result<Vec<u8>> {
    let version = concat!("authopsy ", env!("CARGO_PKG_VERSION"));
    let usage = command.render_usage().to_string();
    let whole = command.get_version().is_some();
    let man = Man::new(command).title(name).source(version).manual("authopsy");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    literally("SYNOPSIS", usage.lines().map(str::trim), &mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if whole {
        man.render_subcommands_section(&mut page)?;
        literally("FILES", [FILES], &mut page)?;
        for (title, text) in [("EXIT STATUS", EXIT_CODES), ("EXAMPLES", EXAMPLES)] {
            literally(title, text.lines().skip(1).map(str::trim_start), &mut page)?;
        }
    }
    Ok(page)
}

/// Writes a section whose lines are kept as they stand.
fn literally<'t>(
    title: &str,
    lines: impl IntoIterator<Item = &'t str>,
    page: &mut dyn Write,
) -> io::Result<()> {
    let mut roff = Roff::new();
    roff.control("SH", [title]).control("nf", []);
    for line in lines {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
    roff.to_writer(page)
}

/// Returns the description of the command line without what is not built yet.
fn command() -> Command {
    shown(&Cli::command())
}

/// Copies a command without its hidden parts.
fn shown(command: &Command) -> Command {
    let args = command.get_arguments().filter(|arg| !arg.is_hide_set());
    // What the short help leaves out, the long texts tell.
    let args = args.cloned().map(|arg| arg.hide_short_help(false));
    let mut copy = Command::new(command.get_name().to_owned()).args(args);
    let text = |text: Option<&clap::builder::StyledStr>| text.cloned();
    if let Some(about) = text(command.get_about()) {
        copy = copy.about(about);
    }
    if let Some(about) = text(command.get_long_about()) {
        copy = copy.long_about(about);
    }
    if let Some(version) = command.get_version() {
        copy = copy.version(version.to_owned());
    }
    copy.disable_help_subcommand(command.is_disable_help_subcommand_set())
        .args_conflicts_with_subcommands(command.is_args_conflicts_with_subcommands_set())
        .subcommands(command.get_subcommands().filter(|c| !c.is_hide_set()).map(shown))
}
