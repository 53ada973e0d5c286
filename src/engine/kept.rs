//! Records of an input that cannot be read twice, in its order.

use std::io;

use super::spool::Spool;
use crate::model::{Position, Record};

/// Records in the order of source, member, document and position, whoever kept them. They hold facts, no secrets.
///
/// Merging never fails: an error of the file that holds most of them is told when they are read.
#[derive(Debug, Default)]
pub struct Kept {
    /// Those of the piece that is being read.
    piece: Vec<Record>,
    /// Which document of a stream the piece is of.
    frame: Option<u64>,
    spool: Spool,
    error: Option<io::Error>,
}

impl Kept {
    /// Keeps one record of the piece that is being read, from this document of a stream.
    pub fn push(&mut self, record: Record, frame: Option<u64>) {
        self.frame = frame;
        self.piece.push(record);
    }

    /// Moves the positions of the records of the piece.
    pub fn place(&mut self, place: impl Fn(Position) -> Position) {
        for record in &mut self.piece {
            record.origin.position = place(record.origin.position);
        }
    }

    /// Keeps all records of `other`, too.
    pub fn merge(&mut self, mut other: Self) {
        self.settle();
        other.settle();
        self.error = self.error.take().or(other.error);
        self.spool.merge(other.spool);
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
    pub fn each(mut self, mut take: impl FnMut(Record) -> io::Result<()>) -> io::Result<()> {
        self.settle();
        if let Some(error) = self.error {
            return Err(error);
        }
        self.spool.each(|lines| {
            let lines = lines.split(|b| *b == b'\n').filter(|line| !line.is_empty());
            lines.into_iter().try_for_each(|line| take(serde_json::from_slice(line)?))
        })
    }

    /// Makes bytes of the piece that was read.
    fn settle(&mut self) {
        let piece = std::mem::take(&mut self.piece);
        let Some(first) = piece.first().map(|record| record.origin.clone()) else { return };
        let mut lines = Vec::new();
        for record in &piece {
            if let Err(error) = serde_json::to_writer(&mut lines, record) {
                self.error = Some(error.into());
            }
            lines.push(b'\n');
        }
        self.spool.keep((first.source, first.member, self.frame, first.position), lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Catalogue, Context, Source, gather};
    use crate::model::Exchange;

    #[test]
    fn records_come_back_in_order_whoever_kept_them_and_wherever() {
        let mut context = Context::new(Catalogue::embedded(), Source::new("-", "jsonl"));
        let mut record = |line: u64| {
            let position = Position { line: Some(line), ..Position::default() };
            let exchange = Exchange { position, status: Some(401), ..Exchange::default() };
            gather(&exchange, &mut context)
        };
        let mut workers = [Kept::default(), Kept::default()];
        for piece in 0..6 {
            let mut part = Kept::default();
            for line in 0..1_000 {
                part.push(record(line), None);
            }
            part.place(|p| Position { line: p.line.map(|n| n + piece * 1_000), ..p });
            workers[usize::from(piece % 3 == 1)].merge(part);
        }
        let [mut kept, other] = workers;
        kept.merge(other);
        assert!(kept.spool.has_file());
        let lines: Vec<_> =
            kept.into_records().unwrap().iter().map(|r| r.origin.position.line).collect();
        assert_eq!(lines, (0..6_000).map(Some).collect::<Vec<_>>());
    }
}
