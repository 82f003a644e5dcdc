"""Introspects the token on standard input (RFC 7662), as the client that the environment names, and prints `active`,
`client_id`, `scope` and `lifetime` of the answer, a line each."""

import base64
import json
import os
import sys
import urllib.parse
import urllib.request

pair = ":".join(urllib.parse.quote(os.environ[name], safe="") for name in ("CLIENT_ID", "CLIENT_SECRET"))
request = urllib.request.Request(
    sys.argv[1],
    urllib.parse.urlencode({"token": sys.stdin.buffer.read().decode()}).encode(),
    {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode(), "Accept": "application/json"},
)
# The servers are on loopback: use no proxy.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
with opener.open(request, timeout=10) as response:
    answer = json.load(response)

sys.stdout.reconfigure(encoding="utf-8")
print("active", json.dumps(answer["active"]))
if answer["active"]:
    print("client_id", answer["client_id"])
    print("scope", answer.get("scope", ""))
    print("lifetime", answer["exp"] - answer["iat"])
