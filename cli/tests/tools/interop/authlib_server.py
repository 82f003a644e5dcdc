"""Authlib's Flask server on a loopback port that the system chooses, with the clients that mod.rs
names. Prints `port N` once it listens."""

import json
import os
import secrets
import time
from pathlib import Path

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, InvalidClientError, TokenMixin
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion, JWTBearerGrant
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from flask import Flask, abort, request
from joserfc.jwk import JWKRegistry
from joserfc.jws import JWSRegistry
from werkzeug.serving import make_server

# Authlib names no algorithms, and joserfc then takes these.
JWSRegistry.recommended[:] = ["RS256", "RS384", "PS256", "ES256", "ES384", "EdDSA"]
ROTATING = os.environ["ROTATING"]


class Client(ClientMixin):
    def __init__(self, method, scope, client_id, client_secret):
        self.method, self.scope = method, scope
        self.client_id, self.client_secret = client_id, client_secret

    def get_client_id(self):
        return self.client_id

    def check_client_secret(self, client_secret):
        wanted = self.client_secret
        if self.client_id == ROTATING:
            wanted = Path(os.environ["ROTATING_SECRET_FILE"]).read_text()
        return secrets.compare_digest(wanted.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method, endpoint):
        return method == {"private_key_jwt": Assertion.CLIENT_AUTH_METHOD}.get(self.method, self.method)

    def check_grant_type(self, grant_type):
        return grant_type in (ClientCredentialsGrant.GRANT_TYPE, JWTBearerGrant.GRANT_TYPE)

    def get_allowed_scope(self, scope):
        """The requested scope without what this client may not have: a server may grant less than was requested."""
        return " ".join(name for name in (scope or "").split() if name in self.scope.split())


class Token(TokenMixin):
    def __init__(self, client, answer):
        self.client, self.answer, self.issued_at = client, answer, time.time()

    def is_expired(self):
        return time.time() >= self.issued_at + self.answer["expires_in"]

    def is_revoked(self):
        return False


class Assertion(JWTBearerClientAssertion):
    """RFC 7523 section 2.2. The client's "secret" is its public key."""

    used = set()

    def get_audiences(self):
        return [f"http://127.0.0.1:{server.port}/token"]

    def validate_jti(self, claims, jti):
        is_new = jti not in self.used
        self.used.add(jti)
        return is_new

    def resolve_client_public_key(self, client):
        if client.method != "private_key_jwt":
            raise InvalidClientError(description="no key is registered")
        return JWKRegistry.import_key(json.loads(client.client_secret))


class AssertionGrant(JWTBearerGrant):
    """RFC 7523 section 2.1. The subject is the client, a user whom it may act for, or none."""

    def get_audiences(self):
        return [f"http://127.0.0.1:{server.port}/token"]

    def resolve_issuer_client(self, issuer):
        return CLIENTS.get(issuer)

    def resolve_client_public_key(self, client):
        return JWKRegistry.import_key(json.loads(client.client_secret))

    def authenticate_user(self, subject):
        return subject if subject in CLIENTS or subject == "a-user" else None

    def has_granted_permission(self, client, user):
        return True


class Grant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", Assertion.CLIENT_AUTH_METHOD]


def expires_in(client, grant_type):
    is_short = client.client_id.startswith(ROTATING)
    return int(os.environ["SHORT_LIFETIME" if is_short else "LIFETIME"])


class Introspection(IntrospectionEndpoint):
    def query_token(self, token_string, token_type_hint):
        return TOKENS.get(token_string)

    def check_permission(self, token, client, request):
        return True

    def introspect_token(self, token):
        return {
            "active": True,
            "client_id": token.client.client_id,
            "scope": token.answer.get("scope", ""),
            "iat": int(token.issued_at),
            "exp": int(token.issued_at) + token.answer["expires_in"],
        }


CLIENTS = {
    client.client_id: client
    for client in (Client(*line.split("\t")) for line in os.environ["CLIENTS"].splitlines())
}
TOKENS = {}

app = Flask(__name__)
app.config.update(
    OAUTH2_SCOPES_SUPPORTED=os.environ["SCOPES"].split(),
    OAUTH2_TOKEN_EXPIRES_IN=f"{__name__}.expires_in",
    OAUTH2_ERROR_URIS=[("invalid_client", os.environ["ERROR_URI"])],
)
authorization = AuthorizationServer(
    app,
    CLIENTS.get,
    lambda answer, request: TOKENS.update({answer["access_token"]: Token(request.client, answer)}),
)
authorization.register_client_auth_method(Assertion.CLIENT_AUTH_METHOD, Assertion())
authorization.register_grant(Grant)
authorization.register_grant(AssertionGrant)
authorization.register_endpoint(Introspection)


@app.post("/token")
def token():
    return authorization.create_token_response()


@app.post("/tenants/token")
def token_of_a_tenant():
    """A token endpoint whose URL has a query, which must arrive as it was configured."""
    if request.args.to_dict(flat=False) != {"tenant": ["a b&c"]}:
        abort(404)
    return authorization.create_token_response()


@app.post("/token/introspection")
def introspection():
    return authorization.create_endpoint_response(Introspection.ENDPOINT_NAME)


server = make_server("127.0.0.1", 0, app, threaded=True)
print(f"port {server.port}", flush=True)
server.serve_forever()
