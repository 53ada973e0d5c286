//! The lenient JSON reader against `serde_json`.

#![no_main]

use authopsy::input::lenient::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let lenient = parse(bytes);
    assert!(lenient.end <= bytes.len());
    if lenient.repairs.is_empty()
        && let Ok(strict) = serde_json::from_slice::<serde_json::Value>(bytes)
        && (strict.is_object() || strict.is_array())
    {
        assert!(lenient.complete);
        assert_eq!(lenient.value, strict);
    }
});
