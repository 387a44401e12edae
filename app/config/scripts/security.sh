#!/bin/bash
# Gives the two users of the index the passwords of a mounted patch: security.sh DIGEST
#
# DIGEST: SHA-256 of the patch in hex. INDEX_URL: where the index answers. CERTIFICATES: folder of
# the administrator's certificate. PATCH: the patch. PATIENCE: seconds to wait for the index.
#
# Exit status 1: worth another try. 2: the same again would fail the same way.
# A run that repeats another one changes nothing. Needs curl, sha256sum and sleep besides bash.
set -euo pipefail

digest=$1
certificates=${CERTIFICATES:-/certs}
patch=${PATCH:-/security/security-patch.json}
patience=${PATIENCE:-240}

give_up() {
    echo "security: $2" >&2
    exit "$1"
}

# call SECONDS METHOD PATH [argument of curl …]: sets code (000: no answer) and answer.
call() {
    local seconds=$1 method=$2 path=$3 output
    shift 3
    if output=$(curl --silent --show-error --connect-timeout 5 --max-time "$seconds" \
        --cacert "$certificates/ca.crt" --cert "$certificates/tls.crt" \
        --key "$certificates/tls.key" --request "$method" --write-out '\n%{http_code}' \
        "$@" "$INDEX_URL$path" 2>&1); then
        code=${output##*$'\n'}
        answer=${output%$'\n'*}
    else
        code=000
        answer=${output%%$'\n'*} # curl's first line; the others explain it at length
    fi
}

# until_done TEXT EXPECTED SECONDS METHOD PATH [argument of curl …]: repeats a call until the
# answer is a 200 that holds EXPECTED. The same complaint is said once.
until_done() {
    local what=$1 expected=$2 said='' now
    shift 2
    while :; do
        call "$@"
        if [[ $code == 200 && $answer == *"$expected"* ]]; then
            return
        fi
        now="$what: HTTP status $code"
        if [[ $code == 000 ]]; then
            now="$what: no answer: ${answer:0:200}"
        fi
        if [[ $code == 400 ]]; then
            give_up 2 "refused: $now"
        fi
        if ((SECONDS >= patience)); then
            give_up 1 "gave up: $now"
        fi
        if [[ $now != "$said" ]]; then
            echo "security: waiting: $now"
            said=$now
        fi
        sleep 3
    done
}

for file in "$certificates/ca.crt" "$certificates/tls.crt" "$certificates/tls.key" "$patch"; do
    if [[ ! -s $file ]]; then
        give_up 2 "missing or empty: $file"
    fi
done

# A kubelet may still mount the content of a minute ago.
found=$(sha256sum "$patch")
if [[ ${found%% *} != "$digest" ]]; then
    give_up 1 "the mounted patch is not the one of this Job yet"
fi

# The index takes any text for a hash, and then nobody can log in. So the whole patch is compared
# with the form in which it is written: two users, each with a bcrypt hash.
value='"value":\{"hash":"[$]2[aby][$][0-9]{2}[$][./A-Za-z0-9]{53}","reserved":true,[^{}]+\}'
user='\{"op":"add","path":"/[A-Za-z0-9._-]+",'$value'\}'
form="^\\[$user,$user\\]\$"
content=$(<"$patch")
if [[ ! $content =~ $form ]]; then
    give_up 2 "the patch is not one of two users with bcrypt hashes"
fi

api=/_plugins/_security
until_done "security plugin" '"status":"UP"' 40 GET "$api/health"
# Asked before its primary is there, the plugin answers 500 for reasons of its own.
until_done "security index" '' 40 GET \
    "/_cluster/health/.opendistro_security?wait_for_status=yellow&timeout=5s&cluster_manager_timeout=5s"
# Both at once: neither is ever changed without the other. Without a quorum it takes a minute.
until_done "setting the passwords" '"status":"OK"' 75 PATCH "$api/api/internalusers" \
    --header 'Content-Type: application/json' --data-binary "@$patch"
# A node that was away meanwhile may remember who logged in with the old ones.
until_done "forgetting the old passwords" '' 40 DELETE "$api/api/cache"
echo "security: the index has the passwords of patch $digest"
