#!/bin/sh
# Writes the Python of protos/ into DIR (default protos/gen): messages, gRPC stubs and their types.
# protos/google is a copy for readers of protos/ alone: its Python is that of googleapis-common-protos.
set -eu
cd "$(dirname "$0")/.."
out="${1:-protos/gen}"
python="${PYTHON:-.venv/bin/python}"
PATH="$(cd "$(dirname "$python")" && pwd):$PATH"
export PATH
rm -rf "$out/balcon"
mkdir -p "$out"
files=$(find protos/balcon -name '*.proto' | LC_ALL=C sort)
# shellcheck disable=SC2086
"$python" -m grpc_tools.protoc -I protos --python_out="$out" --grpc_python_out="$out" \
    --mypy_out="quiet:$out" --mypy_grpc_out="quiet:$out" $files
find "$out/balcon" -type d -exec sh -c 'printf "\"\"\"Generated from protos/ by tools/generate_protos.sh.\"\"\"\n" > "$1/__init__.py"' _ {} \;
