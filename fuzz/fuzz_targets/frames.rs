//! A stream of documents: any bytes as one; and documents behind their lengths, the bytes cut at 0xFF.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| authopsy_fuzz::read_frames(bytes));
