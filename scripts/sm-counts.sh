#!/usr/bin/env bash
# Counts the instructions of a download in the server, by part, with Valgrind: the table of docs/SM.md. The server is
# that of the bench `load`, with TLS and SQLite, built as it is released; what its LPAs and cards cost is not counted.
#
#   scripts/sm-counts.sh            LPAs keep their connections
#   scripts/sm-counts.sh foreign    another part of that bench
#   TOP=40 scripts/sm-counts.sh     and the functions that cost most
#
# Valgrind's processor has no instructions for SHA-256, nor those of AVX-512 and ADX: what is hashed costs some ten
# times, what is multiplied on the curve twice what it costs. What the kernel does is not counted.
source "$(dirname "$0")/install.sh"
need_rust
need_valgrind
cd "$ROOT"
part=${1:-kept} few=20 many=100
program=$(cargo bench -p esim-sm-native --bench load --no-run 2>&1 | sed -n 's/^ *Executable .*(\(.*\))$/\1/p')
[ -x "$program" ] || die "the bench load does not build"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Instructions of each function of the server in the course of so many downloads and all that stands before them.
count() {
    ESIM_LAB_DOWNLOADS=$1 ESIM_LAB_ORDERS=$((many + 10)) ESIM_LAB_WARM=10 \
        ESIM_LAB_UNDER="valgrind --tool=callgrind --callgrind-out-file=$work/$1.out" \
        quietly "$ROOT/$program" "$part"
    callgrind_annotate --threshold=100 --show-percs=no "$work/$1.out" 2>/dev/null |
        sed -nE 's/^ *([0-9,]+)  ?[^:]*:(.*) \[.*\]$/\1 \2/p' | sed -E ':a; s/^([0-9]+),/\1/; ta' >"$work/$1.functions"
}
count "$few"
count "$many"

# The first part whose pattern a function's name has is its part.
cat >"$work/parts" <<'PARTS'
P-256	nistz256|_p256|montjscalarmul|bignum_|beeu_mod|bn_mul|BN_|EC_|ec_scalar|ec_point|ec_key|ECDSA|ECDH|ecdsa|evp_pkey|EVP_PKEY|pkey_ec|crypto_bigint|primeorder|primefield|elliptic_curve|rfc6979|p256::
SHA-256	sha2::|sha256|hmac|digest::
AES	aes::|ccm::|cbc::|ctr::|cmac::|cipher::|inout::|CbcMac|esim_crypto::seal|esim_crypto::bsp
TLS	rustls|aws_lc|OPENSSL|ossl|aesni|aes_gcm|gcm|ghash|chacha|poly1305|rol64|jent|KeccakF1600|drbg|_vaes|EVP_
SQLite	sqlite|rusqlite|^pcache|^pager|^wal[A-Z]|^btree|^balance|^vdbe|^unix[A-Z]|^page[A-Z]|^memjrnl|^subjournal|^moveToChild|^moveToRoot|^cellSize|^zeroPage|^decodeFlags|^freeSpace|^allocate|^insertCell|^dropCell|^defragment|^fillInCell|^getAndInit|^rebuildPage|^clearCell|^accessPayload|^saveCursor|^editPage|^releasePage|^applyAff|^binColl|^columnM|^closeUn|^freeP4|^getCell|^isFatalError|^robust|^computeCell|^invokeProfile
JSON and base64	serde|json|base64|itoa|FromIterator<char>
ASN.1	rasn|der::|x509_cert|const_oid|esim_rsp::(codec|tlv|signed)|asn1
HTTP	hyper|http|h2::|httparse|bytes::
tokio	tokio|mio::|futures|parking_lot|std::sys::sync|std::sync|pthread|epoll|waker
log and numbers	tracing|prometheus|chrono|time::format|sharded_slab
allocation	mi_|malloc|_int_free|free$|realloc|calloc|RawVec|raw_vec|unlink_chunk|sysmalloc
memory	^__?mem(cpy|move|set|cmp)|^memcpy|^memset|^memcmp
text	core::fmt|alloc::fmt|core::str|alloc::string|hex::
decisions	esim_
rest	.
PARTS
awk -F '\t' -v n=$((many - few)) -v top="${TOP:-0}" -v few="$work/$few.functions" -v many="$work/$many.functions" '
    { name[NR] = $1; pattern[NR] = $2; parts = NR }
    function read(file, sign,    line, at, function_name) {
        while ((getline line <file) > 0) {
            at = index(line, " "); function_name = substr(line, at + 1)
            cost[function_name] += sign * substr(line, 1, at - 1)
        }
    }
    END {
        read(few, -1); read(many, 1)
        for (f in cost) {
            for (i = 1; i < parts && f !~ pattern[i]; i++);
            of[i] += cost[f]; all += cost[f]
            if (top) printf "%12.0f  %s (%s)\n", cost[f] / n, substr(f, 1, 100), name[i] | "sort -rn | head -n " top
        }
        if (top) close("sort -rn | head -n " top)
        printf "| part | thousand instructions | |\n|---|---:|---:|\n"
        for (i = 1; i <= parts; i++) printf "| %s | %d | %.0f %% |\n", name[i], of[i] / n / 1000 + 0.5, 100 * of[i] / all
        printf "| all | %d | |\n", all / n / 1000 + 0.5
    }' "$work/parts"
