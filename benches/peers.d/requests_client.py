"""minbearer jsa by requests."""

import os
import subprocess

import requests

url = os.environ.get("QOAUTH_URL")
if not url:
    locator = [os.environ["SERVICE_PORT_LOCATOR"], "qoauth.service.consul"]
    port = subprocess.run(locator, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    url = f"http://127.0.0.1:{port}"
answer = requests.get(
    f"{url}/token",
    params={
        "grant_type": "client_credentials",
        "client_id": os.environ["CLIENT_ID"],
        "client_secret": os.environ["CLIENT_SECRET"],
    },
    timeout=10,
    allow_redirects=False,
)
answer.raise_for_status()
print(answer.json()["access_token"])
