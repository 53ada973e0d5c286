// Failures over time, stacked by cause; what was let in stands below the axis, on its own scale.

const line = data.timeline || { start: 0, width: 1, buckets: [] };
const slots = line.buckets.map((bucket) => {
  const by = new Map();
  for (let i = 2; i < bucket.length; i += 2) by.set(bucket[i], (by.get(bucket[i]) || 0) + bucket[i + 1]);
  return { at: line.start + bucket[0] * line.width, ok: bucket[1], by };
});
const incidents = (data.incidents || []).map((incident, i) => ({
  number: i + 1, from: instant(incident.start), to: instant(incident.end), count: incident.count,
})).filter((incident) => incident.from !== null);
const events = (data.story || []).map((item) => ({ at: instant(item.time), text: item.text }))
  .filter((event) => event.at !== null);

const TOP = 22, BARS = 170, BELOW = 44, LANE = 18, AXIS = 20, LEFT = 44, RIGHT = 10;
// More bars than this no eye can tell apart.
const MOST_BINS = 400;

const everything = slots.length
  ? [slots[0].at, slots[slots.length - 1].at + line.width] : [0, line.width];

// The usual window: all failures, and some time around them. Hours of peace would only make them small.
const usualWindow = (() => {
  const bad = slots.filter((slot) => [...slot.by.keys()].some((i) => !anyFailure || isFailure(causes[i])));
  if (!bad.length) return everything;
  const [first, last] = [bad[0].at, bad[bad.length - 1].at + line.width];
  const margin = Math.max((last - first) / 4, 12 * line.width);
  const width = line.width;
  const from = Math.max(everything[0], Math.floor((first - margin) / width) * width);
  return [from, Math.min(everything[1], Math.ceil((last + margin) / width) * width)];
})();

const view = () => (state.from === null ? usualWindow : [state.from, state.to]);

// Returns counts by cause and of what was let in within a window.
function countWithin(from, to) {
  const by = new Map();
  let ok = 0;
  for (const slot of slots) {
    if (slot.at + line.width <= from || slot.at >= to) continue;
    ok += slot.ok;
    for (const [cause, n] of slot.by) by.set(cause, (by.get(cause) || 0) + n);
  }
  return { by, ok };
}

// Returns bins of one width, the finest that a screen of `width` pixels can show.
function bins(width) {
  const [from, to] = view();
  const most = Math.max(10, Math.min(MOST_BINS, Math.floor(width / 4)));
  const fits = ROUND.filter((w) => w >= line.width && w % line.width === 0);
  const size = (to - from) / line.width <= most
    ? line.width : fits.find((w) => (to - from) / w <= most) || fits[fits.length - 1] || line.width;
  const list = new Map();
  for (const slot of slots) {
    if (slot.at + line.width <= from || slot.at >= to) continue;
    const at = Math.floor(slot.at / size) * size;
    if (!list.has(at)) list.set(at, { at, ok: 0, by: new Map(), total: 0 });
    const bin = list.get(at);
    bin.ok += slot.ok;
    for (const [cause, n] of slot.by) {
      if (!state.on.has(cause)) continue;
      bin.by.set(cause, (bin.by.get(cause) || 0) + n);
      bin.total += n;
    }
  }
  return { size, list: [...list.values()].sort((a, b) => a.at - b.at) };
}

// Returns the next number that reads well: 1, 2, 5, 10, 20, ...
function roundUp(n) {
  const base = 10 ** Math.floor(Math.log10(Math.max(1, n)));
  return [1, 2, 5, 10].map((k) => k * base).find((k) => k >= n) || n;
}

const chart = { cursor: null, anchor: null, drag: null, bins: null, x: null, back: null, size: [0, 0] };

function drawTimeline() {
  const room = byId('timeline-chart');
  const width = paper || Math.max(280, room.clientWidth);
  const [from, to] = view();
  const plot = width - LEFT - RIGHT;
  const x = (at) => LEFT + (at - from) / (to - from) * plot;
  const clip = (at) => Math.max(LEFT, Math.min(width - RIGHT, x(at)));
  const { size, list } = bins(plot);
  const height = TOP + BARS + LANE + AXIS + BELOW;
  const zero = TOP + BARS, under = zero + LANE + AXIS;
  const peak = roundUp(Math.max(1, ...list.map((bin) => bin.total)));
  const peakOk = Math.max(1, ...list.map((bin) => bin.ok));
  Object.assign(chart, { bins: list, x, binWidth: size, back: (px) => from + (px - LEFT) / plot * (to - from), width, zero });

  const picture = svg('svg', { class: 'plot', width, height, viewBox: `0 0 ${width} ${height}`,
    tabindex: 0, role: 'application', 'aria-roledescription': 'chart', id: 'timeline-svg',
    'aria-label': 'Refused exchanges over time. Left and right move, with shift they choose, Enter zooms in, Escape zooms out.' });
  picture.append(...drawIncidents(from, to, clip, plot));
  for (const share of [0.5, 1]) {
    const y = zero - BARS * share;
    const n = peak * share;
    if (!Number.isInteger(n)) continue;
    picture.append(svg('line', { class: 'grid', x1: LEFT, x2: width - RIGHT, y1: y, y2: y }),
      svg('text', { class: 'tick', x: LEFT - 6, y: y + 4, 'text-anchor': 'end' }, number(n)));
  }
  picture.append(...drawBars(list, size, clip, zero, peak, under, peakOk));
  picture.append(svg('line', { class: 'axis', x1: LEFT, x2: width - RIGHT, y1: zero, y2: zero }),
    svg('text', { class: 'tick', x: LEFT - 6, y: zero + 4, 'text-anchor': 'end' }, '0'));
  picture.append(...drawAxis(from, to, x, plot, zero + LANE + 14, zero));
  picture.append(...drawEvents(from, to, x, zero + LANE / 2));
  picture.append(svg('text', { class: 'tick', x: LEFT - 6, y: under + 12, 'text-anchor': 'end' }, 'let in'));
  const peakText = svg('text', { class: 'tick', x: LEFT - 6, y: under + 26, 'text-anchor': 'end' }, number(peakOk));
  picture.append(peakText);
  chart.brush = svg('rect', { class: 'brush', y: TOP, height: BARS, width: 0, visibility: 'hidden' });
  chart.hair = svg('rect', { class: 'hair', y: TOP, height: height - TOP, width: 0, visibility: 'hidden' });
  picture.append(chart.hair, chart.brush);
  listen(picture);
  const focused = document.activeElement && document.activeElement.id === 'timeline-svg';
  room.replaceChildren(picture);
  if (focused) picture.focus({ preventScroll: true });
  if (chart.cursor !== null) point(chart.cursor); else readout(null);
  drawTools();
  drawKey();
  drawTable(list, size);
}

// Returns a bracket for each incident, with its number where there is room, and a ground behind it
// unless grounds would cover most of the chart.
function drawIncidents(from, to, clip, plot) {
  const spans = incidents.filter((incident) => incident.to >= from && incident.from <= to).map((incident) => {
    const a = clip(incident.from);
    return { incident, a, wide: Math.max(3, clip(incident.to) - a) };
  });
  const sparse = spans.reduce((sum, span) => sum + span.wide, 0) < plot / 2;
  return spans.flatMap(({ incident, a, wide }) => [
    sparse ? svg('rect', { class: 'incident', x: a, y: TOP, width: wide, height: BARS }) : null,
    svg('path', { class: 'bracket', d: `M${a} ${TOP + 4}V${TOP}H${a + wide}V${TOP + 4}` }),
    wide > 14 || spans.length < 12
      ? svg('text', { class: 'tag', x: a + wide / 2, y: TOP - 6, 'text-anchor': 'middle' }, String(incident.number)) : null,
  ]).filter(Boolean);
}

// Returns one path for each cause, and one for what was let in.
function drawBars(list, size, clip, zero, peak, under, peakOk) {
  const paths = new Map();
  let okPath = '';
  const order = [...state.on].sort((a, b) => a - b);
  for (const bin of list) {
    const [a, b] = [clip(bin.at), clip(bin.at + size)];
    const wide = Math.max(1, b - a - (b - a > 4 ? 1 : 0));
    let y = zero;
    for (const cause of order) {
      const n = bin.by.get(cause);
      if (!n) continue;
      const high = Math.max(1, n / peak * BARS);
      y -= high;
      paths.set(cause, (paths.get(cause) || '') + `M${a.toFixed(1)} ${y.toFixed(1)}h${wide.toFixed(1)}v${high.toFixed(1)}h-${wide.toFixed(1)}z`);
    }
    if (bin.ok) {
      const high = Math.max(1, bin.ok / peakOk * (BELOW - 6));
      okPath += `M${a.toFixed(1)} ${under}h${wide.toFixed(1)}v${high.toFixed(1)}h-${wide.toFixed(1)}z`;
    }
  }
  const drawn = order.filter((cause) => paths.has(cause)).map((cause) =>
    svg('path', { class: 'bin ' + causes[cause].colour, d: paths.get(cause), 'data-cause-bars': cause }));
  return [svg('path', { class: 'let-in', d: okPath }), ...drawn];
}

function drawAxis(from, to, x, plot, y, zero) {
  const marks = ticks(from, to, Math.max(2, Math.floor(plot / (oneDay ? 84 : 112))));
  return marks.flatMap(({ at, label }) => [
    svg('line', { class: 'axis', x1: x(at), x2: x(at), y1: zero, y2: zero + 4 }),
    svg('text', { class: 'tick', x: Math.max(LEFT + 14, Math.min(x(at), LEFT + plot - 16)), y, 'text-anchor': 'middle' }, label),
  ]);
}

// Returns a mark for each event of the story; those that would touch share one.
function drawEvents(from, to, x, y) {
  const groups = [];
  for (const event of events) {
    if (event.at < from || event.at > to) continue;
    const at = x(event.at);
    const last = groups[groups.length - 1];
    if (last && at - last.x < 9) last.events.push(event);
    else groups.push({ x: at, events: [event] });
  }
  return groups.map((group) => {
    const text = group.events.slice(0, 8).map((e) => clock(e.at) + ' ' + e.text.replace(/`/g, '')).join('\n');
    const more = group.events.length > 8 ? '\n' + (group.events.length - 8) + ' more' : '';
    return svg('path', { class: 'event', d: `M${group.x} ${y - 5}l4 5l-4 5l-4 -5z` }, svg('title', {}, text + more));
  });
}

// Says what a bin holds; without one, how much the window holds.
function readout(bin) {
  const place = byId('timeline-readout');
  const parts = (by) => [...by].filter(([cause, n]) => n && state.on.has(cause)).sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, 4).map(([cause, n]) => el('span', { class: 'solid' },
      el('span', { class: 'swatch ' + causes[cause].colour, 'aria-hidden': true }), ' ' + causes[cause].id + ' ' + number(n)));
  if (bin) {
    place.replaceChildren(el('b', {}, spanText(bin.at, bin.at + chart.binWidth)), ' ',
      bin.total ? number(bin.total) + ' refused ' : 'nothing refused ', ...parts(bin.by), ' ', number(bin.ok) + ' let in');
    return place.textContent;
  }
  const [from, to] = view();
  const { by, ok } = countWithin(from, to);
  const all = [...by].filter(([cause]) => state.on.has(cause)).reduce((sum, [, n]) => sum + n, 0);
  place.replaceChildren(el('b', {}, spanText(from, to)), ' ' + number(all) + ' refused, ' + number(ok) + ' let in');
  return place.textContent;
}

const binAt = (px) => {
  const at = Math.floor(chart.back(px) / chart.binWidth) * chart.binWidth;
  return chart.bins.find((bin) => bin.at === at) || { at, ok: 0, by: new Map(), total: 0 };
};

function show(rect, from, to) {
  const [a, b] = [Math.max(LEFT, chart.x(from)), Math.min(chart.width - RIGHT, chart.x(to))];
  rect.setAttribute('x', a);
  rect.setAttribute('width', Math.max(1, b - a));
  rect.setAttribute('visibility', 'visible');
}

// Moves the cursor to a bin; a chosen span grows from its anchor.
function point(at) {
  chart.cursor = at;
  show(chart.hair, at, at + chart.binWidth);
  if (chart.anchor !== null) show(chart.brush, Math.min(chart.anchor, at), Math.max(chart.anchor, at) + chart.binWidth);
  else chart.brush.setAttribute('visibility', 'hidden');
  return readout(binAt(chart.x(at) + 0.5 * (chart.x(at + chart.binWidth) - chart.x(at))));
}

function unpoint() {
  Object.assign(chart, { cursor: null, anchor: null });
  chart.hair.setAttribute('visibility', 'hidden');
  chart.brush.setAttribute('visibility', 'hidden');
  readout(null);
}

function zoomTo(a, b) {
  Object.assign(chart, { cursor: null, anchor: null, drag: null });
  const [low, high] = everything;
  const from = Math.max(low, Math.floor(Math.min(a, b) / chart.binWidth) * chart.binWidth);
  const to = Math.min(high, Math.floor(Math.max(a, b) / chart.binWidth) * chart.binWidth + chart.binWidth);
  if (to > from) zoom(from, to);
}

function listen(picture) {
  const place = (event) => {
    const px = event.clientX - picture.getBoundingClientRect().left;
    return Math.max(LEFT, Math.min(chart.width - RIGHT - 0.01, px));
  };
  picture.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    picture.setPointerCapture(event.pointerId);
    chart.drag = place(event);
  });
  picture.addEventListener('pointermove', (event) => {
    const bin = binAt(place(event));
    if (chart.drag === null) {
      chart.anchor = null;
      point(bin.at);
    } else {
      const start = binAt(chart.drag).at;
      show(chart.brush, Math.min(start, bin.at), Math.max(start, bin.at) + chart.binWidth);
      readout(bin);
    }
  });
  picture.addEventListener('pointerup', (event) => {
    const start = chart.drag;
    chart.drag = null;
    if (start !== null && Math.abs(place(event) - start) > 5) zoomTo(chart.back(start), chart.back(place(event)));
    else chart.brush.setAttribute('visibility', 'hidden');
  });
  picture.addEventListener('pointercancel', () => { chart.drag = null; unpoint(); });
  picture.addEventListener('pointerleave', () => { if (chart.drag === null) unpoint(); });
  picture.addEventListener('keydown', (event) => {
    const [from, to] = view();
    const align = (at) => Math.floor(at / chart.binWidth) * chart.binWidth;
    const [low, high] = [align(from), align(to - 1)];
    const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };
    if (event.key in moves) {
      const start = chart.cursor === null ? (moves[event.key] > 0 ? low - chart.binWidth : high + chart.binWidth) : chart.cursor;
      const step = moves[event.key];
      const at = step === -Infinity ? low : step === Infinity ? high : start + step * chart.binWidth;
      if (!event.shiftKey) chart.anchor = null;
      else if (chart.anchor === null) chart.anchor = chart.cursor === null ? Math.max(low, Math.min(high, at)) : chart.cursor;
      tell(point(Math.max(low, Math.min(high, at))));
    } else if (event.key === 'Enter' && chart.cursor !== null) {
      const anchor = chart.anchor === null ? chart.cursor : chart.anchor;
      zoomTo(anchor, chart.cursor);
    } else if (event.key === 'Escape') {
      if (chart.cursor !== null) unpoint(); else zoomBack();
    } else return;
    event.preventDefault();
  });
}

function drawTools() {
  const tools = [];
  const [from, to] = view();
  if (state.from !== null) tools.push(button('Zoom out', zoomBack, { id: 'zoom-out' }));
  if (from > everything[0] || to < everything[1]) {
    tools.push(button('Whole period', () => zoom(...everything), { id: 'zoom-all' }));
  }
  byId('timeline-tools').replaceChildren(...tools);
}

function drawKey() {
  const [from, to] = view();
  const words = [oneDay ? 'On ' + period.first.slice(0, 10) + ', UTC. ' : 'UTC. ',
    'A bar is ' + lengthText(chart.binWidth) + '. '];
  if (incidents.length) words.push('Numbered spans are incidents. ');
  if (events.length) words.push('◆ is a moment of the story. ');
  words.push('Drag over the chart to zoom in. ');
  const hidden = countWithin(...everything).by;
  const here = countWithin(from, to).by;
  const sum = (by) => [...by].filter(([c]) => state.on.has(c)).reduce((n, [, k]) => n + k, 0);
  const outside = sum(hidden) - sum(here);
  if (outside > 0) words.push(number(outside) + ' refused outside of this window. ');
  if (line.untimed) words.push(count(line.untimed, 'exchange') + ' without a time not drawn.');
  byId('timeline-key').textContent = words.join('');
}

// The same numbers as a table, made when it is opened.
function drawTable(list, size) {
  const room = byId('timeline-table');
  const open = room.firstChild && room.firstChild.open;
  const details = el('details', {}, el('summary', {}, 'These numbers as a table'));
  const make = () => {
    if (!details.open || details.childElementCount > 1) return;
    const order = [...state.on].sort((a, b) => a - b).filter((c) => list.some((bin) => bin.by.get(c)));
    const head = el('tr', {}, el('th', { scope: 'col' }, 'From'), ...order.map((c) => el('th', { scope: 'col' }, causes[c].id)), el('th', { scope: 'col' }, 'let in'));
    const rows = list.map((bin) => el('tr', {}, el('th', { scope: 'row', class: 'solid' }, clock(bin.at, size < SECOND)),
      ...order.map((c) => el('td', { class: 'amount' }, number(bin.by.get(c) || 0))), el('td', { class: 'amount' }, number(bin.ok))));
    details.append(el('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'Timeline as a table' },
      el('table', {}, el('thead', {}, head), el('tbody', {}, ...rows))));
  };
  details.addEventListener('toggle', make);
  details.open = Boolean(open);
  make();
  room.replaceChildren(details);
}
