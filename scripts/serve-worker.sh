#!/usr/bin/env bash
# serve-worker.sh PORT FOLDER ADDRESS [CERT KEY]: the SM on the worker runtime, on this machine alone; for development,
# never for production (worker/serve.mjs says the rest). Expects worker/build (scripts/build-worker.sh).
source "$(dirname "$0")/install.sh"
[ $# = 3 ] || [ $# = 5 ] || die "usage: serve-worker.sh PORT FOLDER ADDRESS [CERT KEY]"
need_node
need_node_modules worker
mkdir -p "$ROOT/web/dist"
exec node "$ROOT/worker/serve.mjs" "$@"
