use std::io::{BufReader, Read, Write as _};

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::*;

/// Reads to the end or to the first error, asking for `size` bytes at once.
fn drain(mut reader: impl Read, size: usize) -> (Vec<u8>, Option<io::ErrorKind>) {
    let (mut all, mut buffer) = (Vec::new(), vec![0; size]);
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return (all, None),
            Ok(count) => all.extend_from_slice(&buffer[..count]),
            Err(error) => return (all, Some(error.kind())),
        }
    }
}

fn gunzipped(packed: &[u8], size: usize, buffer: usize) -> (Vec<u8>, Option<io::ErrorKind>) {
    let mut reader = Gunzip::new(BufReader::with_capacity(buffer, packed));
    let drained = drain(&mut reader, size);
    assert_eq!(reader.read(&mut [0; 9]).unwrap(), 0, "what follows damage is not read");
    drained
}

/// A member; `level` 0 stores, and every member in four has a header with all that one may have.
fn member(text: &[u8], level: u32) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::new(level % 10));
    packer.write_all(text).unwrap();
    let plain = packer.finish().unwrap();
    if !level.is_multiple_of(4) {
        return plain;
    }
    let mut dressed = plain[..10].to_vec();
    dressed[3] = HAS_CHECKSUM | HAS_EXTRA | HAS_NAME | HAS_COMMENT;
    dressed.extend_from_slice(b"\x03\0abca.log\0a comment\0");
    let mut sum = Crc::new();
    sum.update(&dressed);
    dressed.extend_from_slice(&sum.sum().to_le_bytes()[..2]);
    dressed.extend_from_slice(&plain[10..]);
    dressed
}

proptest! {
    #[test]
    fn members_are_read_as_the_crate_reads_them(
        members in proptest::collection::vec(("([a-c]{0,90}|[ -~]{0,9}){0,60}", 0_u32..10), 1..5),
        size in 1_usize..5000,
        buffer in 1_usize..300,
        cut in any::<prop::sample::Index>(),
        flip in any::<Option<(prop::sample::Index, u8)>>(),
    ) {
        let whole: Vec<u8> = members.iter().flat_map(|(text, level)| member(text.as_bytes(), *level)).collect();
        let text: String = members.iter().map(|(text, _)| text.as_str()).collect();
        prop_assert_eq!(gunzipped(&whole, size, buffer), (text.clone().into_bytes(), None));

        // Cut off anywhere, both give the same, and an error unless the cut is between two members.
        let cut = &whole[..cut.index(whole.len())];
        let known = drain(MultiGzDecoder::new(cut), 1 << 16);
        if !cut.is_empty() {
            let (found, error) = gunzipped(cut, size, buffer);
            prop_assert!(text.as_bytes().starts_with(&found));
            prop_assert_eq!((&found, error.is_some()), (&known.0, known.1.is_some()));
        }

        // Damaged, what is handed out depends on nobody who asks, and is no less than what the crate gives.
        if let Some((at, by)) = flip {
            let mut damaged = whole;
            let at = at.index(damaged.len());
            damaged[at] ^= by;
            let known = drain(MultiGzDecoder::new(&damaged[..]), 1);
            let found = gunzipped(&damaged, size, buffer);
            prop_assert_eq!(&found, &gunzipped(&damaged, 1 << 16, 1 << 16));
            prop_assert!(found.0.starts_with(&known.0));
prop_assert!(found.1.is_some() || found.0 == text.as_bytes(), "no damage goes unnoticed");
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), frame in 0..4) {
        let head: &[u8] = match frame {
            0 => b"\x1F\x8B\x08\0\0\0\0\0\0\0",
            1 => b"\x1F\x8B\x08\x1E\0\0\0\0\0\0",
            _ => b"",
        };
        let bytes = [head, &bytes].concat();
        let _ = gunzipped(&bytes, 64, 7);
        let _ = drain(Inflate::raw(&bytes[..]), 64);
        let _ = drain(Inflate::zlib(&bytes[..]), 64);
    }
}

#[test]
fn a_header_with_a_flag_that_is_reserved_is_none() {
    let sound = member(b"text", 1);
    for flag in [0x20, 0x40, 0x80] {
        let mut odd = sound.clone();
        odd[3] |= flag;
        assert_eq!(gunzipped(&odd, 64, 64), (Vec::new(), Some(io::ErrorKind::InvalidData)));
        // Behind a member that is sound it is told, too.
        let told = gunzipped(&[sound.clone(), odd].concat(), 64, 64);
        assert_eq!(told, (b"text".to_vec(), Some(io::ErrorKind::InvalidData)), "{flag}");
    }
    // That the header is text (RFC 1952, section 2.3.1, FTEXT) is a hint and changes nothing.
    let mut hinted = sound;
    hinted[3] |= 1;
    assert_eq!(gunzipped(&hinted, 64, 64), (b"text".to_vec(), None));
}

#[test]
fn zlib_and_raw_streams_end_where_they_end() {
    let text = "all the same ".repeat(9000);
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(text.as_bytes()).unwrap();
    raw.write_all(text.as_bytes()).unwrap();
    let (mut zlib, mut raw) = (zlib.finish().unwrap(), raw.finish().unwrap());
    for size in [1, 100, 1 << 20] {
        let all = (text.clone().into_bytes(), None);
        assert_eq!(drain(Inflate::zlib(&zlib[..]), size), all);
        assert_eq!(drain(Inflate::raw(&raw[..]), size), all);
    }
    zlib.extend_from_slice(b"behind");
    raw.extend_from_slice(b"behind");
    assert_eq!(drain(Inflate::zlib(&zlib[..]), 9).1, None);
    assert_eq!(drain(Inflate::raw(&raw[..]), 9).1, None);
    let mut wrong = zlib.clone();
    let sum = wrong.len() - b"behind".len() - 1;
    wrong[sum] ^= 1;
    for size in [1, 9, 1 << 20] {
        let told = (text.clone().into_bytes(), Some(io::ErrorKind::InvalidData));
        assert_eq!(drain(Inflate::zlib(&wrong[..]), size), told, "{size}");
    }
    zlib.truncate(zlib.len() - 8);
    assert_eq!(drain(Inflate::zlib(&zlib[..]), 9).1, Some(io::ErrorKind::UnexpectedEof));
}

#[test]
fn what_is_no_member_behind_one_is_told_and_so_is_a_wrong_sum() {
    let mut packed = member(b"text", 1);
    packed.extend_from_slice(b"no gzip at all");
    assert_eq!(gunzipped(&packed, 9, 9), (b"text".to_vec(), Some(io::ErrorKind::InvalidData)));
    let mut packed = [member(b"text", 1), member(b"more", 1)].concat();
    let sum = member(b"text", 1).len() - 8;
    packed[sum] ^= 1;
    assert_eq!(gunzipped(&packed, 9, 9), (b"text".to_vec(), Some(io::ErrorKind::InvalidData)));
    // And a wrong length, where the sum is right.
    packed[sum] ^= 1;
    packed[sum + 4] ^= 1;
    assert_eq!(gunzipped(&packed, 9, 9), (b"text".to_vec(), Some(io::ErrorKind::InvalidData)));
}

#[test]
fn members_of_nothing_are_passed_over_and_what_is_between_two_is_told() {
    let [nothing, text] = [member(b"", 4), member(b"text", 1)];
    let many = [&nothing.repeat(2_000)[..], &text, &nothing, &text].concat();
    assert_eq!(gunzipped(&many, 9, 9), (b"texttext".to_vec(), None));
    let between = [&nothing[..], &text, b"\x1F\x8B\x08\xFF", &text].concat();
    assert_eq!(gunzipped(&between, 9, 9).0, b"text");
    assert!(gunzipped(&between, 9, 9).1.is_some());
    for cut in 1..8 {
        let cut = &text[..text.len() - cut];
        assert_eq!(gunzipped(cut, 9, 9), (b"text".to_vec(), Some(io::ErrorKind::UnexpectedEof)));
    }
}

/// A source that breaks, and is interrupted before.
struct Breaking<'a>(&'a [u8], u32);

impl Read for Breaking<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.1 += 1;
        match self.1 {
            n if n % 3 == 1 => Err(io::ErrorKind::Interrupted.into()),
            _ if self.0.is_empty() => Err(io::ErrorKind::PermissionDenied.into()),
            _ => self.0.read(into),
        }
    }
}

#[test]
fn what_was_packed_before_its_source_broke_comes_before_that_error() {
    let text = "a".repeat(5000);
    let packed = member(text.as_bytes(), 9);
    let cut = &packed[..packed.len() - 9];
    let read = |size| {
        let mut reader = Gunzip::new(BufReader::new(Breaking(cut, 0)));
        let (mut all, mut buffer) = (Vec::new(), vec![0; size]);
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => panic!("no end without an error"),
                Ok(count) => all.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (all, error.kind()),
            }
        }
    };
    let whole = read(1 << 16);
    assert!(whole.0.len() > 4000);
    assert_eq!(whole.1, io::ErrorKind::PermissionDenied);
    for size in [1, 7, 300] {
        assert_eq!(read(size), whole);
    }
}
