"""Alembic's entry for webhooks's database."""

from services.integrations.webhooks.adapters.tables import metadata
from services.runtime.sql.migrations import run_env

run_env(metadata)
