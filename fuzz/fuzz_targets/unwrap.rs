//! Any bytes as something packed: gzip, zlib, zstd, bzip2, xz, zip, UTF-16, in each other.

#![no_main]

use libfuzzer_sys::fuzz_target;

/// The magic bytes of each packer: one is put before what follows a first byte below 8.
const MAGICS: [&[u8]; 8] = [
    &[0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3],
    &[0x28, 0xB5, 0x2F, 0xFD],
    &[0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0],
    b"PK\x03\x04",
    b"BZh91AY&SY",
    &[0xFD, b'7', b'z', b'X', b'Z', 0],
    &[0x78, 0x9C],
    &[0xFF, 0xFE],
];

fuzz_target!(|bytes: &[u8]| {
    match bytes.split_first() {
        Some((first, rest)) if usize::from(*first) < MAGICS.len() => {
            authopsy_fuzz::read_cut(&[MAGICS[usize::from(*first)], rest].concat());
        }
        _ => authopsy_fuzz::read_cut(bytes),
    }
});
