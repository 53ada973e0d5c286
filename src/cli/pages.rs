//! Huge pages: where much is kept they save a tenth of the time, where little is kept they take twice the memory.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::desk::Progress;

/// Kibibytes of memory in use from which on the pages are huge.
const MUCH: u64 = 96 * 1024;

/// Watches how much memory a run takes, beside whoever else watches it.
pub(super) struct Pages<'p> {
    other: &'p dyn Progress,
    /// Whether the question is settled.
    settled: AtomicBool,
}

impl<'p> Pages<'p> {
    /// Begins with small pages; they stay small where the memory is `limited`.
    pub(super) fn new(limited: bool, other: &'p dyn Progress) -> Self {
        let small = allow_huge(false);
        Self { other, settled: AtomicBool::new(limited || !small) }
    }
}

impl Progress for Pages<'_> {
    fn total(&self, bytes: u64) {
        self.other.total(bytes);
    }

    fn advance(&self, bytes: u64) {
        if !self.settled.load(Ordering::Relaxed) && in_use().is_none_or(|kib| kib > MUCH) {
            self.settled.store(true, Ordering::Relaxed);
            allow_huge(true);
        }
        self.other.advance(bytes);
    }

    fn done(&self) {
        self.other.done();
    }
}

/// Has the kernel hand out huge pages or not; returns whether it heard.
#[cfg(target_os = "linux")]
fn allow_huge(allow: bool) -> bool {
    rustix::thread::disable_transparent_huge_pages(!allow).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn allow_huge(_: bool) -> bool {
    false
}

/// Returns the kibibytes of memory that this process takes, as proc(5) has them (`VmRSS`).
fn in_use() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    resident(&status)
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_in_use_is_read_as_the_kernel_tells_it() {
        let status = "Name:\tauthopsy\nVmHWM:\t  200000 kB\nVmRSS:\t  123456 kB\nThreads:\t2\n";
        assert_eq!(resident(status), Some(123_456));
        assert_eq!(resident("Name:\tauthopsy\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_takes_some_memory_and_no_terabyte() {
        assert!((1..1 << 30).contains(&in_use().unwrap()));
    }
}
