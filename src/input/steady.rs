//! Reads a decoder in pieces of one size, so that how much somebody asks for never shows.
//!
//! A decoder that meets damage gives up what it made in that very call: how much that is would depend on
//! the size of the buffer that it was given.

use std::io::{self, Read};

/// Bytes that are asked for at once: what damage can cost at most.
const PIECE: usize = 4 << 10;

/// A reader that asks for 4 KiB each time.
pub(super) struct Steady<R> {
    inner: R,
    piece: Box<[u8]>,
    at: usize,
    filled: usize,
}

impl<R: Read> Steady<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, piece: vec![0; PIECE].into(), at: 0, filled: 0 }
    }
}

impl<R: Read> Read for Steady<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at == self.filled {
            (self.at, self.filled) = (0, 0);
            self.filled = self.inner.read(&mut self.piece)?;
        }
        let ready = self.piece.get(self.at..self.filled).unwrap_or_default();
        let count = ready.len().min(into.len());
        into.iter_mut().zip(ready).for_each(|(to, from)| *to = *from);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_damage_costs_does_not_depend_on_who_asks() {
        let text: Vec<u8> =
            (0..300_000_u32).flat_map(|n| n.wrapping_mul(n).to_le_bytes()).collect();
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(&text).unwrap();
        let mut packed = packer.finish().unwrap();
        let middle = packed.len() / 2;
        packed[middle..middle + 64].fill(0xFF);
        let read = |size: usize| {
            let mut steady = Steady::new(flate2::bufread::MultiGzDecoder::new(&packed[..]));
            let (mut all, mut buffer) = (0, vec![0; size]);
            while let Ok(count) = steady.read(&mut buffer) {
                all += count;
                if count == 0 {
                    break;
                }
            }
            all
        };
        assert!(read(100) > 0);
        assert_eq!(read(100), read(1 << 20));
    }
}
