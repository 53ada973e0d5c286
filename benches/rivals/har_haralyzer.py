"""Refused requests of a HAR by what the server said, every token decoded once with PyJWT: FILE."""

import collections
import json
import sys

import jwt
from haralyzer import HarParser

with open(sys.argv[1], encoding="utf-8") as file:
    parser = HarParser(json.load(file))
tokens, refused = {}, collections.Counter()
for page in parser.pages:
    for entry in page.entries:
        sent = next((h["value"] for h in entry.request.headers if h["name"].lower() == "authorization"), None)
        if sent and sent not in tokens:
            try:
                tokens[sent] = jwt.decode(sent.split()[-1], options={"verify_signature": False})
            except jwt.PyJWTError:
                tokens[sent] = None
        if entry.response.status in (401, 403):
            body = json.loads(entry.response.text or "{}")
            refused[body.get("error") or body.get("message")] += 1
print(json.dumps({"refused": sum(refused.values()), "tokens": len(tokens)}))
