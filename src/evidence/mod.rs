//! Exchange to record: where a credential hides and in what state; facts, never judgement.
