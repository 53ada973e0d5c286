//! Which pieces of input a worker read that are a part of the whole by now.
//!
//! A token is noted once in what is gathered of a piece. When that is merged, the token need not be noted in
//! another piece: thousands come back in each. But a piece may be given up and read again by somebody else:
//! so a worker gets to know of each whether it was merged.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Open pieces of one worker before it looks what became of them.
const MOST_OPEN: usize = 64;

/// Goes with what was gathered of a piece.
#[derive(Debug)]
pub struct Receipt(Arc<AtomicBool>);

impl Receipt {
    /// Says that it was merged into what all pieces are merged into; dropped before, it says that it never
    /// will be.
    pub fn sign(self) {
        self.0.store(true, Ordering::Release);
    }
}

/// The pieces of one worker, numbered from 1 on.
#[derive(Debug)]
pub(super) struct Pieces {
    /// The piece that is read.
    current: u32,
    /// All from this one up to the next were merged.
    merged_from: u32,
    merged_to: u32,
    /// What became of those behind them was not known yet at the last look.
    open: VecDeque<Arc<AtomicBool>>,
    /// Whether that was in this piece.
    looked: bool,
}

impl Default for Pieces {
    fn default() -> Self {
        Self { current: 1, merged_from: 1, merged_to: 1, open: VecDeque::new(), looked: false }
    }
}

impl Pieces {
    /// Returns the number of the piece that is read.
    pub(super) fn current(&self) -> u32 {
        self.current
    }

    /// Returns whether what was noted in a piece need not be noted again.
    pub(super) fn hold(&mut self, piece: u32) -> bool {
        if piece == self.current || self.were_merged(piece) {
            return true;
        }
        if self.looked {
            return false;
        }
        self.look();
        self.were_merged(piece)
    }

    fn were_merged(&self, piece: u32) -> bool {
        (self.merged_from..self.merged_to).contains(&piece)
    }

    /// Goes on to the next piece.
    pub(super) fn turn(&mut self) -> Receipt {
        // Where no token is met, nobody looks.
        if self.open.len() >= MOST_OPEN {
            self.look();
        }
        let receipt = Arc::new(AtomicBool::new(false));
        self.open.push_back(Arc::clone(&receipt));
        self.current += 1;
        self.looked = false;
        Receipt(receipt)
    }

    /// Looks at what became of the pieces that are open.
    fn look(&mut self) {
        self.looked = true;
        while let Some(oldest) = self.open.front() {
            // Whoever holds the other one signs it before he drops it.
            let is_dropped = Arc::strong_count(oldest) == 1;
            let is_signed = oldest.load(Ordering::Acquire);
            if !is_signed && !is_dropped {
                break;
            }
            self.open.pop_front();
            self.merged_to += 1;
            if !is_signed {
                self.merged_from = self.merged_to;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_holds_what_was_noted_in_it_while_it_is_read_and_once_it_was_merged() {
        let mut pieces = Pieces::default();
        let held = |pieces: &mut Pieces| (0..8).filter(|n| pieces.hold(*n)).collect::<Vec<u32>>();
        assert_eq!(held(&mut pieces), [1]);
        let first = pieces.turn();
        assert_eq!(held(&mut pieces), [2], "the first was not merged yet");
        let second = pieces.turn();
        first.sign();
        assert_eq!(held(&mut pieces), [1, 3]);
        second.sign();
        assert_eq!(held(&mut pieces), [1, 3], "a look a piece is enough");
        let third = pieces.turn();
        let fourth = pieces.turn();
        fourth.sign();
        assert_eq!(held(&mut pieces), [1, 2, 5], "the third is not merged");
        drop(third);
        let fifth = pieces.turn();
        assert_eq!(
            held(&mut pieces),
            [4, 6],
            "what came before one that was given up is noted again"
        );
        fifth.sign();
        let _sixth = pieces.turn();
        assert_eq!(held(&mut pieces), [4, 5, 7]);
    }
}
