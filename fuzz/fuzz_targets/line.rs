//! Any bytes as lines of a log, by every format or by one that the first byte chooses.

#![no_main]

use authopsy_fuzz::read_lines;
use libfuzzer_sys::fuzz_target;

/// Names of formats; the first one is that of most lines.
const NAMES: [&str; 12] = [
    "auto",
    "jsonl",
    "text",
    "combined",
    "nginx error",
    "apache error",
    "haproxy",
    "istio",
    "alb",
    "w3c",
    "logfmt",
    "nginx:combined",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    // Printable bytes are text already: seeds need no byte before them.
    let (name, text) = match usize::from(*first) {
        chosen @ 1..=8 => (NAMES.get(chosen), rest),
        chosen @ 14..=17 => (NAMES.get(chosen - 5), rest),
        _ => (NAMES.first(), bytes),
    };
    read_lines(name.unwrap_or(&"auto"), text);
});
