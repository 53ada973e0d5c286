//! Memory that reading needed and the report does not, given back between the two.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::desk::Progress;

/// Bytes that are read before it is worth the time: what windows and workers leave behind after less is of
/// no weight in a run of some milliseconds.
const WORTH: u64 = 64 << 20;

/// Watches for another, and has the allocator give back what is free once all is read: it would keep that for
/// longer than most reports take, beside what they are made of. It does so thread by thread.
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
    }

    fn rest(&self) {
        self.progress.rest();
        if self.read.load(Ordering::Relaxed) >= WORTH {
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
    fn what_is_free_is_given_back_by_each_thread_after_much_was_read_and_not_after_little() {
        let watch = Tidying::new(&Unwatched, || {
            TIDIED.fetch_add(1, Ordering::Relaxed);
        });
        for (read, threads, tidied) in [(WORTH - 1, 2, 0), (1, 2, 2), (0, 1, 3)] {
            watch.advance(read / 2);
            watch.advance(read - read / 2);
            watch.done();
            (0..threads).for_each(|_| watch.rest());
            assert_eq!(TIDIED.load(Ordering::Relaxed), tidied, "{read}");
        }
    }
}
