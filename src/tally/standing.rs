//! Where one exchange stands, kept once by all who keep it.
//!
//! The place of a refusal is an example of its group, the place of its words and a sighting under each of
//! its ids: in a capture most refusals are the only ones of their facts, so each would be kept three times.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::model::{Origin, Position};

/// The place of an exchange that is told of; a copy is made for the first who keeps it.
#[derive(Debug)]
pub(super) struct Standing<'o> {
    origin: &'o Origin,
    kept: OnceCell<Arc<Origin>>,
}

impl<'o> Standing<'o> {
    pub(super) const fn of(origin: &'o Origin) -> Self {
        Self { origin, kept: OnceCell::new() }
    }

    /// Returns a place that is kept already.
    pub(super) fn of_kept(origin: &'o Arc<Origin>) -> Self {
        Self { origin, kept: OnceCell::from(Arc::clone(origin)) }
    }

    /// Returns the place to be kept.
    pub(super) fn keep(&self) -> Arc<Origin> {
        Arc::clone(self.kept.get_or_init(|| Arc::new(self.origin.clone())))
    }
}

impl Deref for Standing<'_> {
    type Target = Origin;

    fn deref(&self) -> &Origin {
        self.origin
    }
}

/// Moves places; those that are shared stay so.
#[derive(Debug)]
pub(super) struct Shift<F> {
    change: F,
    /// What shared places have become, with the places themselves: as long as one of those lies in memory,
    /// no other lies there.
    moved: HashMap<*const Origin, [Arc<Origin>; 2], FixedState>,
}

impl<F: Fn(&mut Position)> Shift<F> {
    /// Returns what moves every position by this change, which keeps their order.
    pub(super) fn by(change: F) -> Self {
        Self { change, moved: HashMap::default() }
    }

    /// Moves a place, of which each holder has to be handed over once.
    pub(super) fn apply(&mut self, place: &mut Arc<Origin>) {
        if let Some(alone) = Arc::get_mut(place) {
            (self.change)(&mut alone.position);
            return;
        }
        let [_, new] = self.moved.entry(Arc::as_ptr(place)).or_insert_with(|| {
            let mut new = Origin::clone(place);
            (self.change)(&mut new.position);
            [Arc::clone(place), Arc::new(new)]
        });
        *place = Arc::clone(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(entry: u64) -> Origin {
        let position = Position { entry: Some(entry), ..Position::default() };
        Origin { time: None, source: "a.har".into(), member: None, position }
    }

    #[test]
    fn a_place_is_kept_once_by_all_who_keep_it() {
        let here = origin(1);
        let standing = Standing::of(&here);
        let [one, other] = [standing.keep(), standing.keep()];
        assert!(Arc::ptr_eq(&one, &other));
        assert_eq!(*one, here);
    }

    #[test]
    fn places_that_are_shared_move_once_and_stay_shared_and_others_move_alone() {
        let shared = Arc::new(origin(1));
        let mut all = [Arc::clone(&shared), Arc::new(origin(2)), shared];
        let mut shift = Shift::by(|position: &mut Position| {
            position.entry = position.entry.map(|entry| entry + 10);
        });
        for place in &mut all {
            shift.apply(place);
        }
        drop(shift);
        assert_eq!(
            all.each_ref().map(|place| place.position.entry),
            [Some(11), Some(12), Some(11)]
        );
        assert!(Arc::ptr_eq(&all[0], &all[2]));
        assert_eq!(all.each_ref().map(Arc::strong_count), [2, 1, 2]);
    }
}
