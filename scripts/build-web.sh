#!/usr/bin/env bash
# The page, in web/dist.
source "$(dirname "$0")/install.sh"
need_node
need_node_modules web
say "building the page"
quietly npm --prefix "$ROOT/web" run build || die "the page does not build"
