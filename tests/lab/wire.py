"""A plain HTTP/1.1 client that sends exactly the bytes it is told, straight or through a proxy."""

import socket
from http.client import HTTPResponse


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


def exchange(url, method="GET", headers=(), body=b"", proxy=None, timeout=15, version="1.1") -> Answer:
    host, _, path = url.partition("://")[2].partition("/")
    _, _, port = host.partition(":")
    target = url if proxy else "/" + path
    lines = [f"{method} {target} HTTP/{version}".encode(), f"Host: {host}".encode()]
    for field, value in headers:
        value = value if isinstance(value, bytes) else value.encode()
        lines.append(field.encode() + b": " + value)
    if body:
        lines.append(f"Content-Length: {len(body)}".encode())
    lines += [b"Accept: application/json", b"Connection: close", b"", b""]
    with socket.create_connection(("127.0.0.1", proxy or int(port)), timeout) as link:
        link.sendall(b"\r\n".join(lines) + body)
        response = HTTPResponse(link, method=method)
        response.begin()
        return Answer(response.status, response.getheaders(), response.read())
