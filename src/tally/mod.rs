//! Record to tally: merge, bounded tables, timeline.
