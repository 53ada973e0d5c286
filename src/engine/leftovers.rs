//! Lines that no format took: masked, with their place, in the order of the inputs.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

use super::InputFacts;
use super::spool::Spool;
use crate::evidence::mask;
use crate::input::skip::SkipReason;
use crate::model::Position;

/// Characters of a line that are kept.
const LONGEST: usize = 16 << 10;

/// A line of which something could not be read.
#[derive(Clone, Copy, Debug)]
pub struct Left<'a> {
    /// Where it stands; counts from the start of a piece.
    pub position: Position,
    /// Why it could not be read.
    pub reason: SkipReason,
    /// Its bytes; none where it is too long to be kept.
    pub line: &'a [u8],
}

/// What lines are of: source, member, document of a stream.
type Owner = (Arc<str>, Option<Arc<str>>, Option<u64>);

/// Lines in the order of source, member, document and position, whoever gathered them.
#[derive(Debug, Default)]
pub struct Leftovers {
    /// Those of the piece that is being read: its place counts from 0.
    piece: Vec<(Position, String)>,
    of: Option<Owner>,
    spool: Spool,
}

impl Leftovers {
    /// Keeps a line of the piece that is being read.
    pub fn push(&mut self, left: Left<'_>, input: &InputFacts, source: &Arc<str>) {
        self.of.get_or_insert_with(|| (Arc::clone(source), input.member.clone(), input.frame));
        let text = String::from_utf8_lossy(left.line);
        let cut = text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at);
        let shown = mask(text.get(..cut).unwrap_or_default());
        let mut line = format!("{}: ", left.reason);
        for c in shown.chars() {
            if c.is_control() && c != '\t' {
                line.extend(c.escape_default());
            } else {
                line.push(c);
            }
        }
        if cut < text.len() {
            line.push_str(" ...");
        }
        self.piece.push((left.position, line));
    }

    /// Moves the lines of the piece.
    pub fn place(&mut self, place: impl Fn(Position) -> Position) {
        for (position, _) in &mut self.piece {
            *position = place(*position);
        }
    }

    /// Keeps those of another harvest too.
    pub fn merge(&mut self, mut other: Self) {
        self.settle();
        other.settle();
        self.spool.merge(other.spool);
    }

    /// Writes `source:line: reason: text` for each line.
    ///
    /// # Errors
    /// Those of `out`, and of the file that holds most of them.
    pub fn write(mut self, out: &mut dyn Write) -> io::Result<()> {
        self.settle();
        self.spool.each(|lines| out.write_all(lines))
    }

    /// Makes bytes of the piece that was read.
    fn settle(&mut self) {
        let piece = std::mem::take(&mut self.piece);
        let (Some((source, member, frame)), Some((first, _))) = (self.of.take(), piece.first())
        else {
            return;
        };
        let (first, name) = match &member {
            Some(member) => (*first, format!("{source}:{member}")),
            None => (*first, source.to_string()),
        };
        let mut text = String::new();
        for (Position { line, .. }, rest) in piece {
            let place = line.map_or_else(String::new, |line| format!("{line}:"));
            let _ = writeln!(text, "{name}:{place} {rest}");
        }
        self.spool.keep((source, member, frame, first), text.into_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Observer;

    fn facts() -> InputFacts {
        InputFacts {
            source: "a.log".into(),
            member: None,
            format: "text".into(),
            creator: None,
            observer: Observer::default(),
            frame: None,
        }
    }

    fn piece(first: u64, lines: &[&str]) -> Leftovers {
        let mut piece = Leftovers::default();
        for (number, line) in (1..).zip(lines) {
            let position = Position { line: Some(number), ..Position::default() };
            let left = Left { position, reason: SkipReason::NotThisFormat, line: line.as_bytes() };
            piece.push(left, &facts(), &"a.log".into());
        }
        piece.place(|p| Position { line: p.line.map(|n| n + first), ..p });
        piece
    }

    fn written(leftovers: Leftovers) -> String {
        let mut out = Vec::new();
        leftovers.write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_stand_in_order_whoever_gathered_them() {
        let mut all = piece(100, &["c"]);
        all.merge(piece(0, &["a", "b"]));
        assert_eq!(
            written(all),
            "a.log:1: line of no known format: a\na.log:2: line of no known format: b\n\
             a.log:101: line of no known format: c\n"
        );
    }

    #[test]
    fn what_does_not_fit_in_memory_comes_back_in_order() {
        let long = "x y ".repeat(3500);
        let mut all = Leftovers::default();
        for n in (0..300).rev() {
            all.merge(piece(n, &[&long]));
        }
        assert!(all.spool.has_file());
        let written = written(all);
        let numbers: Vec<_> = written.lines().filter_map(|l| l.split(':').nth(1)).collect();
        assert_eq!(numbers, (1..=300).map(|n: u64| n.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn neither_secrets_nor_control_characters_leave() {
        let token =
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P";
        let text = written(piece(0, &[&format!("odd \u{1b}[31m password=hunter2hunter2 {token}")]));
        assert!(!text.contains("hunter2") && !text.contains("eyJzdWIi"), "{text}");
        assert!(text.contains("\\u{1b}[31m") && text.lines().count() == 1, "{text}");
    }
}
