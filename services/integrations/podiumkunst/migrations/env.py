"""Alembic's entry for podiumkunst's database."""

from services.integrations.podiumkunst.adapters.tables import metadata
from services.runtime.sql.migrations import run_env

run_env(metadata)
