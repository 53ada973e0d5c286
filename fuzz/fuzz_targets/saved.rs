//! Sessions that proxies save: Burp's XML, and Fiddler's archive of messages.

#![no_main]

use libfuzzer_sys::fuzz_target;

const XML: &[u8] = b"<?xml version=\"1.0\"?>\n<items burpVersion=\"2026.1\" exportTime=\"Mon Nov 23 02:29:33 UTC 2026\">\n";

fuzz_target!(|bytes: &[u8]| {
    match bytes.split_first() {
        Some((b'<', _)) => authopsy_fuzz::read_and_report(&[XML, bytes].concat()),
        Some((b'P', _)) => authopsy_fuzz::read_and_report(bytes),
        _ => {
            let names = ["raw/1_c.txt", "raw/1_s.txt", "raw/1_m.xml", "raw/2_c.txt", "raw/2_s.txt"];
            let files = bytes.split(|b| *b == 0x1E);
            let files: Vec<_> = names.into_iter().zip(files).collect();
            authopsy_fuzz::read_and_report(&authopsy_fuzz::archive(&files));
        }
    }
});
