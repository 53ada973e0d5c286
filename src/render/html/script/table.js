// The table of refused exchanges, and what narrows it: causes, window, host, status, token, words.

const PAGE = 50;
let shownRows = PAGE;

const wordsOf = (exchange) => {
  exchange.words ??= JSON.stringify(exchange.row).toLowerCase();
  return exchange.words;
};

// Returns the exchanges that all filters admit, but for the one named.
function admitted(except) {
  const find = state.find.toLowerCase().trim();
  return exchanges.filter((exchange) => {
    // A cause that the list leaves out cannot be switched off.
    if (exchange.cause !== undefined && !state.on.has(exchange.cause)) return false;
    if (state.from !== null && (exchange.at === null || exchange.at < state.from || exchange.at >= state.to)) return false;
    if (state.host && except !== 'host' && exchange.host !== state.host) return false;
    if (state.status && except !== 'status' && exchange.status !== state.status) return false;
    if (state.token && except !== 'token' && !exchange.tokens.includes(state.token)) return false;
    return !find || wordsOf(exchange).includes(find);
  });
}

// Values of a list with their numbers, most first.
function tally(list) {
  const counts = new Map();
  list.filter(Boolean).forEach((name) => counts.set(name, (counts.get(name) || 0) + 1));
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

function choice(name, label) {
  const select = el('select', { id: 'by-' + name, change: (event) => { shownRows = PAGE; choose({ [name]: event.target.value }); } });
  return el('div', { class: 'field' }, el('label', { for: 'by-' + name }, label), select);
}

function makeFilter() {
  const cause = el('select', { id: 'by-cause', change: (event) => {
    shownRows = PAGE;
    const value = event.target.value;
    if (value === 'usual') choose({ on: usual() });
    else if (value === 'all') choose({ on: new Set(causes.keys()) });
    else if (value !== 'chosen') choose({ on: new Set([Number(value)]) });
  } });
  const find = el('input', { id: 'by-find', type: 'search', autocomplete: 'off', spellcheck: 'false',
    input: (event) => { shownRows = PAGE; choose({ find: event.target.value }); } });
  byId('exchanges-filter').append(
    el('div', { class: 'field' }, el('label', { for: 'by-cause' }, 'Cause'), cause),
    choice('host', 'Host'), choice('status', 'Status'), choice('token', 'Token'),
    el('div', { class: 'field wide' }, el('label', { for: 'by-find' }, 'Text'), find),
    button('Clear', () => { shownRows = PAGE; before.length = 0; choose({ on: usual(), from: null, to: null, host: '', status: '', token: '', find: '', open: '' }); }, { id: 'clear' }));
  byId('exchanges-filter').addEventListener('submit', (event) => event.preventDefault());
}

function showFilter() {
  const select = byId('by-cause');
  const option = (value, label, chosen) => el('option', { value, selected: chosen }, label);
  const all = state.on.size === causes.length;
  const common = sameSet(state.on, usual());
  const only = state.on.size === 1 && !common ? [...state.on][0] : null;
  const options = [option('usual', anyFailure ? 'every failure' : 'everything refused', common)];
  if (anyFailure && causes.some((c) => !isFailure(c))) options.push(option('all', 'everything refused', all && !common));
  if (!common && !all && only === null) options.push(option('chosen', 'chosen causes', true));
  causes.forEach((cause, i) => options.push(option(i, causeKey(cause), only === i)));
  select.replaceChildren(...options);
  const values = { host: (e) => [e.host], status: (e) => [e.status], token: (e) => [...new Set(e.tokens)] };
  for (const [name, valuesOf] of Object.entries(values)) {
    const field = byId('by-' + name);
    const list = tally(admitted(name).flatMap(valuesOf));
    // What is chosen stands there although nothing fits any more; a list of thousands helps nobody.
    const shown = list.slice(0, 200);
    if (state[name] && !shown.some(([value]) => value === state[name])) shown.unshift(list.find(([value]) => value === state[name]) || [state[name], 0]);
    field.replaceChildren(el('option', { value: '' }, 'every ' + name),
      ...shown.map(([value, n]) => el('option', { value }, value + ' (' + number(n) + ')')));
    field.value = state[name];
  }
  if (byId('by-find').value !== state.find) byId('by-find').value = state.find;
}

function showTable() {
  showFilter();
  const list = admitted();
  const text = list.length === exchanges.length
    ? count(list.length, 'exchange') : number(list.length) + ' of ' + count(exchanges.length, 'exchange');
  const within = state.from === null ? '' : ', ' + spanText(state.from, state.to);
  const place = byId('exchanges-count');
  if (place.textContent && place.textContent !== text + within) tell(text + within);
  place.textContent = text + within;
  const body = el('tbody', {});
  let rows = list.slice(0, shownRows);
  const linked = list.find((exchange) => exchange.row.id === state.open);
  if (linked && !rows.includes(linked)) rows = [...rows, linked];
  rows.forEach((exchange) => body.append(...tableRow(exchange)));
  const heads = ['Time', 'Status', 'Request', 'Cause', 'Token', 'User or client'];
  const table = el('table', { class: 'exchanges' },
    el('caption', { class: 'unseen' }, 'Refused exchanges; a button in each row shows its evidence'),
    el('thead', {}, el('tr', {}, ...heads.map((head) => el('th', { scope: 'col' }, head)))), body);
  const parts = [list.length ? table : el('p', { class: 'note' }, nothing())];
  if (list.length > shownRows) {
    parts.push(button('Show ' + number(Math.min(PAGE * 4, list.length - shownRows)) + ' more', () => { shownRows += PAGE * 4; showTable(); }, { id: 'more' }));
  }
  byId('exchanges-table').replaceChildren(...parts);
}

function nothing() {
  return data.refused > exchanges.length
    ? 'None of the exchanges in this page fits. It does not hold all of them: see above how to get the rest.'
    : 'No exchange fits.';
}

function tableRow(exchange) {
  const { row } = exchange;
  const open = row.id === state.open;
  const client = row.client || {};
  const cause = causes[exchange.cause];
  const label = exchange.at === null ? 'no time' : clock(exchange.at, true).replace(/\.000$/, '');
  const toggle = button(label, () => {
    choose({ open: open ? '' : row.id });
    const again = byId('x-' + row.id);
    if (again) again.querySelector('button').focus({ preventScroll: true });
  }, { class: 'open', 'aria-expanded': open, title: row.time });
  const cell = (name, ...children) => el('td', { 'data-label': name }, ...children);
  const line = el('tr', { id: 'x-' + row.id, class: open ? 'is-open' : null },
    el('th', { scope: 'row' }, toggle),
    cell('Status', exchange.status),
    cell('Request', el('span', { class: 'request' }, row.endpoint || row.url || '')),
    cell('Cause', el('span', { class: 'swatch ' + (cause ? cause.colour : 'c6'), 'aria-hidden': true }), ' ', el('code', {}, row.cause || '')),
    cell('Token', exchange.tokens[0] ? el('code', {}, exchange.tokens[0]) : '-'),
    cell('Who', row.user || client.ip || client.user_agent || client.id || '-'));
  if (!open) return [line];
  return [line, el('tr', { class: 'open-row' }, el('td', { colspan: 6 }, detail(row)))];
}

function showBasis() {
  const place = byId('exchanges-basis');
  if (data.basis === 'examples') {
    if (!data.refused) place.textContent = 'Nothing was refused.';
    else place.textContent = 'Only the examples of each cause stand here, ' + number(exchanges.length) + ' of ' + number(data.refused)
      + ': this report was made without its inputs at hand. Run the main job on them for more.';
  } else if (data.refused > exchanges.length) {
    place.replaceChildren(number(exchanges.length) + ' of ' + number(data.refused)
      + ' stand here: of each cause all, or as many as of the others, drawn evenly. All of them: ',
    el('code', {}, 'authopsy -f jsonl'), '.');
  } else {
    place.textContent = 'All of them. The time opens the evidence of one, and the address of the page then links to it.';
  }
}
