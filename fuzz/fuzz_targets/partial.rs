//! A partial result: its words, a line each, then 0xFF and its numbers as they are before they are packed.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(at) = bytes.iter().position(|b| *b == 0xFF) else { return };
    let words = String::from_utf8_lossy(&bytes[..at]);
    let words: Vec<&str> = words.split('\n').collect();
    authopsy_fuzz::merge_partial(&words, &bytes[at + 1..]);
});
