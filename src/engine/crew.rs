//! The threads that work, used again by one part of a run after the other.
//!
//! A thread that ends gives back what it has allocated, page by page, and what it leaves behind costs more to
//! free. So the threads of a pool that nobody uses wait for the next one who wants so many.

use std::sync::{Mutex, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuilder};

/// Pools that nobody uses.
static IDLE: Mutex<Vec<ThreadPool>> = Mutex::new(Vec::new());

/// Most of them that are kept.
const MOST: usize = 4;

/// A pool that is nobody else's, for a while.
struct Crew(Option<ThreadPool>);

impl Crew {
    /// Takes a pool of so many threads; `None` where none can be had.
    fn of(workers: usize) -> Option<Self> {
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = idle.iter().position(|pool| pool.current_num_threads() == workers);
        let kept = fits.map(|at| idle.swap_remove(at));
        drop(idle);
        let pool = kept.or_else(|| ThreadPoolBuilder::new().num_threads(workers).build().ok())?;
        Some(Self(Some(pool)))
    }

    fn pool(&self) -> Option<&ThreadPool> {
        self.0.as_ref()
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST {
            idle.extend(self.0.take());
        }
    }
}

/// Runs `work` on so many threads of a pool, or on this one where no pool can be had.
///
/// One thread is of a pool too, that which the end of the run is left to: what one thread has allocated costs
/// another more to free.
pub(super) fn on_all(workers: usize, work: impl Fn() + Sync) {
    match Crew::of(workers).as_ref().and_then(Crew::pool) {
        Some(pool) => pool.scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|_| work());
            }
        }),
        None => work(),
    }
}

/// Runs `work` once on each of so many threads, those that the next part of a run gets, or on this one where none
/// can be had.
pub fn on_each(workers: usize, work: impl Fn() + Sync) {
    match Crew::of(workers).as_ref().and_then(Crew::pool) {
        Some(pool) => {
            pool.broadcast(|_| work());
        }
        None => work(),
    }
}

/// Runs work that splits itself on so many threads, or on this one where none can be had.
pub fn within<R: Send>(workers: usize, work: impl FnOnce() -> R + Send) -> R {
    if let Some(pool) = Crew::of(workers).as_ref().and_then(Crew::pool) {
        return pool.install(work);
    }
    // Without a pool, work that splits itself would ask for the one of the process, and panic.
    match ThreadPoolBuilder::new().num_threads(1).use_current_thread().build() {
        Ok(pool) => pool.install(work),
        // This thread is of such a pool already.
        Err(_) => work(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_pool_is_used_again_by_the_next_one_who_wants_as_many_threads_and_by_nobody_meanwhile() {
        let name = || std::thread::current().id();
        let (first, inside) = within(7, || (name(), within(7, name)));
        assert_ne!(first, inside);
        let count = AtomicUsize::new(0);
        on_all(7, || {
            count.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(count.into_inner(), 7);
        let met = Mutex::new(std::collections::HashSet::new());
        on_each(7, || {
            met.lock().unwrap().insert(name());
        });
        let met = met.into_inner().unwrap();
        assert!(met.len() == 7 && met.contains(&first), "those of the same pool, each of them");
        assert_eq!(within(3, rayon::current_num_threads), 3);
        assert_eq!(within(7, rayon::current_num_threads), 7);
    }
}
