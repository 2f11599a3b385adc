#!/bin/sh
# Runs once, when the PostgreSQL container makes its data folder: the role that services connect as, which owns nothing
# and cannot get round row-level security, and one database per service (docs/architecture.md).
set -eu
psql --username "$POSTGRES_USER" --set ON_ERROR_STOP=1 --set password="$BALCON_SERVICE_ROLE_PASSWORD" <<'SQL'
CREATE ROLE balcon_service LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'password';
SQL
for service in accounts catalogue customers inventory mailchimp orders payments podiumkunst reporting ticketing trackers webhooks; do
    createdb --username "$POSTGRES_USER" "balcon_$service"
done
