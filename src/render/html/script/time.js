// Instants in milliseconds, their words, and where an axis has its labels.

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const ROUND = [
  100, 200, 500, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY,
  91 * DAY, 182 * DAY, 364 * DAY, 1820 * DAY, 3640 * DAY, 36400 * DAY, 364000 * DAY,
];

// Returns milliseconds since 1970; null for what is no time.
function instant(text) {
  const at = text ? Date.parse(text) : NaN;
  return Number.isFinite(at) ? at : null;
}

const iso = (at) => {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
};
const period = data.period || {};
const oneDay = Boolean(period.first) && period.first.slice(0, 10) === (period.last || '').slice(0, 10);

// Returns `10:31:00`, with its day where the report has several or the instant lies on another.
function clock(at, fine) {
  const text = iso(at);
  const hour = text.slice(-13, fine ? -1 : -5);
  return oneDay && text.startsWith(period.first.slice(0, 10)) ? hour : text.slice(0, -14) + ' ' + hour;
}

function spanText(from, to) {
  const fine = to - from < 2 * SECOND;
  const [a, b] = [clock(from, fine), clock(to, fine)];
  const day = a.split(' ')[0];
  return a + ' to ' + (a.includes(' ') && b.startsWith(day + ' ') ? b.slice(day.length + 1) : b);
}

// Returns a length as people say it: `7 m 12 s`.
function lengthText(ms) {
  const parts = [];
  let rest = Math.abs(ms);
  for (const [unit, name] of [[DAY, 'd'], [HOUR, 'h'], [MINUTE, 'm']]) {
    if (rest >= unit) {
      parts.push(Math.floor(rest / unit) + ' ' + name);
      rest %= unit;
    }
  }
  if (parts.length < 2 && (rest > 0 || parts.length === 0)) {
    const secs = rest / SECOND;
    parts.push((parts.length || secs >= 10 ? Math.round(secs) : +secs.toFixed(1)) + ' s');
  }
  return parts.slice(0, 2).join(' ');
}

// Returns labelled round instants between two, at most `most` of them.
function ticks(from, to, most) {
  const step = ROUND.find((width) => (to - from) / width <= most) || ROUND[ROUND.length - 1];
  const list = [];
  let day = '';
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    const text = iso(at);
    if (!text) break;
    const date = text.slice(0, -14);
    let label = text.slice(-13, step < SECOND ? -3 : step < MINUTE ? -5 : -8);
    if (step >= DAY) label = step >= 364 * DAY ? date.slice(0, -3) : date;
    else if (!oneDay && date !== day) label = date.slice(5) + ' ' + label;
    day = date;
    list.push({ at, label });
  }
  return list;
}
