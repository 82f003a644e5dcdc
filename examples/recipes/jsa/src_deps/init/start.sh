#!/bin/sh
# Starts minbearer, and then the app's script with a token in the file $TOKEN. If either ends, so does the container, and
# the platform starts it again.
#
# The platform sets CLIENT_ID and CLIENT_SECRET from the manifest's `authentication` block, and QRADAR_CONSOLE_FQDN.
set -eu
# The image makes the folder /run/token for the user that this runs as.
: "${TOKEN:=/run/token/header}" "${APP:=/opt/app-root}"
: "${SERVICE_PORT_LOCATOR:=/usr/bin/service_port_locator}"
# The console's certificate is signed by a private CA: the app's own copy of it, else the platform's bundle.
if [ -z "${SSL_CERT_FILE:-}" ]; then
    SSL_CERT_FILE=/etc/pki/tls/certs/ca-bundle.crt
    [ ! -e /store/consolecert.pem ] || SSL_CERT_FILE=/store/consolecert.pem
fi
export TOKEN SERVICE_PORT_LOCATOR SSL_CERT_FILE

# qoauth's tokens say no lifetime: renewed every ten minutes, and at SIGHUP, when the console has rejected one.
minbearer jsa --header --output "$TOKEN" --renew --every 600 &
MINBEARER_PID=$!
export MINBEARER_PID
trap 'kill "$MINBEARER_PID" 2>/dev/null || true' EXIT
trap 'exit 0' TERM INT
until [ -s "$TOKEN" ]; do
    kill -0 "$MINBEARER_PID" 2>/dev/null || exit 1 # a wrong setting; minbearer has said which
    sleep 1
done
"$APP/app/poll.sh" &
app=$!
# A trap runs only between commands, or during a wait.
while kill -0 "$MINBEARER_PID" && kill -0 "$app"; do
    sleep 2 &
    wait $!
done 2>/dev/null
! kill "$app" 2>/dev/null || exit 1
wait "$app"
