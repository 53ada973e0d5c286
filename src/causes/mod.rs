//! Case to finding: which cause it was.
