//! The `authopsy` program.

use std::ffi::c_long;
use std::process::ExitCode;

use libmimalloc_sys::{mi_collect, mi_option_set_default, mi_option_t};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Its option `purge_delay`, by its place in mimalloc.h: the bindings have no name for it.
const PURGE_DELAY: mi_option_t = 15;
/// Milliseconds after which memory that is free goes back to the system. After a second, which mimalloc
/// takes, most runs are over: what they read into would count beside the tables of their end.
const SOON: c_long = 100;

/// Gives back now what is free.
fn tidy() {
    #[allow(unsafe_code, reason = "the allocator is told no other way")]
    // SAFETY: it takes nothing that is in use, from whatever thread it is called.
    unsafe {
        mi_collect(true);
    }
}

fn main() -> ExitCode {
    #[allow(unsafe_code, reason = "the allocator is told no other way")]
    // SAFETY: nothing else runs yet. A number of an option that there is not changes nothing.
    unsafe {
        mi_option_set_default(PURGE_DELAY, SOON);
    }
    authopsy::cli::main(tidy)
}
