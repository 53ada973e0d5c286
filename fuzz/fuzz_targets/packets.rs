//! Any bytes after the first packet of a capture as tshark prints it: the reader of packets, the reports.

#![no_main]

use libfuzzer_sys::fuzz_target;

const PACKET: &[u8] =
    br#"[{"_source":{"layers":{"tcp":{"tcp.stream":"0"},"http":{"x":{"http.request.method":"GET"},
"http.request.line":"Host: api.example\r\n"}}}},"#;

fuzz_target!(|bytes: &[u8]| authopsy_fuzz::read_and_report(&[PACKET, bytes].concat()));
