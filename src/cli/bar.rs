//! The progress bar on standard error.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::desk::Progress;

/// Work shorter than this shows no bar: it would only flicker.
const PATIENCE: Duration = Duration::from_millis(400);

/// A bar of bytes read; draws only on a terminal, and only when the work takes a while.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
    started: std::time::Instant,
}

impl Bar {
    /// Makes a bar in Unicode or ASCII.
    pub fn new(unicode: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        let template = "reading {bar:28} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        let chars = if unicode { "━╸ " } else { "#> " };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars(chars));
        }
        Self { bar, started: std::time::Instant::now() }
    }
}

impl Progress for Bar {
    fn total(&self, bytes: u64) {
        self.bar.inc_length(bytes);
    }

    fn advance(&self, bytes: u64) {
        if self.bar.is_hidden() && self.started.elapsed() > PATIENCE {
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        }
        self.bar.inc(bytes);
    }

    fn done(&self) {
        self.bar.finish_and_clear();
    }
}
