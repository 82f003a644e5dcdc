#!/bin/sh
# Starts the background process in an image that has a shell: the platform runs what is in
# src_deps/init when the container starts, and waits for it, so the process goes to the background.
# Its log goes to /store/log where that exists, else to the container's own.
#
# The console's certificate is signed by a private CA: the app's own copy of it where there is one,
# else the platform's bundle.
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
