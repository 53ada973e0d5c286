"""The truth, written before anything runs: which defect goes to which server, what must happen and what a reader of the recording can know.

`by` says where the cause shows: "request" (its own bytes), "challenge" (response header fields), "body" (response body), "status",
"history" (other exchanges of the same capture). A recording that lacks all of these leaves the cause undecidable.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from defects import DEFECTS, EXTENDED, HS, RFC9068, RS, SIMPLE, WITH_KEYS, Maker, bearer, other_payload

VERSIONS = {
    "pyjwt": "PyJWT 2.15.1 (Flask 3.1.3)", "pyjwt-lenient": "PyJWT 2.15.1, lenient (Flask 3.1.3)",
    "flask-jwt-extended": "Flask-JWT-Extended 4.7.4", "simplejwt": "djangorestframework-simplejwt 5.5.1",
    "fastapi": "FastAPI 0.165.0 security tutorial", "authlib": "Authlib 1.9.10", "python-jose": "python-jose 3.5.0",
    "express-jwt": "express-jwt 8.5.1, error shown", "express-jwt-plain": "express-jwt 8.5.1, production default",
    "jsonwebtoken": "jsonwebtoken 9.0.3, error shown", "jsonwebtoken-plain": "jsonwebtoken 9.0.3, sendStatus(403)",
    "jose": "jose 6.2.18", "jose-lenient": "jose 6.2.18, lenient", "passport-jwt": "passport-jwt 4.0.1",
    "express-oauth2-jwt-bearer": "express-oauth2-jwt-bearer 1.10.0", "fastify-jwt": "@fastify/jwt 10.2.8",
    "koa-jwt": "koa-jwt 4.0.4", "web": "Express 5.3.0 (express-session, csurf, cors, express-rate-limit, express-jwt)",
    "pyjwt-fast": "PyJWT 2.15.1, clock +600 s (Flask 3.1.3)", "pyjwt-slow": "PyJWT 2.15.1, clock -120 s (Flask 3.1.3)",
    "shop": "Express 5.3.0 (cors, express-jwt, passport-jwt, express-session)",
    "oidc-provider": "oidc-provider 9.13.3", "nginx": "nginx", "apache": "Apache httpd",
    "jose-rotating": "jose 6.2.18", "python-jose-rotating": "python-jose 3.5.0",
}
PROFILES = {
    "pyjwt": HS, "pyjwt-lenient": HS, "flask-jwt-extended": EXTENDED, "simplejwt": SIMPLE, "fastapi": HS,
    "authlib": RFC9068, "python-jose": RS, "express-jwt": RS, "express-jwt-plain": RS, "jsonwebtoken": HS,
    "jsonwebtoken-plain": HS, "jose": RS, "jose-lenient": RS, "passport-jwt": HS, "express-oauth2-jwt-bearer": RS,
    "fastify-jwt": HS, "koa-jwt": HS, "web": RS, "oidc-provider": RS, "nginx": RS, "apache": RS,
    "jose-rotating": RS, "python-jose-rotating": RS, "shop": RS,
    "pyjwt-fast": HS, "pyjwt-slow": HS,
}
VISIBLE = {
    "mitm": {"request", "challenge", "body", "status", "history", "flow"},
    "playwright": {"request", "challenge", "body", "status", "history", "flow"},
    "pino": {"request", "challenge", "status", "history"},
    "devtools": {"challenge", "body", "status", "flow", "preflight"},
    "devtools-full": {"request", "challenge", "body", "status", "history", "flow", "preflight", "hidden"},
}

# Decided by comparing with tokens that the same host accepted, if its words do not say it.
COMPARED = {
    "header.whitespace.double", "header.scheme_case", "time.unit_milliseconds", "time.exp_missing", "claim.issuer",
    "claim.issuer_slash", "claim.audience", "claim.audience.absent", "claim.required_missing", "claim.environment",
    "signature.unknown_kid", "signature.alg_family", "signature.alg_variant",
}
WORDED = {name for name in DEFECTS if name.split(".")[0] in ("time", "claim", "signature")} - {"claim.environment"}
# No key has this name, and a key of another name made the token: only the verifier knows which it looked at first.
BOTH_TRUE = ("signature.unknown_kid", "signature.wrong_key")
FORMAT = {"header.scheme_case", "header.whitespace.double"}


@dataclass
class Server:
    """What one server does with the defects."""

    accepts: set
    status: int = 401
    other_status: dict = field(default_factory=dict)
    says: str | None = "body"
    said: set = field(default_factory=lambda: WORDED | FORMAT)
    skip: set = field(default_factory=set)


FIXED_KEY = {"python-jose", "express-jwt", "express-jwt-plain", "authlib"}
HMAC_ONLY = {"signature.key_encoding", "signature.key_newline"}
KID_ONLY = {"signature.unknown_kid"}
FAT = {"header.too_large"}
VARIANTS = {"header.misspelt_name.british", "header.placeholder.null", "header.placeholder.template", "header.quoted.angle",
            "header.scheme_wrong.token", "header.wrong_place.cookie", "header.whitespace.inside"}
OFTEN = {"header.scheme_case", "token.refresh_token", "time.exp_missing", "claim.required_missing"}
FAT_431 = {"header.too_large": 431}
SHAPE_400 = {name: 400 for name in (
    "header.empty.scheme", "header.placeholder.object", "header.whitespace.inside", "header.whitespace.double",
    "header.duplicate", "header.duplicate.comma", "header.scheme_missing", "header.scheme_wrong.jwt",
    "header.scheme_wrong.token", "header.scheme_wrong.colon", "header.scheme_doubled", "header.empty")}
SERVERS = {
    "pyjwt": Server({"token.refresh_token"}, skip=KID_ONLY | FAT),
    "pyjwt-lenient": Server(
        {"header.whitespace.nbsp", "header.whitespace.double", "header.duplicate", "header.duplicate.comma",
         "header.scheme_missing", "header.scheme_wrong.jwt", "header.scheme_wrong.token", "header.scheme_wrong.colon",
         "header.scheme_case", "header.scheme_doubled", "token.id_token", "token.refresh_token", "time.expired",
         "time.not_yet_valid", "time.exp_missing", "claim.issuer", "claim.issuer_slash", "claim.audience",
         "claim.audience.absent", "claim.required_missing", "signature.alg_variant"}, skip=KID_ONLY | FAT | VARIANTS),
    "flask-jwt-extended": Server(
        {"header.whitespace.double", "header.duplicate", "time.exp_missing"}, 422,
        {name: 401 for name in (
            "header.missing", "header.misspelt_name", "header.misspelt_name.british", "header.empty", "header.duplicate.comma",
            "header.scheme_missing", "header.scheme_wrong.jwt", "header.scheme_wrong.token", "header.scheme_wrong.colon",
            "header.scheme_case", "header.wrong_place.query", "header.wrong_place.field", "header.wrong_place.cookie",
            "time.expired")}, said=WORDED | FORMAT | {"token.refresh_token"}, skip=KID_ONLY | FAT),
    "simplejwt": Server(
        {"header.whitespace.double"}, said={"time.expired", "time.exp_missing", "token.refresh_token", "claim.required_missing"},
        skip=KID_ONLY | FAT),
    "fastapi": Server({"header.whitespace.double", *OFTEN}, says=None, skip=KID_ONLY | FAT | VARIANTS),
    "authlib": Server({"header.whitespace.double", "header.scheme_case", "token.refresh_token"}, says=None, skip=HMAC_ONLY | FAT),
    "python-jose": Server({*OFTEN, "claim.audience.absent"}, skip=HMAC_ONLY | FAT),
    "express-jwt": Server(OFTEN, other_status=FAT_431, skip=HMAC_ONLY | FAT),
    "express-jwt-plain": Server(OFTEN, other_status=FAT_431, says=None, skip=HMAC_ONLY | FAT | VARIANTS),
    "jsonwebtoken": Server(
        {*OFTEN, "header.scheme_wrong.jwt", "header.scheme_wrong.token", "header.scheme_wrong.colon"},
        other_status=FAT_431, said=WORDED, skip=KID_ONLY | FAT),
    "jsonwebtoken-plain": Server(
        {*OFTEN, "header.scheme_wrong.jwt", "header.scheme_wrong.token", "header.scheme_wrong.colon", "token.id_token",
         "claim.issuer", "claim.issuer_slash", "claim.audience", "claim.audience.absent"}, 403,
        {name: 401 for name in ("header.missing", "header.misspelt_name", "header.misspelt_name.british", "header.empty.scheme",
                                "header.scheme_missing", "header.wrong_place.query", "header.wrong_place.field",
                                "header.wrong_place.cookie")}, says=None, skip=KID_ONLY | FAT | VARIANTS),
    # "no applicable key" is also said of RS512 with a known kid: the words do not tell the variant, the comparison does.
    "jose": Server({"header.whitespace.double", "header.scheme_case", "token.refresh_token"},
                   said=WORDED - {"signature.alg_variant"}, skip=HMAC_ONLY | FAT),
    "jose-lenient": Server(
        {"header.whitespace.double", "header.scheme_case", "token.id_token", "token.refresh_token", "time.expired",
         "time.not_yet_valid", "time.exp_missing", "claim.issuer", "claim.issuer_slash", "claim.audience",
         "claim.audience.absent", "claim.required_missing"}, said=WORDED - {"signature.alg_variant"},
        skip=HMAC_ONLY | FAT | VARIANTS),
    "passport-jwt": Server({*OFTEN, "header.whitespace.double", "signature.alg_variant"}, says=None, other_status=FAT_431,
                           skip=KID_ONLY | FAT | VARIANTS),
    "express-oauth2-jwt-bearer": Server(
        {"header.scheme_case", "header.wrong_place.query", "token.refresh_token", "claim.required_missing"},
        other_status={**SHAPE_400, **FAT_431}, says="challenge", said=WORDED - {"signature.alg_variant"}, skip=HMAC_ONLY | FAT),
    "fastify-jwt": Server(
        {"header.scheme_case", "token.refresh_token", "claim.audience.absent", "claim.required_missing"},
        other_status={**SHAPE_400, "header.empty.scheme": 401, "header.empty": 401, "header.duplicate": 401,
                      "header.scheme_missing": 401, "header.scheme_wrong.jwt": 401, "header.scheme_wrong.token": 401,
                      "header.scheme_wrong.colon": 401, "header.whitespace.newline": 500, "time.not_yet_valid": 500,
                      "time.unit_milliseconds": 500, "time.wrong_type": 500, "signature.alg_family": 500,
                      "signature.alg_variant": 500, **FAT_431}, skip=KID_ONLY),
    "koa-jwt": Server({*OFTEN, "signature.alg_variant"}, says="body", said=FORMAT, other_status=FAT_431,
                      skip=KID_ONLY | FAT | VARIANTS),
}

# The servers of the first bench; cases_stacks.py and cases_third.py add theirs, with keys of their own.
FIRST = tuple(SERVERS)


@dataclass
class Truth:
    """What one recorded exchange is."""

    cls: str
    cause: str | None = None
    accept: tuple = ()
    by: tuple = ()
    defect: str | None = None
    with_keys: str | None = None
    why: str = ""
    want: tuple = ()
    # What stands in an export that dropped the credential, if it is not capture.sanitized: (cause, what else may stand).
    sanitized: tuple | None = None
    accept_class: tuple = ()
    # With the keys, this is as true as `with_keys`.
    accept_with_keys: tuple = ()


@dataclass
class Step:
    """One request of a story. `make` returns (path, headers) or (path, headers, body); `then` reads the answer."""

    at: float
    server: str
    make: Callable
    truth: list
    method: str = "GET"
    agent: str = "shop-app/5.2.0"
    case: str = ""
    then: Callable | None = None
    before: Callable | None = None
    via: str | None = None
    preflight: list = field(default_factory=list)
    page: dict | None = None
    # Another scheme and host than plain HTTP on 127.0.0.1; the server's port is added.
    origin: str = "http://127.0.0.1"
    n: int = 0


def ok(want=200, why="let in", defect=None) -> Truth:
    return Truth("ok", want=(want,), why=why, defect=defect)


def fail(cause, by, want=401, accept=(), why="", defect=None, with_keys=None, cls="failure") -> Truth:
    by = (by,) if isinstance(by, str) else tuple(by)
    want = want if isinstance(want, tuple) else (want,)
    return Truth(cls, cause, tuple(accept), by, defect or cause, with_keys, why, want)


class Story:
    """One client of a capture: its own subject and user agent."""

    def __init__(self, capture, case: str, server: str, agent: str | None = None):
        self.capture, self.case, self.server = capture, case, server
        self.who = capture.subject()
        self.agent = agent or f"shop-app/5.{capture.serial % 7}.{capture.serial} (build {2400 + capture.serial})"
        self.kept: dict = {}

    def step(self, at, make, truth, **more) -> Step:
        truth = truth if isinstance(truth, list) else [truth]
        step = Step(at, more.pop("server", self.server), make, truth, agent=self.agent, case=self.case, **more)
        self.capture.steps.append(step)
        return step

    def token(self, m: Maker, name="main", **claims) -> str:
        if name not in self.kept:
            self.kept[name] = m.token(self.who, **claims)
        return self.kept[name]


class Capture:
    def __init__(self, name: str, server: str, shows: str, also=()):
        self.name, self.server, self.shows = name, server, shows
        self.recorders = ("mitm", *also)
        self.steps: list[Step] = []
        self.serial, self.bench = 0, 1

    def subject(self) -> str:
        self.serial += 1
        return str(20 + self.serial) if self.server == "simplejwt" else f"u-{1000 + self.serial}"

    def story(self, case: str, **more) -> Story:
        return Story(self, case, more.pop("server", self.server), **more)


def share(full: bool) -> dict[str, set]:
    """Which server gets which defect. The samples stay small: three servers that refuse it, one that says why and one that does
    not among them, and one that accepts it; always those with the least so far."""
    chosen: dict[str, set] = {server: set() for server in FIRST}
    causes: dict[str, int] = {}
    for name, (cause, *_rest) in DEFECTS.items():
        able = [server for server in FIRST if name not in SERVERS[server].skip]
        refuse = [server for server in able if name not in SERVERS[server].accepts]
        accept = [server for server in able if name in SERVERS[server].accepts]

        def take(servers, count):
            free = [server for server in servers if name not in chosen[server]]
            for server in sorted(free, key=lambda server: len(chosen[server]))[:count]:
                chosen[server].add(name)

        if full:
            take(able, len(able))
            continue
        silent = [server for server in refuse if SERVERS[server].says is None or name not in SERVERS[server].said]
        take([server for server in refuse if server not in silent], 1)
        take(silent, 1)
        if causes.get(cause, 0) == 0:
            take(refuse, 1)
        take(accept, 1)
        causes[cause] = causes.get(cause, 0) + 1
    return chosen


def known_with_keys(name: str, server: str) -> str | None:
    """An edited RSA payload opens to the digest of the original; the foreign key of unknown_kid stands in samples/keys."""
    if name == "signature.tampered" and PROFILES[server].alg == "RS256":
        return "signature.tampered"
    if name == "signature.unknown_kid":
        return "signature.wrong_key" if server in FIXED_KEY else "signature.unknown_kid"
    return WITH_KEYS.get(name)


def suite(capture: Capture, server: str, names: set) -> None:
    """Each defect by a client of its own; every fifth client is first let in with a good token."""
    table = SERVERS[server]
    for name, (cause, accept, bytes_tell, build) in DEFECTS.items():
        if name not in names:
            continue
        story = capture.story(name, server=server)
        if capture.serial % 5 == 0:
            story.step(4, lambda m, s=story: bearer(m.token(s.who), "/me"), ok())
        if name in table.accepts:
            truth = ok(why="this server accepts the defect", defect=name)
        else:
            by = ["request"] if bytes_tell else []
            if name in COMPARED:
                by.append("history")
            if table.says and name in table.said:
                by.append(table.says)
            if name == "header.too_large":
                by.append("status")
            # A key id means nothing to a server with one fixed key.
            if name == "signature.unknown_kid" and server in FIXED_KEY:
                cause, accept = "signature.invalid", ["signature.unknown_kid", "signature.wrong_key"]
                by = [table.says] if table.says else []
            truth = fail(cause, by, table.other_status.get(name, table.status), accept, defect=name,
                         with_keys=known_with_keys(name, server))
            if name == "signature.unknown_kid":
                truth.accept_with_keys = BOTH_TRUE
        story.step(4, lambda m, s=story, b=build: b(m, s.who), truth)


WHY = {
    "request": "the request's own bytes show it", "history": "compared with what the same host accepted",
    "body": "the body says it", "challenge": "the response fields say it", "status": "the status says it",
    "preflight": "the preflight shows it", "flow": "the order of pages shows it",
}


def reason(by) -> str:
    if not by:
        return "a bare refusal of a token that looks right: without the key nothing tells why"
    return "; ".join(WHY[item] for item in by)


def expiry(capture: Capture, server: str, words: str | None) -> None:
    """A cached token is used past its end; another client's token is refused although others of its key live (revoked below)."""
    by = ["history", "request"] + ([words] if words else [])
    table = SERVERS[server]
    want = table.other_status.get("time.expired", table.status)
    story = capture.story("stale cache")
    # express-oauth2-jwt-bearer allows 5 s by default: a use 1 s late is let in there and shows it.
    # The Rust crate and jwcrypto allow 60 s: a token that ended 53 s before the start is let in there, and refused once the minute is over.
    late = server == "express-oauth2-jwt-bearer"
    end = {"express-oauth2-jwt-bearer": 2, "jsonwebtoken-rs": -53, "tornado-jwcrypto": -53}.get(server, 8)
    use = lambda m, s=story: bearer(s.token(m, exp=end, iat=-900 if end < 0 else -5))
    story.step(0, use, ok())
    story.step(1, use, ok())
    if late:
        story.step(3.3, use, ok(why="let in after exp: the default tolerance of 5 s"))
    for at in (9.2, 10.4):
        story.step(at, use, fail("time.expired_cached", by, want, why="let in before exp, refused after it, no refresh follows"))


def revoked(capture: Capture, server: str, want: int, words: str | None, logout="/logout", method="POST", out=204) -> None:
    story = capture.story("logged out")
    use = lambda m, s=story: bearer(s.token(m))
    story.step(0, use, ok())
    story.step(1, lambda m, s=story: bearer(s.token(m), logout), ok(out), method=method)
    other = capture.story("another session")
    for at in (2, 2.5):
        story.step(at, use, fail("state.revoked", ["history"] + ([words] if words else []), want,
                                 why="the same token worked, exp is ahead, others of the same key still work"))
    other.step(3, lambda m, s=other: bearer(s.token(m)), ok())


def tampered(capture: Capture, server: str) -> None:
    table = SERVERS[server]
    story = capture.story("payload edited")
    story.step(0, lambda m, s=story: bearer(s.token(m)), ok())
    story.step(1.5, lambda m, s=story: bearer(other_payload(s.token(m), roles=["admin"]), "/me"),
               fail("signature.tampered", "history", table.status, why="the same signature stood on another payload before"))


def form(**fields):
    from urllib.parse import urlencode
    return urlencode(fields).encode()


def json_body(**fields):
    import json
    return json.dumps(fields).encode()


FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")


def keep(story: Story, **names):
    """Remembers JSON members of an answer: keep(s, main="access_token")."""
    def then(answer):
        import json
        body = json.loads(answer.body)
        for name, member in names.items():
            if member in body:
                story.kept[name] = body[member]
    return then


def refreshes(c: Capture, refresh, dead_refresh, refuse_status: int, member: str, oauth_by, dead_accept=(), exp=8) -> None:
    """Three lives of a short token: mended at once, new one never adopted, refresh refused."""
    table = SERVERS[c.server]
    expired = table.other_status.get("time.expired", table.status)
    by = ["history"] + ([table.says] if table.says and "time.expired" in table.said else [])

    def use(story):
        return lambda m: bearer(story.token(m, exp=exp))

    mended = c.story("mended at once")
    mended.step(0, use(mended), ok())
    mended.step(9.2, use(mended), fail("time.expired_recovered", by, expired, cls="expected",
                                       why="a refresh follows at once and the new token is let in"))
    mended.step(9.5, lambda m: refresh(m, mended), ok(), method="POST", then=keep(mended, new=member))
    mended.step(9.8, lambda m: bearer(mended.kept["new"]), ok())

    ignored = c.story("new token ignored")
    ignored.step(0, use(ignored), ok())
    ignored.step(6, lambda m: refresh(m, ignored), ok(), method="POST", then=keep(ignored, new=member))
    for at in (9.3, 9.9, 10.5):
        ignored.step(at, use(ignored), fail("time.refresh_not_applied", by, expired,
                                            why="a refresh succeeded, the old token is still sent"))

    refused = c.story("refresh refused")
    refused.step(0, use(refused), ok())
    refused.step(8.6, lambda m: dead_refresh(m, refused), fail(
        "oauth.refresh_refused", oauth_by, refuse_status, dead_accept, why="the token endpoint refuses the refresh token"), method="POST")
    for at in (9.4, 10.1):
        refused.step(at, use(refused), fail("time.refresh_refused", by, expired,
                                            why="expired, and the refresh before it was refused"))


def role(c: Capture, path: str, want: int, by=("history",)) -> None:
    story = c.story("no administrator")
    story.step(0.4, lambda m: bearer(story.token(m), "/me"), ok())
    story.step(0.5, lambda m: bearer(story.token(m), path), fail(
        "authz.role", by, want, why="the same token is let in elsewhere at the same time; an administrator's token is let in here"))
    boss = c.story("administrator")
    boss.step(0.6, lambda m: bearer(boss.token(m, roles=["admin"]), path), ok())


def early(c: Capture) -> None:
    """A token that becomes valid while the capture runs."""
    table = SERVERS[c.server]
    story = c.story("used too early")
    by = ["request", "history"] + ([table.says] if table.says and "time.not_yet_valid" in table.said else [])

    def use(m):
        return bearer(story.token(m, nbf=m.start + 7))

    story.step(1.2, use, fail("time.not_yet_valid", by, table.other_status.get("time.not_yet_valid", table.status),
                              why="nbf lies ahead; the same token is let in after it"))
    story.step(8.5, use, ok())


def login(c: Capture, path: str, want: int = 401) -> None:
    story = c.story("wrong password")
    story.step(0.3, lambda m: (path, [JSON], json_body(username=name_of(c, story), password="correct house")),
               fail("login.bad_credentials", ["body", "flow"], want, why="a login request refused with words on the password"), method="POST")
    story.step(0.4, lambda m: (path, [JSON], json_body(username=name_of(c, story), password="correct horse")), ok(), method="POST")


def name_of(c: Capture, story: Story) -> str:
    return f"user{story.who}" if c.server == "simplejwt" else story.who


def more_pyjwt(c: Capture) -> None:
    def refresh(m, story, old=None):
        old = old or story.kept.setdefault("refresh", f"rt.{story.who}.5f1c7a{story.who[2:]}9e2b40d8a6c3")
        return "/oauth/token", [FORM], form(grant_type="refresh_token", refresh_token=old, client_id="web")

    revoked(c, "pyjwt", 401, None)
    refreshes(c, refresh, lambda m, s: refresh(m, s, f"gone.{s.who}.77c1e09ab35f4410"), 400, "access_token", ["body"])
    role(c, "/admin/users", 403)
    early(c)


def more_jsonwebtoken(c: Capture, words="body") -> None:
    def refresh(m, story, start="rt"):
        return "/token", [JSON], json_body(token=f"{start}.{story.who}.5f1c7a{story.who[2:]}9e2b40d8a6c3")

    revoked(c, c.server, SERVERS[c.server].status, None)
    refreshes(c, refresh, lambda m, s: refresh(m, s, "gone"), 403, "accessToken", ["flow"])
    role(c, "/admin/users", 403)


def more_jsonwebtoken_plain(c: Capture) -> None:
    more_jsonwebtoken(c)
    early(c)


def more_express_jwt(c: Capture) -> None:
    revoked(c, "express-jwt", 401, "body")
    role(c, "/admin/users", 403)


def more_express_jwt_plain(c: Capture) -> None:
    revoked(c, "express-jwt-plain", 401, None)
    role(c, "/admin/users", 403)
    early(c)


def more_fastify_jwt(c: Capture) -> None:
    revoked(c, "fastify-jwt", 401, "body", out=200)
    early(c)


def more_flask_jwt_extended(c: Capture) -> None:
    revoked(c, "flask-jwt-extended", 401, "body", out=200)
    login(c, "/login")

    def refresh(m, story):
        token = story.kept.setdefault("refresh", m.token(story.who, exp=86400, type="refresh"))
        return "/refresh", [("Authorization", f"Bearer {token}")]

    def dead(m, story):
        token = story.kept.setdefault("dead", m.token(story.who, iat=-9000, exp=-20, type="refresh"))
        return "/refresh", [("Authorization", f"Bearer {token}")]

    refreshes(c, refresh, dead, 401, "access_token", ["request", "body"], ["time.expired"])
    gone = c.story("user deleted")
    gone.step(0.5, lambda m: bearer(m.token("gone-" + gone.who)), fail(
        "claim.subject", "body", why="the body says that the user cannot be loaded"))
    stale = c.story("fresh login wanted")
    stale.step(0.5, lambda m: bearer(stale.token(m), "/me"), ok())
    stale.step(0.6, lambda m: bearer(stale.token(m), "/account/password"), fail(
        "authz.step_up", "body", why="the body asks for a fresh token"))


def more_simplejwt(c: Capture) -> None:
    login(c, "/api/token/")

    def refresh(m, story):
        token = story.kept.setdefault("refresh", m.token(story.who, exp=86400, token_type="refresh"))
        return "/api/token/refresh/", [JSON], json_body(refresh=token)

    def dead(m, story):
        token = story.kept.setdefault("dead", m.token(story.who, iat=-9000, exp=-20, token_type="refresh"))
        return "/api/token/refresh/", [JSON], json_body(refresh=token)

    refreshes(c, refresh, dead, 401, "access", ["body"], ["time.expired"])
    race = c.story("two tabs refresh")
    race.step(0.3, lambda m: refresh(m, race), ok(), method="POST")
    race.step(0.4, lambda m: refresh(m, race), fail(
        "oauth.refresh_reuse", ["history", "body"], why="the request before rotated the same refresh token away"), method="POST")
    off = c.story("account turned off")
    off.step(0.5, lambda m: bearer(m.token("13")), fail("state.user_disabled", "body", why="code user_inactive"))
    gone = c.story("user deleted")
    gone.step(0.5, lambda m: bearer(m.token("9001")), fail("claim.subject", "body", why="code user_not_found"))
    plain = c.story("no administrator")
    plain.step(0.5, lambda m: bearer(plain.token(m), "/me"), ok())
    plain.step(0.6, lambda m: bearer(plain.token(m), "/admin/users"), fail(
        "authz.role", ["body", "history"], 403, why="permission denied to a token that is let in elsewhere"))
    boss = c.story("administrator")
    boss.step(0.6, lambda m: bearer(m.token("1"), "/admin/users"), ok())
    busy = c.story("searches too often")
    for at in (0.6, 0.65):
        busy.step(at, lambda m: bearer(busy.token(m), "/search"), ok())
    busy.step(0.7, lambda m: bearer(busy.token(m), "/search"), fail(
        "other.rate_limit", ["status", "body"], 429, cls="lookalike", why="status 429 and the throttle's words"))
    forged = c.story("form without its anti-forgery value")
    forged.step(0.7, lambda m: ("/profile", [FORM, ("Cookie", "theme=dark")], form(name="Ann")), fail(
        "other.csrf", "body", 403, cls="lookalike", why="the page says CSRF verification failed"), method="POST")


def more_fastapi(c: Capture) -> None:
    narrow = c.story("scope too small")
    narrow.step(0.5, lambda m: bearer(narrow.token(m, scope="orders:read"), "/me"), ok())
    narrow.step(0.6, lambda m: bearer(narrow.token(m), "/orders"), fail(
        "authz.scope", ["body", "challenge"], why="Not enough permissions, and the challenge names the scope"), method="POST")
    wide = c.story("scope enough")
    wide.step(0.6, lambda m: bearer(wide.token(m, scope="orders:read orders:write"), "/orders"), ok(), method="POST")
    basic(c, "/reports", "body")
    keyless = c.story("no API key")
    keyless.step(0.5, lambda m: ("/items", []), fail("apikey.missing", ["history"], (401, 403), accept=["header.missing"],
                                                     why="a neighbour is let in with X-API-Key; the body says only Not authenticated"))
    wrong = c.story("wrong API key")
    wrong.step(0.6, lambda m: ("/items", [("X-API-Key", "lab-api-key-2b71d04fa9e3c658")]), fail("apikey.wrong", "body", 403, why="Invalid API Key"))
    right = c.story("right API key")
    right.step(0.7, lambda m: ("/items", [("X-API-Key", "lab-api-key-7f3a9c51e2b84d06")]), ok())


def basic(c: Capture, path: str, words: str | None, malformed=401, server=None) -> None:
    """A browser-like client asks, is challenged and answers; another has the wrong password; a third sends no base64."""
    import base64

    def user(text):
        return [("Authorization", "Basic " + base64.b64encode(text.encode()).decode())]

    polite = c.story("challenge answered", server=server or c.server)
    polite.step(0.5, lambda m: (path, []), fail("other.handshake", ["challenge", "history"], cls="expected",
                                                why="the challenge is answered at once and the answer is let in"))
    polite.step(0.55, lambda m: (path, user("ann:correct horse")), ok())
    typo = c.story("wrong password", server=server or c.server)
    for at in (0.6, 0.65):
        typo.step(at, lambda m: (path, user("ann:correct house")), fail(
            "basic.bad_password", ["history"] + ([words] if words else []), why="well-formed Basic credentials refused where others are let in"))
    plain = c.story("not base64", server=server or c.server)
    plain.step(0.7, lambda m: (path, [("Authorization", "Basic ann:correct horse")]), fail("basic.malformed", "request", malformed, why=WHY["request"]))
    colon = c.story("no colon", server=server or c.server)
    colon.step(0.7, lambda m: (path, user("anncorrecthorse")), fail("basic.malformed", "request", malformed, why=WHY["request"]))


def more_passport_jwt(c: Capture) -> None:
    basic(c, "/reports", None, malformed=(400, 401))
    early(c)
    gone = c.story("user deleted meanwhile")
    gone.step(0, lambda m: bearer(gone.token(m)), ok())
    gone.step(1, lambda m: (f"/users/{gone.who}", []), ok(204), method="DELETE")
    for at in (2, 2.5):
        gone.step(at, lambda m: bearer(gone.token(m)), fail(
            "state.revoked", "history", accept=["claim.subject", "state.user_disabled"], defect="claim.subject",
            why="the same token worked; a delete of its subject lies between; others of the key still work"))
    other = c.story("another session")
    other.step(3, lambda m: bearer(other.token(m)), ok())


def more_express_oauth2_jwt_bearer(c: Capture) -> None:
    narrow = c.story("scope too small")
    narrow.step(0.5, lambda m: bearer(narrow.token(m, scope="orders:read"), "/me"), ok())
    narrow.step(0.6, lambda m: bearer(narrow.token(m), "/orders"), fail(
        "authz.scope", "challenge", 403, why="the challenge says insufficient_scope"), method="POST")
    wide = c.story("scope enough")
    wide.step(0.6, lambda m: bearer(wide.token(m, scope="orders:read orders:write"), "/orders"), ok(), method="POST")
    plain = c.story("no administrator")
    plain.step(0.6, lambda m: bearer(plain.token(m, roles=["clerk"]), "/admin/users"), fail(
        "claim.invalid", "challenge", accept=["authz.role"], why="the challenge names the claim roles"))
    boss = c.story("administrator")
    boss.step(0.6, lambda m: bearer(boss.token(m, roles=["admin"]), "/admin/users"), ok())
    holder = c.story("bound token with its proof")
    holder.step(0.7, lambda m: dpop(m, holder, "/orders"), ok())
    wrong = c.story("proof for another address")
    wrong.step(0.7, lambda m: dpop(m, wrong, "/me"), fail("dpop.proof", ["request", "challenge"], (400, 401), why="htu names another address; the challenge says so"))
    naked = c.story("no proof")
    naked.step(0.7, lambda m: ("/orders", dpop(m, naked, "/orders")[1][:1]), fail(
        "dpop.required", ["request", "challenge"], (400, 401), accept=["dpop.proof"], why="the DPoP scheme without a proof field"))
    bound = c.story("bound token as Bearer")
    bound.step(0.7, lambda m: bearer(bound.token(m, cnf={"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})), fail(
        "dpop.required", ["request", "challenge"], (400, 401), why="cnf.jkt in the token, scheme Bearer"))


def dpop(m: Maker, story: Story, address: str):
    """A bound token and its proof (RFC 9449); the proof is made for `address`."""
    import hashlib
    import json
    import time

    import mint

    numbers = m.key("ec-a").public_key().public_numbers()
    jwk = {"crv": "P-256", "kty": "EC", "x": mint.b64u(numbers.x.to_bytes(32, "big")), "y": mint.b64u(numbers.y.to_bytes(32, "big"))}
    print_of = mint.b64u(hashlib.sha256(json.dumps(jwk, separators=(",", ":"), sort_keys=True).encode()).digest())
    token = story.token(m, cnf={"jkt": print_of})
    proof = mint.encode({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}, {
        "jti": story.who + "-1", "htm": "GET", "htu": f"http://127.0.0.1:{m.port}{address}", "iat": int(time.time()),
        "ath": mint.b64u(hashlib.sha256(token.encode()).digest())}, m.key("ec-a"))
    return "/orders", [("Authorization", f"DPoP {token}"), ("DPoP", proof)]


def capture_clock(new) -> None:
    for server, text, claims in (
        ("pyjwt-fast", "the server's clock is ten minutes fast: fresh tokens expire on arrival", {"exp": 300}),
        ("pyjwt-slow", "the server's clock is two minutes slow: fresh tokens are called early", {"exp": 300}),
    ):
        clock(new(server, server, text), claims)


def clock(c: Capture, claims: dict) -> None:
    for turn in range(3):
        fresh = c.story("fresh token")
        fresh.step(turn * 0.6, lambda m, s=fresh: bearer(s.token(m, iat=-1, **claims)), fail(
            "time.clock_skew", "history", why="the Date fields of every answer show a skew that explains the refusal"))
    old = c.story("older and longer token")
    old.step(2, lambda m: bearer(old.token(m, iat=-900, exp=7200)), ok())


def more_authlib(c: Capture) -> None:
    narrow = c.story("scope too small")
    narrow.step(0.5, lambda m: bearer(narrow.token(m), "/me"), ok())
    narrow.step(0.6, lambda m: bearer(narrow.token(m), "/orders"), fail(
        "authz.scope", ["body", "challenge"], 403, why="insufficient_scope"), method="POST")
    wide = c.story("scope enough")
    wide.step(0.6, lambda m: bearer(wide.token(m, scope="orders:read orders:write"), "/orders"), ok(), method="POST")


def capture_rotation(new) -> None:
    rotation(new, "jose-rotating", True)
    rotation(new, "python-jose-rotating", False)


def rotation(new, server: str, key_server: bool) -> None:
    c = new(server, server, "the key set is replaced while tokens are alive" + (", then the key server is down" if key_server else ""))
    one, two, fresh = c.story("before the change"), c.story("before the change, other user"), c.story("after the change")
    for at in (0, 0.6):
        one.step(at, lambda m: bearer(one.token(m)), ok())
    two.step(0.3, lambda m: bearer(two.token(m)), ok())
    why = "the same token worked; a token of another key is accepted later and none of the old key"
    for at in (2, 2.4, 4):
        one.step(at, lambda m: bearer(one.token(m)), fail("signature.key_rotated", "history", why=why),
                 before=(lambda w: w.rotate(server)) if at == 2 else None)
    two.step(3, lambda m: bearer(two.token(m)), fail("signature.key_rotated", "history", why=why))
    for at in (3.2, 4.2):
        fresh.step(at, lambda m: bearer(fresh.token(m, key="rsa-b", kid="2026-b")), ok())
    if key_server:
        for at in (6, 6.3):
            fresh.step(at, lambda m: bearer(fresh.token(m)), fail(
                "verifier.unavailable", ["body", "status", "history"], 503, why="503, and the body says that the key set could not be had"),
                before=(lambda w: w.break_keys(server)) if at == 6 else None)
        fresh.step(8, lambda m: bearer(fresh.token(m)), ok(), before=lambda w: w.rotate(server))


def capture_single(new) -> None:
    """One refused exchange each, nothing to compare with."""
    c = new("single-expired", "pyjwt", "one refusal that says why")
    s = c.story("time.expired")
    s.step(0, lambda m: bearer(m.token(s.who, iat=-9000, exp=-5400)), fail("time.expired", ["request", "body"], why="exp is 90 minutes ago and the body says so"))
    c = new("single-misspelt", "fastapi", "one refusal whose cause only the request shows")
    t = c.story("header.misspelt_name")
    t.step(0, lambda m: ("/orders", [("Authorizaton", f"Bearer {m.token(t.who)}")]), fail("header.misspelt_name", "request", why=WHY["request"]))
    c = new("single-vague", "koa-jwt", "one bare 401 for a wrong audience: nothing to compare with")
    v = c.story("claim.audience")
    v.step(0, lambda m: bearer(m.token(v.who, aud="https://billing.shop.example")), fail("claim.audience", (), why="a bare 401 and no accepted token to compare with"))
    c = new("single-key", "koa-jwt", "one vague refusal for a wrong key: the keys show which one made it, the host's own key stays unknown")
    w = c.story("signature.wrong_key")
    w.step(0, lambda m: bearer(m.token(w.who, key="hs-b")), fail("signature.invalid", (), accept=["signature.wrong_key"], defect="signature.wrong_key"))


def capture_oauth(new) -> None:
    import base64

    def client(name, secret):
        return ("Authorization", "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode())

    web, batch = client("web", "web-test-secret"), client("batch", "batch-test-secret")
    c = new("authlib-oauth", "authlib", "a token endpoint (RFC 6749) with rotation: its refusals, and a reused refresh token")

    def post(story, at, headers, truth, then=None, **fields):
        story.step(at, lambda m: ("/oauth/token", [FORM, *headers], form(**{k: v() if callable(v) else v for k, v in fields.items()})),
                   truth, method="POST", then=then)

    good = c.story("password grant")
    post(good, 0, [web], ok(), then=keep(good, refresh="refresh_token"), grant_type="password", username="ann", password="correct horse", scope="orders:read")
    post(good, 0.2, [web], ok(), then=keep(good, second="refresh_token"), grant_type="refresh_token", refresh_token=lambda: good.kept["refresh"])
    post(good, 0.3, [web], fail("oauth.refresh_reuse", "history", 400, why="the same refresh token was rotated 0.1 s before"),
         grant_type="refresh_token", refresh_token=lambda: good.kept["refresh"])
    dead = c.story("unknown refresh token")
    post(dead, 0.4, [web], fail("oauth.refresh_refused", "body", 400, why="invalid_grant for a refresh grant"), grant_type="refresh_token", refresh_token="Zk3tq9PpVnQ0lYxw7sB5uJ1cR8dF2hG4")
    bad = c.story("wrong client secret")
    post(bad, 0.5, [client("web", "web-test-secrets")], fail("oauth.invalid_client", "body", 401, why="invalid_client"), grant_type="refresh_token", refresh_token="Zk3tq9PpVnQ0lYxw7sB5uJ1cR8dF2hG4")
    nobody = c.story("unknown client")
    post(nobody, 0.5, [client("mobile", "x1y2z3")], fail("oauth.invalid_client", "body", 401, why="invalid_client"), grant_type="client_credentials")
    pw = c.story("wrong password")
    post(pw, 0.6, [web], fail("login.bad_credentials", "body", (400, 401), accept=["oauth.invalid_grant"], why="a password grant refused for its credentials"), grant_type="password", username="ann", password="correct house", scope="orders:read")
    forbidden = c.story("grant not allowed to the client")
    post(forbidden, 0.7, [batch], fail("oauth.unauthorized_client", "body", 400, why="unauthorized_client"), grant_type="password", username="ann", password="correct horse")
    grant = c.story("grant unknown")
    post(grant, 0.7, [web], fail("oauth.unsupported_grant", "body", 400, why="unsupported_grant_type"), grant_type="urn:ietf:params:oauth:grant-type:saml2-bearer", assertion="PHNhbWw")
    scope = c.story("scope unknown")
    post(scope, 0.8, [batch], fail("oauth.invalid_scope", "body", 400, why="invalid_scope"), grant_type="client_credentials", scope="orders:delete")
    fine = c.story("client credentials")
    post(fine, 0.8, [batch], ok(), grant_type="client_credentials", scope="orders:read")
    code = c.story("code of another attempt")
    post(code, 0.9, [web], fail("oauth.invalid_grant", "body", 400, why="invalid_grant for a code"), grant_type="authorization_code", code="code-nine", redirect_uri="https://shop.example/cb", code_verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    pkce = c.story("verifier of another attempt")
    post(pkce, 0.9, [web], fail("oauth.pkce_failed", "body", 400, why="the body speaks of code_challenge"), grant_type="authorization_code", code="code-one", redirect_uri="https://shop.example/cb", code_verifier="aBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    uri = c.story("other redirect URI")
    post(uri, 1, [web], fail("oauth.redirect_mismatch", "body", 400, accept=["oauth.invalid_grant"], why="the body names redirect_uri"), grant_type="authorization_code", code="code-two", redirect_uri="https://shop.example/callback", code_verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    whole = c.story("code once")
    post(whole, 1, [web], ok(), grant_type="authorization_code", code="code-three", redirect_uri="https://shop.example/cb", code_verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    post(whole, 1.2, [web], fail("oauth.invalid_grant", ["body", "history"], 400, why="the same code was exchanged before"), grant_type="authorization_code", code="code-three", redirect_uri="https://shop.example/cb", code_verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")


def capture_web(new) -> None:
    c = new("web", "web", "redirects that drop the field, cookie sessions, anti-forgery values, a rate limit", also=("pino",))
    moved = c.story("followed to another host")
    moved.step(0, lambda m: bearer(moved.token(m), "/old/orders"), [
        ok(302, "a redirect to another host name"),
        fail("header.redirect_stripped", "history", why="the request before was redirected here with a credential; this one carries none")], via="requests")
    same = c.story("followed on the same host")
    same.step(0.2, lambda m: bearer(same.token(m), "/moved/orders"), [ok(307, "a redirect on the same host"), ok()], via="requests")
    direct = c.story("called directly")
    direct.step(0.3, lambda m: bearer(direct.token(m)), ok())
    jar = c.story("signs in, stays too long")
    jar.step(0.5, lambda m: ("/shop/login", [FORM], form(user="ann", password="correct house")), fail(
        "login.bad_credentials", ["body", "flow"], why="a login form refused"), method="POST")
    jar.step(0.6, lambda m: ("/shop/login", [FORM], form(user="ann", password="correct horse")), ok(303), method="POST", then=cookies(jar))
    jar.step(0.8, lambda m: ("/shop/account", [("Cookie", jar.kept["cookie"])]), ok())
    jar.step(1, lambda m: ("/shop/api/cart", [("Cookie", jar.kept["cookie"])]), ok())
    jar.step(5, lambda m: ("/shop/account", [("Cookie", jar.kept["cookie"])]), fail(
        "session.expired", "history", 302, why="the same cookie was let in before; now a redirect to the login page"))
    jar.step(5.2, lambda m: ("/shop/api/cart", [("Cookie", jar.kept["cookie"])]), fail(
        "session.expired", "history", why="the same cookie was let in before; now 401"))
    forgot = c.story("drops its cookie")
    forgot.step(0.9, lambda m: ("/shop/login", [FORM], form(user="bob", password="correct horse")), ok(303), method="POST", then=cookies(forgot))
    forgot.step(1, lambda m: ("/shop/api/cart", [("Cookie", forgot.kept["cookie"])]), ok())
    forgot.step(1.2, lambda m: ("/shop/api/cart", []), fail("session.cookie_missing", "history", why="a cookie was set and sent before, and is not sent here"))
    good = c.story("form with its anti-forgery value")
    good.step(1.3, lambda m: ("/forms/new", []), ok(), then=lambda a: (cookies(good)(a), keep(good, csrf="csrfToken")(a)))
    good.step(1.4, lambda m: ("/forms", [("Cookie", good.kept["cookie"]), ("CSRF-Token", good.kept["csrf"])], b""), ok(), method="POST")
    bad = c.story("form without")
    bad.step(1.5, lambda m: ("/forms", [("Cookie", good.kept["cookie"])], b""), fail(
        "other.csrf", "body", 403, cls="lookalike", why="the body says invalid csrf token"), method="POST")
    busy = c.story("searches too often")
    for at in (1.6, 1.65):
        busy.step(at, lambda m: bearer(busy.token(m), "/search"), ok())
    busy.step(1.7, lambda m: bearer(busy.token(m), "/search"), fail("other.rate_limit", ["status", "body", "challenge"], 429, cls="lookalike", why="status 429 with rate fields"))


def cookies(story: Story):
    def then(answer):
        story.kept["cookie"] = "; ".join(v.split(";")[0] for k, v in answer.headers if k.lower() == "set-cookie")
    return then


def capture_nginx(new) -> None:
    c = new("nginx", "nginx", "auth_basic, auth_request, a proxy that drops the field, limit_req, deny, header size")
    basic(c, "/reports", None)
    for name in ("header.missing", "time.expired", "claim.audience", "signature.wrong_key", "header.scheme_doubled"):
        cause, accept, bytes_tell, build = DEFECTS[name]
        by = (["request"] if bytes_tell else []) + (["history"] if name in COMPARED else [])
        s = c.story("auth_request: " + name)
        s.step(0.5, lambda m, s=s, b=build: b(m, s.who), fail(cause, by, accept=accept, defect=name, with_keys=WITH_KEYS.get(name)))
        s.step(0.6, lambda m, s=s: bearer(m.token(s.who)), ok()) if name != "time.expired" else None
    lost = c.story("proxy drops the field")
    lost.step(0.8, lambda m: bearer(lost.token(m), "/legacy/orders"), fail("header.proxy_stripped", ["request"], why="the client sent it, the body says that none came"))
    lost.step(0.9, lambda m: bearer(lost.token(m), "/orders"), ok())
    lost.step(1, lambda m: bearer(lost.token(m), "/legacy/me"), fail("header.proxy_stripped", ["request"], why="the client sent it, the body says that none came"))
    pool = c.story("two instances, one with the old key")
    for turn in range(6):
        truth = ok() if turn % 2 == 0 else fail("verifier.one_instance", "history", why="the same token is let in and refused in turn; X-Served-By names the instance")
        pool.step(1.5 + turn / 10, lambda m: bearer(pool.token(m), "/pool/orders"), truth)
    busy = c.story("searches too often")
    busy.step(1, lambda m: ("/search", []), ok())
    busy.step(1.1, lambda m: ("/search", []), fail("other.rate_limit", "status", 429, cls="lookalike", why="status 429"))
    closed = c.story("address denied")
    closed.step(1.2, lambda m: ("/internal/status", []), fail("other.ip_blocked", (), 403, accept=["other.denied"], cls="lookalike", why="a bare 403 page: deny by address and any other denial look alike"))
    fat = c.story("too large")
    fat.step(1.3, lambda m: DEFECTS["header.too_large"][3](m, fat.who), fail("header.too_large", "body", 400, why="the page says Request Header Or Cookie Too Large"))


def capture_apache(new) -> None:
    c = new("apache", "apache", "Digest with answered, wrong and stale nonces, Basic, a CGI that never sees the field, a forbidden folder")
    polite = c.story("digest answered")
    first = fail("other.handshake", ["challenge", "history"], cls="expected", why="the challenge is answered at once")
    polite.step(0, lambda m: ("/digest/report.txt", [], b"", ("ann", "correct horse")), [first, ok()], via="digest")
    polite.step(0.5, lambda m: ("/digest/report.txt", [], b"", ("ann", "correct horse")), [ok()], via="digest")
    polite.step(4, lambda m: ("/digest/report.txt", [], b"", ("ann", "correct horse")), [
        fail("digest.stale_nonce", ["challenge", "history"], cls="expected", why="stale=true, answered at once with the new nonce"), ok()], via="digest")
    typo = c.story("digest wrong password")
    typo.step(1, lambda m: ("/digest/report.txt", [], b"", ("ann", "correct house")), [
        first, fail("digest.bad_password", "history", why="a fresh challenge answered and refused again; another client is let in")], via="digest")
    basic(c, "/basic/report.txt", None)
    lost = c.story("CGI")
    lost.step(1.2, lambda m: bearer(lost.token(m), "/cgi-bin/orders"), fail("header.proxy_stripped", ["request"], why="the client sent it, the body says that none came"))
    lost.step(1.3, lambda m: bearer(lost.token(m), "/cgi-pass/orders"), ok())
    none = c.story("CGI without a field")
    none.step(1.4, lambda m: ("/cgi-bin/orders", []), fail("header.missing", "request", why=WHY["request"]))
    shut = c.story("folder without an index")
    shut.step(1.5, lambda m: ("/static/", []), fail("other.denied", (), 403, accept=["other.ip_blocked"], cls="lookalike", why="a plain 403 page without a challenge: an access rule and any other denial look alike"))
    shut.step(1.6, lambda m: ("/static/readme.txt", []), ok())


def capture_oidc(new) -> None:
    import base64

    def client(name, secret):
        return ("Authorization", "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode())

    c = new("oidc-provider", "oidc-provider", "a certified OpenID provider: token endpoint, device flow, silent login, userinfo, refresh reuse")

    def post(story, at, headers, truth, path="/token", then=None, **fields):
        story.step(at, lambda m: (path, [FORM, *headers], form(**{k: v(m) if callable(v) else v for k, v in fields.items()})), truth, method="POST", then=then)

    def planted(name):
        return lambda m: (m.keys.folder / name).read_text()

    batch, web = client("batch", "batch-test-secret"), client("web", "web-test-secret")
    fine = c.story("client credentials")
    post(fine, 0, [batch], ok(), grant_type="client_credentials")
    bad = c.story("wrong client secret")
    post(bad, 0.1, [client("batch", "batch-test-secrets")], fail("oauth.invalid_client", "body", 401, why="invalid_client"), grant_type="client_credentials")
    other = c.story("grant not allowed to the client")
    post(other, 0.2, [web], fail("oauth.unauthorized_client", "body", 400, why="the description says that the client may not use the grant; the code is invalid_request"), grant_type="client_credentials")
    grant = c.story("grant unknown")
    post(grant, 0.3, [web], fail("oauth.unsupported_grant", "body", 400, why="unsupported_grant_type"), grant_type="password", username="ann", password="correct horse")
    scope = c.story("scope unknown")
    post(scope, 0.4, [batch], fail("oauth.invalid_scope", "body", 400, why="invalid_scope"), grant_type="client_credentials", scope="openid")
    empty = c.story("no grant type")
    post(empty, 0.5, [web], fail("oauth.invalid_request", "body", 400, why="invalid_request names grant_type"), code="abc")
    code = c.story("code unknown")
    post(code, 0.6, [web], fail("oauth.invalid_grant", "body", 400, why="invalid_grant for a code"), grant_type="authorization_code", code="Vw3tq9PpVnQ0lYxw7sB5uJ1cR8dF2hG4aaaaaaaaaaa", redirect_uri="http://127.0.0.1/cb", code_verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    tv = c.story("device not yet confirmed")
    post(tv, 0.7, [], ok(), path="/device/auth", then=keep(tv, device="device_code"), client_id="tv", scope="openid")
    for at in (0.9, 1.4):
        post(tv, at, [], fail("oauth.pending", "body", 400, cls="expected", why="authorization_pending"),
             grant_type="urn:ietf:params:oauth:grant-type:device_code", device_code=lambda m: tv.kept["device"], client_id="tv")
    quiet = c.story("silent login")
    quiet.step(1.5, lambda m: ("/auth?client_id=web&response_type=code&redirect_uri=http%3A%2F%2F127.0.0.1%2Fcb&scope=openid&prompt=none&state=8f2c&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256", []),
               fail("oauth.login_required", "challenge", 303, why="the Location carries error=login_required"))
    wrong = c.story("redirect URI not registered")
    wrong.step(1.6, lambda m: ("/auth?client_id=web&response_type=code&redirect_uri=http%3A%2F%2F127.0.0.1%2Fcallback&scope=openid&state=8f2d&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256", []),
               fail("oauth.redirect_mismatch", "body", 400, why="invalid_redirect_uri"))
    race = c.story("two tabs refresh")
    for_refresh = dict(grant_type="refresh_token", client_id="tv", refresh_token=planted("oidc-refresh-one"))
    post(race, 1.7, [], ok(), then=keep(race, access="access_token", second="refresh_token"), **for_refresh)
    race.step(1.75, lambda m: bearer(race.kept["access"], "/me"), ok())
    post(race, 1.8, [], fail("oauth.refresh_reuse", "history", 400, why="the same refresh token was rotated 0.1 s before"), **for_refresh)
    post(race, 2, [], fail("oauth.refresh_reuse", "history", 400, accept=["oauth.refresh_refused"], why="the family died with the reuse before"),
         grant_type="refresh_token", client_id="tv", refresh_token=lambda m: race.kept["second"])
    race.step(2.2, lambda m: bearer(race.kept["access"], "/me"), fail("state.revoked", ["history"], why="the family's access token died with the reuse"))
    user = c.story("opaque token unknown")
    user.step(2.3, lambda m: bearer("hJ8kQ2mN5pR7tV9xB3dF6gH1jL4nP0sW8yZ2cE5aU7i", "/me"), fail("state.unknown_token", ["challenge", "body"], why="an opaque token, invalid_token"))
    none = c.story("no token")
    none.step(2.4, lambda m: ("/me", []), fail("header.missing", ["request", "body"], (400, 401), why="no access token provided"))


# The words of express-jwt that are left when the export dropped the credential.
LEFT = {
    "header.scheme_doubled": ("capture.sanitized", ("header.scheme_doubled", "header.scheme_missing", "header.scheme_wrong")),
    "token.truncated": ("token.malformed", ("token.truncated", "capture.sanitized")),
}


def capture_browser(new) -> None:
    """A page of another origin calls the API in headless Chromium, so real preflights happen."""
    c = new("browser", "shop", "a page calls an API of another origin, with real preflights; three exports of one window")
    c.recorders = ("playwright", "devtools", "devtools-full")
    asked = [ok(204, "a preflight that is answered")]
    home = c.story("the page")
    home.step(0, lambda m: ("page", []), ok(), server="page", page={"goto": True})

    def call(story, at, make, truth, preflight=True, method="GET", **page):
        story.step(at, make, truth, preflight=asked if preflight is True else preflight or [], method=method, page=page)

    def under(prefix, build):
        def make(m):
            path, headers = build(m)
            return "/api/" + prefix + path, headers
        return make

    for prefix in ("right", "plain"):
        words = ["body"] if prefix == "right" else []
        good = c.story("accepted")
        for at in (1, 1.5):
            call(good, at, under(prefix, lambda m, s=good: bearer(s.token(m))), ok())
        bare = c.story("header.missing")
        call(bare, 2, under(prefix, lambda m: ("/orders", [])), fail("header.missing", ["request", *words], why="no field, and no preflight asked for one"), preflight=None)
        for name in ("time.expired", "claim.audience", "signature.wrong_key", "header.misspelt_name",
                     *(("claim.issuer", "header.scheme_doubled", "token.truncated") if words else ())):
            cause, accept, bytes_tell, build_one = DEFECTS[name]
            by = (["request"] if bytes_tell else []) + (["history"] if name in COMPARED else [])
            if name in WORDED:
                by += words
            if name == "header.misspelt_name":
                by.append("preflight")
            s = c.story(name)
            truth = fail(cause, by, accept=accept, defect=name, with_keys=WITH_KEYS.get(name))
            truth.sanitized = LEFT.get(name) if words else None
            call(s, 2.2, under(prefix, lambda m, s=s, b=build_one: b(m, s.who)), truth)
    late = c.story("stale cache")
    call(late, 1, under("right", lambda m: bearer(late.token(m, exp=9))), ok())
    for at in (11, 11.4):
        truth = fail("time.expired_cached", ["history"], why="let in before exp, refused after it, no refresh follows")
        truth.sanitized = "time.expired", ("time.expired_cached",)
        call(late, at, under("right", lambda m: bearer(late.token(m))), truth)
    first = c.story("guard before CORS")
    consequence = fail("cors.preflight", "preflight", (), accept=["cors.origin"], cls="lookalike",
                       why="status 0 behind a refused preflight: its consequence")
    consequence.accept_class = ("expected", "ok")
    call(first, 3, under("guardfirst", lambda m: bearer(first.token(m))), consequence,
        preflight=[fail("cors.preflight", ["status", "body"], why="an OPTIONS preflight was asked for credentials")])
    foreign_page = c.story("origin not on the list")
    call(foreign_page, 3.5, under("otherorigin", lambda m: bearer(foreign_page.token(m))), fail(
        "cors.origin", ["preflight"], (), cls="lookalike", why="the preflight names another origin"),
        preflight=[ok(204, "answered, for another origin")])
    hidden = c.story("refusal without CORS fields")
    unread = fail("time.expired", ["hidden"], (), accept=["cors.origin"], why="a refusal for exp that the page may not read")
    unread.accept_class = ("lookalike",)
    call(hidden, 4, under("lateheaders", lambda m: bearer(m.token(hidden.who, iat=-9000, exp=-5400))), unread)
    cart = c.story("third-party cookie")
    call(cart, 4.5, lambda m: ("/cart/start", []), ok(), preflight=None, method="POST", credentials="include")
    call(cart, 4.7, lambda m: ("/cart/items", []), fail("session.cookie_missing", "history", why="a cookie was set before and not sent: SameSite"), preflight=None, credentials="include")
    c = new("browser-session", "shop", "signs in by a form and stays too long; three exports of the same window")
    c.recorders = ("playwright", "devtools", "devtools-full")
    jar = c.story("signs in, stays too long")
    jar.step(0, lambda m: ("/shop/login", []), ok(), page={"goto": True})
    jar.step(0.2, lambda m: ("/shop/login", [FORM], form(user="ann", password="correct horse")), [ok(303)], method="POST", page={})
    jar.step(0.5, lambda m: ("/shop/api/cart", []), ok(), page={})
    jar.step(4.5, lambda m: ("/shop/api/cart", []), fail("session.expired", ["history"], why="the same cookie was let in before; now 401"), page={})
    jar.step(4.7, lambda m: ("/shop/account", []), fail("session.expired", ["history", "flow"], 302, why="redirected to the login page after the session was let in"), page={"goto": True})


def build(full: bool = False) -> list[Capture]:
    captures = []

    def new(name, server, shows, also=()):
        captures.append(Capture(name, server, shows, also))
        return captures[-1]

    shares = share(full)
    for server in FIRST:
        table = SERVERS[server]
        also = ("pino",) if server in ("express-jwt", "jsonwebtoken-plain", "passport-jwt", "express-oauth2-jwt-bearer") else ()
        c = new(server, server, "its share of the defects among accepted requests; histories of tokens", also)
        if "time.expired" not in table.accepts:
            expiry(c, server, table.says if "time.expired" in table.said else None)
        if server != "authlib":
            tampered(c, server)
        more = globals().get("more_" + server.replace("-", "_"))
        if more:
            more(c)
        suite(c, server, shares[server])
    for name in sorted(name for name in globals() if name.startswith("capture_")):
        globals()[name](new)
    first = len(captures)
    import cases_stacks

    cases_stacks.build(new, full)
    second = len(captures)
    import cases_third

    cases_third.build(new, full)
    # Markers of one bench do not move when another grows.
    for c in captures[first:second]:
        c.bench = 2
    for c in captures[second:]:
        c.bench = 3
    for start, bench in ((0, captures[:first]), (5000, captures[first:second]), (7500, captures[second:])):
        for number, step in enumerate((step for c in bench for step in c.steps), start + 1):
            step.n = number
    return captures
