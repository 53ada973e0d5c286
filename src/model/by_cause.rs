//! Counts by cause, as a report holds thousands of: one in each of its buckets, most of one cause or none.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::cause::CauseId;

/// Counts by cause, in the order of the ids: a list, of which a tree would take ten times the memory.
///
/// Written and read as an object, `{"time.expired": 3}`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ByCause(Vec<(CauseId, u64)>);

impl ByCause {
    /// Counts so many more.
    pub fn add(&mut self, cause: &CauseId, count: u64) {
        match self.at(cause.as_str()) {
            Ok(at) => {
                if let Some((_, known)) = self.0.get_mut(at) {
                    *known = known.saturating_add(count);
                }
            }
            Err(at) => {
                self.0.reserve_exact(1);
                self.0.insert(at, (cause.clone(), count));
            }
        }
    }

    /// Returns the count of a cause; `None` where there is none.
    pub fn get(&self, cause: &str) -> Option<u64> {
        self.0.get(self.at(cause).ok()?).map(|(_, count)| *count)
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns causes and counts in order of the ids.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(cause, count)| (cause.as_str(), *count))
    }

    /// Returns the sum of all counts.
    pub fn sum(&self) -> u64 {
        self.0.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    fn at(&self, cause: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.as_str().cmp(cause))
    }
}

impl FromIterator<(CauseId, u64)> for ByCause {
    fn from_iter<I: IntoIterator<Item = (CauseId, u64)>>(counts: I) -> Self {
        let mut all = Self::default();
        counts.into_iter().for_each(|(cause, count)| all.add(&cause, count));
        all
    }
}

impl Serialize for ByCause {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for ByCause {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let counts = BTreeMap::<String, u64>::deserialize(from)?;
        Ok(counts.into_iter().map(|(id, count)| (CauseId::owned(id), count)).collect())
    }
}

impl JsonSchema for ByCause {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        BTreeMap::<String, u64>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, u64>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counts_are_those_of_a_map_and_written_as_one(
            all in prop::collection::vec(("[a-c]{1,2}", 0u64..9), 0..20),
        ) {
            let (mut counts, mut map) = (ByCause::default(), BTreeMap::<String, u64>::new());
            for (id, count) in &all {
                counts.add(&CauseId::owned(id.clone()), *count);
                *map.entry(id.clone()).or_default() += count;
            }
            prop_assert!(counts.iter().eq(map.iter().map(|(id, count)| (id.as_str(), *count))));
            prop_assert_eq!(counts.sum(), map.values().sum::<u64>());
            prop_assert_eq!(counts.is_empty(), map.is_empty());
            for id in ["a", "bc", "z"] {
                prop_assert_eq!(counts.get(id), map.get(id).copied());
            }
            let text = serde_json::to_string(&counts).unwrap();
            prop_assert_eq!(&text, &serde_json::to_string(&map).unwrap());
            prop_assert_eq!(serde_json::from_str::<ByCause>(&text).unwrap(), counts);
        }
    }
}
