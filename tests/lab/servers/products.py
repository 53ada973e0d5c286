"""Finished products of the second bench: a container registry, a database, nginx with client certificates."""

import datetime
from pathlib import Path

REGISTRY = """
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {root}}}}}
http: {{addr: "127.0.0.1:{port}"}}
auth:
  token:
    realm: https://id.shop.example/token
    service: registry.shop.example
    issuer: https://id.shop.example/
    rootcertbundle: {keys}/rsa-c.cert.pem
"""


def registry(world, name):
    file = world.tmp / "registry.yml"
    file.write_text(REGISTRY.format(root=world.tmp / "registry", port=world.ports[name], keys=world.keys))
    return ["docker-registry", "serve", str(file)]


INFLUX = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{root}/meta"
[data]
  dir = "{root}/data"
  wal-dir = "{root}/wal"
[http]
  bind-address = "127.0.0.1:{port}"
  auth-enabled = true
  shared-secret = "{secret}"
  log-enabled = false
[monitor]
  store-enabled = false
"""


def influxdb(world, name):
    from world import free_ports

    root = world.tmp / "influx"
    secret = (world.keys / "hs-c.secret").read_text()
    file = world.tmp / "influx.conf"
    file.write_text(INFLUX.format(root=root, port=world.ports[name], rpc=free_ports(1)[0], secret=secret))
    return ["influxd", "-config", str(file)]


# Which certificate the recorder shows is chosen by the address: .1 none, .2 a good one, .3 one of another authority, .4 an expired one.
MTLS = """
daemon off; master_process off; pid {tmp}/mtls.pid; error_log {tmp}/mtls-error.log;
events {{}}
http {{
  access_log off; client_body_temp_path {tmp}/mtls-a; proxy_temp_path {tmp}/mtls-b; fastcgi_temp_path {tmp}/mtls-c;
  uwsgi_temp_path {tmp}/mtls-d; scgi_temp_path {tmp}/mtls-e;
  server {{
    listen 127.0.0.1:{port} ssl; listen 127.0.0.2:{port} ssl; listen 127.0.0.3:{port} ssl; listen 127.0.0.4:{port} ssl;
    ssl_certificate {certs}/server.pem; ssl_certificate_key {certs}/server.pem;
    ssl_client_certificate {certs}/authority.pem; ssl_verify_client on;
    location / {{ default_type application/json; return 200 '{{"orders":[]}}'; }}
  }}
}}
"""


def certificate(subject: str, key, issuer: str, signer, days: int):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    now = datetime.datetime.now(datetime.timezone.utc)
    name = lambda text: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
    made = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer)).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=90))
    made = made.not_valid_after(now + datetime.timedelta(days=days))
    return made.add_extension(x509.BasicConstraints(ca=subject == issuer, path_length=None), critical=True).sign(signer, hashes.SHA256())


def bundle(key, made) -> bytes:
    from cryptography.hazmat.primitives import serialization as s

    return key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()) + made.public_bytes(s.Encoding.PEM)


def make_certificates(keys: Path) -> None:
    """The registry trusts a certificate of the bench's RSA key; nginx trusts one authority, and not the other."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    signer = serialization.load_pem_private_key((keys / "rsa-c.key.pem").read_bytes(), None)
    made = certificate("id.shop.example", signer, "id.shop.example", signer, 365)
    (keys / "rsa-c.cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    folder = keys / "certs"
    folder.mkdir()
    right, wrong, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    (folder / "authority.pem").write_bytes(certificate("Shop Devices", right, "Shop Devices", right, 365).public_bytes(serialization.Encoding.PEM))
    for file, issuer, key, days in (("server", "Shop Devices", right, 30), ("127.0.0.2", "Shop Devices", right, 30),
                                    ("127.0.0.3", "Partner Devices", wrong, 30), ("127.0.0.4", "Shop Devices", right, -3)):
        (folder / f"{file}.pem").write_bytes(bundle(leaf, certificate("scanner-7", leaf, issuer, key, days)))


def mtls(world, name):
    file = world.tmp / "mtls.conf"
    file.write_text(MTLS.format(tmp=world.tmp, port=world.ports[name], certs=world.keys / "certs"))
    return ["nginx", "-p", str(world.tmp), "-c", str(file)]
