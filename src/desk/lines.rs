//! Exchange lines on their way out: written by the workers, once for each format, in one pass.

use std::io::{self, Write};

use crate::model::Line;
use crate::render::{LineWriter, json};

/// Takes exchange lines in the order of the output; an error ends the run.
///
/// Every writer takes JSON Lines: it has one format and needs no beginning.
pub trait Lines {
    /// Returns how lines are written, a function a format; 256 at most.
    fn writers(&self) -> Vec<LineWriter>;

    /// All is read, and lines are about to come, if there are any.
    ///
    /// # Errors
    /// Those of the outputs.
    fn begin(&mut self) -> io::Result<()>;

    /// Takes what the writer of this index, from 0, made of one exchange.
    ///
    /// # Errors
    /// Those of the outputs.
    fn take(&mut self, writer: usize, line: &[u8]) -> io::Result<()>;
}

impl<W: Write> Lines for W {
    fn writers(&self) -> Vec<LineWriter> {
        vec![json::line]
    }

    fn begin(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn take(&mut self, _: usize, line: &[u8]) -> io::Result<()> {
        self.write_all(line)
    }
}

/// Takes no line at all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nowhere;

impl Lines for Nowhere {
    fn writers(&self) -> Vec<LineWriter> {
        Vec::new()
    }

    fn begin(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn take(&mut self, _: usize, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes before each written line: the index of its writer, and its length in four bytes.
const HEAD: usize = 5;

/// Appends what each writer makes of a line; the second pass hands over nothing but bytes.
pub(super) fn pack(line: &Line, writers: &[LineWriter], out: &mut Vec<u8>) -> io::Result<()> {
    for (index, write) in (0..=u8::MAX).zip(writers) {
        let start = out.len();
        out.extend([index, 0, 0, 0, 0]);
        write(line, out)?;
        let length = u32::try_from(out.len() - start - HEAD)
            .map_err(|_| io::Error::other("one line is longer than 4 GB"))?;
        out[start + 1..start + HEAD].copy_from_slice(&length.to_le_bytes());
    }
    Ok(())
}

/// Hands over what was packed.
pub(super) fn unpack(mut packed: &[u8], lines: &mut dyn Lines) -> io::Result<()> {
    while let Some((&[index, a, b, c, d], rest)) = packed.split_first_chunk::<HEAD>() {
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        let (line, rest) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        lines.take(index.into(), line)?;
        packed = rest;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Two(Vec<(usize, String)>);

    impl Lines for Two {
        fn writers(&self) -> Vec<LineWriter> {
            vec![|line, out| writeln!(out, "{}", line.endpoint), |line, out| {
                write!(out, "{}", line.id)
            }]
        }

        fn begin(&mut self) -> io::Result<()> {
            Ok(())
        }

        fn take(&mut self, writer: usize, line: &[u8]) -> io::Result<()> {
            self.0.push((writer, String::from_utf8_lossy(line).into_owned()));
            Ok(())
        }
    }

    #[test]
    fn every_format_gets_its_own_bytes() {
        let mut two = Two::default();
        let mut packed = Vec::new();
        for (endpoint, id) in [("/a\n/b", "1"), ("", "")] {
            let line: Line = serde_json::from_value(line(endpoint, id)).unwrap();
            pack(&line, &two.writers(), &mut packed).unwrap();
        }
        unpack(&packed, &mut two).unwrap();
        let expected = [(0, "/a\n/b\n"), (1, "1"), (0, "\n"), (1, "")];
        assert_eq!(two.0, expected.map(|(writer, text)| (writer, text.to_owned())));
    }

    fn line(endpoint: &str, id: &str) -> serde_json::Value {
        serde_json::json!({
            "schema": "", "id": id, "source": "", "observer": "client", "url": null, "endpoint": endpoint,
            "client": { "id": "" }, "class": "ok", "also": [], "credentials": [], "views": [],
            "server": { "agrees": "" }, "evidence": [],
        })
    }
}
