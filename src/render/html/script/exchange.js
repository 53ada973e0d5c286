// One refused exchange: its line in the table, and all that is known of it.

const exchanges = (data.exchanges || []).map((row) => ({
  row,
  at: instant(row.time),
  // What `--top` left out stands under one name.
  cause: numberOf.get(row.class + ':' + row.cause) ?? numberOf.get('failure:others'),
  host: row.host || hostOf(row.endpoint),
  status: row.status === undefined ? 'none' : String(row.status),
  tokens: (row.credentials || []).map((credential) => credential.fingerprint).filter(Boolean),
  words: null,
}));

function hostOf(endpoint) {
  const place = (endpoint || '').split(' ').pop();
  return place.startsWith('/') ? '' : place.split('/')[0];
}

// Where it stands: `file:412` for a line, `file[17]` for an entry, `file@9000` for a byte.
function pointer(row) {
  const name = row.member ? row.source + '!' + row.member : row.source || '';
  if (row.line !== undefined) return name + ':' + row.line;
  if (row.entry !== undefined) return name + '[' + row.entry + ']';
  if (row.byte !== undefined) return name + '@' + row.byte;
  return name;
}

function titleOf(row) {
  const known = causes[numberOf.get(row.class + ':' + row.cause)];
  return known ? known.title : row.cause || '';
}

function evidenceList(list) {
  return el('ul', { class: 'evidence' }, ...(list || []).map((told) =>
    el('li', {}, ...prose(told.fact || ''), ' ', el('span', { class: 'quiet' }, told.where || ''))));
}

// Pairs of a name and what is said of it; those without are left out.
function pairs(list) {
  const shown = list.filter(([, value]) => value !== undefined && value !== null && value !== '');
  return el('dl', { class: 'pairs' }, ...shown.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]));
}

function detail(row) {
  const parts = [];
  parts.push(el('p', { class: 'verdict' }, el('b', {}, titleOf(row)), ' ', el('code', {}, row.cause || ''), ' ',
    el('span', { class: 'quiet' }, [row.class === 'failure' ? '' : row.class, row.confidence].filter(Boolean).join(', '))));
  parts.push(evidenceList(row.evidence));
  const server = row.server || {};
  if (server.text) {
    const verdict = { agrees: 'the evidence agrees', contradicts: 'the evidence contradicts' }[server.agrees] || 'which names no cause';
    parts.push(el('p', {}, 'The server says ', el('q', {}, server.text), ' ',
      el('span', { class: 'quiet' }, [server.where, server.says && 'means ' + server.says, server.dialect].filter(Boolean).join(', ')), ', ',
      el('span', { class: server.agrees === 'contradicts' ? 'warn' : '' }, verdict)));
  }
  for (const other of row.also || []) {
    parts.push(el('p', {}, 'Seen beside it: ', el('code', {}, other.cause), ' ', el('span', { class: 'quiet' }, other.confidence || '')),
      evidenceList(other.evidence));
  }
  const client = row.client || {};
  parts.push(pairs([
    ['Request', [row.method, row.url || row.endpoint].filter(Boolean).join(' ')],
    ['Status', row.status === undefined ? 'none' : String(row.status) + (row.grpc_status === undefined ? '' : ', grpc ' + row.grpc_status)],
    ['Time', row.time],
    ['Judged at', row.judged_at && row.judged_at + (row.skew_s ? ', the clocks differ by ' + row.skew_s + ' s' : '')],
    ['Client', [client.ip, client.user_agent, client.id].filter(Boolean).join(', ')],
    ['User', row.user],
    ['Request id', row.request_id],
    ['Trace id', row.trace_id],
    ['Stands in', pointer(row)],
    ['Seen by', row.observer],
    ['Id', row.id],
  ]));
  for (const credential of row.credentials || []) {
    const aud = Array.isArray(credential.aud) ? credential.aud.join(', ') : credential.aud;
    parts.push(el('p', { class: 'quiet' }, 'Credential in ' + (credential.where || 'an unknown place')), pairs([
      ['Kind', [credential.kind, credential.scheme && 'scheme ' + credential.scheme, credential.state].filter(Boolean).join(', ')],
      ['Fingerprint', credential.fingerprint], ['alg', credential.alg], ['kid', credential.kid],
      ['iss', credential.iss], ['aud', aud], ['iat', credential.iat || credential.iat_raw],
      ['nbf', credential.nbf || credential.nbf_raw], ['exp', credential.exp || credential.exp_raw],
    ]));
  }
  for (const seen of row.views || []) {
    parts.push(el('p', {}, 'Also seen in ', el('code', {}, pointer(seen)), ' by ' + (seen.observer || 'another'),
      seen.text ? [', which says ', el('q', {}, seen.text)] : ''));
  }
  return el('div', { class: 'detail' }, ...parts);
}
