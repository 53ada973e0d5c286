//! Where some of the uses were let in, and by what; joined, these are the doors of the world.

use std::collections::{HashMap, HashSet};

use foldhash::quality::FixedState;

use super::addresses::{Address, Addresses};
use super::{GUESTS, OpenDoor};
use crate::model::{Endpoint, Fingerprint};
use crate::tally::Smallest;

/// Endpoints by number, as they were met: equal ones whose names lie elsewhere have several.
#[derive(Debug, Default)]
pub(super) struct Thresholds<'t> {
    all: Vec<Threshold<'t>>,
    at: Addresses<u32>,
}

/// An endpoint that let in a request with a credential.
#[derive(Debug)]
struct Threshold<'t> {
    endpoint: &'t Endpoint,
    address: Address,
    /// It refused others.
    guarded: bool,
    /// In order, each once.
    schemes: Vec<&'t str>,
    guests: Smallest<Fingerprint, GUESTS>,
}

impl<'t> Thresholds<'t> {
    /// Notes that a credential was let in; returns the number of the endpoint.
    pub(super) fn pass(
        &mut self,
        endpoint: &'t Endpoint,
        scheme: &'t str,
        mark: Option<Fingerprint>,
        guarded: &HashSet<&Endpoint, FixedState>,
    ) -> u32 {
        let address = Address::of_endpoint(endpoint);
        let number = *self.at.entry(address).or_insert_with(|| {
            let guarded = guarded.contains(endpoint);
            let (schemes, guests) = (Vec::new(), Smallest::default());
            self.all.push(Threshold { endpoint, address, guarded, schemes, guests });
            u32::try_from(self.all.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(here) = self.all.get_mut(number as usize) {
            insert(&mut here.schemes, scheme);
            if let Some(mark) = mark.filter(|_| here.guarded) {
                here.guests.push(mark);
            }
        }
        number
    }

    /// Returns whether the endpoint with a number refused others.
    pub(super) fn is_guarded(&self, number: u32) -> bool {
        self.all.get(number as usize).is_some_and(|here| here.guarded)
    }
}

/// The doors of all pieces, numbered in the order in which they were met.
#[derive(Debug, Default)]
pub(super) struct Joined<'t> {
    pub(super) all: Vec<(&'t Endpoint, OpenDoor<'t>)>,
    numbers: HashMap<&'t Endpoint, u32, FixedState>,
    at: Addresses<u32>,
}

impl<'t> Joined<'t> {
    /// Takes in the endpoints of a piece; returns the numbers of their doors, in order.
    pub(super) fn join(&mut self, piece: Thresholds<'t>) -> Vec<u32> {
        piece.all.into_iter().map(|threshold| self.add(threshold)).collect()
    }

    fn add(&mut self, new: Threshold<'t>) -> u32 {
        let Threshold { endpoint, address, guarded, schemes, guests } = new;
        // Nearly all endpoints are found by address; the others by name.
        let mut is_new = false;
        let number = *self.at.entry(address).or_insert_with(|| {
            is_new = true;
            *self.numbers.entry(endpoint).or_insert_with(|| {
                let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
                self.all.push((endpoint, OpenDoor { number, guarded, ..OpenDoor::default() }));
                number
            })
        });
        if let Some((_, door)) = self.all.get_mut(number as usize) {
            for scheme in schemes {
                insert(&mut door.schemes, scheme);
            }
            door.guests.merge(guests);
            door.addresses.extend(is_new.then_some(address));
        }
        number
    }
}

/// Inserts a name into a sorted list of few.
fn insert<'t>(names: &mut Vec<&'t str>, name: &'t str) {
    if let Err(at) = names.binary_search(&name) {
        names.insert(at, name);
    }
}

#[cfg(test)]
impl<'t> Thresholds<'t> {
    /// Returns the endpoint with a number.
    pub(super) fn name(&self, number: u32) -> Option<&'t Endpoint> {
        self.all.get(number as usize).map(|threshold| threshold.endpoint)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn doors_of_pieces_are_those_of_the_whole(
            passed in prop::collection::vec((0usize..6, 0usize..4, 0u128..200), 0..300),
            cut in 0usize..300,
        ) {
            // Three endpoints, the names of each at two places.
            let paths: Vec<Arc<str>> = ["/a", "/b", "/c", "/a", "/b", "/c"].map(Arc::from).into();
            let endpoint = |path: &Arc<str>| Endpoint { path: Arc::clone(path), ..Endpoint::default() };
            let endpoints: Vec<Endpoint> = paths.iter().map(endpoint).collect();
            let schemes = ["", "bearer", "basic", "x"];
            let guarded: HashSet<&Endpoint, FixedState> = endpoints.iter().take(2).collect();
            let [mut first, mut second] = [(); 2].map(|()| Thresholds::default());
            let mut numbers: Vec<u32> = Vec::new();
            for (at, (path, scheme, mark)) in passed.iter().enumerate() {
                let piece = if at < cut { &mut first } else { &mut second };
                let mark = (mark % 7 > 0).then_some(Fingerprint::new(*mark));
                let number = piece.pass(&endpoints[*path], schemes[*scheme], mark, &guarded);
                prop_assert_eq!(piece.is_guarded(number), path % 3 < 2);
                numbers.push(number);
            }
            let mut joined = Joined::default();
            let doors = [joined.join(first), joined.join(second)];
            for (at, ((path, ..), number)) in passed.iter().zip(numbers).enumerate() {
                let door = doors[usize::from(at >= cut)][number as usize];
                prop_assert_eq!(joined.all[door as usize].0, &endpoints[*path]);
            }
            for (number, (endpoint, door)) in joined.all.iter().enumerate() {
                let here = || passed.iter().filter(|(path, ..)| endpoints[*path] == **endpoint);
                let marks = here().map(|(.., mark)| *mark).filter(|mark| mark % 7 > 0);
                let marks: BTreeSet<u128> = marks.filter(|_| door.guarded).collect();
                let guests: Vec<Fingerprint> =
                    marks.into_iter().map(Fingerprint::new).take(GUESTS).collect();
                prop_assert_eq!(door.guests.iter().copied().collect::<Vec<_>>(), guests);
                let known: BTreeSet<&str> = here().map(|(_, scheme, _)| schemes[*scheme]).collect();
                prop_assert_eq!(&door.schemes, &known.into_iter().collect::<Vec<_>>());
                prop_assert_eq!(door.guarded, guarded.contains(endpoint));
                prop_assert_eq!(door.number as usize, number);
                let places: BTreeSet<usize> = here().map(|(path, ..)| *path).collect();
                prop_assert_eq!(door.addresses.len(), places.len(), "each once");
            }
        }
    }
}
