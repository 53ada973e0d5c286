"""Plays one capture in headless Chromium: Playwright records one HAR, the developer tools' own front end exports two."""

import gzip
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import cases
import mint
from defects import Maker
from world import World, free_ports


def record(world: World, capture: cases.Capture, node: Path, out: Path, tmp: Path) -> list[str]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        return ["chromium is not installed: the browser captures are left out"]
    lead = 8  # seconds until the window and its tools are up
    maker = Maker(mint.Keys(world.keys), cases.PROFILES["shop"], time.time() + lead)
    steps = []
    for step in sorted(capture.steps, key=lambda s: s.at):
        path, headers, *rest = step.make(maker)
        if path == "page":
            url = f"http://localhost:{world.ports['page']}/?n={step.n:04d}"
        else:
            url = f"http://127.0.0.1:{world.ports[step.server]}{path}{'&' if '?' in path else '?'}n={step.n:04d}"
        steps.append({"at": step.at + lead, "n": step.n, "url": url, "method": step.method,
                      "headers": dict(headers), "body": rest[0].decode() if rest else None, **step.page})
    plan = {
        "debugPort": free_ports(1)[0], "profile": str(tmp / f"profile-{capture.name}"), "chromium": chromium, "steps": steps,
        "har": str(out / f"{capture.name}.playwright.har"), "devtoolsHar": str(out / f"{capture.name}.devtools.har"),
        "devtoolsFullHar": str(out / f"{capture.name}.devtools-full.har"), "result": str(tmp / "browser.json"),
    }
    (tmp / "plan.json").write_text(json.dumps(plan))
    run = subprocess.run(["node", str(Path(__file__).with_name("browser.mjs")), str(tmp / "plan.json")], capture_output=True,
                         text=True, timeout=120, env={**os.environ, "LAB_NODE": str(node)})
    full = Path(plan["devtoolsFullHar"])
    if full.exists():
        with gzip.GzipFile(f"{full}.gz", "wb", mtime=0) as packed:
            packed.write(full.read_bytes())
        full.unlink()
    return [f"browser: {line}" for line in (run.stdout + run.stderr).splitlines()[:20] if line.strip()]
