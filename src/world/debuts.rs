//! When tokens of each key and of each issuer appeared first.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use crate::model::{At, Make, Token};

/// The first sight of tokens, let in or refused, by what they name.
#[derive(Debug, Default, PartialEq)]
pub struct Debuts<'t> {
    /// By key id.
    pub kids: BTreeMap<&'t str, At>,
    /// By issuer.
    pub issuers: BTreeMap<&'t str, At>,
}

/// The same by make: thousands of tokens share one, whose names are then looked at once.
#[derive(Debug, Default)]
pub(super) struct MakeDebuts<'t>(HashMap<usize, (&'t Make, At), FixedState>);

impl<'t> Debuts<'t> {
    pub(super) fn note(&mut self, make: &'t Make, first: At) {
        for (table, name) in [(&mut self.kids, &make.kid), (&mut self.issuers, &make.iss)] {
            if let Some(name) = name.as_deref() {
                let known = table.entry(name).or_insert(first);
                *known = first.min(*known);
            }
        }
    }

    /// Adds what some uses showed.
    pub(super) fn merge(&mut self, makes: MakeDebuts<'t>) {
        makes.0.into_values().for_each(|(make, first)| self.note(make, first));
    }
}

impl<'t> MakeDebuts<'t> {
    /// Notes the first sight of a token; nothing where its time is not known.
    pub(super) fn note(&mut self, token: Option<&'t Token>, first: Option<At>) {
        let (Some(token), Some(first)) = (token, first) else { return };
        let address = std::ptr::from_ref::<Make>(&token.make).addr();
        let (_, known) = self.0.entry(address).or_insert((&token.make, first));
        *known = first.min(*known);
    }
}
