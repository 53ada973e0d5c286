//! A format in nginx's or Apache's syntax on the first line, and lines to read by it.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |b| *b == b'\n');
    let (format, lines) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let format = String::from_utf8_lossy(format);
    authopsy_fuzz::read_lines(&format, lines);
    for server in ["nginx:", "apache:"] {
        authopsy_fuzz::read_lines(&format!("{server}{format}"), lines);
    }
});
