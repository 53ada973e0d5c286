//! The command line as it is written: options by group, nothing judged yet.

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::BrightWhite.on_default().bold())
    .usage(AnsiColor::BrightWhite.on_default().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Cyan.on_default().dimmed());

pub(super) const EXAMPLES: &str = "\
Examples:
  authopsy capture.har                       why did requests fail in this browser capture?
  kubectl logs deploy/gateway | authopsy     the same for a log from a pipe
  authopsy logs/ --since -3h -o report.json  the last three hours of a directory, as JSON
  authopsy -f jsonl --cause time a.har       one line for each refusal that has to do with time
  authopsy explain time.expired_cached       what a cause is and what to do";

pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0    the report was made, whatever it says
  1    --fail-on matched
  2    wrong usage, an input that cannot be read or holds no exchange, an output that cannot be written
  130  interrupted";

/// Finds out why requests failed to authenticate.
///
/// Reads HAR captures and request logs and reports the root cause of every failed authentication, with
/// the proof and the cure. Nothing is sent anywhere, and no output holds a secret.
#[derive(Debug, Parser)]
#[command(
    name = "authopsy",
    version,
    styles = STYLES,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    after_help = EXAMPLES,
    after_long_help = const_format(),
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) analyze: Analyze,
    #[command(flatten)]
    pub(super) terminal: TerminalArgs,
}

fn const_format() -> String {
    format!("{EXAMPLES}\n\n{EXIT_CODES}")
}

fn output_help() -> String {
    format!(
        "Write to FILE, repeatable; the extension chooses the format: {}",
        super::plan::extensions()
    )
}

fn format_help() -> String {
    format!("Format on standard output: {}", super::plan::built())
}

/// What to do other than the main job.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say what a cause is, how it is known, and what to do
    Explain {
        /// Causes such as time.expired, or families such as time; without any, the list of all
        #[arg(value_name = "CAUSE")]
        causes: Vec<String>,
    },
    /// Explain one token or header line from standard input; it is never shown
    Token(Box<Token>),
    /// Merge partial results into the report of one run
    Merge(Box<Merge>),
    /// List the input formats, or say what an input is, line by line, and what was assumed
    Formats(Box<Formats>),
    /// Print completions for a shell
    Completions {
        /// The shell
        #[arg(value_name = "SHELL", value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or that of a command
    Man {
        /// A command such as merge
        #[arg(value_name = "COMMAND")]
        of: Option<String>,
    },
    #[command(hide = true)]
    Compare(Rest),
    #[command(hide = true)]
    Redact(Rest),
    /// Print the JSON Schema of the JSON outputs
    Schema {
        /// authopsy.report/1, authopsy.exchange/1, authopsy.token/1 or partial; without it, one schema of
        /// the first three
        #[arg(value_name = "NAME")]
        name: Option<String>,
    },
}

/// Whatever follows a command that is not built yet.
#[derive(Args, Debug)]
pub(super) struct Rest {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub(super) rest: Vec<String>,
}

/// The main job.
#[derive(Args, Debug)]
pub(super) struct Analyze {
    /// Files, directories, globs; - is standard input. Compressed ones are recognised by content
    #[arg(value_name = "INPUT")]
    pub(super) inputs: Vec<String>,
    #[command(flatten)]
    pub(super) reading: ReadingArgs,
    /// Take whole documents from standard input, each behind a line LENGTH NAME: its bytes, its name
    #[arg(long, hide_short_help = true, help_heading = "Input", conflicts_with_all = ["source", "files_from"])]
    pub(super) framed: bool,
    /// Write the lines that no format took to FILE, masked, each with its place
    #[arg(long, value_name = "FILE", hide_short_help = true, help_heading = "Input")]
    pub(super) unparsed: Option<String>,
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
    #[command(flatten)]
    pub(super) expected: ExpectedArgs,
    #[command(flatten)]
    pub(super) persons: PersonArgs,
    #[command(flatten)]
    pub(super) report: ReportArgs,
    #[command(flatten)]
    pub(super) running: RunningArgs,
    #[command(flatten)]
    pub(super) later: LaterArgs,
}

/// Merging of partial results.
#[derive(Args, Debug)]
pub(super) struct Merge {
    /// Files that --partial wrote; - is standard input, a partial a line
    #[arg(value_name = "PARTIAL", required = true)]
    pub(super) inputs: Vec<String>,
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    #[command(flatten)]
    pub(super) expected: ExpectedArgs,
    #[command(flatten)]
    pub(super) report: ReportArgs,
    #[command(flatten)]
    pub(super) running: RunningArgs,
}

/// A token to explain.
#[derive(Args, Debug)]
pub(super) struct Token {
    /// The token or header line; - or nothing is standard input, which no shell history keeps
    #[arg(value_name = "TOKEN", allow_hyphen_values = true)]
    pub(super) text: Vec<String>,
    /// Judge it at this time instead of now: 2026-11-20T10:30:00Z
    #[arg(long, value_name = "TIME")]
    pub(super) at: Option<String>,
    /// Show times in this zone, such as +02:00 or Europe/Paris; without it, UTC
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    pub(super) tz: Option<String>,
    /// Format on standard output
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(super) format: TokenFormat,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
    #[command(flatten)]
    pub(super) expected: ExpectedArgs,
}

/// Format of an explanation.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(super) enum TokenFormat {
    /// For people
    #[default]
    Text,
    /// One object, `authopsy.token/1`
    Json,
}

#[derive(Args, Debug)]
pub(super) struct Formats {
    /// Files, directories, globs, or - for standard input; without any, the list of formats
    #[arg(value_name = "INPUT")]
    pub(super) inputs: Vec<String>,
    #[command(flatten)]
    pub(super) reading: ReadingArgs,
}

#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Input")]
pub(super) struct ReadingArgs {
    /// Read more input names from FILE, one a line; - is standard input
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(super) files_from: Option<String>,
    /// Call the only input NAME in reports, and count its lines from this number on
    #[arg(long, value_name = "NAME[:FIRST_LINE]", hide_short_help = true)]
    pub(super) source: Option<String>,
    /// Read the inputs as this format: a name of `authopsy formats`, or `nginx:` or `apache:` and theirs
    #[arg(long, value_name = "FORMAT", hide_short_help = true)]
    pub(super) input_format: Option<String>,
    /// Take a field of the exchange from a path in the log record, such as status=http.code
    #[arg(long, value_name = "FIELD=PATH", value_delimiter = ',', hide_short_help = true)]
    pub(super) map: Vec<String>,
    /// Zone of times that name none, such as +02:00 or Europe/Paris; without it, UTC
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true, hide_short_help = true)]
    pub(super) tz: Option<String>,
    /// Year of times that name none; without it, the latest that fits the file's last change
    #[arg(long, value_name = "YEAR", hide_short_help = true)]
    pub(super) year: Option<String>,
    /// More dialects: what other servers say when they refuse
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(super) dialects: Vec<String>,
    /// Exit with 2 when even one record had to be skipped
    #[arg(long, hide_short_help = true)]
    pub(super) strict: bool,
}

#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Selection (what is reported; everything is still learned from)")]
pub(super) struct SelectionArgs {
    /// From this time on: 2026-11-20T10:30:00Z, 2026-11-20, or -3h back from the latest in the data
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(super) since: Option<String>,
    /// Up to this time; a date includes its whole day
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(super) until: Option<String>,
    /// Only these hosts; * stands for any run of characters
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub(super) host: Vec<String>,
    /// Only paths that begin so; * stands for any run of characters
    #[arg(long, value_name = "PATH", value_delimiter = ',', hide_short_help = true)]
    pub(super) path: Vec<String>,
    /// Only these statuses: 401, 4xx, 400-499, none
    #[arg(long, value_name = "STATUS", value_delimiter = ',', hide_short_help = true)]
    pub(super) status: Vec<String>,
    /// Only these causes or families: time.expired, header
    #[arg(long, value_name = "CAUSE", value_delimiter = ',')]
    pub(super) cause: Vec<String>,
    /// Only these classes: failure, expected, lookalike, ok, all
    #[arg(long, value_name = "CLASS", value_delimiter = ',')]
    pub(super) class: Vec<String>,
}

#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Verification (what tokens should be like; otherwise learned)")]
pub(super) struct KeyArgs {
    /// JSON Web Key Set of the issuer, repeatable
    #[arg(long, value_name = "FILE")]
    pub(super) jwks: Vec<String>,
    /// Key of the verifier, repeatable: PEM, DER, JWK, or a file with the raw secret
    #[arg(long, value_name = "FILE")]
    pub(super) key: Vec<String>,
    /// Environment variable that holds the secret, repeatable
    #[arg(long, value_name = "VAR")]
    pub(super) secret_env: Vec<String>,
}

#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Verification (what tokens should be like; otherwise learned)")]
pub(super) struct ExpectedArgs {
    /// Accepted issuer
    #[arg(long, value_name = "ISS")]
    pub(super) issuer: Vec<String>,
    /// Accepted audience
    #[arg(long, value_name = "AUD")]
    pub(super) audience: Vec<String>,
    /// Accepted signature algorithms
    #[arg(long, value_name = "ALG", value_delimiter = ',', hide_short_help = true)]
    pub(super) algorithm: Vec<String>,
    /// Claims that must be there
    #[arg(long, value_name = "CLAIM", value_delimiter = ',', hide_short_help = true)]
    pub(super) require_claim: Vec<String>,
    /// Tolerance for exp, nbf and iat, such as 30s; without it, learned for each host
    #[arg(long, value_name = "SPAN", allow_hyphen_values = true, hide_short_help = true)]
    pub(super) leeway: Option<String>,
}

#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Persons (user names, e-mail addresses, subjects)")]
pub(super) struct PersonArgs {
    /// Make stand-ins under the key in FILE, so that nobody else can confirm a guess
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(super) pseudonym_key: Option<String>,
    /// Show names as they are instead of stand-ins
    #[arg(long, hide_short_help = true)]
    pub(super) show_identity: bool,
}

#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Report")]
pub(super) struct ReportArgs {
    #[arg(short, long, value_name = "FILE", help = output_help())]
    pub(super) output: Vec<String>,
    #[arg(short, long, value_name = "FORMAT", help = format_help())]
    pub(super) format: Option<String>,
    /// Count failures by these, alone or together: cause, endpoint, host, issuer, client, token, user, kid
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    pub(super) group_by: Vec<String>,
    /// Width of the timeline's buckets: auto, 100ms, 1s, 5s, 15s, 1m, 5m, 15m, 1h, 6h, 1d
    #[arg(long, value_name = "SPAN", hide_short_help = true)]
    pub(super) bucket: Option<String>,
    /// Order of exchange lines
    #[arg(long, value_name = "KEY", value_enum, hide_short_help = true)]
    pub(super) sort: Option<SortArg>,
    /// Longest list in the report
    #[arg(long, value_name = "N")]
    pub(super) top: Option<String>,
    /// Title of the report
    #[arg(long, value_name = "TEXT", hide_short_help = true)]
    pub(super) title: Option<String>,
    /// Count an exchange that several inputs hold once for each of them
    #[arg(long, hide_short_help = true)]
    pub(super) no_join: bool,
}

#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Running")]
pub(super) struct RunningArgs {
    /// Worker threads; without it, one for each core
    #[arg(short, long, value_name = "N", hide_short_help = true)]
    pub(super) jobs: Option<String>,
    /// Keep no more than fits into SIZE, such as 512MB or 2GiB: of more, a sample, and the report says so
    #[arg(long, value_name = "SIZE", hide_short_help = true)]
    pub(super) max_memory: Option<String>,
    /// Write the mergeable state to FILE instead of a report; - is standard output
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(super) partial: Option<String>,
    /// Exit with 1 on any failure, on a cause or family, or from a share of failures on: any, time, 5%
    #[arg(long, value_name = "any|CAUSE|N%", value_delimiter = ',')]
    pub(super) fail_on: Vec<String>,
}

/// What every command takes.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Running")]
pub(super) struct TerminalArgs {
    /// When to use colour
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, global = true)]
    pub(super) color: ColorArg,
    /// Take options from FILE instead of authopsy.toml in the working directory; '' takes none
    #[arg(long, value_name = "FILE", global = true, hide_short_help = true)]
    pub(super) config: Option<String>,
    /// No progress bar
    #[arg(long, global = true, hide_short_help = true)]
    pub(super) no_progress: bool,
    /// Say nothing on standard error but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Leave nothing out of the text report
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(super) enum ColorArg {
    /// On a terminal that wants it
    #[default]
    Auto,
    /// Also in a pipe
    Always,
    /// Not at all
    Never,
}

/// Order of exchange lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum SortArg {
    /// Source, then position
    Source,
    /// Time, unknown ones last
    Time,
}

/// Options of the contract that are not built yet: taken so that they can be refused by name.
#[derive(Args, Debug, Default)]
pub(super) struct LaterArgs {
    #[arg(long, hide = true)]
    baseline: Option<String>,
}

impl LaterArgs {
    /// Returns an option given that is not built yet.
    pub(super) fn given(&self) -> Option<&'static str> {
        self.baseline.is_some().then_some("--baseline")
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
