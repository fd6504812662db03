#!/usr/bin/env bash
# serve-worker.sh PORT FOLDER ADDRESS TOKEN [CERT KEY]: the SM on the worker
# runtime, on this machine alone. FOLDER keeps its records; with CERT and KEY
# (PEM) it serves HTTPS. Expects worker/build (scripts/build-worker.sh).
source "$(dirname "$0")/install.sh"
[ $# -ge 4 ] || die "usage: serve-worker.sh PORT FOLDER ADDRESS TOKEN [CERT KEY]"
need_node
need_node_modules worker
port=$1 folder=$2 address=$3 token=$4
tls=()
if [ $# -ge 6 ]; then tls=(--local-protocol https --https-cert-path "$5" --https-key-path "$6"); fi
mkdir -p "$folder" "$ROOT/web/dist"
key_file=$folder/seal.key
[ -s "$key_file" ] || (umask 077 && head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$key_file")
key=$(cat "$key_file")
cd "$ROOT/worker"
export CI=1 WRANGLER_SEND_METRICS=false ESIM_LAB_WORKER_BUILT=1
exec node_modules/.bin/wrangler dev --local --ip 127.0.0.1 --port "$port" --inspector-port 0 \
    --persist-to "$folder" --var "SMDP_ADDRESS:$address" --var "ES2_TOKEN:$token" --var "SEAL_KEY:$key" "${tls[@]}"
