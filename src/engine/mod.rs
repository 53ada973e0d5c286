//! Inputs to one value, on all cores: the only place with threads and files.
//!
//! An input is cut into pieces, each read by whichever worker is free. Where a piece starts is a
//! guess; pieces are committed in order, and one that does not start where the piece before it ended
//! is read again from there. So no result depends on how an input was cut or on who read it.

mod again;
mod collect;
mod crew;
mod feed;
mod gather;
mod kept;
mod lately;
mod leftovers;
mod log;
mod plain;
mod replay;
mod spool;
mod work;

use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};

pub use crate::evidence::{Catalogue, DialectError, Memory};
pub use crate::token::{KeyError, Keyring, Verifier, is_plain_name};
pub use collect::{Collector, Harvest, Naming};
pub use kept::Kept;
pub use leftovers::{Left, Leftovers};
pub use log::{InputSummary, Noted};
pub use replay::{ReplayError, replay};

pub use crew::{on_each, within};
pub use work::read;

use crate::input::jsonl::Mapping;
use crate::input::{Calendar, Choice, InputFile, Reader};
use crate::model::{AccessLine, At, Exchange, Observer, Sketch};

/// What an input is, as far as its beginning told; in an [`InputSummary`] as far as all of it told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InputFacts {
    /// The input's name: the path as given, `-` for standard input.
    pub source: Arc<str>,
    /// The name inside an archive.
    pub member: Option<Arc<str>>,
    /// `har`, `json` (a document of other records) or `jsonl`.
    pub format: Arc<str>,
    /// Name and version of the program that recorded it, or the first capture of many.
    pub creator: Option<String>,
    /// Who recorded it.
    pub observer: Observer,
    /// Which document of a stream it is, from 1; `None` for an input of its own.
    pub frame: Option<u64>,
}

/// Gathers exchanges into something that can be merged. One value a worker: caches live here.
pub trait Gatherer: Send {
    /// What is gathered. Its default is the zero of `merge`.
    type Harvest: Default + Send;

    /// Starts the harvest of a piece that is to be merged into `so_far`, or into what that is merged
    /// into: what has no place in there need not be gathered. `None` where there is nothing so far.
    fn begin(&self, _so_far: Option<&Self::Harvest>) -> Self::Harvest {
        Self::Harvest::default()
    }

    /// Takes one exchange. Its position counts from the start of a piece, see `rebase`.
    fn observe(&mut self, harvest: &mut Self::Harvest, exchange: &Exchange<'_>, input: &InputFacts);

    /// Takes a plain line of an access log, if it can tell all of it without the exchange; else it is
    /// given to `observe` as one.
    fn glance(
        &mut self,
        _harvest: &mut Self::Harvest,
        _line: &AccessLine<'_>,
        _input: &InputFacts,
    ) -> bool {
        false
    }

    /// Takes a line by what it has of its own, if it knows what others like it came to; else the line is
    /// read, and its exchange given to `observe` next.
    fn recognise(
        &mut self,
        _harvest: &mut Self::Harvest,
        _line: &Sketch<'_>,
        _input: &InputFacts,
    ) -> bool {
        false
    }

    /// Ends a piece: adds what it did not add to its harvest yet. `None` when the piece is given up.
    fn close(&mut self, _harvest: Option<&mut Self::Harvest>, _input: &InputFacts) {}

    /// Takes a line of which something could not be read.
    fn left(&mut self, _harvest: &mut Self::Harvest, _left: Left<'_>, _input: &InputFacts) {}

    /// Moves every position in the harvest: adds `entries` to each `entry`, `lines` to each `line`.
    ///
    /// Called at most once for a harvest, before it is merged.
    fn rebase(harvest: &mut Self::Harvest, entries: u64, lines: u64);

    /// Adds another harvest; commutative and associative.
    fn merge(into: &mut Self::Harvest, other: Self::Harvest);

    /// Ends what all harvests came to, after the last merge; called on a thread of the pool.
    fn finish(_harvest: &mut Self::Harvest) {}
}

/// What a reading gave.
#[derive(Debug)]
pub struct Outcome<H> {
    /// All harvests merged.
    pub harvest: H,
    /// What each input was, sorted by source and member.
    pub inputs: Vec<InputSummary>,
    /// Where the pieces start, for a second pass.
    pub map: Map,
}

/// How to read.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// Where records that are no HAR entries keep their parts, as far as the user said.
    pub mapping: Mapping,
    /// The format of all inputs, as far as the user said.
    pub choice: Choice,
    /// The year of times that name none; `None` for the latest that fits the age of the input.
    pub year: Option<u16>,
    /// The time of reading, for inputs that have no age.
    pub now: Option<At>,
    /// Workers; `None` means one a core.
    pub jobs: Option<NonZeroUsize>,
    /// Size of a piece in bytes; `None` chooses. It never shows in a result: for tests.
    pub piece_bytes: Option<NonZeroUsize>,
    /// Size of the window of each worker in bytes; for tests.
    pub window_bytes: NonZeroUsize,
    /// Whether a second pass may follow; else the map is empty, which of thousands of inputs is megabytes.
    pub again: bool,
    /// Longest document of a stream that a worker holds in memory, in bytes; for tests.
    pub frame_bytes: u64,
}

impl Default for ReadOptions {
    fn default() -> Self {
        // 128 KiB over-reads at the ends of pieces, 8 MiB leaves the cache; between them it is flat.
        Self {
            mapping: Mapping::default(),
            choice: Choice::default(),
            year: None,
            now: None,
            jobs: None,
            piece_bytes: None,
            window_bytes: NonZeroUsize::MIN.saturating_add(1 << 19),
            again: true,
            frame_bytes: 32 << 20,
        }
    }
}

impl ReadOptions {
    /// Returns what the year of a time is that an input names without one.
    fn calendar(&self, file: &InputFile) -> Calendar {
        match (self.year, file.written().or(self.now)) {
            (Some(year), _) => Calendar::Given(year),
            (None, Some(written)) => Calendar::Before(written),
            (None, None) => Calendar::Unknown,
        }
    }

    /// Returns how many threads work.
    pub fn workers(&self) -> usize {
        // Asked once: on Linux the answer is read out of a dozen files, and every input asks for it.
        static CORES: LazyLock<NonZeroUsize> =
            LazyLock::new(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
        self.jobs.unwrap_or_else(|| *CORES).get()
    }
}

/// Hears how far a reading is; called from all workers.
pub trait Progress: Sync {
    /// Says that `bytes` more bytes are known to be ahead; unknown for streams.
    fn ahead(&self, bytes: u64);
    /// Says that `bytes` more bytes are read.
    fn done(&self, bytes: u64);
}

/// No progress is shown.
impl Progress for () {
    fn ahead(&self, _: u64) {}
    fn done(&self, _: u64) {}
}

/// Where each piece of each input starts, so that a second pass needs no guesses.
#[derive(Debug, Default)]
pub struct Map {
    inputs: Vec<MapInput>,
}

#[derive(Debug)]
struct MapInput {
    /// Index in the list of inputs, and of the part in an archive.
    file: usize,
    part: usize,
    facts: Arc<InputFacts>,
    pieces: Vec<MapPiece>,
}

#[derive(Debug)]
struct MapPiece {
    start: u64,
    end: u64,
    /// A fresh reader that stands at `start`.
    reader: Reader,
    entries: u64,
    lines: u64,
}

#[cfg(test)]
mod tests;
