//! Arguments, terminal, progress, exit codes.

mod args;
mod bar;
mod complaint;
mod config;
mod manual;
mod output;
mod plan;
mod run;
mod spare;
mod terminal;
mod tidy;
mod token;
mod value;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use self::args::{Cli, ColorArg, Command};
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

/// Runs the program with the arguments and streams of this process; `tidy` has its allocator give back what is
/// free, and is called after much was read.
#[expect(clippy::print_stderr, reason = "a panic is told on the terminal, and cli owns it")]
pub fn main(tidy: fn()) -> ExitCode {
    // The message of a panic may quote the bytes that caused it: only the place is told.
    std::panic::set_hook(Box::new(|panic| {
        let place =
            panic.location().map_or_else(String::new, |l| format!(" at {}:{}", l.file(), l.line()));
        eprintln!("error: a fault of authopsy itself{place}; the record in question is skipped");
    }));
    ExitCode::from(run_with(std::env::args_os(), tidy))
}

fn run_with(args: impl IntoIterator<Item = OsString>, tidy: fn()) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    let parsed = Cli::command().try_get_matches_from(&args).map_err(|e| usage(&e));
    let matches = match parsed {
        Ok(matches) => matches,
        Err(code) => return code,
    };
    let plain = |complaint: Complaint| {
        complaint.print(&Terminal::look(ColorArg::Auto));
        ERROR
    };
    let configured = match config::read(&matches) {
        Ok(configured) => configured,
        Err(complaint) => return plain(complaint),
    };
    let cli = Cli::try_parse_from(configured.before(args));
    let cli = match cli.map_err(|e| usage(&e)) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let terminal = Terminal::look(cli.terminal.color);
    match dispatch(&cli, &terminal, tidy) {
        Ok(code) => code,
        Err(complaint) => {
            configured.placed(complaint).print(&terminal);
            ERROR
        }
    }
}

/// Prints what clap says; help and version go to standard output and are no errors.
fn usage(error: &clap::Error) -> u8 {
    let _ = error.print();
    if error.use_stderr() { ERROR } else { SUCCESS }
}

fn dispatch(cli: &Cli, terminal: &Terminal, tidy: fn()) -> Result<u8, Complaint> {
    let later = |name: &str| Err(Complaint::new(format!("{name}: not built yet")));
    let look = terminal.stdout_look(cli.terminal.verbose);
    match &cli.command {
        None => {
            let args = &cli.analyze;
            if args.inputs.is_empty() && args.reading.files_from.is_none() && terminal.stdin {
                let _ = Cli::command().write_help(&mut std::io::stderr().lock());
                return Ok(ERROR);
            }
            run::analyze(&plan::analyze(args)?, terminal, &cli.terminal, tidy)
        }
        Some(Command::Merge(args)) => run::merge(&plan::merge(args)?, terminal, &cli.terminal),
        Some(Command::Explain { causes }) => {
            run::print(|out| desk::explain::run(causes, look, out))
        }
        Some(Command::Token(args)) => token::run(args, terminal, &cli.terminal),
        Some(Command::Completions { shell }) => {
            run::print(|out| Ok(manual::completions(*shell, out)?))
        }
        Some(Command::Man { of }) => {
            let page = manual::page(of.as_deref())?;
            run::print(|out| Ok(out.write_all(&page)?))
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
        Some(Command::Compare(_)) => later("compare"),
        Some(Command::Redact(_)) => later("redact"),
        Some(Command::Schema { name }) => run::print(|out| desk::schema::run(name.as_deref(), out)),
    }
}
