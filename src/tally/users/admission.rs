//! Uses of many pieces wait together until all is read.
//!
//! Of millions of users a table keeps few, and which ones is known at the end: most that find room in it at
//! first have to leave it again. So users wait on in lists such as a piece made of them, which take a tenth
//! of the memory. Whenever there are twice as many as are kept, those that cannot be kept are left out. The
//! rest enter the table at the end, in order of their keys: so they lie in memory as they are looked at.

use rayon::prelude::*;

use super::super::Tally;
use super::super::entries::Use;
use super::{Entry, Marked, User, Users};

/// Uses that may wait for each user that is kept; in the table those of one take less room.
const USES_EACH: usize = 2;

/// Uses by each user of a piece, of one with another, from which on they are few who come back: those of a browser's
/// capture take less room in the table, and are looked up there once for all.
const OFTEN: usize = 4;

impl<T: Clone> Marked<T> {
    /// Returns the index of what stands at an index of others.
    fn index_of(&mut self, others: &Self, at: u32) -> Option<u32> {
        let (mark, one) = others.all.get(at as usize)?;
        Some(self.index(*mark, || one.clone()))
    }
}

impl Users {
    /// Adds the uses of others whose keys are admitted. Where any wait already, there will be as many as `most`:
    /// to grow by and by touches the memory twice.
    fn join(&mut self, mut others: Self, most: usize, admits: impl Fn(u128) -> bool) {
        let (users, entries) = (others.all.len(), others.entries.len());
        if self.all.capacity() - self.all.len() < users {
            let most = if self.all.is_empty() { 0 } else { most };
            self.all.reserve_exact(users.max(most));
            self.entries.reserve_exact(entries.max(most));
        }
        let all = std::mem::take(&mut others.all);
        let moved = |user: User| {
            if !admits(user.key()) {
                return None;
            }
            let caller = self.callers.index_of(&others.callers, user.caller)?;
            let address = self.add_address(others.address(&user));
            self.all.push(User { address, caller, ..user });
            Some(super::index(self.all.len() - 1))
        };
        let moved: Vec<Option<u32>> = all.into_iter().map(moved).collect();
        for Entry { user, place, at } in &others.entries {
            if let Some(user) = moved.get(*user as usize).copied().flatten()
                && let Some(place) = self.places.index_of(&others.places, *place)
            {
                self.entries.push(Entry { user, place, at: *at });
            }
        }
    }

    /// Leaves out those whose keys are not admitted.
    fn retain(&mut self, admits: impl Fn(u128) -> bool) {
        let (addresses, callers, places) = (
            std::mem::take(&mut self.addresses),
            std::mem::take(&mut self.callers),
            std::mem::take(&mut self.places),
        );
        let mut all = std::mem::take(&mut self.all);
        let (mut moved, mut next) = (Vec::with_capacity(all.len()), 0);
        all.retain_mut(|user| {
            let stays = admits(user.key());
            moved.push(stays.then_some(next));
            if stays {
                next += 1;
                let (start, end) = user.address;
                user.address = self.add_address(addresses.get(start as usize..end as usize));
                user.caller = self.callers.index_of(&callers, user.caller).unwrap_or(u32::MAX);
            }
            stays
        });
        self.all = all;
        let mut entries = std::mem::take(&mut self.entries);
        entries.retain_mut(|entry| {
            let Some(Some(user)) = moved.get(entry.user as usize) else { return false };
            let Some(place) = self.places.index_of(&places, entry.place) else { return false };
            (entry.user, entry.place) = (*user, place);
            true
        });
        self.entries = entries;
    }

    /// Returns whether more wait than so many times what a table has room for.
    pub(in crate::tally) fn are_more_than(&self, times: usize, room: usize) -> bool {
        let room = room.saturating_mul(times);
        self.all.len() > room || self.entries.len() > room.saturating_mul(USES_EACH)
    }
}

impl Tally {
    /// Has uses wait with others, or adds them where so many of those that wait are to be kept that they had
    /// better be added.
    pub(in crate::tally) fn gather_users(&mut self, waiting: &mut Users, mut others: Users) {
        if !self.limits.is_none() {
            self.note_users(waiting);
            return self.note_users(&mut others);
        }
        if others.entries.len() > OFTEN.saturating_mul(others.all.len()) {
            return self.note_users(&mut others);
        }
        let room = self.uses.room();
        waiting.join(others, room.saturating_mul(2) + room / 2, |key| self.uses.admits(key));
        if waiting.are_more_than(2, room) {
            self.thin(waiting);
            if waiting.are_more_than(1, room) {
                self.note_users(waiting);
            }
        }
    }

    /// Leaves out users that wait and cannot be kept.
    fn thin(&mut self, waiting: &mut Users) {
        self.uses.make_way(waiting.all.iter().map(User::key));
        waiting.retain(|key| self.uses.admits(key));
    }

    /// Adds the uses that wait, after the last merge; on all threads of the pool.
    pub(in crate::tally) fn enter_users(&mut self, mut waiting: Users) {
        if waiting.entries.is_empty() {
            return;
        }
        self.thin(&mut waiting);
        let starts: Vec<usize> = waiting.starts().collect();
        let entries = waiting.take_sorted();
        let all = std::mem::take(&mut waiting.all).into_iter().map(Some);
        let mut all: Vec<(u128, usize, Option<User>)> = all
            .zip(starts)
            .filter_map(|(user, start)| Some((user.as_ref()?.key(), start, user)))
            .collect();
        all.par_sort_unstable_by_key(|(key, start, _)| (*key, *start));
        let whole = |same: &mut [(u128, usize, Option<User>)]| {
            let mut usage = Box::<Use>::default();
            let key = same.first().map(|(key, ..)| *key)?;
            for (_, start, user) in same {
                let user = user.take()?;
                let own = entries.get(*start..)?.get(..user.count as usize)?;
                waiting.tell(user, own, &mut usage);
            }
            Some((key, usage))
        };
        let same = |a: &(u128, usize, Option<User>), b: &(u128, usize, Option<User>)| a.0 == b.0;
        let made: Vec<_> = all.par_chunk_by_mut(same).filter_map(whole).collect();
        self.uses.put_all(made);
    }
}
