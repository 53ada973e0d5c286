//! Text to token: structure, claims, near misses.
