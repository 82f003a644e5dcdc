#!/bin/sh
# Starts the background process in an image that has a shell. The platform runs the scripts in
# src_deps/init when the container starts, and waits for them, so the process is started in the
# background. Its log is in /store/log if that exists, else the container's own.
#
# The console's certificate is signed by a private CA: trust the app's own copy of it if there is
# one, else the platform's bundle.
set -eu
if [ -z "${SSL_CERT_FILE:-}" ]; then
    if [ -e /store/consolecert.pem ]; then
        SSL_CERT_FILE=/store/consolecert.pem
    else
        SSL_CERT_FILE=/etc/pki/tls/certs/ca-bundle.crt
    fi
    export SSL_CERT_FILE
fi
if [ -d /store/log ]; then
    exec >>/store/log/background_process.log 2>&1
fi
"${BACKGROUND_PROCESS:-/background_process}" &
