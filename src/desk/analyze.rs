//! The main job: captures and logs in, a report or its mergeable state out.

use std::io::{self, Write};
use std::mem;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use super::lines::{self, Lines, Nowhere};
use super::partial::{self, Shape};
use super::{Error, Job, Progress, Reading, Sort};
use crate::causes::{Case, judge};
use crate::engine::{
    self, Catalogue, Collector, InputFacts, InputSummary, Memory, Naming, ReadOptions, Verifier,
};
use crate::input::jsonl::Mapping;
use crate::input::{Choice, InputError, Inputs};
use crate::model::{Exchange, KeyRow, Line, Position, Record, Report, Rows, SkipRow};
use crate::report::{self, ReportOptions};
use crate::tally::{Input, Tally};
use crate::world::{Given, Part, Veils, Views, World, enrich};

/// Where exchange lines go; a plain writer gets JSON Lines.
pub type LineSink<'a> = &'a mut dyn Lines;

/// What a run came to.
#[derive(Debug)]
pub struct Analysis {
    /// The result.
    pub product: Product,
    /// Whether a condition of [`Job::fail_on`] holds, judged before lists were cut.
    pub failed: bool,
    /// What makes the exit code 2 although there is a result.
    pub faults: Vec<Fault>,
    /// Some of the refused exchanges; empty unless [`Job::rows`] asks for them, and from partial results,
    /// which hold none.
    pub rows: Rows,
}

/// A report, or what can be merged into one.
#[derive(Debug)]
pub enum Product {
    /// The report.
    Report(Box<Report>),
    /// One line of a partial result, line end included.
    Partial(Vec<u8>),
}

/// A named input that could not be read, is empty or holds no exchange.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// The input and what is wrong with it.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Reads `job.inputs` and finds out why requests failed to authenticate.
///
/// With `lines`, the exchanges that the selection admits are handed over one by one, in a second pass;
/// with [`Job::rows`], the same pass keeps some of the refused ones.
///
/// # Errors
/// [`Error::Nothing`] when no input holds an exchange (the empty partial is no error), [`Error::Io`] when
/// `lines` fails. An input that cannot be read is a [`Fault`], not an error.
pub fn run(
    job: &Job,
    progress: &dyn Progress,
    lines: Option<LineSink<'_>>,
) -> Result<Analysis, Error> {
    run_with_leftovers(job, progress, lines, None)
}

fn no_capture(job: &Job) -> Error {
    let message = format!("no capture in {}", job.inputs.join(", "));
    let hint = Some("`authopsy formats` lists what can be read".to_owned());
    Error::Refused { message, hint }
}

/// Does what [`run`] does, and writes the lines that no format took to `leftovers`: masked, with their
/// place, `source:line: reason: text`.
///
/// # Errors
/// Those of [`run`], and of `leftovers`, which are written also where no input holds an exchange.
pub fn run_with_leftovers(
    job: &Job,
    progress: &dyn Progress,
    lines: Option<LineSink<'_>>,
    leftovers: Option<&mut dyn Write>,
) -> Result<Analysis, Error> {
    super::persons::settle(&job.persons)?;
    let catalogue = more_dialects(job)?.unwrap_or_else(Catalogue::of_run);
    let verifier = &Verifier::new(super::keys::read(&job.keys)?);
    let inputs =
        if job.reading.framed { Inputs::framed(io::stdin()) } else { Inputs::find(&job.inputs) };
    let again = lines.is_some() || job.rows;
    let options = ReadOptions { again, ..read_options(job)? };
    let keep = again && !inputs.replayable();
    let memory = Collector::memory(job.limits);
    let make = |keep| collector(job, (&catalogue, verifier), keep, &memory);
    let keep_leftovers = leftovers.is_some();
    let outcome = engine::read(
        &inputs,
        &options,
        || make(keep).with_leftovers(keep_leftovers),
        &Watch(progress),
    );
    progress.done();
    let workers = options.workers();
    let remembered = rest((memory, catalogue), again, workers, progress);

    let mut harvest = outcome.harvest;
    if let Some(out) = leftovers {
        mem::take(&mut harvest.leftovers).write(out)?;
    }
    let faults = note_inputs(&mut harvest.tally, &outcome.inputs, job);
    if job.partial {
        engine::within(workers, || Veils::draw(&mut harvest.tally));
        let shape = Shape::of(job, verifier.given());
        let product = Product::Partial(partial::write(&harvest.tally, Some(&shape))?);
        let_go(job, harvest.tally);
        return Ok(Analysis { product, failed: false, faults, rows: Rows::default() });
    }
    if harvest.tally.exchanges == 0 {
        return Err(if faults.is_empty() { no_capture(job) } else { nothing(&faults) });
    }
    let keys = super::keys::rows(verifier.given());
    let views = engine::within(workers, || joined(job, &mut harvest.tally));
    verifier.settle(|mark, verdict| harvest.tally.note_verdict(mark, verdict));
    let learn = || World::learn(&harvest.tally, given(job, &keys));
    let world = engine::within(workers, learn).with_views(views);
    let selection = job.selection.clone().resolved(harvest.tally.timeline.last());
    let rows = Mutex::new(Rows::default());
    if let Some((memory, catalogue)) = &remembered {
        let make = |keep| collector(job, (catalogue, verifier), keep, memory);
        let wanted = lines.is_some();
        let mut nowhere = Nowhere;
        let sink = lines.unwrap_or(&mut nowhere);
        let writers = sink.writers();
        let judge_line = |record: &Record, out: &mut Vec<u8>| -> io::Result<()> {
            let Some(line) = judged_line(record, &world, &selection) else { return Ok(()) };
            lines::pack(&line, &writers, out)?;
            if job.rows {
                rows.lock().unwrap_or_else(PoisonError::into_inner).offer(line);
            }
            Ok(())
        };
        sink.begin()?;
        let mut buffer = Vec::new();
        let mut hand = |record: &Record| {
            buffer.clear();
            judge_line(record, &mut buffer)?;
            lines::unpack(&buffer, sink)
        };
        if job.shaping.sort == Sort::Time && wanted {
            let mut kept = mem::take(&mut harvest.records);
            if !keep {
                kept = engine::read(&inputs, &options, || make(true), &()).harvest.records;
            }
            let mut records = kept.into_records()?;
            by_time(&mut records);
            records.iter().try_for_each(hand)?;
        } else if keep {
            mem::take(&mut harvest.records).each(|record| hand(&record))?;
        } else {
            let make_line = || {
                let mut collector = make(false);
                move |exchange: &Exchange<'_>, input: &InputFacts, out: &mut Vec<u8>| {
                    let record = collector.record(exchange, input);
                    // Writing to memory never fails.
                    let _ = judge_line(&record, out);
                }
            };
            hand_over(sink, |write| {
                engine::replay(&inputs, &outcome.map, &options, make_line, write)
            })?;
        }
    }
    let (mut report, failed) = engine::within(workers, || finish(job, &world));
    report.keys = keys;
    let rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
    let_go(job, world);
    let_go(job, harvest.tally);
    Ok(Analysis { product: Product::Report(Box::new(report)), failed, faults, rows })
}

/// Makes the collector of one worker.
fn collector<'c>(
    job: &Job,
    (catalogue, verifier): (&'c Catalogue, &'c Verifier),
    keep: bool,
    memory: &Arc<Memory>,
) -> Collector<'c> {
    Collector::new(catalogue, verifier, naming(job), job.reading.zone.clone(), keep)
        .sharing(memory)
        .within(job.limits)
}

/// What reading goes by: what values hold, and what is known of speakers.
type Remembered = (Arc<Memory>, Catalogue);

/// Forgets what reading remembered, unless it is done again, and has each worker give back what it has free.
fn rest(
    (memory, catalogue): Remembered,
    again: bool,
    workers: usize,
    progress: &dyn Progress,
) -> Option<Remembered> {
    let kept = if again {
        Some((memory, catalogue))
    } else {
        // Raw credentials are wiped, and their room is free for what the report needs.
        engine::within(workers, || Arc::into_inner(memory).map(Memory::forget));
        drop(catalogue);
        None
    };
    engine::on_each(workers, || progress.rest());
    kept
}

/// Gives back what was gathered, or leaves it to the system where the process ends with the run: to free
/// the tally of a gigabyte takes as long as to make the report of it.
///
/// Only for what may be left in memory: a tally, and all that is made of it, holds no raw credential (all
/// of it can be written to a file, which a `Secret` cannot).
pub(super) fn let_go<T: Send + Sync>(job: &Job, gathered: T) {
    if job.ends {
        mem::forget(gathered);
    }
}

/// Makes the report of a world and tells whether a condition of `fail_on` holds.
pub(super) fn finish(job: &Job, world: &World<'_>) -> (Report, bool) {
    let options = ReportOptions {
        title: job.shaping.title.clone(),
        top: job.shaping.top,
        #[expect(clippy::cast_possible_truncation, reason = "one of ten widths below a day")]
        bucket: job.shaping.bucket.map(|s| (s * 1e9) as i64),
        selection: job.selection.clone().resolved(world.tally().timeline.last()),
        group_by: job.shaping.group_by.clone(),
        ends: job.ends,
        ..ReportOptions::default()
    };
    let mut report = report::finish(world, &options);
    let failed = job.fails(&report.totals, &report.causes);
    report::cut(&mut report, job.shaping.top);
    (report, failed)
}

/// Hides what only all exchanges together show to be a secret, and counts each exchange once that several
/// inputs hold, unless the job says not to. In the pool of the caller.
pub(super) fn joined(job: &Job, tally: &mut Tally) -> Views {
    tally.settle();
    Veils::draw(tally);
    if job.no_join { Views::default() } else { Views::join(tally) }
}

/// Returns what the user says that hosts accept.
pub(super) fn given(job: &Job, keys: &[KeyRow]) -> Given {
    let expected = &job.expected;
    Given {
        issuers: expected.issuers.clone(),
        audiences: expected.audiences.clone(),
        algorithms: expected.algorithms.clone(),
        claims: expected.required_claims.clone(),
        leeway: expected.leeway,
        keys: keys.iter().map(|key| key.thumbprint.is_some()).collect(),
    }
}

/// Judges one exchange; `None` for those that the selection does not admit, and for views of another.
fn judged_line(record: &Record, world: &World<'_>, selection: &report::Selection) -> Option<Line> {
    let (seen, enriched) = match world.views().part_of(record) {
        Part::View => return None,
        Part::Alone => (Vec::new(), None),
        Part::Main(seen) => {
            let enriched = enrich(record, &seen, |mark| world.token(mark));
            (seen, Some(enriched))
        }
    };
    let record = enriched.as_ref().unwrap_or(record);
    let veiled = world.veils().over(record);
    let record = veiled.as_ref().unwrap_or(record);
    let facts = &record.facts;
    let at = record.origin.time.map(|t| t.at);
    if !selection.admits_place(&facts.endpoint)
        || !selection.admits_status(facts.status)
        || !selection.admits_time(at, None)
    {
        return None;
    }
    let judgement = judge(&Case::of(facts, at, world));
    let cause = judgement.root.as_ref().map(|f| &f.cause);
    let admitted = selection.admits_class(judgement.class) && selection.admits_cause(cause);
    admitted.then(|| report::line(record, &judgement, &seen))
}

/// Runs a second pass on a thread of its own and writes what it makes on this one: a terminal's
/// output belongs to the thread that opened it.
fn hand_over(
    sink: LineSink<'_>,
    replay: impl FnOnce(&mut (dyn Write + Send)) -> Result<(), engine::ReplayError> + Send,
) -> Result<(), Error> {
    let (send, receive) = mpsc::sync_channel(BLOCKS_AHEAD);
    thread::scope(|scope| {
        let pass = scope.spawn(move || replay(&mut Blocks(send)));
        let written = receive.iter().try_for_each(|block: Vec<u8>| lines::unpack(&block, sink));
        drop(receive);
        let passed = pass.join();
        written?;
        match passed {
            Ok(Err(engine::ReplayError::Write(error))) => Err(Error::Io(error)),
            Ok(Err(other)) => Err(Error::Refused { message: other.to_string(), hint: None }),
            Ok(Ok(())) => Ok(()),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Bytes that a worker reads at a time where memory is limited: what it gathers of them, and of those that
/// wait to be merged, must be little.
const PIECE: usize = 4 << 20;

/// Blocks of lines that may wait to be written.
const BLOCKS_AHEAD: usize = 4;

/// Sends what is written, a piece of packed lines at a time, to another thread.
struct Blocks(mpsc::SyncSender<Vec<u8>>);

impl Write for Blocks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.send(bytes.to_vec());
        sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sorts by time (unknown ones last), then source and position.
fn by_time(records: &mut [Record]) {
    records.sort_by_cached_key(|record| {
        let origin = &record.origin;
        let at = origin.time.map(|t| t.at);
        (at.is_none(), at, Arc::clone(&origin.source), origin.member.clone(), origin.position)
    });
}

/// Reads `--dialects`; `None` where it was not given.
fn more_dialects(job: &Job) -> Result<Option<Catalogue>, Error> {
    let refuse = |message, hint| Err(Error::Refused { message, hint });
    let [path] = job.reading.dialects.as_slice() else {
        if job.reading.dialects.is_empty() {
            return Ok(None);
        }
        let hint = Some("put the entries in one file".to_owned());
        return refuse("--dialects was given more than once".to_owned(), hint);
    };
    let name = path.display();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) => return refuse(format!("{name}: {e}"), None),
    };
    match Catalogue::with_file(&text) {
        Ok(catalogue) => Ok(Some(catalogue)),
        Err(e) => refuse(format!("{name}: {e}"), None),
    }
}

/// Puts what reading told of all inputs into the tally; returns what was wrong with them.
fn note_inputs(tally: &mut Tally, inputs: &[InputSummary], job: &Job) -> Vec<Fault> {
    let mut faults = Vec::new();
    for summary in inputs {
        let piped = *summary.facts.source == *"-" && job.partial;
        match summary.error.as_deref() {
            // Empty standard input is the empty partial: nothing is added to what it is merged with.
            Some(InputError::Empty) if piped => continue,
            // A piece of a log may be of lines that are no requests.
            Some(error) if piped && error.is_for_want_of_exchanges() => {}
            _ => faults.extend(fault(summary)),
        }
        note_input(tally, summary, job);
    }
    faults
}

/// Puts what reading told of an input into the tally.
fn note_input(tally: &mut Tally, summary: &InputSummary, job: &Job) {
    let naming = naming(job);
    let name =
        naming.as_ref().map_or_else(|| Arc::clone(&summary.facts.source), |n| Arc::clone(&n.name));
    let rows = |noted: Vec<(String, &engine::Noted)>| {
        noted
            .into_iter()
            .map(|(reason, noted)| {
                let place = |p: &Position| naming.as_ref().map_or(*p, |n| n.place(*p));
                let first = noted.first.iter().map(place).collect();
                (reason.clone(), SkipRow { reason, count: noted.count, first })
            })
            .collect()
    };
    let read = Input {
        format: Some(summary.facts.format.to_string()).filter(|f| !f.is_empty()),
        formats: summary.formats.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect(),
        creator: summary.facts.creator.clone(),
        observer: summary.facts.observer,
        exchanges: summary.exchanges,
        bytes: summary.bytes,
        truncated: summary.truncated,
        named: summary.named,
        year_assumed: summary.years_assumed,
        skipped: rows(summary.skipped.iter().map(|(r, n)| (r.to_string(), n)).collect()),
        repaired: rows(summary.repaired.iter().map(|(r, n)| (r.to_string(), n)).collect()),
        error: summary.error.as_ref().map(ToString::to_string),
        ..Input::default()
    };
    tally.note(name, read);
}

fn fault(summary: &InputSummary) -> Option<Fault> {
    if !summary.named || (summary.error.is_none() && summary.exchanges > 0) {
        return None;
    }
    let name = name_of(summary);
    let (words, hint) = match &summary.error {
        Some(error) => (error.to_string(), error.hint()),
        None => ("no exchange in it".to_owned(), None),
    };
    Some(Fault { message: format!("{name}: {words}"), hint })
}

/// Names an input as messages do.
pub(super) fn name_of(summary: &InputSummary) -> String {
    let name = match &*summary.facts.source {
        "-" => "standard input",
        path => path,
    };
    summary.facts.member.as_ref().map_or_else(|| name.to_owned(), |m| format!("{name}:{m}"))
}

pub(super) fn mapping(job: &Job) -> Result<Mapping, Error> {
    let pairs: Vec<(&str, &str)> =
        job.reading.map.iter().map(|(part, path)| (part.as_str(), path.as_str())).collect();
    Mapping::given(&pairs).map_err(|part| Error::Refused {
        message: format!("--map {part}: no such field"),
        hint: Some("fields are time, method, path, url, host, status and the like".into()),
    })
}

pub(super) fn read_options(job: &Job) -> Result<ReadOptions, Error> {
    let (mapping, choice) = (mapping(job)?, choice(job)?);
    let Reading { year, now, .. } = job.reading;
    let piece_bytes = job.limits.bytes().and(NonZeroUsize::new(PIECE));
    let jobs = job.threads;
    Ok(ReadOptions { mapping, choice, year, now, jobs, piece_bytes, ..ReadOptions::default() })
}

fn choice(job: &Job) -> Result<Choice, Error> {
    let given = job.reading.input_format.as_deref();
    given.map_or(Ok(Choice::default()), Choice::parse).map_err(|e| Error::Refused {
        message: format!("--input-format: {e}"),
        hint: Some(e.hint()),
    })
}

fn naming(job: &Job) -> Option<Naming> {
    let given = job.reading.source.as_ref()?;
    Some(Naming { name: Arc::from(given.name.as_str()), first_line: given.first_line })
}

/// Makes one error of all faults, for a run that read nothing.
fn nothing(faults: &[Fault]) -> Error {
    let message = faults.iter().map(|f| f.message.as_str()).collect::<Vec<_>>().join("\n");
    let hint = faults.iter().find_map(|f| f.hint.clone());
    Error::Refused { message, hint }
}

/// Passes the engine's progress on.
struct Watch<'a>(&'a dyn Progress);

impl engine::Progress for Watch<'_> {
    fn ahead(&self, bytes: u64) {
        self.0.total(bytes);
    }

    fn done(&self, bytes: u64) {
        self.0.advance(bytes);
    }
}
