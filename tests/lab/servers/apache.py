"""Apache httpd: Digest with short-lived nonces, Basic, a CGI that does not get Authorization and one that does."""

import hashlib
import os
from pathlib import Path

CONF = """
ServerRoot {tmp}/apache
PidFile {tmp}/apache/httpd.pid
ErrorLog {tmp}/apache/error.log
Listen 127.0.0.1:{port}
ServerName 127.0.0.1
User www-data
Group www-data
LoadModule mpm_prefork_module {mods}/mod_mpm_prefork.so
LoadModule authn_core_module {mods}/mod_authn_core.so
LoadModule authn_file_module {mods}/mod_authn_file.so
LoadModule authz_core_module {mods}/mod_authz_core.so
LoadModule authz_user_module {mods}/mod_authz_user.so
LoadModule auth_basic_module {mods}/mod_auth_basic.so
LoadModule auth_digest_module {mods}/mod_auth_digest.so
LoadModule alias_module {mods}/mod_alias.so
LoadModule cgi_module {mods}/mod_cgi.so
LoadModule dir_module {mods}/mod_dir.so
LoadModule autoindex_module {mods}/mod_autoindex.so
StartServers 1
MinSpareServers 1
MaxSpareServers 2
DocumentRoot {tmp}/apache/www
<Directory {tmp}/apache/www>
  Options -Indexes
  Require all granted
</Directory>
<Location /digest>
  AuthType Digest
  AuthName reports
  AuthDigestProvider file
  AuthUserFile {tmp}/apache/htdigest
  AuthDigestNonceLifetime 2
  Require valid-user
</Location>
<Location /basic>
  AuthType Basic
  AuthName "Reports"
  AuthUserFile {tmp}/apache/htpasswd
  Require valid-user
</Location>
ScriptAlias /cgi-bin/ {tmp}/apache/cgi/
ScriptAlias /cgi-pass/ {tmp}/apache/cgi-pass/
<Directory {tmp}/apache/cgi>
  Require all granted
</Directory>
<Directory {tmp}/apache/cgi-pass>
  Require all granted
  CGIPassAuth On
</Directory>
"""
CGI = """#!/bin/sh
if [ -z "$HTTP_AUTHORIZATION" ]; then
  printf 'Status: 401 Unauthorized\\r\\nContent-Type: application/json\\r\\n\\r\\n{"message":"Authorization header not found"}'
else
  printf 'Content-Type: application/json\\r\\n\\r\\n{"orders":[]}'
fi
"""


def command(world, name: str) -> list[str]:
    root = world.tmp / "apache"
    for folder in ("www/digest", "www/basic", "www/static", "cgi", "cgi-pass"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for file in ("www/digest/report.txt", "www/basic/report.txt", "www/static/readme.txt"):
        (root / file).write_text("all is well\n")
    ha1 = hashlib.md5(b"ann:reports:correct horse").hexdigest()
    (root / "htdigest").write_text(f"ann:reports:{ha1}\n")
    import base64
    digest = base64.b64encode(hashlib.sha1(b"correct horse").digest()).decode()
    (root / "htpasswd").write_text(f"ann:{{SHA}}{digest}\n")
    for folder in ("cgi", "cgi-pass"):
        script = root / folder / "orders"
        script.write_text(CGI)
        os.chmod(script, 0o755)
    modules = next(p for p in (Path("/usr/lib/apache2/modules"), Path("/usr/lib64/httpd/modules")) if p.is_dir())
    (root / "httpd.conf").write_text(CONF.format(tmp=world.tmp, port=world.ports[name], mods=modules))
    return ["apache2", "-D", "FOREGROUND", "-f", str(root / "httpd.conf")]
