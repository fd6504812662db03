#!/bin/sh
# Your LPA against the SM and the card of esim-lab, as a CI job runs it:
#
#   lpa-in-ci.sh COMMAND [ARGUMENT…]
#
# A fresh card lies in a PC/SC reader, and an order waits for it. COMMAND finds ACTIVATION_CODE (LPA:1$…), SMDP_ADDRESS and
# MATCHING_ID in its environment and has installed the profile when it ends: the card itself is asked, and so is the SM.
# With lpac: lpa-in-ci.sh sh -c 'LPAC_APDU=pcsc LPAC_HTTP=curl lpac profile download -a "$ACTIVATION_CODE"'
#
# Needs esim-lab on the path; of Debian's packages vsmartcard-vpcd and opensc; and pcscd, which runs (sudo pcscd).
set -eu
work=$(mktemp -d)
sm= card=
trap 'kill $sm $card 2>/dev/null || true; rm -rf "$work"' EXIT

# The SM, with the test PKI that the card trusts. Its first line ends with its address.
esim-lab sm serve --listen 127.0.0.1:0 --data "$work/sm" >"$work/sm.out" &
sm=$!
for _ in $(seq 100); do
    [ -s "$work/sm.out" ] && break
    sleep 0.1
done
SMDP_ADDRESS=$(sed -n '1s/.* //p' "$work/sm.out")

# The operator orders a profile.
order=$(esim-lab sm order --json --sm "$SMDP_ADDRESS" --data "$work/sm")
field() { printf '%s\n' "$order" | sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }
ICCID=$(field iccid)
ACTIVATION_CODE=$(field activationCode)
MATCHING_ID=$(field matchingId)
export SMDP_ADDRESS ACTIVATION_CODE MATCHING_ID

# The card, until the reader shows it.
esim-lab euicc init --state "$work/card" >/dev/null
esim-lab euicc serve --state "$work/card" --vpcd "${VPCD:-127.0.0.1:35963}" 2>/dev/null &
card=$!
for _ in $(seq 120); do
    opensc-tool --atr >/dev/null 2>&1 && break
    sleep 0.5
done

"$@"

# What counts is the card's state afterwards, not the LPA's word.
kill "$card"
wait "$card" 2>/dev/null || true
card=
esim-lab lpa --state "$work/card" --json list | grep -q "\"$ICCID\"" || {
    echo "the card has no profile $ICCID" >&2
    exit 1
}
# The SM has been told, or the card still keeps the notification for it.
told=$(esim-lab sm orders --json --sm "$SMDP_ADDRESS" --data "$work/sm" | grep -c '"Installed"' || true)
waiting=$(esim-lab lpa --state "$work/card" --json notifications --list | grep -c '"sequenceNumber"' || true)
[ "$told" -gt 0 ] || [ "$waiting" -gt 0 ] || {
    echo "the SM does not know that $ICCID is installed, and the card has no notification of it" >&2
    exit 1
}
echo "installed: $ICCID; told to the SM: $told, waiting on the card: $waiting"
