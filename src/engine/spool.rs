//! What pieces of inputs left, in the order of the inputs, whoever read which: a little in memory, the
//! rest in a file without a name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

use crate::model::Position;

/// Bytes kept in memory before they go to the file.
const IN_MEMORY: usize = 2 << 20;

/// Where a piece stands: source, member, document of a stream, its first record.
pub(super) type Place = (Arc<str>, Option<Arc<str>>, Option<u64>, Position);

/// Bytes of pieces, by place.
///
/// Memory grows with the number of pieces, not with what is in them. Merging never fails: an error of the
/// file is told when the bytes are read.
#[derive(Debug, Default)]
pub(super) struct Spool {
    recent: BTreeMap<Place, Vec<u8>>,
    bytes: usize,
    /// Offset and length in the file.
    spilled: BTreeMap<Place, (u64, u64)>,
    file: Option<File>,
    error: Option<io::Error>,
}

impl Spool {
    /// Keeps the bytes of a piece.
    pub(super) fn keep(&mut self, place: Place, bytes: Vec<u8>) {
        self.bytes += bytes.len();
        self.recent.entry(place).or_default().extend(bytes);
        if self.bytes > IN_MEMORY
            && let Err(error) = self.spill()
        {
            self.error = Some(error);
        }
    }

    /// Keeps what another one holds.
    pub(super) fn merge(&mut self, mut other: Self) {
        self.error = self.error.take().or_else(|| other.error.take());
        if let Some(file) = &mut other.file {
            // Both are what a worker made of the whole run.
            for (place, (at, length)) in std::mem::take(&mut other.spilled) {
                match bytes(file, at, length) {
                    Ok(bytes) => self.keep(place, bytes),
                    Err(error) => self.error = Some(error),
                }
            }
        }
        for (place, bytes) in std::mem::take(&mut other.recent) {
            self.keep(place, bytes);
        }
    }

    /// Hands over the bytes of each piece in order.
    ///
    /// # Errors
    /// When the file could not be made, written or read, and what `take` returns.
    pub(super) fn each(mut self, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let places: BTreeSet<&Place> = self.recent.keys().chain(self.spilled.keys()).collect();
        for place in places {
            if let (Some(file), Some((at, length))) = (&mut self.file, self.spilled.get(place)) {
                take(&bytes(file, *at, *length)?)?;
            }
            if let Some(bytes) = self.recent.get(place) {
                take(bytes)?;
            }
        }
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => nameless()?,
        };
        let mut at = file.seek(SeekFrom::End(0))?;
        for (place, bytes) in std::mem::take(&mut self.recent) {
            file.write_all(&bytes)?;
            self.spilled.insert(place, (at, bytes.len() as u64));
            at += bytes.len() as u64;
        }
        self.bytes = 0;
        self.file = Some(file);
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn has_file(&self) -> bool {
        self.file.is_some()
    }
}

fn bytes(file: &mut File, at: u64, length: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Makes a file that only this process can reach: mode 0600, removed from its folder at once.
fn nameless() -> io::Result<File> {
    let folder = std::env::temp_dir();
    let mut error = io::Error::other("no temporary file");
    for attempt in 0..16_u32 {
        let path = folder.join(format!(".authopsy-{}-{attempt}", std::process::id()));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(e) => error = e,
        }
    }
    Err(error)
}
