//! Arguments, terminal, progress, exit codes.
