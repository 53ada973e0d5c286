//! A value to what stands for it in a partial: numbers in few bytes, and its words, each once.
//!
//! The form is positional: it holds no name of a field, so only the version of the tally tells what it
//! means. All text stands among the words, as it is, for whoever looks for what should not be there.

use std::collections::HashMap;
use std::fmt;

use foldhash::fast::FixedState;
use serde::ser::{self, Serialize};

/// What a value is packed into.
#[derive(Debug, Default)]
pub(super) struct Packer {
    numbers: Vec<u8>,
    words: Vec<Box<str>>,
    known_words: HashMap<Box<str>, usize, FixedState>,
    /// Marks come twice and more: in a table, in uses and in refusals.
    known_marks: HashMap<u128, usize, FixedState>,
    last: i64,
}

/// Why a value cannot be packed; none that this program makes.
#[derive(Debug)]
pub(super) struct Unfit(String);

/// Units of time that instants are apart by, in nanoseconds; finest first.
pub(super) const UNITS: [i64; 4] = [1, 1_000, 1_000_000, 1_000_000_000];

/// Packs a value: its numbers, and the words that they point at.
pub(super) fn pack(value: &impl Serialize) -> Result<(Vec<u8>, Vec<Box<str>>), Unfit> {
    let mut packer = Packer::default();
    value.serialize(&mut packer)?;
    Ok((packer.numbers, packer.words))
}

impl Packer {
    fn byte(&mut self, byte: u8) {
        self.numbers.push(byte);
    }

    /// Writes seven bits a byte, the lowest first, with the eighth set in all but the last.
    fn number(&mut self, number: impl Into<u128>) {
        let mut rest: u128 = number.into();
        while rest > 0x7f {
            self.numbers.push(0x80 | low_byte(rest));
            rest >>= 7;
        }
        self.numbers.push(low_byte(rest));
    }

    fn len(&mut self, len: usize) {
        self.number(len as u64);
    }

    fn signed(&mut self, number: i64) {
        self.number(zigzag(number));
    }
}

fn low_byte(number: u128) -> u8 {
    let [low, ..] = (number & 0x7f).to_le_bytes();
    low
}

/// Folds signs away: 0, -1, 1, -2, 2 become 0, 1, 2, 3, 4.
fn zigzag(number: i64) -> u64 {
    (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned()
}

impl ser::Serializer for &mut Packer {
    type Ok = ();
    type Error = Unfit;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_bool(self, value: bool) -> Result<(), Unfit> {
        self.byte(u8::from(value));
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Unfit> {
        self.signed(value.into());
        Ok(())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Unfit> {
        self.signed(value.into());
        Ok(())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Unfit> {
        self.signed(value.into());
        Ok(())
    }

    /// Writes how far it is from the one before, in the widest unit that divides that: these are instants.
    fn serialize_i64(self, value: i64) -> Result<(), Unfit> {
        let step = value.wrapping_sub(self.last);
        self.last = value;
        let unit = UNITS.iter().rposition(|unit| step % unit == 0).unwrap_or(0);
        let steps = UNITS.get(unit).map_or(step, |unit| step / unit);
        self.number(u128::from(zigzag(steps)) << 2 | unit as u128);
        Ok(())
    }

    fn serialize_u8(self, value: u8) -> Result<(), Unfit> {
        self.number(value);
        Ok(())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Unfit> {
        self.number(value);
        Ok(())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Unfit> {
        self.number(value);
        Ok(())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Unfit> {
        self.number(value);
        Ok(())
    }

    /// Writes a mark: which one of those before it is, or the next one, whole.
    fn serialize_u128(self, value: u128) -> Result<(), Unfit> {
        let next = self.known_marks.len();
        let at = *self.known_marks.entry(value).or_insert(next);
        self.len(at);
        if at == next {
            self.numbers.extend_from_slice(&value.to_le_bytes());
        }
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Unfit> {
        self.numbers.extend_from_slice(&value.to_le_bytes());
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Unfit> {
        self.numbers.extend_from_slice(&value.to_le_bytes());
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Unfit> {
        self.number(u32::from(value));
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Unfit> {
        let at = if let Some(at) = self.known_words.get(value) {
            *at
        } else {
            let at = self.words.len();
            self.words.push(value.into());
            self.known_words.insert(value.into(), at);
            at
        };
        self.len(at);
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Unfit> {
        Err(Unfit("bytes, of which a tally has none".into()))
    }

    fn serialize_none(self) -> Result<(), Unfit> {
        self.byte(0);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unfit> {
        self.byte(1);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unfit> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unfit> {
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
    ) -> Result<(), Unfit> {
        self.number(index);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unfit> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unfit> {
        self.number(index);
        value.serialize(self)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self, Unfit> {
        self.len(len.ok_or_else(|| Unfit("a list of unknown length".into()))?);
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Unfit> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Unfit> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Unfit> {
        self.number(index);
        Ok(self)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self, Unfit> {
        self.serialize_seq(len)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Unfit> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Unfit> {
        self.number(index);
        Ok(self)
    }
}

impl ser::SerializeSeq for &mut Packer {
    type Ok = ();
    type Error = Unfit;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unfit> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Unfit> {
        Ok(())
    }
}

impl ser::SerializeTuple for &mut Packer {
    type Ok = ();
    type Error = Unfit;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unfit> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Unfit> {
        Ok(())
    }
}

impl ser::SerializeTupleStruct for &mut Packer {
    type Ok = ();
    type Error = Unfit;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unfit> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Unfit> {
        Ok(())
    }
}

impl ser::SerializeTupleVariant for &mut Packer {
    type Ok = ();
    type Error = Unfit;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unfit> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Unfit> {
        Ok(())
    }
}

impl ser::SerializeMap for &mut Packer {
    type Ok = ();
    type Error = Unfit;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unfit> {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unfit> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Unfit> {
        Ok(())
    }
}

impl ser::SerializeStruct for &mut Packer {
    type Ok = ();
    type Error = Unfit;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unfit> {
        value.serialize(&mut **self)
    }

    fn skip_field(&mut self, name: &'static str) -> Result<(), Unfit> {
        Err(Unfit(format!("the field {name}, which is left out")))
    }

    fn end(self) -> Result<(), Unfit> {
        Ok(())
    }
}

impl ser::SerializeStructVariant for &mut Packer {
    type Ok = ();
    type Error = Unfit;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unfit> {
        value.serialize(&mut **self)
    }

    fn skip_field(&mut self, name: &'static str) -> Result<(), Unfit> {
        Err(Unfit(format!("the field {name}, which is left out")))
    }

    fn end(self) -> Result<(), Unfit> {
        Ok(())
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no partial result holds {}", self.0)
    }
}

impl std::error::Error for Unfit {}

impl ser::Error for Unfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}
