// One lane a token: handed out, let in, refused, expired, replaced. The axis is the timeline's window.

const lives = (data.tokens || []).map((token) => ({
  token,
  issued: instant(token.issued) ?? instant(token.iat),
  exp: instant(token.exp),
  first: instant(token.first_use),
  last: instant(token.last_use),
  success: instant(token.last_success),
  refused: instant(token.first_refusal),
  refusedLast: instant(token.last_refusal),
}));
const LANE_HIGH = 30, MID = 13;
// Lanes that stand there before a click shows the rest.
let lanesShown = 8;

// The usual window of the lanes: all their uses and what lies near.
const lifeWindow = (() => {
  const uses = lives.flatMap((life) => [life.first, life.last, life.success, life.refused, life.refusedLast]).filter((at) => at !== null);
  if (!uses.length) return null;
  let [from, to] = [Math.min(...uses), Math.max(...uses)];
  const margin = Math.max((to - from) / 4, 2 * SECOND);
  const near = lives.flatMap((life) => [life.issued, life.exp])
    .filter((at) => at !== null && at >= from - margin && at <= to + margin);
  from = Math.min(from, ...near);
  to = Math.max(to, ...near);
  const pad = Math.max((to - from) / 40, 500);
  return [from - pad, to + pad];
})();

function drawLives() {
  const room = byId('tokens-chart');
  if (!lifeWindow) return;
  const [from, to] = state.from === null ? lifeWindow : [state.from, state.to];
  const list = el('ol', { class: 'lives' });
  const shown = lives.slice(0, lanesShown);
  // A chosen token has its lane whatever is folded away.
  const chosen = lives.find((life) => life.token.fingerprint === state.token);
  if (chosen && !shown.includes(chosen)) shown.push(chosen);
  for (const life of shown) list.append(lane(life));
  const axis = el('li', { class: 'life axis-row', 'aria-hidden': true }, el('span', { class: 'lane' }));
  list.append(axis);
  room.replaceChildren(list);
  // Widths are known once the list stands in the page.
  const width = paper ? paper - 200 : Math.max(160, room.querySelector('.lane').clientWidth);
  const x = (at) => (at - from) / (to - from) * width;
  [...list.querySelectorAll('.life:not(.axis-row) .lane')].forEach((place, i) => place.append(drawLane(shown[i], x, width, from, to)));
  const scale = svg('svg', { class: 'plot', width, height: 20, viewBox: `0 0 ${width} 20` });
  for (const { at, label } of ticks(from, to, Math.max(2, Math.floor(width / 96)))) {
    const anchor = x(at) < 24 ? 'start' : x(at) > width - 24 ? 'end' : 'middle';
    scale.append(svg('line', { class: 'axis', x1: x(at), x2: x(at), y1: 0, y2: 4 }),
      svg('text', { class: 'tick', x: x(at), y: 16, 'text-anchor': anchor }, label));
  }
  axis.firstChild.append(scale);
  if (lives.length > lanesShown) {
    room.append(button('Show ' + count(lives.length - lanesShown, 'more token'), () => { lanesShown = Infinity; drawLives(); }, { id: 'more-tokens' }));
  }
  if (data.tokens_left_out) room.append(el('p', { class: 'quiet' }, count(data.tokens_left_out, 'more token') + ' left out (--top).'));
}

function lane(life) {
  const { token } = life;
  const chosen = state.token === token.fingerprint;
  const pick = button(token.fingerprint, () => choose({ token: chosen ? '' : token.fingerprint }), {
    class: 'token', 'aria-pressed': chosen, title: 'Show only the exchanges of this token' });
  return el('li', { class: 'life', id: 'life-' + token.fingerprint }, pick, el('span', { class: 'lane' }),
    el('p', { class: 'quiet about' }, about(life)));
}

// Says in words what the lane shows.
function about(life) {
  const { token } = life;
  const parts = [[token.kind, token.alg].filter(Boolean).join(' ')];
  if (token.kid) parts.push('kid ' + token.kid);
  if (life.issued !== null) parts.push('issued ' + clock(life.issued));
  if (life.exp !== null) parts.push('exp ' + clock(life.exp));
  else if (token.exp_raw) parts.push('exp ' + token.exp_raw + ', no number of seconds');
  parts.push(count(token.uses || 0, 'use') + ', ' + number(token.refusals || 0) + ' refused');
  if (token.refreshes) parts.push(count(token.refreshes, 'refresh') + ' seen');
  if (token.replaced_by) parts.push('replaced by ' + token.replaced_by);
  if (token.user) parts.push(token.user);
  if (token.causes && token.causes[0]) parts.push(token.causes[0].name);
  return parts.filter(Boolean).join(' · ');
}

function drawLane(life, x, width, from, to) {
  const within = (at) => at !== null && at >= from && at <= to;
  const clip = (at) => Math.max(0, Math.min(width, x(at)));
  const words = about(life);
  const picture = svg('svg', { class: 'plot', width, height: LANE_HIGH, viewBox: `0 0 ${width} ${LANE_HIGH}`, role: 'img', 'aria-label': words });
  picture.append(svg('line', { class: 'grid', x1: 0, x2: width, y1: MID, y2: MID }));
  // What was let in stands above the line, what was refused below: one may begin before the other ends.
  const bar = (name, a, b, y) => {
    if (a === null || b === null || b < from || a > to) return;
    picture.append(svg('rect', { class: name, x: clip(a), width: Math.max(2, clip(b) - clip(a)), y, height: 6, rx: 1.5 }));
  };
  // Valid as its own dates say: a thin line from issue to expiry.
  if (life.issued !== null && life.exp !== null && life.exp >= from && life.issued <= to) {
    picture.append(svg('line', { class: 'valid', x1: clip(life.issued), x2: clip(life.exp), y1: MID + 10, y2: MID + 10 }));
  }
  if (life.success !== null) bar('life-ok', life.first, life.success, MID - 6.5);
  bar('life-bad', life.refused, life.refusedLast, MID + 0.5);
  for (const at of refusalsOf(life.token.fingerprint)) {
    if (within(at)) picture.append(svg('path', { class: 'cross', d: `M${x(at) - 2.5} ${MID + 1}l5 5m0 -5l-5 5` }));
  }
  if (within(life.issued)) {
    picture.append(svg('circle', { class: 'issued', cx: x(life.issued), cy: MID, r: 4 }, svg('title', {}, 'issued ' + clock(life.issued))));
  }
  if (within(life.exp)) {
    const left = x(life.exp) > width - 30;
    picture.append(svg('line', { class: 'exp', x1: x(life.exp), x2: x(life.exp), y1: 1, y2: LANE_HIGH - 4 }),
      svg('text', { class: 'tick strong', x: x(life.exp) + (left ? -4 : 4), y: LANE_HIGH - 3, 'text-anchor': left ? 'end' : 'start' }, 'exp'));
  } else if (life.exp !== null && life.first !== null) {
    const early = life.exp < from;
    picture.append(svg('text', { class: 'tick', x: early ? 2 : width - 2, y: 9, 'text-anchor': early ? 'start' : 'end' },
      early ? '← exp ' + lengthText(life.first - life.exp) + ' before its first use' : 'exp later →'));
  }
  if (life.token.replaced_by && within(life.last)) {
    const at = Math.min(width - 12, x(life.last) + 6);
    picture.append(svg('path', { class: 'replaced', d: `M${at} ${MID}h8m-4 -4l4 4l-4 4` }, svg('title', {}, 'replaced by ' + life.token.replaced_by)));
  }
  return picture;
}

// Instants of the refusals that this page has in full.
const refusals = new Map();
for (const row of data.exchanges || []) {
  const at = instant(row.time);
  for (const credential of row.credentials || []) {
    if (at === null || !credential.fingerprint) continue;
    if (!refusals.has(credential.fingerprint)) refusals.set(credential.fingerprint, []);
    refusals.get(credential.fingerprint).push(at);
  }
}
const refusalsOf = (mark) => (refusals.get(mark) || []).slice(0, 200);

function drawLifeKey() {
  const sample = (draw, words) => el('span', { class: 'solid' },
    svg('svg', { class: 'plot sample', width: 22, height: 14, viewBox: '0 0 22 14', 'aria-hidden': true }, draw), ' ' + words);
  byId('tokens-key').replaceChildren(
    sample(svg('circle', { class: 'issued', cx: 11, cy: 7, r: 4 }), 'issued'), ' ',
    sample(svg('rect', { class: 'life-ok', x: 1, y: 4, width: 20, height: 6, rx: 1.5 }), 'let in'), ' ',
    sample([svg('rect', { class: 'life-bad', x: 1, y: 4, width: 20, height: 6, rx: 1.5 }), svg('path', { class: 'cross', d: 'M8 4.5l5 5m0 -5l-5 5' })], 'refused'), ' ',
    sample(svg('line', { class: 'exp', x1: 11, x2: 11, y1: 0, y2: 14 }), 'exp'), ' ',
    sample(svg('line', { class: 'valid', x1: 1, x2: 21, y1: 7, y2: 7 }), 'valid by its dates'), ' ',
    sample(svg('path', { class: 'replaced', d: 'M6 7h8m-4 -4l4 4l-4 4' }), 'replaced'));
}
