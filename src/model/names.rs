//! Lists of names that are shared by all who have the same.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A list of names, such as the claims of a token: read as a list, and kept once for all that share it.
///
/// An empty list takes no memory of its own; lists are equal where their names are, shared or not.
#[derive(Clone, Debug, Default)]
pub struct Names(Option<Arc<Vec<String>>>);

impl Names {
    /// Returns the names.
    pub fn as_slice(&self) -> &[String] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }

    /// Has this list share the memory of an equal one.
    pub(super) fn share(&mut self, known: &Self) {
        if *self == *known {
            self.0.clone_from(&known.0);
        }
    }
}

impl Deref for Names {
    type Target = Vec<String>;

    fn deref(&self) -> &Vec<String> {
        const NONE: &Vec<String> = &Vec::new();
        self.0.as_deref().unwrap_or(NONE)
    }
}

/// A list that others share is copied first.
impl DerefMut for Names {
    fn deref_mut(&mut self) -> &mut Vec<String> {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
            _ => self.is_empty() && other.is_empty(),
        }
    }
}

impl Eq for Names {}

impl std::hash::Hash for Names {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

impl From<Vec<String>> for Names {
    fn from(names: Vec<String>) -> Self {
        Self((!names.is_empty()).then(|| Arc::new(names)))
    }
}

impl FromIterator<String> for Names {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        Self::from(Vec::from_iter(names))
    }
}

impl Serialize for Names {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_slice().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use foldhash::fast::FixedState;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn names_are_what_their_list_is(
            a in prop::collection::vec("[ab]{0,2}", 0..4),
            b in prop::collection::vec("[ab]{0,2}", 0..4),
            emptied in any::<bool>(),
        ) {
            use std::hash::BuildHasher;
            let (mut x, mut y) = (Names::from(a.clone()), Names::from(b.clone()));
            if emptied && a.is_empty() {
                // A list that was made and has lost its names is as empty as one that never was.
                x.push("a".to_owned());
                x.clear();
            }
            let hash = |value: &Names| FixedState::with_seed(1).hash_one(value);
            prop_assert_eq!(x == y, a == b);
            prop_assert_eq!(hash(&x) == hash(&y), a == b);
            prop_assert_eq!(&*x, &a);
            let written = serde_json::to_string(&x).unwrap();
            prop_assert_eq!(&written, &serde_json::to_string(&a).unwrap());
            prop_assert_eq!(&serde_json::from_str::<Names>(&written).unwrap(), &x);
            x.share(&y);
            y.push("c".to_owned());
            prop_assert_eq!(&*x, &a);
        }
    }
}
