//! An opened input and the pieces that it is read in.

use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use super::{InputFacts, ReadOptions};
use crate::input::{
    Attachments, Content, InputError, InputFile, Look, Part, Pause, Reader, Section, Sink, fill,
    glance, is_cut, look,
};

/// Bytes in which the first record has to start.
const LONGEST_HEAD: usize = 64 << 20;
const FIRST_LOOK: usize = 64 << 10;
/// Bytes of a file that are looked at before those: most captures tell by them what they are, and of many
/// small ones the look took a tenth of the time.
const GLANCE: usize = 4 << 10;
/// Pieces of a file: the first ones small, as they tell those that follow what has no place; the last ones
/// small enough that all workers are busy to the end; those between so large that merging their harvests
/// costs nothing beside reading them.
const SMALLEST_PIECE: u64 = 4 << 20;
const LARGEST_PIECE: u64 = 64 << 20;
/// A piece grows by so small a part of what was taken before it: a longer one learns too late what has no
/// place.
const TAKEN_A_PIECE: u64 = 8;
/// Pieces a worker in which the rest would be read, if all were as large as the next one.
const PIECES_A_WORKER: u64 = 2;
/// Windows that a block of a stream is long: each block costs a merge, a tenth of reading it at one.
const BLOCK_WINDOWS: usize = 8;
/// The first bytes of a block that are asked for; then twice as many each time.
const FIRST_STEP: usize = 64 << 10;
/// A window that grew beyond this for one large record shrinks again.
const LARGE_WINDOW: usize = 8 << 20;
/// Blocks whose memory is kept for the next ones.
const MOST_SPARE: usize = 4;

/// One input, opened and looked at.
pub(super) struct Opened {
    pub(super) facts: Arc<InputFacts>,
    pub(super) attachments: Option<Arc<Attachments>>,
    /// A fresh reader that stands at the first record.
    pub(super) first: Reader,
    /// Where the first record starts.
    pub(super) start: u64,
    pub(super) source: Source,
    trouble: Mutex<Trouble>,
    /// Memory of blocks that are committed.
    spare: Mutex<Vec<Vec<u8>>>,
}

/// What went wrong below the records.
#[derive(Default)]
pub(super) struct Trouble {
    /// What is around the bytes is damaged or ends early.
    pub(super) damaged: bool,
    /// The operating system refused.
    pub(super) error: Option<InputError>,
}

/// Where pieces come from.
pub(super) enum Source {
    /// Pieces are ranges, read by whoever takes them.
    Section { section: Section, cut: Cut, next: Mutex<Next> },
    /// Pieces are blocks, read in order by one worker at a time.
    Stream(Mutex<Blocks>),
}

/// How large the pieces of a file are.
#[derive(Clone, Copy)]
pub(super) enum Cut {
    /// All alike, in bytes.
    Even(u64),
    /// Each such a share of what is left, and not much more than was taken before.
    Shares(u64),
}

/// The piece of a file that is taken next.
#[derive(Clone, Copy)]
pub(super) struct Next {
    index: u64,
    from: u64,
}

impl Cut {
    /// Returns the size of a piece where so many bytes were taken and are left.
    fn size(self, taken: u64, left: u64) -> u64 {
        match self {
            Self::Even(bytes) => bytes,
            Self::Shares(count) => {
                let share = (left / count.max(1))
                    .min((taken / TAKEN_A_PIECE).saturating_add(SMALLEST_PIECE));
                share.clamp(SMALLEST_PIECE, LARGEST_PIECE)
            }
        }
    }
}

/// A part of an input.
pub(super) enum Piece {
    /// Records that start at or after `from` and before `to`.
    Range { index: u64, from: u64, to: u64 },
    /// Bytes that start at `at`, and whether a record starts there as far as a guess can tell.
    Block { index: u64, at: u64, bytes: Vec<u8>, guessed: bool, last: bool },
}

impl Piece {
    pub(super) fn index(&self) -> u64 {
        match self {
            Self::Range { index, .. } | Self::Block { index, .. } => *index,
        }
    }

    pub(super) fn is_last(&self) -> bool {
        match self {
            Self::Range { to, .. } => *to == u64::MAX,
            Self::Block { last, .. } => *last,
        }
    }
}

/// Cuts a stream into blocks that end where a record starts.
pub(super) struct Blocks {
    stream: Box<dyn Read + Send>,
    /// Read, but not handed out.
    rest: Vec<u8>,
    at: u64,
    index: u64,
    block: usize,
    guessed: bool,
    ended: bool,
}

impl Opened {
    /// Looks at the beginning of a part.
    pub(super) fn prepare(
        part: Part,
        file: &InputFile,
        options: &ReadOptions,
    ) -> Result<Self, InputError> {
        let mut head = Vec::new();
        let (mut content, mut damaged) = (part.content, false);
        let mut wanted = FIRST_LOOK;
        // Zero bytes before everything: a log that was emptied under its writer.
        let mut hole = 0_u64;
        let glanced = glance_at(&content, options);
        let mut found: Look = loop {
            if let Some(found) = glanced {
                break found;
            }
            let last = match &mut content {
                Content::Section(section) => {
                    head.resize(wanted, 0);
                    let count =
                        section.fill(&mut head, hole).map_err(|e| InputError::of_io(e, hole))?;
                    head.truncate(count);
                    hole + count as u64 == section.len() || count < wanted
                }
                Content::Stream(stream) => {
                    let before = head.len();
                    head.resize(wanted, 0);
                    let into = head.get_mut(before..).unwrap_or_default();
                    let (count, error) = match fill(stream.as_mut(), into) {
                        Ok(count) => (count, None),
                        Err((count, error)) => (count, Some(error)),
                    };
                    head.truncate(before + count);
                    if let Some(error) = error {
                        if !is_cut(&error) {
                            return Err(InputError::of_io(error, hole + head.len() as u64));
                        }
                        damaged = true;
                    }
                    head.len() < wanted
                }
            };
            let zeros = head.iter().take_while(|b| **b == 0).count();
            if zeros > 0 {
                hole += zeros as u64;
                head.drain(..zeros);
                if !last {
                    continue;
                }
            }
            match look(&head, last, &options.mapping, &options.choice) {
                Ok(Some(found)) => break found,
                Ok(None) if wanted < LONGEST_HEAD && !last => wanted *= 4,
                Ok(None) => return Err(InputError::NoExchange),
                Err(InputError::Empty | InputError::Text) if damaged => {
                    return Err(InputError::Truncated { byte: hole + head.len() as u64 });
                }
                Err(error) => return Err(error),
            }
        };
        let facts = Arc::new(InputFacts {
            source: Arc::clone(&file.source),
            member: part.member,
            format: found.format.into(),
            creator: found.creator.clone(),
            observer: found.observer,
            frame: file.frame,
        });
        let start = hole + found.at as u64;
        if hole > 0 {
            found.reader.begin_behind_a_hole();
        }
        let source = match content {
            Content::Section(section) => Source::section(section, start, &found, options),
            Content::Stream(stream) => {
                let rest = head.split_off(found.at);
                Source::stream(stream, rest, start, damaged, options)
            }
        };
        Ok(Self {
            facts,
            attachments: part.attachments,
            first: found.reader.fresh(),
            start,
            source,
            trouble: Mutex::new(Trouble { damaged, error: None }),
            spare: Mutex::new(Vec::new()),
        })
    }

    /// Hands out the next piece; `None` when all are.
    pub(super) fn take(&self) -> Option<Piece> {
        match &self.source {
            Source::Section { section, cut, next } => {
                let mut next = lock(next);
                let Next { index, from } = *next;
                if index > 0 && from >= section.len() {
                    return None;
                }
                let left = section.len().saturating_sub(from);
                let to = from + cut.size(from - self.start, left);
                *next = Next { index: index + 1, from: to };
                let to = if to >= section.len() { u64::MAX } else { to };
                Some(Piece::Range { index, from, to })
            }
            Source::Stream(blocks) => lock(blocks).take(self),
        }
    }

    /// Reads the bytes between two offsets of a stream, in order; `Ok(None)` where anybody can read
    /// them at any time.
    pub(super) fn next_bytes(&self, start: u64, end: u64) -> Result<Option<Vec<u8>>, ()> {
        let Source::Stream(blocks) = &self.source else { return Ok(None) };
        let mut blocks = lock(blocks);
        let length = usize::try_from(end.saturating_sub(start)).map_err(drop)?;
        if blocks.at != start {
            return Err(());
        }
        let mut bytes = std::mem::take(&mut blocks.rest);
        if bytes.len() > length {
            blocks.rest = bytes.split_off(length);
        }
        let before = bytes.len();
        bytes.resize(length, 0);
        let into = bytes.get_mut(before..).unwrap_or_default();
        let (Ok(count) | Err((count, _))) = fill(blocks.stream.as_mut(), into);
        blocks.at = end;
        if before + count == length { Ok(Some(bytes)) } else { Err(()) }
    }

    /// Takes back the memory of a block.
    pub(super) fn give_back(&self, mut bytes: Vec<u8>) {
        bytes.clear();
        let mut spare = lock(&self.spare);
        if spare.len() < MOST_SPARE && bytes.capacity() <= LARGE_WINDOW {
            spare.push(bytes);
        }
    }

    /// Returns the number of bytes, where it is known.
    pub(super) fn length(&self) -> Option<u64> {
        match &self.source {
            Source::Section { section, .. } => Some(section.len()),
            Source::Stream(_) => None,
        }
    }

    /// Returns what went wrong below the records, and forgets it.
    pub(super) fn trouble(&self) -> Trouble {
        std::mem::take(&mut lock(&self.trouble))
    }
}

impl Source {
    fn section(section: Section, start: u64, found: &Look, options: &ReadOptions) -> Self {
        let cut = match options.piece_bytes {
            _ if !found.reader.has_seams() => Cut::Even(u64::MAX / 2),
            Some(bytes) => Cut::Even(bytes.get() as u64),
            None => Cut::Shares(options.workers() as u64 * PIECES_A_WORKER),
        };
        Self::Section { section, cut, next: Mutex::new(Next { index: 0, from: start }) }
    }

    fn stream(
        stream: Box<dyn Read + Send>,
        rest: Vec<u8>,
        at: u64,
        damaged: bool,
        options: &ReadOptions,
    ) -> Self {
        let window = options.window_bytes.get();
        let block =
            options.piece_bytes.map_or(window.saturating_mul(BLOCK_WINDOWS), NonZeroUsize::get);
        Self::Stream(Mutex::new(Blocks {
            stream: if damaged { Box::new(io::empty()) } else { stream },
            rest,
            at,
            index: 0,
            block,
            guessed: true,
            ended: false,
        }))
    }
}

impl Blocks {
    fn take(&mut self, opened: &Opened) -> Option<Piece> {
        if self.ended {
            return None;
        }
        let mut bytes = std::mem::take(&mut self.rest);
        // The look at the beginning may have read more than a block.
        let later = bytes.split_off(bytes.len().min(self.block));
        if later.is_empty() {
            self.fill(&mut bytes, &opened.trouble);
        }
        let (at, index, guessed) = (self.at, self.index, self.guessed);
        self.guessed = false;
        if !self.ended
            && let Some(cut) = last_seam(&opened.first, &bytes)
        {
            let mut rest = lock(&opened.spare).pop().unwrap_or_default();
            rest.extend_from_slice(bytes.get(cut..).unwrap_or_default());
            bytes.truncate(cut);
            self.rest = rest;
            self.guessed = true;
        }
        self.rest.extend_from_slice(&later);
        self.at += bytes.len() as u64;
        self.index += 1;
        Some(Piece::Block { index, at, bytes, guessed, last: self.ended })
    }

    /// Fills a block up from the stream; notes its end.
    fn fill(&mut self, bytes: &mut Vec<u8>, trouble: &Mutex<Trouble>) {
        let mut step = FIRST_STEP;
        while bytes.len() < self.block && !self.ended {
            let before = bytes.len();
            bytes.resize(self.block.min(before.saturating_add(step)), 0);
            let into = bytes.get_mut(before..).unwrap_or_default();
            let wanted = into.len();
            let (count, error) = match fill(self.stream.as_mut(), into) {
                Ok(count) => (count, None),
                Err((count, error)) => (count, Some(error)),
            };
            bytes.truncate(before + count);
            if let Some(error) = error {
                let mut trouble = lock(trouble);
                if is_cut(&error) {
                    trouble.damaged = true;
                } else {
                    trouble.error = Some(InputError::of_io(error, self.at + bytes.len() as u64));
                }
            }
            self.ended = count < wanted;
            step = step.saturating_mul(2);
        }
    }
}

/// Returns a late place in the bytes where a record seems to start, but not the first byte.
fn last_seam(reader: &Reader, bytes: &[u8]) -> Option<usize> {
    let mut span = 16 << 10;
    loop {
        let from = bytes.len().saturating_sub(span).max(1);
        if let Some(found) = reader.seam(bytes, from).filter(|at| *at < bytes.len()) {
            return Some(found);
        }
        if from == 1 {
            return None;
        }
        span *= 8;
    }
}

/// Looks at the first bytes of a file; `None` where that does not do.
fn glance_at(content: &Content, options: &ReadOptions) -> Option<Look> {
    let Content::Section(section) = content else { return None };
    let mut head = [0; GLANCE];
    let count = section.fill(&mut head, 0).ok()?;
    glance(head.get(..count)?, &options.mapping, &options.choice)
}

/// A reused buffer through which a section is read.
pub(super) struct Window {
    bytes: Vec<u8>,
    size: usize,
}

impl Window {
    pub(super) fn new(size: usize) -> Self {
        Self { bytes: Vec::new(), size: size.max(64) }
    }

    /// Finds where a record seems to start at or after `from` and before `to`.
    pub(super) fn seam(
        &mut self,
        section: &Section,
        reader: &Reader,
        from: u64,
        to: u64,
    ) -> io::Result<Option<u64>> {
        let (lead, span) = reader.seam_span();
        let step = self.size.max(2 * (lead + span)).min(64 << 10).max(2 * (lead + span));
        let mut at = from;
        while at < to.min(section.len()) {
            let base = at.saturating_sub(lead as u64);
            let skip = usize::try_from(at - base).unwrap_or(0);
            self.bytes.resize(self.bytes.len().max(step + lead), 0);
            let into = self.bytes.get_mut(..step + lead).unwrap_or_default();
            let count = section.fill(into, base)?;
            let bytes = self.bytes.get(..count).unwrap_or_default();
            if let Some(found) = reader.seam(bytes, skip) {
                let found = base + found as u64;
                return Ok((found < to && found < section.len()).then_some(found));
            }
            // What could be the start of a match is looked at again.
            at = base + (count.saturating_sub(span).max(skip + 1)) as u64;
        }
        Ok(None)
    }

    /// Reads the records that start at or after `at`, where the reader stands, and before `limit`.
    ///
    /// Returns the offset up to which everything is done with, and why it stopped there.
    pub(super) fn drive(
        &mut self,
        section: &Section,
        reader: &mut Reader,
        at: u64,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> io::Result<(u64, Pause)> {
        let (mut start, mut filled) = (at, 0);
        if self.bytes.len() < self.size || self.bytes.len() > LARGE_WINDOW {
            self.bytes = vec![0; self.size];
        }
        loop {
            // What lies far behind the limit belongs to the next piece.
            let useful = usize::try_from(limit.saturating_sub(start)).unwrap_or(usize::MAX);
            // A record that goes on behind it is read in doubling steps.
            let end = useful.saturating_add(self.size / 8).max(filled * 2).min(self.bytes.len());
            let into = self.bytes.get_mut(filled..end).unwrap_or_default();
            let room = into.len();
            let count = section.fill(into, start + filled as u64)?;
            filled += count;
            let last = count < room || start + filled as u64 >= section.len();
            let limit = usize::try_from(limit.saturating_sub(start)).unwrap_or(usize::MAX);
            let bytes = self.bytes.get(..filled).unwrap_or_default();
            let (done, pause) = reader.read(bytes, last, limit, sink);
            if pause != Pause::More {
                return Ok((start + done as u64, pause));
            }
            if last {
                return Ok((start + filled as u64, Pause::End));
            }
            let done = done.min(filled);
            self.bytes.copy_within(done..filled, 0);
            filled -= done;
            start += done as u64;
            if filled * 2 > self.bytes.len() {
                let doubled = self.bytes.len() * 2;
                self.bytes.resize(doubled, 0);
            }
        }
    }
}

/// Looks at the parts of an input; those of an archive that are no captures are left out.
pub(super) fn prepare(
    file: &InputFile,
    parts: Vec<Part>,
    options: &ReadOptions,
) -> Result<Vec<(usize, Opened)>, InputError> {
    let members = parts.len();
    let is_archive = parts.iter().any(|part| part.member.is_some());
    let mut opened = Vec::new();
    let mut first_error = None;
    for (index, part) in parts.into_iter().enumerate() {
        match Opened::prepare(part, file, options) {
            // Bodies beside a capture are JSON too, but no captures.
            Ok(one) if is_archive && members > 1 && &*one.facts.format == "json" => {}
            Ok(mut one) => {
                one.first.set_calendar(|| options.calendar(file));
                opened.push((index, one));
            }
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    if is_archive && opened.iter().any(|(_, one)| &*one.facts.format == "har") {
        opened.retain(|(_, one)| &*one.facts.format == "har");
    }
    match first_error {
        _ if !opened.is_empty() => Ok(opened),
        Some(error) if members == 1 => Err(error),
        _ => Err(InputError::EmptyArchive { members }),
    }
}

/// Locks, whatever a panicking worker left: pieces are committed as a whole or not at all.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_grow_and_then_shrink_so_that_workers_end_together() {
        let (cut, length) = (Cut::Shares(4), 1_000 << 20);
        let (mut taken, mut sizes) = (0, Vec::new());
        while taken < length {
            let size = cut.size(taken, length - taken);
            taken += size;
            sizes.push(size);
        }
        assert!(sizes.iter().all(|size| (SMALLEST_PIECE..=LARGEST_PIECE).contains(size)));
        let most = sizes.iter().position(|size| *size == LARGEST_PIECE).unwrap();
        assert!(sizes[..=most].is_sorted() && sizes[most..].is_sorted_by(|a, b| a >= b));
        assert_eq!([sizes[0], *sizes.last().unwrap()], [SMALLEST_PIECE; 2]);
        assert_eq!(cut.size(0, 100), SMALLEST_PIECE);
        assert_eq!(Cut::Even(7).size(50, 100), 7);
    }
}
