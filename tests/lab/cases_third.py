"""The third bench: libraries and products that no rule had met when it was first measured. As before, the truth stands before
anything runs; `accepts` and the status are what a probe of the server showed, `said` which causes its words tell apart."""

import cases
from cases import BOTH_TRUE, COMPARED, FORMAT, HMAC_ONLY, WORDED, Capture, Server, expiry, fail, ok, role, tampered
from defects import DEFECTS, EXTRA, WITH_KEYS, Profile, bearer

HS = Profile("HS256", "hs-g")
RS = Profile("RS256", "rsa-g", "2026-g")
PROFILES = {
    "litestar": HS, "aiohttp-jwt": HS, "falcon-auth": HS, "tornado-jwcrypto": RS, "sanic-jwt": HS, "django-ninja": HS, "hapi-jwt": HS,
    "feathers": HS, "restify-jwt": RS, "yoga-jwt": RS, "nestjs": HS, "trpc": RS, "elysia": HS, "echo-jwt": HS, "jose2go": RS, "axum": RS,
    "actix": HS, "json-jwt": RS, "mojo-jwt": HS,
    "knox": HS, "oauth-toolkit": HS, "flask-httpauth": HS, "httpbin": HS, "graphql-jwt": HS, "fastify-keys": HS, "oauth-server": HS,
    "better-auth": HS, "grape": HS, "pypiserver": HS, "radicale": HS, "kinto": HS, "wsgidav": HS, "lighttpd": HS, "prometheus": HS,
    "etcd": HS, "tomcat": HS, "rabbitmq": HS, "azurite": HS, "jupyter": HS,
}
VERSIONS = {
    "litestar": "Litestar 2.25.0 JWTAuth (Python)", "aiohttp-jwt": "aiohttp-jwt 0.6.1 (Python)", "falcon-auth": "falcon-auth2 0.2.0, joserfc (Python)",
    "tornado-jwcrypto": "jwcrypto 1.6.1, Tornado 6.6.1 (Python)", "sanic-jwt": "sanic-jwt 1.8.0 (Python)", "django-ninja": "django-ninja 1.7.1 HttpBearer (Python)",
    "hapi-jwt": "@hapi/jwt (Node)", "feathers": "Feathers 5 authentication (Node)", "restify-jwt": "restify-jwt-community (Node)",
    "yoga-jwt": "GraphQL Yoga JWT plugin (Node)", "nestjs": "NestJS passport guard (Node)", "trpc": "tRPC 11 with jsonwebtoken (Node)",
    "elysia": "@elysiajs/jwt (Node)", "echo-jwt": "echo 4 JWT middleware (Go 1.19)", "jose2go": "jose2go (Go 1.19)",
    "axum": "jwt-simple 0.12 behind axum 0.8 (Rust)", "actix": "actix-web-httpauth 0.8 with jwt-simple (Rust)",
    "json-jwt": "json-jwt behind rack-oauth2 (Ruby 3.1)", "mojo-jwt": "Mojo::JWT 0.09 (Perl 5.36)", "knox": "django-rest-knox 5.1.0 (Python)",
    "oauth-toolkit": "django-oauth-toolkit 3.4.1 (Python)", "flask-httpauth": "Flask-HTTPAuth 4.8.1 (Python)", "httpbin": "httpbin 0.10.4 (Python)",
    "graphql-jwt": "django-graphql-jwt 0.4.0 (Python)", "fastify-keys": "@fastify/bearer-auth, @fastify/basic-auth (Node)",
    "oauth-server": "@node-oauth/express-oauth-server (Node)", "better-auth": "better-auth (Node)", "grape": "Grape 1.6.2 (Ruby 3.1)",
    "pypiserver": "pypiserver 2.4.2", "radicale": "Radicale 3.9.0", "kinto": "Kinto 26.5.0", "wsgidav": "WsgiDAV 4.4.0", "lighttpd": "lighttpd 1.4.69",
    "prometheus": "Prometheus 2.42", "etcd": "etcd 3.4.23, JSON gateway", "tomcat": "Apache Tomcat 10.1", "rabbitmq": "RabbitMQ 3.10 management",
    "azurite": "Azurite, Blob service", "jupyter": "Jupyter Server 2.21.1",
}
RS_ONLY = {"signature.alg_confusion"}
SECRETS = HMAC_ONLY | {"signature.key_encoding.base64", "signature.key_encoding.hex", "signature.key_newline.crlf"}
KID = {"signature.unknown_kid"}
SAID = WORDED | FORMAT | {"time.not_yet_valid.iat"}
ALGS = {"signature.alg_family", "signature.alg_variant", "signature.alg_none"}
OFTEN = {"token.refresh_token", "time.exp_missing", "claim.required_missing"}
FAT_431 = {"header.too_large": 431}
NONE_OF = {name: 400 for name in (
    "header.missing", "header.misspelt_name", "header.misspelt_name.british", "header.empty", "header.empty.scheme", "header.duplicate",
    "header.scheme_missing", "header.scheme_wrong.jwt", "header.scheme_wrong.token", "header.wrong_place.query", "header.wrong_place.field",
    "header.wrong_place.cookie")}
SERVERS = {
    "litestar": Server({"header.scheme_wrong.jwt", "header.scheme_wrong.token", "header.scheme_wrong.colon", "header.scheme_case", "header.too_large",
                        "token.refresh_token"}, says=None, skip=KID | RS_ONLY),
    "aiohttp-jwt": Server({"header.scheme_wrong.colon", *OFTEN}, other_status={
        "header.too_large": 400, **{name: 403 for name in (
            "header.empty", "header.empty.scheme", "header.placeholder.object", "header.whitespace.inside", "header.whitespace.double", "header.duplicate",
            "header.duplicate.comma", "header.scheme_missing", "header.scheme_doubled", "header.scheme_wrong.jwt", "header.scheme_wrong.token",
            "header.scheme_case")}}, said=SAID, skip=KID | RS_ONLY),
    "falcon-auth": Server({"header.scheme_case", "header.too_large", "token.refresh_token", "claim.required_missing"}, said=SAID, skip=KID | RS_ONLY),
    "tornado-jwcrypto": Server({"header.whitespace.nbsp", "header.too_large", "token.encoding", "token.refresh_token", "time.not_yet_valid",
                                "time.unit_milliseconds", "time.not_yet_valid.iat", "claim.required_missing"}, said=SAID, skip=SECRETS),
    # What the library does not catch becomes a bare 500: nothing there speaks of auth.
    "sanic-jwt": Server(OFTEN, other_status={"header.too_large": 413, "claim.audience.absent": 500, **dict.fromkeys(ALGS, 500)}, said=SAID,
                        skip=KID | RS_ONLY),
    "django-ninja": Server({"header.scheme_case", "header.too_large", *OFTEN}, says=None, skip=KID | RS_ONLY),
    "hapi-jwt": Server({"header.whitespace.double", "header.scheme_case", "time.not_yet_valid.iat", *OFTEN}, other_status={"header.too_large": 400},
                       said=SAID - ALGS, skip=KID | RS_ONLY),
    "feathers": Server({"header.whitespace.double", "header.scheme_missing", "header.scheme_wrong.jwt", "header.scheme_wrong.colon", "header.scheme_case",
                        "time.not_yet_valid.iat", *OFTEN}, other_status=FAT_431, said=SAID, skip=KID | RS_ONLY),
    "restify-jwt": Server({"header.scheme_wrong.jwt", "header.scheme_case", "time.not_yet_valid.iat", *OFTEN}, other_status=FAT_431, said=SAID, skip=SECRETS),
    "yoga-jwt": Server({"time.not_yet_valid.iat", *OFTEN}, other_status={**FAT_431, **{name: 400 for name in (
        "header.empty", "header.duplicate", "header.scheme_missing", "header.scheme_wrong.jwt", "header.scheme_wrong.token", "header.scheme_wrong.colon",
        "header.scheme_case", "header.empty.scheme", "header.whitespace.double", "header.placeholder.undefined", "header.placeholder.null",
        "header.placeholder.object", "header.placeholder.template", "header.whitespace.newline", "header.whitespace.nbsp", "header.whitespace.inside",
        "header.quoted", "header.quoted.angle", "header.duplicate.comma", "header.scheme_doubled", "token.truncated", "token.encoding", "token.malformed",
        "token.not_jwt", "header.whitespace.tail", "header.placeholder.shell")}}, says=None, skip=SECRETS),
    "nestjs": Server({"header.whitespace.double", "header.scheme_case", "time.not_yet_valid.iat", *OFTEN}, other_status=FAT_431, says=None, skip=KID | RS_ONLY),
    "trpc": Server({"time.not_yet_valid.iat", *OFTEN}, other_status=FAT_431, said=SAID - FORMAT, skip=SECRETS),
    "elysia": Server({"signature.alg_variant", "time.not_yet_valid.iat", *OFTEN}, other_status=FAT_431, says=None, skip=KID | RS_ONLY),
    "echo-jwt": Server({"header.too_large", "token.id_token", "time.wrong_type", "claim.issuer", "claim.issuer_slash", "claim.audience",
                        "claim.audience.absent", *OFTEN}, other_status={**NONE_OF, "header.scheme_case": 400}, says=None, skip=KID | RS_ONLY),
    "jose2go": Server({"header.too_large", "token.encoding", "token.refresh_token", "time.not_yet_valid", "time.unit_milliseconds",
                       "claim.required_missing", "time.not_yet_valid.iat"},
                      said=SAID - {"signature.alg_family", "time.wrong_type", "signature.alg_none"} - FORMAT, skip=SECRETS),
    "axum": Server({"header.whitespace.double", "header.scheme_case", "header.too_large", *OFTEN}, other_status={
        **NONE_OF, "header.whitespace.nbsp": 400, "header.scheme_wrong.colon": 400}, said=SAID, skip=SECRETS),
    "actix": Server({"header.too_large", *OFTEN}, says=None, skip=KID | RS_ONLY),
    "json-jwt": Server({"header.whitespace.double", "header.scheme_case", "header.wrong_place.query", "header.too_large", "token.refresh_token",
                        "time.not_yet_valid", "time.unit_milliseconds", "claim.required_missing", "time.not_yet_valid.iat"},
                       said=SAID - {"time.exp_missing", "time.wrong_type"}, skip=SECRETS),
    "mojo-jwt": Server({"signature.alg_variant", "time.not_yet_valid.iat", *OFTEN}, said=SAID - {"time.wrong_type", "signature.alg_family"} - FORMAT,
                       skip=KID | RS_ONLY),
}
FIXED_KEY = {name for name, profile in PROFILES.items() if profile is RS}
# Issuer and audience are not looked at there: of a token of another environment only the key was wrong for the server.
ANY_CLAIMS = {"echo-jwt"}
# Their guard asks for a scope, and says so.
BY_SCOPE = {"hapi-jwt", "json-jwt"}
cases.SERVERS.update(SERVERS)
cases.PROFILES.update(PROFILES)
cases.VERSIONS.update(VERSIONS)


def with_keys(name: str, server: str) -> str | None:
    """What a reader with samples/keys can say of a token that the verifier's key does not open."""
    if name == "signature.tampered":
        return "signature.tampered" if PROFILES[server].alg == "RS256" else "signature.invalid"
    if name == "signature.unknown_kid":
        return "signature.wrong_key"
    return {
        "signature.alg_family": "signature.alg_family", "signature.alg_confusion": "signature.alg_family",
        "signature.alg_variant": "signature.alg_variant",
    }.get(name) or WITH_KEYS.get(name)


def stored(name: str, server: str) -> bool:
    """The samples hold one defect in five of each server, never the same five; a full run holds all."""
    place = [*DEFECTS, *EXTRA].index(name) + 2 * list(SERVERS).index(server)
    return place % 5 == 0 and name != "header.too_large"


def truth_of(name: str, server: str):
    table = SERVERS[server]
    cause, accept, bytes_tell, _ = {**DEFECTS, **EXTRA}[name]
    if name in table.accepts:
        return ok(why="this server accepts the defect", defect=name)
    status = table.other_status.get(name, table.status)
    by = ["request"] if bytes_tell or name == "header.too_large" else []
    if name in COMPARED or name == "signature.alg_confusion":
        by.append("history")
    if table.says and name in table.said:
        by.append(table.says)
    if status == 500:
        by = []
    if name == "signature.unknown_kid":
        cause, accept = "signature.invalid", ["signature.unknown_kid", "signature.wrong_key"]
        by = [table.says] if table.says and name in table.said else []
    if name == "claim.environment" and server in ANY_CLAIMS:
        accept = ["signature.invalid", "signature.wrong_key"]
    truth = fail(cause, by, status, accept, defect=name, with_keys=with_keys(name, server))
    if name == "signature.unknown_kid":
        truth.accept_with_keys = BOTH_TRUE
    return truth


def at_path(server: str, made):
    """GraphQL has one address."""
    path, headers = made
    if server != "yoga-jwt":
        return path, headers
    query = path.partition("?")[2]
    return "/graphql?query=%7Borders%7D" + ("&" + query if query else ""), headers


def suite(c: Capture, server: str, full: bool) -> None:
    """Each defect by a client of its own; every fifth client is first let in with a good token."""
    for name, (_, _, _, build) in {**DEFECTS, **EXTRA}.items():
        if name in SERVERS[server].skip or not (full or stored(name, server)):
            continue
        story = c.story(name)
        if c.serial % 5 == 0:
            story.step(4, lambda m, s=story: at_path(server, bearer(m.token(s.who), "/me")), ok())
        story.step(4, lambda m, s=story, b=build: at_path(server, b(m, s.who)), truth_of(name, server))


def build(new, full: bool) -> None:
    import stories_third

    for server, table in SERVERS.items():
        c = new(server, server, "defects among accepted requests; histories of tokens")
        if server != "yoga-jwt":
            if "time.expired" not in table.accepts:
                expiry(c, server, table.says if "time.expired" in table.said else None)
            tampered(c, server)
        if server not in ("aiohttp-jwt", "sanic-jwt", "yoga-jwt", "echo-jwt", "mojo-jwt"):
            role(c, "/admin/users", 403)
            if server in BY_SCOPE:
                for step in c.steps[-3:]:
                    if step.truth[0].cause == "authz.role":
                        step.truth[0].cause = step.truth[0].defect = "authz.scope"
        suite(c, server, full)
    for make in stories_third.STORIES:
        make(new)
