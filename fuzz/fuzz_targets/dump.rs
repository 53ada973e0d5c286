//! Any bytes after the beginning of a conversation as curl prints it: the reader of dumps, the reports.

#![no_main]

use libfuzzer_sys::fuzz_target;

const START: &[u8] = b"*   Trying 192.0.2.1:80...\n> GET /orders HTTP/1.1\n> Host: api.example\n";

fuzz_target!(|bytes: &[u8]| authopsy_fuzz::read_and_report(&[START, bytes].concat()));
