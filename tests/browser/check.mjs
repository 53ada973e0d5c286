// Opens HTML reports in a headless Chromium as people do, from disk, and uses them: clicks, types,
// drags, reads. Usage: node check.mjs PROGRAM MODULES [SHOTS]
//   PROGRAM  the authopsy binary
//   MODULES  folder whose node_modules holds playwright-core and axe-core
//   SHOTS    folder for screenshots; without it none are made
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [program, modules, shots] = process.argv.slice(2).map((path) => resolve(path));
const require = createRequire(join(modules, 'package.json'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const samples = resolve(import.meta.dirname, '../../samples');
const chrome = process.env.CHROMIUM || '/usr/bin/chromium';

const folder = mkdtempSync(join(tmpdir(), 'authopsy-browser-'));
const report = (name, ...args) => {
  const path = join(folder, name + '.html');
  execFileSync(program, ['-q', ...args, '-o', path], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  return path;
};
const browser = await chromium.launch({ executablePath: chrome, args: [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'] });

let done = 0;
async function check(name, work) {
  const begin = Date.now();
  await work();
  done += 1;
  console.log(`ok ${String(Date.now() - begin).padStart(6)} ms  ${name}`);
}

// Opens a report; whatever it says on the console, throws or asks the network for is a failure.
async function opened(path, options = {}, fragment = '') {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const heard = [];
  page.on('console', (message) => heard.push(message.type() + ': ' + message.text()));
  page.on('pageerror', (error) => heard.push('error: ' + error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(pathToFileURL(path).href)) heard.push('request: ' + request.url());
  });
  await page.goto(pathToFileURL(path).href + fragment);
  page.calm = () => assert.deepEqual(heard, []);
  page.end = async () => { page.calm(); await context.close(); };
  return page;
}

// Runs axe in the page. Playwright's own evaluation is not bound by the page's policy.
async function accessible(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const told = found.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.target.join(' ')).slice(0, 5).join(', '));
  assert.deepEqual(told, []);
  return found.passes.length;
}

const rows = (page) => page.locator('#exchanges-table tbody tr:not(.open-row)');
const text = (page, selector) => page.locator(selector).innerText();
const shoot = async (page, name, whole) => { if (shots) await page.screenshot({ path: join(shots, name + '.png'), fullPage: Boolean(whole) }); };

const session = report('session', join(samples, 'lab/browser.devtools.har'));
const quick = report('quick', join(samples, 'quickstart.har'));

await check('charts are drawn and the first screen answers', async () => {
  const page = await opened(session);
  assert.match(await text(page, 'h1'), /failed to authenticate/);
  for (const question of ['What failed', 'Since when', 'For whom', 'Why', 'What to do']) {
    const box = await page.locator('dt', { hasText: question }).first().boundingBox();
    assert.ok(box && box.y < 800, question + ' stands on the first screen');
  }
  const paths = await page.locator('#timeline-svg path.bin').evaluateAll((all) => all.map((path) => path.getBBox().height));
  assert.ok(paths.length > 0 && paths.every((high) => high > 0), 'bars');
  assert.ok(await page.locator('#timeline-svg text.tick').count() > 4, 'labels');
  assert.ok(await page.locator('#timeline-svg .event').count() > 0, 'events of the story');
  const lanes = await page.locator('#tokens-chart .life:not(.axis-row)').count();
  const known = await page.evaluate(() => JSON.parse(document.getElementById('data').textContent).tokens.length);
  assert.equal(lanes, Math.min(8, known));
  if (known > 8) {
    await page.locator('#more-tokens').click();
    assert.equal(await page.locator('#tokens-chart .life:not(.axis-row)').count(), known);
  }
  assert.ok(await page.locator('#tokens-chart .life-bad, #tokens-chart .cross').count() > 0, 'refusals on lifelines');
  await shoot(page, 'light'); await shoot(page, 'light-full', true);
  await page.end();
});

await check('a cause chosen alone leaves its rows, its bars and its share', async () => {
  const page = await opened(session);
  const all = await rows(page).count();
  const first = page.locator('.cause').first();
  const id = await first.locator('.id').innerText();
  await first.getByRole('button', { name: /Only this/ }).click();
  assert.deepEqual(new Set(await rows(page).locator('td[data-label="Cause"] code').allInnerTexts()), new Set([id]));
  assert.ok(await rows(page).count() < all);
  assert.equal(await page.locator('#timeline-svg path.bin').count(), 1);
  assert.equal(await first.locator('[data-share]').innerText(), '100%');
  assert.equal(await page.locator('.cause').nth(1).locator('[data-bar]').getAttribute('width'), '0');
  assert.match(page.url(), /#show=/);
  await page.locator('.cause').nth(1).getByRole('checkbox').check();
  assert.equal(await page.locator('#timeline-svg path.bin').count(), 2);
  await page.locator('#every').click();
  assert.equal(await rows(page).count(), all);
  assert.ok(!page.url().includes('#'));
  await page.end();
});

await check('host, status, token and text narrow the table', async () => {
  const page = await opened(session);
  const all = await rows(page).count();
  for (const name of ['host', 'status', 'token']) {
    const values = await page.locator(`#by-${name} option`).evaluateAll((o) => o.map((x) => x.value));
    const value = values[values.length - 1];
    await page.locator('#by-' + name).selectOption(value);
    const left = await rows(page).count();
    assert.ok(left > 0 && (values.length < 3 || left < all), name);
    assert.ok(new URLSearchParams(page.url().split('#')[1]).get(name) === value);
    await page.locator('#clear').click();
  }
  await page.getByLabel('Text').pressSequentially('no such word');
  assert.equal(await rows(page).count(), 0);
  assert.match(await text(page, '#exchanges-table'), /No exchange fits/);
  await page.locator('#clear').click();
  assert.equal(await rows(page).count(), all);
  await page.end();
});

await check('dragging zooms to finer bars, everything follows, and there is a way back', async () => {
  const page = await opened(session);
  await page.locator('#timeline-svg').scrollIntoViewIfNeeded();
  const first = await page.locator('#timeline-svg path.bin').evaluateAll((all) => Math.min(...all.map((path) => path.getBBox().x)));
  const [key, sum] = [await text(page, '#timeline-key'), await text(page, '#exchanges-count')];
  const box = await page.locator('#timeline-svg').boundingBox();
  const from = Math.max(box.x + 50, box.x + first - 12);
  await page.mouse.move(from, box.y + 100);
  await page.mouse.down();
  await page.mouse.move(from + 40, box.y + 90, { steps: 5 });
  assert.equal(await page.locator('#timeline-svg .brush').getAttribute('visibility'), 'visible');
  await page.mouse.move(from + 120, box.y + 80, { steps: 5 });
  await page.mouse.up();
  assert.match(page.url(), /from=.*to=/);
  assert.notEqual(await text(page, '#exchanges-count'), sum);
  assert.match(await text(page, '#causes-scope'), /counted/);
  assert.notEqual(await text(page, '#timeline-key'), key);
  await shoot(page, 'zoomed', true);
  await page.locator('#timeline-svg').focus();
  await page.keyboard.press('Escape');
  assert.ok(!page.url().includes('from='));
  assert.equal(await text(page, '#exchanges-count'), sum);
  await page.end();
});

await check('the timeline works by keyboard and speaks', async () => {
  const page = await opened(session);
  await page.locator('#timeline-svg').focus();
  for (const key of ['Home', 'ArrowRight', 'ArrowRight', 'ArrowLeft']) await page.keyboard.press(key);
  await page.waitForFunction(() => /let in/.test(document.getElementById('live').textContent));
  await page.keyboard.press('Home');
  for (let i = 0; i < 5; i += 1) await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Enter');
  assert.match(page.url(), /from=/);
  await page.waitForFunction(() => /^Showing/.test(document.getElementById('live').textContent));
  assert.equal(await page.evaluate(() => document.activeElement.id), 'timeline-svg');
  await page.keyboard.press('Escape');
  assert.ok(!page.url().includes('from='));
  await page.locator('#timeline-table summary').click();
  // It is filled when it opens.
  await page.locator('#timeline-table tbody tr').first().waitFor();
  await page.end();
});

await check('a lifeline chooses its token', async () => {
  const page = await opened(session);
  const lane = page.locator('#tokens-chart .life').first();
  const mark = await lane.locator('.token').innerText();
  assert.match(await lane.locator('.about').innerText(), /use.*refused/);
  assert.match(await lane.locator('svg').getAttribute('aria-label'), /refused/);
  await lane.locator('.token').click();
  assert.equal(await page.locator('#by-token').inputValue(), mark);
  assert.deepEqual(new Set(await rows(page).locator('td[data-label="Token"]').allInnerTexts()), new Set([mark]));
  await page.locator('#tokens-chart .life').first().locator('.token').click();
  assert.equal(await page.locator('#by-token').inputValue(), '');
  await page.end();
});

await check('a click shows the whole evidence, and its address leads back to it', async () => {
  const page = await opened(session);
  const row = rows(page).filter({ hasText: 'tok:' }).first();
  await row.getByRole('button').click();
  assert.equal(await row.getByRole('button').getAttribute('aria-expanded'), 'true');
  const words = await text(page, '.detail');
  for (const word of ['Request', 'Stands in', 'Credential in']) assert.ok(words.includes(word), word);
  assert.ok(await page.locator('.detail .evidence li').count() > 0);
  const address = page.url();
  await shoot(page, 'evidence');
  const other = await opened(session, {}, '#' + address.split('#')[1]);
  assert.equal(await text(other, '.detail'), words);
  const box = await other.locator('.is-open').boundingBox();
  assert.ok(box.y >= 0 && box.y < 800, 'the linked exchange is in view');
  await other.end();
  await page.end();
});

await check('the first link skips to the report, and every control can be reached by Tab', async () => {
  const page = await opened(quick);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  const reached = new Set();
  for (let i = 0; i < 80; i += 1) {
    await page.keyboard.press('Tab');
    reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.className || document.activeElement.localName));
  }
  for (const id of ['switch-0', 'timeline-svg', 'by-cause', 'by-find', 'token', 'open']) assert.ok(reached.has(id), id);
  await page.end();
});

for (const scheme of ['light', 'dark']) {
  await check(`axe finds nothing in ${scheme} colours, at both widths`, async () => {
    for (const viewport of [{ width: 1280, height: 800 }, { width: 390, height: 844 }]) {
      for (const path of [session, quick]) {
        const page = await opened(path, { colorScheme: scheme, viewport });
        await rows(page).first().getByRole('button').click();
        await page.locator('.cause details summary').first().click();
        await page.locator('#timeline-table summary').click();
        assert.ok(await accessible(page) > 20);
        if (path === session) {
          const name = viewport.width === 390 ? 'phone-' + scheme : scheme;
          if (name !== 'light') { await shoot(page, name + '-full', true); await page.evaluate(() => scrollTo(0, 0)); await shoot(page, name); }
        }
        await page.end();
      }
    }
  });
}

await check('the button names what it does and does it', async () => {
  const page = await opened(quick);
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await paper();
  assert.equal(await text(page, '#theme'), 'Use dark colours');
  await page.locator('#theme').click();
  assert.equal(await text(page, '#theme'), 'Use light colours');
  assert.notEqual(await paper(), light);
  await accessible(page);
  await page.locator('#theme').click();
  assert.equal(await paper(), light);
  await page.end();
});

await check('a phone shows all without moving sideways', async () => {
  for (const path of [session, quick]) {
    for (const width of [320, 390]) {
      const page = await opened(path, { viewport: { width, height: 844 } });
      await rows(page).first().getByRole('button').click();
      const [have, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(have <= room, `${have} px on a screen of ${room}`);
      await page.end();
    }
  }
});

await check('without scripts the sentence, the causes and the story stand there', async () => {
  const page = await opened(quick, { javaScriptEnabled: false });
  assert.match(await text(page, 'main'), /script of this page does not run/);
  assert.ok(await page.locator('.cause').count() > 1 && await page.locator('.story li').count() > 1);
  assert.equal(await page.locator('#timeline').isVisible(), false);
  await page.end();
});

await check('paper', async () => {
  const page = await opened(session, { colorScheme: 'dark' });
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(255, 255, 255)');
  assert.equal(await page.locator('#exchanges-filter').isVisible(), false);
  const pdf = await page.pdf({ format: 'A4', ...(shots ? { path: join(shots, 'print.pdf') } : {}) });
  assert.ok(pdf.length > 10_000);
  await page.end();
});

await check('hostile values stay text', async () => {
  const evil = '</script><script>window.owned=1</script><img src=x onerror="window.owned=1"><!--\u202e';
  const line = (i, more) => JSON.stringify({ time: `2026-11-20T10:30:0${i}Z`, method: 'GET', host: 'api.example.com', path: '/' + evil,
    status: 401, client_ip: '192.0.2.7', request_id: evil, headers: { 'user-agent': evil, authorizaton: 'Bearer abc' },
    response_headers: { 'www-authenticate': `Bearer error="${evil}"` }, response_body: evil, ...more });
  const name = join(folder, 'a<b>&\'"\u202e.jsonl');
  writeFileSync(name, [0, 1, 2, 3].map((i) => line(i)).join('\n') + '\n');
  const path = report('hostile', name, '--title', evil);
  const page = await opened(path);
  await rows(page).first().getByRole('button').click();
  await page.locator('.cause details summary').first().click();
  await page.getByLabel('Text').fill('<script>');
  assert.equal(await page.evaluate(() => [window.owned, document.scripts.length, document.images.length].join()), ',2,0');
  assert.ok(!(await page.evaluate(() => document.body.textContent)).includes('\u202e'));
  assert.match(await text(page, '.title'), /<img src=x/);
  await accessible(page);
  await page.end();
});

await check('100,000 refusals: under 6 MB, open in under 2 s', async () => {
  const name = join(folder, 'many.jsonl');
  const out = createWriteStream(name);
  const day = Date.parse('2026-11-20T00:00:00Z');
  for (let i = 0; i < 130_000; i += 1) {
    const time = new Date(day + i * 660).toISOString();
    const kind = i % 13;
    const headers = { 'user-agent': 'client/' + i % 40, [kind === 1 ? 'authorizaton' : 'authorization']: 'Bearer ' + (i * 7919 % 5000).toString(16).padStart(32, 'f0e1d2c3') };
    const body = ['{"error":"token_expired"}', '', '{"error":"token_revoked"}', '{"error":"invalid audience"}', '{"error":"insufficient_scope"}'][kind] ?? '';
    const more = kind === 7 ? { authorization: undefined } : {};
    if (!out.write(JSON.stringify({ time, method: 'GET', host: `h${i % 4}.example.com`, path: '/v1/orders/' + i, status: kind > 9 ? 200 : kind === 4 ? 403 : 401,
      client_ip: `192.0.2.${i % 200}`, headers: { ...headers, ...more }, response_body: body }) + '\n')) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
  const path = report('many', name);
  const size = statSync(path).size;
  assert.ok(size < 6_000_000, `${size} bytes`);
  const times = [];
  for (let i = 0; i < 3; i += 1) {
    const begin = Date.now();
    const page = await opened(path);
    await page.locator('#exchanges-table tbody tr').first().waitFor();
    await page.evaluate(() => new Promise((tell) => requestAnimationFrame(() => requestAnimationFrame(tell))));
    times.push(Date.now() - begin);
    if (i === 0) {
      assert.match(await text(page, '#exchanges-basis'), /100,000 stand here/);
      assert.ok(await page.locator('#timeline-svg path.bin').count() > 2);
      await shoot(page, 'many'); await shoot(page, 'many-full', true);
    }
    await page.end();
  }
  console.log(`   ${(size / 1e6).toFixed(2)} MB, opened in ${times.join(', ')} ms`);
  assert.ok(Math.min(...times) < 2_000, times.join());
});

await browser.close();
rmSync(folder, { recursive: true });
console.log(`${done} checks passed`);
