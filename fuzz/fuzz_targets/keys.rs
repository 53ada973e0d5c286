//! A token, a line end, and a key file or key set of any bytes.

#![no_main]

use authopsy::model::{Signature, Verdict};
use authopsy::token::{self, Keyring, Verifier};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(at) = bytes.iter().position(|b| *b == b'\n') else { return };
    let (text, file) = bytes.split_at(at);
    let (text, file) = (String::from_utf8_lossy(text), &file[1..]);
    let set = String::from_utf8_lossy(file);
    let mut ring = Keyring::default();
    let _ = ring.add_file("--key 1", file);
    let _ = ring.add_set("--jwks 1", &set);
    let verifier = Verifier::new(ring);
    let mut read = token::read(&text);
    verifier.check(&mut read, &text);
    if let Some(Verdict::Valid { .. }) = read.verdict.as_deref() {
        assert_eq!(read.signature, Signature::Present);
    }
    // The same keys, found in an answer of the capture.
    let found = Verifier::default();
    let mut waiting = token::read(&text);
    found.check(&mut waiting, &text);
    found.publish(&set);
    found.settle(|mark, _| assert_eq!(Some(mark), waiting.fingerprint));
});
