//! What stands for a value in a partial, back to the value; a damaged one is told, never trusted.

use std::fmt;

use serde::de::value::U32Deserializer;
use serde::de::{
    self, Deserialize, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::pack::UNITS;

/// Reads packed numbers.
#[derive(Debug)]
struct Unpacker<'de, 'w> {
    rest: &'de [u8],
    words: &'w [&'de str],
    marks: Vec<u128>,
    last: i64,
    /// Bytes of words that may still be handed out: few numbers must not point at a long word many times.
    room: usize,
}

/// What is wrong with packed numbers.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Damage(String);

/// Unpacks a value; its words take at most `room` bytes.
///
/// # Errors
/// [`Damage`] when the numbers end early or late, or stand for no such value.
pub(super) fn unpack<'de, T: Deserialize<'de>>(
    numbers: &'de [u8],
    words: &[&'de str],
    room: usize,
) -> Result<T, Damage> {
    let mut unpacker = Unpacker { rest: numbers, words, marks: Vec::new(), last: 0, room };
    let value = T::deserialize(&mut unpacker)?;
    if unpacker.rest.is_empty() { Ok(value) } else { Err(Damage::of("it goes on behind its end")) }
}

impl Damage {
    fn of(words: &str) -> Self {
        Self(words.to_owned())
    }
}

impl<'de> Unpacker<'de, '_> {
    fn byte(&mut self) -> Result<u8, Damage> {
        let (first, rest) = self.rest.split_first().ok_or_else(early)?;
        self.rest = rest;
        Ok(*first)
    }

    fn bytes<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], Damage> {
        let (first, rest) = self.rest.split_first_chunk().ok_or_else(early)?;
        self.rest = rest;
        Ok(*first)
    }

    fn number(&mut self) -> Result<u128, Damage> {
        let mut number = 0;
        // A number of 66 bits is the longest that is written.
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            number |= u128::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Damage::of("a number without an end"))
    }

    fn small<N: TryFrom<u128>>(&mut self) -> Result<N, Damage> {
        N::try_from(self.number()?).map_err(|_| Damage::of("a number that is too large"))
    }

    fn signed(&mut self) -> Result<i64, Damage> {
        Ok(unfold(self.small()?))
    }

    fn small_signed<N: TryFrom<i64>>(&mut self) -> Result<N, Damage> {
        N::try_from(self.signed()?).map_err(|_| Damage::of("a number that is too large"))
    }

    fn instant(&mut self) -> Result<i64, Damage> {
        let number = self.number()?;
        let steps = u64::try_from(number >> 2).map_err(|_| Damage::of("an instant too far"))?;
        let unit = UNITS.get((number & 3) as usize).copied().unwrap_or(1);
        let step = unfold(steps).wrapping_mul(unit);
        self.last = self.last.wrapping_add(step);
        Ok(self.last)
    }

    fn mark(&mut self) -> Result<u128, Damage> {
        let at: usize = self.small()?;
        if at == self.marks.len() {
            let mark = u128::from_le_bytes(self.bytes()?);
            self.marks.push(mark);
            return Ok(mark);
        }
        self.marks.get(at).copied().ok_or_else(|| Damage::of("a mark that was not there before"))
    }

    fn word(&mut self) -> Result<&'de str, Damage> {
        let at: usize = self.small()?;
        let word = self.words.get(at).copied().ok_or_else(|| Damage::of("no such word"))?;
        self.room = self.room.checked_sub(word.len()).ok_or_else(|| Damage::of("too much"))?;
        Ok(word)
    }

    /// Reads how many elements follow. Each has a byte or more, but for those that hold nothing, of which a
    /// tally has no lists.
    fn len(&mut self) -> Result<usize, Damage> {
        let len: usize = self.small()?;
        if len > self.rest.len() { Err(early()) } else { Ok(len) }
    }
}

fn early() -> Damage {
    Damage::of("it ends early")
}

/// Takes signs back out of even and odd, see [`Packer`](super::pack::Packer).
fn unfold(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

impl<'de> de::Deserializer<'de> for &mut Unpacker<'de, '_> {
    type Error = Damage;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Damage> {
        Err(Damage::of("a value of unknown kind"))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        self.deserialize_any(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        match self.byte()? {
            0 => visitor.visit_bool(false),
            1 => visitor.visit_bool(true),
            _ => Err(Damage::of("neither yes nor no")),
        }
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        visitor.visit_i8(self.small_signed()?)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        visitor.visit_i16(self.small_signed()?)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        visitor.visit_i32(self.small_signed()?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        visitor.visit_i64(self.instant()?)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        visitor.visit_u8(self.small()?)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        visitor.visit_u16(self.small()?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        visitor.visit_u32(self.small()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        visitor.visit_u64(self.small()?)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        visitor.visit_u128(self.mark()?)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        visitor.visit_f32(f32::from_le_bytes(self.bytes()?))
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        visitor.visit_f64(f64::from_le_bytes(self.bytes()?))
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        let code: u32 = self.small()?;
        visitor.visit_char(char::from_u32(code).ok_or_else(|| Damage::of("no character"))?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        visitor.visit_borrowed_str(self.word()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        self.deserialize_any(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        match self.byte()? {
            0 => visitor.visit_none(),
            1 => visitor.visit_some(self),
            _ => Err(Damage::of("neither there nor not")),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Damage> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Damage> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        let left = self.len()?;
        visitor.visit_seq(Elements { unpacker: self, left })
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Damage> {
        visitor.visit_seq(Elements { unpacker: self, left: len })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Damage> {
        visitor.visit_seq(Elements { unpacker: self, left: len })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        let left = self.len()?;
        visitor.visit_map(Elements { unpacker: self, left })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Damage> {
        note(name, fields);
        visitor.visit_seq(Elements { unpacker: self, left: fields.len() })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Damage> {
        note(name, variants);
        visitor.visit_enum(self)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Damage> {
        self.deserialize_u32(visitor)
    }
}

/// What is left of a list, a map or a struct.
struct Elements<'a, 'de, 'w> {
    unpacker: &'a mut Unpacker<'de, 'w>,
    left: usize,
}

impl Elements<'_, '_, '_> {
    fn take(&mut self) -> bool {
        let is_there = self.left > 0;
        self.left -= usize::from(is_there);
        is_there
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de, '_> {
    type Error = Damage;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Damage> {
        if self.take() { seed.deserialize(&mut *self.unpacker).map(Some) } else { Ok(None) }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> MapAccess<'de> for Elements<'_, 'de, '_> {
    type Error = Damage;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Damage> {
        if self.take() { seed.deserialize(&mut *self.unpacker).map(Some) } else { Ok(None) }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Damage> {
        seed.deserialize(&mut *self.unpacker)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> EnumAccess<'de> for &mut Unpacker<'de, '_> {
    type Error = Damage;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Damage> {
        let index: U32Deserializer<Damage> = self.small::<u32>()?.into_deserializer();
        Ok((seed.deserialize(index)?, self))
    }
}

impl<'de> VariantAccess<'de> for &mut Unpacker<'de, '_> {
    type Error = Damage;

    fn unit_variant(self) -> Result<(), Damage> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Damage> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Damage> {
        visitor.visit_seq(Elements { unpacker: self, left: len })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Damage> {
        visitor.visit_seq(Elements { unpacker: self, left: fields.len() })
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Damage {}

impl de::Error for Damage {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Notes what is read by its position, for the test that holds it against the version.
#[cfg(test)]
fn note(name: &'static str, parts: &'static [&'static str]) {
    LAYOUT.with_borrow_mut(|layout| layout.insert((name, parts)));
}

#[cfg(not(test))]
const fn note(_: &'static str, _: &'static [&'static str]) {}

#[cfg(test)]
type Layout = std::collections::BTreeSet<(&'static str, &'static [&'static str])>;

#[cfg(test)]
thread_local! {
    static LAYOUT: std::cell::RefCell<Layout> = const { std::cell::RefCell::new(Layout::new()) };
}

/// Takes what was read by its position on this thread: each struct with its fields, each enumeration with
/// its variants.
#[cfg(test)]
pub(super) fn layout() -> Vec<String> {
    let layout = LAYOUT.take();
    layout.iter().map(|(name, parts)| format!("{name}: {}", parts.join(" "))).collect()
}
