//! Response to answer: what the server said.
