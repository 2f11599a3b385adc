#!/bin/sh
# Runs once, when the PostgreSQL container makes its data folder: one database per service (docs/architecture.md).
set -eu
for service in accounts catalogue inventory orders payments reporting; do
    createdb --username "$POSTGRES_USER" "balcon_$service"
done
