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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::At;
    use crate::tally::Times;

    #[test]
    fn uses_and_entries_are_found_by_their_numbers_in_whichever_piece_they_stand() {
        let (times, mut all) = (Times::default(), LetIn::default());
        let at = |n: usize| At(i64::try_from(n).unwrap());
        // The first piece is full, as all but the last are.
        for (first, count, hosts, doors) in [(0, PIECE, [7, 8], [5, 6]), (PIECE, 3, [8, 9], [6, 4])]
        {
            let look = |n: usize| Look::new(None, Some(at(n)), None, u32::from(n % 2 == 1));
            let looks: Vec<_> = (first..first + count).map(look).collect();
            let entry = |n: usize| {
                let (ends, door) = ((at(n), at(n)), u32::from(n % 2 == 1));
                Entry { times: &times, ends, place: u32::try_from(n).unwrap(), door }
            };
            all.add(looks, (first..first + count).map(entry).collect(), &doors, &hosts);
        }
        let place = |n: usize| u32::try_from(n).unwrap();
        let seen = [0, 1, PIECE - 1, PIECE, PIECE + 1]
            .map(|n| all.look(place(n)).map(|look| (look.first(), look.host)));
        let known = |n: usize, host| Some((Some(at(n)), host));
        let wanted = [(0, 7), (1, 8), (PIECE - 1, 8), (PIECE, 8), (PIECE + 1, 9)];
        assert_eq!(seen, wanted.map(|(n, host)| known(n, host)));
        assert!(all.look(place(PIECE + 3)).is_none());
        assert_eq!(all.looks().count(), PIECE + 3);
        // Numbers of entries are those under which they are found.
        let mut uses = Vec::new();
        for (number, entry) in all.entries() {
            let found = all.entry(number).unwrap();
            assert_eq!((found.place, found.door), (entry.place, entry.door));
            uses.push((entry.place, entry.door));
        }
        assert_eq!(uses.len(), PIECE + 3);
        assert_eq!(uses.get(PIECE - 1..), Some(&[(4095, 6), (4096, 6), (4097, 4), (4098, 6)][..]));
    }
}
