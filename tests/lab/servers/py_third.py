"""The Python servers of the third bench: py_third.py NAME PORT. Each as its library's own documentation shows it."""

import json
import os
import sys
from pathlib import Path

KEYS = Path(os.environ["LAB_KEYS"])
ISS, AUD = "https://id.shop.example/", "https://orders.shop.example"


def secret() -> str:
    return (KEYS / "hs-g.secret").read_text()


def public() -> str:
    return (KEYS / "rsa-g.pub.pem").read_text()


def litestar(port: int) -> None:
    import uvicorn
    from litestar import Litestar, Request, get
    from litestar.exceptions import PermissionDeniedException
    from litestar.security.jwt import JWTAuth, Token

    async def user_of(token: Token, connection) -> str:
        return token.sub

    @get(["/orders", "/me"])
    async def orders(request: Request) -> dict:
        return {"sub": request.user, "orders": []}

    @get("/admin/users")
    async def users(request: Request) -> dict:
        if not request.auth.extras.get("roles"):
            raise PermissionDeniedException("Insufficient permissions")
        return {"users": []}

    auth = JWTAuth[str](retrieve_user_handler=user_of, token_secret=secret(), accepted_audiences=[AUD], accepted_issuers=[ISS],
                        require_claims=["exp"])
    uvicorn.run(Litestar([orders, users], on_app_init=[auth.on_app_init]), port=port, log_level="error")


def aiohttp_jwt(port: int) -> None:
    from aiohttp import web
    from aiohttp_jwt import JWTMiddleware, check_permissions, match_any

    async def orders(request):
        return web.json_response({"sub": request["payload"].get("sub"), "orders": []})

    @check_permissions(["admin"], permissions_property="roles", comparison=match_any)
    async def users(request):
        return web.json_response({"users": []})

    app = web.Application(middlewares=[JWTMiddleware(secret(), algorithms=["HS256"], audience=AUD, issuer=ISS)])
    app.add_routes([web.get("/orders", orders), web.get("/me", orders), web.get("/admin/users", users)])
    web.run_app(app, host="127.0.0.1", port=port, print=None)


def falcon(port: int) -> None:
    from wsgiref.simple_server import make_server

    import falcon
    from falcon_auth2 import AuthMiddleware
    from falcon_auth2.backends import JWTAuthBackend
    from joserfc.jwk import OctKey

    class Orders:
        def on_get(self, req, resp):
            resp.media = {"sub": req.context.auth["user"].get("sub"), "orders": []}

    class Users:
        def on_get(self, req, resp):
            if not req.context.auth["user"].get("roles"):
                raise falcon.HTTPForbidden(description="The administrator role is required")
            resp.media = {"users": []}

    claims = {"iss": {"essential": True, "value": ISS}, "aud": {"essential": True, "value": AUD}, "exp": {"essential": True}}
    backend = JWTAuthBackend(lambda attributes, claims: claims, OctKey.import_key(secret()), algorithms=["HS256"], claims_options=claims)
    app = falcon.App(middleware=[AuthMiddleware(backend)])
    app.add_route("/orders", Orders())
    app.add_route("/me", Orders())
    app.add_route("/admin/users", Users())
    make_server("127.0.0.1", port, app).serve_forever()


def tornado(port: int) -> None:
    """jwcrypto behind Tornado: its own HTML page with the library's words."""
    import asyncio

    from jwcrypto import jwk, jwt
    from tornado.web import Application, HTTPError, RequestHandler

    key = jwk.JWK.from_pem(public().encode())

    class Orders(RequestHandler):
        def prepare(self):
            field = self.request.headers.get("Authorization", "")
            if not field.startswith("Bearer "):
                self.set_header("WWW-Authenticate", 'Bearer realm="orders"')
                raise HTTPError(401, reason="Not authenticated")
            try:
                got = jwt.JWT(jwt=field[7:], key=key, algs=["RS256"], check_claims={"iss": ISS, "aud": AUD, "exp": None})
            except Exception as error:  # noqa: BLE001 - the page shows what the library says
                self.problem = f"{type(error).__name__}: {error}"
                raise HTTPError(401) from error
            self.claims = json.loads(got.claims)

        def write_error(self, status_code, **kwargs):
            self.finish(f"<html><title>{status_code}: {self._reason}</title><body>{status_code}: {self._reason}"
                        f"<pre>{getattr(self, 'problem', '')}</pre></body></html>")

        def get(self):
            self.write({"sub": self.claims.get("sub"), "orders": []})

    class Users(Orders):
        def get(self):
            if not self.claims.get("roles"):
                raise HTTPError(403)
            self.write({"users": []})

    async def main():
        Application([("/orders", Orders), ("/me", Orders), ("/admin/users", Users)]).listen(port, "127.0.0.1")
        await asyncio.Event().wait()

    asyncio.run(main())


def sanic(port: int) -> None:
    from sanic import Sanic
    from sanic.response import json as answer
    from sanic_jwt import exceptions, initialize, protected, scoped

    app = Sanic("orders")

    async def authenticate(request, *args, **kwargs):
        body = request.json or {}
        if body.get("username") != "ann" or body.get("password") != "correct horse":
            raise exceptions.AuthenticationFailed("User not found or password incorrect.")
        return {"user_id": "ann"}

    async def scopes(user, *args, **kwargs):
        return []

    initialize(app, authenticate=authenticate, secret=secret(), user_id="sub", debug=True, claim_iss=ISS, claim_aud=AUD,
               add_scopes_to_payload=scopes, verify_exp=True, leeway=0)

    @app.route("/orders")
    @protected()
    async def orders(request):
        return answer({"orders": []})

    @app.route("/me", name="me")
    @protected()
    async def me(request):
        return answer({"orders": []})

    @app.route("/admin/users")
    @scoped("admin")
    async def users(request):
        return answer({"users": []})

    app.run("127.0.0.1", port, single_process=True, access_log=False, motd=False)


def django(port: int, apps: list, urls: list, **more) -> None:
    """One small Django project; `urls` is called once the settings stand."""
    from django.conf import settings

    base = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages"]
    settings.configure(SECRET_KEY="lab-only-secret-key-of-32-characters", DEBUG=False, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__,
                       INSTALLED_APPS=[*base, *apps], USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
                       DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{os.environ['LAB_TMP']}/{sys.argv[1]}.sqlite"}},
                       **{"MIDDLEWARE": ["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
                                         "django.contrib.auth.middleware.AuthenticationMiddleware"], **more})
    import django as package
    from django.core.management import call_command

    package.setup()
    call_command("migrate", verbosity=0)
    globals()["urlpatterns"] = urls()
    call_command("runserver", f"127.0.0.1:{port}", use_reloader=False, use_threading=True)


def ninja(port: int) -> None:
    def urls():
        import jwt
        from django.urls import path
        from ninja import NinjaAPI
        from ninja.errors import HttpError
        from ninja.security import HttpBearer

        class Bearer(HttpBearer):
            def authenticate(self, request, token):
                try:
                    return jwt.decode(token, secret(), algorithms=["HS256"], audience=AUD, issuer=ISS)
                except jwt.PyJWTError:
                    return None

        api = NinjaAPI(auth=Bearer(), docs_url=None)

        @api.get("/orders")
        def orders(request):
            return {"sub": request.auth.get("sub"), "orders": []}

        @api.get("/me")
        def me(request):
            return {"sub": request.auth.get("sub")}

        @api.get("/admin/users")
        def users(request):
            if not request.auth.get("roles"):
                raise HttpError(403, "Forbidden")
            return {"users": []}

        return [path("", api.urls)]
    django(port, [], urls)


def graphene(port: int) -> None:
    """django-graphql-jwt: status 200 with errors inside, the scheme is JWT."""
    def urls():
        import graphene
        from django.contrib.auth.models import User
        from django.urls import path
        from django.views.decorators.csrf import csrf_exempt
        from graphene_django.views import GraphQLView
        from graphql_jwt.decorators import login_required, superuser_required

        User.objects.create_user("ann", password="correct horse")
        User.objects.create_superuser("root", password="correct horse")
        User.objects.create_user("gone", password="correct horse", is_active=False)

        class Query(graphene.ObjectType):
            orders = graphene.List(graphene.String)
            users = graphene.List(graphene.String)

            @login_required
            def resolve_orders(self, info):
                return []

            @superuser_required
            def resolve_users(self, info):
                return []

        import graphql_jwt

        class Mutation(graphene.ObjectType):
            token_auth = graphql_jwt.ObtainJSONWebToken.Field()

        return [path("graphql", csrf_exempt(GraphQLView.as_view(schema=graphene.Schema(query=Query, mutation=Mutation))))]
    django(port, ["graphene_django"], urls,
           MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"],
           AUTHENTICATION_BACKENDS=["graphql_jwt.backends.JSONWebTokenBackend", "django.contrib.auth.backends.ModelBackend"],
           GRAPHENE={"MIDDLEWARE": ["graphql_jwt.middleware.JSONWebTokenMiddleware"]},
           GRAPHQL_JWT={"JWT_SECRET_KEY": secret(), "JWT_VERIFY_EXPIRATION": True, "JWT_AUDIENCE": AUD, "JWT_ISSUER": ISS})


def knox(port: int) -> None:
    """Opaque tokens of django-rest-knox, and the session and anti-forgery checks of Django itself."""
    def urls():
        import datetime

        from django.contrib.auth.models import User
        from django.http import HttpResponse
        from django.urls import path
        from knox.auth import TokenAuthentication
        from knox.models import AuthToken
        from knox.views import LogoutView
        from rest_framework.authentication import BasicAuthentication
        from rest_framework.permissions import IsAdminUser, IsAuthenticated
        from rest_framework.response import Response
        from rest_framework.throttling import UserRateThrottle
        from rest_framework.views import APIView

        ann = User.objects.create_user("ann", password="correct horse")
        gone = User.objects.create_user("gone", password="correct horse")
        out = {"ann": AuthToken.objects.create(ann)[1], "ann2": AuthToken.objects.create(ann)[1],
               "old": AuthToken.objects.create(ann, expiry=datetime.timedelta(seconds=-60))[1], "gone": AuthToken.objects.create(gone)[1]}
        gone.is_active = False
        gone.save()
        (KEYS / "knox.json").write_text(json.dumps(out))

        class Orders(APIView):
            authentication_classes, permission_classes = [TokenAuthentication], [IsAuthenticated]

            def get(self, request):
                return Response({"orders": []})

        class Users(Orders):
            permission_classes = [IsAuthenticated, IsAdminUser]

        class Slow(UserRateThrottle):
            rate = "2/min"

        class Search(Orders):
            throttle_classes = [Slow]

        class Reports(Orders):
            authentication_classes = [BasicAuthentication]

        class Logout(LogoutView):
            authentication_classes = [TokenAuthentication]

        def form(request):
            return HttpResponse("sent")

        return [path("orders", Orders.as_view()), path("admin/users", Users.as_view()), path("search", Search.as_view()),
                path("reports", Reports.as_view()), path("logout", Logout.as_view()), path("form", form)]
    django(port, ["rest_framework", "knox"], urls)


def unmarked(get_response):
    """The lab's marker stands in the query, which a token endpoint refuses."""
    def strip(request):
        request.META["QUERY_STRING"] = ""
        return get_response(request)
    return strip


def toolkit(port: int) -> None:
    """django-oauth-toolkit: a token endpoint and a guarded resource."""
    def urls():
        import datetime

        from django.contrib.auth.models import User
        from django.http import JsonResponse
        from django.urls import include, path
        from django.utils import timezone
        from oauth2_provider.decorators import protected_resource
        from oauth2_provider.models import AccessToken, Application, RefreshToken

        ann = User.objects.create_user("ann", password="correct horse")
        app = Application.objects.create(name="shop", client_id="shop", client_secret="shop-secret-of-the-lab", user=ann,
                                         client_type="confidential", authorization_grant_type="password")
        Application.objects.create(name="web", client_id="web", client_secret="web-secret-of-the-lab", user=ann, client_type="confidential",
                                   authorization_grant_type="authorization-code", redirect_uris="https://shop.example/cb")
        now = timezone.now()

        def made(text, seconds, scope):
            return AccessToken.objects.create(user=ann, application=app, token=text, expires=now + datetime.timedelta(seconds=seconds), scope=scope)

        made("q4ZtYb81nPw0xVJs7LmKc3RdEa5Hg9", 3600, "read write")
        made("u7RkWx25mTq8yBNf4PvLd1SjCe6Gh0", 3600, "write")
        made("k1DsVz93pLx6wQHt8MnJb4RfYa2Ce7", -60, "read")
        RefreshToken.objects.create(user=ann, application=app, token="r9TzQw47nBk2yXLs5VpHd8McFa3Ge1", access_token=None)

        @protected_resource(scopes=["read"])
        def orders(request):
            return JsonResponse({"orders": []})

        return [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")), path("orders", orders)]
    django(port, ["oauth2_provider"], urls, OAUTH2_PROVIDER={"SCOPES": {"read": "Read", "write": "Write"}, "PKCE_REQUIRED": False},
           MIDDLEWARE=["__main__.unmarked"], OAUTH2_PROVIDER_APPLICATION_MODEL="oauth2_provider.Application",
           AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.ModelBackend"])


def httpauth(port: int) -> None:
    """Flask-HTTPAuth: Basic, Digest, tokens, an API key in a field of its own."""
    from flask import Flask, g
    from flask_httpauth import HTTPBasicAuth, HTTPDigestAuth, HTTPTokenAuth

    app = Flask(__name__)
    app.secret_key = "lab-only"
    basic, digest = HTTPBasicAuth(), HTTPDigestAuth(use_ha1_pw=False)
    tokens, keys = HTTPTokenAuth(scheme="Bearer"), HTTPTokenAuth(scheme="ApiKey", header="X-API-Key")
    known = {"tk_b71Zq0WmXs8LdVn4RfYc": "ann", "tk_c92Yp1VnWt7KeUm5QgXd": "bob"}

    @basic.verify_password
    def verify(user, word):
        return user if (user, word) in (("ann", "correct horse"), ("bob", "right staple")) else None

    @basic.get_user_roles
    def roles(user):
        return ["admin"] if user == "bob" else []

    @digest.get_password
    def word(user):
        return "correct horse" if user == "ann" else None

    tokens.verify_token(known.get)
    keys.verify_token(known.get)
    app.add_url_rule("/basic", "basic", basic.login_required(lambda: "fine"))
    app.add_url_rule("/basic/admin", "admin", basic.login_required(role="admin")(lambda: "fine"))
    app.add_url_rule("/digest", "digest", digest.login_required(lambda: "fine"))
    app.add_url_rule("/token", "token", tokens.login_required(lambda: "fine"))
    app.add_url_rule("/key", "key", keys.login_required(lambda: "fine"))
    app.run("127.0.0.1", port, threaded=True)


def httpbin(port: int) -> None:
    from httpbin import app

    app.run("127.0.0.1", port, threaded=True)


APPS = {"litestar": litestar, "aiohttp-jwt": aiohttp_jwt, "falcon-auth": falcon, "tornado-jwcrypto": tornado, "sanic-jwt": sanic,
        "django-ninja": ninja, "graphql-jwt": graphene, "knox": knox, "oauth-toolkit": toolkit, "flask-httpauth": httpauth,
        "httpbin": httpbin}

if __name__ == "__main__":
    APPS[sys.argv[1]](int(sys.argv[2]))
