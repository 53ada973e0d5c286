"""Starts and stops the lab's servers on free loopback ports."""

import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from servers import stacks, third

HERE = Path(__file__).resolve().parent
CLOCKS = {"pyjwt-fast": "+600s", "pyjwt-slow": "-120s"}
PYTHON = ["pyjwt", *CLOCKS, "pyjwt-lenient", "flask-jwt-extended", "simplejwt", "fastapi", "authlib", "python-jose",
          "python-jose-rotating"]
NODE = ["express-jwt", "express-jwt-plain", "jsonwebtoken", "jsonwebtoken-plain", "jose", "jose-lenient", "jose-rotating",
        "express-jwt-behind", "express-jwt-stale",        "passport-jwt", "express-oauth2-jwt-bearer", "fastify-jwt", "koa-jwt", "web", "shop", "oidc-provider"]
STARTED = {**stacks.COMMANDS, **third.COMMANDS}
LOGGED = {"express-jwt", "jsonwebtoken-plain", "passport-jwt", "express-oauth2-jwt-bearer", "web"}


def free_ports(count: int) -> list[int]:
    """Held together while they are chosen, so that none is given twice."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class World:
    def __init__(self, tmp: Path, keys: Path, public: Path, node: Path):
        self.tmp, self.keys, self.public, self.node, self.home = tmp, keys, public, node, node.parent
        self.more: dict[str, dict] = {}
        self.ports: dict[str, int] = {}
        self.children: list[subprocess.Popen] = []
        self.sets: dict[str, str | None] = {}

    def env(self, name: str) -> dict:
        env = {**os.environ, "LAB_KEYS": str(self.keys), "LAB_TMP": str(self.tmp), "LAB_NODE": str(self.node),
               "LAB_JWKS": f"http://127.0.0.1:{self.ports['jwks']}/{name}/jwks.json", "NODE_ENV": "production",
               "LAB_ORIGIN": f"http://localhost:{self.ports['page']}"}
        env.update(self.more.get(name, {}))
        if name in LOGGED:
            env["LAB_LOG"] = str(self.log(name))
        return env

    def log(self, name: str) -> Path:
        return self.tmp / f"{name}.pino.jsonl"

    def start(self, names) -> None:
        self.ports.update(zip(["jwks", "page", *names], free_ports(len(names) + 2)))
        self.serve_jwks()
        self.serve_page()
        for name in names:
            port = str(self.ports[name])
            if name in PYTHON:
                command = [sys.executable, str(HERE / "servers/py_apps.py"), name, port]
                if name in CLOCKS:
                    command = ["faketime", "-f", CLOCKS[name], *command]
            elif name in NODE:
                command = ["node", str(HERE / "servers/node_apps.mjs"), name, port]
            elif name in STARTED:
                command = STARTED[name](self, name)
            else:
                command = __import__(f"servers.{name.split('-')[0]}", fromlist=["command"]).command(self, name)
            self.spawn(name, command)
        for name in names:
            self.wait(name)

    def spawn(self, name: str, command: list[str]) -> subprocess.Popen:
        out = open(self.tmp / f"{name}.out", "wb")
        child = subprocess.Popen(command, stdout=out, stderr=out, env=self.env(name), cwd=self.tmp,
                                 start_new_session=True)
        self.children.append(child)
        return child

    def wait(self, name: str) -> None:
        if not self.wait_port(self.ports[name]):
            raise SystemExit(f"{name} did not start:\n{(self.tmp / f'{name}.out').read_text()[-2000:]}")

    def wait_port(self, port: int, seconds: float = 60) -> bool:
        end = time.time() + seconds
        while time.time() < end:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return True
            except OSError:
                time.sleep(0.1)
        return False

    def rotate(self, name: str) -> None:
        self.sets[name] = "jwks-rotated.json"
        (self.keys / f"rotated-{name}").touch()

    def break_keys(self, name: str) -> None:
        self.sets[name] = None

    def serve_jwks(self) -> None:
        world = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                chosen = world.sets.get(self.path.split("/")[1], "jwks.json")
                if chosen is None:
                    self.send_error(500)
                    return
                body = (world.public / chosen).read_bytes()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.background("jwks", Handler)

    def serve_page(self) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = b"<!doctype html><link rel=icon href=data:,><title>Shop</title><h1>Orders</h1>"
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.background("page", Handler)

    def background(self, name: str, handler) -> None:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", self.ports[name]), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        for child in self.children:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
