//! Paths to report: the only place with threads and files.
