//! Memory that reading needed and the report does not, given back between the two.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::desk::Progress;

/// Bytes that are read before it is worth the time: what windows and workers leave behind after less is of
/// no weight in a run of some milliseconds.
const WORTH: u64 = 64 << 20;

/// Watches for another, and has the allocator give back what is free once all is read: it would keep that for
/// longer than most reports take, beside what they are made of.
pub(super) struct Tidying<'a> {
    progress: &'a dyn Progress,
    tidy: fn(),
    read: AtomicU64,
}

impl<'a> Tidying<'a> {
    pub(super) fn new(progress: &'a dyn Progress, tidy: fn()) -> Self {
        Self { progress, tidy, read: AtomicU64::new(0) }
    }
}

impl Progress for Tidying<'_> {
    fn total(&self, bytes: u64) {
        self.progress.total(bytes);
    }

    fn advance(&self, bytes: u64) {
        self.read.fetch_add(bytes, Ordering::Relaxed);
        self.progress.advance(bytes);
    }

    fn done(&self) {
        self.progress.done();
        if self.read.swap(0, Ordering::Relaxed) >= WORTH {
            (self.tidy)();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::desk::Unwatched;

    static TIDIED: AtomicUsize = AtomicUsize::new(0);

    #[test]
    fn what_is_free_is_given_back_once_after_much_was_read_and_not_after_little() {
        let watch = Tidying::new(&Unwatched, || {
            TIDIED.fetch_add(1, Ordering::Relaxed);
        });
        for (read, tidied) in [(WORTH - 1, 0), (WORTH, 1), (0, 1)] {
            watch.advance(read / 2);
            watch.advance(read - read / 2);
            watch.done();
            assert_eq!(TIDIED.load(Ordering::Relaxed), tidied, "{read}");
        }
    }
}
