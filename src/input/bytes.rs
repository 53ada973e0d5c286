//! Bytes that can be read at any offset: a file on disk, or a part of an archive in memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

/// Something that can be read at any offset, by several threads at once.
trait ReadAt: Send + Sync {
    fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<usize>;
}

impl ReadAt for File {
    #[cfg(unix)]
    fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, into, at)
    }

    #[cfg(windows)]
    fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self, into, at)
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<usize> {
        let from = usize::try_from(at).unwrap_or(usize::MAX);
        let rest = self.get(from..).unwrap_or_default();
        let count = rest.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }
}

/// A run of bytes that can be read at any offset.
#[derive(Clone)]
pub(crate) struct Section {
    bytes: Arc<dyn ReadAt>,
    start: u64,
    length: u64,
}

impl Section {
    /// Takes an open file of so many bytes as a whole.
    pub(super) fn of_file(file: File, length: u64) -> Self {
        Self { bytes: Arc::new(file), start: 0, length }
    }

    /// Takes bytes in memory.
    pub(super) fn of_memory(bytes: Vec<u8>) -> Self {
        let length = bytes.len() as u64;
        Self { bytes: Arc::new(bytes), start: 0, length }
    }

    /// Returns the part that starts at `from` and is at most `length` long.
    pub(super) fn part(&self, from: u64, length: u64) -> Self {
        let from = from.min(self.length);
        Self {
            bytes: Arc::clone(&self.bytes),
            start: self.start + from,
            length: length.min(self.length - from),
        }
    }

    /// Returns the number of bytes.
    pub(crate) fn len(&self) -> u64 {
        self.length
    }

    /// Fills `into` from offset `at`, as far as there are bytes; returns how many.
    pub(crate) fn fill(&self, into: &mut [u8], at: u64) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(at)).unwrap_or(usize::MAX);
        let wanted = left.min(into.len());
        let into = into.get_mut(..wanted).unwrap_or_default();
        let mut filled = 0;
        while filled < wanted {
            let rest = into.get_mut(filled..).unwrap_or_default();
            match self.bytes.read_at(rest, self.start + at + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// Returns a reader of all bytes in order.
    pub(super) fn reader(&self) -> SectionReader {
        SectionReader { section: self.clone(), at: 0 }
    }
}

/// Reads a section in order.
#[derive(Clone)]
pub(super) struct SectionReader {
    section: Section,
    at: u64,
}

impl Read for SectionReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.section.fill(into, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for SectionReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.section.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
