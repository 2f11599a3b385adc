"""Alembic's entry for trackers's database."""

from services.integrations.trackers.adapters.tables import metadata
from services.runtime.sql.migrations import run_env

run_env(metadata)
