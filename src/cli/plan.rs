//! Arguments to a job: everything parsed and checked before anything is read.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::CommandFactory as _;

use super::args::{
    Analyze, Cli, ExpectedArgs, Formats, KeyArgs, Merge, ReadingArgs, ReportArgs, RunningArgs,
};
use super::args::{SelectionArgs, SortArg};
use super::complaint::Complaint;
use super::value::{self, End};
use crate::desk::{Expected, Job, Keys, Moment, Persons, Reading, Selection, Shaping, Sort};
use crate::model::At;
use crate::render::{self, Format, Made};

/// A job, and where its results go.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) job: Job,
    /// What is printed; `None` when files get all.
    pub(super) stdout: Option<&'static Format>,
    /// Files by path, each with its format.
    pub(super) files: Vec<(PathBuf, &'static Format)>,
    /// Where the partial result goes, instead of all reports; `-` is standard output.
    pub(super) partial: Option<PathBuf>,
    /// Where lines go that no format took.
    pub(super) unparsed: Option<PathBuf>,
}

/// Plans the main job. Without any input, `-` is meant.
pub(super) fn analyze(args: &Analyze) -> Result<Plan, Complaint> {
    if let Some(option) = args.later.given() {
        return Err(Complaint::new(format!("{option}: not built yet")));
    }
    let mut inputs = args.inputs.clone();
    if let Some(name) = inputs.first().filter(|name| is_command(name) && !Path::new(name).exists())
    {
        return Err(Complaint::new(format!("`{name}` is a command: it goes before all options"))
            .hint(format!("write `authopsy {name} ...`; a file of this name is `./{name}`")));
    }
    if let Some(list) = &args.reading.files_from {
        if list == "-" && inputs.iter().any(|input| input == "-") {
            return Err(Complaint::new(
                "--files-from -: standard input is the list, so `-` is no input",
            ));
        }
        inputs.extend(files_from(list)?);
    } else if inputs.is_empty() {
        inputs.push("-".to_owned());
    }
    if args.framed
        && let Some(other) = inputs.iter().find(|input| *input != "-")
    {
        return Err(Complaint::new(format!(
            "--framed takes documents from standard input: `{other}` is no input beside it"
        ))
        .hint(format!("give its bytes behind a line `LENGTH {other}`")));
    }
    let reading = reading(&args.reading, &inputs)?;
    let mut plan =
        plan(inputs, reading, &args.selection, &args.expected, &args.report, &args.running)?;
    plan.job.reading.framed = args.framed;
    plan.unparsed = args.unparsed.as_ref().map(PathBuf::from);
    plan.job.keys = keys(&args.keys);
    plan.job.persons = Persons {
        key: args.persons.pseudonym_key.as_ref().map(PathBuf::from),
        shown: args.persons.show_identity,
    };
    if plan.job.partial && plan.job.persons.shown {
        return Err(Complaint::new("--partial keeps stand-ins: --show-identity has no use")
            .hint("run the main job on the inputs themselves to see names"));
    }
    if plan.job.partial || plan.job.inputs.iter().any(|input| input == "-") {
        let selection = &plan.job.selection;
        for (option, bound) in [("--since", selection.since), ("--until", selection.until)] {
            if let Some(Moment::BeforeLatest(_)) = bound {
                let why = if plan.job.partial { "with --partial" } else { "for standard input" };
                return Err(Complaint::new(format!(
                    "{option}: a relative time cannot be used {why}"
                ))
                .hint("give an absolute time: 2026-11-20T10:30:00Z"));
            }
        }
    }
    Ok(plan)
}

/// Names the places of the keys.
pub(super) fn keys(args: &KeyArgs) -> Keys {
    Keys {
        sets: args.jwks.iter().map(PathBuf::from).collect(),
        files: args.key.iter().map(PathBuf::from).collect(),
        variables: args.secret_env.clone(),
    }
}

/// Plans a look at what inputs are.
pub(super) fn formats(args: &Formats) -> Result<Job, Complaint> {
    let inputs = args.inputs.clone();
    let reading = reading(&args.reading, &inputs)?;
    Ok(Job { inputs, reading, ..Job::default() })
}

fn is_command(name: &str) -> bool {
    Cli::command().get_subcommands().any(|command| command.get_name() == name)
}

/// Plans the merging of partial results.
pub(super) fn merge(args: &Merge) -> Result<Plan, Complaint> {
    let inputs = args.inputs.clone();
    let reading = Reading::default();
    plan(inputs, reading, &args.selection, &args.expected, &args.report, &args.running)
}

fn plan(
    inputs: Vec<String>,
    reading: Reading,
    selected: &SelectionArgs,
    expect: &ExpectedArgs,
    report: &ReportArgs,
    running: &RunningArgs,
) -> Result<Plan, Complaint> {
    if inputs.iter().filter(|input| *input == "-").count() > 1 {
        return Err(Complaint::new("`-` stands for standard input and can be named once only"));
    }
    let own_dialects = !reading.dialects.is_empty();
    let selection = selection(selected, reading.zone.as_ref(), own_dialects)?;
    let fail_on = running.fail_on.iter().map(|text| value::fail_on(text, own_dialects));
    let mut job = Job {
        inputs,
        reading,
        keys: Keys::default(),
        persons: Persons::default(),
        selection,
        expected: expected(expect)?,
        shaping: shaping(report)?,
        threads: running.jobs.as_deref().map(|n| value::positive("--jobs", n)).transpose()?,
        limits: running.max_memory.as_deref().map(value::memory).transpose()?.unwrap_or_default(),
        partial: running.partial.is_some(),
        fail_on: fail_on.collect::<Result<_, _>>()?,
        no_join: report.no_join,
        rows: false,
        ends: true,
    };
    let partial = running.partial.as_ref().map(PathBuf::from);
    if partial.is_some() {
        let clash = [
            ("--output", !report.output.is_empty()),
            ("--format", report.format.is_some()),
            ("--fail-on", !running.fail_on.is_empty()),
        ];
        if let Some((option, _)) = clash.into_iter().find(|(_, given)| *given) {
            return Err(Complaint::new(format!("--partial makes no report: {option} has no use"))
                .hint(format!("give {option} to `authopsy merge`")));
        }
        return Ok(Plan { job, stdout: None, files: Vec::new(), partial, unparsed: None });
    }
    let files = outputs(&report.output)?;
    let stdout = match &report.format {
        Some(name) => Some(format(name)?),
        None if files.is_empty() => render::format("text"),
        None => None,
    };
    let formats = stdout.into_iter().chain(files.iter().map(|(_, format)| *format));
    job.rows = formats.into_iter().any(|format| matches!(format.made, Made::Page(_)));
    Ok(Plan { job, stdout, files, partial, unparsed: None })
}

fn reading(args: &ReadingArgs, inputs: &[String]) -> Result<Reading, Complaint> {
    let source = args.source.as_deref().map(value::source).transpose()?;
    if source.is_some() && inputs.len() != 1 {
        return Err(Complaint::new(format!(
            "--source names one input, and {} are given",
            inputs.len()
        ))
        .hint("run once for each input with --partial, then `authopsy merge`"));
    }
    Ok(Reading {
        source,
        framed: false,
        input_format: args.input_format.clone(),
        map: args.map.iter().map(|text| value::mapping(text)).collect::<Result<_, _>>()?,
        zone: args.tz.as_deref().map(value::zone).transpose()?,
        year: args.year.as_deref().map(value::year).transpose()?,
        now: now(),
        dialects: args.dialects.iter().map(PathBuf::from).collect(),
        strict: args.strict,
    })
}

/// Returns the time of reading.
#[expect(clippy::disallowed_methods, reason = "a log from a pipe is as old as its reading")]
fn now() -> Option<At> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_nanos()).ok().map(At)
}

fn selection(
    args: &SelectionArgs,
    zone: Option<&jiff::tz::TimeZone>,
    own_dialects: bool,
) -> Result<Selection, Complaint> {
    let moment = |option, text: &Option<String>, end| {
        text.as_deref().map(|text| value::moment(option, text, end, zone)).transpose()
    };
    let (since, until) =
        (moment("--since", &args.since, End::First)?, moment("--until", &args.until, End::Last)?);
    if let (Some(Moment::At(from)), Some(Moment::At(to))) = (since, until)
        && from > to
    {
        return Err(Complaint::new(format!("--since {from} lies after --until {to}")));
    }
    let causes = args.cause.iter().map(|text| value::cause("--cause", text, own_dialects));
    Ok(Selection {
        since,
        until,
        hosts: args.host.iter().map(|host| host.to_ascii_lowercase()).collect(),
        paths: args.path.clone(),
        statuses: args.status.iter().map(|text| value::statuses(text)).collect::<Result<_, _>>()?,
        causes: causes.collect::<Result<_, _>>()?,
        classes: value::classes(&args.class)?,
    })
}

/// Reads what tokens should be like.
pub(super) fn expected(args: &ExpectedArgs) -> Result<Expected, Complaint> {
    Ok(Expected {
        issuers: args.issuer.clone(),
        audiences: args.audience.clone(),
        algorithms: args.algorithm.clone(),
        required_claims: args.require_claim.clone(),
        leeway: args.leeway.as_deref().map(|text| value::span("--leeway", text)).transpose()?,
    })
}

fn shaping(args: &ReportArgs) -> Result<Shaping, Complaint> {
    let top = args.top.as_deref().map(|n| value::positive("--top", n)).transpose()?;
    Ok(Shaping {
        group_by: value::group_keys(&args.group_by)?,
        bucket: args.bucket.as_deref().map(value::bucket).transpose()?.flatten(),
        sort: match args.sort {
            Some(SortArg::Time) => Sort::Time,
            Some(SortArg::Source) | None => Sort::Source,
        },
        top: top.map_or(Shaping::TOP, std::num::NonZero::get),
        title: args.title.clone(),
    })
}

/// Returns the formats that can be made, by name.
pub(super) fn built() -> String {
    render::built().map(|format| format.name).collect::<Vec<_>>().join(", ")
}

/// Returns an extension for each format that can be made.
pub(super) fn extensions() -> String {
    let first = render::built().filter_map(|format| format.extensions.first());
    first.map(|extension| format!(".{extension}")).collect::<Vec<_>>().join(", ")
}

fn format(name: &str) -> Result<&'static Format, Complaint> {
    match render::format(name) {
        Some(Format { made: Made::Later, .. }) => {
            Err(Complaint::new(format!("--format {name}: not built yet"))
                .hint(format!("the formats are {}", built())))
        }
        Some(format) => Ok(format),
        None => {
            let near = |format: &&Format| strsim::damerau_levenshtein(format.name, name) <= 2;
            let hint =
                render::built().find(near).map_or(format!("the formats are {}", built()), |near| {
                    format!("did you mean `{}`?", near.name)
                });
            Err(Complaint::new(format!("--format: `{name}` is no format")).hint(hint))
        }
    }
}

fn outputs(paths: &[String]) -> Result<Vec<(PathBuf, &'static Format)>, Complaint> {
    let mut files: Vec<(PathBuf, &'static Format)> = Vec::new();
    for path in paths {
        if path == "-" {
            return Err(Complaint::new("--output writes files")
                .hint("standard output is what -f chooses: -f json"));
        }
        let extension = Path::new(path).extension().and_then(|e| e.to_str()).unwrap_or_default();
        let format = match render::format_of_extension(extension) {
            Some(Format { name, made: Made::Later, .. }) => {
                return Err(Complaint::new(format!("--output {path}: {name} is not built yet"))
                    .hint(format!("the formats are {}", built())));
            }
            Some(format) => format,
            None => {
                return Err(Complaint::new(format!(
                    "--output {path}: the extension names no format"
                ))
                .hint(format!(
                    "the extensions are {}; or use -f and redirect standard output",
                    extensions()
                )));
            }
        };
        if files.iter().any(|(earlier, _)| earlier == Path::new(path)) {
            return Err(Complaint::new(format!("--output {path} is given twice")));
        }
        files.push((PathBuf::from(path), format));
    }
    Ok(files)
}

/// Reads names of inputs, one a line (or ended by NUL bytes, as `find -print0` writes them).
fn files_from(list: &str) -> Result<Vec<String>, Complaint> {
    let read = || {
        let mut text = String::new();
        if list == "-" {
            std::io::stdin().lock().read_to_string(&mut text)?;
        } else {
            text = std::fs::read_to_string(list)?;
        }
        Ok::<_, std::io::Error>(text)
    };
    let text = read().map_err(|e| Complaint::new(format!("--files-from {list}: {e}")))?;
    let separator = if text.contains('\0') { '\0' } else { '\n' };
    let names = text.split(separator).map(|name| name.strip_suffix('\r').unwrap_or(name));
    let names: Vec<String> = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if list == "-" && names.iter().any(|name| name == "-") {
        return Err(Complaint::new("--files-from -: the list itself comes from standard input"));
    }
    if names.is_empty() {
        return Err(Complaint::new(format!("--files-from {list}: no name in it")));
    }
    Ok(names)
}
