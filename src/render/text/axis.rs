//! A time axis in columns: round widths, round ticks, long silences cut out and marked.

use jiff::Timestamp;

/// Widths a column can stand for and distances between ticks, in milliseconds: those of a clock.
const LADDER: [i64; 28] = [
    1,
    10,
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    15_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_200_000,
    1_800_000,
    3_600_000,
    7_200_000,
    10_800_000,
    14_400_000,
    21_600_000,
    43_200_000,
    86_400_000,
    172_800_000,
    604_800_000,
    2_419_200_000,
];

/// Columns that a cut takes.
const CUT: usize = 3;

const DAY: i64 = 86_400_000;

/// A mapping of instants to columns.
#[derive(Debug)]
pub(super) struct Axis {
    parts: Vec<Part>,
    /// Milliseconds of one step.
    step: i64,
    /// Columns of one step.
    cell: usize,
}

/// A stretch of time without a cut.
#[derive(Debug)]
struct Part {
    start: i64,
    steps: usize,
    column: usize,
}

impl Axis {
    /// Lays `marks` (instants in milliseconds, sorted) out in at most `columns` columns of at least
    /// `unit` milliseconds; `None` without marks.
    pub(super) fn fit(marks: &[i64], unit: i64, columns: usize) -> Option<Self> {
        let stretches = stretches(marks, unit)?;
        let cuts = CUT * (stretches.len() - 1);
        let steps_at = |step: i64| -> Vec<(i64, usize)> {
            stretches
                .iter()
                .map(|(first, last)| {
                    let start = first.div_euclid(step);
                    let steps = last.div_euclid(step).saturating_sub(start).saturating_add(1);
                    (start.saturating_mul(step), usize::try_from(steps).unwrap_or(usize::MAX))
                })
                .collect()
        };
        let total = |laid: &[(i64, usize)]| {
            laid.iter().fold(cuts, |sum, (_, steps)| sum.saturating_add(*steps))
        };
        let mut step = LADDER
            .into_iter()
            .filter(|step| step % unit == 0)
            .find(|step| total(&steps_at(*step)) <= columns)
            .unwrap_or(LADDER[LADDER.len() - 1].max(unit));
        while total(&steps_at(step)) > columns {
            step = step.checked_mul(2)?;
        }
        let laid = steps_at(step);
        let cell = ((columns - cuts) / (total(&laid) - cuts).max(1)).clamp(1, 4);
        let mut column = 0;
        let parts = laid
            .into_iter()
            .map(|(start, steps)| {
                let part = Part { start, steps, column };
                column += steps * cell + CUT;
                part
            })
            .collect();
        Some(Self { parts, step, cell })
    }

    /// Returns the milliseconds that one step stands for.
    pub(super) fn step(&self) -> i64 {
        self.step
    }

    /// Returns the columns that one step takes.
    pub(super) fn cell(&self) -> usize {
        self.cell
    }

    /// Returns the columns in use.
    pub(super) fn columns(&self) -> usize {
        self.parts.last().map_or(0, |part| part.column + part.steps * self.cell)
    }

    /// Returns the column of an instant; `None` when it lies outside or in a cut.
    pub(super) fn column(&self, millis: i64) -> Option<usize> {
        self.parts.iter().find_map(|part| {
            let step = millis.checked_sub(part.start)?.div_euclid(self.step);
            let step = usize::try_from(step).ok().filter(|step| *step < part.steps)?;
            Some(part.column + step * self.cell)
        })
    }

    /// Returns the first columns of the cuts.
    pub(super) fn cuts(&self) -> impl Iterator<Item = usize> + '_ {
        self.parts.iter().skip(1).map(|part| part.column - CUT)
    }

    /// Returns the first instant shown.
    pub(super) fn start(&self) -> i64 {
        self.parts.first().map_or(0, |part| part.start)
    }

    /// Returns whether more than one day (UTC) is shown.
    pub(super) fn spans_days(&self) -> bool {
        let day = |millis: i64| millis.div_euclid(DAY);
        let end = self.parts.last().map_or(0, |part| self.end(part).saturating_sub(1));
        day(self.start()) != day(end)
    }

    fn end(&self, part: &Part) -> i64 {
        let steps = i64::try_from(part.steps).unwrap_or(i64::MAX);
        part.start.saturating_add(self.step.saturating_mul(steps))
    }

    /// Returns round instants with their columns and labels, far enough apart to be read.
    pub(super) fn ticks(&self) -> Vec<(usize, String)> {
        let room = |tick: i64| {
            let wide = label(self.start(), tick, News::Time).len() + 3;
            usize::try_from(tick / self.step).is_ok_and(|steps| steps * self.cell >= wide)
        };
        let tick = LADDER
            .into_iter()
            .filter(|tick| tick % self.step == 0)
            .find(|tick| room(*tick))
            .unwrap_or(self.step.saturating_mul(16));
        let mut ticks: Vec<(usize, String)> = Vec::new();
        let mut day = self.start().div_euclid(DAY);
        for part in &self.parts {
            let end = self.end(part);
            let round = part.start.div_euclid(tick).saturating_mul(tick);
            let mut at = if round < part.start { round.saturating_add(tick) } else { round };
            // A part without a round instant still says where it begins.
            if at >= end || self.column(at).is_none() {
                at = part.start;
            }
            while at < end {
                let Some(column) = self.column(at) else { break };
                let news = News::between(day, at.div_euclid(DAY));
                let text = label(at, tick, news);
                let free = ticks.last().is_none_or(|(c, t)| c + t.len() + 1 < column);
                if free {
                    ticks.push((column, text));
                    day = at.div_euclid(DAY);
                }
                at = at.saturating_add(tick);
            }
        }
        ticks
    }
}

/// Splits the marks at long silences, at most three: those that would take more than three
/// quarters of the columns.
fn stretches(marks: &[i64], unit: i64) -> Option<Vec<(i64, i64)>> {
    let mut parts: Vec<&[i64]> = vec![marks];
    marks.first()?;
    for _ in 0..3 {
        let shown: i64 = parts
            .iter()
            .filter_map(|p| Some(p.last()?.saturating_sub(*p.first()?)))
            .fold(0, i64::saturating_add);
        let widest = parts
            .iter()
            .enumerate()
            .flat_map(|(i, part)| {
                part.windows(2).enumerate().map(move |(j, w)| (w[1].saturating_sub(w[0]), i, j + 1))
            })
            .max_by_key(|(gap, i, j)| (*gap, std::cmp::Reverse((*i, *j))));
        let Some((gap, i, j)) = widest else { break };
        if gap <= shown / 4 * 3 || gap < unit.saturating_mul(20) {
            break;
        }
        let (before, after) = parts[i].split_at(j);
        parts.splice(i..=i, [before, after]);
    }
    Some(parts.into_iter().filter_map(|p| Some((*p.first()?, *p.last()?))).collect())
}

/// What a tick's label must tell that the one before it did not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum News {
    Time,
    Day,
    Year,
}

impl News {
    /// Compares days counted from 1970.
    fn between(before: i64, after: i64) -> Self {
        let year = |day: i64| {
            let millis = day.saturating_mul(DAY);
            Timestamp::from_millisecond(millis)
                .ok()
                .map(|stamp| stamp.to_string().get(..4).map(str::to_owned))
        };
        if before == after {
            Self::Time
        } else if year(before) == year(after) {
            Self::Day
        } else {
            Self::Year
        }
    }
}

/// Returns a tick's label, as precise as the distance of the ticks asks for.
fn label(millis: i64, tick: i64, news: News) -> String {
    let stamp = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
    let text = format!("{stamp:.3}");
    let cut = |from, to| text.get(from..to).unwrap_or_default();
    let date = match news {
        News::Year => cut(0, 10),
        News::Time if tick < DAY => "",
        News::Time | News::Day => cut(5, 10),
    };
    let round = |unit: i64| tick >= unit && millis.rem_euclid(unit) == 0;
    let time = match () {
        () if round(DAY) || !date.is_empty() && millis.rem_euclid(DAY) == 0 => "",
        () if round(60_000) => cut(11, 16),
        () if round(1_000) => cut(11, 19),
        () => cut(11, 23),
    };
    if date.is_empty() || time.is_empty() {
        format!("{date}{time}")
    } else {
        format!("{date} {time}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_795_176_000_000; // 2026-11-20T12:00:00Z

    #[test]
    fn columns_stand_for_round_widths() {
        let marks: Vec<i64> = (0..90).map(|i| NOON + i * 60_000).collect();
        let axis = Axis::fit(&marks, 60_000, 60).unwrap();
        assert_eq!((axis.step(), axis.columns()), (120_000, 45));
        assert_eq!(axis.column(NOON + 4 * 60_000), Some(2));
        assert_eq!(axis.column(NOON - 1), None);
        assert_eq!(axis.ticks()[0], (0, "12:00".to_owned()));
    }

    #[test]
    fn a_long_silence_is_cut_out() {
        let mut marks: Vec<i64> = (0..30).map(|i| NOON + i * 1000).collect();
        marks.extend((0..30).map(|i| NOON + 2 * DAY + i * 1000));
        let axis = Axis::fit(&marks, 1000, 70).unwrap();
        assert_eq!(axis.step(), 1000);
        assert_eq!(axis.cuts().collect::<Vec<_>>(), [30]);
        assert_eq!(axis.column(NOON + 2 * DAY), Some(33));
        assert!(axis.ticks().iter().any(|(c, l)| *c == 33 && l == "11-22 12:00:00"), "{axis:?}");
    }

    #[test]
    fn far_and_single_instants_do_no_harm() {
        assert!(Axis::fit(&[], 1000, 60).is_none());
        let one = Axis::fit(&[NOON], 1000, 60).unwrap();
        assert_eq!(one.columns(), 4);
        let far = Axis::fit(&[i64::MIN / 2_000_000, i64::MAX / 2_000_000], 1000, 60).unwrap();
        assert!(far.columns() <= 60);
        far.ticks();
    }
}
