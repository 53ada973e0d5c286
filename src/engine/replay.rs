//! The second pass: every exchange again, in order, turned into bytes.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex};

use thiserror::Error;

use super::crew::on_all;
use super::feed::{Opened, Source, Window, lock};
use super::gather::attach;
use super::{InputFacts, Map, MapInput, MapPiece, ReadOptions};
use crate::input::skip::{Repair, SkipReason};
use crate::input::{self, Attached, Attachments, Inputs, Reader, Sink};
use crate::model::{Exchange, Position};

/// Pieces that may wait for the one before them, for each worker.
const WAITING: usize = 3;

/// Why a second pass ended early.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// Standard input cannot be read twice.
    #[error("standard input cannot be read a second time")]
    NotReplayable,
    /// An input is not what it was in the first pass.
    #[error("{source_name} changed while it was being read")]
    Changed {
        /// The input's name.
        source_name: String,
    },
    /// What was made of the exchanges could not be written.
    #[error("output could not be written")]
    Write(#[source] io::Error),
}

/// Reads all exchanges again, in order of source and position, and writes what `make` made of them.
///
/// `map` comes from the first pass over the same inputs. Each worker has its own function; it appends
/// to the bytes it is given. An exchange on which it panics is left out.
///
/// # Errors
///
/// When an input cannot be read twice or has changed since, and when writing fails.
pub fn replay<F>(
    inputs: &Inputs,
    map: &Map,
    options: &ReadOptions,
    make: impl Fn() -> F + Sync,
    write: &mut (dyn Write + Send),
) -> Result<(), ReplayError>
where
    F: FnMut(&Exchange<'_>, &InputFacts, &mut Vec<u8>),
{
    if !inputs.replayable() {
        return Err(ReplayError::NotReplayable);
    }
    let stage = Stage {
        inputs,
        options,
        most: (WAITING * options.workers()) as u64,
        script: Mutex::new(Script {
            map: map.inputs.iter().collect(),
            current: None,
            piece: 0,
            given: 0,
        }),
        output: Mutex::new(Output { next: 0, pending: BTreeMap::new(), write, error: None }),
        written: Condvar::new(),
    };
    on_all(options.workers(), || stage.play(make()));
    let output = stage.output.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    output.error.map_or(Ok(()), Err)
}

struct Stage<'a> {
    inputs: &'a Inputs,
    options: &'a ReadOptions,
    /// Pieces that may be read and not written.
    most: u64,
    script: Mutex<Script<'a>>,
    output: Mutex<Output<'a>>,
    written: Condvar,
}

/// What is still to be read.
struct Script<'a> {
    map: VecDeque<&'a MapInput>,
    current: Option<(&'a MapInput, std::sync::Arc<Opened>)>,
    piece: usize,
    given: u64,
}

/// What is still to be written.
struct Output<'a> {
    next: u64,
    pending: BTreeMap<u64, Vec<u8>>,
    write: &'a mut (dyn Write + Send),
    error: Option<ReplayError>,
}

/// One piece to read.
struct Scene<'a> {
    index: u64,
    opened: std::sync::Arc<Opened>,
    piece: &'a MapPiece,
    /// Its bytes, when they come from a stream.
    bytes: Option<Vec<u8>>,
}

impl<'a> Stage<'a> {
    fn play<F>(&self, mut line: F)
    where
        F: FnMut(&Exchange<'_>, &InputFacts, &mut Vec<u8>),
    {
        let mut window = Window::new(self.options.window_bytes.get());
        loop {
            let scene = match self.next_scene() {
                Ok(Some(scene)) => scene,
                Ok(None) => return,
                Err(error) => return self.fail(error),
            };
            let played = play(&scene, &mut window, &mut line);
            let played = played.map_err(|()| changed(&scene.opened.facts));
            match played {
                Ok(bytes) => self.put(scene.index, bytes),
                Err(error) => return self.fail(error),
            }
        }
    }

    /// Takes the next piece, in order.
    fn next_scene(&self) -> Result<Option<Scene<'a>>, ReplayError> {
        let mut script = lock(&self.script);
        loop {
            if let Some((input, opened)) = &script.current
                && let Some(piece) = input.pieces.get(script.piece)
            {
                let opened = std::sync::Arc::clone(opened);
                let Ok(bytes) = opened.next_bytes(piece.start, piece.end) else {
                    return Err(changed(&opened.facts));
                };
                let index = script.given;
                script.piece += 1;
                script.given += 1;
                drop(script);
                return Ok(self.wait_for(index).then_some(Scene { index, opened, piece, bytes }));
            }
            let Some(next) = script.map.pop_front() else { return Ok(None) };
            script.current = Some((next, std::sync::Arc::new(self.open(next)?)));
            script.piece = 0;
        }
    }

    fn open(&self, input: &MapInput) -> Result<Opened, ReplayError> {
        let gone = || changed(&input.facts);
        let file = self.inputs.files().get(input.file).ok_or_else(gone)?;
        let mut parts = input::open(file).map_err(|_| gone())?;
        if input.part >= parts.len() {
            return Err(gone());
        }
        let part = parts.swap_remove(input.part);
        Opened::prepare(part, file, self.options).map_err(|_| gone())
    }

    /// Waits until so little is unwritten that piece `index` may be read; false after an error.
    fn wait_for(&self, index: u64) -> bool {
        let mut output = lock(&self.output);
        while output.error.is_none() && index >= output.next + self.most {
            output = self.written.wait(output).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        output.error.is_none()
    }

    /// Writes what is next in order.
    fn put(&self, index: u64, bytes: Vec<u8>) {
        let mut output = lock(&self.output);
        output.pending.insert(index, bytes);
        let next = output.next;
        let mut next = next;
        while let Some(bytes) = output.pending.remove(&next) {
            if output.error.is_none()
                && let Err(error) = output.write.write_all(&bytes)
            {
                output.error = Some(ReplayError::Write(error));
            }
            next += 1;
        }
        output.next = next;
        drop(output);
        self.written.notify_all();
    }

    fn fail(&self, error: ReplayError) {
        let mut output = lock(&self.output);
        output.error.get_or_insert(error);
        drop(output);
        lock(&self.script).map.clear();
        lock(&self.script).current = None;
        self.written.notify_all();
    }
}

fn changed(facts: &InputFacts) -> ReplayError {
    ReplayError::Changed { source_name: facts.source.to_string() }
}

/// Turns the exchanges of one piece into bytes.
fn play<F>(scene: &Scene<'_>, window: &mut Window, line: &mut F) -> Result<Vec<u8>, ()>
where
    F: FnMut(&Exchange<'_>, &InputFacts, &mut Vec<u8>),
{
    let MapPiece { start, end, reader, entries, lines } = scene.piece;
    let mut reader: Reader = reader.fresh();
    let mut sink = Lines {
        line,
        out: Vec::new(),
        facts: &scene.opened.facts,
        attachments: scene.opened.attachments.as_deref(),
        entries: *entries,
        numbers: *lines,
    };
    let done = match (&scene.bytes, &scene.opened.source) {
        (Some(bytes), _) => {
            let (done, _) = reader.read(bytes, true, usize::MAX, &mut sink);
            start + done as u64
        }
        (None, Source::Section { section, .. }) => {
            window.drive(section, &mut reader, *start, *end, &mut sink).map_err(drop)?.0
        }
        (None, Source::Stream(_)) => return Err(()),
    };
    if done == *end { Ok(sink.out) } else { Err(()) }
}

/// Appends a line for each exchange.
struct Lines<'a, F> {
    line: &'a mut F,
    out: Vec<u8>,
    facts: &'a InputFacts,
    attachments: Option<&'a Attachments>,
    entries: u64,
    numbers: u64,
}

impl<F> Sink for Lines<'_, F>
where
    F: FnMut(&Exchange<'_>, &InputFacts, &mut Vec<u8>),
{
    fn exchange(&mut self, exchange: &mut Exchange<'_>, attached: &Attached<'_>) {
        attach(exchange, attached, self.attachments);
        let position = &mut exchange.position;
        position.entry = position.entry.map(|entry| entry + self.entries);
        position.line = position.line.map(|line| line + self.numbers);
        let before = self.out.len();
        let out = &mut self.out;
        let made = catch_unwind(AssertUnwindSafe(|| (self.line)(exchange, self.facts, out)));
        if made.is_err() {
            self.out.truncate(before);
        }
    }

    fn skipped(&mut self, _: Position, _: SkipReason) {}

    fn repaired(&mut self, _: Position, _: &[Repair]) {}
}
