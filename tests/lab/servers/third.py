"""The servers of the third bench: how each is started, and what it needs. Libraries lie in venv3, node3 and bin of the lab's home
(see stacks.sh); products come from the system's packages."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PASSWORDS = {"ann": "correct horse", "bob": "right staple"}


def python(world, name):
    return [str(world.home / "venv3/bin/python"), str(HERE / "py_third.py"), name, str(world.ports[name])]


def node(world, name):
    world.more[name] = {"LAB_NODE3": str(world.home / "node3")}
    return ["node", str(HERE / "node_third.mjs"), name, str(world.ports[name])]


def binary(file: str):
    return lambda world, name: [str(world.home / "bin" / file), name, str(world.ports[name])]


def script(interpreter: str, file: str):
    return lambda world, name: [interpreter, str(HERE / file), name, str(world.ports[name])]


def tool(name: str, *arguments: str):
    """A program of venv3; {port}, {tmp} and {name} stand in its arguments."""
    def command(world, server):
        told = {"port": world.ports[server], "tmp": world.tmp, "name": server}
        return [str(world.home / "venv3/bin" / name), *(argument.format(**told) for argument in arguments)]
    return command


def htpasswd(world) -> Path:
    """Salted hashes as every htpasswd reader takes them; bcrypt where the reader wants it."""
    file = world.tmp / "third.htpasswd"
    lines = []
    for user, word in PASSWORDS.items():
        made = subprocess.run(["htpasswd", "-nbB", user, word], capture_output=True, text=True, check=True)
        lines.append(made.stdout.strip())
    file.write_text("\n".join(lines) + "\n")
    return file


def apr(world) -> Path:
    file = world.tmp / "third-apr.htpasswd"
    file.write_text("".join(subprocess.run(["htpasswd", "-nbm", user, word], capture_output=True, text=True, check=True).stdout.strip() + "\n"
                            for user, word in PASSWORDS.items()))
    return file


def pypiserver(world, name):
    (world.tmp / "packages").mkdir()
    return [str(world.home / "venv3/bin/pypi-server"), "run", "-i", "127.0.0.1", "-p", str(world.ports[name]), "-P", str(apr(world)), "-a",
            "update,download,list", str(world.tmp / "packages")]


def radicale(world, name):
    file = world.tmp / "radicale.ini"
    file.write_text(f"[server]\nhosts=127.0.0.1:{world.ports[name]}\n[auth]\ntype=htpasswd\nhtpasswd_filename={apr(world)}\n"
                    f"htpasswd_encryption=md5\ndelay=0\n[storage]\nfilesystem_folder={world.tmp}/radicale\n[logging]\nlevel=critical\n")
    return [str(world.home / "venv3/bin/python"), "-m", "radicale", "--config", str(file)]


def kinto(world, name):
    file = world.tmp / "kinto.ini"
    file.write_text(f"""[app:main]
use = egg:kinto
kinto.storage_backend = kinto.core.storage.memory
kinto.permission_backend = kinto.core.permission.memory
kinto.cache_backend = kinto.core.cache.memory
kinto.userid_hmac_secret = lab-only
kinto.includes = kinto.plugins.accounts
multiauth.policies = account
multiauth.policy.account.use = kinto.plugins.accounts.authentication.AccountsAuthenticationPolicy
kinto.account_create_principals = system.Everyone
[server:main]
use = egg:waitress#main
host = 127.0.0.1
port = {world.ports[name]}
""")
    return [str(world.home / "venv3/bin/kinto"), "start", "--ini", str(file)]


def wsgidav(world, name):
    (world.tmp / "dav").mkdir()
    (world.tmp / "dav/orders").write_text("orders\n")
    file = world.tmp / "wsgidav.yaml"
    users = ", ".join(f"{user}: {{password: '{word}'}}" for user, word in PASSWORDS.items())
    file.write_text(f"""host: 127.0.0.1
port: {world.ports[name]}
provider_mapping: {{'/': '{world.tmp}/dav'}}
simple_dc: {{user_mapping: {{'*': {{{users}}}}}}}
http_authenticator: {{accept_basic: true, accept_digest: true, default_to_digest: true}}
verbose: 0
""")
    return [str(world.home / "venv3/bin/wsgidav"), "--config", str(file), "--server", "cheroot"]


LIGHTTPD = """
server.document-root = "{root}"
server.port = {port}
server.bind = "127.0.0.1"
server.modules = ("mod_auth", "mod_authn_file", "mod_access")
mimetype.assign = (".txt" => "text/plain")
auth.backend = "plain"
auth.backend.plain.userfile = "{tmp}/third.plain"
auth.require = (
  "/basic" => ("method" => "basic", "realm" => "reports", "require" => "valid-user"),
  "/digest" => ("method" => "digest", "realm" => "reports", "require" => "valid-user"),
  "/admin" => ("method" => "basic", "realm" => "reports", "require" => "user=bob"))
url.access-deny = (".key")
"""


def plain(world) -> Path:
    file = world.tmp / "third.plain"
    file.write_text("".join(f"{user}:{word}\n" for user, word in PASSWORDS.items()))
    return file


def lighttpd(world, name):
    plain(world)
    root = world.tmp / "lighttpd"
    for folder in ("basic", "digest", "admin", "open"):
        (root / folder).mkdir(parents=True)
        (root / folder / "report.txt").write_text("fine\n")
    (root / "open/server.key").write_text("no\n")
    file = world.tmp / "lighttpd.conf"
    file.write_text(LIGHTTPD.format(root=root, port=world.ports[name], tmp=world.tmp))
    return ["lighttpd", "-D", "-f", str(file)]


def prometheus(world, name):
    (world.tmp / "prometheus.yml").write_text("global: {}\n")
    hashes = dict(line.split(":", 1) for line in htpasswd(world).read_text().split())
    users = "".join(f"  {user}: {made.replace('$2y$', '$2b$')}\n" for user, made in hashes.items())
    (world.tmp / "web.yml").write_text("basic_auth_users:\n" + users)
    return ["prometheus", f"--config.file={world.tmp}/prometheus.yml", f"--web.config.file={world.tmp}/web.yml", "--log.level=error",
            f"--storage.tsdb.path={world.tmp}/tsdb", f"--web.listen-address=127.0.0.1:{world.ports[name]}"]


def etcd(world, name):
    from world import free_ports

    here, peer = f"http://127.0.0.1:{world.ports[name]}", f"http://127.0.0.1:{free_ports(1)[0]}"
    return ["etcd", "--data-dir", str(world.tmp / "etcd"), "--listen-client-urls", here, "--advertise-client-urls", here, "--listen-peer-urls",
            peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}", "--log-level", "fatal", "--auth-token-ttl", "6"]


TOMCAT = """<Server port="-1"><Service name="Catalina">
<Connector port="{port}" address="127.0.0.1"/>
<Engine name="Catalina" defaultHost="localhost">
<Realm className="org.apache.catalina.realm.LockOutRealm" failureCount="3" lockOutTime="300">
<Realm className="org.apache.catalina.realm.MemoryRealm" pathname="{root}/users.xml"/></Realm>
<Host name="localhost" appBase="{root}/webapps" autoDeploy="false"/></Engine></Service></Server>
"""
WEB = """<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">
<security-constraint><web-resource-collection><web-resource-name>a</web-resource-name><url-pattern>/*</url-pattern></web-resource-collection>
<auth-constraint><role-name>staff</role-name></auth-constraint></security-constraint>
<security-constraint><web-resource-collection><web-resource-name>b</web-resource-name><url-pattern>/admin/*</url-pattern></web-resource-collection>
<auth-constraint><role-name>boss</role-name></auth-constraint></security-constraint>
<login-config><auth-method>{method}</auth-method><realm-name>orders</realm-name></login-config>
<security-role><role-name>staff</role-name></security-role><security-role><role-name>boss</role-name></security-role></web-app>
"""


def tomcat(world, name):
    root = world.tmp / "tomcat"
    for folder in ("conf", "logs", "temp", "work", "webapps"):
        (root / folder).mkdir(parents=True)
    for method in ("basic", "digest"):
        app = root / "webapps" / method
        (app / "WEB-INF").mkdir(parents=True)
        (app / "admin").mkdir()
        (app / "WEB-INF/web.xml").write_text(WEB.format(method=method.upper()))
        for page in ("report.txt", "admin/report.txt"):
            (app / page).write_text("fine\n")
    (root / "users.xml").write_text('<tomcat-users><user username="ann" password="correct horse" roles="staff"/>'
                                    '<user username="bob" password="right staple" roles="staff,boss"/></tomcat-users>')
    (root / "conf/server.xml").write_text(TOMCAT.format(port=world.ports[name], root=root))
    shutil.copyfile("/etc/tomcat10/web.xml", root / "conf/web.xml")
    world.more[name] = {"CATALINA_BASE": str(root), "CATALINA_HOME": "/usr/share/tomcat10", "CATALINA_OPTS": "-Xmx128m"}
    return ["/usr/share/tomcat10/bin/catalina.sh", "run"]


def rabbitmq(world, name):
    """The management API of a broker; all of its state lies in the run's folder."""
    from world import free_ports

    root = world.tmp / "rabbit"
    root.mkdir()
    node_port, dist = free_ports(2)
    (root / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{node_port}\nmanagement.tcp.port = {world.ports[name]}\n"
                                        "management.tcp.ip = 127.0.0.1\ndefault_user = ann\ndefault_pass = correct horse\n"
                                        "default_user_tags.management = true\n")
    (root / "plugins").write_text("[rabbitmq_management].\n")
    world.more[name] = {"RABBITMQ_NODENAME": f"lab{node_port}@localhost", "RABBITMQ_MNESIA_BASE": str(root / "db"), "RABBITMQ_LOG_BASE": str(root),
                        "RABBITMQ_CONFIG_FILE": str(root / "rabbitmq.conf"), "RABBITMQ_ENABLED_PLUGINS_FILE": str(root / "plugins"),
                        "RABBITMQ_DIST_PORT": str(dist), "RABBITMQ_PID_FILE": str(root / "pid"), "HOME": str(root), "ERL_EPMD_PORT": str(free_ports(1)[0])}
    return ["/usr/lib/rabbitmq/bin/rabbitmq-server"]


def azurite(world, name):
    return ["node", str(world.home / "node3/node_modules/azurite/dist/src/blob/main.js"), "--blobHost", "127.0.0.1", "--blobPort",
            str(world.ports[name]), "--silent", "--skipApiVersionCheck", "--inMemoryPersistence"]


def jupyter(world, name):
    return [str(world.home / "venv3/bin/jupyter"), "server", "--allow-root", "--no-browser", "--ip=127.0.0.1", f"--port={world.ports[name]}",
            "--ServerApp.port_retries=0", "--IdentityProvider.token=4f2c9a7be1d8036a5c7e9f10b2d3a4c5", f"--ServerApp.root_dir={world.tmp}",
            "--log-level=CRITICAL", f"--ServerApp.config_file={world.tmp}/none.py"]


COMMANDS = {
    **{name: python for name in ("litestar", "aiohttp-jwt", "falcon-auth", "tornado-jwcrypto", "sanic-jwt", "django-ninja", "graphql-jwt", "knox",
                                 "oauth-toolkit", "flask-httpauth", "httpbin")},
    **{name: node for name in ("hapi-jwt", "feathers", "restify-jwt", "yoga-jwt", "nestjs", "trpc", "elysia", "fastify-keys", "oauth-server",
                               "better-auth")},
    "echo-jwt": binary("lab-go3"), "jose2go": binary("lab-go3"), "axum": binary("lab-rust3"), "actix": binary("lab-rust3"),
    "json-jwt": script("ruby", "ruby_third.rb"), "grape": script("ruby", "ruby_third.rb"), "mojo-jwt": script("perl", "perl_third.pl"),
    "pypiserver": pypiserver, "radicale": radicale, "kinto": kinto, "wsgidav": wsgidav, "lighttpd": lighttpd,
    "prometheus": prometheus, "etcd": etcd, "tomcat": tomcat, "rabbitmq": rabbitmq, "azurite": azurite, "jupyter": jupyter,
}
PROGRAMS = {"lighttpd": "lighttpd", "prometheus": "prometheus", "etcd": "etcd", "rabbitmq": "rabbitmq-server",
            "json-jwt": "ruby", "grape": "ruby", "mojo-jwt": "perl"}
BINARIES = {"echo-jwt": "lab-go3", "jose2go": "lab-go3", "axum": "lab-rust3", "actix": "lab-rust3"}


def lacks(name: str, home: Path) -> str | None:
    """What is not installed here, of all that this server needs; `None` if it can run."""
    if name in PROGRAMS:
        return None if shutil.which(PROGRAMS[name]) else PROGRAMS[name]
    if name in BINARIES:
        return None if (home / "bin" / BINARIES[name]).exists() else BINARIES[name]
    if name == "tomcat":
        return None if Path("/usr/share/tomcat10/bin/catalina.sh").exists() else "tomcat10"
    folder = home / ("node3/node_modules" if COMMANDS[name] in (node, azurite) else "venv3/bin/python")
    return None if folder.exists() else folder.name
