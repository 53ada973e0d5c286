//! Where a line ends: at a line break of any system, and where a log has a hole.
//!
//! A log that was emptied under its writer starts with a run of zero bytes, and one whose machine lost
//! power ends in one: what stands on either side of a hole are two lines. A carriage return alone ends
//! a line too, as old systems and pasted text have it, but not inside a JSON string.

use memchr::memchr3;

/// Zero bytes that make a hole in the middle of a line; fewer are a text's own.
const HOLE: usize = 8;

/// Carriage returns that may stand before a line feed and are one line break with it.
const RETURNS: usize = 3;

/// How a line ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum End {
    /// With a line feed, which stands so many bytes behind the line's last one.
    Feed(usize),
    /// With a carriage return alone.
    Return,
    /// Where zero bytes begin, which are left for the next look.
    Hole,
    /// With the input.
    Input,
}

impl End {
    /// Returns how many bytes it takes.
    pub(super) fn length(self) -> usize {
        match self {
            Self::Feed(length) => length,
            Self::Return => 1,
            Self::Hole | Self::Input => 0,
        }
    }
}

/// Finds the end of the line that starts with `bytes`: its length and how it ends; `None` when that
/// lies behind them. `last` says that nothing follows them.
pub(super) fn find(bytes: &[u8], last: bool) -> Option<(usize, End)> {
    // Of this line: a break that stands first ends it, whatever follows.
    let is_json = bytes.iter().find(|b| !matches!(b, b' ' | b'\t')) == Some(&b'{');
    let mut at = 0;
    while let Some(found) = memchr3(b'\n', b'\r', 0, bytes.get(at..)?) {
        at += found;
        match bytes.get(at)? {
            b'\n' => return Some((at, End::Feed(1))),
            b'\r' => {
                let run = run(bytes, at, b'\r', RETURNS);
                match bytes.get(at + run) {
                    Some(b'\n') => return Some((at, End::Feed(run + 1))),
                    None if !last => return None,
                    Some(next) if is_json && *next != b'{' && !after_object(bytes, at) => {}
                    _ => return Some((at, End::Return)),
                }
            }
            _ => {
                let run = run(bytes, at, 0, HOLE);
                match bytes.get(at + run) {
                    _ if run >= HOLE => return Some((at, End::Hole)),
                    None if !last => return None,
                    None | Some(b'\n' | b'\r') => return Some((at, End::Hole)),
                    Some(_) => at += run - 1,
                }
            }
        }
        at += 1;
    }
    last.then_some((bytes.len(), End::Input))
}

/// Counts how often `byte` stands from `at` on, `most` at most.
fn run(bytes: &[u8], at: usize, byte: u8, most: usize) -> usize {
    bytes.iter().skip(at).take(most).take_while(|b| **b == byte).count()
}

fn after_object(bytes: &[u8], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b'}')
}

/// Counts the zero bytes at the beginning.
pub(super) fn hole(bytes: &[u8]) -> usize {
    bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_system_s_line_break_ends_a_line() {
        assert_eq!(find(b"ab\ncd", false), Some((2, End::Feed(1))));
        assert_eq!(find(b"ab\r\ncd", false), Some((2, End::Feed(2))));
        assert_eq!(find(b"ab\r\r\ncd", false), Some((2, End::Feed(3))));
        assert_eq!(find(b"ab\rcd", false), Some((2, End::Return)));
        assert_eq!(find(b"ab\r", false), None);
        assert_eq!(find(b"ab\r", true), Some((2, End::Return)));
        assert_eq!(find(b"\r \n{}", true), Some((0, End::Return)), "the object is of another line");
        assert_eq!(find(b"ab", false), None);
        assert_eq!(find(b"ab", true), Some((2, End::Input)));
    }

    #[test]
    fn a_carriage_return_inside_a_json_text_ends_nothing() {
        assert_eq!(find(b"{\"a\":\"x\ry\"}\n", false), Some((11, End::Feed(1))));
        assert_eq!(find(b"{\"a\":1}\r{\"b\":2}", false), Some((7, End::Return)));
        assert_eq!(find(b"{\"a\":1\r{\"b\":2}", false), Some((6, End::Return)));
    }

    #[test]
    fn a_hole_ends_a_line_and_a_zero_byte_in_a_text_does_not() {
        assert_eq!(find(b"ab\0\0\0\0\0\0\0\0cd\n", false), Some((2, End::Hole)));
        assert_eq!(find(b"ab\0\0\ncd", false), Some((2, End::Hole)));
        assert_eq!(find(b"ab\0\0", true), Some((2, End::Hole)));
        assert_eq!(find(b"ab\0\0", false), None);
        assert_eq!(find(b"ab\0cd\nef", false), Some((5, End::Feed(1))));
        assert_eq!(hole(b"\0\0\0ab"), 3);
    }

    proptest! {
        #[test]
        fn an_end_that_is_found_stays_when_more_is_seen(
            text in "[ab{}\\x00\\r\\n]{0,40}", cut in 0_usize..40
        ) {
            let bytes = text.as_bytes();
            let part = &bytes[..cut.min(bytes.len())];
            if let Some(found) = find(part, false) {
                prop_assert_eq!(find(bytes, true), Some(found));
            }
        }
    }
}
