"""A token server on loopback, and a console that rejects the first token it is sent.
Prints `port N` once it listens.

    server.py [CERT KEY [CLIENT_CA]]

With CERT and KEY it serves TLS; with CLIENT_CA it also requires client certificates of that CA."""

import http.server
import itertools
import ssl
import sys

numbers = itertools.count(1)
rejected = set()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        form = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        if path == "/api/ariel/databases":
            authorization = self.headers["Authorization"]
            if not rejected or authorization in rejected:
                rejected.add(authorization)
                return self.answer(401, b"{}")
            return self.answer(200, b'["events"]')
        if path == "/certificate" and form != b"grant_type=client_credentials&client_id=id":
            return self.answer(400, b'{"error": "invalid_request"}')
        self.answer(200, b'{"access_token": "token-%d"}' % next(numbers))

    do_POST = do_GET

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def shutdown_request(self, request):
        if isinstance(request, ssl.SSLSocket):
            try:
                request.unwrap()  # sends close_notify
            except OSError:
                pass
        super().shutdown_request(request)


server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) > 1:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    if len(sys.argv) > 3:
        context.load_verify_locations(sys.argv[3])
        context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
print("port", server.server_port, flush=True)
server.serve_forever()
