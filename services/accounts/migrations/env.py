"""Alembic's entry for accounts' database."""

from services.accounts.adapters.tables import metadata
from services.runtime.sql.migrations import run_env

run_env(metadata)
