"""jose.py MINBEARER ALGORITHM KEY CERTIFICATE: runs minbearer against a server in this process, and has PyJWT verify the
assertion that comes. Header and claims are compared with what they must be, to the byte."""

import base64
import hashlib
import json
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

minbearer, algorithm, key_file, certificate_file = sys.argv[1:]
forms = []


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        forms.append(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode(), strict_parsing=True))
        body = b'{"access_token":"a-token","token_type":"Bearer"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/token?tenant=a%20b"
client = "idé \"&\\ Zq7"
text = "a \"b\" \\ / é 😀 \x01\x1f\x7f"
claims = ["--sign-claim", f"scope={text}", "--sign-claim", "é=a=b", "--sign-claim", "number:=-1.50e3"]
options = ["--sign-key", key_file, "--sign-cert", certificate_file, "--sign-alg", algorithm, "--sign-kid", 'the "key"']
run = subprocess.run(
    [minbearer, "client-credentials", url, *options, *claims], env={"CLIENT_ID": client}, capture_output=True, text=True
)
assert (run.returncode, run.stdout, run.stderr) == (0, "a-token\n", ""), run
[form] = forms
assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
[assertion] = form.pop("client_assertion")
expected = {"grant_type": ["client_credentials"], "client_id": [client], "client_assertion_type": [assertion_type]}
assert form == expected, form

# The signature.
public_key = load_pem_private_key(Path(key_file).read_bytes(), None).public_key()
said = jwt.decode(assertion, public_key, algorithms=[algorithm], audience=url, issuer=client, subject=client)
for other in {"RS256", "PS256", "ES256", "EdDSA"} - {algorithm}:
    try:
        jwt.decode(assertion, public_key, algorithms=[other], audience=url)
    except jwt.PyJWTError:
        continue
    sys.exit(f"it is valid as {other} too")

# The bytes.
def part(value):
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False).replace('"number":0', '"number":-1.50e3')
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


certificate = load_pem_x509_certificate(Path(certificate_file).read_bytes())
thumbprint = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
header = {
    "alg": algorithm,
    "typ": "JWT",
    "kid": 'the "key"',
    "x5t#S256": base64.urlsafe_b64encode(thumbprint).rstrip(b"=").decode(),
}
wanted = {
    "iss": client,
    "sub": client,
    "aud": url,
    "scope": text,
    "é": "a=b",
    "number": 0,
    "jti": said["jti"],
    "iat": said["iat"],
    "exp": said["iat"] + 60,
}
assert abs(said["iat"] - time.time()) < 60, said
assert len(base64.urlsafe_b64decode(said["jti"] + "==")) == 16, said
found_header, found_claims, signature = assertion.split(".")
assert found_header == part(header), base64.urlsafe_b64decode(found_header + "==")
assert found_claims == part(wanted), base64.urlsafe_b64decode(found_claims + "==")
assert "=" not in signature, signature
