//! Arguments, terminal, progress, exit codes.

mod args;
mod bar;
mod complaint;
mod output;
mod plan;
mod run;
mod terminal;
mod value;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use self::args::{Cli, Command};
use self::complaint::Complaint;
use self::terminal::Terminal;
use crate::desk;

pub use self::bar::Bar;
pub use crate::desk::Job;

/// The report was made, whatever it says.
pub const SUCCESS: u8 = 0;
/// `--fail-on` matched.
pub const FAILED: u8 = 1;
/// Wrong usage, an input that cannot be read or holds no exchange, an output that cannot be written.
pub const ERROR: u8 = 2;
/// Interrupted; what a shell reports for a program that SIGINT ended.
pub const INTERRUPTED: u8 = 130;

/// Runs the program with the arguments and streams of this process.
#[expect(clippy::print_stderr, reason = "a panic is told on the terminal, and cli owns it")]
pub fn main() -> ExitCode {
    // The message of a panic may quote the bytes that caused it: only the place is told.
    std::panic::set_hook(Box::new(|panic| {
        let place =
            panic.location().map_or_else(String::new, |l| format!(" at {}:{}", l.file(), l.line()));
        eprintln!("error: a fault of authopsy itself{place}; the record in question is skipped");
    }));
    ExitCode::from(run_with(std::env::args_os()))
}

fn run_with(args: impl IntoIterator<Item = OsString>) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version go to standard output and are no errors.
            let code = if e.use_stderr() { ERROR } else { SUCCESS };
            let _ = e.print();
            return code;
        }
    };
    let terminal = Terminal::look(cli.terminal.color);
    match dispatch(&cli, &terminal) {
        Ok(code) => code,
        Err(complaint) => {
            complaint.print(&terminal);
            ERROR
        }
    }
}

fn dispatch(cli: &Cli, terminal: &Terminal) -> Result<u8, Complaint> {
    let later = |name: &str| Err(Complaint::new(format!("{name}: not built yet")));
    let look = terminal.stdout_look(cli.terminal.verbose);
    match &cli.command {
        None => {
            let args = &cli.analyze;
            if args.inputs.is_empty() && args.reading.files_from.is_none() && terminal.stdin {
                let _ = Cli::command().write_help(&mut std::io::stderr().lock());
                return Ok(ERROR);
            }
            run::analyze(&plan::analyze(args)?, terminal, &cli.terminal)
        }
        Some(Command::Merge(args)) => run::merge(&plan::merge(args)?, terminal, &cli.terminal),
        Some(Command::Explain { cause }) => {
            run::print(|out| desk::explain::run(cause.as_deref(), look, out))
        }
        Some(Command::Formats(args)) if args.inputs.is_empty() => {
            run::print(|out| desk::formats::run(look, out))
        }
        Some(Command::Formats(args)) => {
            let job = plan::formats(args)?;
            let mut whole = true;
            let code = run::print(|out| {
                whole = desk::formats::inspect(&job, look, out)?;
                Ok(())
            })?;
            Ok(if whole { code } else { ERROR })
        }
        Some(Command::Token(_)) => later("token"),
        Some(Command::Compare(_)) => later("compare"),
        Some(Command::Redact(_)) => later("redact"),
        Some(Command::Schema { name }) => run::print(|out| desk::schema::run(name.as_deref(), out)),
        Some(Command::Completions(_)) => later("completions"),
        Some(Command::Man(_)) => later("man"),
    }
}
