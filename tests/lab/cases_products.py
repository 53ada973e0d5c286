"""Stories of finished products: a container registry, a database, GraphQL, client certificates."""

import base64
import json
from urllib.parse import quote

from cases import JSON, basic, fail, ok
from defects import bearer, other_payload, resign


def pull(m, who: str, access=None, key="rsa-c", **claims) -> str:
    """A token as container registries want it: the certificate in the header, the access in the payload."""
    pem = (m.keys.folder / "rsa-c.cert.pem").read_text()
    der = "".join(line for line in pem.splitlines() if not line.startswith("-----"))
    access = [{"type": "registry", "name": "catalog", "actions": ["*"]}] if access is None else access
    claims = {"aud": "registry.shop.example", "nbf": m.start - 30, "access": access, **claims}
    return m.token(who, alg="RS256", key=key, header={"kid": None, "x5c": [der]}, **claims)


def registry_story(new) -> None:
    c = new("docker-registry", "docker-registry", "a container registry: the answered challenge of every client, missing access, defects that get one answer")
    use = lambda m, token, path="/v2/": bearer(token, path)
    why = "the challenge is answered at once and the answer is let in"
    for turn in range(2):
        polite = c.story("challenge answered")
        polite.step(turn * 2, lambda m: ("/v2/", []), fail("other.handshake", ["challenge", "history"], cls="expected", why=why))
        polite.step(turn * 2 + 0.1, lambda m, s=polite: use(m, pull(m, s.who)), ok())
        polite.step(turn * 2 + 0.3, lambda m, s=polite: use(m, pull(m, s.who)), ok())
    narrow = c.story("no access to this repository")
    narrow.step(0.5, lambda m: use(m, pull(m, narrow.who), "/v2/shop/app/tags/list"), fail("authz.scope", ["challenge"], why="error=insufficient_scope"))
    for case, cause, by, accept, keys, more in (
        ("expired", "time.expired", ["request"], [], None, {"iat": -9000, "exp": -5400}),
        ("another audience", "claim.audience", ["history"], [], None, {"aud": "registry.partner.example"}),
        ("another issuer", "claim.issuer", ["history"], [], None, {"iss": "https://login.partner.example/"}),
        ("another key", "signature.invalid", [], ["signature.wrong_key"], "signature.wrong_key", {"key": "rsa-d"}),
    ):
        s = c.story(case)
        s.step(0.8, lambda m, s=s, more=more: use(m, pull(m, s.who, **more)), fail(cause, by, accept=accept, with_keys=keys))
    edited = c.story("payload edited")
    edited.step(1.2, lambda m: use(m, edited.kept.setdefault("t", pull(m, edited.who))), ok())
    edited.step(1.4, lambda m: use(m, other_payload(edited.kept["t"], access=[])), fail(
        "signature.tampered", "history", why="the same signature stood on another payload before"))


def influx_story(new) -> None:
    c = new("influxdb", "influxdb", "a database with signed tokens, and passwords in the field or the query")
    path = "/query?q=" + quote("SHOW DATABASES")
    # The first administrator may be made without a credential; all that follows is guarded.
    c.story("set up").step(0, lambda m: ("/query?q=" + quote("CREATE USER ann WITH PASSWORD 'correct horse' WITH ALL PRIVILEGES"), []), ok(), method="POST")
    basic(c, path, "body")
    good = c.story("token")
    token = lambda m, **more: bearer(m.token(good.who, username="ann", **more), path)
    for at in (0.5, 1.5):
        good.step(at, lambda m: token(m), ok())
    for case, cause, by, accept, keys, more in (
        ("expired", "time.expired", ["request", "body"], [], None, {"iat": -9000, "exp": -5400}),
        ("no end", "time.exp_missing", ["history", "body"], [], None, {"exp": None}),
        ("no user", "claim.required_missing", ["history", "body"], ["claim.invalid"], None, {"username": None}),
        ("a user that is not there", "claim.subject", ["body"], [], None, {"username": "zoe"}),
        ("another key", "signature.invalid", ["body"], ["signature.wrong_key"], "signature.wrong_key", {"key": "hs-d"}),
    ):
        s = c.story(case)
        s.step(0.8, lambda m, s=s, more=more: bearer(signed(m, s.who, {"username": "ann", **more}), path), fail(cause, by, accept=accept, with_keys=keys))
    query = c.story("wrong password in the query")
    query.step(0.9, lambda m: (path + "&u=ann&p=wrong", []), fail("login.bad_credentials", ["body"], accept=["basic.bad_password"], why="authorization failed"))
    none = c.story("no credential")
    none.step(1, lambda m: (path, []), fail("header.missing", ["request", "body"]))


def signed(m, who: str, claims: dict) -> str:
    """A token with these claims; `exp: None` means that there is none."""
    if claims.get("exp", 0) is not None:
        return m.token(who, **claims)
    head, payload, _ = m.token(who, **{**claims, "exp": 0}).split(".")
    body = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    del body["exp"]
    return resign(m, head, body)


def graphql_story(new) -> None:
    c = new("graphql", "graphql", "Apollo Server: refusals with status 200 and a code under errors, or with status 401")

    def ask(field, headers):
        return "/graphql", [JSON, *headers], json.dumps({"query": "{ %s }" % field}).encode()

    def call(s, at, field, headers, truth):
        s.step(at, lambda m: ask(field, headers(m)), truth, method="POST")

    token = lambda s, **more: (lambda m: bearer(m.token(s.who, **more))[1])
    nothing = lambda m: []
    good = c.story("let in")
    call(good, 0, "orders", token(good), ok())
    call(good, 1, "admin", token(good, roles=["admin"]), ok())
    call(good, 1.2, "strict", token(good), ok())
    open_ = c.story("needs none")
    call(open_, 0.1, "version", nothing, ok())
    for field, want in (("orders", 200), ("strict", 401)):
        s = c.story("no field")
        call(s, 0.3, field, nothing, fail("header.missing", ["request", "body"], want, why="UNAUTHENTICATED, and no credential"))
        s = c.story("expired")
        call(s, 0.4, field, token(s, iat=-9000, exp=-5400), fail("time.expired", ["request", "body"], want))
        s = c.story("another audience")
        call(s, 0.5, field, token(s, aud="https://billing.shop.example"), fail("claim.audience", ["history", "body"], want))
        s = c.story("another key")
        call(s, 0.6, field, token(s, key="hs-d"), fail("signature.invalid", ["body"], want, accept=["signature.wrong_key"], with_keys="signature.wrong_key"))
    s = c.story("no administrator")
    call(s, 0.8, "admin", token(s), fail("authz.role", ["body"], 200, accept=["authz.policy"], why="code FORBIDDEN, and the message names the role"))


def mtls_story(new) -> None:
    c = new("nginx-mtls", "nginx-mtls", "client certificates: none, one of another authority, an expired one")
    for case, last, truth in (
        ("good certificate", 2, ok()),
        ("no certificate", 1, fail("mtls.required", ["body"], 400, why="No required SSL certificate was sent")),
        ("certificate of another authority", 3, fail("mtls.invalid", ["body"], 400, why="The SSL certificate error")),
        ("expired certificate", 4, fail("mtls.invalid", ["body"], 400, why="The SSL certificate error")),
        ("good certificate again", 2, ok()),
    ):
        c.story(case).step(last / 5, lambda m: ("/orders", []), truth, origin=f"https://127.0.0.{last}")
