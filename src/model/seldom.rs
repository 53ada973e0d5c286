//! Values that are hardly ever another than their default.

use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value that takes no room as long as it is its default; it is written and hashed as if it stood there itself.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Seldom<T>(Option<Box<T>>);

impl<T: Copy + Default + PartialEq> Seldom<T> {
    /// Returns the value.
    pub fn get(&self) -> T {
        self.0.as_deref().copied().unwrap_or_default()
    }
}

impl<T: Default> Seldom<T> {
    /// Returns the value; `None` for the default.
    pub fn seen(&self) -> Option<&T> {
        self.0.as_deref()
    }

    /// The same to be changed, into none that is the default.
    pub fn seen_mut(&mut self) -> Option<&mut T> {
        self.0.as_deref_mut()
    }

    /// Returns the value to be changed into one that is not the default.
    pub fn grow(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }

    /// Takes the value out.
    #[must_use]
    pub fn take(&mut self) -> T {
        self.0.take().map_or_else(T::default, |value| *value)
    }
}

impl<T: Default + PartialEq> From<T> for Seldom<T> {
    fn from(value: T) -> Self {
        Self((value != T::default()).then(|| Box::new(value)))
    }
}

impl<T: Copy + Default + Hash + PartialEq> Hash for Seldom<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.get().hash(state);
    }
}

impl<T: Default + Serialize> Serialize for Seldom<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.seen() {
            Some(value) => value.serialize(serializer),
            None => T::default().serialize(serializer),
        }
    }
}

impl<'de, T: Default + Deserialize<'de> + PartialEq> Deserialize<'de> for Seldom<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

    use super::*;

    #[test]
    fn what_is_seldom_there_is_written_and_hashed_as_if_it_stood_there_itself() {
        let hash = |value: &dyn Fn(&mut DefaultHasher)| {
            let mut state = BuildHasherDefault::<DefaultHasher>::default().build_hasher();
            value(&mut state);
            state.finish()
        };
        for value in [0_u32, 7] {
            let kept = Seldom::from(value);
            assert_eq!(kept.get(), value);
            assert_eq!(kept.0.is_some(), value != 0);
            assert_eq!(hash(&|state| kept.hash(state)), hash(&|state| value.hash(state)));
            let written = serde_json::to_string(&kept).unwrap();
            assert_eq!(written, value.to_string());
            assert_eq!(serde_json::from_str::<Seldom<u32>>(&written).unwrap(), kept);
            let mut grown = Seldom::default();
            assert_eq!(kept.seen().copied(), (value != 0).then_some(value));
            if value != 0 {
                *grown.grow() = value;
            }
            assert_eq!(grown, kept);
            assert_eq!((grown.take(), grown), (value, Seldom::default()));
        }
    }
}
