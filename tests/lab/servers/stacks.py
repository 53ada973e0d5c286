"""The servers of the second bench: PHP, Go, Ruby, Java, Rust, Perl, Node and gateways. How each is started, and what it needs.

What is compiled or unpacked lies in the lab's home (see stacks.sh): bin/, java/, php/vendor.
"""

import os
import shutil
from pathlib import Path

from servers import products

HERE = Path(__file__).resolve().parent
APACHE = Path("/usr/lib/apache2/modules")


def php(mode: str, secret: str = "hs-c.secret"):
    def command(world, name):
        world.more[name] = {"LAB_PHP": str(world.home / "php"), "LAB_MODE": mode, "LAB_SECRET": secret,
                            "PHP_CLI_SERVER_WORKERS": "4"}
        return ["php", "-d", "display_errors=0", "-S", f"127.0.0.1:{world.ports[name]}", str(HERE / "php_app.php")]
    return command


def binary(file: str):
    return lambda world, name: [str(world.home / "bin" / file), name, str(world.ports[name])]


def script(interpreter: str, file: str):
    return lambda world, name: [interpreter, str(HERE / file), name, str(world.ports[name])]


def java(world, name):
    return ["java", "-Xshare:auto", "-cp", f"{world.home}/java:{world.home}/java/*", "JavaApp", name, str(world.ports[name])]


HAPROXY = """
global
  maxconn 100
defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
frontend api
  bind 127.0.0.1:{port}
  http-request deny content-type 'text/html' string 'Missing Authorization HTTP header' unless {{ req.hdr(authorization) -m found }}
  http-request set-var(txn.alg) http_auth_bearer,jwt_header_query('$.alg')
  http-request set-var(txn.iss) http_auth_bearer,jwt_payload_query('$.iss')
  http-request set-var(txn.aud) http_auth_bearer,jwt_payload_query('$.aud')
  http-request set-var(txn.exp) http_auth_bearer,jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny content-type 'text/html' string 'Unsupported JWT signing algorithm' unless {{ var(txn.alg) -m str RS256 }}
  http-request deny content-type 'text/html' string 'Invalid JWT issuer' unless {{ var(txn.iss) -m str https://id.shop.example/ }}
  http-request deny content-type 'text/html' string 'Invalid JWT audience' unless {{ var(txn.aud) -m str https://orders.shop.example }}
  http-request deny content-type 'text/html' string 'Invalid JWT signature' unless {{ http_auth_bearer,jwt_verify(txn.alg,"{keys}/rsa-c.pub.pem") -m int 1 }}
  http-request deny content-type 'text/html' string 'JWT has expired' if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}
  http-request return status 200 content-type 'application/json' string '{{"orders":[]}}'
"""


def haproxy(world, name):
    """The rules of the vendor's own page on JWT, denials with its default status."""
    file = world.tmp / f"{name}.cfg"
    file.write_text(HAPROXY.format(port=world.ports[name], keys=world.keys))
    return ["haproxy", "-db", "-f", str(file)]


CADDY = """
{{
  admin off
  auto_https off
}}
http://127.0.0.1:{port} {{
  handle /reports {{
    basicauth {{
      ann {hash}
    }}
    respond "all is well"
  }}
  handle_path /legacy/* {{
    reverse_proxy 127.0.0.1:{behind} {{
      header_up -Authorization
    }}
  }}
  handle {{
    forward_auth 127.0.0.1:{behind} {{
      uri /me
      copy_headers Remote-User
    }}
    respond `{{"orders":[]}}`
  }}
}}
"""


def caddy(world, name):
    import subprocess

    secret = subprocess.run(["caddy", "hash-password", "--plaintext", "correct horse"], capture_output=True, text=True, check=True)
    file = world.tmp / "Caddyfile"
    file.write_text(CADDY.format(port=world.ports[name], behind=world.ports["php-jwt-behind"], hash=secret.stdout.strip()))
    world.more[name] = {"XDG_DATA_HOME": str(world.tmp / "caddy"), "XDG_CONFIG_HOME": str(world.tmp / "caddy")}
    return ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"]


HTTPD = """
ServerRoot {root}
PidFile {root}/httpd.pid
ErrorLog {root}/error.log
Listen 127.0.0.1:{port}
ServerName 127.0.0.1
User www-data
Group www-data
LoadModule mpm_prefork_module {mods}/mod_mpm_prefork.so
LoadModule authn_core_module {mods}/mod_authn_core.so
LoadModule authz_core_module {mods}/mod_authz_core.so
LoadModule authz_user_module {mods}/mod_authz_user.so
LoadModule alias_module {mods}/mod_alias.so
LoadModule env_module {mods}/mod_env.so
LoadModule rewrite_module {mods}/mod_rewrite.so
LoadModule dir_module {mods}/mod_dir.so
LoadModule mime_module {mods}/mod_mime.so
TypesConfig /etc/mime.types
StartServers 2
DocumentRoot {root}/www
<Directory {root}/www>
  Require all granted
  AllowOverride None
</Directory>
"""
# PHP as CGI: httpd keeps Authorization from it unless CGIPassAuth says otherwise.
HTTPD_PHP = """
LoadModule cgi_module {mods}/mod_cgi.so
SetEnv LAB_PHP {home}/php
SetEnv LAB_MODE hmac
SetEnv LAB_SECRET hs-c.secret
SetEnv LAB_KEYS {keys}
ScriptAlias /api/ {root}/cgi/app/
ScriptAlias /pass/ {root}/cgi-pass/app/
<Directory {root}/cgi>
  Require all granted
</Directory>
<Directory {root}/cgi-pass>
  Require all granted
  CGIPassAuth On
</Directory>
"""
HTTPD_OIDC = """
LoadModule auth_openidc_module {mods}/mod_auth_openidc.so
OIDCCryptoPassphrase lab-only
OIDCOAuthVerifyCertFiles 2026-c#{keys}/rsa-c.pub.pem
OIDCOAuthRemoteUserClaim sub
<Location />
  AuthType oauth20
  <RequireAll>
    Require claim "iss:https://id.shop.example/"
    Require claim "aud:https://orders.shop.example"
  </RequireAll>
</Location>
"""
HTTPD_OAUTH2 = """
LoadModule oauth2_module {mods}/mod_oauth2.so
<Location />
  AuthType oauth2
  OAuth2TokenVerify pubkey {keys}/rsa-c.pub.pem verify.iss=required&verify.exp=required
  Require valid-user
</Location>
"""


def httpd(more: str):
    def command(world, name):
        root = world.tmp / name
        (root / "www").mkdir(parents=True)
        for file in ("orders", "me"):
            (root / "www" / file).write_text('{"orders":[]}\n')
        for folder in ("cgi", "cgi-pass"):
            (root / folder).mkdir()
            app = root / folder / "app"
            app.write_text(f"#!/bin/sh\nexport SCRIPT_FILENAME={HERE}/php_app.php REDIRECT_STATUS=200\nexec php-cgi -d display_errors=0\n")
            os.chmod(app, 0o755)
        text = (HTTPD + more).format(root=root, port=world.ports[name], mods=APACHE, keys=world.keys, home=world.home)
        (root / "httpd.conf").write_text(text)
        return ["apache2", "-D", "FOREGROUND", "-f", str(root / "httpd.conf")]
    return command


COMMANDS = {
    "php-jwt": php("hmac"), "php-jwt-set": php("keyset"), "php-jwt-behind": php("hmac"), "php-jwt-changed": php("hmac", "live.secret"),
    "golang-jwt": binary("lab-go"), "gin-jwt": binary("lab-go"), "go-jose": binary("lab-go"),
    "ruby-jwt": script("ruby", "ruby_app.rb"), "ruby-jwt-set": script("ruby", "ruby_app.rb"),
    "crypt-jwt": script("perl", "perl_app.pl"), "jjwt": java, "java-jwt": java, "jsonwebtoken-rs": binary("lab-rust"),
    "haproxy": haproxy, "caddy": caddy, "php-cgi": httpd(HTTPD_PHP), "mod-auth-openidc": httpd(HTTPD_OIDC),
    "mod-oauth2": httpd(HTTPD_OAUTH2),
    "hono": script("node", "node_stacks.mjs"), "jose-jwe": script("node", "node_stacks.mjs"),
    "graphql": script("node", "node_stacks.mjs"), "docker-registry": products.registry, "influxdb": products.influxdb,
    "nginx-mtls": products.mtls,
    "s3rver": script("node", "node_stacks.mjs"), "hawk": script("node", "node_stacks.mjs"),
}


def lacks(name: str, home: Path, node: Path) -> str | None:
    """What is not installed here, of all that this server needs; `None` if it can run."""
    tools, files = {
        "php": (["php"], [home / "php/vendor/autoload.php"]), "golang": ([], [home / "bin/lab-go"]),
        "gin": ([], [home / "bin/lab-go"]), "go": ([], [home / "bin/lab-go"]),
        "ruby": (["ruby"], [home / "bin/has-ruby-jwt"]), "crypt": (["perl"], [home / "bin/has-crypt-jwt"]),
        "jjwt": (["java"], [home / "java/JavaApp.class"]), "java": (["java"], [home / "java/JavaApp.class"]),
        "jsonwebtoken": ([], [home / "bin/lab-rust"]), "haproxy": (["haproxy"], []),
        "caddy": (["caddy", "php"], [home / "php/vendor/autoload.php"]),
        "mod": (["apache2"], [APACHE / f"{name.replace('-', '_')}.so"]),
        "hono": (["node"], [node / "node_modules/hono"]), "jose": (["node"], [node / "node_modules/jose"]),
        "graphql": (["node"], [node / "node_modules/@apollo/server"]), "docker": (["docker-registry"], []),
        "influxdb": (["influxd"], []), "nginx": (["nginx"], []),
        "s3rver": (["node"], [node / "node_modules/s3rver"]), "hawk": (["node"], [node / "node_modules/@hapi/hawk"]),
    }[name.split("-")[0]]
    if name == "php-cgi":
        tools = ["apache2", "php-cgi"]
    for tool in tools:
        if not shutil.which(tool):
            return tool
    for file in files:
        if not file.exists():
            return file.name
    return None
