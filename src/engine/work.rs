//! The workers: who reads which piece, and the commit in order.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use super::crew::{on_all, within};
use super::feed::{Opened, Piece, Source, Window, lock, prepare};
use super::gather::Gathering;
use super::log::{InputSummary, Log};
use super::{Gatherer, InputFacts, Map, MapInput, MapPiece, Outcome, Progress, ReadOptions};
use crate::input::skip::SkipReason;
use crate::input::{self, InputError, InputFile, Inputs, Mark, Part, Pause, Reader, Sink};
use crate::model::Observer;

/// Pieces of one input that may wait for the one before them, for each worker.
const WAITING: usize = 3;
/// Records of a piece that may make the gatherer panic before the rest of it is given up.
const PANICS: usize = 16;

/// Reads all inputs and merges what the gatherers made of them.
///
/// The result does not depend on the order of inputs, the number of workers or the size of pieces.
/// A gatherer that panics loses the exchange it panicked on, which is counted as skipped.
///
/// Memory: a window for each worker, a few harvests of pieces, and the merged harvest.
pub fn read<G: Gatherer>(
    inputs: &Inputs,
    options: &ReadOptions,
    make: impl Fn() -> G + Sync,
    progress: &dyn Progress,
) -> Outcome<G::Harvest> {
    let stream = if inputs.frames().is_some() { Turn::Free } else { Turn::Over };
    let shop = Shop::<G> {
        inputs,
        options,
        make: &make,
        progress,
        orders: Mutex::new(Orders { next: 0, stream, opening: 0, open: VecDeque::new(), idle: 0 }),
        changed: Condvar::new(),
        done: Mutex::new(Done { harvest: None, inputs: Vec::new(), map: Map::default() }),
    };
    on_all(options.workers(), || Worker::new(&shop).run());
    let done = shop.done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let trouble = inputs.frames().and_then(|frames| lock(frames).trouble());
    let Done { harvest, mut inputs, mut map } = done;
    let mut harvest = harvest.unwrap_or_default();
    within(options.workers(), || G::finish(&mut harvest));
    if let Some(error) = trouble {
        inputs.push(unread(&InputFile::of_stream("-".into(), None), Arc::new(error)));
    }
    let key = |facts: &InputFacts| (Arc::clone(&facts.source), facts.member.clone(), facts.frame);
    inputs.sort_by_cached_key(|summary| key(&summary.facts));
    map.inputs.sort_by_cached_key(|input| key(&input.facts));
    Outcome { harvest, inputs, map }
}

struct Shop<'a, G: Gatherer> {
    inputs: &'a Inputs,
    options: &'a ReadOptions,
    make: &'a (dyn Fn() -> G + Sync),
    progress: &'a dyn Progress,
    orders: Mutex<Orders<G>>,
    /// Signalled whenever a worker that found nothing to do may find something.
    changed: Condvar,
    done: Mutex<Done<G>>,
}

struct Orders<G: Gatherer> {
    /// The next input to open.
    next: usize,
    /// Who may take the next document of the stream.
    stream: Turn,
    /// Workers that are opening one.
    opening: usize,
    /// Inputs with pieces to take.
    open: VecDeque<Arc<Active<G>>>,
    /// Workers that found nothing to do.
    idle: usize,
}

/// Who may take the next document of a stream.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Turn {
    /// Anybody.
    Free,
    /// Nobody before another document is opened or, if it is a long one, read.
    Taken,
    /// Nobody: there is none.
    Over,
}

struct Done<G: Gatherer> {
    harvest: Option<G::Harvest>,
    inputs: Vec<InputSummary>,
    map: Map,
}

/// An input that is being read.
struct Active<G: Gatherer> {
    file: usize,
    part: usize,
    named: bool,
    /// Whether it holds up the documents behind it.
    flows: bool,
    opened: Opened,
    /// Pieces that are taken and not committed.
    waiting: AtomicUsize,
    ledger: Mutex<Ledger<G>>,
}

/// What is committed of one input.
struct Ledger<G: Gatherer> {
    next: u64,
    pending: BTreeMap<u64, Read<G>>,
    /// Everything before is read, and the reader stands there.
    at: u64,
    reader: Reader,
    /// Of all pieces so far, whoever read them: those of a large file are merged once.
    harvest: Option<G::Harvest>,
    ended: bool,
    entries: u64,
    lines: u64,
    /// Captures gone into behind the first record.
    captures: u64,
    truncated: bool,
    log: Log,
    error: Option<InputError>,
    /// Bytes of a stream that a block left over.
    rest: Vec<u8>,
    /// How long `rest` was when it was last read in vain.
    tried: usize,
    pieces: Vec<MapPiece>,
}

/// A piece that was read.
struct Read<G: Gatherer> {
    piece: Piece,
    /// `None` when no record seems to start in it.
    found: Option<Found<G>>,
}

struct Found<G: Gatherer> {
    start: u64,
    /// Where its reader stood at the start.
    from: Mark,
    /// Everything before is read.
    end: u64,
    ended: bool,
    reader: Reader,
    log: Log,
    harvest: G::Harvest,
    error: Option<io::Error>,
}

/// What a worker finds to do.
enum Order<G: Gatherer> {
    Open(usize),
    OpenNext,
    Read(Arc<Active<G>>),
    Leave,
}

struct Worker<'a, G: Gatherer> {
    shop: &'a Shop<'a, G>,
    gatherer: G,
    /// Of the inputs whose last piece was committed here; it is lent to the next one that is opened.
    harvest: Option<G::Harvest>,
    window: Window,
    /// The input this worker opened last: it stays with it as long as there are pieces.
    mine: Option<Arc<Active<G>>>,
}

/// Reads the records of a piece: where it stopped and why.
type Drive<'d> = dyn FnMut(&mut Reader, &mut dyn Sink) -> io::Result<(u64, Pause)> + 'd;

impl<'a, G: Gatherer> Worker<'a, G> {
    fn new(shop: &'a Shop<'a, G>) -> Self {
        Self {
            shop,
            gatherer: (shop.make)(),
            harvest: None,
            window: Window::new(shop.options.window_bytes.get()),
            mine: None,
        }
    }

    fn run(mut self) {
        loop {
            match self.next_order() {
                Order::Open(index) => self.open(index),
                Order::OpenNext => self.open_next(),
                Order::Read(active) => self.take(&active),
                Order::Leave => break,
            }
            // Under the lock: no worker may be between its last look and its sleep.
            let orders = lock(&self.shop.orders);
            if orders.idle > 0 {
                self.shop.changed.notify_all();
            }
            drop(orders);
        }
        if let Some(harvest) = self.harvest {
            join::<G>(&mut lock(&self.shop.done).harvest, harvest);
        }
    }

    fn next_order(&mut self) -> Order<G> {
        let most = WAITING * self.shop.options.workers();
        let may_take = |active: &Arc<Active<G>>| active.waiting.load(Ordering::Acquire) < most;
        let mut orders = lock(&self.shop.orders);
        loop {
            if let Some(mine) = &self.mine {
                if !orders.open.iter().any(|open| Arc::ptr_eq(open, mine)) {
                    self.mine = None;
                } else if may_take(mine) {
                    mine.waiting.fetch_add(1, Ordering::AcqRel);
                    return Order::Read(Arc::clone(mine));
                }
            }
            if orders.next < self.shop.inputs.files().len()
                && orders.open.len() < self.shop.options.workers()
            {
                let index = orders.next;
                orders.next += 1;
                orders.opening += 1;
                return Order::Open(index);
            }
            if orders.stream == Turn::Free && orders.open.len() < self.shop.options.workers() {
                orders.stream = Turn::Taken;
                orders.opening += 1;
                return Order::OpenNext;
            }
            if let Some(active) = orders.open.iter().find(|active| may_take(active)) {
                active.waiting.fetch_add(1, Ordering::AcqRel);
                return Order::Read(Arc::clone(active));
            }
            let nothing_left =
                orders.next >= self.shop.inputs.files().len() && orders.stream == Turn::Over;
            if nothing_left && orders.opening == 0 && orders.open.is_empty() {
                return Order::Leave;
            }
            orders.idle += 1;
            orders =
                self.shop.changed.wait(orders).unwrap_or_else(std::sync::PoisonError::into_inner);
            orders.idle -= 1;
        }
    }

    /// Opens an input and puts its parts up to be read.
    fn open(&mut self, index: usize) {
        let mut opened = Vec::new();
        if let Some(file) = self.shop.inputs.files().get(index) {
            let parts = match file.error.clone() {
                Some(error) => Err(error),
                None => input::open(file).map_err(Arc::new),
            };
            opened = self.look_at(file, index, parts, false);
        }
        self.mine = opened.first().cloned();
        let mut orders = lock(&self.shop.orders);
        orders.opening -= 1;
        orders.open.extend(opened);
    }

    /// Opens the next document of the stream and puts its parts up to be read.
    fn open_next(&mut self) {
        let mut opened = Vec::new();
        let most_held = self.shop.options.frame_bytes;
        let next = self.shop.inputs.frames().and_then(|frames| lock(frames).next(most_held));
        let turn = match next {
            None => Turn::Over,
            Some(frame) => {
                let file = InputFile::of_stream(frame.name, Some(frame.number));
                let parts = input::parts(frame.content).map_err(Arc::new);
                opened = self.look_at(&file, 0, parts, frame.flows);
                if frame.flows && !opened.is_empty() { Turn::Taken } else { Turn::Free }
            }
        };
        self.mine = opened.first().cloned();
        let mut orders = lock(&self.shop.orders);
        orders.stream = turn;
        orders.opening -= 1;
        orders.open.extend(opened);
    }

    /// Looks at the parts of an input; what cannot be read is noted.
    fn look_at(
        &mut self,
        file: &InputFile,
        index: usize,
        parts: Result<Vec<Part>, Arc<InputError>>,
        flows: bool,
    ) -> Vec<Arc<Active<G>>> {
        let prepared =
            parts.and_then(|parts| prepare(file, parts, self.shop.options).map_err(Arc::new));
        match prepared {
            Ok(parts) => parts
                .into_iter()
                .map(|(part, one)| {
                    if let Some(length) = one.length() {
                        self.shop.progress.ahead(length);
                    }
                    // It goes on where the last one ended: there are never more than workers.
                    let harvest = self.harvest.take();
                    Arc::new(Active::new(index, part, file.named, flows, one, harvest))
                })
                .collect(),
            Err(error) => {
                lock(&self.shop.done).inputs.push(unread(file, error));
                Vec::new()
            }
        }
    }

    /// Takes a piece of an input, reads and commits it.
    fn take(&mut self, active: &Arc<Active<G>>) {
        let Some(piece) = active.opened.take() else {
            self.close(active);
            active.waiting.fetch_sub(1, Ordering::AcqRel);
            return;
        };
        if piece.is_last() {
            self.close(active);
        }
        let guess = {
            let ledger = lock(&active.ledger);
            (!ledger.ended)
                .then(|| (active.opened.first.guess(&ledger.reader), self.begin(&ledger)))
        };
        let found = guess.and_then(|(reader, part)| self.read(active, &reader, &piece, part));
        let mut ledger = lock(&active.ledger);
        ledger.pending.insert(piece.index(), Read { piece, found });
        self.commit(active, &mut ledger);
    }

    /// Takes an input off the list: all its pieces are taken.
    fn close(&mut self, active: &Arc<Active<G>>) {
        let mut orders = lock(&self.shop.orders);
        let before = orders.open.len();
        orders.open.retain(|open| !Arc::ptr_eq(open, active));
        // Whoever comes later may find the next document in other hands; an archive has several parts.
        let flowing = orders.open.iter().any(|open| open.flows);
        if active.flows && orders.open.len() < before && !flowing {
            orders.stream = Turn::Free;
        }
    }

    /// Starts the harvest of a piece.
    fn begin(&self, ledger: &Ledger<G>) -> G::Harvest {
        let so_far = ledger.harvest.as_ref().or(self.harvest.as_ref());
        self.gatherer.begin(so_far)
    }

    /// Reads a piece from where its first record seems to start, as `reader` seems to stand there.
    fn read(
        &mut self,
        active: &Active<G>,
        reader: &Reader,
        piece: &Piece,
        part: G::Harvest,
    ) -> Option<Found<G>> {
        let opened = &active.opened;
        match (piece, &opened.source) {
            (Piece::Range { index, from, to }, Source::Section { section, .. }) => {
                let start = if *index == 0 {
                    Ok(Some(*from))
                } else {
                    self.window.seam(section, reader, *from, *to)
                };
                match start {
                    Ok(start) => Some(self.gather_range(active, reader, start?, *to, part)),
                    Err(error) => Some(Found::failed(*from, reader, error)),
                }
            }
            (Piece::Block { at, bytes, guessed: true, last, .. }, _) => {
                Some(self.gather_block(active, reader, *at, (bytes, *last), part))
            }
            _ => None,
        }
    }

    /// Gathers the records of a file that start between two offsets.
    fn gather_range(
        &mut self,
        active: &Active<G>,
        reader: &Reader,
        start: u64,
        to: u64,
        part: G::Harvest,
    ) -> Found<G> {
        let Source::Section { section, .. } = &active.opened.source else {
            return Found::failed(start, reader, io::ErrorKind::Unsupported.into());
        };
        let mut window = std::mem::replace(&mut self.window, Window::new(0));
        let found = self.gather(active, reader, start, part, &mut |reader, sink| {
            window.drive(section, reader, start, to, sink)
        });
        self.window = window;
        found
    }

    /// Gathers the records of a block.
    fn gather_block(
        &mut self,
        active: &Active<G>,
        reader: &Reader,
        start: u64,
        (bytes, last): (&[u8], bool),
        part: G::Harvest,
    ) -> Found<G> {
        self.gather(active, reader, start, part, &mut |reader, sink| {
            let (done, pause) = reader.read(bytes, last, usize::MAX, sink);
            Ok((start + done as u64, pause))
        })
    }

    /// Gathers what `drive` reads; a record on which the gatherer panics is left out.
    fn gather(
        &mut self,
        active: &Active<G>,
        reader: &Reader,
        start: u64,
        part: G::Harvest,
        drive: &mut Drive<'_>,
    ) -> Found<G> {
        let (from, mut avoid) = (reader.mark(), Vec::new());
        let mut harvest = part;
        loop {
            let mut reader = reader.fresh();
            let mut sink = Gathering {
                gatherer: &mut self.gatherer,
                harvest,
                log: Log::default(),
                facts: &active.opened.facts,
                attachments: active.opened.attachments.as_deref(),
                met: 0,
                avoid: &avoid,
            };
            let result = catch_unwind(AssertUnwindSafe(|| drive(&mut reader, &mut sink)));
            let met = sink.met;
            match result {
                Ok(Ok((end, pause))) => {
                    let Gathering { mut harvest, log, .. } = sink;
                    self.gatherer.close(Some(&mut harvest), &active.opened.facts);
                    let ended = pause == Pause::End;
                    let error = None;
                    return Found { start, from, end, ended, reader, log, harvest, error };
                }
                Ok(Err(error)) => {
                    self.gatherer.close(None, &active.opened.facts);
                    return Found::failed(start, &reader, error);
                }
                Err(_) => {
                    avoid.push(if avoid.len() < PANICS { met } else { Gathering::<G>::ALL });
                    self.gatherer = (self.shop.make)();
                    harvest = G::Harvest::default();
                }
            }
        }
    }

    /// Commits all pieces whose turn it is.
    fn commit(&mut self, active: &Arc<Active<G>>, ledger: &mut Ledger<G>) {
        let mut is_over = false;
        while let Some(read) = ledger.take_next() {
            let last = read.piece.is_last();
            self.settle(active, ledger, read);
            active.waiting.fetch_sub(1, Ordering::AcqRel);
            is_over |= last;
        }
        if is_over {
            let (summary, map) = active.finish(ledger);
            if let Some(harvest) = ledger.harvest.take() {
                join::<G>(&mut self.harvest, harvest);
            }
            let mut done = lock(&self.shop.done);
            done.inputs.push(summary);
            if self.shop.options.again {
                done.map.inputs.push(map);
            }
        }
    }

    /// Takes a piece's records if it starts where the one before ended; else reads it again.
    fn settle(&mut self, active: &Active<G>, ledger: &mut Ledger<G>, read: Read<G>) {
        let before = ledger.at;
        let fits = |found: &Found<G>| {
            found.start == ledger.at && ledger.rest.is_empty() && found.from == ledger.reader.mark()
        };
        let found = read.found.filter(fits);
        match read.piece {
            _ if ledger.ended => {}
            Piece::Range { to, .. } => {
                let again = |worker: &mut Self, ledger: &Ledger<G>| {
                    let part = worker.begin(ledger);
                    worker.gather_range(active, &ledger.reader, ledger.at, to, part)
                };
                match found {
                    Some(found) => Self::accept(ledger, found),
                    None if ledger.at >= to => {}
                    None => {
                        let found = again(self, ledger);
                        Self::accept(ledger, found);
                    }
                }
            }
            Piece::Block { bytes, last, .. } => {
                if let Some(found) = found {
                    let done = usize::try_from(found.end - ledger.at).unwrap_or(usize::MAX);
                    Self::accept(ledger, found);
                    ledger.rest.extend_from_slice(bytes.get(done..).unwrap_or_default());
                    ledger.tried = ledger.rest.len();
                } else {
                    ledger.rest.extend_from_slice(&bytes);
                    // A record longer than many blocks is tried each time they doubled.
                    if last || ledger.rest.len() >= 2 * ledger.tried {
                        let rest = std::mem::take(&mut ledger.rest);
                        let (reader, part) = (&ledger.reader, self.begin(ledger));
                        let found =
                            self.gather_block(active, reader, ledger.at, (&rest, last), part);
                        let done = usize::try_from(found.end - ledger.at).unwrap_or(usize::MAX);
                        Self::accept(ledger, found);
                        ledger.rest = rest.get(done..).unwrap_or_default().to_vec();
                        ledger.tried = ledger.rest.len();
                    }
                }
                active.opened.give_back(bytes);
            }
        }
        self.shop.progress.done(ledger.at - before);
    }

    fn accept(ledger: &mut Ledger<G>, found: Found<G>) {
        let Found { start, end, ended, reader, log, mut harvest, error, .. } = found;
        let (entries, lines) = (ledger.entries, ledger.lines);
        if entries | lines != 0 {
            G::rebase(&mut harvest, entries, lines);
        }
        add::<G>(&mut ledger.harvest, harvest);
        ledger.log.absorb(log, entries, lines);
        let before = std::mem::replace(&mut ledger.reader, reader.fresh());
        if end > start {
            ledger.pieces.push(MapPiece { start, end, reader: before, entries, lines });
        }
        ledger.entries += reader.entries();
        ledger.lines += reader.lines_met();
        ledger.captures += reader.captures();
        ledger.truncated |= reader.truncated();
        ledger.at = end;
        if let Some(source) = error {
            ledger.error = Some(InputError::of_io(source, end));
            ledger.ended = true;
        }
        ledger.ended |= ended;
    }
}

/// Merges what was merged already; of thousands of inputs each is lent what those before it came to, and gives
/// it back.
fn join<G: Gatherer>(so_far: &mut Option<G::Harvest>, merged: G::Harvest) {
    match so_far {
        Some(so_far) => G::merge(so_far, merged),
        None => *so_far = Some(merged),
    }
}

/// Merges a harvest into what there is, the first one too: it may hold what only merging adds up.
fn add<G: Gatherer>(so_far: &mut Option<G::Harvest>, harvest: G::Harvest) {
    G::merge(so_far.get_or_insert_default(), harvest);
}

impl<G: Gatherer> Found<G> {
    fn failed(start: u64, reader: &Reader, error: io::Error) -> Self {
        Self {
            start,
            from: reader.mark(),
            end: start,
            ended: true,
            reader: reader.fresh(),
            log: Log::default(),
            harvest: G::Harvest::default(),
            error: Some(error),
        }
    }
}

impl<G: Gatherer> Ledger<G> {
    fn take_next(&mut self) -> Option<Read<G>> {
        let read = self.pending.remove(&self.next)?;
        self.next += 1;
        Some(read)
    }
}

impl<G: Gatherer> Active<G> {
    fn new(
        file: usize,
        part: usize,
        named: bool,
        flows: bool,
        opened: Opened,
        harvest: Option<G::Harvest>,
    ) -> Self {
        let ledger = Ledger {
            next: 0,
            pending: BTreeMap::new(),
            at: opened.start,
            reader: opened.first.fresh(),
            harvest,
            ended: false,
            entries: 0,
            lines: 0,
            captures: 0,
            truncated: false,
            log: Log::default(),
            error: None,
            rest: Vec::new(),
            tried: 0,
            pieces: Vec::new(),
        };
        let ledger = Mutex::new(ledger);
        Self { file, part, named, flows, opened, waiting: AtomicUsize::new(0), ledger }
    }

    fn finish(&self, ledger: &mut Ledger<G>) -> (InputSummary, MapInput) {
        let facts = &self.facts(ledger);
        let log = std::mem::take(&mut ledger.log);
        let trouble = self.opened.trouble();
        let truncated = ledger.truncated || trouble.damaged;
        let mut error = ledger.error.take().or(trouble.error);
        let noted = |reason| log.skipped.get(&reason).map_or(0, |noted| noted.count);
        if error.is_none() && log.exchanges == 0 {
            error = Some(match (truncated, &*facts.format) {
                (true, _) => InputError::Truncated { byte: ledger.at },
                (false, "har") if log.skipped.is_empty() => InputError::NoEntries,
                (false, "text")
                    if noted(SkipReason::Notice) > noted(SkipReason::NotThisFormat).max(1) =>
                {
                    let (count, what) =
                        (noted(SkipReason::Notice), "messages of known log writers");
                    InputError::NoRequest { count, what, json: false }
                }
                (false, "text") => InputError::Text,
                (false, "jsonl") if noted(SkipReason::NoExchange) > 1 => {
                    let (count, what) = (noted(SkipReason::NoExchange), "JSON records");
                    InputError::NoRequest { count, what, json: true }
                }
                _ => InputError::NoExchange,
            });
        }
        let summary = InputSummary {
            facts: Arc::clone(facts),
            exchanges: log.exchanges,
            formats: log.formats,
            wrappings: log.wrappings,
            years_assumed: log.years_assumed,
            passed: log.passed,
            fields: ledger.reader.fields(),
            bytes: ledger.at,
            truncated,
            skipped: log.skipped,
            repaired: log.repaired,
            error: error.map(Arc::new),
            named: self.named,
        };
        let pieces = std::mem::take(&mut ledger.pieces);
        let map = MapInput { file: self.file, part: self.part, facts: Arc::clone(facts), pieces };
        (summary, map)
    }

    /// Returns what is known of the input at its end: a capture may name its maker behind its entries.
    fn facts(&self, ledger: &Ledger<G>) -> Arc<InputFacts> {
        let facts = &self.opened.facts;
        match ledger.reader.maker() {
            // Of many captures the first one gives the name.
            Some((creator, observer))
                if ledger.captures == 0 && facts.creator.as_deref() != Some(creator) =>
            {
                let creator = Some(creator.to_owned());
                Arc::new(InputFacts { creator, observer, ..InputFacts::clone(facts) })
            }
            _ => Arc::clone(facts),
        }
    }
}

fn unread(file: &InputFile, error: Arc<InputError>) -> InputSummary {
    let facts = InputFacts {
        source: Arc::clone(&file.source),
        member: None,
        format: "unknown".into(),
        creator: None,
        observer: Observer::default(),
        frame: file.frame,
    };
    InputSummary {
        facts: Arc::new(facts),
        exchanges: 0,
        formats: BTreeMap::new(),
        wrappings: BTreeMap::new(),
        years_assumed: 0,
        passed: 0,
        fields: Vec::new(),
        bytes: 0,
        truncated: matches!(*error, InputError::Truncated { .. }),
        skipped: BTreeMap::new(),
        repaired: BTreeMap::new(),
        error: Some(error),
        named: file.named,
    }
}
