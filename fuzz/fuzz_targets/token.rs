//! Any text as token.

#![no_main]

use authopsy::model::Fingerprint;
use authopsy::token;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| assert_eq!(token::read(text).fingerprint, Fingerprint::of(text)));
