"""nginx in front of an express-jwt instance: auth_basic, auth_request, a location that drops Authorization, limit_req, deny."""

CONF = """
daemon off; master_process off; pid {tmp}/nginx.pid; error_log {tmp}/nginx-error.log;
events {{}}
http {{
  access_log off; server_tokens on;
  client_body_temp_path {tmp}/nginx-a; proxy_temp_path {tmp}/nginx-b; fastcgi_temp_path {tmp}/nginx-c;
  uwsgi_temp_path {tmp}/nginx-d; scgi_temp_path {tmp}/nginx-e;
  limit_req_zone $binary_remote_addr zone=search:1m rate=1r/m;
  upstream pool {{ server 127.0.0.1:{behind}; server 127.0.0.1:{stale}; }}
  server {{
    listen 127.0.0.1:{port};
    # `return` runs before access checks, so guarded pages fall through to a named location.
    location = /reports {{ auth_basic "Reports"; auth_basic_user_file {tmp}/htpasswd; try_files /none @ok; }}
    location = /orders {{ auth_request /auth; try_files /none @ok; }}
    location = /auth {{ internal; proxy_pass http://127.0.0.1:{behind}/me; proxy_pass_request_body off; proxy_set_header Content-Length ""; }}
    location /legacy/ {{ proxy_set_header Authorization ""; proxy_pass http://127.0.0.1:{behind}/; }}
    location /pool/ {{ proxy_pass http://pool/; add_header X-Served-By $upstream_addr always; }}
    location = /search {{ limit_req zone=search; limit_req_status 429; try_files /none @ok; }}
    location /internal/ {{ deny all; }}
    location @ok {{ default_type application/json; return 200 '{{"ok":true}}'; }}
  }}
}}
"""


def command(world, name: str) -> list[str]:
    (world.tmp / "htpasswd").write_text("ann:{PLAIN}correct horse\n")
    text = CONF.format(tmp=world.tmp, port=world.ports[name], behind=world.ports["express-jwt-behind"],
                       stale=world.ports["express-jwt-stale"])
    (world.tmp / "nginx.conf").write_text(text)
    return ["nginx", "-p", str(world.tmp), "-c", str(world.tmp / "nginx.conf")]
