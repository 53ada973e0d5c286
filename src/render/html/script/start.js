// Puts switches on the causes, and starts everything.

// Counts and bars of the causes follow the window and the switches.
function showCauses() {
  const zoomed = state.from !== null;
  const { by } = zoomed ? countWithin(state.from, state.to) : { by: null };
  const countOf = (i) => (zoomed ? by.get(i) || 0 : causes[i].count || 0);
  const usualSet = sameSet(state.on, usual());
  for (const item of document.querySelectorAll('[data-cause]')) {
    const i = Number(item.dataset.cause);
    const on = state.on.has(i);
    // A share is one of its class, as in the report; of what is chosen where something is chosen.
    const kin = causes.map((_, k) => k).filter((k) => causes[k].class === causes[i].class && (usualSet || state.on.has(k)));
    const whole = kin.reduce((sum, k) => sum + countOf(k), 0);
    const n = countOf(i);
    const fresh = usualSet || on ? n : 0;
    item.classList.toggle('is-off', !on);
    item.querySelector('input').checked = on;
    item.querySelector('[data-count]').textContent = zoomed ? number(n) + ' of ' + number(causes[i].count) : number(n);
    const [share, bar] = [item.querySelector('[data-share]'), item.querySelector('[data-bar]')];
    // The report's own share counts causes that it leaves out, too.
    item.dataset.reportShare ??= share.textContent;
    item.dataset.reportBar ??= bar.getAttribute('width');
    const asIs = usualSet && !zoomed;
    share.textContent = asIs ? item.dataset.reportShare : usualSet || on ? percent(fresh, whole) : 'off';
    bar.setAttribute('width', asIs ? item.dataset.reportBar : whole && fresh ? Math.max(0.5, fresh / whole * 100).toFixed(2) : 0);
  }
  const scope = [];
  if (zoomed) scope.push(el('span', { class: 'quiet' }, 'counted ' + spanText(state.from, state.to)), ' ');
  if (!usualSet) scope.push(button('Show every failure', () => choose({ on: usual() }), { id: 'every' }));
  byId('causes-scope').replaceChildren(...scope);
}

function makeSwitches() {
  for (const item of document.querySelectorAll('[data-cause]')) {
    const i = Number(item.dataset.cause);
    const box = el('input', { type: 'checkbox', id: 'switch-' + i, 'aria-label': 'Show ' + causes[i].id,
      change: (event) => {
        const on = new Set(state.on);
        if (event.target.checked) on.add(i); else on.delete(i);
        choose({ on });
      } });
    const only = button('Only this', () => choose({ on: new Set([i]) }), { class: 'only', 'aria-label': 'Only this: ' + causes[i].id });
    item.querySelector('.cause-head').prepend(box);
    item.querySelector('details').before(only);
  }
}

function linkIncidents() {
  for (const item of document.querySelectorAll('[data-incident]')) {
    const incident = incidents.find((known) => known.number === Number(item.dataset.incident) + 1);
    if (!incident || !slots.length) continue;
    const pad = Math.max(line.width, (incident.to - incident.from) / 10);
    item.append(button('Show in the timeline', () => {
      const [from, to] = [incident.from - pad, incident.to + pad].map((at, i) => (i ? Math.ceil : Math.floor)(at / line.width) * line.width);
      zoom(Math.max(everything[0], from), Math.min(everything[1], to));
      goTo('timeline');
    }));
  }
}

function goTo(id) {
  const place = byId(id);
  if (!place) return false;
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  place.setAttribute('tabindex', '-1');
  place.scrollIntoView({ behavior: calm ? 'auto' : 'smooth', block: 'start' });
  place.focus({ preventScroll: true });
  return true;
}

function makeTheme() {
  const root = document.documentElement;
  const dark = () => (root.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
  const name = () => { byId('theme').textContent = dark() ? 'Use light colours' : 'Use dark colours'; };
  byId('theme').addEventListener('click', () => { root.dataset.theme = dark() ? 'light' : 'dark'; name(); });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', name);
  name();
}

function start() {
  document.documentElement.classList.add('js');
  const absent = new Set();
  if (slots.filter((slot) => slot.by.size || slot.ok).length < 2) absent.add('timeline');
  if (!lifeWindow) absent.add('tokens');
  for (const part of document.querySelectorAll('[data-js]')) {
    const id = part.id || (part.hash || '').slice(1);
    part.hidden = absent.has(id);
  }
  makeTheme();
  makeSwitches();
  makeFilter();
  linkIncidents();
  showBasis();
  if (!absent.has('tokens')) drawLifeKey();
  const linked = readAddress();
  watchers.push(showCauses, showTable);
  if (!absent.has('timeline')) watchers.push(drawTimeline);
  if (!absent.has('tokens')) watchers.push(drawLives);
  watchers.forEach((watch) => watch());
  if (linked && state.open) byId('x-' + state.open)?.scrollIntoView({ block: 'center' });

  const drawCharts = () => {
    if (!absent.has('timeline')) drawTimeline();
    if (!absent.has('tokens')) drawLives();
  };
  let width = document.body.clientWidth;
  new ResizeObserver(() => {
    if (document.body.clientWidth === width) return;
    width = document.body.clientWidth;
    drawCharts();
  }).observe(document.body);
  addEventListener('hashchange', () => {
    if (readAddress()) watchers.forEach((watch) => watch());
  });
  // Links between parts keep what is chosen: the address belongs to it.
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && goTo(link.hash.slice(1))) event.preventDefault();
  });
  // A chart made for a wide screen would have tiny labels on paper.
  const print = (width) => () => { paper = width; drawCharts(); };
  addEventListener('beforeprint', print(680));
  addEventListener('afterprint', print(0));
}

start();
