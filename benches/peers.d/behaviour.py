"""What clients do with answers that should not be believed: a row for each client, as Markdown.

behaviour.py [NAME PROGRAM ARGUMENT]...

Each is run as benches/peers runs it, with QOAUTH_URL; a server on loopback gives it one answer and hangs up.
"""

import os
import socket
import subprocess
import sys
import threading

SECRET = "correct-horse-battery-staple"
TOKEN = "2YotnFZFEjr1zCsicMWpAA2YotnFZFEjr1zCsicMWpAA"
WHOLE = f'{{"access_token": "{TOKEN}", "token_type": "Bearer"}}'
FORGED = f'{{"access_token": "{TOKEN}\\r\\nX-Admin: 1", "token_type": "Bearer"}}'
REFUSAL = f'{{"error": "invalid_client", "error_description": "no client has the secret {SECRET}"}}'


def answer(status, body, framing):
    return f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{framing}\r\n\r\n{body}".encode()


def with_length(status, body, more=0):
    return answer(status, body, f"Content-Length: {len(body) + more}")


def run(command, reply):
    """Status, standard output and standard error of a client that is given this answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _ = listener.accept()
            with connection:
                request = b""
                while b"\r\n\r\n" not in request or b"POST" in request and b"client_secret=" not in request:
                    received = connection.recv(65536)
                    if not received:
                        break
                    request += received
                connection.sendall(reply)

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        environment = dict(
            os.environ,
            QOAUTH_URL=f"http://127.0.0.1:{listener.getsockname()[1]}",
            CLIENT_ID="8a6c1f0e-demo-app",
            CLIENT_SECRET=SECRET,
        )
        done = subprocess.run(command, env=environment, capture_output=True, timeout=30)
        server.join(30)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def echoed_secret(status, output, error):
    if status == 0:
        return "taken for a token"
    shown = "shown" if SECRET in output + error else "not shown"
    return shown + ("" if "invalid_client" in output + error else ", nor is the reason" if shown != "shown" else "")


def forged_header(status, output, error):
    if status == 0 and f"{TOKEN}\r\nX-Admin: 1" in output:
        return "in the output"
    return "printed, still escaped" if status == 0 else "refused"


def cut(status, output, error):
    return "taken" if status == 0 and TOKEN in output else "refused"


CASES = [
    ("secret that the server sends back", with_length("401 Unauthorized", REFUSAL), echoed_secret),
    ("CR LF in the token", with_length("200 OK", FORGED), forged_header),
    ("shorter than its length", with_length("200 OK", WHOLE, 5), cut),
    (
        "chunked, without its end",
        answer("200 OK", f"{len(WHOLE):x}\r\n{WHOLE}\r\n", "Transfer-Encoding: chunked"),
        cut,
    ),
]

print("| client | " + " | ".join(title for title, _, _ in CASES) + " |")
print("| --- |" + " --- |" * len(CASES))
clients = sys.argv[1:]
while clients:
    name, program, argument, *clients = clients
    command = [program, argument] if argument else [program]
    good = run(command, with_length("200 OK", WHOLE))
    if good[0] != 0 or TOKEN not in good[1]:
        sys.exit(f"behaviour.py: {name} does not take a good answer: {good}")
    print(f"| {name} | " + " | ".join(judge(*run(command, reply)) for _, reply, judge in CASES) + " |")
