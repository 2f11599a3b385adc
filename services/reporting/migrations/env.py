"""Alembic's entry for reporting's database."""

from services.reporting.adapters.tables import metadata
from services.runtime.sql.migrations import run_env

run_env(metadata)
