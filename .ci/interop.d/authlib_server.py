"""Authlib's Flask server on a loopback port that the system chooses, with the clients that .ci/interop
names. Prints `port N` once it listens."""

import os
import secrets
import time

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from flask import Flask, abort, request
from werkzeug.serving import make_server


class Client(ClientMixin):
    def __init__(self, method, scope, client_id, client_secret):
        self.method, self.scope = method, scope
        self.client_id, self.client_secret = client_id, client_secret

    def get_client_id(self):
        return self.client_id

    def check_client_secret(self, client_secret):
        return secrets.compare_digest(self.client_secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method, endpoint):
        return method == self.method

    def check_grant_type(self, grant_type):
        return grant_type == ClientCredentialsGrant.GRANT_TYPE

    def get_allowed_scope(self, scope):
        """What was asked for, less what this client may not have: a server may grant less than that."""
        return " ".join(name for name in (scope or "").split() if name in self.scope.split())


class Token(TokenMixin):
    def __init__(self, client, answer):
        self.client, self.answer, self.issued_at = client, answer, int(time.time())

    def is_expired(self):
        return time.time() >= self.issued_at + self.answer["expires_in"]

    def is_revoked(self):
        return False


class Grant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]


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
            "iat": token.issued_at,
            "exp": token.issued_at + token.answer["expires_in"],
        }


CLIENTS = {
    client.client_id: client
    for client in (Client(*line.split("\t")) for line in os.environ["CLIENTS"].splitlines())
}
TOKENS = {}

app = Flask(__name__)
app.config.update(
    OAUTH2_SCOPES_SUPPORTED=os.environ["SCOPES"].split(),
    OAUTH2_TOKEN_EXPIRES_IN={Grant.GRANT_TYPE: int(os.environ["LIFETIME"])},
    OAUTH2_ERROR_URIS=[("invalid_client", os.environ["ERROR_URI"])],
)
authorization = AuthorizationServer(
    app,
    CLIENTS.get,
    lambda answer, request: TOKENS.update({answer["access_token"]: Token(request.client, answer)}),
)
authorization.register_grant(Grant)
authorization.register_endpoint(Introspection)


@app.post("/token")
def token():
    return authorization.create_token_response()


@app.post("/tenants/token")
def token_of_a_tenant():
    """The token endpoint behind a query of its own, which must arrive as it was configured."""
    if request.args.to_dict(flat=False) != {"tenant": ["a b&c"]}:
        abort(404)
    return authorization.create_token_response()


@app.post("/token/introspection")
def introspection():
    return authorization.create_endpoint_response(Introspection.ENDPOINT_NAME)


server = make_server("127.0.0.1", 0, app, threaded=True)
print(f"port {server.port}", flush=True)
server.serve_forever()
