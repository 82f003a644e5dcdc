"""Reads a text from standard input and fails if it contains CLIENT_SECRET. Only letters and digits are compared, because
form, URL and other encodings change the rest; the base64 of the secret, alone or as Basic credentials, is found too."""

import base64
import os
import re
import sys
from urllib.parse import quote, unquote

client_id, secret = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
text = sys.stdin.buffer.read().decode(errors="replace")


def letters(text):
    return re.sub(r"[\W_]", "", text)


def base64_of(text):
    return base64.b64encode(text.encode()).decode().rstrip("=")


if any(letters(secret) in letters(spelling) for spelling in (text, unquote(text))):
    sys.exit("the secret is shown; ")
for pair in (secret, f"{client_id}:{secret}", f"{quote(client_id, safe='')}:{quote(secret, safe='')}"):
    if base64_of(pair) in text:
        sys.exit("the secret is shown in base64; ")
