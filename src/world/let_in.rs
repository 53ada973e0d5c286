//! What was let in with a credential, by number.

use super::Entry;
use super::gist::PIECE;
use super::look::Look;

/// More entries than the uses of one piece have: each is let in at 48 endpoints at most.
const ROOM: usize = 1 << 18;

/// Uses and their entries in pieces, as several cores looked at them, which stay where they are: what all
/// of them show is tens of megabytes.
#[derive(Debug, Default)]
pub(super) struct LetIn<'t>(Vec<Piece<'t>>);

#[derive(Debug)]
struct Piece<'t> {
    looks: Vec<Look<'t>>,
    entries: Vec<Entry<'t>>,
}

impl<'t> LetIn<'t> {
    /// Adds the next piece, whose entries name doors and whose looks name hosts by their places in lists
    /// of numbers.
    pub(super) fn add(
        &mut self,
        mut looks: Vec<Look<'t>>,
        mut entries: Vec<Entry<'t>>,
        doors: &[u32],
        hosts: &[u32],
    ) {
        let number = |all: &[u32], at: u32| all.get(at as usize).copied().unwrap_or(u32::MAX);
        for look in &mut looks {
            look.host = number(hosts, look.host);
        }
        for entry in &mut entries {
            entry.door = number(doors, entry.door);
        }
        self.0.push(Piece { looks, entries });
    }

    /// Returns what the use with a number shows.
    pub(super) fn look(&self, place: u32) -> Option<&Look<'t>> {
        let place = place as usize;
        self.0.get(place / PIECE)?.looks.get(place % PIECE)
    }

    /// Returns the entry with a number.
    pub(super) fn entry(&self, number: u32) -> Option<&Entry<'t>> {
        let number = number as usize;
        self.0.get(number / ROOM)?.entries.get(number % ROOM)
    }

    /// Returns what each use shows, in their order.
    pub(super) fn looks(&self) -> impl Iterator<Item = &Look<'t>> + Clone {
        self.0.iter().flat_map(|piece| &piece.looks)
    }

    /// Returns every entry with its number, in the order of the uses.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u32, &Entry<'t>)> + Clone {
        let numbers = (0..u32::MAX).step_by(ROOM);
        let pieces = numbers.zip(&self.0);
        pieces.flat_map(|(first, piece)| (first..).zip(&piece.entries))
    }
}
