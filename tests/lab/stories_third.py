"""Stories of the third bench's products: passwords, opaque tokens, API keys, cookies, and what only looks like auth."""

import base64
import hashlib
import hmac
import json
import time

from cases import FORM, JSON, basic, cookies, fail, form, json_body, keep, ok
from defects import bearer, other_payload

NO_FIELD = ["request", "body"]
UNKNOWN = ["apikey.wrong"]
OTHERS = "other opaque tokens are let in here, this one is known to nobody"


def user(text: str):
    return [("Authorization", "Basic " + base64.b64encode(text.encode()).decode())]


def field(value: str):
    return [("Authorization", value)]


ANN, BOB = user("ann:correct horse"), user("bob:right staple")


def one(c, case: str, at: float, made, truth, **more) -> None:
    """A client of its own with a single request."""
    c.story(case).step(at, made if callable(made) else lambda m: made, truth, **more)


def digest(c, path: str) -> None:
    right, wrong = ("ann", "correct horse"), ("ann", "correct house")
    first = fail("other.handshake", ["challenge", "history"], cls="expected", why="the challenge is answered at once")
    polite = c.story("digest answered")
    polite.step(2, lambda m: (path, [], b"", right), [first, ok()], via="digest")
    typo = c.story("digest wrong password")
    typo.step(2.3, lambda m: (path, [], b"", wrong), [
        first, fail("digest.bad_password", "history", why="a fresh challenge answered and refused again; another client is let in")], via="digest")


def knox(new) -> None:
    c = new("knox", "knox", "opaque tokens with a date and a logout, a disabled user, throttling, Django's anti-forgery page")
    token = lambda m, name: json.loads((m.keys.folder / "knox.json").read_text())[name]
    guarded = lambda name, path="/orders": lambda m: (path, field("Token " + token(m, name)))
    for at in (0, 3):
        one(c, "token", at, guarded("ann"), ok())
    one(c, "token past its date", 0.2, guarded("old"), fail("state.unknown_token", ["body"], accept=["apikey.wrong", "time.expired", "apikey.expired"],
                                                          why="the body says Invalid token of an ended one as of an unknown one"))
    one(c, "unknown token", 0.3, ("/orders", field("Token 8c1f0a7b2d94e6538c1f0a7b2d94e6538c1f0a7b2d94e6538c1f0a7b2d94e653")),
        fail("state.unknown_token", ["body", "history"], accept=UNKNOWN))
    one(c, "user turned off", 0.4, guarded("gone"), fail("state.user_disabled", ["body"]))
    one(c, "Bearer for Token", 0.5, lambda m: ("/orders", field("Bearer " + token(m, "ann"))), fail("header.scheme_wrong", ["request", "challenge"]))
    one(c, "scheme alone", 0.6, ("/orders", field("Token")), fail("header.empty", ["request", "body"]))
    one(c, "no field", 0.7, ("/orders", []), fail("header.missing", NO_FIELD))
    one(c, "no administrator", 0.8, guarded("ann", "/admin/users"), fail("authz.role", ["body", "history"], 403))
    busy = c.story("searches too often")
    for at in (1, 1.1):
        busy.step(at, guarded("ann", "/search"), ok())
    busy.step(1.2, guarded("ann", "/search"), fail("other.rate_limit", ["status", "body"], 429, cls="lookalike"))
    one(c, "form without its value", 1.3, ("/form", [FORM], form(text="hello")), fail("other.csrf", ["body"], 403, cls="lookalike"), method="POST")
    out = c.story("logged out")
    out.step(1.4, guarded("ann2"), ok())
    out.step(1.5, guarded("ann2", "/logout"), ok(204), method="POST")
    for at in (1.7, 2):
        out.step(at, guarded("ann2"), fail("state.revoked", ["history"], why="the same token worked before the logout; others still work"))
    basic(c, "/reports", "body")


def toolkit(new) -> None:
    c = new("oauth-toolkit", "oauth-toolkit", "a token endpoint with every refusal; a resource that answers with an empty 403")
    one(c, "token", 0, bearer("q4ZtYb81nPw0xVJs7LmKc3RdEa5Hg9"), ok())
    one(c, "no field", 0.2, ("/orders", []), fail("header.missing", ["request", "history"], 403))
    for case, token, cause in (("past its date", "k1DsVz93pLx6wQHt8MnJb4RfYa2Ce7", "time.expired"), ("too little scope", "u7RkWx25mTq8yBNf4PvLd1SjCe6Gh0", "authz.scope"),
                               ("unknown", "nUp3Yw67tMk1zGXs4VqJe8RbDa0Hf5", "state.unknown_token")):
        one(c, case, 0.4, bearer(token), fail(cause, (), 403))
    shop, web = user("shop:shop-secret-of-the-lab"), user("web:web-secret-of-the-lab")
    why = "the token endpoint says it"
    for case, client, want, cause, body in (
        ("password grant", shop, 200, None, {"grant_type": "password", "username": "ann", "password": "correct horse"}),
        ("wrong password", shop, 400, "login.bad_credentials", {"grant_type": "password", "username": "ann", "password": "correct house"}),
        ("wrong client secret", user("shop:another-secret"), 401, "oauth.invalid_client", {"grant_type": "password", "username": "ann", "password": "correct horse"}),
        ("unknown refresh token", shop, 400, "oauth.refresh_refused", {"grant_type": "refresh_token", "refresh_token": "x8QwLk42nZt7yBVs1MpRd6HcFa0Ge9"}),
        ("unknown grant", shop, 400, "oauth.unsupported_grant", {"grant_type": "magic"}),
        ("grant not for this client", web, 400, "oauth.unauthorized_client", {"grant_type": "password", "username": "ann", "password": "correct horse"}),
        ("unknown code", web, 400, "oauth.invalid_grant", {"grant_type": "authorization_code", "code": "Zk81nQpW3x", "redirect_uri": "https://shop.example/cb"}),
        ("unknown scope", shop, 400, "oauth.invalid_scope", {"grant_type": "password", "username": "ann", "password": "correct horse", "scope": "admin"}),
    ):
        truth = fail(cause, ["body"], want, why=why) if cause else ok()
        one(c, case, 0.6, lambda m, client=client, body=body: ("/o/token/", [FORM, *client], form(**body)), truth, method="POST")


def httpauth(new) -> None:
    c = new("flask-httpauth", "flask-httpauth", "Basic, Digest, opaque tokens and an API key, all refused with the same words")
    basic(c, "/basic", None)
    one(c, "role", 1, ("/basic/admin", ANN), fail("authz.role", ["history"], 403, why="the same user is let in elsewhere, another user here"))
    one(c, "role, other user", 1.1, ("/basic/admin", BOB), ok())
    for at in (1.2, 2.2):
        one(c, "token", at, bearer("tk_b71Zq0WmXs8LdVn4RfYc", "/token"), ok())
        one(c, "API key", at, ("/key", [("X-API-Key", "tk_c92Yp1VnWt7KeUm5QgXd")]), ok())
    one(c, "no token", 1.4, ("/token", []), fail("header.missing", ["request", "challenge"]))
    one(c, "unknown token", 1.5, bearer("tk_z00Xx9YyWw8VvUu7TtSs", "/token"), fail("state.unknown_token", ["history"], accept=UNKNOWN, why=OTHERS))
    one(c, "Token for Bearer", 1.6, ("/token", field("Token tk_b71Zq0WmXs8LdVn4RfYc")), fail("header.scheme_wrong", ["request", "challenge"]))
    one(c, "no key", 1.7, ("/key", []), fail("apikey.missing", ["request", "challenge"], accept=["header.missing"]))
    one(c, "wrong key", 1.8, ("/key", [("X-API-Key", "tk_z00Xx9YyWw8VvUu7TtSs")]), fail("apikey.wrong", ["request", "challenge"]))
    digest(c, "/digest")


def httpbin(new) -> None:
    c = new("httpbin", "httpbin", "empty bodies; a 404 that hides a wrong password; bare statuses")
    basic(c, "/basic-auth/ann/correct%20horse", None)
    one(c, "hidden", 0.4, ("/hidden-basic-auth/ann/word", user("ann:word")), ok())
    one(c, "hidden, wrong password", 0.5, ("/hidden-basic-auth/ann/word", user("ann:words")), fail("basic.bad_password", (), 404))
    one(c, "any bearer", 0.8, bearer("q4ZtYb81nPw0xVJs7LmKc3RdEa5Hg9", "/bearer"), ok())
    one(c, "no bearer", 0.9, ("/bearer", []), fail("header.missing", ["request", "challenge"]))
    one(c, "Basic for Bearer", 1, ("/bearer", ANN), fail("header.scheme_wrong", ["request", "challenge"]))
    one(c, "bare 403", 1.1, ("/status/403", []), fail("other.denied", (), 403, cls="lookalike"))
    one(c, "bare 429", 1.2, ("/status/429", []), fail("other.rate_limit", ["status"], 429, cls="lookalike"))
    one(c, "bare 500", 1.3, ("/status/500", []), ok(500, "nothing there speaks of auth"))
    one(c, "bare 404", 1.4, ("/status/404", []), ok(404, "nothing there speaks of auth"))


def graphene(new) -> None:
    c = new("graphql-jwt", "graphql-jwt", "GraphQL: status 200 with errors inside, the scheme is JWT, one sentence for no login and no permission")
    ask = lambda scheme, token, query="{orders}": ("/graphql", [JSON, *(field(f"{scheme} {token}") if token else [])], json_body(query=query))
    made = lambda m, **more: m.token("ann", username="ann", origIat=m.start - 5, **more)

    def step(case, at, make, truth):
        one(c, case, at, make, truth, method="POST")

    for at in (0, 3):
        step("token", at, lambda m: ask("JWT", made(m)), ok())
    step("no field", 0.3, lambda m: ask("JWT", None), fail("header.missing", ["request"], 200))
    step("Bearer for JWT", 0.4, lambda m: ask("Bearer", made(m)), fail("header.scheme_wrong", ["history"], 200, why="others are let in with the scheme JWT"))
    step("expired", 0.5, lambda m: ask("JWT", made(m, iat=-9000, exp=-5400)), fail("time.expired", ["request", "body"], 200))
    step("another key", 0.6, lambda m: ask("JWT", made(m, key="hs-h")), fail("signature.invalid", ["body"], 200, ["signature.wrong_key"], with_keys="signature.wrong_key"))
    step("cut off", 0.7, lambda m: ask("JWT", made(m).rsplit(".", 1)[0]), fail("token.truncated", ["request"], 200))
    step("another audience", 0.8, lambda m: ask("JWT", made(m, aud="https://billing.shop.example")), fail("claim.audience", ["history"], 200))
    step("another issuer", 0.9, lambda m: ask("JWT", made(m, iss="https://login.partner.example/")), fail("claim.issuer", ["history"], 200))
    step("nobody", 1, lambda m: ask("JWT", m.token("zoe", username="zoe")), fail("claim.subject", ["body"], 200, ["authz.role", "claim.invalid"]))
    step("user turned off", 1.1, lambda m: ask("JWT", m.token("gone", username="gone")), fail("state.user_disabled", ["body"], 200))
    step("no administrator", 1.2, lambda m: ask("JWT", made(m), "{users}"), fail("authz.role", ["body", "history"], 200))
    step("administrator", 1.3, lambda m: ask("JWT", m.token("root", username="root"), "{users}"), ok())
    login = lambda word: lambda m: ask("JWT", None, f'mutation{{tokenAuth(username:"ann",password:"{word}"){{token}}}}')
    step("login", 1.4, login("correct horse"), ok())
    step("wrong password", 1.5, login("correct house"), fail("login.bad_credentials", ["body"], 200))


def fastify_keys(new) -> None:
    c = new("fastify-keys", "fastify-keys", "one opaque key as a bearer value; Basic with words of the application's own")
    key = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
    for at in (0, 2):
        one(c, "key", at, bearer(key), ok())
    one(c, "no key", 0.3, ("/orders", []), fail("header.missing", NO_FIELD, accept=["apikey.missing"]))
    one(c, "wrong key", 0.4, bearer("sk_live_9aX27TbNmQrZfEwhU6yvk3pe"), fail("state.unknown_token", ["history"], accept=UNKNOWN, why=OTHERS))
    one(c, "Basic for Bearer", 0.5, ("/orders", ANN), fail("header.scheme_wrong", ["history"], why="others are let in with the scheme Bearer"))
    one(c, "no scheme", 0.6, ("/orders", field(key)), fail("header.scheme_missing", ["history"], why="the same value is let in behind a scheme"))
    basic(c, "/reports", None)


def oauth_server(new) -> None:
    c = new("oauth-server", "oauth-server", "opaque tokens and a token endpoint of Node")
    for at in (0, 2):
        one(c, "token", at, bearer("a3f8c1d92b7e40568c9d1e2f3a4b5c6d7e8f9012"), ok())
    one(c, "no field", 0.2, ("/orders", []), fail("header.missing", ["request"]))
    one(c, "unknown token", 0.3, bearer("d6abf4ec5ea17389baf0415206e7f90123456789"), fail("state.unknown_token", ["body"]))
    one(c, "token past its date", 0.4, bearer("c5fae3db4d906278aebf3041506d7e8f90123456"), fail("time.expired", ["body"]))
    one(c, "too little scope", 0.5, bearer("b4e9d2ca3c8f51679dae2f304b5c6d7e8f901234"), fail("authz.scope", ["body"], 403))
    one(c, "Token for Bearer", 0.6, ("/orders", field("Token a3f8c1d92b7e40568c9d1e2f3a4b5c6d7e8f9012")), fail("header.scheme_wrong", ["history", "body"], 400))
    base = {"client_id": "shop", "client_secret": "shop-secret-of-the-lab"}
    for case, want, cause, body in (
        ("password grant", 200, None, {"grant_type": "password", "username": "ann", "password": "correct horse"}),
        ("wrong password", 400, "login.bad_credentials", {"grant_type": "password", "username": "ann", "password": "correct house"}),
        ("wrong client secret", 400, "oauth.invalid_client", {"grant_type": "password", "username": "ann", "password": "correct horse", "client_secret": "another"}),
        ("unknown refresh token", 400, "oauth.refresh_refused", {"grant_type": "refresh_token", "refresh_token": "e7bc05fd6fb2849acb015263f708a1b23456789a"}),
        ("unknown grant", 400, "oauth.unsupported_grant", {"grant_type": "magic"}),
    ):
        truth = fail(cause, ["body"], want) if cause else ok()
        one(c, case, 0.8, lambda m, body=body: ("/token", [FORM], form(**{**base, **body})), truth, method="POST")


def better_auth(new) -> None:
    c = new("better-auth", "better-auth", "sign-in with a session cookie: wrong password, cookie not sent, signed out, a foreign origin")
    sign_in = lambda word: lambda m: ("/api/auth/sign-in/email", [JSON], json_body(email="ann@shop.example", password=word))
    listing = "/api/auth/list-sessions"
    s = c.story("signs up")
    s.step(0, lambda m: ("/api/auth/sign-up/email", [JSON], json_body(email="ann@shop.example", password="correct horse", name="Ann")), ok(), method="POST")
    s.step(0.6, lambda m: ("/api/auth/get-session", []), ok(why="says null: nobody is signed in"))
    typo = c.story("wrong password")
    for at in (0.7, 0.9):
        typo.step(at, sign_in("correct house"), fail("login.bad_credentials", ["body"]), method="POST")
    good = c.story("signs in and out")
    good.step(1, sign_in("correct horse"), ok(), method="POST", then=cookies(good))
    for at in (1.4, 1.6):
        good.step(at, lambda m: (listing, [("Cookie", good.kept["cookie"])]), ok())
    good.step(1.8, lambda m: (listing, []), fail("session.cookie_missing", ["history"]))
    good.step(2, lambda m: ("/api/auth/sign-out", [("Cookie", good.kept["cookie"]), JSON, ("Origin", f"http://127.0.0.1:{m.port}")], b"{}"), ok(), method="POST")
    good.step(2.3, lambda m: (listing, [("Cookie", good.kept["cookie"])]), fail("session.expired", ["history"], accept=["state.revoked"]))
    one(c, "never signed in", 2.4, (listing, []), fail("header.missing", ["request", "history"]))
    evil = c.story("foreign origin")
    evil.step(2.5, lambda m: ("/api/auth/sign-in/email", [JSON, ("Origin", "https://evil.example"), ("Cookie", "theme=dark")],
                              json_body(email="ann@shop.example", password="correct horse")),
              fail("other.csrf", ["body"], 403, ["cors.origin"], cls="lookalike"), method="POST")


def grape(new) -> None:
    c = new("grape", "grape", "an API key in a field of the application's own, errors as JSON and XML; Basic with empty bodies")
    key = lambda value: [("X-Api-Token", value)]
    for at in (0, 2):
        one(c, "key", at, ("/orders", key("k3y-of-the-lab-7Hq2")), ok())
    one(c, "no key", 0.2, ("/orders", []), fail("apikey.missing", ["request", "body"], accept=["header.missing"]))
    one(c, "wrong key", 0.3, ("/orders", key("k3y-of-nobody-1Xz9")), fail("apikey.wrong", ["request", "body"]))
    one(c, "no key, XML", 0.4, ("/orders.xml", []), fail("apikey.missing", ["request", "body"], accept=["header.missing"]))
    one(c, "wrong key, XML", 0.5, ("/orders.xml", key("k3y-of-nobody-1Xz9")), fail("apikey.wrong", ["request", "body"]))
    basic(c, "/reports", None, malformed=400)


def fixed(new) -> None:
    c = new("axum-fixed", "axum", "tower-http's check of one bearer value: empty 401 without a challenge")
    for at in (0, 1):
        one(c, "key", at, bearer("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "/fixed"), ok())
    one(c, "no key", 0.3, ("/fixed", []), fail("header.missing", ["request"], accept=["apikey.missing"]))
    one(c, "wrong key", 0.4, bearer("sk_live_9aX27TbNmQrZfEwhU6yvk3pe", "/fixed"), fail("state.unknown_token", ["history"], accept=UNKNOWN, why=OTHERS))
    one(c, "scheme in lower case", 0.5, ("/fixed", field("bearer sk_live_4eC39HqLyjWDarjtT1zdp7dc")), fail("header.scheme_case", ["history"]))


def basics(new) -> None:
    """Products that ask for Basic, each with its own page."""
    c = new("pypiserver", "pypiserver", "a package index: an HTML 403 for a wrong password")
    one(c, "no field", 0, ("/simple/", []), fail("header.missing", ["request", "challenge"]))
    one(c, "right password", 0.2, ("/simple/", ANN), ok())
    one(c, "wrong password", 0.4, ("/simple/", user("ann:correct house")), fail("basic.bad_password", (), 403))
    c = new("radicale", "radicale", "calendars: the same sentence for a wrong password and for another's calendar")
    one(c, "no field", 0, ("/ann/", []), fail("header.missing", ["request", "challenge"]), method="PROPFIND")
    one(c, "right password", 0.2, ("/ann/", ANN), ok(207), method="PROPFIND")
    one(c, "wrong password", 0.4, ("/ann/", user("ann:correct house")), fail("basic.bad_password", ["history"]), method="PROPFIND")
    one(c, "another's calendar", 0.6, ("/bob/", ANN), fail("authz.role", ["history"], 403, ["other.denied"]), method="PROPFIND")
    one(c, "own calendar", 0.8, ("/bob/", BOB), ok(207), method="PROPFIND")
    c = new("kinto", "kinto", "a JSON store: numbered errors, another user's bucket")
    account = lambda name, word: (f"/v1/accounts/{name}", [JSON], json_body(data={"password": word}))
    one(c, "account", 0, account("ann", "correct horse"), ok(201), method="PUT")
    one(c, "account", 0, account("bob", "right staple"), ok(201), method="PUT")
    one(c, "own bucket", 1.6, ("/v1/buckets/b1", ANN), ok(201), method="PUT")
    one(c, "own bucket", 2.4, ("/v1/buckets/b1", ANN), ok())
    one(c, "another's bucket", 2.8, ("/v1/buckets/b1", BOB), fail("authz.role", ["body", "history"], 403))
    one(c, "wrong password", 3.2, ("/v1/buckets/b1", user("ann:correct house")), fail("basic.bad_password", ["history"]))
    one(c, "no field", 3.6, ("/v1/buckets/b1", []), fail("header.missing", ["request", "challenge"]))
    one(c, "Bearer for Basic", 3.8, ("/v1/buckets/b1", field("Bearer q4ZtYb81nPw0xVJs7LmKc3RdEa5Hg9")), fail("header.scheme_wrong", ["request", "challenge"]))
    c = new("wsgidav", "wsgidav", "WebDAV: Digest and Basic at one address")
    one(c, "right password", 0, ("/orders", ANN), ok())
    one(c, "wrong password", 0.3, ("/orders", user("ann:correct house")), fail("basic.bad_password", ["history"]))
    digest(c, "/orders")
    c = new("lighttpd", "lighttpd", "Basic, Digest, a rule that answers 401 to a user who may not, a denied name")
    basic(c, "/basic/report.txt", None, malformed=400)
    digest(c, "/digest/report.txt")
    one(c, "user not in the list", 1.2, ("/admin/report.txt", ANN), fail("authz.role", ["history"], accept=["basic.bad_password"], why="401 for a user who is let in elsewhere with the same password"))
    one(c, "user in the list", 1.3, ("/admin/report.txt", BOB), ok())
    one(c, "denied name", 1.4, ("/open/server.key", []), fail("other.denied", (), 403, cls="lookalike"))
    c = new("prometheus", "prometheus", "web.config.file with basic_auth_users")
    one(c, "no field", 0, ("/api/v1/labels", []), fail("header.missing", ["request", "challenge"]))
    one(c, "right password", 0.4, ("/api/v1/labels", ANN), ok())
    one(c, "wrong password", 0.8, ("/api/v1/labels", user("ann:correct house")), fail("basic.bad_password", ["history"]))
    c = new("tomcat", "tomcat", "HTML pages of a servlet container: Basic, Digest, roles, a user locked after failures")
    one(c, "no field", 0, ("/basic/report.txt", []), fail("header.missing", ["request", "challenge"]))
    one(c, "right password", 0.3, ("/basic/report.txt", ANN), ok())
    one(c, "wrong role", 0.5, ("/basic/admin/report.txt", ANN), fail("authz.role", ["history"], 403))
    one(c, "right role", 0.6, ("/basic/admin/report.txt", BOB), ok())
    locked = c.story("guesses a password")
    for turn in range(3):
        locked.step(0.8 + turn / 10, lambda m, turn=turn: ("/basic/report.txt", user(f"bob:guess{turn}")), fail("basic.bad_password", ["history"]))
    locked.step(1.4, lambda m: ("/basic/report.txt", BOB), fail("state.user_locked", (), why="no word tells that the user is locked"))
    digest(c, "/digest/report.txt")
    c = new("rabbitmq", "rabbitmq", "a broker's management API")
    one(c, "no field", 0, ("/api/overview", []), fail("header.missing", ["request", "challenge"]))
    one(c, "right password", 0.3, ("/api/overview", ANN), ok())
    one(c, "wrong password", 0.5, ("/api/overview", user("ann:correct house")), fail("basic.bad_password", ["history", "body"]))
    one(c, "no administrator", 0.7, ("/api/users", ANN), fail("authz.role", ["body", "history"]))


def etcd(new) -> None:
    c = new("etcd", "etcd", "gRPC codes behind a JSON gateway: bare tokens in Authorization, short lives")

    def call(s, at, path, truth, token=None, then=None, **body):
        s.step(at, lambda m: ("/v3/" + path, [JSON, *(field(token()) if token else [])], json_body(**body)), truth, method="POST", then=then)

    s = c.story("set up")
    for number, (path, body) in enumerate((("auth/role/add", {"name": "root"}), ("auth/user/add", {"name": "root", "password": "correct horse"}),
                                           ("auth/user/grant", {"user": "root", "role": "root"}), ("auth/user/add", {"name": "ann", "password": "correct horse"}),
                                           ("auth/enable", {}))):
        call(s, number / 2, path, ok(), **body)
    root, ann = c.story("root"), c.story("no permission")
    for s, name in ((root, "root"), (ann, "ann")):
        call(s, 3, "auth/authenticate", ok(), then=keep(s, token="token"), name=name, password="correct horse")
    for at in (4, 5):
        call(root, at, "kv/range", ok(), token=lambda: root.kept["token"], key="Zm9v")
    call(ann, 4.2, "kv/range", fail("authz.role", ["body"], 403), token=lambda: ann.kept["token"], key="Zm9v")
    call(c.story("wrong password"), 3.5, "auth/authenticate", fail("login.bad_credentials", ["body"], 400), name="ann", password="correct house")
    call(c.story("no token"), 4.4, "kv/range", fail("header.missing", ["request", "body"], 400), key="Zm9v")
    call(c.story("unknown token"), 4.5, "kv/range", fail("state.unknown_token", ["body"], accept=UNKNOWN), token=lambda: "wQzLkVbnTyHgRfEd.5", key="Zm9v")
    call(c.story("scheme where none is read"), 4.6, "kv/range", fail("header.scheme_wrong", ["history"], accept=["state.unknown_token"]),
         token=lambda: "Bearer " + root.kept["token"], key="Zm9v")
    # Its life of six seconds starts anew at each use.
    call(root, 12.5, "kv/range", fail("state.unknown_token", ["body", "history"], accept=[
        "state.revoked", "session.expired", "time.expired", "time.expired_cached"]), token=lambda: root.kept["token"], key="Zm9v")


def jupyter(new) -> None:
    c = new("jupyter", "jupyter", "a notebook server: 403 with a bare word for every refusal, anti-forgery for cookies")
    right = "4f2c9a7be1d8036a5c7e9f10b2d3a4c5"
    for at in (0, 2):
        one(c, "token", at, ("/api/contents", field("token " + right)), ok())
    one(c, "token in the query", 0.3, ("/api/contents?token=" + right, []), ok())
    one(c, "no token", 0.5, ("/api/contents", []), fail("header.missing", ["request", "history"], 403))
    one(c, "wrong token", 0.7, ("/api/contents", field("token 0a1b2c3d4e5f60718293a4b5c6d7e8f9")), fail("state.unknown_token", ["history"], 403, UNKNOWN, why=OTHERS))
    one(c, "wrong token in the query", 0.9, ("/api/contents?token=0a1b2c3d4e5f60718293a4b5c6d7e8f9", []), fail("state.unknown_token", ["history"], 403, UNKNOWN, why=OTHERS))
    one(c, "no anti-forgery value", 1.1, ("/api/kernels", [("Cookie", "theme=dark"), JSON], b"{}"), fail("other.csrf", ["body"], 403, cls="lookalike"), method="POST")


AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
ACCOUNT = "devstoreaccount1"


def shared_key(m, n: str, path: str, key=AZURE_KEY, shift=0, method="GET", who=ACCOUNT):
    """Shared Key of Azure Storage over an empty body; the marker is part of what is signed."""
    when = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + shift))
    base, _, query = path.partition("?")
    named = sorted([["n", n], *(pair.split("=", 1) for pair in query.split("&") if pair)])
    resource = f"/{who}{base}" + "".join(f"\n{name}:{value}" for name, value in named)
    text = f"{method}\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{when}\nx-ms-version:2021-10-04\n{resource}"
    made = base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()
    return path, [("x-ms-date", when), ("x-ms-version", "2021-10-04"), ("Authorization", f"SharedKey {who}:{made}")]


def azurite(new) -> None:
    c = new("azurite", "azurite", "Azure Storage: Shared Key signatures, and links with a signature (SAS)")
    path = f"/{ACCOUNT}?comp=list"

    def step(case, at, truth, **more):
        s = c.story(case)
        made = s.step(at, lambda m: shared_key(m, f"{made.n:04d}", path, **more), truth)

    for at in (0, 2):
        step("signed well", at, ok())
    step("another key", 0.3, fail("reqsig.signature", ["body"], 403, why="AuthenticationFailed on a signed request"), key=base64.b64encode(b"k" * 64).decode())
    step("another key, again", 0.4, fail("reqsig.signature", ["body"], 403), key=base64.b64encode(b"q" * 64).decode())
    one(c, "no field", 0.6, (path, [("x-ms-version", "2021-10-04")]), fail("header.missing", ["request"], 403, ["reqsig.malformed"]))
    one(c, "link past its time", 0.8, (f"/{ACCOUNT}?comp=list&sv=2021-10-04&ss=b&srt=sco&sp=rl&se=2026-01-01T00:00:00Z&sig=" + "q" * 43 + "%3D", []),
        fail("sigv4.expired_url", ["request"], 403, ["reqsig.skew", "reqsig.signature"]))


STORIES = (knox, toolkit, httpauth, httpbin, graphene, fastify_keys, oauth_server, better_auth, grape, fixed, basics, etcd, jupyter, azurite)
