#!/bin/sh
# Asks the console for its Ariel databases every POLL_SECONDS and logs the answers. POLL_COUNT ends it after so many.
set -eu
: "${CONSOLE_URL:=https://${QRADAR_CONSOLE_FQDN:-${QRADAR_CONSOLE_IP:-console}}}" "${POLL_SECONDS:=30}" "${POLL_COUNT:=0}"
count=0
while :; do
    # --fail: no answer but 2xx counts. curl reads the header from the file, not from its arguments, which others see; if
    # the file is not there, it calls all the same, without credentials.
    if ! [ -s "$TOKEN" ]; then
        echo "Error: there is no token in $TOKEN"
    elif answer=$(curl --silent --show-error --fail --max-time 10 --cacert "$SSL_CERT_FILE" --header "@$TOKEN" \
        "$CONSOLE_URL/api/ariel/databases" 2>&1); then
        echo "response=$answer"
    else
        echo "Error: $answer"
        case $answer in
            *'error: 401'*)
                # Revoked, or the app is new: "Deploy Changes" must have been pressed once on the console's Admin tab.
                kill -HUP "$MINBEARER_PID"
                sleep 2
                ;;
        esac
    fi
    count=$((count + 1))
    [ "$count" != "$POLL_COUNT" ] || exit 0
    sleep "$POLL_SECONDS"
done
