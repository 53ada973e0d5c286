//! Lines of text in every envelope that shippers and exports make: none is lost, none counts twice.

#![no_main]

use authopsy_fuzz::{counts, read_lines};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|text: &str| {
    read_lines("jsonl", text.as_bytes());
    let lines: Vec<&str> = text.split('\n').take(8).collect();
    let message = |line: &&str| json!({"timestamp": 1_795_400_973_000_u64, "message": line});
    let pair = |line: &&str| json!(["1795400973000000000", line]);
    let all: Vec<Value> = lines.iter().map(message).collect();
    for envelope in [
        json!({"logEvents": all}),
        json!({"records": all}),
        json!({"hits": {"hits": lines.iter().map(|l| json!({"_source": message(l)})).collect::<Vec<_>>()}}),
        json!({"data": {"result": [{"values": lines.iter().map(pair).collect::<Vec<_>>()}]}}),
        json!({"log": format!("{}\n", lines.first().unwrap_or(&"")), "stream": "stdout", "time": "2026-11-23T02:29:33Z"}),
        json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": lines.first()}}]}]}]}),
    ] {
        let counts = counts("auto", envelope.to_string().as_bytes());
        assert_eq!(counts.lines, 1);
        assert!(counts.exchanges <= 8 * 64);
    }
});
