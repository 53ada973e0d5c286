//! Any bytes after one line of a request log: the reader of lines, the reports.

#![no_main]

use libfuzzer_sys::fuzz_target;

const LINE: &[u8] =
    b"{\"time\":1795530576000,\"method\":\"GET\",\"url\":\"/orders\",\"status\":401}\n";

fuzz_target!(|bytes: &[u8]| authopsy_fuzz::read_and_report(&[LINE, bytes].concat()));
