"""Prints what every JWT server answers to every defect, straight, without a recorder: for writing the truth tables."""

import sys
import tempfile
import time
from pathlib import Path

import mint
from cases import PROFILES
import cases_stacks
import cases_third
from defects import DEFECTS, EXTRA, Maker, bearer
from servers import products
from wire import exchange
from world import World


PROFILES = {**PROFILES, **cases_stacks.PROFILES, **cases_third.PROFILES}


def main(node: str, names: list[str]) -> None:
    tmp = Path(tempfile.mkdtemp(prefix="lab-probe-"))
    tmp.chmod(0o755)
    (tmp / "keys").mkdir()
    (tmp / "public").mkdir()
    mint.make_keys(tmp / "keys", tmp / "public")
    products.make_certificates(tmp / "keys")
    world = World(tmp, tmp / "keys", tmp / "public", Path(node))
    try:
        helpers = ["php-jwt-behind"] if "caddy" in names else []
        world.start([*helpers, *(names or PROFILES)])
        for server in names or PROFILES:
            maker = Maker(mint.Keys(tmp / "keys"), PROFILES[server], time.time())
            print(f"\n== {server}")
            for name, build in {"ok": lambda m, s: bearer(m.token(s)), **{k: v[3] for k, v in {**DEFECTS, **EXTRA}.items()}}.items():
                try:
                    path, headers = build(maker, "7")
                except FileNotFoundError:
                    continue
                try:
                    got = exchange(f"http://127.0.0.1:{world.ports[server]}{path}", headers=headers)
                except OSError as error:
                    print(f"{name:32} --- {type(error).__name__}")
                    continue
                challenge = [v for k, v in got.headers if k.lower() == "www-authenticate"]
                text = " ".join(got.body.decode("utf-8", "replace").split())
                print(f"{name:32} {got.status} {' | '.join(challenge)[:150]} ## {text[:200]}")
    finally:
        world.stop()


main(sys.argv[1], sys.argv[2:])
