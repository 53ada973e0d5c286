// Drives headless Chromium: browser.mjs PLAN.json. A plan holds phases of steps; each is fetched in the page, in order.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.env.LAB_NODE + "/index.js");
const { chromium } = require("playwright-core");
const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--remote-allow-origins=*", `--remote-debugging-port=${plan.debugPort}`];
const started = Date.now();
const context = await chromium.launchPersistentContext(plan.profile, {
  executablePath: plan.chromium, args: flags, headless: true,
  recordHar: { path: plan.har, content: "embed" },
});
const page = context.pages()[0] ?? await context.newPage();

// The front end of the developer tools itself, in a second window, looks at the page and writes its own export at the end.
let tools = null;
try {
  const list = await (await fetch(`http://127.0.0.1:${plan.debugPort}/json/list`)).json();
  const target = list.find((item) => item.type === "page");
  const second = await chromium.launch({ executablePath: plan.chromium, args: flags.filter((f) => !f.startsWith("--remote-debugging-port")), headless: true });
  tools = { browser: second, page: await second.newPage() };
  await tools.page.goto(`http://127.0.0.1:${plan.debugPort}/devtools/inspector.html?ws=127.0.0.1:${plan.debugPort}/devtools/page/${target.id}&panel=network`);
  await tools.page.waitForTimeout(2000);
  // "Preserve log", as a person ticks it, or every navigation would empty the list.
  await tools.page.evaluate(async () => {
    const common = await import(new URL("./core/common/common.js", location.href).href);
    common.Settings.Settings.instance().moduleSetting("network-log.preserve-log").set(true);
  });
} catch (error) {
  console.log("developer tools:", error.message);
}

const seen = [];
for (const step of plan.steps) {
  await page.waitForTimeout(Math.max(0, started + step.at * 1000 - Date.now()));
  if (step.goto) {
    const answer = await page.goto(step.url);
    seen.push({ n: step.n, status: answer?.status() ?? 0 });
    continue;
  }
  seen.push(await page.evaluate(async (one) => {
    try {
      const answer = await fetch(one.url, { method: one.method, headers: one.headers, credentials: one.credentials ?? "same-origin",
        body: one.body ?? undefined });
      await answer.text();
      return { n: one.n, status: answer.status };
    } catch (error) {
      return { n: one.n, status: 0 };
    }
  }, step));
}
await page.waitForTimeout(300);
if (tools) {
  for (const [path, sanitize] of [[plan.devtoolsHar, true], [plan.devtoolsFullHar, false]]) {
    try {
      writeFileSync(path, await tools.page.evaluate(async (sanitizeIt) => {
        const base = new URL("./", location.href).href;
        const [har, logs, common] = await Promise.all(["models/har/har.js", "models/logs/logs.js", "core/common/common.js"].map((m) => import(base + m)));
        let text = "";
        const stream = { write: async (part) => { text += part; }, close: async () => {} };
        const requests = logs.NetworkLog.NetworkLog.instance().requests();
        await har.Writer.Writer.write(stream, requests, { sanitize: sanitizeIt }, new common.Progress.Progress());
        return text;
      }, sanitize));
    } catch (error) {
      console.log("developer tools export:", error.message);
    }
  }
  await tools.browser.close();
}
await context.close();
writeFileSync(plan.result, JSON.stringify(seen));
