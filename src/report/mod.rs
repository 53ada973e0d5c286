//! World and findings to report.
