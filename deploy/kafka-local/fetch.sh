#!/usr/bin/env bash
# Fetches the broker's jars into libs/ once; afterwards only checks them against libs.sha256.
#   fetch.sh          fetch what is missing or altered
#   fetch.sh --lock   fetch anew and write libs.sha256, after a change of pom.xml
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

sum() { if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }
# Names too, not only contents: every jar in the folder is on the broker's class path.
is_whole() {
    [ -d "$1" ] && diff -q <(cd "$1" && ls) <(awk '{print $2}' "$here/libs.sha256") >/dev/null \
        && (cd "$1" && sum -c "$here/libs.sha256" >/dev/null 2>&1)
}

if [ "${1:-}" != --lock ] && is_whole "$here/libs"; then exit 0; fi
if ! command -v mvn >/dev/null; then
    echo "fetch.sh: Maven (mvn) is not installed. Install it, or use another Kafka: BALCON_TEST_KAFKA=host:port" >&2
    exit 1
fi
fresh=$(mktemp -d "$here/libs.new.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
echo "fetch.sh: fetching the broker's jars (about 45 MB)" >&2
mvn -q -B -C -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$fresh" >&2
if [ "${1:-}" = --lock ]; then
    (cd "$fresh" && sum *) >"$here/libs.sha256"
elif ! is_whole "$fresh"; then
    echo "fetch.sh: the jars are not those of libs.sha256. If pom.xml was changed on purpose: fetch.sh --lock" >&2
    exit 1
fi
chmod 755 "$fresh"
rm -rf "$here/libs"
mv "$fresh" "$here/libs"
