// What is chosen, and its place in the address, so that a finding can be linked.

const isFailure = (cause) => cause.class === 'failure';
const anyFailure = causes.some(isFailure);
const causeKey = (cause) => (isFailure(cause) ? cause.id : cause.class + ':' + cause.id);
const numberOf = new Map(causes.map((cause, i) => [cause.class + ':' + cause.id, i]));

// Causes that are shown when nothing was chosen: failures, or all where nothing failed.
const usual = () => new Set(causes.map((_, i) => i).filter((i) => !anyFailure || isFailure(causes[i])));

const state = { on: usual(), from: null, to: null, host: '', status: '', token: '', find: '', open: '' };
// Windows to go back to.
const before = [];
const watchers = [];

// Changes what is chosen and draws everything that depends on it.
function choose(change) {
  Object.assign(state, change);
  writeAddress();
  watchers.forEach((watch) => watch());
}

function zoom(from, to) {
  before.push([state.from, state.to]);
  choose({ from, to });
  tell('Showing ' + spanText(from, to));
}

function zoomBack() {
  if (state.from === null) return;
  const [from, to] = before.pop() || [null, null];
  choose({ from, to });
  tell(from === null ? 'Showing the usual time' : 'Showing ' + spanText(from, to));
}

const sameSet = (a, b) => a.size === b.size && [...a].every((i) => b.has(i));

function writeAddress() {
  const words = new URLSearchParams();
  if (!sameSet(state.on, usual())) words.set('show', [...state.on].sort((a, b) => a - b).map((i) => causeKey(causes[i])).join(','));
  if (state.from !== null) {
    words.set('from', new Date(state.from).toISOString());
    words.set('to', new Date(state.to).toISOString());
  }
  for (const name of ['host', 'status', 'token', 'find', 'open']) {
    if (state[name]) words.set(name, state[name]);
  }
  const text = words.toString().replace(/%3A/g, ':').replace(/%2C/g, ',').replace(/%2F/g, '/');
  const bare = location.href.split('#')[0];
  try {
    history.replaceState(null, '', text ? bare + '#' + text : bare);
  } catch {
    // A viewer may forbid it; then there is no address to copy.
  }
}

// Reads the address; returns whether it names a choice. What it names and is not there is left out.
function readAddress() {
  const text = location.hash.slice(1);
  if (!text.includes('=')) return false;
  const words = new URLSearchParams(text);
  const known = new Map(causes.map((cause, i) => [causeKey(cause), i]));
  const on = words.has('show')
    ? new Set(words.get('show').split(',').map((key) => known.get(key)).filter((i) => i !== undefined))
    : usual();
  const [from, to] = [instant(words.get('from')), instant(words.get('to'))];
  const whole = from !== null && to !== null && from < to;
  Object.assign(state, { on, from: whole ? from : null, to: whole ? to : null });
  for (const name of ['host', 'status', 'token', 'find', 'open']) state[name] = words.get(name) || '';
  return true;
}
