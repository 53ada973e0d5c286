//! Turns UTF-16 into UTF-8 on the way.

use std::io::{self, Read};

/// Byte order of UTF-16.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Order {
    /// Low byte first, as PowerShell writes.
    Little,
    /// High byte first.
    Big,
}

/// Tells UTF-16 from its mark, or from the zero bytes beside JSON's first characters; with the
/// length of the mark.
pub(super) fn sniff(head: &[u8]) -> Option<(Order, usize)> {
    match *head {
        [0xFF, 0xFE, ..] => Some((Order::Little, 2)),
        [0xFE, 0xFF, ..] => Some((Order::Big, 2)),
        [a, 0, b, 0, ..] if a != 0 && b != 0 => Some((Order::Little, 0)),
        [0, a, 0, b, ..] if a != 0 && b != 0 => Some((Order::Big, 0)),
        _ => None,
    }
}

/// Reads UTF-16 as UTF-8; lone surrogates become U+FFFD.
pub(super) struct Utf16<R> {
    inner: R,
    order: Order,
    raw: Vec<u8>,
    /// A lone byte or the first half of a pair, for the next round.
    rest: Vec<u8>,
    ready: Vec<u8>,
    given: usize,
}

impl<R: Read> Utf16<R> {
    pub(super) fn new(inner: R, order: Order) -> Self {
        Self { inner, order, raw: vec![0; 64 << 10], rest: Vec::new(), ready: Vec::new(), given: 0 }
    }

    fn refill(&mut self) -> io::Result<bool> {
        let read = self.inner.read(&mut self.raw)?;
        let mut bytes = std::mem::take(&mut self.rest);
        bytes.extend_from_slice(self.raw.get(..read).unwrap_or_default());
        let pairs = bytes.chunks_exact(2);
        let mut rest = pairs.remainder().to_vec();
        let mut units: Vec<u16> = pairs
            .map(|pair| match (self.order, pair) {
                (Order::Little, &[a, b]) => u16::from_le_bytes([a, b]),
                (Order::Big, &[a, b]) => u16::from_be_bytes([a, b]),
                _ => 0,
            })
            .collect();
        if read > 0
            && let Some(half) = units.pop_if(|unit| (0xD800..0xDC00).contains(unit))
        {
            let half = match self.order {
                Order::Little => half.to_le_bytes(),
                Order::Big => half.to_be_bytes(),
            };
            rest.splice(0..0, half);
        }
        self.rest = if read > 0 { rest } else { Vec::new() };
        self.given = 0;
        self.ready.clear();
        for unit in char::decode_utf16(units) {
            let c = unit.unwrap_or(char::REPLACEMENT_CHARACTER);
            self.ready.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Ok(read > 0)
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() {
            if !self.refill()? && self.ready.is_empty() {
                return Ok(0);
            }
        }
        let ready = self.ready.get(self.given..).unwrap_or_default();
        let count = ready.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..count), ready.get(..count)) {
            to.copy_from_slice(from);
        }
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_give_the_text_back() {
        let text = format!("{{\"é😀\":\"{}\"}}", "x😀".repeat(40_000));
        for order in [Order::Little, Order::Big] {
            let bytes: Vec<u8> = text
                .encode_utf16()
                .flat_map(
                    |u| if order == Order::Little { u.to_le_bytes() } else { u.to_be_bytes() },
                )
                .collect();
            assert_eq!(sniff(&bytes), Some((order, 0)));
            let mut read = String::new();
            Utf16::new(&bytes[..], order).read_to_string(&mut read).unwrap();
            assert!(read == text);
        }
    }

    #[test]
    fn plain_text_is_no_utf_16() {
        assert_eq!(sniff(b"{\"log\""), None);
        assert_eq!(sniff(b"{"), None);
    }
}
