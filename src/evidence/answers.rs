//! Answers as they are shown, remembered by a worker: a server refuses thousands of requests in the same words.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use foldhash::{fast::FixedState, quality::RandomState};

use super::mask::{Masker, Pieces, by_shape};
use super::persons;
use crate::dialect::{Catalogue, Heard, Understood};
use crate::model::{Answer, Exchange};

/// Most answers that are remembered, those met once among them; then all are forgotten.
const MOST: usize = 512;
/// An answer with more bytes of text is not remembered.
const LONGEST: usize = 4 * 1024;

/// The answers that were met.
///
/// What was heard is known by 128 bits of a hash with seeds of this process: nobody who writes a capture can
/// make two that are taken for one another. What is remembered changes the speed, never a result; and only
/// answers are remembered in which masking finds nothing, so no secret is.
#[derive(Debug, Default)]
pub(super) struct Answers {
    met: HashMap<u128, Met, FixedState>,
    seeds: [RandomState; 2],
    /// Answers as records hold them: there are many of the same words that had to be read each time.
    told: HashSet<Arc<Answer>, FixedState>,
}

/// What is known of an answer.
#[derive(Clone, Debug)]
enum Met {
    /// It was met once: most texts that are not met again hold an id or a time.
    Once,
    /// It has to be read each time.
    Unfit,
    /// What it means.
    Known(Arc<Known>),
}

/// The meaning of an answer that is shown as it was sent.
#[derive(Debug)]
struct Known {
    answer: Arc<Answer>,
    /// Of all its texts.
    pieces: Pieces,
    names: Names,
}

/// Whether names of persons have to be looked for in an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Names {
    /// One may stand in it.
    Possible,
    /// None stands in it, whoever sent the request.
    None,
}

impl Answers {
    /// Returns the answer of an exchange with every text masked.
    pub(super) fn read(
        &mut self,
        exchange: &Exchange<'_>,
        catalogue: &Catalogue,
        masker: &Masker<'_>,
    ) -> (Arc<Answer>, Names) {
        let heard = Heard::of(exchange);
        if !heard.is_open() {
            let answer = super::masked(heard.understand(catalogue).answer, masker);
            return (Arc::new(answer), Names::Possible);
        }
        let mark = self.mark(&heard);
        let met = self.met.get(&mark).cloned();
        if let Some(Met::Known(known)) = &met
            && masker.leaves(&known.pieces)
        {
            return (Arc::clone(&known.answer), known.names);
        }
        let Understood { answer, of_speaker } = heard.understand(catalogue);
        let raw = matches!(met, Some(Met::Once)).then(|| answer.clone());
        let shown = Arc::new(super::masked(answer, masker));
        let now = match (met, raw) {
            (None, _) => Met::Once,
            (Some(Met::Once), Some(raw)) if !of_speaker && raw == *shown => Met::of(&shown),
            (Some(Met::Once), _) => Met::Unfit,
            (Some(_), _) => return (shown, Names::Possible),
        };
        if self.met.len() >= MOST {
            self.met.clear();
        }
        self.met.insert(mark, now);
        (shown, Names::Possible)
    }

    /// Returns the one copy of an answer that says something.
    pub(super) fn share(&mut self, answer: Arc<Answer>) -> Arc<Answer> {
        if answer.statements.is_empty() {
            return answer;
        }
        if let Some(known) = self.told.get(&answer) {
            return Arc::clone(known);
        }
        if self.told.len() >= MOST {
            self.told.clear();
        }
        self.told.insert(Arc::clone(&answer));
        answer
    }

    fn mark(&self, heard: &impl Hash) -> u128 {
        let [high, low] = self.seeds.each_ref().map(|seed| seed.hash_one(heard));
        u128::from(high) << 64 | u128::from(low)
    }
}

impl Met {
    /// Keeps an answer in which no secret of its exchange was found.
    fn of(answer: &Arc<Answer>) -> Self {
        let fits = texts(answer).all(|text| by_shape(text) == text)
            && texts(answer).map(str::len).sum::<usize>() <= LONGEST;
        if !fits {
            return Self::Unfit;
        }
        let mut said = answer.statements.iter();
        let names = said.any(|said| persons::may_stand_in(&said.text));
        let names = if names { Names::Possible } else { Names::None };
        Self::Known(Arc::new(Known {
            pieces: Pieces::of(texts(answer)),
            answer: Arc::clone(answer),
            names,
        }))
    }
}

/// Returns every text of an answer that masking looks at.
fn texts(answer: &Answer) -> impl Iterator<Item = &str> {
    let said = answer.statements.iter().flat_map(|said| {
        [Some(&*said.text), Some(&*said.place), said.expected.as_deref()].into_iter().flatten()
    });
    let challenges = answer.challenges.iter().flat_map(|challenge| {
        let params = challenge.params.iter().flat_map(|(name, value)| [&**name, &**value]);
        std::iter::once(&*challenge.scheme).chain(params)
    });
    said.chain(challenges)
}

#[cfg(test)]
mod tests;
