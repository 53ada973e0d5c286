//! Records of an input that cannot be read twice: a few in memory, the rest in a file without a name.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Seek as _, Write as _};

use crate::model::{Position, Record};

/// Records kept in memory before they go to the file.
const IN_MEMORY: usize = 4096;

/// Records in the order in which they were kept. They hold facts, no secrets.
///
/// Merging never fails: an error of the file is told when the records are read.
#[derive(Debug, Default)]
pub struct Kept {
    recent: Vec<Record>,
    file: Option<io::Result<BufWriter<File>>>,
}

impl Kept {
    /// Keeps one record.
    pub fn push(&mut self, record: Record) {
        self.recent.push(record);
    }

    /// Moves the positions of all records that are still in memory: those of one piece.
    pub fn place(&mut self, place: impl Fn(Position) -> Position) {
        for record in &mut self.recent {
            record.origin.position = place(record.origin.position);
        }
    }

    /// Keeps all records of `other` behind these.
    pub fn merge(&mut self, mut other: Self) {
        if other.file.is_some() {
            // Both are whole inputs: read one back, it is as large as a run over it.
            match other.into_records() {
                Ok(records) => self.recent.extend(records),
                Err(error) => self.file = Some(Err(error)),
            }
        } else {
            self.recent.append(&mut other.recent);
        }
        if self.recent.len() > IN_MEMORY {
            self.spill();
        }
    }

    /// Returns all records, in memory.
    ///
    /// # Errors
    /// When the file could not be made, written or read.
    pub fn into_records(self) -> io::Result<Vec<Record>> {
        let mut records = Vec::new();
        self.each(|record| {
            records.push(record);
            Ok(())
        })?;
        Ok(records)
    }

    /// Hands over each record in order.
    ///
    /// # Errors
    /// When the file could not be made, written or read, and what `take` returns.
    pub fn each(self, mut take: impl FnMut(Record) -> io::Result<()>) -> io::Result<()> {
        if let Some(file) = self.file {
            let mut file = file?.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.rewind()?;
            let mut line = String::new();
            let mut lines = BufReader::new(file);
            while lines.read_line(&mut line)? > 0 {
                take(serde_json::from_str(&line)?)?;
                line.clear();
            }
        }
        self.recent.into_iter().try_for_each(take)
    }

    fn spill(&mut self) {
        let records = std::mem::take(&mut self.recent);
        let file = self.file.take().unwrap_or_else(|| nameless().map(BufWriter::new));
        self.file = Some(file.and_then(|mut file| {
            for record in &records {
                serde_json::to_writer(&mut file, record)?;
                file.write_all(b"\n")?;
            }
            Ok(file)
        }));
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Catalogue, Context, Source, gather};
    use crate::model::Exchange;

    #[test]
    fn records_come_back_in_order_whether_they_went_to_the_file_or_not() {
        let mut context = Context::new(Catalogue::embedded(), Source::new("-", "jsonl"));
        let mut record = |line: u64| {
            let position = Position { line: Some(line), ..Position::default() };
            let exchange = Exchange { position, status: Some(401), ..Exchange::default() };
            gather(&exchange, &mut context)
        };
        let mut kept = Kept::default();
        for piece in 0..6 {
            let mut part = Kept::default();
            for line in 0..1_000 {
                part.push(record(line));
            }
            part.place(|p| Position { line: p.line.map(|n| n + piece * 1_000), ..p });
            kept.merge(part);
        }
        assert!(kept.file.is_some());
        let lines: Vec<_> =
            kept.into_records().unwrap().iter().map(|r| r.origin.position.line).collect();
        assert_eq!(lines, (0..6_000).map(Some).collect::<Vec<_>>());
    }
}
