#!/usr/bin/env bash
# The page, in web/dist. Nothing is done where it is there already, of these very sources.
source "$(dirname "$0")/install.sh"
need_node
need_node_modules web
cd "$ROOT"
sources=(web/src web/public web/index.html web/operator.html web/package-lock.json web/*.ts web/tsconfig.json)
if is_built page web/dist "${sources[@]}"; then exit; fi
build() { quietly npm --prefix "$ROOT/web" run build || die "the page does not build"; }
step "building the page" build
built page web/dist
