#!/usr/bin/env bash
# serve-worker.sh PORT FOLDER ADDRESS [CERT KEY]: the SM on the worker runtime,
# on this machine alone, with the test PKI that everybody knows. FOLDER keeps
# its records and its secrets: seal.key, and token, the credential of ES2+
# (that of ES2_TOKEN, where it is set). With CERT and KEY (PEM) it serves HTTPS.
# Expects worker/build (scripts/build-worker.sh). Ends when the runtime does. PAGE
# is the folder of a page other than web/dist.
#
# For development, never for production: whoever reaches the port can write the
# headers by which the platform tells a caller's address and certificate.
source "$(dirname "$0")/install.sh"
[ $# = 3 ] || [ $# = 5 ] || die "usage: serve-worker.sh PORT FOLDER ADDRESS [CERT KEY]"
need_node
need_node_modules worker
port=$1 folder=$2 address=$3
tls=()
if [ $# = 5 ]; then tls=(--local-protocol https --https-cert-path "$4" --https-key-path "$5"); fi
mkdir -p "$folder" "$ROOT/web/dist"
page=${PAGE:-$ROOT/web/dist}
folder=$(cd "$folder" && pwd)
# Secrets lie in files for the owner alone, and in no command line.
umask 077
draw() { head -c "$1" /dev/urandom | od -An -tx1 | tr -d ' \n'; }
[ -s "$folder/seal.key" ] || draw 32 >"$folder/seal.key"
[ -s "$folder/token" ] || draw 16 >"$folder/token"
settings=$folder/settings.env
rm -f "$settings"
cat >"$settings" <<SETTINGS
SMDP_ADDRESS=$address
PKI=${PKI:-test}
SEAL_KEY=$(cat "$folder/seal.key")
ES2_TOKEN=${ES2_TOKEN:-$(cat "$folder/token")}
SETTINGS
cd "$ROOT/worker"
export CI=1 WRANGLER_SEND_METRICS=false ESIM_LAB_WORKER_BUILT=1
unset ES2_TOKEN
node_modules/.bin/wrangler dev --local --ip 127.0.0.1 --port "$port" --inspector-port 0 \
    --persist-to "$folder" --env-file "$settings" --assets "$page" "${tls[@]}" &
wrangler=$!

stop() {
    kill -TERM "$wrangler" 2>/dev/null || true
    for _ in $(seq 100); do
        kill -0 "$wrangler" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL "$wrangler" 2>/dev/null || true
}
trap 'stop; exit 0' INT TERM

# wrangler goes on without its runtime, and nobody would hear of it. A restart of the runtime takes a moment.
is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
was_open='' misses=0
while kill -0 "$wrangler" 2>/dev/null; do
    sleep 1 &
    wait $! || true
    if is_open; then
        was_open=1 misses=0
    elif [ -n "$was_open" ] && [ $((misses += 1)) -ge 5 ]; then
        stop
        die "the runtime has died: nothing listens on port $port any more"
    fi
done
wait "$wrangler" || die "wrangler has ended"
