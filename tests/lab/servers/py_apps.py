"""The Python servers of the lab: py_apps.py NAME PORT. Each answers as its library does by default, or as its documentation shows."""

import datetime
import os
import sys
import time
from pathlib import Path

NAME, PORT = sys.argv[1], int(sys.argv[2])
KEYS = Path(os.environ["LAB_KEYS"])
ISS, AUD = "https://id.shop.example/", "https://orders.shop.example"
HS = (KEYS / "hs-a.secret").read_text()
RSA = (KEYS / "rsa-a.pub.pem").read_text()
RSA_NEW = (KEYS / "rsa-b.pub.pem").read_text()
ROTATED = KEYS / f"rotated-{NAME}"


def serve(app):
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *args):
            pass

    make_server("127.0.0.1", PORT, app, threaded=True, request_handler=Quiet).serve_forever()


def pyjwt(strict=True):
    """PyJWT in Flask, errors as the library words them; `strict=False` is the lenient neighbour."""
    import jwt
    from flask import Flask, g, jsonify, request

    app = Flask(NAME)
    revoked, dead_refresh = set(), set()

    def refuse(message, code=401):
        return jsonify(error=message), code, {"WWW-Authenticate": "Bearer"}

    @app.before_request
    def check():
        if request.path == "/oauth/token":
            return None
        header = request.headers.get("Authorization")
        if header is None:
            return refuse("Missing Authorization Header")
        if strict:
            if not header.startswith("Bearer "):
                return refuse("Bad Authorization header. Expected 'Authorization: Bearer <JWT>'")
            token = header[len("Bearer "):]
        else:
            token = header.split()[-1] if header.split() else ""
        try:
            if strict:
                g.claims = jwt.decode(token, HS, algorithms=["HS256"], audience=AUD, issuer=ISS,
                                      options={"require": ["exp", "sub"]})
            else:
                g.claims = jwt.decode(token, HS, algorithms=["HS256", "HS384", "HS512"], leeway=86400,
                                      options={"verify_aud": False, "verify_iat": False})
        except jwt.PyJWTError as error:
            return refuse(str(error))
        if token in revoked:
            return refuse("Unauthorized")
        g.token = token
        return None

    @app.get("/orders")
    @app.get("/me")
    def read():
        return jsonify(sub=g.claims.get("sub"), orders=[])

    @app.get("/admin/users")
    def admin():
        if "admin" not in g.claims.get("roles", []):
            return jsonify(error="Forbidden"), 403
        return jsonify(users=[])

    @app.post("/logout")
    def logout():
        revoked.add(g.token)
        return "", 204

    @app.post("/oauth/token")
    def token():
        """RFC 6749 section 6 with rotation; a refresh token names its subject."""
        old = request.form.get("refresh_token", "")
        if request.form.get("grant_type") != "refresh_token":
            return jsonify(error="unsupported_grant_type"), 400
        if old in dead_refresh or not old.startswith("rt."):
            return jsonify(error="invalid_grant", error_description="refresh token is expired or revoked"), 400
        dead_refresh.add(old)
        now = int(time.time())
        access = jwt.encode({"iss": ISS, "aud": AUD, "sub": old.split(".")[1], "iat": now, "exp": now + 3600,
                             "jti": os.urandom(8).hex()}, HS, "HS256")
        return jsonify(access_token=access, token_type="Bearer", expires_in=3600,
                       refresh_token=f"rt.{old.split('.')[1]}.{os.urandom(16).hex()}")

    serve(app)


def flask_jwt_extended():
    from flask import Flask, jsonify, request
    from flask_jwt_extended import (JWTManager, create_access_token, create_refresh_token, get_jwt,
                                    get_jwt_identity, jwt_required)

    app = Flask(NAME)
    app.config.update(JWT_SECRET_KEY=HS, JWT_DECODE_AUDIENCE=AUD, JWT_DECODE_ISSUER=ISS, JWT_ENCODE_ISSUER=ISS,
                      JWT_ENCODE_AUDIENCE=AUD, JWT_ACCESS_TOKEN_EXPIRES=datetime.timedelta(seconds=3))
    manager = JWTManager(app)
    denied = set()

    @manager.token_in_blocklist_loader
    def blocked(_header, payload):
        return payload["jti"] in denied

    @manager.user_lookup_loader
    def lookup(_header, payload):
        return None if payload["sub"].startswith("gone") else payload["sub"]

    @app.get("/orders")
    @app.get("/me")
    @jwt_required()
    def read():
        return jsonify(sub=get_jwt_identity())

    @app.get("/account/password")
    @jwt_required(fresh=True)
    def fresh():
        return jsonify(ok=True)

    @app.post("/logout")
    @jwt_required()
    def logout():
        denied.add(get_jwt()["jti"])
        return jsonify(msg="Access token revoked")

    @app.post("/login")
    def login():
        if request.json.get("password") != "correct horse":
            return jsonify(msg="Bad username or password"), 401
        who = request.json["username"]
        return jsonify(access_token=create_access_token(who, fresh=True), refresh_token=create_refresh_token(who))

    @app.post("/refresh")
    @jwt_required(refresh=True)
    def refresh():
        return jsonify(access_token=create_access_token(get_jwt_identity()))

    @app.post("/logout/refresh")
    @jwt_required(refresh=True)
    def logout_refresh():
        denied.add(get_jwt()["jti"])
        return jsonify(msg="Refresh token revoked")

    serve(app)


def simplejwt():
    import django
    from django.conf import settings

    folder = Path(os.environ["LAB_TMP"])
    settings.configure(
        DEBUG=False, SECRET_KEY=HS, ROOT_URLCONF="__main__", ALLOWED_HOSTS=["*"], USE_TZ=True,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework",
                        "rest_framework_simplejwt", "rest_framework_simplejwt.token_blacklist"],
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "simplejwt.db"}},
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", LOGGING_CONFIG=None,
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
            "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
            "DEFAULT_THROTTLE_RATES": {"search": "2/minute"},
        },
        SIMPLE_JWT={"SIGNING_KEY": HS, "AUDIENCE": AUD, "ISSUER": ISS, "ROTATE_REFRESH_TOKENS": True,
                    "BLACKLIST_AFTER_ROTATION": True,
                    "ACCESS_TOKEN_LIFETIME": datetime.timedelta(seconds=3)},
    )
    django.setup()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from django.http import JsonResponse
    from django.urls import path
    from rest_framework.permissions import IsAdminUser
    from rest_framework.response import Response
    from rest_framework.throttling import ScopedRateThrottle
    from rest_framework.views import APIView
    from rest_framework_simplejwt.views import TokenBlacklistView, TokenObtainPairView, TokenRefreshView

    call_command("migrate", verbosity=0)
    users = get_user_model().objects
    for number in range(1, 161):
        users.create_user(id=number, username=f"user{number}", password="correct horse",
                          is_active=number != 13, is_staff=number == 1)

    class Read(APIView):
        def get(self, request):
            return Response({"id": request.user.id})

    class Admin(Read):
        permission_classes = [IsAdminUser]

    class Search(Read):
        throttle_classes = [ScopedRateThrottle]
        throttle_scope = "search"

    def form(request):
        return JsonResponse({"saved": True})

    global urlpatterns
    urlpatterns = [
        path("orders", Read.as_view()), path("me", Read.as_view()), path("admin/users", Admin.as_view()),
        path("search", Search.as_view()), path("profile", form),
        path("api/token/", TokenObtainPairView.as_view()), path("api/token/refresh/", TokenRefreshView.as_view()),
        path("api/token/blacklist/", TokenBlacklistView.as_view()),
    ]
    serve(get_wsgi_application())


def fastapi():
    """The security tutorial of FastAPI: one answer for every defect of a token."""
    import jwt
    import uvicorn
    from fastapi import Depends, FastAPI, HTTPException, Security, status
    from fastapi.security import (APIKeyHeader, HTTPBasic, HTTPBasicCredentials, HTTPBearer, OAuth2PasswordBearer,
                                  SecurityScopes)

    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token", scopes={"orders:read": "", "orders:write": ""})
    basic, bearer, apikey = HTTPBasic(), HTTPBearer(), APIKeyHeader(name="X-API-Key")

    def claims(scopes: SecurityScopes, token: str = Depends(oauth2)):
        challenge = f'Bearer scope="{scopes.scope_str}"' if scopes.scopes else "Bearer"
        try:
            payload = jwt.decode(token, HS, algorithms=["HS256"], audience=AUD, issuer=ISS)
        except jwt.InvalidTokenError:
            raise HTTPException(status_code=status.HTTP_401_UNAUTHORIZED, detail="Could not validate credentials",
                                headers={"WWW-Authenticate": challenge})
        for scope in scopes.scopes:
            if scope not in payload.get("scope", "").split():
                raise HTTPException(status_code=status.HTTP_401_UNAUTHORIZED, detail="Not enough permissions",
                                    headers={"WWW-Authenticate": challenge})
        return payload

    @app.get("/orders")
    @app.get("/me")
    def read(payload=Security(claims)):
        return {"sub": payload.get("sub")}

    @app.post("/orders")
    def write(payload=Security(claims, scopes=["orders:write"])):
        return {"id": 1}

    @app.get("/reports")
    def reports(credentials: HTTPBasicCredentials = Depends(basic)):
        if credentials.username != "ann" or credentials.password != "correct horse":
            raise HTTPException(status_code=401, detail="Incorrect username or password",
                                headers={"WWW-Authenticate": "Basic"})
        return {"reports": []}

    @app.get("/items")
    def items(key: str = Depends(apikey)):
        if key != "lab-api-key-7f3a9c51e2b84d06":
            raise HTTPException(status_code=403, detail="Invalid API Key")
        return {"items": []}

    @app.get("/profile")
    def profile(credentials=Depends(bearer)):
        return {"scheme": credentials.scheme}

    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="error")


def authlib():
    """Authlib's resource protector (RFC 9068) and its authorization server with rotation."""
    from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
    from authlib.oauth2.rfc6749 import grants
    from authlib.oauth2.rfc6749.models import ClientMixin, TokenMixin
    from authlib.oauth2.rfc7636 import CodeChallenge
    from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
    from flask import Flask, jsonify
    from joserfc.jwk import KeySet, RSAKey

    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    app = Flask(NAME)

    class Validator(JWTBearerTokenValidator):
        def get_jwks(self):
            return KeySet([RSAKey.import_key(RSA, {"kid": "2026-a"})])

    protect = ResourceProtector()
    protect.register_token_validator(Validator(issuer=ISS, resource_server=AUD))

    @app.get("/orders")
    @app.get("/me")
    @protect()
    def read():
        return jsonify(sub=current_token["sub"])

    @app.post("/orders")
    @protect("orders:write")
    def write():
        return jsonify(id=1)

    class Client(ClientMixin):
        def __init__(self, client_id, secret, grant_types, method="client_secret_basic"):
            self.client_id, self.secret, self.grant_types, self.method = client_id, secret, grant_types, method

        def get_client_id(self):
            return self.client_id

        def get_default_redirect_uri(self):
            return "https://shop.example/cb"

        def get_allowed_scope(self, scope):
            return " ".join(s for s in (scope or "").split() if s in ("orders:read", "orders:write"))

        def check_redirect_uri(self, uri):
            return uri == "https://shop.example/cb"

        def check_client_secret(self, secret):
            return secret == self.secret

        def check_endpoint_auth_method(self, method, endpoint):
            return method == self.method

        def check_response_type(self, response_type):
            return response_type == "code"

        def check_grant_type(self, grant_type):
            return grant_type in self.grant_types

    class Token(TokenMixin):
        def __init__(self, client_id, scope, user):
            self.client_id, self.scope, self.user = client_id, scope, user

        def check_client(self, client):
            return client.client_id == self.client_id

        def get_scope(self):
            return self.scope

        def get_expires_in(self):
            return 3600

        def is_expired(self):
            return False

        def is_revoked(self):
            return False

        def get_user(self):
            return self.user

        def get_client(self):
            return clients[self.client_id]

    clients = {
        "web": Client("web", "web-test-secret", ["password", "refresh_token", "authorization_code"]),
        "batch": Client("batch", "batch-test-secret", ["client_credentials"]),
    }
    live = {}

    def save_token(token, req):
        if token.get("refresh_token"):
            live[token["refresh_token"]] = Token(req.client.client_id, token.get("scope", ""), req.user)

    class Code:
        def __init__(self, challenge):
            self.code_challenge, self.code_challenge_method = challenge, "S256"
            self.redirect_uri, self.scope = "https://shop.example/cb", "orders:read"

        def get_redirect_uri(self):
            return self.redirect_uri

        def get_scope(self):
            return self.scope

    codes = {"code-one": Code("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
             "code-two": Code("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
             "code-three": Code("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")}

    class AuthorizationCode(grants.AuthorizationCodeGrant):
        def save_authorization_code(self, code, request):
            raise NotImplementedError

        def query_authorization_code(self, code, client):
            return codes.get(code)

        def delete_authorization_code(self, code):
            codes.pop(self.request.payload.data["code"], None)

        def authenticate_user(self, code):
            return "ann"

    class Password(grants.ResourceOwnerPasswordCredentialsGrant):
        def authenticate_user(self, username, password):
            return username if password == "correct horse" else None

    class Refresh(grants.RefreshTokenGrant):
        INCLUDE_NEW_REFRESH_TOKEN = True

        def authenticate_refresh_token(self, token):
            return live.get(token)

        def authenticate_user(self, token):
            return token.user

        def revoke_old_credential(self, token):
            for key in [k for k, v in live.items() if v is token]:
                del live[key]

    app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
    app.config["OAUTH2_SCOPES_SUPPORTED"] = ["orders:read", "orders:write"]
    server = AuthorizationServer(app, query_client=clients.get, save_token=save_token)
    server.scopes_supported = ["orders:read", "orders:write"]
    server.register_grant(AuthorizationCode, [CodeChallenge(required=True)])
    server.register_grant(Password)
    server.register_grant(Refresh)
    server.register_grant(grants.ClientCredentialsGrant)

    @app.post("/oauth/token")
    def token():
        return server.create_token_response()

    serve(app)


def python_jose():
    """python-jose behind bare WSGI; the key can be rotated while the server runs."""
    import json

    from jose import JWTError, jwt

    def app(environ, start):
        def answer(status, body, *extra):
            start(status, [("Content-Type", "application/json"), *extra])
            return [json.dumps(body).encode()]

        challenge = ("WWW-Authenticate", 'Bearer realm="orders"')
        header = environ.get("HTTP_AUTHORIZATION", "")
        scheme, _, token = header.partition(" ")
        if not header:
            return answer("401 Unauthorized", {"message": "Authorization header is expected"}, challenge)
        if scheme.lower() != "bearer":
            return answer("401 Unauthorized", {"message": "Authorization header must start with Bearer"}, challenge)
        try:
            payload = jwt.decode(token, RSA_NEW if ROTATED.exists() else RSA, algorithms=["RS256"],
                                 audience=AUD, issuer=ISS)
        except JWTError as error:
            return answer("401 Unauthorized", {"message": str(error)}, challenge)
        return answer("200 OK", {"sub": payload.get("sub")})

    serve(app)


APPS = {
    "pyjwt": pyjwt, "pyjwt-fast": pyjwt, "pyjwt-slow": pyjwt, "pyjwt-lenient": lambda: pyjwt(False), "flask-jwt-extended": flask_jwt_extended,
    "simplejwt": simplejwt, "fastapi": fastapi, "authlib": authlib, "python-jose": python_jose,
    "python-jose-rotating": python_jose,
}
APPS[NAME]()
