//! Runs a plan: opens outputs, feeds renderers, decides on the exit code.

use std::io::{self, Write};
use std::path::Path;

use super::args::TerminalArgs;
use super::bar::Bar;
use super::complaint::Complaint;
use super::output::{OutputFile, Stdout};
use super::plan::Plan;
use super::terminal::Terminal;
use super::tidy::Tidying;
use super::{ERROR, FAILED, SUCCESS};
use crate::desk::{self, Analysis, Error, Job, LineSink, Lines, Product, Progress, Unwatched};
use crate::model::{Report, Rows};
use crate::render::{Format, LineWriter, Look, Made};

/// Runs the main job.
pub(super) fn analyze(
    plan: &Plan,
    terminal: &Terminal,
    args: &TerminalArgs,
    tidy: fn(),
) -> Result<u8, Complaint> {
    plan.spare()?;
    let name = |path: &Path| path.display().to_string();
    let opened = plan
        .unparsed
        .as_deref()
        .map(|path| OutputFile::create(path).map_err(|e| written(&name(path), &e)));
    let mut unparsed = opened.transpose()?;
    let code = run(plan, terminal, args, |job, progress, lines| {
        let progress = &Tidying::new(progress, tidy);
        let leftovers = unparsed.as_mut().map(|file| -> &mut dyn Write { file });
        desk::analyze::run_with_leftovers(job, progress, lines, leftovers)
    });
    // What was left is there also where nothing could be read.
    if let (Some(file), Some(path)) = (unparsed, &plan.unparsed) {
        file.commit().map_err(|e| written(&name(path), &e))?;
    }
    code
}

/// Merges partial results.
pub(super) fn merge(
    plan: &Plan,
    terminal: &Terminal,
    args: &TerminalArgs,
) -> Result<u8, Complaint> {
    if let Some(format) = plan.line_formats().first() {
        let message =
            format!("a partial result holds no exchanges, so there is no {}", format.name);
        return Err(Complaint::new(message).hint("run the main job on the inputs themselves"));
    }
    plan.spare()?;
    run(plan, terminal, args, |job, progress, _| desk::merge::run(job, progress))
}

/// Prints what a small command writes.
pub(super) fn print(
    command: impl FnOnce(&mut dyn Write) -> Result<(), Error>,
) -> Result<u8, Complaint> {
    let mut out = Stdout::lock();
    command(&mut out).map_err(|e| complaint(&e))?;
    out.flush().map_err(|e| written("standard output", &e))?;
    Ok(SUCCESS)
}

fn run(
    plan: &Plan,
    terminal: &Terminal,
    args: &TerminalArgs,
    work: impl FnOnce(&Job, &dyn Progress, Option<LineSink<'_>>) -> Result<Analysis, Error>,
) -> Result<u8, Complaint> {
    let mut outlets = Outlets::open(plan, terminal.stdout_look(args.verbose))?;
    let watched = terminal.stderr && !terminal.dumb && !args.no_progress && !args.quiet;
    let bar = watched.then(|| Bar::new(terminal.unicode));
    let progress: &dyn Progress = bar.as_ref().map_or(&Unwatched, |bar| bar);

    let formats = plan.line_formats();
    let wanted = !formats.is_empty();
    let mut tee = Tee { formats, outlets: &mut outlets };
    let lines: Option<LineSink<'_>> = if wanted { Some(&mut tee) } else { None };
    let analysis = match work(&plan.job, progress, lines) {
        Ok(analysis) => analysis,
        // Nobody reads any more, and nothing else was asked for.
        Err(Error::Io(e)) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(SUCCESS),
        Err(e) => {
            progress.done();
            return Err(complaint(&e));
        }
    };
    progress.done();

    match &analysis.product {
        Product::Report(report) => outlets.report(report, &analysis.rows)?,
        Product::Partial(partial) => outlets.bytes(partial)?,
    }
    outlets.commit()?;
    Ok(exit_code(&analysis, plan, terminal))
}

/// Says what went wrong beside the result, and returns the exit code: 2 beats 1.
fn exit_code(analysis: &Analysis, plan: &Plan, terminal: &Terminal) -> u8 {
    let mut code = if analysis.failed { FAILED } else { SUCCESS };
    for fault in &analysis.faults {
        let complaint = Complaint { message: fault.message.clone(), hint: fault.hint.clone() };
        complaint.print(terminal);
        code = ERROR;
    }
    if let Product::Report(report) = &analysis.product
        && plan.job.reading.strict
    {
        let skips = report.inputs.iter().flat_map(|input| &input.skipped);
        let skipped: u64 = skips.map(|row| row.count).sum();
        if skipped > 0 {
            Complaint::new(format!("--strict: {skipped} records were skipped")).print(terminal);
            code = ERROR;
        }
    }
    code
}

impl Plan {
    /// Returns the formats made of exchange lines that are wanted, each once.
    fn line_formats(&self) -> Vec<&'static Format> {
        let mut formats: Vec<&'static Format> = Vec::new();
        for format in self.stdout.into_iter().chain(self.files.iter().map(|(_, format)| *format)) {
            let known = formats.iter().any(|known| known.name == format.name);
            if matches!(format.made, Made::Lines(_)) && !known {
                formats.push(format);
            }
        }
        formats
    }
}

/// Where results go, opened before the work begins so that a wrong path costs nothing.
struct Outlets {
    stdout: Option<(Stdout, &'static Format)>,
    files: Vec<(String, OutputFile, &'static Format)>,
    partial: Option<(String, Box<dyn Finish>)>,
    look: Look,
}

/// A stream that ends: flushed, and put in its place.
trait Finish: Write {
    fn finish(self: Box<Self>) -> io::Result<()>;
}

impl Finish for OutputFile {
    fn finish(self: Box<Self>) -> io::Result<()> {
        self.commit()
    }
}

impl Finish for Stdout {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.flush()
    }
}

/// Writes exchange lines to every output that is made of them.
struct Tee<'a> {
    /// Formats in the order of their writers.
    formats: Vec<&'static Format>,
    outlets: &'a mut Outlets,
}

impl Lines for Tee<'_> {
    fn writers(&self) -> Vec<LineWriter> {
        let made = self.formats.iter().filter_map(|format| match format.made {
            Made::Lines(lines) => Some(lines.line),
            Made::Report(_) | Made::Page(_) | Made::Later => None,
        });
        made.collect()
    }

    fn begin(&mut self) -> io::Result<()> {
        for format in &self.formats {
            let Made::Lines(lines) = format.made else { continue };
            let mut head = Vec::new();
            (lines.head)(&mut head)?;
            self.outlets.lines(format, &head)?;
        }
        Ok(())
    }

    fn take(&mut self, writer: usize, line: &[u8]) -> io::Result<()> {
        self.formats.get(writer).map_or(Ok(()), |format| self.outlets.lines(format, line))
    }
}

impl Outlets {
    fn open(plan: &Plan, look: Look) -> Result<Self, Complaint> {
        let open = |path: &Path| {
            let name = path.display().to_string();
            let file = OutputFile::create(path).map_err(|e| written(&name, &e))?;
            Ok::<_, Complaint>((name, file))
        };
        let partial = match plan.partial.as_deref() {
            Some(path) if path == Path::new("-") => {
                Some(("standard output".to_owned(), Box::new(Stdout::lock()) as Box<dyn Finish>))
            }
            Some(path) => {
                let (name, file) = open(path)?;
                Some((name, Box::new(file) as Box<dyn Finish>))
            }
            None => None,
        };
        let files = plan.files.iter().map(|(path, format)| {
            let (name, file) = open(path)?;
            Ok((name, file, *format))
        });
        let files = files.collect::<Result<_, Complaint>>()?;
        let stdout = plan.stdout.map(|format| (Stdout::lock(), format));
        Ok(Self { stdout, files, partial, look })
    }

    /// Writes bytes to every output of a format that is made of exchange lines.
    fn lines(&mut self, format: &Format, bytes: &[u8]) -> io::Result<()> {
        if let Some((out, wanted)) = &mut self.stdout
            && wanted.name == format.name
        {
            out.write_all(bytes)?;
            if out.is_closed() && self.files.is_empty() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        }
        for (name, file, wanted) in &mut self.files {
            if wanted.name == format.name {
                let told = |e: io::Error| io::Error::new(e.kind(), format!("{name}: {e}"));
                file.write_all(bytes).map_err(told)?;
            }
        }
        Ok(())
    }

    /// Writes the report to every output that is made of it.
    fn report(&mut self, report: &Report, rows: &Rows) -> Result<(), Complaint> {
        let write = |format: &Format, look: &Look, out: &mut dyn Write| match format.made {
            Made::Report(make) => make(look).render(report, out),
            Made::Page(make) => make(report, rows, out),
            Made::Lines(_) | Made::Later => Ok(()),
        };
        if let Some((out, format)) = &mut self.stdout {
            write(format, &self.look, out).map_err(|e| written("standard output", &e))?;
        }
        for (name, file, format) in &mut self.files {
            write(format, &Look::default(), file).map_err(|e| written(name, &e))?;
        }
        Ok(())
    }

    /// Writes the partial result.
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Complaint> {
        match &mut self.partial {
            Some((name, out)) => out.write_all(bytes).map_err(|e| written(name, &e)),
            None => Ok(()),
        }
    }

    /// Flushes standard output and puts every file in its place.
    fn commit(self) -> Result<(), Complaint> {
        if let Some((mut out, _)) = self.stdout {
            out.flush().map_err(|e| written("standard output", &e))?;
        }
        if let Some((name, out)) = self.partial {
            out.finish().map_err(|e| written(&name, &e))?;
        }
        for (name, file, _) in self.files {
            file.commit().map_err(|e| written(&name, &e))?;
        }
        Ok(())
    }
}

fn written(name: &str, error: &io::Error) -> Complaint {
    Complaint::new(format!("{name} cannot be written: {error}"))
}

fn complaint(error: &Error) -> Complaint {
    Complaint { message: error.to_string(), hint: error.hint() }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use clap::Parser as _;

    use super::*;
    use crate::cli::args::Cli;
    use crate::cli::plan;
    use crate::desk::Fault;
    use crate::model::{InputRow, SkipRow, Totals};

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let id = std::process::id();
            let folder = std::env::temp_dir().join(format!("authopsy-run-{name}-{id}"));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn path(&self, name: &str) -> String {
            self.0.join(name).display().to_string()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn analysis(report: Report) -> Analysis {
        let (product, rows) = (Product::Report(Box::new(report)), Rows::default());
        Analysis { product, failed: false, faults: Vec::new(), rows }
    }

    /// Runs a command line with `work` in place of the analysis.
    fn ran(
        args: &[&str],
        work: impl FnOnce(&Job, Option<LineSink<'_>>) -> Result<Analysis, Error>,
    ) -> Result<u8, Complaint> {
        let cli = Cli::try_parse_from([&["authopsy"], args].concat()).unwrap();
        let plan = plan::analyze(&cli.analyze)?;
        let terminal = Terminal::default();
        run(&plan, &terminal, &cli.terminal, |job, _, lines| work(job, lines))
    }

    #[test]
    fn every_output_gets_its_format() {
        let folder = Folder::new("formats");
        let [json, text, lines] = ["r.json", "r.txt", "r.jsonl"].map(|name| folder.path(name));
        let args = ["a.har", "-o", &json, "-o", &text, "-o", &lines];
        let code = ran(&args, |_, sink| {
            assert!(sink.is_some());
            Ok(analysis(Report { schema: "authopsy.report/1".into(), ..Report::default() }))
        });
        assert_eq!(code, Ok(SUCCESS));
        assert!(
            fs::read_to_string(json).unwrap().starts_with("{\n  \"schema\": \"authopsy.report/1\"")
        );
        assert!(fs::read_to_string(text).unwrap().starts_with("nothing was read"));
        assert_eq!(fs::read_to_string(lines).unwrap(), "");
    }

    #[test]
    fn a_line_format_is_written_once_for_all_its_outputs() {
        let folder = Folder::new("lines");
        let [one, two, csv] = ["a.jsonl", "b.ndjson", "c.csv"].map(|name| folder.path(name));
        let code = ran(&["a.har", "-o", &one, "-o", &two, "-o", &csv], |_, sink| {
            let sink = sink.unwrap();
            assert_eq!(sink.writers().len(), 2);
            sink.begin()?;
            sink.take(0, b"{}\n")?;
            sink.take(1, b"a,b\r\n")?;
            Ok(analysis(Report::default()))
        });
        assert_eq!(code, Ok(SUCCESS));
        assert_eq!(fs::read_to_string(one).unwrap(), "{}\n");
        assert_eq!(fs::read_to_string(two).unwrap(), "{}\n");
        let csv = fs::read_to_string(csv).unwrap();
        assert!(csv.starts_with("schema,id,") && csv.ends_with(",evidence\r\na,b\r\n"), "{csv}");
    }

    #[test]
    fn a_run_that_fails_leaves_the_old_file() {
        let folder = Folder::new("old");
        let path = folder.path("r.json");
        fs::write(&path, "old").unwrap();
        let result = ran(&["a.har", "-o", &path], |_, _| Err(Error::Nothing));
        assert_eq!(result.unwrap_err().message, "no exchange in any input");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
    }

    #[test]
    fn an_output_that_cannot_be_written_is_known_before_the_work() {
        let result = ran(&["a.har", "-o", "/no/such/folder/r.json"], |_, _| unreachable!());
        assert!(
            result.unwrap_err().message.starts_with("/no/such/folder/r.json cannot be written")
        );
    }

    #[test]
    fn the_exit_code_tells_failures_from_faults() {
        let folder = Folder::new("codes");
        let path = folder.path("r.json");
        let report = || Report {
            totals: Totals { ok: 95, failure: 5, ..Totals::default() },
            ..Report::default()
        };
        let code = |args: &[&str], faults: Vec<Fault>| {
            ran(&[&["a.har", "-o", &path], args].concat(), |job, _| {
                let failed = job.fails(&report().totals, &[]);
                Ok(Analysis { failed, faults, ..analysis(report()) })
            })
        };
        let fault = || vec![Fault { message: "b.har: empty".into(), hint: None }];
        assert_eq!(code(&[], Vec::new()), Ok(SUCCESS));
        assert_eq!(code(&["--fail-on", "any"], Vec::new()), Ok(FAILED));
        assert_eq!(code(&["--fail-on", "5%"], Vec::new()), Ok(FAILED));
        assert_eq!(code(&["--fail-on", "6%,header"], Vec::new()), Ok(SUCCESS));
        assert_eq!(code(&["--fail-on", "any"], fault()), Ok(ERROR));
    }

    #[test]
    fn strict_minds_a_single_skip() {
        let folder = Folder::new("strict");
        let path = folder.path("r.json");
        let skipped = vec![SkipRow { reason: "not json".into(), count: 1, first: Vec::new() }];
        let report = || Report {
            inputs: vec![InputRow { skipped: skipped.clone(), ..InputRow::default() }],
            ..Report::default()
        };
        assert_eq!(ran(&["a", "-o", &path], |_, _| Ok(analysis(report()))), Ok(SUCCESS));
        assert_eq!(ran(&["a", "-o", &path, "--strict"], |_, _| Ok(analysis(report()))), Ok(ERROR));
    }

    #[test]
    fn a_partial_result_goes_to_its_file() {
        let folder = Folder::new("partial");
        let path = folder.path("p");
        let code = ran(&["a.har", "--partial", &path], |job, _| {
            assert!(job.partial);
            Ok(Analysis {
                product: Product::Partial(b"state\n".to_vec()),
                ..analysis(Report::default())
            })
        });
        assert_eq!(code, Ok(SUCCESS));
        assert_eq!(fs::read_to_string(path).unwrap(), "state\n");
    }

    #[test]
    fn a_broken_pipe_is_success() {
        let broken =
            |_: &Job, _: Option<LineSink<'_>>| Err(Error::Io(io::ErrorKind::BrokenPipe.into()));
        assert_eq!(ran(&["a.har", "-f", "jsonl"], broken), Ok(SUCCESS));
    }
}
