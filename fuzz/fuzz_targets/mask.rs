//! Any text as something that may leave: masking twice is masking once.

#![no_main]

use authopsy::evidence::{mask, mask_url};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for shield in [mask, mask_url] {
        let once = shield(text);
        assert_eq!(shield(&once), once);
    }
});
