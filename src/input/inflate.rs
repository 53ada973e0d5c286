//! Inflates gzip, zlib and raw deflate; whatever was packed before damage is handed out.
//!
//! How much is handed out before an error does not depend on how much is asked for at once, so a reader
//! may ask for as much as it has room for: in pieces of 4 KiB inflating takes half as long again.

use std::io::{self, BufRead, Read as _};

use flate2::{Crc, Decompress, FlushDecompress, Status};

/// The fixed part of a gzip header behind its magic number and method: flags, time, extra flags, system.
const FIXED: usize = 7;
/// Flags of a gzip header (RFC 1952, section 2.3.1): checksum, extra field, name, comment, and the rest.
const HAS_CHECKSUM: u8 = 2;
const HAS_EXTRA: u8 = 4;
const HAS_NAME: u8 = 8;
const HAS_COMMENT: u8 = 16;
const RESERVED: u8 = 0xE0;

/// Reads one deflate stream, raw or in zlib's frame.
pub(super) struct Inflate<R> {
    source: R,
    state: Decompress,
    /// Why the source gave no more.
    broken: Option<io::Error>,
    ended: bool,
}

impl<R: BufRead> Inflate<R> {
    /// Takes a stream without a frame (RFC 1951), as zip archives hold it.
    pub(super) fn raw(source: R) -> Self {
        Self { source, state: Decompress::new(false), broken: None, ended: false }
    }

    /// Takes a stream in the frame of zlib (RFC 1950).
    pub(super) fn zlib(source: R) -> Self {
        Self { source, state: Decompress::new(true), broken: None, ended: false }
    }

    /// Starts the next raw stream, which follows in the same source.
    fn restart(&mut self) {
        self.state.reset(false);
        self.ended = false;
    }
}

impl<R: BufRead> io::Read for Inflate<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        while !self.ended {
            let packed = match self.source.fill_buf() {
                _ if self.broken.is_some() => &[],
                Ok(packed) => packed,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
                Err(error) => {
                    // What was unpacked and found no room yet comes first.
                    self.broken = Some(error);
                    &[]
                }
            };
            let is_over = packed.is_empty();
            let (read, made) = (self.state.total_in(), self.state.total_out());
            let status = self.state.decompress(packed, into, FlushDecompress::None);
            let since = |before, now: u64| usize::try_from(now - before).unwrap_or(usize::MAX);
            let made = since(made, self.state.total_out());
            if !is_over {
                self.source.consume(since(read, self.state.total_in()));
            }
            self.ended = matches!(status, Ok(Status::StreamEnd));
            if made > 0 {
                return Ok(made);
            }
            let fault = match status {
                Err(error) => io::Error::new(io::ErrorKind::InvalidData, error),
                Ok(Status::Ok | Status::BufError) if is_over => {
                    self.broken.take().unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into())
                }
                Ok(_) => continue,
            };
            self.ended = true;
            return Err(fault);
        }
        Ok(0)
    }
}

/// Reads gzip (RFC 1952), member after member.
pub(super) struct Gunzip<R> {
    member: Inflate<R>,
    /// Of the member that is read; `None` between two.
    sum: Option<Crc>,
    /// Whether something is wrong: what follows is not looked at.
    broken: bool,
}

impl<R: BufRead> Gunzip<R> {
    /// Takes a stream that starts with a member.
    pub(super) fn new(source: R) -> Self {
        Self { member: Inflate::raw(source), sum: None, broken: false }
    }

    fn advance(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.sum.is_some() || self.begin()? {
            let count = self.member.read(into)?;
            if let (1.., Some(sum)) = (count, &mut self.sum) {
                sum.update(into.get(..count).unwrap_or_default());
                return Ok(count);
            }
            if let Some(sum) = self.sum.take() {
                self.end(&sum)?;
            }
        }
        Ok(0)
    }

    /// Reads the header of the next member; returns whether there is one.
    fn begin(&mut self) -> io::Result<bool> {
        if self.member.source.fill_buf()?.is_empty() {
            return Ok(false);
        }
        let source = &mut self.member.source;
        let mut magic = [0; 3];
        source.read_exact(&mut magic)?;
        let mut fixed = [0; FIXED];
        source.read_exact(&mut fixed)?;
        let [flags, ..] = fixed;
        if magic != [0x1F, 0x8B, 8] || flags & RESERVED != 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "no header of a gzip member"));
        }
        if flags & HAS_EXTRA != 0 {
            let mut length = [0; 2];
            source.read_exact(&mut length)?;
            pass(source, u16::from_le_bytes(length).into())?;
        }
        for flag in [HAS_NAME, HAS_COMMENT] {
            if flags & flag != 0 {
                pass_text(source)?;
            }
        }
        if flags & HAS_CHECKSUM != 0 {
            pass(source, 2)?;
        }
        self.member.restart();
        self.sum = Some(Crc::new());
        Ok(true)
    }

    /// Compares what a member held with what stands behind it.
    fn end(&mut self, sum: &Crc) -> io::Result<()> {
        let (mut told_sum, mut told_amount) = ([0; 4], [0; 4]);
        self.member.source.read_exact(&mut told_sum)?;
        self.member.source.read_exact(&mut told_amount)?;
        let told = (u32::from_le_bytes(told_sum), u32::from_le_bytes(told_amount));
        if told == (sum.sum(), sum.amount()) {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum of a gzip member differs"))
    }
}

impl<R: BufRead> io::Read for Gunzip<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() || self.broken {
            return Ok(0);
        }
        self.advance(into)
            .inspect_err(|error| self.broken = error.kind() != io::ErrorKind::Interrupted)
    }
}

/// Passes over so many bytes.
fn pass(source: &mut impl BufRead, count: u64) -> io::Result<()> {
    let passed = io::copy(&mut source.take(count), &mut io::sink())?;
    if passed == count { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Passes over text and the zero byte that ends it; memory does not grow with its length.
fn pass_text(source: &mut impl BufRead) -> io::Result<()> {
    loop {
        let bytes = match source.fill_buf() {
            Ok([]) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let (end, length) = (memchr::memchr(0, bytes), bytes.len());
        source.consume(end.map_or(length, |end| end + 1));
        if end.is_some() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests;
