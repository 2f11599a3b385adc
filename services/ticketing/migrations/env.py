"""Alembic's entry for ticketing's database."""

from services.runtime.sql.migrations import run_env
from services.ticketing.adapters.tables import metadata

run_env(metadata)
