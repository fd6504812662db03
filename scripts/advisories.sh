#!/usr/bin/env bash
# Known faults of what is used: RustSec's list and npm's. They are on the open internet alone; where one cannot be
# reached, this says so and goes on. What a list does name fails.
. "$(dirname "$0")/install.sh"

cd "$ROOT"
need_cargo_deny
failed=0

if timeout 60 cargo deny fetch db >/dev/null 2>&1; then
    for manifest in Cargo.toml fuzz/Cargo.toml; do
        cargo deny --manifest-path "$manifest" check advisories || failed=1
    done
else
    echo "skipped: RustSec's list of advisories cannot be reached"
fi

for folder in web worker; do
    # Without a list npm answers with an error in place of a report.
    report=$(timeout 60 npm --prefix "$folder" audit --json 2>/dev/null) || true
    if grep -q '"auditReportVersion"' <<<"$report"; then
        npm --prefix "$folder" audit || failed=1
    else
        echo "skipped: npm's list of advisories cannot be reached ($folder/)"
    fi
done
exit "$failed"
